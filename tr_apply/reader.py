"""Reads as much of a live workspace as a plan needs, and no more."""

import asyncio
import re
from collections.abc import Awaitable, Iterable, Sequence
from dataclasses import replace
from typing import TypeVar

from tr_apply.client import Client
from tr_apply.errors import TrApplyError
from tr_apply.findings import KeyPath, error_at
from tr_apply.live import Live, Snapshot, Work, predicted
from tr_apply.plan.checks.work import Questions, questions
from tr_apply.plan.matching.problem import PlanProblemsError
from tr_apply.plan.matching.reading import first_kinds, missing_kinds, workers_with_channels
from tr_apply.resources import KIND_BY_NAME, SECTIONS, WORKER
from tr_apply.resources.document import Document
from tr_apply.resources.workspace import Workspace
from tr_apply.routing.names import name_key, sid_pattern

WORKSPACE_SID = re.compile(sid_pattern("WS") + r"\Z")
_NAMES_TOLD = 10


async def read_snapshot(client: Client, document: Document, *, has_sids: bool) -> Snapshot:
    """The live workspace of *document*, or the prediction of a new one.

    Raises:
        PlanProblemsError: when it is not clear which workspace is meant.
        ApiError: when TaskRouter refuses.
        NetworkError: when it does not answer.
    """
    workspace = await find_workspace(client, document.workspace)
    if workspace is None:
        return predicted(client.account_sid, document.workspace)
    return await read_workspace(client, document, workspace, has_sids=has_sids)


async def read_workspace(client: Client, document: Document, workspace: Live, *, has_sids: bool) -> Snapshot:
    """What a plan for *document* needs of *workspace*; different kinds are read side by side."""
    account = workspace.answer.get("account_sid")
    snapshot = Snapshot(account if isinstance(account, str) else client.account_sid, workspace, {})
    snapshot = await _with_kinds(client, snapshot, first_kinds(document, has_sids=has_sids))
    while kinds := missing_kinds(document, snapshot):
        snapshot = await _with_kinds(client, snapshot, kinds)
    snapshot = await _with_channels(client, snapshot, workers_with_channels(document, snapshot))
    return await _with_work(client, snapshot, questions(document, snapshot))


async def read_parts(client: Client, workspace: Live, kinds: Sequence[str], workers: Sequence[str]) -> Snapshot:
    """Those *kinds* of *workspace*, and the channels of the *workers* of those SIDs that are still there."""
    account = workspace.answer.get("account_sid")
    snapshot = Snapshot(account if isinstance(account, str) else client.account_sid, workspace, {})
    snapshot = await _with_kinds(client, snapshot, kinds)
    there = {worker.sid for worker in snapshot.by_kind.get(WORKER.name, ())}
    return await _with_channels(client, snapshot, [sid for sid in workers if sid in there])


async def _with_kinds(client: Client, snapshot: Snapshot, kinds: Sequence[str]) -> Snapshot:
    assert snapshot.workspace is not None
    sid = snapshot.workspace.sid
    found = await _together(client.resources(KIND_BY_NAME[kind], sid) for kind in kinds)
    by_kind = {**snapshot.by_kind, **dict(zip(kinds, found, strict=True))}
    return Snapshot(snapshot.account_sid, snapshot.workspace, by_kind, snapshot.channels)


async def _with_channels(client: Client, snapshot: Snapshot, workers: Sequence[str]) -> Snapshot:
    assert snapshot.workspace is not None
    if not workers:
        return snapshot  # with all that was worked out of it
    sid = snapshot.workspace.sid
    found = await _together(client.worker_channels(sid, worker) for worker in workers)
    channels = {worker: tuple(each) for worker, each in zip(workers, found, strict=True)}
    return Snapshot(snapshot.account_sid, snapshot.workspace, snapshot.by_kind, channels)


async def _with_work(client: Client, snapshot: Snapshot, asked: Questions) -> Snapshot:
    """What is under way where something goes or somebody moves."""
    assert snapshot.workspace is not None
    if not asked:
        return snapshot
    sid = snapshot.workspace.sid
    held = await _together(client.unrouted_tasks(sid, KIND_BY_NAME[kind], each) for kind, each in asked.holders)
    work = {each: found for (_, each), found in zip(asked.holders, held, strict=True)}
    if asked.workers and await client.is_anybody_busy(sid):
        found = await _together(client.reservations(sid, worker, statuses) for worker, statuses in asked.workers)
        work |= {worker: each for (worker, _), each in zip(asked.workers, found, strict=True)}
    waiting = await _together(client.waiting_tasks(sid, workflow) for workflow in asked.edited)
    work |= {each: Work({"pending": n}) for each, n in zip(asked.edited, waiting, strict=True) if n is not None}
    return replace(snapshot, work=work, worked_out={})


_Read = TypeVar("_Read")


async def _together(reads: Iterable[Awaitable[_Read]]) -> list[_Read]:
    """All of *reads* side by side; the first failure ends the others."""

    async def run(read: Awaitable[_Read]) -> _Read:
        return await read

    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(run(read)) for read in reads]
    except* TrApplyError as failed:
        raise _first(failed) from None
    return [task.result() for task in tasks]


def _first(group: BaseExceptionGroup[TrApplyError]) -> TrApplyError:
    found = group.exceptions[0]
    return _first(found) if isinstance(found, BaseExceptionGroup) else found


async def find_workspace(client: Client, declared: Workspace) -> Live | None:
    """The live workspace that *declared* means; None if it must be created."""
    if declared.sid is not None:
        return await client.workspace(declared.sid)
    by_key: dict[str, list[Live]] = {}
    for live in await client.workspaces():
        by_key.setdefault(name_key(live.name), []).append(live)
    own = by_key.get(name_key(declared.name), [])
    former = [live for name in declared.renamed_from for live in by_key.get(name_key(name), []) if live not in own]
    if own and former:
        raise _problem(
            "rename-conflict", f"both {_listed([*own, *former])} are live; remove `renamed_from`, or pin one by `sid`"
        )
    found = own or former
    if len(found) > 1:
        raise _problem("ambiguous-workspace", f"several live workspaces match: {_listed(found)}; pin one by `sid`")
    return found[0] if found else None


def _listed(workspaces: Iterable[Live]) -> str:
    return " and ".join(f"{live.name!r} ({live.sid})" for live in workspaces)


def _problem(code: str, message: str) -> PlanProblemsError:
    path: KeyPath = ("workspace", "name")
    return PlanProblemsError([error_at(code, message, path)])


async def named_workspace(client: Client, name: str) -> Live:
    """The one live workspace of that name or SID.

    Raises:
        TrApplyError: when there is none, or more than one.
    """
    if WORKSPACE_SID.match(name):
        return await client.workspace(name)
    there = await client.workspaces()
    found = [live for live in there if name_key(live.name) == name_key(name)]
    if len(found) > 1:
        raise TrApplyError(f"several live workspaces match: {_listed(found)}; give the SID")
    if not found:
        raise TrApplyError(f"there is no live workspace {name!r}; {_those(there)}")
    return found[0]


def _those(workspaces: Sequence[Live]) -> str:
    """Which there are, for whoever has asked for another one."""
    if not workspaces:
        return "this account has none"
    names = sorted(live.name for live in workspaces)
    more = f" and {len(names) - _NAMES_TOLD} more" if len(names) > _NAMES_TOLD else ""
    return f"live are {', '.join(map(repr, names[:_NAMES_TOLD]))}{more}"


async def read_everything(client: Client, workspace: Live, *, channels: bool = True) -> Snapshot:
    """All of *workspace*; the *channels* of the workers take a request each."""
    account = workspace.answer.get("account_sid")
    snapshot = Snapshot(account if isinstance(account, str) else None, workspace, {})
    snapshot = await _with_kinds(client, snapshot, [kind.name for kind in SECTIONS])
    workers = [worker.sid for worker in snapshot.by_kind[WORKER.name]] if channels else []
    return await _with_channels(client, snapshot, workers)
