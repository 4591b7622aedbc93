"""Plans from a configuration: made from the live workspace, and made again to prove that nothing is left."""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import replace

from tr_apply.client import Client
from tr_apply.config.load import Configuration
from tr_apply.config.other_workspaces import NamedWorkspaces
from tr_apply.config.withheld import withheld
from tr_apply.corpus.tasks import GivenCorpus
from tr_apply.deployment.applied import Applied
from tr_apply.deployment.creation import is_as_predicted, planned_rest
from tr_apply.deployment.declared_at import with_sources
from tr_apply.deployment.freshness import bound
from tr_apply.deployment.judgement import judged
from tr_apply.deployment.source import Checks
from tr_apply.errors import ConfigError, UsageError
from tr_apply.findings import Finding
from tr_apply.frozen import frozen
from tr_apply.live import Live, Snapshot, predicted
from tr_apply.plan.change import Plan
from tr_apply.plan.checks.notes import unknown_former_name
from tr_apply.plan.checks.workspace_rename import TELLING_KINDS, declared_names, suspected_workspace_rename
from tr_apply.plan.impact import Extent
from tr_apply.plan.make import Planning, PlanProblemsError, planning
from tr_apply.plan.matching.declared_before import DeclaredBefore
from tr_apply.plan.matching.reading import first_kinds
from tr_apply.plan.requests.target import EVERYTHING, SelectedTarget, Selection
from tr_apply.reader import (
    declared_workspace,
    empty_snapshot,
    find_workspace,
    read_and_plan,
    read_everything,
    read_names,
    read_parts,
    read_start,
)
from tr_apply.resources import KIND_BY_NAME, SECTIONS, WORKER_CHANNEL, WORKSPACE
from tr_apply.resources.credentials import Credentials
from tr_apply.resources.document import Document
from tr_apply.routing.names import name_key

_PROOFS = 4  # lists may lag behind writes


@frozen
class Configured:
    """Plans from a configuration.

    Attributes:
        configuration: The declared workspace.
        selection: The part of it to apply.
        siblings: Names of the workspaces of this run.
        before: The declarations of the configuration that was applied last.
        extent: How much of the impact on people and tasks to compute.
        is_one_of_several: Whether a target that is not here may be in another configuration of the run.
        recorded: Recorded tasks; the plan counts those that would be routed differently.
        checks: The checks of the configuration that may still be under way; None where all have passed.
    """

    configuration: Configuration
    selection: Selection = EVERYTHING
    siblings: frozenset[str] = frozenset()
    is_one_of_several: bool = False
    before: DeclaredBefore | None = None
    extent: Extent = Extent.FULL
    recorded: GivenCorpus | None = None
    checks: Checks | None = None

    @property
    def workspace(self) -> str:
        """The workspace's name."""
        return self.configuration.document.workspace.name

    @property
    def credentials(self) -> Credentials | None:
        """Which variables hold the credentials; None for the usual ones."""
        return self.configuration.document.workspace.credentials

    async def plan(self, client: Client, region: str | None) -> tuple[Plan, Snapshot]:
        """The changes that make the workspace equal to the configuration.

        Raises:
            ConfigError: The configuration does not fit the workspace.
            UsageError: A target is neither declared nor about to be deleted.
            ApiError, NetworkError: The workspace cannot be read.
        """
        plan, snapshot = await self._planned(client, region, self.extent)
        for target in () if self.is_one_of_several else self.selection.targets:
            if not self.has_target(target, plan):
                raise unknown_target(target)
        return judged(plan, snapshot, self.configuration.document, self.extent, self.recorded), snapshot

    async def _planned(self, client: Client, region: str | None, extent: Extent) -> tuple[Plan, Snapshot]:
        try:
            start, others = await declared_workspace(client, self.configuration.document.workspace)
            plan, snapshot = await read_and_plan(client, self._steps(start, extent), start)
        except PlanProblemsError as error:
            await self._checked()
            raise self._config_error(error) from error
        await self._checked()
        if snapshot.predicted:
            plan = await self._with_suspicion(client, plan, others)
        return with_sources(bound(plan, region, client), self.configuration), snapshot

    async def _checked(self) -> None:
        """Wait for the checks: they and what follows both use the places and the findings of the configuration.

        Raises:
            ConfigError: The configuration has errors.
        """
        if self.checks is not None:
            await self.checks.passed()

    async def _with_suspicion(self, client: Client, plan: Plan, workspaces: Sequence[Live]) -> Plan:
        """*plan*, which creates its workspace, with the suspicion that this is one that was renamed elsewhere."""
        document = self.configuration.document
        workspace = document.workspace
        if workspace.renamed_from:
            names = [live.name for live in workspaces]
            warning = unknown_former_name(WORKSPACE, workspace.name, workspace.renamed_from, names)
            plan = replace(plan, diagnostics=[*plan.diagnostics, warning])
        kinds = [kind for kind in TELLING_KINDS if declared_names(document, kind)]
        if not kinds or ("renamed_from" in workspace.model_fields_set and not workspace.renamed_from):
            return plan
        known = NamedWorkspaces(self.configuration.reach)
        siblings = {name_key(name) for name in self.siblings}
        strangers = [live for live in workspaces if name_key(live.name) not in siblings and not known.has(live.name)]
        others = await read_names(client, strangers, kinds)
        return replace(plan, blocked=[*plan.blocked, *suspected_workspace_rename(document, others, plan.operations)])

    async def plan_for(self, client: Client, workspace: Live) -> tuple[Plan, Snapshot]:
        """The plan for exactly this *workspace*, under any name, and the snapshot that was read for it.

        Raises:
            ConfigError, ApiError, NetworkError: as ``plan``.
        """
        return await self._plan_from(client, empty_snapshot(client, workspace))

    async def _plan_from(self, client: Client, start: Snapshot) -> tuple[Plan, Snapshot]:
        try:
            return await read_and_plan(client, self._steps(start), start)
        except PlanProblemsError as error:
            raise self._config_error(error) from error

    def _steps(self, start: Snapshot, extent: Extent = Extent.NONE) -> Planning:
        return planning(
            self.configuration.document,
            start,
            has_sids=self.configuration.has_sids,
            selection=self.selection,
            before=self.before,
            reads_affected=extent is not Extent.NONE,
        )

    async def everything(self, client: Client) -> Snapshot | None:
        """All that is live of the workspace; None if there is no such workspace.

        Raises:
            ConfigError, ApiError, NetworkError: as ``plan``.
        """
        workspace = await self.live_workspace(client)
        return None if workspace is None else await read_everything(client, workspace, channels=False)

    async def live_workspace(self, client: Client) -> Live | None:
        """The workspace that is meant; None if it is not live.

        Raises:
            ConfigError, ApiError, NetworkError: as ``plan``.
        """
        try:
            return await find_workspace(client, self.configuration.document.workspace)
        except PlanProblemsError as error:
            raise self._config_error(error) from error

    async def rest(self, client: Client, plan: Plan, workspace: Live) -> Plan:
        """The rest of *plan* for the *workspace* that was just created: planned again if that is not as predicted."""
        start = await read_parts(client, workspace, [kind.name for kind in SECTIONS], ())
        if is_as_predicted(predicted(client.account_sid, self.configuration.document.workspace), start):
            return planned_rest(plan, start)
        return (await self._plan_from(client, start))[0]

    async def prove(self, client: Client, plan: Plan, applied: Applied) -> None:  # noqa: ARG002  # planned again instead
        """Plan again until nothing is left to do, for a while: lists may lag behind writes."""
        pause = client.patience.first_s
        for _ in range(_PROOFS - 1):
            applied.left = await self._what_is_left(client, applied)
            if not applied.left.operations:
                break
            await asyncio.sleep(pause)
            pause *= 2
        else:
            applied.left = await self._what_is_left(client, applied)
        applied.verified = not applied.left.operations

    async def _what_is_left(self, client: Client, applied: Applied) -> Plan:
        if applied.created is None:
            return (await self._planned(client, None, Extent.NONE))[0]
        kinds = first_kinds(self.configuration.document, has_sids=self.configuration.has_sids)
        return (await self._plan_from(client, await read_start(client, applied.created, kinds)))[0]

    def has_target(self, target: SelectedTarget, plan: Plan) -> bool:
        """Whether *target* is declared, or *plan* deletes it."""
        touched = (operation.name for operation in plan.operations if operation.kind == target.kind)
        names = (*touched, *_declared_names(self.configuration.document, target.kind))
        return any(target.has(target.kind, name) for name in names)

    def _config_error(self, error: PlanProblemsError) -> ConfigError:
        notes = self.configuration.notes
        before = len(notes.found)
        for finding in error.findings:
            notes.place(finding)
        found: list[Finding] = notes.found[before:]
        del notes.found[before:]
        return ConfigError(withheld(found, notes))


def unknown_target(target: SelectedTarget) -> UsageError:
    """A target that is neither declared nor about to be deleted is a slip of the pen; later it may be gone."""
    title = KIND_BY_NAME[target.kind].title
    return UsageError(f"--target {target}: there is no such {title}, neither declared nor about to be deleted")


def _declared_names(document: Document, kind: str) -> Iterator[str]:
    if kind == WORKSPACE.name:
        yield document.workspace.name
    elif kind == WORKER_CHANNEL.name:
        yield from (f"{worker.name}/{channel}" for worker in document.workers for channel in worker.channels or ())
    else:
        row = KIND_BY_NAME[kind]
        yield from (row.name_of(resource) for resource in getattr(document, row.section))
