"""Who is eligible for a task in a step, in order, and what excludes everybody else.

Where the engine looks only as far as it must, this looks at every worker; both go by engine/eligibility.py. To say why
somebody is excluded costs much more than to know it, and is done for the nearest only.
"""

import heapq
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, assert_never

from tr_apply.routing.engine.dispatch import find_worker
from tr_apply.routing.engine.eligibility import admission, preference
from tr_apply.routing.engine.line import Key
from tr_apply.routing.engine.parties import WorkerParty
from tr_apply.routing.engine.state import State
from tr_apply.routing.evaluate import Names, evaluate, resolve
from tr_apply.routing.format import format_expression
from tr_apply.routing.nodes import And, Comparison, Expression, Or, Path, paths
from tr_apply.routing.parser import parse_target_workers
from tr_apply.routing.records import Task, Worker
from tr_apply.routing.workflow import CHANNEL_ROOT, Step, wanted


class Obstacle(IntEnum):
    """The reason that excludes a worker; the one nearest to being eligible comes last."""

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
class Mismatch:
    """A comparison that is false."""

    comparison: Comparison
    found: tuple[tuple[Path, Any], ...]
    """Its paths, and the value of each; None is null, or nothing at all."""

    def __str__(self) -> str:
        """The comparison as canonical text."""
        return format_expression(self.comparison)


@dataclass(frozen=True, slots=True)
class Excluded:
    """A worker who is not eligible, and the first condition that says so."""

    worker: Worker
    obstacle: Obstacle
    mismatch: Mismatch | None = None
    """The first comparison that is false, where an expression is the obstacle; None of an empty one."""

    found: Mapping[str, Any] | None = None
    """Details of the reason: ``activity``, or ``used`` and ``capacity``."""


@dataclass(frozen=True, slots=True)
class Survey:
    """All workers of a workspace, as seen from one step."""

    eligible: tuple[Worker, ...]
    """In the order in which they would be reserved."""

    excluded: tuple[Excluded, ...]
    """Those nearest to being eligible first, and perhaps no others."""

    excluded_count: int
    """How many there are in all."""

    unready: tuple[Excluded, ...] = ()
    """Those of *excluded*, all of them, whom the step wants: only their activity, their channel or their load is in the
    way."""


def survey(state: State, step: Step, task: Task, *, nearest: int | None = None, with_unready: bool = False) -> Survey:
    """Look at the workers with the eyes of *task* in *step*.

    Args:
        state: The workspace.
        step: Where the task is.
        task: The task.
        nearest: How many of those to name who are excluded; None for all.
        with_unready: Whether to name all of those whom the step wants and who cannot take the task now.
    """
    candidates = _candidates(state, step)
    eligible: list[WorkerParty] = []
    excluded: list[tuple[Obstacle, WorkerParty]] = []
    for worker in candidates:
        found = _obstacle(state, step, task, worker)
        if found is None:
            eligible.append(worker)
        else:
            excluded.append((found, worker))
    idle = state.idle_key(task.channel)
    eligible.sort(key=preference(step, idle))
    excluded.sort(key=lambda pair: (-pair[0], idle(pair[1])))
    left = None if nearest is None else max(0, nearest - len(excluded))
    strangers = [(_foreign(step), each) for each in _strangers(state, candidates, idle, left)]
    wanted_ones = [pair for pair in excluded if pair[0] >= Obstacle.ACTIVITY]
    return Survey(
        tuple(each.worker for each in eligible),
        tuple(_explained(state, step, task, *pair) for pair in [*excluded, *strangers][:nearest]),
        len(state.workers) - len(eligible),
        tuple(_explained(state, step, task, *pair) for pair in wanted_ones) if with_unready else (),
    )


def _candidates(state: State, step: Step) -> list[WorkerParty]:
    """Those who are in the queue or, of a task with a worker as target, that one."""
    if step.worker_sid is not None:
        return [each for each in (state.workers.get(step.worker_sid),) if each is not None]
    return [] if step.queue_sid is None else state.members(step.queue_sid)


def _foreign(step: Step) -> Obstacle:
    return Obstacle.NOT_IN_QUEUE if step.worker_sid is None else Obstacle.NOT_WANTED


def _strangers(
    state: State, candidates: list[WorkerParty], idle: Callable[[WorkerParty], Key], number: int | None
) -> list[WorkerParty]:
    """Workers who are not candidates, the longest idle first; at most *number* of them."""
    if number == 0:
        return []
    known = set(candidates)
    others = (each for each in state.workers.values() if each not in known)
    return sorted(others, key=idle) if number is None else heapq.nsmallest(number, others, key=idle)


def _obstacle(state: State, step: Step, task: Task, candidate: WorkerParty) -> Obstacle | None:
    """The first thing that excludes a candidate; None if that one is eligible."""
    if step.worker_sid is not None and task.ignore_capacity:
        return None
    if step.known_worker is not None:
        name = wanted(step, task.attributes.values)
        if name is None or find_worker(state, name) is not candidate:
            return Obstacle.NOT_WANTED
    fits = admission(step, task)
    if fits is not None and not fits(candidate):
        return Obstacle.EXPRESSION
    return _unreadiness(state, task, candidate)


def _unreadiness(state: State, task: Task, worker: WorkerParty) -> Obstacle | None:
    if state.ready(worker, task.channel):
        return None
    if not worker.available:
        return Obstacle.ACTIVITY
    if state.workspace.multi_task_enabled and not worker.channel(task.channel).available:
        return Obstacle.CHANNEL
    return Obstacle.CAPACITY


def _explained(state: State, step: Step, task: Task, found: Obstacle, worker: WorkerParty) -> Excluded:
    """The reason that excludes a worker, with its details."""
    match found:
        case Obstacle.NOT_IN_QUEUE:
            text = "" if step.queue_sid is None else state.queues[step.queue_sid].queue.target_workers
            expression = parse_target_workers(text)
            mismatch = None if expression is None else first_mismatch(expression, worker.names)
            return Excluded(worker.worker, found, mismatch)
        case Obstacle.EXPRESSION if step.expression is not None:
            names = {"task": task.attributes.values, "worker": worker.names, CHANNEL_ROOT: worker.numbers}
            return Excluded(worker.worker, found, first_mismatch(step.expression, names))
        case Obstacle.ACTIVITY:
            activity = state.activities[worker.worker.activity_sid].name
            return Excluded(worker.worker, found, found={"activity": activity})
        case Obstacle.CAPACITY:
            return Excluded(worker.worker, found, found=_load(state, task, worker))
        case _:
            return Excluded(worker.worker, found)


def _load(state: State, task: Task, worker: WorkerParty) -> Mapping[str, int]:
    if not state.workspace.multi_task_enabled:
        return {"used": worker.held, "capacity": 1}
    return {"used": worker.load.get(task.channel, 0), "capacity": worker.channel(task.channel).capacity}


def first_mismatch(expression: Expression, names: Names) -> Mismatch | None:
    """The first comparison, from the left, for which *expression* is false; None if it is true."""
    if evaluate(expression, names):
        return None
    match expression:
        case Comparison():
            found = dict.fromkeys(paths(expression))
            return Mismatch(expression, tuple((path, resolve(path, names)) for path in found))
        case And(operands) | Or(operands):
            return next(filter(None, (first_mismatch(operand, names) for operand in operands)))
        case _:
            assert_never(expression)
