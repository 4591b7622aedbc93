"""The format of ``simulation.yaml``, in the words of contact centres."""

import math
from typing import Annotated, Any, Final, Literal

from pydantic import BeforeValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from tr_apply.resources.fields import INTEGER, Name
from tr_apply.resources.kind import Resource
from tr_apply.resources.load_values import (
    CLOCKS,
    NUMBER,
    PATIENCE_INPUT,
    ClockTime,
    Duration,
    Share,
    Shorthand,
    as_list,
    patience_of,
)
from tr_apply.resources.workflow import PRIORITY_LIMIT

_WIDEST: Final = math.exp(1.2815515655446004**2 / 2)
"""The largest 90 % quantile that a lognormal distribution has, as a multiple of its mean."""

REPLICATIONS_LIMIT: Final = 10_000
_MOST: Final = 200  # entries of a list


class ServiceLevelTarget(Resource):
    """The target for answering tasks of a channel or a queue."""

    channel: Name | None = None
    """Unique name of the task channel. Left out: every channel."""

    queue: Name | None = None
    """The queue in which the task is answered or abandoned. Left out: every queue."""

    threshold: Duration = 20.0
    """A task that is answered within this time is within the service level."""

    target: Share | None = None
    """The share of tasks that should be. It is shown in reports; `--min-sl` is the gate."""

    short_abandon: Duration = 0.0
    """Who gives up within this time does not count."""


class Offered(Shorthand):
    """How many tasks arrive: a number for each interval, a column of a table, or a total with a profile."""

    SHORT = "each"

    each: list[Annotated[float, Field(ge=0, le=1e6), NUMBER]] | None = None
    """The number of tasks in each interval, from `opens` to `closes`. May be written without the key."""

    csv: Annotated[str, Field(min_length=1)] | None = None
    """A table with figures by interval, as workforce programs export it; relative to this file."""

    queue: str | None = None
    """Only the rows of this queue count. Left out: all rows."""

    column: str = "offered"
    """The column with the number of tasks."""

    queue_column: str = "queue"
    """The column with the name of the queue."""

    time_column: str = "time"
    """The column with the time at which the interval begins (`09:00`, or with a date). Several days are averaged."""

    total: Annotated[float, Field(ge=0, le=1e6), NUMBER] | None = None
    """The number of tasks of the whole day, spread like `profile`."""

    profile: str | None = None
    """The demand whose shape over the day this one has. Left out: evenly."""

    @model_validator(mode="after")
    def _one_source(self) -> "Offered":
        if sum(each is not None for each in (self.each, self.csv, self.total)) != 1:
            raise PydanticCustomError("invalid-value", "expected a list of numbers, or one of `csv` and `total`")
        return self


class Arrivals(Shorthand):
    """How the tasks of an interval arrive."""

    SHORT = "process"

    process: Literal["poisson", "exact"] = "poisson"
    """`poisson`: at random. `exact`: exactly as many as are written, at random moments of the interval."""

    dispersion: Annotated[float, Field(ge=1, le=1000), NUMBER] | None = None
    """The variance of a day's number of tasks divided by its mean: 1 is Poisson. Busy days are busy all day."""


class TimeSpread(Shorthand):
    """How long something takes. With a mean alone it is exponential, with `p90` lognormal."""

    SHORT = "mean"

    mean: Duration | None = None
    """The mean. May be written without the key."""

    p90: Duration | None = None
    """The time that 90 % stay below; at most 2.27 times the mean."""

    distribution: Literal["exponential", "lognormal", "constant"] | None = None
    """The distribution, where it is not the one that follows from the other keys."""

    csv: Annotated[str, Field(min_length=1)] | None = None
    """A table with times in seconds, from which each time is drawn; relative to this file."""

    column: str = "handle_time"
    """The column of the table."""

    @model_validator(mode="after")
    def _of_one_kind(self) -> "TimeSpread":
        if (self.mean is None) == (self.csv is None):
            raise PydanticCustomError("invalid-value", "expected either `mean` or `csv`")
        is_lognormal = self.distribution == "lognormal" or (self.distribution is None and self.p90 is not None)
        if is_lognormal is (self.p90 is None):
            raise PydanticCustomError("invalid-value", "a lognormal distribution needs `p90`, and others have none")
        if self.p90 is not None and not 1 <= self.p90 / (self.mean or 1e-9) <= _WIDEST:
            raise PydanticCustomError("invalid-value", "`p90` must be from 1 to 2.27 times the mean")
        return self


class HandleTime(TimeSpread):
    """How long a worker handles a task, without the work after the contact."""

    concurrency_slowdown: Share = 0.0
    """How much longer it takes for each other task that the worker has in hand when accepting it."""


class WeibullPatience(Resource):
    """A Weibull distribution of patience."""

    shape: Annotated[float, Field(ge=0.2, le=20), NUMBER]
    """Below 1, many abandon early; above 1, most wait about equally long."""

    mean: Duration
    """The mean patience, of all, the answered ones included."""


class CustomerPatience(Shorthand):
    """How long a customer waits before giving up. With a mean alone it is exponential."""

    SHORT = "mean"

    mean: Annotated[float, BeforeValidator(patience_of, json_schema_input_type=PATIENCE_INPUT)] | None = None
    """The mean of all, the answered ones included: total waiting time divided by the number who gave up."""

    weibull: WeibullPatience | None = None
    """A Weibull distribution instead."""

    silent: Share = 0.0
    """The share of those giving up whom nobody sees leaving: the task stays, and a worker loses time on it."""

    noticed_after: Duration = 60.0
    """How long a worker needs to notice that the customer has left silently."""

    @model_validator(mode="after")
    def _of_one_kind(self) -> "CustomerPatience":
        if (self.mean is None) == (self.weibull is None):
            raise PydanticCustomError("invalid-value", "expected `infinite`, or either `mean` or `weibull`")
        return self


class RecordedLevel(Resource):
    """Recorded figures of contacts, for `simulate --calibrate`."""

    tasks: Annotated[int, Field(ge=1, le=10**9), INTEGER]
    """How many tasks were recorded."""

    service_level: Share
    """The share of them that was answered within `threshold`, without those who gave up early."""

    abandonment: Share
    """The share that was abandoned or canceled."""

    threshold: Duration = 20.0
    """The threshold that `service_level` was recorded with; `service_levels` must have it as well."""


class ContactType(Resource):
    """Contacts of one kind: who comes, how often, and for how long."""

    name: Name
    """The name in reports."""

    workflow: Name
    """The workflow that gets the tasks, by name."""

    channel: Name = "default"
    """Unique name of the tasks' channel."""

    offered: Offered
    """How many tasks arrive, on average."""

    arrivals: Arrivals = Arrivals()
    """How they arrive within an interval."""

    attributes: dict[str, Any] = {}
    """The tasks' attributes. A mapping of values to shares (`{en: 73%, es: 22%}`) is drawn for each task, and so is a
    list of `{value, share}`; with the rest of the shares the attribute is missing."""

    priority: Annotated[int, Field(ge=0, le=PRIORITY_LIMIT), INTEGER] = 0
    """The priority that the tasks are created with."""

    handle_time: HandleTime
    """How long a worker handles a task, from accepting it."""

    after_contact_work: TimeSpread = TimeSpread(mean=0.0)
    """How long the worker is still busy after that."""

    patience: CustomerPatience = CustomerPatience(mean=math.inf)
    """How long a customer waits before giving up. Left out: for ever."""

    recorded: RecordedLevel | None = None
    """Recorded figures of these contacts, for `--calibrate`. They do not change the simulated days."""


class ShiftBreak(Resource):
    """A break of a shift."""

    after: Duration
    """Time from the beginning of the shift."""

    length: Duration
    """How long it lasts."""

    activity: Name | None = None
    """The activity during the break. Left out: the first that is not available."""


class Shift(Resource):
    """When people work."""

    name: Annotated[str, Field(min_length=1)] | None = None
    """The name of these people in reports. Default: `where`."""

    where: Annotated[str, Field(min_length=1)] = "1==1"
    """Who works so: an expression over the workers' attributes, as in `target_workers`."""

    starts: Annotated[
        list[ClockTime], Field(min_length=1), BeforeValidator(as_list, json_schema_input_type=CLOCKS | list[CLOCKS])
    ]
    """When the shift begins. With several times, the workers take turns in the order in which they are declared."""

    length: Duration
    """How long it lasts, breaks included."""

    activity: Name | None = None
    """The activity at work. Left out: the first that is available."""

    breaks: Annotated[list[ShiftBreak], Field(max_length=50)] = []
    """Planned breaks."""


class Shifts(Shorthand):
    """Who works when: a list of shifts, or a roster."""

    SHORT = "each"

    each: Annotated[list[Shift], Field(max_length=_MOST)] | None = None
    """The shifts; the first that fits a worker counts. May be written without the key."""

    csv: Annotated[str, Field(min_length=1)] | None = None
    """A table with the columns name, start, end and, if needed, activity; relative to this file."""

    @model_validator(mode="after")
    def _one_source(self) -> "Shifts":
        if (self.each is None) == (self.csv is None):
            raise PydanticCustomError("invalid-value", "expected a list of shifts, or `csv`")
        return self


class StaffingPlan(Resource):
    """The people, and how they work. Their skills and channels are those of the configuration."""

    answer_delay: TimeSpread = TimeSpread(mean=0.0)
    """Ring time: how long a worker needs to accept. Beyond `task_reservation_timeout` it is a missed reservation."""

    no_answer: Share = 0.0
    """The share of reservations that ring through."""

    returns_after: Duration = 0.0
    """How long a worker stays in the workspace's `timeout_activity` after a missed reservation."""

    shifts: Shifts | None = None
    """Who works when; workers without a shift are away. Left out: every worker works all day."""

    absence: Share = 0.0
    """The probability that a worker is away for the whole day."""

    shrinkage: Share = 0.0
    """The share of working time that unplanned pauses take."""

    pause: Duration = 600.0
    """How long such a pause lasts."""

    @model_validator(mode="after")
    def _possible(self) -> "StaffingPlan":
        if self.shrinkage >= 1 or (self.shrinkage and not self.pause):
            raise PydanticCustomError("invalid-value", "shrinkage must be below 100%, and `pause` longer than 0s")
        return self


class ExperimentPlan(Resource):
    """How often the day is simulated. Options of `simulate` override it."""

    replications: Annotated[int, Field(ge=2, le=REPLICATIONS_LIMIT), INTEGER] = 30
    """How many days are simulated."""

    seed: Annotated[int, Field(ge=0, le=2**63 - 1), INTEGER] = 1
    """The same seed gives the same days."""

    confidence: Share = 0.95
    """The confidence of the intervals."""

    @model_validator(mode="after")
    def _possible(self) -> "ExperimentPlan":
        if not 0.5 <= self.confidence < 1:  # noqa: PLR2004
            raise PydanticCustomError("invalid-value", "the confidence must be from 50% to below 100%")
        return self


class SimulatedDay(Resource):
    """A day of a contact center."""

    interval: Literal["15m", "30m"] = "30m"
    """The length of an interval: every list of numbers has one number for each."""

    opens: ClockTime
    """When the first task may arrive."""

    closes: ClockTime
    """When no task arrives any more."""

    drain: Duration = 7200.0
    """How long after closing the day goes on for the tasks that wait; shifts end as they are planned."""

    service_levels: Annotated[list[ServiceLevelTarget], Field(min_length=1, max_length=_MOST)] = [ServiceLevelTarget()]
    """The service level targets; the first that matches a task counts. All other tasks: answered within 20 s."""

    demand: Annotated[list[ContactType], Field(min_length=1, max_length=_MOST)]
    """Who comes, how often, and for how long."""

    staffing: StaffingPlan = StaffingPlan()
    """Who works, and how."""

    experiment: ExperimentPlan = ExperimentPlan()
    """How often the day is simulated."""


class SimulationFile(Resource):
    """The file of `tr-apply simulate --load`: the demand, the shifts, and the number of days."""

    simulation: SimulatedDay
    """A day of a contact center."""
