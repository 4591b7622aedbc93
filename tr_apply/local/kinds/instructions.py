"""Instructions for a reservation, by REST or in the answer of an assignment callback.

There is no telephony here: an instruction takes effect immediately, as if the call had been answered or the conference
joined. The records are those of a successful call. Nothing after that is simulated: there are no status callbacks and
no recordings, and the call never ends, so neither does the activity after it begin.
"""

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from tr_apply.local.forms.fields import is_web_url
from tr_apply.local.history.session import Session
from tr_apply.local.storage.refusals import InstructionError
from tr_apply.routing.engine.engine import Engine
from tr_apply.routing.engine.tasks import TaskUpdate
from tr_apply.routing.records import Attributes, Reservation

Parameters = Mapping[str, Any]
"""As in the JSON of a callback's answer: ``call_sid``, ``accept``, …"""

UNKNOWN: Final = 55555


@dataclass(frozen=True, slots=True)
class _Codes:
    """TaskRouter's codes for what can be wrong with an instruction."""

    not_pending: int
    to: int = 0
    from_: int = 0
    url: int = 0
    call_sid: int = 0
    activity: int = 0
    status_callback: int = 0


_CODES: Final = {
    "call": _Codes(to=40110, from_=40111, url=40112, not_pending=40114, status_callback=40158),
    "redirect": _Codes(url=40120, call_sid=40121, not_pending=40123),
    "dequeue": _Codes(activity=40130, to=40131, not_pending=40135, call_sid=40140, status_callback=40157),
    "conference": _Codes(to=40137, not_pending=40136, activity=40139, call_sid=40141, status_callback=40159),
}
"""The error dictionary says what each code is about. That a conference's activity has 40139 follows from its order
alone, and which of a conference's URLs has 40145 instead of 40159 is not known: all have 40159 here. Numbers are not
checked: what may be dialled is not for TaskRouter to know."""
_NOT_RUNNING: Final = 40146
_NO_SUPERVISOR: Final = 40147
_OF_TRANSFER: Final = 40151
_NOT_FOR_TRANSFERS: Final = ("call", "dequeue", "redirect")


def carry_out(session: Session, workspace_sid: str, sid: str, name: str, parameters: Parameters) -> None:
    """Do what the instruction called *name* says with the reservation *sid*.

    Raises:
        InstructionError: There is no such instruction, something that it needs is missing, or the reservation is not
            in a state for it.
        RoutingRefusedError: The reservation cannot be accepted or rejected any more.
    """
    if (act := _ACTS.get(name.lower())) is None:
        raise InstructionError(UNKNOWN, f"Instruction {name} is not one of {', '.join(_ACTS)}")
    offer = _Instructed(session, workspace_sid, sid, name.lower(), parameters)
    if offer.reservation.transfer_sid is not None and name.lower() in _NOT_FOR_TRANSFERS:
        raise InstructionError(_OF_TRANSFER, f"Instruction {name} is not allowed on a transferred task")
    act(offer)


class _Instructed:
    """A reservation that is instructed."""

    def __init__(self, session: Session, workspace_sid: str, sid: str, name: str, parameters: Parameters) -> None:
        self.sid = sid
        self.now_ms = session.now_ms
        self.engine: Engine = session.engine(workspace_sid)
        self.parameters = parameters
        self._name = name
        self._workspace_sid = workspace_sid

    @property
    def reservation(self) -> Reservation:
        return self.engine.state.reservation(self.sid)

    @property
    def task_attributes(self) -> Mapping[str, Any]:
        return self.engine.state.task(self.reservation.task_sid).task.attributes.values

    def require(self, *what: str) -> None:
        """Raise InstructionError unless the reservation is pending and has all that is named."""
        codes, reservation = _CODES[self._name], self.reservation
        if reservation.status != "pending":
            raise InstructionError(
                codes.not_pending, f"Reservation {self.sid} is {reservation.status}; {self._name} needs a pending one"
            )
        worker = self.engine.state.worker(reservation.worker_sid).worker
        have = {
            "to": self.parameters.get("to") or worker.attributes.values.get("contact_uri"),
            "from_": self.parameters.get("from"),
            "url": self.parameters.get("url"),
            "call_sid": self.parameters.get("call_sid") or self.task_attributes.get("call_sid"),
        }
        for each in what:
            if not have[each]:
                raise InstructionError(getattr(codes, each), f"{self._name} needs {_SAID[each]}")
        if "url" in what and not is_web_url(str(have["url"])):
            raise InstructionError(codes.url, f"{self._name} needs an absolute http or https url")
        self._check_callbacks(codes)
        self._check_activity(codes)

    def _check_callbacks(self, codes: _Codes) -> None:
        for name, value in self.parameters.items():
            if name in _CALLBACKS and value and not is_web_url(str(value)):
                raise InstructionError(codes.status_callback, f"{name} must be an absolute http or https URL")

    def _check_activity(self, codes: _Codes) -> None:
        sid = self.parameters.get("post_work_activity_sid")
        if codes.activity and sid and sid not in self.engine.state.activities:
            raise InstructionError(
                codes.activity, f"post_work_activity_sid {sid} is not the SID of an activity of the workspace"
            )

    def accept(self) -> None:
        self.engine.accept(self.sid, self.now_ms)

    def accept_if_told(self) -> None:
        if _is_true(self.parameters.get("accept")):
            self.accept()

    def add_attributes(self, added: Mapping[str, Any]) -> None:
        """Note with the task what the call would have left there."""
        attributes = Attributes.of({**self.task_attributes, **added})
        self.engine.update_task(self.reservation.task_sid, TaskUpdate(attributes), self.now_ms)


_CALLBACKS: Final = frozenset(
    {
        *("status_callback_url", "status_callback", "conference_status_callback", "recording_status_callback"),
        *("conference_recording_status_callback", "wait_url"),
    }
)
"""The parameters that hold the URL of something to be called or played."""

_SAID: Final = {
    "to": "to, or a contact_uri among the attributes of the worker",
    "from_": "from",
    "url": "url",
    "call_sid": "call_sid, or one among the attributes of the task",
}


def _accept(offer: _Instructed) -> None:
    offer.accept()


def _reject(offer: _Instructed) -> None:
    activity_sid = offer.parameters.get("activity_sid") or None
    if activity_sid is not None and activity_sid not in offer.engine.state.activities:
        raise InstructionError(40100, f"activity_sid {activity_sid} is not the SID of an activity of the workspace")
    offer.engine.reject(offer.sid, offer.now_ms, activity_sid=activity_sid)


def _call(offer: _Instructed) -> None:
    offer.require("to", "from_", "url")
    offer.accept_if_told()
    offer.add_attributes({"worker_call_sid": _made_up("CA")})


def _redirect(offer: _Instructed) -> None:
    offer.require("url", "call_sid")
    offer.accept_if_told()


def _dequeue(offer: _Instructed) -> None:
    offer.require("call_sid", "to")
    offer.accept()
    offer.add_attributes({"worker_call_sid": _made_up("CA")})


def _conference(offer: _Instructed) -> None:
    offer.require("call_sid", "to")
    customer = offer.task_attributes.get("call_sid") or offer.parameters.get("call_sid")
    offer.accept()
    participants = {"worker": _made_up("CA"), "customer": customer}
    offer.add_attributes({"conference": {"sid": _made_up("CF"), "participants": participants}})


def _supervise(offer: _Instructed) -> None:
    """Somebody listens in, which nothing here shows."""
    if offer.reservation.status != "accepted":
        raise InstructionError(_NOT_RUNNING, f"Reservation {offer.sid} is not accepted; there is nothing to supervise")
    if not offer.parameters.get("supervisor"):
        raise InstructionError(_NO_SUPERVISOR, "supervise needs supervisor")


_ACTS: Final[Mapping[str, Callable[[_Instructed], None]]] = {
    "accept": _accept,
    "reject": _reject,
    "call": _call,
    "dequeue": _dequeue,
    "redirect": _redirect,
    "conference": _conference,
    "supervise": _supervise,
}


def _made_up(prefix: str) -> str:
    return prefix + secrets.token_hex(16)


def _is_true(value: Any) -> bool:
    return value is True or (isinstance(value, str) and value.lower() in {"true", "1", "yes"})
