"""One configuration and one TaskRouter: read, plan, apply, prove."""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from tr_apply.apply import Progress, Result, Sids, Status, Stop, carry_out
from tr_apply.client import Client
from tr_apply.config.load import Configuration
from tr_apply.diagnostics import Diagnostic, Severity
from tr_apply.errors import AnswerLostError, ConfigError, RefusedError, StaleError, TrApplyError, UsageError
from tr_apply.live import Live, Snapshot
from tr_apply.plan.change import Action, Operation, Plan
from tr_apply.plan.guard import NEEDS_CONSENT
from tr_apply.plan.make import make_plan
from tr_apply.plan.problem import PlanProblemsError
from tr_apply.plan.target import parsed_target
from tr_apply.reader import find_workspace, read_everything, read_snapshot, read_workspace
from tr_apply.resources import KIND_BY_NAME, WORKER_CHANNEL, WORKSPACE
from tr_apply.resources.document import Document
from tr_apply.resources.kind import name_key
from tr_apply.resources.template import SidOf
from tr_apply.wire import form_text

_PROOFS = 4  # lists may lag behind what was written


@dataclass(slots=True)
class Applied:
    """What came of an apply.

    Attributes:
        results: One for each operation of the plan.
        verified: Whether the workspace, read again, is as declared; None where that was not looked at.
        left: What would still have to be done.
        notes: What a reader should know beside that.
    """

    results: list[Result]
    verified: bool | None = None
    left: Plan | None = None
    notes: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Deployment:
    """A configuration and the TaskRouter that it is for."""

    configuration: Configuration
    client: Client
    targets: Sequence[str] = ()

    async def plan(self) -> Plan:
        """Read what is needed, write nothing.

        Raises:
            ConfigError: when the configuration does not fit the workspace.
            ApiError, NetworkError: when it cannot be read.
        """
        document, has_sids = self.configuration.document, self.configuration.has_sids
        try:
            snapshot = await read_snapshot(self.client, document, has_sids=has_sids)
            return self._known(make_plan(document, snapshot, has_sids=has_sids, targets=self.targets))
        except PlanProblemsError as error:
            raise self._config_error(error) from error

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
        return self._known(plan), snapshot

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
        first = plan.operations[0] if plan.operations else None
        if first is not None and first.kind == WORKSPACE.name and first.action is Action.CREATE:
            return await self._created(plan, first, progress, stop)
        return Applied(await carry_out(plan.operations, self.client, Sids(plan.sids), progress=progress, stop=stop))

    async def _created(self, plan: Plan, first: Operation, progress: Progress, stop: Stop) -> Applied:
        """Create the workspace, see what TaskRouter put into it, and do the rest.

        What a new workspace holds was predicted. Now the rest is planned from what is there: the same operations, as a
        rule; where they are not, the reader is told.
        """
        result = Result(first)
        rest = [Result(operation) for operation in plan.operations[1:]]
        try:
            form = {key: form_text(value, lambda label: label.name) for key, value in first.writes[0].form.items()}
            live = await self.client.create(WORKSPACE, None, form)
        except TrApplyError as error:
            result.failed, result.error = True, str(error)
            result.lost, result.stale = isinstance(error, AnswerLostError), isinstance(error, StaleError)
            for each in rest:
                each.error = f"needs the workspace {first.name!r}, which could not be created"
            return Applied([result, *rest])
        result.requests = 1
        progress(result)
        try:
            real, _ = await self.plan_for(live)
            _refuse_surprises(plan, real)
        except TrApplyError as error:
            for each in rest:
                each.error = f"the new workspace could not be read: {error}"
            result.error = "" if first.requests == 1 else f"the new workspace could not be read: {error}"
            return Applied([result, *rest])
        sids = Sids({**real.sids, SidOf(WORKSPACE.name, ""): live.sid})
        done = await carry_out(real.operations, self.client, sids, progress=progress, stop=stop)
        applied = Applied(_joined(result, rest, done))
        if _told(real.operations) != _told(plan.operations[1:]):
            applied.notes.append(
                "the new workspace was not as predicted; the rest was planned again from what is there"
            )
        return applied

    async def _proof(self) -> Plan:
        """The plan that is left; read again for a while, because lists may lag behind."""
        pause = self.client.patience.first_s
        for _ in range(_PROOFS - 1):
            if not (plan := await self.plan()).operations:
                return plan
            await asyncio.sleep(pause)
            pause *= 2
        return await self.plan()

    def _known(self, plan: Plan) -> Plan:
        for target in self.targets:
            self._require_known(target, plan)
        return plan

    def _require_known(self, target: str, plan: Plan) -> None:
        """A target that is neither declared nor about to be deleted is a slip of the pen."""
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
        return ConfigError(found)


def _declared_names(document: Document, kind: str) -> Iterator[str]:
    if kind == WORKSPACE.name:
        yield document.workspace.name
    elif kind == WORKER_CHANNEL.name:
        yield from (f"{worker.name}/{channel}" for worker in document.workers for channel in worker.channels or ())
    else:
        row = KIND_BY_NAME[kind]
        yield from (row.name_of(resource) for resource in getattr(document, row.section))


def _refuse_surprises(planned: Plan, real: Plan) -> None:
    """Whatever a workspace holds that was created a moment ago may be deleted, but for what is protected or in use.

    Raises:
        RefusedError: with every reason.
    """
    known = {NEEDS_CONSENT, *(each.code for each in planned.blocked)}
    if surprises := [each.message for each in real.blocked if each.code not in known]:
        raise RefusedError(f"it is not as predicted: {'; '.join(surprises)}; plan again")


def _told(operations: Sequence[Operation]) -> set[tuple[str, str, str]]:
    """Operations as the reader knows them; a new workspace's second request belongs to its creation."""
    return {(o.action.value, o.kind, o.name) for o in operations if o.kind != WORKSPACE.name}


def _joined(first: Result, rest: Sequence[Result], done: Sequence[Result]) -> list[Result]:
    """Results of what was done under the names of what was planned."""
    by_name = {(r.operation.action, r.operation.kind, r.operation.name): r for r in done}
    second = by_name.pop((Action.UPDATE, WORKSPACE.name, first.operation.name), None)
    if second is not None:
        first.requests += second.requests
        first.failed, first.error, first.lost = second.failed, second.error, second.lost
    results = [first]
    for planned in rest:
        key = (planned.operation.action, planned.operation.kind, planned.operation.name)
        if (found := by_name.pop(key, None)) is not None:
            results.append(replace(found, operation=planned.operation))
        else:
            results.append(Result(replace(planned.operation, writes=()), error="turned out not to be needed"))
    return [*results, *by_name.values()]
