"""Brings tasks and workers together: a task looks for workers, a freed worker looks for a task.

Between calls nobody waits for whom there is an eligible worker. So a task looks when it comes into a step, a worker
when something about the worker has changed, and neither has to look again.
"""

import heapq
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import TypeAlias

from tr_apply.routing.engine.eligibility import admission, preference
from tr_apply.routing.engine.parties import Group, QueueParty, TaskParty, WorkerParty, rank
from tr_apply.routing.engine.reservations import reserve
from tr_apply.routing.engine.state import State
from tr_apply.routing.records import Task
from tr_apply.routing.workflow import Step, Wanted, wanted

_Precedence: TypeAlias = tuple[bool, int, int, int]
"""Sorts tasks of all queues, the next one first: whether its queue is of the order that goes second, then its rank."""


def seek(state: State, party: TaskParty) -> bool:
    """Reserve workers for a task that does not wait yet; False if nobody is eligible."""
    queue_sid = party.task.queue_sid
    if queue_sid is not None and not state.freed and state.queues[queue_sid].waiting.has_like(party):
        return False  # or the other one would not wait
    return _choose(state, party)


def wait(state: State, party: TaskParty) -> None:
    """Let a task wait that found nobody."""
    step = party.step
    if step.worker_sid is not None:
        state.directed.add(party, state.next_ticket())
    elif step.queue_sid is not None:
        state.queues[step.queue_sid].waiting.add(party, state.next_ticket())


def settle(state: State) -> None:
    """Let every worker choose who was freed, the one longest idle first."""
    freed = state.freed
    if not freed:
        return
    while len(freed) == 1:  # nearly always
        worker, _ = freed.popitem()
        _serve(state, worker)
    line = [(worker.idle, worker) for worker in freed]
    heapq.heapify(line)
    while line:
        idle, worker = heapq.heappop(line)
        if worker.idle != idle:  # reserved since then
            heapq.heappush(line, (worker.idle, worker))
            continue
        del freed[worker]
        others = len(freed)
        _serve(state, worker)
        for new in islice(reversed(freed), len(freed) - others):
            heapq.heappush(line, (new.idle, new))


def _serve(state: State, worker: WorkerParty) -> None:
    """Reserve a worker for as many of the waiting tasks as the worker can take."""
    while (found := _next_task(state, worker)) is not None:
        reserved = _choose(state, found[1])
        assert reserved, "who is eligible for a task is found by it"


def _choose(state: State, party: TaskParty) -> bool:
    """Reserve the first of the eligible workers, unless a task that goes before this one takes them away."""
    while workers := _find(state, party):
        rival = _rival(state, party, workers) if state.freed else None
        if rival is None:
            reserve(state, party, workers)
            return True
        _choose(state, rival)
    return False


def _rival(state: State, party: TaskParty, workers: Sequence[WorkerParty]) -> TaskParty | None:
    """A waiting task that one of *workers*, being freed just now, must take before the task of *party*."""
    mine = precedence(state, party)
    for worker in workers:
        if worker in state.freed:
            found = _next_task(state, worker)
            if found is not None and found[0] < mine:
                return found[1]
    return None


# The workers for a task


def _find(state: State, party: TaskParty) -> Sequence[WorkerParty]:
    """The workers to reserve now: as many of those eligible as the queue reserves at a time."""
    step, task = party.step, party.task
    if step.wants_one:
        worker = _the_one(state, step, task)
        return () if worker is None else (worker,)
    if step.queue_sid is None:
        return ()
    queue = state.queues[step.queue_sid]
    if step.orders_by_load:
        return eligible_by_load(state, queue, step, task)[: queue.queue.max_reserved_workers]
    line = state.line(queue, step, task.channel)
    return line.first(queue.queue.max_reserved_workers, admission(step, task))


def _the_one(state: State, step: Step, task: Task) -> WorkerParty | None:
    """The only worker wanted, if eligible."""
    name = wanted(step, task.attributes.values)
    worker = None if name is None else find_worker(state, name)
    if worker is None:
        return None
    if step.worker_sid is not None:
        return worker if task.ignore_capacity or state.ready(worker, task.channel) else None
    in_queue = step.queue_sid is not None and state.queues[step.queue_sid] in worker.queues
    fits = admission(step, task)
    return worker if in_queue and state.ready(worker, task.channel) and (fits is None or fits(worker)) else None


def find_worker(state: State, name: Wanted) -> WorkerParty | None:
    """The worker of that SID or friendly name."""
    kind, value = name
    return state.workers.get(value) if kind == "sid" else state.named.get(value)


def eligible_by_load(state: State, queue: QueueParty, step: Step, task: Task) -> list[WorkerParty]:
    """All eligible workers, where their order changes with every reservation."""
    fits, key = admission(step, task), preference(step, state.idle_key(task.channel))
    members = (worker for worker in state.members(queue.queue.sid) if state.ready(worker, task.channel))
    return sorted((worker for worker in members if fits is None or fits(worker)), key=key)


# The task for a worker


def _next_task(state: State, worker: WorkerParty) -> tuple[_Precedence, TaskParty] | None:
    """The first of the waiting tasks for which a worker is eligible."""
    best = None
    for group in _groups(state, worker):
        place, party = group.first()
        precedence = (state.goes_second(group.queue), *place)
        if (best is None or precedence < best[0]) and _serves(state, worker, group, party.task):
            best = precedence, party
    return best


def _groups(state: State, worker: WorkerParty) -> Iterator[Group]:
    for queue in worker.queues:
        if queue.waiting:
            yield from queue.waiting.groups_for(worker.wanted_as)
    if state.directed:
        yield from state.directed.groups_for(worker.wanted_as)


def _serves(state: State, worker: WorkerParty, group: Group, task: Task) -> bool:
    if not state.ready(worker, group.channel):
        return False
    fits = admission(group.step, task)
    return fits is None or fits(worker)


def precedence(state: State, party: TaskParty) -> _Precedence:
    """The sort key of a task among all that wait. A task directed to a worker is in no queue's order."""
    directed = party.step.worker_sid is not None
    queue_sid = None if directed else party.task.queue_sid
    queue = None if queue_sid is None else state.queues[queue_sid].queue
    return (state.goes_second(queue), *rank(party.task, queue))
