"""The values worth trying for a path: finitely many, and among them one of each kind that an expression distinguishes.

Paths that some comparison joins are one group and share their values, because a constant of one may travel to another.
There are as many fresh values of each kind as the group has paths, because all of them may have to differ.
"""

import math
from collections.abc import Collection, Hashable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Final, TypeAlias

from tr_apply.routing.evaluate import as_number
from tr_apply.routing.nodes import ORDERINGS, Comparator, Comparison, Constant, ListLiteral, Operand, Path
from tr_apply.routing.place import Place, built_in_types
from tr_apply.routing.satisfy.gaps import Wording, numbers_between, other_numbers, spellings, texts_between
from tr_apply.routing.value_types import INTEGER, TEXT

LONGEST_WHOLE: Final = 40
"""Characters of a text whose parts are all tried, where an expression asks for its parts."""


@dataclass(frozen=True, slots=True)
class Candidates:
    """The values of one group of paths, those that make the shortest example first."""

    values: tuple[Any, ...]
    """Null is the first; ``[]`` and ``{}`` are the last two and represent every list and every object."""

    complete: bool
    """Whether no other value could make a difference."""

    free_text: int | None
    """Index of the text that represents every other one, whatever its parts; None where no parts matter."""

    parts: tuple[str, ...]
    wording: Wording

    @property
    def a_list(self) -> int:
        """The mask of every list."""
        return 1 << len(self.values) - 2

    @property
    def an_object(self) -> int:
        """The mask of every object."""
        return 1 << len(self.values) - 1

    @property
    def anything(self) -> int:
        """The mask of all values."""
        return (1 << len(self.values)) - 1


NULL: Final = 1
"""The mask of null."""


ScalarKey: TypeAlias = tuple[bool, Hashable]


def key_of(value: Any) -> ScalarKey:
    """A key that is equal for equal scalars; unlike in Python, True is not 1."""
    return isinstance(value, bool), value


def candidates(comparisons: Iterable[Comparison], *, size: int, bounds: Collection[int] = ()) -> Candidates:
    """The values of a group of *size* paths, which *comparisons* are about; *bounds* matter as their constants do."""
    constants = _Constants(set(bounds))
    for comparison in comparisons:
        constants.add(comparison)
    return constants.candidates(size)


@dataclass(slots=True)
class _Constants:
    """The constants of a group, by how they are compared; dictionaries keep the order of writing."""

    bounds: set[int]
    equal: dict[Hashable, Any] = field(default_factory=dict)
    numbers: dict[float, None] = field(default_factory=dict)
    """Those that < and the like compare, as numbers."""
    texts: dict[str, None] = field(default_factory=dict)
    """Those that they compare, as texts."""
    parts: dict[str, None] = field(default_factory=dict)
    wholes: dict[str, None] = field(default_factory=dict)
    tangled: bool = False
    """Whether no finite set of values will do: < or CONTAINS compares two paths, or a comparison has values
    that nobody knows the meaning of (unsure.py)."""

    def add(self, comparison: Comparison) -> None:
        left, comparator, right = comparison.left, comparison.comparator, comparison.right
        self.tangled |= bool(comparison.unread)
        if comparator in ORDERINGS or comparator is Comparator.CONTAINS:
            self.tangled |= isinstance(left, Path) and isinstance(right, Path) and left != right
        if comparator in ORDERINGS:
            self._add_bound(left)
            self._add_bound(right)
        elif comparator is Comparator.CONTAINS:
            self.wholes.update(dict.fromkeys(_texts(left)))
            self.parts.update(dict.fromkeys(_texts(right)))
        else:
            self.equal.update((key_of(each), each) for side in (left, right) for each in _scalars(side))

    def _add_bound(self, operand: Operand) -> None:
        for each in _scalars(operand) if isinstance(operand, Constant) else ():
            if isinstance(each, str):
                self.texts[each] = None
            elif (number := as_number(each)) is not None:
                self.numbers[number] = None

    def candidates(self, size: int) -> Candidates:
        taken = self._taken()
        wording = Wording(taken, self.parts, self.wholes)
        others = wording.others(size)
        numbers, all_numbers = self._numbers(size)
        written, all_written = _written(numbers if self.numbers else (), taken, size)
        values = [None, *self.equal.values(), *self.texts, *others, *numbers, True, False, *written]
        values += [*(texts_between(taken) if self.texts else ()), *taken]
        distinct: dict[ScalarKey, Any] = {}
        for each in values:
            distinct.setdefault(key_of(each), each)
        return Candidates(
            values=(*distinct.values(), [], {}),
            complete=all_numbers and all_written and self._is_complete(size),
            free_text=list(distinct).index(key_of(others[0])) if self.parts else None,
            parts=tuple(self.parts),
            wording=wording,
        )

    def _taken(self) -> dict[str, None]:
        """Every text that a constant is or, as a part, may be equal to."""
        equal = (each for each in self.equal.values() if isinstance(each, str))
        within = (part for whole in self.wholes for part in _parts_of(whole))
        return dict.fromkeys((*equal, *self.texts, *within))

    def _numbers(self, size: int) -> tuple[list[float], bool]:
        """Numbers for every kind, and whether these are all that matter."""
        equal = [each for each in self.equal.values() if as_number(each) is not None and not isinstance(each, str)]
        ordering = [*self.numbers, *(number for text in self.texts if (number := as_number(text)) is not None)]
        known = [*ordering, *equal, *self.bounds]
        if not ordering and not self.bounds:
            return list(other_numbers(known, size)), True
        try:
            return [*known, *numbers_between(known, size)], True
        except OverflowError:
            return known, False

    def _is_complete(self, size: int) -> bool:
        by_part = bool(self.parts or self.wholes)
        digits = any(set(part) <= set("0123456789.-") for part in self.parts if part)
        return not (
            self.tangled
            or (self.texts and (self.numbers or by_part or size > 1))
            or (self.numbers and digits)
            or (by_part and size > 1)
            or any(len(whole) > LONGEST_WHOLE for whole in self.wholes)
        )


def _written(numbers: Iterable[float], taken: Collection[str], size: int) -> tuple[list[str], bool]:
    """Each number as *size* new texts, because ``"6" > 5`` compares as 6; and whether they all mean that number."""
    texts, exact = [], True
    for number in numbers:
        new = list(islice((each for each in spellings(number) if each not in taken), size))
        exact = exact and all(as_number(each) == number for each in new)
        texts += new
    return texts, exact


def _parts_of(whole: str) -> Iterator[str]:
    if len(whole) > LONGEST_WHOLE:
        yield whole
        return
    ends = range(len(whole) + 1)
    yield from (whole[start:end] for start in ends for end in ends[start:])


def _texts(operand: Operand) -> Iterator[str]:
    if isinstance(operand, Constant) and isinstance(operand.value, str):
        yield operand.value


def _scalars(operand: Operand) -> Iterator[Any]:
    """The constants of *operand*; a list within a list equals nothing."""
    for each in operand.items if isinstance(operand, ListLiteral) else (operand,):
        if isinstance(each, Constant):
            yield each.value


# Names of TaskRouter's own

_FULL: Final = 100  # per cent
_ROOTS: Final = {Place.TARGET: {"task", "worker"}, Place.SKIP_IF: {"workers"}}
"""The names that are objects whatever the task and the worker (reference: naming)."""


def possible(values: Candidates, path: Path, place: Place) -> int:
    """The mask of those *values* that *path* can have in *place*.

    Names and SIDs of workers are texts, counts are whole numbers from 0, a percentage ends at 100. A count may be
    missing: that of a channel or an activity that does not exist.
    """
    if len(path.segments) == 1 and path.segments[0] in _ROOTS.get(place, ()):
        return values.an_object
    types = built_in_types(path, place)
    if types == TEXT:
        return _mask(isinstance(each, str) for each in values.values)
    if types == INTEGER:
        most = _FULL if _is_percentage(path) else math.inf
        return _mask(each is None or _is_count(each, most) for each in values.values)
    return values.anything


def _mask(chosen: Iterable[bool]) -> int:
    return sum(1 << n for n, each in enumerate(chosen) if each)


def _is_count(value: Any, most: float) -> bool:
    """Whether *value* is a whole number from 0 to *most*; an expression may write 5 as 5.0."""
    number = as_number(value) if not isinstance(value, str) else None
    return number is not None and 0 <= number <= most and number % 1 == 0


def bounds_of(path: Path, place: Place) -> Collection[int]:
    """The least and the greatest number that *path* can be, where there are such."""
    if built_in_types(path, place) != INTEGER:
        return ()
    return (0, _FULL) if _is_percentage(path) else (0,)


def _is_percentage(path: Path) -> bool:
    return path.segments[-1] == "available_capacity_percentage"


def is_own(path: Path, place: Place) -> bool:
    """Whether TaskRouter provides the value of *path*, whatever the attributes say."""
    return built_in_types(path, place) is not None
