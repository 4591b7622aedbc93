"""Task queues: a line of tasks, and which workers may take from it."""

from collections.abc import Callable

from tr_apply.local.forms import fields
from tr_apply.local.forms.matching import Names, check_expression, matcher, names_of_workers
from tr_apply.local.history.session import Session
from tr_apply.local.kinds import columns
from tr_apply.local.kinds.columns import Item
from tr_apply.local.kinds.kind import Change, ColumnFilter, Field, ItemFilter, ServedKind, Values
from tr_apply.local.kinds.setup import task_queue_of
from tr_apply.local.storage.database import Reader, Writer
from tr_apply.local.storage.documents import parse_object
from tr_apply.local.storage.refusals import InvalidParameterError

ACTIVITIES = ("reservation_activity_sid", "assignment_activity_sid")


def _check_activities(writer: Writer, change: Change) -> Values:
    """Only a multitasking workspace can do without the two activities."""
    multi_task_enabled = writer.value("SELECT multi_task_enabled FROM workspace WHERE sid = ?", (change.workspace_sid,))
    if not multi_task_enabled and not all(change.after(column) for column in ACTIVITIES):
        raise InvalidParameterError("Activity Sids cannot be empty")
    return change.values


def _accepts_such_a_worker(reader: Reader, workspace_sid: str, text: str) -> Callable[[Item], bool]:
    """Whether a queue accepts such workers: *text* is a worker's attributes as JSON, or an expression over workers."""
    name = "EvaluateWorkerAttributes"
    if text.lstrip().startswith("{"):
        return _accepts_any([parse_object(name, text)])
    check_expression(name, text)
    return _accepts_any(list(filter(matcher(text), names_of_workers(reader, workspace_sid))))


def _accepts_worker(reader: Reader, workspace_sid: str, text: str) -> Callable[[Item], bool]:
    sid = fields.sid("WK")("WorkerSid", text)
    return _accepts_any(names_of_workers(reader, workspace_sid, sid))


def _accepts_any(workers: list[Names]) -> Callable[[Item], bool]:
    return lambda queue: any(map(matcher(queue["target_workers"]), workers))


def _inform(session: Session, item: Item, change: Change | None) -> None:
    engine = session.engine(item["workspace_sid"])
    if change is None:
        engine.delete_queue(item["sid"], session.now_ms)
    else:
        engine.put_queue(task_queue_of(item), session.now_ms)


TASK_QUEUE = ServedKind(
    name="task_queue",
    noun="Queue",
    sid_prefix="WQ",
    collection="/Workspaces/{workspace_sid}/TaskQueues",
    list_key="task_queues",
    columns={
        **columns.within_workspace("task_queue"),
        **columns.plain("task_queue", "friendly_name", "target_workers", "max_reserved_workers", "task_order"),
        "reservation_activity_sid": "task_queue.reservation_activity_sid",
        "reservation_activity_name": "reservation.friendly_name",
        "assignment_activity_sid": "task_queue.assignment_activity_sid",
        "assignment_activity_name": "assignment.friendly_name",
        **columns.dates("task_queue"),
    },
    source="task_queue"
    + columns.join("activity", "reservation", on="task_queue.reservation_activity_sid")
    + columns.join("activity", "assignment", on="task_queue.assignment_activity_sid"),
    scope=("task_queue.workspace_sid",),
    parent="workspace",
    links={
        "workspace": "/Workspaces/{workspace_sid}",
        "assignment_activity": "/Workspaces/{workspace_sid}/Activities/{assignment_activity_sid}",
        "reservation_activity": "/Workspaces/{workspace_sid}/Activities/{reservation_activity_sid}",
        "statistics": "/Workspaces/{workspace_sid}/TaskQueues/{sid}/Statistics",
        "real_time_statistics": "/Workspaces/{workspace_sid}/TaskQueues/{sid}/RealTimeStatistics",
        "cumulative_statistics": "/Workspaces/{workspace_sid}/TaskQueues/{sid}/CumulativeStatistics",
        "list_statistics": "/Workspaces/{workspace_sid}/TaskQueues/Statistics",
        "bulk_real_time_statistics": "/Workspaces/{workspace_sid}/TaskQueues/RealTimeStatistics",
    },
    fields=(
        Field(name="FriendlyName", column="friendly_name", parse=fields.visible_name, required=True),
        Field(
            name="TargetWorkers",
            column="target_workers",
            parse=fields.worker_expression,
            default="1==1",
        ),
        Field(
            name="MaxReservedWorkers",
            column="max_reserved_workers",
            parse=fields.integer(1, 50),
            default=1,
        ),
        Field(
            name="TaskOrder",
            column="task_order",
            parse=fields.choice("FIFO", "LIFO"),
            default="FIFO",
        ),
        Field(
            name="ReservationActivitySid",
            column="reservation_activity_sid",
            parse=fields.sid("WA", clearable=True),
            refers_to="activity",
        ),
        Field(
            name="AssignmentActivitySid",
            column="assignment_activity_sid",
            parse=fields.sid("WA", clearable=True),
            refers_to="activity",
        ),
    ),
    filters=(
        ColumnFilter("FriendlyName", "task_queue.name_key = ?", fields.folded_name),
        ItemFilter("EvaluateWorkerAttributes", _accepts_such_a_worker),
        ItemFilter("WorkerSid", _accepts_worker),
    ),
    orderings={"DateUpdated": "task_queue.date_updated"},
    named_by="friendly_name",
    prepare=_check_activities,
    inform=_inform,
)
