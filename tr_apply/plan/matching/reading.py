"""Which kinds must be read before a plan can be made: those that are managed, and what they turn out to need."""

from collections.abc import Iterator
from typing import Any

from tr_apply.config.references import sid_references
from tr_apply.live import Snapshot
from tr_apply.plan.matching.decisions import Decisions, draft_of
from tr_apply.plan.matching.matched import is_managed, world_of
from tr_apply.resources import ACTIVITY, SECTIONS, TASK_CHANNEL, TASK_QUEUE, WORKER, WORKFLOW
from tr_apply.resources.document import Document
from tr_apply.resources.kind import Kind

_ORDER = {kind.name: index for index, kind in enumerate(SECTIONS)}


def first_kinds(document: Document, *, has_sids: bool) -> list[str]:
    """What is read at once: one request a page and kind."""
    kinds = {kind.name for kind in SECTIONS if is_managed(document, kind)}
    if WORKFLOW.name in kinds:
        kinds.add(TASK_QUEUE.name)  # a workflow's document names queues by SID
    if has_sids:
        kinds |= {sid.kind for sid, _ in sid_references(document)} & set(_ORDER)
    return sorted(kinds, key=_ORDER.__getitem__)


def missing_kinds(document: Document, snapshot: Snapshot) -> list[str]:
    """What else must be read, now that *snapshot* shows what has to be done; empty when it is all there."""
    if snapshot.predicted or all(map(snapshot.has, _ORDER)):
        return []
    decisions = draft_of(document, snapshot, world_of(document, snapshot))
    return sorted({kind for kind in _needed(decisions) if not snapshot.has(kind)}, key=_ORDER.__getitem__)


def _needed(decisions: Decisions) -> Iterator[str]:
    replaced = {match.kind.name for match in decisions.replaced}
    gone = {live.kind for live in decisions.deleted} | replaced
    if ACTIVITY.name in gone:
        yield from (TASK_QUEUE.name, WORKER.name)  # who uses it, and who is in it
    if ACTIVITY.name in replaced or TASK_QUEUE.name in gone:
        yield WORKFLOW.name  # whose documents lead to it
    if any(live.kind == WORKER.name and live.answer.get("available") is True for live in decisions.deleted):
        yield ACTIVITY.name  # somewhere to move them to
    for kind, resource in _written(decisions):
        yield from (kind.references[key] for key in kind.references if getattr(resource, key) is not None)
        if kind is WORKER and resource.channels:
            yield TASK_CHANNEL.name


def _written(decisions: Decisions) -> Iterator[tuple[Kind, Any]]:
    """Resources whose references must be sent as SIDs."""
    for match in (*decisions.new, *decisions.replaced):
        yield match.kind, match.declared
    for each in (decisions.workspace, *decisions.kept):
        paths = {change.path for change in each.changes}
        if paths.intersection(each.kind.references):
            yield each.kind, each.after


def workers_with_channels(document: Document, snapshot: Snapshot) -> list[str]:
    """SIDs of the live workers whose channels must be read: those that declare some."""
    if snapshot.predicted or not is_managed(document, WORKER) or not any(w.channels for w in document.workers):
        return []
    matched = world_of(document, snapshot)
    return [m.live.sid for m in matched.matches(WORKER) if m.live is not None and m.declared.channels]
