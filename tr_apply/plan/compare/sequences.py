"""Where two sequences differ, in a time that grows with their length and not with its square or cube.

difflib alone takes minutes for two lists of a thousand values that alternate. So it only compares short stretches,
which lie between values that occur once in each of the two and keep their order.
"""

import difflib
from bisect import bisect_left
from collections import Counter
from collections.abc import Hashable, Iterator, Mapping, Sequence
from typing import NamedTuple

_SHORT = 400  # pairs of values; up to here difflib finds the best match


class Stretch(NamedTuple):
    """A stretch in which two sequences differ: from ``start`` to ``end`` in the old one, and where that is now."""

    start: int
    end: int
    new_start: int
    new_end: int


def differences(old: Sequence[Hashable], new: Sequence[Hashable]) -> Iterator[Stretch]:
    """The stretches in which *old* and *new* differ, in order."""
    position, new_position = 0, 0
    for index, new_index in [*_anchors(old, new), (len(old), len(new))]:
        yield from _between(old, new, Stretch(position, index, new_position, new_index))
        position, new_position = index, new_index  # an anchor is the first of the next stretch, and the same


def _anchors(old: Sequence[Hashable], new: Sequence[Hashable]) -> list[tuple[int, int]]:
    """The positions of elements that occur once in each sequence and keep their order."""
    counts, new_counts = Counter(old), Counter(new)
    places = {each: index for index, each in enumerate(new) if new_counts[each] == 1}
    common = {index: places[each] for index, each in enumerate(old) if counts[each] == 1 and each in places}
    return [(index, common[index]) for index in longest_rising(list(common), common)]


def _between(old: Sequence[Hashable], new: Sequence[Hashable], part: Stretch) -> Iterator[Stretch]:
    start, end, new_start, new_end = part
    while start < end and new_start < new_end and old[start] == new[new_start]:
        start, new_start = start + 1, new_start + 1
    while start < end and new_start < new_end and old[end - 1] == new[new_end - 1]:
        end, new_end = end - 1, new_end - 1
    if start == end and new_start == new_end:
        return
    if (end - start) * (new_end - new_start) > _SHORT:
        yield Stretch(start, end, new_start, new_end)
        return
    matcher = difflib.SequenceMatcher(None, old[start:end], new[new_start:new_end], autojunk=False)
    for tag, i1, i2, j1, j2 in matcher.get_opcodes():
        if tag != "equal":
            yield Stretch(start + i1, start + i2, new_start + j1, new_start + j2)


def longest_rising(keys: Sequence[int], places: Mapping[int, int]) -> list[int]:
    """The most of *keys* whose *places* rise, in their order."""
    ends: list[int] = []
    last: list[int] = []
    previous: list[int | None] = []
    for index, key in enumerate(keys):
        length = bisect_left(ends, places[key])
        previous.append(last[length - 1] if length else None)
        ends[length : length + 1] = [places[key]]
        last[length : length + 1] = [index]
    rising: list[int] = []
    at = last[-1] if last else None
    while at is not None:
        rising.append(keys[at])
        at = previous[at]
    return rising[::-1]
