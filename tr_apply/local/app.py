"""The embedded TaskRouter as an ASGI application: the only place that knows methods, paths and status codes."""

import random
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tr_apply.local.answers import Renderer, error_body, renderer
from tr_apply.local.callbacks.deliveries import Patience
from tr_apply.local.callbacks.dispatcher import Dispatcher
from tr_apply.local.callbacks.hosts import Hosts
from tr_apply.local.callbacks.sending import Identity, Post, Say, Sender
from tr_apply.local.kind import Kind
from tr_apply.local.kinds import KINDS
from tr_apply.local.refusals import (
    AbsolutePagingError,
    BodyTooLargeError,
    DuplicateNameError,
    InstructionError,
    InvalidParameterError,
    MethodNotAllowedError,
    NotFoundError,
    PreconditionFailedError,
    RequestError,
    TooLongAgoError,
    UnauthorizedError,
    UnavailableError,
)
from tr_apply.local.requests import ACCOUNT, Credentials, account_of, base_url, header, read_form, read_query
from tr_apply.local.responses import JSON, json_response
from tr_apply.local.sids import ACCOUNT_SID
from tr_apply.local.statistics.endpoints import statistics_routes
from tr_apply.local.store import Found, Store
from tr_apply.local.timekeeper import Timekeeper
from tr_apply.routing.refusals import RoutingRefusedError

STATUS: Mapping[type[RequestError], int] = {
    InvalidParameterError: 400,
    DuplicateNameError: 400,
    InstructionError: 400,
    AbsolutePagingError: 400,
    TooLongAgoError: 400,
    UnauthorizedError: 401,
    NotFoundError: 404,
    MethodNotAllowedError: 405,
    PreconditionFailedError: 412,
    BodyTooLargeError: 413,
    UnavailableError: 503,
}
_OF_STATUS = {404: NotFoundError, 405: MethodNotAllowedError}
_SERVER_ERROR = 20500
_NOT_FOUND = 404

HEALTH = "/healthz"
_ASKED_FOR_MOST = ("task", "task_reservation", "event")

_EVERY_ANSWER = (
    (b"access-control-allow-origin", b"*"),
    (
        b"access-control-allow-headers",
        b"Accept, Authorization, Content-Type, If-Match, If-Modified-Since, If-None-Match, If-Unmodified-Since",
    ),
    (b"access-control-allow-methods", b"GET, POST, DELETE, OPTIONS"),
    (b"access-control-expose-headers", b"ETag"),
    (b"access-control-allow-credentials", b"true"),
)


class LocalTaskRouter(Starlette):
    """The application, which owns the store.

    It calls nobody unless it was given callbacks, and needs nobody to watch the clock, as each request finds that
    everything has happened which was due. With callbacks, ``run`` is there to make things happen in time.
    """

    def __init__(self, store: Store, credentials: Credentials, callbacks: "Callbacks | None" = None) -> None:
        identity = Identity(credentials.account_sid or ACCOUNT_SID, credentials.auth_token)
        super().__init__(
            routes=_routes(store),
            middleware=[
                Middleware(_Envelope),
                Middleware(_Gate, credentials=credentials, identity=identity),
            ],
            exception_handlers={
                RequestError: _refuse,
                RoutingRefusedError: _refuse_step,
                HTTPException: _refuse_unrouted,
                Exception: _admit_failure,
            },
        )
        self.router.redirect_slashes = False  # TaskRouter answers a trailing slash with 404
        self.store = store
        self._dispatcher = None
        if callbacks is not None:
            sender = Sender(callbacks.post, callbacks.hosts, identity, callbacks.say)
            self._dispatcher = Dispatcher(store.engines, sender, callbacks.say, callbacks.patience)

    async def run(self, rate: float = 1.0) -> None:
        """Let things happen when they are due, until cancelled; then end the callbacks under way.

        *rate* is how fast the clock goes that the application was given, in its seconds per second.
        """
        try:
            await Timekeeper(self.store.engines, rate).run()
        finally:
            if self._dispatcher is not None:
                await self._dispatcher.stop()

    async def settled(self) -> None:
        """Wait for the callbacks under way, and those that follow from them."""
        await self.store.engines.kept()
        while self._dispatcher is not None and self._dispatcher.busy:
            await self._dispatcher.settled()
            await self.store.engines.kept()

    def close(self) -> None:
        """Close the database. Requests under way must have ended."""
        self.store.close()


@dataclass(frozen=True, slots=True)
class Callbacks:
    """How an application is called: by what, where, and who is told what goes wrong."""

    post: Post
    say: Say
    hosts: Hosts = field(default_factory=Hosts)
    patience: Patience = field(default_factory=Patience)


def create_app(
    store: Store,
    *,
    account_sid: str | None = None,
    auth_token: str | None = None,
    callbacks: Callbacks | None = None,
) -> LocalTaskRouter:
    """The application over *store*, for that account with that token, or for anyone where they are None."""
    return LocalTaskRouter(store, Credentials(account_sid, auth_token), callbacks)


class _Envelope:
    """The headers that every answer carries."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = time.perf_counter()

        async def send_enveloped(message: Message) -> None:
            if message["type"] == "http.response.start":
                duration = f"{time.perf_counter() - started:.3f}"
                message["headers"] += [
                    *_EVERY_ANSWER,
                    (b"twilio-request-id", b"RQ%032x" % random.getrandbits(128)),
                    (b"twilio-request-duration", duration.encode()),
                ]
            await send(message)

        await self._app(scope, receive, send_enveloped)


class _Gate:
    """Who may come in: anyone to ask for health or for what a browser may do, everyone else with credentials."""

    def __init__(self, app: ASGIApp, credentials: Credentials, identity: Identity) -> None:
        self._app = app
        self._credentials = credentials
        self._identity = identity

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] == HEALTH:
            await self._app(scope, receive, send)
            return
        if scope["method"] == "OPTIONS":
            await Response(status_code=204)(scope, receive, send)
            return
        try:
            account_sid, auth_token = self._credentials.account_of(header(scope, b"authorization"))
        except UnauthorizedError as error:
            await (await _refuse(Request(scope), error))(scope, receive, send)
            return
        if auth_token is not None:
            self._identity.account_sid, self._identity.auth_token = account_sid, auth_token
        scope[ACCOUNT] = account_sid
        await self._app(scope, receive, send)


def _routes(store: Store) -> list[Route]:
    """All routes; those of what is asked for most stand first, as they are tried one after the other."""
    routing = [route for name in _ASKED_FOR_MOST for route in _routes_of(store, KINDS[name])]
    others = [route for name, kind in KINDS.items() if name not in _ASKED_FOR_MOST for route in _routes_of(store, kind)]
    return [*routing, Route(HEALTH, _health), *statistics_routes(store), *others]


def _routes_of(store: Store, kind: Kind) -> list[Route]:
    endpoints = _Endpoints(store, kind)
    return [
        Route(f"/v1{kind.collection}", _Endpoint(endpoints.collection), methods=["GET", "POST"]),
        Route(f"/v1{kind.collection}/{{sid}}", _Endpoint(endpoints.item), methods=["GET", "POST", "DELETE"]),
    ]


@dataclass(frozen=True, slots=True)
class _Endpoint:
    """Where a route leads, as an application: a function would be wrapped once more, to handle exceptions twice."""

    answer: Callable[[Request], Awaitable[Response]]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        response = await self.answer(Request(scope, receive))
        await response(scope, receive, send)


async def _health(_request: Request) -> Response:
    return json_response({"status": "ok"})


@dataclass(frozen=True, slots=True)
class _Endpoints:
    """The two URLs of a kind of resource."""

    store: Store
    kind: Kind

    async def collection(self, request: Request) -> Response:
        """List, or create."""
        scope, its_renderer = _scope(request), self._renderer(request)
        match request.method:
            case "GET":
                query = read_query(request, repeatable=self.kind.repeatable)
                page = self.store.list(self.kind, scope, query)
                return json_response(its_renderer.page(self.kind.list_key, page))
            case "POST" if self.kind.creatable:
                form = await read_form(request)
                made = self.store.create(self.kind, scope, form)
                await self.store.engines.kept()
                return _found(its_renderer, made, 201)
        raise MethodNotAllowedError

    async def item(self, request: Request) -> Response:
        """Fetch, update or delete."""
        kind, store, (*above, sid) = self.kind, self.store, _scope(request)
        scope, if_match = tuple(above), request.headers.get("if-match")
        its_renderer = self._renderer(request)
        match request.method:
            case "GET":
                return _found(its_renderer, store.fetch(kind, scope, sid))
            case "POST" if kind.changeable:
                form = await read_form(request)
                changed = store.update(kind, scope, sid, form, if_match=if_match)
                await store.engines.kept()
                return _found(its_renderer, changed)
            case "DELETE" if kind.creatable:
                store.delete(kind, scope, sid, if_match=if_match)
                await store.engines.kept()
                return Response(status_code=204, media_type=JSON, headers={"Content-Length": "0"})
        raise MethodNotAllowedError

    def _renderer(self, request: Request) -> Renderer:
        """Made before anything is written, as it refuses a request that cannot be answered with URLs."""
        scope = _scope(request)[: len(self.kind.scope)]
        return renderer(self.kind, scope, account_of(request), base_url(request))


def _scope(request: Request) -> tuple[str, ...]:
    """The SIDs of the path, from the workspace down."""
    return tuple(request.path_params.values())


def _found(renderer: Renderer, found: Found, status: int = 200) -> Response:
    headers = {} if found.revision is None else {"ETag": f'"{found.revision}"'}
    return json_response(renderer.body(found.item), status, headers)


async def _refuse(request: Request, error: Exception) -> Response:
    """Twilio's error body for a RequestError."""
    assert isinstance(error, RequestError)
    status, message = STATUS[type(error)], str(error)
    headers = {}
    match error:
        case NotFoundError():
            message = f"The requested resource {_path(request)} was not found"
        case MethodNotAllowedError():
            message = f"{request.method} is not allowed on {_path(request)}"
        case DuplicateNameError():
            message += f" for account {account_of(request)}"
        case UnauthorizedError():
            headers["WWW-Authenticate"] = 'Basic realm="Twilio API"'
        case UnavailableError():
            headers["Retry-After"] = "1"
    return json_response(error_body(error.code, message, status), status, headers)


async def _refuse_step(request: Request, error: Exception) -> Response:
    """The same for what the state of tasks and workers does not allow."""
    assert isinstance(error, RoutingRefusedError)
    if error.status == _NOT_FOUND:
        return await _refuse(request, NotFoundError())
    return json_response(error_body(error.api_code, str(error), error.status), error.status)


async def _refuse_unrouted(request: Request, error: Exception) -> Response:
    """The same where the router found no path, or no method."""
    assert isinstance(error, HTTPException)
    return await _refuse(request, _OF_STATUS[error.status_code]())


async def _admit_failure(_request: Request, _error: Exception) -> Response:
    """For a bug of ours; the server sends this and logs the traceback."""
    return json_response(error_body(_SERVER_ERROR, "Internal server error", 500), 500)


def _path(request: Request) -> str:
    path: str = request.scope["path"]
    return path.removeprefix("/v1")
