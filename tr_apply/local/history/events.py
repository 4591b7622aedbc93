"""Events, as rows of the ``event`` table: written once, never changed, kept for 30 days.

A row holds the state of the task, the reservation and the worker at that time, in columns: figures are computed without
parsing JSON. event_data.py turns a row into the event that clients see.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

from tr_apply.local.storage.database import Reader, Row, Writer
from tr_apply.routing.events import EventType

KEPT_MS: Final = 30 * 24 * 60 * 60 * 1000

_FORGOTTEN_AT_A_TIME: Final = 10_000


class EventRecord(NamedTuple):
    """One thing that happened; the fields are the columns of the table."""

    position: int
    sid: str
    workspace_sid: str
    type: EventType
    at_ms: int
    """When it happened."""

    written_ms: int
    """When it was noticed: later, if nobody was there when a timer went off. Never falls as position grows."""

    task_sid: str | None = None
    task_attributes: str | None = None
    task_created_ms: int | None = None
    task_priority: int | None = None
    task_status: str | None = None
    task_channel: str | None = None
    """Unique name of the task channel, also of a reservation and of a change to a worker's channel."""

    task_queue_sid: str | None = None
    """The queue the task was in, or the queue itself that the event is about."""

    task_queue_entered_ms: int | None = None
    workflow_sid: str | None = None
    task_version: int | None = None
    task_virtual_start_ms: int | None = None
    task_ignore_capacity: int | None = None
    """1 or 0; this, the version and the start are unknown in rows of an earlier version of this program."""

    task_reason: str | None = None
    reservation_sid: str | None = None
    reservation_version: int | None = None
    worker_sid: str | None = None
    worker_name: str | None = None
    worker_attributes: str | None = None
    worker_activity_sid: str | None = None
    worker_activity_name: str | None = None
    worker_version: int | None = None
    about: str | None = None
    """JSON with more about the event.

    The fields of ``ActivityChange``, ``ChannelChange`` or ``KnownWorkerSought``, or of the resource that was created,
    updated or deleted.
    """


OF_TASK: Final = EventRecord._fields.index("task_reason")
"""How many columns hold something where the event is about a task alone that has not ended, as most are."""


def _insert(columns: Sequence[str]) -> str:
    marks = ", ".join("?" * len(columns))
    return " ".join(("INSERT INTO event", f"({', '.join(columns)})", "VALUES", f"({marks})"))


_INSERT: Final = _insert(EventRecord._fields)
_INSERT_OF_TASK: Final = _insert(EventRecord._fields[:OF_TASK])


def write_events(writer: Writer, rows: Sequence[Row]) -> None:
    """Store events: the fields of their records, or only the first ``OF_TASK`` of them if the others are all None."""
    # The sqlite3 module takes longer to pass on None than a number, so those columns are left out.
    whole = [row for row in rows if len(row) != OF_TASK]
    if whole:
        writer.run_later(_INSERT, whole)
        rows = [row for row in rows if len(row) == OF_TASK]
    if rows:
        writer.run_later(_INSERT_OF_TASK, rows)


def forget_old_events(writer: Writer) -> bool:
    """Remove some of the events that are too old to be kept; False once there are none left."""
    end = first_position_at(writer, writer.now_ms - KEPT_MS)
    sql = "SELECT position FROM event WHERE position < ? ORDER BY position LIMIT ?"
    found = [position for (position,) in writer.rows(sql, (end, _FORGOTTEN_AT_A_TIME))]
    if found:
        writer.run("DELETE FROM event WHERE position <= ?", (found[-1],))
    return len(found) == _FORGOTTEN_AT_A_TIME


def first_position_at(reader: Reader, moment_ms: int) -> int:
    """The first position with no event of *moment_ms* or later before it, by binary search."""
    # Two queries: SQLite finds one end of a table quickly. A query for both ends reads the whole table.
    sql = "SELECT (SELECT min(position) FROM event), (SELECT max(position) + 1 FROM event)"
    [(low, high)] = [(first or 0, last or 0) for first, last in reader.rows(sql)]
    while low < high:
        middle = (low + high) // 2
        found = _event_from(reader, middle)
        if found is None or found[1] >= moment_ms:
            high = middle
        else:
            low = found[0] + 1
    return low


def _event_from(reader: Reader, position: int) -> Row | None:
    sql = "SELECT position, written_ms FROM event WHERE position >= ? ORDER BY position LIMIT 1"
    return reader.row(sql, (position,))
