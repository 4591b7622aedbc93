"""Reservations: how they begin and end, and what that does to workers. What that does to tasks is not decided here."""

from collections.abc import Sequence

from tr_apply.routing.engine.parties import TaskParty, WorkerParty
from tr_apply.routing.engine.presence import free, move
from tr_apply.routing.engine.state import State
from tr_apply.routing.events import Event, EventType
from tr_apply.routing.records import Reservation, ReservationStatus, changed
from tr_apply.routing.workspace import TaskQueue

_EVENTS: dict[ReservationStatus, EventType] = {
    "pending": "reservation.created",
    "accepted": "reservation.accepted",
    "rejected": "reservation.rejected",
    "timeout": "reservation.timeout",
    "canceled": "reservation.canceled",
    "rescinded": "reservation.rescinded",
    "wrapping": "reservation.wrapup",
    "completed": "reservation.completed",
}


def reserve(state: State, party: TaskParty, workers: Sequence[WorkerParty]) -> None:
    """Offer a task to these workers at the same time."""
    if party.group is not None:
        party.group.remove(party)
    task = party.task
    state.put_task(party, status="reserved", assignments=task.assignments + 1)
    if party.transfer is None:
        state.timers.set(task.sid, task.serial, task.created_ms + 1000 * task.timeout_s)
    else:
        state.events.append(Event("task.updated", state.now, party.task))
    queue = None if task.queue_sid is None else state.queues[task.queue_sid].queue
    for worker in workers:
        _open(state, party, worker, queue)


def _open(state: State, party: TaskParty, worker: WorkerParty, queue: TaskQueue | None) -> None:
    task, now = party.task, state.now
    timeout_s = state.workflows[task.workflow_sid].task_reservation_timeout_s
    changed_activity = None if queue is None else _single_tasking(state, queue.reservation_activity_sid)
    reservation = Reservation(  # without the names of its fields, with which it takes twice the time
        state.new_sid("WR"),
        state.next_serial(),
        task.sid,
        worker.worker.sid,
        worker.worker.name,
        "pending",
        task.queue_sid,
        task.workflow_sid,
        task.channel,
        now + 1000 * timeout_s,
        None if changed_activity is None else worker.worker.activity_sid,
        None,  # canceled_reason_code
        now,  # created_ms
        now,  # updated_ms
        0,  # version
        None if party.transfer is None else party.transfer.sid,
    )
    party.reservations += (reservation.sid,)
    hold(party, worker, reservation)
    worker.reserve(task.channel, now)
    # A reservation is a change to its worker, as its end is not: so the tests of Twilio's own SDK have it.
    worker.worker = changed(worker.worker, {"version": worker.worker.version + 1})
    state.changed_workers[worker.worker.sid] = worker
    state.turns[worker.worker.sid, task.channel] = now
    state.timers.set(reservation.sid, reservation.serial, now + 1000 * timeout_s)
    _put(state, party, worker, reservation)
    move(state, worker, changed_activity)


def hold(party: TaskParty, worker: WorkerParty, reservation: Reservation) -> None:
    """Note a reservation with both sides."""
    party.open[reservation.sid] = None
    worker.open[reservation.sid] = None


def accept(state: State, party: TaskParty, reservation: Reservation) -> None:
    """Give a worker the task that was offered."""
    worker = state.workers[reservation.worker_sid]
    state.timers.clear(reservation.sid)
    worker.accepted[reservation.channel] = worker.accepted.get(reservation.channel, 0) + 1
    _put(state, party, worker, _with_status(state, reservation, "accepted"))
    if reservation.queue_sid is not None:
        move(state, worker, _single_tasking(state, state.queues[reservation.queue_sid].queue.assignment_activity_sid))


def wrap_up(state: State, party: TaskParty, reservation: Reservation) -> None:
    """Move a reservation to wrapping; it still takes the worker's capacity."""
    worker = state.workers[reservation.worker_sid]
    worker.accepted[reservation.channel] -= 1
    _put(state, party, worker, _with_status(state, reservation, "wrapping"))


def end(
    state: State,
    party: TaskParty,
    reservation: Reservation,
    status: ReservationStatus,
    *,
    activity_sid: str | None = None,
    reason_code: int | None = None,
) -> None:
    """End a reservation: the worker has the capacity back and, if *activity_sid* says so, another activity."""
    worker = state.workers[reservation.worker_sid]
    del party.open[reservation.sid], worker.open[reservation.sid]
    worker.release(reservation.channel)
    if reservation.status == "accepted":
        worker.accepted[reservation.channel] -= 1
    state.timers.clear(reservation.sid)
    ended = _with_status(state, reservation, status)
    _put(state, party, worker, ended if reason_code is None else ended._replace(canceled_reason_code=reason_code))
    if status != "completed":
        move(state, worker, activity_sid or _activity_before(state, worker, reservation))
    free(state, worker)


def _activity_before(state: State, worker: WorkerParty, reservation: Reservation) -> str | None:
    """Where a worker returns to whose activity the reservation had changed, and nobody since."""
    if reservation.previous_activity_sid is None or reservation.queue_sid is None:
        return None
    unchanged = worker.worker.activity_sid == state.queues[reservation.queue_sid].queue.reservation_activity_sid
    return reservation.previous_activity_sid if unchanged else None


def _single_tasking(state: State, activity_sid: str | None) -> str | None:
    """Reservations change activities in single-tasking workspaces only."""
    return None if state.workspace.multi_task_enabled else activity_sid


def _with_status(state: State, reservation: Reservation, status: ReservationStatus) -> Reservation:
    changes = {"status": status, "updated_ms": state.now, "version": reservation.version + 1}
    return changed(reservation, changes)


def _put(state: State, party: TaskParty, worker: WorkerParty, reservation: Reservation) -> None:
    state.put_reservation(reservation)
    event_type = _EVENTS[reservation.status]
    about = None if reservation.transfer_sid is None else state.transfers[reservation.transfer_sid]
    state.events.append(Event(event_type, state.now, party.task, reservation, worker.worker, about))
    if state.load_matters:
        free(state, worker)
