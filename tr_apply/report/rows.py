"""A plan as rows: what is said, in which order, and how it is meant; how it looks is each format's own business."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from tr_apply.plan.change import Action, FieldChange, Operation, Plan
from tr_apply.printable import printable
from tr_apply.report.elements import element_changes
from tr_apply.report.values import filter_line, is_filter, shown

MOVES_SHOWN = 10
_SENSITIVE = "(sensitive)"
_SHORT = 50  # characters of a list and its successor that are read at a glance


class Tone(StrEnum):
    """What a row is, for those formats that have colours; its text says the same without."""

    CREATE = "create"
    UPDATE = "update"
    REPLACE = "replace"
    DELETE = "delete"
    PLAIN = "plain"
    NOTE = "note"
    BLOCKED = "blocked"


SYMBOLS: Mapping[Action, str] = {
    Action.CREATE: "+",
    Action.UPDATE: "~",
    Action.REPLACE: "±",
    Action.DELETE: "-",
}


@dataclass(frozen=True, slots=True)
class Row:
    """One thing that is said.

    Attributes:
        depth: 0 for an operation, 1 for what belongs to it.
        tone: What it is.
        label: What it is about.
        text: What is said of it, on the same line where that is short enough.
        after: What *text* becomes; empty where that does not apply.
        more: Further lines below.
    """

    depth: int
    tone: Tone
    label: str
    text: str = ""
    after: str = ""
    more: tuple[str, ...] = ()


def operation_rows(operation: Operation) -> Iterator[Row]:
    """What *operation* does: a line for itself, and its fields below."""
    tone = Tone(operation.action.value)
    yield Row(0, tone, f"{SYMBOLS[operation.action]} {operation.kind} {printable(operation.name)}")
    if operation.action is not Action.DELETE:
        if operation.reason:
            yield Row(1, Tone.NOTE, f"({operation.reason})")
        for change in operation.changes:
            yield _change_row(operation.action, change)
    yield from _move_rows(operation)
    if operation.repoints:
        number = len(operation.repoints)
        label = f"{number} references follow:" if number > 1 else "1 reference follows:"
        yield Row(1, Tone.PLAIN, label, ", ".join(map(printable, operation.repoints)))
    if operation.outputs:
        yield Row(1, Tone.REPLACE, "outputs that change:", ", ".join(operation.outputs))


def _move_rows(operation: Operation) -> Iterator[Row]:
    by_way: dict[tuple[str, str], list[str]] = {}
    for move in operation.moves:
        by_way.setdefault((move.before, move.after), []).append(move.worker)
    for (before, after), workers in by_way.items():
        names = ", ".join(printable(name) for name in workers[:MOVES_SHOWN])
        rest = len(workers) - MOVES_SHOWN
        names += f" and {rest} more" if rest > 0 else ""
        is_replaced = operation.action is Action.REPLACE
        way = f"to the new {printable(after)}" if is_replaced else f"from {printable(before)} to {printable(after)}"
        people = "1 worker moves" if len(workers) == 1 else f"{len(workers)} workers move"
        yield Row(1, Tone.UPDATE, f"{people} {way}:", names)


def _change_row(action: Action, change: FieldChange) -> Row:
    path, before, after = printable(change.path), change.before, change.after
    if change.sensitive:
        return _sensitive_row(action, path, change)
    if path.startswith("filters[") and path.endswith("].position"):  # told by the plan, not a field of a filter
        return Row(1, Tone.UPDATE, f"{path.removesuffix('.position')}:", f"moved from {before} to {after}")
    if action is Action.CREATE:
        return _created_row(path, after)
    if before is None and after is not None:
        return Row(1, Tone.CREATE if is_filter(after) else Tone.PLAIN, f"+ {path}:", _told(after))
    if after is None and before is not None:
        return Row(1, Tone.DELETE if is_filter(before) else Tone.PLAIN, f"- {path}:", _told(before))
    if isinstance(before, list) and isinstance(after, list) and (lines := _element_lines(before, after)):
        return Row(1, Tone.PLAIN, f"{path}:", more=tuple(lines))
    return Row(1, Tone.PLAIN, f"{path}:", shown(before), shown(after))


def _sensitive_row(action: Action, path: str, change: FieldChange) -> Row:
    """That something changes, and not what."""
    if change.before is not None and change.after is not None:
        return Row(1, Tone.PLAIN, f"{path}:", _SENSITIVE, _SENSITIVE)
    sign = "" if action is Action.CREATE else "+ " if change.before is None else "- "
    return Row(1, Tone.PLAIN, f"{sign}{path}:", _SENSITIVE)


def _created_row(path: str, value: Any) -> Row:
    if path == "filters":
        return Row(1, Tone.PLAIN, "filters:", more=tuple(_filter_lines(value)))
    return Row(1, Tone.PLAIN, f"{path}:", _told(value))


def _told(value: Any) -> str:
    return filter_line(value) if is_filter(value) else shown(value)


def _element_lines(before: Sequence[Any], after: Sequence[Any]) -> Sequence[str]:
    """None where both lists are read at a glance."""
    is_flat = not any(isinstance(item, (dict, list)) for item in (*before, *after))
    if is_flat and len(shown(before)) + len(shown(after)) <= _SHORT:
        return ()
    return element_changes(before, after)


def _filter_lines(filters: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    for number, each in enumerate(filters, 1):
        name = f"{printable(each['name'])}: " if "name" in each else ""
        yield f"{number}. {name}{filter_line(each)}"


def summary_line(plan: Plan) -> str:
    """The plan in one line."""
    counts = ", ".join(f"{plan.count(action)} to {action.value}" for action in Action)
    requests = "1 request" if plan.requests == 1 else f"{plan.requests} requests"
    return f"Plan: {counts}, {plan.unchanged} unchanged; {requests}."
