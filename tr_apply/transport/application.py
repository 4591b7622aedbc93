"""An application in this process: asked directly, or as a transport of httpx."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from functools import lru_cache
from typing import Any

import httpx

from tr_apply.transport.exchange import Answer, Header, Request, named

Message = MutableMapping[str, Any]
Application = Callable[
    [Message, Callable[[], Awaitable[Message]], Callable[[Message], Awaitable[None]]], Awaitable[None]
]


class ApplicationTransport(httpx.AsyncBaseTransport):
    """Hands requests to an ASGI application, and raises what that raises.

    ``httpx.ASGITransport`` does the same, but looks for the library of another event loop at every request, which takes
    a third of the time of a small one.
    """

    def __init__(self, app: Application) -> None:
        self._app = app

    async def exchange(self, base_url: str, request: Request) -> Answer:
        """See ``Slot.exchange``. Messages of httpx would be a third of the time of a small request."""
        host, place = _known(base_url + request.target)
        headers = [(b"host", host), *((name.lower(), value) for name, value in request.headers)]
        if request.content is not None:
            headers.append((b"content-length", b"%d" % len(request.content)))
        asked = await self._asked(request.method, place, headers, request.content or b"")
        return Answer(asked.status, named(asked.headers), asked.content)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """The answer, as a whole."""
        headers = [(name.lower(), value) for name, value in request.headers.raw]
        asked = await self._asked(request.method, _place(request.url), headers, await request.aread())
        return httpx.Response(asked.status, headers=asked.headers, stream=httpx.ByteStream(asked.content))

    async def _asked(self, method: str, place: Mapping[str, Any], headers: list[Header], body: bytes) -> "_Answering":
        answering = _Answering(body, has_content=method != "HEAD")
        await self._app({**place, "method": method, "headers": headers}, answering.receive, answering.send)
        return answering


class _Answering:
    """One request on its way into the application, and what comes out."""

    def __init__(self, body: bytes, *, has_content: bool) -> None:
        self._status: int | None = None
        self.headers: list[Header] = []
        self._parts: list[bytes] = []
        self._request: Message | None = {"type": "http.request", "body": body, "more_body": False}
        self._has_content = has_content
        self._answered = asyncio.Event()

    async def receive(self) -> Message:
        """The request, and then nothing before the answer has been sent."""
        if self._request is not None:
            request, self._request = self._request, None
            return request
        await self._answered.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        """Take in a part of the answer."""
        if message["type"] == "http.response.start":
            self._status, self.headers = message["status"], list(message.get("headers", ()))
        elif message["type"] == "http.response.body":
            if self._has_content:
                self._parts.append(message.get("body", b""))
            if not message.get("more_body", False):
                self._answered.set()

    @property
    def status(self) -> int:
        if self._status is None:
            raise RuntimeError("the application has not answered")
        return self._status

    @property
    def content(self) -> bytes:
        return b"".join(self._parts)


@lru_cache(512)  # each list is read again to prove the plan
def _known(url: str) -> tuple[bytes, Mapping[str, Any]]:
    """The host that a header names, and what the application is called with."""
    parsed = httpx.URL(url)
    return parsed.netloc, _place(parsed)


def _place(url: httpx.URL) -> Mapping[str, Any]:
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "scheme": url.scheme,
        "path": url.path,
        "raw_path": url.raw_path.split(b"?")[0],
        "query_string": url.query,
        "server": (url.host, url.port),
        "client": ("127.0.0.1", 123),
        "root_path": "",
    }
