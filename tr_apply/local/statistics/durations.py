"""Lengths of time, added up."""

from typing import Any, Final, NamedTuple, TypeAlias

from tr_apply.routing.events import EventType

Figures: TypeAlias = dict[str, Any]
"""A part of an answer."""

MS_IN_SECOND = 1000


class Durations:
    """How many there were, the shortest, the longest and their sum, in milliseconds."""

    __slots__ = ("count", "longest_ms", "shortest_ms", "total_ms")

    def __init__(self) -> None:
        self.count = self.shortest_ms = self.longest_ms = self.total_ms = 0

    def add(self, duration_ms: int) -> None:
        """Add one."""
        if not self.count or duration_ms < self.shortest_ms:
            self.shortest_ms = duration_ms
        self.longest_ms = max(self.longest_ms, duration_ms)
        self.count += 1
        self.total_ms += duration_ms

    @property
    def mean_s(self) -> int:
        """The mean in whole seconds; 0 of none."""
        return self.total_ms // (self.count * MS_IN_SECOND) if self.count else 0

    def figures(self) -> dict[str, int]:
        """The figures as in the API, in whole seconds."""
        return {
            "avg": self.mean_s,
            "min": self.shortest_ms // MS_IN_SECOND,
            "max": self.longest_ms // MS_IN_SECOND,
            "total": self.total_ms // MS_IN_SECOND,
        }


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
