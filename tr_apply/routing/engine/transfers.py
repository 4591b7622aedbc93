"""Transfers: an assigned task is offered to another worker, or to those of a queue, while the first still has it.

While that is open the task is reserved, or it waits in the queue. Afterwards it is assigned, to the other worker or as
before.
"""

from dataclasses import dataclass
from typing import Final

from tr_apply.routing.engine import reservations
from tr_apply.routing.engine.dispatch import seek, wait
from tr_apply.routing.engine.parties import TaskParty
from tr_apply.routing.engine.progress import cancel, end_transfer, leave_group, target_step, tell, tell_transfer
from tr_apply.routing.engine.state import State
from tr_apply.routing.events import Event, EventType
from tr_apply.routing.nodes import Comparator, Comparison, Constant, Path
from tr_apply.routing.records import (
    Attributes,
    Reservation,
    ReservationStatus,
    Transfer,
    TransferMode,
    TransferStatus,
)
from tr_apply.routing.refusals import IllegalStepError, UnknownResourceError
from tr_apply.routing.unsure import REASON_TRANSFER, REASON_TRANSFER_ATTEMPT
from tr_apply.routing.workflow import NO_STEP, ROUTING_TARGET, Step

_ENDED_BY: Final[dict[ReservationStatus, str]] = {
    "rejected": "reject",
    "timeout": "timeout",
    "canceled": "cancel",
    "rescinded": "rescind",
}
_FAILED_BY: Final[dict[ReservationStatus, str]] = {
    "rejected": "was rejected",
    "timeout": "timed out",
    "canceled": "was canceled",
    "rescinded": "was rescinded",
}
_FRUITLESS: Final[dict[TransferStatus, EventType]] = {
    "failed": "task.transfer-failed",
    "canceled": "task.transfer-canceled",
}
_NOT_AVAILABLE: Final = f"{REASON_TRANSFER} worker is not available"


@dataclass(frozen=True, slots=True)
class NewTransfer:
    """A transfer to be made."""

    reservation_sid: str
    """The accepted reservation of the task."""

    to_sid: str
    """Of a worker or a queue."""

    mode: TransferMode = "WARM"
    attributes: Attributes | None = None
    priority: int | None = None
    """None for what stays, as with the attributes."""


def initiate(state: State, new: NewTransfer) -> Transfer:
    """Offer a task to somebody else."""
    reservation = state.reservation(new.reservation_sid)
    party = state.tasks[reservation.task_sid]
    _check(state, party, reservation, new.to_sid)
    task = party.task
    transfer = Transfer(
        sid=state.new_sid("TT"),
        serial=state.next_serial(),
        task_sid=task.sid,
        reservation_sid=reservation.sid,
        worker_sid=reservation.worker_sid,
        queue_sid=task.queue_sid,
        queue_entered_ms=task.queue_entered_ms,
        workflow_sid=task.workflow_sid,
        mode=new.mode,
        type="WORKER" if new.to_sid in state.workers else "QUEUE",
        to_sid=new.to_sid,
        status="initiated",
        failed_reason=None,
        created_ms=state.now,
        updated_ms=state.now,
    )
    party.transfers += (transfer.sid,)
    state.put_transfer(party, transfer)
    if new.attributes is not None or new.priority is not None:
        state.put_task(
            party,
            attributes=new.attributes or task.attributes,
            priority=task.priority if new.priority is None else new.priority,
        )
    tell_transfer(state, party, "task.transfer-initiated", transfer)
    if transfer.mode == "COLD":
        reservations.wrap_up(state, party, reservation)
    _offer(state, party, transfer)
    return state.transfers[transfer.sid]


def withdraw(state: State, sid: str) -> Transfer:
    """Cancel a transfer that nobody has accepted yet."""
    transfer = _transfer(state, sid)
    if transfer.status != "initiated":
        raise IllegalStepError(f"Transfer {sid} is already {transfer.status} . Cannot cancel transfer.")
    party = state.tasks[transfer.task_sid]
    ended = end_transfer(state, transfer, "canceled")
    _return(state, party, ended)
    for each in _offers(state, party, ended):
        reservations.end(state, party, each, "canceled")
    _conclude(state, party, ended)
    return ended


def accept(state: State, party: TaskParty, transfer: Transfer) -> None:
    """Note that the transfer of a task is done, as somebody accepts it just now."""
    end_transfer(state, transfer, "complete")
    party.step = NO_STEP


def not_accepted(
    state: State,
    transfer: Transfer,
    reservation: Reservation,
    status: ReservationStatus,
    *,
    activity_sid: str | None,
    reason_code: int | None,
) -> None:
    """End a reservation that a transfer has led to, and the transfer with the last one, unless it is to a queue."""
    party = state.tasks[transfer.task_sid]
    others = [each for each in _offers(state, party, transfer) if each.sid != reservation.sid]
    if not others and transfer.type == "WORKER":
        transfer = end_transfer(state, transfer, "failed", f"{REASON_TRANSFER} reservation {_FAILED_BY[status]}")
        _return(state, party, transfer)
    elif not others:
        ended_by = f"{REASON_TRANSFER_ATTEMPT} reservation {_ENDED_BY[status]}"
        reason = f"{ended_by} because there are no more pending reservations"
        transfer = transfer._replace(failed_reason=reason, updated_ms=state.now)
        state.put_transfer(party, transfer)
        state.put_task(party, status="pending")
    reservations.end(state, party, reservation, status, activity_sid=activity_sid, reason_code=reason_code)
    if others:
        return
    if transfer.status == "failed":
        _conclude(state, party, transfer)
    else:
        tell_transfer(state, party, "task.transfer-attempt-failed", transfer)
        tell(state, party, "task.updated")
        _look(state, party)


def step_of(transfer: Transfer) -> Step:
    """Where a task is that is transferred; the worker who has it must not be offered it once more."""
    if transfer.type == "WORKER":
        return target_step(transfer.queue_sid, transfer.to_sid)
    anyone_else = Comparison(Path(("worker", "sid")), Comparator.NOT_EQUAL, Constant(transfer.worker_sid))
    return Step(ROUTING_TARGET, 0, transfer.to_sid, expression=anyone_else)


def _check(state: State, party: TaskParty, reservation: Reservation, to: str) -> None:
    if to not in state.workers and to not in state.queues:
        raise UnknownResourceError(f"There is no worker and no task queue {to}")
    if to == reservation.worker_sid:
        raise IllegalStepError(f"Task {party.task.sid} cannot be transferred to the worker who has it")
    if reservation.status != "accepted" or party.task.status != "assigned" or party.transfer is not None:
        raise IllegalStepError(
            f"Task {party.task.sid} is {party.task.status} and reservation {reservation.sid} is {reservation.status};"
            " a transfer needs an assigned task and an accepted reservation"
        )


def _transfer(state: State, sid: str) -> Transfer:
    if (transfer := state.transfers.get(sid)) is None:
        raise UnknownResourceError(f"There is no transfer {sid}")
    return transfer


def _offer(state: State, party: TaskParty, transfer: Transfer) -> None:
    party.step = step_of(transfer)
    if transfer.type == "QUEUE":
        _enter_queue(state, party, transfer.to_sid)
        _look(state, party)
    elif state.ready(worker := state.workers[transfer.to_sid], party.task.channel):
        reservations.reserve(state, party, (worker,))
    else:
        failed = end_transfer(state, transfer, "failed", _NOT_AVAILABLE)
        _return(state, party, failed)
        _conclude(state, party, failed)


def _enter_queue(state: State, party: TaskParty, queue_sid: str) -> None:
    before = party.task
    moves = before.queue_sid != queue_sid
    entered_ms = state.now if moves else before.queue_entered_ms
    state.put_task(party, status="pending", queue_sid=queue_sid, queue_entered_ms=entered_ms)
    if moves:
        if before.queue_sid is not None:
            state.events.append(Event("task-queue.moved", state.now, before))
        tell(state, party, "task-queue.entered")
    tell(state, party, "task.updated")


def _look(state: State, party: TaskParty) -> None:
    if not seek(state, party):
        wait(state, party)


def _return(state: State, party: TaskParty, transfer: Transfer) -> None:
    """Let a task be where it was before its transfer, with those who still have it."""
    leave_group(party)
    party.step = NO_STEP
    held = {state.reservations[sid].status for sid in party.open}
    state.put_task(
        party,
        status="assigned" if "accepted" in held or "wrapping" not in held else "wrapping",
        queue_sid=transfer.queue_sid,
        queue_entered_ms=transfer.queue_entered_ms,
    )


def _conclude(state: State, party: TaskParty, transfer: Transfer) -> None:
    """Report a transfer that led nowhere; a task that nobody has any more ends."""
    tell_transfer(state, party, _FRUITLESS[transfer.status], transfer)
    tell(state, party, "task.updated")
    if not party.open:
        cancel(state, party, transfer.failed_reason)


def _offers(state: State, party: TaskParty, transfer: Transfer) -> list[Reservation]:
    """The reservations that a transfer has led to and that are still open."""
    held = [state.reservations[sid] for sid in party.open]
    return [each for each in held if each.transfer_sid == transfer.sid and each.status == "pending"]
