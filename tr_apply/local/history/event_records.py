"""Events of the routing engine as rows of the history."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any, Final, assert_never

from tr_apply.local.history.events import EventRecord
from tr_apply.local.storage.database import Row, Writer
from tr_apply.local.storage.sids import new_sids
from tr_apply.routing.engine.state import State
from tr_apply.routing.events import About, ActivityChange, ChannelChange, Event, KnownWorkerSought
from tr_apply.routing.records import Task, Transfer, Worker
from tr_apply.routing.workspace import Activity, TaskChannel, TaskQueue, Workflow, Workspace

_NO_TASK: Final[Row] = (None,) * 12
_NO_WORKER: Final[Row] = (None,) * 6


def rows_of(writer: Writer, workspace_sid: str, events: Sequence[Event], state: State) -> list[Row]:
    """The rows of *events* as ``write_events`` takes them, each with a position of its own."""
    rows = []
    before, of_task, has_ended = None, _NO_TASK, False
    now_ms, position = writer.now_ms, writer.positions(len(events))
    sids = new_sids("EV", range(position, position + len(events)))
    for sid, event in zip(sids, events, strict=True):
        event_type, at_ms, task, reservation, worker, about = event
        if task is not before:  # usually it is the task of the event before
            before, of_task = task, _NO_TASK if task is None else _of_task(task)
            has_ended = task is not None and task.reason is not None
        row: Row = (position, sid, workspace_sid, event_type, at_ms, now_ms) + of_task  # noqa: RUF005  # in half the time
        if has_ended or reservation or worker or about:
            row = _whole(row, event, state)
        rows.append(row)
        position += 1
    return rows


def _whole(row: Row, event: Event, state: State) -> Row:
    """The row with what else there is to the event."""
    task, reservation, worker = event.task, event.reservation, event.worker
    rest = (
        None if task is None else task.reason,
        *((None, None) if reservation is None else (reservation.sid, reservation.version)),
        *(_NO_WORKER if worker is None else _of_worker(worker, state)),
        None,
    )
    record = EventRecord._make((*row, *rest))
    return record if event.about is None else _with_about(record, event.about, state)


def _of_task(task: Task) -> Row:
    return (
        task.sid,
        task.attributes.text,
        task.created_ms,
        task.priority,
        task.status,
        task.channel,
        task.queue_sid,
        task.queue_entered_ms,
        task.workflow_sid,
        task.version,
        task.virtual_start_ms,
        1 if task.ignore_capacity else 0,
    )


def _of_worker(worker: Worker, state: State) -> Row:
    activity = state.activities.get(worker.activity_sid)
    return (
        worker.sid,
        worker.name,
        worker.attributes.text,
        worker.activity_sid,
        None if activity is None else activity.name,
        worker.version,
    )


def _with_about(record: EventRecord, about: About, state: State) -> EventRecord:
    """The record with what else the event is about, and the column filled that finds it."""
    match about:
        case ActivityChange():
            previous = state.activities.get(about.previous_activity_sid)
            name = None if previous is None else previous.name
            return _noted(record, {**about._asdict(), "previous_activity_name": name})
        case ChannelChange():
            assert record.worker_sid is not None  # it is always that of a worker
            channel = state.channels.get(about.channel)
            fields = {
                **about._asdict(),
                "channel_sid": None if channel is None else channel.sid,
                "available": state.workers[record.worker_sid].channel(about.channel).available,
            }
            return _noted(record, fields, task_channel=about.channel)
        case KnownWorkerSought() | Transfer():
            return _noted(record, about._asdict())
        case TaskChannel():
            return _noted(record, asdict(about), task_channel=about.unique_name)
        case TaskQueue():
            return _noted(record, asdict(about), task_queue_sid=about.sid)
        case Workflow():
            return _noted(record, {"sid": about.sid, "name": about.name}, workflow_sid=about.sid)
        case Activity() | Workspace():
            return _noted(record, asdict(about))
        case _:
            assert_never(about)


def _noted(record: EventRecord, about: dict[str, Any], **columns: Any) -> EventRecord:
    return record._replace(about=json.dumps(about, separators=(",", ":")), **columns)
