"""A record that is not finished yet, as the lines of a file: a run that was killed goes on where it ended.

The first line holds the parameters; each further one has the tasks of an hour. Values that may turn out to be rare are
in it as digests only, with a key that is made for this file.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from tr_apply.corpus.events import Hour
from tr_apply.corpus.reduce import Elements, Hidden, Reduction, ValueCounts
from tr_apply.corpus.tasks import RecordedTask, aggregated, as_json

_MARK: Final = "\0"
_ELEMENTS: Final = "\1"
"""The only keys of a hidden value, and of a list; no attribute that an expression reads can be called so."""


class RecordHeading(NamedTuple):
    """The parameters of a recording; a file with another heading cannot be continued."""

    workspace_sid: str
    keeps_values: bool
    expressions: str
    """A digest of the workflows: with others, other values would be hidden."""


@dataclass(slots=True)
class HourOfTasks:
    """The tasks that were created in an hour."""

    hour: Hour
    tasks: list[RecordedTask]
    """Their attributes are cells, in which values may be hidden."""

    left_out: int = 0
    """Tasks whose attributes could not be reduced."""

    common: Mapping[str, Any] = field(default_factory=dict)
    """The values that turned out to be common, by digest."""

    def line(self) -> str:
        """As a line of the file."""
        tasks = [
            [each.workflow, each.channel, each.priority, each.time, each.count, _packed(each.attributes)]
            for each in _gathered(self.tasks)
        ]
        parts = {"hour": _keys(self.hour), "tasks": tasks, "left_out": self.left_out, "common": dict(self.common)}
        return json.dumps(parts) + "\n"


@dataclass(slots=True)
class Unfinished:
    """All that has been recorded so far."""

    heading: RecordHeading
    key: bytes
    """For the digests."""

    hours: dict[tuple[str, str], HourOfTasks] = field(default_factory=dict)
    counts: ValueCounts = field(default_factory=ValueCounts)

    def first_line(self) -> str:
        """As the file begins."""
        return json.dumps({"unfinished_record": list(self.heading), "key": self.key.hex()}) + "\n"

    def has(self, hour: Hour) -> bool:
        """Whether the tasks of *hour* are known."""
        return _keys(hour) in self.hours

    def add(self, hour: Hour, tasks: Iterable[RecordedTask], reduction: Reduction | None) -> HourOfTasks:
        """Take up the *tasks* of *hour*; without a *reduction* as they are."""
        found = HourOfTasks(hour, [])
        common: dict[str, Any] = {}
        for each in tasks:
            cells = dict(each.attributes) if reduction is None else reduction.cells(each.attributes)
            if cells is None:
                found.left_out += each.count
                continue
            found.tasks.append(each.with_attributes(cells))
            if reduction is not None:
                common |= self.counts.add(cells, each.count, reduction.clear)
        found.common = common
        self.hours[_keys(hour)] = found
        return found

    @property
    def total(self) -> int:
        """How many tasks are known."""
        return sum(task.count for each in self.hours.values() for task in each.tasks)

    def left_out(self, hours: Iterable[Hour]) -> int:
        """How many tasks of *hours* could not be reduced."""
        return sum(self.hours[_keys(hour)].left_out for hour in hours)

    def finished(self, hours: Iterable[Hour]) -> list[RecordedTask]:
        """The tasks of *hours* as they may be written."""
        found = [each for hour in hours for each in self.hours[_keys(hour)].tasks]
        if not self.heading.keeps_values:
            found = [each.with_attributes(self.counts.resolved(each.attributes)) for each in found]
        return aggregated(found)

    def take_up(self, known: HourOfTasks) -> None:
        """Go on after *known*, which an earlier run has written."""
        self.hours[_keys(known.hour)] = known
        self.counts.common |= known.common
        for each in known.tasks:
            self.counts.recount(each.attributes, each.count)


def _keys(hour: Hour) -> tuple[str, str]:
    return hour.key, hour.end_key


def resumed(text: str, heading: RecordHeading, hours: Iterable[Hour]) -> Unfinished | None:
    """The state of an earlier run in *text*, if it has hours of *hours*; None if it cannot be continued.

    The last line may have been cut off by a kill.
    """
    first, *rest = text.splitlines(keepends=True) or [""]
    match _parsed(first):
        case {"unfinished_record": list(of), "key": str(key)} if of == list(heading):
            found = Unfinished(heading, bytes.fromhex(key))
        case _:
            return None
    by_key = {_keys(hour): hour for hour in hours}
    for each in _known(rest, by_key):
        if not found.has(each.hour):
            found.take_up(each)
    return found


def _known(lines: Iterable[str], hours: Mapping[tuple[str, str], Hour]) -> Iterator[HourOfTasks]:
    for line in lines:
        match _parsed(line):
            case {"hour": [str(start), str(end)], "tasks": list(tasks), "left_out": int(left), "common": dict(common)}:
                if (hour := hours.get((start, end))) is not None:
                    yield HourOfTasks(hour, [_task(*each) for each in tasks], left, common)
            case _:
                return


def _parsed(line: str) -> Any:
    try:
        return json.loads(line) if line.endswith("\n") else None
    except (ValueError, RecursionError):
        return None


def _task(workflow: str, channel: str, priority: int, time: str, count: int, cells: Any) -> RecordedTask:
    return RecordedTask(workflow, _unpacked(cells), channel, priority, count, time)


def _packed(value: Any) -> Any:
    match value:
        case Hidden():
            return {_MARK: [value.digest, value.instead, value.is_private]}
        case Elements(items):
            return {_ELEMENTS: [_packed(each) for each in items]}
        case dict():
            return {key: _packed(each) for key, each in value.items()}
        case list():
            return [_packed(each) for each in value]
        case _:
            return value


def _unpacked(value: Any) -> Any:
    match value:
        case {"\0": [str(digest), instead, bool(is_private)]}:
            return Hidden(digest, instead, is_private=is_private)
        case {"\1": list(items)}:
            return Elements(tuple(map(_unpacked, items)))
        case dict():
            return {key: _unpacked(each) for key, each in value.items()}
        case list():
            return [_unpacked(each) for each in value]
        case _:
            return value


def _gathered(tasks: Iterable[RecordedTask]) -> list[RecordedTask]:
    """*tasks*, those that are alike as one, in the order in which they first came."""
    found: dict[tuple[str, str, int, str, str], RecordedTask] = {}
    for each in tasks:
        key = (each.workflow, each.channel, each.priority, each.time, as_json(_packed(each.attributes)))
        before = found.get(key)
        found[key] = each if before is None else before.with_count(before.count + each.count)
    return list(found.values())
