"""Tasks: what waits for a worker. Where one goes is for the routing engine to decide."""

import json
from collections.abc import Callable, Container, Mapping
from typing import Final

from tr_apply.local.forms import fields
from tr_apply.local.forms.matching import check_expression, matcher
from tr_apply.local.history.session import Session
from tr_apply.local.kinds import columns
from tr_apply.local.kinds.columns import Item
from tr_apply.local.kinds.kind import Change, ColumnFilter, Field, ItemFilter, RoutedActions, Scope, ServedKind, Values
from tr_apply.local.storage.clock import told
from tr_apply.local.storage.database import Reader
from tr_apply.local.storage.refusals import InvalidParameterError
from tr_apply.routing.engine.engine import Engine
from tr_apply.routing.engine.state import State
from tr_apply.routing.engine.tasks import DEFAULT_TIMEOUT_S, NewTask, TaskUpdate
from tr_apply.routing.records import NO_ATTRIBUTES

LONGEST_TIMEOUT_S = 1_209_600
HIGHEST_PRIORITY = 2_147_483_647

_STATUSES = ("pending", "reserved", "assigned", "wrapping", "completed", "canceled")


def _create(session: Session, change: Change) -> str:
    values, engine = change.values, session.engine(change.workspace_sid)
    state = engine.state
    new = NewTask(
        sid=session.new_sid("WT"),
        workflow_sid=_known(state, "WorkflowSid", values["workflow_sid"], state.workflows) or _only_workflow(state),
        attributes=values["attributes"],
        channel=_channel(state, values["task_channel"]),
        priority=values["priority"],
        timeout_s=values["timeout"],
        virtual_start_ms=_not_in_future(values["virtual_start_ms"], session.now_ms),
        routing_target=_known(
            state, "RoutingTarget", values["routing_target"], state.workers, state.queues, state.workflows
        ),
        ignore_capacity=values["ignore_capacity"],
        queue_sid=_known(state, "TaskQueueSid", values["task_queue_sid"], state.queues),
    )
    engine.create_task(new, session.now_ms)
    return new.sid


def _update(session: Session, change: Change) -> None:
    """Change what a task says, then its status.

    Only with wrapping and completed TaskRouter is documented not to take attributes in the same request.
    """
    values, sid, engine = change.values, change.known["sid"], session.engine(change.workspace_sid)
    status = values.get("assignment_status")
    if status:
        _check_status(change, status)
    update = TaskUpdate(
        attributes=None if status == "canceled" else values.get("attributes"),
        priority=values.get("priority"),
        virtual_start_ms=_not_in_future(values.get("virtual_start_ms"), session.now_ms),
        channel=_channel(engine.state, values["task_channel"]) if "task_channel" in values else None,
    )
    if update != TaskUpdate():
        engine.update_task(sid, update, session.now_ms)
    if status in _STEPS:
        _set_status(engine, sid, change, session.now_ms)


def _check_status(change: Change, status: str) -> None:
    if status in {"wrapping", "completed"} and "attributes" in change.values:
        raise InvalidParameterError(f"AssignmentStatus {status} and Attributes cannot be changed in one request")
    is_unchanged = status == change.known["assignment_status"] == "pending"
    if status not in _STEPS and not is_unchanged:
        raise InvalidParameterError(f"AssignmentStatus cannot be set to {status}; routing alone does that")


def _set_status(engine: Engine, sid: str, change: Change, now_ms: int) -> None:
    _STEPS[change.values["assignment_status"]](engine, sid, change.values, now_ms)


def _wrap_up(engine: Engine, sid: str, values: Values, now_ms: int) -> None:
    engine.wrap_up_task(sid, values.get("reason") or None, now_ms)


def _complete(engine: Engine, sid: str, values: Values, now_ms: int) -> None:
    engine.complete_task(sid, values.get("reason") or None, now_ms)


def _cancel(engine: Engine, sid: str, values: Values, now_ms: int) -> None:
    engine.cancel_task(sid, values.get("reason") or None, now_ms, attributes=values.get("attributes"))


_STEPS: Final[Mapping[str, Callable[[Engine, str, Values, int], None]]] = {
    "wrapping": _wrap_up,
    "completed": _complete,
    "canceled": _cancel,
}
"""The action for each status that a client can set; only routing sets the others."""


def _delete(session: Session, change: Change) -> None:
    session.engine(change.workspace_sid).delete_task(change.known["sid"], session.now_ms)


def _only_workflow(state: State) -> str:
    if len(state.workflows) != 1:
        raise InvalidParameterError("WorkflowSid field is required")
    return next(iter(state.workflows))


def _channel(state: State, text: str) -> str:
    """The unique name of the channel that *text* is the SID or the unique name of."""
    if text in state.channels:
        return text
    for each in state.channels.values():
        if text == each.sid:
            return each.unique_name
    raise InvalidParameterError(f"TaskChannel {text} was not found in workspace {state.workspace.sid}")


def _known(state: State, name: str, sid: str | None, *among: Container[str]) -> str | None:
    """The SID that the field *name* holds, if any, which is one of *among*."""
    if sid and not any(sid in each for each in among):
        raise InvalidParameterError(f"{name} {sid} was not found in workspace {state.workspace.sid}")
    return sid


def _not_in_future(moment_ms: int | None, now_ms: int) -> int | None:
    if moment_ms is not None and moment_ms > now_ms:
        raise InvalidParameterError("VirtualStartTime cannot be in the future")
    return moment_ms


def _shown(state: State, _scope: Scope, sid: str, now_ms: int) -> tuple[Item, int] | None:
    if (party := state.tasks.get(sid)) is None:
        return None
    task = party.task
    queue, workflow = state.queues.get(task.queue_sid or ""), state.workflows.get(task.workflow_sid)
    channel = state.channels.get(task.channel)
    item = {
        "sid": sid,
        "workspace_sid": state.workspace.sid,
        "age": (now_ms - task.created_ms) // 1000,
        "assignment_status": task.status,
        "attributes": task.attributes.text,
        "addons": "{}",
        "date_created": told(task.created_ms),
        "date_updated": told(task.updated_ms),
        "task_queue_entered_date": told(task.queue_entered_ms),
        "virtual_start_time": told(task.virtual_start_ms),
        "priority": task.priority,
        "reason": task.reason,
        "task_queue_sid": task.queue_sid,
        "task_queue_friendly_name": queue and queue.queue.name,
        "task_channel_sid": channel and channel.sid,
        "task_channel_unique_name": task.channel,
        "timeout": task.timeout_s,
        "workflow_sid": task.workflow_sid,
        "workflow_friendly_name": workflow and workflow.name,
        "ignore_capacity": task.ignore_capacity,
        "routing_target": task.routing_target,
    }
    return item, task.version


def _fulfils(_reader: Reader, _workspace_sid: str, text: str) -> Callable[[Item], bool]:
    check_expression("EvaluateTaskAttributes", text)
    matches = matcher(text)
    return lambda task: matches(json.loads(task["attributes"]))


def _has_addons(_reader: Reader, _workspace_sid: str, text: str) -> Callable[[Item], bool]:
    """Add-ons belong to calls that Twilio enqueues; no task here has any."""
    wanted = fields.boolean("HasAddons", text)
    return lambda _task: not wanted


TASK = ServedKind(
    name="task",
    noun="Task",
    sid_prefix="WT",
    collection="/Workspaces/{workspace_sid}/Tasks",
    list_key="tasks",
    columns={
        **columns.within_workspace("task"),
        "age": "(now_ms() - task.created_ms) / 1000",
        "assignment_status": "task.status",
        "attributes": "task.attributes",
        "addons": "'{}'",
        "date_created": columns.date("task.created_ms"),
        "date_updated": columns.date("task.updated_ms"),
        "task_queue_entered_date": columns.date("task.queue_entered_ms"),
        "virtual_start_time": columns.date("task.virtual_start_ms"),
        **columns.plain("task", "priority", "reason"),
        "task_queue_sid": "task.queue_sid",
        "task_queue_friendly_name": "task_queue.friendly_name",
        "task_channel_sid": "task_channel.sid",
        "task_channel_unique_name": "task.channel",
        "timeout": "task.timeout_s",
        "workflow_sid": "task.workflow_sid",
        "workflow_friendly_name": "workflow.friendly_name",
        **columns.plain("task", "ignore_capacity", "routing_target"),
    },
    source="task LEFT JOIN task_queue ON task_queue.sid = task.queue_sid"
    " LEFT JOIN workflow ON workflow.sid = task.workflow_sid"
    " LEFT JOIN task_channel ON task_channel.workspace_sid = task.workspace_sid"
    " AND task_channel.unique_name = task.channel",
    scope=("task.workspace_sid",),
    parent="workspace",
    booleans=("ignore_capacity",),
    links={
        "workspace": "/Workspaces/{workspace_sid}",
        "workflow": "/Workspaces/{workspace_sid}/Workflows/{workflow_sid}",
        "task_queue": "/Workspaces/{workspace_sid}/TaskQueues/{task_queue_sid}",
        "reservations": "/Workspaces/{workspace_sid}/Tasks/{sid}/Reservations",
    },
    fields=(
        Field(name="Attributes", column="attributes", parse=fields.read_attributes, default=NO_ATTRIBUTES),
        Field(name="WorkflowSid", column="workflow_sid", parse=fields.sid("WW"), on="create"),
        Field(
            name="Timeout",
            column="timeout",
            parse=fields.integer(1, LONGEST_TIMEOUT_S),
            on="create",
            default=DEFAULT_TIMEOUT_S,
        ),
        Field(name="Priority", column="priority", parse=fields.integer(0, HIGHEST_PRIORITY), default=0),
        Field(name="TaskChannel", column="task_channel", parse=fields.visible_name, default="default"),
        Field(name="VirtualStartTime", column="virtual_start_ms", parse=fields.moment),
        Field(name="RoutingTarget", column="routing_target", parse=fields.any_sid("WK", "WQ", "WW"), on="create"),
        Field(name="IgnoreCapacity", column="ignore_capacity", parse=fields.boolean, on="create"),
        Field(name="TaskQueueSid", column="task_queue_sid", parse=fields.sid("WQ"), on="create"),
        Field(
            name="AssignmentStatus",
            column="assignment_status",
            parse=fields.status(*_STATUSES),
            on="update",
        ),
        Field(name="Reason", column="reason", parse=fields.verbatim, on="update"),
    ),
    filters=(
        ColumnFilter("Priority", "task.priority = ?", fields.integer(0, HIGHEST_PRIORITY)),
        ColumnFilter(
            "AssignmentStatus", "instr(?, ',' || task.status || ',')", fields.comma_list(*_STATUSES), repeats=True
        ),
        ColumnFilter("WorkflowSid", "task.workflow_sid = ?", fields.sid("WW")),
        ColumnFilter("WorkflowName", "workflow.name_key = ?", fields.folded_name),
        ColumnFilter("TaskQueueSid", "task.queue_sid = ?", fields.sid("WQ")),
        ColumnFilter("TaskQueueName", "task_queue.name_key = ?", fields.folded_name),
        ColumnFilter("RoutingTarget", "task.routing_target = ?", fields.any_sid("WK", "WQ", "WW")),
        ItemFilter("EvaluateTaskAttributes", _fulfils),
        ItemFilter("HasAddons", _has_addons),
    ),
    orderings={
        "DateCreated": "task.position",
        "Priority": "task.priority",
        "VirtualStartTime": "task.virtual_start_ms",
    },
    combinations=(
        frozenset({"task.position", "task.priority"}),
        frozenset({"task.virtual_start_ms", "task.priority"}),
    ),
    revision="task.version",
    routed=RoutedActions(update=_update, create=_create, delete=_delete),
    shown=_shown,
)
