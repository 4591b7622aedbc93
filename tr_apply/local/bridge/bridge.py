"""The two ways into the bridge, both at ``/v1/wschannels``: a WebSocket for events, and ``POST`` for requests."""

import asyncio
import json
import time
from contextlib import suppress
from typing import Any, Final
from urllib.parse import parse_qs

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from tr_apply.local.bridge.relay import Relay, RelayedRequest, parameters_of
from tr_apply.local.bridge.sessions import TRY_LATER, Ending, PageSession, Sessions, worker_of
from tr_apply.local.bridge.tokens import Grant, read_token
from tr_apply.local.control.faults import ABORT
from tr_apply.local.http.answers import json_response
from tr_apply.local.http.refused_answers import refused, step_refused
from tr_apply.local.http.requests import ACCOUNT, ServedAccount, read_body
from tr_apply.local.storage.refusals import (
    ForbiddenError,
    InvalidParameterError,
    MethodNotAllowedError,
    RequestError,
    UnavailableError,
)
from tr_apply.local.storage.turns import in_turn
from tr_apply.local.store.store import Store
from tr_apply.routing.refusals import RoutingRefusedError

PATH: Final = "/v1/wschannels"

_LONG_PATH: Final = f"{PATH}/ACCOUNT/WORKER"

_CLOSE_TIMEOUT_S: Final = 1.0
_EXPIRED_OR_WRONG: Final = 1008
_SERVER_STOPS: Final = 1012


class Bridge:
    """The event bridge of one application."""

    def __init__(self, store: Store, credentials: ServedAccount) -> None:
        self.sessions = Sessions()
        self._credentials = credentials
        self._relay = Relay(store)
        store.engines.listeners.append(self.sessions.hear)

    # Requests

    async def answer(self, request: Request) -> Response:
        """The answer to a request that a page sent by ``POST``, whatever the type that its body claims to have."""
        if request.method != "POST":
            raise MethodNotAllowedError
        document = _document(await read_body(request))
        grant = self._grant(document.get("token"))
        asked = RelayedRequest(
            grant,
            method=_text(document, "method"),
            path=_text(document, "url"),
            parameters=parameters_of(document.get("params")),
            if_match=request.headers.get("if-match"),
        )
        request = _as_relayed(request, asked)
        try:
            payload = await in_turn(lambda: self._relay.answer(asked))
            if asked.method == "POST":
                self.sessions.answers.go_ahead()
            return json_response({"payload": payload})
        except UnavailableError:
            raise
        except RequestError as error:
            return refused(request, error)
        except RoutingRefusedError as error:
            return step_refused(request, error)

    def _grant(self, token: Any) -> Grant:
        return read_token(token, self._credentials.account_sid, self._credentials.auth_token, time.time())

    # Events

    async def converse(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Take a WebSocket and send a worker's events, as long as the page is there and its token is valid."""
        await receive()  # that somebody connects
        try:
            session, close_others = await in_turn(lambda: self._opened(scope))
        except RequestError as error:
            await _deny(scope, receive, send, error)
            return
        self.sessions.add(session, close_others=close_others)
        try:
            await send({"type": "websocket.accept"})
            await _exchange(session, scope, receive, send)
        finally:
            if self.sessions.remove(session) and session.goes_offline:
                with suppress(RequestError, RoutingRefusedError):
                    await in_turn(lambda: self._relay.send_offline(*worker_of(session)))

    async def _opened(self, scope: Scope) -> tuple[PageSession, bool]:
        """A session that has its first message, and whether the worker's other sessions end."""
        query = parse_qs(scope["query_string"].decode("latin-1"), max_num_fields=100)
        token = _last(query, "token")
        grant = self._grant(token)
        if grant.worker_sid is None:
            raise ForbiddenError("Events are for workers: the access token needs a worker_sid")
        if self.sessions.are_full:
            raise UnavailableError("Too many sessions of workers are open")
        seen = self._relay.seen(grant.workspace_sid, grant.worker_sid)
        goes_offline = self._relay.goes_offline(grant.workspace_sid, _last(query, "setWorkerOfflineIfDisconnected"))
        session = PageSession(token, grant, seen, self.sessions.answers, goes_offline=goes_offline)
        session.put("init", _init(grant))
        return session, _is_true(query, "closeExistingSessions")


async def _exchange(session: PageSession, scope: Scope, receive: Receive, send: Send) -> None:
    """Write what a session has to say until the page is gone, or the session is over.

    A worker whose server stops is not gone: the page comes back to the next one.
    """
    session.sender = asyncio.create_task(_send_all(session, send))
    gone = asyncio.create_task(_until_gone(receive))
    try:
        await asyncio.wait({session.sender, gone}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        session.sender.cancel()
        gone.cancel()
        [sent, code] = await asyncio.gather(session.sender, gone, return_exceptions=True)
        session.goes_offline = session.goes_offline and code != _SERVER_STOPS
    if isinstance(sent, Exception):
        raise sent
    ending = sent if isinstance(sent, Ending) else session.ending
    if ending is not None:
        with suppress(OSError, TimeoutError):
            async with asyncio.timeout(_CLOSE_TIMEOUT_S):
                await send({"type": "websocket.close", "code": ending.code, "reason": ending.reason})
        if ending.code == TRY_LATER and (abort := scope.get(ABORT)) is not None:
            abort()  # or what the page does not read would be kept for it


async def _send_all(session: PageSession, send: Send) -> Ending | None:
    try:
        while isinstance(message := await session.message(), str):
            await send({"type": "websocket.send", "text": message})
    except OSError:  # the page is gone
        return None
    return message


async def _until_gone(receive: Receive) -> int | None:
    """The code with which a socket is closed; whatever a page says is passed over, as it has nothing to say."""
    while (message := await receive())["type"] != "websocket.disconnect":
        pass
    code: int | None = message.get("code")
    return code


async def _deny(scope: Scope, receive: Receive, send: Send, error: RequestError) -> None:
    """Refuse a WebSocket before it is one, with the reason where the server can send one."""
    if "websocket.http.response" in scope.get("extensions", {}):
        await refused(Request({**scope, "type": "http", "method": "GET"}), error)(scope, receive, send)
    else:
        await send({"type": "websocket.close", "code": _EXPIRED_OR_WRONG, "reason": str(error)})


def is_of_bridge(path: str) -> bool:
    """Whether a path leads here; older SDKs add the account and the worker to it, which the token has as well."""
    return path == PATH or (path.startswith(f"{PATH}/") and path.count("/") == _LONG_PATH.count("/"))


def _init(grant: Grant) -> dict[str, Any]:
    """The first message: whose session it is, and for how long."""
    return {
        "channel_id": grant.worker_sid,
        "account_sid": grant.account_sid,
        "workspace_sid": grant.workspace_sid,
        "token_lifetime": round(grant.lifetime_s * 1000),
    }


def _as_relayed(request: Request, asked: RelayedRequest) -> Request:
    """The request that a page means, as far as refusals speak of it."""
    path = f"/{asked.path.removeprefix('/')}"
    scope = {**request.scope, "path": path, "method": asked.method, ACCOUNT: asked.grant.account_sid}
    return Request(scope)


def _document(body: bytes) -> dict[str, Any]:
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        document = None
    if not isinstance(document, dict):
        raise InvalidParameterError("The body must be a JSON object with url, method, params and token")
    return document


def _text(document: dict[str, Any], name: str) -> str:
    value = document.get(name)
    if not isinstance(value, str) or not value:
        raise InvalidParameterError(f"{name} must be a text")
    return value


def _last(query: dict[str, list[str]], name: str) -> str:
    return query.get(name, [""])[-1]


def _is_true(query: dict[str, list[str]], name: str) -> bool:
    return _last(query, name).lower() == "true"
