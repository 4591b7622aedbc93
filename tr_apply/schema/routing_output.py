"""What ``route`` and ``test`` print with ``--format json``."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from tr_apply.routing.survey import Obstacle

Count = Annotated[int, Field(ge=0)]
Number = Annotated[int, Field(ge=1)]
Age = Annotated[int, Field(ge=0)]


class _Part(BaseModel):
    model_config = ConfigDict(use_attribute_docstrings=True)


class Falsehood(_Part):
    """A comparison that is false."""

    comparison: str
    """The comparison."""

    found: dict[str, Any]
    """The value of each name in it; null where there is none, ``(sensitive)`` where it must not be shown."""


class AskedTask(_Part):
    """The task that was asked about."""

    attributes: dict[str, Any]
    """Its attributes."""

    channel: str
    """Unique name of its channel."""

    priority: Count
    """The priority it is created with."""


class RouteFilter(_Part):
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

    because: Falsehood | None
    """The first comparison that is false; null if it matches."""


class ExcludedWorker(_Part):
    """A worker who is not eligible."""

    worker: str
    """The name."""

    obstacle: Annotated[str, Field(json_schema_extra={"enum": [each.name.lower() for each in Obstacle]})]
    """The first condition that excludes the worker."""

    because: Falsehood | None
    """The comparison, where an expression is the obstacle."""

    found: dict[str, Any] | None
    """Otherwise: ``activity``, or ``used`` and ``capacity``."""


class KnownWorker(_Part):
    """The only worker that a step wants."""

    value: Any
    """What the task says; null for nothing."""

    debugger_code: int | None
    """TaskRouter's code for a worker who cannot be had."""


class RouteStep(_Part):
    """A step that the task comes to."""

    number: Number
    """From 1."""

    filter: Number | None
    """Number of its filter; null for the default filter."""

    filter_name: str | None
    """Name of the filter."""

    default_filter: bool
    """Whether it is the default filter."""

    target: Number
    """Number of the target within its filter."""

    queue: str
    """The task queue."""

    priority: Count
    """The task's priority here."""

    timeout: Number | None
    """The target's own time-out in seconds."""

    expression: str | None
    """Which workers of the queue may take the task."""

    entered: Age
    """Age of the task, in seconds, when it comes here."""

    deadline: Age | None
    """Age at which it must go on; null for never."""

    eligible: list[str]
    """Workers in the order in which they are offered the task."""

    offered_to: Count
    """How many of them are offered it at once."""

    excluded: list[ExcludedWorker]
    """Those nearest to being eligible."""

    excluded_count: Count
    """How many are not eligible."""

    known_worker: KnownWorker | None
    """The only worker wanted."""

    skip_if: str | None
    """When the step is skipped."""

    not_skipped: Falsehood | None
    """Why it is not, where that was looked at."""

    left_by: Literal["timeout", "skip"] | None
    """How the task goes on; null if it stays until its time is over."""


class RouteEnd(_Part):
    """Where the way ends of a task that nobody takes."""

    how: Literal["no_route", "timed_out", "skipped", "expired", "not_accepted"]
    """In which way."""

    at: Age
    """Age of the task in seconds."""

    reason: str
    """TaskRouter's reason."""


class Route(_Part):
    """What becomes of a task that nobody takes."""

    workflow: str
    """The workflow that gets it."""

    task: AskedTask
    """The task."""

    available: list[str]
    """The workers who are available."""

    filters: list[RouteFilter]
    """All filters of the workflow."""

    steps: list[RouteStep]
    """The steps in their order."""

    end: RouteEnd
    """Where it ends."""


class TestDifference(_Part):
    """An expectation that was not met."""

    about: str
    """What was expected of, as in ``step 2: eligible``."""

    expected: Any
    """As the test writes it."""

    actual: Any
    """What is instead."""

    hint: str | None
    """What to look at."""


class TestResult(_Part):
    """What came of a routing test."""

    name: str
    """What the test says."""

    path: str
    """The configuration."""

    file: str
    """The file of the test."""

    line: Number
    """Its line."""

    workflow: str
    """The workflow."""

    passed: bool
    """Whether everything is as expected."""

    differences: list[TestDifference]
    """What is not."""

    route: Route | None
    """What happens instead, of a test that failed."""


class TestSummary(_Part):
    """How many tests there were."""

    passed: Count
    """Those that passed."""

    failed: Count
    """Those that did not."""


class MissedPart(_Part):
    """What no test reaches."""

    workflow: str | None = None
    """Its workflow."""

    filter: Number | None = None
    """Number of the filter."""

    filter_name: str | None = None
    """Name of the filter."""

    default_filter: bool = False
    """Whether it is the default filter."""

    target: Number | None = None
    """Number of the target."""

    queue: str | None = None
    """The task queue."""


class CoveredSort(_Part):
    """What the tests reach of one sort."""

    reached: Count
    """How many."""

    total: Count
    """Of how many."""

    percentage: Annotated[int, Field(ge=0, le=100)]
    """The share, rounded down."""

    missed: list[MissedPart]
    """The others."""


class TestCoverage(_Part):
    """What the tests of a configuration reach."""

    path: str
    """The configuration."""

    percentage: Annotated[int, Field(ge=0, le=100)]
    """The share of everything, rounded down."""

    filters: CoveredSort
    """Filters, default filters included."""

    targets: CoveredSort
    """Targets of filters."""

    queues: CoveredSort
    """Task queues."""
