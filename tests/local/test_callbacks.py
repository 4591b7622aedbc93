"""The callbacks to an application, the effect of its answers, and the effect of a missing answer."""

import json
from typing import NamedTuple

import pytest
from twilio.request_validator import RequestValidator

from tests.local.conftest import ACCOUNT, Api, Floor
from tr_apply.errors import NetworkError
from tr_apply.local import open_app
from tr_apply.local.callbacks.deliveries import DeliveryPatience
from tr_apply.local.callbacks.hosts import Hosts
from tr_apply.local.http.app import Callbacks

ASSIGN = "http://localhost:9/assign"
FALLBACK = "http://127.0.0.1:9/fallback?x=1"
EVENTS = "http://[::1]:9/events#rc=3"


class Reply(NamedTuple):
    status: int = 200
    content_type: str = "application/json"
    body: bytes = b""


class Call(NamedTuple):
    url: str
    form: dict
    headers: dict
    timeout_s: float


def says(**instruction):
    return Reply(body=json.dumps(instruction).encode())


class Application:
    """Answers what a test has laid out for a URL, one answer after the other; the last one again and again."""

    def __init__(self):
        self.calls = []
        self.answers = {}
        self.while_called = lambda _call: None

    async def __call__(self, url, form, headers, *, timeout_s):
        self.calls.append(Call(url, dict(form), dict(headers), timeout_s))
        self.while_called(self.calls[-1])
        answers = self.answers.get(url, [Reply()])
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer

    def called(self, url):
        return [call.form for call in self.calls if call.url == url]


class World:
    """A floor whose workflow calls an application, and what the server said about that."""

    def __init__(self, runner, clock, hosts=(), **credentials):
        self.application, self.said = Application(), []
        callbacks = Callbacks(self.application, self.said.append, Hosts(hosts), DeliveryPatience((0, 0), queue_limit=3))
        app = open_app(":memory:", clock=clock, callbacks=callbacks, **credentials)
        self.api = Api(app, runner)
        self.floor = Floor.of(self.api, clock)
        self.workflow = f"{self.floor.path}/Workflows/{self.floor.workflow}"
        self._runner = runner

    def settle(self):
        self._runner.run(self.api.app.settled())

    def task(self, attributes=None, **form):
        task = self.floor.task(attributes, **form)
        self.settle()
        return task

    def answer(self, url, *replies):
        self.application.answers[url] = list(replies)


@pytest.fixture
def world(runner, clock):
    world = World(runner, clock)
    world.api.changed(world.workflow, AssignmentCallbackUrl=ASSIGN, FallbackAssignmentCallbackUrl=FALLBACK)
    yield world
    world.settle()
    world.api.close()


def test_a_reservation_is_called_about_with_the_documented_parameters(world):
    floor = world.floor
    world.api.changed(floor.alice, Attributes='{"contact_uri": "client:alice"}')
    task = world.task({"type": "lead"}, Priority="3")
    [call] = world.application.calls
    [reservation] = floor.reservations(task)

    assert (call.url, call.timeout_s) == (ASSIGN, 5)
    assert call.form == {
        "AccountSid": ACCOUNT,
        "ReservationSid": reservation.rpartition("/")[2],
        "TaskAge": "0",
        "TaskAttributes": '{"type":"lead"}',
        "TaskChannelSid": world.api.read(f"{floor.path}/TaskChannels/default")["sid"],
        "TaskChannelUniqueName": "default",
        "TaskPriority": "3",
        "TaskQueueSid": floor.queue,
        "TaskSid": task.rpartition("/")[2],
        "Timestamp": "1772366400",
        "WorkerActivityName": "Available",
        "WorkerActivitySid": floor.activities["Available"],
        "WorkerAttributes": '{"contact_uri":"client:alice"}',
        "WorkerName": "alice",
        "WorkerSid": floor.alice.rpartition("/")[2],
        "WorkflowSid": floor.workflow,
        "WorkspaceSid": floor.path.rpartition("/")[2],
    }


def test_a_call_is_signed_with_the_password_of_the_last_request(world):
    world.answer(ASSIGN, Reply(status=500))
    world.task()

    for call in world.application.calls:
        signature = call.headers["X-Twilio-Signature"]
        assert RequestValidator("secret").validate(call.url, call.form, signature)
        assert not RequestValidator("other").validate(call.url, call.form, signature)
    assert [call.url for call in world.application.calls] == [ASSIGN, FALLBACK]


def test_nobody_is_asked_to_check_a_signature_with_the_secret_of_an_api_key(world):
    world.floor.move(world.floor.alice, "Offline")
    task = world.task()
    sid = world.floor.activities["Available"]
    world.api.request("POST", f"/v1{world.floor.alice}", data={"ActivitySid": sid}, auth=("SK1", "key secret"))
    world.settle()

    assert world.floor.status(task) == "reserved"
    [call] = world.application.calls
    assert RequestValidator("secret").validate(call.url, call.form, call.headers["X-Twilio-Signature"])


def test_an_effect_of_time_before_the_first_request_is_called_about_unsigned(runner, clock, open_floor, tmp_path):
    floor = open_floor(tmp_path / "local.db")
    floor.api.changed(f"{floor.path}/Workflows/{floor.workflow}", AssignmentCallbackUrl=ASSIGN)
    floor.task()
    floor.worker("bob")
    floor.api.app.close()
    clock.pass_s(121)
    application = Application()
    app = open_app(tmp_path / "local.db", clock=clock, callbacks=Callbacks(application, print))

    async def catch_up():
        app.store.engines.let_happen()
        await app.settled()

    runner.run(catch_up())
    app.close()

    [call] = application.calls
    assert call.form["WorkerName"] == "bob"
    assert "X-Twilio-Signature" not in call.headers


@pytest.mark.parametrize(
    ("instruction", "task_status", "reservation_status", "activity"),
    [
        ({"instruction": "accept"}, "assigned", "accepted", "Available"),
        ({"instruction": "reject", "activity_sid": "Offline"}, "pending", "rejected", "Offline"),
        ({"instruction": "dequeue", "to": "+1", "from": "+2"}, "assigned", "accepted", "Available"),
        ({"instruction": "conference", "to": "+1"}, "assigned", "accepted", "Available"),
        ({"instruction": "Call", "to": "+1", "from": "+2", "url": "http://x"}, "reserved", "pending", "Available"),
        (
            {"instruction": "call", "to": "+1", "from": "+2", "url": "http://x", "accept": True},
            "assigned",
            "accepted",
            "Available",
        ),
        (
            {"instruction": "redirect", "call_sid": "CA1", "url": "http://x", "accept": "true"},
            "assigned",
            "accepted",
            "Available",
        ),
        ({}, "reserved", "pending", "Available"),
    ],
    ids=lambda value: value.get("instruction", "nothing") if isinstance(value, dict) else None,
)
def test_an_instruction_is_carried_out(world, instruction, task_status, reservation_status, activity):
    if "activity_sid" in instruction:
        instruction["activity_sid"] = world.floor.activities[instruction["activity_sid"]]
    world.answer(ASSIGN, says(**instruction))
    task = world.task({"call_sid": "CA1"})

    assert world.floor.status(task) == task_status
    assert world.api.items(f"{task}/Reservations")[0]["reservation_status"] == reservation_status
    assert world.api.read(world.floor.alice)["activity_name"] == activity
    assert world.said == []
    assert len(world.application.calls) == 1


def test_an_empty_answer_leaves_the_reservation_to_others(world):
    world.answer(ASSIGN, Reply(content_type=""))

    assert world.floor.status(world.task()) == "reserved"
    assert [call.url for call in world.application.calls] == [ASSIGN]


@pytest.mark.parametrize(
    ("reply", "complaint"),
    [
        (Reply(status=500), "it answered 500"),
        (Reply(status=302, body=b"{}"), "it answered 302"),
        (Reply(status=201, body=b'{"instruction": "reject"}'), "it answered 201"),
        (Reply(status=204, content_type=""), "it answered 204"),
        (Reply(content_type="text/html", body=b"{}"), "40000"),
        (Reply(content_type="", body=b"{}"), "40000"),
        (Reply(body=b"accept"), "40001"),
        (Reply(body=b"[]"), "40001"),
        (Reply(body=b"[" * 100_000), "40001"),
        (NetworkError("no answer within 5 s"), "no answer within 5 s"),
    ],
)
def test_the_fallback_is_called_when_an_answer_does_not_count(world, reply, complaint):
    world.answer(ASSIGN, reply)
    world.answer(FALLBACK, says(instruction="accept"))

    assert world.floor.status(world.task()) == "assigned"
    [said] = world.said
    assert complaint in said
    assert ASSIGN not in said


def test_when_the_fallback_fails_too_the_reservation_stays_pending_until_its_time_is_over(world, clock):
    world.answer(ASSIGN, Reply(status=500))
    world.answer(FALLBACK, NetworkError("no answer"))
    task = world.task()

    assert world.floor.status(task) == "reserved"
    assert len(world.said) == 2
    clock.pass_s(121)
    assert world.floor.status(task) == "pending"


@pytest.mark.parametrize(
    ("instruction", "complaint"),
    [
        ({"instruction": "dance"}, "55555"),
        ({"instruction": 5}, "55555"),
        ({"instruction": "call"}, "40110"),
        ({"instruction": "reject", "activity_sid": "WA1"}, "40100"),
    ],
)
def test_a_failed_instruction_is_reported(world, instruction, complaint):
    world.answer(ASSIGN, says(**instruction))

    assert world.floor.status(world.task()) == "reserved"
    assert complaint in world.said[0]


def test_an_answer_that_comes_too_late_is_reported(world):
    def cancel(call):
        session = world.api.app.store.engines
        with session.write() as writing:
            writing.engine(call.form["WorkspaceSid"]).cancel_task(call.form["TaskSid"], "hangup", writing.now_ms)

    world.application.while_called = cancel
    world.answer(ASSIGN, says(instruction="accept"))
    task = world.task()

    assert world.floor.status(task) == "canceled"
    assert "is canceled and cannot become accepted" in world.said[0]


def test_an_answer_after_the_end_of_the_workspace_is_reported(world):
    engines, path = world.api.app.store.engines, world.floor.path

    def delete(call):
        world.application.while_called = lambda _call: None
        with engines.write() as writing:
            writing.writer.delete("workspace", call.form["WorkspaceSid"])
            writing.drop(call.form["WorkspaceSid"])

    world.application.while_called = delete
    world.answer(ASSIGN, says(instruction="accept"))
    world.task()

    assert f"20404 There is no Workspace {path.rpartition('/')[2]} any more" in world.said[0]


def test_each_reserved_worker_is_called_about(world):
    world.floor.worker("bob")
    queue = world.floor.queue_of("Both", MaxReservedWorkers="2")
    workflow = world.floor.workflow_of("Race", [], queue, AssignmentCallbackUrl=ASSIGN)
    world.answer(ASSIGN, says(instruction="accept"))

    task = world.task(WorkflowSid=workflow)

    assert sorted(form["WorkerName"] for form in world.application.called(ASSIGN)) == ["alice", "bob"]
    statuses = [each["reservation_status"] for each in world.api.items(f"{task}/Reservations")]
    assert sorted(statuses) == ["accepted", "rescinded"]


def test_a_workflow_without_a_url_calls_nobody(world):
    world.api.changed(world.workflow, AssignmentCallbackUrl="", FallbackAssignmentCallbackUrl="")
    world.task()

    assert world.application.calls == []


@pytest.mark.parametrize(
    ("url", "host"), [("https://example.com/assign", "example.com"), ("http://127.0.0.1.nip.io/", "127.0.0.1.nip.io")]
)
def test_another_machine_is_not_called_and_that_is_reported_once(world, url, host):
    world.api.changed(world.workflow, AssignmentCallbackUrl=url)
    world.answer(FALLBACK, says(instruction="reject"), says(instruction="accept"))
    world.task()

    assert {call.url for call in world.application.calls} == {FALLBACK}
    assert world.said == [f"Assignment callback to {host} held back; --callback-allow {host} lets it through"]


@pytest.mark.parametrize("url", ["test", "/assign"])
def test_a_url_without_a_host_is_not_called(world, url):
    world.api.changed(world.workflow, AssignmentCallbackUrl=url, FallbackAssignmentCallbackUrl="")

    assert world.floor.status(world.task()) == "reserved"
    assert world.said == ["Assignment callback to nowhere held back, its URL has no host"]


@pytest.mark.parametrize("host", ["Example.COM", "example.com:8443", "https://example.com/assign", "example.com."])
def test_a_host_that_was_allowed_is_called(runner, clock, host):
    world = World(runner, clock, hosts=[host])
    url = "https://example.com:8443/assign"
    world.api.changed(world.workflow, AssignmentCallbackUrl=url)
    world.task()

    assert [call.url for call in world.application.calls] == [url]
    world.api.close()


def test_a_server_with_an_account_of_its_own_signs_with_its_token(runner, clock):
    world = World(runner, clock, account_sid=ACCOUNT, auth_token="secret")
    world.api.changed(world.workflow, AssignmentCallbackUrl=ASSIGN)
    world.task()

    [call] = world.application.calls
    assert RequestValidator("secret").validate(call.url, call.form, call.headers["X-Twilio-Signature"])
    world.api.close()


@pytest.mark.parametrize("host", ["2001:db8::1", "[2001:db8::1]", "[2001:DB8::1]:8080"])
def test_a_host_may_be_an_address(host):
    assert Hosts([host]).allow("http://[2001:db8::1]:9/")
    assert not Hosts([host]).allow("http://[2001:db8::2]:9/")


# Events


@pytest.fixture
def listening(world):
    world.api.changed(world.floor.path, EventCallbackUrl=EVENTS, EventsFilter="task.created, reservation.created")
    world.settle()
    world.application.calls.clear()
    return world


def test_events_that_were_asked_for_are_delivered_in_order(listening):
    url = EVENTS.partition("#")[0]
    tasks = [listening.task(TaskChannel=channel) for channel in ("chat", "sms")]

    delivered = listening.application.called(url)

    assert [(form["EventType"], form["TaskSid"]) for form in delivered] == [
        (event_type, task.rpartition("/")[2])
        for task in tasks
        for event_type in ("task.created", "reservation.created")
    ]
    assert {call.timeout_s for call in listening.application.calls if call.url == url} == {15}


def test_an_event_callback_has_the_fields_of_the_rest_resource(listening):
    listening.floor.move(listening.floor.alice, "Offline")
    task = listening.task({"type": "lead"})
    [form] = listening.application.called(EVENTS.partition("#")[0])
    [event] = listening.api.items(f"{listening.floor.path}/Events", EventType="task.created")

    assert form == {
        "AccountSid": ACCOUNT,
        "EventDescription": f"Task {task.rpartition('/')[2]} created",
        "EventType": "task.created",
        "OperatingUnitSid": "OU" + 32 * "0",
        "ResourceSid": task.rpartition("/")[2],
        "ResourceType": "task",
        "Sid": event["sid"],
        "TaskAge": "0",
        "TaskAssignmentStatus": "pending",
        "TaskAttributes": '{"type":"lead"}',
        "TaskChannelUniqueName": "default",
        "TaskChannelSid": listening.api.read(f"{listening.floor.path}/TaskChannels/default")["sid"],
        "TaskChannelName": "Default",
        "TaskChannelOptimizedRouting": "false",
        "TaskDateCreated": str(event["event_date_ms"] // 1000),
        "TaskIgnoreCapacity": "false",
        "TaskPriority": "0",
        "TaskVersion": "0",
        "TaskVirtualStartTime": str(event["event_date_ms"] // 1000),
        "TaskSid": task.rpartition("/")[2],
        "Timestamp": str(event["event_date_ms"] // 1000),
        "TimestampMs": str(event["event_date_ms"]),
        "WorkflowName": "Incoming",
        "WorkflowSid": listening.floor.workflow,
        "WorkspaceName": "Floor",
        "WorkspaceSid": listening.floor.path.rpartition("/")[2],
    }


def test_without_a_filter_all_events_are_delivered(listening):
    listening.api.changed(listening.floor.path, EventsFilter="")
    listening.api.made(f"{listening.floor.path}/Activities", FriendlyName="Lunch")
    listening.settle()

    types = [form["EventType"] for form in listening.application.called(EVENTS.partition("#")[0])]
    assert types == ["workspace.updated", "activity.created"]


def test_an_event_is_delivered_again_until_it_arrives_while_the_next_ones_wait(listening):
    url = EVENTS.partition("#")[0]
    listening.answer(url, Reply(status=500), NetworkError("no answer"), Reply(status=204, content_type=""))

    listening.task()

    types = [form["EventType"] for form in listening.application.called(url)]
    assert types == ["task.created"] * 3 + ["reservation.created"]
    assert listening.said == []


@pytest.mark.parametrize(
    ("reply", "complaint"), [(Reply(status=404), "it answered 404"), (NetworkError("nobody there"), "nobody there")]
)
def test_an_event_that_never_arrives_is_dropped_and_routing_does_not_wait(listening, reply, complaint):
    listening.answer(EVENTS.partition("#")[0], reply)
    task = listening.floor.task()
    assert listening.floor.status(task) == "reserved"
    listening.settle()

    assert len(listening.said) == 2
    assert complaint in listening.said[0]
    assert "task.created" in listening.said[0]


def test_a_receiver_that_is_too_slow_loses_the_oldest_events(listening):
    listening.api.changed(listening.floor.path, EventsFilter="")
    listening.settle()
    listening.application.calls.clear()
    listening.task()

    types = [form["EventType"] for form in listening.application.called(EVENTS.partition("#")[0])]
    assert types == ["workflow.target-matched", "task-queue.entered", "reservation.created"]
    assert len(listening.said) == 1
    assert "the oldest are lost" in listening.said[0]


def test_events_for_another_machine_are_held_back(listening):
    listening.api.changed(listening.floor.path, EventCallbackUrl="https://example.com/")
    listening.task()

    assert listening.application.called(EVENTS.partition("#")[0]) == []
    assert listening.said == ["Event callback to example.com held back; --callback-allow example.com lets it through"]


def test_the_end_of_a_workspace_is_sent(listening):
    listening.api.changed(listening.floor.path, EventsFilter="workspace.deleted")
    listening.api.delete(listening.floor.path)
    listening.settle()

    [form] = listening.application.called(EVENTS.partition("#")[0])
    assert form["EventType"] == "workspace.deleted"


def test_a_url_that_another_process_changed_counts(runner, clock, open_api, tmp_path):
    application = Application()
    app = open_app(tmp_path / "local.db", clock=clock, callbacks=Callbacks(application, print))
    floor = Floor(Api(app, runner))
    other = open_api(tmp_path / "local.db", clock=clock)

    other.changed(f"{floor.path}/Workflows/{floor.workflow}", AssignmentCallbackUrl=ASSIGN)
    floor.task()
    runner.run(app.settled())
    floor.api.close()

    assert [call.url for call in application.calls] == [ASSIGN]


def test_a_workspace_that_was_deleted_before_any_request_is_sent_to_nobody(world):
    other = Floor(world.api)
    world.api.app._dispatcher._book._known.clear()

    world.api.delete(other.path)
    world.settle()

    assert world.application.calls == []
