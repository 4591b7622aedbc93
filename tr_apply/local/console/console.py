"""The console in front of an application: who may see what, and where each path leads."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from tr_apply.errors import TargetError
from tr_apply.local.console.load import DrawnLanes, drawn, place_of, waiting_in, with_sids
from tr_apply.local.console.pages import AT_THE_ROOT, EVERY_ANSWER, Pages
from tr_apply.local.console.stream import HEADERS, Stream, Streams
from tr_apply.local.control.calls import Calls
from tr_apply.local.http.answers import json_response
from tr_apply.local.http.app import LocalTaskRouter
from tr_apply.local.http.refused_answers import failed, refused
from tr_apply.local.http.requests import header, read_query
from tr_apply.local.storage.clock import SteeredClock
from tr_apply.local.storage.refusals import MethodNotAllowedError, NotFoundError, RequestError, UnavailableError
from tr_apply.local.storage.turns import in_turn

ROOT: Final = "/_console/"
_SESSION: Final = f"{ROOT}session"
_DATA: Final = re.compile(rf"{ROOT}Workspaces/(\w+)/([a-z]+)")
_STREAM: Final = "stream"
_LAST_ID: Final = re.compile(r"[0-9]{1,18}")

Show: TypeAlias = Callable[[str, Mapping[str, str]], Awaitable[Any]]
"""Reads one kind of data of a workspace, by its SID and the parameters of the query."""


@dataclass(slots=True)
class Console:
    """An application with the console in front of it.

    Attributes:
        app: The application that the console shows.
        served: Answers every other request.
        is_controlled: Whether ``served`` has the control of the test world, by which the page steers the clock.
    """

    app: LocalTaskRouter
    served: ASGIApp
    clock: SteeredClock
    calls: Calls
    is_controlled: bool
    pages: Pages = field(default_factory=Pages)
    streams: Streams = field(init=False)
    _lanes: DrawnLanes = field(default_factory=DrawnLanes)

    def __post_init__(self) -> None:
        """Listen to what happens."""
        self.streams = Streams(self.app.store.engines)

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Answer requests for the console; pass others on."""
        is_own = scope["type"] == "http" and (scope["path"] in AT_THE_ROOT or scope["path"].startswith(ROOT))
        return (self._serve if is_own else self.served)(scope, receive, send)

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        request, failure = Request(scope, receive), None
        try:
            answer = await self._answer(request, receive, send)
        except RequestError as error:
            answer = refused(request, error)
        except TargetError as error:
            answer, failure = failed(str(error)), error
        if answer is not None:
            answer.headers.update({**EVERY_ANSWER, "Cache-Control": answer.headers.get("Cache-Control", "no-store")})
            await answer(scope, receive, send)
        if failure is not None:
            raise failure

    def stop(self) -> None:
        """End what would keep the server from ending."""
        self.streams.stop()

    async def _answer(self, request: Request, receive: Receive, send: Send) -> Response | None:
        """An answer; None where it was sent already."""
        if request.method not in ("GET", "HEAD"):
            raise MethodNotAllowedError
        if (page := self.pages.answer(request)) is not None:
            return page
        if request.scope["path"] == _SESSION:
            return json_response(self._session())
        self.app.credentials.account_of(header(request.scope, b"authorization"))
        found = _DATA.fullmatch(request.scope["path"])
        if found is None:
            raise NotFoundError
        workspace_sid, name = found.groups()
        if name == _STREAM:
            return await self._stream(workspace_sid, request, receive, send)
        if name not in self._shown:
            raise NotFoundError
        return json_response(await self._shown[name](workspace_sid, read_query(request)))

    def _session(self) -> Mapping[str, Any]:
        """The facts that a page needs before it signs in."""
        credentials = self.app.credentials
        return {
            "signs_in": credentials.account_sid is not None or credentials.auth_token is not None,
            "is_controlled": self.is_controlled,
        }

    @property
    def _shown(self) -> Mapping[str, Show]:
        return {
            "lanes": self._show_lanes,
            "waiting": self._show_waiting,
            "place": self._show_place,
            "callbacks": self._show_callbacks,
        }

    async def _show_lanes(self, workspace_sid: str, _query: Mapping[str, str]) -> Any:
        """The workflows as lanes, drawn in a thread: judging expressions may take long, and other requests go on."""

        async def known() -> Any:
            with self.app.store.engines.view(workspace_sid) as (_, state):
                routed, document = self._lanes.known(state)
                return routed, None if document is None else with_sids(document, state)

        while True:
            routed, document = await in_turn(known)
            if document is not None:
                return document
            self._lanes.keep(workspace_sid, routed, await asyncio.to_thread(drawn, routed))

    async def _show_waiting(self, workspace_sid: str, query: Mapping[str, str]) -> Any:
        async def waiting() -> Any:
            with self.app.store.engines.view(workspace_sid) as (_, state):
                return waiting_in(state, query.get("step", ""))

        return await in_turn(waiting)

    async def _show_place(self, workspace_sid: str, query: Mapping[str, str]) -> Any:
        async def place() -> Any:
            with self.app.store.engines.view(workspace_sid) as (_, state):
                return place_of(state, query.get("task", ""))

        if (found := await in_turn(place)) is None:
            raise NotFoundError
        return found

    async def _show_callbacks(self, workspace_sid: str, _query: Mapping[str, str]) -> Any:
        calls = self.calls.documents()
        return {"callbacks": [each for each in calls if each["form"].get("WorkspaceSid") == workspace_sid]}

    async def _stream(self, workspace_sid: str, request: Request, receive: Receive, send: Send) -> Response | None:
        if self.streams.is_full:
            raise UnavailableError("Too many pages are open")
        last_id = header(request.scope, b"last-event-id") or ""
        position = int(last_id) if _LAST_ID.fullmatch(last_id) else None
        stream = Stream(self.streams, workspace_sid, lambda: self.clock.rate, lambda: self.calls.changes, position)
        first = await stream.next()
        head = [(name.lower().encode(), value.encode()) for name, value in {**EVERY_ANSWER, **HEADERS}.items()]
        await send({"type": "http.response.start", "status": 200, "headers": head})
        if request.method == "HEAD":
            await send({"type": "http.response.body"})
        else:
            await stream.send(first, receive, send)
        return None
