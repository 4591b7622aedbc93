"""Deletes a whole workspace, if nothing in it is protected or in use and somebody has typed its name."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from tr_apply.client import Client
from tr_apply.deployment.configured import Configured
from tr_apply.deployment.deadline import Deadline, OutOfTimeError
from tr_apply.errors import AnswerLostError, IncompleteError, RefusedError, TrApplyError
from tr_apply.live import Snapshot, Work
from tr_apply.plan.change import PlanTarget
from tr_apply.plan.checks.guard import protects
from tr_apply.plan.json_values import Count, Sid
from tr_apply.resources import SECTIONS, WORKSPACE
from tr_apply.resources.document import Document
from tr_apply.resources.seeds import is_flex
from tr_apply.routing.names import name_key


@dataclass(frozen=True, slots=True)
class Removal:
    """The deletion of a live workspace with everything in it.

    Attributes:
        snapshot: The workspace and every resource in it.
        work: Its tasks that have not ended.
        undeclared: The number of its resources that the configuration does not declare, by kind.
        target: Its TaskRouter and account.
    """

    snapshot: Snapshot
    work: Work
    undeclared: Mapping[str, int]
    target: PlanTarget

    @property
    def name(self) -> str:
        """The live workspace's name."""
        return self.snapshot.workspace.name

    @property
    def sid(self) -> str:
        """The live workspace's SID."""
        return self.snapshot.workspace.sid


@dataclass(frozen=True, slots=True)
class RemovalDocument:
    """The result of ``destroy`` as JSON."""

    workspace: str
    """The workspace's name."""

    workspace_sid: Sid | None
    """The workspace; null where there was none."""

    deleted: bool
    """Whether there was one."""

    contents: Mapping[str, Count]
    """The number of resources that were in it, by kind."""


def removal_document(name: str, removal: Removal | None) -> RemovalDocument:
    """*removal* of the workspace *name*, after it was carried out."""
    if removal is None:
        return RemovalDocument(name, None, deleted=False, contents={})
    contents = {kind: len(live) for kind, live in removal.snapshot.by_kind.items()}
    return RemovalDocument(name, removal.sid, deleted=True, contents=contents)


async def planned_removal(client: Client, source: Configured) -> Removal | None:
    """The resources that deleting the workspace of *source* would delete; None if there is no such workspace.

    Raises:
        RefusedError: A resource in it is protected or in use.
        TrApplyError: The workspace cannot be read.
    """
    document = source.configuration.document
    _require_allowed([*_protected_workspace(document)])
    if (snapshot := await source.everything(client)) is None:
        return None
    live = snapshot.workspace
    target = PlanTarget(live.name, snapshot.account_sid, live.sid, host=client.host, database=client.database)
    removal = Removal(snapshot, await client.unfinished_tasks(live.sid), _undeclared(document, snapshot), target)
    _require_allowed([*_protected(document, removal), *_in_use(removal)])
    return removal


async def remove(client: Client, source: Configured, removal: Removal, confirmed: str, deadline: Deadline) -> None:
    """Delete the workspace of *removal*, whose name somebody has *confirmed*, and see that it is gone.

    What protects it is looked at again, because somebody may have called in the meantime.

    Raises:
        RefusedError: when the name is another one, or something in it is protected or in use; nothing was deleted.
        IncompleteError: when it may have been deleted, or still is there.
        TrApplyError: when it could not be read or deleted.
    """
    if confirmed != removal.name:
        raise RefusedError(f"the workspace's name is {removal.name!r}, not {confirmed!r}; nothing was deleted")
    async with deadline.bound():
        now = await planned_removal(client, source)
    if now is None:
        return
    if now.sid != removal.sid:
        raise RefusedError(f"the workspace {removal.name!r} is now {now.sid}, not {removal.sid}; nothing was deleted")
    if now.target != removal.target:
        raise RefusedError(f"the workspace {removal.name!r} was confirmed in another TaskRouter; nothing was deleted")
    deadline.require_left()
    try:
        async with deadline.bound():
            await client.delete(WORKSPACE, removal.sid, removal.sid)
    except (AnswerLostError, OutOfTimeError) as error:
        raise IncompleteError(f"the workspace may have been deleted: {error}; run again to find out") from error
    await _require_gone(client, removal, deadline)


async def _require_gone(client: Client, removal: Removal, deadline: Deadline) -> None:
    try:
        async with deadline.bound():
            left = [live for live in await client.workspaces() if live.sid == removal.sid]
    except TrApplyError as error:
        raise IncompleteError(f"the workspace was deleted, but that could not be seen: {error}") from error
    if left:
        raise IncompleteError(
            f"TaskRouter accepted the deletion, but the workspace {removal.name!r} ({removal.sid}) is still listed"
        )


def _require_allowed(reasons: list[str]) -> None:
    if reasons:
        raise RefusedError("nothing was deleted:\n" + "\n".join(f"  {each}" for each in reasons))


def _protected_workspace(document: Document) -> Iterator[str]:
    if is_flex(document.workspace.name):
        yield "the workspace belongs to Flex, which cannot work without it"
    yield from _protections(document, WORKSPACE.name, document.workspace.name, "the workspace")


def _protected(document: Document, removal: Removal) -> Iterator[str]:
    """The live resources that ``safety.protect`` lists; the live name of the workspace counts, too."""
    if is_flex(removal.name):
        yield "the workspace belongs to Flex, which cannot work without it"
    yield from _protections(document, WORKSPACE.name, removal.name, "the workspace")
    for kind in SECTIONS:
        for live in removal.snapshot.by_kind[kind.name]:
            yield from _protections(document, kind.name, live.name, f"the {kind.title} {live.name!r}")


def _protections(document: Document, kind: str, name: str, what: str) -> Iterator[str]:
    for pattern in document.safety.protect:
        if protects(pattern, kind, name):
            yield f"{what} is protected by {pattern!r} in `safety.protect`; remove the protection first"
            return


def _in_use(removal: Removal) -> Iterator[str]:
    if removal.work.any:
        counts = " and ".join(f"{number} {status}" for status, number in sorted(removal.work.counts.items()))
        least = "at least " if removal.work.more else ""
        tasks = "task" if sum(removal.work.counts.values()) == 1 else "tasks"
        yield f"the workspace has {least}{counts} {tasks}; let them end, or cancel them, first"


def _undeclared(document: Document, snapshot: Snapshot) -> Mapping[str, int]:
    found = {}
    for kind in SECTIONS:
        declared = {name_key(kind.name_of(each)) for each in getattr(document, kind.section)}
        found[kind.name] = sum(name_key(live.name) not in declared for live in snapshot.by_kind[kind.name])
    return {kind: number for kind, number in found.items() if number}
