"""The state of a workspace as documents: its lanes, the tasks that wait in each step, the load of queues and workers.

All of it comes from the routing engine; nothing is read from the file.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from functools import reduce
from operator import or_
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from tr_apply.routing.engine.state import State
from tr_apply.routing.nodes import Comparator, Comparison, Constant, Expression, ListLiteral, Path, comparisons
from tr_apply.routing.records import UNASSIGNED, Task
from tr_apply.routing.workflow import Routing

if TYPE_CHECKING:
    from tr_apply.picture import Routed

Document: TypeAlias = dict[str, Any]

_HOLDING: Final = frozenset({"assigned", "wrapping"})
SHOWN: Final = 100
"""How many of the tasks that wait in a step are named."""

_SUGGESTED: Final = 50
"""Values of an attribute that are suggested."""


# Waiting tasks, by place


def load_of(state: State, now_ms: int) -> Document:
    """How many tasks wait in each step and queue, and what each worker has in hand."""
    statuses: Counter[str] = Counter()
    steps: dict[str, Document] = {}
    queues = {sid: _queue(state, sid) for sid in state.queues}
    for party in state.tasks.values():
        task = party.task
        statuses[task.status] += 1
        queue = queues.get(task.queue_sid or "")
        if task.status in UNASSIGNED:
            _wait(steps.setdefault(_step_key(task, state), _nobody()), task)
            if queue is not None:
                _wait(queue, task)
        elif task.status in _HOLDING and queue is not None:
            queue[task.status] += 1
    workers = dict(_workers(state))
    return {"now_ms": now_ms, "tasks": dict(statuses), "steps": steps, "queues": queues, "workers": workers}


def waiting_in(state: State, step: str) -> Document:
    """The tasks that wait in a step, the oldest first, as far as they are shown."""
    found = [each.task for each in state.tasks.values() if _is_in(each.task, step, state)]
    found.sort(key=lambda task: task.created_ms)
    return {"total": len(found), "tasks": [_waiting_task(task) for task in found[:SHOWN]]}


def place_of(state: State, task_sid: str) -> Document | None:
    """The step that a task is in, and until when; None if there is no such task."""
    if task_sid not in state.tasks:
        return None
    task = state.task(task_sid).task
    place = task.place if task.status in UNASSIGNED else None
    return {
        "step": _step_key(task, state) if place is not None else None,
        "deadline_ms": None if place is None else place.deadline_ms,
        "ends_ms": task.created_ms + 1000 * task.timeout_s if task.status in UNASSIGNED else None,
    }


def _is_in(task: Task, step: str, state: State) -> bool:
    return task.status in UNASSIGNED and _step_key(task, state) == step


def _step_key(task: Task, state: State) -> str:
    """The step a task waits in: workflow, filter and target; or ``earlier`` where its workflow has changed since."""
    workflow = state.workflows.get(task.workflow_sid)
    if task.place is None or workflow is None or workflow.version != task.workflow_version:
        return f"{task.workflow_sid}/earlier"
    return f"{task.workflow_sid}/{task.place.filter}/{task.place.target}"


def _nobody() -> Document:
    return {"waiting": 0, "oldest_ms": None}


def _wait(where: Document, task: Task) -> None:
    where["waiting"] += 1
    where["oldest_ms"] = min(task.created_ms, where["oldest_ms"] or task.created_ms)


def _queue(state: State, sid: str) -> Document:
    members = state.membership.members.get(sid, 0)
    at_work = reduce(or_, (bits for key, bits in state.in_activity.items() if state.activities[key].available), 0)
    counts = {"members": members.bit_count(), "available": (members & at_work).bit_count()}
    return {**_nobody(), "assigned": 0, "wrapping": 0, **counts}


def _workers(state: State) -> Iterator[tuple[str, Document]]:
    for sid, party in state.workers.items():
        worker, held = party.worker, [state.reservations[each].status for each in party.open]
        yield (
            sid,
            {
                "name": worker.name,
                "activity": worker.activity_sid,
                "since_ms": worker.status_changed_ms,
                "offered": held.count("pending"),
                "held": len(held) - held.count("pending"),
                "channels": {channel: count for channel, count in party.load.items() if count},
            },
        )


def _waiting_task(task: Task) -> Document:
    return {
        "sid": task.sid,
        "status": task.status,
        "created_ms": task.created_ms,
        "priority": task.priority,
        "attributes": task.attributes.text,
    }


# Changes for the page

Changes: TypeAlias = dict[str, Any]
"""By section, the entries that are new or different; None for those that are gone."""


def changes_between(before: Document, after: Document) -> Changes:
    """The differences that turn *before* into *after*, section by section; empty if there are none."""
    found = {}
    for name, entries in after.items():
        if isinstance(entries, Mapping) and (changed := dict(_changed(before[name], entries))):
            found[name] = changed
    return found


def _changed(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for key, value in after.items():
        if key not in before or before[key] != value:
            yield key, value
    yield from ((key, None) for key in before.keys() - after.keys())


# How tasks are routed


class DrawnLanes:
    """The lanes of each workspace, drawn again when its workflows or queues have changed."""

    def __init__(self) -> None:
        self._drawn: dict[str, tuple[Routed, Document]] = {}

    def known(self, state: State) -> "tuple[Routed, Document | None]":
        """The routing of a workspace, and its drawing if it was drawn already."""
        routed = _routed(state)
        before, document = self._drawn.get(state.workspace.sid, (None, None))
        return routed, document if before == routed else None

    def keep(self, workspace_sid: str, routed: "Routed", document: Document) -> None:
        """Remember a drawing, in place of an earlier one."""
        self._drawn[workspace_sid] = routed, document


def drawn(routed: "Routed") -> Document:
    """The lanes of all workflows and the queues; it may take a while, as it finds out what expressions mean."""
    from tr_apply.picture import picture_document, picture_of, scene_of  # noqa: PLC0415

    return picture_document(picture_of(scene_of(routed)))


def with_sids(document: Document, state: State) -> Document:
    """*document* with the SID of each workflow and queue, and what tasks of each workflow are asked for."""
    routings = [state.routings[sid, each.version] for sid, each in state.workflows.items()]
    workflows = [
        {"sid": sid, **each, "attributes": list(asked_of_tasks(routing))}
        for sid, each, routing in zip(state.workflows, document["workflows"], routings, strict=True)
    ]
    queues = [{"sid": sid, **each} for sid, each in zip(state.queues, document["queues"], strict=False)]
    return {"name": state.workspace.name, "workflows": workflows, "queues": queues}


def _routed(state: State) -> "Routed":
    from tr_apply.picture import Routed  # noqa: PLC0415  # with pydantic, a third of the start of a server

    called = {
        **{sid: ("activity", each.name) for sid, each in state.activities.items()},
        **{each.sid: ("task_channel", each.name) for each in state.channels.values()},
        **{sid: ("workflow", each.name) for sid, each in state.workflows.items()},
        **{sid: ("worker", each.worker.name) for sid, each in state.workers.items()},
        **{sid: ("task_queue", each.queue.name) for sid, each in state.queues.items()},
    }
    workflows = {each.name: each.document for each in state.workflows.values()}
    queues = {each.queue.name: each.queue.target_workers for each in state.queues.values()}
    return Routed(state.workspace.name, workflows, queues, called)


# Attributes for tasks

_Segments: TypeAlias = tuple[str | int, ...]


def asked_of_tasks(routing: Routing) -> Iterator[Document]:
    """The attributes of tasks that the expressions of a workflow ask for, with the values they compare them with."""
    values: dict[_Segments, dict[Any, None]] = {}
    lists: set[_Segments] = set()
    for segments, comparison, is_left in _asked(routing):
        found = values.setdefault(segments, {})
        found.update(dict.fromkeys(_constants(comparison)))
        if comparison.comparator is Comparator.HAS and is_left:
            lists.add(segments)
    for step in routing.steps():
        if step.known_worker is not None:
            values.setdefault(step.known_worker.path.segments[1:], {})
    for segments, found in values.items():
        if all(isinstance(each, str) for each in segments):
            yield {"path": list(segments), "values": list(found)[:_SUGGESTED], "is_list": segments in lists}


def _asked(routing: Routing) -> Iterator[tuple[_Segments, Comparison, bool]]:
    """Each path of a task's attributes, the comparison that it is in, and whether it is on the left."""
    for each in routing.filters:
        yield from _compared(each.expression)
    for step in routing.steps():
        for segments, comparison, is_left in () if step.expression is None else _compared(step.expression):
            if segments[0] == "task":
                yield segments[1:], comparison, is_left


def _compared(expression: Expression) -> Iterator[tuple[_Segments, Comparison, bool]]:
    for comparison in comparisons(expression):
        for side in (comparison.left, comparison.right):
            if isinstance(side, Path):
                yield side.segments, comparison, side is comparison.left


def _constants(comparison: Comparison) -> Iterator[Any]:
    for side in (comparison.left, comparison.right):
        for each in side.items if isinstance(side, ListLiteral) else (side,):
            if isinstance(each, Constant) and each.value is not None:
                yield each.value
