"""Reads again what a plan has written: the proof that needs no configuration."""

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from tr_apply.client import Client
from tr_apply.live import Live
from tr_apply.plan.change import Plan, Verb, Write
from tr_apply.plan.saved.standing import shows
from tr_apply.reader import named_workspace, read_parts
from tr_apply.resources import SECTIONS, SID, WORKER, WORKER_CHANNEL, WORKSPACE, SidOf
from tr_apply.routing.names import name_key
from tr_apply.wire import FormValue, Labels, live_labels, references_in

_LOOKS = 4  # lists may lag behind writes


async def unproven(client: Client, plan: Plan) -> list[str]:
    """The resources that differ from what *plan* wrote, as ``KIND/NAME``; looks again for a while.

    Raises:
        TrApplyError: The workspace cannot be read.
    """
    pause = client.patience.first_s
    for _ in range(_LOOKS - 1):
        if not (left := await _left(client, plan)):
            return left
        await asyncio.sleep(pause)
        pause *= 2
    return await _left(client, plan)


async def _left(client: Client, plan: Plan) -> list[str]:
    if (removed := _removed_workspace(plan)) is not None:
        return [WORKSPACE.name] if removed in {live.sid for live in await client.workspaces()} else []
    now = await _read(client, plan)
    forms: dict[SidOf, dict[str, FormValue]] = {}
    gone: list[Write] = []
    for write in _writes(plan):
        if write.verb is Verb.DELETE:
            gone.append(write)
        else:
            forms.setdefault(write.target, {}).update(write.form)
    forms = {label: form for label, form in forms.items() if label not in {write.target for write in gone}}
    wrong = [str(label) for label, form in forms.items() if not now.shows(label, form)]
    return sorted(wrong + [str(write.target) for write in gone if now.has(write)])


def _removed_workspace(plan: Plan) -> str | None:
    """The SID of the workspace, if *plan* deletes it with all that is in it."""
    deletes = (write for write in _writes(plan) if write.verb is Verb.DELETE)
    return next((write.sid for write in deletes if write.target.kind == WORKSPACE.name), None)


@dataclass(frozen=True, slots=True)
class _Now:
    """The live resources, by final name."""

    live: Mapping[SidOf, Live]
    labels: Labels

    def shows(self, label: SidOf, form: Mapping[str, FormValue]) -> bool:
        """Whether the resource *label* is there and shows *form*."""
        live = self.live.get(_by_key(label))
        return live is not None and shows(live, form, self._sid, self.labels)

    def _sid(self, label: SidOf) -> str:
        return label.name if SID.match(label.name) else self.live[_by_key(label)].sid

    def has(self, write: Write) -> bool:
        """Whether what *write* deletes is still there."""
        if write.sid is not None:
            return any(live.sid == write.sid for live in self.live.values())
        return _by_key(write.target) in self.live


def _by_key(label: SidOf) -> SidOf:
    return SidOf(label.kind, name_key(label.name))


def _writes(plan: Plan) -> Iterator[Write]:
    return (write for operation in plan.operations for write in operation.writes)


async def _read(client: Client, plan: Plan) -> _Now:
    target, labels = plan.target, _labels(plan)
    workspace = await named_workspace(client, target.workspace_sid or target.workspace)
    kinds = [kind.name for kind in SECTIONS if kind.name in {label.kind for label in labels}]
    snapshot = await read_parts(client, workspace, kinds, ())
    live = {SidOf(each.kind, name_key(each.name)): each for each in snapshot.each()}
    live[SidOf(WORKSPACE.name, "")] = workspace
    owners = {n for write in _writes(plan) if write.target.kind == WORKER_CHANNEL.name for n in write.needs}
    for owner in sorted((each for each in owners if each.kind == WORKER.name), key=str):
        if (worker := live.get(_by_key(owner))) is not None:
            for channel in await client.worker_channels(workspace.sid, worker.sid):
                live[SidOf(WORKER_CHANNEL.name, name_key(f"{owner.name}/{channel.name}"))] = channel
    return _Now(live, live_labels(snapshot))


def _labels(plan: Plan) -> set[SidOf]:
    """Everything that the requests of *plan* are about, or lead to."""
    labels: set[SidOf] = set()
    for write in _writes(plan):
        labels |= {write.target} | write.needs
        labels.update(*(references_in(value) for value in write.form.values()))
    return labels
