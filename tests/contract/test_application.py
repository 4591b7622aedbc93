"""A whole application on the embedded TaskRouter, written with Twilio's own helper library and called over HTTP.

Except for the base URL it does not know that this is not Twilio. Time is simulated: it passes when a test says so.
"""

import json

import httpx
import pytest
from twilio.base.exceptions import TwilioRestException
from twilio.rest import Client

from tests.contract.application import Application
from tests.contract.conftest import ACCOUNT, ElsewhereHttpClient, serving
from tr_apply.local import open_app
from tr_apply.local.http.app import Callbacks
from tr_apply.local.storage.clock import wall_clock
from tr_apply.transport.callback import Caller

TOKEN = "0123456789abcdef"


class Time:
    """Begins now, and stops between two steps of a test."""

    def __init__(self):
        self.now_ms = wall_clock()

    def pass_s(self, seconds):
        self.now_ms += seconds * 1000


class Center:
    """A support center as its application sets it up: Gold and Spanish first, then everyone."""

    def __init__(self, workspaces, application, server, time):
        self.application, self.server, self.time = application, server, time
        made = workspaces.create(friendly_name="Support Center", event_callback_url=f"{application.url}/events")
        self.workspace = workspaces(made.sid)
        self.activities = {each.friendly_name: each.sid for each in self.workspace.activities.list()}
        self.gold = self.queue("Gold", "level > 2", max_reserved_workers=2)
        self.spanish = self.queue("Spanish", "languages HAS 'es'")
        self.everyone = self.queue("Everyone", "1==1")
        self.workflow = self.workflow_of(
            [
                self.route("value == 'Gold'", {"queue": self.gold, "timeout": 60, "priority": 10}),
                self.route("language == 'es'", {"queue": self.spanish, "timeout": 30}),
            ]
        )

    def queue(self, name, target_workers, **more):
        return self.workspace.task_queues.create(friendly_name=name, target_workers=target_workers, **more).sid

    def route(self, expression, *targets):
        return {"expression": expression, "targets": [*targets, {"queue": self.everyone}]}

    def workflow_of(self, filters):
        return self.workspace.workflows.create(
            friendly_name="Incoming",
            assignment_callback_url=f"{self.application.url}/assignment",
            fallback_assignment_callback_url=f"{self.application.url}/fallback",
            task_reservation_timeout=20,
            configuration=json.dumps(
                {"task_routing": {"filters": filters, "default_filter": {"queue": self.everyone}}}
            ),
        ).sid

    def worker(self, name, activity="Offline", **attributes):
        made = self.workspace.workers.create(
            friendly_name=name, attributes=json.dumps(attributes), activity_sid=self.activities[activity]
        )
        return self.workspace.workers(made.sid)

    def task(self, attributes=None, **more):
        made = self.workspace.tasks.create(attributes=json.dumps(attributes or {}), workflow_sid=self.workflow, **more)
        self.settle()
        return self.workspace.tasks(made.sid)

    def move(self, worker, activity):
        worker.update(activity_sid=self.activities[activity])
        self.settle()

    def settle(self):
        """Until every callback has been answered, and done what it says."""
        self.server.do(self.server.config.app.settled())

    def offer(self):
        """The next call that arrived."""
        return self.application.offers.get_nowait()[1]


@pytest.fixture(scope="module")
def application():
    application = Application(TOKEN)
    yield application
    application.stop()


@pytest.fixture(scope="module")
def time():
    return Time()


@pytest.fixture(scope="module")
def said():
    return []


@pytest.fixture(scope="module")
def served(time, said):
    caller = Caller()
    app = open_app(":memory:", clock=lambda: time.now_ms, callbacks=Callbacks(caller, said.append))
    with serving(app) as (server, url):
        http_client = ElsewhereHttpClient(url)
        yield server, Client(ACCOUNT, TOKEN, http_client=http_client)
        http_client.session.close()
        server.do(caller.close())


@pytest.fixture
def center(served, application, time, said):
    server, client = served
    application.instructions.clear()
    center = Center(client.taskrouter.v1.workspaces, application, server, time)
    center.settle()
    application.event_types()
    yield center
    center.workspace.delete()
    center.settle()
    application.event_types()
    application.offers.queue.clear()
    assert said == []


def statuses(task):
    return [each.reservation_status for each in task.reservations.list()]


def test_the_callback_accepts_for_a_worker_who_goes_available(center):
    center.application.instructions["alice"] = {"instruction": "accept"}
    alice = center.worker("alice")
    task = center.task({"type": "lead"})
    assert task.fetch().assignment_status == "pending"
    assert center.application.offers.empty()

    center.move(alice, "Available")

    offer = center.offer()
    assert (offer["TaskSid"], offer["WorkerName"], offer["TaskAttributes"]) == (
        task._solution["sid"],
        "alice",
        '{"type":"lead"}',
    )
    assert statuses(task) == ["accepted"]
    assert task.fetch().assignment_status == "assigned"
    done = task.update(assignment_status="completed", reason="sold")
    assert (done.assignment_status, done.reason) == ("completed", "sold")
    assert statuses(task) == ["completed"]
    center.settle()
    assert center.application.event_types() == [
        "worker.created",
        *("task.created", "workflow.entered", "workflow.target-matched", "task-queue.entered"),
        *("worker.activity.update", "reservation.created", "reservation.accepted"),
        *("task.completed", "reservation.completed", "task.updated"),
    ]
    told = [each.event_type for each in center.workspace.events.list(task_sid=task._solution["sid"])]
    assert told == [
        *("task.created", "workflow.entered", "workflow.target-matched", "task-queue.entered"),
        *("reservation.created", "reservation.accepted", "task.completed", "reservation.completed", "task.updated"),
    ]


@pytest.mark.parametrize("family", ["task", "worker"])
def test_a_worker_accepts_wraps_up_and_completes_by_rest(center, family):
    alice = center.worker("alice", "Available")
    task = center.task()
    offer = center.offer()
    owner = task if family == "task" else alice
    reservation = owner.reservations(offer["ReservationSid"])

    assert reservation.fetch().reservation_status == "pending"
    assert reservation.update(reservation_status="accepted").reservation_status == "accepted"
    assert task.update(assignment_status="wrapping", reason="notes").assignment_status == "wrapping"
    assert reservation.update(reservation_status="completed").reservation_status == "completed"
    assert task.fetch().assignment_status == "completed"


def test_a_worker_rejects_by_rest_and_the_next_is_asked(center):
    alice = center.worker("alice", "Available")
    task = center.task()
    reservation = task.reservations(center.offer()["ReservationSid"])
    bob = center.worker("bob", "Available")

    rejected = reservation.update(reservation_status="rejected", worker_activity_sid=center.activities["Unavailable"])
    center.settle()

    assert rejected.reservation_status == "rejected"
    assert alice.fetch().activity_name == "Unavailable"
    assert center.offer()["WorkerName"] == "bob"
    assert [each.worker_sid for each in task.reservations.list(reservation_status="pending")] == [bob.fetch().sid]


def test_the_callback_rejects(center):
    center.application.instructions["alice"] = {
        "instruction": "reject",
        "activity_sid": center.activities["Offline"],
    }
    alice = center.worker("alice", "Available")
    task = center.task()

    assert (statuses(task), task.fetch().assignment_status) == (["rejected"], "pending")
    assert alice.fetch().activity_name == "Offline"


def test_nobody_answers(center):
    alice = center.worker("alice", "Available")
    task = center.task()
    center.time.pass_s(21)

    assert (statuses(task), task.fetch().assignment_status) == (["timeout"], "pending")
    assert (alice.fetch().activity_name, alice.fetch().available) == ("Offline", False)


def test_the_higher_priority_goes_first(center):
    alice = center.worker("alice", level=3)
    low, high = center.task(), center.task({"value": "Gold"})
    assert [each.sid for each in center.workspace.tasks.list(ordering="Priority:desc")] == [
        high.fetch().sid,
        low.fetch().sid,
    ]

    center.move(alice, "Available")

    assert (high.fetch().assignment_status, low.fetch().assignment_status) == ("reserved", "pending")
    assert high.fetch().priority == 10


def test_a_skill_is_required_until_the_timeout(center):
    center.worker("alice", "Available", languages=["en"])
    task = center.task({"language": "es"})
    assert (task.fetch().task_queue_friendly_name, task.fetch().assignment_status) == ("Spanish", "pending")
    center.time.pass_s(31)

    assert (task.fetch().task_queue_friendly_name, task.fetch().assignment_status) == ("Everyone", "reserved")


def test_a_skill_finds_who_has_it(center):
    center.worker("alice", "Available", languages=["en"])
    maria = center.worker("maria", "Available", languages=["en", "es"])
    task = center.task({"language": "es"})

    [reservation] = task.reservations.list()
    assert (reservation.worker_name, reservation.worker_sid) == ("maria", maria.fetch().sid)


def test_of_two_reserved_workers_one_is_rescinded(center):
    for name in ("alice", "bob"):
        center.worker(name, "Available", level=3)
    task = center.task({"value": "Gold"})
    first, second = (task.reservations(center.offer()["ReservationSid"]) for _ in range(2))

    first.update(reservation_status="accepted")

    assert second.fetch().reservation_status == "rescinded"
    with pytest.raises(TwilioRestException) as refusal:
        second.update(reservation_status="accepted")
    assert refusal.value.status == 410


def test_three_chats_at_a_time(center):
    alice = center.worker("alice", "Available")
    alice.worker_channels("chat").update(capacity=3)
    tasks = [center.task(task_channel="chat") for _ in range(4)]

    assert [task.fetch().assignment_status for task in tasks] == ["reserved"] * 3 + ["pending"]
    tasks[0].reservations(center.offer()["ReservationSid"]).update(instruction="accept")
    channel = alice.worker_channels("chat").fetch()
    assert (channel.assigned_tasks, channel.available_capacity_percentage) == (1, 0)
    tasks[0].update(assignment_status="completed", reason="done")
    assert tasks[3].fetch().assignment_status == "reserved"


def test_a_caller_hangs_up_while_a_worker_is_asked(center):
    center.worker("alice", "Available")
    task = center.task()
    center.application.event_types()

    task.update(assignment_status="canceled", reason="hangup")
    center.settle()

    assert statuses(task) == ["canceled"]
    assert center.application.event_types() == ["task.canceled", "reservation.canceled"]
    center.time.pass_s(301)
    with pytest.raises(TwilioRestException) as refusal:
        task.fetch()
    assert (refusal.value.status, refusal.value.code) == (404, 20404)


def test_impossible_requests_are_refused_as_by_twilio(center):
    task = center.task()

    for change in ({"assignment_status": "completed", "reason": "x"}, {"assignment_status": "wrapping"}):
        with pytest.raises(TwilioRestException) as refusal:
            task.update(**change)
        assert (refusal.value.status, refusal.value.code) == (400, 20001)
    with pytest.raises(TwilioRestException) as refusal:
        task.update(if_match="99", attributes="{}")
    assert (refusal.value.status, refusal.value.code) == (412, 20412)
    assert task.delete() is True


def test_statistics_and_events_afterwards(center):
    alice = center.worker("alice", "Available")
    done, waiting = center.task(), center.task()
    center.time.pass_s(5)
    done.reservations(center.offer()["ReservationSid"]).update(reservation_status="accepted")
    done.update(assignment_status="completed", reason="x")

    now = center.workspace.task_queues(center.everyone).real_time_statistics().fetch()
    past = center.workspace.workflows(center.workflow).cumulative_statistics().fetch()
    assert (now.total_tasks, now.tasks_by_status["reserved"], now.total_available_workers) == (1, 1, 1)
    assert (past.tasks_entered, past.tasks_completed, past.reservations_accepted) == (2, 1, 1)
    assert past.wait_duration_until_accepted["avg"] == 5
    events = center.workspace.events.list(worker_sid=alice.fetch().sid, event_type="reservation.created")
    assert [each.event_data["task_sid"] for each in events] == [each.fetch().sid for each in (done, waiting)]
    [first, *_] = center.workspace.events.list(limit=1)
    assert center.workspace.events(first.sid).fetch().event_type == first.event_type


def test_documents_of_old_helper_libraries(served, center):
    filters = [
        {
            "friendlyName": "old",
            "expression": "language == 'es'",
            "targets": [{"task_queue_sid": center.spanish, "priority": "5", "timeout": "30"}],
        }
    ]
    configuration = {"task_routing": {"filters": filters, "default_filter": {"task_queue_sid": center.everyone}}}
    center.workspace.workflows(center.workflow).update(configuration=json.dumps(configuration))
    spanish, other = center.task({"language": "es"}), center.task()

    assert (spanish.fetch().task_queue_friendly_name, spanish.fetch().priority) == ("Spanish", 5)
    assert other.fetch().task_queue_friendly_name == "Everyone"
    workspaces = served[1].taskrouter.v1.workspaces
    fifo = workspaces(workspaces.create(friendly_name="FIFO", template="FIFO").sid)
    task = fifo.tasks.create()
    assert (task.task_queue_friendly_name, task.workflow_friendly_name) == ("Sample Queue", "Default Fifo Workflow")
    fifo.delete()


def test_a_forged_callback_is_not_believed(center):
    """The check of signatures that the other tests rely on does check."""
    form = {"WorkerName": "mallory"}

    answer = httpx.post(f"{center.application.url}/assignment", data=form, trust_env=False, verify=False)

    assert answer.status_code == 403
    assert center.application.offers.empty()
