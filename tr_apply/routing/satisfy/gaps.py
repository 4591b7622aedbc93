"""Values between constants: numbers, texts, numbers written as texts, and texts that equal no constant."""

import math
import string
from collections.abc import Collection, Iterable, Iterator
from decimal import Decimal
from fractions import Fraction
from itertools import chain, count, islice, pairwise
from typing import Final

_EXACT: Final = 2**53
"""Up to here every whole number is a float of its own."""

_WORD: Final = "other"
_SEPARATORS: Final = " ,;|/-_"


def numbers_between(constants: Iterable[float], wanted: int) -> Iterator[float]:
    """Below, between and above *constants*, *wanted* numbers in each gap, or all that fit: whole ones first.

    Raises:
        OverflowError: A gap has too few whole numbers, and is in a range where floats are coarser than those.
    """
    ordered = sorted(set(constants))
    if not ordered:
        yield from range(wanted)
        return
    yield from (math.floor(ordered[-1]) + step for step in range(1, wanted + 1))
    yield from (math.ceil(ordered[0]) - step for step in range(1, wanted + 1))
    for low, high in pairwise(ordered):
        yield from _in_gap(low, high, wanted)


def _in_gap(low: float, high: float, wanted: int) -> Iterator[float]:
    first = math.floor(low) + 1
    whole = [each for each in range(first, first + wanted) if each < high]
    yield from whole
    if len(whole) < wanted:
        yield from _fractions(low, high, wanted)


def _fractions(low: float, high: float, wanted: int) -> Iterator[float]:
    """Raises OverflowError where floats do not suffice."""
    if max(abs(low), abs(high)) > _EXACT:
        raise OverflowError
    start, width = Fraction(low), Fraction(high) - Fraction(low)
    found = {float(start + width * step / (2 * wanted)) for step in range(1, 2 * wanted)}
    inside = sorted(each for each in found if low < each < high and not each.is_integer())
    if len(inside) < wanted:
        raise OverflowError
    yield from inside[:wanted]


def other_numbers(constants: Collection[float], wanted: int) -> Iterator[float]:
    """The first *wanted* whole numbers from 1 that are not among *constants*."""
    return islice((each for each in count(1) if each not in constants), wanted)


def spellings(number: float) -> Iterator[str]:
    """All texts of one number: with 0, 1, 2... zeros in front of the shortest."""
    sign = "-" if number < 0 else ""
    digits = format(Decimal(repr(abs(number))), "f")
    return (sign + "0" * zeros + digits for zeros in count())


def texts_between(constants: Iterable[str]) -> Iterator[str]:
    """A text in each gap between *constants*, in the order of code points, and one after the last.

    Nothing fits between a text and the same with U+0000 appended. Every other gap holds at least that.
    """
    ordered = sorted({"", *constants})
    for low, high in pairwise(ordered):
        yield from islice((low + each for each in "a \x01\x00" if low + each < high), 1)
    yield ordered[-1] + "a"


class Wording:
    """Builds texts that contain exactly the required parts, and equal no constant."""

    __slots__ = ("_separator", "_stem", "_taken", "_wholes")

    def __init__(self, taken: Collection[str], parts: Collection[str], wholes: Iterable[str]) -> None:
        self._taken, self._wholes = taken, tuple(wholes)
        written = set("".join((*parts, *self._wholes)))
        self._separator = next(_characters(_SEPARATORS, written))
        has_part = any(part and part in _WORD for part in parts)
        self._stem = next(_characters(string.ascii_lowercase, written)) if has_part else _WORD

    def others(self, wanted: int) -> list[str]:
        """Texts without any part: the stem once, twice..."""
        longer = (self._separator.join([self._stem] * times) for times in count(1))
        return list(islice(filter(self._is_new, longer), wanted))

    def holding(self, parts: Collection[str]) -> str:
        """A text with *parts* and no others; a part contained in another one is included with it."""
        outer = [each for each in parts if not any(each != other and each in other for other in parts)]
        text = self._separator.join(outer) or self._stem
        while not self._is_new(text):
            text = f"{self._stem}{self._separator}{text}"
        return text

    def _is_new(self, text: str) -> bool:
        return text not in self._taken and not any(text in whole for whole in self._wholes)


def _characters(preferred: str, unwanted: Collection[str]) -> Iterator[str]:
    """Of *preferred*, then of all others that are not digits, those that are not *unwanted*."""
    everything = chain(preferred, map(chr, range(0xA1, 0xD800)))
    return (each for each in everything if each not in unwanted and not each.isdigit())
