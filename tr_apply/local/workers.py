"""Workers as the routing engine takes them, from their rows."""

import json
from collections.abc import Iterator
from typing import Final

from tr_apply.local.clock import moment_of
from tr_apply.local.database import Reader
from tr_apply.routing.records import Attributes, Worker, WorkerChannel

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
    """Attributes as they are stored; those that are no JSON object, which no request could have sent, say nothing."""
    try:
        values = json.loads(text)
    except ValueError:
        values = {}
    return Attributes(text, values if isinstance(values, dict) else {})
