"""HTTP/1.1 over one connection, which carries one request at a time and is opened again after it was closed.

httpx would do the same through five layers, which cost more processor time than all the rest of an apply; importing it
is half of the start of a small plan. httptools, which the embedded TaskRouter reads requests with, reads the answers.
"""

import asyncio
import select
import ssl
from collections.abc import Awaitable, Callable
from typing import Final, cast

import httptools

from tr_apply.errors import NetworkError
from tr_apply.transport.answer import BODY_LIMIT, too_long
from tr_apply.transport.call import FIRST_REFUSAL, LostError
from tr_apply.transport.endpoint import Endpoint
from tr_apply.transport.exchange import Answer, Request, named

HEAD_LIMIT: Final = 100 * 1024
"""Bytes of status line and headers."""

_FIRST_FINAL = 200
_ATTEMPT_DELAY_S = 0.25  # before a connection to the next address of a host is tried concurrently
_EARLY = "the connection ended before the answer did"


class Http1:
    """A slot over the network.

    Args:
        server: Where requests go.
        proxy: What they go through; None to go directly.
        tls: Gives the certificates to trust; awaited while the connection is being made.
        connect_s: Seconds for a connection, the handshakes included.
    """

    def __init__(
        self,
        server: Endpoint,
        proxy: Endpoint | None,
        tls: Callable[[], Awaitable[ssl.SSLContext]],
        *,
        connect_s: float,
    ) -> None:
        self._server = server
        self._proxy = proxy
        self._tls = tls
        self._connect_s = connect_s
        self._wire: _Wire | None = None

    async def exchange(self, request: Request) -> Answer:
        """See ``Slot.exchange``."""
        wire = self._wire
        if wire is None or not wire.is_usable:
            await self.close()
            wire = self._wire = await self._connected()
        try:
            return await wire.answer_to(_written(request, self._server))
        except BaseException:  # later bytes would be read as the next answer
            wire.end()
            raise

    async def close(self) -> None:
        """Close the connection."""
        if self._wire is not None:
            self._wire.end()
            await self._wire.ended
            self._wire = None

    async def _connected(self) -> "_Wire":
        try:
            async with asyncio.timeout(self._connect_s):
                return await self._open()
        except ssl.SSLCertVerificationError as error:
            raise NetworkError(f"the server's certificate is not trusted: {error}") from error
        except TimeoutError as error:
            raise self._unreachable(f"nothing within {self._connect_s:g} s") from error
        except (OSError, LostError) as error:
            raise self._unreachable(str(error) or type(error).__name__) from error

    def _unreachable(self, why: str) -> LostError:
        return LostError(f"no connection to {self._server.authority} ({why})", sent=False)

    async def _open(self) -> "_Wire":
        nearest = self._proxy or self._server
        # A single address needs no race, which costs four tasks and loses a connection if it is cancelled as it wins.
        delay = None if nearest.is_address else _ATTEMPT_DELAY_S
        _, wire = await asyncio.get_running_loop().create_connection(
            _Wire, nearest.host, nearest.port, happy_eyeballs_delay=delay
        )
        try:
            if self._proxy is not None:
                if self._proxy.is_encrypted:
                    await wire.encrypt(await self._tls(), self._proxy.host)
                await wire.tunnel(self._server, self._proxy)
            if self._server.is_encrypted:
                await wire.encrypt(await self._tls(), self._server.host)
        except BaseException:
            wire.end()
            raise
        return wire


def _written(request: Request, server: Endpoint) -> bytes:
    """*request* as bytes, in one piece: a packet of its own for the body would cost both sides as much again."""
    lines = [b"%b %b%b HTTP/1.1" % (request.method.encode(), server.prefix.encode(), request.target.encode("ascii"))]
    lines.append(b"Host: " + server.authority.encode())
    lines += [b"%b: %b" % header for header in request.headers]
    if request.content is not None:
        lines.append(b"Content-Length: %d" % len(request.content))
    return b"\r\n".join([*lines, b"", request.content or b""])


class _Wire(asyncio.Protocol):
    """An open connection; ``ended`` is done once it is closed."""

    def __init__(self) -> None:
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._transport: asyncio.Transport
        self._reading: _Reading | None = None
        self._is_open = True

    @property
    def is_usable(self) -> bool:
        """Whether it takes another request. Bytes that arrive before one can only be the end of the connection."""
        return self._is_open and not _is_readable(self._transport)

    async def answer_to(self, request: bytes, *, head_only: bool = False) -> Answer:
        """Send *request*; the answer, without its body if *head_only*.

        Raises:
            LostError: when none arrives that can be understood.
        """
        reading = self._reading = _Reading(head_only=head_only)
        try:
            self._transport.write(request)
            return await reading.answer
        finally:
            self._reading = None
            del reading.parser  # which holds what holds it
            if not reading.goes_on:
                self.end()

    async def tunnel(self, server: Endpoint, proxy: Endpoint) -> None:
        """Have *proxy* connect to *server*."""
        lines = [b"CONNECT %b HTTP/1.1" % server.tunnel.encode(), b"Host: " + server.tunnel.encode()]
        if proxy.authorization is not None:
            lines.append(b"Proxy-Authorization: " + proxy.authorization)
        answer = await self.answer_to(b"\r\n".join([*lines, b"", b""]), head_only=True)
        if not _FIRST_FINAL <= answer.status < FIRST_REFUSAL:
            raise LostError(f"the proxy answers {answer.status}", sent=False)

    async def encrypt(self, context: ssl.SSLContext, host: str) -> None:
        """Speak TLS from here on."""
        encrypted = None
        if self._is_open:  # the event loop would wait for ever otherwise
            loop = asyncio.get_running_loop()
            encrypted = await loop.start_tls(self._transport, self, context, server_hostname=host)
        if encrypted is None:
            raise ConnectionResetError("the connection ended before it was encrypted")
        self._transport = encrypted

    def end(self) -> None:
        """Abort the connection without waiting for the other side, which could take long."""
        self._is_open = False
        self._transport.abort()

    # Calls of the event loop

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """It is open."""
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """A part of an answer; if nobody has asked, this cannot be understood."""
        if self._reading is None:
            self.end()
        else:
            self._reading.feed(data)

    def eof_received(self) -> None:
        """Nothing more will come."""
        self._is_open = False
        if self._reading is not None:
            self._reading.end(None)

    def connection_lost(self, exc: Exception | None) -> None:
        """It has ended."""
        self._is_open = False
        if self._reading is not None:
            self._reading.end(exc)
        if not self.ended.done():
            self.ended.set_result(None)


class _Reading:
    """An answer that is being read.

    Attributes:
        answer: Has it in the end.
        goes_on: Whether the connection can be used after it.
        parser: Calls the methods ``on_…``.
    """

    def __init__(self, *, head_only: bool) -> None:
        self.answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self.goes_on = False
        self.parser = httptools.HttpResponseParser(self)
        self._head_only = head_only
        self._headers: list[tuple[bytes, bytes]] = []
        self._content: list[bytes] = []  # parts, as a copy into a growing buffer costs more than all else here
        self._content_size = 0
        self._head_size = 0
        self._has_head = False

    def feed(self, data: bytes) -> None:
        """Read on."""
        if self.answer.done():
            self.goes_on = False  # more than the answer
            return
        try:
            self.parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as error:
            self._fail(LostError(f"no answer (not HTTP/1.1: {error})", sent=True))
        if not self._has_head:
            self._head_size += len(data)
            if self._head_size > HEAD_LIMIT:
                self._fail(LostError(f"no answer (its head is longer than {HEAD_LIMIT // 1024} KB)", sent=True))
        if self._content_size > BODY_LIMIT:
            self._fail(too_long())

    def end(self, error: Exception | None) -> None:
        """Nothing more will come, which is the end of a body whose length nobody said."""
        names = {name.lower() for name, _ in self._headers}
        if self._has_head and not error and not names & {b"content-length", b"transfer-encoding"}:
            self._succeed(goes_on=False)
        else:
            self._fail(LostError(f"no answer ({error or _EARLY})", sent=True))

    # Calls of the parser

    def on_message_begin(self) -> None:
        """An answer, unless there has been one."""
        if self.answer.done():
            self.goes_on = False

    def on_header(self, name: bytes, value: bytes) -> None:
        """One header."""
        self._headers.append((name, value))

    def on_headers_complete(self) -> None:
        """The head is read; a status below 200 only announces the answer."""
        self._has_head = self._status >= _FIRST_FINAL
        if self._head_only and self._has_head:
            self._succeed(goes_on=True)

    def on_body(self, body: bytes) -> None:
        """A part of the body."""
        self._content.append(body)
        self._content_size += len(body)

    def on_message_complete(self) -> None:
        """All is read."""
        if self._has_head:
            self._succeed(goes_on=self.parser.should_keep_alive())
        else:
            self._headers.clear()

    @property
    def _status(self) -> int:
        return self.parser.get_status_code()

    def _succeed(self, *, goes_on: bool) -> None:
        if not self.answer.done():
            self.goes_on = goes_on
            self.answer.set_result(Answer(self._status, named(self._headers), b"".join(self._content)))

    def _fail(self, error: LostError) -> None:
        self.goes_on = False
        if not self.answer.done():
            self.answer.set_exception(error)


def _is_readable(transport: asyncio.Transport) -> bool:
    """Whether something has arrived that the event loop has not looked at yet."""
    socket = transport.get_extra_info("socket").fileno()
    if not hasattr(select, "poll"):  # Windows
        return bool(select.select([socket], [], [], 0)[0])
    poll = select.poll()  # select() knows the first thousand files alone
    poll.register(socket, select.POLLIN)
    return bool(poll.poll(0))
