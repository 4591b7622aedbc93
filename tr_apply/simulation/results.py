"""The JSON document of ``simulate``: what the days were like, what differs, and what the gates say.

Every number is a mean over the simulated days and has a half-width.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from tr_apply.simulation.tally import Grouping

Measure: TypeAlias = Literal["service_level", "asa_s", "abandonment", "wait_p90_s", "wait_max_s", "occupancy"]
GateState: TypeAlias = Literal["passed", "failed", "undecided"]

NOT_MODELLED: Final = (
    "transfers and conferences",
    "callbacks and customers who try again",
    "blocked lines",
    "learning, and workers of different speed",
    "adherence beyond shrinkage",
    "work left over from the day before",
)
"""Things that the simulated days leave out."""


@dataclass(frozen=True, slots=True)
class MeanEstimate:
    """A mean over the simulated days, with the half-width of its confidence interval."""

    mean: float | None
    """Null where no day has a value."""

    half_width: float | None
    """Null where fewer than two days have a value."""


@dataclass(frozen=True, slots=True)
class WaitTimes:
    """Waiting times in seconds: quantiles of the answered tasks, and the longest of all; each a mean over the days."""

    p50: float | None
    """Half were answered by then."""

    p80: float | None
    """80 % were answered by then."""

    p90: float | None
    """90 % were answered by then."""

    p95: float | None
    """95 % were answered by then."""

    max: float | None
    """The longest wait of a day, of any task."""


@dataclass(frozen=True, slots=True)
class SimulatedGroup:
    """Tasks or people of one group, on an average day."""

    by: Grouping
    """The criterion of the group."""

    name: str
    """Name of the demand, the queue, the channel or the group of workers."""

    interval: str | None
    """When the interval of arrival begins, as in ``09:30``; null for the whole day."""

    offered: float | None
    """Tasks a day; null of workers."""

    answered: float | None
    """Tasks that a worker accepted."""

    abandoned: float | None
    """Tasks whose customers gave up."""

    short_abandoned: float | None
    """Those of them who gave up so early that they do not count."""

    canceled: float | None
    """Tasks that the workflow canceled because no step was left."""

    waiting: float | None
    """Tasks that still waited when the day ended."""

    service_level: MeanEstimate
    """A fraction, 0 to 1: see ``formula``."""

    asa_s: MeanEstimate
    """Average speed of answer, in seconds."""

    abandonment: MeanEstimate
    """The fraction of the offered tasks that were abandoned or canceled."""

    wait_s: WaitTimes | None
    """Waiting times; null of an interval and of workers."""

    occupancy: float | None
    """The fraction of their time at work in which workers have a task in hand; null of tasks."""

    overflowed: float | None
    """Tasks that were accepted in a later step than their first."""

    missed_reservations: float | None
    """Reservations that timed out."""

    half_widths: Mapping[str, float | None]
    """The half-widths of all means here that are plain numbers, by their names; ``wait_s.p90`` and so on."""


@dataclass(frozen=True, slots=True)
class SimulatedStep:
    """A step of a workflow on an average day: the number of tasks that come to it, and their outcomes there."""

    workflow: str
    """By name."""

    filter: int
    """Number of the filter, from 1; 0 for the default filter."""

    step: int
    """Number of the target in it, from 1."""

    queue: str
    """Name of the queue that the step leads to."""

    came: MeanEstimate
    """Tasks a day."""

    answered: MeanEstimate
    """The fraction of those who came that was answered here. The shares of a step add up to 1."""

    answered_wait_s: MeanEstimate
    """How long the answered had waited since they arrived, in seconds."""

    abandoned: MeanEstimate
    """The fraction whose customers gave up here."""

    canceled: MeanEstimate
    """The fraction that the workflow canceled here, because no step was left."""

    waiting: MeanEstimate
    """The fraction that still waited here when the day ended."""

    went_on: MeanEstimate
    """The fraction that went on to another step."""

    went_on_wait_s: MeanEstimate
    """How long those had waited by then since they arrived, in seconds."""


@dataclass(frozen=True, slots=True)
class ServiceLevelGoal:
    """The target for an answer; the first of several that matches a task counts."""

    channel: str | None
    """Unique name of the task channel; null for every channel."""

    queue: str | None
    """Name of the queue in which the task ends; null for every queue."""

    threshold_s: float
    """Who is answered within this time is within the service level."""

    target: float | None
    """The fraction of tasks that should be."""

    short_abandon_s: float
    """Who gives up within this time does not count."""


@dataclass(frozen=True, slots=True)
class SimulatedScenario:
    """A configuration, with its people and its demand."""

    name: str
    """``before``, ``after``, or the variant of ``--what-if``."""

    source: str
    """The configuration."""

    workers: int
    """How many workers have a shift on this day."""

    results: Sequence[SimulatedGroup]
    """All groups: first all tasks together, then each demand."""

    steps: Sequence[SimulatedStep] = ()
    """All steps of the workflows to which tasks come, in the order of the configuration."""


@dataclass(frozen=True, slots=True)
class SimulatedDifference:
    """A change from the first scenario to another one, as the mean of the differences day by day."""

    scenario: str
    """The other one."""

    by: Grouping
    """The criterion of the group."""

    name: str
    """Name of the group."""

    measure: Measure
    """The compared measure; fractions and seconds as in the results."""

    mean: float | None
    """After minus before; null where no day has a value."""

    half_width: float | None
    """Of the confidence interval of this comparison alone."""

    sure: bool
    """Whether the change is not zero, with the confidence for all comparisons of its sort together (Bonferroni)."""


@dataclass(frozen=True, slots=True)
class GateResult:
    """The result of a limit for one group."""

    limit: str
    """The option, as in ``max-sl-drop=2pp``."""

    by: Grouping
    """The criterion of the group."""

    name: str
    """Name of the group."""

    measure: Measure
    """The limited measure."""

    mean: float | None
    """The change, or the value where the limit is one of values."""

    half_width: float | None
    """With the confidence for all limits together (Bonferroni)."""

    state: GateState
    """Passed or failed where all of the interval says so; else undecided, which counts as failed."""


@dataclass(frozen=True, slots=True)
class CalibratedShare:
    """A recorded share next to the simulated one."""

    name: str
    """Name of the demand."""

    measure: Literal["service_level", "abandonment"]
    """The compared measure; fractions, 0 to 1."""

    recorded: MeanEstimate
    """Of the recorded tasks."""

    simulated: MeanEstimate
    """Of the simulated days."""

    fits: bool
    """Whether chance may explain the difference, with the confidence for all comparisons together (Bonferroni)."""


@dataclass(frozen=True, slots=True)
class SimulationResults:
    """The simulated scenarios and their results."""

    seed: int
    """The same seed, load and configuration give the same document."""

    replications: int
    """How many days of each scenario."""

    confidence: float
    """Of all intervals, 0 to 1."""

    formula: str
    """The definition of the service level."""

    service_levels: Sequence[ServiceLevelGoal]
    """The thresholds and targets."""

    comparisons: int
    """How many differences of all tasks and of demands are judged together in ``sure``."""

    interrupted: bool
    """Whether the run ended early, with fewer days than were asked for."""

    notes: Sequence[str]
    """Further notes for the reader."""

    not_modelled: Sequence[str]
    """Things that the simulated days leave out."""

    scenarios: Sequence[SimulatedScenario]
    """The first is what the others are compared with."""

    differences: Sequence[SimulatedDifference]
    """Empty with one scenario."""

    gates: Sequence[GateResult]
    """One for each limit and each group that it holds for."""

    calibration: Sequence[CalibratedShare] = ()
    """By ``--calibrate``: two for each demand whose recorded figures the load holds."""
