"""The embedded TaskRouter under Twilio's own helper library, in process and on a clock that the tests set."""

import asyncio
import json
from copy import deepcopy

import pytest
from twilio.http import HttpClient
from twilio.http.response import Response
from twilio.rest import Client

ACCOUNT = "AC0123456789abcdef0123456789abcdef"


class Clock:
    """Stops at a time until it is moved."""

    def __init__(self, now_ms):
        self.now_ms = now_ms

    def __call__(self):
        return self.now_ms

    def advance(self, seconds):
        self.now_ms += round(1000 * seconds)


class InProcessClient(HttpClient):
    """The library's way out: to the application instead of the network."""

    def __init__(self, api):
        super().__init__(logger=None, is_async=False, timeout=None)
        self._api = api

    def request(self, method, url, params=None, data=None, headers=None, auth=None, **_more):
        is_json = (headers or {}).get("Content-Type") == "application/json"
        body = {"json": data} if is_json else {"data": data}
        answer = self._api.request(
            method, url.removeprefix("https://taskrouter.twilio.com"), params=params, headers=headers, auth=auth, **body
        )
        return Response(answer.status_code, answer.text)


class QueueSids:
    """The body of a bulk request, which the library wants to have a method for it."""

    def __init__(self, *sids):
        self._sids = sids

    def to_dict(self):
        return {"queueSids": list(self._sids)}


@pytest.fixture
def clock():
    return Clock(1_772_366_400_000)  # 2026-03-01T12:00:00Z


@pytest.fixture
def file():
    """Where the world is kept; most tests need none on disk."""
    return ":memory:"


@pytest.fixture
def clocked(open_api, clock, file):
    """The API on that clock."""
    return open_api(file, clock=clock)


@pytest.fixture
def taskrouter(clocked):
    return Client(ACCOUNT, "secret", http_client=InProcessClient(clocked)).taskrouter.v1


@pytest.fixture
def at_the_same_time(clocked):
    """Sends several requests, each a method, a path and a form, and gives their answers in the order they came in."""

    def at_the_same_time(*requests):
        answers = []

        async def send(method, path, form=None):
            answer = await clocked._client.request(method, f"/v1{path}", data=form)
            assert answer.status_code == 200, answer.text
            answers.append((path, answer.json()))

        async def send_all():
            await asyncio.gather(*(send(*request) for request in requests))

        clocked._runner.run(send_all())
        return answers

    return at_the_same_time


class Centre:
    """A small contact centre: alice speaks Spanish, bob does not; Spanish tasks may go to everyone after 30 s."""

    def __init__(self, taskrouter, clock, once):
        self.clock = clock
        sid, self.activities, self.spanish, self.everyone, self.workflow, self.workers = once(
            "made", lambda: self._made(taskrouter)
        )
        self.workspace = taskrouter.workspaces(sid)

    def _made(self, taskrouter):
        """The SIDs of a new workspace and of what is in it."""
        sid = taskrouter.workspaces.create(friendly_name="Centre", multi_task_enabled=True).sid
        workspace = taskrouter.workspaces(sid)
        spanish = workspace.task_queues.create(friendly_name="Spanish", target_workers="languages HAS 'es'").sid
        everyone = workspace.task_queues.create(friendly_name="Everyone", target_workers="1==1").sid
        configuration = self._routing(spanish, everyone)
        return (
            sid,
            {each.friendly_name: each.sid for each in workspace.activities.list()},
            spanish,
            everyone,
            workspace.workflows.create(friendly_name="Incoming", configuration=configuration).sid,
            {
                name: workspace.workers.create(friendly_name=name, attributes=json.dumps({"languages": languages})).sid
                for name, languages in (("alice", ["es", "en"]), ("bob", ["en"]))
            },
        )

    def _routing(self, spanish, everyone):
        targets = [{"queue": spanish, "timeout": 30}, {"queue": everyone, "timeout": 600}]
        filters = [{"filter_friendly_name": "Spanish", "expression": "language == 'es'", "targets": targets}]
        return json.dumps({"task_routing": {"filters": filters, "default_filter": {"queue": everyone}}})

    def after(self, seconds):
        """Let time pass."""
        self.clock.advance(seconds)
        return self

    def move(self, worker, activity):
        self.workspace.workers(self.workers[worker]).update(activity_sid=self.activities[activity])

    def task(self, language="en", **more):
        attributes = json.dumps({"language": language})
        return self.workspace.tasks.create(attributes=attributes, workflow_sid=self.workflow, **more).sid

    def answer(self, task, worker, status, **more):
        """Let a worker answer the offer of a task."""
        reservations = self.workspace.tasks(task).reservations
        [pending] = reservations.list(reservation_status="pending", worker_sid=self.workers[worker])
        reservations(pending.sid).update(reservation_status=status, **more)

    def set(self, task, status):
        self.workspace.tasks(task).update(assignment_status=status, reason="as told")

    def play(self):
        """Five minutes; the comments give the second of each action and its consequences."""
        a = self.task("es")
        self.after(12).move("alice", "Available")  # a is offered to alice
        self.after(3).answer(a, "alice", "accepted")
        self.after(5)
        b = self.task("es")  # 20; moves to Everyone at 50
        self.after(35).move("bob", "Available")  # 55: b is offered to bob
        self.after(3).answer(b, "bob", "rejected", worker_activity_sid=self.activities["Offline"])
        self.after(12).move("bob", "Available")  # 70: again
        self.after(10).answer(b, "bob", "accepted")
        self.after(10)
        c = self.task()  # 90
        self.after(10).set(a, "completed")  # 100: c is offered to alice
        self.after(5).set(c, "canceled")
        self.after(5).set(b, "wrapping")
        self.after(1)
        d = self.task()  # 111: offered to alice, who does not answer and is sent to Offline at 231
        self.after(129).workspace.tasks(d).delete()  # 240
        self.after(10).set(b, "completed")
        self.after(50)  # 300


REACHED = {}
"""By what was done: the content of the application after it was done first, the time, and the result."""


@pytest.fixture
def once(clocked, clock, file):
    """Does something in an application in memory, or brings it to where another one was after that, which is faster.

    What was done to it before must be the same.
    """

    def once(what, do):
        if file != ":memory:":
            return do()
        if what not in REACHED:
            result = do()
            REACHED[what] = clocked.app.store.copied(), clock.now_ms, result
        copy, clock.now_ms, result = REACHED[what]
        clocked.app.store.restore(copy)
        return deepcopy(result)

    return once


@pytest.fixture
def centre(taskrouter, clock, once):
    return Centre(taskrouter, clock, once)


@pytest.fixture
def played(centre, once):
    """A centre that has played."""
    once("played", centre.play)
    return centre


@pytest.fixture(scope="session")
def bulk_of():
    return QueueSids
