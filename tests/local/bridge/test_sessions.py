"""The sockets of workers' pages: which events come over them, in which order, and how they end."""

import asyncio
import json
import sys
from contextlib import contextmanager

import pytest

from tests.local.bridge.conftest import ACCOUNT
from tr_apply.local.bridge import sessions
from tr_apply.local.bridge.payloads import SeenWorker
from tr_apply.local.bridge.tokens import Grant


def test_the_first_message_says_whose_session_it_is_and_for_how_long(floor, page):
    alice = page(ttl_s=100)

    assert alice.sent[0] == {"type": "websocket.accept"}
    [init] = alice.events
    lifetime = init["payload"].pop("token_lifetime")
    assert init == {
        "event_type": "init",
        "payload": {"channel_id": page.sid(floor.alice), "account_sid": ACCOUNT, "workspace_sid": page.workspace_sid},
    }
    assert 90_000 < lifetime <= 100_000


def test_an_older_sdk_adds_the_account_and_the_worker_to_the_path(floor, page):
    assert page(at=f"/v1/wschannels/{ACCOUNT}/{page.sid(floor.alice)}").types == ["init"]


def test_a_reservation_is_sent_from_its_creation_to_its_end_in_order(floor, page):
    alice = page()

    task = floor.task({"language": "es"})
    reservation = floor.offered(task)
    floor.accept(task)
    floor.api.changed(task, AssignmentStatus="wrapping", Reason="nearly")
    floor.api.changed(task, AssignmentStatus="completed", Reason="done")
    page.wait()

    assert alice.types[1:] == [
        "reservation.created",
        "reservation.accepted",
        "task.wrapup",
        "reservation.wrapup",
        "task.completed",
        "reservation.completed",
        "task.updated",
    ]
    [created] = alice.payloads("reservation.created")
    rest = floor.api.read(f"{task}")
    assert {
        name: created[name]
        for name in (
            "sid",
            "task_sid",
            "worker_sid",
            "reservation_status",
            "reservation_timeout",
            "version",
            "worker_name",
        )
    } == {
        "sid": page.sid(reservation),
        "task_sid": page.sid(task),
        "worker_sid": page.sid(floor.alice),
        "reservation_status": "pending",
        "reservation_timeout": 120,
        "version": 0,
        "worker_name": "alice",
    }
    assert "task_transfer" not in created
    assert created["task"]["assignment_status"] == "reserved"
    assert created["task"]["queue_name"] == rest["task_queue_friendly_name"]
    assert created["task"]["workflow_name"] == rest["workflow_friendly_name"]
    assert json.loads(created["task"]["attributes"]) == {"language": "es"}
    [completed] = alice.payloads("task.completed")
    assert (completed["reason"], completed["workspace_sid"], completed["account_sid"]) == (
        "done",
        page.workspace_sid,
        ACCOUNT,
    )


def test_a_change_of_a_worker_is_sent_with_the_versions_of_the_api(floor, page):
    alice = page()

    floor.move(floor.alice, "Unavailable")
    floor.api.changed(floor.alice, Attributes='{"a": 1}')
    floor.api.changed(f"{floor.alice}/Channels/voice", Capacity=3, Available="false")
    page.wait()

    assert alice.types[1:] == [
        "worker.activity.update",
        "worker.attributes.update",
        "worker.capacity.update",
        "worker.channel.availability.update",
    ]
    [moved], [changed] = alice.payloads("worker.activity.update"), alice.payloads("worker.attributes.update")
    assert (moved["activity_name"], moved["available"], moved["friendly_name"]) == ("Unavailable", False, "alice")
    assert (changed["attributes"], changed["version"]) == ('{"a":1}', moved["version"] + 1)
    [channel] = alice.payloads("worker.capacity.update")
    rest = floor.api.read(f"{floor.alice}/Channels/voice")
    for name in ("sid", "configured_capacity", "assigned_tasks", "available_capacity_percentage", "task_channel_sid"):
        assert channel[name] == rest[name]
    assert (channel["available"], channel["last_reserved_time"]) == (0, None)
    assert floor.api.get(floor.alice).headers["etag"].strip('"') == str(changed["version"] + 1)


def test_a_channel_that_was_added_since_is_passed_over(floor, page):
    alice = page()

    floor.api.made(f"{floor.path}/TaskChannels", FriendlyName="Fax", UniqueName="fax")
    floor.api.changed(f"{floor.alice}/Channels/fax", Capacity=3)
    page.wait()

    assert alice.types == ["init"]


def test_events_reach_only_those_whom_they_concern(floor, page):
    bob = page(floor.worker("bob", activity="Offline"))
    alice, twin = page(), page()

    task = floor.task()
    floor.api.changed(task, Attributes='{"x": 1}')
    other = floor.task(RoutingTarget=page.sid(floor.alice), Timeout=1, IgnoreCapacity="false")
    floor.api.request("DELETE", f"/v1{task}")
    page.wait()

    assert (
        alice.types
        == twin.types
        == [
            "init",
            "reservation.created",
            "task.updated",
            "reservation.canceled",
            "reservation.created",
        ]
    )
    assert bob.types == ["init"]
    assert floor.status(other) == "reserved"


@contextmanager
def counted_work():
    """Counts the instructions of Python that are carried out, in any module; the only item of the list."""
    count = [0]

    def trace(frame, what, _):
        frame.f_trace_opcodes = True
        count[0] += what == "opcode"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        yield count
    finally:
        sys.settrace(before)


def test_a_task_is_the_same_work_however_many_sessions_are_open_that_it_does_not_concern(floor, page):
    first, *others = [floor.worker(f"worker {number}", activity="Offline") for number in range(201)]

    def work():
        """That of a task from its creation to its end: the least of some, as garbage is collected in others."""
        counts = []
        for _ in range(5):
            with counted_work() as count:
                task = floor.task({"language": "es"})
                floor.accept(task)
                floor.api.changed(task, AssignmentStatus="completed", Reason="done")
            counts.append(count[0])
            floor.api.request("DELETE", f"/v1{task}")
        return min(counts)

    without = work()
    pages = [page(first)]
    with_one = work()
    pages += [page(worker) for worker in others]

    assert abs(work() - with_one) < len(others)  # not one instruction for each of them
    assert 10_000 < with_one < without + 1_000  # somebody is there: the server looks for those whom an event concerns
    assert {tuple(each.types) for each in pages} == {("init",)}


def test_a_task_is_not_sent_to_a_worker_who_rejected_it_long_ago(floor, page, clock):
    alice = page()
    bob = floor.worker("bob", activity="Unavailable")
    task = floor.task()
    floor.move(bob, "Available")
    floor.move(floor.alice, "Unavailable", RejectPendingReservations="true")
    clock.pass_s(10)

    floor.api.changed(task, Attributes='{"x": 1}')
    page.wait()

    assert "reservation.rejected" in alice.types
    assert "task.updated" not in alice.types


def test_a_task_for_a_worker_whose_time_is_over_is_a_reservation_that_failed(floor, page, clock):
    floor.move(floor.alice, "Unavailable")
    alice = page()
    floor.task(RoutingTarget=page.sid(floor.alice), Timeout=5, IgnoreCapacity="false")

    clock.pass_s(6)
    floor.api.items(f"{floor.path}/Tasks")
    page.wait()

    [failed] = alice.payloads("reservation.failed")
    assert (failed["assignment_status"], failed["routing_target"]) == ("canceled", page.sid(floor.alice))


def test_the_worker_who_transfers_a_task_is_sent_its_result(floor, page, runner):
    bob = floor.worker("bob", activity="Unavailable")
    task = floor.task()
    floor.accept(task)
    floor.move(bob, "Available")
    alice, bobs = page(), page(bob)

    async def request(sid, path, **params):
        url = f"Workspaces/{page.workspace_sid}/Workers/{sid}/{path}"
        body = {"url": url, "method": "POST", "params": params, "token": {page.sid(bob): bobs}.get(sid, alice).token}
        return (await floor.api._client.post("/v1/wschannels", content=json.dumps(body))).json()["payload"]

    [reservation] = [page.sid(each) for each in floor.reservations(floor.alice)]
    to_bob = {"ReservationSid": reservation, "TaskSid": page.sid(task), "To": page.sid(bob)}
    made = runner.run(request(page.sid(floor.alice), "Transfers", **to_bob))
    page.wait()
    [offered] = bobs.payloads("reservation.created")
    runner.run(request(page.sid(bob), f"Reservations/{offered['sid']}", ReservationStatus="accepted"))
    page.wait()

    assert alice.types[1:] == ["task.transfer-initiated", "task.updated", "task.transfer-completed", "task.updated"]
    assert bobs.types[1:] == ["task.updated", "reservation.created", "reservation.accepted", "task.updated"]
    assert alice.payloads("task.transfer-initiated") == [made]
    assert offered["task_transfer"] == made
    [accepted] = bobs.payloads("reservation.accepted")
    assert accepted["task_transfer"]["transfer_status"] == "complete"


def test_a_task_that_is_gone_concerns_nobody(floor, page):
    alice = page()

    async def at_once():
        client, path = floor.api._client, f"/v1{floor.task_of_nobody}"
        await asyncio.gather(client.post(path, data={"Attributes": '{"x": 1}'}), client.request("DELETE", path))

    floor.move(floor.alice, "Unavailable")
    floor.task_of_nobody = floor.task()
    floor.api._runner.run(at_once())
    page.wait()

    assert alice.types == ["init", "worker.activity.update"]


def test_a_socket_that_breaks_ends_its_session_and_a_failure_is_raised(page, runner):
    gone, broken = page(), page()
    for each, error in ((gone, OSError("gone")), (broken, ZeroDivisionError("a bug"))):
        each.breaks = error

    page.wait(16)

    runner.run(gone.done())
    assert gone.closed is None
    with pytest.raises(ZeroDivisionError):
        runner.run(broken.done())


def test_a_refused_or_undone_change_is_not_sent(floor, page):
    alice = page()
    task = floor.task()

    assert floor.api.post(task, AssignmentStatus="completed").status_code == 400
    page.wait()

    assert alice.types == ["init", "reservation.created"]


def test_a_page_hears_something_every_15_seconds(page):
    alice = page()

    page.wait(46)

    assert [message["text"] for message in alice.sent[2:]] == [" ", " ", " "]


def test_with_its_token_a_session_expires(page, runner):
    alice = page(ttl_s=40)

    runner.run(alice.done())

    assert alice.closed == (1008, "The access token has expired")


def test_a_message_of_a_page_is_ignored(page, runner):
    alice = page()

    runner.run(alice.say("anything"))

    assert alice.is_open
    page.leave(alice)


def test_another_session_closes_those_of_the_same_worker_alone_on_request(floor, page, runner):
    bob, first, second = page(floor.worker("bob")), page(), page()

    page(closeExistingSessions="true")
    runner.run(first.done())
    runner.run(second.done())

    assert first.closed == second.closed == (1000, "The worker opened another session")
    assert bob.is_open


def test_a_page_that_comes_back_after_another_one_closed_it_closes_nobody(page, runner):
    first = page(closeExistingSessions="true")
    second = page(closeExistingSessions="true", ttl_s=100)
    runner.run(first.done())

    page.wait(1)
    back = page(closeExistingSessions="true", token=first.token)
    page.wait()

    assert back.is_open
    assert second.is_open
    page.leave(back)
    page.leave(second)


@pytest.mark.parametrize("earlier", ["in time", "too late"])
def test_a_page_comes_back_once_and_soon_or_it_is_another_page(page, runner, earlier):
    first = page(closeExistingSessions="true")
    second = page(closeExistingSessions="true", ttl_s=100)
    runner.run(first.done())
    if earlier == "in time":
        page.leave(page(token=first.token))
    else:
        page.wait(sessions.BACK_WITHIN_S + 1)

    page(closeExistingSessions="true", token=first.token)
    runner.run(second.done())

    assert second.closed == (1000, "The worker opened another session")


def test_a_page_that_does_not_read_is_disconnected_and_slows_nobody(floor, page, runner, monkeypatch):
    monkeypatch.setattr(sessions, "MOST_WAITING", 10)
    stuck, alice = page(reads=False), page()

    for number in range(12):
        floor.api.changed(floor.alice, Attributes=json.dumps({"n": number}))
    page.wait(0.2)
    runner.run(stuck.done())

    assert stuck.aborted
    assert alice.types.count("worker.attributes.update") == 12


def test_the_messages_waiting_for_a_page_are_limited_in_bytes_as_well(floor, page, runner, monkeypatch):
    monkeypatch.setattr(sessions, "MOST_WAITING_BYTES", 5000)
    stuck = page(reads=False)

    for number in range(4):
        floor.api.changed(floor.alice, Attributes=json.dumps({"n": number, "much": "x" * 2000}))
    runner.run(stuck.done())

    assert stuck.aborted


def test_a_page_may_have_too_much_before_it_is_there():
    async def too_much():
        session = sessions.PageSession(
            "token",
            Grant("AC", "WS", "WK", "worker", 9.0),
            SeenWorker({}, {}),
            sessions.AnswersAhead(),
            goes_offline=False,
        )
        session.put("big", {"text": "x" * sessions.MOST_WAITING_BYTES})
        return await session.message()

    assert asyncio.run(too_much()) == (1013, "The page does not read its events")


def test_a_page_that_reads_too_late_is_sent_the_reason_of_its_disconnection(floor, page, runner, monkeypatch):
    monkeypatch.setattr(sessions, "MOST_WAITING", 1)
    alice = page()

    async def two_at_once():
        form = {"RejectPendingReservations": "false"}
        await asyncio.gather(
            *(
                floor.api._client.post(f"/v1{floor.alice}", data={**form, "Attributes": json.dumps({"n": n})})
                for n in range(4)
            )
        )

    runner.run(two_at_once())
    runner.run(alice.done())

    assert alice.closed == (1013, "The page does not read its events")


@pytest.mark.parametrize(
    ("activities", "goes_to"),
    [
        ({}, "Offline"),
        ({"Offline": "Gone"}, "Gone"),
    ],
)
def test_a_worker_goes_offline_with_the_last_session_on_request(floor, page, activities, goes_to):
    for name, new in activities.items():
        floor.api.changed(f"{floor.path}/Activities/{floor.activities[name]}", FriendlyName=new)
    first, second = page(setWorkerOfflineIfDisconnected="true"), page(setWorkerOfflineIfDisconnected="true")

    page.leave(first)
    assert floor.api.read(floor.alice)["activity_name"] == "Available"
    page.leave(second)
    assert floor.api.read(floor.alice)["activity_name"] == goes_to


def test_a_worker_whose_server_stops_is_not_gone(floor, page):
    page.leave(page(setWorkerOfflineIfDisconnected="true"), code=1012)

    assert floor.api.read(floor.alice)["activity_name"] == "Available"


def test_a_worker_stays_where_there_is_no_activity_to_go_to(floor, page):
    floor.api.changed(floor.path, DefaultActivitySid=floor.activities["Available"])
    floor.api.changed(f"{floor.path}/Activities/{floor.activities['Offline']}", FriendlyName="Gone")

    page.leave(page(setWorkerOfflineIfDisconnected="true"))

    assert floor.api.read(floor.alice)["activity_name"] == "Available"


def test_a_worker_who_was_deleted_since_then_goes_nowhere(floor, page):
    alice = page(setWorkerOfflineIfDisconnected="true")
    floor.move(floor.alice, "Offline")
    floor.api.delete(floor.alice)

    page.leave(alice)


@pytest.mark.parametrize(
    ("workspace", "options", "then"),
    [
        ("Floor", {}, "Available"),
        ("Flex Task Assignment", {}, "Offline"),  # the SDK's own WorkerPresence.js
        ("Flex Task Assignment", {"setWorkerOfflineIfDisconnected": "false"}, "Available"),
    ],
)
def test_a_worker_stays_present_in_all_workspaces_but_that_of_flex_unless_the_page_says_otherwise(
    floor, page, workspace, options, then
):
    floor.api.changed(floor.path, FriendlyName=workspace)

    page.leave(page(**options))

    assert floor.api.read(floor.alice)["activity_name"] == then


@pytest.mark.parametrize(
    ("options", "status"),
    [
        ({"token": "nonsense"}, 401),
        ({"ttl_s": -1}, 401),
        ({"worker": None, "role": "admin"}, 403),
        ({"worker": "/WK" + "0" * 32}, 404),
    ],
    ids=str,
)
def test_a_page_without_a_valid_token_is_refused_before_there_is_a_session(page, options, status):
    refused = page(**options)

    assert (refused.answered, refused.events, refused.is_open) == (status, [], False)


def test_a_server_that_cannot_send_an_answer_closes_the_socket(page):
    refused = page(token="nonsense", extensions=())

    assert refused.sent == [
        {"type": "websocket.close", "code": 1008, "reason": "The access token is not a JSON Web Token"}
    ]


def test_there_is_a_limit_to_sessions(page, monkeypatch):
    monkeypatch.setattr(sessions, "MOST", 1)
    first = page()

    assert page().answered == 503
    page.leave(first)
    assert page().types == ["init"]


def test_another_websocket_than_the_bridges_is_refused(page):
    other = page(at="/v1/Workspaces")

    assert other.sent[0]["type"] == "websocket.close"
