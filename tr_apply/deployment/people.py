"""The people of a live workspace, for checks that read them and write nothing."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

from tr_apply.client import Client
from tr_apply.deployment.configured import Configured
from tr_apply.errors import ApiError
from tr_apply.findings import Finding, KeyPath, Spot, found_by
from tr_apply.lint.attributes import are_kept
from tr_apply.lint.conditions import condition
from tr_apply.lint.declarations import Declarations
from tr_apply.lint.expressions import placed_texts
from tr_apply.lint.member_rules import SERVER_DISAGREES
from tr_apply.live import Live
from tr_apply.plan.matching.matched import expression_names
from tr_apply.reader import named_workspace, read_parts
from tr_apply.resources import TASK_QUEUE, WORKER, WORKFLOW
from tr_apply.resources.document import Document
from tr_apply.resources.routing_test import OwnWorker
from tr_apply.resources.template import mapped
from tr_apply.resources.worker import Worker
from tr_apply.routing.evaluate import Names, compiled
from tr_apply.routing.names import name_key
from tr_apply.routing.nodes import Path, comparisons, paths
from tr_apply.routing.place import Place
from tr_apply.wire import live_labels, parsed_json

_PAUSE_S: Final = 0.34
"""TaskRouter answers three questions a second about the workers of an expression."""

_NAMED: Final = 5
_WORKER: Final = "worker."


class LiveLook(NamedTuple):
    """What was read of a live workspace."""

    people: Sequence[Names]
    """Its workers as a queue's expression reads them, with the attributes that the configuration gives them."""

    differences: Sequence[Finding] = ()
    """Expressions about which TaskRouter answers otherwise."""

    unasked: int = 0
    """How many expressions of targets TaskRouter was not asked about, as they read the task as well."""


async def look_at_live(client: Client, configured: Configured, *, ask_server: bool) -> LiveLook | None:
    """The people of the workspace that is *configured*; None where it is not live yet.

    Raises:
        ConfigError: when it is not clear which workspace is meant.
        ApiError, NetworkError: when it cannot be read.
    """
    document = configured.configuration.document
    workspace = await configured.live_workspace(client)
    if workspace is None:
        return None
    workers = await _workers(client, workspace)
    people = list(_people(workers, document))
    if not ask_server:
        return LiveLook(people)
    questions = _Questions(document)
    found = [each async for each in _differences(client, workspace, workers, questions)]
    return LiveLook(people, found, questions.unasked)


async def _workers(client: Client, workspace: Live) -> Sequence[Live]:
    return (await read_parts(client, workspace, [WORKER.name], [])).by_kind[WORKER.name]


def _people(workers: Sequence[Live], document: Document) -> Iterator[Names]:
    """The live workers as they will be, and those that the configuration adds."""
    declared = {name_key(each.name): each for each in document.workers if each is not None}
    for worker in workers:
        ours = declared.pop(name_key(worker.name), None)
        yield expression_names(worker, _attributes(_live_attributes(worker), ours, document))
    for each in declared.values():
        yield {**(each.attributes or {}), "friendly_name": each.name}


def _attributes(live: Mapping[str, Any], ours: Worker | None, document: Document) -> Mapping[str, Any]:
    if ours is None or ours.attributes is None:
        return live
    rule = document.manage.workers
    kept = {key: value for key, value in live.items() if rule.attributes == "merge" or are_kept(rule, (key,))}
    return {**kept, **{key: value for key, value in ours.attributes.items() if not are_kept(rule, (key,))}}


def _live_attributes(worker: Live) -> Mapping[str, Any]:
    """Its attributes; none where they cannot be read, as no expression finds any then."""
    try:
        found = parsed_json(worker, "attributes")
    except ApiError:
        return {}
    return found if isinstance(found, dict) else {}


async def live_staff(client: Client, name: str, document: Document) -> Sequence[OwnWorker]:
    """The people of the live workspace *name* for routing tests of *document*: available, and without a task.

    They have the attributes that the document gives them. SIDs in others are references by name, as the SIDs of what
    is only declared are made up.

    Raises:
        TrApplyError: when there is no such workspace.
        ApiError, NetworkError: when it cannot be read.
    """
    workspace = await named_workspace(client, name)
    snapshot = await read_parts(client, workspace, [WORKER.name, TASK_QUEUE.name, WORKFLOW.name], [])
    labels = live_labels(snapshot)
    declared = {name_key(each.name): each for each in document.workers if each is not None}

    def person(worker: Live) -> OwnWorker:
        ours = declared.get(name_key(worker.name))
        live = mapped(_live_attributes(worker), lambda leaf: labels.template(leaf) if isinstance(leaf, str) else leaf)
        channels = {} if ours is None else dict(ours.channels or {})
        return OwnWorker.model_construct(
            name=worker.name,
            attributes=dict(_attributes(live, ours, document)),
            channels=channels,
            activity=None,
            tasks=0,
        )

    return list(map(person, snapshot.by_kind[WORKER.name]))


# TaskRouter's own answers


async def _differences(
    client: Client, workspace: Live, workers: Sequence[Live], questions: "_Questions"
) -> AsyncIterator[Finding]:
    """Each expression for which TaskRouter finds other workers than we do, asked twice."""
    for text, path in questions.each():
        names = await _differing(client, workspace, workers, text)
        if names:  # somebody may have changed in between
            again = await _differing(client, workspace, await _workers(client, workspace), text)
            names = {name: answer for name, answer in names.items() if again.get(name) == answer}
        if names:
            yield found_by(SERVER_DISAGREES, _message(text, names), Spot(path))


class _Questions:
    """The expressions of *document* that TaskRouter can be asked about: without SIDs, which are made up here."""

    def __init__(self, document: Document) -> None:
        self._texts = [
            each
            for each in placed_texts(Declarations(document))
            if each.path[0] != "manage" and "${" not in each.template and condition(each.text) is not None
        ]

    def each(self) -> Iterator[tuple[str, KeyPath]]:
        """Every one once: of queues, and of targets that read nothing but the worker."""
        asked = dict[str, KeyPath]()
        for each in self._texts:
            if each.place is Place.QUEUE:
                asked.setdefault(each.text, each.path)
            elif each.place is Place.TARGET and (text := _of_workers(each.text)) is not None:
                asked.setdefault(text, each.path)
        yield from asked.items()

    @property
    def unasked(self) -> int:
        """How many expressions of targets read the worker and the task."""
        both = {"worker", "task"}
        texts = {each.text for each in self._texts if each.place is Place.TARGET}
        return sum(both <= {path.segments[0] for path in _asked(text)} for text in texts)


def _asked(text: str) -> Sequence[Path]:
    tree = condition(text)
    assert tree is not None
    return [path for comparison in comparisons(tree) for path in paths(comparison)]


def _of_workers(text: str) -> str | None:
    """The expression of a target as one of a queue, which has no prefix; None of one that reads anything else.

    Loads change from one moment to the next, so nothing is asked that reads them.
    """
    found = {path.offset: path.segments for path in _asked(text)}
    for start, segments in sorted(found.items(), reverse=True):
        if not text.startswith(_WORKER, start) or segments[1] == "channel":
            return None
        text = text[:start] + text[start + len(_WORKER) :]
    return text if found else None


async def _differing(client: Client, workspace: Live, workers: Sequence[Live], text: str) -> dict[str, bool]:
    """The workers about whom TaskRouter answers otherwise, and whether it says that they match."""
    tree = condition(text)
    assert tree is not None
    await asyncio.sleep(_PAUSE_S)
    matching = {each.sid for each in await client.workers_matching(workspace.sid, text)}
    matches = compiled(tree)
    ours = {each.sid for each in workers if matches(expression_names(each, _live_attributes(each)))}
    return {each.name: each.sid in matching for each in workers if (each.sid in matching) is not (each.sid in ours)}


def _message(text: str, names: Mapping[str, bool]) -> str:
    told = [f"{name} ({'matches' if answer else 'does not match'})" for name, answer in sorted(names.items())[:_NAMED]]
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return (
        f"TaskRouter answers otherwise than tr-apply for {text!r}: by TaskRouter {', '.join(told)}{more}, "
        "by tr-apply the reverse; please report this with the attributes of the worker"
    )
