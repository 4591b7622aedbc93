"""Actions on tasks: by callers, and by time."""

from dataclasses import dataclass
from typing import Final, NamedTuple

from tr_apply.routing import unsure
from tr_apply.routing.engine.dispatch import seek, wait
from tr_apply.routing.engine.parties import TaskParty
from tr_apply.routing.engine.progress import (
    KEPT_AFTER_END_MS,
    begin,
    cancel,
    direct,
    leave_group,
    release_document,
    set_step_timer,
    settle_accounts,
    tell,
    time_out,
)
from tr_apply.routing.engine.reservations import wrap_up
from tr_apply.routing.engine.state import State
from tr_apply.routing.events import Event, EventType
from tr_apply.routing.records import NO_ATTRIBUTES, Attributes, Task, TaskStatus
from tr_apply.routing.refusals import IllegalStepError, NotAssignedError
from tr_apply.routing.workflow import ROUTING_TARGET

LONGEST_ASSIGNMENT_MS: Final = 24 * 60 * 60 * 1000
"""How long after acceptance the system deletes a task that has not ended."""

DEFAULT_TIMEOUT_S: Final = 86_400


class NewTask(NamedTuple):
    """A task to be created."""

    sid: str
    workflow_sid: str
    attributes: Attributes = NO_ATTRIBUTES
    channel: str = "default"
    """Unique name of a task channel."""

    priority: int = 0
    timeout_s: int = DEFAULT_TIMEOUT_S
    virtual_start_ms: int | None = None
    """None for the moment of creation."""

    routing_target: str | None = None
    """SID of a worker, a queue or a workflow."""

    ignore_capacity: bool | None = None
    """Whether a worker who is the target gets the task in any case; None for TaskRouter's default."""

    queue_sid: str | None = None
    """The queue of a task whose target is a worker."""


@dataclass(frozen=True, slots=True)
class TaskUpdate:
    """The changes of a task; None for no change."""

    attributes: Attributes | None = None
    priority: int | None = None
    virtual_start_ms: int | None = None
    channel: str | None = None
    """Unique name of another task channel."""


class Destination(NamedTuple):
    """Where a new task goes."""

    version: tuple[str, int]
    """The workflow whose rules it is under, and its document."""

    queue_sid: str | None
    worker_sid: str | None
    directed: bool
    """Whether it goes to a RoutingTarget, past the filters."""


def create(state: State, new: NewTask) -> TaskParty:
    """Create a task, which `check_new` has nothing against, and send it on its way."""
    goes_to = destination(state, new)
    party = TaskParty(first_record(state, new, goes_to, state.next_serial()), state.routings[goes_to.version])
    state.tasks[new.sid] = state.changed_tasks[new.sid] = party
    state.users[goes_to.version] += 1
    tell(state, party, "task.created")
    if goes_to.directed:
        direct(state, party, queue_sid=goes_to.queue_sid, worker_sid=goes_to.worker_sid)
    else:
        tell(state, party, "workflow.entered")
        begin(state, party)
    return party


def destination(state: State, new: NewTask) -> Destination:
    """Where a task goes that `check_new` has nothing against."""
    target = new.routing_target
    workflow = (target and state.workflows.get(target)) or state.workflows[new.workflow_sid]
    version = (workflow.sid, workflow.version)
    if target is None or target in state.workflows:
        return Destination(version, None, None, directed=False)
    if target in state.queues:
        return Destination(version, target, None, directed=True)
    return Destination(version, new.queue_sid, target, directed=True)


def check_new(state: State, new: NewTask) -> None:
    """Refuse a task that cannot be created.

    Raises:
        UnknownResourceError: It refers to something that is not there.
        IllegalStepError: There is a task of that SID.
    """
    if new.sid in state.tasks:
        raise IllegalStepError(f"There is a task {new.sid} already")
    state.workflow(new.workflow_sid)
    state.channel(new.channel)
    if new.queue_sid is not None:
        state.queue(new.queue_sid)
    target = new.routing_target
    if target is not None and target not in state.workflows and target not in state.queues:
        state.worker(target)


def first_record(state: State, new: NewTask, goes_to: Destination, serial: int) -> Task:
    """A task as it is when it has just been created."""
    workflow_sid, workflow_version = goes_to.version
    now = state.now
    return Task(  # without the names of its fields, with which it takes twice the time
        new.sid,
        serial,
        new.channel,
        workflow_sid,
        workflow_version,
        new.attributes,
        new.priority,
        new.timeout_s,
        new.routing_target,
        goes_to.worker_sid is not None and new.ignore_capacity is not False,
        now,  # created_ms
        now if new.virtual_start_ms is None else new.virtual_start_ms,
        "pending",
        None,  # reason
        None,  # queue_sid
        None,  # queue_entered_ms
        None,  # place
        0,  # assignments
        None,  # assigned_ms
        None,  # ended_ms
        now,  # updated_ms
        0,  # version
    )


def update(state: State, party: TaskParty, changes: TaskUpdate) -> None:
    """Change what a task says; one that waits goes through the workflow again when its attributes change."""
    before = party.task
    if changes.channel is not None:
        state.channel(changes.channel)
    attributes = before.attributes if changes.attributes is None else changes.attributes
    state.put_task(
        party,
        attributes=attributes,
        priority=before.priority if changes.priority is None else changes.priority,
        virtual_start_ms=before.virtual_start_ms if changes.virtual_start_ms is None else changes.virtual_start_ms,
        channel=before.channel if changes.channel is None else changes.channel,
    )
    tell(state, party, "task.updated")
    if before.status == "pending":
        if not attributes.is_same(before.attributes) and not is_directed(party):
            begin(state, party)
        else:
            leave_group(party)
            if changes.channel is None or not seek(state, party):
                wait(state, party)


def is_directed(party: TaskParty) -> bool:
    """Whether a RoutingTarget or a transfer decides where a task goes, and no filter."""
    place = party.task.place
    return party.transfer is not None or (place is not None and place.filter == ROUTING_TARGET)


def cancel_by_caller(state: State, party: TaskParty, reason: str | None, attributes: Attributes | None = None) -> None:
    """Cancel a task that nobody has accepted, once it has these *attributes*, by which it is not routed again."""
    _demand(party, "canceled", "pending", "reserved")
    if attributes is not None:
        leave_group(party)
        state.put_task(party, attributes=attributes)
        tell(state, party, "task.updated")
    cancel(state, party, reason)


def wrap(state: State, party: TaskParty, reason: str | None) -> None:
    """Move the task to wrapping."""
    if party.task.status != "assigned":
        raise _not_assigned(state, party, "Cannot wrap up a task", "because it's not currently assigned")
    state.put_task(party, status="wrapping", reason=reason)
    tell(state, party, "task.wrapup")
    for sid in list(party.open):
        if state.reservations[sid].status == "accepted":
            wrap_up(state, party, state.reservations[sid])


def complete(state: State, party: TaskParty, reason: str | None) -> None:
    """End a task that a worker has done."""
    if party.task.status not in ("assigned", "wrapping"):
        raise _not_assigned(state, party, "Cannot complete task", "because it is not currently assigned.")
    reason = party.task.reason if reason is None else reason
    state.put_task(party, status="completed", reason=reason, ended_ms=state.now)
    tell(state, party, "task.completed")
    settle_accounts(state, party)
    tell(state, party, "task.updated")
    state.timers.set(party.task.sid, party.task.serial, state.now + KEPT_AFTER_END_MS)


def delete(state: State, party: TaskParty, event_type: EventType = "task.deleted") -> None:
    """Delete a task in whatever state it is."""
    leave_group(party)
    tell(state, party, event_type)
    if party.task.ended_ms is None:
        settle_accounts(state, party)
    remove(state, party)


def remove(state: State, party: TaskParty) -> None:
    """Forget a task and its reservations."""
    task = party.task
    del state.tasks[task.sid]
    state.changed_tasks.pop(task.sid, None)
    state.removed_tasks.append(task.sid)
    state.timers.clear(task.sid)
    for sid in party.reservations:
        del state.reservations[sid]
        state.changed_reservations.pop(sid, None)
    for sid in party.transfers:
        del state.transfers[sid]
        state.changed_transfers.pop(sid, None)


def use_version(state: State, party: TaskParty, version: tuple[str, int]) -> None:
    """Let a task go by another document of its workflow."""
    state.users[version] += 1
    release_document(state, party)
    state.put_task(party, workflow_version=version[1])
    party.routing = state.routings[version]


def on_timer(state: State, party: TaskParty) -> None:
    """Do what the time demands that a task's timer was set to."""
    task = party.task
    match task.status:
        case "pending" | "reserved" if party.transfer is not None:
            delete(state, party, "task.system-deleted")
        case "pending" | "reserved" if state.now >= task.created_ms + 1000 * task.timeout_s:
            _expire(state, party)
        case "pending":
            time_out(state, party)
        case "assigned" | "wrapping":
            delete(state, party, "task.system-deleted")
        case _:
            remove(state, party)


def _expire(state: State, party: TaskParty) -> None:
    waits_for_target = party.step.worker_sid is not None
    if waits_for_target and party.task.status == "pending":
        cancel(state, party, unsure.REASON_TARGET_NOT_RESERVED)
        state.events.append(Event("reservation.failed", state.now, party.task))
    else:
        cancel(state, party, unsure.REASON_TTL)


def set_timer(state: State, party: TaskParty) -> None:
    """Set the timer that follows from a task's record."""
    task = party.task
    match task.status:
        case "pending" | "reserved" if party.transfer is not None:
            _set_last_timer(state, task)
        case "pending":
            set_step_timer(state, task)
        case "reserved":
            state.timers.set(task.sid, task.serial, task.created_ms + 1000 * task.timeout_s)
        case "assigned" | "wrapping":
            _set_last_timer(state, task)
        case _:
            assert task.ended_ms is not None
            state.timers.set(task.sid, task.serial, task.ended_ms + KEPT_AFTER_END_MS)


def _set_last_timer(state: State, task: Task) -> None:
    assert task.assigned_ms is not None
    state.timers.set(task.sid, task.serial, task.assigned_ms + LONGEST_ASSIGNMENT_MS)


def _not_assigned(state: State, party: TaskParty, what: str, why: str) -> NotAssignedError:
    """In TaskRouter's own words, which name the account as well."""
    return NotAssignedError(f"{what} {party.task.sid} in workspace {state.workspace.sid}", why)


def _demand(party: TaskParty, wish: TaskStatus, *allowed: TaskStatus) -> None:
    task = party.task
    if task.status not in allowed:
        raise IllegalStepError(
            f"Task {task.sid} is {task.status} and cannot become {wish}; it must be {' or '.join(allowed)}"
        )
