"""Events over REST: what they say, how they are found, how long they are kept."""

import pytest

from tr_apply.local.history.events import forget_old_events

DAY_S = 24 * 60 * 60


def sid_of(path):
    return path.rpartition("/")[2]


def event(api, floor, event_type, **query):
    """The only event of that type."""
    [found] = api.items(f"{floor.path}/Events", EventType=event_type, **query)
    return found


def test_the_life_of_a_task_is_recorded_in_order(api, floor):
    task = floor.task({"type": "lead"})
    floor.accept(task)
    api.changed(task, AssignmentStatus="completed", Reason="sold")

    assert floor.events(TaskSid=sid_of(task)) == [
        "task.created",
        "workflow.entered",
        "workflow.target-matched",
        "task-queue.entered",
        "reservation.created",
        "reservation.accepted",
        "task.completed",
        "reservation.completed",
        "task.updated",
    ]


def test_an_event_answers_everything_about_itself(api, floor, clock):
    floor.move(floor.alice, "Offline")
    task = floor.task({"type": "lead"}, Priority="3")
    clock.pass_s(42)
    floor.move(floor.alice, "Available")
    told = event(api, floor, "reservation.created")
    url = f"http://taskrouter.test/v1{floor.path}"
    [reservation] = floor.reservations(task)

    assert told == {
        "account_sid": "AC0123456789abcdef0123456789abcdef",
        "actor_sid": sid_of(floor.path),
        "actor_type": "workspace",
        "actor_url": url,
        "description": f"Task {sid_of(task)} assigned to Worker alice with Reservation {sid_of(reservation)}",
        "event_data": {
            "task_sid": sid_of(task),
            "task_attributes": '{"type":"lead"}',
            "task_age": "42",
            "task_priority": "3",
            "task_assignment_status": "reserved",
            "task_channel_unique_name": "default",
            "task_channel_sid": api.read(f"{floor.path}/TaskChannels/default")["sid"],
            "task_channel_name": "Default",
            "task_channel_optimized_routing": "false",
            "task_queue_sid": floor.queue,
            "task_queue_name": "Everyone",
            "task_queue_target_expression": "1==1",
            "workflow_sid": floor.workflow,
            "workflow_name": "Incoming",
            "task_version": told["event_data"]["task_version"],
            "task_date_created": "1772366400",
            "task_queue_entered_date": "1772366400",
            "task_virtual_start_time": "1772366400",
            "task_ignore_capacity": "false",
            "reservation_sid": sid_of(reservation),
            "reservation_version": "0",
            "operating_unit_sid": "OU" + 32 * "0",
            "worker_sid": sid_of(floor.alice),
            "worker_name": "alice",
            "worker_attributes": "{}",
            "worker_activity_sid": floor.activities["Available"],
            "worker_activity_name": "Available",
            "worker_version": "3",
        },
        "event_date": "2026-03-01T12:00:42Z",
        "event_date_ms": told["event_date_ms"],
        "event_type": "reservation.created",
        "resource_sid": sid_of(task),
        "resource_type": "task",
        "resource_url": f"{url}/Tasks/{sid_of(task)}",
        "sid": told["sid"],
        "source": "twilio",
        "source_ip_address": None,
        "url": f"{url}/Events/{told['sid']}",
        "workspace_sid": sid_of(floor.path),
    }
    assert told["event_date_ms"] // 1000 == 1772366442
    assert api.read(f"{floor.path}/Events/{told['sid']}") == told
    assert api.items(f"{floor.path}/Events", Sid=told["sid"]) == [told]


def test_events_carry_the_versions_that_follow_from_them(api, floor):
    task = floor.task()
    etags = [api.get(task).headers["etag"]]
    floor.accept(task)
    etags.append(api.get(task).headers["etag"])
    created, accepted = (event(api, floor, f"reservation.{each}")["event_data"] for each in ("created", "accepted"))

    assert [f'"{each["task_version"]}"' for each in (created, accepted)] == etags
    assert (created["reservation_version"], accepted["reservation_version"]) == ("0", "1")


def test_a_task_for_a_worker_says_that_it_ignores_capacity(api, floor):
    floor.task(RoutingTarget=sid_of(floor.alice), VirtualStartTime="2026-01-01T00:00:00Z")
    told = event(api, floor, "task.created")["event_data"]

    assert (told["task_ignore_capacity"], told["task_virtual_start_time"]) == ("true", "1767225600")
    assert "task_queue_name" not in told


def test_workers_and_queues_name_the_operating_unit_and_other_resources_do_not(api, floor):
    api.made(f"{floor.path}/Activities", FriendlyName="Lunch")

    for each in api.items(f"{floor.path}/Events"):
        belongs = each["event_type"].partition(".")[0] in ("worker", "task-queue")
        assert ("operating_unit_sid" in each["event_data"]) == belongs, each["event_type"]


def test_the_end_of_a_tasks_time_has_a_description_of_its_own(api, floor, clock):
    floor.move(floor.alice, "Offline")
    floor.task(Timeout="60")
    canceled = floor.task()
    api.changed(canceled, AssignmentStatus="canceled", Reason="hangup")
    clock.pass_s(61)

    by_caller, by_time = api.items(f"{floor.path}/Events", EventType="task.canceled")
    assert by_caller["description"] == f"Task {sid_of(canceled)} canceled"
    assert by_time["description"] == "Task TTL Exceeded"


def test_changes_of_a_worker_and_a_queue_are_described_with_what_changed(api, floor):
    api.changed(floor.alice, Attributes='{"level": 3}')
    api.changed(f"{floor.path}/TaskQueues/{floor.queue}", TargetWorkers="level == 3")

    assert event(api, floor, "worker.attributes.update")["description"] == (
        'Worker alice updated attributes to {"level":3}'
    )
    assert event(api, floor, "task-queue.expression.updated")["description"] == (
        f"TaskQueue {floor.queue} expression updated to 'level == 3'"
    )


def test_an_event_is_neither_changed_nor_deleted(api, floor, refused):
    path = f"{floor.path}/Events/{api.items(f'{floor.path}/Events')[0]['sid']}"

    refused(api.post(path), 405, 20004)
    refused(api.delete(path), 405, 20004)
    refused(api.post(f"{floor.path}/Events"), 405, 20004)


def test_a_change_of_activity_names_the_previous_one(api, floor, clock):
    clock.pass_s(90)
    floor.move(floor.alice, "Unavailable")
    told = event(api, floor, "worker.activity.update")

    assert told["description"] == "Worker alice updated to Unavailable Activity"
    assert (told["resource_type"], told["resource_sid"]) == ("worker", sid_of(floor.alice))
    data = told["event_data"]
    assert (data["worker_previous_activity_name"], data["worker_previous_activity_sid"]) == (
        "Available",
        floor.activities["Available"],
    )
    assert data["worker_time_in_previous_activity"] == "90"
    assert 90_000 <= int(data["worker_time_in_previous_activity_ms"]) < 90_100


def test_a_change_of_a_channel_has_both_sides(api, floor):
    api.changed(f"{floor.alice}/Channels/chat", Capacity="4", Available="false")
    capacity = event(api, floor, "worker.capacity.update")["event_data"]
    availability = event(api, floor, "worker.channel.availability.update")["event_data"]

    assert (capacity["worker_channel_previous_capacity"], capacity["worker_channel_available_capacity"]) == ("1", "100")
    assert (availability["worker_channel_available"], availability["worker_channel_task_count"]) == ("false", "0")
    assert capacity["task_channel_unique_name"] == "chat"
    assert capacity["task_channel_sid"] == api.read(f"{floor.path}/TaskChannels/chat")["sid"]


CONFIGURATION = [
    ("activity", "Activities", {"FriendlyName": "Lunch", "Available": "true"}, "activity_name", "Lunch"),
    ("task-channel", "TaskChannels", {"FriendlyName": "Fax", "UniqueName": "fax"}, "task_channel_unique_name", "fax"),
    ("task-queue", "TaskQueues", {"FriendlyName": "Q"}, "task_queue_target_expression", "1==1"),
    (
        "workflow",
        "Workflows",
        {"FriendlyName": "W", "Configuration": '{"task_routing":{"filters":[]}}'},
        "workflow_name",
        "W",
    ),
    ("worker", "Workers", {"FriendlyName": "bob"}, "worker_name", "bob"),
]


@pytest.mark.parametrize(("kind", "collection", "form", "field", "value"), CONFIGURATION)
def test_the_configuration_has_events_of_its_own(api, workspace, kind, collection, form, field, value):
    path = f"{workspace}/{collection}/{api.made(f'{workspace}/{collection}', **form)['sid']}"
    if kind not in {"worker", "task-queue"}:
        api.changed(path, FriendlyName="Other")
    api.delete(path)

    told = [each for each in api.items(f"{workspace}/Events") if each["event_type"].startswith(kind)]

    changed = [] if kind in {"worker", "task-queue"} else [f"{kind}.updated"]
    assert [each["event_type"] for each in told] == [f"{kind}.created", *changed, f"{kind}.deleted"]
    assert told[0]["event_data"][field] == value
    assert told[0]["resource_sid"] == sid_of(path)
    assert told[0]["resource_url"] == f"http://taskrouter.test/v1{path}"
    assert told[0]["description"].endswith("created")


def test_a_workspace_has_events_of_its_own(api, workspace):
    api.changed(workspace, FriendlyName="Other")
    first, second = api.items(f"{workspace}/Events")

    assert (first["event_type"], first["event_data"]["workspace_name"]) == ("workspace.created", "Support")
    assert (second["event_type"], second["event_data"]["workspace_name"]) == ("workspace.updated", "Other")
    assert second["resource_url"] == f"http://taskrouter.test/v1{workspace}"


def test_another_expression_of_a_queue_is_recorded(api, floor):
    api.changed(f"{floor.path}/TaskQueues/{floor.queue}", TargetWorkers="a == 1")

    told = event(api, floor, "task-queue.expression.updated")
    assert told["event_data"]["task_queue_target_expression"] == "a == 1"


@pytest.mark.parametrize("key", ["known_worker_sid", "known_worker_friendly_name"])
def test_a_missing_known_worker_is_recorded(api, floor, key):
    targets = [{"queue": floor.queue, key: "task.agent"}]
    floor.task({"agent": "WK1"}, WorkflowSid=floor.workflow_of("Known", [{"expression": "1==1", "targets": targets}]))

    data = event(api, floor, "workflow.target-matched")["event_data"]
    assert (data[key], data["known_worker_error_code"]) == ("WK1", "40155")


def test_the_channel_of_a_task_is_recorded(api, floor):
    task = floor.task(TaskChannel="chat")
    channel = f"{floor.path}/TaskChannels/chat"

    data = event(api, floor, "task.created")["event_data"]
    assert {name: data[name] for name in data if name.startswith("task_channel_")} == {
        "task_channel_sid": api.read(channel)["sid"],
        "task_channel_name": "Programmable Chat",
        "task_channel_unique_name": "chat",
        "task_channel_optimized_routing": "false",
    }

    api.changed(task, AssignmentStatus="canceled", Reason="done")
    api.delete(task)
    assert api.delete(channel).status_code == 204
    data = event(api, floor, "task.created")["event_data"]
    assert [name for name in data if name.startswith("task_channel_")] == ["task_channel_unique_name"]


def test_the_reason_of_the_end_is_recorded(api, floor):
    api.changed(floor.task(), AssignmentStatus="canceled", Reason="hangup")

    assert event(api, floor, "task.canceled")["event_data"]["task_canceled_reason"] == "hangup"


def test_events_are_found_by_what_they_are_about(api, floor):
    task = floor.task(TaskChannel="chat")
    other = floor.task()
    [reservation] = floor.reservations(task)
    found = {
        "TaskSid": floor.events(TaskSid=sid_of(other)),
        "WorkerSid": floor.events(WorkerSid=sid_of(floor.alice)),
        "ReservationSid": floor.events(ReservationSid=sid_of(reservation)),
        "WorkflowSid": floor.events(WorkflowSid=floor.workflow, EventType="workflow.created"),
        "TaskQueueSid": floor.events(TaskQueueSid=floor.queue, EventType="task-queue.entered"),
        "TaskChannel": floor.events(TaskChannel="chat", EventType="task.created"),
    }

    assert found == {
        "TaskSid": [
            *("task.created", "workflow.entered", "workflow.target-matched", "task-queue.entered"),
            "reservation.created",
        ],
        "WorkerSid": ["worker.created", "reservation.created", "reservation.created"],
        "ReservationSid": ["reservation.created"],
        "WorkflowSid": ["workflow.created"],
        "TaskQueueSid": ["task-queue.entered", "task-queue.entered"],
        "TaskChannel": ["task.created"],
    }
    chat = api.read(f"{floor.path}/TaskChannels/chat")["sid"]
    assert floor.events(TaskChannel=chat, EventType="task.created") == ["task.created"]


def test_a_list_of_events_covers_the_last_15_minutes_by_default(floor, clock):
    began = len(floor.events())
    clock.pass_s(10 * 60)
    floor.move(floor.alice, "Offline")
    clock.pass_s(6 * 60)

    assert floor.events() == ["worker.activity.update"]
    assert len(floor.events(Minutes="20")) == began + 1
    assert len(floor.events(StartDate="2026-03-01T12:00:00Z")) == began + 1
    assert len(floor.events(StartDate="2026-03-01T11:00:00Z", EndDate="2026-03-01T12:05:00Z")) == began
    assert floor.events(StartDate="2026-03-01T12:05:00Z", EndDate="2026-03-01T12:10:00Z") == ["worker.activity.update"]
    assert floor.events(EndDate="2026-03-01T12:24:59Z") == ["worker.activity.update"]
    assert floor.events(EndDate="2026-03-01T12:09:59Z") == floor.events(Minutes="20")[:began]


@pytest.mark.parametrize(
    "query",
    [
        {"Minutes": "0"},
        {"Minutes": "x"},
        {"StartDate": "yesterday"},
        {"EndDate": "2026-13-01T00:00:00Z"},
        {"Minutes": "5", "StartDate": "2026-03-01T12:00:00Z"},
        {"TaskSid": "x"},
        {"Sid": "x"},
    ],
)
def test_a_list_of_events_that_asks_for_nonsense_is_refused(api, floor, refused, query):
    refused(api.get(f"{floor.path}/Events", **query))


def test_events_are_paged(api, floor):
    everything = floor.events()
    page, found = api.read(f"{floor.path}/Events", PageSize=2), []
    while True:
        found += [each["event_type"] for each in page["events"]]
        if page["meta"]["next_page_url"] is None:
            break
        page = api.request("GET", page["meta"]["next_page_url"]).json()

    assert found == everything


def test_events_are_kept_for_30_days(api, floor, clock):
    first = api.items(f"{floor.path}/Events")[0]["sid"]
    clock.pass_s(29 * DAY_S)
    floor.move(floor.alice, "Offline")
    clock.pass_s(2 * DAY_S)

    assert floor.events(Minutes=str(60 * 24 * 60)) == ["worker.activity.update"]
    assert api.items(f"{floor.path}/Events", Sid=first) == []
    assert floor.events(StartDate="2026-01-01T00:00:00Z") == ["worker.activity.update"]


def test_an_event_that_is_too_old_is_removed_from_the_file(api, floor, clock, monkeypatch):
    monkeypatch.setattr("tr_apply.local.history.events._FORGOTTEN_AT_A_TIME", 3)
    clock.pass_s(31 * DAY_S)
    floor.move(floor.alice, "Offline")

    parts = 0
    more = True
    while more:
        with api.app.store._database.write() as writer:
            more = forget_old_events(writer)
        parts += 1

    with api.app.store._database.read() as reader:
        assert reader.value("SELECT count(*) FROM event") == 1
    assert parts > 1
    assert floor.events() == ["worker.activity.update"]
