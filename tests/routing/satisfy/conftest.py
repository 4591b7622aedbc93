"""The judge of the decision procedure: every combination of values, tried with the evaluator."""

import math
from functools import cached_property, reduce
from itertools import chain, combinations, pairwise, product
from operator import and_

import pytest

from tr_apply.routing.evaluate import compiled
from tr_apply.routing.nodes import And, Comparator, Comparison, Constant, ListLiteral, comparisons, paths

LARGEST = 2**16
"""How many combinations are tried at most."""


class Grid:
    """Values for every path of some expressions, one of each kind that they distinguish, in every combination.

    It knows no search and no formula: an expression is the set of the combinations that satisfy it, a bit each. Only
    for expressions that compare paths with constants.

    The evaluator is asked about a comparison once for all combinations that have the same values of its path, of those
    within it, and of those that it is within: it reads nothing else.
    """

    def __init__(self, expressions):
        found = list(dict.fromkeys(each for tree in expressions for each in comparisons(tree)))
        self.paths = list(dict.fromkeys(path for each in found for path in paths(each)))
        self.kinds = {path: kinds_of(path, [each for each in found if path in paths(each)]) for path in self.paths}
        self.size = math.prod(map(len, self.kinds.values()))
        self.full = (1 << self.size) - 1
        self.known = {}

    @cached_property
    def having(self):
        """For each path, the combinations in which it has each of its kinds."""
        assert self.size <= LARGEST
        found, run = {}, 1
        for path, kinds in self.kinds.items():
            period = run * len(kinds)  # the kinds of a path take turns, each for a run of combinations
            first = self.full // ((1 << period) - 1) * ((1 << run) - 1)
            found[path] = [first << run * turn for turn in range(len(kinds))]
            run = period
        return found

    def bits(self, expression):
        if not isinstance(expression, Comparison):
            first, *rest = map(self.bits, expression.operands)
            for each in rest:
                first = first & each if isinstance(expression, And) else first | each
            return first
        if expression not in self.known:
            self.known[expression] = self.satisfying(expression)
        return self.known[expression]

    def satisfying(self, comparison):
        """The combinations that satisfy *comparison*."""
        read = [each for each in self.paths if any(is_related(each, path) for path in paths(comparison))]
        holds, found = compiled(comparison), 0
        for some in product(*(zip(self.kinds[each], self.having[each], strict=True) for each in read)):
            if holds(names_of(read, [kind for kind, _ in some])):
                found |= reduce(and_, (having for _, having in some), self.full)
        return found


def is_related(one, other):
    """Whether one of two paths is within the other, or they are the same."""
    return all(first == second for first, second in zip(one.segments, other.segments, strict=False))


def names_of(paths, values):
    names = {}
    for path, value in sorted(zip(paths, values, strict=True), key=lambda each: len(each[0].segments)):
        *way, last = path.segments
        holder = names
        for segment in way:
            holder = holder.setdefault(segment, {}) if isinstance(holder, dict) else None
        if isinstance(holder, dict):
            holder[last] = value.copy() if isinstance(value, dict) else value
    return names


def kinds_of(path, about):
    """Values of *path*, one for each set of comparisons that are true together; an object, in which others may lie."""
    constants = [each for comparison in about for each in constants_of(comparison)]
    numbers = sorted({each for each in constants if type(each) in {int, float}} | {0})
    between = [(low + high) / 2 for low, high in pairwise(numbers)]
    texts = [each for each in constants if isinstance(each, str)]
    parts = [each.right.value for each in about if each.comparator is Comparator.CONTAINS]
    listed = [each for comparison in about if asks_list(comparison, path) for each in constants_of(comparison)]
    tried = [
        *(None, True, False, {}, "zzz", *numbers, *between, numbers[0] - 1, numbers[-1] + 1, *texts),
        *(str(each) for each in (*numbers, *between, numbers[0] - 1, numbers[-1] + 1)),
        *("0" * 3 + str(each) for each in (*numbers, *between, numbers[-1] + 1) if each >= 0),
        *(" ".join((*some, *more)) for some in subsets(parts) for more in ((), ("zzz",))),
        *(list(some) for some in subsets(list(dict.fromkeys(listed)))),
    ]
    found, asked = {}, list(map(compiled, about))
    for value in tried:
        names = placed(path, value)
        found.setdefault((value == {}, *(holds(names) for holds in asked)), value)
    return list(found.values())


def subsets(items):
    return chain.from_iterable(combinations(items, size) for size in range(len(items) + 1))


def constants_of(comparison):
    for side in (comparison.left, comparison.right):
        for each in side.items if isinstance(side, ListLiteral) else (side,):
            if isinstance(each, Constant):
                yield each.value


def asks_list(comparison, path):
    on_left = comparison.comparator is Comparator.HAS and comparison.left == path
    return on_left or (comparison.comparator in {Comparator.IN, Comparator.NOT_IN} and comparison.right == path)


def placed(path, value):
    for segment in reversed(path.segments):
        value = {segment: value}
    return value


@pytest.fixture(scope="session")
def grid_of():
    return Grid


@pytest.fixture(scope="session")
def largest():
    return LARGEST
