"""Questions to a live workspace: why does this task wait, and what is the route of a new one? Reads only.

The number of requests is limited: each list once, a few pages of a task's events, and the channels only of those
workers whose load decides.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from tr_apply.client import Client, Listed, Runtime
from tr_apply.errors import ApiError, NetworkError, TrApplyError
from tr_apply.live import Live, Snapshot
from tr_apply.reader import empty_snapshot, named_workspace, together, with_channels
from tr_apply.rehearsal.live_facts import WAITING, LiveRoute
from tr_apply.rehearsal.live_route import (
    LOADS_LIMIT,
    in_question,
    loads_note,
    new_task_route,
    settled_task,
    waiting_task_route,
)
from tr_apply.rehearsal.offline_workspace import RouteRequest, known_name
from tr_apply.rehearsal.present_workspace import KINDS, PresentWorkspace, workflow_of
from tr_apply.rehearsal.task_history import TaskEvents
from tr_apply.rehearsal.waiting_task import WaitingTask, gone
from tr_apply.resources.document import Document

EVENTS_WAIT_S: Final = 15.0
"""Seconds after which the history of a task is left out."""

_GONE: Final = "TaskRouter deletes tasks five minutes after their end and their events after 30 days"


async def route_of_new(client: Client, name: str, request: RouteRequest, document: Document | None = None) -> LiveRoute:
    """The route of the task of *request* if it were created now in the live workspace *name*.

    Values that *document* declares sensitive are hidden.

    Raises:
        UsageError: The workspace has no such workflow or channel.
        TrApplyError: There is no such workspace, or its workflow cannot be read.
        ApiError, NetworkError: The workspace cannot be read.
    """
    snapshot = await _snapshot(client, await named_workspace(client, name))
    workflow = _known(snapshot, "workflow", request.workflow)
    channel = _known(snapshot, "task_channel", request.channel)
    request = replace(request, workflow=workflow.name, channel=channel.name)
    workspace = PresentWorkspace(snapshot, workflow, document)
    traced = workspace.trace_new(request.attributes, request.channel, request.priority, 0)
    return new_task_route(await _with_loads(client, workspace, in_question(traced)), request)


async def route_of_task(client: Client, name: str, task_sid: str, document: Document | None = None) -> LiveRoute:
    """Why a task of the live workspace *name* waits, and what happens next.

    What *document* calls sensitive is hidden.

    Raises:
        TrApplyError: when there is no such workspace or task.
        ApiError, NetworkError: when the workspace cannot be read.
    """
    live = await named_workspace(client, name)
    runtime = Runtime(client.sender, live.sid)
    answer = await runtime.task(task_sid)
    if answer is None:
        found = gone(task_sid, await _events(runtime, task_sid, None))
        if found is None:
            raise TrApplyError(f"there is no task {task_sid} in {live.name!r}, and no event of one; {_GONE}")
        return settled_task(live.name, live.sid, found)
    task = await _with_history(runtime, WaitingTask(answer))
    if task.status not in WAITING:
        return settled_task(live.name, live.sid, task)
    snapshot = await _snapshot(client, live)
    workspace = PresentWorkspace(snapshot, workflow_of(snapshot, task), document)
    traced, _ = workspace.trace_waiting(replace(task, notes=[]), 0)
    return waiting_task_route(await _with_loads(client, workspace, in_question(traced)), task)


async def _snapshot(client: Client, live: Live) -> Snapshot:
    found = await together(client.resources(kind, live.sid, with_dates=True) for kind in KINDS)
    by_kind = {kind.name: each for kind, each in zip(KINDS, found, strict=True)}
    return replace(empty_snapshot(client, live), by_kind=by_kind)


async def _with_history(runtime: Runtime, task: WaitingTask) -> WaitingTask:
    """*task* with its reservations and events, and with those that wait in the same queue."""
    sid, since = str(task.answer.get("sid")), task.answer.get("date_created")
    asks = task.status == "pending" and task.queue_sid is not None
    reservations, told, waiting = await asyncio.gather(
        runtime.reservations(sid),
        _events_in_time(runtime, sid, since if isinstance(since, str) else None),
        runtime.waiting(task.queue_sid or "") if asks else _nothing(),
    )
    mates = waiting.items if asks and not waiting.more else None
    return replace(task, reservations=reservations.items, told=told, waiting=mates)


async def _nothing() -> Listed:
    return Listed()


async def _events(runtime: Runtime, task_sid: str, since: str | None) -> TaskEvents:
    """The events of a task, if the key may read events; the right to read tasks does not include it."""
    try:
        found = await runtime.events(task_sid, since)
    except ApiError:
        return TaskEvents(unknown="refused")
    return TaskEvents(found.items, found.more)


async def _events_in_time(runtime: Runtime, task_sid: str, since: str | None) -> TaskEvents:
    """The same; why a task waits is known without them, and somebody waits for the answer."""
    try:
        async with asyncio.timeout(EVENTS_WAIT_S):
            return await _events(runtime, task_sid, since)
    except (NetworkError, TimeoutError):
        return TaskEvents(unknown="unread")


async def _with_loads(client: Client, workspace: PresentWorkspace, sids: Sequence[str]) -> PresentWorkspace:
    """*workspace* with the channels of the workers of *sids*, whose load decides where the task goes."""
    read = sids[:LOADS_LIMIT]
    snapshot = await with_channels(client, workspace.snapshot, read)
    loaded = PresentWorkspace(snapshot, workspace.workflow, workspace.document)
    loaded.notes += loads_note(sids[LOADS_LIMIT:])
    return loaded


def _known(snapshot: Snapshot, kind: str, name: str) -> Live:
    """The resource of that name."""
    there = {each.name: each for each in snapshot.by_kind[kind]}
    return there[known_name(f"live {kind.replace('_', ' ')}", name, list(there))]
