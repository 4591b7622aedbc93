"""The embedded TaskRouter in process, called through its HTTP interface."""

import asyncio
import json
from base64 import b64encode
from collections.abc import AsyncIterator, Iterator
from copy import deepcopy

import httpx
import pytest

from tr_apply.local import open_app
from tr_apply.local.storage.clock import moment_of
from tr_apply.transport import in_process

ACCOUNT = "AC0123456789abcdef0123456789abcdef"
AUTH = (ACCOUNT, "secret")
HOST = "http://taskrouter.test"


class Client:
    """Requests to one application, as ``httpx.AsyncClient`` makes them, in a part of its time."""

    def __init__(self, app):
        self._whole, self._in_parts = in_process(app), httpx.ASGITransport(app)

    async def request(self, method, url, *, auth=AUTH, **more):
        address = HOST + url if isinstance(url, str) and url.startswith("/") else url
        request = httpx.Request(method, address, **more)
        request.headers["User-Agent"] = "tests"
        if auth is not None:
            request.headers["Authorization"] = "Basic " + b64encode(":".join(auth).encode()).decode()
        transport = self._in_parts if isinstance(more.get("content"), AsyncIterator) else self._whole
        answer = await transport.handle_async_request(request)
        answer.request = request
        await answer.aread()
        return answer

    async def post(self, url, **more):
        return await self.request("POST", url, **more)


class Api:
    """Requests to one application, with their answers as httpx has them. Paths begin after ``/v1``."""

    def __init__(self, app, runner):
        self.app = app
        self._runner = runner
        self._client = Client(app)

    def request(self, method, url, **more):
        return self._runner.run(self._client.request(method, url, **more))

    def get(self, path, **query):
        return self.request("GET", f"/v1{path}", params=query)

    def post(self, path, headers=None, **form):
        return self.request("POST", f"/v1{path}", data=form, headers=headers)

    def delete(self, path, headers=None):
        return self.request("DELETE", f"/v1{path}", headers=headers)

    def made(self, path, **form):
        answer = self.post(path, **form)
        assert answer.status_code == 201, answer.text
        return answer.json()

    def changed(self, path, **form):
        answer = self.post(path, **form)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def read(self, path, **query):
        answer = self.get(path, **query)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def items(self, path, **query):
        page = self.read(path, **query)
        return page[page["meta"]["key"]]

    def names(self, path, **query):
        return [item["friendly_name"] for item in self.items(path, **query)]

    def is_new(self):
        """Whether nothing has ever been written."""
        with self.app.store._database.read() as reader:
            return reader.value("SELECT last FROM sequence") == 0

    def close(self):
        self.app.close()


class Clock:
    """A clock that moves on request, and by a millisecond each time it is read."""

    def __init__(self):
        self.now_ms = moment_of("2026-03-01T12:00:00Z")

    def __call__(self):
        self.now_ms += 1
        return self.now_ms

    def pass_s(self, seconds):
        self.now_ms += round(seconds * 1000)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def api(runner, clock) -> Iterator[Api]:
    api = Api(open_app(":memory:", clock=clock), runner)
    yield api
    api.close()


class Floor:
    """A workspace with a queue Everyone, a workflow Incoming and an available worker alice."""

    def __init__(self, api):
        self.api = api
        self.path = f"/Workspaces/{api.made('/Workspaces', FriendlyName='Floor')['sid']}"
        self.activities = {each["friendly_name"]: each["sid"] for each in api.items(f"{self.path}/Activities")}
        self.queue = self.queue_of("Everyone")
        self.workflow = self.workflow_of("Incoming", [], default=self.queue)
        self.alice = self.worker("alice")

    @classmethod
    def of(cls, api, clock):
        """A floor in *api*: if that is new, a copy of the first one that was made in a new one at the same time."""
        if not api.is_new():
            return cls(api)
        if (began_ms := clock.now_ms) not in FLOORS:
            first = cls(api)
            FLOORS[began_ms] = api.app.store.copied(), clock.now_ms, deepcopy({**vars(first), "api": None})
            return first
        copy, clock.now_ms, names = FLOORS[began_ms]
        api.app.store.restore(copy)
        floor = cls.__new__(cls)
        vars(floor).update(deepcopy(names), api=api)
        return floor

    def queue_of(self, name, **more):
        return self.api.made(f"{self.path}/TaskQueues", FriendlyName=name, **more)["sid"]

    def workflow_of(self, name, filters, default=None, **more):
        routing = {"filters": filters} | ({"default_filter": {"queue": default}} if default else {})
        configuration = json.dumps({"task_routing": routing})
        return self.api.made(f"{self.path}/Workflows", FriendlyName=name, Configuration=configuration, **more)["sid"]

    def worker(self, name, activity="Available", **attributes):
        made = self.api.made(
            f"{self.path}/Workers",
            FriendlyName=name,
            ActivitySid=self.activities[activity],
            Attributes=json.dumps(attributes),
        )
        return f"{self.path}/Workers/{made['sid']}"

    def task(self, attributes=None, **form):
        made = self.api.made(f"{self.path}/Tasks", Attributes=json.dumps(attributes or {}), **form)
        return f"{self.path}/Tasks/{made['sid']}"

    def status(self, task):
        return self.api.read(task)["assignment_status"]

    def reservations(self, path, **query):
        return [f"{path}/Reservations/{each['sid']}" for each in self.api.items(f"{path}/Reservations", **query)]

    def offered(self, task):
        """The only pending reservation of a task."""
        [found] = self.reservations(task, ReservationStatus="pending")
        return found

    def accept(self, task):
        self.api.changed(self.offered(task), ReservationStatus="accepted")

    def move(self, worker, activity, **more):
        return self.api.changed(worker, ActivitySid=self.activities[activity], **more)

    def events(self, **query):
        return [each["event_type"] for each in self.api.items(f"{self.path}/Events", PageSize=1000, **query)]


FLOORS = {}
"""The first floor that was made at a time: the content of its application, the time after it, and its names."""


@pytest.fixture
def floor(api, clock) -> Floor:
    return Floor.of(api, clock)


@pytest.fixture
def open_floor(open_api, clock):
    """A floor in an application of its own, over the database at a path."""
    return lambda path, its_clock=clock: Floor(open_api(path, clock=its_clock))


@pytest.fixture
def open_api(runner):
    """Another application, over the database at a path, closed with the test."""
    opened = []

    def open_one(path, **credentials):
        opened.append(Api(open_app(path, **credentials), runner))
        return opened[-1]

    yield open_one
    for each in opened:
        each.close()


@pytest.fixture
def workspace(api) -> str:
    """The path of a multitasking workspace."""
    return f"/Workspaces/{api.made('/Workspaces', FriendlyName='Support')['sid']}"


@pytest.fixture
def single_tasking(api) -> str:
    """The path of a single-tasking workspace."""
    made = api.made("/Workspaces", FriendlyName="Old Support", MultiTaskEnabled="false")
    return f"/Workspaces/{made['sid']}"


@pytest.fixture
def refused():
    """Checks that an answer is a refusal, whole and consistent, and gives its message."""

    def check(answer, status=400, code=20001):
        body = answer.json()
        assert (answer.status_code, body["status"], body["code"]) == (status, status, code), answer.text
        assert body.keys() == {"code", "message", "more_info", "status"}
        assert body["more_info"] == f"https://www.twilio.com/docs/errors/{code}"
        return body["message"]

    return check


@pytest.fixture(scope="session")
def exchange():
    """Sends to an application what no client would; the status of the answer and its body."""

    def exchange(app, method, path, *, headers=(), message=None, **more):
        sent = []

        async def receive():
            return message or {"type": "http.request", "body": b""}

        async def send(message):
            sent.append(message)

        scope = {
            "type": "http",
            "method": method,
            "path": path,
            "raw_path": path.encode(),
            "root_path": "",
            "query_string": b"",
            "scheme": "http",
            "server": ("taskrouter.test", 80),
            "http_version": "1.1",
            "headers": [(b"authorization", b"Basic QUMxOng="), *headers],
            **more,
        }
        asyncio.run(app(scope, receive, send))
        return sent[0]["status"], sent[1]["body"].decode()

    return exchange


@pytest.fixture
def sids(api):
    """Name -> SID, of the items at a path."""
    return lambda path: {item["friendly_name"]: item["sid"] for item in api.items(path)}
