"""Workflows: which tasks go to which queues."""

from tr_apply.local.forms import fields
from tr_apply.local.forms.configuration import configuration, queues_of
from tr_apply.local.history.session import Session
from tr_apply.local.kinds import columns
from tr_apply.local.kinds.columns import Item
from tr_apply.local.kinds.kind import Change, ColumnFilter, Field, ServedKind, Values
from tr_apply.local.kinds.setup import workflow_of
from tr_apply.local.storage.database import Writer
from tr_apply.local.storage.refusals import InvalidParameterError


def _check_queues(writer: Writer, change: Change) -> Values:
    for sid, place in _queues(change).items():
        if not writer.row(
            "SELECT 1 FROM task_queue WHERE workspace_sid = ? AND sid = ?",
            (change.workspace_sid, sid),
        ):
            raise InvalidParameterError(f"{place}: TaskQueue {sid} was not found in workspace {change.workspace_sid}")
    return change.values


def _note_queues(writer: Writer, sid: str, change: Change) -> None:
    if "configuration" in change.values:
        writer.run("DELETE FROM workflow_queue WHERE workflow_sid = ?", (sid,))
        for queue_sid in _queues(change):
            writer.run("INSERT INTO workflow_queue VALUES (?, ?)", (sid, queue_sid))


def _queues(change: Change) -> dict[str, str]:
    text = change.values.get("configuration")
    return dict(queues_of("Configuration", text)) if text else {}


def _inform(session: Session, item: Item, change: Change | None) -> None:
    engine = session.engine(item["workspace_sid"])
    if change is None:
        engine.delete_workflow(item["sid"], session.now_ms)
        return
    re_evaluate = change.values.get("re_evaluate_tasks") is True
    stored = engine.put_workflow(workflow_of(item), session.now_ms, re_evaluate=re_evaluate)
    session.writer.run("UPDATE workflow SET version = ? WHERE sid = ?", (stored.version, stored.sid))


WORKFLOW = ServedKind(
    name="workflow",
    noun="Workflow",
    sid_prefix="WW",
    collection="/Workspaces/{workspace_sid}/Workflows",
    list_key="workflows",
    columns={
        **columns.within_workspace("workflow"),
        **columns.plain(
            "workflow",
            "friendly_name",
            "assignment_callback_url",
            "fallback_assignment_callback_url",
            "configuration",
            "task_reservation_timeout",
        ),
        "document_content_type": "NULL",
        **columns.dates("workflow"),
    },
    source="workflow",
    scope=("workflow.workspace_sid",),
    parent="workspace",
    links={
        "workspace": "/Workspaces/{workspace_sid}",
        "statistics": "/Workspaces/{workspace_sid}/Workflows/{sid}/Statistics",
        "real_time_statistics": "/Workspaces/{workspace_sid}/Workflows/{sid}/RealTimeStatistics",
        "cumulative_statistics": "/Workspaces/{workspace_sid}/Workflows/{sid}/CumulativeStatistics",
    },
    fields=(
        Field(name="FriendlyName", column="friendly_name", parse=fields.visible_name, required=True),
        Field(name="Configuration", column="configuration", parse=configuration, required=True),
        Field(
            name="AssignmentCallbackUrl",
            column="assignment_callback_url",
            parse=fields.callback_url,
            default="",
        ),
        Field(
            name="FallbackAssignmentCallbackUrl",
            column="fallback_assignment_callback_url",
            parse=fields.callback_url,
            default="",
        ),
        Field(
            name="TaskReservationTimeout",
            column="task_reservation_timeout",
            parse=fields.integer(1, 86_400),
            default=120,
        ),
        Field(
            name="ReEvaluateTasks",
            column="re_evaluate_tasks",
            parse=fields.boolean,
            on="update",
            stored=False,
        ),
    ),
    filters=(ColumnFilter("FriendlyName", "workflow.name_key = ?", fields.folded_name),),
    named_by="friendly_name",
    prepare=_check_queues,
    settle=_note_queues,
    inform=_inform,
)
