"""The tree of a routing expression: immutable, comparable, hashable.

A node holds only its shape: evaluate.py has its meaning and format.py its text, so a new comparator is one member here
and one row in evaluate.COMPARE. The position of a node in its text (``offset``) and its original spelling do not count
when two trees are compared.
"""

from collections.abc import Callable, Iterator
from dataclasses import field, replace
from enum import StrEnum
from typing import Self, TypeAlias, assert_never

from tr_apply.frozen import frozen


class Comparator(StrEnum):
    """The operators, each with its canonical spelling, its words, and its other spellings."""

    words: str
    """As a sentence says it; the sign itself where that reads as well."""

    spellings: tuple[str, ...]
    """Every text that the language reads as this one, in capitals, the canonical one first."""

    def __new__(cls, sign: str, words: str = "", *others: str) -> Self:
        """A row of the table."""
        member = str.__new__(cls, sign)
        member._value_ = sign
        member.words = words or sign
        member.spellings = (sign, *others)
        return member

    EQUAL = "==", "is", "="
    NOT_EQUAL = "!=", "is not"
    LESS = "<"
    LESS_OR_EQUAL = "<="
    GREATER = ">"
    GREATER_OR_EQUAL = ">="
    CONTAINS = "CONTAINS", "contains"  # a text on the left, a part of it on the right
    HAS = "HAS", "has", ">-"  # a list on the left, one value on the right
    IN = "IN", "is one of", "<-"  # one value on the left, a list on the right
    NOT_IN = "NOT IN", "is not one of"


ORDERINGS = frozenset(
    {
        Comparator.LESS,
        Comparator.LESS_OR_EQUAL,
        Comparator.GREATER,
        Comparator.GREATER_OR_EQUAL,
    }
)


class Direction(StrEnum):
    """Which workers come first: those with the lowest or those with the highest number."""

    ASCENDING = "ASC"
    DESCENDING = "DESC"


def _aside() -> int:
    """An offset: kept with the node, but ignored in comparisons."""
    return field(default=0, compare=False, repr=False)


@frozen
class Path:
    """The way to a value: a key is a string, an index in a list is a number."""

    segments: tuple[str | int, ...]
    offset: int = _aside()

    def __str__(self) -> str:
        """The path as it is written in an expression."""
        first, *rest = self.segments
        return f"{first}" + "".join(f"[{s}]" if isinstance(s, int) else f".{s}" for s in rest)


@frozen(eq=False)
class Constant:
    """A text, a number, a boolean or null, as the expression has it."""

    value: str | float | bool | None
    offset: int = _aside()

    def __eq__(self, other: object) -> bool:
        """Equal by value, but True is not 1 here as it is in Python."""
        if not isinstance(other, Constant) or self.value != other.value:
            return False
        return isinstance(self.value, bool) is isinstance(other.value, bool)

    def __hash__(self) -> int:
        return hash(self.value)


@frozen
class ListLiteral:
    """A list that is written out in the expression."""

    items: tuple["Operand", ...]
    offset: int = _aside()


Operand: TypeAlias = Path | Constant | ListLiteral


@frozen
class Comparison:
    """Two operands and how they are compared; ``offset`` is that of the left one.

    ``unread`` and ``starred`` are what TaskRouter takes and nobody knows the meaning of (unsure.py): further values
    after a comma, and a ``*`` before parentheses. They decide nothing, and an expression with them is another one.
    """

    left: Operand
    comparator: Comparator
    right: Operand
    offset: int = _aside()
    spelling: str = field(default="", compare=False, repr=False)
    """The operator as written, as in ``=`` or ``>-``; empty in a tree that was not parsed."""
    unread: tuple[Constant, ...] = ()
    starred: bool = False


@frozen
class And:
    """All of two or more operands."""

    operands: tuple["Expression", ...]
    offset: int = _aside()
    grouped: bool = field(default=False, compare=False, repr=False)
    """Whether it was written in parentheses."""
    starred: bool = False


@frozen
class Or:
    """Any of two or more operands."""

    operands: tuple["Expression", ...]
    offset: int = _aside()
    grouped: bool = field(default=False, compare=False, repr=False)
    """Whether it was written in parentheses."""
    starred: bool = False


Expression: TypeAlias = Comparison | And | Or


@frozen
class OrderClause:
    """One clause of an order_by; the path begins with ``worker``."""

    path: Path
    direction: Direction
    offset: int = _aside()


@frozen
class OrderBy:
    """The clauses of an order_by; a later one decides where the earlier ones leave a tie."""

    clauses: tuple[OrderClause, ...]


Tree: TypeAlias = Expression | OrderBy | Path
"""A tree of any routing text."""


def expressions(tree: Tree) -> Iterator[Expression]:
    """Every expression within *tree*, from left to right, an outer one before its operands."""
    match tree:
        case Comparison():
            yield tree
        case And(operands) | Or(operands):
            yield tree
            for operand in operands:
                yield from expressions(operand)
        case OrderBy() | Path():
            return
        case _:
            assert_never(tree)


def flattened(expression: Expression) -> Expression:
    """*expression* without parentheses that change nothing: an AND right inside an AND, an OR right inside an OR."""
    match expression:
        case And(operands):
            return replace(expression, operands=tuple(_parts(And, operands)))
        case Or(operands):
            return replace(expression, operands=tuple(_parts(Or, operands)))
        case _:
            return expression


def _parts(kind: type[And | Or], operands: tuple[Expression, ...]) -> Iterator[Expression]:
    for each in map(flattened, operands):
        if isinstance(each, kind) and not each.starred:
            yield from each.operands
        else:
            yield each


def comparisons(tree: Tree) -> Iterator[Comparison]:
    """Every comparison of *tree*, from left to right."""
    match tree:
        case Comparison():
            yield tree
        case And(operands) | Or(operands):
            for operand in operands:
                yield from comparisons(operand)
        case OrderBy() | Path():
            return
        case _:
            assert_never(tree)


def paths(tree: Tree | Operand) -> Iterator[Path]:
    """Every path of *tree*, from left to right."""
    match tree:
        case Path():
            yield tree
        case Constant():
            return
        case ListLiteral(items):
            for item in items:
                yield from paths(item)
        case OrderBy(clauses):
            yield from (clause.path for clause in clauses)
        case Comparison():
            yield from paths(tree.left)
            yield from paths(tree.right)
        case And(operands) | Or(operands):
            for operand in operands:
                yield from paths(operand)
        case _:
            assert_never(tree)


def with_paths(expression: Expression, rewritten: Callable[[Path], Path]) -> Expression:
    """*expression* with every path replaced by the result of *rewritten* for it."""
    match expression:
        case Comparison(left, _, right):
            return replace(expression, left=_with_paths_in(left, rewritten), right=_with_paths_in(right, rewritten))
        case And(operands) | Or(operands):
            return replace(expression, operands=tuple(with_paths(each, rewritten) for each in operands))
        case _:
            assert_never(expression)


def _with_paths_in(operand: Operand, rewritten: Callable[[Path], Path]) -> Operand:
    match operand:
        case Path():
            return rewritten(operand)
        case Constant():
            return operand
        case ListLiteral(items):
            return replace(operand, items=tuple(_with_paths_in(item, rewritten) for item in items))
        case _:
            assert_never(operand)
