"""Twilio's own helper library against the embedded TaskRouter; only the base URL is another."""

import json

import pytest
from twilio.base.exceptions import TwilioException, TwilioRestException
from twilio.rest import Client

from tests.contract.conftest import ACCOUNT, ElsewhereHttpClient


@pytest.fixture(scope="module")
def twilio(base_url):
    http_client = ElsewhereHttpClient(base_url)
    yield Client(ACCOUNT, "secret", http_client=http_client)
    http_client.session.close()


@pytest.fixture
def workspace(twilio):
    context = twilio.taskrouter.v1.workspaces(twilio.taskrouter.v1.workspaces.create(friendly_name="Library").sid)
    yield context
    context.delete()


def routed_to(queue_sid):
    return json.dumps({"task_routing": {"filters": [], "default_filter": {"queue": queue_sid}}})


def test_workspaces(twilio):
    workspaces = twilio.taskrouter.v1.workspaces
    made = workspaces.create(friendly_name="Support", template="FIFO", multi_task_enabled=True, events_filter="a,b")

    found = workspaces(made.sid).fetch()
    changed = workspaces(made.sid).update(event_callback_url="https://example.com", prioritize_queue_order="LIFO")

    assert (found.friendly_name, found.account_sid, found.events_filter) == ("Support", ACCOUNT, "a,b")
    assert (changed.event_callback_url, changed.prioritize_queue_order) == ("https://example.com", "LIFO")
    assert made.sid in [each.sid for each in workspaces.list(friendly_name="support")]
    assert workspaces(made.sid).delete() is True
    assert made.sid not in [each.sid for each in workspaces.list()]


def test_activities(workspace):
    made = workspace.activities.create(friendly_name="Lunch", available=False)

    assert workspace.activities(made.sid).fetch().available is False
    assert workspace.activities(made.sid).update(friendly_name="Break").friendly_name == "Break"
    assert [each.friendly_name for each in workspace.activities.list(available="true")] == ["Available"]
    assert workspace.activities(made.sid).delete() is True


def test_task_channels(workspace):
    made = workspace.task_channels.create(friendly_name="Fax", unique_name="fax", channel_optimized_routing=True)

    assert workspace.task_channels("fax").fetch().sid == made.sid
    assert workspace.task_channels(made.sid).update(friendly_name="Telefax").friendly_name == "Telefax"
    assert made.channel_optimized_routing is True
    assert len(workspace.task_channels.list()) == 6
    assert workspace.task_channels("fax").delete() is True


def test_task_queues(workspace):
    made = workspace.task_queues.create(
        friendly_name="Spanish", target_workers="languages HAS 'es'", max_reserved_workers=5, task_order="LIFO"
    )

    changed = workspace.task_queues(made.sid).update(target_workers="1==1")

    assert (made.max_reserved_workers, made.task_order) == (5, "LIFO")
    assert changed.target_workers == "1==1"
    assert [each.sid for each in workspace.task_queues.list(evaluate_worker_attributes="{}")] == [made.sid]
    assert workspace.task_queues(made.sid).delete() is True


def test_workflows(workspace):
    queue = workspace.task_queues.create(friendly_name="Everyone")
    made = workspace.workflows.create(
        friendly_name="Incoming", configuration=routed_to(queue.sid), task_reservation_timeout=30
    )

    changed = workspace.workflows(made.sid).update(re_evaluate_tasks="true", friendly_name="Inbound")

    assert json.loads(made.configuration) == json.loads(routed_to(queue.sid))
    assert (changed.friendly_name, changed.task_reservation_timeout) == ("Inbound", 30)
    assert workspace.workflows(made.sid).delete() is True


def test_workers_and_their_channels(workspace):
    available = workspace.activities.list(friendly_name="Available")[0].sid
    offline = workspace.activities.list(friendly_name="Offline")[0].sid
    made = workspace.workers.create(friendly_name="alice", attributes='{"languages": ["es"]}', activity_sid=available)
    worker = workspace.workers(made.sid)

    channel = worker.worker_channels("voice").update(capacity=3, available=False)

    assert (made.attributes, made.available) == ('{"languages":["es"]}', True)
    assert (channel.configured_capacity, channel.available) == (3, False)
    assert worker.worker_channels(channel.sid).fetch().task_channel_unique_name == "voice"
    assert len(worker.worker_channels.list()) == 5
    assert [each.sid for each in workspace.workers.list(target_workers_expression="languages HAS 'es'")] == [made.sid]
    assert worker.reservations.list() == []
    assert worker.update(activity_sid=offline, reject_pending_reservations=True).activity_name == "Offline"
    assert worker.delete(if_match="1") is True


def test_a_revision_that_is_not_the_present_one_is_refused(workspace):
    worker = workspace.workers.create(friendly_name="alice")

    with pytest.raises(TwilioRestException) as refusal:
        workspace.workers(worker.sid).update(if_match="7", attributes="{}")

    assert (refusal.value.status, refusal.value.code) == (412, 20412)


@pytest.mark.parametrize("size", [1, 3, 1000])
def test_every_page_is_followed_to_the_end_and_back(workspace, size):
    for number in range(7):
        workspace.workers.create(friendly_name=f"worker {number}")
    names = [f"worker {number}" for number in range(7)]

    assert [each.friendly_name for each in workspace.workers.list(page_size=size)] == names
    assert [each.friendly_name for each in workspace.workers.stream(page_size=size, limit=5)] == names[:5]
    assert [
        each.friendly_name for each in workspace.workers.list(page_size=size, ordering="DateStatusChanged:desc")
    ] == [*reversed(names)]
    page = workspace.workers.page(page_size=3)
    second = page.next_page()
    assert [each.friendly_name for each in second] == names[3:6]
    assert [each.friendly_name for each in second.previous_page()] == names[:3]


@pytest.mark.parametrize(
    ("mistake", "status", "code"),
    [
        (lambda workspace: workspace.activities("WA" + 32 * "0").fetch(), 404, 20404),
        (lambda workspace: workspace.activities.create(friendly_name="Offline"), 400, 20001),
        (lambda workspace: workspace.task_queues.create(friendly_name="x", target_workers="a >"), 400, 20001),
    ],
    ids=["unknown", "taken name", "bad expression"],
)
def test_a_refusal_is_an_exception_with_status_and_code(workspace, mistake, status, code):
    with pytest.raises(TwilioRestException) as refusal:
        mistake(workspace)

    assert (refusal.value.status, refusal.value.code) == (status, code)
    assert refusal.value.msg


@pytest.mark.parametrize(("query", "code"), [({"page_number": 3}, 40153), ({"page_size": 1001}, 20001)])
def test_a_refused_page_is_an_exception_with_the_answer(workspace, query, code):
    with pytest.raises(TwilioException, match=f'"code":{code}'):
        workspace.workers.page(**query)


def test_without_a_password_nothing_is_answered(base_url):
    http_client = ElsewhereHttpClient(base_url)
    client = Client(ACCOUNT, " ", http_client=http_client)
    client.auth = (ACCOUNT, "")

    with pytest.raises(TwilioRestException) as refusal:
        client.taskrouter.v1.workspaces.create(friendly_name="x")

    http_client.session.close()
    assert (refusal.value.status, refusal.value.code) == (401, 20003)
