"""The history of a task, from its events and its reservations: each may have what the other lacks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Final, Literal, NamedTuple, TypeAlias

from tr_apply.rehearsal.live_facts import Knowledge, TaskMoment, TaskOffer, iso, moment_ms

Answer: TypeAlias = Mapping[str, Any]
"""One resource, or one event, as the API shows it."""

_OFFERED: Final = "reservation.created"
_ENTERED: Final = "workflow.target-matched"
_BEGINS_AGAIN: Final = frozenset({"workflow.entered", "task.updated"})
_TIMED_OUT: Final = "task-queue.timeout"


class TaskEvents(NamedTuple):
    """The events of a task, as they were answered."""

    items: Sequence[Answer] = ()
    more: bool = False
    unknown: Literal["refused", "unread"] | None = None
    """Why none is known, if TaskRouter does not say what there is."""


NO_EVENTS: Final = TaskEvents()


@dataclass(frozen=True)
class TaskHistory:
    """The events and the reservations of one task."""

    told: TaskEvents
    reservations: Sequence[Answer]

    @cached_property
    def offers(self) -> Sequence[TaskOffer]:
        """Every reservation, in order."""
        found: dict[str, TaskOffer] = {}
        for each in self._events:
            sid, kind = each["reservation"], each["event"]
            if sid is None or not kind.startswith("reservation."):
                continue
            before = found.get(sid) or TaskOffer(each["worker"], "pending", each["at"], None)
            is_new = kind == _OFFERED
            status = before.status if is_new else _STATUSES.get(kind, kind.partition(".")[2])
            ended = before.ended if is_new else each["at"]
            found[sid] = replace(before, worker=before.worker or each["worker"], status=status, ended=ended)
        for item in self.reservations:
            found[str(item.get("sid"))] = _offer_of(item)
        return sorted(found.values(), key=lambda each: each.created or "")

    @cached_property
    def knowledge(self) -> Knowledge:
        """The completeness of the events."""
        if self.told.unknown is not None:
            return self.told.unknown
        if not self._events:
            return "absent"
        offered = [each for each in self._events if each["event"].startswith("reservation.")]
        if offered and not any(each["worker"] for each in offered):
            return "redacted"
        return "cut" if self.told.more else "whole"

    @property
    def moments(self) -> Sequence[TaskMoment]:
        """Every event, in order."""
        return [TaskMoment(each["at"], each["event"], each["queue"], each["worker"]) for each in self._events]

    @property
    def last(self) -> str | None:
        """When the last event happened."""
        return self._events[-1]["at"] if self._events else None

    @property
    def steps_entered(self) -> int:
        """The number of steps in the events since the task was last sent through the workflow; 0 if unknown."""
        count = 0
        for each in self._events:
            count = 0 if each["event"] in _BEGINS_AGAIN else count + (each["event"] == _ENTERED)
        return count

    @property
    def has_timed_out(self) -> bool:
        """Whether a step was left because its time was over."""
        return any(each["event"] == _TIMED_OUT for each in self._events)

    @cached_property
    def _events(self) -> Sequence[Mapping[str, Any]]:
        read = [_event(each) for each in self.told.items]
        if read and read[0]["ms"] > read[-1]["ms"]:
            read.reverse()  # the latest came first, also among those of one moment
        return sorted(read, key=lambda each: each["ms"])


_STATUSES: Final = {"reservation.wrapup": "wrapping", "reservation.failed": "canceled"}


def _offer_of(item: Answer) -> TaskOffer:
    status = str(item.get("reservation_status"))
    name = item.get("worker_name")
    created, updated = (iso(moment_ms(item.get(key))) for key in ("date_created", "date_updated"))
    return TaskOffer(name if isinstance(name, str) else None, status, created, None if status == "pending" else updated)


def event_data(item: Answer) -> Mapping[str, Any]:
    """The data of an event, all texts; older events have lost a part of it."""
    found = item.get("event_data")
    return found if isinstance(found, dict) else {}


def event_ms(item: Answer) -> int:
    """When an event happened; 0 where it does not say."""
    exact = item.get("event_date_ms")
    return exact if isinstance(exact, int) else moment_ms(item.get("event_date")) or 0


def _event(item: Answer) -> Mapping[str, Any]:
    """The data of an event that are used here."""
    ms, data = event_ms(item), event_data(item)
    texts = {key: data.get(name) for key, name in _DATA.items()}
    kind = item.get("event_type")
    return {
        "ms": ms,
        "at": iso(ms or None),
        "event": kind if isinstance(kind, str) else "",
        **{key: value if isinstance(value, str) and value else None for key, value in texts.items()},
    }


_DATA: Final = {
    "worker": "worker_name",
    "queue": "task_queue_name",
    "reservation": "reservation_sid",
}
