"""Work in progress in a workspace: tasks that wait or are offered, and reservations of workers."""

from collections import Counter
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from tr_apply.client import paths
from tr_apply.errors import NetworkError
from tr_apply.live import Work
from tr_apply.resources import TASK_QUEUE, WORKER, WORKFLOW, WORKSPACE, Kind
from tr_apply.transport import Sender

UNROUTED = ("pending", "reserved")
"""Statuses of tasks that a queue or a workflow still holds."""

BUSY = ("reserved", "assigned", "wrapping")
"""Statuses of tasks that some worker has."""

UNFINISHED = ("pending", *BUSY)
"""Statuses of tasks that somebody still waits for or works on."""

_PAGE_SIZE = 1000  # more tasks than anybody wants to know the number of
_FILTERS = {TASK_QUEUE.name: "TaskQueueSid", WORKFLOW.name: "WorkflowSid"}


async def tasks(sender: Sender, workspace_sid: str, kind: Kind, sid: str) -> Work:
    """Tasks of a queue or a workflow that have not come to anybody yet."""
    query = [
        (_FILTERS[kind.name], sid),
        *(("AssignmentStatus", status) for status in UNROUTED),
        ("PageSize", _PAGE_SIZE),
    ]
    return await _counted(sender, f"{_workspace(workspace_sid)}/Tasks?{urlencode(query)}", "tasks", "assignment_status")


async def is_anybody_busy(sender: Sender, workspace_sid: str) -> bool:
    """Whether any worker has, or is offered, a task."""
    query = [*(("AssignmentStatus", status) for status in BUSY), ("PageSize", 1)]
    path = f"{_workspace(workspace_sid)}/Tasks?{urlencode(query)}"
    return (await _counted(sender, path, "tasks", "assignment_status")).any


async def unfinished(sender: Sender, workspace_sid: str) -> Work:
    """Every task of a workspace that has not ended."""
    query = [*(("AssignmentStatus", status) for status in UNFINISHED), ("PageSize", _PAGE_SIZE)]
    return await _counted(sender, f"{_workspace(workspace_sid)}/Tasks?{urlencode(query)}", "tasks", "assignment_status")


async def reservations(sender: Sender, workspace_sid: str, worker_sid: str, statuses: Sequence[str]) -> Work:
    """Reservations of a worker that have one of these *statuses*."""
    counts: Counter[str] = Counter()
    more = False
    for status in statuses:
        query = urlencode({"ReservationStatus": status, "PageSize": _PAGE_SIZE})
        path = f"{paths.item(WORKER, workspace_sid, worker_sid)}/Reservations?{query}"
        found = await _counted(sender, path, "reservations", "reservation_status")
        counts.update(found.counts)
        more = more or found.more
    return Work(counts, more=more)


async def waiting(sender: Sender, workspace_sid: str, workflow_sid: str) -> int | None:
    """The number of tasks waiting in a workflow; None if TaskRouter does not report it."""
    path = f"{paths.item(WORKFLOW, workspace_sid, workflow_sid)}/RealTimeStatistics"
    body = (await sender.get(path)).body
    by_status = body.get("tasks_by_status") if isinstance(body, dict) else None
    pending = by_status.get("pending") if isinstance(by_status, dict) else None
    return pending if isinstance(pending, int) else None


def _workspace(sid: str) -> str:
    return paths.item(WORKSPACE, sid, sid)


async def _counted(sender: Sender, path: str, key: str, status: str) -> Work:
    """How many items of the first page have which status; the filter is trusted no further than that."""
    body: Any = (await sender.get(path)).body
    items = body.get(key) if isinstance(body, dict) else None
    meta = body.get("meta") if isinstance(body, dict) else None
    if not isinstance(items, list) or not isinstance(meta, dict) or not all(isinstance(each, dict) for each in items):
        raise NetworkError(f"GET {path}: the answer has no list of {key}")
    return Work(Counter(str(each.get(status)) for each in items), more=meta.get("next_page_url") is not None)
