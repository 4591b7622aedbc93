"""The limits of the content and the duration of requests on a socket."""

import asyncio

import pytest

from tr_apply.local import open_app
from tr_apply.local.http.gate import LARGE_BODIES, SMALL_BODY, Admission, Gate
from tr_apply.local.http.requests import BODY, BODY_LIMIT, HEAD, Head

HEADERS = [(b"host", b"localhost"), (b"authorization", b"Basic QUMxOng="), (b"content-length", b"14")]
FORM = {"type": "http.request", "body": b"FriendlyName=x", "more_body": False}


@pytest.fixture
def app():
    app = open_app(":memory:")
    yield app
    app.close()


async def posted(gate, receive):
    """The status and the headers of the answer to a request whose body *receive* gives."""
    sent = []

    async def send(message):
        sent.append(message)

    scope = {
        "type": "http",
        "method": "POST",
        "path": "/v1/Workspaces",
        "query_string": b"",
        "scheme": "http",
        "headers": HEADERS,
    }
    await gate(scope, receive, send)
    return sent[0]["status"], dict(sent[0]["headers"])


async def whole():
    return FORM


def test_a_body_that_stays_away_times_out_and_the_connection_is_closed(app):
    async def never():
        await asyncio.Event().wait()

    status, headers = asyncio.run(posted(Gate(app, Admission(), body_timeout_s=0.001), never))

    assert (status, headers[b"connection"]) == (408, b"close")


def test_large_bodies_share_a_bound_and_small_ones_are_taken_all_the_same(app):
    stalled = asyncio.Event()

    def large():
        parts = iter([b"x" * (BODY_LIMIT - 1)])

        async def receive():
            if (part := next(parts, None)) is not None:
                return {"type": "http.request", "body": part, "more_body": True}
            await stalled.wait()
            return {"type": "http.disconnect"}

        return receive

    async def run():
        gate = Gate(app, Admission())
        fit = LARGE_BODIES // (BODY_LIMIT - 1 - SMALL_BODY)
        first = [asyncio.create_task(posted(gate, large())) for _ in range(fit)]
        await asyncio.sleep(0)
        refused = await posted(gate, large())
        small = await posted(gate, whole)
        stalled.set()
        broken_off = await asyncio.gather(*first)
        after = await posted(gate, whole)
        return refused, small, broken_off, after, gate._held

    refused, small, broken_off, after, held = asyncio.run(run())

    assert (refused[0], refused[1][b"retry-after"]) == (503, b"1")
    assert (small[0], after[0], held) == (201, 201, 0)
    assert {status for status, _ in broken_off} == {400}


@pytest.mark.parametrize(
    ("more", "statuses"),
    [
        ({}, [200, 200]),
        ({b"host": b"elsewhere.example"}, [403, 403]),
        ({b"origin": b"https://elsewhere.example"}, [403, 403]),
        ({b"authorization": b"Basic eDo="}, [401, 401]),
    ],
)
def test_a_request_with_a_head_that_came_before_is_let_in_or_refused_like_the_first(app, more, statuses):
    scope = {"type": "http", "method": "GET", "path": "/v1/Workspaces", "query_string": b"", "scheme": "http"}
    scope["headers"] = [*({**dict(HEADERS[:2]), **more}).items()]
    head, gate = Head(scope, length=0, goes_on=True), Gate(app, Admission())

    async def status():
        sent = []

        async def send(message):
            sent.append(message)

        await gate({**scope, HEAD: head, BODY: b""}, None, send)
        return sent[0]["status"]

    async def both():
        return [await status(), await status()]

    assert asyncio.run(both()) == statuses
