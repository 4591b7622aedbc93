"""Requests on a socket: plain ones are read and answered here, all others as ``other_requests`` says.

A request is plain when it is HTTP/1.1, small, and soon there as a whole. The requests of TaskRouter's clients are. For
one of them uvicorn takes twice as long, mostly for what a plain request does not need: events, timers, a search of each
header, and a second write for the body of the answer.
"""

import asyncio
from typing import Any, Final
from urllib.parse import unquote

import httptools
from starlette.types import ASGIApp, Scope
from uvicorn import Config
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware
from uvicorn.server import ServerState

from tr_apply.local.http.exchange import HEAD_END, Exchange, Headers
from tr_apply.local.http.other_requests import OtherRequests
from tr_apply.local.http.requests import BODY, HEAD, SMALL_BODY, Head, Heads

PATIENCE_S: Final = 0.5
"""How long the rest of a plain request may take; uvicorn waits for what takes longer."""

_NOT_PLAIN: Final = frozenset({b"expect", b"transfer-encoding", b"upgrade"})
_HASH: Final = ord("#")  # a number, because CPython raises an exception inside when it looks for bytes in bytes
_LONGEST_HEAD: Final = 2048
_LONGEST_REQUEST: Final = 2 * SMALL_BODY


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
        heads: Heads | None = None,
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
        self._heads = heads or Heads()
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
            head_end = data.find(HEAD_END) + len(HEAD_END)
            head = self._heads.known.get(data[:head_end])
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
        self._headers.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        """The end of the head."""
        assert self._parser is not None
        self._method = self._parser.get_method().decode("ascii")
        self._goes_on = self._parser.should_keep_alive()
        is_path = self._url.startswith(b"/") and self._url.isascii() and _HASH not in self._url
        is_usual = self._parser.get_http_version() == "1.1" and self._method != "HEAD"
        names = dict(self._headers)
        self._is_plain &= is_path and is_usual and _NOT_PLAIN.isdisjoint(names)
        self._is_forwarded = b"\nx-forwarded-" in b"\n".join(names)

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
        head_end = self._received.find(HEAD_END) + len(HEAD_END)
        if not self._is_forwarded and head_end + len(body) == len(self._received) and head_end <= _LONGEST_HEAD:
            self._heads.note(self._received[:head_end], head)
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
