"""Questions about expressions alone: can one be true, can it be false, do two mean the same, which parts are idle."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final, TypeAlias

from tr_apply.routing.evaluate import Names, evaluate
from tr_apply.routing.nodes import And, Comparator, Comparison, Constant, Expression, Or
from tr_apply.routing.place import Place
from tr_apply.routing.satisfy.search import Answer, Budget, Satisfiable, Unsatisfiable, solve
from tr_apply.routing.satisfy.space import Space

Wish: TypeAlias = tuple[Expression, bool]
"""An expression, and the result that it must have."""

EVERYTHING: Final = Comparison(Constant(1), Comparator.EQUAL, Constant(1))
"""``1==1``, as TaskRouter itself says everything."""

_Position: TypeAlias = tuple[int, ...]
"""Where an operand is in a tree: the index of each operand on the way to it."""


@dataclass(frozen=True, slots=True)
class Meanings:
    """How far two expressions mean the same."""

    only_first: Answer
    """An example that satisfies the first expression and not the second."""

    only_second: Answer

    @property
    def same(self) -> bool | None:
        """Whether they are true of exactly the same; None if unknown."""
        found = (self.only_first, self.only_second)
        if any(isinstance(each, Satisfiable) for each in found):
            return False
        return True if all(isinstance(each, Unsatisfiable) for each in found) else None


class Expressions:
    """Several questions about the same expressions, all in *place*; the values to try are found once for them all."""

    def __init__(self, expressions: Iterable[Expression], place: Place, budget: Budget | None = None) -> None:
        self._space = Space(expressions, place)
        self._budget = budget or Budget()

    def example(self, wishes: Sequence[Wish]) -> Answer:
        """Names for which each of several expressions is true or false, as wished."""
        parts = [self._space.lift(expression, wanted=truth) for expression, truth in wishes]
        return solve(self._space, parts, lambda names: _grants(wishes, names), self._budget)

    def never_true(self, expression: Expression) -> bool | None:
        """Whether nothing satisfies *expression*; None if unknown."""
        return _is_impossible(self.example([(expression, True)]))

    def always_true(self, expression: Expression) -> bool | None:
        """Whether everything satisfies *expression*; None if unknown."""
        return _is_impossible(self.example([(expression, False)]))

    def meanings(self, first: Expression, second: Expression) -> Meanings:
        """Whether two expressions mean the same, with an example each way if they do not."""
        return Meanings(
            self.example([(first, True), (second, False)]),
            self.example([(first, False), (second, True)]),
        )


def example(wishes: Iterable[Wish], place: Place, budget: Budget | None = None) -> Answer:
    """Names for which each of several expressions in *place* is true or false, as wished."""
    listed = list(wishes)
    return Expressions((expression for expression, _ in listed), place, budget).example(listed)


def never_true(expression: Expression, place: Place, budget: Budget | None = None) -> bool | None:
    """Whether nothing satisfies *expression*; None if unknown."""
    return Expressions([expression], place, budget).never_true(expression)


def always_true(expression: Expression, place: Place, budget: Budget | None = None) -> bool | None:
    """Whether everything satisfies *expression*; None if unknown."""
    return Expressions([expression], place, budget).always_true(expression)


def meanings(first: Expression, second: Expression, place: Place, budget: Budget | None = None) -> Meanings:
    """Whether two expressions in *place* mean the same, with an example each way if they do not."""
    if first == second:
        return Meanings(Unsatisfiable(), Unsatisfiable())
    return Expressions([first, second], place, budget).meanings(first, second)


def idle_parts(expression: Expression, place: Place, budget: Budget | None = None) -> list[Expression]:
    """The operands that can be removed, even all together, without a change in *expression*, from right to left.

    Of two equal ones the left one stays. Empty for an expression that is always or never true: that is a finding of its
    own, in which every part can be removed.
    """
    asked = Expressions([expression], place, budget)  # the values of its parts are among its own
    if asked.never_true(expression) is not False or asked.always_true(expression) is not False:
        return []
    removed: dict[_Position, Expression] = {}
    for position, operand in _operands(expression):
        inside = any(position[: len(each)] == each for each in removed)
        if not inside and not _is_last(expression, position, removed):
            shorter = _without(expression, frozenset({*removed, position}))
            if asked.meanings(expression, shorter).same:
                removed[position] = operand
    return list(removed.values())


def _grants(wishes: Sequence[Wish], names: Names) -> bool:
    return all(evaluate(expression, names) is truth for expression, truth in wishes)


def _is_impossible(answer: Answer) -> bool | None:
    if isinstance(answer, Satisfiable):
        return False
    return True if isinstance(answer, Unsatisfiable) else None


def _operands(expression: Expression, position: _Position = ()) -> Iterator[tuple[_Position, Expression]]:
    """Every operand within *expression*, the last first, an outer one before its parts."""
    for index, operand in reversed([*enumerate(_own_operands(expression))]):
        yield (*position, index), operand
        yield from _operands(operand, (*position, index))


def _is_last(expression: Expression, position: _Position, removed: Iterable[_Position]) -> bool:
    """Whether all other operands at the place of *position* are removed."""
    *way, _ = position
    others = _own_operands(expression)
    for index in way:
        others = _own_operands(others[index])
    gone = sum(len(each) == len(position) and each[:-1] == position[:-1] for each in removed)
    return gone + 1 == len(others)


def _own_operands(expression: Expression) -> Sequence[Expression]:
    return expression.operands if isinstance(expression, And | Or) else ()


def _without(expression: Expression, removed: frozenset[_Position], position: _Position = ()) -> Expression:
    if isinstance(expression, Comparison):
        return expression
    places = [(*position, index) for index in range(len(expression.operands))]
    left = [
        _without(operand, removed, place)
        for place, operand in zip(places, expression.operands, strict=True)
        if place not in removed
    ]
    return left[0] if len(left) == 1 else replace(expression, operands=tuple(left))
