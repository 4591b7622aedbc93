"""Who is eligible for a task in a step, in order, and what excludes everybody else.

Where the engine looks only as far as it must, this looks at every worker; both go by eligibility.py.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from tr_apply.routing.eligibility import admission, preference
from tr_apply.routing.engine.dispatch import find_worker
from tr_apply.routing.engine.parties import WorkerParty
from tr_apply.routing.engine.state import State
from tr_apply.routing.mismatch import Mismatch, first_mismatch
from tr_apply.routing.parser import parse
from tr_apply.routing.records import Task, Worker
from tr_apply.routing.workflow import CHANNEL_ROOT, Step, wanted


class Obstacle(IntEnum):
    """What excludes a worker, the nearest to being eligible last."""

    NOT_IN_QUEUE = 0
    NOT_WANTED = 1
    """The step wants one worker, and this is another."""

    EXPRESSION = 2
    """The target's expression is false."""

    ACTIVITY = 3
    CHANNEL = 4
    """The worker's channel is not available."""

    CAPACITY = 5
    """Nothing is left on the channel or, in a single-tasking workspace, the worker has a task."""


@dataclass(frozen=True, slots=True)
class Excluded:
    """A worker who is not eligible, and the first condition that says so."""

    worker: Worker
    obstacle: Obstacle
    mismatch: Mismatch | None = None
    """The first comparison that is false, where an expression is the obstacle; None of an empty one."""

    found: Mapping[str, Any] | None = None
    """What was found where something else is the obstacle: ``activity``, or ``used`` and ``capacity``."""


@dataclass(frozen=True, slots=True)
class Survey:
    """All workers of a workspace, as seen from one step."""

    eligible: tuple[Worker, ...]
    """In the order in which they would be reserved."""

    excluded: tuple[Excluded, ...]
    """Those nearest to being eligible first."""


def survey(state: State, step: Step, task: Task) -> Survey:
    """Look at every worker with the eyes of *task* in *step*."""
    eligible: list[WorkerParty] = []
    excluded: list[tuple[WorkerParty, Excluded]] = []
    for worker in state.workers.values():
        reason = exclusion(state, step, task, worker)
        if reason is None:
            eligible.append(worker)
        else:
            excluded.append((worker, reason))
    idle = state.idle_key(task.channel)
    eligible.sort(key=preference(step, idle))
    excluded.sort(key=lambda pair: (-pair[1].obstacle, idle(pair[0])))
    return Survey(tuple(each.worker for each in eligible), tuple(reason for _, reason in excluded))


def exclusion(state: State, step: Step, task: Task, worker: WorkerParty) -> Excluded | None:
    """What excludes a worker; None if the worker is eligible."""
    if step.worker_sid is not None:
        return _other_than_target(state, step, task, worker)
    return (
        _not_in_queue(state, step, worker)
        or _not_wanted(state, step, task, worker)
        or _not_admitted(step, task, worker)
        or _not_ready(state, task, worker)
    )


def _other_than_target(state: State, step: Step, task: Task, worker: WorkerParty) -> Excluded | None:
    if worker.worker.sid != step.worker_sid:
        return Excluded(worker.worker, Obstacle.NOT_WANTED)
    return None if task.ignore_capacity else _not_ready(state, task, worker)


def _not_in_queue(state: State, step: Step, worker: WorkerParty) -> Excluded | None:
    queue = None if step.queue_sid is None else state.queues[step.queue_sid]
    if queue in worker.queues:
        return None
    text = "" if queue is None else queue.queue.target_workers
    mismatch = first_mismatch(parse(text), worker.names) if text.strip() else None
    return Excluded(worker.worker, Obstacle.NOT_IN_QUEUE, mismatch)


def _not_wanted(state: State, step: Step, task: Task, worker: WorkerParty) -> Excluded | None:
    if not step.wants_one:
        return None
    name = wanted(step, task.attributes.values)
    if name is not None and find_worker(state, name) is worker:
        return None
    return Excluded(worker.worker, Obstacle.NOT_WANTED)


def _not_admitted(step: Step, task: Task, worker: WorkerParty) -> Excluded | None:
    fits = admission(step, task)
    if step.expression is None or fits is None or fits(worker):
        return None
    names = {"task": task.attributes.values, "worker": worker.names, CHANNEL_ROOT: worker.numbers}
    return Excluded(worker.worker, Obstacle.EXPRESSION, first_mismatch(step.expression, names))


def _not_ready(state: State, task: Task, worker: WorkerParty) -> Excluded | None:
    if state.ready(worker, task.channel):
        return None
    if not worker.available:
        activity = state.activities[worker.worker.activity_sid].name
        return Excluded(worker.worker, Obstacle.ACTIVITY, found={"activity": activity})
    if not state.workspace.multi_task_enabled:
        return Excluded(worker.worker, Obstacle.CAPACITY, found={"used": worker.held, "capacity": 1})
    limits = worker.channel(task.channel)
    if not limits.available:
        return Excluded(worker.worker, Obstacle.CHANNEL)
    used = worker.load.get(task.channel, 0)
    return Excluded(worker.worker, Obstacle.CAPACITY, found={"used": used, "capacity": limits.capacity})
