"""Is the workspace still what a plan was made from? What the plan relies on is read again before the first write."""

from collections.abc import Mapping
from dataclasses import replace

from tr_apply.client import Client
from tr_apply.errors import ApiError, RefusedError, StaleError
from tr_apply.live import Answer, Live, Snapshot
from tr_apply.plan.change import Plan
from tr_apply.plan.saved.stale import DriftError, drift, unrelated_changes, workers_with_channels
from tr_apply.reader import read_parts
from tr_apply.resources import KIND_BY_NAME, WORKER
from tr_apply.routing.names import name_key

_NOT_FOUND = 404


async def checked_again(client: Client, plan: Plan) -> tuple[Snapshot | None, list[str]]:
    """What is live now of all that *plan* relies on, and warnings about the rest; None where there is no workspace yet.

    Raises:
        DriftError: when something that the plan relies on has changed.
        StaleError: when the workspace has gone, or has come up.
        RefusedError: when it belongs to another account.
    """
    if plan.target.workspace_sid is None:
        await _require_no_workspace(client, plan)
        return None, []
    workspace = await _workspace(client, plan, plan.target.workspace_sid)
    snapshot = await read_parts(client, workspace, list(plan.reads), workers_with_channels(plan))
    require_account(plan, snapshot.account_sid)
    if rows := drift(plan, snapshot):
        raise DriftError(rows)
    return snapshot, [
        f"{KIND_BY_NAME[kind].plural} that the plan does not rely on have changed since it was made"
        for kind in unrelated_changes(plan, snapshot)
    ]


async def _workspace(client: Client, plan: Plan, sid: str) -> Live:
    try:
        return await client.workspace(sid)
    except ApiError as error:
        if error.status != _NOT_FOUND:
            raise
        name = plan.target.workspace
        raise StaleError(f"the workspace {name!r} ({sid}) has been deleted since it was planned; plan again") from error


async def _require_no_workspace(client: Client, plan: Plan) -> None:
    for live in await client.workspaces():
        if name_key(live.name) == name_key(plan.target.workspace):
            raise StaleError(
                f"the plan creates the workspace {live.name!r}, but there is one by now ({live.sid}); plan again"
            )


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


def seen_workers(plan: Plan, snapshot: Snapshot | None) -> Mapping[str, Answer]:
    """How the workers that *plan* writes were last seen: TaskRouter carries a write out only if they still are so."""
    if snapshot is None or snapshot.predicted:
        return {}
    touched = {write.sid for operation in plan.operations for write in operation.writes}
    return {live.sid: live.answer for live in snapshot.by_kind.get(WORKER.name, ()) if live.sid in touched}


def bound(plan: Plan, region: str | None, client: Client) -> Plan:
    """*plan* for this region, and for the server of *client*."""
    return replace(plan, target=replace(plan.target, region=region, host=client.host, database=client.database))
