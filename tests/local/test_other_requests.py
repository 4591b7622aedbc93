"""Requests on a socket that are not plain: bounds, versions and addresses, and answers that come before the whole body."""

import asyncio
import logging

import pytest

from tests.local.test_http_protocol import echo, request, served, whole
from tr_apply.local import open_app
from tr_apply.local.http import other_requests
from tr_apply.local.http.gate import Admission, Gate

CHUNKED = request(b"/", b"POST", b"", b"Transfer-Encoding: chunked")
ANY = b"Authorization: Basic eDp5"


@pytest.fixture(autouse=True)
def _quiet():
    """uvicorn warns of each request that it cannot read."""
    logging.getLogger("uvicorn.error").setLevel(logging.ERROR)
    yield
    logging.getLogger("uvicorn.error").setLevel(logging.NOTSET)


@pytest.fixture
def guarded():
    app = open_app(":memory:")
    yield Gate(app, Admission())
    app.close()


def answered(*packets, app=echo):
    async def exchange():
        async with served(app=app, interface="asgi3") as server:
            return await server.answers(*packets)

    return asyncio.run(exchange())


def status(answer):
    return answer.partition(b"\r\n")[0].removeprefix(b"HTTP/1.1 ")


@pytest.mark.parametrize("size", [1000, 70_000])
@pytest.mark.parametrize(
    "begun",
    [CHUNKED + b"0", CHUNKED + b"1;name=", CHUNKED + b"1\r\na\r\n0\r\nTrailer: ", b"GET / HTTP/1.1\r\nA: "],
    ids=["zeros", "extension", "trailer", "header"],
)
def test_a_line_without_end_is_answered_however_it_arrives(begun, size):
    packets = [b"0" * size] * (70_000 // size)

    answer = answered(begun, *packets)

    assert status(answer) == b"400 Bad Request"
    assert b"\r\nconnection: close\r\n" in answer
    assert answer.count(b"HTTP/1.1") == 1


def test_an_application_that_waits_for_the_rest_of_a_refused_body_learns_that_nothing_comes():
    found = []

    async def wait(_scope, receive, _send):
        found.append(await receive())

    answered(CHUNKED + b"0" * 70_000, app=wait)

    assert found == [{"type": "http.disconnect"}]


def test_nothing_is_sent_after_the_refusal_of_what_came_after_valid_requests(caplog):
    answer = answered(2 * request(b"/") + b"GET\r\n\r\n")

    assert status(answer) == b"400 Bad Request"
    assert answer.count(b"HTTP/1.1") == 1
    assert [each for each in caplog.records if each.levelno >= logging.ERROR] == []


@pytest.mark.parametrize("version", [b"2.0", b"0.9"])
def test_another_version_of_http_is_refused(version):
    answer = answered(b"GET /v1 HTTP/%b\r\nHost: localhost\r\n\r\n" % version)

    assert status(answer) == b"505 HTTP Version Not Supported"


@pytest.mark.parametrize(
    ("target", "host", "code"),
    [
        (b"http://localhost/v1/Workspaces", b"elsewhere.example", b"200"),
        (b"http://localhost:80/v1/Workspaces", b"localhost", b"200"),
        (b"http://[::1]:80/v1/Workspaces", b"localhost", b"200"),
        (b"http://elsewhere.example/v1/Workspaces", b"localhost", b"403"),
        (b"http://localhost@elsewhere.example/v1/Workspaces", b"localhost", b"403"),
        (b"http://localhost/v1/Workspaces", b"localhost\r\nHost: localhost", b"403"),
    ],
)
def test_the_server_of_an_absolute_address_must_be_an_allowed_one_whatever_host_says(guarded, target, host, code):
    sent = b"GET %b HTTP/1.1\r\nHost: %b\r\n%b\r\nConnection: close\r\n\r\n" % (target, host, ANY)

    answer = answered(sent, app=guarded)

    assert status(answer).startswith(code)


def test_links_name_the_server_of_the_absolute_address(guarded):
    sent = b"GET http://localhost:81/v1/Workspaces HTTP/1.1\r\nHost: x\r\n%b\r\nConnection: close\r\n\r\n" % ANY

    assert b'"http://localhost:81/v1/Workspaces?' in answered(sent, app=guarded)


# Bodies that arrive after their answer


async def sent_whole(server, packet, body):
    """The answer as a client has it that sends everything before it reads."""
    async with server.connection() as (reader, writer):
        writer.write(packet)
        for begin in range(0, len(body), 1_000_000):
            writer.write(body[begin : begin + 1_000_000])
            await writer.drain()
        return await reader.read()


@pytest.mark.parametrize("is_chunked", [False, True])
def test_a_client_that_sends_all_of_a_body_that_is_too_large_can_read_why_it_is_refused(guarded, is_chunked):
    body, size = b"x" * 30_000_000, b"Content-Length: 30000000"
    if is_chunked:
        body, size = b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body), b"Transfer-Encoding: chunked"

    async def exchange():
        async with served(app=guarded, interface="asgi3") as server:
            return await sent_whole(server, request(b"/v1/Workspaces", b"POST", b"", ANY, size), body)

    answer = asyncio.run(exchange())

    assert status(answer).startswith(b"413")
    assert b"\r\nconnection: close\r\n" in answer.lower()
    assert b"The body is larger than" in answer


async def refuse(_scope, _receive, send):
    headers = [(b"content-length", b"2"), (b"connection", b"close")]
    await send({"type": "http.response.start", "status": 413, "headers": headers})
    await send({"type": "http.response.body", "body": b"no"})


async def gone(is_so):
    while not is_so():  # noqa: ASYNC110  # nobody says so
        await asyncio.sleep(0)


LARGE = request(b"/", b"POST", b"", b"Content-Length: 1000000")


def test_the_rest_that_is_dropped_after_an_answer_is_bounded_in_size(monkeypatch):
    monkeypatch.setattr(other_requests, "MOST_DROPPED", 100_000)

    async def exchange():
        async with served(app=refuse) as server, server.connection() as (reader, writer):
            writer.write(LARGE)
            answer = await reader.read()
            [connection] = server.state.connections
            writer.write(b"x" * 500_000)
            await gone(connection.transport.is_closing)
            return answer

    assert status(asyncio.run(exchange())).startswith(b"413")


def test_the_rest_that_is_dropped_after_an_answer_is_bounded_in_time(monkeypatch):
    monkeypatch.setattr(other_requests, "DROPPING_S", 0.001)

    async def exchange():
        async with served(app=refuse) as server, server.connection() as (reader, writer):
            writer.write(LARGE)
            await reader.read()
            await gone(lambda: not server.state.connections)

    asyncio.run(exchange())


def test_a_server_that_stops_does_not_wait_for_what_is_dropped():
    async def exchange():
        async with served(app=refuse) as server, server.connection() as (reader, writer):
            writer.write(LARGE)
            await reader.read()
            [connection] = server.state.connections
            connection.shutdown()
            return connection.transport.is_closing()

    assert asyncio.run(exchange())


def test_a_connection_without_a_body_under_way_is_closed_immediately():
    async def close(scope, receive, send):
        await whole(receive)
        await refuse(scope, receive, send)

    async def exchange():
        async with served(app=close) as server, server.connection() as (reader, writer):
            writer.write(CHUNKED + b"1\r\na\r\n0\r\n\r\n")
            answer = await reader.read()
            return answer, len(server.state.connections)

    answer, left = asyncio.run(exchange())

    assert status(answer).startswith(b"413")
    assert left == 0
