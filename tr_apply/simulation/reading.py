"""From ``simulation.yaml`` to a load: names, tables and times resolved; every mistake with its place."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from typing import Any, Final

from tr_apply.config.common_rules import INVALID_VALUE, UNKNOWN_REFERENCE, first_findings
from tr_apply.config.companion import Companion, read_companion
from tr_apply.config.files import require_path
from tr_apply.config.load import Configuration
from tr_apply.config.names import note_repeated
from tr_apply.config.notes import Notes
from tr_apply.config.places import shown
from tr_apply.config.problems import OUT_OF_RANGE
from tr_apply.config.suggestions import nearest
from tr_apply.errors import ConfigError, ExpressionSyntaxError, UsageError
from tr_apply.findings import KeyPath, errors_of
from tr_apply.rehearsal.offline_workspace import OfflineWorkspace
from tr_apply.resources.load_values import SHARE
from tr_apply.resources.simulation import (
    ContactType,
    CustomerPatience,
    RecordedLevel,
    Shift,
    SimulatedDay,
    SimulationFile,
    TimeSpread,
)
from tr_apply.resources.template import plain
from tr_apply.routing.check import EXPRESSION_SYNTAX
from tr_apply.routing.names import name_key
from tr_apply.routing.parser import parse
from tr_apply.simulation.durations import DurationSpread
from tr_apply.simulation.load import (
    TASKS_LIMIT,
    AnswerTarget,
    AttributeChoice,
    ContactLoad,
    DayHours,
    DayLoad,
    PlannedBreak,
    RecordedShares,
    RosterEntry,
    ShiftPlan,
    WorkRules,
)
from tr_apply.simulation.tables import Tables

_SIZE_LIMIT: Final = 4 * 1024 * 1024  # bytes
_ROOT: Final = "simulation"
_LONGEST_DAY_MS: Final = 24 * 3600 * 1000
_LONGEST_DRAIN_S: Final = 48 * 3600
_TOLERANCE: Final = 1e-9


def load_simulation(path: Path, configuration: Configuration) -> DayLoad:
    """The load in the file *path*, for *configuration*.

    Raises:
        UsageError: when there is no such file, or it is too large.
        ConfigError: when it cannot be used, with every finding.
    """
    require_path(path)
    if path.is_file() and path.stat().st_size > _SIZE_LIMIT:
        raise UsageError(f"--load {path}: larger than {_SIZE_LIMIT // 1024 // 1024} MB; put lists into CSV files")
    read = read_companion(path, configuration, SimulationFile, "a simulation")
    read.file.reach = configuration.reach.also(read.file.folder)
    load = None if read.content is None else _Resolver(read, configuration).load(read.content.simulation)
    found = sorted(read.notes.found, key=lambda each: (each.file or "", each.line or 0, each.column or 0))
    if load is None or errors_of(found):
        raise ConfigError(tuple(first_findings(found)))
    return load


@dataclass(frozen=True, slots=True)
class _LoadNames:
    """The names that a load may use, by their keys."""

    workflows: Mapping[str, str]
    channels: Mapping[str, str]
    queues: Mapping[str, str]
    activities: Mapping[str, str]
    workers: Mapping[str, str]

    @classmethod
    def of(cls, workspace: OfflineWorkspace) -> "_LoadNames":
        names = (
            [each.name for each in workspace.workflows],
            workspace.channel_names,
            [each.name for each in workspace.queues],
            [each.name for each in workspace.activities],
            workspace.worker_names,
        )
        return cls(*({name_key(each): each for each in some} for some in names))


class _Resolver:
    """Turns the written load into values; notes its mistakes."""

    def __init__(self, read: Companion[SimulationFile], configuration: Configuration) -> None:
        self._notes: Notes = read.notes
        self._tables = Tables(read)
        self._known = _LoadNames.of(OfflineWorkspace(configuration.document))

    def load(self, day: SimulatedDay) -> DayLoad | None:
        hours = self._hours(day)
        if hours is None:
            return None
        at: KeyPath = (_ROOT, "demand")
        names = (((*at, index, "name"), each.name) for index, each in enumerate(day.demand))
        note_repeated(names, "the demand {name!r} is written twice", self._notes)
        offered = self._offered(day, hours)
        contacts = tuple(self._contact(each, offered[index], (*at, index)) for index, each in enumerate(day.demand))
        if (total := sum(map(sum, offered))) > TASKS_LIMIT:
            self._notes.add(OUT_OF_RANGE, f"{total:,.0f} tasks a day; at most {TASKS_LIMIT:,} are simulated", at)
        shifts, roster = self._people(day)
        return DayLoad(
            hours=hours,
            contacts=contacts,
            rules=self._rules(day),
            targets=tuple(self._targets(day)),
            shifts=shifts,
            roster=roster,
            replications=day.experiment.replications,
            seed=day.experiment.seed,
            confidence=day.experiment.confidence,
            recorded=tuple(_recorded(each, found) for each in day.demand if (found := each.recorded) is not None),
        )

    def _hours(self, day: SimulatedDay) -> DayHours | None:
        interval, opens, closes = (
            _ms(each) for each in (_minutes(day.interval), _clock(day.opens), _clock(day.closes))
        )
        if closes <= opens:
            message = '`closes` must be after `opens`, on the same day; for nights, open from "00:00" to "24:00"'
            self._notes.add(INVALID_VALUE, message, (_ROOT, "closes"))
        elif (closes - opens) % interval:
            message = f"from opening to closing there must be a whole number of intervals of {day.interval}"
            self._notes.add(INVALID_VALUE, message, (_ROOT, "closes"))
        elif day.drain > _LONGEST_DRAIN_S:
            self._notes.add(OUT_OF_RANGE, "`drain` must be at most 48h", (_ROOT, "drain"))
        else:
            return DayHours(interval, opens, closes, closes + _ms(day.drain))
        return None

    # Demand

    def _offered(self, day: SimulatedDay, hours: DayHours) -> list[tuple[float, ...]]:
        """The tasks in each interval, of each demand; those with a profile after those that they are like."""
        found: dict[str, tuple[float, ...]] = {}
        for index, each in enumerate(day.demand):
            path: KeyPath = (_ROOT, "demand", index, "offered")
            if each.offered.each is not None:
                found[each.name] = tuple(each.offered.each)
                if len(each.offered.each) != hours.intervals:
                    message = f"{len(each.offered.each)} numbers for {hours.intervals} intervals of {day.interval}"
                    self._notes.add(INVALID_VALUE, message, path)
            elif each.offered.csv is not None:
                found[each.name] = self._tables.offered(each.offered, path, hours)
        return [
            found[each.name] if each.name in found else self._spread(each, index, found, hours)
            for index, each in enumerate(day.demand)
        ]

    def _spread(
        self, contact: ContactType, index: int, found: Mapping[str, tuple[float, ...]], hours: DayHours
    ) -> tuple[float, ...]:
        """A total like the profile of another demand."""
        total, like = contact.offered.total or 0.0, contact.offered.profile
        profile: Sequence[float] = [1.0] * hours.intervals
        if like is not None:
            if like not in found:
                near = nearest(like, list(found))
                hint = f"did you mean {near!r}?" if near else "it must have a list or a table of its own"
                message = f"there is no demand '{shown(like)}' to be like; {hint}"
                self._notes.add(UNKNOWN_REFERENCE, message, (_ROOT, "demand", index, "offered", "profile"))
                return ()
            profile = found[like]
        whole = sum(profile)
        return tuple(total * each / whole for each in profile) if whole else (0.0,) * hours.intervals

    def _contact(self, written: ContactType, offered: tuple[float, ...], path: KeyPath) -> ContactLoad:
        self._require(written.workflow, "workflow", self._known.workflows, (*path, "workflow"))
        self._require(written.channel, "task channel", self._known.channels, (*path, "channel"))
        choices, fixed = self._attributes(written.attributes, (*path, "attributes"))
        arrivals = written.arrivals
        return ContactLoad(
            name=written.name,
            workflow=written.workflow,
            channel=written.channel,
            offered=offered,
            handle=self._times(written.handle_time, (*path, "handle_time")),
            after_contact=self._times(written.after_contact_work, (*path, "after_contact_work")),
            patience=_patience(written.patience),
            arrivals="poisson" if arrivals.dispersion is not None else arrivals.process,
            dispersion=arrivals.dispersion or 1.0,
            attributes=fixed,
            choices=choices,
            priority=written.priority,
            slowdown=written.handle_time.concurrency_slowdown,
            silent=written.patience.silent,
            noticed_ms=_ms(written.patience.noticed_after),
        )

    def _attributes(
        self, written: Mapping[str, Any], path: KeyPath
    ) -> tuple[tuple[AttributeChoice, ...], Mapping[str, Any]]:
        choices, fixed = [], {}
        for name, value in written.items():
            drawn = _shares(_without_escapes(value))
            if drawn is None:
                fixed[name] = _without_escapes(value)
                continue
            below = tuple(accumulate(share for _, share in drawn))
            if below[-1] > 1 + _TOLERANCE:
                message = f"the shares are {100 * below[-1]:g}% together; at most 100% are possible"
                self._notes.add(INVALID_VALUE, message, (*path, name))
            choices.append(AttributeChoice(name, tuple(each for each, _ in drawn), below))
        return tuple(choices), fixed

    def _times(self, written: TimeSpread, path: KeyPath) -> DurationSpread:
        if written.csv is not None:
            return DurationSpread("sample", sample=self._tables.sample(written, path) or (0.0,))
        mean = 1000 * (written.mean or 0.0)
        if written.p90 is not None and mean:
            return DurationSpread.lognormal(mean, 1000 * written.p90)
        if not mean or written.distribution == "constant":
            return DurationSpread("constant", mean)
        return DurationSpread("exponential", mean)

    # People

    def _rules(self, day: SimulatedDay) -> WorkRules:
        staffing = day.staffing
        return WorkRules(
            answer_delay=self._times(staffing.answer_delay, (_ROOT, "staffing", "answer_delay")),
            no_answer=staffing.no_answer,
            returns_after_ms=_ms(staffing.returns_after),
            absence=staffing.absence,
            shrinkage=staffing.shrinkage,
            pause_ms=_ms(staffing.pause),
        )

    def _people(self, day: SimulatedDay) -> tuple[tuple[ShiftPlan, ...] | None, tuple[RosterEntry, ...] | None]:
        shifts, path = day.staffing.shifts, (_ROOT, "staffing", "shifts")
        if shifts is None:
            return None, None
        if shifts.csv is not None:
            return None, self._tables.roster(path, self._known.workers, self._known.activities)
        below = path if isinstance(_at(self._notes.root.value, path), list) else (*path, "each")
        return tuple(self._shift(each, (*below, index)) for index, each in enumerate(shifts.each or ())), None

    def _shift(self, written: Shift, path: KeyPath) -> ShiftPlan:
        try:
            parse(written.where)
        except ExpressionSyntaxError as error:
            self._notes.add(EXPRESSION_SYNTAX, error.message, (*path, "where"), offset=error.offset)
        if _ms(written.length) > _LONGEST_DAY_MS:
            self._notes.add(OUT_OF_RANGE, "a shift lasts at most 24h", (*path, "length"))
        for name, at in _activities(written, path):
            self._require(name, "activity", self._known.activities, at)
        return ShiftPlan(
            name=written.name or written.where,
            where=written.where,
            starts_ms=tuple(_ms(_clock(each)) for each in written.starts),
            length_ms=_ms(written.length),
            activity=written.activity,
            breaks=tuple(PlannedBreak(_ms(each.after), _ms(each.length), each.activity) for each in written.breaks),
        )

    def _targets(self, day: SimulatedDay) -> Iterator[AnswerTarget]:
        for index, each in enumerate(day.service_levels):
            path: KeyPath = (_ROOT, "service_levels", index)
            if each.channel is not None:
                self._require(each.channel, "task channel", self._known.channels, (*path, "channel"))
            if each.queue is not None:
                self._require(each.queue, "task queue", self._known.queues, (*path, "queue"))
            yield AnswerTarget(each.channel, each.queue, _ms(each.threshold), each.target, _ms(each.short_abandon))

    def _require(self, name: str, what: str, known: Mapping[str, str], path: KeyPath) -> None:
        if name_key(name) not in known:
            near = nearest(name, list(known.values()))
            hint = f"did you mean {near!r}?" if near else "the configuration must declare it"
            self._notes.add(UNKNOWN_REFERENCE, f"there is no {what} '{shown(name)}'; {hint}", path)


def _activities(written: Shift, path: KeyPath) -> Iterator[tuple[str, KeyPath]]:
    if written.activity is not None:
        yield written.activity, (*path, "activity")
    for index, each in enumerate(written.breaks):
        if each.activity is not None:
            yield each.activity, (*path, "breaks", index, "activity")


def _recorded(written: ContactType, found: RecordedLevel) -> RecordedShares:
    return RecordedShares(
        written.name, written.channel, found.tasks, found.service_level, found.abandonment, _ms(found.threshold)
    )


def _patience(written: CustomerPatience) -> DurationSpread:
    if written.weibull is not None:
        return DurationSpread.weibull(1000 * written.weibull.mean, written.weibull.shape)
    mean = written.mean or 0.0
    return DurationSpread("never") if mean == float("inf") else DurationSpread("exponential", 1000 * mean)


def _shares(value: Any) -> list[tuple[Any, float]] | None:
    """The values that are drawn, with their shares; None for a value that all tasks have."""
    match value:
        case {**pairs} if pairs and all(map(_is_share, pairs.values())):
            return [(each, _share(str(share))) for each, share in pairs.items()]
        case [*items] if items and all(map(_is_drawn, items)):
            return [(each["value"], _share(each["share"])) for each in items]
        case _:
            return None


def _without_escapes(value: Any) -> Any:
    """*value* as a task has it: ``${`` where the file must write ``$${``."""
    match value:
        case str():
            return plain(value)
        case list():
            return [_without_escapes(each) for each in value]
        case dict():
            return {key: _without_escapes(each) for key, each in value.items()}
        case _:
            return value


def _is_drawn(item: Any) -> bool:
    return isinstance(item, dict) and item.keys() == {"value", "share"} and _is_share(item["share"])


def _is_share(value: Any) -> bool:
    return isinstance(value, str) and re.fullmatch(SHARE, value) is not None


def _share(written: str) -> float:
    return float(written.removesuffix("%")) / 100


def _at(value: Any, path: KeyPath) -> Any:
    for part in path:
        value = value[part]
    return value


def _clock(written: str) -> float:
    hours, _, minutes = written.partition(":")
    return 3600.0 * int(hours) + 60 * int(minutes)


def _minutes(written: str) -> float:
    return 60.0 * int(written.removesuffix("m"))


def _ms(seconds: float) -> int:
    return round(1000 * seconds)
