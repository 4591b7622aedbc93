"""Scenarios, replications and gates: days are simulated until everything is decided that can be."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal, NamedTuple, TypeAlias

from tr_apply.simulation.estimates import Estimate
from tr_apply.simulation.executors import Executor, Wanted
from tr_apply.simulation.load import Scenario
from tr_apply.simulation.measures import EVERYTHING, MEASURES, Days, GroupKey, rounded
from tr_apply.simulation.results import (
    NOT_MODELLED,
    GateResult,
    GateState,
    Measure,
    ServiceLevelGoal,
    SimulatedDifference,
    SimulatedScenario,
    SimulationResults,
)
from tr_apply.simulation.steps import simulated_steps
from tr_apply.simulation.tally import DayTally

GateOption: TypeAlias = Literal["max-sl-drop", "max-abandonment-rise", "min-sl"]
Progress: TypeAlias = Callable[[int, int], None]
"""Called with the number of finished days and of all days."""

_MEASURE_OF: Final[dict[GateOption, Measure]] = {
    "max-sl-drop": "service_level",
    "max-abandonment-rise": "abandonment",
    "min-sl": "service_level",
}
_TOGETHER: Final = ("all", "demand")
"""The groups whose differences are judged together; the others are, too, among themselves."""


class GateLimit(NamedTuple):
    """A limit for all tasks together, and for each demand."""

    option: GateOption
    limit: float
    """A fraction."""

    written: str
    """As the user wrote it."""


@dataclass(frozen=True, slots=True)
class Trials:
    """How many days are simulated, and what they must decide."""

    replications: int
    max_replications: int
    confidence: float
    precision: float | None = None
    """The half-width of the service level of all tasks that is wanted, as a fraction; None for any."""

    gates: tuple[GateLimit, ...] = ()


@dataclass
class Experiment:
    """Some scenarios; the others are compared with the first one."""

    scenarios: Sequence[Scenario]
    sources: Sequence[str]
    trials: Trials
    tallies: list[dict[int, DayTally]] = field(default_factory=list)
    interrupted: bool = False
    _days: list[Days] = field(default_factory=list)
    """The last result of `days`; it has the sums of its days."""

    def run(self, executor: Executor, progress: Progress) -> None:
        """Simulate days until gates and precision are decided, or there are as many as are allowed.

        Ctrl-C ends this early; the completed days count.
        """
        self.tallies = [{} for _ in self.scenarios]
        trials = self.trials
        number = trials.replications
        try:
            while True:
                self._simulate(executor, number, progress)
                if number >= trials.max_replications or self._is_decided():
                    return
                number = min(2 * number, trials.max_replications)
        except KeyboardInterrupt:
            self.interrupted = True

    def _simulate(self, executor: Executor, number: int, progress: Progress) -> None:
        wanted = [
            Wanted(index, replication)
            for replication in range(number)
            for index in range(len(self.scenarios))
            if replication not in self.tallies[index]
        ]
        done, total = number * len(self.scenarios) - len(wanted), number * len(self.scenarios)
        for index, replication, tally in executor.days(wanted):
            self.tallies[index][replication] = tally
            done += 1
            progress(done, total)

    def _is_decided(self) -> bool:
        """Whether more days can change nothing: one limit that failed is enough for the whole run to fail."""
        days = self.days()
        states = {each.state for each in self._gates(days)}
        return "failed" in states or (self._is_precise(days) and "undecided" not in states)

    def _is_precise(self, days: Sequence[Days]) -> bool:
        wanted = self.trials.precision
        if wanted is None:
            return True
        found = [days[0].change(each, EVERYTHING, "service_level", self.trials.confidence) for each in days[1:]] or [
            days[0].estimate(EVERYTHING, "service_level", self.trials.confidence)
        ]
        return all(each.half_width is not None and each.half_width <= wanted for each in found)

    def days(self) -> list[Days]:
        """The days of each scenario that all scenarios have."""
        common = sorted(set.intersection(*(set(each) for each in self.tallies)))
        if not self._days or list(self._days[0].tallies) != common:
            sides = zip(self.scenarios, self.tallies, strict=True)
            self._days = [Days(scenario, tallies).only(common) for scenario, tallies in sides]
        return self._days

    # Results

    def results(self, notes: Sequence[str] = ()) -> SimulationResults:
        """The results."""
        days = self.days()
        confidence = self.trials.confidence
        differences = list(self._differences(days))
        return SimulationResults(
            seed=self.scenarios[0].seed,
            replications=len(days[0].tallies),
            confidence=confidence,
            formula=formula(self.scenarios[-1]),
            service_levels=[
                ServiceLevelGoal(each.channel, each.queue, each.threshold_ms / 1000, each.target, each.short_ms / 1000)
                for each in self.scenarios[-1].targets
            ],
            comparisons=sum(each.by in _TOGETHER and each.mean is not None for each in differences),
            interrupted=self.interrupted,
            notes=[*notes, *self._short_of(days)],
            not_modelled=NOT_MODELLED,
            scenarios=[
                SimulatedScenario(
                    name=each.scenario.name,
                    source=source,
                    workers=sum(bool(person.work) for person in each.scenario.people),
                    results=[each.group(key, confidence) for key in each.group_keys()],
                    steps=list(simulated_steps(each, confidence)),
                )
                for each, source in zip(days, self.sources, strict=True)
            ],
            differences=differences,
            gates=self._gates(days),
        )

    def _short_of(self, days: Sequence[Days]) -> Iterator[str]:
        trials = self.trials
        if self.interrupted or not days[0].tallies:
            return
        states = {each.state for each in self._gates(days)}
        if "undecided" in states:
            number = len(days[0].tallies)
            why = "a limit has failed" if "failed" in states else "more are not allowed: raise --max-replications"
            yield f"{number} days leave some limits undecided, and {why}"
        if trials.precision is not None and not self._is_precise(days):
            yield (
                f"{trials.max_replications} days do not reach the precision of {100 * trials.precision:g} points;"
                " raise --max-replications"
            )

    def _differences(self, days: Sequence[Days]) -> Iterator[SimulatedDifference]:
        first, *others = days
        found = [
            (each, key, measure)
            for each in others
            for key in _whole_day(first, each)
            for measure in MEASURES
            if any(value is not None for value in first.values(key, measure))
            and any(value is not None for value in each.values(key, measure))
        ]
        sizes = [sum((key.by in _TOGETHER) is together for _, key, _ in found) for together in (False, True)]
        for each, key, measure in found:
            yield self._difference(first, each, key, measure, sizes[key.by in _TOGETHER])

    def _difference(
        self, first: Days, other: Days, key: GroupKey, measure: Measure, comparisons: int
    ) -> SimulatedDifference:
        confidence = self.trials.confidence
        alone = first.change(other, key, measure, confidence)
        together = first.change(other, key, measure, 1 - (1 - confidence) / comparisons)
        return SimulatedDifference(
            scenario=other.scenario.name,
            by=key.by,
            name=key.name,
            measure=measure,
            mean=rounded(alone.mean),
            half_width=rounded(alone.half_width),
            sure=together.low > 0 or together.high < 0,
        )

    def _gates(self, days: Sequence[Days]) -> list[GateResult]:
        """The results of each limit for all tasks and for each demand, at one confidence for all of them together."""
        keys = [key for key in _whole_day(days[0], days[-1]) if key.by in _TOGETHER]
        family = [(gate, key) for gate in self.trials.gates for key in keys]
        if not family:
            return []
        confidence = 1 - (1 - self.trials.confidence) / len(family)
        return [_judged(gate, key, days, confidence) for gate, key in family]


def _whole_day(first: Days, other: Days) -> list[GroupKey]:
    """The groups that both have, or at least one of them, without those by interval."""
    keys = dict.fromkeys([*first.group_keys(), *other.group_keys()])
    return [each for each in keys if each.interval is None]


def _judged(gate: GateLimit, key: GroupKey, days: Sequence[Days], confidence: float) -> GateResult:
    measure = _MEASURE_OF[gate.option]
    if gate.option == "min-sl":
        found = days[-1].estimate(key, measure, confidence)
        state = state_of(Estimate(None if found.mean is None else -found.mean, found.half_width), -gate.limit)
    else:
        found = days[0].change(days[-1], key, measure, confidence)
        sign = -1 if gate.option == "max-sl-drop" else 1
        state = state_of(Estimate(None if found.mean is None else sign * found.mean, found.half_width), gate.limit)
    return GateResult(
        limit=f"{gate.option}={gate.written}",
        by=key.by,
        name=key.name,
        measure=measure,
        mean=rounded(found.mean),
        half_width=rounded(found.half_width),
        state=state,
    )


def state_of(found: Estimate, most: float) -> GateState:
    """Whether all of an interval is at most *most*, or above it; of nothing, it is."""
    if found.mean is None or found.high <= most:
        return "passed"
    return "failed" if found.low > most else "undecided"


def formula(scenario: Scenario) -> str:
    """The definition of the service level, in words."""
    usual, *_ = [*(each for each in scenario.targets if each.channel is None and each.queue is None), None]
    threshold = 20_000 if usual is None else usual.threshold_ms
    others = [
        f"{each.queue or each.channel} {_seconds(each.threshold_ms)}" for each in scenario.targets if each is not usual
    ]
    inside = f" ({', '.join(others)})" if others else ""
    short = max(each.short_ms for each in scenario.targets)
    less = f", without those who gave up within {_seconds(short)}" if short else ""
    return f"answered within {_seconds(threshold)}{inside} / (answered + abandoned{less})"


def _seconds(ms: int) -> str:
    return f"{ms / 1000:g}s"
