"""One configuration and one TaskRouter: read, plan, apply, prove."""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tr_apply.apply import Progress, Sids, Status, Stop, carry_out
from tr_apply.client import Client
from tr_apply.config.load import Configuration
from tr_apply.config.withheld import withheld
from tr_apply.deployment.applied import Applied
from tr_apply.deployment.creation import created, creates_workspace
from tr_apply.deployment.freshness import bound, checked_again, seen_workers
from tr_apply.deployment.work import last_look
from tr_apply.diagnostics import Diagnostic, Severity
from tr_apply.errors import ConfigError, TrApplyError, UsageError
from tr_apply.live import Live, Snapshot
from tr_apply.plan.change import Plan
from tr_apply.plan.make import make_plan
from tr_apply.plan.problem import PlanProblemsError
from tr_apply.plan.target import parsed_target
from tr_apply.reader import find_workspace, read_everything, read_snapshot, read_workspace
from tr_apply.resources import KIND_BY_NAME, WORKER_CHANNEL, WORKSPACE
from tr_apply.resources.document import Document
from tr_apply.resources.kind import name_key

_PROOFS = 4  # lists may lag behind what was written


@dataclass(slots=True)
class Deployment:
    """A configuration and the TaskRouter that it is for.

    Attributes:
        configuration: What is to be.
        client: The TaskRouter.
        targets: ``KIND/NAME`` of what shall be done alone; everything where there are none.
        region: Tells TaskRouters apart, so that a plan for one is not taken for one of another.
        snapshot: What was last read to make or to check a plan.
        created: SID of the workspace that was created here; lists may not show it yet.
    """

    configuration: Configuration
    client: Client
    targets: Sequence[str] = ()
    region: str | None = None
    snapshot: Snapshot | None = None
    created: str | None = None

    async def plan(self) -> Plan:
        """Read what is needed, write nothing.

        Raises:
            ConfigError: when the configuration does not fit the workspace.
            ApiError, NetworkError: when it cannot be read.
        """
        plan, self.snapshot = await self._planned()
        for target in self.targets:
            self._require_known(target, plan)
        return plan

    async def _planned(self) -> tuple[Plan, Snapshot]:
        document, has_sids = self.configuration.document, self.configuration.has_sids
        try:
            snapshot = await read_snapshot(self.client, document, has_sids=has_sids)
            plan = make_plan(document, snapshot, has_sids=has_sids, targets=self.targets)
        except PlanProblemsError as error:
            raise self._config_error(error) from error
        return bound(plan, self.region), snapshot

    async def check(self, plan: Plan) -> list[str]:
        """Make sure, right before the first write, that the workspace is what *plan* was made from; warnings.

        Raises:
            StaleError: when it is not.
        """
        self.snapshot, warnings = await checked_again(self.client, plan)
        return warnings

    async def plan_for(self, workspace: Live) -> tuple[Plan, Snapshot]:
        """The plan for this very *workspace*, whatever it is called, and what was read for it.

        Raises:
            ConfigError, ApiError, NetworkError: as ``plan``.
        """
        document, has_sids = self.configuration.document, self.configuration.has_sids
        try:
            snapshot = await read_workspace(self.client, document, workspace, has_sids=has_sids)
            plan = make_plan(document, snapshot, has_sids=has_sids, targets=self.targets)
        except PlanProblemsError as error:
            raise self._config_error(error) from error
        return plan, snapshot

    async def everything(self) -> Snapshot | None:
        """All that is live of the workspace; None if there is no such workspace."""
        try:
            workspace = await find_workspace(self.client, self.configuration.document.workspace)
        except PlanProblemsError as error:
            raise self._config_error(error) from error
        return None if workspace is None else await read_everything(self.client, workspace, channels=False)

    async def apply(self, plan: Plan, *, progress: Progress, stop: Stop) -> Applied:
        """Carry out *plan*, then read the workspace again and see whether anything is left."""
        applied = await self._carried_out(plan, progress, stop)
        if all(result.status is Status.DONE for result in applied.results):
            try:
                applied.left = await self._proof()
            except TrApplyError as error:
                applied.notes.append(f"the workspace could not be read again: {error}")
            else:
                applied.verified = not applied.left.operations
        return applied

    async def _carried_out(self, plan: Plan, progress: Progress, stop: Stop) -> Applied:
        if creates_workspace(plan):
            return await created(plan, self.client, self._rest, progress=progress, stop=stop)
        seen = seen_workers(plan, self.snapshot)
        sids = Sids(plan.sids)
        look = last_look(self.client, plan.target.workspace_sid)
        return Applied(
            await carry_out(plan.operations, self.client, sids, progress=progress, stop=stop, seen=seen, look=look)
        )

    async def _rest(self, workspace: Live) -> Plan:
        """What is left to do in the *workspace* that was just created."""
        self.created = workspace.sid
        plan, _ = await self.plan_for(workspace)
        return plan

    async def _proof(self) -> Plan:
        """The plan that is left; read again for a while, because lists may lag behind."""
        pause = self.client.patience.first_s
        for _ in range(_PROOFS - 1):
            plan = await self._what_is_left()
            if not plan.operations:
                return plan
            await asyncio.sleep(pause)
            pause *= 2
        return await self._what_is_left()

    async def _what_is_left(self) -> Plan:
        if self.created is None:
            return (await self._planned())[0]
        return (await self.plan_for(await self.client.workspace(self.created)))[0]

    def _require_known(self, target: str, plan: Plan) -> None:
        """A target that is neither declared nor about to be deleted is a slip of the pen; later it may be gone."""
        kind, key = parsed_target(target)
        touched = {name_key(operation.name) for operation in plan.operations if operation.kind == kind}
        if key not in touched and key not in map(name_key, _declared_names(self.configuration.document, kind)):
            title = KIND_BY_NAME[kind].title
            raise UsageError(f"--target {target}: there is no such {title}, neither declared nor about to be deleted")

    def _config_error(self, error: PlanProblemsError) -> ConfigError:
        notes = self.configuration.notes
        before = len(notes.found)
        for problem in error.problems:
            notes.add(Severity.ERROR, problem.code, problem.message, problem.path)
        found: list[Diagnostic] = notes.found[before:]
        del notes.found[before:]
        return ConfigError(withheld(found, notes))


def _declared_names(document: Document, kind: str) -> Iterator[str]:
    if kind == WORKSPACE.name:
        yield document.workspace.name
    elif kind == WORKER_CHANNEL.name:
        yield from (f"{worker.name}/{channel}" for worker in document.workers for channel in worker.channels or ())
    else:
        row = KIND_BY_NAME[kind]
        yield from (row.name_of(resource) for resource in getattr(document, row.section))
