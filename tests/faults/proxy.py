"""A proxy between a client and a server that causes faults: HTTP/1.1 by hand, in a thread of its own."""

import asyncio
import json
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlencode, urlsplit


@dataclass(frozen=True)
class Request:
    """A request as it came in. ``number`` counts all of them from 0, ``write`` those with another method than GET."""

    number: int
    write: int | None
    method: str
    target: str
    head: bytes
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
    """Listens on a port of its own and passes everything on to *upstream*, except where a fault says otherwise.

    ``faults`` is asked for every request: a coroutine function of the exchange, or None to pass it on as it is.
    """

    upstream: str
    faults: Callable[[Request], Callable | None] = lambda _request: None
    log: list[str] = field(default_factory=list)
    memory: dict = field(default_factory=dict)
    port: int = 0
    numbers: int = 0
    writes: int = 0

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self):
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
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

        asyncio.run_coroutine_threadsafe(settled(), self._loop).result()

    def drop(self):
        """End every connection that something still hangs on."""

        asyncio.run_coroutine_threadsafe(self._end_connections(), self._loop).result()

    async def _end_connections(self):
        ending = list(self._connections)
        for task in ending:
            task.cancel()
        await asyncio.gather(*ending, return_exceptions=True)

    def _run(self):
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._serve())
        self._loop.close()

    async def _serve(self):
        self._stopped = asyncio.Event()
        self._connections = set()
        self._idle = []
        server = await asyncio.start_server(self._connected, "127.0.0.1", self.port)
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        await self._stopped.wait()
        server.close()
        await self._end_connections()
        for _, writer in self._idle:
            writer.close()

    async def _connected(self, reader, writer):
        task = asyncio.current_task()
        self._connections.add(task)
        try:
            while (request := await self._read(reader)) is not None and not writer.is_closing():
                exchange = Exchange(self, request, writer)
                fault = self.faults(request)
                if fault is None:
                    await exchange.send(await exchange.forward())
                else:
                    await fault(exchange)
                if writer.is_closing():
                    break
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            self._connections.discard(task)
            writer.close()

    async def _read(self, reader):
        try:
            head = await reader.readuntil(b"\r\n\r\n")
        except (asyncio.IncompleteReadError, OSError):
            return None
        first, *lines = head.decode("latin-1").split("\r\n")
        method, target, _ = first.split(" ")
        length = next((int(line[15:]) for line in lines if line.lower().startswith("content-length:")), 0)
        body = await reader.readexactly(length)
        is_write = method != "GET"
        request = Request(self.numbers, self.writes if is_write else None, method, target, head, body)
        self.numbers += 1
        self.writes += is_write
        self.log.append(f"{method} {target}")
        return request

    async def forwarded(self, request, target=None):
        """The server's answer to *request*, sent to another *target* if there is one."""
        reader, writer = self._idle.pop() if self._idle else await self._upstream()
        try:
            head = request.head
            if target is not None:
                head = head.replace(f" {request.target} ".encode(), f" {target} ".encode(), 1)
            writer.write(head + request.body)
            status, *lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
            parts = [line.partition(":") for line in lines if line]
            headers = {name.lower(): (name, value.strip()) for name, _, value in parts}
            headers.pop("connection", None)
            _, length = headers.pop("content-length", ("", 0))
            kept = tuple(headers.values())
            answer = Reply(int(status.split(" ")[1]), kept, await reader.readexactly(int(length)))
        except BaseException:
            writer.close()
            raise
        self._idle.append((reader, writer))
        return answer

    async def _upstream(self):
        host, _, port = self.upstream.partition(":")
        return await asyncio.open_connection(host, int(port))


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
