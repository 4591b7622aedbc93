"""Routing engines from what the file holds."""

from collections.abc import Callable, Iterator
from typing import Any

from tr_apply.local.database import Reader
from tr_apply.local.kind import Item, Kind
from tr_apply.local.kinds.activity import ACTIVITY
from tr_apply.local.kinds.task_channel import TASK_CHANNEL
from tr_apply.local.kinds.task_queue import TASK_QUEUE
from tr_apply.local.kinds.workflow import WORKFLOW
from tr_apply.local.kinds.workspace import WORKSPACE
from tr_apply.local.records import read_snapshot
from tr_apply.local.refusals import NotFoundError
from tr_apply.local.rows import item_of, select
from tr_apply.local.setup import activity_of, task_channel_of, task_queue_of, workflow_of, workspace_of
from tr_apply.routing.engine.engine import Engine
from tr_apply.routing.engine.setup import Setup


def load_engine(reader: Reader, workspace_sid: str, new_sid: Callable[[str], str]) -> Engine:
    """The engine of a workspace, as it was when last written.

    Raises:
        NotFoundError: There is no such workspace: it was deleted since somebody began to do something with it.
    """
    workspace = next((item for item, _ in _items(reader, WORKSPACE, "workspace.sid", workspace_sid)), None)
    if workspace is None:
        raise NotFoundError(f"There is no Workspace {workspace_sid} any more")
    setup = Setup(
        workspace_of(workspace),
        activities=tuple(activity_of(item) for item, _ in _within(reader, ACTIVITY, workspace_sid)),
        channels=tuple(task_channel_of(item) for item, _ in _within(reader, TASK_CHANNEL, workspace_sid)),
        queues=tuple(task_queue_of(item) for item, _ in _within(reader, TASK_QUEUE, workspace_sid)),
        workflows=tuple(
            workflow_of(item, version) for item, version in _within(reader, WORKFLOW, workspace_sid, "workflow.version")
        ),
    )
    return Engine(setup, new_sid, read_snapshot(reader, workspace_sid))


def _within(reader: Reader, kind: Kind, workspace_sid: str, last: str = "NULL") -> Iterator[tuple[Item, Any]]:
    return _items(reader, kind, kind.scope[0], workspace_sid, last)


def _items(reader: Reader, kind: Kind, column: str, sid: str, last: str = "NULL") -> Iterator[tuple[Item, Any]]:
    """The items with *sid* in *column*, in the order of creation, each with the value of *last*."""
    sql = select(kind, [f"{column} = ?"], last, f"{kind.table}.position")
    return ((item_of(kind, row), row[-1]) for row in reader.rows(sql, (sid,)))
