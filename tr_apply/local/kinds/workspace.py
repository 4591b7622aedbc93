"""Workspaces: the top of everything."""

import json
from collections.abc import Mapping
from typing import Any

from tr_apply.local.forms import fields
from tr_apply.local.history.session import Session
from tr_apply.local.kinds import columns
from tr_apply.local.kinds.activity import ACTIVITY
from tr_apply.local.kinds.columns import Item
from tr_apply.local.kinds.kind import Change, ColumnFilter, Field, ServedKind, Values
from tr_apply.local.kinds.setup import workspace_of
from tr_apply.local.kinds.task_channel import TASK_CHANNEL
from tr_apply.local.kinds.task_queue import TASK_QUEUE
from tr_apply.local.kinds.workflow import WORKFLOW
from tr_apply.local.storage.database import Writer
from tr_apply.local.storage.refusals import InvalidParameterError
from tr_apply.routing.names import name_key

TEMPLATES = ("NONE", "FIFO", "EMPTY")
"""The third is what older programs send for the first."""

_TASK_CHANNELS = {
    "default": "Default",
    "voice": "Voice",
    "chat": "Programmable Chat",
    "sms": "SMS",
    "video": "Video",
}

_MULTITASKING = {"Offline": False, "Available": True, "Unavailable": False}
_SINGLE_TASKING = {"Offline": False, "Idle": True, "Busy": False, "Reserved": False}


def plant(writer: Writer, workspace_sid: str, *, multitasking: bool, template: str) -> None:
    """Fill a new workspace, and start its default and timeout activity as Offline."""
    for unique_name, name in _TASK_CHANNELS.items():
        values = {
            "friendly_name": name,
            "unique_name": unique_name,
            "channel_optimized_routing": False,
        }
        _add(writer, workspace_sid, TASK_CHANNEL, values)
    activities = {
        name: _add(writer, workspace_sid, ACTIVITY, {"friendly_name": name, "available": available})
        for name, available in (_MULTITASKING if multitasking else _SINGLE_TASKING).items()
    }
    offline = activities["Offline"]
    writer.update(
        "workspace",
        workspace_sid,
        {"default_activity_sid": offline, "timeout_activity_sid": offline},
    )
    if template == "FIFO":
        _plant_fifo(writer, workspace_sid, activities)


def _plant_fifo(writer: Writer, workspace_sid: str, activities: Mapping[str, str]) -> None:
    queue_sid = _add(
        writer,
        workspace_sid,
        TASK_QUEUE,
        {
            "friendly_name": "Sample Queue",
            "target_workers": "1==1",
            "max_reserved_workers": 1,
            "task_order": "FIFO",
            "reservation_activity_sid": activities.get("Reserved"),
            "assignment_activity_sid": activities.get("Busy"),
        },
    )
    routing = {"filters": [], "default_filter": {"queue": queue_sid}}
    _add(
        writer,
        workspace_sid,
        WORKFLOW,
        {
            "friendly_name": "Default Fifo Workflow",
            "configuration": json.dumps({"task_routing": routing}, separators=(",", ":")),
            "assignment_callback_url": "",
            "fallback_assignment_callback_url": "",
            "task_reservation_timeout": 120,
        },
    )


def _add(writer: Writer, workspace_sid: str, kind: ServedKind, values: dict[str, Any]) -> str:
    row = {
        "workspace_sid": workspace_sid,
        "name_key": name_key(values[kind.named_by or ""]),
        **values,
    }
    sid = writer.insert(kind.name, kind.sid_prefix, row)
    kind.settle(writer, sid, Change((workspace_sid,), None, values))
    return sid


def _check_multitasking(_writer: Writer, change: Change) -> Values:
    if change.before and change.before["multi_task_enabled"] > change.after("multi_task_enabled"):
        raise InvalidParameterError("MultiTaskEnabled cannot be turned off again")
    return change.values


def _plant(writer: Writer, sid: str, change: Change) -> None:
    if change.before is None:
        plant(
            writer,
            sid,
            multitasking=change.values["multi_task_enabled"],
            template=change.values["template"],
        )


def _inform(session: Session, item: Item, change: Change | None) -> None:
    if change is None:
        session.note(item["sid"], "workspace.deleted", workspace_of(item))
        session.keep()
        session.drop(item["sid"])
    elif change.before is None:
        session.note(item["sid"], "workspace.created", workspace_of(item))
    else:
        session.engine(item["sid"]).set_workspace(workspace_of(item), session.now_ms)


WORKSPACE = ServedKind(
    name="workspace",
    noun="Workspace",
    sid_prefix="WS",
    collection="/Workspaces",
    list_key="workspaces",
    columns={
        **columns.identity("workspace"),
        **columns.plain(
            "workspace",
            "friendly_name",
            "event_callback_url",
            "events_filter",
            "multi_task_enabled",
            "prioritize_queue_order",
            "default_activity_sid",
        ),
        "default_activity_name": "default_activity.friendly_name",
        "timeout_activity_sid": "workspace.timeout_activity_sid",
        "timeout_activity_name": "timeout_activity.friendly_name",
        **columns.dates("workspace"),
    },
    source="workspace"
    + columns.join("activity", "default_activity", on="workspace.default_activity_sid")
    + columns.join("activity", "timeout_activity", on="workspace.timeout_activity_sid"),
    scope=(),
    parent="",
    booleans=("multi_task_enabled",),
    links={
        "activities": "/Workspaces/{sid}/Activities",
        "task_channels": "/Workspaces/{sid}/TaskChannels",
        "task_queues": "/Workspaces/{sid}/TaskQueues",
        "workflows": "/Workspaces/{sid}/Workflows",
        "workers": "/Workspaces/{sid}/Workers",
        "tasks": "/Workspaces/{sid}/Tasks",
        "events": "/Workspaces/{sid}/Events",
        "statistics": "/Workspaces/{sid}/Statistics",
        "real_time_statistics": "/Workspaces/{sid}/RealTimeStatistics",
        "cumulative_statistics": "/Workspaces/{sid}/CumulativeStatistics",
    },
    fields=(
        Field(name="FriendlyName", column="friendly_name", parse=fields.visible_name, required=True),
        Field(
            name="EventCallbackUrl",
            column="event_callback_url",
            parse=fields.callback_url,
            default="",
        ),
        Field(name="EventsFilter", column="events_filter", parse=fields.verbatim, repeats=True),
        Field(
            name="MultiTaskEnabled",
            column="multi_task_enabled",
            parse=fields.boolean,
            default=True,
        ),
        Field(
            name="Template",
            column="template",
            parse=fields.choice(*TEMPLATES),
            on="create",
            default="NONE",
            stored=False,
        ),
        Field(
            name="PrioritizeQueueOrder",
            column="prioritize_queue_order",
            parse=fields.choice("FIFO", "LIFO"),
            default="FIFO",
        ),
        Field(
            name="DefaultActivitySid",
            column="default_activity_sid",
            parse=fields.sid("WA"),
            on="update",
            refers_to="activity",
        ),
        Field(
            name="TimeoutActivitySid",
            column="timeout_activity_sid",
            parse=fields.sid("WA"),
            on="update",
            refers_to="activity",
        ),
    ),
    filters=(ColumnFilter("FriendlyName", "workspace.name_key = ?", fields.folded_name),),
    named_by="friendly_name",
    names_repeat=True,
    prepare=_check_multitasking,
    settle=_plant,
    inform=_inform,
)
