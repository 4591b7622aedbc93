"""Several workspaces in one run: concurrent, and independent of each other's failures."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Hashable, Iterator, Mapping, Sequence
from dataclasses import field, replace
from typing import TYPE_CHECKING

from tr_apply.config.load import Configuration
from tr_apply.deployment.applied import Applied
from tr_apply.deployment.clients import Clients
from tr_apply.deployment.configured import Configured, unknown_target
from tr_apply.deployment.deadline import Deadline
from tr_apply.deployment.deployment import Deployment
from tr_apply.deployment.outputs import output_values
from tr_apply.deployment.run import Run
from tr_apply.deployment.source import Checks, Source
from tr_apply.errors import ConfigError, TrApplyError
from tr_apply.findings import Finding, Severity
from tr_apply.frozen import frozen, unfrozen
from tr_apply.plan.change import Plan
from tr_apply.plan.checks.consent import Consent, require_consent
from tr_apply.plan.checks.route_change import require_few_routes_changed
from tr_apply.plan.saved.document import plan_id
from tr_apply.plan.saved.origin import Origins
from tr_apply.routing.names import name_key

if TYPE_CHECKING:
    from tr_apply.deployment.simulated import PlannedDays
    from tr_apply.simulation.experiment import Experiment
    from tr_apply.simulation.results import SimulationResults

SIDE_BY_SIDE = 8  # concurrent workspaces; the number of requests has its own limit


@unfrozen
class Member:
    """One workspace of a run.

    Attributes:
        name: The PATH, or the file of a saved plan, as the user called it.
        source: The source of its plan; None if that could not be loaded.
        consent: The consent for it.
        deployment: Reads and writes for it, once it is connected.
        outputs: The outputs for other systems, once the workspace is verified.
        then: The configuration that was applied last, if requested and found.
        origins: The origin of the plan's changes, if requested.
        days: The days to simulate before and after the plan, if requested.
        experiment: The same for the live workspace, if there is anything to compare.
        simulation: Their results.
        error: Why it has ended.
    """

    name: str
    source: Source | None = None
    consent: Consent = field(default_factory=Consent)
    deployment: Deployment | None = None
    then: Configuration | None = None
    origins: Origins | None = None
    days: "PlannedDays | None" = None
    experiment: "Experiment | None" = None
    simulation: "SimulationResults | None" = None
    error: TrApplyError | None = None
    outputs: Mapping[str, str] | None = None

    @property
    def plan(self) -> Plan | None:
        """Its plan, once it is made."""
        return None if self.deployment is None else self.deployment.planned

    @property
    def made_plan(self) -> Plan:
        """The same, of one that got as far as that."""
        if self.plan is None:
            raise LookupError(f"{self.name} has no plan")
        return self.plan

    @property
    def made_deployment(self) -> Deployment:
        """Its deployment, once it is connected."""
        if self.deployment is None:
            raise LookupError(f"{self.name} is not connected")
        return self.deployment

    @property
    def applied(self) -> Applied | None:
        """The result of its plan, also if incomplete."""
        return None if self.deployment is None else self.deployment.applied

    @property
    def exit_code(self) -> int:
        """Its part in the exit code."""
        return 0 if self.error is None else self.error.exit_code

    @property
    def workspace(self) -> str | None:
        """The workspace's name, as far as it is known."""
        if self.plan is not None:
            return self.plan.target.workspace
        return None if self.source is None else self.source.workspace

    def connected(self, clients: Clients) -> Deployment:
        """Its deployment, with a client of *clients*.

        Raises:
            TargetError: when there is none for it.
        """
        assert self.source is not None, "what could not be loaded has ended"
        if self.deployment is None:
            self.deployment = Deployment(self.source, clients.of(self.source.credentials), name=self.name)
        self.deployment.connect(clients)
        return self.deployment

    @property
    def configuration(self) -> Configuration | None:
        """Its configuration, as far as there is one."""
        return None if self.source is None else self.source.configuration

    @property
    def configured(self) -> Configured | None:
        """Its source, if that is a configuration and not a saved plan."""
        return self.source if isinstance(self.source, Configured) else None

    @property
    def checks(self) -> Checks | None:
        """The checks of its configuration that may still be under way."""
        return None if self.configured is None else self.configured.checks

    def finish_checks(self) -> None:
        """Check its configuration to the end, and end here if it has errors."""
        try:
            if self.error is None and self.checks is not None:
                self.checks.finish()
        except ConfigError as error:
            self.error = error
            self.forget()

    def forget(self) -> None:
        """Know no more of it than of any configuration with errors: nothing was planned."""
        self.source = self.deployment = None

    @property
    def is_part(self) -> bool:
        """Whether only a part of its configuration is planned."""
        return self.configured is not None and not self.configured.selection.is_everything

    def review(self) -> None:
        """End here where the plan does what nobody agreed to, before anybody is asked and anything is written."""
        if self.error is None and self.plan is not None:
            try:
                require_consent(self.plan, self.consent, plan_id)
            except TrApplyError as error:
                self.error = error

    def limit_route_change(self, most: float | None) -> None:
        """End here if more than *most* per cent of the tasks go elsewhere."""
        if self.error is None and self.plan is not None:
            try:
                require_few_routes_changed(self.plan, most)
            except TrApplyError as error:
                self.error = error


Step = Callable[[Member], Awaitable[None]]


@frozen
class Fleet:
    """The workspaces of one run, with a common deadline."""

    members: Sequence[Member]
    deadline: Deadline = field(default_factory=Deadline)

    @property
    def live(self) -> list[Member]:
        """Those that have not ended."""
        return [member for member in self.members if member.error is None]

    async def plan(self, clients: Clients, members: Sequence[Member] | None = None) -> None:
        """Make the plan of each, or of those *members*; one workspace may have one plan only."""

        async def read(member: Member) -> None:
            async with self.deadline.bound():
                await member.connected(clients).plan()

        async def plan(member: Member) -> None:
            if member.checks is None:
                await read(member)
            else:
                await _while_checked(member, member.checks, read(member))

        await self.each(self.live if members is None else members, plan)
        self._refuse_repeated()
        self._refuse_unknown_targets()

    async def apply(self, members: Sequence[Member], clients: Clients, run_of: Callable[[Member], Run]) -> None:
        """Carry out the plan of each of *members*, as far as its consent and the common deadline go."""

        async def apply(member: Member) -> None:
            run = replace(run_of(member), deadline=self.deadline)
            await member.connected(clients).apply(member.made_plan, member.consent, run)

        self._refuse_repeated(members)
        await self.each([member for member in members if member.error is None], apply)

    async def each_in_time(self, step: Step) -> None:
        """Do *step* for each that has not ended, as far as the common deadline goes."""

        async def bounded(member: Member) -> None:
            async with self.deadline.bound():
                await step(member)

        await self.each(self.live, bounded)

    async def find_outputs(self, clients: Clients) -> None:
        """Find the outputs of each workspace that is proven to be as declared."""

        async def find(member: Member) -> None:
            created = None if member.applied is None else member.applied.created
            async with self.deadline.bound():
                client = member.connected(clients).client
                sid = created or member.made_plan.target.workspace_sid
                member.outputs = await output_values(client, member.made_plan, sid)

        verified = [each for each in self.live if each.applied is not None and each.applied.verified]
        await self.each([member for member in verified if member.plan and member.plan.outputs], find)

    async def each(self, members: Sequence[Member], step: Step) -> None:
        """Do *step* for each of *members*, for a limited number of them concurrently.

        A TrApplyError ends only its own member. A bug is raised after all others have ended.
        """
        room = asyncio.Semaphore(SIDE_BY_SIDE)
        tasks = [asyncio.create_task(_done(step, member, room)) for member in members]
        try:
            bugs = [bug for task in tasks if (bug := await _ended(task)) is not None]
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        if bugs:
            raise bugs[0]

    def _refuse_unknown_targets(self) -> None:
        """A target that no workspace of several has is a mistake, unless one that could not be planned may have it."""
        planned = [(each, each.configured, each.plan) for each in self.live]
        if len(planned) < len(self.members):
            return
        for member, configured, plan in planned:
            for target in () if configured is None or plan is None else configured.selection.targets:
                if not any(own and made and own.has_target(target, made) for _, own, made in planned):
                    member.error = unknown_target(target)

    def _refuse_repeated(self, members: Sequence[Member] = ()) -> None:
        """Two plans for one workspace would each be wrong as soon as the other is carried out: both end here."""
        by_place: dict[Hashable, list[Member]] = {}
        for member in {id(each): each for each in (*self.live, *members) if each.error is None}.values():
            for place in _places(member):
                by_place.setdefault(place, []).append(member)
        for same in by_place.values():
            for member in same if len(same) > 1 else ():
                others = ", ".join(each.name for each in same if each is not member)
                member.error = member.error or _repeated(member, others)


async def _while_checked(member: Member, checks: Checks, reading: Coroutine[None, None, None]) -> None:
    """Read while the configuration is checked; its errors win over any error of the reading, which then ends.

    Raises:
        ConfigError: The configuration has errors.
        TrApplyError: raised by *reading*.
    """
    task = asyncio.create_task(reading)
    try:
        await checks.passed()
    except BaseException as error:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        if isinstance(error, ConfigError):  # after a cancellation it can be planned again
            member.forget()
        raise
    await task


async def _done(step: Step, member: Member, room: asyncio.Semaphore) -> None:
    async with room:
        try:
            await step(member)
        except TrApplyError as error:
            member.error = error


async def _ended(task: asyncio.Task[None]) -> BaseException | None:
    await asyncio.wait([task])
    return task.exception()


def _places(member: Member) -> Iterator[Hashable]:
    """The identities of a workspace: its SID now, and its future name in the account."""
    if member.deployment is None or member.plan is None:
        return
    target = member.plan.target
    yield id(member.deployment.client), name_key(target.workspace)
    if target.account_sid is not None:  # which other credentials may lead to
        yield target.region, target.account_sid, name_key(target.workspace)
    if target.workspace_sid is not None:
        yield target.workspace_sid


def _repeated(member: Member, others: str) -> ConfigError:
    message = (
        f"{member.name} is for the workspace {member.workspace!r}, and so is {others}; nothing is done for either; "
        "make them one PATH, or leave one out"
    )
    return ConfigError([Finding(Severity.ERROR, "workspace-twice", message, file=member.name)])
