"""Calling an application: the request, the answer, and answers that do not count."""

import asyncio
import ssl
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs

import pytest

from tr_apply.errors import NetworkError
from tr_apply.transport.callback import BODY_LIMIT, Caller


class Handler(BaseHTTPRequestHandler):
    """Answers by path."""

    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self.server.received.append((self.path, dict(self.headers), parse_qs(body, keep_blank_values=True)))
        match self.path:
            case "/silent":
                self.server.released.wait(20)
            case "/held":
                self.server.held.wait(20)
                self.answer(200, b"{}")
            case "/redirect":
                self.answer(302, b"", Location="/")
            case "/large":
                self.answer(200, b"x" * (BODY_LIMIT + 1))
            case _:
                self.answer(200, b"{}", **{"Content-Type": "application/json", "Set-Cookie": "a=b"})

    def answer(self, status, body, **headers):
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        """Say nothing."""


@pytest.fixture(scope="module")
def application():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.received, server.released, server.held = [], threading.Event(), threading.Event()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    server.url = f"http://127.0.0.1:{server.server_address[1]}"
    yield server
    server.released.set()
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def call(monkeypatch):
    """Calls several URLs, with proxies in the environment that nobody answers for."""
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")

    def run(*urls, form=None, headers=None, timeout_s=20):
        async def calls():
            caller = Caller()
            try:
                return [await caller(url, form or {}, headers or {}, timeout_s=timeout_s) for url in urls]
            finally:
                await caller.close()

        return asyncio.run(calls())

    return run


def test_a_form_is_sent_and_the_answer_comes_back(call, application):
    form = {"TaskAttributes": '{"a": "é&=+ %"}', "Empty": ""}

    [reply] = call(f"{application.url}/x?y=1", form=form, headers={"X-Twilio-Signature": "s="})

    assert reply == (200, "application/json", b"{}")
    path, headers, received = application.received[-1]
    assert (path, headers["X-Twilio-Signature"]) == ("/x?y=1", "s=")
    assert headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert received == {name: [value] for name, value in form.items()}


def test_cookies_are_not_kept(call, application):
    call(f"{application.url}/x", f"{application.url}/x")

    assert "Cookie" not in application.received[-1][1]


def test_redirects_are_not_followed(call, application):
    assert call(f"{application.url}/redirect")[0].status == 302
    assert application.received[-1][0] == "/redirect"


def test_an_application_that_says_nothing_in_time_has_not_answered(call, application):
    with pytest.raises(NetworkError, match=r"no answer within 0\.01 s"):
        call(f"{application.url}/silent", timeout_s=0.01)


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/", "ftp://127.0.0.1/", "http://[", "http://a\nb/", "x", ""])
def test_nobody_there_is_no_answer(call, url):
    with pytest.raises(NetworkError, match="no answer"):
        call(url)


def test_an_answer_without_end_counts_as_no_answer(call, application):
    with pytest.raises(NetworkError, match="larger than"):
        call(f"{application.url}/large")


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("SSL_CERT_FILE", "nowhere.pem", "FileNotFoundError"),
        ("HTTPS_PROXY", "gopher://user:word@proxy", "ValueError"),
        ("HTTPS_PROXY", "http://proxy:port", "InvalidURL"),
    ],
)
def test_an_environment_that_cannot_be_used_leaves_a_call_without_an_answer(
    call, application, monkeypatch, name, value, said
):
    monkeypatch.setenv(name, value)

    with pytest.raises(NetworkError, match=said) as raised:
        call(f"{application.url}/voice")

    assert "that the environment names cannot be used" in str(raised.value)
    assert "word" not in str(raised.value)


def test_waiting_for_a_connection_takes_nothing_from_the_time_for_an_answer(application, monkeypatch):
    begun, begin = [], asyncio.timeout
    monkeypatch.setattr(asyncio, "timeout", lambda seconds: begun.append(seconds) or begin(seconds))

    async def calls():
        caller = Caller(connections=1)
        urls = [f"{application.url}/{path}" for path in ("held", "other")]
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(caller(url, {}, {}, timeout_s=20)) for url in urls]
            await asyncio.to_thread(wait_for_call, "/held")
            begun_meanwhile = len(begun)
            application.held.set()
        await caller.close()
        return begun_meanwhile, [task.result().status for task in tasks]

    def wait_for_call(path):
        while path not in [each[0] for each in application.received]:
            threading.Event().wait(0.01)

    assert asyncio.run(calls()) == (1, [200, 200])
    assert begun == [20, 20]


def test_the_authorities_that_are_trusted_are_read_once_when_the_first_application_is_called(
    call, application, monkeypatch, runner
):
    contexts = []
    monkeypatch.setattr(
        ssl, "create_default_context", lambda **_: contexts.append(1) or ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    )

    runner.run(Caller().close())
    assert contexts == []

    call(*2 * [f"{application.url}/voice"])

    assert len(contexts) == 1
