"""Which tasks come to which filter of a workflow, and which filters above take them first.

Filters are tried from the top; the first that matches takes the task. A task that leaves the last step of a filter goes
on to the next filter that matches it, too, and to the default filter only if no step was left by time-out
(workflow.py).
"""

from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, NamedTuple, TypeAlias

from tr_apply.routing.evaluate import Predicate, compiled
from tr_apply.routing.nodes import Expression, Path
from tr_apply.routing.place import Place
from tr_apply.routing.satisfy.formula import Formula
from tr_apply.routing.satisfy.questions import EVERYTHING, never_true
from tr_apply.routing.satisfy.search import Answer, Budget, Satisfiable, Unknown, Unsatisfiable, solve
from tr_apply.routing.satisfy.space import Space

_FILTERS_A_NODE: Final = 4
"""How many filters can be looked at in the time of one node: many filters cost as much as deep searches."""

Task: TypeAlias = Mapping[str, Any]
"""The attributes of a task."""

WayOut: TypeAlias = Literal["none", "timeout", "skip"]
"""How a task gets past all steps of a filter: not at all, by a time-out of at least one, or by skip_if alone."""


@dataclass(frozen=True, slots=True)
class TaskFilter:
    """A filter of a workflow, as far as it decides who takes a task."""

    number: int
    """From 1; 0 for the default filter."""

    name: str | None
    expression: Expression | None
    """None where it cannot be read; it may then match anything."""

    way_out: WayOut = "none"
    route: Hashable = None
    """Where its tasks go. Filters with equal routes send a task the same way."""


def default_filter(route: Hashable = None) -> TaskFilter:
    """The default filter as the last of the filters: it takes what no other has taken."""
    return TaskFilter(0, None, EVERYTHING, "none", route)


class Exit(NamedTuple):
    """The reason that ends a step if no worker takes the task."""

    has_timeout: bool
    skip_if: Expression | None


def way_out(steps: Iterable[Exit]) -> WayOut:
    """How a task gets past *steps*; a skip_if that is never true, such as ``1==0``, does not count."""
    found: WayOut = "skip"
    for step in steps:
        if step.skip_if is None or never_true(step.skip_if, Place.SKIP_IF):
            if not step.has_timeout:
                return "none"
            found = "timeout"
    return found


class Taker(NamedTuple):
    """A filter that takes tasks, and one of them."""

    filter: TaskFilter
    task: Task


class Reachability(NamedTuple):
    """Whether any task comes to a place in a workflow."""

    answer: Answer
    """A task that does."""

    takers: tuple[Taker, ...]
    """Filters above, each with a task that would have come and that this one takes first. Where none comes, these
    together take them all, and none of them could be left out."""


class Filters:
    """The filters of a workflow, in order, without the default filter.

    *singles* are attributes that no task has as a list or an object, by assumption.
    """

    def __init__(
        self, filters: Sequence[TaskFilter], budget: Budget | None = None, *, singles: Collection[Path] = ()
    ) -> None:
        self._filters = tuple(filters)
        self._budget = budget or Budget()
        self._readable = {n: each.expression for n, each in enumerate(filters) if each.expression is not None}
        self._space = Space(self._readable.values(), Place.FILTER, singles)
        self._matches = [matcher(each) for each in self._filters]
        self._unmatched: dict[int, Formula] = {}

    def reach(self, index: int) -> Reachability:
        """Whether any task comes to the filter at *index* (from 0), if only after it has left others."""
        return self._reach(index, self._above(index, {"none"}))

    def reach_first(self, index: int) -> Reachability:
        """Whether any task comes to the filter at *index* (from 0) as its first filter."""
        return self._reach(index, self._above(index, {"none", "timeout", "skip"}))

    def reach_alternative(self, index: int, alternative: Expression, others: Iterable[Expression] = ()) -> Reachability:
        """Whether any task that satisfies *alternative*, a part of the filter at *index*, comes to that filter.

        Only tasks that satisfy none of *others* count: further parts of the same filter.
        """
        return self._pursue(alternative, self._above(index, {"none"}), tuple(others))

    def reach_default(self) -> Reachability:
        """Whether any task comes to the default filter: unmatched, or past all that match it by skip_if alone."""
        return self._pursue(EVERYTHING, self._above(len(self._filters), {"none", "timeout"}))

    def _above(self, index: int, ways_out: set[WayOut]) -> list[int]:
        return [n for n, each in enumerate(self._filters[:index]) if each.way_out in ways_out]

    def _reach(self, index: int, above: list[int]) -> Reachability:
        expression = self._filters[index].expression
        return Reachability(Unknown("unreadable"), ()) if expression is None else self._pursue(expression, above)

    def _pursue(self, expression: Expression, above: list[int], others: tuple[Expression, ...] = ()) -> Reachability:
        """Look for a task that *expression* matches, step around each filter *above* that takes it, and look again."""
        takers: dict[int, Taker] = {}
        while True:
            if not self._budget.spend(len(above) // _FILTERS_A_NODE):
                return Reachability(Unknown("budget"), ())
            answer = self._search(expression, takers, others)
            if not isinstance(answer, Satisfiable):
                break
            index = next((n for n in above if self._matches[n](answer.names)), None)
            if index is None:
                blind = any(self._filters[n].expression is None for n in above)
                return Reachability(Unknown("unreadable") if blind else answer, tuple(takers.values()))
            takers[index] = Taker(self._filters[index], answer.names)
        if isinstance(answer, Unsatisfiable):
            self._drop_needless(expression, takers, others)
        return Reachability(answer, tuple(takers.values()))

    def _drop_needless(self, expression: Expression, takers: dict[int, Taker], others: tuple[Expression, ...]) -> None:
        for index in list(takers) if len(takers) > 1 else ():
            fewer = {n: taker for n, taker in takers.items() if n != index}
            if isinstance(self._search(expression, fewer, others), Unsatisfiable):
                del takers[index]

    def _search(self, expression: Expression, takers: Iterable[int], others: tuple[Expression, ...]) -> Answer:
        """A task that *expression* matches and none of *takers* and *others* does."""
        passed = [*(self._matches[n] for n in takers), *map(compiled, others)]
        matches = compiled(expression)

        def judge(task: Task) -> bool:
            return matches(task) and not any(takes(task) for takes in passed)

        unwanted = (self._space.lift(each, wanted=False) for each in others)
        parts = [self._space.lift(expression), *unwanted, *map(self._not_matching, takers)]
        return solve(self._space, parts, judge, self._budget)

    def _not_matching(self, index: int) -> Formula:
        if index not in self._unmatched:
            self._unmatched[index] = self._space.lift(self._readable[index], wanted=False)
        return self._unmatched[index]


def _never(_: Task) -> bool:
    return False


def matcher(each: TaskFilter) -> Predicate:
    """Whether *each* matches a task; one that cannot be read matches none."""
    return _never if each.expression is None else compiled(each.expression)
