"""A workflow's filters and steps, and the way of a task through them.

A target is called a *step* here. Deadlines are sums: a task may stay in a step until its age reaches the time-outs of
all steps up to that one, in all filters it went through, however early or late it got there.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal, TypeAlias

from tr_apply.routing.evaluate import Names, Predicate, compiled, reader, resolve
from tr_apply.routing.names import CHANNEL_PROPERTIES, name_key
from tr_apply.routing.nodes import Expression, OrderBy, Path, paths
from tr_apply.routing.records import WorkflowPlace

DEFAULT: Final = -1
"""The filter of a place in the default filter."""

ROUTING_TARGET: Final = -2
"""The filter of a place that is a task's own RoutingTarget."""

CHANNEL_ROOT: Final = "worker.channel"
"""The internal name of ``worker.channel``, so an attribute called channel stays accessible."""

_REMEMBERED: Final = 500
"""Attributes for which the first filter is remembered, in each document."""

Exit: TypeAlias = Literal["timeout", "skip"]

Wanted: TypeAlias = tuple[Literal["sid", "friendly_name"], str]
"""The only worker a step wants; friendly names are without regard to case."""


@dataclass(frozen=True, slots=True)
class KnownWorker:
    """Which attribute of a task says who the only worker wanted is, and how."""

    path: Path
    by: Literal["sid", "friendly_name"]


@dataclass(frozen=True, slots=True, eq=False)
class Step:
    """One target: a queue, which of its workers, in what order, and for how long."""

    filter: int
    target: int
    queue_sid: str | None
    """Its own queue or the one it inherits."""

    priority: int | None = None
    timeout_s: int | None = None
    expression: Expression | None = None
    order_by: OrderBy | None = None
    skip_if: Expression | None = None
    known_worker: KnownWorker | None = None
    worker_sid: str | None = None
    """The worker of a RoutingTarget."""

    wants_one: bool = field(init=False)
    """Whether it wants one worker and no other."""

    admits: Predicate | None = field(init=False)
    """*expression* as a function of the names ``task``, ``worker`` and `CHANNEL_ROOT`; None if there is none."""

    skips: Predicate | None = field(init=False)
    """*skip_if* as a function of the name ``workers``."""

    task_values: tuple[Callable[[Names], Any], ...] = field(init=False)
    """The readers of those values of the task that *expression* reads."""

    reads_load: bool = field(init=False)
    """Whether that changes with what workers hold."""

    orders_by_load: bool = field(init=False)
    """Whether their order does."""

    def __post_init__(self) -> None:
        """Work out what follows from the fields."""
        derived = {
            "wants_one": self.known_worker is not None or self.worker_sid is not None,
            "admits": None if self.expression is None else compiled(self.expression),
            "skips": None if self.skip_if is None else compiled(self.skip_if),
            "task_values": self._task_values(),
            "reads_load": self.expression is not None and any(map(_reads_load, paths(self.expression))),
            "orders_by_load": self.order_by is not None and any(map(is_channel_property, paths(self.order_by))),
        }
        for name, value in derived.items():
            object.__setattr__(self, name, value)

    def _task_values(self) -> tuple[Callable[[Names], Any], ...]:
        found = () if self.expression is None else paths(self.expression)
        return tuple(map(reader, dict.fromkeys(path for path in found if path.segments[0] == "task")))


NO_STEP: Final = Step(ROUTING_TARGET, 0, None)
"""The step of a task that looks for nobody."""


@dataclass(frozen=True, slots=True, eq=False)
class Filter:
    """Which tasks a list of steps is for."""

    index: int
    name: str | None
    expression: Expression
    steps: tuple[Step, ...]
    matches: Predicate
    """*expression* as a function of the task's attributes."""


@dataclass(frozen=True, slots=True, eq=False)
class Routing:
    """A whole document."""

    document: str
    """The JSON text."""

    filters: tuple[Filter, ...]
    default: Step | None
    first: dict[str, Filter | None] = field(default_factory=dict, repr=False)
    """The first filter that matches, by the JSON text of a task's attributes, as far as it is remembered."""

    def steps(self) -> Iterator[Step]:
        """Every step, from top to bottom, the default filter last."""
        for each in self.filters:
            yield from each.steps
        if self.default is not None:
            yield self.default

    def queue_sids(self) -> frozenset[str]:
        """The queues it sends tasks to."""
        return frozenset(step.queue_sid for step in self.steps() if step.queue_sid is not None)

    def step(self, place: WorkflowPlace) -> Step:
        """The step of a place in this document."""
        if place.filter != DEFAULT:
            return self.filters[place.filter].steps[place.target]
        if self.default is None:
            raise LookupError("this document has no default filter")
        return self.default


def wanted(step: Step, attributes: Mapping[str, Any]) -> Wanted | None:
    """The only worker that *step* wants for a task; None where the task does not name one."""
    if step.worker_sid is not None:
        return ("sid", step.worker_sid)
    value = known_value(step, attributes)
    if step.known_worker is None or not isinstance(value, str):
        return None
    by = step.known_worker.by
    return (by, name_key(value) if by == "friendly_name" else value)


def known_value(step: Step, attributes: Mapping[str, Any]) -> Any:
    """The task's value for the known worker, of any type."""
    return None if step.known_worker is None else resolve(step.known_worker.path, {"task": attributes})


# The way of a task


def first_place(
    routing: Routing, attributes: Mapping[str, Any], created_ms: int, *, text: str | None = None
) -> WorkflowPlace | None:
    """Where a task with these attributes begins; None when nothing takes it.

    *text* is their JSON. The filter that matches is remembered by it, because many tasks have the same attributes.
    """
    entry = _next_filter(routing, attributes, after=-1) if text is None else _remembered(routing, attributes, text)
    if entry is not None:
        return _place(entry.steps[0], 0, created_ms, timed_out=False)
    return _default_place(routing, 0, timed_out=False)


def next_place(
    routing: Routing, attributes: Mapping[str, Any], place: WorkflowPlace, *, left_by: Exit, created_ms: int
) -> WorkflowPlace | None:
    """The next place of a task that leaves *place*; None if it leaves the workflow.

    After the last step comes the next filter that also matches. After the last such filter comes the default filter,
    unless a step was left by time-out.
    """
    steps = routing.filters[place.filter].steps
    timed_out = place.timed_out or left_by == "timeout"
    if place.target + 1 < len(steps):
        return _place(steps[place.target + 1], place.spent_s, created_ms, timed_out=timed_out)
    entry = _next_filter(routing, attributes, after=place.filter)
    if entry is not None:
        return _place(entry.steps[0], place.spent_s, created_ms, timed_out=timed_out)
    return _default_place(routing, place.spent_s, timed_out=timed_out)


def _remembered(routing: Routing, attributes: Mapping[str, Any], text: str) -> Filter | None:
    """The first filter that matches: filters read nothing but attributes, and a document never changes."""
    if text not in routing.first:
        if len(routing.first) >= _REMEMBERED:
            routing.first.clear()
        routing.first[text] = _next_filter(routing, attributes, after=-1)
    return routing.first[text]


def _next_filter(routing: Routing, attributes: Mapping[str, Any], *, after: int) -> Filter | None:
    for each in routing.filters[after + 1 :]:
        if each.matches(attributes):
            return each
    return None


def _place(step: Step, spent_s: int, created_ms: int, *, timed_out: bool) -> WorkflowPlace:
    if step.timeout_s is None:
        return WorkflowPlace(step.filter, step.target, spent_s, None, timed_out)
    spent_s += step.timeout_s
    return WorkflowPlace(step.filter, step.target, spent_s, created_ms + 1000 * spent_s, timed_out)


def _default_place(routing: Routing, spent_s: int, *, timed_out: bool) -> WorkflowPlace | None:
    if routing.default is None or timed_out:
        return None
    return WorkflowPlace(DEFAULT, 0, spent_s, None, timed_out=False)


def is_channel_property(path: Path) -> bool:
    """Whether *path* is a number that TaskRouter keeps of a worker's channel."""
    match path.segments:
        case ("worker", "channel", _, str() as name):
            return name in CHANNEL_PROPERTIES
        case _:
            return False


def _reads_load(path: Path) -> bool:
    return path.segments[0] == CHANNEL_ROOT and path.segments[-1] != "configured_capacity"
