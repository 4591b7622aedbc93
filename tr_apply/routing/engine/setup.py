"""An engine's state from values, and back."""

from collections.abc import Callable
from dataclasses import dataclass

from tr_apply.routing.engine.configuration import add_document
from tr_apply.routing.engine.dispatch import wait
from tr_apply.routing.engine.log import EngineState, Outcome, Turn, WorkflowVersion
from tr_apply.routing.engine.parties import QueueParty, TaskParty, WorkerParty
from tr_apply.routing.engine.presence import enrol, join_queue, record
from tr_apply.routing.engine.progress import target_step
from tr_apply.routing.engine.reservations import hold
from tr_apply.routing.engine.state import State
from tr_apply.routing.engine.tasks import is_directed, set_timer
from tr_apply.routing.engine.transfers import step_of
from tr_apply.routing.membership import Membership
from tr_apply.routing.parser import parse_target_workers
from tr_apply.routing.records import HOLDING, UNASSIGNED, Reservation, Task, Transfer
from tr_apply.routing.workflow import Routing, Step
from tr_apply.routing.workflow_document import read_routing
from tr_apply.routing.workspace import Activity, TaskChannel, TaskQueue, Workflow, Workspace

_NO_ROUTING = Routing("", (), None)


@dataclass(frozen=True, slots=True)
class Setup:
    """The configuration of a workspace, as far as routing needs it."""

    workspace: Workspace
    activities: tuple[Activity, ...] = ()
    channels: tuple[TaskChannel, ...] = (TaskChannel("default"),)
    queues: tuple[TaskQueue, ...] = ()
    workflows: tuple[Workflow, ...] = ()


def state_of(setup: Setup, snapshot: EngineState, new_sid: Callable[[str], str]) -> State:
    """The state that *snapshot* was taken from."""
    state = State(setup.workspace, new_sid)
    state.now, state.serial = snapshot.now_ms, snapshot.serial
    state.activities = {activity.sid: activity for activity in setup.activities}
    state.in_activity = dict.fromkeys(state.activities, 0)
    state.channels = {channel.unique_name: channel for channel in setup.channels}
    state.queues = {queue.sid: QueueParty(queue) for queue in setup.queues}
    _add_documents(state, setup, snapshot)
    _add_workers(state, snapshot)
    state.transfers = {each.sid: each for each in sorted(snapshot.transfers, key=lambda each: each.serial)}
    of_task: dict[str, list[Transfer]] = {}
    for transfer in state.transfers.values():
        of_task.setdefault(transfer.task_sid, []).append(transfer)
    for task in sorted(snapshot.tasks, key=lambda task: task.serial):
        _add_task(state, task, of_task.get(task.sid, []))
    for reservation in sorted(snapshot.reservations, key=lambda reservation: reservation.serial):
        _add_reservation(state, reservation)
    return state


def _add_documents(state: State, setup: Setup, snapshot: EngineState) -> None:
    for workflow in setup.workflows:
        add_document(state, workflow, read_routing(workflow.document))
    for kept in snapshot.versions:
        version = (kept.workflow_sid, kept.version)
        state.routings[version] = read_routing(kept.document)
        state.users.setdefault(version, 0)


def _add_workers(state: State, snapshot: EngineState) -> None:
    workers = [
        WorkerParty(worker, state.activity(worker.activity_sid), number, state.channels)
        for number, worker in enumerate(snapshot.workers)
    ]
    expressions = {sid: parse_target_workers(queue.queue.target_workers) for sid, queue in state.queues.items()}
    state.membership = Membership([worker.names for worker in workers], expressions)
    for worker in workers:
        enrol(state, worker)
    for number, sids in state.membership.everyone().items():
        for sid in sids:
            join_queue(workers[number], state.queues[sid])


def _add_task(state: State, task: Task, transfers: list[Transfer]) -> None:
    version = (task.workflow_sid, task.workflow_version)
    party = TaskParty(task, state.routings.get(version, _NO_ROUTING))
    party.transfers = tuple(each.sid for each in transfers)
    party.transfer = next((each for each in transfers if each.status == "initiated"), None)
    state.tasks[task.sid] = party
    if task.ended_ms is None:
        state.users[version] = state.users.get(version, 0) + 1
    if task.status in UNASSIGNED:
        party.step = _step(state, party)
    if task.status == "pending":
        wait(state, party)
    set_timer(state, party)


def _step(state: State, party: TaskParty) -> Step:
    task = party.task
    if party.transfer is not None:
        return step_of(party.transfer)
    if not is_directed(party):
        return party.routing.step(task.its_place)
    # A target that is not a queue is a worker, who may be deleted; a queue with a task in it cannot be deleted.
    return target_step(task.queue_sid, None if task.routing_target in state.queues else task.routing_target)


def _add_reservation(state: State, reservation: Reservation) -> None:
    party = state.tasks[reservation.task_sid]
    state.reservations[reservation.sid] = reservation
    party.reservations += (reservation.sid,)
    if reservation.status not in HOLDING:
        return
    worker = state.workers[reservation.worker_sid]
    hold(party, worker, reservation)
    worker.take(reservation.channel)
    if reservation.status == "accepted":
        worker.accepted[reservation.channel] = worker.accepted.get(reservation.channel, 0) + 1
    if reservation.status == "pending" and reservation.timeout_ms is not None:
        state.timers.set(reservation.sid, reservation.serial, reservation.timeout_ms)


def snapshot_of(state: State) -> EngineState:
    """Everything from which the state can be built again."""
    current = {(workflow.sid, workflow.version) for workflow in state.workflows.values()}
    return EngineState(
        now_ms=state.now,
        serial=state.serial,
        tasks=tuple(party.task for party in state.tasks.values()),
        reservations=tuple(state.reservations.values()),
        workers=tuple(record(party) for party in state.workers.values()),
        versions=tuple(_version(state, version) for version in state.routings if version not in current),
        transfers=tuple(state.transfers.values()),
    )


def outcome_of(state: State) -> Outcome:
    """The changes since the last outcome; the next one begins here."""
    outcome = Outcome(
        events=state.events,
        tasks=[party.task for party in state.changed_tasks.values()],
        reservations=list(state.changed_reservations.values()),
        workers=[record(party) for party in state.changed_workers.values()] if state.changed_workers else (),
        turns=[Turn(sid, channel, moment) for (sid, channel), moment in state.turns.items()] if state.turns else (),
        removed_task_sids=state.removed_tasks,
        removed_worker_sids=state.removed_workers,
        kept_versions=_kept_versions(state) if state.kept_versions else (),
        dropped_versions=state.dropped_versions,
        transfers=list(state.changed_transfers.values()) if state.changed_transfers else (),
    )
    state.forget_changes()
    return outcome


def _kept_versions(state: State) -> list[WorkflowVersion]:
    return [_version(state, version) for version in state.kept_versions if version in state.routings]


def _version(state: State, version: tuple[str, int]) -> WorkflowVersion:
    return WorkflowVersion(*version, state.routings[version].document)
