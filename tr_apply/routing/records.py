"""The records that change while tasks are routed, as plain values: tasks, reservations and workers.

These are enough to build the engine again: timers and indexes follow from them. Times are whole milliseconds, on the
clock of the engine's caller.

Tasks, reservations and workers are named tuples, not dataclasses: routing one task makes a dozen of them, and a frozen
dataclass takes seven times as long to replace. `changed` replaces sooner still.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, NamedTuple, TypeAlias, TypeVar

TaskStatus: TypeAlias = Literal["pending", "reserved", "assigned", "wrapping", "completed", "canceled"]
ReservationStatus: TypeAlias = Literal[
    "pending", "accepted", "rejected", "timeout", "canceled", "rescinded", "wrapping", "completed"
]

UNASSIGNED: frozenset[TaskStatus] = frozenset({"pending", "reserved"})
"""The tasks that nobody has accepted yet."""

OPEN: frozenset[TaskStatus] = frozenset({"pending", "reserved", "assigned", "wrapping"})
"""The tasks that have not ended."""

HOLDING: frozenset[ReservationStatus] = frozenset({"pending", "accepted", "wrapping"})
"""The reservations that take a worker's capacity."""


class Attributes(NamedTuple):
    """A JSON object: its text, as it was sent, and what it holds."""

    text: str
    values: Mapping[str, Any]

    @classmethod
    def read(cls, text: str) -> "Attributes":
        """The attributes that *text*, a JSON object, holds."""
        return cls(text, json.loads(text))

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> "Attributes":
        """The attributes with these values."""
        return cls(json.dumps(values, separators=(",", ":"), ensure_ascii=False), values)

    def is_same(self, other: "Attributes") -> bool:
        """Whether both hold the same JSON, in whatever order; 1 and true are not the same."""
        if self.text == other.text:
            return True
        return json.dumps(self.values, sort_keys=True) == json.dumps(other.values, sort_keys=True)


NO_ATTRIBUTES = Attributes("{}", {})


class WorkflowPlace(NamedTuple):
    """Where in its workflow a task is."""

    filter: int
    """Index of the filter; ``workflow.DEFAULT`` or ``workflow.ROUTING_TARGET`` where there is none."""

    target: int
    spent_s: int
    """Sum of the time-outs of the steps up to and including this one."""

    deadline_ms: int | None
    """When the step is over, on the engine's clock; None for never."""

    timed_out: bool
    """Whether a step was left by time-out, which rules out the default filter."""


class Task(NamedTuple):
    """A task."""

    sid: str
    serial: int
    """Place among tasks and reservations in the order of creation."""

    channel: str
    """Unique name of its task channel."""

    workflow_sid: str
    workflow_version: int
    attributes: Attributes
    priority: int
    timeout_s: int
    """How long it may wait, from creation."""

    routing_target: str | None
    ignore_capacity: bool
    created_ms: int
    virtual_start_ms: int
    status: TaskStatus
    reason: str | None
    queue_sid: str | None
    queue_entered_ms: int | None
    place: WorkflowPlace | None
    assignments: int
    """How often it went from pending to reserved."""

    assigned_ms: int | None
    ended_ms: int | None
    updated_ms: int
    version: int

    @property
    def its_place(self) -> WorkflowPlace:
        """The place of a task that has begun its way through a workflow."""
        if self.place is None:
            raise LookupError(f"the task {self.sid} is nowhere in its workflow")
        return self.place


class Reservation(NamedTuple):
    """A task offered to, or held by, one worker."""

    sid: str
    serial: int
    task_sid: str
    worker_sid: str
    worker_name: str
    status: ReservationStatus
    queue_sid: str | None
    workflow_sid: str
    channel: str
    timeout_ms: int | None
    """When it times out, on the engine's clock; None for one that never does, as it began accepted."""

    previous_activity_sid: str | None
    """The worker's activity before a single-tasking reservation changed it."""

    canceled_reason_code: int | None
    created_ms: int
    updated_ms: int
    version: int
    transfer_sid: str | None = None
    """The transfer that offers the task to this worker."""


TransferMode: TypeAlias = Literal["WARM", "COLD"]
TransferStatus: TypeAlias = Literal["initiated", "complete", "failed", "canceled"]


class Transfer(NamedTuple):
    """An assigned task on its way to another worker, or to any worker of a queue."""

    sid: str
    serial: int
    """Place among tasks, reservations and transfers in the order of creation."""

    task_sid: str
    reservation_sid: str
    """The reservation it goes out from."""

    worker_sid: str
    queue_sid: str | None
    """Where the task was, and is again if nobody takes it."""

    queue_entered_ms: int | None
    workflow_sid: str
    mode: TransferMode
    """WARM leaves the task with the first worker, too; COLD begins to wrap it up there."""

    type: Literal["WORKER", "QUEUE"]
    to_sid: str
    """Of a worker or a queue."""

    status: TransferStatus
    failed_reason: str | None
    created_ms: int
    updated_ms: int


@dataclass(frozen=True, slots=True)
class WorkerChannel:
    """How much of one channel a worker takes."""

    capacity: int = 1
    available: bool = True


_NOTHING: Final[Mapping[str, Any]] = {}


class Worker(NamedTuple):
    """A worker. The reservations show which tasks the worker holds."""

    sid: str
    name: str
    activity_sid: str
    attributes: Attributes = NO_ATTRIBUTES
    channels: Mapping[str, WorkerChannel] = _NOTHING
    """By unique name of the task channel; one that is missing has capacity 1 and is available."""

    status_changed_ms: int = 0
    last_reserved_ms: int | None = None
    last_reserved_on: Mapping[str, int] = _NOTHING
    """By unique name of the task channel."""

    version: int = 0


RecordT = TypeVar("RecordT", Task, Reservation, Worker)

_PLACES: Final[Mapping[type, Mapping[str, int]]] = {
    kind: {name: place for place, name in enumerate(kind._fields)} for kind in (Task, Reservation, Worker)
}


def changed(record: RecordT, changes: Mapping[str, object]) -> RecordT:
    """*record* with other values in some fields. ``_replace`` takes longer, because it looks for each of the others."""
    values, places = [*record], _PLACES[type(record)]
    for name, value in changes.items():
        values[places[name]] = value
    return tuple.__new__(type(record), values)
