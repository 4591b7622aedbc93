"""One workspace and the TaskRouter that it is in: read, plan, consent, apply, prove."""

from dataclasses import field

from tr_apply.apply import Progress, Result, Sids, carry_out, failure_of
from tr_apply.client import Client
from tr_apply.deployment.applied import Applied
from tr_apply.deployment.clients import Clients, Turns
from tr_apply.deployment.creation import Rest, created, creates_workspace
from tr_apply.deployment.deadline import OutOfTimeError
from tr_apply.deployment.freshness import checked_again, require_place, seen_workers
from tr_apply.deployment.judgement import looked_at_again
from tr_apply.deployment.last_look import last_look
from tr_apply.deployment.run import Run
from tr_apply.deployment.source import Source
from tr_apply.errors import IncompleteError, InterruptedRunError, RefusedError, TrApplyError
from tr_apply.frozen import unfrozen
from tr_apply.live import Live, Snapshot
from tr_apply.plan.change import Operation, Plan
from tr_apply.plan.checks.consent import Consent, require_consent
from tr_apply.plan.saved.document import plan_id
from tr_apply.routing.names import name_key

_GAVE_UP = "timed out; it may have been started"


@unfrozen
class Deployment:
    """One workspace and the TaskRouter that it is in.

    Attributes:
        source: The source of its plan.
        client: The TaskRouter.
        region: Identity of the TaskRouter, so a plan for one is never applied to another.
        name: The user's name for it: a PATH, or the file of a saved plan.
        planned: The plan, once there is one.
        snapshot: The last reading of the workspace to make or check a plan.
        applied: The result, also of an incomplete run.
        warnings: Warnings for the reader before the plan is carried out.
        turns: Keeps two plans from being carried out in the same workspace concurrently.
    """

    source: Source
    client: Client
    region: str | None = None
    name: str = ""
    planned: Plan | None = None
    snapshot: Snapshot | None = None
    applied: Applied | None = None
    warnings: list[str] = field(default_factory=list)
    turns: Turns = field(default_factory=Turns)

    def connect(self, clients: Clients) -> None:
        """Use a client of *clients* from now on.

        Raises:
            TargetError: when there is none for this workspace.
        """
        self.client, self.region = clients.of(self.source.credentials), clients.region(self.source.credentials)
        self.turns = clients.turns

    async def plan(self) -> Plan:
        """Read everything that is necessary, write nothing.

        Raises:
            TrApplyError: as ``Source.plan``.
        """
        self.planned, self.snapshot = await self.source.plan(self.client, self.region)
        return self.planned

    def require_plan(self) -> Plan:
        """The plan, which was made before."""
        assert self.planned is not None, "it is planned before anything else"
        return self.planned

    async def check(self, plan: Plan) -> Plan:
        """Check that the workspace equals the base of *plan*, apart from completed operations; returns the rest.

        Raises:
            StaleError: It does not, or it loses people without consent.
            RefusedError: It is in another account, or loses people and the plan does not show it.
        """
        checked = await checked_again(self.client, plan)
        self.snapshot = checked.snapshot
        self.warnings += checked.warnings
        if checked.rest.requests < plan.requests:
            self.warnings.append(
                f"{plan.requests - checked.rest.requests} of {plan.requests} requests are done already"
            )
        if self.snapshot is not None:
            self.warnings += await looked_at_again(self.client, plan, self.snapshot)
        return checked.rest

    async def apply(self, plan: Plan, consent: Consent, run: Run | None = None) -> Applied:
        """Carry out *plan*, read the workspace again and prove that nothing is left.

        ``applied`` has the results even if this raises.

        Raises:
            RefusedError: *plan* is for another workspace or TaskRouter, or beyond *consent*; nothing was written.
            StaleError: The workspace has changed since the plan was made; nothing was written.
            IncompleteError: Something was or may have been written, and the result is not complete.
            InterruptedRunError: The run was asked to stop.
            TrApplyError: Nothing could be written.
        """
        run = run or Run()
        self._require_own(plan)
        require_consent(plan, consent, plan_id)
        if run.stop.asked:
            self.applied = Applied([Result(each, error="interrupted") for each in plan.operations])
            raise InterruptedRunError("interrupted before anything was written here; run again")
        try:
            async with run.deadline.bound(), self.turns.of(_workspace_of(plan)):
                rest = await self.check(plan) if run.rechecks or plan is not self.planned else plan
                run.deadline.require_left()
                await self._carry_out(plan, rest, run)
        except OutOfTimeError as error:
            if self.applied is None:
                raise
            raise IncompleteError(f"{error}, while applying; run again to finish") from error
        return self._finished(interrupted=run.stop.asked)

    def _require_own(self, plan: Plan) -> None:
        """A plan that was made elsewhere is not ours to carry out: its proof would look at the wrong workspace."""
        workspace, target = self.source.workspace, plan.target
        if name_key(target.workspace) != name_key(workspace):
            raise RefusedError(
                f"nothing was written: the plan is for the workspace {target.workspace!r}, and this is {workspace!r}"
            )
        require_place(plan, self.client, self.region)
        if target.database != self.client.database:
            raise RefusedError(
                f"nothing was written: the plan was made for the embedded TaskRouter in {target.database}, and this is "
                f"the one in {self.client.database}"
            )

    async def _carry_out(self, plan: Plan, rest: Plan, run: Run) -> None:
        touched = _Touched(rest, run.progress)
        for before in (each for each in rest.operations if not each.writes):
            run.progress(Result(before))
        after = None if run.record is None else await run.record.before(self.client, plan)
        try:
            self.applied = await self._written(plan, rest, touched, run)
        finally:
            self.applied = self.applied or touched.applied()
        if after is not None:
            await after(self.applied)

    async def _written(self, plan: Plan, rest: Plan, progress: Progress, run: Run) -> Applied:
        if creates_workspace(rest):
            applied = await created(rest, self.client, self._rest_of(plan), progress=progress, stop=run.stop)
        else:
            results = await carry_out(
                rest.operations,
                self.client,
                Sids(rest.sids),
                progress=progress,
                stop=run.stop,
                seen=seen_workers(rest, self.snapshot),
                look=last_look(self.client, rest.target.workspace_sid),
            )
            applied = Applied(results)
        if applied.is_done:
            try:
                await self.source.prove(self.client, plan, applied)
            except TrApplyError as error:
                applied.notes.append(f"the workspace could not be read again: {error}")
        return applied

    def _rest_of(self, plan: Plan) -> Rest:
        async def rest_of(workspace: Live) -> Plan:
            return await self.source.rest(self.client, plan, workspace)

        return rest_of

    def _finished(self, *, interrupted: bool) -> Applied:
        assert self.applied is not None
        if (failure := failure_of(self.applied.results, interrupted=interrupted)) is not None:
            raise failure
        if not self.applied.verified:
            raise IncompleteError("everything was sent, but the workspace is not proven to be as declared; plan again")
        return self.applied


def _workspace_of(plan: Plan) -> str:
    return plan.target.workspace_sid or name_key(plan.target.workspace)


class _Touched:
    """The state of each operation while a plan is carried out, in case the run never finishes."""

    def __init__(self, plan: Plan, progress: Progress) -> None:
        self._plan = plan
        self._progress = progress
        self._results: dict[tuple[str, ...], Result] = {}

    def __call__(self, result: Result) -> None:
        self._results[_key(result.operation)] = result
        self._progress(result)

    def applied(self) -> Applied:
        """The results so far; an operation without one may have been started."""
        results = [self._results.get(_key(each), Result(each, error=_GAVE_UP)) for each in self._plan.operations]
        return Applied(results)


def _key(operation: Operation) -> tuple[str, ...]:
    """The identity of an operation, which is the same if the plan is made again in a new workspace."""
    return operation.action.value, operation.kind, operation.name
