"""The way of one task through a workflow: what ``route`` prints. These dataclasses are the JSON document.

Sensitive values are hidden in them, and SIDs are names.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import Field, PlainSerializer, WithJsonSchema

from tr_apply.routing.survey import Obstacle
from tr_apply.routing.trace import End
from tr_apply.routing.workflow import Exit

Count: TypeAlias = Annotated[int, Field(ge=0)]
Number: TypeAlias = Annotated[int, Field(ge=1)]
Age: TypeAlias = Annotated[int, Field(ge=0)]

ObstacleName: TypeAlias = Annotated[
    Obstacle,
    PlainSerializer(lambda each: each.name.lower(), return_type=str),
    WithJsonSchema({"type": "string", "enum": [each.name.lower() for each in Obstacle]}),
]


@dataclass(frozen=True, slots=True)
class FalseComparison:
    """A comparison that is false."""

    comparison: str
    """The comparison."""

    found: Mapping[str, Any]
    """The value of each name in it; null where there is none, ``(sensitive)`` where it must not be shown."""


@dataclass(frozen=True, slots=True)
class RouteTask:
    """A task that is created now."""

    attributes: Mapping[str, Any]
    """Its attributes."""

    channel: str
    """Unique name of its channel."""

    priority: Count
    """The priority it is created with."""


@dataclass(frozen=True, slots=True)
class RouteFilter:
    """A filter of the workflow."""

    number: Number
    """Its place, from 1."""

    name: str | None
    """Its name, if it has one."""

    expression: str
    """Which tasks it is for."""

    matches: bool
    """Whether the expression is true of the task."""

    reached: bool
    """Whether the task goes through its targets."""

    because: FalseComparison | None
    """The first comparison that is false; null if it matches."""


@dataclass(frozen=True, slots=True)
class ExcludedWorker:
    """A worker who is not eligible."""

    worker: str
    """The name."""

    obstacle: ObstacleName
    """The first condition that excludes the worker."""

    because: FalseComparison | None
    """The comparison, where an expression is the obstacle."""

    found: Mapping[str, Any] | None
    """Otherwise: ``activity``, or ``used`` and ``capacity``."""


@dataclass(frozen=True, slots=True)
class WantedWorker:
    """The only worker that a step wants."""

    value: Any
    """The worker that the task names; null for nothing."""

    by: Literal["sid", "friendly_name"]
    """Whether the task names the worker by SID or by name."""

    debugger_code: int | None
    """TaskRouter's code for a worker who is not available; null if the worker is."""


@dataclass(frozen=True, slots=True)
class RouteStep:
    """A step that the task comes to."""

    number: Number
    """Its place on the way, from 1."""

    filter: Number | None
    """Number of its filter; null for the default filter."""

    filter_name: str | None
    """Name of the filter."""

    default_filter: bool
    """Whether it is the default filter."""

    target: Number
    """Number of the target within its filter, from 1."""

    queue: str
    """The task queue."""

    declared: bool
    """Whether the configuration declares the queue: only then are its workers known."""

    priority: Count
    """The task's priority here."""

    timeout: Number | None
    """The target's own time-out in seconds."""

    expression: str | None
    """Which workers of the queue may take the task."""

    entered: Age
    """Age of the task, in seconds, when it comes here."""

    deadline: Age | None
    """Age in seconds at which it must go on; null for never."""

    eligible: Sequence[str]
    """Workers in the order in which they are offered the task; in a live workspace all whom the step wants."""

    offered_to: Count
    """The number of workers that the step offers it to simultaneously."""

    excluded: Sequence[ExcludedWorker]
    """Those nearest to being eligible."""

    excluded_count: Count
    """How many workers are not eligible."""

    known_worker: WantedWorker | None
    """The only worker wanted."""

    skip_if: str | None
    """When the step is skipped."""

    not_skipped: FalseComparison | None
    """Why it is not skipped, where ``skip_if`` was evaluated."""

    left_by: Exit | None
    """How the task goes on; null if it stays until its time is over."""

    available: Sequence[str] | None = None
    """In a live workspace: those of *eligible* who could take it now, in the order in which they are offered it."""


@dataclass(frozen=True, slots=True)
class RouteEnd:
    """Where the way ends of a task that nobody takes."""

    how: End
    """Why the task ends."""

    at: Age
    """Age of the task in seconds."""

    reason: str
    """TaskRouter's reason."""


@dataclass(frozen=True, slots=True)
class Route:
    """The route of a task that nobody takes."""

    workflow: str
    """The workflow that gets it."""

    task: RouteTask
    """The task."""

    available: Sequence[str]
    """The workers who are available."""

    all_available: bool
    """Whether the request names none of them: then they are all workers who are not said to be away."""

    filters: Sequence[RouteFilter]
    """All filters of the workflow."""

    steps: Sequence[RouteStep]
    """The steps in their order."""

    end: RouteEnd
    """Where it ends."""

    @property
    def first(self) -> RouteStep | None:
        """The first step; None if there is none."""
        return self.steps[0] if self.steps else None

    def at(self, age_s: int) -> RouteStep | None:
        """The step that the task is in at an age; None when it has ended."""
        reached = [each for each in self.steps if each.entered <= age_s]
        return reached[-1] if reached and age_s < self.end.at else None
