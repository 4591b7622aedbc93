"""Plans that were saved: no configuration is needed, unless something in them is sensitive."""

import asyncio
from dataclasses import dataclass

from tr_apply.client import Client
from tr_apply.config.load import Configuration
from tr_apply.deployment.applied import Applied
from tr_apply.deployment.configured import Configured
from tr_apply.deployment.creation import planned_rest, surprises
from tr_apply.deployment.freshness import bound, checked_again, require_place
from tr_apply.deployment.proof import unproven
from tr_apply.errors import RefusedError
from tr_apply.live import Live, Snapshot
from tr_apply.plan.change import Plan
from tr_apply.plan.saved.begun import prediction
from tr_apply.plan.saved.secret_values import filled, needs_secrets
from tr_apply.reader import read_parts
from tr_apply.resources import SECTIONS
from tr_apply.resources.credentials import Credentials

_LOOKS = 4  # lists may lag behind writes


@dataclass(frozen=True, slots=True)
class Saved:
    """A plan that was saved.

    Attributes:
        saved: The plan as it was saved.
        configured: What it was made from, for its sensitive values.
    """

    saved: Plan
    configured: Configured | None = None

    @property
    def workspace(self) -> str:
        """The workspace's name."""
        return self.saved.target.workspace

    @property
    def credentials(self) -> Credentials | None:
        """Which variables hold the credentials; None for the usual ones."""
        return None if self.configured is None else self.configured.credentials

    @property
    def configuration(self) -> Configuration | None:
        """The configuration, if there is one."""
        return None if self.configured is None else self.configured.configuration

    async def plan(self, client: Client, region: str | None) -> tuple[Plan, Snapshot | None]:
        """The plan, ready to be carried out: it belongs here, and its sensitive values are filled in.

        Raises:
            RefusedError: when it was made for another place.
            StaleError: when a sensitive value is not the one that was planned.
        """
        require_place(self.saved, client, region)
        saved = bound(self.saved, region, client)  # the file of an embedded TaskRouter may have moved
        if not needs_secrets(saved):
            return saved, None
        checked = await checked_again(client, saved)  # a change of the workspace is reported as what it is
        if self.configured is None:
            raise RefusedError("the plan contains sensitive values as digests; also give the configuration")
        fresh, _ = await self.configured.plan(client, region)
        return filled(saved, checked.rest, fresh), checked.snapshot

    async def prove(self, client: Client, plan: Plan, applied: Applied) -> None:
        """Read the written resources again and compare."""
        left = await unproven(client, plan)
        applied.verified = not left
        applied.notes += [f"{each} is not as it was written" for each in left]

    async def rest(self, client: Client, plan: Plan, workspace: Live) -> Plan:
        """The rest of *plan* for the *workspace* that was just created, if its content is as predicted.

        Raises:
            RefusedError: It is not.
        """
        expected, pause = prediction(plan), client.patience.first_s
        snapshot = await _contents(client, workspace)
        for _ in range(_LOOKS - 1):
            if not any(surprises(expected, snapshot)):
                break
            await asyncio.sleep(pause)
            pause *= 2
            snapshot = await _contents(client, workspace)
        if different := sorted(surprises(expected, snapshot)):
            raise RefusedError(f"it is not as predicted: {', '.join(different)}; plan again")
        return planned_rest(plan, snapshot)


async def _contents(client: Client, workspace: Live) -> Snapshot:
    return await read_parts(client, workspace, [kind.name for kind in SECTIONS], ())
