"""The kinds to read before a plan can be made: the managed ones, and those that they turn out to need."""

from collections.abc import Iterator, Sequence
from typing import Any

from tr_apply.config.references import sid_references
from tr_apply.frozen import frozen
from tr_apply.plan.compare.ownership import is_managed
from tr_apply.plan.matching.decisions import Decisions
from tr_apply.resources import ACTIVITY, SECTIONS, TASK_CHANNEL, TASK_QUEUE, WORKER, WORKFLOW, Kind
from tr_apply.resources.document import Document

_ORDER = {kind.name: index for index, kind in enumerate(SECTIONS)}


@frozen
class WorkQuestions:
    """The unfinished work to look up.

    Attributes:
        holders: Kind and SID of each queue and workflow that is deleted.
        workers: SIDs of the workers who move or are deleted, each with the reservation statuses that matter.
        edited: SIDs of the workflows whose routing changes, in which tasks may wait.
    """

    holders: Sequence[tuple[str, str]] = ()
    workers: Sequence[tuple[str, Sequence[str]]] = ()
    edited: Sequence[str] = ()

    def __bool__(self) -> bool:
        """Whether anything must be asked."""
        return bool(self.holders or self.workers or self.edited)


@frozen
class Reads:
    """The next reads of the live workspace that a plan needs.

    Attributes:
        kinds: Names of kinds, read whole.
        channels: SIDs of the workers whose channels are read.
        work: The unfinished work to look up.
        affected: Names of kinds, read whole, used only for the impact of the plan.
    """

    kinds: Sequence[str] = ()
    channels: Sequence[str] = ()
    work: WorkQuestions = WorkQuestions()
    affected: Sequence[str] = ()

    def __bool__(self) -> bool:
        """Whether anything must be read."""
        return bool(self.kinds or self.channels or self.work or self.affected)


def first_kinds(document: Document, *, has_sids: bool) -> list[str]:
    """The kinds to read first: one request a page and kind."""
    kinds = {kind.name for kind in SECTIONS if is_managed(document, kind)}
    if WORKFLOW.name in kinds:
        kinds.add(TASK_QUEUE.name)  # a workflow's document names queues by SID
    if has_sids:
        kinds |= {sid.kind for sid, _ in sid_references(document)} & set(_ORDER)
    return sorted(kinds, key=_ORDER.__getitem__)


def missing_kinds(decisions: Decisions) -> list[str]:
    """The kinds to read after the decisions; empty if all are there."""
    snapshot = decisions.snapshot
    if all(map(snapshot.has, _ORDER)):
        return []
    return sorted({kind for kind in _needed(decisions) if not snapshot.has(kind)}, key=_ORDER.__getitem__)


def _needed(decisions: Decisions) -> Iterator[str]:
    replaced = {match.kind.name for match in decisions.replaced}
    gone = {live.kind for live in decisions.deleted} | replaced
    if ACTIVITY.name in gone:
        yield from (TASK_QUEUE.name, WORKER.name)  # who uses it, and who is in it
    if ACTIVITY.name in replaced or TASK_QUEUE.name in gone:
        yield WORKFLOW.name  # whose documents lead to it
    if any(live.answer.get("available") is True for live in decisions.deleted_of(WORKER)):
        yield ACTIVITY.name  # somewhere to move them to
    for kind, resource in _written(decisions):
        yield from (kind.references[key] for key in kind.references if getattr(resource, key) is not None)
        if kind.has_channels and resource.channels:
            yield TASK_CHANNEL.name


def _written(decisions: Decisions) -> Iterator[tuple[Kind, Any]]:
    """Resources whose references must be sent as SIDs."""
    for match in (*decisions.new, *decisions.replaced):
        yield match.kind, match.declared
    for each in (decisions.workspace, *decisions.kept):
        if each.changes and not each.kind.references.keys().isdisjoint(change.path for change in each.changes):
            yield each.kind, each.after


def workers_with_channels(decisions: Decisions) -> list[str]:
    """SIDs of the live workers whose channels must be read: those that declare some."""
    document = decisions.document
    if not is_managed(document, WORKER) or not any(worker.channels for worker in document.workers):
        return []
    matches = decisions.matched.matches(WORKER)
    return [each.live.sid for each in matches if each.live is not None and each.declared.channels]
