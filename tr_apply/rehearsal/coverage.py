"""What of a configuration's routing no test has reached."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from tr_apply.rehearsal.route import Route
from tr_apply.rehearsal.world import World
from tr_apply.routing.names import name_key

Sort: TypeAlias = Literal["filter", "target", "queue"]
SORTS: tuple[Sort, ...] = ("filter", "target", "queue")


@dataclass(frozen=True, slots=True)
class Part:
    """Something that a task can come to."""

    sort: Sort
    workflow: str | None = None
    filter: int | None = None
    """From 1; None for the default filter."""

    filter_name: str | None = None
    target: int | None = None
    """From 1, within the filter."""

    queue: str | None = None


@dataclass(frozen=True, slots=True)
class Coverage:
    """Every part, and whether some test has reached it."""

    reached: Sequence[Part]
    missed: Sequence[Part]

    def count(self, sort: Sort | None = None) -> tuple[int, int]:
        """How many have been reached, and how many there are."""
        reached = sum(sort in (None, each.sort) for each in self.reached)
        return reached, reached + sum(sort in (None, each.sort) for each in self.missed)

    def percentage(self, sort: Sort | None = None) -> int:
        """The share that has been reached, rounded down; of nothing, all."""
        reached, total = self.count(sort)
        return 100 * reached // total if total else 100


def coverage(world: World, routes: Iterable[Route]) -> Coverage:
    """What the tasks of *routes* have come to, and what not."""
    seen = {key for each in routes for key in _keys(each)}
    parts = list(_parts(world))
    return Coverage(
        [part for part in parts if _key(part) in seen],
        [part for part in parts if _key(part) not in seen],
    )


_Key: TypeAlias = tuple[Sort, str, int | None, int | None]


def _keys(route: Route) -> Iterator[_Key]:
    workflow = name_key(route.question.workflow)
    for step in route.steps:
        yield ("filter", workflow, step.filter, None)
        yield ("target", workflow, step.filter, step.target)
        yield ("queue", name_key(step.queue), None, None)


def _key(part: Part) -> _Key:
    if part.sort == "queue":
        return (part.sort, name_key(part.queue or ""), None, None)
    return (part.sort, name_key(part.workflow or ""), part.filter, part.target)


def _parts(world: World) -> Iterator[Part]:
    for workflow in world.document.workflows:
        for number, each in enumerate(workflow.filters, 1):
            yield Part("filter", workflow.name, number, each.name)
            queue = None
            for index, target in enumerate(each.targets, 1):
                queue = target.queue or queue
                yield Part("target", workflow.name, number, each.name, index, queue)
        if workflow.default_filter is not None:
            yield Part("filter", workflow.name)
            yield Part("target", workflow.name, target=1, queue=workflow.default_filter.queue)
    for declared in world.queues:
        yield Part("queue", queue=declared.name)
