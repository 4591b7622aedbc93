"""Changes to the configuration while tasks are routed."""

from collections.abc import Iterable
from dataclasses import replace

from tr_apply.routing.engine.dispatch import precedence
from tr_apply.routing.engine.parties import LineKey, QueueParty, TaskParty, Waiting
from tr_apply.routing.engine.presence import follow_queues, free, join_queue, leave_queue
from tr_apply.routing.engine.progress import begin
from tr_apply.routing.engine.state import State
from tr_apply.routing.engine.tasks import is_directed, use_version
from tr_apply.routing.events import Event, EventType
from tr_apply.routing.parser import parse_target_workers
from tr_apply.routing.records import OPEN, UNASSIGNED
from tr_apply.routing.refusals import InUseError
from tr_apply.routing.worker_index import numbers_in
from tr_apply.routing.workflow import Routing
from tr_apply.routing.workflow_document import read_routing
from tr_apply.routing.workspace import Activity, Resource, TaskChannel, TaskQueue, Workflow, Workspace


def set_workspace(state: State, workspace: Workspace) -> None:
    """Change the settings of the workspace."""
    before = state.workspace
    state.set_workspace(workspace)
    _tell(state, "workspace.updated", workspace)
    if workspace.multi_task_enabled != before.multi_task_enabled:
        for queue in state.queues.values():
            _drop_lines(state, queue, list(queue.lines))
        for worker in state.workers.values():
            free(state, worker)


def put_activity(state: State, activity: Activity) -> None:
    """Add an activity, or rename one. Whether it is available never changes."""
    before = state.activities.get(activity.sid)
    if before is None:
        state.activities[activity.sid] = activity
        state.in_activity[activity.sid] = 0
        _tell(state, "activity.created", activity)
        return
    renamed = state.activities[activity.sid] = replace(before, name=activity.name)
    _tell(state, "activity.updated", renamed)
    for worker in state.workers.values():
        if worker.worker.activity_sid == activity.sid:
            worker.change(worker.worker, renamed)
            follow_queues(state, worker, state.membership.change_activity(worker.number, worker.names))
            free(state, worker)


def delete_activity(state: State, sid: str) -> None:
    """Remove an activity that no worker is in."""
    activity = state.activity(sid)
    if state.in_activity[sid]:
        raise InUseError(f"Activity {sid} cannot be deleted while a worker is in it")
    del state.activities[sid], state.in_activity[sid]
    _tell(state, "activity.deleted", activity)


def put_channel(state: State, channel: TaskChannel) -> None:
    """Add a task channel, or change one."""
    before = state.channels.get(channel.unique_name)
    state.channels[channel.unique_name] = channel
    _tell(state, "task-channel.created" if before is None else "task-channel.updated", channel)
    if before is not None and before.channel_optimized_routing != channel.channel_optimized_routing:
        for queue in state.queues.values():
            _drop_lines(state, queue, [key for key in queue.lines if key[0] == channel.unique_name])


def delete_channel(state: State, unique_name: str) -> None:
    """Remove a task channel that no open task is of."""
    channel = state.channel(unique_name)
    if any(party.task.channel == unique_name and party.task.status in OPEN for party in state.tasks.values()):
        raise InUseError(f"TaskChannel {unique_name} cannot be deleted while there are tasks of it")
    del state.channels[unique_name]
    _tell(state, "task-channel.deleted", channel)


def put_queue(state: State, queue: TaskQueue) -> None:
    """Add a task queue, or change one."""
    party = state.queues.get(queue.sid)
    before = None if party is None else party.queue
    if party is None:
        party = state.queues[queue.sid] = QueueParty(queue)
        _tell(state, "task-queue.created", queue)
    else:
        _take_on(state, party, queue)
    if before is None or before.target_workers != queue.target_workers:
        _set_members(state, party)
    if before is not None and before.target_workers != queue.target_workers:
        _tell(state, "task-queue.expression.updated", queue)


def _take_on(state: State, party: QueueParty, queue: TaskQueue) -> None:
    """Change a queue; those who wait are lined up anew, because the order may be another one."""
    waiting = party.waiting.parties()
    party.queue, party.waiting = queue, Waiting(queue)
    for task in waiting:
        party.waiting.add(task, state.next_ticket())


def _set_members(state: State, party: QueueParty) -> None:
    before = state.membership.members.get(party.queue.sid, 0)
    state.membership.set_queue(party.queue.sid, parse_target_workers(party.queue.target_workers))
    after = state.membership.members[party.queue.sid]
    for number in numbers_in(before & ~after):
        leave_queue(state.numbered[number], party)
    for number in numbers_in(after & ~before):
        join_queue(state.numbered[number], party)
        if party.waiting:
            free(state, state.numbered[number])


def delete_queue(state: State, sid: str) -> None:
    """Remove a task queue that no task and no workflow needs.

    Raises:
        InUseError: A workflow, or the older document that a task goes by, sends tasks there, or a task is in it.
    """
    party = state.queue(sid)
    for (workflow_sid, _), routing in state.routings.items():
        if sid in routing.queue_sids():
            raise InUseError(f"TaskQueue {sid} cannot be deleted while workflow {workflow_sid} sends tasks to it")
    if any(_needs_queue(task, sid) for task in state.tasks.values()):
        raise InUseError(f"TaskQueue {sid} cannot be deleted while there are tasks in it")
    for worker in state.members(sid):
        leave_queue(worker, party)
    state.membership.remove_queue(sid)
    del state.queues[sid]
    _tell(state, "task-queue.deleted", party.queue)


def _needs_queue(party: TaskParty, sid: str) -> bool:
    """Whether a task is in a queue, or will be again if nobody accepts its transfer."""
    in_it = party.task.queue_sid == sid and party.task.status in OPEN
    return in_it or (party.transfer is not None and party.transfer.queue_sid == sid)


def put_workflow(state: State, workflow: Workflow, *, re_evaluate: bool) -> Workflow:
    """Add a workflow, or change one. Tasks keep the document they entered with.

    Args:
        state: The state.
        workflow: Its version is set here: it counts the documents.
        re_evaluate: Whether pending tasks go through the new document.
    """
    before = state.workflows.get(workflow.sid)
    routing = read_routing(workflow.document)
    for queue_sid in routing.queue_sids():
        state.queue(queue_sid)
    if before is None:
        add_document(state, workflow, routing)
        _tell(state, "workflow.created", workflow)
        return workflow
    after = replace(workflow, version=before.version + (before.document != workflow.document))
    state.workflows[after.sid] = after
    if after.version != before.version:
        add_document(state, after, routing)
        retire(state, before)
    _tell(state, "workflow.updated", after)
    if re_evaluate:
        _re_evaluate(state, after)
    return after


def add_document(state: State, workflow: Workflow, routing: Routing) -> None:
    """Note the document of a workflow."""
    state.workflows[workflow.sid] = workflow
    version = (workflow.sid, workflow.version)
    state.routings[version] = routing
    state.users.setdefault(version, 0)
    state.load_matters |= any(step.reads_load for step in routing.steps())


def retire(state: State, workflow: Workflow) -> None:
    """Keep a document that is no longer its workflow's only as long as tasks go by it."""
    version = (workflow.sid, workflow.version)
    if state.users[version]:
        state.kept_versions.append(version)
    else:
        del state.users[version], state.routings[version]


def _re_evaluate(state: State, workflow: Workflow) -> None:
    version = (workflow.sid, workflow.version)
    waiting = [
        party
        for party in state.tasks.values()
        if party.task.workflow_sid == workflow.sid and party.task.status == "pending" and not is_directed(party)
    ]
    for party in sorted(waiting, key=lambda party: precedence(state, party)):
        use_version(state, party, version)
        begin(state, party)


def delete_workflow(state: State, sid: str) -> None:
    """Remove a workflow that no task waits in.

    Raises:
        InUseError: A task of it is pending or reserved.
    """
    workflow = state.workflow(sid)
    if any(party.task.workflow_sid == sid and party.task.status in UNASSIGNED for party in state.tasks.values()):
        raise InUseError(f"Workflow {sid} cannot be deleted while tasks wait in it")
    del state.workflows[sid]
    retire(state, workflow)
    _tell(state, "workflow.deleted", workflow)


def _drop_lines(state: State, queue: QueueParty, keys: Iterable[LineKey]) -> None:
    """Let lines be set up anew, because they are ordered otherwise now."""
    for key in keys:
        line = queue.lines.pop(key)
        for worker in state.members(queue.queue.sid):
            line.leave(worker)


def _tell(state: State, event_type: EventType, about: Resource) -> None:
    state.events.append(Event(event_type, state.now, about=about))
