"""Reads as much of a live workspace as a plan needs, and no more."""

import asyncio
import re
from collections.abc import Awaitable, Iterable, Sequence
from dataclasses import replace
from typing import TypeVar

from tr_apply.client import Client
from tr_apply.errors import ApiError, TrApplyError
from tr_apply.findings import KeyPath, error_at
from tr_apply.live import Live, Snapshot, Work, predicted
from tr_apply.plan.change import Plan
from tr_apply.plan.checks.workspace_rename import OtherWorkspace
from tr_apply.plan.make import Planning, PlanProblemsError
from tr_apply.plan.matching.reading import Reads, WorkQuestions
from tr_apply.resources import KIND_BY_NAME, SECTIONS, WORKER, Kind, Workspace
from tr_apply.routing.names import name_key, sid_pattern

WORKSPACE_SID = re.compile(sid_pattern("WS") + r"\Z")
_NAMES_TOLD = 10
_NOT_FOUND = 404


async def read_and_plan(client: Client, steps: Planning, snapshot: Snapshot) -> tuple[Plan, Snapshot]:
    """The plan that *steps* make of *snapshot*, and the snapshot with all that was read for it.

    Raises:
        PlanProblemsError: when no plan can be made.
        ApiError: when TaskRouter refuses.
        NetworkError: when it does not answer.
    """
    try:
        reads = next(steps)
        while True:
            snapshot = await _with_all(client, snapshot, reads)
            reads = steps.send(snapshot)
    except StopIteration as finished:
        return finished.value, snapshot


async def declared_workspace(client: Client, declared: Workspace) -> tuple[Snapshot, Sequence[Live]]:
    """The live workspace that *declared* means and nothing in it yet; or the prediction of a new one, and all others.

    Raises:
        PlanProblemsError: when it is not clear which workspace is meant.
        ApiError: when TaskRouter refuses.
        NetworkError: when it does not answer.
    """
    if declared.sid is not None:
        return empty_snapshot(client, await _pinned_workspace(client, declared.sid)), ()
    live = await client.workspaces()
    workspace = _meant(live, declared)
    return (
        (predicted(client.account_sid, declared), live)
        if workspace is None
        else (empty_snapshot(client, workspace), ())
    )


def empty_snapshot(client: Client, workspace: Live) -> Snapshot:
    """*workspace* before anything in it was read."""
    account = workspace.answer.get("account_sid")
    return Snapshot(account if isinstance(account, str) else client.account_sid, workspace, {})


async def _with_all(client: Client, snapshot: Snapshot, reads: Reads) -> Snapshot:
    """*snapshot* with everything that *reads* requires; kinds are read concurrently."""
    snapshot = await _with_kinds(client, snapshot, reads.kinds)
    snapshot = await with_channels(client, snapshot, reads.channels)
    snapshot = await _with_work(client, snapshot, reads.work)
    return await with_affected(client, snapshot, reads.affected)


async def read_parts(client: Client, workspace: Live, kinds: Sequence[str], workers: Sequence[str]) -> Snapshot:
    """Those *kinds* of *workspace*, and the channels of the *workers* of those SIDs that are still there."""
    snapshot = await _with_kinds(client, empty_snapshot(client, workspace), kinds)
    there = {worker.sid for worker in snapshot.by_kind.get(WORKER.name, ())}
    return await with_channels(client, snapshot, [sid for sid in workers if sid in there])


async def read_start(client: Client, sid: str, kinds: Sequence[str]) -> Snapshot:
    """The workspace of that SID with all of *kinds*, read concurrently.

    Raises:
        ApiError: when TaskRouter refuses.
        NetworkError: when it does not answer.
    """
    content = asyncio.ensure_future(_kinds(client, sid, kinds))
    try:
        workspace = await client.workspace(sid)
        return replace(empty_snapshot(client, workspace), by_kind=await content)
    finally:
        content.cancel()
        await asyncio.gather(content, return_exceptions=True)


async def _with_kinds(client: Client, snapshot: Snapshot, kinds: Sequence[str]) -> Snapshot:
    """*snapshot* with those of *kinds* that it does not have yet."""
    missing = [kind for kind in kinds if kind not in snapshot.by_kind]
    if not missing:
        return snapshot
    found = await _kinds(client, snapshot.workspace.sid, missing)
    return replace(snapshot, by_kind={**snapshot.by_kind, **found})


async def with_affected(client: Client, snapshot: Snapshot, kinds: Sequence[str]) -> Snapshot:
    """*snapshot* with all of *kinds*, for the impact of a plan alone.

    Raises:
        ApiError: when TaskRouter refuses.
        NetworkError: when it does not answer.
    """
    return replace(snapshot, affected=await _kinds(client, snapshot.workspace.sid, kinds)) if kinds else snapshot


async def _kinds(client: Client, sid: str, kinds: Sequence[str]) -> dict[str, Sequence[Live]]:
    found = await together(client.resources(KIND_BY_NAME[kind], sid) for kind in kinds)
    return dict(zip(kinds, found, strict=True))


async def with_channels(client: Client, snapshot: Snapshot, workers: Sequence[str]) -> Snapshot:
    """*snapshot* with the channels of the *workers* of those SIDs."""
    if not workers:
        return snapshot
    sid = snapshot.workspace.sid
    found = await together(client.worker_channels(sid, worker) for worker in workers)
    channels = {worker: tuple(each) for worker, each in zip(workers, found, strict=True)}
    return replace(snapshot, channels=channels)


async def _with_work(client: Client, snapshot: Snapshot, asked: WorkQuestions) -> Snapshot:
    """Count the unfinished work of resources that are deleted and of workers that are moved."""
    if not asked:
        return snapshot
    sid = snapshot.workspace.sid
    held = await together(client.unrouted_tasks(sid, KIND_BY_NAME[kind], each) for kind, each in asked.holders)
    work = {each: found for (_, each), found in zip(asked.holders, held, strict=True)}
    if asked.workers and await client.is_anybody_busy(sid):
        found = await together(client.reservations(sid, worker, statuses) for worker, statuses in asked.workers)
        work |= {worker: each for (worker, _), each in zip(asked.workers, found, strict=True)}
    waiting = await together(client.waiting_tasks(sid, workflow) for workflow in asked.edited)
    work |= {each: Work({"pending": n}) for each, n in zip(asked.edited, waiting, strict=True) if n is not None}
    return replace(snapshot, work=work)


_Read = TypeVar("_Read")


async def together(reads: Iterable[Awaitable[_Read]]) -> list[_Read]:
    """All of *reads* concurrently; the first failure ends the others."""

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
        return await _pinned_workspace(client, declared.sid)
    return _meant(await client.workspaces(), declared)


def _meant(workspaces: Sequence[Live], declared: Workspace) -> Live | None:
    by_key: dict[str, list[Live]] = {}
    for live in workspaces:
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


async def _pinned_workspace(client: Client, sid: str) -> Live:
    try:
        return await client.workspace(sid)
    except ApiError as error:
        if error.status != _NOT_FOUND:
            raise
        account = client.account_sid or "these credentials belong to"
        message = f"there is no workspace {sid} in the account {account}; remove `sid`, or use that workspace's account"
        raise PlanProblemsError([error_at("unknown-workspace", message, ("workspace", "sid"))]) from error


async def read_names(client: Client, workspaces: Sequence[Live], kinds: Sequence[Kind]) -> list[OtherWorkspace]:
    """The names of everything of *kinds* in each of *workspaces*."""

    async def read(live: Live) -> OtherWorkspace:
        found = await together(client.resources(kind, live.sid) for kind in kinds)
        keys = [frozenset(name_key(each.name) for each in resources) for resources in found]
        return OtherWorkspace(live, dict(zip((kind.name for kind in kinds), keys, strict=True)))

    return await together(read(live) for live in workspaces)


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
    """The names of *workspaces*, for a message about a name that does not exist."""
    if not workspaces:
        return "this account has none"
    names = sorted(live.name for live in workspaces)
    more = f" and {len(names) - _NAMES_TOLD} more" if len(names) > _NAMES_TOLD else ""
    return f"the live ones are {', '.join(map(repr, names[:_NAMES_TOLD]))}{more}"


async def read_everything(client: Client, workspace: Live, *, channels: bool = True) -> Snapshot:
    """All of *workspace*; the *channels* of the workers take a request each, from the first page of workers on."""
    sid, start = workspace.sid, empty_snapshot(client, workspace)
    if not channels:
        return await _with_kinds(client, start, [kind.name for kind in SECTIONS])
    asked: dict[str, asyncio.Task[list[Live]]] = {}
    try:
        async with asyncio.TaskGroup() as group:

            def ask(worker: Live) -> None:
                asked[worker.sid] = group.create_task(client.worker_channels(sid, worker.sid))

            found = {
                kind.name: group.create_task(client.resources(kind, sid, each=ask if kind.has_channels else None))
                for kind in SECTIONS
            }
    except* TrApplyError as failed:
        raise _first(failed) from None
    by_kind = {kind: each.result() for kind, each in found.items()}
    return replace(start, by_kind=by_kind, channels={worker: tuple(each.result()) for worker, each in asked.items()})
