"""Renames that nobody declared: something goes and something comes that looks like it."""

import difflib
import json
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from tr_apply.live import Live
from tr_apply.plan.change import Action, Blocked, Operation
from tr_apply.plan.compare.diff import changed_fields, set_fields
from tr_apply.plan.matching.decisions import Decisions
from tr_apply.plan.matching.match import Match
from tr_apply.resources import SECTIONS, TASK_QUEUE, WORKER, WORKFLOW, Kind, Workflow
from tr_apply.routing.names import name_key
from tr_apply.wire import model_of

SUSPECTED_RENAME = "suspected-rename"

_ALIKE = 0.75  # share of two names that is the same, where the definitions are
_TELLING = 3  # values that make a definition one person's rather than a team's, or more than a default filter
_PLAIN = re.compile(r"\w[\w .-]*\Z")


def suspected_renames(decisions: Decisions, operations: Iterable[Operation]) -> Iterator[Blocked]:
    """Deletes of resources that look like a new one: a rename would have kept the SID, and all that depends on it."""
    deletions = {(o.kind, o.name): o.id for o in operations if o.action is Action.DELETE}
    creations = {(o.kind, o.name) for o in operations if o.action is Action.CREATE}
    for kind in SECTIONS:
        gone = [live for live in decisions.deleted_of(kind) if (live.kind, live.name) in deletions]
        new = [match for match in decisions.new_of(kind) if (kind.name, match.name) in creations]
        for live, match in _pairs(decisions, kind, gone, new):
            yield Blocked(SUSPECTED_RENAME, _message(kind, live.name, match.name), deletions[kind.name, live.name])


def _message(kind: Kind, old: str, new: str) -> str:
    written = old if _PLAIN.match(old) else json.dumps(old, ensure_ascii=False)
    return (
        f"the {kind.title} {old!r} would be deleted and {new!r}, which looks like it, created; if that is a rename, "
        f"add `renamed_from: [{written}]` to {new!r}, which keeps the SID; if they are two, add `renamed_from: []` or "
        "approve this plan, which deletes the one and creates the other"
    )


def _pairs(
    decisions: Decisions, kind: Kind, gone: Iterable[Live], new: Iterable[Match]
) -> Iterator[tuple[Live, Match]]:
    """Each that goes with the first that looks like it, each once."""
    left = [match for match in new if match.declared.renamed_from or not _is_said_to_be_new(match)]
    heirs = heirs_of(decisions, kind) if left else {}
    for live in gone if left else ():
        before = model_of(live, decisions.matched.labels)
        heir = heirs.get(name_key(live.name))
        found = next((match for match in left if match.key == heir), None)
        found = found or next((match for match in left if _look_alike(decisions, kind, before, match.declared)), None)
        if found is not None:
            left.remove(found)
            yield live, found


def _is_said_to_be_new(match: Match) -> bool:
    """Whether the file says ``renamed_from: []``. A former name that nothing live has is a slip of the pen instead."""
    return "renamed_from" in match.declared.model_fields_set


def _look_alike(decisions: Decisions, kind: Kind, before: Any, after: Any) -> bool:
    old, new = kind.name_of(before), kind.name_of(after)
    if _bare(old) == _bare(new):
        return True
    if any(change.path != kind.identity for change in changed_fields(kind, before, _whole(kind, before, after))):
        return False
    return _are_close(old, new) or _is_telling(decisions, kind, before)


def _whole(kind: Kind, before: Any, after: Any) -> Any:
    """*after* with what it does not declare as it was *before*."""
    kept = {key: getattr(before, key) for key in kind.kept_when_unset if getattr(after, key) is None}
    return after.model_copy(update=kept)


def _bare(name: str) -> str:
    """A name without case, accents, blanks and punctuation."""
    letters = unicodedata.normalize("NFKD", name).casefold()
    return "".join(each for each in letters if each.isalnum())


def _are_close(old: str, new: str) -> bool:
    """Whether two names differ only a little. A different number is a big difference: agent 1 is not agent 2."""
    if re.findall(r"\d+", old) != re.findall(r"\d+", new):
        return False
    return difflib.SequenceMatcher(None, _bare(old), _bare(new), autojunk=False).ratio() >= _ALIKE


def _is_telling(decisions: Decisions, kind: Kind, before: Any) -> bool:
    """Whether only one resource has this definition; then an equal one under another name was renamed."""
    leaves = list(_leaves(content := _content(kind, before)))
    if not any(isinstance(leaf, str) for leaf in leaves):
        return False
    if kind in (WORKER, WORKFLOW) and len(leaves) < _TELLING:
        return False
    same = [
        live
        for live in decisions.snapshot.by_kind.get(kind.name, ())
        if _content(kind, model_of(live, decisions.matched.labels)) == content
    ]
    return len(same) == 1


def _content(kind: Kind, resource: Any) -> Mapping[str, Any]:
    return {key: value for key, value in set_fields(kind, resource) if key not in kind.runtime and key != kind.identity}


def _leaves(value: Any) -> Iterator[Any]:
    if isinstance(value, Mapping | list):
        for each in value.values() if isinstance(value, Mapping) else value:
            yield from _leaves(each)
    else:
        yield value


_Slot = tuple[Any, ...]
"""A place that refers to a resource, as far as it is the same before and after."""


def heirs_of(decisions: Decisions, kind: Kind) -> Mapping[str, str]:
    """By the key of a name of *kind*, the key of the one name to which every reference that stays has moved."""
    moved: dict[str, set[str]] = {}
    for each in decisions.kept:
        if each.declared and each.changes:
            before = dict(_slots(each.kind, kind, model_of(each.live, decisions.matched.labels)))
            after = dict(_slots(each.kind, kind, each.after))
            for slot in before.keys() & after.keys():
                moved.setdefault(before[slot], set()).add(after[slot])
    return {old: new for old, found in moved.items() if len(found) == 1 and (new := next(iter(found))) != old}


def _slots(holder: Kind, kind: Kind, resource: Any) -> Iterator[tuple[_Slot, str]]:
    for key, referred in holder.references.items():
        if referred == kind.name and (name := getattr(resource, key)) is not None:
            yield (key,), name_key(name)
    if holder.document is not None and kind is TASK_QUEUE:
        yield from _target_slots(resource)


def _target_slots(workflow: Workflow) -> Iterator[tuple[_Slot, str]]:
    """The targets of each filter that goes by the same name or expression, in their order."""
    for each in workflow.filters:
        for index, target in enumerate(each.targets):
            if target.queue is not None:
                yield (each.name or each.expression, index), name_key(target.queue)
    if workflow.default_filter is not None and workflow.default_filter.queue is not None:
        yield ("default_filter",), name_key(workflow.default_filter.queue)
