"""Expressions in words, for people who do not read the language: ``language is es and topic is one of sales, repair``.

The words say what the expression says, operator by operator. They are for reading: two expressions with the same words
may still differ in the type of a value.
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final, TypeAlias, assert_never

from tr_apply.resources.template import SidOf
from tr_apply.routing.evaluate import evaluate
from tr_apply.routing.format import format_expression, format_operand
from tr_apply.routing.nodes import (
    And,
    Comparator,
    Comparison,
    Constant,
    Direction,
    Expression,
    ListLiteral,
    Operand,
    Or,
    OrderBy,
    Path,
    paths,
)

Named: TypeAlias = Callable[[str], SidOf | None]
"""The resource of a SID."""

ALWAYS: Final = "always"
NEVER: Final = "never"

_BARE: Final = re.compile(r"(?!(?:true|false|null|and|or|is|has)\Z)[^\W\d][\w.@+-]*\Z")
"""Texts that are clear without quotes."""

_LISTED: Final = 8
"""Values of one list that are shown."""

_COUNTS: Final = {"workers.available": "people at work", "workers.unavailable": "people away"}

_OF_CHANNEL: Final = {
    "assigned_tasks": "tasks in hand",
    "configured_capacity": "capacity",
    "available_capacity_percentage": "free capacity in percent",
}
"""Properties of a worker's channel in TaskRouter, after the channel's name."""


def condition_words(tree: Expression, named: Named) -> str:
    """*tree* in words."""
    return _Speaker(named).sentence(tree)


def skip_words(tree: Expression, named: Named) -> str:
    """When a ``skip_if`` lets a task go on; it is looked at only where nobody is free."""
    match tree:
        case Comparison(Path(("workers", "available")), Comparator.EQUAL, Constant(0)):  # the idiom
            return "nobody is at work"
        case _ if not any(paths(tree)):
            return "nobody is free"
        case _:
            return f"nobody is free and {_Speaker(named).part(tree)}"


def order_words(order: OrderBy) -> str:
    """Which worker comes first, by the first clause of an ``order_by``."""
    first = order.clauses[0]
    most = "highest" if first.direction is Direction.DESCENDING else "lowest"
    return f"{most} {str(first.path).removeprefix('worker.')} first"


def duration(seconds: int) -> str:
    """``45s``, ``90s``, ``2m``, ``1h30m``: seconds as people write them."""
    if seconds < 120 and seconds % 60:  # noqa: PLR2004  # a minute and a half is read more easily as 90 seconds
        return f"{seconds}s"
    parts = ((seconds // 3600, "h"), (seconds % 3600 // 60, "m"), (seconds % 60, "s"))
    return "".join(f"{number}{unit}" for number, unit in parts if number)


def json_words(value: object) -> str:
    """A JSON value on one line."""
    return json.dumps(value, ensure_ascii=False)


def listed(names: Sequence[str], *, last: str = "and") -> str:
    """Several names in a sentence: ``a, b and c``."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} {last} {names[-1]}"


class _Speaker:
    def __init__(self, named: Named) -> None:
        self._named = named

    def sentence(self, tree: Expression) -> str:
        if tree.starred:
            return format_expression(tree)
        match tree:
            case Comparison():
                return self._comparison(tree)
            case And(operands):
                return " and ".join(self.part(each) for each in operands)
            case Or(operands):
                return " or ".join(self._alternatives(operands))
            case _:
                assert_never(tree)

    def part(self, tree: Expression) -> str:
        words = self.sentence(tree)
        return f"({words})" if isinstance(tree, Or) and " or " in words else words

    def _alternatives(self, operands: Sequence[Expression]) -> Iterator[str]:
        """Operands in words; those with values of one path are merged, in the place of the first."""
        chosen = [_choice(each) for each in operands]
        for index, (operand, choice) in enumerate(zip(operands, chosen, strict=True)):
            if choice is None:
                yield f"({self.sentence(operand)})" if isinstance(operand, And) else self.sentence(operand)
            elif not any(other is not None and other[0] == choice[0] for other in chosen[:index]):
                values = [value for other in chosen[index:] if other and other[0] == choice[0] for value in other[1]]
                yield self._is_among(choice[0], list(dict.fromkeys(values)))

    def _is_among(self, path: Path, values: Sequence[Operand]) -> str:
        if len(values) == 1:
            return self._comparison(Comparison(path, Comparator.EQUAL, values[0]))
        return f"{self._operand(path)} {Comparator.IN.words} {self._several(values)}"

    def _comparison(self, each: Comparison) -> str:
        if each.unread:
            return format_expression(each)
        if not any(paths(each)):
            return ALWAYS if evaluate(each, {}) else NEVER
        left, comparator, right = _with_path_first(each)
        match comparator, right:
            case Comparator.EQUAL, Constant(None):
                return f"{self._operand(left)} is not set"
            case Comparator.NOT_EQUAL, Constant(None):
                return f"{self._operand(left)} is set"
            case Comparator.IN, Path():
                return f"{self._operand(right)} has {self._operand(left)}"
            case Comparator.NOT_IN, Path():
                return f"{self._operand(right)} does not have {self._operand(left)}"
            case _:
                return f"{self._operand(left)} {comparator.words} {self._operand(right)}"

    def _operand(self, operand: Operand) -> str:
        match operand:
            case Path():
                return self._path(operand)
            case Constant(str() as text):
                reference = self._named(text)
                if reference is not None:
                    return f"the SID of {reference.name or reference.kind}"
                return text if _BARE.match(text) else json_words(text)
            case Constant():
                return format_operand(operand)
            case ListLiteral(items):
                return self._several(items)
            case _:
                assert_never(operand)

    def _path(self, path: Path) -> str:
        written = str(path)
        if path.segments[0] == "workers":
            reference = self._named(str(path.segments[-1]))
            return _COUNTS.get(written, written) if reference is None else f"people in {reference.name}"
        match path.segments:
            case ("worker", "channel", channel, str() as name) if name in _OF_CHANNEL:
                return f"{channel} {_OF_CHANNEL[name]}"
            case _:
                return written

    def _several(self, items: Sequence[Operand]) -> str:
        if not items:
            return "no value at all"
        words = [self._operand(each) for each in items]
        more = len(words) - _LISTED
        return ", ".join(words) if more <= 1 else f"{', '.join(words[:_LISTED])} and {more} more"


def _choice(tree: Expression) -> tuple[Path, Sequence[Operand]] | None:
    """The path and the values, if *tree* only compares one path with values."""
    if tree.starred or (isinstance(tree, Comparison) and tree.unread):
        return None
    match tree:
        case Comparison(Path() as path, Comparator.EQUAL, Constant(value) as constant) if value is not None:
            return path, [constant]
        case Comparison(Constant(value) as constant, Comparator.EQUAL, Path() as path) if value is not None:
            return path, [constant]
        case Comparison(Path() as path, Comparator.IN, ListLiteral(items)) if items and _are_constants(items):
            return path, items
        case _:
            return None


def _are_constants(items: Iterable[Operand]) -> bool:
    return all(isinstance(each, Constant) for each in items)


def _with_path_first(each: Comparison) -> tuple[Operand, Comparator, Operand]:
    is_turned = isinstance(each.left, Constant) and isinstance(each.right, Path)
    if is_turned and each.comparator in {Comparator.EQUAL, Comparator.NOT_EQUAL}:
        return each.right, each.comparator, each.left
    return each.left, each.comparator, each.right
