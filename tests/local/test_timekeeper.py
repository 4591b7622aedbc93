"""The background of a server: due changes happen in time, and old rows are removed."""

import asyncio
from contextlib import asynccontextmanager, suppress

import httpx
import pytest

from tests.local.conftest import ACCOUNT, AUTH
from tr_apply.local import open_app
from tr_apply.local.http.app import Callbacks
from tr_apply.local.storage.clock import SteeredClock, moment_of, wall_clock
from tr_apply.local.storage.refusals import UnavailableError

URL = "http://localhost:9/"


class Reply:
    status, content_type, body = 204, "", b""


class World:
    """An application that runs, a client of it, and a queue of its callbacks."""

    def __init__(self, app, client):
        self.app, self.client, self.calls = app, client, asyncio.Queue()

    async def __call__(self, _url, form, _headers, *, timeout_s):
        assert timeout_s > 0
        self.calls.put_nowait(form)
        return Reply

    async def post(self, path, **form):
        answer = await self.client.post(path, data=form)
        assert answer.status_code in {200, 201}, answer.text
        return answer.json()

    async def floor(self, **workspace):
        path = f"/Workspaces/{(await self.post('/Workspaces', FriendlyName='x', Template='FIFO'))['sid']}"
        if workspace:
            await self.post(path, **workspace)
        activities = (await self.client.get(f"{path}/Activities")).json()["activities"]
        await self.post(f"{path}/Workers", FriendlyName="alice", ActivitySid=activities[1]["sid"])
        return path


@asynccontextmanager
async def running(path, clock):
    world = World(None, None)
    world.app = open_app(path, clock=clock, callbacks=Callbacks(world, print))
    task = asyncio.create_task(world.app.run())
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(world.app), base_url="http://x/v1", auth=AUTH
    ) as world.client:
        yield world
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
    world.app.close()


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    """Writes of another process, or a clock set forward, are noticed immediately."""
    monkeypatch.setattr("tr_apply.local.store.timekeeper.LONGEST_PAUSE_S", 0.005)


def test_due_changes_happen_without_a_request(runner, clock, tmp_path):
    async def scenario():
        async with asyncio.timeout(20), running(tmp_path / "local.db", clock) as world:
            path = await world.floor(EventCallbackUrl=URL, EventsFilter="reservation.timeout")
            task = await world.post(f"{path}/Tasks")
            clock.pass_s(121)
            return task, await world.calls.get()

    task, told = runner.run(scenario())

    assert (told["EventType"], told["TaskSid"], told["AccountSid"]) == ("reservation.timeout", task["sid"], ACCOUNT)


def test_due_changes_happen_without_callbacks_too(runner, clock, tmp_path):
    async def scenario():
        world = World(open_app(tmp_path / "local.db", clock=clock), None)
        async with (
            asyncio.timeout(20),
            httpx.AsyncClient(
                transport=httpx.ASGITransport(world.app), base_url="http://x/v1", auth=AUTH
            ) as world.client,
        ):
            path = await world.floor()
            await world.post(f"{path}/Tasks")
            clock.pass_s(121)
            running = asyncio.create_task(world.app.run())
            count = 0
            while not count:
                await asyncio.sleep(0)
                with world.app.store.engines.read() as reader:
                    count = reader.value("SELECT count(*) FROM event WHERE type = 'reservation.timeout'")
            running.cancel()
            with suppress(asyncio.CancelledError):
                await running
        world.app.close()
        return running.cancelled()

    assert runner.run(scenario())


def test_it_wakes_up_for_a_change_that_is_due_earlier_than_all_before(runner, tmp_path, monkeypatch):
    monkeypatch.setattr("tr_apply.local.store.timekeeper.LONGEST_PAUSE_S", 1_000)

    async def scenario():
        async with asyncio.timeout(20), running(tmp_path / "local.db", wall_clock) as world:
            path = await world.floor(EventCallbackUrl=URL, EventsFilter="task.canceled")
            await world.post(f"{path}/Tasks")
            task = await world.post(f"{path}/Tasks", Timeout="1")
            return task, await world.calls.get()

    task, told = runner.run(scenario())

    assert (told["TaskSid"], told["TaskCanceledReason"]) == (task["sid"], "Task TTL Exceeded")


def test_tasks_that_another_process_made_are_looked_after_too(runner, clock, tmp_path):
    async def scenario():
        async with asyncio.timeout(20), running(tmp_path / "local.db", clock) as world:
            path = await world.floor(EventCallbackUrl=URL, EventsFilter="reservation.timeout")
            other = open_app(tmp_path / "local.db", clock=clock)
            async with httpx.AsyncClient(
                transport=httpx.ASGITransport(other), base_url="http://x/v1", auth=AUTH
            ) as client:
                task = (await client.post(f"{path}/Tasks")).json()
            other.close()
            clock.pass_s(121)
            return task, await world.calls.get()

    task, told = runner.run(scenario())

    assert told["TaskSid"] == task["sid"]


def test_old_events_are_forgotten(runner, clock, tmp_path):
    async def scenario():
        async with asyncio.timeout(20), running(tmp_path / "local.db", clock) as world:
            await world.floor()
            clock.pass_s(31 * 24 * 60 * 60)
            count = None
            while count != 0:
                await asyncio.sleep(0)
                with world.app.store.engines.read() as reader:
                    count = reader.value("SELECT count(*) FROM event")

    runner.run(scenario())


def test_a_file_that_another_process_is_writing_is_waited_for(runner, clock, tmp_path, monkeypatch):
    async def scenario():
        async with asyncio.timeout(20), running(tmp_path / "local.db", clock) as world:
            path = await world.floor(EventCallbackUrl=URL, EventsFilter="reservation.timeout")
            await world.post(f"{path}/Tasks")
            locked = iter([True, True, False])
            catch_up = world.app.store.engines.catch_up

            def catch_up_later(workspace_sid):
                if next(locked, False):
                    raise UnavailableError
                catch_up(workspace_sid)

            monkeypatch.setattr(world.app.store.engines, "catch_up", catch_up_later)
            clock.pass_s(121)
            return await world.calls.get()

    assert runner.run(scenario())["EventType"] == "reservation.timeout"


def test_callbacks_under_way_end_with_it(runner, clock, tmp_path):
    async def scenario():
        async with asyncio.timeout(20), running(tmp_path / "local.db", clock) as world:
            called = asyncio.Event()

            async def never(*_, **__):
                called.set()
                await asyncio.Event().wait()

            world.app._dispatcher._sender._post = never
            path = await world.floor(EventCallbackUrl=URL)
            await world.post(f"{path}/Tasks")
            await called.wait()

    runner.run(scenario())


def test_a_fast_clock_begins_now_and_goes_faster():
    began = wall_clock()
    clock = SteeredClock(1_000_000)

    first = clock()
    while clock() - first < 60_000:  # a minute of its time takes next to none of ours
        pass

    assert first >= began


def test_a_clock_that_nobody_steers_is_the_one_on_the_wall(monkeypatch):
    clock = SteeredClock()
    monkeypatch.setattr("tr_apply.local.storage.clock.time.time_ns", lambda: 7_000_000)
    assert clock() == 7

    clock.go(1_000, 0)
    assert (clock(), clock.rate) == (1_000, 0)
    clock.reset()
    assert (clock(), clock.rate) == (7, 1)


@pytest.mark.parametrize("text", ["2026-03-01T13:00:00+01:00", "2026-03-01T12:00:00", "2026-03-01T12:00:00Z"])
def test_a_moment_without_a_zone_is_in_utc(text):
    assert moment_of(text) == 1772366400000
