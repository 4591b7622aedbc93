"""Requests that are not plain: uvicorn's own protocol, within bounds that it does not have.

It waits for the end of a line however long, takes any version of HTTP, and compares no address with the Host header. It
also closes a connection on which a body still arrives: the system then resets it, and the client may lose its answer.
"""

import asyncio
from http import HTTPStatus
from typing import Final

import httptools
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

LONGEST_HEAD: Final = 32 * 1024
"""Bytes of a head, of the line before a chunk, or of the trailers, as far as they come in parts."""

MOST_DROPPED: Final = 64 * 1024 * 1024
"""Bytes that are taken and dropped after the last answer."""

DROPPING_S: Final = 30.0
"""How long they are."""

_PART: Final = LONGEST_HEAD // 2
_TOO_LONG: Final = "A line of the request is too long."
_VERSIONS: Final = ("1.0", "1.1")


class OtherRequests(HttpToolsProtocol):
    """The connection of a client whose requests are not plain."""

    _unfinished = 0
    """Bytes since the last whole head, line before a chunk, or part of a body."""
    _dropped: int | None = None
    """Bytes that came after the last answer; None before it."""
    _is_refused = False
    _refusal: HTTPStatus = HTTPStatus.BAD_REQUEST
    _end_of_dropping: asyncio.TimerHandle | None = None

    # Calls of asyncio and of the server

    def data_received(self, data: bytes) -> None:
        """Parse *data* in parts: the longest line that is taken hardly depends on how it arrives."""
        for begin in range(0, len(data), _PART):
            part = data[begin : begin + _PART]
            if self._dropped is not None:
                self._dropped += len(part)
                if self._dropped > MOST_DROPPED:
                    self.transport.close()
                    return
            if not self._is_refused:
                self._parse(part)

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait for nothing more."""
        if self._end_of_dropping is not None:
            self._end_of_dropping.cancel()
        super().connection_lost(exc)

    def shutdown(self) -> None:
        """End the connection, once the request under way is answered."""
        if self._dropped is None:
            super().shutdown()
        else:
            self.transport.close()

    # Calls of the parser

    def on_headers_complete(self) -> None:
        """Begin with the request, unless it is in another version of HTTP.

        Raises:
            ValueError: It is.
        """
        self._unfinished = 0
        if self.parser.get_http_version() not in _VERSIONS:
            self._refusal = HTTPStatus.HTTP_VERSION_NOT_SUPPORTED
            raise ValueError(self._refusal.phrase)
        if not self.url.startswith(b"/"):
            self._take_address()
        before = self.cycle
        super().on_headers_complete()
        if self.cycle is not before:
            self.cycle.transport = _Answers(self)

    def on_body(self, body: bytes) -> None:
        """A part of the body."""
        self._unfinished = 0
        super().on_body(body)

    def on_chunk_header(self) -> None:
        """The end of the line before a chunk."""
        self._unfinished = 0

    def on_message_complete(self) -> None:
        """The end of the request."""
        self._unfinished = 0
        super().on_message_complete()
        if self._dropped is not None:
            self.transport.close()

    # The rest

    def _parse(self, part: bytes) -> None:
        self._unfinished += len(part)
        super().data_received(part)
        if self._unfinished > LONGEST_HEAD and self._dropped is None:
            self.send_400_response(_TOO_LONG)

    def _take_address(self) -> None:
        """Let the server that an absolute address names replace the one in Host (RFC 9112, 3.2.2)."""
        address = httptools.parse_url(self.url)
        if address.host is None:
            return
        host = b"[%b]" % address.host if b":" in address.host else address.host
        if address.port is not None:
            host += b":%d" % address.port
        self.headers[:] = [(name, host if name == b"host" else value) for name, value in self.headers]

    def send_400_response(self, msg: str) -> None:
        """Answer a request that is not valid, and drop all that comes after it."""
        self._is_refused = True
        if self.cycle is not None and not self.cycle.response_complete:
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        if self.cycle is None or not self.cycle.response_started or self.cycle.response_complete:
            headers = [
                *self.server_state.default_headers,
                (b"content-type", b"text/plain; charset=utf-8"),
                (b"content-length", b"%d" % len(msg)),
                (b"connection", b"close"),
            ]
            lines = [b"%b: %b\r\n" % each for each in headers]
            self.transport.write(b"".join([STATUS_LINE[self._refusal], *lines, b"\r\n", msg.encode()]))
        self._drop_the_rest()

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Send a part of an answer; nothing after the last one, which may refuse what came after a valid request."""
        if self._dropped is None:
            self.transport.write(data)

    def end(self) -> None:
        """Close the connection; if a body still arrives after its answer, once it is there."""
        if self.cycle.more_body and self.cycle.response_complete and not self.transport.is_closing():
            self._drop_the_rest()
        else:
            self.transport.close()

    def _drop_the_rest(self) -> None:
        """Let the client see the end of the answers, and close the connection when it does so, or after a while."""
        self._dropped = 0
        self.flow.resume_reading()
        if self.transport.can_write_eof():
            self.transport.write_eof()
        self._end_of_dropping = self.loop.call_later(DROPPING_S, self.transport.close)


class _Answers(asyncio.Transport):
    """The connection as one request sees it."""

    def __init__(self, protocol: OtherRequests) -> None:
        super().__init__()
        self._protocol = protocol

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Send a part of the answer."""
        self._protocol.write(data)

    def is_closing(self) -> bool:
        """Whether nothing more is sent."""
        return self._protocol.transport.is_closing()

    def close(self) -> None:
        """Send nothing more."""
        self._protocol.end()
