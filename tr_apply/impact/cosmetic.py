"""Changes of an expression that mean the same as before: only the text is another one."""

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from tr_apply.errors import ExpressionSyntaxError
from tr_apply.plan.change import FieldChange, Operation, Plan
from tr_apply.resources import KINDS, TASK_QUEUE
from tr_apply.resources.template import sample
from tr_apply.routing.nodes import Expression
from tr_apply.routing.parser import parse
from tr_apply.routing.place import Place
from tr_apply.routing.satisfy import Budget, meanings

_PREFIXES: Final = {kind.name: kind.sid_prefix for kind in KINDS}

_PLACES: Final = (
    (re.compile(r"(\.targets\[\d+\]|^default_filter)\.expression\Z"), Place.TARGET),
    (re.compile(r"(\.targets\[\d+\]|^default_filter)\.skip_if\Z"), Place.SKIP_IF),
    (re.compile(r"^filters\[.*\]\.expression\Z"), Place.FILTER),
)


def with_cosmetic_changes(plan: Plan, budget: Budget) -> Plan:
    """*plan* with a mark on each change that makes no difference."""
    return replace(plan, operations=[_marked(each, budget) for each in plan.operations])


def _marked(operation: Operation, budget: Budget) -> Operation:
    changes = [_marked_change(operation.kind, each, budget) for each in operation.changes]
    return operation if changes == list(operation.changes) else replace(operation, changes=changes)


def _marked_change(kind: str, change: FieldChange, budget: Budget) -> FieldChange:
    if change.sensitive or (place := _place_of(kind, change.path)) is None:
        return change
    trees = [*_trees(change.before), *_trees(change.after)]
    both = 2
    if len(trees) == both and meanings(trees[0], trees[1], place, budget).same:
        return replace(change, cosmetic=True)
    return change


def _place_of(kind: str, path: str) -> Place | None:
    if kind == TASK_QUEUE.name:
        return Place.QUEUE if path == "target_workers" else None
    return next((place for pattern, place in _PLACES if pattern.search(path)), None)


def _trees(text: object) -> Iterator[Expression]:
    """The tree of *text*; none if it is not a text or cannot be parsed."""
    if isinstance(text, str):
        try:
            yield parse(sample(text, _PREFIXES))
        except ExpressionSyntaxError:
            return
