"""One request on a socket and its answer, as an application has them: by ASGI, or the answer as a whole."""

import asyncio
import logging
from collections.abc import Collection
from http import HTTPStatus
from typing import Final, Protocol

from starlette.types import ASGIApp, Message, Scope

Headers = list[tuple[bytes, bytes]]

_STATUS_LINES: Final = {each.value: f"HTTP/1.1 {each} {each.phrase}".encode() for each in HTTPStatus}
_CR, _LF = b"\r\n"  # numbers, because CPython raises an exception inside when it looks for bytes in bytes
_LINE_END: Final = b"\r\n"
HEAD_END: Final = 2 * _LINE_END
_WITHOUT_BODY: Final = frozenset({HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED})
_FAILED: Final = b"Internal Server Error"
_FAILED_HEADERS: Final = (
    (b"content-type", b"text/plain; charset=utf-8"),
    (b"content-length", b"%d" % len(_FAILED)),
    (b"connection", b"close"),
)
_LOGGER: Final = logging.getLogger("uvicorn.error")


class Carrier(Protocol):
    """The connection of an exchange.

    Attributes:
        transport: Where the answer goes.
        resumed: Set once the client reads on; None while it does.
    """

    transport: asyncio.Transport
    resumed: asyncio.Event | None

    def answered(self, *, goes_on: bool) -> None:
        """Turn to the next request, where there may be one."""


class Exchange:
    """One request and its answer, as the application has them.

    Attributes:
        transport: The connection.
        goes_on: Whether another request may come on it.
    """

    def __init__(self, carrier: Carrier, body: bytes, headers: Headers, *, goes_on: bool) -> None:
        self.transport = carrier.transport
        self.goes_on = goes_on
        self._carrier = carrier
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
        self._end_waiting()

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
        if (resumed := self._carrier.resumed) is not None:
            await resumed.wait()
        if self._is_gone:
            return
        if message["type"] == "http.response.start" and not self._is_started:
            self._start(message["status"], message.get("headers", ()))
        elif message["type"] == "http.response.body" and self._is_started and not self._is_over:
            self._go_on(message.get("body", b""), more=message.get("more_body", False))
        else:
            raise RuntimeError(f"{message['type']} is not what comes next")

    def answer(self, status: int, headers: Collection[tuple[bytes, bytes]], body: bytes) -> bool:
        """Send a whole answer, in half the time of its two messages; False if it must wait, which they can."""
        if self._carrier.resumed is not None:
            return False
        if not self._is_gone:
            self.transport.write(self._head(status, headers) + HEAD_END + body)
            self._is_started = True
            self._conclude()
        return True

    def _start(self, status: int, headers: Collection[tuple[bytes, bytes]]) -> None:
        """Hold back a head that says the length of the body: one write for both takes half the time of two."""
        head = self._head(status, headers)
        self._is_started = True
        length = _value_in(head, b"\r\ncontent-length: ")
        self._left = 0 if status in _WITHOUT_BODY else None if length is None else int(length)
        if self._left is None:
            head += b"\r\ntransfer-encoding: chunked"
        self._held_back = head + HEAD_END
        if self._left is None:
            self._write(b"")

    def _head(self, status: int, headers: Collection[tuple[bytes, bytes]]) -> bytes:
        lines = [_STATUS_LINES.get(status) or b"HTTP/1.1 %d " % status]
        lines += map(b": ".join, self._headers)
        lines += map(b": ".join, headers)
        text = b"".join(lines)
        if _CR in text or _LF in text:
            raise RuntimeError("A header of an answer has a line break in it")
        head = _LINE_END.join(lines)
        if (_value_in(head, b"\r\nconnection: ") or b"").lower() == b"close":
            self.goes_on = False
        elif not self.goes_on:
            head += b"\r\nconnection: close"
        return head

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

    def _write(self, part: bytes) -> None:
        data, self._held_back = self._held_back + part, b""
        self.transport.write(data)

    def _conclude(self) -> None:
        self._end_waiting()
        self._carrier.answered(goes_on=self.goes_on)

    def _end_waiting(self) -> None:
        """Have the application learn, if it waits for it, that the exchange is over."""
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


def _value_in(head: bytes, name: bytes) -> bytes | None:
    """The value of the header that *name* begins; in a sixth of the time of a mapping of all of them."""
    begin = head.find(name)
    return None if begin < 0 else head[begin + len(name) :].partition(_LINE_END)[0]
