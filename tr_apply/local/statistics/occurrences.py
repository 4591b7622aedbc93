"""What statistics count of an event: a row that is small enough to keep a month of them."""

from typing import Final, NamedTuple, Self

from tr_apply.routing.events import ActivityChange, Event, EventType

STAY_ENDS: Final[frozenset[EventType]] = frozenset({"worker.activity.update", "worker.deleted"})
"""The events that end a worker's stay in an activity."""


class Occurrence(NamedTuple):
    """Something that happened to a task or a reservation, and where it was then."""

    type: EventType
    at_ms: int
    queue_sid: str | None = None
    workflow_sid: str | None = None
    worker_sid: str | None = None
    channel: str | None = None
    """Unique name of the task channel."""

    waited_ms: int = 0
    """Since the task was created."""

    waited_in_queue_ms: int = 0
    """Since the task entered its queue."""

    @classmethod
    def of(cls, event: Event) -> Self | None:
        """What counts of *event*; None for one that is about no task."""
        task, reservation = event.task, event.reservation
        if task is None:
            return None
        entered_ms = task.created_ms if task.queue_entered_ms is None else task.queue_entered_ms
        return cls(
            event.type,
            event.at_ms,
            task.queue_sid,
            task.workflow_sid,
            None if reservation is None else reservation.worker_sid,
            task.channel,
            waited_ms=event.at_ms - task.created_ms,
            waited_in_queue_ms=event.at_ms - entered_ms,
        )


class Stay(NamedTuple):
    """The time that a worker spent in an activity without leaving it."""

    worker_sid: str
    activity_sid: str
    since_ms: int
    until_ms: int

    @classmethod
    def ended_by(cls, event: Event) -> Self | None:
        """The stay that *event* ended; None for one that ended none."""
        if event.type not in STAY_ENDS:
            return None
        assert event.worker is not None
        assert isinstance(event.about, ActivityChange)
        return cls(event.worker.sid, event.about.previous_activity_sid, event.about.since_ms, event.at_ms)
