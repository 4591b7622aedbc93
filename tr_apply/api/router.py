"""A TaskRouter, to plan for, to apply to and to ask."""

import asyncio
import os
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import field
from pathlib import Path
from typing import TYPE_CHECKING

from tr_apply.api.configurations import StrPath
from tr_apply.api.inquiries import Inquiries
from tr_apply.api.plan import Plan
from tr_apply.api.rollout import Rollout, RunOptions, planned_scope, rollout
from tr_apply.apply import Progress, Stop
from tr_apply.config.load import Configuration
from tr_apply.deployment.applied import Applied
from tr_apply.deployment.configured import Configured
from tr_apply.deployment.connect import CONCURRENCY, open_clients
from tr_apply.deployment.deadline import Deadline
from tr_apply.deployment.run import nobody
from tr_apply.deployment.target_options import TargetOptions
from tr_apply.frozen import frozen
from tr_apply.plan.checks.consent import Approval, Consent
from tr_apply.transport import Observer

if TYPE_CHECKING:
    from tr_apply.deployment.removal import Removal


class Router(Inquiries):
    """A TaskRouter, to plan for, to apply to and to ask. Made by ``connect``."""

    async def plan(
        self,
        configuration: Configuration,
        *,
        targets: Sequence[str] = (),
        only: Sequence[str] = (),
        excluded: Sequence[str] = (),
        impact: str = "full",
        tasks: StrPath | None = None,
        load: StrPath | None = None,
    ) -> Plan:
        """The changes that make the live workspace equal to *configuration*. Writes nothing.

        Args:
            configuration: What ``load`` returned.
            targets: Limit the plan to these ``KIND/NAME`` and the resources that they need.
            only: Limit the plan to these sections or ``KIND/NAME``; nothing else is touched.
            excluded: Leave these sections or ``KIND/NAME`` out of it.
            impact: How much of the effect on people and tasks to compute: ``full``, ``people`` or ``none``.
            tasks: A file of recorded tasks; the plan counts how many of them would be routed differently.
            load: A file with who comes and who works; days before and after the plan are simulated with it.

        Raises:
            ConfigError: The configuration does not fit the live workspace, or one of the two files cannot be used.
            UsageError: *load* is given with a part of the configuration, or nobody works on the days.
            TargetError: There are no credentials, or the connection has ended.
            ApiError, NetworkError: The workspace cannot be read.
        """
        scope = planned_scope(targets=targets, only=only, excluded=excluded, impact=impact, tasks=tasks)
        alone = rollout([configuration.path], lambda _: configuration, scope=scope)
        if load is not None:
            alone.simulating(load)
        await self.plan_all(alone)
        [plan] = alone.plans
        plan.raise_error()
        if load is not None:
            from tr_apply.api.offline import simulated  # noqa: PLC0415

            await asyncio.to_thread(alone.simulate, simulated)
        return plan

    async def apply(
        self,
        plan: Plan,
        *,
        allow_delete: Mapping[str, int] | None = None,
        allow_people_lost: Mapping[str, int] | None = None,
        max_route_change: float | None = None,
        reviewed: bool = False,
        journal: StrPath | None = None,
        undo: StrPath | None = None,
        progress: Progress = nobody,
        stop: Stop | None = None,
    ) -> Applied:
        """Carry out *plan*, read the workspace again and prove that nothing is left.

        Args:
            plan: What ``plan`` returned.
            allow_delete: Kind -> exactly how many deletes of it are agreed to.
            allow_people_lost: Queue -> exactly how many of its members may lose their place in it.
            max_route_change: The share of the tasks that may be routed differently, in per cent.
            reviewed: Whether somebody has reviewed this very plan. Without that the run counts as unattended, in which
                nothing is deleted that neither ``safety.max_deletes`` nor *allow_delete* allows.
            journal: A file that gets a line before and after each request that writes.
            undo: A file that gets the plan that undoes this run, for ``Rollout.saved``.
            progress: Called whenever a request has ended.
            stop: When set, no further request is begun.

        Raises:
            RefusedError: when nobody agreed to what it does, or it is for another TaskRouter; nothing was written.
            StaleError: when the workspace has changed since the plan was made; nothing was written.
            IncompleteError: when something was written, and not all is as it should be; ``plan.applied`` says what.
            TrApplyError: when nothing could be written.
        """
        approval = Approval.REVIEWED if reviewed else Approval.NOBODY
        plan.agree(
            Consent(
                approval, allow_delete or {}, people_lost=allow_people_lost or {}, max_route_change=max_route_change
            )
        )
        plan.member.error = None  # of an earlier attempt
        plan.review()
        plan.raise_error()
        from tr_apply.api.records import records  # noqa: PLC0415  # a plan alone needs none

        with records(journal, undo) as kept:
            options = RunOptions(progress_of=lambda _: progress, stop=stop or Stop(), records=kept, also_unchanged=True)
            await self.apply_all(Rollout([plan.member]), options)
        return plan.result()

    async def plan_all(self, workspaces: Rollout) -> None:
        """Make the plans of *workspaces*; what goes wrong with one of them is its ``error``. Writes nothing."""
        await workspaces.plan(self._clients, self._deadline)

    async def apply_all(self, workspaces: Rollout, options: RunOptions | None = None) -> None:
        """Carry out the plans of *workspaces* that have something to do, as far as the consent for each goes.

        What goes wrong with one of them is its ``error``.

        Raises:
            Exception: what ended the run, where nothing was written.
        """
        options = options or RunOptions()
        with self._clients.shown_to(() if options.records is None else options.records.observers):
            await workspaces.apply(self._clients, self._deadline, options)

    async def find_outputs(self, workspaces: Rollout) -> None:
        """Find the ``outputs`` of each workspace that was applied and is proven to be as declared."""
        await workspaces.find_outputs(self._clients, self._deadline)

    async def undo(self, journal: StrPath) -> Rollout:
        """The plans that undo what the last run in *journal* did, finished or not.

        Raises:
            RefusedError: There is no such run in it, or it was in another TaskRouter.
            TrApplyError: The journal or a workspace cannot be read, or there is no way back.
        """
        from tr_apply.deployment.journaled import journaled  # noqa: PLC0415  # seldom needed
        from tr_apply.deployment.undo import undone  # noqa: PLC0415

        async with self._deadline.bound():
            return Rollout([await undone(self._clients, run, str(journal)) for run in journaled(Path(journal))])

    async def removal(self, configuration: Configuration) -> "Removal | None":
        """The resources that ``destroy`` would delete; None where there is no such workspace.

        Raises:
            RefusedError: Something in it is protected, or tasks have not ended.
            ConfigError, ApiError, NetworkError: as ``plan``.
        """
        from tr_apply.deployment.removal import planned_removal  # noqa: PLC0415

        source = Configured(configuration)
        async with self._deadline.bound():
            return await planned_removal(self._clients.of(source.credentials), source)

    async def destroy(self, configuration: Configuration, removal: "Removal", *, confirmed: str) -> None:
        """Delete the workspace of *configuration* with everything in it, and see that it is gone.

        Args:
            configuration: What ``load`` returned.
            removal: What ``removal`` returned.
            confirmed: The workspace's name, as a person has typed it.

        Raises:
            RefusedError: The name is another one, or something in it is protected or in use; nothing was deleted.
            IncompleteError: It may have been deleted, or still is there.
            TrApplyError: It could not be read or deleted.
        """
        from tr_apply.deployment.removal import remove  # noqa: PLC0415

        source = Configured(configuration)
        await remove(self._clients.of(source.credentials), source, removal, confirmed, self._deadline)


@frozen(kw_only=True)
class Access:
    """How to get to a TaskRouter.

    Attributes:
        target: The TaskRouter; where it names none, the *environment* does.
        deadline: When all that is asked of it must have ended.
        observers: Whom every request is shown to.
        environment: The variables with the credentials.
        concurrency: Maximum number of concurrent requests.
    """

    target: TargetOptions
    deadline: Deadline = field(default_factory=Deadline)
    observers: Sequence[Observer] = ()
    environment: Mapping[str, str] = field(default_factory=lambda: os.environ, repr=False)
    concurrency: int = CONCURRENCY

    @asynccontextmanager
    async def router(self) -> AsyncIterator[Router]:
        """The TaskRouter, connected.

        Raises:
            TargetError: The embedded one cannot be opened.
            OutOfTimeError: It is not ready by the deadline.
        """
        async with open_clients(
            self.target,
            environment=self.environment,
            concurrency=self.concurrency,
            observers=self.observers,
            deadline=self.deadline,
        ) as clients:
            yield Router(clients, self.deadline)


@asynccontextmanager
async def connect(
    *,
    local: bool = False,
    local_db: StrPath | None = None,
    base_url: str | None = None,
    account_sid: str | None = None,
    auth_token: str | None = None,
    concurrency: int = CONCURRENCY,
    timeout_s: float | None = None,
) -> AsyncIterator[Router]:
    """A TaskRouter: Twilio's with the environment's credentials, another server, or the embedded one.

    Args:
        local: The embedded TaskRouter, kept in ``.tr-apply/local.db``.
        local_db: The embedded TaskRouter, kept in this file.
        base_url: Another server of the same API; https, except on this machine.
        account_sid: Instead of ``TWILIO_ACCOUNT_SID``.
        auth_token: Instead of ``TWILIO_AUTH_TOKEN``.
        concurrency: Maximum number of concurrent requests.
        timeout_s: Seconds after which whatever is asked of it ends with an `OutOfTimeError`; None for no limit.

    Raises:
        UsageError: Two TaskRouters are named.
        TargetError: No TaskRouter is named, or the credentials would not be safe on the way to it.
    """
    target = TargetOptions(base_url, local, None if local_db is None else Path(local_db))
    given = {"TWILIO_ACCOUNT_SID": account_sid, "TWILIO_AUTH_TOKEN": auth_token}
    environment = {**os.environ, **{name: value for name, value in given.items() if value is not None}}
    access = Access(target=target, environment=environment, concurrency=concurrency, deadline=Deadline(timeout_s))
    async with access.router() as router:
        yield router
