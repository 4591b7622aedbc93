"""Where workers are, and that they are free."""

from collections.abc import Iterable

from tr_apply.routing.engine.parties import QueueParty, WorkerParty
from tr_apply.routing.engine.state import State
from tr_apply.routing.events import About, ActivityChange, Event, EventType
from tr_apply.routing.names import name_key
from tr_apply.routing.records import Worker, changed


def free(state: State, worker: WorkerParty) -> None:
    """Let a worker choose before the call is over, who may be eligible for a task that waits."""
    state.freed[worker] = None
    for line in list(worker.absent):
        if state.ready(worker, line.channel):
            line.enter(worker)


def move(state: State, worker: WorkerParty, activity_sid: str | None) -> None:
    """Send a worker to an activity; None, and the one the worker is in, change nothing."""
    before = worker.worker
    if activity_sid is None or activity_sid == before.activity_sid:
        return
    change(state, worker, before._replace(activity_sid=activity_sid, status_changed_ms=state.now))
    state.in_activity[before.activity_sid] ^= 1 << worker.number
    state.in_activity[activity_sid] ^= 1 << worker.number
    follow_queues(state, worker, state.membership.change_activity(worker.number, worker.names))
    tell(
        state, worker, "worker.activity.update", ActivityChange(before.activity_sid, since_ms=before.status_changed_ms)
    )
    if worker.available:
        free(state, worker)


def change(state: State, worker: WorkerParty, record: Worker) -> None:
    """Store another record of a worker."""
    worker.change(record._replace(version=record.version + 1), state.activities[record.activity_sid])
    state.changed_workers[record.sid] = worker


def tell(state: State, worker: WorkerParty, event_type: EventType, about: About | None = None) -> None:
    """An event about a worker."""
    state.events.append(Event(event_type, state.now, worker=worker.worker, about=about))


def follow_queues(state: State, worker: WorkerParty, changed: Iterable[str]) -> None:
    """Let a worker join or leave each of these queues."""
    for sid in changed:
        queue = state.queues[sid]
        if queue in worker.queues:
            leave_queue(worker, queue)
        else:
            join_queue(worker, queue)


def join_queue(worker: WorkerParty, queue: QueueParty) -> None:
    """Let a worker into a queue, and into its lines."""
    worker.queues[queue] = None
    for line in queue.lines.values():
        line.enter(worker)


def leave_queue(worker: WorkerParty, queue: QueueParty) -> None:
    """Put a worker out of a queue and its lines."""
    del worker.queues[queue]
    for line in queue.lines.values():
        line.leave(worker)


def enrol(state: State, party: WorkerParty) -> None:
    """Note a worker under SID, name and number, and in the activity."""
    worker = party.worker
    state.workers[worker.sid] = state.named[name_key(worker.name)] = state.numbered[party.number] = party
    state.in_activity[worker.activity_sid] |= 1 << party.number


def record(party: WorkerParty) -> Worker:
    """A worker's record, with when the worker was reserved last."""
    on_channels = dict(party.last_reserved_on)
    return changed(party.worker, {"last_reserved_ms": party.last_reserved_ms, "last_reserved_on": on_channels})
