"""The way back from an apply: what the workspace was before it, and the plan that leads there again."""

from collections.abc import Sequence

from tr_apply.client import Client
from tr_apply.deployment.clients import Clients
from tr_apply.deployment.creation import creates_workspace
from tr_apply.deployment.deployment import Deployment
from tr_apply.deployment.fleet import Member
from tr_apply.deployment.freshness import bound, require_account
from tr_apply.deployment.journaled import Journaled, snapshot_before, with_digests
from tr_apply.deployment.saved import Saved
from tr_apply.errors import ApiError, RefusedError, StaleError, TrApplyError
from tr_apply.live import Snapshot
from tr_apply.plan.change import Plan
from tr_apply.plan.make import PlanProblemsError
from tr_apply.plan.undo import inverse, loses_channels, workers_to_read
from tr_apply.reader import read_parts
from tr_apply.resources import SECTIONS, WORKER
from tr_apply.routing.names import name_key

_ALL = [kind.name for kind in SECTIONS]
_NOT_FOUND = 404


class Undo:
    """Remembers a workspace before *plan* is carried out.

    ``await Undo.begin(client, plan)`` right before, ``await undo.plan(client)`` afterwards, however it ended.

    Attributes:
        before: The workspace as it was; None where the plan creates it.
    """

    def __init__(self, plan: Plan, before: Snapshot | None, protected: Sequence[str]) -> None:
        self._plan = plan
        self.before = before
        self._protected = protected

    @classmethod
    async def begin(cls, client: Client, plan: Plan, *, protected: Sequence[str] = ()) -> "Undo":
        """Read everything that *plan* may change; *protected* resources are not deleted by the undo either.

        Raises:
            StaleError: The workspace has been deleted.
            TrApplyError: It cannot be read.
        """
        if creates_workspace(plan):
            return cls(plan, None, protected)
        sid = plan.target.workspace_sid
        assert sid is not None, "a plan that does not create its workspace knows it"
        if (before := await _read(client, plan, sid)) is None:
            raise StaleError(f"the workspace {plan.target.workspace!r} ({sid}) has been deleted; plan again")
        return cls(plan, before, protected)

    async def plan(self, client: Client) -> Plan:
        """The plan that undoes the run.

        Raises:
            TrApplyError: The workspace cannot be read, or the run cannot be undone.
        """
        try:
            return inverse(self._plan, self.before, await self._after(client), protected=self._protected)
        except PlanProblemsError as error:
            raise TrApplyError(f"there is no way back as it is now: {error}. Finish the apply, then undo it") from error

    @classmethod
    async def of_run(cls, client: Client, run: Journaled) -> Plan:
        """The plan that undoes *run*, according to its journal.

        Raises:
            TrApplyError: as ``plan``.
        """
        undo = cls(run.plan, None, run.protected)
        after = await undo._after(client)  # its own
        if after is not None and not creates_workspace(run.plan):
            undo.before = snapshot_before(run, after)
        return with_digests(await undo.plan(client))

    async def _after(self, client: Client) -> Snapshot | None:
        sid = self._plan.target.workspace_sid
        if sid is None:
            name = name_key(self._plan.target.workspace)
            sid = next((live.sid for live in await client.workspaces() if name_key(live.name) == name), None)
        return None if sid is None else await _read(client, self._plan, sid)


async def _read(client: Client, plan: Plan, workspace_sid: str) -> Snapshot | None:
    try:
        workspace = await client.workspace(workspace_sid)
    except ApiError as error:
        if error.status != _NOT_FOUND:
            raise
        return None
    workers = workers_to_read(plan)
    if loses_channels(plan):
        workers = [worker.sid for worker in await client.resources(WORKER, workspace_sid)]
    return await read_parts(client, workspace, _ALL, workers)


async def undone(clients: Clients, run: Journaled, name: str) -> Member:
    """The way back from *run*, planned for the TaskRouter that it was in.

    Raises:
        RefusedError: when this is another TaskRouter, or another account.
        TrApplyError: when the workspace cannot be read, or there is no way back.
    """
    region, planned = clients.region(None), run.plan.target
    if planned.region != region:
        raise RefusedError(f"the run of this journal was in {planned.region}, and this is {region}")
    client = clients.of(None)
    plan = bound(await Undo.of_run(client, run), region, client)
    require_account(run.plan, client.account_sid or plan.target.account_sid)
    source = Saved(plan)
    return Member(name, source, deployment=Deployment(source, client, region, name, planned=plan))
