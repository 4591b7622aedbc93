"""The events within a window, added up."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final, Literal, TypeAlias

from tr_apply.local.statistics.choices import DELETED, TIMED_OUT_IN_WORKFLOW
from tr_apply.local.statistics.durations import Durations, Figures, Occurrence
from tr_apply.local.statistics.split import Split, Thresholds
from tr_apply.routing.events import EventType

Counts: TypeAlias = Mapping[str, frozenset[EventType]]
"""Figure -> the events that it counts."""

Owner: TypeAlias = Literal["workspace", "task_queue", "workflow"]


def _one(event_type: EventType) -> frozenset[EventType]:
    return frozenset({event_type})


RESERVATIONS: Final[Counts] = {
    "reservations_created": _one("reservation.created"),
    "reservations_accepted": _one("reservation.accepted"),
    "reservations_rejected": _one("reservation.rejected"),
    "reservations_timed_out": _one("reservation.timeout"),
    "reservations_canceled": _one("reservation.canceled"),
    "reservations_rescinded": _one("reservation.rescinded"),
}

_ENDED: Final[Counts] = {
    "tasks_canceled": _one("task.canceled"),
    "tasks_completed": _one("task.completed"),
    "tasks_deleted": DELETED,
    "tasks_moved": _one("task-queue.moved"),
}

TASKS: Final[Mapping[Owner, Counts]] = {
    "workspace": {
        "tasks_created": _one("task.created"),
        **_ENDED,
        "tasks_timed_out_in_workflow": TIMED_OUT_IN_WORKFLOW,
    },
    "task_queue": {"tasks_entered": _one("task-queue.entered"), **_ENDED},
    "workflow": {
        "tasks_entered": _one("workflow.entered"),
        **_ENDED,
        "tasks_timed_out_in_workflow": TIMED_OUT_IN_WORKFLOW,
    },
}
"""The figures of tasks."""


def _types(*tables: Counts) -> Sequence[EventType]:
    return sorted({each for counts in tables for types in counts.values() for each in types})


RESERVATION_TYPES: Final = _types(RESERVATIONS)
"""The events that are counted of reservations."""

COUNTED_TYPES: Final = _types(RESERVATIONS, *TASKS.values())
"""The events that any of these figures counts."""


class Tally:
    """The sums of one place, as far as they have been added."""

    def __init__(self, thresholds: Thresholds = ()) -> None:
        self._counts: Counter[EventType] = Counter()
        self._until_accepted = Durations()
        self._until_canceled = Durations()
        self._in_queue_until_accepted = Durations()
        self._split = Split(thresholds)

    def add(self, occurrence: Occurrence) -> None:
        """Add what happened; what comes first is split first."""
        self._counts[occurrence.type] += 1
        match occurrence.type:
            case "reservation.accepted":
                self._until_accepted.add(occurrence.waited_ms)
                self._in_queue_until_accepted.add(occurrence.waited_in_queue_ms)
                self._split.accept(occurrence.waited_ms)
            case "task.canceled":
                self._until_canceled.add(occurrence.waited_ms)
                self._split.cancel(occurrence.waited_ms)

    def figures(self, owner: Owner) -> Figures:
        """All figures of a workspace, a queue or a workflow, without the window."""
        in_queue = {"wait_duration_in_queue_until_accepted": self._in_queue_until_accepted.figures()}
        return {
            "avg_task_acceptance_time": self._until_accepted.mean_s,
            **self.reservations(),
            **_counted(TASKS[owner], self._counts),
            "wait_duration_until_accepted": self._until_accepted.figures(),
            "wait_duration_until_canceled": self._until_canceled.figures(),
            **(in_queue if owner == "task_queue" else {}),
            "split_by_wait_time": self._split.figures(),
        }

    def reservations(self) -> Figures:
        """The figures of reservations; workers have only these."""
        return _counted(RESERVATIONS, self._counts)


def nested(figures: Figures) -> Figures:
    """The same figures as part of a real-time answer: there the mean has a decimal point."""
    return {**figures, "avg_task_acceptance_time": float(figures["avg_task_acceptance_time"])}


def _counted(counts: Counts, events: Mapping[EventType, int]) -> Figures:
    return {name: sum(events[each] for each in types) for name, types in counts.items()}
