"""From the events of a workspace to the figures of an average day: demand, handle times, patience, shifts."""

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo
from fractions import Fraction
from typing import Any, Final, NamedTuple

from tr_apply.corpus.events import Hour
from tr_apply.corpus.observed_work import AvailableSpell, ObservedWork, TaskCourse, shifts_of
from tr_apply.corpus.tasks import as_json

INTERVAL: Final = timedelta(minutes=30)
INTERVALS: Final = 48
"""Intervals of a day."""

_KINDS_OF_A_WORKFLOW: Final = 8
_DEMANDS: Final = 100
_QUANTILE_NEEDS: Final = 10
"""With fewer times there is no 90 % quantile worth naming."""

_MISSING: Final = "\0"


class ObservedTime(NamedTuple):
    """How long something took."""

    mean_s: float
    p90_s: float | None
    times: int
    """How many times it was seen."""

    @classmethod
    def of(cls, values: Iterable[float]) -> "ObservedTime | None":
        """The mean of *values*, and the 90 % quantile where there are enough; None without any."""
        found = sorted(values)
        if not found:
            return None
        p90 = found[math.ceil(0.9 * len(found)) - 1] if len(found) >= _QUANTILE_NEEDS else None
        return cls(sum(found) / len(found), p90, len(found))


THRESHOLD_S: Final = 20
SHORT_S: Final = 5
"""Who gives up within this time does not count in the service level."""


class RecordedOutcome(NamedTuple):
    """Tasks that were accepted or that ended without it."""

    tasks: int
    service_level: float
    """Accepted within `THRESHOLD_S`, of all but those who gave up within `SHORT_S`."""

    abandonment: float

    @classmethod
    def of(cls, courses: Sequence[TaskCourse]) -> "RecordedOutcome":
        """The outcome of *courses*."""
        over = [(each, each.waited_s(each.created)) for each in courses if each.accepted or each.ended]
        lost = [(each, waited) for each, waited in over if each.accepted is None]
        within = sum(each.accepted is not None and waited <= THRESHOLD_S for each, waited in over)
        short = sum(each.gave_up and waited <= SHORT_S for each, waited in lost)
        return cls(len(over), within / max(1, len(over) - short), len(lost) / max(1, len(over)))


@dataclass(frozen=True, slots=True)
class ObservedDemand:
    """Tasks of one workflow, channel and priority with the same main attributes."""

    workflow: str
    channel: str
    priority: int
    attributes: Mapping[str, Mapping[str, Fraction]]
    """For each attribute the share of each value, as JSON; the rest of the shares has no such attribute."""

    main: tuple[str, ...]
    """The attributes that set it apart from other demand."""

    count: int
    """How many tasks came."""

    offered: tuple[float, ...]
    """On an average day, for each interval from midnight."""

    handle: ObservedTime | None
    after_contact: ObservedTime | None
    gave_up: int
    waited_s: float
    """Of all tasks together, however they ended."""

    recorded: RecordedOutcome
    """The outcome of those that no longer wait."""


class WorkerOnRecord(NamedTuple):
    """A live worker."""

    sid: str
    attributes: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ObservedShift:
    """When the workers of a group work."""

    attribute: str
    """With *value* what the group has in common; empty for everybody else."""

    value: str
    starts: tuple[int, ...]
    """Minutes from midnight."""

    length_s: float
    shifts: int
    """How many whole shifts were seen."""


@dataclass(frozen=True, slots=True)
class ObservedStaff:
    """How people work."""

    shifts: tuple[ObservedShift, ...]
    absence: float
    shrinkage: float
    pause_s: float
    answer_delay: ObservedTime | None
    no_answer: float


@dataclass(frozen=True, slots=True)
class ObservedDay:
    """An average day of those on which tasks came."""

    days: int
    demands: tuple[ObservedDemand, ...]
    dropped: int
    """Tasks of rare kinds, which no demand has."""

    staff: ObservedStaff


Attributes = Mapping[str, str]
"""The attributes of a task, each as JSON."""


class Observer:
    """Makes figures of *work* in *span*; times of day are those of *zone*, None for that of the computer."""

    def __init__(self, work: ObservedWork, span: Hour, zone: tzinfo | None) -> None:
        self._work = work
        self._span = span
        self._zone = zone
        self._days = sorted({self._local(each.created).date() for each in work.courses.values()})
        self._exposures = [self._exposure(interval) for interval in range(INTERVALS)]

    def day(self, workers: Sequence[WorkerOnRecord], available: frozenset[str], asked: Iterable[str]) -> ObservedDay:
        """The figures. *available* are the activities in which people work; queues ask workers for *asked*."""
        found = sorted(self._demands(), key=lambda each: (-each.count, each.workflow, each.channel))
        return ObservedDay(
            days=len(self._days),
            demands=tuple(found[:_DEMANDS]),
            dropped=sum(each.count for each in found[_DEMANDS:]),
            staff=self._staff(workers, available, asked),
        )

    def _local(self, moment: datetime) -> datetime:
        return moment.astimezone(self._zone)

    def _exposure(self, interval: int) -> float:
        """The number of days on which this interval was observed; at least one, which prevents extrapolation."""
        return max(1.0, sum(self._overlap(day, interval) for day in self._days))

    def _overlap(self, day: date, interval: int) -> float:
        naive = datetime.combine(day, time()) + interval * INTERVAL
        begin = naive.astimezone() if self._zone is None else naive.replace(tzinfo=self._zone)
        common = min(begin + INTERVAL, self._span.end) - max(begin, self._span.start)
        return max(0.0, common / INTERVAL)

    # Demand

    def _demands(self) -> Iterator[ObservedDemand]:
        by_line: dict[tuple[str, str, int], list[tuple[TaskCourse, Attributes]]] = defaultdict(list)
        attributes: Attributes
        for each in self._work.courses.values():
            attributes = {key: as_json(value) for key, value in self._work.attributes_of(each).items()}
            by_line[each.task.workflow, each.task.channel, each.task.priority].append((each, attributes))
        for tasks in by_line.values():
            main = main_attributes([attributes for _, attributes in tasks])
            by_kind: dict[tuple[str, ...], list[tuple[TaskCourse, Attributes]]] = defaultdict(list)
            for course, attributes in tasks:
                by_kind[tuple(attributes.get(name, _MISSING) for name in main)].append((course, attributes))
            yield from (self._demand(each, main) for each in by_kind.values())

    def _demand(self, tasks: Sequence[tuple[TaskCourse, Attributes]], main: tuple[str, ...]) -> ObservedDemand:
        courses = [course for course, _ in tasks]
        task = courses[0].task
        arrivals = Counter(self._interval(each.created) for each in courses)
        return ObservedDemand(
            workflow=task.workflow,
            channel=task.channel,
            priority=task.priority,
            attributes=_shares([attributes for _, attributes in tasks]),
            main=main,
            count=len(courses),
            offered=tuple(arrivals[each] / self._exposures[each] for each in range(INTERVALS)),
            handle=ObservedTime.of(each.handle_s for each in courses if each.handle_s is not None),
            after_contact=ObservedTime.of(each.after_contact_s for each in courses if each.after_contact_s is not None),
            gave_up=sum(each.gave_up for each in courses),
            waited_s=sum(each.waited_s(self._span.end) for each in courses),
            recorded=RecordedOutcome.of(courses),
        )

    def _interval(self, moment: datetime) -> int:
        local = self._local(moment)
        return (60 * local.hour + local.minute) // 30

    # People

    def _staff(
        self, workers: Sequence[WorkerOnRecord], available: frozenset[str], asked: Iterable[str]
    ) -> ObservedStaff:
        seen = {
            each.sid: [*shifts_of(self._work.switches.get(each.sid, ()), available, self._span)] for each in workers
        }
        whole = {sid: [each for each in spells if self._is_whole(each)] for sid, spells in seen.items()}
        inside = [each for spells in whole.values() for each in spells]
        present = sum(len({self._local(each.begin).date() for each in spells}) for spells in seen.values())
        possible = len(workers) * len(self._days)
        length_s = sum(_length_s(each) for each in inside)
        away_s = length_s - sum(each.available_s for each in inside)
        pauses = sum(each.pauses for each in inside)
        return ObservedStaff(
            shifts=tuple(self._shifts(workers, whole, asked)),
            absence=max(0.0, 1 - present / possible) if inside and possible else 0.0,
            shrinkage=away_s / length_s if length_s else 0.0,
            pause_s=away_s / pauses if pauses else 0.0,
            answer_delay=ObservedTime.of(self._work.answer_delays_s),
            no_answer=self._work.missed / self._work.offers if self._work.offers else 0.0,
        )

    def _is_whole(self, spell: AvailableSpell) -> bool:
        return self._span.start < spell.begin and spell.end < self._span.end and spell.begin < spell.end

    def _shifts(
        self, workers: Sequence[WorkerOnRecord], whole: Mapping[str, Sequence[AvailableSpell]], asked: Iterable[str]
    ) -> Iterator[ObservedShift]:
        """A shift for each group with a worker who was seen to come and go; the others share the common one."""
        attribute = grouping_attribute(workers, asked)
        groups = sorted({str(each.attributes[attribute]) for each in workers if attribute in each.attributes})
        for value in groups if attribute else ():
            of_group = [each.sid for each in workers if each.attributes.get(attribute) == value]
            if any(whole[sid] for sid in of_group):
                yield self._shift(attribute, value, [whole[sid] for sid in of_group])
        if any(whole.values()):
            yield self._shift("", "", list(whole.values()))

    def _shift(self, attribute: str, value: str, spells: Sequence[Sequence[AvailableSpell]]) -> ObservedShift:
        starts = sorted(self._usual_start(each) for each in spells if each)
        if len(starts) > INTERVALS:
            starts = [starts[len(starts) * each // INTERVALS] for each in range(INTERVALS)]
        lengths = [_length_s(each) for some in spells for each in some]
        return ObservedShift(attribute, value, tuple(starts), sum(lengths) / len(lengths), len(lengths))

    def _usual_start(self, spells: Sequence[AvailableSpell]) -> int:
        """The middle one of the times at which a worker began, to the quarter of an hour before."""
        begins = sorted(60 * local.hour + local.minute for local in (self._local(each.begin) for each in spells))
        return begins[len(begins) // 2] // 15 * 15


def main_attributes(tasks: Sequence[Attributes]) -> tuple[str, ...]:
    """The attributes that divide *tasks* into few kinds: those with the fewest values first."""
    values: dict[str, set[str]] = {name: set() for each in tasks for name in each}
    for name, found in values.items():
        found.update(each.get(name, _MISSING) for each in tasks)
    main: tuple[str, ...] = ()
    for name in sorted(values, key=lambda each: (len(values[each]), each)):
        wider = (*main, name)
        kinds = len({tuple(each.get(key, _MISSING) for key in wider) for each in tasks})
        if len(values[name]) > 1 and kinds <= _KINDS_OF_A_WORKFLOW:
            main = wider
    return main


def grouping_attribute(workers: Sequence[WorkerOnRecord], asked: Iterable[str]) -> str:
    """The attribute of *asked* with the most groups of workers; empty if no attribute groups several workers."""
    best = ("", 1)
    for name in sorted(set(asked)):
        found = [each.attributes[name] for each in workers if name in each.attributes]
        if not all(isinstance(each, str) and each.isprintable() and not set(each) & set("'\\$") for each in found):
            continue
        groups = len(set(found))
        if best[1] < groups <= _KINDS_OF_A_WORKFLOW and 2 * groups <= len(found):
            best = (name, groups)
    return best[0]


def _shares(tasks: Sequence[Attributes]) -> dict[str, dict[str, Fraction]]:
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for each in tasks:
        for name, value in each.items():
            counts[name][value] += 1
    return {
        name: {value: Fraction(count, len(tasks)) for value, count in found.most_common()}
        for name, found in sorted(counts.items())
    }


def _length_s(spell: AvailableSpell) -> float:
    return (spell.end - spell.begin).total_seconds()
