"""A configuration and a load as a scenario: everything that a day needs, and nothing of files."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise

from tr_apply.errors import UsageError
from tr_apply.printable import printable
from tr_apply.rehearsal.offline_workspace import OfflineWorkspace
from tr_apply.rehearsal.staff import Person
from tr_apply.resources import WORKFLOW
from tr_apply.resources.document import Document
from tr_apply.routing.evaluate import compiled
from tr_apply.routing.names import name_key
from tr_apply.routing.parser import parse
from tr_apply.routing.workspace import Activity
from tr_apply.simulation.load import AnswerTarget, DayHours, DayLoad, PersonPlan, Scenario, ShiftPlan, WorkPeriod

_DAY_MS = 24 * 3600 * 1000
ALL_DAY = "all workers"
ROSTER = "roster"


def scenario_of(name: str, document: Document, load: DayLoad, *, seed: int | None = None) -> Scenario:
    """The days of *load* in the configuration *document*.

    Raises:
        UsageError: when the configuration lacks a workflow or a channel that the load names.
    """
    workspace = OfflineWorkspace(document)
    channels = {name_key(each): each for each in workspace.channel_names}
    queues = {name_key(each.name): each.name for each in workspace.queues}
    workflows = {name_key(each.name): each.sid for each in workspace.workflows}
    for contact in load.contacts:
        _require(WORKFLOW.title, contact.workflow, workflows, document, contact.name)
        _require("task channel", contact.channel, channels, document, contact.name)
    return Scenario(
        name=name,
        setup=workspace.setup,
        hours=load.hours,
        contacts=tuple(replace(each, channel=channels[name_key(each.channel)]) for each in load.contacts),
        workflow_sids=tuple(workflows[name_key(each.workflow)] for each in load.contacts),
        people=tuple(_Planner(load, workspace).plans()),
        rules=load.rules,
        targets=tuple(_spelled(each, channels, queues) for each in load.targets),
        seed=load.seed if seed is None else seed,
    )


def _require(what: str, name: str, known: Mapping[str, str], document: Document, contact: str) -> None:
    if name_key(name) not in known:
        where, needed = printable(document.workspace.name), printable(contact)
        raise UsageError(f"{where} has no {what} {printable(name)!r}, which the demand {needed!r} needs")


def _spelled(target: AnswerTarget, channels: Mapping[str, str], queues: Mapping[str, str]) -> AnswerTarget:
    """*target* with the names as the configuration spells them; an unknown one fits nothing."""
    channel, queue = target.channel, target.queue
    return replace(
        target,
        channel=None if channel is None else channels.get(name_key(channel), channel),
        queue=None if queue is None else queues.get(name_key(queue), queue),
    )


class _Planner:
    """Who works when."""

    def __init__(self, load: DayLoad, workspace: OfflineWorkspace) -> None:
        self._load = load
        self._people = workspace.people
        self._activities = workspace.activities
        self._by_name = {name_key(each.name): each for each in workspace.activities}
        self._rest = self._first(lambda each: not each.available)

    def plans(self) -> Iterator[PersonPlan]:
        """The plan of each worker, in the order in which they are declared."""
        if self._load.shifts is not None:
            return self._by_shifts(self._load.shifts)
        if self._load.roster is not None:
            return self._by_roster()
        hours = self._load.hours
        return (
            PersonPlan(each.worker, ALL_DAY, (WorkPeriod(hours.opens_ms, hours.ends_ms, each.at_work),))
            for each in self._people
        )

    def _by_shifts(self, shifts: Sequence[ShiftPlan]) -> Iterator[PersonPlan]:
        wanted = [compiled(parse(each.where)) for each in shifts]
        turns = [0] * len(shifts)
        for person in self._people:
            names = {
                **person.worker.attributes.values,
                "friendly_name": person.worker.name,
                "sid": person.worker.sid,
            }
            index = next((n for n, fits in enumerate(wanted) if fits(names)), None)
            if index is None:
                yield PersonPlan(person.worker)
                continue
            shift = shifts[index]
            start = shift.starts_ms[turns[index] % len(shift.starts_ms)]
            turns[index] += 1
            yield self._plan(person, shift, start)

    def _plan(self, person: Person, shift: ShiftPlan, start: int) -> PersonPlan:
        activity = self._activity(shift.activity, person.at_work)
        rests = [
            WorkPeriod(start + each.after_ms, start + each.after_ms + each.length_ms, self._activity(each.activity))
            for each in shift.breaks
        ]
        whole = WorkPeriod(start, start + shift.length_ms, activity)
        return self._made(person, shift.name, [whole], rests)

    def _by_roster(self) -> Iterator[PersonPlan]:
        entries: dict[str, list[WorkPeriod]] = {}
        at_work = {name_key(each.worker.name): each.at_work for each in self._people}
        for each in self._load.roster or ():
            key = name_key(each.worker)
            period = WorkPeriod(each.begin_ms, each.end_ms, self._activity(each.activity, at_work.get(key)))
            entries.setdefault(key, []).append(period)
        available = {each.sid for each in self._activities if each.available}
        for person in self._people:
            periods = entries.get(name_key(person.worker.name), [])
            work = [each for each in periods if each.activity_sid in available]
            rests = [each for each in periods if each.activity_sid not in available]
            yield self._made(person, ROSTER, work, rests)

    def _made(self, person: Person, group: str, work: Sequence[WorkPeriod], rests: Sequence[WorkPeriod]) -> PersonPlan:
        """The plan, without times outside of the day; a night shift of the day before reaches into it."""
        hours = self._load.hours
        resting = _apart(_within(rests, hours))
        working = _without(_apart(_within(work, hours)), resting)
        return (
            PersonPlan(person.worker, group, tuple(working), tuple(resting)) if working else PersonPlan(person.worker)
        )

    def _activity(self, name: str | None, otherwise: str | None = None) -> str:
        known = self._by_name.get(name_key(name)) if name is not None else None
        return known.sid if known is not None else otherwise or self._rest

    def _first(self, fits: Callable[[Activity], bool]) -> str:
        return next(each.sid for each in self._activities if fits(each))


def _within(periods: Iterable[WorkPeriod], hours: DayHours) -> list[WorkPeriod]:
    """*periods*, repeated every day, as far as they are in the day."""
    found = [
        WorkPeriod(max(begin + shift, hours.opens_ms), min(end + shift, hours.ends_ms), activity)
        for begin, end, activity in periods
        for shift in (-_DAY_MS, 0, _DAY_MS)
    ]
    return sorted(each for each in found if each.begin_ms < each.end_ms)


def _apart(periods: Sequence[WorkPeriod]) -> list[WorkPeriod]:
    """*periods*, sorted, each ending where the next one begins at the latest."""
    made = [each._replace(end_ms=min(each.end_ms, following.begin_ms)) for each, following in pairwise(periods)]
    made += periods[-1:]
    return [each for each in made if each.begin_ms < each.end_ms]


def _without(work: Sequence[WorkPeriod], rests: Sequence[WorkPeriod]) -> list[WorkPeriod]:
    """*work* without the times of *rests*."""
    left = list(work)
    for rest in rests:
        left = [
            piece
            for each in left
            for piece in (
                each._replace(end_ms=min(each.end_ms, rest.begin_ms)),
                each._replace(begin_ms=max(each.begin_ms, rest.end_ms)),
            )
            if piece.begin_ms < piece.end_ms
        ]
    return left
