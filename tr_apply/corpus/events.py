"""Events of TaskRouter as values, the hours in which they are read, and the task in an event."""

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final, NamedTuple, NoReturn

from tr_apply.corpus.tasks import DEFAULT_CHANNEL, RecordedTask
from tr_apply.frozen import frozen
from tr_apply.resources.scalar import whole_number

TASK_CREATED: Final = "task.created"
_HOUR: Final = timedelta(hours=1)
_SECOND: Final = timedelta(seconds=1)


@frozen
class WorkspaceEvent:
    """Something that has happened in a workspace."""

    sid: str
    type: str
    """As in ``task.created``."""

    at: datetime
    """In UTC."""

    data: Mapping[str, Any]
    """``event_data``; its values are texts, attributes as JSON."""


class Hour(NamedTuple):
    """A part of the past that is read with one request: an hour by the clock, or the requested part of it."""

    start: datetime
    end: datetime
    """The first moment after it."""

    @property
    def key(self) -> str:
        """Its name in a file."""
        return moment(self.start)

    @property
    def end_key(self) -> str:
        """The same of its end; the last hour ends with the recording, which may be in the middle of a second."""
        return self.end.strftime("%Y-%m-%dT%H:%M:%S.%fZ")

    def has(self, event: WorkspaceEvent) -> bool:
        """Whether *event* happened in it."""
        return self.start <= event.at < self.end


def hours_between(start: datetime, end: datetime) -> Iterator[Hour]:
    """The hours by the clock from *start* to *end*, both in UTC; the first and the last may be cut short."""
    begin = start
    while begin < end:
        after = min(end, begin.replace(minute=0, second=0, microsecond=0) + _HOUR)
        yield Hour(begin, after)
        begin = after


def moment(time: datetime) -> str:
    """*time*, in UTC, as the API and the files write it."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ")


def event_of(answer: Any) -> WorkspaceEvent | None:
    """The event in *answer* of the API; None if it is not an event."""
    match answer:
        case {"sid": str(sid), "event_type": str(kind), "event_data": dict(data)}:
            at = _moment_of(answer)
            return None if at is None else WorkspaceEvent(sid, kind, at, data)
        case _:
            return None


def _moment_of(answer: Mapping[str, Any]) -> datetime | None:
    try:
        if isinstance(milliseconds := answer.get("event_date_ms"), int):
            return datetime.fromtimestamp(milliseconds / 1000, UTC)
        return datetime.fromisoformat(str(answer.get("event_date"))).astimezone(UTC)
    except (ValueError, OverflowError, OSError):
        return None


def query_of(hour: Hour) -> dict[str, str]:
    """The parameters that ask for the events of *hour*; the API takes whole seconds, and includes both ends."""
    return {"StartDate": moment(hour.start), "EndDate": moment(hour.end + _SECOND)}


def task_of(event: WorkspaceEvent, hour: Hour, workflows: Mapping[str, str]) -> RecordedTask:
    """The task that was created by *event* in *hour*; *workflows* are today's names by SID."""
    data = event.data
    sid, name = data.get("workflow_sid"), data.get("workflow_name")
    return RecordedTask(
        workflow=workflows.get(str(sid)) or str(name or sid or "unknown"),
        attributes=_attributes(data.get("task_attributes")),
        channel=str(data.get("task_channel_unique_name") or DEFAULT_CHANNEL),
        priority=whole_number(str(data.get("task_priority"))) or 0,
        time=moment(hour.start.replace(minute=0, second=0, microsecond=0)),
    )


def _attributes(written: Any) -> Mapping[str, Any]:
    """The attributes in *written*; none where TaskRouter has redacted them."""
    try:
        found = json.loads(written, parse_constant=_refuse)
    except (TypeError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _refuse(constant: str) -> NoReturn:
    raise ValueError(constant)
