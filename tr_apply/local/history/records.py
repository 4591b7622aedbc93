"""The rows that routing changes: tasks, reservations, what workers are doing, and documents that are still in use."""

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

from tr_apply.local.storage.clock import moment_of, stored
from tr_apply.local.storage.database import Reader, Row, Writer
from tr_apply.local.storage.sids import position_of
from tr_apply.routing.engine.log import EngineState, Outcome, WorkflowVersion
from tr_apply.routing.records import Attributes, Reservation, Task, Transfer, Worker, WorkerChannel, WorkflowPlace

_TASK: Final = (
    *("sid", "serial", "channel", "workflow_sid", "workflow_version", "attributes", "priority", "timeout_s"),
    *("routing_target", "ignore_capacity", "created_ms", "virtual_start_ms", "status", "reason", "queue_sid"),
    *("queue_entered_ms", "place_filter", "place_target", "place_spent_s", "place_deadline_ms", "place_timed_out"),
    *("assignments", "assigned_ms", "ended_ms", "updated_ms", "version"),
)
"""The columns of a task in the order of the fields of its record, its attributes as text, its place field by field."""

_NO_PLACE: Final = (None,) * len(WorkflowPlace._fields)
_PLACE: Final = Task._fields.index("place")
_ATTRIBUTES: Final = Task._fields.index("attributes")


def _upsert(table: str, columns: Sequence[str]) -> str:
    names = ("position", "workspace_sid", *columns)
    changes = ", ".join(f"{name} = excluded.{name}" for name in columns)
    marks = ", ".join("?" * len(names))
    parts = ("INSERT INTO", table, f"({', '.join(names)})", f"VALUES ({marks})", "ON CONFLICT (position) DO UPDATE SET")
    return " ".join((*parts, changes))


def _select(table: str, columns: Sequence[str]) -> str:
    return " ".join(("SELECT", ", ".join(columns), "FROM", table, "WHERE workspace_sid = ?"))


_PUT_TASK: Final = _upsert("task", _TASK)
_PUT_RESERVATION: Final = _upsert("reservation", Reservation._fields)
_PUT_TRANSFER: Final = _upsert("transfer", Transfer._fields)
_TASKS: Final = _select("task", _TASK)
_RESERVATIONS: Final = _select("reservation", Reservation._fields)
_TRANSFERS: Final = _select("transfer", Transfer._fields)
_VERSIONS: Final = _select("workflow_version", ("workflow_sid", "version", "document"))
_TAKE_TURN: Final = """
    UPDATE worker_channel SET last_reserved_ms = ? WHERE worker_sid = ? AND task_channel_sid =
        (SELECT sid FROM task_channel WHERE workspace_sid = ? AND unique_name = ?)"""
_MOVE_WORKER: Final = """
    UPDATE worker SET activity_sid = ?, revision = ?, date_status_changed = ?, date_updated = ? WHERE position = ?"""


def has_tasks(reader: Reader, workspace_sid: str) -> bool:
    """Whether there is anything in a workspace that time could change."""
    return reader.row("SELECT 1 FROM task WHERE workspace_sid = ? LIMIT 1", (workspace_sid,)) is not None


def workspaces_with_tasks(reader: Reader) -> list[str]:
    """The workspaces in which time may change something."""
    return [sid for (sid,) in reader.rows("SELECT DISTINCT workspace_sid FROM task")]


def read_snapshot(reader: Reader, workspace_sid: str) -> EngineState:
    """The engine's state of a workspace, without its configuration."""
    scope = (workspace_sid,)
    tasks = tuple(map(_task, reader.rows(_TASKS, scope)))
    reservations = tuple(map(_reservation, reader.rows(_RESERVATIONS, scope)))
    transfers = tuple(map(Transfer._make, reader.rows(_TRANSFERS, scope)))
    return EngineState(
        serial=max(_serials(tasks, reservations, transfers), default=0),
        tasks=tasks,
        reservations=reservations,
        workers=tuple(read_workers(reader, workspace_sid)),
        versions=tuple(WorkflowVersion(*row) for row in reader.rows(_VERSIONS, scope)),
        transfers=transfers,
    )


def _serials(*records: Sequence[Task | Reservation | Transfer]) -> Iterator[int]:
    return (each.serial for some in records for each in some)


def save_outcome(writer: Writer, workspace_sid: str, outcome: Outcome) -> None:
    """Store the changes of the engine, without the events."""
    if outcome.tasks:
        writer.run_later(_PUT_TASK, [_task_row(workspace_sid, task) for task in outcome.tasks])
    if outcome.reservations:
        rows = ((position_of(each.sid), workspace_sid, *each) for each in outcome.reservations)
        writer.run_later(_PUT_RESERVATION, rows)
    if outcome.workers:
        writer.run_later(_MOVE_WORKER, (_moved(writer, worker) for worker in outcome.workers))
    if outcome.turns:
        turns = ((turn.reserved_ms, turn.worker_sid, workspace_sid, turn.channel) for turn in outcome.turns)
        writer.run_later(_TAKE_TURN, turns)
    if outcome.transfers:
        transfers = ((position_of(each.sid), workspace_sid, *each) for each in outcome.transfers)
        writer.run_later(_PUT_TRANSFER, transfers)
    if outcome.removed_task_sids:
        writer.run_many("DELETE FROM task WHERE position = ?", _positions(outcome.removed_task_sids))
        removed = ((sid,) for sid in outcome.removed_task_sids)
        writer.run_many("DELETE FROM reservation WHERE task_sid = ?", removed)
        writer.run_many("DELETE FROM transfer WHERE task_sid = ?", ((sid,) for sid in outcome.removed_task_sids))
    for kept in outcome.kept_versions:
        row = (workspace_sid, kept.workflow_sid, kept.version, kept.document)
        writer.run("INSERT OR REPLACE INTO workflow_version VALUES (?, ?, ?, ?)", row)
    for dropped in outcome.dropped_versions:
        writer.run("DELETE FROM workflow_version WHERE workflow_sid = ? AND version = ?", dropped)


def _task_row(workspace_sid: str, task: Task) -> tuple[Any, ...]:
    return (
        position_of(task.sid),
        workspace_sid,
        *task[:_ATTRIBUTES],
        task.attributes.text,
        *task[_ATTRIBUTES + 1 : _PLACE],
        *(task.place or _NO_PLACE),
        *task[_PLACE + 1 :],
    )


def _task(row: Row) -> Task:
    place_end = _PLACE + len(WorkflowPlace._fields)
    attributes, place = row[_ATTRIBUTES], row[_PLACE:place_end]
    task = Task._make(
        (
            *row[:_ATTRIBUTES],
            Attributes.read(attributes),
            *row[_ATTRIBUTES + 1 : _PLACE],
            None if place[0] is None else WorkflowPlace._make((*place[:-1], place[-1] == 1)),
            *row[place_end:],
        )
    )
    return task._replace(ignore_capacity=task.ignore_capacity == 1)


def _reservation(row: Row) -> Reservation:
    return Reservation._make(row)


def _moved(writer: Writer, worker: Worker) -> tuple[Any, ...]:
    changed = stored(worker.status_changed_ms)
    return (worker.activity_sid, worker.version, changed, writer.now, position_of(worker.sid))


def _positions(sids: Iterable[str]) -> Iterator[tuple[int]]:
    return ((position_of(sid),) for sid in sids)


_ALL_WORKERS: Final = """
    SELECT sid, friendly_name, activity_sid, attributes, date_status_changed, revision FROM worker
    WHERE workspace_sid = :workspace_sid ORDER BY position"""

# A text of its own: no index serves a condition that may be about all of them.
_ONE_WORKER: Final = """
    SELECT sid, friendly_name, activity_sid, attributes, date_status_changed, revision FROM worker
    WHERE sid = :sid AND workspace_sid = :workspace_sid"""

_SET_CHANNELS: Final = """
    SELECT worker_channel.worker_sid, task_channel.unique_name, worker_channel.configured_capacity,
           worker_channel.available, worker_channel.last_reserved_ms
    FROM task_channel JOIN worker_channel ON worker_channel.task_channel_sid = task_channel.sid
    WHERE task_channel.workspace_sid = :workspace_sid
      AND (worker_channel.configured_capacity <> 1 OR NOT worker_channel.available
           OR worker_channel.last_reserved_ms IS NOT NULL)"""

_SET_CHANNELS_OF_ONE: Final = f"{_SET_CHANNELS} AND worker_channel.worker_sid = :sid"


def read_workers(reader: Reader, workspace_sid: str, sid: str | None = None) -> Iterator[Worker]:
    """The workers of a workspace, or the one with *sid*, in the order of their creation."""
    parameters = {"workspace_sid": workspace_sid, "sid": sid}
    workers_sql, channels_sql = (_ALL_WORKERS, _SET_CHANNELS) if sid is None else (_ONE_WORKER, _SET_CHANNELS_OF_ONE)
    channels: dict[str, dict[str, WorkerChannel]] = {}
    reserved: dict[str, dict[str, int]] = {}
    for worker_sid, channel, capacity, available, last_reserved_ms in reader.rows(channels_sql, parameters):
        channels.setdefault(worker_sid, {})[channel] = WorkerChannel(capacity, available == 1)
        if last_reserved_ms is not None:
            reserved.setdefault(worker_sid, {})[channel] = last_reserved_ms
    for worker_sid, name, activity_sid, attributes, status_changed, revision in reader.rows(workers_sql, parameters):
        last_reserved_on = reserved.get(worker_sid, {})
        yield Worker(
            sid=worker_sid,
            name=name,
            activity_sid=activity_sid,
            attributes=attributes_of(attributes),
            channels=channels.get(worker_sid, {}),
            status_changed_ms=moment_of(status_changed),
            last_reserved_ms=max(last_reserved_on.values(), default=None),
            last_reserved_on=last_reserved_on,
            version=revision,
        )


def attributes_of(text: str) -> Attributes:
    """Stored attributes; empty if they are not a JSON object, which no request could have stored."""
    try:
        values = json.loads(text)
    except ValueError:
        values = {}
    return Attributes(text, values if isinstance(values, dict) else {})
