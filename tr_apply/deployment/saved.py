"""Plans that were saved: no configuration is needed, unless something in them is sensitive."""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from tr_apply.client import Client
from tr_apply.config.load import Configuration
from tr_apply.deployment.applied import Applied
from tr_apply.deployment.configured import Configured
from tr_apply.deployment.freshness import bound, checked_again, require_place
from tr_apply.deployment.proof import unproven
from tr_apply.errors import RefusedError
from tr_apply.live import Live, Snapshot
from tr_apply.plan.change import Action, Operation, Plan, Verb
from tr_apply.plan.compare.diff import changed_fields
from tr_apply.plan.saved.begun import prediction
from tr_apply.plan.saved.secret_values import filled, needs_secrets
from tr_apply.reader import read_parts
from tr_apply.resources import SECTIONS, WORKSPACE, SidOf
from tr_apply.resources.credentials import Credentials
from tr_apply.routing.names import name_key
from tr_apply.wire import live_labels, model_of, references_in

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
            if not any(_surprises(expected, snapshot)):
                break
            await asyncio.sleep(pause)
            pause *= 2
            snapshot = await _contents(client, workspace)
        if different := sorted(_surprises(expected, snapshot)):
            raise RefusedError(f"it is not as predicted: {', '.join(different)}; plan again")
        return replace(plan, operations=_after_creation(plan), sids=_sids(plan, snapshot))


async def _contents(client: Client, workspace: Live) -> Snapshot:
    return await read_parts(client, workspace, [kind.name for kind in SECTIONS], ())


def _surprises(expected: Snapshot, snapshot: Snapshot) -> Iterator[str]:
    """The resources in *snapshot* that differ from the prediction, as ``KIND/NAME``."""
    expected_labels, labels = live_labels(expected), live_labels(snapshot)
    for kind in SECTIONS:
        before = {live.name: model_of(live, expected_labels) for live in expected.by_kind.get(kind.name, ())}
        now = {live.name: model_of(live, labels) for live in snapshot.by_kind[kind.name]}
        yield from (f"{kind.name}/{name}" for name in before.keys() ^ now.keys())
        both = before.keys() & now.keys()
        yield from (f"{kind.name}/{name}" for name in both if changed_fields(kind, before[name], now[name]))


def _after_creation(plan: Plan) -> Sequence[Operation]:
    """The operations after the creation: its own second request, and all others."""
    first, *rest = plan.operations
    second = replace(first, action=Action.UPDATE, writes=first.writes[1:])
    return [second, *rest] if second.writes else rest


def _sids(plan: Plan, snapshot: Snapshot) -> dict[SidOf, str]:
    """SIDs of the seeds in the workspace, by their final names in the plan."""
    live = {(each.kind, name_key(each.name)): each.sid for each in snapshot.each()}
    former: dict[SidOf, str] = {}
    wanted: set[SidOf] = set()
    for write in (write for operation in plan.operations for write in operation.writes):
        wanted |= write.needs | {write.target}
        wanted.update(*(references_in(value) for value in write.form.values()))
        if write.verb is Verb.UPDATE and write.vacates is not None:
            former.setdefault(write.target, write.vacates)
    names = {label: (label.kind, former.get(label, name_key(label.name))) for label in wanted}
    found = {label: live[name] for label, name in names.items() if name in live}
    return found | {SidOf(WORKSPACE.name, ""): snapshot.workspace.sid}
