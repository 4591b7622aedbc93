"""The successor of a deleted resource, judged by everything that referred to it and stays."""

from collections.abc import Iterator, Mapping
from typing import Any

from tr_apply.plan.matching.decisions import Decisions
from tr_apply.resources import TASK_QUEUE, Kind
from tr_apply.resources.workflow import Workflow
from tr_apply.routing.names import name_key
from tr_apply.wire import model_of

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
