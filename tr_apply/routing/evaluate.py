"""The meaning of expressions; no other module knows it.

A *name mapping* holds the values of the names in an expression: the attributes for a queue or a filter,
``{"task": …, "worker": …}`` for a target, ``{"workers": {…}}`` for a skip_if.

Values are JSON values. A path that does not exist has the value None, which is null. Rules that Twilio does not
document and nobody has proven are marked "unsure" in the code.
"""

import operator
import re
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias, TypeVar, assert_never

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
)

Names: TypeAlias = Mapping[str, Any]
Predicate: TypeAlias = Callable[[Names], bool]
WorkerT = TypeVar("WorkerT")

_NUMERIC: Final = re.compile(r"-?[0-9]+(\.[0-9]+)?")
_CONTAINERS: Final = (list, dict)
_NUMBERS: Final = frozenset({int, float})  # exact types, because a bool is an int to Python


def evaluate(expression: Expression, names: Names) -> bool:
    """Whether *names* satisfy *expression*. Every expression has an answer; none is an error."""
    match expression:
        case Comparison(left, comparator, right):
            return COMPARE[comparator](_read(left, names), _read(right, names))
        case And(operands):
            return all(evaluate(operand, names) for operand in operands)
        case Or(operands):
            return any(evaluate(operand, names) for operand in operands)
        case _:
            assert_never(expression)


def resolve(path: Path, names: Names) -> Any:
    """The value at *path*; None where there is none.

    A key applies to objects only and an index to lists only.
    """
    value: Any = names
    for segment in path.segments:
        if isinstance(segment, str):
            if not isinstance(value, (dict, Mapping)):  # dict first: the cheap answer
                return None
            value = value.get(segment)
        elif isinstance(value, list) and segment < len(value):
            value = value[segment]
        else:
            return None
    return value


def _read(operand: Operand, names: Names) -> Any:
    match operand:
        case Path():
            return resolve(operand, names)
        case Constant(value):
            return value
        case ListLiteral(items):
            return [_read(item, names) for item in items]
        case _:
            assert_never(operand)


# Two values


def _same(left: Any, right: Any) -> bool:
    """Equality of scalars: numbers by value, texts exactly, and nothing across types.

    Unsure: that a boolean never equals a number or a text, and a number never a text.
    """
    return bool(left == right) and isinstance(left, bool) == isinstance(right, bool)


def _equal(left: Any, right: Any) -> bool:
    if left is None or right is None:
        # Null alone may be compared with a list. Unsure: that two missing values are equal.
        return left is right
    # A list is never equal, not even to itself. Unsure: that an object is not, either.
    return not isinstance(left, _CONTAINERS) and _same(left, right)


def _not_equal(left: Any, right: Any) -> bool:
    if left is None or right is None:
        return left is not right
    if isinstance(left, _CONTAINERS) or isinstance(right, _CONTAINERS):
        return False  # a scalar operator on a list is false, this one too
    return not _same(left, right)


def _ordered(compare: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    def ordered(left: Any, right: Any) -> bool:
        if type(left) in _NUMBERS and type(right) in _NUMBERS:
            return compare(left, right)
        if isinstance(left, str) and isinstance(right, str):
            return compare(left, right)  # unsure: by code points
        # Unsure: that a text with a number in it is compared with a number as that number.
        first, second = as_number(left), as_number(right)
        return first is not None and second is not None and compare(first, second)

    return ordered


def as_number(value: Any) -> float | None:
    """The number that *value* is or, being a text, holds; None for any other value."""
    if isinstance(value, str):
        return float(value) if _NUMERIC.fullmatch(value) else None
    return value if type(value) in _NUMBERS else None


def _contains(left: Any, right: Any) -> bool:
    return isinstance(left, str) and isinstance(right, str) and right in left


def _has(left: Any, right: Any) -> bool:
    if not isinstance(left, list) or isinstance(right, _CONTAINERS):
        return False  # unsure: a list is never an element of a list
    if right not in left:  # the cheap answer; what it finds may still be 1 for True
        return False
    return any(_same(element, right) for element in left)


def _is_in(left: Any, right: Any) -> bool:
    return _has(right, left)


def _not_in(left: Any, right: Any) -> bool:
    """Unsure: a missing value is in no list, so the result is true."""
    if not isinstance(right, list) or isinstance(left, _CONTAINERS):
        return False  # a list that is missing makes this false, an empty one true
    return not _has(right, left)


COMPARE: Final[Mapping[Comparator, Callable[[Any, Any], bool]]] = {
    Comparator.EQUAL: _equal,
    Comparator.NOT_EQUAL: _not_equal,
    Comparator.LESS: _ordered(operator.lt),
    Comparator.LESS_OR_EQUAL: _ordered(operator.le),
    Comparator.GREATER: _ordered(operator.gt),
    Comparator.GREATER_OR_EQUAL: _ordered(operator.ge),
    Comparator.CONTAINS: _contains,
    Comparator.HAS: _has,
    Comparator.IN: _is_in,
    Comparator.NOT_IN: _not_in,
}
"""Each comparator as a function of two JSON values."""


# One mapping of names, many expressions


def compiled(expression: Expression, comparison: Callable[[Comparison], Predicate] | None = None) -> Predicate:
    """*expression* as a function of the names; the same answers as `evaluate`, sooner.

    *comparison* compiles each of its comparisons, if that is not to be done here.
    """
    match expression:
        case Comparison():
            return (comparison or _compiled_comparison)(expression)
        case And(operands):
            return _all_of(tuple(compiled(operand, comparison) for operand in operands))
        case Or(operands):
            return _any_of(tuple(compiled(operand, comparison) for operand in operands))
        case _:
            assert_never(expression)


def _compiled_comparison(comparison: Comparison) -> Predicate:
    left, right, compare = comparison.left, comparison.right, COMPARE[comparison.comparator]
    read_left, read_right = reader(left), reader(right)
    if isinstance(right, Constant):
        value = right.value
        if compare is _equal and isinstance(value, str):
            return _text_equality(left, value)
        return lambda names: compare(read_left(names), value)
    return lambda names: compare(read_left(names), read_right(names))


def _text_equality(left: Operand, text: str) -> Predicate:
    """The most frequent comparison of workflow filters: a text equals only the same text."""
    match left:
        case Path((str() as key,)):
            return lambda names: names.get(key) == text
        case _:
            read_left = reader(left)
            return lambda names: read_left(names) == text


def reader(operand: Operand) -> Callable[[Names], Any]:
    """The function that reads an operand from names; for a path it returns the same as `resolve`, sooner."""
    match operand:
        case Path((str() as key,)):
            return lambda names: names.get(key)
        case Path((str() as outer, str() as inner)):
            return _nested_reader(outer, inner)
        case Path():
            return lambda names: resolve(operand, names)
        case Constant(value):
            return lambda _: value
        case ListLiteral(items):
            return _list_reader(items)
        case _:
            assert_never(operand)


def _nested_reader(outer: str, inner: str) -> Callable[[Names], Any]:
    def read(names: Names) -> Any:
        value = names.get(outer)
        return value.get(inner) if isinstance(value, (dict, Mapping)) else None

    return read


def _list_reader(items: tuple[Operand, ...]) -> Callable[[Names], list[Any]]:
    readers = tuple(reader(item) for item in items)
    if all(isinstance(item, Constant) for item in items):
        values = [read({}) for read in readers]
        return lambda _: values
    return lambda names: [read(names) for read in readers]


def _all_of(parts: tuple[Predicate, ...]) -> Predicate:
    def every(names: Names) -> bool:
        for part in parts:  # noqa: SIM110  all() with a generator takes twice the time
            if not part(names):
                return False
        return True

    return every


def _any_of(parts: tuple[Predicate, ...]) -> Predicate:
    def some(names: Names) -> bool:
        for part in parts:  # noqa: SIM110  any() with a generator takes twice the time
            if part(names):
                return True
        return False

    return some


# order_by


def order_key(order_by: OrderBy, attributes: Names) -> tuple[tuple[bool, int], ...]:
    """The key to sort a worker by, lowest first; *attributes* are the values of ``worker.``.

    A worker without the attribute comes last in both directions. Unsure: so does one whose attribute is not an integer,
    and 5.0 is not an integer. If no worker has an integer, the clause has no effect.
    """
    names = {"worker": attributes}
    return tuple(_clause_key(resolve(clause.path, names), clause.direction) for clause in order_by.clauses)


def _clause_key(value: Any, direction: Direction) -> tuple[bool, int]:
    if type(value) is not int:
        return True, 0
    return False, value if direction is Direction.ASCENDING else -value
