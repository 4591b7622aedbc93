"""The stream of a workspace: its messages to a page, their times, and the end of a page that is slow or goes away."""

import asyncio
import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.local.conftest import Floor
from tests.local.console.test_console import Shown
from tr_apply.errors import TargetError
from tr_apply.local.console import stream as streams
from tr_apply.local.console.load import changes_between
from tr_apply.local.storage.refusals import UnavailableError

NOBODY = base64.b64encode(f"SK{'0' * 32}:console".encode())


class Listener:
    """A page that listens to the stream of a workspace."""

    def __init__(self, shown, path, *, last_id=None, method="GET"):
        self.heard = asyncio.Queue()
        self.head = None
        self.may_take = asyncio.Event()
        self.may_take.set()
        self._gone = asyncio.Event()
        self._asked = False
        headers = [(b"authorization", b"Basic " + NOBODY)]
        headers += [] if last_id is None else [(b"last-event-id", last_id.encode())]
        scope = {
            "type": "http",
            "method": method,
            "path": f"/_console{path}/stream",
            "query_string": b"",
            "headers": headers,
        }
        self.task = asyncio.ensure_future(shown.console(scope, self._receive, self._send))
        self.last_id = None

    async def _receive(self):
        if not self._asked:
            self._asked = True
            return {"type": "http.request", "body": b"", "more_body": False}
        await self._gone.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message):
        await self.may_take.wait()
        if message["type"] == "http.response.start":
            self.head = message
            return
        for written in message.get("body", b"").decode().split("\n\n"):
            lines = dict(line.split(": ", 1) for line in written.splitlines() if ": " in line)
            if "event" in lines:
                self.last_id = lines.get("id", self.last_id)
                self.heard.put_nowait((lines["event"], json.loads(lines["data"])))
            elif written:
                self.heard.put_nowait((written, None))
        if not message.get("more_body", False):
            self.heard.put_nowait(("end", None))

    def leave(self):
        self._gone.set()

    async def hear(self, name):
        """The next message of that name."""
        async with asyncio.timeout(20):
            while True:
                heard, data = await self.heard.get()
                if heard == name:
                    return data

    def rest(self):
        """The names of the remaining messages."""
        return [self.heard.get_nowait()[0] for _ in range(self.heard.qsize())]


@pytest.fixture(autouse=True)
def _impatient(monkeypatch):
    """Nothing rests for long."""
    monkeypatch.setattr(streams, "_SHORTEST_PAUSE_S", 0.001)
    monkeypatch.setattr(streams, "_SHARE", 0)
    monkeypatch.setattr(streams, "_POLL_S", 0.01)


@pytest.fixture
def shown(runner):
    shown = Shown(runner)
    yield shown
    shown.close()


@pytest.fixture
def floor(shown):
    return Floor(shown)


@pytest.fixture
def listen(shown, floor):
    """Lets pages listen while *act* is done, in one event loop."""

    def run(act, **options):
        async def listened():
            listener = Listener(shown, floor.path, **options)
            try:
                return await act(listener)
            finally:
                listener.leave()
                async with asyncio.timeout(20):
                    await listener.task

        return shown._runner.run(listened())

    return run


async def rest(shown, method, path, **form):
    """A request to the API, from within the event loop."""
    answer = await shown._client.request(method, f"/v1{path}", data=form or None)
    assert answer.status_code < 300, answer.text
    return answer.json() if answer.content else None


def test_a_new_page_hears_the_time_the_load_and_the_latest_events(listen, floor):
    task = floor.task({"language": "es"}).rpartition("/")[2]

    async def act(page):
        return await page.hear("clock"), await page.hear("load"), await page.hear("events"), page.head

    clock, load, events, head = listen(act)

    assert head["status"] == 200
    assert dict(head["headers"])[b"content-type"] == b"text/event-stream"
    assert dict(head["headers"])[b"cache-control"] == b"no-store"
    assert clock["rate"] == 1
    assert load["tasks"] == {"reserved": 1}
    assert load["steps"][f"{floor.workflow}/-1/0"]["waiting"] == 1
    queue = load["queues"][floor.queue]
    assert {name: queue[name] for name in ("waiting", "members", "available", "assigned", "wrapping")} == {
        "waiting": 1, "members": 1, "available": 1, "assigned": 0, "wrapping": 0,
    }  # fmt: skip
    [worker] = load["workers"].values()
    assert (worker["name"], worker["offered"], worker["held"], worker["channels"]) == ("alice", 1, 0, {"default": 1})
    assert [each["type"] for each in events][-2:] == ["task-queue.entered", "reservation.created"]
    assert (events[-1]["task_sid"], events[-1]["worker_name"]) == (task, "alice")


def test_a_page_hears_what_changes_and_no_more(listen, shown, floor):
    async def act(page):
        await page.hear("events")
        made = await rest(shown, "POST", f"{floor.path}/Tasks", Attributes="{}")
        changes, events = await page.hear("change"), await page.hear("events")
        return made, changes, events

    made, changes, events = listen(act)

    assert changes.keys() == {"tasks", "steps", "queues", "workers"}
    assert changes["tasks"] == {"reserved": 1}
    assert [each["type"] for each in events if each["task_sid"] == made["sid"]][:2] == [
        "task.created",
        "workflow.entered",
    ]


def test_an_event_of_another_workspace_is_not_sent_to_the_page(listen, shown, floor):
    other = Floor(shown)

    async def act(page):
        await page.hear("callbacks")
        await rest(shown, "POST", f"{other.path}/Tasks", Attributes="{}")
        await rest(shown, "POST", f"{floor.path}/Activities", FriendlyName="Lunch")
        return await page.hear("events")

    assert [each["type"] for each in listen(act)] == ["activity.created"]


def test_the_load_shows_who_waits_elsewhere_and_the_tasks_in_hand(listen, shown, floor):
    ended = floor.task({})
    floor.accept(ended)
    shown.changed(ended, AssignmentStatus="completed", Reason="done")
    floor.accept(floor.task({}))
    floor.task({})
    document = json.dumps({"task_routing": {"default_filter": {"queue": floor.queue, "priority": 3}}})
    shown.changed(f"{floor.path}/Workflows/{floor.workflow}", Configuration=document)
    floor.task({}, RoutingTarget=floor.worker("bob", "Offline").rpartition("/")[2])

    async def act(page):
        return await page.hear("load")

    load = listen(act)

    assert load["tasks"] == {"completed": 1, "assigned": 1, "pending": 1, "reserved": 1}
    assert {key: each["waiting"] for key, each in load["steps"].items()} == {
        f"{floor.workflow}/earlier": 1,
        f"{floor.workflow}/-2/0": 1,
    }
    assert load["queues"][floor.queue]["assigned"] == 1
    assert [(each["name"], each["held"]) for each in load["workers"].values()] == [("alice", 1), ("bob", 0)]


def test_a_page_that_comes_back_hears_what_it_missed_and_nothing_twice(listen, floor):
    async def first(page):
        seen = await page.hear("events")
        return seen, page.last_id

    seen, last_id = listen(first)
    floor.task({})

    async def again(page):
        return await page.hear("events")

    missed = listen(again, last_id=last_id)
    assert missed[0]["type"] == "task.created"
    assert not {each["sid"] for each in seen} & {each["sid"] for each in missed}


def test_a_page_that_missed_too_much_hears_the_latest_and_that_there_was_more(listen, floor, monkeypatch):
    monkeypatch.setattr(streams, "LATEST", 3)
    floor.task({})

    async def act(page):
        names = []
        while "events" not in names:
            name, data = await page.heard.get()
            names.append(name)
        return names, data

    names, events = listen(act, last_id="1")
    assert names[-2:] == ["gap", "events"]
    assert [each["type"] for each in events] == ["workflow.target-matched", "task-queue.entered", "reservation.created"]
    names, events = listen(act, last_id="of another world")
    assert "gap" not in names
    assert len(events) == 3


def test_a_world_that_was_put_back_is_begun_anew(listen, shown, floor):
    copy = shown.opened.store.copied()

    async def act(page):
        await rest(shown, "POST", f"{floor.path}/Tasks", Attributes="{}")
        while (await page.hear("events"))[-1]["type"] != "reservation.created":
            pass
        shown.opened.store.restore(copy)
        await page.hear("restart")
        return await page.hear("events")

    events = listen(act)
    copy.close()
    assert "task.created" not in {each["type"] for each in events}


def test_a_page_of_a_workspace_that_is_deleted_hears_so(listen, shown, floor):
    async def act(page):
        await page.hear("events")
        await rest(shown, "DELETE", floor.path)
        await page.hear("gone")
        await page.hear("end")

    listen(act)


@pytest.mark.parametrize("problem", [UnavailableError("locked"), TargetError("damaged")])
def test_a_database_that_cannot_be_used_ends_the_stream_which_may_come_back(listen, monkeypatch, problem):
    async def act(page):
        await page.hear("events")
        monkeypatch.setattr(streams, "in_turn", locked)
        await page.hear("end")
        return page.rest()

    async def locked(_work):
        raise problem

    assert "gone" not in listen(act)


def test_a_clock_that_is_set_or_goes_faster_is_heard(listen, shown):
    async def act(page):
        before = await page.hear("clock")
        shown.clock.rate = 1000
        faster = await page.hear("clock")
        shown.clock.go(shown.clock() + 10_000_000, 0)
        return before, faster, await page.hear("clock")

    before, faster, pinned = listen(act)
    assert (before["rate"], faster["rate"], pinned["rate"]) == (1, 1000, 0)
    assert pinned["now_ms"] - faster["now_ms"] >= 10_000_000


def test_callbacks_are_heard_of(listen, shown):
    async def act(page):
        before = await page.hear("callbacks")
        await shown.calls("http://127.0.0.1/", {}, {}, timeout_s=1)
        return before, await page.hear("callbacks")

    before, after = listen(act)
    assert after > before


def test_a_workspace_without_events_is_silent_until_something_happens(listen, shown, floor):
    shown.opened.store._database._connection.execute("DELETE FROM event")

    async def act(page):
        await page.hear("callbacks")
        await rest(shown, "POST", f"{floor.path}/Activities", FriendlyName="Lunch")
        return await page.hear("events")

    assert [each["type"] for each in listen(act)] == ["activity.created"]


def test_a_silent_stream_shows_that_it_is_alive(listen, monkeypatch):
    monkeypatch.setattr(streams, "_SILENCE_S", 0.02)

    async def act(page):
        await page.hear("load")
        for _ in range(2):
            await page.hear(":")

    listen(act)


def test_a_page_that_does_not_read_is_let_go(listen, shown, monkeypatch):
    monkeypatch.setattr(streams, "_SEND_TIMEOUT_S", 0.05)

    async def act(page):
        await page.hear("events")
        page.may_take.clear()
        shown.clock.rate = 50
        async with asyncio.timeout(20):
            await page.task
        return len(shown.console.streams.open)

    assert listen(act) == 0


def test_a_page_that_leaves_and_a_server_that_ends_end_the_stream(listen, shown, floor):
    async def leaves(page):
        await page.hear("load")
        page.leave()
        async with asyncio.timeout(20):
            await page.task
        return len(shown.console.streams.open)

    async def ends(page):
        await page.hear("load")
        other = Listener(shown, floor.path)
        await other.hear("load")
        shown.console.stop()
        await other.hear("end")
        await page.hear("end")
        async with asyncio.timeout(20):
            await page.task
        return len(shown.console.streams.open)

    assert (listen(leaves), listen(ends)) == (0, 0)


def test_there_are_no_more_streams_than_a_server_bears(listen, shown, floor, monkeypatch):
    monkeypatch.setattr(streams, "MOST_STREAMS", 1)

    async def act(page):
        await page.hear("load")
        second = Listener(shown, floor.path)
        await second.task
        return second.head["status"]

    assert listen(act) == 503


def test_only_the_head_is_sent_where_only_that_is_asked_for(listen):
    async def act(page):
        await page.task
        return page.head["status"], page.rest()

    assert listen(act, method="HEAD") == (200, ["end"])


SECTIONS = st.dictionaries(st.sampled_from("abcd"), st.integers(0, 3), max_size=4)


@given(SECTIONS, SECTIONS)
def test_changes_turn_one_load_into_the_other(before, after):
    changes = changes_between({"now_ms": 1, "queues": before}, {"now_ms": 2, "queues": after})

    merged = before | changes.get("queues", {})
    assert {name: each for name, each in merged.items() if each is not None} == after
    assert (changes == {}) is (before == after)
