"""Evaluates many expressions over many workers: every distinct comparison is a set of workers, kept as bits.

A *column* holds, for one path, the workers with each value. A comparison of a path with a constant is decided once for
each distinct value, by the ordinary `COMPARE`, and gives an integer with one bit a worker; AND and OR are those of
integers. So 500 expressions over 50,000 workers cost as much as reading three columns.

One worker against many expressions is faster with `evaluate.compiled`.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import reduce
from operator import and_, or_
from typing import Any, Final, TypeAlias, assert_never

from tr_apply.routing.evaluate import COMPARE, Names, compiled, evaluate, resolve
from tr_apply.routing.nodes import And, Comparator, Comparison, Constant, Expression, ListLiteral, Operand, Or, Path

Bits: TypeAlias = int
"""A set of workers: bit *n* represents worker number *n*."""

_Identity: TypeAlias = tuple[type, Any]

_KEPT_VALUES: Final = 256
"""Of a column with more distinct values no bits are kept: they would take more memory than the workers."""

_ANY_ELEMENT: Final = frozenset({Comparator.HAS, Comparator.IN})
_EMPTY_LIST: Final[list[Any]] = []
_EMPTY_OBJECT: Final[dict[str, Any]] = {}


def identity(value: Any) -> _Identity:
    """A key that distinguishes scalars: 1, 1.0 and true are three values here."""
    return type(value), value


def numbers_in(bits: Bits) -> Iterator[int]:
    """The numbers of a set, from the lowest."""
    text = bin(bits)[:1:-1]
    place = text.find("1")
    while place >= 0:
        yield place
        place = text.find("1", place + 1)


def bits_of(numbers: Iterable[int], size: int) -> Bits:
    """The set of these numbers, all of them less than *size*."""
    flags = bytearray(b"0") * (size + 1)
    for number in numbers:
        flags[size - number] = 49  # "1"
    return int(flags, 2)


class Column:
    """Which workers have which value at one path."""

    __slots__ = ("_elements", "_lists", "_objects", "_scalars")

    def __init__(self) -> None:
        self._scalars = _Values()
        self._elements = _Values()
        self._lists = _Values()
        self._objects = _Values()

    def add(self, number: int, value: Any) -> None:
        """Note the value of a worker who has none here yet."""
        if isinstance(value, list):
            self._lists.add(number, True)  # noqa: FBT003  # a value like any other
            for each in value:
                if not isinstance(each, (list, dict)):
                    self._elements.add(number, each)
        else:
            for values, each in self._entries(value):
                values.add(number, each)

    def remove(self, number: int, value: Any) -> None:
        """Forget the value of a worker."""
        for values, each in self._entries(value):
            values.remove(number, each)

    def _entries(self, value: Any) -> Iterable[tuple["_Values", Any]]:
        """Where a value belongs. Lists and objects within a list are left out: no comparison finds them."""
        if isinstance(value, list):
            elements = {identity(each): each for each in value if not isinstance(each, (list, dict))}
            return ((self._lists, True), *((self._elements, each) for each in elements.values()))
        return ((self._objects, True),) if isinstance(value, dict) else ((self._scalars, value),)

    def where(self, compare: Callable[[Any], bool], size: int, *, of_lists: "_OfLists") -> Bits:
        """The workers whose value makes *compare* true."""
        found = self._scalars.where(compare, size) | of_lists(self, compare, size)
        return found | self._objects.all(size) if compare(_EMPTY_OBJECT) else found

    def any_element(self, compare: Callable[[Any], bool], size: int) -> Bits:
        """The workers whose value is a list with at least one element that satisfies *compare*."""
        return self._elements.where(lambda element: compare([element]), size)

    def every_element(self, compare: Callable[[Any], bool], size: int) -> Bits:
        """The workers whose value is a list with only elements that satisfy *compare*."""
        if not compare(_EMPTY_LIST):
            return 0
        return self._lists.all(size) & ~self._elements.where(lambda element: not compare([element]), size)

    def list_itself(self, compare: Callable[[Any], bool], size: int) -> Bits:
        """The workers with a list, whatever is in it, if a list makes *compare* true."""
        return self._lists.all(size) if compare(_EMPTY_LIST) else 0


_OfLists: TypeAlias = Callable[[Column, Callable[[Any], bool], int], Bits]
"""How the lists of a column are compared."""


class _Values:
    """The workers of each distinct value, as numbers and, once asked for and where there are few values, as bits."""

    __slots__ = ("_bits", "_examples", "_numbers")

    def __init__(self) -> None:
        self._numbers: dict[_Identity, set[int]] = {}
        self._examples: dict[_Identity, Any] = {}
        self._bits: dict[_Identity, Bits] = {}

    def add(self, number: int, value: Any) -> None:
        key = (type(value), value)
        if (numbers := self._numbers.get(key)) is None:
            self._numbers[key] = {number}
            self._examples[key] = value
        else:
            numbers.add(number)
            if key in self._bits:
                self._bits[key] |= 1 << number

    def remove(self, number: int, value: Any) -> None:
        key = identity(value)
        numbers = self._numbers[key]
        numbers.remove(number)
        if not numbers:
            del self._numbers[key], self._examples[key]
            self._bits.pop(key, None)
        elif key in self._bits:
            self._bits[key] &= ~(1 << number)

    def where(self, compare: Callable[[Any], bool], size: int) -> Bits:
        keys = [key for key, value in self._examples.items() if compare(value)]
        if len(self._examples) > _KEPT_VALUES:
            return bits_of((number for key in keys for number in self._numbers[key]), size)
        return reduce(or_, (self._bits_of(key, size) for key in keys), 0)

    def all(self, size: int) -> Bits:
        return self.where(lambda _: True, size)

    def _bits_of(self, key: _Identity, size: int) -> Bits:
        if (bits := self._bits.get(key)) is None:
            bits = self._bits[key] = bits_of(self._numbers[key], size)
        return bits


class WorkerIndex:
    """The names of all workers, each with a number, and the columns that expressions have asked for."""

    __slots__ = ("_columns", "_comparisons", "_everyone", "_free", "_names")

    def __init__(self, names: Sequence[Names] = ()) -> None:
        self._names: dict[int, Names] = dict(enumerate(names))
        self._everyone: Bits = (1 << len(self._names)) - 1
        self._free: list[int] = []
        self._columns: dict[Path, Column] = {}
        self._comparisons: dict[Comparison, Bits] = {}

    @property
    def _size(self) -> int:
        """All numbers are less than this."""
        return len(self._names) + len(self._free)

    def add(self, names: Names) -> int:
        """A number for a new worker: the lowest that nobody has."""
        number = self._free.pop() if self._free else len(self._names)
        self._everyone |= 1 << number
        self._names[number] = names
        self._comparisons.clear()
        for path, column in self._columns.items():
            column.add(number, resolve(path, names))
        return number

    def replace(self, number: int, names: Names) -> None:
        """Give a worker other names."""
        before = self._names[number]
        self._names[number] = names
        self._comparisons.clear()
        for path, column in self._columns.items():
            old, new = resolve(path, before), resolve(path, names)
            if old is not new:
                column.remove(number, old)
                column.add(number, new)

    def remove(self, number: int) -> None:
        """Forget a worker; the number may be given to another."""
        names = self._names.pop(number)
        for path, column in self._columns.items():
            column.remove(number, resolve(path, names))
        self._comparisons.clear()
        self._everyone &= ~(1 << number)
        self._free.append(number)
        self._free.sort(reverse=True)

    def where(self, expression: Expression) -> Bits:
        """The workers who satisfy *expression*."""
        match expression:
            case Comparison():
                if (bits := self._comparisons.get(expression)) is None:
                    bits = self._comparisons[expression] = self._compared(expression)
                return bits
            case And(operands):
                return reduce(and_, map(self.where, operands))
            case Or(operands):
                return reduce(or_, map(self.where, operands))
            case _:
                assert_never(expression)

    def _compared(self, comparison: Comparison) -> Bits:
        compare, size = COMPARE[comparison.comparator], self._size
        match _constant(comparison.left), _constant(comparison.right), comparison:
            case (_,), (_,), _:
                return self._everyone if evaluate(comparison, {}) else 0
            case None, (right,), Comparison(Path() as path, comparator):
                of_lists: _OfLists = Column.any_element if comparator is Comparator.HAS else Column.list_itself
                return self._column(path).where(lambda value: compare(value, right), size, of_lists=of_lists)
            case (left,), None, Comparison(_, comparator, Path() as path):
                of_lists = _lists_on_the_right(comparator)
                return self._column(path).where(lambda value: compare(left, value), size, of_lists=of_lists)
            case _:
                return self._one_by_one(comparison)

    def _one_by_one(self, comparison: Comparison) -> Bits:
        """Of a comparison that is not between a path and a constant."""
        satisfied = compiled(comparison)
        found = (number for number, names in self._names.items() if satisfied(names))
        return bits_of(found, self._size)

    def _column(self, path: Path) -> Column:
        if (column := self._columns.get(path)) is None:
            column = self._columns[path] = Column()
            for number, names in self._names.items():
                column.add(number, resolve(path, names))
        return column


def _lists_on_the_right(comparator: Comparator) -> _OfLists:
    if comparator is Comparator.NOT_IN:
        return Column.every_element
    return Column.any_element if comparator is Comparator.IN else Column.list_itself


def _constant(operand: Operand) -> tuple[Any] | None:
    """The value of a constant operand; None if the operand names something."""
    match operand:
        case Constant(value):
            return (value,)
        case ListLiteral(items):
            values = [_constant(item) for item in items]
            return None if None in values else ([value[0] for value in values if value],)
        case Path():
            return None
        case _:
            assert_never(operand)
