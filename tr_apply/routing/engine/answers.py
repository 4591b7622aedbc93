"""The end of reservations, and so of their tasks: by the answers of workers, and by their silence."""

from tr_apply.routing import unsure
from tr_apply.routing.engine import reservations, transfers
from tr_apply.routing.engine.parties import TaskParty, WorkerParty
from tr_apply.routing.engine.presence import move
from tr_apply.routing.engine.progress import cancel, resume, tell, tell_transfer
from tr_apply.routing.engine.state import State
from tr_apply.routing.engine.tasks import LONGEST_ASSIGNMENT_MS, complete, wrap
from tr_apply.routing.records import Reservation, ReservationStatus
from tr_apply.routing.refusals import IllegalStepError, RescindedError


def accept(state: State, reservation: Reservation) -> None:
    """Give the task to this worker, and rescind the reservations of others."""
    _demand(reservation, "accepted", "pending")
    party = state.tasks[reservation.task_sid]
    task = party.task
    if party.transfer is not None:
        transfers.accept(state, party, party.transfer)
    state.put_task(party, status="assigned", assigned_ms=state.now)
    reservations.accept(state, party, reservation)
    for sid in list(party.open):
        if sid != reservation.sid and state.reservations[sid].status == "pending":
            reservations.end(state, party, state.reservations[sid], "rescinded")
    if reservation.transfer_sid is not None:
        tell_transfer(state, party, "task.transfer-completed", state.transfers[reservation.transfer_sid])
        tell(state, party, "task.updated")
    state.timers.set(task.sid, task.serial, state.now + LONGEST_ASSIGNMENT_MS)


def reject(state: State, reservation: Reservation, activity_sid: str | None) -> None:
    """Refuse the task, and go to another activity if one is given."""
    _demand(reservation, "rejected", "pending")
    if activity_sid is not None:
        state.activity(activity_sid)
    _end_unaccepted(state, reservation, "rejected", activity_sid=activity_sid)


def fail(state: State, reservation: Reservation, reason_code: int | None) -> None:
    """Cancel a reservation whose call or conference could not be set up."""
    _demand(reservation, "canceled", "pending")
    _end_unaccepted(state, reservation, "canceled", reason_code=reason_code)


def rescind(state: State, reservation: Reservation) -> None:
    """Withdraw the reservation of one worker."""
    _demand(reservation, "rescinded", "pending")
    _end_unaccepted(state, reservation, "rescinded")


def time_out(state: State, reservation: Reservation) -> None:
    """Do before its time what happens to a reservation that nobody answers."""
    _demand(reservation, "timeout", "pending")
    on_timer(state, reservation)


def on_timer(state: State, reservation: Reservation) -> None:
    """End a reservation that nobody answered; the worker goes to the workspace's timeout activity."""
    _end_unaccepted(state, reservation, "timeout", activity_sid=state.workspace.timeout_activity_sid)


def wrap_up(state: State, reservation: Reservation) -> None:
    """Begin to wrap the task up, as the task's own wrapping does, unless somebody else has it after a transfer."""
    _demand(reservation, "wrapping", "accepted")
    party = state.tasks[reservation.task_sid]
    if party.transfer is None and not _others(state, party, reservation, "accepted"):
        wrap(state, party, reason=None)
    else:
        reservations.wrap_up(state, party, reservation)


def finish(state: State, reservation: Reservation) -> None:
    """Complete the task, as the task's own completion does, unless somebody else has it after a transfer."""
    _demand(reservation, "completed", "accepted", "wrapping")
    party = state.tasks[reservation.task_sid]
    if party.transfer is None and not _others(state, party, reservation, "accepted", "wrapping"):
        complete(state, party, reason=None)
        return
    reservations.end(state, party, reservation, "completed")
    if party.task.status == "assigned" and not _others(state, party, reservation, "accepted"):
        wrap(state, party, reason=None)


def reject_all(state: State, worker: WorkerParty, activity_sid: str) -> None:
    """Send a worker to an activity that is not available, and reject whatever is offered.

    Raises:
        IllegalStepError: The activity is available.
    """
    if state.activity(activity_sid).available:
        raise IllegalStepError("RejectPendingReservations is for an Activity that is not available")
    move(state, worker, activity_sid)
    for sid in list(worker.open):
        reservation = state.reservations[sid]
        if reservation.status == "pending":
            _end_unaccepted(state, reservation, "rejected", activity_sid=activity_sid)


def _end_unaccepted(
    state: State,
    reservation: Reservation,
    status: ReservationStatus,
    *,
    activity_sid: str | None = None,
    reason_code: int | None = None,
) -> None:
    party = state.tasks[reservation.task_sid]
    if party.transfer is not None:
        transfers.not_accepted(
            state, party.transfer, reservation, status, activity_sid=activity_sid, reason_code=reason_code
        )
        return
    reservations.end(state, party, reservation, status, activity_sid=activity_sid, reason_code=reason_code)
    if not party.open:
        _resume(state, party, status)


def _others(state: State, party: TaskParty, reservation: Reservation, *statuses: ReservationStatus) -> bool:
    """Whether another reservation of a task has one of these statuses, which a transfer alone can lead to."""
    return any(state.reservations[sid].status in statuses for sid in party.open if sid != reservation.sid)


def _resume(state: State, party: TaskParty, status: ReservationStatus) -> None:
    """Go on with a task that nobody accepted. One directed to a worker ends: it was for nobody else."""
    if party.step.worker_sid is not None:
        cancel(state, party, f"{unsure.REASON_TARGET_NOT_ACCEPTED} {status}")
    else:
        resume(state, party)


def _demand(reservation: Reservation, wish: ReservationStatus, *allowed: ReservationStatus) -> None:
    if reservation.status in allowed:
        return
    if reservation.status == "rescinded":
        raise RescindedError(f"Reservation {reservation.sid} was rescinded; another worker was faster")
    raise IllegalStepError(
        f"Reservation {reservation.sid} is {reservation.status} and cannot become {wish};"
        f" it must be {' or '.join(allowed)}"
    )
