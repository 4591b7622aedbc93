"""Worker channels: how many tasks of one channel a worker takes at a time. There is one for each worker and channel."""

from collections.abc import Sequence

from tr_apply.local.forms import fields
from tr_apply.local.history.session import Session
from tr_apply.local.kinds import columns
from tr_apply.local.kinds.columns import Item
from tr_apply.local.kinds.kind import Change, Field, ServedKind
from tr_apply.local.storage.database import Writer

CAPACITY_LIMIT = 50


def open_channels(writer: Writer, pairs: Sequence[tuple[str, str]]) -> None:
    """Add the worker channels of new pairs of a worker's and a task channel's SID."""
    writer.insert_many(
        WORKER_CHANNEL.name,
        WORKER_CHANNEL.sid_prefix,
        [
            {
                "worker_sid": worker_sid,
                "task_channel_sid": task_channel_sid,
                "configured_capacity": 1,
                "available": True,
            }
            for worker_sid, task_channel_sid in pairs
        ],
    )


def _inform(session: Session, item: Item, _change: Change | None) -> None:
    session.engine(item["workspace_sid"]).set_worker_channel(
        item["worker_sid"],
        item["task_channel_unique_name"],
        session.now_ms,
        capacity=item["configured_capacity"],
        available=item["available"],
    )


_OPEN = """(SELECT count(*) FROM reservation WHERE reservation.worker_sid = worker_channel.worker_sid
    AND reservation.channel = task_channel.unique_name AND reservation.status IN ('pending', 'accepted', 'wrapping'))"""
_ACCEPTED = """(SELECT count(*) FROM reservation WHERE reservation.worker_sid = worker_channel.worker_sid
    AND reservation.channel = task_channel.unique_name AND reservation.status = 'accepted')"""

WORKER_CHANNEL = ServedKind(
    name="worker_channel",
    noun="WorkerChannel",
    sid_prefix="WC",
    collection="/Workspaces/{workspace_sid}/Workers/{worker_sid}/Channels",
    list_key="channels",
    columns={
        "sid": "worker_channel.sid",
        "workspace_sid": "worker.workspace_sid",
        **columns.plain("worker_channel", "worker_sid", "task_channel_sid"),
        "task_channel_unique_name": "task_channel.unique_name",
        **columns.plain("worker_channel", "configured_capacity", "available"),
        "assigned_tasks": _ACCEPTED,
        # More tasks than capacity, after it was lowered or ignored, leave 0 %. Without any capacity, 0 % is available.
        "available_capacity_percentage": "CASE worker_channel.configured_capacity WHEN 0 THEN 0 ELSE"
        f" max(0, 100 * (worker_channel.configured_capacity - {_OPEN}) / worker_channel.configured_capacity) END",
        **columns.dates("worker_channel"),
    },
    source="worker_channel JOIN worker ON worker.sid = worker_channel.worker_sid"
    " JOIN task_channel ON task_channel.sid = worker_channel.task_channel_sid",
    scope=("worker.workspace_sid", "worker_channel.worker_sid"),
    parent="worker",
    # As answers had them until 2018; old helper libraries cannot do without.
    links={
        "workspace": "/Workspaces/{workspace_sid}",
        "worker": "/Workspaces/{workspace_sid}/Workers/{worker_sid}",
        "taskchannel": "/Workspaces/{workspace_sid}/TaskChannels/{task_channel_sid}",
    },
    booleans=("available",),
    fields=(
        Field(
            name="Capacity",
            column="configured_capacity",
            parse=fields.integer(0, CAPACITY_LIMIT),
            on="update",
        ),
        Field(name="Available", column="available", parse=fields.boolean, on="update"),
    ),
    alias="task_channel.unique_name",
    creatable=False,
    inform=_inform,
)
