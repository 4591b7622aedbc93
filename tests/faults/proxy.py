"""A proxy in front of an application that causes faults: HTTP/1.1 by hand, in a thread of its own.

The application is called in the proxy's loop: between the two there is nothing that could go wrong.
"""

import asyncio
import json
import threading
import traceback
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit


@dataclass(frozen=True)
class Request:
    """A request as it came in. ``number`` counts all of them from 0, ``write`` those with another method than GET."""

    number: int
    write: int | None
    method: str
    target: str
    headers: tuple[tuple[str, str], ...]
    body: bytes

    @property
    def path(self):
        return urlsplit(self.target).path

    @property
    def is_list(self):
        return self.method == "GET" and "PageSize=" in self.target


@dataclass(frozen=True)
class Reply:
    """An answer, ready to be sent or to be spoiled."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def encoded(self):
        head = [f"HTTP/1.1 {self.status} Whatever", *(f"{name}: {value}" for name, value in self.headers)]
        return "\r\n".join([*head, f"content-length: {len(self.body)}", "", ""]).encode() + self.body

    @property
    def json(self):
        return json.loads(self.body)


def reply(status, body=None, **headers):
    """A made-up answer; *body* is JSON or bytes."""
    content = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
    return Reply(status, tuple((name.replace("_", "-"), value) for name, value in headers.items()), content)


class Exchange:
    """One request that a fault may answer, forward, spoil or let down."""

    def __init__(self, proxy, request, writer):
        self.proxy = proxy
        self.request = request
        self._writer = writer

    async def forward(self, target=None):
        return await self.proxy.forwarded(self.request, target)

    async def send(self, answer):
        await self.send_bytes(answer.encoded())

    async def send_bytes(self, content):
        self._writer.write(content)
        await self._writer.drain()

    def close(self):
        self._writer.close()


@dataclass
class Proxy:
    """Listens on two ports: on one it passes everything on, on the other one, except where a fault says otherwise.

    ``faults`` is asked for every request there: a coroutine function of the exchange, or None to pass it on as it is.
    """

    app: Any = None
    faults: Callable[[Request], Callable | None] = lambda _request: None
    log: list[str] = field(default_factory=list)
    memory: dict = field(default_factory=dict)
    port: int = 0
    direct_port: int = 0
    numbers: int = 0
    writes: int = 0

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    @property
    def direct(self):
        return f"http://127.0.0.1:{self.direct_port}"

    def __enter__(self):
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._serve_until_stopped, daemon=True)
        self._thread.start()
        assert self._ready.wait(20)
        return self

    def __exit__(self, *_):
        self._loop.call_soon_threadsafe(self._stopped.set)
        self._thread.join(20)
        assert not self._thread.is_alive()

    def begin(self, faults=lambda _request: None):
        """Start counting from 0, with other faults."""
        self.faults, self.numbers, self.writes = faults, 0, 0
        self.log.clear()
        self.memory.clear()

    def settle(self):
        """Wait until what has gone has gone: every connection to us is closed, and every request of it answered."""

        async def settled():
            async with asyncio.timeout(20):
                while self._connections:
                    await asyncio.wait(self._connections)

        self.run(settled)

    def drop(self):
        """End every connection that something still hangs on."""
        self.run(self._end_connections)

    def run(self, work):
        """The result of *work*, a coroutine function, from the loop that the application belongs to."""
        return asyncio.run_coroutine_threadsafe(work(), self._loop).result(30)

    async def _end_connections(self):
        ending = list(self._connections)
        for task in ending:
            task.cancel()
        await asyncio.gather(*ending, return_exceptions=True)
        await asyncio.gather(*self._answering, return_exceptions=True)

    def _serve_until_stopped(self):
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._serve())
        self._loop.close()

    async def _serve(self):
        self._stopped = asyncio.Event()
        self._connections = set()
        self._answering = set()
        faulty = await asyncio.start_server(partial(self._connected, self._faulty), "127.0.0.1", self.port)
        direct = await asyncio.start_server(partial(self._connected, self._passed_on), "127.0.0.1", self.direct_port)
        self.port, self.direct_port = (each.sockets[0].getsockname()[1] for each in (faulty, direct))
        self._ready.set()
        await self._stopped.wait()
        faulty.close()
        direct.close()
        await self._end_connections()

    async def _connected(self, carry_out, reader, writer):
        task = asyncio.current_task()
        self._connections.add(task)
        try:
            while (request := await self._read(reader)) is not None and not writer.is_closing():
                await carry_out(request, writer)
                if writer.is_closing():
                    break
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            self._connections.discard(task)
            writer.close()

    async def _passed_on(self, request, writer):
        exchange = Exchange(self, request, writer)
        await exchange.send(await exchange.forward())

    async def _faulty(self, request, writer):
        request = self._counted(request)
        fault = self.faults(request)
        if fault is None:
            await self._passed_on(request, writer)
        else:
            await fault(Exchange(self, request, writer))

    async def _read(self, reader):
        try:
            head = await reader.readuntil(b"\r\n\r\n")
        except (asyncio.IncompleteReadError, OSError):
            return None
        first, *lines = head.decode("latin-1").split("\r\n")
        method, target, _ = first.split(" ")
        headers = tuple(
            (name.lower(), value.strip()) for name, _, value in (line.partition(":") for line in lines if line)
        )
        body = await reader.readexactly(int(dict(headers).get("content-length", 0)))
        return Request(0, None, method, target, headers, body)

    def _counted(self, request):
        is_write = request.method != "GET"
        counted = replace(request, number=self.numbers, write=self.writes if is_write else None)
        self.numbers += 1
        self.writes += is_write
        self.log.append(f"{request.method} {request.target}")
        return counted

    async def forwarded(self, request, target=None):
        """The application's answer to *request*, sent to another *target* if there is one.

        It carries out what it was asked, even where nobody waits for the answer any more, as a server does.
        """
        answering = asyncio.ensure_future(_answered(self.app, request, target or request.target))
        self._answering.add(answering)
        answering.add_done_callback(self._answering.discard)
        return await asyncio.shield(answering)


async def _answered(app, request, target):
    """The answer of an ASGI application."""
    path, _, query = target.partition("?")
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": request.method,
        "scheme": "http",
        "path": unquote(path),
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "headers": [(name.encode(), value.encode()) for name, value in request.headers],
    }
    said = []

    async def receive():
        return {"type": "http.request", "body": request.body, "more_body": False}

    async def send(message):
        said.append(message)

    try:
        await app(scope, receive, send)
    except Exception:  # noqa: BLE001  # as a server does
        traceback.print_exc()
        return Reply(500, (), b"")
    begin, *parts = said
    headers = ((name.decode(), value.decode()) for name, value in begin["headers"] if name != b"content-length")
    return Reply(begin["status"], tuple(headers), b"".join(part["body"] for part in parts))


# Faults


async def dropped_before(exchange):
    """The connection is closed, and the request is lost."""
    exchange.close()


async def dropped_after(exchange):
    """The request is carried out, and the connection is closed instead of an answer."""
    await exchange.forward()
    exchange.close()


async def truncated(exchange):
    """The connection is closed in the middle of the answer."""
    encoded = (await exchange.forward()).encoded()
    await exchange.send_bytes(encoded[: len(encoded) - max(1, len(encoded) // 4)])
    exchange.close()


async def malformed(exchange):
    """The answer is half a document, and its length says that this is all."""
    answer = await exchange.forward()
    await exchange.send(Reply(answer.status, answer.headers, answer.body[: len(answer.body) // 2] or b"{"))


async def of_another_type(exchange):
    """The answer is JSON, but none of the kind that was asked for."""
    answer = await exchange.forward()
    await exchange.send(Reply(answer.status, answer.headers, b'["surprise"]'))


async def hung(exchange):
    """The request is carried out, and nothing is ever answered."""
    await exchange.forward()
    await asyncio.sleep(3600)


async def never_begun(_exchange):
    """The request is not carried out, and nothing is ever answered."""
    await asyncio.sleep(3600)


async def dripped(exchange):
    """The answer comes byte by byte, far too slowly."""
    for byte in (await exchange.forward()).encoded():
        await exchange.send_bytes(bytes([byte]))
        await asyncio.sleep(0.05)


async def delayed(exchange):
    """The answer takes a moment."""
    await asyncio.sleep(0.03)
    await exchange.send(await exchange.forward())


async def closed_afterwards(exchange):
    """The connection is closed although it was to be kept."""
    await exchange.send(await exchange.forward())
    exchange.close()


async def redirected(exchange):
    """The answer redirects to another host."""
    await exchange.send(reply(302, location="http://127.0.0.1:9/v1/elsewhere"))


def refused(**headers):
    """Too many requests: not carried out."""

    async def fault(exchange):
        await exchange.send(reply(429, {"code": 20429, "message": "Too many requests", "status": 429}, **headers))

    fault.__name__ = f"refused{headers or ''}"
    return fault


def failed(status, *, after, body=b"<html>sorry</html>"):
    """A server error, before the request was carried out or *after* it."""

    async def fault(exchange):
        if after:
            await exchange.forward()
        await exchange.send(reply(status, body, content_type="text/html"))

    fault.__name__ = f"failed_{status}_{'after' if after else 'before'}"
    return fault


async def with_small_pages(exchange):
    """Lists have pages of three."""
    await exchange.send(await _in_small_pages(exchange))


async def repeating(exchange):
    """Each page begins with what the page before it ended with."""
    answer = await _in_small_pages(exchange)
    document = answer.json
    key = document["meta"]["key"]
    last = exchange.proxy.memory.setdefault("last", {})
    if "PageToken" in exchange.request.target and exchange.request.path in last:
        document[key].insert(0, last[exchange.request.path])
    if document[key]:
        last[exchange.request.path] = document[key][-1]
    await exchange.send(Reply(answer.status, answer.headers, json.dumps(document).encode()))


async def omitting(exchange):
    """The last item of a list is missing when the list is asked for the first time."""
    answer = await exchange.forward()
    document = answer.json
    asked = exchange.proxy.memory.setdefault("asked", set())
    if answer.status == 200 and exchange.request.path not in asked:
        document[document["meta"]["key"]][-1:] = []
    asked.add(exchange.request.path)
    await exchange.send(Reply(answer.status, answer.headers, json.dumps(document).encode()))


async def _in_small_pages(exchange):
    parts = urlsplit(exchange.request.target)
    query = [(name, "3" if name == "PageSize" else value) for name, value in parse_qsl(parts.query)]
    return await exchange.forward(f"{parts.path}?{urlencode(query)}")


@dataclass
class Lagging:
    """Lists that lag behind creations: each new resource is missing from the first *times* lists."""

    times: int
    hidden: dict[str, int] = field(default_factory=dict)

    async def create(self, exchange):
        answer = await exchange.forward()
        if answer.status == 201:
            self.hidden[answer.json["sid"]] = self.times
        await exchange.send(answer)

    async def created_without_answer(self, exchange):
        answer = await exchange.forward()
        if answer.status == 201:
            self.hidden[answer.json["sid"]] = self.times
        exchange.close()

    async def list(self, exchange):
        answer = await exchange.forward()
        document = answer.json
        key = document["meta"]["key"]
        shown = []
        for item in document[key]:
            if self.hidden.get(item["sid"], 0) > 0:
                self.hidden[item["sid"]] -= 1
            else:
                shown.append(item)
        document[key] = shown
        await exchange.send(Reply(answer.status, answer.headers, json.dumps(document).encode()))

    def __call__(self, request):
        if request.is_list:
            return self.list
        return self.create if request.method == "POST" else None


PASSING = (
    dropped_before,
    dropped_after,
    truncated,
    malformed,
    of_another_type,
    hung,
    never_begun,
    dripped,
    delayed,
    closed_afterwards,
    refused(),
    refused(retry_after="0"),
    failed(500, after=False),
    failed(500, after=True),
    failed(502, after=True),
    failed(503, after=False),
)
"""Those that one more attempt gets over."""

FAULTS = (
    *PASSING,
    redirected,
    refused(retry_after="Fri, 31 Dec 1999 23:59:59 GMT"),
    refused(retry_after="3600"),
    failed(503, after=False, body=b'{"code": 20503, "message": "Service unavailable", "status": 503}'),
    failed(503, after=True),
)

ON_LISTS = (with_small_pages, repeating, omitting)


def ignoring_closed(fault):
    """A client that has disconnected does not fail a fault."""

    async def wrapped(exchange):
        with suppress(OSError):
            await fault(exchange)

    return wrapped
