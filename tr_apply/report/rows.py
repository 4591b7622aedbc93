"""A plan as rows: texts, their order and their tone; each format decides how they look."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from enum import StrEnum
from itertools import chain
from typing import Any

from tr_apply.frozen import frozen
from tr_apply.plan.change import Action, Blocked, FieldChange, FilterPlace, Operation, Plan
from tr_apply.plan.checks.consent import is_lifted_by_review
from tr_apply.plan.matching.declared_before import remark_of
from tr_apply.printable import printable
from tr_apply.report.elements import element_changes
from tr_apply.report.expression_diff import expression_lines
from tr_apply.report.text_diff import Sign, TextLine, text_lines
from tr_apply.report.values import is_filter, shown, targets_line
from tr_apply.report.wording import added_at, field_title, moved_to, reference_title, removed_from

MOVES_SHOWN = 10
_SENSITIVE = "(sensitive)"
_SHORT = 50  # characters of a list and its successor that are read at a glance
_LONG = 100  # characters; a longer text is compared word by word
_EXPRESSIONS = ("target_workers", "expression", "skip_if")
_FREE = ("extra", "document_extra", "attributes")  # fields in which keys mean nothing


class Tone(StrEnum):
    """The sort of a row, for colours; its text alone says the same."""

    CREATE = "create"
    UPDATE = "update"
    REPLACE = "replace"
    DELETE = "delete"
    PLAIN = "plain"
    NOTE = "note"
    APPROVAL = "approval"
    BLOCKED = "blocked"


SYMBOLS: Mapping[Action, str] = {
    Action.CREATE: "+",
    Action.UPDATE: "~",
    Action.REPLACE: "±",
    Action.DELETE: "-",
}

DESTRUCTIVE = (Action.DELETE, Action.REPLACE)
"""Actions that remove something, in reading order; all others come after them."""


@frozen
class Row:
    """One row of a report.

    Attributes:
        depth: 0 for an operation, 1 for its parts.
        tone: Its sort.
        label: Its subject.
        text: Its content, on the same line if that is short enough.
        after: The new value if *text* is the old one; empty otherwise.
        sign: Whether it is completely new or removed.
        more: Further lines below.
        source: The place of its declaration; if it is not declared, a remark with the reason.
    """

    depth: int
    tone: Tone
    label: str
    text: str = ""
    after: str = ""
    sign: Sign = ""
    more: tuple[TextLine, ...] = ()
    source: str = ""

    @property
    def title(self) -> str:
        """The label with its sign."""
        return f"{self.sign} {self.label}" if self.sign else self.label


def in_reading_order(operations: Sequence[Operation]) -> list[Operation]:
    """*operations* with those that take something away first."""
    order = {action: number for number, action in enumerate(DESTRUCTIVE)}
    return sorted(operations, key=lambda each: order.get(each.action, len(order)))


def operation_rows(operation: Operation) -> Iterator[Row]:
    """The rows of *operation*: one for itself, and its fields below."""
    tone = Tone(operation.action.value)
    title = f"{SYMBOLS[operation.action]} {operation.kind} {printable(operation.name)}"
    yield Row(0, tone, title, source=_source(operation))
    if operation.action is Action.REPLACE and operation.reason:
        yield Row(1, Tone.NOTE, f"({printable(operation.reason)})")
    if operation.action is not Action.DELETE:
        for change in operation.changes:
            yield from _coming_or_going(change)
            yield _change_row(operation, change)
    yield from _move_rows(operation)
    if operation.repoints:
        number = len(operation.repoints)
        label = f"{number} references follow:" if number > 1 else "1 reference follows:"
        yield Row(1, Tone.PLAIN, label, ", ".join(map(reference_title, operation.repoints)))
    if operation.outputs:
        yield Row(1, Tone.REPLACE, "outputs that change:", ", ".join(operation.outputs))


def _source(operation: Operation) -> str:
    place = operation.source
    return printable(remark_of(operation.reason) if place is None else f"{place.file}:{place.line}")


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


def _coming_or_going(change: FieldChange) -> Iterator[Row]:
    """That a filter is new or gone, where only parts of it may be shown: one without an expression there is not."""
    is_new, is_gone = change.before is None, change.after is None
    if change.filter is not None and change.within_filter == "expression" and is_new is not is_gone:
        sign: Sign = "+" if is_new else "-"
        title = f"{printable(str(change.filter))}:"
        yield Row(1, Tone.CREATE if is_new else Tone.DELETE, title, _filter_place(change.filter, sign), sign=sign)


def _change_row(operation: Operation, change: FieldChange) -> Row:
    same = " (same meaning)" if change.cosmetic else ""
    title, before, after = f"{field_title(change)}{same}:", change.before, change.after
    if change.sensitive:
        return _sensitive_row(operation.action, title, change)
    if change.filter is not None and change.path.endswith("].position"):  # computed, not a field of a filter
        title = f"{printable(str(change.filter))}:"
        return Row(1, Tone.UPDATE, title, moved_to(before, change.filter))
    if operation.action is Action.CREATE:
        return _created_row(change.path, title, after)
    if before is None or after is None:
        return _one_sided_row(title, change)
    if isinstance(before, list) and isinstance(after, list) and (lines := _element_lines(before, after)):
        return Row(1, Tone.PLAIN, title, more=tuple(lines))
    if isinstance(before, str) and isinstance(after, str) and (lines := _text_lines(change)):
        return Row(1, Tone.PLAIN, title, more=tuple(lines))
    return Row(1, Tone.PLAIN, title, shown(before), shown(after))


def _sensitive_row(action: Action, title: str, change: FieldChange) -> Row:
    """That something changes, and not what."""
    if change.before is not None and change.after is not None:
        return Row(1, Tone.PLAIN, title, _SENSITIVE, _SENSITIVE)
    sign: Sign = "" if action is Action.CREATE else "+" if change.before is None else "-"
    place = "" if change.filter is None or change.within_filter else f"{_filter_place(change.filter, sign)}, "
    return Row(1, Tone.PLAIN, title, f"{place}{_SENSITIVE}", sign=sign)


def _filter_place(place: FilterPlace, sign: Sign) -> str:
    return removed_from(place) if sign == "-" else added_at(place)


def _one_sided_row(title: str, change: FieldChange) -> Row:
    """A field, or a filter, that was not there before or is gone afterwards."""
    is_new = change.before is None
    value = change.after if is_new else change.before
    sign: Sign = "+" if is_new else "-"
    tone = Tone.CREATE if is_new else Tone.DELETE
    if value is None:
        return Row(1, Tone.PLAIN, title, shown(None), shown(None))
    if change.filter is None or not is_filter(value):
        return Row(1, Tone.PLAIN, title, shown(value), sign=sign)
    told = _filter_place(change.filter, sign)
    return Row(1, tone, title, told, sign=sign, more=tuple(_filter_lines(value)))


def _created_row(path: str, title: str, value: Any) -> Row:
    if is_filter(value):
        return Row(1, Tone.PLAIN, title, more=tuple(_filter_lines(value)))
    if path != "filters":
        return Row(1, Tone.PLAIN, title, shown(value))
    return Row(1, Tone.PLAIN, title, more=tuple(chain.from_iterable(map(_numbered_lines, enumerate(value, 1)))))


def _numbered_lines(numbered: tuple[int, Mapping[str, Any]]) -> Iterator[TextLine]:
    number, each = numbered
    name = f" ({printable(each['name'])})" if each.get("name") else ""
    yield TextLine(f"filter {number}{name}:")
    yield from (TextLine(line.text, line.sign, line.depth + 1) for line in _filter_lines(each))


def _filter_lines(each: Mapping[str, Any]) -> Iterator[TextLine]:
    yield TextLine(f"expression: {printable(each['expression'])}")
    yield TextLine(f"targets: {targets_line(each['targets'])}")
    if each.get("extra"):
        yield TextLine(f"extra: {shown(each['extra'])}")


def _element_lines(before: Sequence[Any], after: Sequence[Any]) -> Sequence[TextLine]:
    """None where both lists are read at a glance."""
    is_flat = not any(isinstance(item, (dict, list)) for item in (*before, *after))
    if is_flat and len(shown(before)) + len(shown(after)) <= _SHORT:
        return ()
    return element_changes(before, after)


def _text_lines(change: FieldChange) -> Sequence[TextLine]:
    """None where both texts are read at a glance."""
    if _is_expression(change):
        lines = expression_lines(change.before, change.after)
    elif max(len(change.before), len(change.after)) > _LONG:
        lines = text_lines(change.before, change.after)
    else:
        return ()
    return [TextLine(printable(line.text), line.sign, line.depth) for line in lines]


def _is_expression(change: FieldChange) -> bool:
    path = change.path if change.within_filter is None else change.within_filter
    is_free = path.startswith(_FREE) or any(f".{each}." in path for each in _FREE)
    return path.rpartition(".")[2] in _EXPRESSIONS and not is_free


def summary_line(plan: Plan) -> str:
    """The plan in one line."""
    counts = ", ".join(f"{plan.count(action)} to {action.value}" for action in Action)
    requests = "1 request" if plan.requests == 1 else f"{plan.requests} requests"
    return f"Plan: {counts}, {plan.unchanged} unchanged; {requests}."


# Objections: those that a person may approve, and those that block a plan


@frozen
class Objection:
    """One objection in words."""

    tone: Tone
    text: str


def objections(plan: Plan, agreed: Collection[Blocked] = ()) -> list[Objection]:
    """Every objection to *plan*: blocking ones first, those that the caller has *agreed* to last."""
    found = [_objection(each, is_agreed=each in agreed) for each in plan.blocked]
    order = (Tone.BLOCKED, Tone.APPROVAL, Tone.NOTE)
    return sorted(found, key=lambda each: order.index(each.tone))


def objections_in_short(plans: Iterable[Plan]) -> list[str]:
    """The number of blocked operations, and the number of questions that an approval answers."""
    found = [(index, each) for index, plan in enumerate(plans) for each in plan.blocked]
    blocked = len({(index, each.operation) for index, each in found if not is_lifted_by_review(each)})
    needed = sum(is_lifted_by_review(each) for _, each in found)
    words = [f"{blocked} blocked"] if blocked else []
    return words + ([f"{needed} {'needs' if needed == 1 else 'need'} approval"] if needed else [])


def _objection(blocked: Blocked, *, is_agreed: bool) -> Objection:
    message = printable(blocked.message)
    if is_agreed:
        return Objection(Tone.NOTE, f"Agreed ({blocked.code}): {message}")
    if is_lifted_by_review(blocked):
        sentence = f"{message[:1].upper()}{message[1:].removesuffix('.')}."
        return Objection(Tone.APPROVAL, f"Needs approval ({blocked.code}): {sentence}")
    return Objection(Tone.BLOCKED, f"Blocked ({blocked.code}): {message}")
