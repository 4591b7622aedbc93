"""Which filters, targets and queues of a configuration no test has reached. These dataclasses are the JSON document."""

from collections.abc import Iterable, Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Annotated, TypeAlias

from pydantic import Field

from tr_apply.config.references import referred_names
from tr_apply.rehearsal.route import Count, Number, Route
from tr_apply.resources import TASK_QUEUE
from tr_apply.resources.document import Document
from tr_apply.routing.names import name_key

Percentage: TypeAlias = Annotated[int, Field(ge=0, le=100)]


@dataclass(frozen=True, slots=True)
class MissedPart:
    """A part of the configuration that no test reaches."""

    workflow: str | None = None
    """Its workflow."""

    filter: Number | None = None
    """Number of the filter."""

    filter_name: str | None = None
    """Name of the filter."""

    default_filter: bool = False
    """Whether it is the default filter."""

    target: Number | None = None
    """Number of the target, from 1 within its filter."""

    queue: str | None = None
    """The task queue."""


@dataclass(frozen=True, slots=True)
class CoveredParts:
    """The coverage of one sort of parts."""

    reached: Count
    """How many."""

    total: Count
    """Of how many."""

    percentage: Percentage
    """The share, rounded down; of nothing, all."""

    missed: tuple[MissedPart, ...]
    """The others."""


@dataclass(frozen=True, slots=True)
class Coverage:
    """The coverage of a configuration by its tests."""

    path: str
    """The configuration."""

    percentage: Percentage
    """The share of everything, rounded down."""

    filters: CoveredParts
    """Filters, default filters included."""

    targets: CoveredParts
    """Targets of filters."""

    queues: CoveredParts
    """Task queues."""

    @property
    def reached(self) -> int:
        """How many parts the tests reach, of whatever sort."""
        return self.filters.reached + self.targets.reached + self.queues.reached

    @property
    def total(self) -> int:
        """How many parts there are."""
        return self.filters.total + self.targets.total + self.queues.total


def coverage(path: str, document: Document, routes: Iterable[Route]) -> Coverage:
    """The parts of the configuration *document* at *path* that the tasks of *routes* reach, and the others."""
    seen = {key for each in routes for key in _keys(each)}
    filters = _covered(_filters(document), seen)
    targets = _covered(_targets(document), seen)
    queues = _covered(_queues(document), seen)
    reached, total = (sum(getattr(each, key) for each in (filters, targets, queues)) for key in ("reached", "total"))
    return Coverage(path, _share(reached, total), filters, targets, queues)


_Key: TypeAlias = tuple[str | int | None, ...]
"""A filter is its workflow and its number; a target has its own number as well; a queue is its name alone."""


def _keys(route: Route) -> Iterator[_Key]:
    workflow = name_key(route.workflow)
    for step in route.steps:
        yield (workflow, step.filter)
        yield (workflow, step.filter, step.target)
        yield (name_key(step.queue),)


def _covered(parts: Iterable[tuple[_Key, MissedPart]], seen: AbstractSet[_Key]) -> CoveredParts:
    all_parts = list(parts)
    missed = tuple(part for key, part in all_parts if key not in seen)
    reached = len(all_parts) - len(missed)
    return CoveredParts(reached, len(all_parts), _share(reached, len(all_parts)), missed)


def _share(reached: int, total: int) -> int:
    return 100 * reached // total if total else 100


def _filters(document: Document) -> Iterator[tuple[_Key, MissedPart]]:
    for workflow in document.workflows:
        key = name_key(workflow.name)
        for number, each in enumerate(workflow.filters, 1):
            yield (key, number), MissedPart(workflow.name, number, each.name)
        if workflow.default_filter is not None:
            yield (key, None), MissedPart(workflow.name, default_filter=True)


def _targets(document: Document) -> Iterator[tuple[_Key, MissedPart]]:
    for workflow in document.workflows:
        key = name_key(workflow.name)
        for number, each in enumerate(workflow.filters, 1):
            queue = None
            for target, written in enumerate(each.targets, 1):
                queue = written.queue or queue
                yield (key, number, target), MissedPart(workflow.name, number, each.name, target=target, queue=queue)
        if (net := workflow.default_filter) is not None:
            yield (key, None, 1), MissedPart(workflow.name, default_filter=True, target=1, queue=net.queue)


def _queues(document: Document) -> Iterator[tuple[_Key, MissedPart]]:
    """Declared ones, then those that are only referred to."""
    names: dict[str, str] = {}
    for name in (*(each.name for each in document.task_queues), *referred_names(document, TASK_QUEUE)):
        names.setdefault(name_key(name), name)
    for key, name in names.items():
        yield (key,), MissedPart(queue=name)
