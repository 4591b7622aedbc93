"""Is the workspace still what a plan was made from? What the plan relies on is read again before the first write."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from tr_apply.client import Client
from tr_apply.errors import ApiError, RefusedError, StaleError
from tr_apply.frozen import frozen
from tr_apply.live import Answer, Live, Snapshot
from tr_apply.plan.change import Plan
from tr_apply.plan.saved.begun import begun_creation, deletes_workspace, without_writes
from tr_apply.plan.saved.stale import DriftError, drift, unrelated_changes, workers_with_channels
from tr_apply.plan.saved.standing import Standing
from tr_apply.reader import read_parts, with_channels
from tr_apply.resources import KIND_BY_NAME, SECTIONS, WORKER, WORKSPACE
from tr_apply.routing.names import name_key

_NOT_FOUND = 404


@frozen
class Checked:
    """A plan that fits the workspace as it is now.

    Attributes:
        rest: The plan without the requests that are done already.
        snapshot: The new reading; None if there is no workspace yet, or none any more.
        warnings: Changes that the plan does not rely on.
    """

    rest: Plan
    snapshot: Snapshot | None = None
    warnings: Sequence[str] = ()


async def checked_again(client: Client, plan: Plan) -> Checked:
    """The rest of *plan*, after reading again everything that it relies on.

    Raises:
        DriftError: A value that the plan relies on is neither the old one nor the planned one.
        StaleError: The workspace has been deleted, or another one has its name.
        RefusedError: The workspace belongs to another account.
    """
    if plan.target.workspace_sid is None:
        return await _checked_creation(client, plan)
    if (workspace := await _workspace(client, plan, plan.target.workspace_sid)) is None:
        return Checked(without_writes(plan))
    snapshot = await read_parts(client, workspace, list(plan.reads), ())
    snapshot = await with_channels(client, snapshot, workers_with_channels(plan, snapshot))
    require_account(plan, snapshot.account_sid)
    return _checked(plan, snapshot)


def _checked(plan: Plan, snapshot: Snapshot) -> Checked:
    standing = Standing(plan, snapshot)
    if rows := drift(plan, snapshot, standing):
        raise DriftError(rows)
    return Checked(
        standing.rest,
        snapshot,
        [
            f"{KIND_BY_NAME[kind].plural} that the plan does not rely on have changed since it was made"
            for kind in unrelated_changes(plan, standing)
        ],
    )


async def _workspace(client: Client, plan: Plan, sid: str) -> Live | None:
    """The workspace of the plan; None if the plan deletes it and it is not there any more."""
    try:
        return await client.workspace(sid)
    except ApiError as error:
        if error.status != _NOT_FOUND:
            raise
        if deletes_workspace(plan):
            return None
        name = plan.target.workspace
        raise StaleError(f"the workspace {name!r} ({sid}) has been deleted since it was planned; plan again") from error


async def _checked_creation(client: Client, plan: Plan) -> Checked:
    """A plan that creates its workspace, which an earlier run of it may have done."""
    key = name_key(plan.target.workspace)
    there = [live for live in await client.workspaces() if name_key(live.name) == key]
    if not there:
        return Checked(plan)
    listed = ", ".join(live.sid for live in there)
    refusal = f"the plan creates the workspace {there[0].name!r}, but there is one now ({listed})"
    if len(there) > 1:
        raise StaleError(f"{refusal}; plan again")
    snapshot = await read_parts(client, there[0], [kind.name for kind in SECTIONS], ())
    begun = begun_creation(plan, snapshot)
    snapshot = await with_channels(client, snapshot, workers_with_channels(begun, snapshot))
    standing = Standing(begun, snapshot)
    rows = drift(begun, snapshot, standing)
    if rows or there[0].sid not in standing.made:
        different = ", ".join(sorted({row.object for row in rows} or {WORKSPACE.name}))
        raise StaleError(f"{refusal}, and it is not as an earlier run of this plan left it: {different}; plan again")
    return Checked(standing.rest, snapshot)


def require_account(plan: Plan, account_sid: str | None) -> None:
    """A plan is carried out where it was made, or nowhere.

    Raises:
        RefusedError: when *account_sid* is another account.
    """
    planned = plan.target.account_sid
    if planned is not None and planned != account_sid:
        now = "no account is named: set TWILIO_ACCOUNT_SID" if account_sid is None else f"this is {account_sid}"
        raise RefusedError(
            f"the plan was made for the account {planned}, and {now}; where the configuration names the credentials, "
            "give its PATH, too"
        )


def require_place(plan: Plan, client: Client, region: str | None) -> None:
    """A plan is carried out in the TaskRouter that it was made for, or nowhere.

    Raises:
        RefusedError: when *client* leads to another region, server or account.
    """
    if plan.target.region != region:
        raise RefusedError(f"the plan was made for {plan.target.region}, and this is {region}")
    if client.account_sid is not None or plan.target.workspace_sid is None:
        require_account(plan, client.account_sid)


def seen_workers(plan: Plan, snapshot: Snapshot | None) -> Mapping[str, Answer]:
    """How the workers that *plan* writes were last seen: TaskRouter carries a write out only if they still are so."""
    if snapshot is None or snapshot.predicted:
        return {}
    touched = {write.sid for operation in plan.operations for write in operation.writes}
    return {live.sid: live.answer for live in snapshot.by_kind.get(WORKER.name, ()) if live.sid in touched}


def bound(plan: Plan, region: str | None, client: Client) -> Plan:
    """*plan* for this region, and for the server of *client*."""
    return replace(plan, target=replace(plan.target, region=region, host=client.host, database=client.database))
