"""Which tasks a change of a workflow sends elsewhere: without recorded tasks, an example for each pair of filters.

A task goes elsewhere if its first filter leads it through other queues, or lets other workers of them take it. Names of
filters, priorities, and how long a step lasts move nobody, unless a step can no longer be left. What comes after the
last step of that filter is not compared.
"""

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, TypeAlias

from tr_apply.corpus.tasks import TaskKind
from tr_apply.plan.impact import FilterRoute, RouteChange
from tr_apply.resources.workflow import Filter, Target, Workflow
from tr_apply.routing.nodes import Expression
from tr_apply.routing.place import Place
from tr_apply.routing.satisfy import (
    Budget,
    Exit,
    Reason,
    TaskFilter,
    TaskMoves,
    default_filter,
    matcher,
    meanings,
    moves,
    way_out,
)

Read: TypeAlias = Callable[[str], Expression | None]
"""The tree of an expression as the configuration has it; None where it cannot be read."""

_REASONS: Final[dict[Reason, str]] = {
    "budget": "the search for tasks that go elsewhere was cut short; there may be more",
    "values": "some conditions could not be decided; there may be more tasks that go elsewhere",
    "unreadable": "a filter cannot be read, so tasks that it may take were left out",
}


@dataclass(frozen=True, slots=True)
class RouteChanges:
    """All pairs of ways by which some task goes elsewhere."""

    routes: tuple[RouteChange, ...]
    unknown: tuple[str, ...] = ()
    """Facts that are not known, in words."""

    elsewhere: int = 0
    """How many recorded tasks go elsewhere."""

    stayed: tuple[TaskKind, ...] = ()
    """The recorded tasks that do not."""


def route_changes(
    before: Workflow,
    after: Workflow,
    read: Read,
    budget: Budget | None = None,
    recorded: Sequence[TaskKind] | None = None,
) -> RouteChanges:
    """Which tasks a change of a workflow sends elsewhere, and how many of the *recorded* ones these are."""
    if (before.filters, before.default_filter) == (after.filters, after.default_filter):
        return RouteChanges(())
    shared = budget or Budget()
    senses = _Senses(shared)
    old, new = (_Version(each, read, senses) for each in (before, after))
    found = moves(old.filters, new.filters, shared)
    routes = [RouteChange(after.name, old.way(move.before), new.way(move.after), move.task) for move in found.found]
    unknown = tuple(_unknown(after.name, found))
    return RouteChanges(tuple(routes), unknown) if recorded is None else _counted(routes, unknown, old, new, recorded)


def lost_routes(before: Workflow, read: Read, recorded: Sequence[TaskKind]) -> RouteChanges:
    """Where the *recorded* tasks of a workflow that is deleted went; they go nowhere any more."""
    senses = _Senses(Budget())
    nothing = Workflow.model_construct(name=before.name, filters=[], default_filter=None)
    return _counted([], (), _Version(before, read, senses), _Version(nothing, read, senses), recorded)


def _counted(
    routes: Iterable[RouteChange],
    unknown: tuple[str, ...],
    old: "_Version",
    new: "_Version",
    recorded: Iterable[TaskKind],
) -> RouteChanges:
    """*routes* with the number of recorded tasks of each, and those that only a recorded task shows."""
    found = {_ends(each): replace(each, count=0) for each in routes}
    stayed: list[TaskKind] = []
    elsewhere = 0
    for kind in recorded:
        first, then = old.first(kind.task.attributes), new.first(kind.task.attributes)
        if (first and first.route) == (then and then.route) and (first is None) is (then is None):
            stayed.append(kind)
            continue
        change = RouteChange(new.name, old.way(first), new.way(then), kind.task.attributes, 0)
        change = found.get(_ends(change), change)
        found[_ends(change)] = replace(change, count=(change.count or 0) + kind.count)
        elsewhere += kind.count
    return RouteChanges(tuple(found.values()), unknown, elsewhere, tuple(stayed))


def _ends(change: RouteChange) -> tuple[int | None, ...]:
    """The numbers of the two filters; None for no filter."""
    return tuple(None if each is None else each.filter for each in (change.before, change.after))


def _unknown(workflow: str, found: TaskMoves) -> Iterator[str]:
    for reason in found.unknown:
        yield f"workflow {workflow}: {_REASONS[reason]}"
    if found.cut:
        yield f"workflow {workflow}: only the first {len(found.found)} pairs of filters are listed"


class _Senses:
    """Target expressions by their meaning: one that only looks different changes no route."""

    def __init__(self, budget: Budget) -> None:
        self._budget = budget
        self._found: dict[Expression, int] = {}

    def number(self, expression: Expression) -> int:
        """Equal for expressions that mean the same."""
        if expression not in self._found:
            alike = (
                number
                for other, number in self._found.items()
                if meanings(expression, other, Place.TARGET, self._budget).same
            )
            self._found[expression] = next(alike, len(self._found))
        return self._found[expression]


class _Version:
    """A workflow at one time."""

    def __init__(self, workflow: Workflow, read: Read, senses: _Senses) -> None:
        self._read, self._senses = read, senses
        self._workflow = workflow
        self.name = workflow.name
        self.filters = [self._filter(number, each) for number, each in enumerate(workflow.filters, 1)]
        self._targets = {number: each.targets for number, each in enumerate(workflow.filters, 1)}
        if workflow.default_filter is not None:
            self._targets[0] = [workflow.default_filter]
            self.filters.append(default_filter(self._route(self._targets[0])))
        self._matchers = [(each, matcher(each)) for each in self.filters]

    def first(self, task: Mapping[str, Any]) -> TaskFilter | None:
        """The filter that takes a task; one that cannot be read takes none."""
        return next((each for each, matches in self._matchers if matches(task)), None)

    def way(self, found: TaskFilter | None) -> FilterRoute | None:
        """Where the tasks of a filter of this version go."""
        if found is None:
            return None
        return FilterRoute(
            found.number, found.name, tuple(queue for queue, _ in self._steps(self._targets[found.number]))
        )

    def _filter(self, number: int, each: Filter) -> TaskFilter:
        return _task_filter(number, each, self._read, self._route(each.targets))

    def _steps(self, targets: Sequence[Target]) -> Iterator[tuple[str | None, Target]]:
        """The queue of each target, its own or the one before it, up to the first that a task cannot leave."""
        queue = None
        for target in targets:
            queue = target.queue or queue
            yield queue, target
            if way_out([_exit(target, self._read)]) == "none":
                return

    def _route(self, targets: Sequence[Target]) -> tuple[Any, ...]:
        return tuple(
            (queue, self._who(target), target.known_worker_sid, target.known_worker_friendly_name)
            for queue, target in self._steps(targets)
        )

    def _who(self, target: Target) -> str | int | None:
        if target.expression is None:
            return None
        tree = self._read(target.expression)
        return target.expression if tree is None else self._senses.number(tree)


def task_filters(workflow: Workflow, read: Read) -> list[TaskFilter]:
    """The filters of *workflow* as far as they decide who takes a task, wherever they send it; no default filter."""
    return [_task_filter(number, each, read) for number, each in enumerate(workflow.filters, 1)]


def _task_filter(number: int, each: Filter, read: Read, route: Hashable = None) -> TaskFilter:
    exits = (_exit(target, read) for target in each.targets)
    return TaskFilter(number, each.name, read(each.expression), way_out(exits), route)


def _exit(target: Target, read: Read) -> Exit:
    skip_if = None if target.skip_if is None else read(target.skip_if)
    return Exit(target.timeout is not None or "timeout" in target.extra, skip_if)
