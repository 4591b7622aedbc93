"""Who may send a request to a server on a socket, before anything of the request is read.

A web page may send requests to any address that its browser can reach, this machine included, and a page whose name is
made to resolve to this machine may also read the answers. The first names its origin, the second a foreign host.
"""

import asyncio
from collections.abc import Awaitable, Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final
from urllib.parse import urlsplit

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tr_apply.local.callbacks.hosts import Hosts
from tr_apply.local.callbacks.sending import CALLBACK_MARK
from tr_apply.local.http.answers import error_body, json_response
from tr_apply.local.http.requests import BODY, HEAD, HOST, SMALL_BODY, Head
from tr_apply.local.storage.refusals import SlowBodyError, UnavailableError

_MARK: Final = CALLBACK_MARK.lower().encode()

LARGE_BODIES: Final = 64 * 1024 * 1024
"""Bytes beyond that which all requests together may hold at a time."""

BODY_TIMEOUT_S: Final = 30.0
"""How long the body of a request may take to arrive."""

_FORBIDDEN: Final = 403
_CODE: Final = 20403
_POLICY_VIOLATION: Final = 1008
_USUAL_PORTS: Final = {"http": 80, "https": 443}
_OF_WEBSOCKET: Final = {"ws": "http", "wss": "https"}


def origin_of(text: str) -> str:
    """An origin as browsers send it: ``scheme://host``, with a port where it is not the usual one.

    Raises:
        ValueError: It is not an origin.
    """
    if text == "null":
        return text
    parts = urlsplit(text.strip().removesuffix("/"))
    if parts.scheme not in _USUAL_PORTS or not parts.hostname or "@" in parts.netloc or text.count("/") > len("///"):
        raise ValueError(text)
    if parts.path or parts.query or parts.fragment:
        raise ValueError(text)
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    usual = parts.port in (None, _USUAL_PORTS[parts.scheme])
    return f"{parts.scheme}://{host}" if usual else f"{parts.scheme}://{host}:{parts.port}"


@dataclass(frozen=True, slots=True)
class Admission:
    """The hosts and origins that a server answers, in addition to this machine and its own origin.

    Attributes:
        hosts: Its allowed names.
        origins: The origins of allowed pages, as ``origin_of`` writes them.
    """

    hosts: Hosts = field(default_factory=Hosts)
    origins: frozenset[str] = frozenset()

    @classmethod
    def of(cls, hosts: Iterable[str] = (), origins: Iterable[str] = ()) -> "Admission":
        """The admission of these names and origins.

        Raises:
            ValueError: An origin is not one.
        """
        return cls(Hosts(hosts), frozenset(map(origin_of, origins)))

    def refusal(self, scope: Scope) -> str | None:
        """Why a request is refused; None for one that may come in."""
        headers = scope["headers"]
        hosts = [value for name, value in headers if name == b"host"]
        host = _host_in(hosts[0]) if len(hosts) == 1 else None
        if host is None:
            return "The request must have one Host header that names this server"
        if not self.hosts.allow(f"//{host}"):
            return f"This server is not called {host}; tr-apply serve --allow-host lets that name in"
        given = dict(headers)
        if b"origin" in given:
            own = _own_origin(scope["scheme"], host)
            if not all(self._admits(value.decode("latin-1"), own) for name, value in headers if name == b"origin"):
                return "Pages of this origin may not use the server; tr-apply serve --allow-origin lets them in"
        if _MARK in given:
            return "A callback of the embedded TaskRouter cannot be a request to it, which could go on without end"
        return None

    def _admits(self, text: str, own: str) -> bool:
        try:
            origin = origin_of(text)
        except ValueError:
            return False
        return origin in self.origins or (origin != "null" and origin == origin_of(own))


class Gate:
    """An application as it is served on a socket: for those who may come in, and within bounds."""

    def __init__(self, app: ASGIApp, admission: Admission, body_timeout_s: float = BODY_TIMEOUT_S) -> None:
        self.body_timeout_s = body_timeout_s
        self._app = app
        self._admission = admission
        self._held = 0

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Pass a request on, or refuse it."""
        head: Head | None = scope.get(HEAD)
        if head is not None and head.is_admitted:
            return self._app(scope, receive, send)
        if scope["type"] in ("http", "websocket"):
            if (refusal := self._admission.refusal(scope)) is not None:
                return _refuse(scope, receive, send, refusal)
            if scope["type"] == "http" and BODY not in scope and _has_body(scope):
                return self._bounded(scope, receive, send)
            if head is not None:
                head.is_admitted = True
        return self._app(scope, receive, send)

    async def _bounded(self, scope: Scope, receive: Receive, send: Send) -> None:
        intake = _Intake(self, receive)
        try:
            await self._app(scope, intake.receive, send)
        finally:
            self._held -= intake.held

    def hold(self, size: int) -> None:
        """Take *size* more bytes of bodies.

        Raises:
            UnavailableError: The requests under way hold as much as they may.
        """
        if self._held + size > LARGE_BODIES:
            raise UnavailableError("Too many large requests at the same time")
        self._held += size


class _Intake:
    """The body of one request, as it arrives."""

    def __init__(self, gate: Gate, receive: Receive) -> None:
        self.held = 0
        self._gate = gate
        self._receive = receive
        self._arrived = 0
        self._end = asyncio.get_running_loop().time() + gate.body_timeout_s
        self._complete = False

    async def receive(self) -> Message:
        """The next part.

        Raises:
            SlowBodyError: It did not come in time.
            UnavailableError: There is no room for it.
        """
        if self._complete:
            return await self._receive()
        try:
            async with asyncio.timeout_at(self._end):
                message = await self._receive()
        except TimeoutError:
            raise SlowBodyError(f"The body did not arrive within {self._gate.body_timeout_s:g} seconds") from None
        self._complete = not message.get("more_body", False)
        self._arrived += len(message.get("body", b""))
        if (more := self._arrived - SMALL_BODY - self.held) > 0:
            self._gate.hold(more)
            self.held += more
        return message


@lru_cache(maxsize=64)
def _host_in(header: bytes) -> str | None:
    """The host that a Host header names; None if the header is not valid."""
    text = header.decode("latin-1")
    return text if HOST.fullmatch(text) else None


def _own_origin(scheme: str, host: str) -> str:
    """The origin of the pages of a server that a request names so."""
    return f"{_OF_WEBSOCKET.get(scheme, scheme)}://{host}"


def _has_body(scope: Scope) -> bool:
    return any(name in (b"content-length", b"transfer-encoding") for name, _ in scope["headers"])


async def _refuse(scope: Scope, receive: Receive, send: Send, message: str) -> None:
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": _POLICY_VIOLATION})
        return
    answer = json_response(error_body(_CODE, message, _FORBIDDEN), _FORBIDDEN, {"Connection": "close"})
    await answer(scope, receive, send)
