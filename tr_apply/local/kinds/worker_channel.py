"""Worker channels: how many tasks of one channel a worker takes at a time. There is one for each worker and channel."""

from collections.abc import Sequence

from tr_apply.local import columns, fields
from tr_apply.local.database import Writer
from tr_apply.local.kind import Field, Kind

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


WORKER_CHANNEL = Kind(
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
        "assigned_tasks": "0",
        "available_capacity_percentage": "CASE worker_channel.configured_capacity WHEN 0 THEN 0 ELSE 100 END",
        **columns.dates("worker_channel"),
    },
    source="worker_channel JOIN worker ON worker.sid = worker_channel.worker_sid"
    " JOIN task_channel ON task_channel.sid = worker_channel.task_channel_sid",
    scope=("worker.workspace_sid", "worker_channel.worker_sid"),
    parent="worker",
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
)
