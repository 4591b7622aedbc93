"""The origin of a plan's changes: the files, or a change to the workspace outside them.

The configuration that was applied last is planned as well. The changes of that plan were made outside; changes that
only
the present plan has come from the files.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal, Self

from tr_apply.frozen import frozen
from tr_apply.json_text import same_json
from tr_apply.plan.change import Action, FieldChange, Operation, Plan
from tr_apply.plan.compare.document_diff import covers
from tr_apply.plan.saved.stale import Drift, planned_at
from tr_apply.resources import KIND_BY_NAME, WORKER, WORKER_CHANNEL
from tr_apply.routing.names import name_key

Origin = Literal["files", "outside", "both"]

_NONE = "(none)"
_SENSITIVE = "(sensitive)"


@frozen
class Origins:
    """Where the changes of a plan come from."""

    base_ref: str
    """The revision with the configuration that was applied last."""

    problem: str | None
    """Why it is not known; null where it is."""

    outside: Sequence[Drift]
    """Differences from that configuration: its value as ``planned_from``, then ``live_now``, then ``planned_to``."""

    operations: Mapping[str, Origin]
    """The origin by the id of each operation; one that undoes a change made outside is ``outside``."""

    @classmethod
    def unknown(cls, base_ref: str, problem: str) -> Self:
        """Where that cannot be found out, or not yet."""
        return cls(base_ref, problem or None, (), {})


def origins(plan: Plan, applied: Plan, ref: str) -> Origins:
    """Find the origin of the changes of *plan*; *applied* is the plan for the configuration at *ref*."""
    now, before = _by_object(plan), {key: _hidden(each, plan) for key, each in _by_object(applied).items()}
    rows = [row for key, operation in before.items() for row in _rows(operation, now.get(key))]
    return Origins(ref, None, rows, {each.id: _origin(each, before.get(key)) for key, each in now.items()})


def _hidden(operation: Operation, plan: Plan) -> Operation:
    """*operation* without what the present configuration calls sensitive; the former one may not have done so."""
    kind, start = operation.kind, ""
    if kind == WORKER_CHANNEL.name:
        kind, start = WORKER.name, f"channels.{operation.name.rpartition('/')[2]}."
    patterns = plan.sensitive.get(KIND_BY_NAME[kind].section, ())

    def is_secret(change: FieldChange) -> bool:
        values = (change.before, change.after)
        return change.sensitive or any(covers(pattern, start + change.path, values) for pattern in patterns)

    return replace(operation, changes=[replace(each, sensitive=is_secret(each)) for each in operation.changes])


def _by_object(plan: Plan) -> dict[Any, Operation]:
    return {each.sid or (each.kind, name_key(each.name)): each for each in plan.operations}


def _origin(operation: Operation, before: Operation | None) -> Origin:
    if before is None:
        return "files"
    same = operation.action is before.action and same_json(_wanted(operation), _wanted(before))
    return "outside" if same else "both"


def _wanted(operation: Operation) -> list[list[Any]]:
    return [[change.path, change.after] for change in operation.changes]


def _rows(before: Operation, now: Operation | None) -> Iterator[Drift]:
    label = f"{before.kind}/{before.name}"
    match before.action:
        case Action.CREATE:
            yield Drift(label, "", "declared", _NONE, None if now is None else "created")
        case Action.DELETE:
            yield Drift(label, "", _NONE, before.sid, "deleted" if _deletes(now) else None)
        case _:
            for change in before.changes:
                then, live = _shown(change, change.after), _shown(change, change.before)
                yield Drift(label, change.path, then, live, "deleted" if _deletes(now) else _planned(now, change))


def _deletes(operation: Operation | None) -> bool:
    return operation is not None and operation.action is Action.DELETE


def _planned(operation: Operation | None, change: FieldChange) -> Any:
    return None if operation is None else planned_at({each.path: each for each in operation.changes}, change.path)


def _shown(change: FieldChange, value: Any) -> Any:
    return _SENSITIVE if change.sensitive and value is not None else value
