"""Actions on workers."""

from dataclasses import dataclass

from tr_apply.routing.engine.answers import reject_all
from tr_apply.routing.engine.parties import WorkerParty, free_percentage, worker_names
from tr_apply.routing.engine.presence import change, enrol, follow_queues, free, join_queue, leave_queue, move, tell
from tr_apply.routing.engine.state import State
from tr_apply.routing.events import ActivityChange, ChannelChange
from tr_apply.routing.names import name_key
from tr_apply.routing.records import Attributes, Worker, WorkerChannel
from tr_apply.routing.refusals import IllegalStepError, InUseError


@dataclass(frozen=True, slots=True)
class WorkerUpdate:
    """The changes of a worker; None for no change."""

    name: str | None = None
    attributes: Attributes | None = None


def create(state: State, worker: Worker) -> WorkerParty:
    """Add a worker, whose ``status_changed_ms`` is now."""
    _check_name(state, worker.name)
    if worker.sid in state.workers:
        raise IllegalStepError(f"There is a worker {worker.sid} already")
    activity = state.activity(worker.activity_sid)
    number, queues = state.membership.add_worker(worker_names(worker, activity))
    party = WorkerParty(worker._replace(status_changed_ms=state.now), activity, number, state.channels)
    enrol(state, party)
    state.changed_workers[worker.sid] = party
    for sid in queues:
        join_queue(party, state.queues[sid])
    tell(state, party, "worker.created")
    if party.available:
        free(state, party)
    return party


def update(state: State, party: WorkerParty, changes: WorkerUpdate) -> None:
    """Change a worker's name or attributes, and so perhaps the queues and what the worker is eligible for.

    Equal attributes change nothing, and keep the worker's version.
    """
    before = party.worker
    name = before.name if changes.name is None else changes.name
    attributes = before.attributes if changes.attributes is None else changes.attributes
    if name == before.name and attributes.is_same(before.attributes):
        party.worker = before._replace(attributes=attributes)  # perhaps written otherwise
        return
    if name_key(name) != name_key(before.name):
        _check_name(state, name)
    del state.named[name_key(before.name)]
    state.named[name_key(name)] = party
    change(state, party, before._replace(name=name, attributes=attributes))
    follow_queues(state, party, state.membership.change_worker(party.number, party.names))
    for queue in party.queues:
        for line in queue.lines.values():
            line.enter(party)
    tell(state, party, "worker.attributes.update")
    free(state, party)


def set_activity(state: State, party: WorkerParty, activity_sid: str, *, reject_pending: bool) -> None:
    """Move a worker to an activity; with *reject_pending*, reject the worker's pending reservations."""
    state.activity(activity_sid)
    if reject_pending:
        reject_all(state, party, activity_sid)
    else:
        move(state, party, activity_sid)


def set_channel(
    state: State, party: WorkerParty, channel: str, *, capacity: int | None, available: bool | None
) -> None:
    """Change how much of a channel a worker takes; None for what stays."""
    state.channel(channel)
    before = party.channel(channel)
    after = WorkerChannel(
        before.capacity if capacity is None else capacity,
        before.available if available is None else available,
    )
    if after == before:
        return
    change(state, party, party.worker._replace(channels={**party.worker.channels, channel: after}))
    about = _channel_change(party, channel, before.capacity, after.capacity)
    if after.capacity != before.capacity:
        tell(state, party, "worker.capacity.update", about)
    if after.available != before.available:
        tell(state, party, "worker.channel.availability.update", about)
    free(state, party)


def _channel_change(party: WorkerParty, channel: str, before: int, after: int) -> ChannelChange:
    return ChannelChange(
        channel,
        previous_capacity=before,
        assigned_tasks=party.accepted.get(channel, 0),
        available_capacity_percentage=free_percentage(party.load.get(channel, 0), after),
    )


def delete(state: State, party: WorkerParty) -> None:
    """Remove a worker.

    Raises:
        InUseError: The worker is in an available activity, or holds a reservation.
    """
    worker = party.worker
    if party.available:
        raise InUseError(f"Worker {worker.sid} cannot be deleted while in an available Activity")
    if party.open:
        raise InUseError(f"Worker {worker.sid} cannot be deleted while holding a reservation")
    state.membership.remove_worker(party.number)
    for queue in list(party.queues):
        leave_queue(party, queue)
    state.in_activity[worker.activity_sid] &= ~(1 << party.number)
    del state.workers[worker.sid], state.named[name_key(worker.name)], state.numbered[party.number]
    state.changed_workers.pop(worker.sid, None)
    state.removed_workers.append(worker.sid)
    tell(state, party, "worker.deleted", ActivityChange(worker.activity_sid, since_ms=worker.status_changed_ms))


def _check_name(state: State, name: str) -> None:
    if name_key(name) in state.named:
        raise IllegalStepError(f"There is a worker named {name} already")
