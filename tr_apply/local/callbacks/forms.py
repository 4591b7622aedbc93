"""The fields that callbacks are sent with."""

from typing import Any

from tr_apply.local.history.event_data import Referred, data_of, description_of, subject_of
from tr_apply.local.history.events import EventRecord

MS_IN_SECOND = 1000

_OF_ASSIGNMENTS = (
    *("worker_sid", "worker_name", "worker_attributes", "worker_activity_sid", "worker_activity_name"),
    *("task_sid", "task_attributes", "task_age", "task_priority", "task_channel_sid", "task_channel_unique_name"),
    *("reservation_sid", "task_queue_sid", "workflow_sid"),
)


def assignment_form(record: EventRecord, referred: Referred, *, account_sid: str) -> dict[str, str]:
    """The form of an assignment callback for the reservation whose creation is *record*."""
    data = data_of(record, referred)
    fields = {
        "account_sid": account_sid,
        "workspace_sid": record.workspace_sid,
        "timestamp": record.at_ms // MS_IN_SECOND,
        **{name: data[name] for name in _OF_ASSIGNMENTS if name in data},
    }
    return _form(fields)


def event_form(record: EventRecord, referred: Referred, *, account_sid: str, workspace_name: str) -> dict[str, str]:
    """The form of an event callback."""
    data, subject = data_of(record, referred), subject_of(record)
    return _form(
        {
            **data,
            "event_type": record.type,
            "account_sid": account_sid,
            "workspace_sid": record.workspace_sid,
            "workspace_name": workspace_name,
            "event_description": description_of(record, data),
            "resource_type": subject.type,
            "resource_sid": subject.sid,
            "timestamp": record.at_ms // MS_IN_SECOND,
            "timestamp_ms": record.at_ms,
            "sid": record.sid,
        }
    )


def _form(fields: dict[str, Any]) -> dict[str, str]:
    return {"".join(part.title() for part in name.split("_")): str(value) for name, value in fields.items()}
