"""The requests of workers' pages: which resource each is about, who may make it, and what it is answered."""

import json
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from tr_apply.local.bridge.payloads import Payload, SeenWorker, View
from tr_apply.local.bridge.tokens import Grant
from tr_apply.local.forms import fields
from tr_apply.local.kinds.all_kinds import KINDS
from tr_apply.local.kinds.columns import Item
from tr_apply.local.kinds.kind import ServedKind
from tr_apply.local.storage.refusals import (
    ForbiddenError,
    InvalidParameterError,
    MethodNotAllowedError,
    NotFoundError,
)
from tr_apply.local.store.paging import DEFAULT_SIZE, MAX_SIZE, PageToken
from tr_apply.local.store.store import Form, Store
from tr_apply.routing.engine.transfers import NewTransfer
from tr_apply.routing.names import is_sid
from tr_apply.routing.records import Reservation, TransferMode


@dataclass(frozen=True, slots=True)
class RelayedRequest:
    """One request of a page: the one that it would make to the REST API."""

    grant: Grant
    method: str
    path: str
    parameters: Mapping[str, str]
    if_match: str | None

    @property
    def form(self) -> Form:
        """The parameters as fields of a form."""
        return {name: [text] for name, text in self.parameters.items()}

    def require(self, name: str) -> str:
        """The parameter of that name.

        Raises:
            InvalidParameterError: It is missing.
        """
        if not (text := self.parameters.get(name)):
            raise InvalidParameterError(f"Missing required parameter {name} in the post body")
        return text


Answer = Callable[[RelayedRequest, str, str], Awaitable[Payload]]
"""Takes the request and the two SIDs of its path below the workspace, each empty where there is none."""


class _Served(NamedTuple):
    """The handler of a path below a workspace."""

    pattern: re.Pattern[str]
    methods: Mapping[str, Answer]
    for_all: bool = False
    """Whether it is only for those who may see all."""


class Relay:
    """Carries out the requests of pages on a store."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._routes = (
            _route("Activities", GET=self._activities),
            _route("Workers", for_all=True, GET=self._workers),
            _route("Workers/SID", GET=self._worker, POST=self._change_worker),
            _route("Workers/SID/WorkerChannels", GET=self._channels),
            _route("Workers/SID/Reservations", GET=self._reservations),
            _route("Workers/SID/Reservations/SID", GET=self._reservation, POST=self._answer_reservation),
            _route("Workers/SID/Transfers", POST=self._transfer),
            _route("Workers/SID/Transfers/SID", POST=self._cancel_transfer),
            _route("Workers/SID/CustomerParticipant", POST=self._leave_participant),
            _route("Workers/SID/WorkerParticipant", POST=self._leave_participant),
            _route("Workers/SID/HoldWorkerParticipant", POST=self._leave_participant),
            _route("Workers/SID/KickWorkerParticipant", POST=self._leave_participant),
            _route("Tasks", POST=self._create_task),
            _route("Tasks/SID", GET=self._task, POST=self._change_task),
            _route("Tasks/SID/Reservations/SID", for_all=True, POST=self._supervise),
            _route("TaskQueues", for_all=True, GET=self._queues),
            _route("TaskQueues/SID", for_all=True, GET=self._queue),
        )

    async def answer(self, asked: RelayedRequest) -> Payload:
        """The answer to a request, after its effects are committed.

        Raises:
            ForbiddenError: The token does not allow it.
            MethodNotAllowedError, NotFoundError: There is no such request.
            RequestError, RoutingRefusedError: The REST API refuses it.
        """
        start, _, rest = asked.path.removeprefix("/").partition("/")
        workspace_sid, _, below = rest.partition("/")
        if start != "Workspaces":
            raise NotFoundError
        if workspace_sid != asked.grant.workspace_sid:
            raise ForbiddenError("The access token is for another workspace")
        for route in self._routes:
            if (found := route.pattern.fullmatch(below)) is not None:
                first, second, *_ = (*found.groups(), "", "")
                self._check_role(asked, route, first if below.startswith("Workers/") else None)
                if (answer := route.methods.get(asked.method)) is None:
                    raise MethodNotAllowedError
                return await answer(asked, first, second)
        raise NotFoundError

    def _check_role(self, asked: RelayedRequest, route: _Served, worker_sid: str | None) -> None:
        if asked.grant.may_see_all:
            return
        if route.for_all:
            raise ForbiddenError("This needs an access token with the role supervisor or admin")
        if worker_sid is not None and worker_sid != asked.grant.worker_sid:
            raise ForbiddenError("The access token is for another worker")

    # Lists

    async def _activities(self, asked: RelayedRequest, *_: str) -> Payload:
        return self._list(asked, KINDS["activity"], (asked.grant.workspace_sid,), View.activity)

    async def _workers(self, asked: RelayedRequest, *_: str) -> Payload:
        return self._list(asked, KINDS["worker"], (asked.grant.workspace_sid,), View.worker)

    async def _queues(self, asked: RelayedRequest, *_: str) -> Payload:
        return self._list(asked, KINDS["task_queue"], (asked.grant.workspace_sid,), View.task_queue)

    async def _channels(self, asked: RelayedRequest, worker_sid: str, _: str) -> Payload:
        return self._list(asked, KINDS["worker_channel"], (asked.grant.workspace_sid, worker_sid), View.channel)

    async def _reservations(self, asked: RelayedRequest, worker_sid: str, _: str) -> Payload:
        """Those that hold the worker: no page asks for others."""
        after, size = _after(asked, "WR"), _size(asked)
        view = self._view(asked)
        found = [view.state.reservation(sid) for sid in view.state.worker(worker_sid).open]
        found = [each for each in found if after is None or each.sid[-12:] > after[-12:]]
        page = found[:size]
        contents = [view.reservation(each, view.state.task(each.task_sid).task) for each in page]
        return {"contents": contents, "after_sid": page[-1].sid if len(found) > size else None}

    def _list(
        self, asked: RelayedRequest, kind: ServedKind, scope: tuple[str, ...], shown: Callable[[View, Item], Payload]
    ) -> Payload:
        query = dict(asked.parameters)
        after = _after(asked, kind.sid_prefix)
        if after is not None:
            query["PageToken"] = str(PageToken(after, (), before=False))
        elif "NextToken" in query:
            query["PageToken"] = query["NextToken"]
        page = self._store.list(kind, scope, query)
        view = self._view(asked)
        return {
            "contents": [shown(view, item) for item in page.items],
            "after_sid": page.next and page.next.sid,
            "meta": {"next_token": page.next and str(page.next)},
        }

    # Workers

    async def _worker(self, asked: RelayedRequest, sid: str, _: str) -> Payload:
        item = self._store.fetch(KINDS["worker"], (asked.grant.workspace_sid,), sid).item
        return self._view(asked).worker(item)

    async def _change_worker(self, asked: RelayedRequest, sid: str, _: str) -> Payload:
        form = {name: texts for name, texts in asked.form.items() if name in _WORKER_CHANGES}
        scope = (asked.grant.workspace_sid,)
        changed = self._store.update(KINDS["worker"], scope, sid, form, if_match=asked.if_match)
        await self._store.engines.kept()
        return {**self._view(asked).worker(changed.item), "version": changed.revision}

    # Tasks

    async def _task(self, asked: RelayedRequest, sid: str, _: str) -> Payload:
        return self._task_as_it_is(asked, sid)

    async def _create_task(self, asked: RelayedRequest, *_: str) -> Payload:
        form = {_TASK_FIELDS[name]: texts for name, texts in asked.form.items() if name in _TASK_FIELDS}
        made = self._store.create(KINDS["task"], (asked.grant.workspace_sid,), form)
        await self._store.engines.kept()
        return self._task_as_it_is(asked, made.item["sid"])

    async def _change_task(self, asked: RelayedRequest, sid: str, _: str) -> Payload:
        form = {name: texts for name, texts in asked.form.items() if name in _TASK_CHANGES}
        self._store.update(KINDS["task"], (asked.grant.workspace_sid,), sid, form, if_match=asked.if_match)
        await self._store.engines.kept()
        return self._task_as_it_is(asked, sid)

    async def _leave_participant(self, asked: RelayedRequest, *_: str) -> Payload:
        """There is no telephony, so nobody is put on hold, and nobody is kicked out: the task stays as it is."""
        if (sid := asked.parameters.get("TaskSid")) is None:
            view = self._view(asked)
            sid = view.state.reservation(asked.require("ReservationSid")).task_sid
        return self._task_as_it_is(asked, sid)

    def _task_as_it_is(self, asked: RelayedRequest, sid: str) -> Payload:
        view = self._view(asked)
        return view.task(view.state.task(sid).task)

    # Queues

    async def _queue(self, asked: RelayedRequest, sid: str, _: str) -> Payload:
        item = self._store.fetch(KINDS["task_queue"], (asked.grant.workspace_sid,), sid).item
        return self._view(asked).task_queue(item)

    # Reservations

    async def _reservation(self, asked: RelayedRequest, worker_sid: str, sid: str) -> Payload:
        return self._reservation_as_it_is(asked, worker_sid, sid)

    async def _answer_reservation(self, asked: RelayedRequest, worker_sid: str, sid: str) -> Payload:
        scope = (asked.grant.workspace_sid, worker_sid)
        self._store.update(KINDS["worker_reservation"], scope, sid, asked.form, if_match=asked.if_match)
        await self._store.engines.kept()
        payload = self._reservation_as_it_is(asked, worker_sid, sid)
        # The SDK takes the task from events alone, and cannot read transfers in this answer.
        return {name: value for name, value in payload.items() if name not in _OF_TASK}

    async def _supervise(self, asked: RelayedRequest, task_sid: str, sid: str) -> Payload:
        scope = (asked.grant.workspace_sid, task_sid)
        changed = self._store.update(KINDS["task_reservation"], scope, sid, asked.form)
        await self._store.engines.kept()
        return self._reservation_as_it_is(asked, changed.item["worker_sid"], sid)

    def _reservation_as_it_is(self, asked: RelayedRequest, worker_sid: str, sid: str) -> Payload:
        view = self._view(asked)
        reservation = _of_worker(view.state.reservation(sid), worker_sid)
        return view.reservation(reservation, view.state.task(reservation.task_sid).task)

    # Transfers

    async def _transfer(self, asked: RelayedRequest, worker_sid: str, _: str) -> Payload:
        new = _new_transfer(asked)
        with self._store.engines.write() as session:
            engine = session.engine(asked.grant.workspace_sid)
            reservation = _of_worker(engine.state.reservation(new.reservation_sid), worker_sid)
            if reservation.task_sid != asked.require("TaskSid"):
                raise InvalidParameterError(f"Reservation {reservation.sid} is of Task {reservation.task_sid}")
            transfer = engine.transfer(new, session.now_ms)
        await self._store.engines.kept()
        return self._view(asked).transfer(transfer)

    async def _cancel_transfer(self, asked: RelayedRequest, worker_sid: str, sid: str) -> Payload:
        if asked.require("TransferStatus") != "canceled":
            raise InvalidParameterError("TransferStatus can only be set to canceled")
        with self._store.engines.write() as session:
            engine = session.engine(asked.grant.workspace_sid)
            known = engine.state.transfers.get(sid)
            if known is None or known.worker_sid != worker_sid:
                raise NotFoundError
            transfer = engine.cancel_transfer(sid, session.now_ms)
        await self._store.engines.kept()
        return self._view(asked).transfer(transfer)

    # Presence

    def seen(self, workspace_sid: str, worker_sid: str) -> SeenWorker:
        """A worker as a page that connects reads it.

        Raises:
            NotFoundError: There is no such worker.
        """
        worker = self._store.fetch(KINDS["worker"], (workspace_sid,), worker_sid).item
        channels = self._store.list(KINDS["worker_channel"], (workspace_sid, worker_sid), {"PageSize": str(MAX_SIZE)})
        return SeenWorker(worker, {item["task_channel_unique_name"]: item for item in channels.items})

    def goes_offline(self, workspace_sid: str, asked: str) -> bool:
        """Whether a worker whose last page is gone goes offline: as the page *asked* for, or else in Flex alone.

        Raises:
            NotFoundError: There is no such workspace.
        """
        if asked:
            return asked.lower() == "true"
        return bool(self._store.fetch(KINDS["workspace"], (), workspace_sid).item["friendly_name"] == _OF_FLEX)

    async def send_offline(self, workspace_sid: str, worker_sid: str) -> None:
        """Send a worker who is gone to the activity called Offline, or else to the default one, if not available."""
        default = self._store.fetch(KINDS["workspace"], (), workspace_sid).item["default_activity_sid"]
        with self._store.engines.view(workspace_sid) as (_, state):
            away = {each.sid: each.name for each in state.activities.values() if not each.available}
        sids = [sid for sid, name in away.items() if name == _OFFLINE] + [sid for sid in away if sid == default]
        if sids:
            self._store.update(KINDS["worker"], (workspace_sid,), worker_sid, {"ActivitySid": sids[:1]})
            await self._store.engines.kept()

    def _view(self, asked: RelayedRequest) -> View:
        """The workspace as it is now; what it shows must be used before anything else can happen.

        Raises:
            NotFoundError: There is no such workspace.
        """
        engines = self._store.engines
        with engines.view(asked.grant.workspace_sid) as (reader, state):
            return View(asked.grant.account_sid, state, reader.now_ms)


_WORKER_CHANGES: Final = frozenset({"ActivitySid", "Attributes", "RejectPendingReservations"})
_TASK_CHANGES: Final = frozenset({"AssignmentStatus", "Reason", "Attributes", "VirtualStartTime"})
_TASK_FIELDS: Final = {
    "TaskChannelUniqueName": "TaskChannel",
    "TaskChannelSid": "TaskChannel",
    **{
        name: name
        for name in (
            *("WorkflowSid", "TaskQueueSid", "RoutingTarget", "Attributes", "VirtualStartTime"),
            *("Priority", "Timeout", "IgnoreCapacity"),
        )
    },
}
"""The parameters of a new task, as the REST API calls them."""

_OFFLINE: Final = "Offline"
_OF_FLEX: Final = "Flex Task Assignment"
_OF_TASK: Final = ("task", "task_transfer", "active_outgoing_task_transfer")
_MODES: Final[Mapping[str, TransferMode]] = {"WARM": "WARM", "COLD": "COLD"}
_HIGHEST_PRIORITY: Final = 2_147_483_647


def parameters_of(given: Any) -> dict[str, str]:
    """The parameters of a request as the REST API takes them: texts.

    Raises:
        InvalidParameterError: They are not an object.
    """
    if given is None:
        return {}
    if not isinstance(given, dict):
        raise InvalidParameterError("params must be an object")
    return {name: _text(value) for name, value in given.items() if value is not None}


def _text(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    if "\0" in text:
        raise InvalidParameterError("A parameter contains a NUL character")
    return text


def _new_transfer(asked: RelayedRequest) -> NewTransfer:
    mode, priority = asked.parameters.get("Mode", "WARM").upper(), asked.parameters.get("Priority")
    if mode not in _MODES:
        raise InvalidParameterError("Mode must be WARM or COLD")
    attributes = asked.parameters.get("Attributes")
    return NewTransfer(
        reservation_sid=asked.require("ReservationSid"),
        to_sid=fields.any_sid("WK", "WQ")("To", asked.require("To")),
        mode=_MODES[mode],
        attributes=None if attributes is None else fields.read_attributes("Attributes", attributes),
        priority=None if priority is None else fields.integer(0, _HIGHEST_PRIORITY)("Priority", priority),
    )


def _of_worker(reservation: Reservation, worker_sid: str) -> Reservation:
    if reservation.worker_sid != worker_sid:
        raise NotFoundError
    return reservation


def _after(asked: RelayedRequest, prefix: str) -> str | None:
    """The SID after which a list continues."""
    after = asked.parameters.get("AfterSid")
    if after is not None and not is_sid(after, prefix):
        raise InvalidParameterError(f"AfterSid {after} is not a SID of this list")
    return after


def _size(asked: RelayedRequest) -> int:
    size: int = fields.integer(1, MAX_SIZE)("PageSize", asked.parameters.get("PageSize", str(DEFAULT_SIZE)))
    return size


def _route(path: str, *, for_all: bool = False, **methods: Answer) -> _Served:
    """A path with up to two ``SID`` in it."""
    return _Served(re.compile(path.replace("SID", "([^/]+)")), methods, for_all)
