"""Transport: one attempt over a real socket, however the other side behaves."""

import asyncio
import logging
import re
import ssl
from contextlib import asynccontextmanager
from dataclasses import replace

import httpx
import pytest

from tests.transport.clock import run
from tests.transport.scripted import CONNECTION, SECRET, Script, answer
from tr_apply.errors import TargetError
from tr_apply.transport import Call, Connection, LostError, Patience, Transport, Verdict
from tr_apply.transport.endpoint import proxy_for, tls_context

CALL = Call("POST", "/v1/Workspaces/WS1/Workers", ("FriendlyName",))
GET = Call("GET", "/v1/Workspaces?PageSize=1000")
IMPATIENT = Patience(attempt_s=0.3, connect_s=0.3)
HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n"
FINE = HEAD + b"content-length: 13\r\n\r\n" + b'{"sid":"WK1"}'


@asynccontextmanager
async def server(*behaviours):
    """A server whose connections behave like the next of *behaviours*, the last for ever; yields what it received."""
    received = []
    left = list(behaviours)

    async def connected(reader, writer):
        try:
            await (left.pop(0) if len(left) > 1 else left[0])(reader, writer, received)
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    listener = await asyncio.start_server(connected, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}", received
    finally:
        listener.close()


async def request(reader):
    head = await reader.readuntil(b"\r\n\r\n")
    length = next(
        (int(line[15:]) for line in head.decode().lower().split("\r\n") if line.startswith("content-length:")), 0
    )
    return head + await reader.readexactly(length)


def saying(*parts, pause=0.0):
    """Answers every request of a connection with those bytes."""

    async def behave(reader, writer, received):
        while True:
            received.append(await request(reader))
            for part in parts:
                writer.write(part)
                await writer.drain()
                await asyncio.sleep(pause)

    return behave


async def closing(reader, _writer, received):
    received.append(await request(reader))


def attempted(*behaviours, call=CALL, form=None, patience=IMPATIENT, observer=None, times=1, **more):
    """The results of *times* attempts one after the other, and the requests that the server received."""

    async def attempt():
        async with server(*behaviours) as (url, received):
            connection = Connection(url, "AC0", SECRET)
            transport = Transport(connection, concurrency=2, through=None, patience=patience, observer=observer)
            try:
                for _ in range(times):
                    response = await transport.attempt(call, form, **more)
            except LostError as error:
                return error, received
            finally:
                await transport.close()
            return response, received

    return asyncio.run(attempt())


def test_a_request_through_a_transport_of_httpx_is_the_one_over_the_network():
    script = Script(answer(200, {}))

    async def sent_both_ways():
        async with server(saying(FINE)) as (url, received):
            for through in (None, script):
                connection = replace(CONNECTION, base_url=url)
                transport = Transport(connection, concurrency=1, through=through, patience=IMPATIENT, observer=None)
                await transport.attempt(CALL, {"FriendlyName": "x y"})
                await transport.close()
            return received[0]

    head, _, content = asyncio.run(sent_both_ways()).partition(b"\r\n\r\n")

    [request] = script.requests
    assert sorted(head.split(b"\r\n")[1:]) == sorted(b"%b: %b" % header for header in request.headers.raw)
    assert content == request.content


def test_a_request_carries_its_form_and_credentials_and_nothing_strange():
    response, [received] = attempted(saying(FINE), form={"FriendlyName": "Zoë & co", "Attributes": "{}"})

    head, body = received.split(b"\r\n\r\n")
    assert response.body == {"sid": "WK1"}
    assert body == b"FriendlyName=Zo%C3%AB+%26+co&Attributes=%7B%7D"
    assert head.startswith(b"POST /v1/Workspaces/WS1/Workers HTTP/1.1\r\n")
    names = sorted(line.split(b":")[0].lower() for line in head.split(b"\r\n")[1:])
    assert names == sorted(
        [b"host", b"accept", b"accept-encoding", b"authorization", b"user-agent", b"content-type", b"content-length"]
    )


def test_a_revision_is_sent_as_it_was_received():
    _, [received] = attempted(saying(FINE), form={}, revision='"7"')

    assert b'if-match: "7"\r\n' in received.lower()
    assert b"content-length: 0\r\n" in received.lower()


def test_a_connection_is_used_again():
    async def only_one(_reader, _writer, _received):
        raise AssertionError

    response, received = attempted(saying(FINE), only_one, times=5)

    assert response.status == 200
    assert len(received) == 5


def test_a_connection_that_was_closed_in_between_is_opened_again():
    closed = asyncio.Event()

    async def one(reader, writer, received):
        received.append(await request(reader))
        writer.write(FINE)
        await writer.drain()
        writer.close()
        await writer.wait_closed()
        closed.set()

    async def attempt():
        async with server(one) as (url, received):
            connection = Connection(url, "AC0", SECRET)
            transport = Transport(connection, concurrency=1, through=None, patience=IMPATIENT, observer=None)
            for _ in range(3):
                await transport.attempt(GET)
                await closed.wait()
                closed.clear()
            await transport.close()
            return received

    assert len(asyncio.run(attempt())) == 3


LOST = {
    "nothing": closing,
    "half a head": saying(HEAD),
    "half a body": saying(HEAD + b"content-length: 100\r\n\r\n{"),
    "no HTTP": saying(b"SSH-2.0-OpenSSH_9.6\r\n"),
    "a status that is none": saying(b"HTTP/1.1 abc OK\r\n\r\n"),
    "an endless head": saying(HEAD + b"x: " + b"y" * 200_000),
    "a body that is no JSON": saying(HEAD + b"content-length: 2\r\n\r\n{]"),
}


@pytest.mark.parametrize("behaviour", LOST.values(), ids=LOST)
def test_an_invalid_answer_is_lost(behaviour):
    error, received = attempted(behaviour)

    assert isinstance(error, LostError)
    assert error.sent
    assert len(received) == 1


def test_a_server_that_says_nothing_is_not_waited_for():
    error, _ = attempted(saying(pause=3600))

    assert error.sent
    assert error.reason == "no answer within 0.3 s"


LONG = HEAD + b"content-length: 10013\r\n\r\n" + b" " * 10_000 + b'{"sid":"WK1"}'


@pytest.mark.parametrize("part", [b"H", b"HTTP/1.1 200 OK\r\n", LONG[:80]])
def test_a_server_that_drips_is_not_waited_for(part):
    rest = [bytes([byte]) for byte in LONG[len(part) :]]

    error, _ = attempted(saying(part, *rest, pause=0.01))

    assert error.reason == "no answer within 0.3 s"


def test_a_connection_is_usable_again_after_a_time_out():
    response, received = attempted(saying(pause=3600), saying(FINE), times=1)
    assert isinstance(response, LostError)

    async def attempt():
        async with server(saying(pause=3600), saying(FINE)) as (url, _):
            connection = Connection(url, "AC0", SECRET)
            transport = Transport(connection, concurrency=1, through=None, patience=IMPATIENT, observer=None)
            with pytest.raises(LostError):
                await transport.attempt(GET)
            response = await transport.attempt(GET)
            await transport.close()
            return response.status

    assert asyncio.run(attempt()) == 200
    assert len(received) == 1


def test_nobody_at_home_is_known_not_to_have_received_anything():
    async def attempt():
        listener = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
        port = listener.sockets[0].getsockname()[1]
        listener.close()
        await listener.wait_closed()
        connection = Connection(f"http://127.0.0.1:{port}", "AC0", SECRET)
        transport = Transport(connection, concurrency=1, through=None, patience=IMPATIENT, observer=None)
        try:
            await transport.attempt(CALL, {})
        except LostError as error:
            return error
        finally:
            await transport.close()

    error = asyncio.run(attempt())

    assert not error.sent
    assert re.match(r"no connection to 127\.0\.0\.1:\d+ \(", error.reason)


def test_an_invalid_address_is_an_error_of_the_target():
    connection = Connection("http://127.0.0.1:port", "AC0", SECRET)

    with pytest.raises(TargetError, match="expected the address of a server"):
        Transport(connection, concurrency=1, through=None, patience=IMPATIENT, observer=None)


# Observers


def test_every_attempt_is_reported_before_and_after():
    told = []

    attempted(
        saying(FINE.replace(b"\r\n\r\n", b"\r\ntwilio-request-id: RQ1\r\n\r\n")),
        observer=lambda *each: told.append(each),
    )

    [(call, before), (_, after)] = told
    assert call is CALL
    assert before is None
    assert (after.status, after.verdict, after.request_id, after.sid) == (200, Verdict.DONE, "RQ1", "WK1")


@pytest.mark.parametrize(
    ("step", "verdict"),
    [
        (httpx.ReadError("lost"), Verdict.UNKNOWN),
        (httpx.ConnectError("refused"), Verdict.UNSENT),
        (httpx.UnsupportedProtocol("ftp"), Verdict.UNSENT),
        (answer(400), Verdict.REFUSED),
        (answer(429), Verdict.REFUSED),
        (answer(302), Verdict.REFUSED),
        (answer(500), Verdict.UNKNOWN),
        (answer(201, {}), Verdict.DONE),
    ],
    ids=repr,
)
def test_an_observer_learns_the_known_facts_about_the_request(step, verdict):
    told = []
    transport = Transport(
        CONNECTION, concurrency=1, through=Script(step), patience=IMPATIENT, observer=lambda *each: told.append(each)
    )

    async def attempt():
        await asyncio.gather(transport.attempt(CALL, {}), return_exceptions=True)

    run(attempt())

    assert [outcome.verdict for _, outcome in told[1:]] == [verdict]


def test_an_interrupted_attempt_is_reported_as_unknown_and_frees_its_place():
    told = []
    script = Script(100, answer(200, {}))
    transport = Transport(
        CONNECTION, concurrency=1, through=script, patience=Patience(), observer=lambda *each: told.append(each)
    )

    async def attempt():
        first = asyncio.create_task(transport.attempt(CALL, {}))
        waiting = asyncio.create_task(transport.attempt(CALL, {}))
        await asyncio.sleep(1)
        for each in (waiting, first):
            each.cancel()
        await asyncio.gather(first, waiting, return_exceptions=True)
        return await transport.attempt(GET)

    assert run(attempt()).status == 200
    assert [None if outcome is None else outcome.verdict for _, outcome in told] == [
        None,
        Verdict.UNKNOWN,
        None,
        Verdict.DONE,
    ]


def test_requests_begin_in_the_order_in_which_they_came():
    order = []

    def step(request):
        order.append(request.url.path)
        return answer(200, {})

    script = Script(*[part for _ in range(6) for part in (1, step)], step)
    transport = Transport(CONNECTION, concurrency=2, through=script, patience=Patience(), observer=None)

    async def attempt():
        await asyncio.gather(*(transport.attempt(Call("GET", f"/v1/{number}")) for number in range(6)))

    run(attempt())

    assert order == [f"/v1/{number}" for number in range(6)]
    assert script.most_under_way == 2


# Who sees the credentials


def test_the_log_of_the_libraries_never_has_the_secret(caplog):
    caplog.set_level(logging.DEBUG)

    attempted(saying(FINE), form={"FriendlyName": "x"})

    assert "canary" not in caplog.text
    assert "Authorization" not in caplog.text


def test_no_repr_has_the_secret():
    transport = Transport(CONNECTION, concurrency=1, through=None, patience=IMPATIENT, observer=None)

    assert SECRET not in repr(transport) + repr(CONNECTION) + repr(CALL)
    assert SECRET not in repr(transport._request(CALL, {"AuthToken": SECRET}, None))


@pytest.mark.parametrize("password", [SECRET, ""])
def test_messages_of_a_server_are_shown_without_the_secret(password):
    connection = replace(CONNECTION, password=password)
    transport = Transport(connection, concurrency=1, through=None, patience=IMPATIENT, observer=None)

    assert transport.redacted(f"no such token {password}!") == f"no such token {'***' if password else ''}!"


HTTPS = "https://taskrouter.twilio.com"


@pytest.mark.parametrize(
    ("base_url", "environment", "proxy"),
    [
        (HTTPS, {}, None),
        (HTTPS, {"HTTPS_PROXY": "http://proxy:3128"}, "http://proxy:3128"),
        (HTTPS, {"https_proxy": "proxy:3128"}, "http://proxy:3128"),
        (HTTPS, {"ALL_PROXY": "http://proxy:3128"}, "http://proxy:3128"),
        (HTTPS, {"HTTP_PROXY": "http://proxy:3128"}, None),
        (HTTPS, {"HTTPS_PROXY": "http://proxy:3128", "NO_PROXY": "twilio.com"}, None),
        (HTTPS, {"HTTPS_PROXY": "http://proxy:3128", "NO_PROXY": "*"}, None),
        (HTTPS, {"HTTPS_PROXY": "http://proxy:3128", "NO_PROXY": "example.com"}, "http://proxy:3128"),
        ("http://127.0.0.1:8080", {"HTTP_PROXY": "http://proxy:3128", "HTTPS_PROXY": "http://proxy:3128"}, None),
    ],
)
def test_the_proxy_of_the_environment_is_used_but_never_for_plain_http(monkeypatch, base_url, environment, proxy):
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)

    found = proxy_for(base_url)

    assert (None if found is None else f"{found.scheme}://{found.authority}") == proxy


@pytest.mark.parametrize("address", ["ftp://proxy", "http://proxy:port"])
def test_a_proxy_that_cannot_be_used_is_an_error_that_does_not_repeat_it(monkeypatch, address):
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.setenv("HTTPS_PROXY", address.replace("proxy", "user:canary@proxy"))

    with pytest.raises(TargetError) as caught:
        proxy_for(HTTPS)

    assert "canary" not in str(caught.value)


def test_a_request_that_has_no_way_out_leaves_its_place_to_the_next(monkeypatch):
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.setenv("HTTPS_PROXY", "ftp://proxy")
    connection = Connection(HTTPS, CONNECTION.username, SECRET)
    transport = Transport(connection, concurrency=1, through=None, patience=IMPATIENT, observer=None)

    async def attempt():
        return await asyncio.gather(transport.attempt(GET), transport.attempt(GET), return_exceptions=True)

    assert [type(each) for each in run(attempt())] == [TargetError, TargetError]


def test_the_usual_authorities_are_trusted_and_no_others():
    context = tls_context()

    assert context.get_ca_certs() != []
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname


def test_a_transport_that_is_given_is_not_ours_to_close():
    transport = Transport(CONNECTION, concurrency=1, through=Script(answer(200, {})), patience=IMPATIENT, observer=None)

    async def attempt():
        await transport.attempt(GET)
        await transport.close()

    run(attempt())
