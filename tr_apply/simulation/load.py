"""A load as values: every name, table and time resolved. Times are milliseconds from midnight.

`Scenario` joins it with a configuration. Everything here can be sent to another process.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal, NamedTuple

from tr_apply.routing.engine.setup import Setup
from tr_apply.routing.records import Worker
from tr_apply.simulation.durations import DurationSpread

AT_ONCE: Final = DurationSpread()
FOR_EVER: Final = DurationSpread("never")
TASKS_LIMIT: Final = 200_000
"""Tasks that may arrive on one day, on average."""


@dataclass(frozen=True, slots=True)
class AnswerTarget:
    """The target for an answer."""

    channel: str | None = None
    queue: str | None = None
    threshold_ms: int = 20_000
    target: float | None = None
    short_ms: int = 0

    def fits(self, channel: str, queue: str) -> bool:
        """Whether it is about tasks of this channel that end in this queue."""
        return self.channel in (None, channel) and self.queue in (None, queue)


@dataclass(frozen=True, slots=True)
class AttributeChoice:
    """An attribute that is drawn for each task."""

    attribute: str
    values: tuple[Any, ...]
    below: tuple[float, ...]
    """For each value, the sum of its share and those before it. Above the last the attribute is missing."""


@dataclass(frozen=True, slots=True)
class ContactLoad:
    """Contacts of one kind."""

    name: str
    workflow: str
    """By name."""

    channel: str
    offered: tuple[float, ...]
    """Tasks in each interval, on average."""

    handle: DurationSpread
    after_contact: DurationSpread = AT_ONCE
    patience: DurationSpread = FOR_EVER
    arrivals: Literal["poisson", "exact"] = "poisson"
    dispersion: float = 1.0
    attributes: Mapping[str, Any] = field(default_factory=dict)
    choices: tuple[AttributeChoice, ...] = ()
    priority: int = 0
    slowdown: float = 0.0
    silent: float = 0.0
    noticed_ms: int = 0


class WorkPeriod(NamedTuple):
    """A time in one activity."""

    begin_ms: int
    end_ms: int
    activity_sid: str


@dataclass(frozen=True, slots=True)
class PersonPlan:
    """A worker of the configuration, and when that one works if nothing comes between."""

    worker: Worker
    """As a worker who is away."""

    group: str = ""
    """The name of the people with the same shift in reports; empty for a worker without shifts."""

    work: tuple[WorkPeriod, ...] = ()
    """In order, without overlaps."""

    rests: tuple[WorkPeriod, ...] = ()
    """Planned breaks."""


@dataclass(frozen=True, slots=True)
class WorkRules:
    """How people work, beyond their plans."""

    answer_delay: DurationSpread = AT_ONCE
    no_answer: float = 0.0
    returns_after_ms: int = 0
    absence: float = 0.0
    shrinkage: float = 0.0
    pause_ms: int = 600_000


@dataclass(frozen=True, slots=True)
class DayHours:
    """The frame of a day."""

    interval_ms: int
    opens_ms: int
    closes_ms: int
    ends_ms: int
    """Closing and drain."""

    @property
    def intervals(self) -> int:
        """How many intervals there are."""
        return -(-(self.closes_ms - self.opens_ms) // self.interval_ms)

    def interval_of(self, at_ms: int) -> int:
        """The 0-based interval of a moment at which a task may arrive."""
        return min(self.intervals - 1, (at_ms - self.opens_ms) // self.interval_ms)

    def label(self, interval: int) -> str:
        """When an interval begins: ``09:30``."""
        minutes = (self.opens_ms + interval * self.interval_ms) // 60_000
        return f"{minutes // 60:02d}:{minutes % 60:02d}"


class PlannedBreak(NamedTuple):
    """A break of a shift; its activity by name, None for any that is not available."""

    after_ms: int
    length_ms: int
    activity: str | None


@dataclass(frozen=True, slots=True)
class ShiftPlan:
    """When people work; the activity by name, None for any that is available."""

    name: str
    where: str
    starts_ms: tuple[int, ...]
    length_ms: int
    activity: str | None = None
    breaks: tuple[PlannedBreak, ...] = ()


class RosterEntry(NamedTuple):
    """A time at work of one worker."""

    worker: str
    begin_ms: int
    end_ms: int
    activity: str | None


class RecordedShares(NamedTuple):
    """Recorded shares of the contacts of a demand."""

    demand: str
    channel: str
    tasks: int
    service_level: float
    abandonment: float
    threshold_ms: int


@dataclass(frozen=True, slots=True)
class DayLoad:
    """A load before it meets a configuration: everything by name."""

    hours: DayHours
    contacts: tuple[ContactLoad, ...]
    rules: WorkRules = WorkRules()
    targets: tuple[AnswerTarget, ...] = (AnswerTarget(),)
    shifts: tuple[ShiftPlan, ...] | None = None
    """None for a roster, or where every worker works all day."""

    roster: tuple[RosterEntry, ...] | None = None
    replications: int = 30
    seed: int = 1
    confidence: float = 0.95
    recorded: tuple[RecordedShares, ...] = ()


@dataclass(frozen=True, slots=True)
class Scenario:
    """A configuration with its people and the days that are simulated with it."""

    name: str
    """Its name in results."""

    setup: Setup
    hours: DayHours
    contacts: tuple[ContactLoad, ...]
    workflow_sids: tuple[str, ...]
    """The workflow of each of *contacts*."""

    people: tuple[PersonPlan, ...]
    rules: WorkRules
    targets: tuple[AnswerTarget, ...]
    seed: int

    def target(self, channel: str, queue: str) -> AnswerTarget:
        """The target for tasks of this channel that end in this queue."""
        return next((each for each in self.targets if each.fits(channel, queue)), _USUAL)


_USUAL: Final = AnswerTarget()
