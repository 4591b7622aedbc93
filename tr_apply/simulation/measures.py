"""The figures of many days: by demand, queue, channel, interval and group of workers."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final, NamedTuple, get_args

from tr_apply.simulation.estimates import Estimate, estimate, paired
from tr_apply.simulation.load import Scenario
from tr_apply.simulation.results import MeanEstimate, Measure, SimulatedGroup, WaitTimes
from tr_apply.simulation.tally import ALL, QUANTILES, Counts, DayTally, GroupCounts, Grouping, groups_of

MEASURES: Final[tuple[Measure, ...]] = get_args(Measure)
_DIGITS: Final = 6
_COUNTS: Final = (
    "offered", "answered", "abandoned", "short_abandoned", "canceled", "waiting", "overflowed", "missed_reservations",
)  # fmt: skip
_P90: Final = QUANTILES.index(0.9)
_LONGEST: Final = len(QUANTILES)


class GroupKey(NamedTuple):
    """A group of tasks or people."""

    by: Grouping
    name: str
    interval: int | None = None


EVERYTHING: Final = GroupKey("all", ALL)


@dataclass(frozen=True)
class Days:
    """The simulated days of one scenario, by the numbers of their replications."""

    scenario: Scenario
    tallies: Mapping[int, DayTally]

    def only(self, replications: Sequence[int]) -> "Days":
        """The days of these replications alone."""
        return Days(self.scenario, {each: self.tallies[each] for each in replications})

    @cached_property
    def _grouped(self) -> Mapping[int, Mapping[GroupKey, Counts]]:
        return {number: _groups(tally, self.scenario) for number, tally in self.tallies.items()}

    def group_keys(self) -> list[GroupKey]:
        """All groups of tasks and people: everything, demands, queues, channels, intervals, people."""
        found = {EVERYTHING, *(GroupKey("demand", each.name) for each in self.scenario.contacts)}
        found |= {key for groups in self._grouped.values() for key in groups}
        people = {GroupKey("worker_group", name) for tally in self.tallies.values() for name in tally.groups if name}
        return sorted(found | people, key=self._place)

    def _place(self, key: GroupKey) -> tuple[int, int, int, str]:
        by = get_args(Grouping).index(key.by)
        names = [each.name for each in self.scenario.contacts]
        if key.by == "queue":
            names = [each.name for each in self.scenario.setup.queues]
        position = names.index(key.name) if key.name in names else len(names)
        return (by, position, -1 if key.interval is None else key.interval, key.name)

    def values(self, key: GroupKey, measure: Measure) -> list[float | None]:
        """The *measure* of a group on each day."""
        return [self._value(number, key, measure) for number in self.tallies]

    def _value(self, number: int, key: GroupKey, measure: Measure) -> float | None:
        tally = self.tallies[number]
        if measure == "occupancy":
            people = _people(tally, key)
            return None if people is None else people.occupancy
        if measure in ("wait_p90_s", "wait_max_s"):
            waits = tally.waits_ms.get((key.by, key.name)) if key.interval is None else None
            at = _P90 if measure == "wait_p90_s" else _LONGEST
            return None if waits is None else waits[at] / 1000
        counts = self._grouped[number].get(key)
        value: float | None = None if counts is None else getattr(counts, measure)
        return value

    def estimate(self, key: GroupKey, measure: Measure, confidence: float) -> Estimate:
        """The mean *measure* of a group."""
        return estimate(self.values(key, measure), confidence)

    def change(self, after: "Days", key: GroupKey, measure: Measure, confidence: float) -> Estimate:
        """The mean change of a group's *measure* to the days *after*, pair by pair."""
        return paired(self.values(key, measure), after.values(key, measure), confidence)

    def group(self, key: GroupKey, confidence: float) -> SimulatedGroup:
        """Everything about one group."""
        halves: dict[str, float | None] = {}

        def mean(name: str, values: Sequence[float | None]) -> float | None:
            found = estimate(values, confidence)
            if found.mean is not None:
                halves[name] = rounded(found.half_width)
            return rounded(found.mean)

        counts = {name: mean(name, self._counts(key, name)) for name in _COUNTS}
        return SimulatedGroup(
            by=key.by,
            name=key.name,
            interval=None if key.interval is None else self.scenario.hours.label(key.interval),
            service_level=self._mean(key, "service_level", confidence),
            asa_s=self._mean(key, "asa_s", confidence),
            abandonment=self._mean(key, "abandonment", confidence),
            wait_s=self._waits(key, mean),
            occupancy=mean("occupancy", self.values(key, "occupancy")),
            half_widths=halves,
            **counts,
        )

    def _mean(self, key: GroupKey, measure: Measure, confidence: float) -> MeanEstimate:
        return MeanEstimate(*map(rounded, self.estimate(key, measure, confidence)))

    def _counts(self, key: GroupKey, name: str) -> list[float | None]:
        if key.by == "worker_group":
            people = [tally.groups.get(key.name, GroupCounts()) for tally in self.tallies.values()]
            return [getattr(each, name, None) for each in people]
        return [getattr(groups.get(key, Counts()), name) for groups in self._grouped.values()]

    def _waits(self, key: GroupKey, mean: Callable[[str, Sequence[float | None]], float | None]) -> WaitTimes | None:
        if key.interval is not None or key.by == "worker_group":
            return None
        waits = [tally.waits_ms.get((key.by, key.name)) for tally in self.tallies.values()]
        names = ("p50", "p80", "p90", "p95", "max")
        return WaitTimes(
            *(
                mean(f"wait_s.{name}", [None if each is None else each[at] / 1000 for each in waits])
                for at, name in enumerate(names)
            )
        )


def _people(tally: DayTally, key: GroupKey) -> GroupCounts | None:
    if key == EVERYTHING:
        return tally.everybody()
    return tally.groups.get(key.name) if key.by == "worker_group" else None


def _groups(tally: DayTally, scenario: Scenario) -> Mapping[GroupKey, Counts]:
    """The counts of one day, added up for each group of tasks."""
    found: dict[GroupKey, Counts] = {}
    for (contact, queue, interval), counts in tally.cells.items():
        load = scenario.contacts[contact]
        for key in _keys(load.name, queue, load.channel, interval):
            found.setdefault(key, Counts()).add(counts)
    return found


def _keys(demand: str, queue: str, channel: str, interval: int) -> Iterator[GroupKey]:
    for by, name in groups_of(demand, queue, channel):
        yield GroupKey(by, name)
        if by in ("queue", "channel"):
            yield GroupKey(by, name, interval)
    yield GroupKey("interval", ALL, interval)


def rounded(value: float | None) -> float | None:
    """*value* as documents have it: without the last digits, in which systems differ."""
    return None if value is None else round(value, _DIGITS) + 0.0
