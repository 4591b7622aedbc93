"""Events: what has happened, to be read for 30 days."""

from collections.abc import Mapping

from tr_apply.local.forms import fields
from tr_apply.local.history.event_data import Referred, data_of, description_of, subject_of
from tr_apply.local.history.events import KEPT_MS, EventRecord, first_position_at
from tr_apply.local.kinds import columns
from tr_apply.local.kinds.columns import Item
from tr_apply.local.kinds.kind import ColumnFilter, Conditions, Narrowing, ServedKind
from tr_apply.local.storage.database import Reader
from tr_apply.local.storage.refusals import InvalidParameterError
from tr_apply.routing.workspace import TaskChannel

_DEFAULT_MINUTES = 15
_MINUTE_MS = 60_000


def _told(row: Item) -> Item:
    """The event of a row. Its author is not recorded, so every event names the workspace."""
    record = EventRecord(**{name: row[name] for name in EventRecord._fields})
    referred = Referred(_channel(row), row["queue_name"], row["queue_expression"], row["workflow_name"])
    data, subject = data_of(record, referred), subject_of(record)
    workspace = f"/Workspaces/{record.workspace_sid}"
    return {
        "sid": record.sid,
        "workspace_sid": record.workspace_sid,
        "event_type": record.type,
        "event_date": row["event_date"],
        "event_date_ms": record.at_ms,
        "description": description_of(record, data),
        "event_data": data,
        "resource_type": subject.type,
        "resource_sid": subject.sid,
        "resource_url": f"{workspace}{subject.path}",
        "actor_type": "workspace",
        "actor_sid": record.workspace_sid,
        "actor_url": workspace,
        "source": "twilio",
        "source_ip_address": None,
    }


def _channel(row: Item) -> TaskChannel | None:
    if row["channel_sid"] is None:
        return None
    return TaskChannel(
        row["task_channel"], row["channel_sid"], row["channel_name"], bool(row["channel_optimized_routing"])
    )


def _window(reader: Reader, query: Mapping[str, str]) -> Conditions:
    """From when until when: the last 15 minutes, unless the parameters say otherwise or ask for one event."""
    minutes, start, end = (query.get(name) for name in ("Minutes", "StartDate", "EndDate"))
    if minutes and (start or end):
        raise InvalidParameterError("Minutes cannot be combined with StartDate or EndDate")
    end_ms = fields.moment("EndDate", end) + 999 if end else None  # dates are given in whole seconds
    if start:
        start_ms = fields.moment("StartDate", start)
    elif minutes or not query.get("Sid"):
        length = fields.integer(1, 10**9)("Minutes", minutes or str(_DEFAULT_MINUTES))
        start_ms = (reader.now_ms if end_ms is None else end_ms) - length * _MINUTE_MS
    else:
        start_ms = 0
    start_ms = max(start_ms, reader.now_ms - KEPT_MS)  # older events only wait to be removed
    conditions: Conditions = [
        ("event.position >= ?", first_position_at(reader, start_ms)),
        ("event.at_ms >= ?", start_ms),
    ]
    return conditions if end_ms is None else [*conditions, ("event.at_ms <= ?", end_ms)]


def _equals(name: str, column: str, prefix: str) -> ColumnFilter:
    return ColumnFilter(name, f"event.{column} = ?", fields.sid(prefix))


_RAW = columns.plain("event", *EventRecord._fields)

EVENT = ServedKind(
    name="event",
    noun="Event",
    sid_prefix="EV",
    collection="/Workspaces/{workspace_sid}/Events",
    list_key="events",
    columns={
        **_RAW,
        "event_date": columns.date("event.at_ms"),
        "channel_sid": "task_channel.sid",
        "channel_name": "task_channel.friendly_name",
        **columns.plain("task_channel", "channel_optimized_routing"),
        "queue_name": "task_queue.friendly_name",
        "queue_expression": "task_queue.target_workers",
        "workflow_name": "workflow.friendly_name",
    },
    source="event LEFT JOIN task_channel ON task_channel.workspace_sid = event.workspace_sid"
    " AND task_channel.unique_name = event.task_channel"
    " LEFT JOIN task_queue ON task_queue.sid = event.task_queue_sid"
    " LEFT JOIN workflow ON workflow.sid = event.workflow_sid",
    scope=("event.workspace_sid",),
    parent="workspace",
    fields=(),
    paths=("resource_url", "actor_url"),
    filters=(
        ColumnFilter("EventType", "event.type = ?", fields.verbatim),
        ColumnFilter(
            "TaskChannel",
            "event.task_channel IN (SELECT unique_name FROM task_channel"
            " WHERE task_channel.workspace_sid = event.workspace_sid AND ? IN (sid, unique_name))",
            fields.verbatim,
        ),
        _equals("TaskSid", "task_sid", "WT"),
        _equals("ReservationSid", "reservation_sid", "WR"),
        _equals("WorkerSid", "worker_sid", "WK"),
        _equals("TaskQueueSid", "task_queue_sid", "WQ"),
        _equals("WorkflowSid", "workflow_sid", "WW"),
        _equals("Sid", "sid", "EV"),
    ),
    narrowing=Narrowing(("Minutes", "StartDate", "EndDate"), _window),
    shape=_told,
    creatable=False,
    changeable=False,
)
