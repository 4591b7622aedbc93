"""Requests on a socket: plain ones are read and answered here, all others as ``other_requests`` says.

A request is plain when it is HTTP/1.1, small, and soon there as a whole. The requests of TaskRouter's clients are. For
one of them uvicorn takes twice as long, mostly for what a plain request does not need: events, timers, a search of each
header, and a second write for the body of the answer.
"""

import asyncio
import logging
from collections.abc import Collection
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import unquote

import httptools
from starlette.types import ASGIApp, Message, Scope
from uvicorn import Config
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware
from uvicorn.server import ServerState

from tr_apply.local.http.other_requests import OtherRequests
from tr_apply.local.http.requests import BODY, HEAD, SMALL_BODY, Head

PATIENCE_S: Final = 0.5
"""How long the rest of a plain request may take; uvicorn waits for what takes longer."""

Headers = list[tuple[bytes, bytes]]

_NOT_PLAIN: Final = frozenset({b"expect", b"transfer-encoding", b"upgrade"})
_STATUS_LINES: Final = {each.value: f"HTTP/1.1 {each} {each.phrase}".encode() for each in HTTPStatus}
_HASH, _CR, _LF = b"#\r\n"  # numbers, because CPython raises an exception inside when it looks for bytes in bytes
_LINE_END: Final = b"\r\n"
_HEAD_END: Final = 2 * _LINE_END
_LONGEST_HEAD: Final = 2048
_LONGEST_REQUEST: Final = 2 * SMALL_BODY
_MOST_HEADS: Final = 512
_WITHOUT_BODY: Final = frozenset({HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED})
_FAILED: Final = b"Internal Server Error"
_FAILED_HEADERS: Final = (
    (b"content-type", b"text/plain; charset=utf-8"),
    (b"content-length", b"%d" % len(_FAILED)),
    (b"connection", b"close"),
)
_LOGGER: Final = logging.getLogger("uvicorn.error")


class HttpProtocol(asyncio.Protocol):
    """The connection of a client, which has one request under way at a time.

    uvicorn makes one for each connection, and calls ``shutdown``; asyncio calls the others.
    """

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
        heads: dict[bytes, Head] | None = None,
    ) -> None:
        self.transport: asyncio.Transport
        self.resumed: asyncio.Event | None = None
        self._config = config
        self._state = server_state
        self._app_state = app_state
        self._asgi_version = config.asgi_version
        app = config.loaded_app
        self._direct_app: Any = app.app if isinstance(app, ProxyHeadersMiddleware) else app
        """The application without uvicorn's layer for proxies, which most requests do not need."""
        self._loop = _loop or asyncio.get_running_loop()
        self._heads = {} if heads is None else heads
        """Those that have come before, on any connection if these share them."""
        self._parser: httptools.HttpRequestParser | None = httptools.HttpRequestParser(self)
        self._exchange: Exchange | None = None
        self._patience: asyncio.TimerHandle | None = None
        self._keep_alive: asyncio.TimerHandle | None = None
        self._idle_since = 0.0
        self._clear()

    def _clear(self) -> None:
        """Forget the request before, or begin without one."""
        self._received = self._url = self._body = b""
        self._headers: Headers = []
        self._is_plain, self._is_whole, self._goes_on, self._is_forwarded = True, False, True, False
        self._method = ""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # of a socket
        """Wait for a request."""
        self.transport = transport
        self._state.connections.add(self)  # type: ignore[arg-type]  # uvicorn's union names only its own
        self._server, self._client = (_address(transport, name) for name in ("sockname", "peername"))

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002  # asyncio's name
        """Let the application know, where it has a request."""
        self._leave()
        self.resume_writing()
        if self._exchange is not None:
            self._exchange.disconnect()
            self._exchange = None  # which holds this object as well

    def shutdown(self) -> None:
        """End the connection, once the request under way is answered."""
        if self._exchange is None:
            self.transport.close()
        else:
            self._exchange.goes_on = False

    def pause_writing(self) -> None:
        """Have the application wait, as the client does not read what it is sent."""
        self.resumed = asyncio.Event()

    def resume_writing(self) -> None:
        """Have it go on."""
        if self.resumed is not None:
            self.resumed.set()
            self.resumed = None

    def data_received(self, data: bytes) -> None:
        """Read a request, and begin with it once it is whole."""
        if self._exchange is None and not self._received:
            head_end = data.find(_HEAD_END) + len(_HEAD_END)
            head = self._heads.get(data[:head_end])
            if head is not None and head.length == len(data) - head_end:
                self._begin(head, data[head_end:], self._direct_app)
                return
        self._received = self._received + data if self._received else data
        if self._exchange is not None:  # this one is next
            self.transport.pause_reading()
            return
        assert self._parser is not None
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            self._is_plain = False
        if not self._is_plain or len(self._received) > _LONGEST_REQUEST:
            self._hand_over()
        elif self._is_whole:
            self._begin_parsed()
        elif self._patience is None:
            self._patience = self._loop.call_later(PATIENCE_S, self._hand_over)

    # Calls of the parser

    def on_message_begin(self) -> None:
        """A request; one that comes right after another makes both of them something else."""
        self._is_plain = not self._is_whole

    def on_url(self, url: bytes) -> None:
        """A part of the path or query."""
        self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        """One header."""
        name = name.lower()
        self._headers.append((name, value))
        if name in _NOT_PLAIN:
            self._is_plain = False
        elif name.startswith(b"x-forwarded-"):
            self._is_forwarded = True

    def on_headers_complete(self) -> None:
        """The end of the head."""
        assert self._parser is not None
        self._method = self._parser.get_method().decode("ascii")
        self._goes_on = self._parser.should_keep_alive()
        is_path = self._url.startswith(b"/") and self._url.isascii() and _HASH not in self._url
        is_usual = self._parser.get_http_version() == "1.1" and self._method != "HEAD"
        self._is_plain &= is_path and is_usual

    def on_body(self, body: bytes) -> None:
        """A part of the body."""
        self._body += body
        self._is_plain &= len(self._body) <= SMALL_BODY

    def on_message_complete(self) -> None:
        """The end of the request."""
        self._is_whole = True

    # Ways that a request ends

    def _begin_parsed(self) -> None:
        """Have the application answer it, and know its head from now on."""
        path, _, query = self._url.partition(b"?")
        scope: Scope = {
            "type": "http",
            "asgi": {"version": self._asgi_version, "spec_version": "2.3"},
            "http_version": "1.1",
            "scheme": "http",
            "method": self._method,
            "root_path": "",
            "path": unquote(path.decode("ascii")),
            "raw_path": path,
            "query_string": query,
            "headers": self._headers,
        }
        head, body = Head(scope, len(self._body), self._goes_on), self._body
        head_end = self._received.find(_HEAD_END) + len(_HEAD_END)
        if not self._is_forwarded and head_end + len(body) == len(self._received) and head_end <= _LONGEST_HEAD:
            if len(self._heads) >= _MOST_HEADS:
                self._heads.clear()
            self._heads[self._received[:head_end]] = head
        self._stop_waiting()
        app = self._config.loaded_app if self._is_forwarded else self._direct_app
        self._clear()
        self._begin(head, body, app)

    def _begin(self, head: Head, body: bytes, app: ASGIApp) -> None:
        scope = {
            **head.scope,
            "server": self._server,
            "client": self._client,
            "state": self._app_state.copy(),
            BODY: body,
            HEAD: head,
        }
        self._exchange = Exchange(self, body, self._state.default_headers, goes_on=head.goes_on)
        task = self._loop.create_task(self._exchange.run(app, scope))
        self._state.tasks.add(task)
        task.add_done_callback(self._state.tasks.discard)

    def answered(self, *, goes_on: bool) -> None:
        """Turn to the next request, where there may be one."""
        self._exchange = None
        if not goes_on:
            self.transport.close()
        elif self._received and not self.transport.is_closing():
            data, self._received = self._received, b""
            self.transport.resume_reading()
            self.data_received(data)
        else:
            self._idle_since = self._loop.time()
            if self._keep_alive is None:
                self._look_again(self._config.timeout_keep_alive)

    def _end_if_idle(self) -> None:
        """Close a connection on which nothing comes. One timer for all requests costs less than one for each."""
        is_idle = self._exchange is None and not self._received
        left_s = self._idle_since + self._config.timeout_keep_alive - self._loop.time()
        if is_idle and left_s <= 0:
            self.transport.close()
        else:
            self._look_again(left_s if is_idle else self._config.timeout_keep_alive)

    def _look_again(self, after_s: float) -> None:
        self._keep_alive = self._loop.call_later(after_s, self._end_if_idle)

    def _hand_over(self) -> None:
        """Leave the connection to uvicorn's own protocol, with the bytes received so far."""
        received = self._received
        self._leave()
        successor = OtherRequests(self._config, self._state, self._app_state, self._loop)
        successor.connection_made(self.transport)
        self.transport.set_protocol(successor)
        successor.data_received(received)

    def _leave(self) -> None:
        self._state.connections.discard(self)
        self._stop_waiting()
        if self._keep_alive is not None:
            self._keep_alive.cancel()
        self._parser = None  # which holds this object as well

    def _stop_waiting(self) -> None:
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None


def _address(transport: asyncio.Transport, of: str) -> tuple[str, int] | None:
    """Host and port; None of a client that has gone already."""
    found = transport.get_extra_info(of)
    return (found[0], found[1]) if found else None


def _value_in(head: bytes, name: bytes) -> bytes | None:
    """The value of the header that *name* begins; in a sixth of the time of a mapping of all of them."""
    begin = head.find(name)
    return None if begin < 0 else head[begin + len(name) :].partition(_LINE_END)[0]


class Exchange:
    """One request and its answer, as the application has them.

    Attributes:
        transport: The connection.
        goes_on: Whether another request may come on it.
    """

    def __init__(self, protocol: HttpProtocol, body: bytes, headers: Headers, *, goes_on: bool) -> None:
        self.transport = protocol.transport
        self.goes_on = goes_on
        self._protocol = protocol
        self._body: bytes | None = body
        self._headers = headers
        self._is_started = self._is_gone = self._is_over = False
        self._held_back = b""
        self._left: int | None = 0
        self._end: asyncio.Event | None = None

    async def run(self, app: ASGIApp, scope: Scope) -> None:
        """Have it answered. What goes wrong in the application is logged, and ends the connection."""
        failure = None
        try:
            await app(scope, self.receive, self.send)
        except BaseException as error:  # noqa: BLE001  # the server goes on
            failure = error
        if failure is not None or not (self._is_over or self.transport.is_closing()):
            _LOGGER.error("The application failed to answer a request", exc_info=failure)
            self._fail()

    def disconnect(self) -> None:
        """Have the application know that the client is gone."""
        self._is_gone = True
        self._conclude()

    async def receive(self) -> Message:
        """The body, and after it the end of all, once it has come."""
        if self._body is not None:
            body, self._body = self._body, None
            return {"type": "http.request", "body": body, "more_body": False}
        if not self._is_over:
            self._end = self._end or asyncio.Event()
            await self._end.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        """Send the head of the answer or a part of its body; nothing where nobody is there to take it.

        Raises:
            RuntimeError: The application does not keep to ASGI or HTTP.
        """
        if (resumed := self._protocol.resumed) is not None:
            await resumed.wait()
        if self._is_gone:
            return
        if message["type"] == "http.response.start" and not self._is_started:
            self._start(message["status"], message.get("headers", ()))
        elif message["type"] == "http.response.body" and self._is_started and not self._is_over:
            self._go_on(message.get("body", b""), more=message.get("more_body", False))
        else:
            raise RuntimeError(f"{message['type']} is not what comes next")

    def _start(self, status: int, headers: Collection[tuple[bytes, bytes]]) -> None:
        """Hold back a head that says the length of the body: one write for both takes half the time of two."""
        self._is_started = True
        lines = [_STATUS_LINES.get(status) or b"HTTP/1.1 %d " % status]
        lines += map(b": ".join, self._headers)
        lines += map(b": ".join, headers)
        text = b"".join(lines)
        if _CR in text or _LF in text:
            self._is_started = False
            raise RuntimeError("A header of an answer has a line break in it")
        head = _LINE_END.join(lines)
        length = _value_in(head, b"\r\ncontent-length: ")
        self._left = 0 if status in _WITHOUT_BODY else None if length is None else int(length)
        if (_value_in(head, b"\r\nconnection: ") or b"").lower() == b"close":
            self.goes_on = False
        elif not self.goes_on:
            head += b"\r\nconnection: close"
        if self._left is None:
            head += b"\r\ntransfer-encoding: chunked"
        self._held_back = head + _HEAD_END
        if self._left is None:
            self._write(b"")

    def _go_on(self, body: bytes, *, more: bool) -> None:
        if self._left is None:
            part = b"%x\r\n%b\r\n" % (len(body), body) if body else b""
            self._write(part if more else part + b"0\r\n\r\n")
        else:
            self._left -= len(body)
            if self._left < 0 or (self._left and not more):
                raise RuntimeError("The body of an answer is not as long as its head says")
            self._write(body)
        if not more:
            self._conclude()
            self._protocol.answered(goes_on=self.goes_on)

    def _write(self, part: bytes) -> None:
        data, self._held_back = self._held_back + part, b""
        self.transport.write(data)

    def _conclude(self) -> None:
        self._is_over = True
        if self._end is not None:
            self._end.set()

    def _fail(self) -> None:
        """Say so, if nothing was sent yet."""
        if self._is_gone or (self._is_started and not self._held_back):
            self.transport.close()
        else:
            self._start(HTTPStatus.INTERNAL_SERVER_ERROR, _FAILED_HEADERS)
            self._go_on(_FAILED, more=False)
