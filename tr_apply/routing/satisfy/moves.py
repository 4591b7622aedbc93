"""Which tasks take another filter after a change than before, without any recorded task: one example for each pair."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from tr_apply.routing.nodes import Expression
from tr_apply.routing.place import Place
from tr_apply.routing.satisfy.filters import Task, TaskFilter, matcher
from tr_apply.routing.satisfy.formula import Formula, some
from tr_apply.routing.satisfy.questions import EVERYTHING
from tr_apply.routing.satisfy.search import Budget, Reason, Satisfiable, Unknown, solve
from tr_apply.routing.satisfy.space import Space

MOST_MOVES: Final = 50
"""How many pairs of one workflow are looked for."""


class TaskMove(NamedTuple):
    """Some tasks match one filter before and another one after; None for no filter."""

    before: TaskFilter | None
    after: TaskFilter | None
    task: Task


@dataclass(frozen=True, slots=True)
class TaskMoves:
    """All pairs of first filters by which some task goes elsewhere."""

    found: tuple[TaskMove, ...]
    unknown: tuple[Reason, ...] = ()
    """Why there may be more."""

    cut: bool = False
    """Whether the search ended with the last pair that was wanted."""


def moves(
    before: Sequence[TaskFilter],
    after: Sequence[TaskFilter],
    budget: Budget | None = None,
    *,
    most: int = MOST_MOVES,
) -> TaskMoves:
    """The pairs of a filter in *before* and one in *after* with another route, by the order of *before*.

    Each list ends with its default filter, if there is one. Only the first filter that matches a task counts.
    """
    readable = all(each.expression is not None for each in (*before, *after))
    if readable and [_sense(each) for each in before] == [_sense(each) for each in after]:
        return TaskMoves(())
    return _Versions(before, after, budget or Budget()).moves(most)


def _sense(each: TaskFilter) -> tuple[Expression | None, object]:
    return each.expression, each.route


class _List:
    """Filters of one version, to be asked which takes a task first."""

    def __init__(self, filters: Sequence[TaskFilter]) -> None:
        self.filters = tuple(filters)
        self.matches = [matcher(each) for each in filters]
        self.expressions = {n: each.expression for n, each in enumerate(filters) if each.expression is not None}
        unreadable = (n for n, each in enumerate(filters) if each.expression is None)
        self.readable = next(unreadable, len(self.filters))
        """How many are above the first that cannot be read."""

    def first(self, task: Task) -> int | None:
        return next((n for n, matches in enumerate(self.matches) if matches(task)), None)

    def at(self, index: int | None) -> TaskFilter | None:
        return None if index is None else self.filters[index]


class _Versions:
    """Two versions of a workflow."""

    def __init__(self, before: Sequence[TaskFilter], after: Sequence[TaskFilter], budget: Budget) -> None:
        self._before, self._after, self._budget = _List(before), _List(after), budget
        expressions = [each.expression for each in (*before, *after) if each.expression is not None]
        self._space = Space(expressions, Place.FILTER)
        self._found: list[TaskMove] = []
        self._unknown: dict[Reason, None] = {}

    def moves(self, most: int) -> TaskMoves:
        for index in self._origins():
            self._follow(index, most)
            if len(self._found) >= most:
                break
        return TaskMoves(tuple(self._found), tuple(self._unknown), cut=len(self._found) >= most)

    def _origins(self) -> list[int | None]:
        """The filters that tasks may come from; those below one that cannot be read are unknown."""
        readable = self._before.readable
        if readable < len(self._before.filters):
            self._unknown["unreadable"] = None
            return list(range(readable))
        return [*range(readable), None]

    def _follow(self, origin: int | None, most: int) -> None:
        """Find the pairs with *origin*: each example rules out what takes it, before or after the change."""
        above = range(len(self._before.filters) if origin is None else origin)
        passed = {self._before.expressions[n] for n in above}
        takers, seen = set[int | None](), set[int | None]()

        def is_new(task: Task) -> bool:
            first = self._before.first(task)
            return self._after.first(task) not in seen if first == origin else first in above and first not in takers

        parts = self._start(origin)
        while len(self._found) < most:
            answer = solve(self._space, parts, is_new, self._budget)
            if isinstance(answer, Unknown):
                self._unknown[answer.reason] = None
            if not isinstance(answer, Satisfiable):
                return
            first = self._before.first(answer.names)
            if first is not None and first != origin:
                takers.add(first)
                parts.append(self._space.lift(self._before.expressions[first], wanted=False))
                continue
            target = self._after.first(answer.names)
            self._note(origin, target, answer.names)
            seen.add(target)
            parts.append(self._elsewhere(target, passed))

    def _start(self, origin: int | None) -> list[Formula]:
        expression = EVERYTHING if origin is None else self._before.expressions[origin]
        parts = [self._space.lift(expression)]
        if self._after.readable < len(self._after.filters):
            self._unknown["unreadable"] = None
            above = range(self._after.readable)
            parts.append(some(self._space.lift(self._after.expressions[n]) for n in above))
        return parts

    def _note(self, origin: int | None, target: int | None, task: Task) -> None:
        before, after = self._before.at(origin), self._after.at(target)
        if (before and before.route) != (after and after.route) or (before is None) is not (after is None):
            self._found.append(TaskMove(before, after, task))

    def _elsewhere(self, target: int | None, passed: set[Expression]) -> Formula:
        """That *target* is not the first: it does not match, or one above it does.

        Those whose expressions are *passed* do not, because the same filter before would have taken the task.
        """
        above = range(len(self._after.filters) if target is None else target)
        expressions = (self._after.expressions[n] for n in above)
        matching = [self._space.lift(each) for each in expressions if each not in passed]
        if target is None:
            return some(matching)
        return some([self._space.lift(self._after.expressions[target], wanted=False), *matching])
