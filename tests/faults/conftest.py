"""The embedded TaskRouter on a socket, with a proxy in front of it; and the command line as a function."""

import asyncio
import dataclasses
import gc
import os
import socket
import threading
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
import uvicorn

from tests.faults.configurations import CONSENT_TO_SMALL_CHANGED, SMALL, SMALL_CHANGED
from tests.faults.proxy import Proxy
from tr_apply.cli import run
from tr_apply.local import open_app
from tr_apply.transport import Patience

ACCOUNT = "AC0123456789abcdef0123456789abcdef"
CANARY = "canary-t0ken-5ecret"

SHORT = Patience(total_s=1.5, first_s=0.004, longest_s=0.2, attempt_s=0.25, connect_s=1, lookup_s=0.25)


class Exchangeable:
    """An application that is another one from time to time."""

    def __init__(self):
        self.app: Any = None
        self.loop: Any = None

    def exchange(self, app):
        if self.app is not None:
            self.between(self.app.close)
        self.app = app

    def between(self, work):
        """The result of *work*, done between two requests, as the database belongs to one thread at a time."""

        async def done():
            return work()

        return asyncio.run_coroutine_threadsafe(done(), self.loop).result(20)

    async def __call__(self, scope, receive, send):
        await self.app(scope, receive, send)


class Server(uvicorn.Server):
    def __init__(self, config):
        super().__init__(config)
        self.ready = threading.Event()

    async def startup(self, sockets=None):
        await super().startup(sockets)
        self.loop = asyncio.get_running_loop()
        self.ready.set()


@dataclass
class World:
    """A TaskRouter behind a proxy; ``new`` empties it."""

    exchangeable: Exchangeable
    proxy: Proxy
    direct: str
    client: httpx.Client

    def new(self, database=":memory:", like=None):
        """Begin anew, with what a copy of another world holds or what the database does."""
        self.proxy.drop()
        self.exchangeable.exchange(app := open_app(database))
        if like is not None:
            self.exchangeable.between(lambda: app.store.restore(like))
        self.proxy.begin()
        return self

    def copied(self):
        return self.exchangeable.between(self.exchangeable.app.store.copied)

    def close(self):
        self.exchangeable.exchange(None)

    def items(self, path):
        """Everything in a collection, past the proxy."""
        page = self.client.get(f"/v1{path}", params={"PageSize": 1000}).raise_for_status().json()
        return page[page["meta"]["key"]]

    def post(self, path, **form):
        return self.client.post(f"/v1{path}", data=form).raise_for_status().json()

    def require_no_duplicate(self):
        """After any fault: nothing is there twice."""
        names = self.exchangeable.between(self._names)
        assert len(names.pop("workspace")) <= 1
        for table, found in names.items():
            assert len(found) == len(set(found)), (table, found)

    def _names(self):
        with self.exchangeable.app.store._database.read() as reader:
            rows = {table: reader.rows(f"SELECT {key} FROM {table}").fetchall() for table, key in NAMES.items()}
        return {table: [name.casefold() for (name,) in found] for table, found in rows.items()}


NAMES = {
    "workspace": "friendly_name",
    "activity": "friendly_name",
    "task_channel": "unique_name",
    "task_queue": "friendly_name",
    "workflow": "friendly_name",
    "worker": "friendly_name",
}


@pytest.fixture(scope="session")
def _server():
    exchangeable = Exchangeable()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        config = uvicorn.Config(
            exchangeable,
            lifespan="off",
            log_config=None,
            access_log=False,
            proxy_headers=False,
            timeout_graceful_shutdown=1,
            timeout_keep_alive=600,
        )
        server = Server(config)
        thread = threading.Thread(target=server.run, args=([listener],))
        thread.start()
        assert server.ready.wait(20)
        address = f"127.0.0.1:{listener.getsockname()[1]}"
        direct = f"http://{address}"
        with (
            Proxy(address) as proxy,
            httpx.Client(base_url=direct, auth=(ACCOUNT, CANARY), trust_env=False, verify=False) as client,
        ):
            exchangeable.loop = server.loop
            world = World(exchangeable, proxy, direct, client)
            yield world
            world.close()
        server.should_exit = True
        thread.join()


@pytest.fixture
def behind(_server):
    """An empty TaskRouter behind a proxy."""
    return _server.new()


@pytest.fixture(autouse=True)
def _alone(alone):
    pass


@pytest.fixture
def cli(monkeypatch, capfd):
    """The command line, with little patience: its exit code, and what it said."""
    monkeypatch.setenv("TWILIO_ACCOUNT_SID", ACCOUNT)
    monkeypatch.setenv("TWILIO_AUTH_TOKEN", CANARY)
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setattr("tr_apply.client.client.Patience", lambda: SHORT)

    def tr_apply(*arguments):
        code = run([str(each) for each in arguments])
        gc.enable()  # a process that ends immediately does without
        out, err = capfd.readouterr()
        assert CANARY not in out + err
        assert "Traceback" not in err
        return code, out, err

    return tr_apply


@pytest.fixture
def files(tmp_path):
    """A small configuration, and the same with changes."""
    first, second = tmp_path / "first.yaml", tmp_path / "second.yaml"
    first.write_text(SMALL)
    second.write_text(SMALL_CHANGED)
    return first, second


@pytest.fixture
def applied(behind, cli):
    """Applies one of the files through the proxy: the exit code and the output."""

    def apply(path, *more):
        consent = CONSENT_TO_SMALL_CHANGED if path.name == "second.yaml" else ()
        return cli("apply", path, "--auto-approve", *consent, "--base-url", behind.proxy.url, *more)

    return apply


@pytest.fixture
def begun(behind, applied):
    """Empties the world and applies one of the files, if one is given: once, and from then on the world is a copy."""

    def begin(path=None):
        like = None if path is None else BEGINNINGS.get(path.read_text())
        behind.new(like=like)
        if path is not None and like is None:
            assert applied(path)[0] == 0
            BEGINNINGS[path.read_text()] = behind.copied()
            behind.proxy.begin()

    return begin


BEGINNINGS = {}


@pytest.fixture
def exported(behind, cli):
    """The world as YAML, past the proxy."""

    def export():
        code, out, err = cli("export", "Support", "--base-url", behind.direct)
        assert code == 0, err
        return out

    return export


@pytest.fixture
def reference(behind, applied, exported):
    """The world as YAML after one of the files was applied without any fault. Empties the world."""

    def made(path):
        if path.name not in REFERENCES:
            behind.new()
            assert applied(path)[0] == 0
            REFERENCES[path.name] = exported()
        return REFERENCES[path.name]

    return made


REFERENCES = {}


class Killable:
    """The command line in a process of its own, which can be killed."""

    def __init__(self, forking):
        self._forking = forking

    def run(self, arguments, began, patience=SHORT):
        """The exit code and the output; *began* gets the process's id before any request."""
        credentials = {"TWILIO_ACCOUNT_SID": ACCOUNT, "TWILIO_AUTH_TOKEN": CANARY, "NO_COLOR": "1"}
        process = self._forking.start(
            "patiently",
            arguments,
            environment=os.environ | credentials,
            began=began,
            **dataclasses.asdict(patience),
        )
        said = "".join(process.communicate())
        assert CANARY not in said
        assert "Traceback" not in said
        return process.returncode, said


@pytest.fixture
def killable(forking):
    return Killable(forking)
