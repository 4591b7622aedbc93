"""Reservations, which are found under their task and under their worker: the same ones, with the same SIDs."""

from tr_apply.local.forms import fields
from tr_apply.local.history.session import Session
from tr_apply.local.kinds import columns
from tr_apply.local.kinds.columns import Item
from tr_apply.local.kinds.instructions import carry_out
from tr_apply.local.kinds.kind import Change, ColumnFilter, Field, RoutedActions, Scope, ServedKind
from tr_apply.local.storage.clock import told
from tr_apply.local.storage.refusals import InvalidParameterError
from tr_apply.routing.engine.state import State

_STATUSES = ("pending", "accepted", "rejected", "timeout", "canceled", "rescinded", "wrapping", "completed")

_PREFIXES = {"call": "Call", "dequeue": "Dequeue", "redirect": "Redirect"}
"""The prefix of an instruction's parameters; other parameters have none."""

_PARAMETERS = {
    "reject": ("activity_sid",),
    "call": ("to", "from", "url", "accept", "status_callback_url"),
    "dequeue": ("to", "from", "post_work_activity_sid", "status_callback_url"),
    "redirect": ("url", "call_sid", "accept"),
    "conference": (
        *("to", "from", "post_work_activity_sid", "wait_url", "status_callback", "conference_status_callback"),
        *("recording_status_callback", "conference_recording_status_callback"),
    ),
    "supervise": ("supervisor",),
}
"""The parameters that the bookkeeping looks at; what else an instruction may carry is for telephony."""


def _form_name(instruction: str, parameter: str) -> str:
    if instruction == "reject":
        return "WorkerActivitySid"
    return _PREFIXES.get(instruction, "") + parameter.title().replace("_", "")


def _update(session: Session, change: Change) -> None:
    sid, values = change.known["sid"], change.values
    if instruction := values.get("instruction"):
        names = {each: _form_name(instruction, each) for each in _PARAMETERS.get(instruction, ())}
        parameters = {each: values[name] for each, name in names.items() if name in values}
        carry_out(session, change.workspace_sid, sid, instruction, parameters)
    elif status := values.get("reservation_status"):
        _set_status(session, change, sid, status)


def _set_status(session: Session, change: Change, sid: str, status: str) -> None:
    engine, now_ms = session.engine(change.workspace_sid), session.now_ms
    match status:
        case "accepted":
            engine.accept(sid, now_ms)
        case "rejected":
            engine.reject(sid, now_ms, activity_sid=change.values.get("WorkerActivitySid"))
        case "wrapping":
            engine.wrap_up_reservation(sid, now_ms)
        case "completed":
            engine.complete_reservation(sid, now_ms)
        case "timeout":
            engine.time_out_reservation(sid, now_ms)
        case "canceled":
            engine.fail_reservation(sid, now_ms)
        case "rescinded":
            engine.rescind_reservation(sid, now_ms)
        case _:
            raise InvalidParameterError("ReservationStatus cannot be set to pending; it begins so")


def _shown(state: State, scope: Scope, sid: str, _now_ms: int) -> tuple[Item, int] | None:
    reservation = state.reservations.get(sid)
    if reservation is None or scope[1] not in (reservation.task_sid, reservation.worker_sid):
        return None
    item = {
        "sid": sid,
        "workspace_sid": state.workspace.sid,
        "task_sid": reservation.task_sid,
        "worker_sid": reservation.worker_sid,
        "worker_name": reservation.worker_name,
        "reservation_status": reservation.status,
        "date_created": told(reservation.created_ms),
        "date_updated": told(reservation.updated_ms),
    }
    return item, reservation.version


_TELEPHONY = (
    *("DequeueFrom", "DequeueTo", "DequeueTimeout", "DequeueRecord", "DequeuePostWorkActivitySid"),
    *("DequeueStatusCallbackUrl", "DequeueStatusCallbackEvent"),
    *("CallFrom", "CallTo", "CallUrl", "CallTimeout", "CallRecord", "CallAccept", "CallStatusCallbackUrl"),
    *("RedirectCallSid", "RedirectUrl", "RedirectAccept"),
    *("To", "From", "Timeout", "Record", "Muted", "Beep", "BeepOnCustomerEntrance", "EarlyMedia", "MaxParticipants"),
    *("StartConferenceOnEnter", "EndConferenceOnExit", "EndConferenceOnCustomerExit", "WaitUrl", "WaitMethod"),
    *("StatusCallback", "StatusCallbackMethod", "StatusCallbackEvent", "PostWorkActivitySid", "JitterBufferSize"),
    *("ConferenceStatusCallback", "ConferenceStatusCallbackMethod", "ConferenceStatusCallbackEvent"),
    *("ConferenceRecord", "ConferenceTrim", "RecordingChannels", "Region", "SipAuthUsername", "SipAuthPassword"),
    *("RecordingStatusCallback", "RecordingStatusCallbackMethod"),
    *("ConferenceRecordingStatusCallback", "ConferenceRecordingStatusCallbackMethod"),
)
_SUPERVISION = ("Supervisor", "SupervisorMode")  # under the task alone


def _reservation(parent: str) -> ServedKind:
    """The reservations under a task, or under a worker."""
    plural = f"{parent.title()}s"
    return ServedKind(
        name=f"{parent}_reservation",
        table="reservation",
        noun="Reservation",
        sid_prefix="WR",
        collection=f"/Workspaces/{{workspace_sid}}/{plural}/{{{parent}_sid}}/Reservations",
        list_key="reservations",
        columns={
            **columns.within_workspace("reservation"),
            **columns.plain("reservation", "task_sid", "worker_sid", "worker_name"),
            "reservation_status": "reservation.status",
            "date_created": columns.date("reservation.created_ms"),
            "date_updated": columns.date("reservation.updated_ms"),
        },
        source="reservation",
        scope=("reservation.workspace_sid", f"reservation.{parent}_sid"),
        parent=parent,
        links={
            "workspace": "/Workspaces/{workspace_sid}",
            "task": "/Workspaces/{workspace_sid}/Tasks/{task_sid}",
            "worker": "/Workspaces/{workspace_sid}/Workers/{worker_sid}",
        },
        fields=(
            Field(
                name="ReservationStatus",
                column="reservation_status",
                parse=fields.status(*_STATUSES),
                on="update",
            ),
            Field(name="Instruction", column="instruction", parse=fields.lower_case, on="update"),
            Field(
                name="WorkerActivitySid",
                column="WorkerActivitySid",
                parse=fields.sid("WA", clearable=True),
                on="update",
                refers_to="activity",
            ),
            *(
                Field(name=name, column=name, parse=fields.verbatim, on="update", repeats=True)
                for name in (*_TELEPHONY, *(_SUPERVISION if parent == "task" else ()))
            ),
        ),
        filters=(
            ColumnFilter("ReservationStatus", "reservation.status = ?", fields.status(*_STATUSES)),
            *((ColumnFilter("WorkerSid", "reservation.worker_sid = ?", fields.sid("WK")),) if parent == "task" else ()),
        ),
        revision="reservation.version",
        creatable=False,
        routed=RoutedActions(update=_update),
        shown=_shown,
    )


TASK_RESERVATION = _reservation("task")
WORKER_RESERVATION = _reservation("worker")
