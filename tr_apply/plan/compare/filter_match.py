"""Pairs the filters of two workflow documents.

Filters pair by a unique name; the rest by equal content, then by an equal expression, then by similarity. So a filter
added at the top is one change, with or without names, and renaming a filter while editing it does not make a new one.
"""

from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from tr_apply.frozen import frozen
from tr_apply.plan.compare.equality import expression_key
from tr_apply.plan.compare.sequences import longest_rising
from tr_apply.resources.workflow import Filter, Target
from tr_apply.routing.tokens import MAX_LENGTH, tokenize

_LEAST_LIKENESS = 0.5
_MOST_PAIRS = 40_000  # pairs whose likeness is worked out; beyond that only names and expressions count
_OPERANDS = frozenset({"PATH", "STRING", "NUMBER", "INVALID"})


def matched_filters(before: Sequence[Filter], after: Sequence[Filter]) -> dict[int, int]:
    """The position in *before* of each filter of *after* that was there already; both count from 0."""
    matching = _FilterMatching(before, after)
    matching.by_name()
    for key in (_content, _body, _telling_expression):
        matching.by_key(key)
    matching.by_likeness()
    return matching.found


def moved_filters(matched: Mapping[int, int]) -> set[int]:
    """The fewest filters whose moving explains the new order, by their new positions."""
    positions = sorted(matched)
    return set(positions) - set(longest_rising(positions, matched))


def paired_filters(before: Sequence[Filter], after: Sequence[Filter]) -> tuple[dict[int, int], set[int]]:
    """The position in *before* of each filter of *after* that was there, and the positions of those that have moved."""
    matched = matched_filters(before, after)
    return matched, moved_filters(matched)


def has_own_name(name: str | None, *sides: Sequence[Filter]) -> bool:
    """Whether *name* is unique on each side."""
    return bool(name) and all(_names(side)[name] <= 1 for side in sides)


def _names(filters: Iterable[Filter]) -> Counter[str | None]:
    return Counter(each.name or None for each in filters)


class _FilterMatching:
    """The pairs found so far."""

    def __init__(self, before: Sequence[Filter], after: Sequence[Filter]) -> None:
        self._before = before
        self._after = after
        self.found: dict[int, int] = {}

    def by_name(self) -> None:
        names, others = _names(self._before), _names(self._after)
        places = {each.name: index for index, each in enumerate(self._before) if each.name}
        for index, each in enumerate(self._after):
            if each.name and names[each.name] == 1 and others[each.name] == 1:
                self.found[index] = places[each.name]

    def by_key(self, key: Any) -> None:
        """Pair those that share a *key* that is not None, in their order."""
        left: dict[Hashable, list[int]] = defaultdict(list)
        for index in reversed(self._left_before()):
            left[key(self._before[index])].append(index)
        left.pop(None, None)
        for index in self._left_after():
            if same := left.get(key(self._after[index])):
                self.found[index] = same.pop()

    def by_likeness(self) -> None:
        """Pair the rest, the most similar ones first."""
        old, new = self._left_before(), self._left_after()
        if len(old) * len(new) > _MOST_PAIRS:
            return
        of_old = {i: _features(self._before[i]) for i in old}
        of_new = {j: _features(self._after[j]) for j in new}
        scores = ((-_likeness(of_old[i], of_new[j]), abs(i - j), i, j) for i in old for j in new)
        taken: set[int] = set()
        for score, _, i, j in sorted(scores):
            if -score >= _LEAST_LIKENESS and i not in taken and j not in self.found:
                self.found[j] = i
                taken.add(i)

    def _left_before(self) -> list[int]:
        taken = set(self.found.values())
        return [index for index in range(len(self._before)) if index not in taken]

    def _left_after(self) -> list[int]:
        return [index for index in range(len(self._after)) if index not in self.found]


def _telling_expression(each: Filter) -> Hashable:
    """The expression as a key; None for one that any filter may have, such as ``1==1``."""
    return expression_key(each.expression) if any(map(_is_attribute, _words(each.expression))) else None


def _is_attribute(word: str) -> bool:
    return word[0] not in "'\"-0123456789"


def _body(each: Filter) -> Hashable:
    return expression_key(each.expression), tuple(map(_target, each.targets))


def _content(each: Filter) -> Hashable:
    return each.name or None, _body(each)


def _target(target: Target) -> str:
    return repr(target)


@frozen
class _Features:
    """The properties that identify a filter."""

    words: Mapping[str, int]
    queues: Mapping[str | None, int]
    targets: Mapping[str, int]


def _features(each: Filter) -> _Features:
    queues, targets = (target.queue for target in each.targets), map(_target, each.targets)
    return _Features(Counter(_words(each.expression)), Counter(queues), Counter(targets))


def _likeness(one: _Features, other: _Features) -> float:
    """From 0, nothing in common, to 1: what they ask for counts a little more than where they lead."""
    words = _shared(one.words, other.words)
    targets = (_shared(one.targets, other.targets) + _shared(one.queues, other.queues)) / 2
    return 0.6 * words + 0.4 * targets


def _words(expression: str) -> Iterator[str]:
    if len(expression) <= MAX_LENGTH:
        yield from (token.text for token in tokenize(expression) if token.kind in _OPERANDS)


def _shared(one: Mapping[Any, int], other: Mapping[Any, int]) -> float:
    """The share that two multisets have in common."""
    total = sum(one.values()) + sum(other.values())
    common = sum(min(number, other.get(each, 0)) for each, number in one.items())
    return 2 * common / total if total else 1.0
