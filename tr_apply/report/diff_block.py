"""A plan as lines that GitHub colours as a diff: ``+`` and ``-`` by themselves, ``!`` for what changes or is blocked.

What takes something away, what blocks the plan and what must be approved comes first and is never left out as long as
there is any room for it.
"""

import textwrap
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from tr_apply.plan.change import Action, Operation, Plan
from tr_apply.printable import printable
from tr_apply.report.entry import Entry
from tr_apply.report.impact import below, further_impact_lines, lost_lines
from tr_apply.report.rows import DESTRUCTIVE, SYMBOLS, Row, in_reading_order, objections, operation_rows
from tr_apply.resources import KIND_BY_NAME

WIDTH = 95
"""Characters of a line, at most."""

_COLORS = {"~": "!", "±": "!"}  # symbols that mean nothing to a diff, and the sign that gives a line a colour


@dataclass(frozen=True, slots=True)
class _Chunk:
    """Something that is shown whole, or counted: ``what`` says as what, for one and for several."""

    text: str
    what: tuple[str, str] | None = None
    number: int = 1


@dataclass(frozen=True, slots=True)
class Block:
    """The lines of one workspace.

    Attributes:
        first: What must not be missing.
        short: The same with nothing but names, for when there is not room enough.
        rest: Everything else.
    """

    first: Sequence[str] = ()
    short: Sequence[str] = ()
    rest: Sequence[_Chunk] = field(default=(), repr=False)

    @property
    def least(self) -> int:
        """Characters that must not be missing."""
        return _size(self.first)

    @property
    def most(self) -> int:
        """Characters of everything."""
        return self.least + _size(each.text for each in self.rest)

    def fitting(self, room: int) -> tuple[str, bool]:
        """The text cut to *room* characters, and whether it is complete."""
        if self.least > room:
            return _cut(self.short, room), False
        taken = list(self.first)
        room -= self.least
        for number, chunk in enumerate(self.rest):
            if len(chunk.text) + 1 > room:
                return "\n".join([*taken, *_begun(chunk, room), _counted(self.rest[number:])]), False
            room -= len(chunk.text) + 1
            taken.append(chunk.text)
        return "\n".join(taken), True


def block_of(entry: Entry) -> Block:
    """The lines about *entry*."""
    said = [error for text in (*entry.errors, entry.refused) for error in text.splitlines() if error.strip()]
    errors = [line for error in said for line in _line("!", error)]
    if entry.plan is None:
        return Block(errors, errors)
    against = [line for each in objections(entry.plan) for line in _line("!", each.text)]
    operations = in_reading_order(entry.plan.operations)
    takes_away = [each for each in operations if each.action in DESTRUCTIVE]
    rest = [each for each in operations if each.action not in DESTRUCTIVE]
    lost = list(_lost(entry.plan))
    return Block(
        [*errors, *against, *(line for each in takes_away for line in _lines(operation_rows(each))), *lost],
        [*errors, *_names(takes_away), *against, *lost],
        [*_impact(entry.plan), *_notes(entry.plan), *_alike(rest), *_more(entry)],
    )


def _size(lines: Iterable[str]) -> int:
    return sum(len(line) + 1 for line in lines)


def _cut(lines: Sequence[str], room: int) -> str:
    """The first of *lines*, with a note if there are more."""
    taken: list[str] = []
    for line in lines:
        room -= len(line) + 1
        if room < 0:
            taken.append(
                f"! … and {len(lines) - len(taken)} more lines about deletes, replacements and blocked operations"
            )
            break
        taken.append(line)
    return "\n".join(taken)


def _begun(chunk: _Chunk, room: int) -> Iterator[str]:
    """The lines of *chunk* for which there is room, with a note about the rest."""
    lines = chunk.text.split("\n")
    for number, line in enumerate(lines):
        room -= len(line) + 1
        if room < 0:
            if number:
                yield f"      … and {len(lines) - number} more lines of this one"
            return
        yield line


def _counted(chunks: Sequence[_Chunk]) -> str:
    counts: Counter[tuple[str, str]] = Counter()
    for chunk in chunks:
        counts.update({chunk.what: chunk.number} if chunk.what else {})
    told = ", ".join(f"{number} {one if number == 1 else several}" for (one, several), number in counts.items())
    return f"… not or not whole in this comment: {told}" if told else "… and more"


# The content


def _lost(plan: Plan) -> Iterator[str]:
    for line in below("People who lose their place:", lost_lines(plan.impact)):
        yield from _line(line.sign, line.text, line.depth)


def _impact(plan: Plan) -> Iterator[_Chunk]:
    for line in below("Impact:", further_impact_lines(plan.impact)):
        yield _Chunk(
            "\n".join(_line(line.sign, line.text, line.depth)), ("line about the impact", "lines about the impact")
        )


def _notes(plan: Plan) -> Iterator[_Chunk]:
    for each in plan.diagnostics:
        yield _Chunk("\n".join(_line("#", each.message)), ("note", "notes"))
    if not plan.operations:
        yield _Chunk("No changes.")


def _more(entry: Entry) -> Iterator[_Chunk]:
    if entry.more:
        yield _Chunk("\n".join(line for each in entry.more.splitlines() for line in _line("", each)))


def _alike(operations: Iterable[Operation]) -> Iterator[_Chunk]:
    """*operations* in their order; those with the same changes share one chunk."""
    groups: dict[object, list[Operation]] = {}
    details: dict[object, tuple[Row, ...]] = {}
    for each in operations:
        _, *rest = operation_rows(each)
        key = (each.action, each.kind, tuple(rest)) if rest else id(each)
        groups.setdefault(key, []).append(each)
        details[key] = tuple(rest)
    return (_chunk(each, details[key]) for key, each in groups.items())


def _chunk(alike: Sequence[Operation], details: Iterable[Row]) -> _Chunk:
    lines = [line for each in alike for line in _title_lines(next(operation_rows(each)))]
    if len(alike) > 1:
        lines += _line("", f"each of these {len(alike)}:", 2)
    kind, action = KIND_BY_NAME[alike[0].kind], alike[0].action.value
    what = (f"{kind.title} to {action}", f"{kind.plural} to {action}")
    return _Chunk("\n".join([*lines, *_lines(details)]), what, len(alike))


def _names(operations: Sequence[Operation]) -> Iterator[str]:
    """Kind by kind, the names alone."""
    by_kind: dict[tuple[Action, str], list[str]] = {}
    for each in operations:
        by_kind.setdefault((each.action, each.kind), []).append(printable(each.name))
    for (action, kind), names in by_kind.items():
        noun = KIND_BY_NAME[kind].title if len(names) == 1 else KIND_BY_NAME[kind].plural
        yield from _line(SYMBOLS[action], f"{len(names)} {noun}: {', '.join(names)}")


def _lines(rows: Iterable[Row]) -> Iterator[str]:
    for row in rows:
        yield from _row_lines(row)
        for line in row.more:
            yield from _line(line.sign, line.text, row.depth * 2 + line.depth + 1)


def _row_lines(row: Row) -> Iterator[str]:
    if row.depth == 0:
        yield from _title_lines(row)
        return
    indent = row.depth * 2
    said = f"{row.label} {row.text} -> {row.after}" if row.after else f"{row.label} {row.text}".rstrip()
    if row.after and len(said) + 2 * indent + 2 > WIDTH:
        yield from _line(row.sign, row.label, indent)
        yield from _line("-", row.text, indent + 1)
        yield from _line("+", row.after, indent + 1)
    else:
        yield from _line(row.sign, said, indent)


def _title_lines(row: Row) -> Iterator[str]:
    """An operation and where it is declared, which is a line of its own where it is long."""
    symbol, _, title = row.label.partition(" ")
    whole = f"{title}  # {row.source}" if row.source else title
    if len(whole) + len("! ~ ") <= WIDTH:
        yield from _line(symbol, whole)
    else:
        yield from _line(symbol, title)
        yield from _line(_COLORS.get(symbol, symbol), f"#\xa0{row.source}", 2) if row.source else ()


def _line(sign: str, text: str, indent: int = 0) -> Iterator[str]:
    """*text* in lines of one colour that are short enough; *indent* counts in steps of two."""
    color = _COLORS.get(sign, sign)
    blanks = "  " * (indent + 1)
    first = f"{color}{blanks[1:]}" if color == sign else f"{color} {sign} "
    shown, begin = printable(text), first if color or indent else ""
    if len(begin) + len(shown) <= WIDTH and shown.isprintable() and shown.strip():  # nothing to wrap
        yield f"{begin}{shown.rstrip()}"
        return
    lines = textwrap.wrap(
        shown,
        WIDTH,
        initial_indent=begin,
        subsequent_indent=f"{color}{blanks[len(color) :]}  ",
        break_on_hyphens=False,
    )
    yield from lines or [first.rstrip()]
