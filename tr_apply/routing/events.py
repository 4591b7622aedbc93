"""Events in a workspace, as values; event_data.py has the words for them."""

from typing import Any, Literal, NamedTuple, TypeAlias, TypeVar

from tr_apply.routing.records import Reservation, Task, Transfer, Worker
from tr_apply.routing.workspace import Resource

T = TypeVar("T")

EventType: TypeAlias = Literal[
    "activity.created",
    "activity.updated",
    "activity.deleted",
    "reservation.created",
    "reservation.accepted",
    "reservation.rejected",
    "reservation.timeout",
    "reservation.canceled",
    "reservation.rescinded",
    "reservation.completed",
    "reservation.wrapup",
    "reservation.failed",
    "task.created",
    "task.updated",
    "task.canceled",
    "task.wrapup",
    "task.completed",
    "task.deleted",
    "task.system-deleted",
    "task.transfer-initiated",
    "task.transfer-attempt-failed",
    "task.transfer-failed",
    "task.transfer-canceled",
    "task.transfer-completed",
    "task-channel.created",
    "task-channel.updated",
    "task-channel.deleted",
    "task-queue.created",
    "task-queue.deleted",
    "task-queue.entered",
    "task-queue.timeout",
    "task-queue.moved",
    "task-queue.expression.updated",
    "worker.created",
    "worker.activity.update",
    "worker.attributes.update",
    "worker.capacity.update",
    "worker.channel.availability.update",
    "worker.deleted",
    "workflow.created",
    "workflow.updated",
    "workflow.deleted",
    "workflow.target-matched",
    "workflow.entered",
    "workflow.timeout",
    "workflow.skipped",
    "workspace.created",
    "workspace.updated",
    "workspace.deleted",
]
"""TaskRouter's own names."""


class ActivityChange(NamedTuple):
    """From which activity a worker came, or which one ended with the worker."""

    previous_activity_sid: str
    since_ms: int
    """When that activity had begun."""


class ChannelChange(NamedTuple):
    """How a worker's channel was, and how much of it is taken."""

    channel: str
    previous_capacity: int
    assigned_tasks: int
    available_capacity_percentage: int


class KnownWorkerSought(NamedTuple):
    """Which worker a step asks for."""

    value: Any
    """The value of the task's attribute: a SID or a friendly name; None if it has none."""

    debugger_code: int | None
    """TaskRouter's code for a worker it cannot offer the task to: 40152, 40154 or 40155."""

    by: Literal["sid", "friendly_name"] = "sid"
    """Which of the two the attribute holds."""


About: TypeAlias = ActivityChange | ChannelChange | KnownWorkerSought | Transfer | Resource


class Event(NamedTuple):
    """One thing that happened, with the task, the reservation and the worker as they were then.

    A named tuple for the reason given in records.py.
    """

    type: EventType
    at_ms: int
    task: Task | None = None
    reservation: Reservation | None = None
    worker: Worker | None = None
    about: About | None = None

    @property
    def its_task(self) -> Task:
        """The task, of an event that has one by its type."""
        return _given(self.task, self)

    @property
    def its_reservation(self) -> Reservation:
        """The reservation, of an event that has one by its type."""
        return _given(self.reservation, self)

    @property
    def its_worker(self) -> Worker:
        """The worker, of an event that has one by its type."""
        return _given(self.worker, self)


def _given(value: T | None, event: Event) -> T:
    if value is None:
        raise LookupError(f"the event {event.type} does not have it")
    return value
