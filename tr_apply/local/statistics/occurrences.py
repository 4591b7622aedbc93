"""What statistics count of events: rows small enough to run through a month of them."""

from typing import Final, NamedTuple

from tr_apply.routing.events import EventType

STAY_ENDS: Final[tuple[EventType, ...]] = ("worker.activity.update", "worker.deleted")
"""The events that end a worker's stay in an activity."""


class Occurrence(NamedTuple):
    """Something that happened to a task or a reservation."""

    type: EventType
    waited_ms: int = 0
    """Since the task was created."""

    waited_in_queue_ms: int = 0
    """Since the task entered its queue."""


class Stay(NamedTuple):
    """The time that a worker spent in an activity without leaving it."""

    activity_sid: str
    since_ms: int
    until_ms: int
