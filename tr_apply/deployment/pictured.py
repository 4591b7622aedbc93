"""Configurations and live workspaces as scenes of pictures; what must not be shown is hidden in them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from tr_apply.client import Client
from tr_apply.config.load import Configuration, Inputs, load
from tr_apply.difference import Contents, contents_of_live
from tr_apply.errors import TrApplyError
from tr_apply.live import Live, Snapshot
from tr_apply.picture import Counted, Members, Picture, Scene, Texts, compared_picture, members_of, picture_of
from tr_apply.plan.compare.filter_match import paired_filters
from tr_apply.plan.matching.matched import expression_names
from tr_apply.reader import find_workspace, named_workspace, read_everything
from tr_apply.resources import TASK_QUEUE, WORKER, WORKFLOW, WORKSPACE, Filter, Kind, Target, TaskQueue, Workflow
from tr_apply.resources.document import Document
from tr_apply.resources.field_path import lies_in
from tr_apply.resources.template import SidOf, mapped
from tr_apply.routing.evaluate import Names
from tr_apply.wire import live_labels, parsed_json

_TEXTS: Final = ("expression", "order_by", "skip_if", "known_worker_sid", "known_worker_friendly_name")
_ACTIVITY: Final = frozenset({"activity_sid", "activity_name"})
"""Fields of a worker that no file has: they change all day."""


@dataclass(frozen=True, slots=True)
class Depicted:
    """One side of a picture."""

    title: str
    """Its name in a sentence."""

    contents: Contents
    snapshot: Snapshot | None = None
    """Where it is live."""

    counted: Counted = field(default_factory=dict)
    """The figures of the steps of its workflows."""

    is_live: bool = False
    """Whether it is live, or was read from what is."""


def depicted_file(configuration: Configuration, *, counted: Counted | None = None, is_live: bool = False) -> Depicted:
    """A configuration, with the figures of its steps; *is_live* where it was read from a workspace."""
    document = configuration.document
    by_kind = {
        kind.name: {str(n): each for n, each in enumerate(getattr(document, kind.section))}
        for kind in (TASK_QUEUE, WORKFLOW, WORKER)
    }
    contents = Contents(document.workspace, by_kind, document)
    return Depicted(configuration.path, contents, counted=counted or {}, is_live=is_live)


async def depicted_live(client: Client, workspace: Live) -> Depicted:
    """A live workspace with everything except the channels of its workers.

    Raises:
        TrApplyError: when two resources of a kind have one name.
        ApiError, NetworkError: when it cannot be read.
    """
    snapshot = await read_everything(client, workspace, channels=False)
    return Depicted(f"{workspace.name} ({workspace.sid})", contents_of_live(snapshot), snapshot, is_live=True)


async def live_side(client: Client, configuration: Configuration) -> Depicted:
    """The live workspace that *configuration* is for.

    Raises:
        TrApplyError: when there is none.
        ApiError, NetworkError: when it cannot be read.
    """
    return await depicted_live(client, await _live_workspace(client, configuration, "--live"))


async def _live_workspace(client: Client, configuration: Configuration, option: str) -> Live:
    declared = configuration.document.workspace
    if (workspace := await find_workspace(client, declared)) is None:
        raise TrApplyError(f"there is no live workspace {declared.name!r} yet; leave out {option}")
    return workspace


async def live_configuration(client: Client, configuration: Configuration) -> Configuration:
    """The live workspace that *configuration* is for, as the configuration that would make it.

    Raises:
        TrApplyError: when there is none.
        ApiError, NetworkError: when it cannot be read.
    """
    from tr_apply.export import exported_text, sections_of  # noqa: PLC0415  # seldom needed

    workspace = await _live_workspace(client, configuration, "--against live")
    text = exported_text(sections_of(await read_everything(client, workspace)))
    found = load(Path(f"{workspace.name} (live)"), Inputs(content=text.encode()))
    found.require_valid()
    return found


async def picture_with_live(
    client: Client, configuration: Configuration, against: Configuration | str | None, *, live: bool
) -> Picture:
    """*configuration*, perhaps *against* another one or a live workspace, with the *live* people if asked for.

    Raises:
        TrApplyError: when there is no such workspace.
        ApiError, NetworkError: when it cannot be read.
    """
    other: Depicted | None = None
    if isinstance(against, str):
        other = await depicted_live(client, await named_workspace(client, against))
    elif against is not None:
        other = depicted_file(against)
    people = await live_side(client, configuration) if live else None
    return picture(depicted_file(configuration), against=other, people=people)


def picture(side: Depicted, *, against: Depicted | None = None, people: Depicted | None = None) -> Picture:
    """*side*, with what has changed since *against* if there is such.

    The workers of *people*, which is live, are those of each configuration.
    """
    sides = [each for each in (side, against, people) if each is not None]
    documents = [each.contents.document for each in sides if each.contents.document is not None]
    studio = _Studio(people, Texts(dict(_labels(sides))), _Secrets(documents))
    scene = studio.scene(side)
    if against is None:
        return picture_of(scene)
    return compared_picture(studio.scene(against), scene, paired_filters, against=against.title)


@dataclass(frozen=True, slots=True)
class _Studio:
    """Makes scenes, all with the same understanding of SIDs, secrets and people."""

    people: Depicted | None
    texts: Texts
    secrets: "_Secrets"

    def scene(self, side: Depicted) -> Scene:
        members, people = self._members(side)
        secrets = replace(self.secrets, by_name=not side.is_live)
        queues = list(map(secrets.queue, side.contents.by_kind[TASK_QUEUE.name].values()))
        workflows = list(map(secrets.workflow, side.contents.by_kind[WORKFLOW.name].values()))
        return Scene(side.contents.workspace.name, workflows, queues, members, people, self.texts, counted=side.counted)

    def _members(self, side: Depicted) -> tuple[Members, str]:
        """Who is in which queue of *side*, and which people these are."""
        queues = side.contents.by_kind[TASK_QUEUE.name].values()
        live = side if side.snapshot is not None else self.people
        if live is not None:
            assert live.snapshot is not None
            found = dict(_live_names(live.snapshot, self.texts))
            return members_of(queues, found, self.texts), f"the {_counted(found)} of {live.title}"
        found = dict(_declared_names(side.contents.by_kind[WORKER.name].values(), self.texts))
        if not found:
            return {}, ""
        members = members_of(queues, found, self.texts, unknown=_ACTIVITY)
        return members, f"the {_counted(found, 'declared ')}{_and_others(side.contents.document)}"


def _counted(found: Mapping[str, Names], what: str = "") -> str:
    return f"{len(found)} {what}worker{'' if len(found) == 1 else 's'}"


def _and_others(document: Document | None) -> str:
    is_all = document is None or document.manage.workers.mode == "exact"
    return "" if is_all else "; there may be others"


def _labels(sides: Iterable[Depicted]) -> Iterator[tuple[str, SidOf]]:
    for each in sides:
        if each.snapshot is not None:
            yield from live_labels(each.snapshot).by_sid.items()
            yield each.snapshot.workspace.sid, SidOf(WORKSPACE.name, "")


def _live_names(snapshot: Snapshot, texts: Texts) -> Iterator[tuple[str, Names]]:
    """The names in expressions, resolved for each live worker."""
    for each in snapshot.by_kind[WORKER.name]:
        names = expression_names(each, parsed_json(each, "attributes"))
        yield each.name, mapped(dict(names), lambda leaf: texts.literal(leaf) if isinstance(leaf, str) else leaf)


def _declared_names(workers: Iterable[Any], texts: Texts) -> Iterator[tuple[str, Names]]:
    """The names in expressions, resolved for each declared worker."""
    for each in workers:
        own = {"friendly_name": each.name, "sid": texts.sid(SidOf(WORKER.name, each.name))}
        attributes = mapped(each.attributes or {}, lambda leaf: texts.text(leaf) if isinstance(leaf, str) else leaf)
        yield each.name, {**attributes, **own}


@dataclass(frozen=True, slots=True)
class _Secrets:
    """Hides values that *documents* declare sensitive. Different secrets stay different, so a change shows."""

    documents: Sequence[Document]
    by_name: bool = True
    """Whether secrets are compared only within a resource of the same name; a live value may come from any resource."""

    labels: dict[str, str] = field(default_factory=dict)

    def queue(self, queue: TaskQueue) -> TaskQueue:
        """*queue* without what must not be shown."""
        if not self._is_secret(TASK_QUEUE, queue.name, "target_workers"):
            return queue
        return queue.model_copy(update={"target_workers": self._label(queue.target_workers)})

    def workflow(self, workflow: Workflow) -> Workflow:
        """*workflow* without what must not be shown."""
        filters = [self._filter(workflow.name, number, each) for number, each in enumerate(workflow.filters, 1)]
        default = workflow.default_filter and self._target(workflow.name, "default_filter", workflow.default_filter)
        return workflow.model_copy(update={"filters": filters, "default_filter": default})

    def _filter(self, workflow: str, number: int, each: Filter) -> Filter:
        path = f"filters[{each.name or f'#{number}'}]"
        targets = [self._target(workflow, f"{path}.targets[{index}]", one) for index, one in enumerate(each.targets)]
        is_secret = self._is_secret(WORKFLOW, workflow, f"{path}.expression")
        hidden = {"expression": self._label(each.expression)} if is_secret else {}
        return each.model_copy(update={"targets": targets, **hidden})

    def _target(self, workflow: str, path: str, each: Target) -> Target:
        keys = [key for key in _TEXTS if getattr(each, key) and self._is_secret(WORKFLOW, workflow, f"{path}.{key}")]
        return each.model_copy(update={key: self._label(getattr(each, key)) for key in keys})

    def _is_secret(self, kind: Kind, name: str, path: str) -> bool:
        own = name if self.by_name else None
        patterns = (pattern for each in self.documents for pattern in each.sensitive(kind.section, own))
        return any(lies_in(path, pattern) for pattern in patterns)

    def _label(self, secret: str) -> str:
        number = len(self.labels) + 1
        return self.labels.setdefault(secret, "(sensitive)" if number == 1 else f"(sensitive, no. {number})")
