"""The embedded TaskRouter with a proxy in front of it; and the command line as a function."""

import dataclasses
import gc
import os
from dataclasses import dataclass

import httpx
import pytest

from tests.faults.configurations import CONSENT_TO_SMALL_CHANGED, SMALL, SMALL_CHANGED
from tests.faults.proxy import Proxy
from tr_apply.cli import run
from tr_apply.local import open_app
from tr_apply.transport import Patience, in_process

ACCOUNT = "AC0123456789abcdef0123456789abcdef"
CANARY = "canary-t0ken-5ecret"

SHORT = Patience(total_s=1.5, first_s=0.004, longest_s=0.2, attempt_s=0.25, connect_s=1, lookup_s=0.25)


@dataclass
class World:
    """A TaskRouter behind a proxy; ``new`` empties it."""

    proxy: Proxy

    def new(self, database=":memory:", like=None):
        """Begin anew, with what a copy of another world holds or what the database does."""
        self.proxy.drop()
        self.close()
        self.proxy.app = app = open_app(database)
        if like is not None:
            self.between(lambda: app.store.restore(like))
        self.proxy.begin()
        return self

    def copied(self):
        return self.between(self.proxy.app.store.copied)

    def close(self):
        if self.proxy.app is not None:
            self.between(self.proxy.app.close)
            self.proxy.app = None

    def between(self, work):
        """The result of *work*, done between two requests, as the database belongs to one thread at a time."""

        async def done():
            return work()

        return self.proxy.run(done)

    def items(self, path):
        """Everything in a collection, past the proxy."""
        page = self.proxy.run(lambda: self.asked("GET", f"{path}?PageSize=1000"))
        return page[page["meta"]["key"]]

    async def asked(self, method, path, **form):
        """The answer to a request past the proxy, as JSON; a coroutine for its loop."""
        async with httpx.AsyncClient(transport=in_process(self.proxy.app), auth=(ACCOUNT, CANARY)) as client:
            answer = await client.request(method, f"{self.proxy.direct}/v1{path}", data=form or None)
        return answer.raise_for_status().json()

    def require_no_duplicate(self):
        """After any fault: nothing is there twice."""
        names = self.between(self._names)
        assert len(names.pop("workspace")) <= 1
        for table, found in names.items():
            assert len(found) == len(set(found)), (table, found)

    def _names(self):
        with self.proxy.app.store._database.read() as reader:
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
def _world():
    with Proxy() as proxy:
        world = World(proxy)
        yield world
        world.close()


@pytest.fixture
def behind(_world):
    """An empty TaskRouter behind a proxy."""
    return _world.new()


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
        code, out, err = cli("export", "Support", "--base-url", behind.proxy.direct)
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
