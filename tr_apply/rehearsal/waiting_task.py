"""A task of a live workspace as TaskRouter shows it: since when it waits, where, and who was offered it.

TaskRouter does not show the step. It follows from the queue and the age of the task; if several steps lead to that
queue, from the priority and from the number of steps in the events.
"""

from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final, NamedTuple

from tr_apply.rehearsal.live_facts import WAITING, TaskNow, iso, moment_ms
from tr_apply.rehearsal.task_history import NO_EVENTS, Answer, TaskEvents, TaskHistory, event_data, event_ms
from tr_apply.resources.scalar import whole_number
from tr_apply.routing.records import Attributes, Task, WorkflowPlace
from tr_apply.routing.workflow import DEFAULT, ROUTING_TARGET, Routing, first_place, next_place
from tr_apply.wire import read_document

_DAY_S: Final = 86_400
_OVERDUE_MS: Final = 5_000
"""How late TaskRouter may be with moving a task on."""


class TaskPlace(NamedTuple):
    """Where on its way a task is."""

    place: WorkflowPlace
    before: int
    """How many steps of the way are before it."""

    is_sure: bool


@dataclass(frozen=True)
class WaitingTask:
    """One task, with its reservations and events."""

    answer: Answer
    reservations: Sequence[Answer] = ()
    told: TaskEvents = NO_EVENTS
    waiting: Sequence[Answer] | None = None
    """All that wait in its queue; None where there are too many, or nobody asked."""

    notes: list[str] = field(default_factory=list)

    @property
    def status(self) -> str:
        """The ``assignment_status``."""
        return str(self.answer.get("assignment_status"))

    @property
    def queue_sid(self) -> str | None:
        """The queue that it is in."""
        return self._text("task_queue_sid")

    @property
    def workflow_sid(self) -> str | None:
        """The workflow that it goes by; a workflow as the RoutingTarget takes the place of its own."""
        target = self._text("routing_target")
        return target if target is not None and target.startswith("WW") else self._text("workflow_sid")

    @property
    def channel(self) -> str:
        """The unique name of its channel."""
        return self._text("task_channel_unique_name") or "default"

    @property
    def priority(self) -> int:
        """Its priority now."""
        return self._number("priority", 0)

    @cached_property
    def created_ms(self) -> int:
        """When it was created."""
        return moment_ms(self.answer.get("date_created")) or 0

    @property
    def now_ms(self) -> int:
        """The time by TaskRouter's clock."""
        return self.created_ms + 1000 * self._number("age", 0)

    @cached_property
    def entered_ms(self) -> int:
        """When it came into its queue."""
        return moment_ms(self.answer.get("task_queue_entered_date")) or self.created_ms

    def _ahead(self, *, lifo: bool) -> int | None:
        """How many of those that wait in its queue are offered first: with more priority, or before it in the line."""
        if self.waiting is None:
            return None
        own = self._turn(self.answer, lifo=lifo)
        others = (each for each in self.waiting if each.get("sid") != self.answer.get("sid"))
        return sum(self._turn(each, lifo=lifo) < own for each in others)

    def _turn(self, answer: Answer, *, lifo: bool) -> tuple[int, int]:
        priority = answer.get("priority")
        created = moment_ms(answer.get("date_created")) or 0
        began = moment_ms(answer.get("virtual_start_time")) or created
        return (-priority if isinstance(priority, int) else 0, -created if lifo else began)

    @cached_property
    def attributes(self) -> Mapping[str, Any]:
        """Its attributes; none where they cannot be read, or are not shown any more."""
        found = read_document(self.answer.get("attributes"))
        if isinstance(found, dict):
            return found
        self.notes.append("TaskRouter does not show the attributes of the task, so no filter can be judged")
        return {}

    def record(self, queues: Container[str], workflow_sid: str, place: WorkflowPlace) -> Task:
        """The task at its place, as an engine with these *queues* has it."""
        target = self._text("routing_target")
        return Task(
            sid=str(self.answer.get("sid")),
            serial=0,
            channel=self.channel,
            workflow_sid=workflow_sid,
            workflow_version=0,
            attributes=Attributes.of(self.attributes),
            priority=self.priority,
            timeout_s=self._number("timeout", _DAY_S),
            routing_target=target,
            ignore_capacity=self.answer.get("ignore_capacity") is True,
            created_ms=self.created_ms,
            virtual_start_ms=moment_ms(self.answer.get("virtual_start_time")) or self.created_ms,
            status="reserved" if self.status == "reserved" else "pending",
            reason=None,
            queue_sid=self.queue_sid if self.queue_sid in queues else None,
            queue_entered_ms=self.entered_ms,
            place=place,
            assignments=0,
            assigned_ms=None,
            ended_ms=None,
            updated_ms=self.created_ms,
            version=0,
        )

    # Where it is

    def whereabouts(self, routing: Routing) -> TaskPlace:
        """The step in which it is, by the present document of its workflow.

        A note says so where no step leads there: the task has a RoutingTarget, or goes by an earlier document.
        """
        target = self._text("routing_target")
        if target is None or target.startswith("WW"):
            way = list(self._way(routing))
            here = [n for n, each in enumerate(way) if routing.step(each).queue_sid == self.queue_sid]
            if here:
                return self._chosen(routing, way, self._in_time(way, here))
        if (target is None or target.startswith("WW")) and (routing.filters or routing.default):
            self.notes.append(
                f"no step of the workflow as it is now leads this task to the queue {self._queue_label()}: it was "
                "probably changed after the task had entered it, and the task keeps the old steps, which TaskRouter "
                "does not show; so what happens after this step is not known"
            )
        return TaskPlace(WorkflowPlace(ROUTING_TARGET, 0, 0, deadline_ms=None, timed_out=False), 0, is_sure=True)

    def _way(self, routing: Routing) -> Iterator[WorkflowPlace]:
        """Every step that it may come to, in order."""
        place = first_place(routing, self.attributes, self.created_ms)
        while place is not None:
            yield place
            step = routing.step(place)
            if place.filter == DEFAULT or (step.timeout_s is None and step.skip_if is None):
                return
            place = next_place(routing, self.attributes, place, left_by="skip", created_ms=self.created_ms)

    def _in_time(self, way: Sequence[WorkflowPlace], here: Sequence[int]) -> Sequence[int]:
        """Those of *here* whose time is not over; a reserved task stays where it is, however late it is."""
        late_ms = self.now_ms - _OVERDUE_MS

        def lasts(place: WorkflowPlace) -> bool:
            return place.deadline_ms is None or place.deadline_ms > late_ms

        return [n for n in here if lasts(way[n])] or here[-1:]

    def _chosen(self, routing: Routing, way: Sequence[WorkflowPlace], here: Sequence[int]) -> TaskPlace:
        steps = {n: routing.step(way[n]) for n in here}
        fitting = [n for n in here if steps[n].priority == self.priority]
        fitting = [*fitting, *(n for n in here if steps[n].priority is None)] or list(here)
        entered = self.history.steps_entered
        number = entered - 1 if entered - 1 in fitting else fitting[0]
        place = way[number]
        if self.history.has_timed_out:
            place = place._replace(timed_out=True)
        return TaskPlace(place, number, is_sure=len(fitting) == 1 or number == entered - 1)

    def _queue_label(self) -> str:
        return repr(self._text("task_queue_friendly_name") or self.queue_sid or "")

    # Its history

    def facts(self, where: TaskPlace | None = None, *, lifo: bool = False) -> TaskNow:
        """All of it, as documents show it; *lifo* is the order of its queue."""
        status, age = self.status, self.answer.get("age")
        return TaskNow(
            sid=str(self.answer.get("sid")),
            status=status,
            created=iso(self.created_ms or None),
            age=age if isinstance(age, int) else None,
            queue=self._text("task_queue_friendly_name"),
            queue_entered=iso(self.entered_ms or None),
            since=self._since(),
            reason=self._text("reason"),
            routing_target=self._text("routing_target"),
            steps_before=0 if where is None else where.before,
            is_sure=where is None or where.is_sure,
            ahead=self._ahead(lifo=lifo),
            offers=self.history.offers,
            events=self.history.knowledge,
            history=self.history.moments,
        )

    def _since(self) -> str | None:
        """When its status came about, as far as that is known."""
        if self.status in WAITING:
            return None
        return iso(moment_ms(self.answer.get("date_updated"))) or self.history.last

    @cached_property
    def history(self) -> TaskHistory:
        """Its history."""
        return TaskHistory(self.told, self.reservations)

    def _text(self, key: str) -> str | None:
        found = self.answer.get(key)
        return found if isinstance(found, str) and found else None

    def _number(self, key: str, default: int) -> int:
        found = self.answer.get(key)
        return found if isinstance(found, int) else default


_ENDS: Final = frozenset({"task.canceled", "task.completed"})


def gone(sid: str, told: TaskEvents) -> WaitingTask | None:
    """A task that TaskRouter has deleted, from its events; None where there are none."""
    if not told.items:
        return None
    ends = [each for each in told.items if each.get("event_type") in _ENDS] or told.items
    data = event_data(max(ends, key=event_ms))
    status, priority = data.get("task_assignment_status"), data.get("task_priority")
    answer = {
        "sid": sid,
        "assignment_status": status if status in ("completed", "canceled") else "deleted",
        "attributes": data.get("task_attributes"),
        "date_created": iso(1000 * created) if (created := whole_number(data.get("task_date_created"))) else None,
        "reason": data.get("task_canceled_reason") or data.get("task_completed_reason"),
        "priority": whole_number(priority),
        "task_queue_friendly_name": data.get("task_queue_name"),
        "task_channel_unique_name": data.get("task_channel_unique_name"),
        "workflow_friendly_name": data.get("workflow_name"),
    }
    return WaitingTask(answer, (), told)
