"""The work of a workspace, from its events: each task from arrival to end, offers, and activities."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

from tr_apply.corpus.events import TASK_CREATED, Hour, WorkspaceEvent, task_of
from tr_apply.corpus.reduce import Cells, Reduction, ValueCounts
from tr_apply.corpus.tasks import RecordedTask
from tr_apply.routing.unsure import REASON_TTL, REASON_WORKFLOW_SKIPPED, REASON_WORKFLOW_TIMEOUT

EVENT_TYPES: Final = (
    "worker.activity.update",
    TASK_CREATED,
    "reservation.created",
    "reservation.accepted",
    "reservation.timeout",
    "reservation.wrapup",
    "task.wrapup",
    "reservation.completed",
    "task.completed",
    "task.canceled",
)
"""The types that are read, in the order in which things happen that happen in the same millisecond."""

_BY_ROUTING: Final = frozenset({REASON_TTL, REASON_WORKFLOW_SKIPPED, REASON_WORKFLOW_TIMEOUT})
_ONE_SHIFT: Final = timedelta(hours=4)
"""Who is away for less time is still in the same shift."""


@dataclass(slots=True)
class TaskCourse:
    """A task from its arrival on; every moment is in UTC, and None where it was not seen."""

    task: RecordedTask
    """With cells for attributes."""

    created: datetime
    accepted: datetime | None = None
    left: datetime | None = None
    """When the contact was over, and the work after it began."""

    ended: datetime | None = None
    gave_up: bool = False
    """Whether it was canceled before anybody accepted it, and not by its workflow."""

    def waited_s(self, until: datetime) -> float:
        """How long it waited, seen from the moment *until*."""
        over = self.accepted or self.ended or until
        return max(0.0, (over - self.created).total_seconds())

    @property
    def handle_s(self) -> float | None:
        """How long it was handled."""
        over = self.left or self.ended
        return None if self.accepted is None or over is None else max(0.0, (over - self.accepted).total_seconds())

    @property
    def after_contact_s(self) -> float | None:
        """How long the work after the contact took; 0 where there was none."""
        if self.accepted is None or self.ended is None:
            return None
        return 0.0 if self.left is None else max(0.0, (self.ended - self.left).total_seconds())


class ActivitySwitch(NamedTuple):
    """A worker goes from one activity to another."""

    at: datetime
    activity_sid: str
    previous_sid: str


class AvailableSpell(NamedTuple):
    """A time in which a worker was available, or at work with pauses."""

    begin: datetime
    end: datetime
    available_s: float
    """Without the pauses."""

    pauses: int


@dataclass(slots=True)
class ObservedWork:
    """Everything that was seen; *take* adds the events of an hour."""

    reduction: Reduction
    workflow_names: Mapping[str, str]
    """Today's names by SID."""

    courses: dict[str, TaskCourse] = field(default_factory=dict)
    """By the SID of the task."""

    left_out: int = 0
    """Tasks whose attributes could not be reduced."""

    answer_delays_s: list[float] = field(default_factory=list)
    offers: int = 0
    missed: int = 0
    switches: dict[str, list[ActivitySwitch]] = field(default_factory=dict)
    """By the SID of the worker."""

    _counts: ValueCounts = field(default_factory=ValueCounts)
    _offered_at: dict[str, datetime] = field(default_factory=dict)

    def take(self, hour: Hour, events: Iterable[WorkspaceEvent]) -> None:
        """Add the *events* of *hour*."""
        for event in sorted(events, key=lambda each: (each.at, EVENT_TYPES.index(each.type))):
            group, _, verb = event.type.partition(".")
            if group == "worker":
                self._take_switch(event)
            elif event.type == TASK_CREATED:
                self._take_task(event, hour)
            elif group == "reservation":
                self._take_offer(event, verb)
            if group in {"reservation", "task"} and (course := self.courses.get(_sid(event, "task"))) is not None:
                _follow(course, event, verb)

    def attributes_of(self, course: TaskCourse) -> Mapping[str, Any]:
        """The attributes of a task, as far as they may be written."""
        return self._counts.resolved(course.task.attributes)

    def _take_task(self, event: WorkspaceEvent, hour: Hour) -> None:
        task = task_of(event, hour, self.workflow_names)
        cells: Cells | None = self.reduction.cells(task.attributes)
        if cells is None:
            self.left_out += 1
            return
        self._counts.add(cells, 1, self.reduction.clear)
        self.courses[_sid(event, "task")] = TaskCourse(task.with_attributes(cells), event.at)

    def _take_offer(self, event: WorkspaceEvent, verb: str) -> None:
        sid = _sid(event, "reservation")
        match verb:
            case "created":
                self.offers += 1
                self._offered_at[sid] = event.at
            case "accepted" if (at := self._offered_at.pop(sid, None)) is not None:
                self.answer_delays_s.append((event.at - at).total_seconds())
            case "timeout" if self._offered_at.pop(sid, None) is not None:
                self.missed += 1

    def _take_switch(self, event: WorkspaceEvent) -> None:
        activity, previous = (
            str(event.data.get(key)) for key in ("worker_activity_sid", "worker_previous_activity_sid")
        )
        self.switches.setdefault(_sid(event, "worker"), []).append(ActivitySwitch(event.at, activity, previous))


def _sid(event: WorkspaceEvent, of: str) -> str:
    return str(event.data.get(f"{of}_sid"))


def _follow(course: TaskCourse, event: WorkspaceEvent, verb: str) -> None:
    """Note the meaning of *event* for its task; of repeated events, as in a transfer, the first counts."""
    if verb == "accepted":
        course.accepted = course.accepted or event.at
    elif verb == "wrapup" or event.type == "reservation.completed":
        course.left = course.left or event.at
    elif event.type in {"task.completed", "task.canceled"}:
        course.ended = course.ended or event.at
        is_routed = event.data.get("task_canceled_reason") in _BY_ROUTING
        course.gave_up = verb == "canceled" and course.accepted is None and not is_routed


def shifts_of(switches: Iterable[ActivitySwitch], available: frozenset[str], span: Hour) -> Iterator[AvailableSpell]:
    """The shifts of a worker, from the switches: times with an available activity, and short pauses between.

    One that touches an end of *span* may have been longer.
    """
    found: AvailableSpell | None = None
    for begin, end in _available_times(list(switches), available, span):
        length = (end - begin).total_seconds()
        if found is None:
            found = AvailableSpell(begin, end, length, 0)
        elif begin - found.end < _ONE_SHIFT:
            is_pause = begin > found.end
            found = AvailableSpell(found.begin, end, found.available_s + length, found.pauses + is_pause)
        else:
            yield found
            found = AvailableSpell(begin, end, length, 0)
    if found is not None:
        yield found


def _available_times(
    switches: list[ActivitySwitch], available: frozenset[str], span: Hour
) -> Iterator[tuple[datetime, datetime]]:
    begin = span.start
    activity = switches[0].previous_sid if switches else ""
    for each in switches:
        if activity in available:
            yield begin, each.at
        begin, activity = each.at, each.activity_sid
    if activity in available:
        yield begin, span.end
