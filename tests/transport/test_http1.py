"""Http1: what goes over a connection, in the clear and encrypted, directly and through a proxy."""

import asyncio
import gc
import json
import ssl
import subprocess
import warnings
from base64 import b64encode
from contextlib import asynccontextmanager
from shutil import which

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.transport.clock import run
from tests.transport.scripted import SECRET
from tr_apply.errors import NetworkError, TargetError
from tr_apply.transport import Call, Connection, LostError, Patience, Sender, Transport
from tr_apply.transport.endpoint import Endpoint, endpoint_of, tls_context
from tr_apply.transport.exchange import Answer
from tr_apply.transport.http1 import _Reading

GET = Call("GET", "/v1/Workspaces?PageSize=1000")
POST = Call("POST", "/v1/Workspaces", ("FriendlyName",))
BODY = b'{"sid": "WS1"}'
FINE = b"HTTP/1.1 200 OK\r\nContent-Length: 14\r\n\r\n" + BODY
PATIENCE = Patience(attempt_s=20, connect_s=20, total_s=20)


@asynccontextmanager
async def listening(behave, tls=None):
    """The port of a server; *behave* has every connection."""

    async def connected(reader, writer):
        try:
            await behave(reader, writer)
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    listener = await asyncio.start_server(connected, "127.0.0.1", 0, ssl=tls)
    try:
        yield listener.sockets[0].getsockname()[1]
    finally:
        listener.close()


def answering(*answers):
    """Answers the requests of a connection in turn, the last for ever; and what it received."""
    received = []

    async def behave(reader, writer):
        left = list(answers)
        while True:
            received.append(await reader.readuntil(b"\r\n\r\n"))
            writer.write(left.pop(0) if len(left) > 1 else left[0])
            await writer.drain()

    return behave, received


@asynccontextmanager
async def connected(url, *, concurrency=1):
    """A transport to *url*."""
    connection = Connection(url, "AC0", SECRET)
    transport = Transport(connection, concurrency=concurrency, through=None, patience=PATIENCE, observer=None)
    try:
        yield transport
    finally:
        await transport.close()


def asked(*answers, times=1):
    """The last of *times* answers, and how many connections there were."""
    connections = []

    async def attempt():
        behave, _ = answering(*answers)

        async def counted(reader, writer):
            connections.append(writer)
            await behave(reader, writer)

        async with listening(counted) as port, connected(f"http://127.0.0.1:{port}") as transport:
            for _ in range(times):
                response = await transport.attempt(GET)
            return response

    return asyncio.run(attempt()), len(connections)


# How an answer is read

HEADS = {
    "with a length": (b"HTTP/1.1 201 Created\r\nContent-Length: 14\r\nX-A: 1\r\nX-A: 2\r\n\r\n", BODY),
    "in chunks": (
        b"HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\nX-A: 1\r\nX-A: 2\r\n\r\n",
        b"4\r\n" + BODY[:4] + b"\r\na;extension=1\r\n" + BODY[4:] + b"\r\n0\r\nTrailer: x\r\n\r\n",
    ),
    "after an announcement": (
        b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 201 Created\r\nContent-Length: 14\r\nX-A: 1\r\nx-a: 2\r\n\r\n",
        BODY,
    ),
}


@pytest.mark.parametrize("head", HEADS)
@given(cuts=st.sets(st.integers(min_value=1, max_value=140)))
def test_an_answer_is_the_same_wherever_it_is_cut(head, cuts):
    content = b"".join(HEADS[head])
    ends = sorted({min(cut, len(content)) for cut in cuts} | {len(content)})

    async def read():
        reading = _Reading(head_only=False)
        for begin, end in zip([0, *ends], ends, strict=False):
            reading.feed(content[begin:end])
        return await reading.answer, reading.goes_on

    answer, goes_on = asyncio.run(read())

    assert (answer.status, answer.content, answer.headers["x-a"]) == (201, BODY, "1, 2")
    assert "link" not in answer.headers
    assert goes_on


@given(st.binary(max_size=300))
def test_any_bytes_are_an_answer_or_lost(content):
    async def read():
        reading = _Reading(head_only=False)
        reading.feed(content)
        reading.end(None)
        return (await asyncio.gather(reading.answer, return_exceptions=True))[0]

    assert isinstance(asyncio.run(read()), Answer | LostError)


def test_a_body_of_unknown_length_ends_with_its_connection():
    async def behave(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.0 200 OK\r\n\r\n" + BODY)

    async def attempt():
        async with listening(behave) as port, connected(f"http://127.0.0.1:{port}") as transport:
            return [(await transport.attempt(GET)).body for _ in range(2)]

    assert asyncio.run(attempt()) == [json.loads(BODY)] * 2


@pytest.mark.parametrize(
    ("answer", "connections"),
    [
        (FINE, 1),
        (FINE.replace(b"OK\r\n", b"OK\r\nConnection: close\r\n"), 3),
        (FINE + b"HTTP/1.1 500 Two answers at once\r\nContent-Length: 0\r\n\r\n", 3),
        (b"HTTP/1.0 200 OK\r\nContent-Length: 14\r\n\r\n" + BODY, 3),
    ],
    ids=["as usual", "closing", "one too many", "HTTP/1.0"],
)
def test_a_connection_is_used_again_only_where_the_next_answer_is_the_next(answer, connections):
    response, used = asked(answer, times=3)

    assert response.body == json.loads(BODY)
    assert used == connections


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 14\r\nTransfer-Encoding: chunked\r\n\r\n" + BODY,
        b"HTTP/1.1 200 OK\r\nContent-Length: 14\r\nContent-Length: 15\r\n\r\n" + BODY,
        b"HTTP/1.1 200 OK\r\nContent-Length: fourteen\r\n\r\n" + BODY,
        b"HTTP/1.7 200 OK\r\nContent-Length: 14\r\n\r\n" + BODY,
    ],
)
def test_an_answer_that_may_be_read_in_two_ways_is_lost(answer):
    with pytest.raises(LostError) as caught:
        asked(answer)

    assert caught.value.sent


# Where a request goes


@pytest.mark.parametrize(
    ("url", "address", "host", "tunnel"),
    [
        (
            "https://taskrouter.twilio.com",
            "taskrouter.twilio.com",
            "taskrouter.twilio.com",
            "taskrouter.twilio.com:443",
        ),
        ("http://127.0.0.1:8080", "127.0.0.1", "127.0.0.1:8080", "127.0.0.1:8080"),
        ("http://[::1]:8080", "::1", "[::1]:8080", "[::1]:8080"),
        ("https://Käse.example:443", "xn--kse-qla.example", "xn--kse-qla.example", "xn--kse-qla.example:443"),
    ],
)
def test_a_host_is_written_as_each_header_wants_it(url, address, host, tunnel):
    found = endpoint_of(url)

    assert (found.host, found.authority, found.tunnel) == (address, host, tunnel)


@pytest.mark.parametrize(
    "url", ["ftp://host", "http://", "http://host:port", "http://a..b", "http://host:99999", "host"]
)
def test_an_invalid_address_cannot_be_used(url):
    with pytest.raises(TargetError, match="this address cannot be used"):
        endpoint_of(url)


def test_everything_is_below_the_path_of_the_base_url():
    async def attempt():
        behave, received = answering(FINE)
        async with listening(behave) as port, connected(f"http://127.0.0.1:{port}/a%20b/é/") as transport:
            await transport.attempt(GET)
        return received[0].split(b"\r\n")[0]

    assert asyncio.run(attempt()) == b"GET /a%20b/%C3%A9/v1/Workspaces?PageSize=1000 HTTP/1.1"


def test_the_credentials_for_a_proxy_are_not_shown():
    assert SECRET not in repr(Endpoint("http", "proxy", 3128, authorization=SECRET.encode()))


# Encrypted, and through a proxy


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """A certificate for this machine, with its key, that nobody trusts."""
    if which("openssl") is None:
        pytest.skip("openssl makes the certificate")
    file = tmp_path_factory.mktemp("certificate") / "server.pem"
    subprocess.run(
        f"openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -keyout {file} -out {file}.crt"
        " -addext subjectAltName=DNS:localhost,IP:127.0.0.1",
        shell=True, check=True, capture_output=True,
    )  # fmt: skip
    file.write_text(file.read_text() + file.with_name("server.pem.crt").read_text())
    return file


@pytest.fixture
def tls(certificate):
    """The server's side of it."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


@pytest.fixture
def trusted(monkeypatch, certificate):
    """Our side trusts it, and no proxy is between."""
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    for name in ("HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    return monkeypatch


@pytest.mark.usefixtures("trusted")
@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_requests_are_encrypted_for_a_server_that_ssl_cert_file_trusts(tls, host):
    async def attempt():
        behave, received = answering(FINE)
        async with listening(behave, tls) as port, connected(f"https://{host}:{port}", concurrency=3) as transport:
            responses = await asyncio.gather(*(transport.attempt(POST, {"FriendlyName": "x"}) for _ in range(9)))
            return [response.status for response in responses], len(received)

    assert asyncio.run(attempt()) == ([200] * 9, 9)


def test_an_untrusted_certificate_is_not_asked_again(trusted, tls):
    trusted.delenv("SSL_CERT_FILE")
    connections = []

    async def attempt():
        async def behave(reader, _writer):
            connections.append(await reader.read())

        async with listening(behave, tls) as port, connected(f"https://localhost:{port}") as transport:
            await Sender(transport, PATIENCE).get(GET.path)

    with pytest.raises(NetworkError, match="the server's certificate is not trusted"):
        asyncio.run(attempt())

    assert not any(connections)


def test_certificates_that_cannot_be_read_are_an_error_of_the_target(trusted, tmp_path):
    trusted.setenv("SSL_CERT_FILE", str(tmp_path / "none.pem"))

    with pytest.raises(TargetError, match="SSL_CERT_FILE"):
        tls_context()


async def greeting(_reader, writer):
    writer.write(b"SSH-2.0-OpenSSH_9.6\r\n")
    await writer.drain()


async def refusing(reader, writer):
    await reader.read(1)
    writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
    await writer.drain()


async def leaving(_reader, _writer):
    pass


@pytest.mark.usefixtures("trusted")
@pytest.mark.parametrize("behave", [greeting, refusing, leaving])
def test_a_server_that_speaks_no_tls_is_known_not_to_have_received_anything(behave):
    async def attempt():

        async with listening(behave) as port, connected(f"https://127.0.0.1:{port}") as transport:
            await transport.attempt(POST, {"FriendlyName": SECRET})

    with pytest.raises(LostError) as caught:
        asyncio.run(attempt())

    assert not caught.value.sent


@asynccontextmanager
async def proxy(answer=b"HTTP/1.1 200 Connection established\r\n\r\n", tls=None):
    """The port of a proxy that connects as requested, if *answer* says so; and the requests that it got."""
    told = []

    async def copied(reader, writer):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
        writer.close()

    async def behave(reader, writer):
        told.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(answer)
        await writer.drain()
        if b" 200 " in answer[:20]:
            host, _, port = told[-1].split(b" ")[1].decode().rpartition(":")
            there = await asyncio.open_connection(host, int(port))
            await asyncio.gather(copied(reader, there[1]), copied(there[0], writer), return_exceptions=True)

    async with listening(behave, tls) as port:
        yield port, told


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_proxy_sees_where_a_request_goes_and_nothing_of_it(trusted, tls, scheme):
    async def attempt():
        behave, received = answering(FINE)
        async with (
            listening(behave, tls) as port,
            proxy(tls=tls if scheme == "https" else None) as (proxy_port, told),
        ):
            trusted.setenv("HTTPS_PROXY", f"{scheme}://user:p%40ss@127.0.0.1:{proxy_port}")
            async with connected(f"https://localhost:{port}") as transport:
                for _ in range(2):
                    response = await transport.attempt(GET)
                return port, response.status, told, len(received)

    port, status, told, received = asyncio.run(attempt())

    login = b64encode(b"user:p@ss").decode()
    assert (status, received) == (200, 2)
    assert [each.decode() for each in told] == [
        f"CONNECT localhost:{port} HTTP/1.1\r\nHost: localhost:{port}\r\nProxy-Authorization: Basic {login}\r\n\r\n"
    ]


@pytest.mark.parametrize("answer", [b"HTTP/1.1 407 Who are you\r\nContent-Length: 0\r\n\r\n", b"SSH-2.0\r\n\r\n", b""])
def test_a_proxy_that_does_not_connect_is_known_not_to_have_passed_anything_on(trusted, answer):
    async def attempt():
        async with proxy(answer) as (port, _):
            trusted.setenv("HTTPS_PROXY", f"127.0.0.1:{port}")
            async with connected("https://taskrouter.example") as transport:
                await transport.attempt(POST, {"FriendlyName": "x"})

    with pytest.raises(LostError, match=r"no connection to taskrouter\.example") as caught:
        asyncio.run(attempt())

    assert not caught.value.sent


def test_a_proxy_is_left_out_where_no_proxy_says_so(trusted, tls):
    async def attempt():
        behave, _ = answering(FINE)
        async with listening(behave, tls) as port, proxy() as (proxy_port, told):
            trusted.setenv("HTTPS_PROXY", f"127.0.0.1:{proxy_port}")
            trusted.setenv("NO_PROXY", "localhost")
            async with connected(f"https://localhost:{port}") as transport:
                return (await transport.attempt(GET)).status, told

    assert asyncio.run(attempt()) == (200, [])


def test_a_host_that_does_not_answer_times_out():
    async def attempt():
        async with listening(lambda *_: asyncio.sleep(3600)) as port:
            connection = Connection(f"https://127.0.0.1:{port}", "AC0", SECRET)
            patience = Patience(attempt_s=20, connect_s=0.2)
            transport = Transport(connection, concurrency=1, through=None, patience=patience, observer=None)
            try:
                await transport.attempt(GET)
            finally:
                await transport.close()

    with pytest.raises(LostError, match=r"nothing within 0\.2 s") as caught:
        asyncio.run(attempt())

    assert not caught.value.sent


@pytest.fixture
def little_garbage():
    """Has `gc.collect` look at what this test makes alone, not at all that other tests have left, nor at the tests."""
    gc.freeze()


@pytest.mark.parametrize("turns", range(12))
@pytest.mark.usefixtures("little_garbage")
def test_a_connection_that_is_cancelled_while_it_is_made_is_closed(turns):
    async def cancelled():
        async with listening(answering(FINE)[0]) as port, connected(f"http://127.0.0.1:{port}") as transport:
            asking = asyncio.ensure_future(transport.attempt(GET))
            for _ in range(turns):
                await asyncio.sleep(0)
            asking.cancel()
            await asyncio.wait([asking])

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        asyncio.run(cancelled())
        gc.collect()

    assert [str(each.message) for each in caught] == []


def test_closing_an_unopened_connection_is_fine():
    async def attempt():
        async with connected("https://127.0.0.1:1"):
            pass

    run(attempt())
