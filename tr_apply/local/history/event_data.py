"""The content of an event: its data, its description, and its resource.

``event_data`` of the Events resource and the parameters of an event callback are the same in two spellings,
``task_sid`` and ``TaskSid``; here they have the first one. Values are texts, as in TaskRouter.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple, Self

from tr_apply.local.history.events import EventRecord
from tr_apply.local.storage.sids import OPERATING_UNIT_SID
from tr_apply.routing.engine.state import State
from tr_apply.routing.unsure import REASON_TTL
from tr_apply.routing.workspace import TaskChannel

Data = dict[str, str]
About = Mapping[str, Any]


class Subject(NamedTuple):
    """The resource of an event: its type, its SID, and its path below the workspace."""

    type: str
    sid: str
    path: str


class Referred(NamedTuple):
    """The resources that a record refers to, in their present state; None if deleted."""

    channel: TaskChannel | None = None
    queue_name: str | None = None
    queue_expression: str | None = None
    workflow_name: str | None = None

    @classmethod
    def by(cls, record: EventRecord, state: State) -> Self:
        """The resources of a workspace that *record* refers to."""
        queue = state.queues.get(record.task_queue_sid or "")
        workflow = state.workflows.get(record.workflow_sid or "")
        return cls(
            state.channels.get(record.task_channel or ""),
            None if queue is None else queue.queue.name,
            None if queue is None else queue.queue.target_workers,
            None if workflow is None else workflow.name,
        )


def data_of(record: EventRecord, referred: Referred) -> Data:
    """The data of an event, without the fields that all events have."""
    about: About = json.loads(record.about) if record.about else {}
    data = {
        **_operating_unit(record),
        **_task(record, referred),
        **_reservation(record),
        **_worker(record),
        **_OF_GROUP.get(record.type.partition(".")[0], _nothing)(record, about),
    }
    return {name: str(value) for name, value in data.items() if value is not None}


def description_of(record: EventRecord, data: Data) -> str:
    """A sentence about an event."""
    group, _, verb = record.type.partition(".")
    match record.type:
        case "task.canceled" if record.task_reason == REASON_TTL:
            return REASON_TTL
        case "worker.attributes.update":
            return f"Worker {record.worker_name} updated attributes to {record.worker_attributes}"
        case "task-queue.expression.updated":
            expression = data["task_queue_target_expression"]
            return f"TaskQueue {record.task_queue_sid} expression updated to '{expression}'"
        case "worker.activity.update":
            return f"Worker {record.worker_name} updated to {record.worker_activity_name} Activity"
        case "reservation.created":
            return (
                f"Task {record.task_sid} assigned to Worker {record.worker_name}"
                f" with Reservation {record.reservation_sid}"
            )
        case "task-queue.entered" | "task-queue.timeout" | "task-queue.moved":
            return f"Task {record.task_sid} {_DONE_IN_QUEUE[verb]} TaskQueue {record.task_queue_sid}"
    name = _name(record, data)
    return f"{_NOUNS[group]} {name} {verb.replace('.', ' ').replace('-', ' ')}"


def subject_of(record: EventRecord) -> Subject:
    """The resource of an event. For a reservation it is the task, as in the one recorded list of events."""
    group = record.type.partition(".")[0]
    about: About = json.loads(record.about) if record.about else {}
    if record.task_sid is not None:
        return Subject("task", record.task_sid, f"/Tasks/{record.task_sid}")
    if record.worker_sid is not None:
        return Subject("worker", record.worker_sid, f"/Workers/{record.worker_sid}")
    collection = _COLLECTIONS[group]
    sid = about["sid"]
    return Subject(group.replace("-", ""), sid, f"/{collection}/{sid}" if collection else "")


_COLLECTIONS: Final = {
    "activity": "Activities",
    "task-channel": "TaskChannels",
    "task-queue": "TaskQueues",
    "workflow": "Workflows",
    "workspace": "",
}
_NOUNS: Final = {
    "activity": "Activity",
    "reservation": "Reservation",
    "task": "Task",
    "task-channel": "TaskChannel",
    "task-queue": "TaskQueue",
    "worker": "Worker",
    "workflow": "Workflow",
    "workspace": "Workspace",
}
_DONE_IN_QUEUE: Final = {"entered": "entered", "timeout": "timed out in", "moved": "left"}


def _name(record: EventRecord, data: Data) -> str | None:
    if record.type.startswith("workflow.") and record.task_sid:
        return f"{record.workflow_sid} for Task {record.task_sid}"
    names = (record.reservation_sid, record.task_sid, record.worker_name)
    return next((each for each in names if each), None) or next(
        (value for key, value in data.items() if key.endswith("_name")), None
    )


def _operating_unit(record: EventRecord) -> dict[str, Any]:
    """Of tasks, reservations, workers and queues."""
    if record.task_sid or record.worker_sid or record.type.startswith("task-queue."):
        return {"operating_unit_sid": OPERATING_UNIT_SID}
    return {}


def _task(record: EventRecord, referred: Referred) -> dict[str, Any]:
    if record.task_sid is None:
        return {}
    assert record.task_created_ms is not None
    reasons = {"canceled": "task_canceled_reason", "completed": "task_completed_reason"}
    reason = reasons.get(record.task_status or "")
    return {
        "task_sid": record.task_sid,
        "task_attributes": record.task_attributes,
        "task_age": max(0, record.at_ms - record.task_created_ms) // 1000,
        "task_priority": record.task_priority,
        "task_assignment_status": record.task_status,
        **({reason: record.task_reason} if reason else {}),
        "task_channel_unique_name": record.task_channel,
        **({} if referred.channel is None else _of_channel(referred.channel)),
        "task_queue_sid": record.task_queue_sid,
        "task_queue_name": referred.queue_name,
        "task_queue_target_expression": referred.queue_expression,
        "workflow_sid": record.workflow_sid,
        "workflow_name": referred.workflow_name,
        "task_version": record.task_version,
        "task_date_created": _seconds(record.task_created_ms),
        "task_queue_entered_date": _seconds(record.task_queue_entered_ms),
        "task_virtual_start_time": _seconds(record.task_virtual_start_ms),
        "task_ignore_capacity": _BOOLEANS.get(record.task_ignore_capacity),
    }


_BOOLEANS: Final[Mapping[int | None, str]] = {0: "false", 1: "true"}


def _seconds(moment_ms: int | None) -> int | None:
    """A time as in events: whole seconds since 1970."""
    return None if moment_ms is None else moment_ms // 1000


def _of_channel(channel: TaskChannel) -> dict[str, Any]:
    return {
        "task_channel_sid": channel.sid,
        "task_channel_name": channel.name,
        "task_channel_optimized_routing": str(channel.channel_optimized_routing).lower(),
    }


def _reservation(record: EventRecord) -> dict[str, Any]:
    return {"reservation_sid": record.reservation_sid, "reservation_version": record.reservation_version}


def _worker(record: EventRecord) -> dict[str, Any]:
    return {
        "worker_sid": record.worker_sid,
        "worker_name": record.worker_name,
        "worker_attributes": record.worker_attributes,
        "worker_activity_sid": record.worker_activity_sid,
        "worker_activity_name": record.worker_activity_name,
        "worker_version": record.worker_version,
    }


def _nothing(_record: EventRecord, _about: About) -> dict[str, Any]:
    return {}


def _worker_change(record: EventRecord, about: About) -> dict[str, Any]:
    if "since_ms" in about:
        spent_ms = max(0, record.at_ms - about["since_ms"])
        return {
            "worker_time_in_previous_activity": spent_ms // 1000,
            "worker_time_in_previous_activity_ms": spent_ms,
            "worker_previous_activity_sid": about["previous_activity_sid"],
            "worker_previous_activity_name": about["previous_activity_name"],
        }
    if "channel" in about:
        return {
            "worker_channel_available": str(about["available"]).lower(),
            "worker_channel_available_capacity": about["available_capacity_percentage"],
            "worker_channel_previous_capacity": about["previous_capacity"],
            "worker_channel_task_count": about["assigned_tasks"],
            "task_channel_sid": about["channel_sid"],
            "task_channel_unique_name": about["channel"],
        }
    return {}


def _transfer(_record: EventRecord, about: About) -> dict[str, Any]:
    """The data of an event about a transfer: its effect on the task, and its reservations."""
    if not about:
        return {}
    return {
        "task_transfer_sid": about["sid"],
        "transfer_type": about["type"],
        "transfer_mode": about["mode"],
        "transfer_status": about["status"],
        "transfer_to": about["to_sid"],
        "transfer_failed_reason": about["failed_reason"],
    }


def _activity(_record: EventRecord, about: About) -> dict[str, Any]:
    return {
        "activity_sid": about["sid"],
        "activity_name": about["name"],
        "activity_available": str(about["available"]).lower(),
    }


def _task_channel(_record: EventRecord, about: About) -> dict[str, Any]:
    return {
        "task_channel_sid": about["sid"],
        "task_channel_name": about["name"],
        "task_channel_unique_name": about["unique_name"],
        "task_channel_optimized_routing": str(about["channel_optimized_routing"]).lower(),
    }


def _task_queue(_record: EventRecord, about: About) -> dict[str, Any]:
    if not about:
        return {}
    return {
        "task_queue_sid": about["sid"],
        "task_queue_name": about["name"],
        "task_queue_target_expression": about["target_workers"],
    }


def _workflow(_record: EventRecord, about: About) -> dict[str, Any]:
    if "value" in about:  # the known worker that a step asks for
        known_by = about.get("by", "sid")
        return {f"known_worker_{known_by}": about["value"], "known_worker_error_code": about["debugger_code"]}
    return {"workflow_sid": about["sid"], "workflow_name": about["name"]} if about else {}


def _workspace(_record: EventRecord, about: About) -> dict[str, Any]:
    return {"workspace_sid": about["sid"], "workspace_name": about["name"]}


_OF_GROUP: Final[Mapping[str, Callable[[EventRecord, About], dict[str, Any]]]] = {
    "activity": _activity,
    "reservation": _transfer,
    "task": _transfer,
    "task-channel": _task_channel,
    "task-queue": _task_queue,
    "worker": _worker_change,
    "workflow": _workflow,
    "workspace": _workspace,
}
