"""The bridge of a serving process: who gets in, its output, and how it ends."""

import json
import signal
from contextlib import contextmanager

import httpx
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from tests.cli.conftest import Server
from tests.local.bridge.conftest import ACCOUNT, SECRET, token


@contextmanager
def serving(forking, *arguments):
    server = Server(forking, "--db", ":memory:", "--account-sid", ACCOUNT, "--auth-token", SECRET, *arguments)
    server.client.auth = (ACCOUNT, SECRET)
    _console, how_to_get_in, _ = (server.process.stderr.readline() for _ in range(3))  # all that it says unasked
    yield Center(server, how_to_get_in)
    server.client.close()
    if server.process.poll() is None:
        server.process.terminate()
        server.process.communicate(timeout=20)


@pytest.fixture(scope="module")
def center(forking):
    """One for the tests that do not end it."""
    with serving(forking, "--allow-origin", "http://localhost:3000") as center:
        yield center


class Center:
    """A workspace with a queue for everybody and a worker, on a server."""

    def __init__(self, server, how_to_get_in):
        self.server, self.how_to_get_in = server, how_to_get_in
        self.workspace = self.made("/Workspaces", FriendlyName="Center", MultiTaskEnabled="true", Template="FIFO")
        self.path = f"/Workspaces/{self.workspace}"
        activities = server.client.get(f"{self.path}/Activities").json()["activities"]
        available = next(each["sid"] for each in activities if each["available"])
        self.worker = self.made(f"{self.path}/Workers", FriendlyName="alice", ActivitySid=available)
        self.token = token(self.workspace, self.worker)
        self.url = f"{server.url}/v1/wschannels"

    def made(self, path, **form):
        answer = self.server.client.post(path, data=form)
        assert answer.status_code == 201, answer.text
        return answer.json()["sid"]

    def session(self, **more):
        return connect(f"{self.url.replace('http', 'ws', 1)}?token={self.token}", proxy=None, **more)

    def asked(self, **headers):
        body = {"url": f"Workspaces/{self.workspace}/Activities", "method": "GET", "token": self.token}
        return httpx.post(self.url, content=json.dumps(body), headers=headers, trust_env=False, verify=False)


def test_an_event_comes_before_the_answer_to_whatever_is_sent_after_its_request_was_answered(center):
    with center.session() as session:
        assert json.loads(session.recv(timeout=20))["event_type"] == "init"
        for _ in range(10):
            task = center.made(f"{center.path}/Tasks")
            session.ping().wait(20)
            assert json.loads(session.recv(timeout=0))["payload"]["task"]["sid"] == task
            center.server.client.delete(f"{center.path}/Tasks/{task}")
            session.ping().wait(20)
            assert json.loads(session.recv(timeout=0))["event_type"] == "reservation.canceled"


@pytest.mark.parametrize(
    ("headers", "option"),
    [({"Host": "evil.example"}, None), ({"Origin": "http://evil.example"}, "origin"), ({"Origin": "null"}, "origin")],
    ids=str,
)
def test_a_foreign_host_or_origin_gets_neither_a_session_nor_an_answer(center, headers, option):
    more = {"origin": headers["Origin"]} if option else {"additional_headers": headers}

    if option:
        with pytest.raises(InvalidStatus) as caught:
            center.session(**more)
        assert caught.value.response.status_code == 403
    refused = center.asked(**headers)
    assert refused.status_code == 403
    assert "access-control-allow-origin" not in refused.headers


def test_an_origin_that_is_let_in_gets_both(center):
    with center.session(origin="http://localhost:3000") as session:
        assert "init" in session.recv(timeout=20)
    answer = center.asked(Origin="http://localhost:3000")
    assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (200, "*")


def test_a_page_cannot_say_much(center):
    with center.session() as session:
        session.recv(timeout=20)
        session.send("x" * 5000)
        with pytest.raises(ConnectionClosed) as caught:
            session.recv(timeout=20)
    assert caught.value.rcvd.code == 1009


def test_a_server_says_how_to_get_in_logs_no_token_and_ends_with_sessions_open(forking):
    with serving(forking, "-v") as center, center.session() as session:
        session.recv(timeout=20)
        with pytest.raises(InvalidStatus):
            connect(f"{center.url.replace('http', 'ws', 1)}?token=nonsense", proxy=None)

        code, said = center.server.end(signal.SIGINT)

        with pytest.raises(ConnectionClosed) as caught:
            session.recv(timeout=20)
    assert (code, caught.value.rcvd.code) == (0, 1012)
    path = center.url.removeprefix("http")
    assert center.how_to_get_in == (
        f"Worker SDK: ebServer http{path}, wsServer ws{path}; sign its tokens (AccessToken with a TaskRouterGrant)"
        " with the value of --auth-token as the secret.\n"
    )
    assert "GET /v1/wschannels 101 " in said
    assert "GET /v1/wschannels 401 " in said
    for wrong in ("token=", "handshake", "Traceback"):
        assert wrong not in said
