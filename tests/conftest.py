"""A world of one's own: the embedded TaskRouter in process, a configuration as text, and every request it received."""

import asyncio
import gc
import json
import os
import re
import sys
import tempfile
from base64 import b64encode
from contextlib import closing
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlencode

import httpx
import pytest
from hypothesis import settings

from tests.carrying_out import carried_out
from tests.processes import Forker, Forking, Starting
from tests.viewers import browser, mermaid_problems
from tr_apply.apply import Status
from tr_apply.client import Client
from tr_apply.config.load import Configuration, load
from tr_apply.deployment.configured import Configured
from tr_apply.deployment.deployment import Deployment
from tr_apply.local import open_app
from tr_apply.plan.change import Action
from tr_apply.plan.requests.target import Selection
from tr_apply.plan.saved.document import plan_document
from tr_apply.transport import Connection, Patience, in_process
from tr_apply.transport.application import ApplicationTransport
from tr_apply.transport.exchange import Request
from tr_apply.transport.through import Through

__all__ = ["browser", "mermaid_problems"]

ACCOUNT = "AC0123456789abcdef0123456789abcdef"
AUTH = (ACCOUNT, "secret")
HEADERS = (
    (b"Authorization", b"Basic " + b64encode(":".join(AUTH).encode())),
    (b"Content-Type", b"application/x-www-form-urlencoded"),
)
SID = re.compile(r"\b[A-Z]{2}[0-9a-f]{32}\b")
COLLECTIONS = {
    "activities": "Activities",
    "channels": "TaskChannels",
    "task_queues": "TaskQueues",
    "workflows": "Workflows",
    "workers": "Workers",
}
RUNTIME = {"sid", "account_sid", "workspace_sid", "url", "links", "date_created", "date_updated", "date_status_changed"}

# No test fails because the machine is busy: how long an example takes says nothing.
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")

# The package and the tests are compiled once for all processes of a run, and not by each of them for itself.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False


def pytest_configure(config):
    """Databases of tests wait for no disk, where a file system in memory has the room and may run programs.

    Only the fall of the whole machine, which no test can bring about, takes from it what a disk would have kept.
    """
    memory = Path("/dev/shm")
    if "TMPDIR" in os.environ or config.getoption("--benchmarks", default=False) or not os.access(memory, os.W_OK):
        return
    state = os.statvfs(memory)
    if state.f_bavail * state.f_frsize > 2**30 and not state.f_flag & os.ST_NOEXEC:
        os.environ["TMPDIR"] = str(memory)
        tempfile.tempdir = None  # it may have been looked up before


FORKER = pytest.StashKey()


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node):
    """All processes of a run have theirs forked from one: to import everything takes it more than a second."""
    if not hasattr(os, "fork"):
        return
    stash = node.config.stash
    if FORKER not in stash:
        stash[FORKER] = Forker()
    node.workerinput["forking"] = str(stash[FORKER].programs)


def pytest_unconfigure(config):
    if FORKER in config.stash:
        config.stash[FORKER].close()


def pytest_xdist_auto_num_workers():
    """Two for each core: a test often waits for the processes that it has started."""
    return 2 * (os.cpu_count() or 1)


@pytest.hookimpl(wrapper=True)
def pytest_collection():
    """Keep the collected tests out of garbage collection, which would search them again and again, already now."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


class KilledError(BaseException):
    """Ends a run the way SIGKILL does: without cleaning up, and without a message."""


class Requests(ApplicationTransport):
    """Passes requests on to the embedded TaskRouter, and remembers the writes; can be set to die at one of them.

    A test that puts a function of its own in the place of ``handle_async_request`` gets them as requests of httpx.
    """

    def __init__(self, app):
        super().__init__(app)
        self._inner = in_process(app)
        self.reads = []
        self.writes = []
        self.dies_at = None
        self.dies_after = None
        self.before_write = None

    async def exchange(self, base_url, request):
        if self._is_watched():
            watched = httpx.AsyncBaseTransport()
            watched.handle_async_request = self.handle_async_request
            return await Through(watched, base_url).exchange(request)
        self._begin(request.method, unquote(request.target.partition("?")[0]), request.content)
        answer = await self._inner.exchange(base_url, request)
        self._end(request.method)
        return answer

    async def handle_async_request(self, request):
        self._begin(request.method, request.url.path, request.content)
        answer = await self._inner.handle_async_request(request)
        self._end(request.method)
        return answer

    def _is_watched(self):
        own = getattr(self.handle_async_request, "__func__", None) is Requests.handle_async_request
        return not own or "handle_async_request" in vars(self._inner)

    def _begin(self, method, path, content):
        path = path.removeprefix("/v1")
        if method == "GET":
            self.reads.append(path)
            return
        if self.dies_at is not None and len(self.writes) >= self.dies_at:
            raise KilledError
        if self.before_write is not None:
            self.before_write()
        form = parse_qs((content or b"").decode(), keep_blank_values=True)
        self.writes.append((method, path, {key: values[-1] for key, values in form.items()}))

    def _end(self, method):
        if method != "GET" and self.dies_after is not None and len(self.writes) > self.dies_after:
            raise KilledError

    async def aclose(self):
        """Clients come and go; the world stays."""


BEGINNINGS = {}
"""The result of the first apply in a new world, by its configuration: the content, the plan, the requests."""

LOADED = {}
"""Configurations that were read, by the file and its content: a test often plans one several times.

It is read from nothing else: no variable is given, and the files that it names stay as they are during a test.
"""


def keep(kept, key, value):
    """Have *value* in *kept* under *key*, and 32 at most."""
    while len(kept) >= 32:
        del kept[next(iter(kept))]
    kept[key] = value


class World:
    """One embedded TaskRouter, and all that tests do to it."""

    def __init__(self, folder, runner):
        self.app = open_app(":memory:")
        self.requests = Requests(self.app)
        self.concurrency = 10
        self._folder = folder
        self._runner = runner

    # Changes by people and programs outside tr-apply

    def rest(self, method, path, **form):
        request = Request(method, f"/v1{path}", HEADERS, urlencode(form).encode() if form else None)
        answer = self._runner.run(in_process(self.app).exchange("http://test", request))
        assert answer.status < 300, answer.content.decode()
        return json.loads(answer.content) if answer.content else None

    def items(self, collection, name=None):
        """Every resource of a collection of the one workspace."""
        return self._items("/Workspaces" if collection == "Workspaces" else f"{self.path(name)}/{collection}")

    def _items(self, path):
        page = self.rest("GET", f"{path}?PageSize=1000")
        return page[page["meta"]["key"]]

    def path(self, name=None):
        """Where the one workspace is, or the only one of that name."""
        with self.app.store.engines.read() as reader:
            workspaces = reader.rows("SELECT sid, friendly_name FROM workspace").fetchall()
        found = [sid for sid, friendly_name in workspaces if name in (None, friendly_name)]
        assert len(found) == 1
        return f"/Workspaces/{found[0]}"

    def sid(self, collection, name):
        key = "unique_name" if collection == "TaskChannels" else "friendly_name"
        return next(item["sid"] for item in self.items(collection) if item[key] == name)

    def names(self, collection):
        return sorted(item["friendly_name"] for item in self.items(collection))

    def change(self, collection, name, **form):
        """Update one resource by name, as somebody in the console would."""
        return self.rest("POST", f"{self.path()}/{collection}/{self.sid(collection, name)}", **form)

    def make(self, collection, **form):
        return self.rest("POST", f"{self.path()}/{collection}", **form)

    def delete(self, collection, name):
        self.rest("DELETE", f"{self.path()}/{collection}/{self.sid(collection, name)}")

    def sql(self, statement, *values):
        """Changes that no request could make."""
        with self.app.store._database.write() as writer:
            writer.run(statement, values)

    # Our own actions

    def configuration(self, text):
        """The configuration in *text*: YAML, the same as data, or one that was loaded already."""
        if isinstance(text, Configuration):
            return text
        path = self._folder / "workspace.yaml"
        content = text if isinstance(text, str) else json.dumps(text)
        path.write_text(content)
        if (path, content) not in LOADED:
            keep(LOADED, (path, content), load(path))
        configuration = LOADED[path, content]
        configuration.require_valid()
        return configuration

    def _client(self):
        patience = Patience(total_s=2, first_s=0.001, longest_s=0.01, lookup_s=0.05)
        connection = Connection("http://test", *AUTH, ACCOUNT)
        return Client(connection, concurrency=self.concurrency, through=self.requests, patience=patience)

    def plan(self, text, *targets):
        configuration = self.configuration(text)

        async def planned():
            async with self._client() as client:
                return await Deployment(Configured(configuration, Selection.of(targets=targets)), client).plan()

        self.requests.reads.clear()
        return self._runner.run(planned())

    def document(self, text, *targets):
        """The plan as JSON."""
        return plan_document(self.plan(text, *targets))

    def carry_out(self, text, plan, *targets, stop=None):
        configuration = self.configuration(text)

        async def applied():
            async with self._client() as client:
                source = Configured(configuration, Selection.of(targets=targets))
                deployment = Deployment(source, client, planned=plan)
                return await carried_out(deployment, plan, stop=stop)

        self.requests.writes.clear()
        return self._runner.run(applied())

    def apply(self, text, *targets, planned=None):
        """Plan and apply, and see that the plan was kept to the letter: its requests were sent, and nothing is left.

        A new world where another one had the same done becomes a copy of that, in a tenth of the time. *planned* is the
        plan, where it was made already.
        """
        configuration = self.configuration(text)
        if planned is not None or not self._is_new():
            return self._applied(configuration, *targets, planned=planned)
        key = str(text), configuration.document.model_dump_json(), targets
        if key in BEGINNINGS:
            return self._copy(*BEGINNINGS[key])
        plan = self._applied(configuration, *targets)
        keep(BEGINNINGS, key, (self.app.store.copied(), plan, list(self.requests.reads), list(self.requests.writes)))
        return plan

    def _is_new(self):
        with self.app.store._database.read() as reader:
            return reader.value("SELECT last FROM sequence") == 0

    def _copy(self, copy, plan, reads, writes):
        self.app.store.restore(copy)
        self.requests.reads[:], self.requests.writes[:] = reads, writes
        return plan

    def _applied(self, configuration, *targets, planned=None):
        plan = planned or self.plan(configuration, *targets)
        applied = self.carry_out(configuration, plan, *targets)
        assert [(r.operation.name, r.error) for r in applied.results if r.status is not Status.DONE] == []
        assert applied.verified, summary(applied.left)
        assert len(self.requests.writes) == plan.requests == sum(r.requests for r in applied.results)
        return plan

    def apply_and_die(self, text, *, at=None, after=None, planned=None):
        """Plan and apply, and be killed before write *at* or right after write *after*; False if the run ended earlier."""
        configuration = self.configuration(text)
        plan = planned or self.plan(configuration)
        self.requests.dies_at, self.requests.dies_after = at, after
        try:
            self.carry_out(configuration, plan)
        except KilledError:
            return True
        finally:
            self.requests.dies_at = self.requests.dies_after = None
        return False

    def moments(self, text, *, writes=None):
        """Plan and apply; then have, one after the other, the state before write 0, 1, ..., and after all.

        A run that is killed leaves what a whole one had at that moment, so one run is enough for all of them. Whether a
        write is killed before it or after the one before it makes no difference here. There are as many as *writes*.
        """
        copies = []
        self.requests.before_write = lambda: copies.append(self.app.store.copied())
        try:
            self._applied(self.configuration(text))
        finally:
            self.requests.before_write = None
        assert len(copies) == (writes or len(copies)) > 0
        copies.append(self.app.store.copied())
        for number, copy in enumerate(copies):
            with closing(copy):
                self.app.store.restore(copy)
            yield number

    def state(self):
        """The whole state, with names for SIDs, so two worlds compare."""
        found = {"Workspaces": self.items("Workspaces")}
        path = self.path() if found["Workspaces"] else None
        if path:
            found |= {kind: self._items(f"{path}/{kind}") for kind in COLLECTIONS.values()}
        for worker in found.get("Workers", ()):
            page = self.rest("GET", f"{path}/Workers/{worker['sid']}/Channels")
            found[f"channels of {worker['friendly_name']}"] = page["channels"]
        names = {
            item["sid"]: f"<{item['friendly_name']}>"
            for items in found.values()
            for item in items
            if "friendly_name" in item
        }
        return {kind: sorted((told(item, names) for item in items), key=repr) for kind, items in found.items()}

    def close(self):
        self.app.close()


def told(item, names):
    """A resource without what no configuration decides."""
    kept = {key: value for key, value in item.items() if key not in RUNTIME and not key.endswith("_activity_name")}
    for key in ("configuration", "attributes"):
        if isinstance(kept.get(key), str):
            kept[key] = json.loads(kept[key])
    text = SID.sub(lambda found: names.get(found[0], "<gone>"), json.dumps(kept, sort_keys=True))
    return json.loads(text)


def summary(plan):
    return [(o.action.value, o.kind, o.name, [(c.path, c.before, c.after) for c in o.changes]) for o in plan.operations]


@pytest.fixture(scope="session")
def told_plan():
    """A plan as a list of (action, kind, name)."""
    return lambda plan: [(o.action.value, o.kind, o.name) for o in plan.operations]


@pytest.fixture(scope="session")
def changed():
    """The fields that a plan changes, by ``KIND/NAME``: path -> (before, after)."""

    def by_name(plan, action=Action.UPDATE):
        return {
            f"{o.kind}/{o.name}": {c.path: (c.before, c.after) for c in o.changes}
            for o in plan.operations
            if action is None or o.action is action
        }

    return by_name


@pytest.fixture(scope="session")
def forking(request):
    """Starts processes of the command line, each forked from one that has imported everything, where that is possible."""
    if not hasattr(os, "fork"):
        yield Starting()
    elif shared := getattr(request.config, "workerinput", {}).get("forking"):
        yield Forking(Path(shared))
    else:
        forker = Forker()
        yield Forking(forker.programs)
        forker.close()


@pytest.fixture
def runner():
    with asyncio.Runner() as runner:
        # Its own method asks twice which handler Ctrl-C has, and Python then writes out the whole result, such as a plan.
        runner.run = runner.get_loop().run_until_complete
        yield runner


@pytest.fixture
def world(tmp_path, runner):
    world = World(tmp_path, runner)
    yield world
    world.close()


@pytest.fixture
def new_world(tmp_path, runner):
    """Makes further worlds, all closed with the test."""
    made = []

    def new():
        made.append(World(tmp_path, runner))
        return made[-1]

    yield new
    for each in made:
        each.close()


@pytest.fixture
def alone(monkeypatch, tmp_path):
    """The folder to be in, with nothing in the environment that a command would look at."""
    without_settings(monkeypatch)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def without_settings(monkeypatch):
    """Take from the environment what a command would look at."""
    for name in list(os.environ):
        if name.startswith(("TWILIO_", "TR_APPLY_", "TR_VAR_", "GITHUB_", "GIT_")):
            monkeypatch.delenv(name)
