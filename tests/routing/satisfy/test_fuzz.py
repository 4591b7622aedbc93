"""Random expressions over constants that are easily confused, tried on every value of a pool: the search for one that
satisfies an expression must never say that there is none where the pool has one."""

import random
from collections import Counter
from itertools import chain, combinations, compress, product

import pytest

from tr_apply.routing.evaluate import compiled, evaluate
from tr_apply.routing.nodes import ORDERINGS, And, Comparator, Comparison, Constant, ListLiteral, Or, Path
from tr_apply.routing.nodes import paths as paths_of
from tr_apply.routing.place import Place
from tr_apply.routing.satisfy import Expressions, Satisfiable, Unknown, Unsatisfiable

TEXTS = (
    *("", " ", "a", "aa", "ab", "abc", "abcd", "abd", "ac", "b", "ba", "bc", "c", "b a", "ab b", "other", "z", "A"),
    *("5", "05", "005", "5.0", "5.5", "05.5", "6", "-1", "-01", "-2", "0", "4", "5.2", "05.2", "10", "55", "a5", "5a"),
    *("5.0a", "ab5", "b5.0", "05 a", "abc 5", "-1a", "a\x00", "a\x01", "ab\x00", "5\x00", "\x00", "05\x00", "5.", "~"),
)
NUMBERS = (5, 5.5, -1, 0, 1, 2, 4, 4.5, 5.2, 5.25, 6, 7, 10, 55, 100, 101, -0.5, -2, -1.5, 0.5, 99.5, 2**60)
LISTED = ("5", 5, "05", None, True, "a", "ab")
LISTS = [list(each) for each in chain.from_iterable(combinations(LISTED, size) for size in (0, 1, 2, 7))]
SCALARS = (None, True, False, *NUMBERS, *TEXTS)
ONE = (*SCALARS, *LISTS, [[5]], ["zz"], {}, *({"b": value} for value in (*SCALARS, ["a"], [], {})))
"""The values for one attribute: 198."""
FEW = (*(None, True, 5, 5.5, 6, -1, "", "5", "05", "5.0", "6", "a", "ab", "abc", "b", "other"), *LISTS[:9], LISTS[-1])
"""The values for each of two or three attributes."""

CONSTANTS = ("", "5", 5, "05", "5.0", 5.5, -1, None, True, "a", "ab", "abc", "b")
PLAIN = (Comparator.EQUAL, Comparator.NOT_EQUAL, Comparator.IN, Comparator.NOT_IN, Comparator.HAS)
ORDERED = (*PLAIN, *sorted(ORDERINGS))
CONTAINED = (*PLAIN, Comparator.CONTAINS)
A, B, C, D = Path(("a",)), Path(("a", "b")), Path(("c",)), Path(("d",))


class Dice:
    """Random expressions about *paths*; a share of *between* compares two of them.

    Only *tangled* expressions compare two by order or by containment.
    """

    def __init__(self, *paths, comparators=PLAIN, between=0.0, constants=CONSTANTS, ordered=None, tangled=False):
        self.dice = random.Random(20261130)
        self.paths, self.comparators, self.between = paths, comparators, between
        self.constants, self.ordered = constants, ordered or constants
        self.tangling = set() if tangled else {*ORDERINGS, Comparator.CONTAINS}

    def expression(self, depth=2):
        if depth == 0 or self.dice.random() < 0.25:
            return self.comparison()
        join = self.dice.choice((And, Or))
        return join(tuple(self.expression(depth - 1) for _ in range(self.dice.randint(2, 4))))

    def comparison(self):
        left, comparator = self.dice.choice(self.paths), self.dice.choice(self.comparators)
        right = self.right(comparator)
        swapped = self.dice.random() < (0.1 if comparator in {Comparator.EQUAL, Comparator.HAS} else 0.3)
        return Comparison(right, comparator, left) if swapped else Comparison(left, comparator, right)

    def right(self, comparator):
        if comparator not in self.tangling and self.dice.random() < self.between:
            return self.dice.choice(self.paths)
        if comparator in {Comparator.IN, Comparator.NOT_IN} and self.dice.random() < 0.7:
            few = map(Constant, self.dice.sample(self.constants, self.dice.randint(0, 3)))
            return ListLiteral((*few, *([self.dice.choice(self.paths)] if self.dice.random() < self.between else ())))
        return Constant(self.dice.choice(self.ordered if comparator in ORDERINGS else self.constants))


class Pool:
    """Every combination of values as one bit of a number, for each comparison that is asked about."""

    def __init__(self, **values):
        self.values = values
        self.known = {}
        self.some = {}
        self.rows = {}
        self.every = self.some_of(tuple(values))
        self.full = (1 << len(self.every)) - 1

    def satisfying(self, expression):
        if not isinstance(expression, Comparison):
            first, *rest = map(self.satisfying, expression.operands)
            for each in rest:
                first = first & each if isinstance(expression, And) else first | each
            return first
        if expression not in self.known:
            keys = tuple(key for key in self.values if any(map(is_about(key), paths_of(expression))))
            digits = ["01"[holds] for holds in map(compiled(expression), self.some_of(keys))]
            self.known[expression] = int("".join(map(digits.__getitem__, self.rows_of(keys))), 2)
        return self.known[expression]

    def some_of(self, keys):
        """The names of every combination of the values of *keys* alone."""
        if keys not in self.some:
            chosen = product(*(self.values[key] for key in keys))
            self.some[keys] = [nested(dict(zip(keys, each, strict=True))) for each in chosen]
        return self.some[keys]

    def rows_of(self, keys):
        """Which combination of the values of *keys* alone each combination of all values has, as a number."""
        if keys not in self.rows:
            sizes = [range(len(each)) for each in self.values.values()]
            some = {each: row for row, each in enumerate(product(*(range(len(self.values[key])) for key in keys)))}
            chosen = [key in keys for key in self.values]
            self.rows[keys] = [some[tuple(compress(each, chosen))] for each in product(*sizes)]
        return self.rows[keys]

    def first(self, bits):
        return self.every[len(self.every) - bits.bit_length()]


def is_about(key):
    """Whether a path reads anything of the value at *key*, which is a key such as ``worker__sid``."""
    way = tuple(key.split("__"))
    return lambda path: all(one == other for one, other in zip(way, path.segments, strict=False))


def nested(values):
    """Names out of keys such as ``worker__sid``."""
    names = {}
    for key, value in values.items():
        *way, last = key.split("__")
        holder = names
        for segment in way:
            holder = holder.setdefault(segment, {})
        holder[last] = value
    return names


def share_unknown(pool, dice, count, place=Place.FILTER):
    """The share of unknown answers about *count* expressions, each of which is found right if it is one.

    An expression that the dice give again has the same answers again, and is asked about once.
    """
    thrown = Counter(dice.expression() for _ in range(count))
    unknown = sum(times * unknown_answers(pool, expression, place) for expression, times in thrown.items())
    return unknown / (2 * count)


def unknown_answers(pool, expression, place):
    """How many of the two answers about *expression* are unknown: whether it can be true, and whether it can be false."""
    unknown, asked = 0, Expressions([expression], place)
    bits = pool.satisfying(expression)
    for wanted, satisfying in ((True, bits), (False, pool.full & ~bits)):
        answer = asked.example([(expression, wanted)])
        if isinstance(answer, Satisfiable):
            assert evaluate(expression, answer.names) is wanted
        elif isinstance(answer, Unsatisfiable):
            assert not satisfying, (expression, wanted, pool.first(satisfying))
        unknown += isinstance(answer, Unknown)
    return unknown


POOL_OF_ONE, POOL_OF_TWO = Pool(a=ONE), Pool(a=FEW, c=FEW)
NUMBERS_ALONE = (5, 5.5, -1, 6)
TEXTS_ALONE = ("a", "ab", "b", "", "a\x00")

COMPLETE = {
    "one attribute": (Dice(A), 1200),
    "an attribute within another": (Dice(A, B), 800),
    "order of numbers": (Dice(A, comparators=ORDERED, ordered=NUMBERS_ALONE), 1000),
    "order of texts": (Dice(A, comparators=ORDERED, ordered=TEXTS_ALONE), 700),
    "parts of texts": (Dice(A, comparators=CONTAINED), 1200),
    "parts of texts, order of numbers": (
        Dice(A, comparators=tuple(Comparator), constants=("a", "ab", "b", 5, "a6"), ordered=NUMBERS_ALONE),
        700,
    ),
}


@pytest.mark.parametrize("kind", COMPLETE)
def test_every_question_about_one_attribute_has_a_right_answer(kind):
    dice, count = COMPLETE[kind]

    unknown = share_unknown(POOL_OF_ONE, dice, count)

    assert not unknown


COMPLETE_OF_SEVERAL = {
    "apart": (Dice(A, C), 600),
    "two that are compared": (Dice(A, C, between=0.4, constants=("5", 5, "a", None, True)), 600),
    "order of numbers": (
        Dice(A, C, comparators=(*PLAIN, Comparator.LESS), between=0.3, constants=(5, 6, "6"), ordered=(5, 6)),
        400,
    ),
}


@pytest.mark.parametrize("kind", COMPLETE_OF_SEVERAL)
def test_every_question_about_two_attributes_has_a_right_answer(kind):
    dice, count = COMPLETE_OF_SEVERAL[kind]

    unknown = share_unknown(POOL_OF_TWO, dice, count)

    assert not unknown


def test_every_question_about_three_attributes_that_are_compared_has_a_right_answer():
    few = FEW[::2]

    unknown = share_unknown(Pool(a=few, c=few, d=few), Dice(A, C, D, between=0.6, constants=("5", 5, None)), 200)

    assert not unknown


HARD = {
    "texts and numbers in order": (POOL_OF_ONE, Dice(A, comparators=ORDERED), 800),
    "everything": (POOL_OF_ONE, Dice(A, B, comparators=tuple(Comparator)), 1000),
    "elements by their index": (POOL_OF_ONE, Dice(A, B, Path(("a", 0))), 500),
    "order between two": (POOL_OF_TWO, Dice(A, C, comparators=ORDERED, between=0.2, tangled=True), 400),
    "everything between two": (
        POOL_OF_TWO,
        Dice(A, C, comparators=tuple(Comparator), between=0.4, tangled=True),
        400,
    ),
}
"""Where a finite set of values may not do, and `Unknown` is an honest answer."""


@pytest.mark.parametrize("kind", HARD)
def test_a_hard_question_is_never_answered_wrongly(kind):
    pool, dice, count = HARD[kind]

    unknown = share_unknown(pool, dice, count)

    assert unknown < 0.2


WHOLE = (None, *(number for number in NUMBERS if isinstance(number, int) and number >= 0))
OWN_NAMES = {
    "the SID of a worker": ({"worker__sid": TEXTS, "worker__x": FEW}, [Path(("worker", "sid")), Path(("worker", "x"))]),
    "a load": (
        {"worker__channel__voice__assigned_tasks": WHOLE, "task__x": FEW},
        [Path(("worker", "channel", "voice", "assigned_tasks")), Path(("task", "x"))],
    ),
    "a percentage": (
        {"worker__channel__voice__available_capacity_percentage": [n for n in WHOLE if n is None or n <= 100]},
        [Path(("worker", "channel", "voice", "available_capacity_percentage"))],
    ),
}


@pytest.mark.parametrize("kind", OWN_NAMES)
def test_the_guarantees_of_taskrouter_exclude_nothing_else(kind):
    values, paths = OWN_NAMES[kind]
    numbers = (-1, 0, 5.0, 5.5, 6, 100.0, 101)
    dice = Dice(*paths, comparators=(*PLAIN, *sorted(ORDERINGS)), constants=(*numbers, "a", None), ordered=numbers)

    unknown = share_unknown(Pool(**values), dice, 400, Place.TARGET)

    assert not unknown
