"""Makes a scene from TaskRouter's own documents, and a JSON document from a picture, for programs that draw it."""

import json
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from tr_apply.picture.drawing.colors import HUES
from tr_apply.picture.drawing.sentences import shared_words
from tr_apply.picture.make import Scene
from tr_apply.picture.model import Lane, LaneStep, Picture, QueueCard, WorkflowLanes
from tr_apply.picture.texts import Texts
from tr_apply.resources import TaskQueue, Workflow, from_document
from tr_apply.resources.template import SidOf, from_live

_QUEUE = "task_queue"


class Routed(NamedTuple):
    """The routing of a workspace as TaskRouter holds it."""

    name: str
    workflows: Mapping[str, str]
    """The ``Configuration`` of each workflow, by name."""

    queues: Mapping[str, str]
    """The ``TargetWorkers`` of each queue, by name."""

    called: Mapping[str, tuple[str, str]]
    """The kind and the name of the resource of each SID."""


def scene_of(routed: Routed) -> Scene:
    """*routed* as a scene, without people."""
    known = {sid: SidOf(kind, name) for sid, (kind, name) in routed.called.items()}

    def queue_name(sid: str) -> str | None:
        reference = known.get(sid)
        return reference.name if reference is not None and reference.kind == _QUEUE else None

    def template(text: str) -> str:
        return from_live(text, known)

    queues = [
        TaskQueue.model_construct(name=name, target_workers=template(text)) for name, text in routed.queues.items()
    ]
    workflows = [
        Workflow.model_construct(name=name, **from_document(json.loads(text), queue_name, template))
        for name, text in routed.workflows.items()
    ]
    return Scene(routed.name, workflows, queues, texts=Texts(known))


def picture_document(picture: Picture) -> dict[str, Any]:
    """*picture* as JSON: the words of `lanes_html`, in its order; who is in a queue is for the reader to add."""
    return {
        "workflows": [_workflow(each, picture) for each in picture.workflows],
        "queues": [_card(each, picture) for each in picture.queues],
    }


def _workflow(workflow: WorkflowLanes, picture: Picture) -> dict[str, Any]:
    return {
        "name": workflow.name,
        "notes": [*workflow.notes, *shared_words(workflow)],
        "lanes": [_lane(each, workflow, picture) for each in workflow.lanes],
    }


def _lane(lane: Lane, workflow: WorkflowLanes, picture: Picture) -> dict[str, Any]:
    return {
        "number": lane.number,
        "title": lane.title,
        "condition": lane.condition if lane.name else "",
        "expression": lane.expression,
        "tags": lane.tags,
        "blame": None if lane.blame is None else lane.blame._asdict(),
        "steps": [dict(_step(each, lane, workflow, picture)) for each in lane.steps],
        "end": lane.end,
        "waits": lane.waits_in is not None,
    }


def _step(step: LaneStep, lane: Lane, workflow: WorkflowLanes, picture: Picture) -> Iterator[tuple[str, Any]]:
    yield "queue", step.queue
    yield "color", _color(step.queue, picture)
    yield "badges", [{"text": badge.text, "title": badge.title} for badge in workflow.badges(step)]
    yield "leaves", step.leaves
    yield "is_reached", step.is_reached
    yield "is_last", step is lane.waits_in


def _card(card: QueueCard, picture: Picture) -> dict[str, Any]:
    return {
        "name": card.name,
        "color": _color(card.name, picture),
        "who": card.who,
        "expression": card.expression,
        "fed_by": card.fed_by,
    }


def _color(queue: str, picture: Picture) -> int | None:
    color = picture.color(queue)
    return None if color is None else color % len(HUES)
