"""Which kinds must be read to find out whom a plan affects."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from tr_apply.live import Snapshot
from tr_apply.plan.change import Action, FieldChange, Operation
from tr_apply.resources import ACTIVITY, TASK_QUEUE, WORKER, WORKFLOW
from tr_apply.resources.field_path import root_of

_READ_BY_EXPRESSIONS: Final[Mapping[str, frozenset[str]]] = {
    TASK_QUEUE.name: frozenset({"target_workers"}),
    WORKER.name: frozenset({"name", "attributes"}),
    ACTIVITY.name: frozenset({"name"}),
}
"""Fields by kind: with another value, other workers may be members of a queue."""

_TARGET_EXPRESSION: Final = re.compile(r"(\.targets\[\d+\]|^default_filter)\.expression\Z")


def affected_kinds(operations: Sequence[Operation], snapshot: Snapshot) -> list[str]:
    """Queues and workers, if *operations* bear on people and *snapshot* does not have them."""
    if not bear_on_people(operations):
        return []
    return [kind.name for kind in (TASK_QUEUE, WORKER) if not snapshot.has(kind.name)]


def bear_on_people(operations: Sequence[Operation]) -> bool:
    """Whether *operations* may change the members of a queue, or which of them a step wants."""
    return any(map(_bears_on_people, operations))


def _bears_on_people(operation: Operation) -> bool:
    if operation.kind == WORKFLOW.name:
        return operation.action is Action.UPDATE and any(map(_changes_target_expression, operation.changes))
    if operation.kind in {TASK_QUEUE.name, WORKER.name} and operation.action is not Action.UPDATE:
        return True
    fields = _READ_BY_EXPRESSIONS.get(operation.kind, frozenset())
    return bool(operation.moves) or any(root_of(change.path) in fields for change in operation.changes)


def _changes_target_expression(change: FieldChange) -> bool:
    if _TARGET_EXPRESSION.search(change.path):
        return True
    return any(_target_expressions(change.before)) or any(_target_expressions(change.after))


def _target_expressions(value: Any) -> Iterator[str]:
    """The expressions of a target, or of those of a filter, that comes or goes as a whole."""
    match value:
        case {"targets": [*targets]}:
            for target in targets:
                yield from _target_expressions(target)
        case {"expression": str(expression)}:
            yield expression
