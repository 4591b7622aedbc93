"""The way of a task through its workflow, until somebody takes it or it falls out."""

from typing import Final

from tr_apply.routing import unsure
from tr_apply.routing.engine.dispatch import find_worker, seek, wait
from tr_apply.routing.engine.parties import TaskParty
from tr_apply.routing.engine.reservations import end
from tr_apply.routing.engine.state import State
from tr_apply.routing.events import Event, EventType, KnownWorkerSought
from tr_apply.routing.records import Task, Transfer, TransferStatus, WorkflowPlace
from tr_apply.routing.workflow import ROUTING_TARGET, Exit, Step, first_place, known_value, next_place, wanted

MAX_ASSIGNMENTS: Final = 1_000
"""How often a task may go from pending to reserved."""

KEPT_AFTER_END_MS: Final = 5 * 60 * 1000
"""How long a completed or canceled task can still be seen."""

_NOT_IN_QUEUE: Final = 40152
_NO_NAME: Final = 40154
_NOT_IN_WORKSPACE: Final = 40155


def begin(state: State, party: TaskParty) -> None:
    """Send a pending task through its workflow from the top."""
    leave_group(party)
    task = party.task
    text, values = task.attributes
    _travel(state, party, first_place(party.routing, values, task.created_ms, text=text), left_by="timeout")


def resume(state: State, party: TaskParty) -> None:
    """Go on with a task whose reservations have all ended and nobody has accepted."""
    state.put_task(party, status="pending")
    place = party.task.its_place
    if party.task.assignments >= MAX_ASSIGNMENTS:
        cancel(state, party, unsure.REASON_ASSIGNMENTS)
    elif place.deadline_ms is not None and state.now >= place.deadline_ms:
        time_out(state, party)
    elif not _stays(state, party):
        _leave(state, party, left_by="skip")


def time_out(state: State, party: TaskParty) -> None:
    """Leave a step whose deadline is over."""
    leave_group(party)
    tell(state, party, "task-queue.timeout")
    _leave(state, party, left_by="timeout")


def direct(state: State, party: TaskParty, *, queue_sid: str | None, worker_sid: str | None) -> None:
    """Send a task to its RoutingTarget: a queue, or a worker."""
    place = WorkflowPlace(ROUTING_TARGET, 0, 0, deadline_ms=None, timed_out=False)
    party.step = target_step(queue_sid, worker_sid)
    state.put_task(party, place=place, queue_sid=queue_sid, queue_entered_ms=state.now)
    if queue_sid is not None:
        tell(state, party, "task-queue.entered")
    _stays(state, party)


def target_step(queue_sid: str | None, worker_sid: str | None) -> Step:
    """The only step of a task with a RoutingTarget."""
    return Step(ROUTING_TARGET, 0, queue_sid, worker_sid=worker_sid)


def cancel(state: State, party: TaskParty, reason: str | None) -> None:
    """End a pending or reserved task."""
    leave_group(party)
    state.put_task(party, status="canceled", reason=reason, ended_ms=state.now)
    tell(state, party, "task.canceled")
    settle_accounts(state, party)
    state.timers.set(party.task.sid, party.task.serial, state.now + KEPT_AFTER_END_MS)


def settle_accounts(state: State, party: TaskParty) -> None:
    """Let a task that ends go: from its reservations, which are canceled or completed, and from its document."""
    if party.transfer is not None:
        tell_transfer(state, party, "task.transfer-canceled", end_transfer(state, party.transfer, "canceled"))
    for sid in list(party.open):
        reservation = state.reservations[sid]
        end(state, party, reservation, "canceled" if reservation.status == "pending" else "completed")
    release_document(state, party)


def release_document(state: State, party: TaskParty) -> None:
    """Let a task no longer go by its document; forget it if no task does and the workflow has another one."""
    version = (party.task.workflow_sid, party.task.workflow_version)
    state.users[version] -= 1
    workflow = state.workflows.get(version[0])
    if not state.users[version] and (workflow is None or workflow.version != version[1]):
        del state.users[version], state.routings[version]
        state.dropped_versions.append(version)


def leave_group(party: TaskParty) -> None:
    """Let a task wait no longer."""
    if party.group is not None:
        party.group.remove(party)


def tell(state: State, party: TaskParty, event_type: EventType) -> None:
    """An event about a task."""
    # In the way that `Event` itself is made, which takes twice the time.
    state.events.append(tuple.__new__(Event, (event_type, state.now, party.task, None, None, None)))


def end_transfer(state: State, transfer: Transfer, status: TransferStatus, reason: str | None = None) -> Transfer:
    """End a transfer that is under way."""
    ended = transfer._replace(status=status, failed_reason=reason, updated_ms=state.now)
    state.put_transfer(state.tasks[transfer.task_sid], ended)
    return ended


def tell_transfer(state: State, party: TaskParty, event_type: EventType, transfer: Transfer) -> None:
    """An event about the transfer of a task."""
    state.events.append(Event(event_type, state.now, party.task, about=transfer))


def set_step_timer(state: State, task: Task) -> None:
    """Wake a waiting task when its step is over, or its time."""
    due_ms = task.created_ms + 1000 * task.timeout_s
    if task.place is not None and task.place.deadline_ms is not None:
        due_ms = min(due_ms, task.place.deadline_ms)
    state.timers.set(task.sid, task.serial, due_ms)


def _leave(state: State, party: TaskParty, left_by: Exit) -> None:
    _travel(state, party, _next(party, party.task.its_place, left_by), left_by)


def _travel(state: State, party: TaskParty, place: WorkflowPlace | None, left_by: Exit) -> None:
    """Enter one step after the other, from *place*, until there is one to stay in."""
    while place is not None:
        if place.deadline_ms is not None and state.now >= place.deadline_ms:
            left_by = "timeout"
        else:
            _enter(state, party, place)
            if _stays(state, party):
                return
            left_by = "skip"
        place = _next(party, place, left_by)
    _fall_out(state, party, left_by)


def _stays(state: State, party: TaskParty) -> bool:
    """Look for workers in the step the task is in, and wait if there are none; False if the step is skipped."""
    if seek(state, party):
        return True
    if _skips(state, party):
        return False
    wait(state, party)
    set_step_timer(state, party.task)
    return True


def _next(party: TaskParty, place: WorkflowPlace, left_by: Exit) -> WorkflowPlace | None:
    task = party.task
    return next_place(party.routing, task.attributes.values, place, left_by=left_by, created_ms=task.created_ms)


def _enter(state: State, party: TaskParty, place: WorkflowPlace) -> None:
    """Go into a step: its queue and, if it says so, its priority."""
    before = party.task
    step = party.step = party.routing.step(place)
    moves = step.queue_sid != before.queue_sid
    state.put_task(
        party,
        place=place,
        priority=before.priority if step.priority is None else step.priority,
        queue_sid=step.queue_sid,
        queue_entered_ms=state.now if moves else before.queue_entered_ms,
    )
    about = sought(state, step, before)
    state.events.append(Event("workflow.target-matched", state.now, party.task, None, None, about))
    if moves:
        if before.queue_sid is not None:
            state.events.append(Event("task-queue.moved", state.now, before))
        tell(state, party, "task-queue.entered")


def _skips(state: State, party: TaskParty) -> bool:
    step = party.step
    return step.skips is not None and step.skips({"workers": counts(state, step.queue_sid)})


def counts(state: State, queue_sid: str | None) -> dict[str, int]:
    """The counts of workers in a queue that skip_if reads: available workers, and workers in an activity."""
    members = 0 if queue_sid is None else state.membership.members[queue_sid]
    found = {sid: (members & bits).bit_count() for sid, bits in state.in_activity.items()}
    available = sum(count for sid, count in found.items() if state.activities[sid].available)
    return {**found, "available": available, "unavailable": members.bit_count() - available}


def sought(state: State, step: Step, task: Task) -> KnownWorkerSought | None:
    """The known worker of a step, and what TaskRouter's debugger says of one who cannot be had."""
    if step.known_worker is None:
        return None
    by, value = step.known_worker.by, known_value(step, task.attributes.values)
    if value is None:
        return KnownWorkerSought(None, None, by)
    name = wanted(step, task.attributes.values)
    if name is None:
        return KnownWorkerSought(value, _NO_NAME, by)
    worker = find_worker(state, name)
    if worker is None:
        return KnownWorkerSought(value, _NOT_IN_WORKSPACE, by)
    in_queue = step.queue_sid is not None and state.queues[step.queue_sid] in worker.queues
    return KnownWorkerSought(value, None if in_queue else _NOT_IN_QUEUE, by)


def _fall_out(state: State, party: TaskParty, left_by: Exit) -> None:
    """Leave the workflow at its end."""
    skipped = left_by == "skip"
    tell(state, party, "workflow.skipped" if skipped else "workflow.timeout")
    cancel(state, party, unsure.REASON_WORKFLOW_SKIPPED if skipped else unsure.REASON_WORKFLOW_TIMEOUT)
