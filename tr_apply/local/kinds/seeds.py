"""The resources that TaskRouter puts into a new workspace."""

import json
from collections.abc import Mapping
from typing import Any

from tr_apply.local.kinds.activity import ACTIVITY
from tr_apply.local.kinds.kind import Change, Kind
from tr_apply.local.kinds.task_channel import TASK_CHANNEL
from tr_apply.local.kinds.task_queue import TASK_QUEUE
from tr_apply.local.kinds.workflow import WORKFLOW
from tr_apply.local.storage.database import Writer
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


def _add(writer: Writer, workspace_sid: str, kind: Kind, values: dict[str, Any]) -> str:
    row = {
        "workspace_sid": workspace_sid,
        "name_key": name_key(values[kind.named_by or ""]),
        **values,
    }
    sid = writer.insert(kind.name, kind.sid_prefix, row)
    kind.settle(writer, sid, Change((workspace_sid,), None, values))
    return sid
