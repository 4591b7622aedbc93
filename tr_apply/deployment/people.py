"""The people of a live workspace, for checks that read them and write nothing."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from tr_apply.client import Client
from tr_apply.deployment.configured import Configured
from tr_apply.deployment.server_answers import Questions, live_attributes
from tr_apply.findings import Finding
from tr_apply.lint.attributes import are_kept
from tr_apply.live import Live
from tr_apply.plan.matching.matched import expression_names
from tr_apply.reader import named_workspace, read_parts
from tr_apply.resources import TASK_QUEUE, WORKER, WORKFLOW, Worker
from tr_apply.resources.document import Document
from tr_apply.resources.routing_test import OwnWorker
from tr_apply.routing.evaluate import Names
from tr_apply.routing.names import name_key
from tr_apply.wire import Labels, field_of, live_labels


class LiveLook(NamedTuple):
    """The parts of a live workspace that were read."""

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
    workers = await client.resources(WORKER, workspace.sid)
    people = list(_people(workers, document))
    if not ask_server:
        return LiveLook(people)
    questions = Questions(document)
    found = [each async for each in questions.differences(client, workspace, workers)]
    return LiveLook(people, found, questions.unasked)


def _people(workers: Sequence[Live], document: Document) -> Iterator[Names]:
    """The live workers as they will be, and those that the configuration adds."""
    declared = {name_key(each.name): each for each in document.workers if each is not None}
    for worker in workers:
        ours = declared.pop(name_key(worker.name), None)
        yield expression_names(worker, _attributes(live_attributes(worker), ours, document))
    for each in declared.values():
        yield {**(each.attributes or {}), "friendly_name": each.name}


def _attributes(live: Mapping[str, Any], ours: Worker | None, document: Document) -> Mapping[str, Any]:
    if ours is None or ours.attributes is None:
        return live
    rule = document.manage.workers
    kept = {key: value for key, value in live.items() if rule.attributes == "merge" or are_kept(rule, (key,))}
    return {**kept, **{key: value for key, value in ours.attributes.items() if not are_kept(rule, (key,))}}


async def live_staff(client: Client, name: str, document: Document) -> Sequence[OwnWorker]:
    """The people of the live workspace *name* for routing tests of *document*: available, and without a task.

    They have the attributes that the document gives them. SIDs in others become references by name, because the SIDs of
    resources that are only declared are invented.

    Raises:
        TrApplyError: There is no such workspace.
        ApiError, NetworkError: It cannot be read.
    """
    workspace = await named_workspace(client, name)
    snapshot = await read_parts(client, workspace, [WORKER.name, TASK_QUEUE.name, WORKFLOW.name], [])
    labels = live_labels(snapshot)
    declared = {name_key(each.name): each for each in document.workers if each is not None}

    def person(worker: Live) -> OwnWorker:
        ours = declared.get(name_key(worker.name))
        attributes = _attributes(_templates(worker, labels), ours, document)
        channels = {} if ours is None else ours.channels or {}
        return OwnWorker.model_construct(name=worker.name, attributes=dict(attributes), channels=dict(channels))

    return list(map(person, snapshot.by_kind[WORKER.name]))


def _templates(worker: Live, labels: Labels) -> Mapping[str, Any]:
    """Its attributes as a file would have them."""
    return field_of(WORKER, "attributes", worker, labels) if live_attributes(worker) else {}
