"""A last look, right before something is taken away: work may have come in since it was planned."""

from tr_apply.apply import Look
from tr_apply.client import Client
from tr_apply.errors import ApiError, StaleError
from tr_apply.live import Work
from tr_apply.plan.change import Operation, Verb, Write
from tr_apply.plan.checks.work import OFFERED, OPEN, cannot_go, cannot_move
from tr_apply.resources import KIND_BY_NAME, TASK_QUEUE, WORKER, WORKFLOW, WORKSPACE

_NOT_FOUND = 404


def last_look(client: Client, workspace_sid: str | None) -> Look:
    """A check that raises ``StaleError`` if a request would strand work."""

    async def look(operation: Operation, write: Write) -> None:
        assert workspace_sid is not None, "a plan that does not create its workspace knows it, if it writes at all"
        if (reason := await _obstacle(client, workspace_sid, operation, write)) is not None:
            raise StaleError(reason)

    return look


async def _obstacle(client: Client, workspace_sid: str, operation: Operation, write: Write) -> str | None:
    """Why *write* must not be sent."""
    kind, name, sid = KIND_BY_NAME[write.target.kind], write.target.name, write.sid
    if sid is None:
        return None  # made a moment ago
    if write.verb is Verb.DELETE and kind is WORKSPACE:  # as a way back does
        work = await client.unfinished_tasks(sid)
        return cannot_go(kind.name, operation.name, work) if work.any else None
    if write.verb is Verb.DELETE and kind in (TASK_QUEUE, WORKFLOW):
        work = await client.unrouted_tasks(workspace_sid, kind, sid)
        return cannot_go(kind.name, name, work) if work.any else None
    if write.verb is Verb.DELETE and kind is WORKER:
        work = await _open_reservations(client, workspace_sid, sid)
        return cannot_go(kind.name, name, work) if work.any else None
    if kind is WORKER and "ActivitySid" in write.form:
        work = await client.reservations(workspace_sid, sid, OFFERED)
        return cannot_move(name, work) if work.any else None
    return None


async def _open_reservations(client: Client, workspace_sid: str, worker_sid: str) -> Work:
    """Those of a worker; none where the worker is gone already."""
    try:
        return await client.reservations(workspace_sid, worker_sid, OPEN)
    except ApiError as error:
        if error.status != _NOT_FOUND:
            raise
        return Work({})
