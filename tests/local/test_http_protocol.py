"""Requests on a socket: however they arrive, they are answered as by uvicorn's own protocol."""

import asyncio
import contextlib
import logging
import socket
from functools import partial

import pytest
import uvicorn
from hypothesis import given, settings
from hypothesis import strategies as st
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from tests.transport.clock import run
from tr_apply.local.http import protocol
from tr_apply.local.http.answers import json_response
from tr_apply.local.http.protocol import HttpProtocol
from tr_apply.local.http.requests import BODY, SMALL_BODY, Heads

LONG = b"x" * (SMALL_BODY + 1)
DATE = (b"date", b"Mon, 30 Nov 2026 06:00:00 GMT")


async def whole(receive):
    message = await receive()
    body = message.get("body", b"")
    while message.get("more_body"):
        message = await receive()
        body += message.get("body", b"")
    return body


ANSWERS = {
    "/parts": (200, [], lambda text: [b"one", b"", text]),
    "/parts of a length": (200, None, lambda text: [text[:5], text[5:]]),
    "/nothing": (204, [(b"etag", b'"1"')], lambda _text: [b""]),
    "/last": (413, [(b"content-length", b"2"), (b"connection", b"close")], lambda _text: [b"no"]),
    "/fails late": (500, None, lambda text: [text]),
    "/fails half way": (200, [], lambda text: [text, b"more"]),
    "/short": (200, [(b"content-length", b"9")], lambda _text: [b"12345"]),
    "/long": (200, [(b"content-length", b"3")], lambda _text: [b"12345"]),
    "/two lines": (200, [(b"x", b"1\r\nset-cookie: a=b"), (b"content-length", b"2")], lambda _text: [b"no"]),
}
"""By path: status, headers (None for the length alone) and parts of the answer to the request."""


async def echo(scope, receive, send):
    """Says what it was asked, in the way that the path names."""
    body, path = await whole(receive), scope["path"]
    names = ("method", "path", "raw_path", "query_string", "http_version", "scheme", "root_path", "headers", "state")
    text = repr([*(scope[name] for name in names), len(body), body[:20]]).encode()
    if path == "/fails":
        raise ValueError("before an answer")
    if path == "/silent":
        return
    status, headers, parts_of = ANSWERS.get(path, (201, None, lambda text: [text]))
    headers = [(b"content-length", b"%d" % len(text))] if headers is None else headers
    await send({"type": "http.response.start", "status": status, "headers": headers})
    *parts, last = parts_of(text)
    for part in parts:
        await send({"type": "http.response.body", "body": part, "more_body": True})
    if path == "/fails half way":
        await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": last})
    if path == "/fails late":
        raise ValueError("after an answer")


class Served:
    """An application on a socket, with one protocol or the other."""

    def __init__(self, port, state):
        self.port, self.state = port, state

    @contextlib.asynccontextmanager
    async def connection(self):
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            async with asyncio.timeout(20):
                yield reader, writer
        finally:
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()

    async def answers(self, *packets):
        """All that is answered until the server closes the connection."""
        async with self.connection() as (reader, writer):
            for packet in packets:
                writer.write(packet)
                for _ in range(3):  # lets the server read this one for itself
                    await asyncio.sleep(0)
            return await reader.read()


@contextlib.asynccontextmanager
async def served(kind=HttpProtocol, app=echo, **more):
    config = uvicorn.Config(app, http=kind, ws="none", lifespan="off", log_config=None, access_log=False, **more)
    config.load()
    state = ServerState()
    state.default_headers = [DATE]
    loop = asyncio.get_running_loop()
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def connection():
            return config.http_protocol_class(config=config, server_state=state, app_state={}, _loop=loop)

        async with await loop.create_server(connection, sock=listener):
            yield Served(listener.getsockname()[1], state)
            for connection in list(state.connections):  # one that waits for its client to go
                connection.transport.abort()
            await asyncio.sleep(0)


class HandedOver:
    """How many connections were left to uvicorn."""

    def __init__(self):
        self.count, self.first = 0, asyncio.Event()


@pytest.fixture
def handed_over(monkeypatch):
    found = HandedOver()

    class Counted(protocol.OtherRequests):
        def connection_made(self, transport):
            found.count += 1
            found.first.set()
            super().connection_made(transport)

    monkeypatch.setattr(protocol, "OtherRequests", Counted)
    return found


def request(path=b"/", method=b"POST", body=b"a=1", *headers):
    head = b"%b %b HTTP/1.1\r\nHost: localhost\r\n" % (method, path)
    length = b"Content-Length: %d\r\n" % len(body) if body else b""
    return head + b"".join(b"%b\r\n" % header for header in headers) + length + b"\r\n" + body


LAST = request(b"/end", b"GET", b"", b"Connection: close")
PLAIN = (
    request(b"/a%20b?x=%20&y"),
    request(b"/v1", b"GET", b"", b"X-Forwarded-Proto: https", b"Accept: */*"),
    request(b"/nothing", b"DELETE", b""),
    request(b"/parts"),
    request(b"/parts%20of%20a%20length"),
    request(b"/", b"POST", b"x" * SMALL_BODY),
)
OTHER = (
    request(b"/", b"HEAD", b""),
    request(b"/", b"POST", LONG),
    request(b"/", b"POST", b"", b"Transfer-Encoding: chunked") + b"3\r\nabc\r\n0\r\n\r\n",
    request(b"/", b"POST", b"a=1", b"Expect: 100-continue"),
    request(b"http://localhost/absolute?x"),
    request(b"/fragment?x#y"),
)
LAST_OF_OTHERS = (
    request(b"/", b"GET", b"", b"Connection: Upgrade, close", b"Upgrade: websocket"),
    b"GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
    b"GET / HTTP/1.0\r\n\r\n",
    b"\x16\x03\x01 this is TLS",
    b"GET /\xff HTTP/1.1\r\n\r\n",
)
ENDING = tuple(request(path) for path in (b"/last", b"/fails", b"/fails%20late", b"/fails%20half%20way", b"/silent"))


async def both(packets):
    found = []
    for kind in (HttpProtocol, HttpToolsProtocol):
        async with served(kind) as server:
            found.append(await server.answers(*packets))
    return found


@pytest.mark.parametrize("sent", [*PLAIN, *OTHER])
def test_a_request_is_answered_as_by_uvicorn(sent):
    ours, uvicorns = asyncio.run(both([sent, LAST]))

    assert ours == uvicorns


@pytest.mark.parametrize("sent", [*ENDING, *LAST_OF_OTHERS])
def test_a_connection_ends_where_uvicorn_ends_it(sent):
    ours, uvicorns = asyncio.run(both([sent]))

    assert ours == uvicorns


async def answering(scope, receive, send):
    """Gives a response to be sent as a whole."""
    text, path = (await whole(receive)).decode(), scope["path"]
    answer = json_response([path, text * (5_000_000 if path == "/long" else 1)], 201)
    if path == "/last":
        answer.raw_headers.append((b"connection", b"close"))
    if path == "/two lines":
        answer.raw_headers.append(ANSWERS[path][1][0])
    await answer(scope, receive, send)


LONG_ONES = (request(b"/long"), request(), request(b"/long"), request())


@pytest.mark.parametrize(
    "sent", [(request(), LAST), (request(), request(b"/other"), LAST), (request(b"/last"),), (*LONG_ONES, LAST)]
)
def test_a_whole_answer_is_the_same_as_by_uvicorn_also_when_it_has_to_wait_for_the_client(sent, runner):
    async def exchange():
        found = []
        for kind in (HttpProtocol, HttpToolsProtocol):
            async with served(kind, answering) as server:
                found.append(await server.answers(*sent))
        return found

    ours, uvicorns = runner.run(exchange())

    assert ours == uvicorns


def test_no_header_of_a_whole_answer_has_a_line_break_in_it():
    async def exchange():
        async with served(app=answering) as server:
            return await server.answers(request(b"/two%20lines"))

    answer = asyncio.run(exchange())

    assert answer.startswith(b"HTTP/1.1 500 ")
    assert b"set-cookie" not in answer


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_requests_are_answered_as_by_uvicorn_however_they_arrive(data):
    stream = b"".join(data.draw(st.lists(st.sampled_from((*PLAIN[:5], *OTHER[2:])), max_size=4))) + LAST
    cuts = sorted(data.draw(st.sets(st.integers(1, len(stream) - 1), max_size=5)))
    packets = [stream[start:end] for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True)]

    ours, uvicorns = asyncio.run(both(packets))

    assert ours == uvicorns


@given(st.data())
@settings(max_examples=40, deadline=None)
def test_a_head_that_came_before_is_answered_as_by_uvicorn_with_any_body(data):
    bodies = st.sampled_from([b"a=1", b"b=2", b"\r\n\r\n", b"\r\n\r"])
    some = st.one_of(st.sampled_from((*PLAIN[1:5], *OTHER[2:])), bodies.map(lambda body: request(body=body)))
    stream = b"".join(data.draw(st.lists(some, min_size=1, max_size=5))) + LAST
    cuts = sorted(data.draw(st.sets(st.integers(1, len(stream) - 1), max_size=5)))
    packets = [stream[start:end] for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True)]

    async def exchange():
        async with served(partial(HttpProtocol, heads=Heads())) as ours, served(HttpToolsProtocol) as uvicorns:
            return [await each.answers(*packets) for each in (ours, ours, ours, uvicorns)]

    first, again, known, uvicorns = asyncio.run(exchange())

    assert first == again == known == uvicorns


def test_connections_know_the_heads_of_plain_requests_that_came_as_a_whole_and_forward_nothing():
    heads = Heads()

    async def exchange():
        async with served(partial(HttpProtocol, heads=heads)) as server:
            for _ in range(2):
                await server.answers(request(), request(b"/v1", b"GET", b"", b"X-Forwarded-Proto: https"), LAST)
                await server.answers(request(body=b"b=2"), request(b"/", b"GET", b"", b"X: " + b"x" * 3000), LAST)

    asyncio.run(exchange())

    assert list(heads.known) == [request()[: -len(b"a=1")], LAST]


def test_a_head_that_came_once_is_not_kept():
    heads = Heads()

    async def exchange():
        async with served(partial(HttpProtocol, heads=heads)) as server:
            await server.answers(request(b"/1"), request(b"/2"), request(b"/1"), LAST)

    asyncio.run(exchange())

    assert list(heads.known) == [request(b"/1")[: -len(b"a=1")]]


def test_there_is_a_limit_to_the_heads_that_are_known():
    heads = Heads()

    async def exchange():
        async with served(partial(HttpProtocol, heads=heads)) as server:
            await server.answers(*(request(b"/%d" % number) for number in range(600) for _ in range(2)), LAST)

    asyncio.run(exchange())

    assert 0 < len(heads.known) <= 512


@pytest.mark.parametrize("sent", PLAIN)
def test_plain_requests_are_not_left_to_uvicorn_also_when_the_body_comes_after_the_head(sent, handed_over, monkeypatch):
    monkeypatch.setattr(protocol, "PATIENCE_S", 60)
    head, _, body = sent.partition(b"\r\n\r\n")

    async def exchange():
        async with served() as server:
            await server.answers(sent, LAST)
            await server.answers(head + b"\r\n\r\n", body, LAST)

    asyncio.run(exchange())

    assert handed_over.count == 0


@pytest.mark.parametrize("sent", [*(each + LAST for each in OTHER), *LAST_OF_OTHERS, PLAIN[0] + LAST])
def test_all_others_are(sent, handed_over):
    async def exchange():
        async with served() as server:
            await server.answers(sent)

    asyncio.run(exchange())

    assert handed_over.count == 1


def test_a_request_that_does_not_go_on_is_left_to_uvicorn_before_long(handed_over, monkeypatch):
    monkeypatch.setattr(protocol, "PATIENCE_S", 0.001)

    async def exchange():
        async with served() as server, server.connection() as (reader, writer):
            writer.write(LAST[:20])
            await handed_over.first.wait()
            writer.write(LAST[20:])
            return await reader.read()

    assert asyncio.run(exchange()).startswith(b"HTTP/1.1 201")


def test_the_application_has_the_body_of_a_plain_request_without_asking():
    found = []

    async def look(scope, receive, send):
        found.append(scope[BODY])
        await echo(scope, receive, send)

    async def exchange():
        async with served(app=look) as server:
            await server.answers(request(), LAST)

    asyncio.run(exchange())

    assert found == [b"a=1", b""]


def test_an_application_learns_that_its_client_has_gone():
    found = []

    async def wait(_scope, receive, send):
        await whole(receive)
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"first", "more_body": True})
        found.append(await receive())
        await send({"type": "http.response.body", "body": b"nobody is there"})
        found.append(await receive())

    async def exchange():
        async with served(app=wait) as server:
            async with server.connection() as (reader, writer):
                writer.write(request())
                await reader.readuntil(b"first\r\n")
            await asyncio.gather(*server.state.tasks)

    asyncio.run(exchange())

    assert found == [{"type": "http.disconnect"}] * 2


def test_a_second_request_waits_for_the_answer_to_the_first():
    asked, go_on, paths = asyncio.Event(), asyncio.Event(), []

    async def slow(scope, receive, send):
        paths.append(scope["path"])
        asked.set()
        await go_on.wait()
        await echo(scope, receive, send)

    async def exchange():
        async with served(app=slow) as server, server.connection() as (reader, writer):
            writer.write(request(b"/first"))
            await asked.wait()
            writer.write(request(b"/second"))
            for _ in range(20):
                await asyncio.sleep(0)
            before = list(paths)
            writer.write(LAST)
            go_on.set()
            return before, await reader.read()

    before, answered = asyncio.run(exchange())

    assert before == ["/first"]
    assert paths == ["/first", "/second", "/end"]
    assert answered.count(b"HTTP/1.1 201") == 3


def test_the_head_of_an_answer_of_unknown_length_is_sent_before_its_body():
    go_on = asyncio.Event()

    async def slow(_scope, _receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": [(b"x-first", b"1")]})
        await go_on.wait()
        await send({"type": "http.response.body", "body": b"late"})

    async def exchange():
        async with served(app=slow) as server, server.connection() as (reader, writer):
            writer.write(LAST)
            head = await reader.readuntil(b"\r\n\r\n")
            go_on.set()
            return head, await reader.read()

    head, rest = asyncio.run(exchange())

    assert b"x-first: 1\r\n" in head
    assert rest == b"4\r\nlate\r\n0\r\n\r\n"


def test_a_client_that_does_not_read_is_not_sent_everything():
    sent = []

    async def much(_scope, _receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": []})
        for number in range(400):
            await send({"type": "http.response.body", "body": bytes(65536), "more_body": True})
            sent.append(number)
        await send({"type": "http.response.body"})

    async def exchange():
        async with served(app=much) as server, server.connection() as (reader, writer):
            writer.write(LAST)
            await reader.readuntil(b"\r\n\r\n")
            before = -1  # the reader stops when it holds 128 KB
            while before < len(sent):
                before = len(sent)
                for _ in range(50):
                    await asyncio.sleep(0)
            await reader.read()
            return before

    assert asyncio.run(exchange()) < 400 == len(sent)


@contextlib.asynccontextmanager
async def piped(app):
    """The two ends of a connection to the application, in time that is made up: no packet is ever late."""
    config = uvicorn.Config(app, http=HttpProtocol, lifespan="off", log_config=None, timeout_keep_alive=75)
    config.load()
    here, there = socket.socketpair()
    loop = asyncio.get_running_loop()
    await loop.create_connection(lambda: HttpProtocol(config, ServerState(), {}, loop), sock=here)
    reader, writer = await asyncio.open_connection(sock=there)
    try:
        yield reader, writer
    finally:
        writer.close()
        await writer.wait_closed()


def test_a_connection_is_closed_75_seconds_after_the_last_answer():
    async def exchange():
        loop = asyncio.get_running_loop()
        async with piped(echo) as (reader, writer):
            for _ in range(4):
                await asyncio.sleep(50)
                writer.write(request(b"/nothing"))
                await reader.readuntil(b"\r\n\r\n")
            answered = loop.time()
            assert await reader.read() == b""
            return loop.time() - answered

    assert run(exchange()) == pytest.approx(75, abs=0.1)


def test_a_request_that_takes_longer_than_a_connection_may_idle_is_answered():
    async def slow(scope, receive, send):
        await asyncio.sleep(200)
        await echo(scope, receive, send)

    async def exchange():
        async with piped(slow) as (reader, writer):
            for _ in range(2):
                writer.write(request(b"/nothing"))
                await reader.readuntil(b'204 No Content\r\netag: "1"\r\n\r\n')

    run(exchange())


def test_a_server_that_stops_closes_idle_connections_and_ends_the_others_after_their_answer():
    asked, go_on = asyncio.Event(), asyncio.Event()

    async def slow(scope, receive, send):
        asked.set()
        await go_on.wait()
        await echo(scope, receive, send)

    async def exchange():
        async with (
            served(app=slow) as server,
            server.connection() as (idle, _),
            server.connection() as (busy, writer),
        ):
            writer.write(request())
            await asked.wait()
            for connection in list(server.state.connections):
                connection.shutdown()
            closed = await idle.read()
            go_on.set()
            return closed, await busy.read()

    closed, answered = asyncio.run(exchange())

    assert closed == b""
    assert b"connection: close\r\n" in answered


def test_a_failure_is_logged_and_what_the_application_cut_off_is_not(caplog):
    async def cut(scope, receive, send):
        if scope["path"] == "/cut":
            send.__self__.transport.close()
        else:
            await echo(scope, receive, send)

    async def exchange():
        async with served(app=cut) as server:
            paths = (b"/cut", b"/fails", b"/silent", b"/short", b"/long", b"/two%20lines")
            return [await server.answers(request(path)) for path in paths]

    with caplog.at_level(logging.ERROR, "uvicorn.error"):
        cut_off, *failed = asyncio.run(exchange())

    assert cut_off == b""
    assert all(each.startswith(b"HTTP/1.1 500") for each in failed)
    assert [record.exc_info and record.exc_info[0] for record in caplog.records] == [
        ValueError,
        None,
        *[RuntimeError] * 3,
    ]


def test_a_message_that_is_not_next_is_a_mistake_of_the_application(caplog):
    async def confused(_scope, _receive, send):
        await send({"type": "http.response.body", "body": b"first the head"})

    async def exchange():
        async with served(app=confused) as server:
            return await server.answers(request())

    assert asyncio.run(exchange()).startswith(b"HTTP/1.1 500")
    assert "http.response.body is not what comes next" in caplog.text
