"""Workers: who takes tasks."""

from collections.abc import Callable

from tr_apply.local.forms import fields
from tr_apply.local.forms.matching import check_expression, matcher, worker_names
from tr_apply.local.history.records import attributes_of, read_workers
from tr_apply.local.history.session import Session
from tr_apply.local.kinds import columns
from tr_apply.local.kinds.columns import Item
from tr_apply.local.kinds.kind import Change, ColumnFilter, Field, ItemFilter, ServedKind, Values
from tr_apply.local.kinds.worker_channel import open_channels
from tr_apply.local.storage.database import Reader, Writer
from tr_apply.local.storage.refusals import InvalidParameterError
from tr_apply.routing.engine.workers import WorkerUpdate


def _start_or_move(writer: Writer, change: Change) -> Values:
    """A new worker is in some activity; one that goes to another has changed its status."""
    activity_sid = change.after("activity_sid") or writer.value(
        "SELECT default_activity_sid FROM workspace WHERE sid = ?", (change.workspace_sid,)
    )
    _check_rejection(writer, change, activity_sid)
    if change.before and change.before["activity_sid"] == activity_sid:
        return change.values
    return {**change.values, "activity_sid": activity_sid, "date_status_changed": writer.now}


def _check_rejection(writer: Writer, change: Change, activity_sid: str) -> None:
    if change.values.get("reject_pending_reservations") and writer.value(
        "SELECT available FROM activity WHERE sid = ?", (activity_sid,)
    ):
        raise InvalidParameterError("RejectPendingReservations is for an Activity that is not available")


def _open_channels(writer: Writer, sid: str, change: Change) -> None:
    if change.before is None:
        channels = writer.rows(
            "SELECT sid FROM task_channel WHERE workspace_sid = ? ORDER BY position",
            (change.workspace_sid,),
        )
        open_channels(writer, [(sid, channel_sid) for (channel_sid,) in channels])


def _fulfils(_reader: Reader, _workspace_sid: str, text: str) -> Callable[[Item], bool]:
    check_expression("TargetWorkersExpression", text)
    return _satisfies(text)


def _is_in_queue(reader: Reader, workspace_sid: str, text: str) -> Callable[[Item], bool]:
    sid = fields.sid("WQ")("TaskQueueSid", text)
    sql = "SELECT target_workers FROM task_queue WHERE workspace_sid = ? AND sid = ?"
    return _satisfies(reader.value(sql, (workspace_sid, sid)))


def _is_in_queue_named(reader: Reader, workspace_sid: str, text: str) -> Callable[[Item], bool]:
    name_key = fields.folded_name("TaskQueueName", text)
    sql = "SELECT target_workers FROM task_queue WHERE workspace_sid = ? AND name_key = ?"
    return _satisfies(reader.value(sql, (workspace_sid, name_key)))


def _satisfies(expression: str | None) -> Callable[[Item], bool]:
    matches = matcher(expression or "")  # None: nobody is in a queue that does not exist
    return lambda worker: matches(worker_names(worker))


def _inform(session: Session, item: Item, change: Change | None) -> None:
    sid, now_ms, engine = item["sid"], session.now_ms, session.engine(item["workspace_sid"])
    if change is None:
        engine.delete_worker(sid, now_ms)
    elif change.before is None:
        [worker] = read_workers(session.writer, item["workspace_sid"], sid)
        engine.create_worker(worker, now_ms)
    else:
        if change.values.keys() & {"friendly_name", "attributes"}:
            attributes = attributes_of(item["attributes"])
            engine.update_worker(sid, WorkerUpdate(item["friendly_name"], attributes), now_ms)
        reject_pending = change.values.get("reject_pending_reservations") is True
        if reject_pending or "activity_sid" in change.values:
            engine.set_activity(sid, item["activity_sid"], now_ms, reject_pending=reject_pending)


WORKER = ServedKind(
    name="worker",
    noun="Worker",
    sid_prefix="WK",
    collection="/Workspaces/{workspace_sid}/Workers",
    list_key="workers",
    columns={
        **columns.within_workspace("worker"),
        **columns.plain("worker", "friendly_name", "activity_sid"),
        "activity_name": "activity.friendly_name",
        "available": "activity.available",
        "attributes": "worker.attributes",
        **columns.dates("worker", "date_status_changed"),
    },
    source="worker JOIN activity ON activity.sid = worker.activity_sid",
    scope=("worker.workspace_sid",),
    parent="workspace",
    booleans=("available",),
    links={
        "workspace": "/Workspaces/{workspace_sid}",
        "activity": "/Workspaces/{workspace_sid}/Activities/{activity_sid}",
        "channels": "/Workspaces/{workspace_sid}/Workers/{sid}/Channels",
        "worker_channels": "/Workspaces/{workspace_sid}/Workers/{sid}/Channels",
        "reservations": "/Workspaces/{workspace_sid}/Workers/{sid}/Reservations",
        "worker_statistics": "/Workspaces/{workspace_sid}/Workers/{sid}/Statistics",
        "statistics": "/Workspaces/{workspace_sid}/Workers/Statistics",
        "real_time_statistics": "/Workspaces/{workspace_sid}/Workers/RealTimeStatistics",
        "cumulative_statistics": "/Workspaces/{workspace_sid}/Workers/CumulativeStatistics",
    },
    fields=(
        Field(name="FriendlyName", column="friendly_name", parse=fields.visible_name, required=True),
        Field(
            name="ActivitySid",
            column="activity_sid",
            parse=fields.sid("WA"),
            refers_to="activity",
        ),
        Field(name="Attributes", column="attributes", parse=fields.attributes, default="{}"),
        Field(
            name="RejectPendingReservations",
            column="reject_pending_reservations",
            parse=fields.boolean,
            on="update",
            stored=False,
        ),
    ),
    filters=(
        ColumnFilter("FriendlyName", "worker.name_key = ?", fields.folded_name),
        ColumnFilter("ActivityName", "activity.name_key = ?", fields.folded_name),
        ColumnFilter("ActivitySid", "worker.activity_sid = ?", fields.sid("WA")),
        ColumnFilter("Available", "activity.available = ?", fields.boolean),
        ItemFilter("TargetWorkersExpression", _fulfils),
        ItemFilter("TaskQueueSid", _is_in_queue),
        ItemFilter("TaskQueueName", _is_in_queue_named),
    ),
    orderings={"DateStatusChanged": "worker.date_status_changed"},
    named_by="friendly_name",
    revision="worker.revision",
    prepare=_start_or_move,
    settle=_open_channels,
    inform=_inform,
)
