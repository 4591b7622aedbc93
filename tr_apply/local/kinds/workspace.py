"""Workspaces: the top of everything."""

from tr_apply.local.forms import fields
from tr_apply.local.history.session import Session
from tr_apply.local.kinds import columns
from tr_apply.local.kinds.kind import Change, ColumnFilter, Field, Item, Kind, Values
from tr_apply.local.kinds.seeds import TEMPLATES, plant
from tr_apply.local.kinds.setup import workspace_of
from tr_apply.local.storage.database import Writer
from tr_apply.local.storage.refusals import InvalidParameterError


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


WORKSPACE = Kind(
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
