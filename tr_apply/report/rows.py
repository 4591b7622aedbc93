"""A plan as rows: what is said, in which order, and how it is meant; how it looks is each format's own business."""

import json
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from tr_apply.plan.change import Action, FieldChange, Operation, Plan

MOVES_SHOWN = 10


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

    ``label`` and ``text`` may stand on one line; where they do not fit, ``text`` goes below, and so does each of
    ``more``.
    """

    depth: int
    tone: Tone
    label: str
    text: str = ""
    more: tuple[str, ...] = ()


def operation_rows(operation: Operation) -> Iterator[Row]:
    """What *operation* does: a line for itself, and its fields below."""
    tone = Tone(operation.action.value)
    yield Row(0, tone, f"{SYMBOLS[operation.action]} {operation.kind} {printable(operation.name)}")
    if operation.reason and operation.action is not Action.DELETE:
        yield Row(1, Tone.NOTE, f"({operation.reason})")
    if operation.action is not Action.DELETE:
        for change in operation.changes:
            yield from _change_rows(operation.action, change)
    yield from _move_rows(operation)
    if operation.repoints:
        yield Row(
            1,
            Tone.PLAIN,
            f"{len(operation.repoints)} references follow:",
            ", ".join(map(printable, operation.repoints)),
        )


def _move_rows(operation: Operation) -> Iterator[Row]:
    if not operation.moves:
        return
    by_way: dict[tuple[str, str], list[str]] = {}
    for move in operation.moves:
        by_way.setdefault((move.before, move.after), []).append(move.worker)
    for (before, after), workers in by_way.items():
        names = ", ".join(printable(name) for name in workers[:MOVES_SHOWN])
        rest = len(workers) - MOVES_SHOWN
        names += f" and {rest} more" if rest > 0 else ""
        way = f"to the new {printable(after)}" if before == after else f"from {printable(before)} to {printable(after)}"
        people = "1 worker moves" if len(workers) == 1 else f"{len(workers)} workers move"
        yield Row(1, Tone.UPDATE, f"{people} {way}:", names)


def _change_rows(action: Action, change: FieldChange) -> Iterator[Row]:
    path = printable(change.path)
    if change.sensitive:
        yield Row(1, Tone.PLAIN, f"{path}:", "(sensitive)" if action is Action.CREATE else "(sensitive) -> (sensitive)")
    elif path == "filters" and isinstance(change.after, list):
        yield Row(1, Tone.PLAIN, "filters:", "", tuple(_filter_lines(change.after)))
    elif path.startswith("filters[") and path.endswith("].position"):
        yield Row(1, Tone.UPDATE, f"{path.removesuffix('.position')}:", f"moved from {change.before} to {change.after}")
    elif _is_filter(change.after) and change.before is None:
        yield Row(1, Tone.CREATE, f"+ {path}:", _filter_line(change.after))
    elif _is_filter(change.before) and change.after is None:
        yield Row(1, Tone.DELETE, f"- {path}:", _filter_line(change.before))
    elif action is Action.CREATE or (change.before is None and change.after is not None):
        mark = "" if action is Action.CREATE else "+ "
        yield Row(1, Tone.PLAIN, f"{mark}{path}:", shown(change.after))
    elif change.after is None and change.before is not None:
        yield Row(1, Tone.PLAIN, f"- {path}:", shown(change.before))
    else:
        yield Row(1, Tone.PLAIN, f"{path}:", f"{shown(change.before)} -> {shown(change.after)}")


def _is_filter(value: Any) -> bool:
    return isinstance(value, dict) and "targets" in value and "expression" in value


def _filter_lines(filters: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    for number, each in enumerate(filters, 1):
        name = f"{printable(each['name'])}: " if "name" in each else ""
        yield f"{number}. {name}{_filter_line(each)}"


def _filter_line(each: Mapping[str, Any]) -> str:
    return f"{printable(each['expression'])} => {' -> '.join(_target(t) for t in each['targets'])}"


def _target(target: Mapping[str, Any]) -> str:
    """A step in a few words: its queue, and what else is said about it."""
    words = [f"{key} {shown(value)}" for key, value in target.items() if key != "queue"]
    queue = printable(target.get("queue", "same queue"))
    return f"{queue} ({', '.join(words)})" if words else queue


def shown(value: Any) -> str:
    """A value as YAML would say it on one line."""
    match value:
        case None:
            return "(none)"
        case bool():
            return "true" if value else "false"
        case str():
            return printable(value) if value else '""'
        case list() if all(isinstance(item, str) for item in value):
            return f"[{', '.join(printable(item) for item in value)}]"
        case dict() if "queue" in value and not _is_filter(value):
            return _target(value)
        case _:
            return printable(json.dumps(value, ensure_ascii=False))


def printable(text: str) -> str:
    """*text* without anything that could steer a terminal."""
    if text.isprintable():
        return text
    return "".join(
        c if not unicodedata.category(c).startswith("C") else c.encode("unicode_escape").decode() for c in text
    )


def summary_line(plan: Plan) -> str:
    """The plan in one line."""
    counts = ", ".join(f"{plan.count(action)} to {action.value}" for action in Action)
    requests = "1 request" if plan.requests == 1 else f"{plan.requests} requests"
    return f"Plan: {counts}, {plan.unchanged} unchanged; {requests}."
