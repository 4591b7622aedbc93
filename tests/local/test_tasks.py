"""Tasks over REST: their answers, refusals, and lists."""

import json

import pytest

UNKNOWN = 32 * "0"


def sids(api, path, **query):
    return [each["sid"] for each in api.items(f"{path}/Tasks", **query)]


def sid_of(path):
    return path.rpartition("/")[2]


def test_a_task_is_created_reserved_accepted_and_completed(api, floor):
    made = api.post(f"{floor.path}/Tasks", Attributes='{"type": "lead"}')
    task = f"{floor.path}/Tasks/{made.json()['sid']}"
    [reservation] = api.items(f"{task}/Reservations")

    assert (made.status_code, made.json()["assignment_status"]) == (201, "reserved")
    accepted = api.changed(f"{task}/Reservations/{reservation['sid']}", ReservationStatus="accepted")
    assert (accepted["reservation_status"], accepted["worker_name"]) == ("accepted", "alice")
    assert api.read(task)["assignment_status"] == "assigned"
    done = api.changed(task, AssignmentStatus="completed", Reason="sold")
    assert (done["assignment_status"], done["reason"]) == ("completed", "sold")


def test_a_task_answers_everything_about_itself(api, floor, clock):
    api.changed(floor.alice, ActivitySid=floor.activities["Offline"])
    made = api.made(f"{floor.path}/Tasks", Attributes='{"b": 1, "a": [1.50, "x y"]}')
    clock.pass_s(90)
    read = api.read(f"{floor.path}/Tasks/{made['sid']}")

    assert (made["age"], read["age"]) == (0, 90)
    assert {**made, "age": 90} == read
    url = f"http://taskrouter.test/v1{floor.path}"
    assert read == {
        "account_sid": "AC0123456789abcdef0123456789abcdef",
        "addons": "{}",
        "age": 90,
        "assignment_status": "pending",
        "attributes": '{"b":1,"a":[1.50,"x y"]}',
        "date_created": "2026-03-01T12:00:00Z",
        "date_updated": "2026-03-01T12:00:00Z",
        "ignore_capacity": False,
        "links": {
            "reservations": f"{url}/Tasks/{made['sid']}/Reservations",
            "task_queue": f"{url}/TaskQueues/{floor.queue}",
            "workflow": f"{url}/Workflows/{floor.workflow}",
            "workspace": url,
        },
        "priority": 0,
        "reason": None,
        "routing_target": None,
        "sid": made["sid"],
        "task_channel_sid": api.read(f"{floor.path}/TaskChannels/default")["sid"],
        "task_channel_unique_name": "default",
        "task_queue_entered_date": "2026-03-01T12:00:00Z",
        "task_queue_friendly_name": "Everyone",
        "task_queue_sid": floor.queue,
        "timeout": 86400,
        "url": f"{url}/Tasks/{made['sid']}",
        "virtual_start_time": "2026-03-01T12:00:00Z",
        "workflow_friendly_name": "Incoming",
        "workflow_sid": floor.workflow,
        "workspace_sid": sid_of(floor.path),
    }


def test_every_field_of_a_new_task_is_kept(api, floor):
    channel = api.read(f"{floor.path}/TaskChannels/chat")
    made = api.made(
        f"{floor.path}/Tasks",
        WorkflowSid=floor.workflow,
        Timeout="60",
        Priority="7",
        TaskChannel=channel["sid"],
        VirtualStartTime="2026-02-28T12:00:00Z",
        RoutingTarget=sid_of(floor.alice),
        IgnoreCapacity="false",
        TaskQueueSid=floor.queue,
    )

    assert (made["timeout"], made["priority"], made["attributes"]) == (60, 7, "{}")
    assert (made["task_channel_sid"], made["task_channel_unique_name"]) == (channel["sid"], "chat")
    assert (made["virtual_start_time"], made["date_created"]) == ("2026-02-28T12:00:00Z", "2026-03-01T12:00:00Z")
    assert (made["routing_target"], made["ignore_capacity"]) == (sid_of(floor.alice), False)
    assert (made["task_queue_sid"], made["assignment_status"]) == (floor.queue, "reserved")


def test_a_task_for_a_worker_ignores_capacity_by_default(api, floor):
    tasks = [floor.task(RoutingTarget=sid_of(floor.alice)) for _ in range(3)]

    assert [floor.status(task) for task in tasks] == ["reserved"] * 3
    assert api.read(tasks[0])["ignore_capacity"] is True
    assert floor.status(floor.task(RoutingTarget=sid_of(floor.alice), IgnoreCapacity="no")) == "pending"


def test_a_workflow_need_not_be_named_while_there_is_one(api, floor, refused):
    assert api.read(floor.task())["workflow_sid"] == floor.workflow
    other = floor.workflow_of("Other", [], default=floor.queue)

    assert refused(api.post(f"{floor.path}/Tasks")) == "WorkflowSid field is required"
    assert api.read(floor.task(WorkflowSid=other))["workflow_friendly_name"] == "Other"


@pytest.mark.parametrize(
    ("field", "value", "complaint"),
    [
        ("WorkflowSid", "WW" + UNKNOWN, "was not found"),
        ("WorkflowSid", "Incoming", "must be a SID"),
        ("Timeout", "0", "from 1 to 1209600"),
        ("Timeout", "1209601", "from 1 to 1209600"),
        ("Priority", "-1", "from 0 to 2147483647"),
        ("Priority", "2147483648", "from 0 to 2147483647"),
        ("TaskChannel", "fax", "TaskChannel fax was not found"),
        ("VirtualStartTime", "1899-12-31T23:59:59Z", "before 1900"),
        ("VirtualStartTime", "2026-03-02T00:00:00Z", "in the future"),
        ("VirtualStartTime", "yesterday", "must be a date and time"),
        ("VirtualStartTime", "0001-01-01T00:00:00+12:00", "must be a date and time"),
        ("RoutingTarget", "WK" + UNKNOWN, "was not found"),
        ("RoutingTarget", "WA" + UNKNOWN, "begins with WK or WQ or WW"),
        ("TaskQueueSid", "WQ" + UNKNOWN, "was not found"),
        ("Attributes", "{", "not valid JSON"),
        ("Attributes", "[]", "must be a JSON object"),
        ("Attributes", json.dumps({"a": 4096 * "x"}), "longer than 4096 characters"),
    ],
)
def test_a_task_that_cannot_be_is_refused(api, floor, refused, field, value, complaint):
    assert complaint in refused(api.post(f"{floor.path}/Tasks", **{field: value}))
    assert sids(api, floor.path) == []


def test_a_task_is_changed_field_by_field(api, floor):
    api.changed(floor.alice, ActivitySid=floor.activities["Offline"])
    task = floor.task({"a": 1})

    api.changed(task, Attributes='{"a": 2}')
    api.changed(task, Priority="5", TaskChannel="sms")
    changed = api.changed(task, VirtualStartTime="2026-01-01T00:00:00Z", Unknown="x", Timeout="7")

    assert (changed["attributes"], changed["priority"], changed["timeout"]) == ('{"a":2}', 5, 86400)
    assert (changed["task_channel_unique_name"], changed["virtual_start_time"]) == ("sms", "2026-01-01T00:00:00Z")


def test_another_channel_may_find_a_worker_immediately(api, floor):
    api.changed(f"{floor.alice}/Channels/voice", Capacity="0")
    task = floor.task(TaskChannel="voice")

    assert floor.status(task) == "pending"
    assert api.changed(task, TaskChannel="chat")["assignment_status"] == "reserved"


@pytest.mark.parametrize(
    ("form", "complaint"),
    [
        ({"AssignmentStatus": "assigned"}, "routing alone"),
        ({"AssignmentStatus": "finished"}, "must be one of"),
        ({"AssignmentStatus": "pending"}, "routing alone"),
        ({"AssignmentStatus": "completed", "Attributes": "{}"}, "cannot be changed in one request"),
        ({"AssignmentStatus": "Wrapping", "Attributes": "{}"}, "cannot be changed in one request"),
        ({"AssignmentStatus": "completed"}, "because it is not currently assigned."),
        ({"AssignmentStatus": "wrapping"}, "because it's not currently assigned"),
        ({"TaskChannel": "fax"}, "was not found"),
        ({"VirtualStartTime": "2027-01-01T00:00:00Z"}, "in the future"),
    ],
)
def test_a_change_that_cannot_be_is_refused(api, floor, refused, form, complaint):
    task = floor.task()
    before = api.get(task)

    assert complaint in refused(api.post(task, **form))
    assert (api.get(task).json(), api.get(task).headers["etag"]) == (before.json(), before.headers["etag"])


def test_an_assigned_task_wraps_up_and_is_completed_but_never_canceled(api, floor, refused):
    task = floor.task()
    floor.accept(task)

    assert "cannot become canceled" in refused(api.post(task, AssignmentStatus="canceled", Reason="x"))
    assert api.changed(task, AssignmentStatus="wrapping", Reason="notes")["assignment_status"] == "wrapping"
    assert api.items(f"{task}/Reservations")[0]["reservation_status"] == "wrapping"
    assert api.changed(task, AssignmentStatus="completed", Reason="done")["assignment_status"] == "completed"
    assert "not currently assigned" in refused(api.post(task, AssignmentStatus="wrapping"))


def test_the_words_of_recorded_refusals(api, floor, refused):
    task = floor.task()
    where = f"{sid_of(task)} in workspace {sid_of(floor.path)} for account AC0123456789abcdef0123456789abcdef"

    completed = refused(api.post(task, AssignmentStatus="completed", Reason="x"))
    wrapped = refused(api.post(task, AssignmentStatus="wrapping", Reason="x"))

    assert completed == f"Cannot complete task {where} because it is not currently assigned."
    assert wrapped == f"Cannot wrap up a task {where} because it's not currently assigned"


def test_a_task_ends_without_a_reason_and_keeps_the_one_it_was_wrapped_up_with(api, floor):
    canceled, completed = floor.task(), floor.task()
    assert api.changed(canceled, AssignmentStatus="canceled")["reason"] is None
    floor.accept(completed)
    assert api.changed(completed, AssignmentStatus="WRAPPING", Reason="notes")["reason"] == "notes"
    assert api.changed(completed, AssignmentStatus="Completed", Reason="")["reason"] == "notes"
    bare = floor.task()
    floor.accept(bare)
    assert api.changed(bare, AssignmentStatus="wrapping")["reason"] is None
    done = api.changed(bare, AssignmentStatus="completed")
    assert (done["assignment_status"], done["reason"]) == ("completed", None)


def test_attributes_come_along_with_canceled_and_are_not_routed_by(api, floor):
    floor.move(floor.alice, "Offline")
    task = floor.task({"a": 1})
    floor.move(floor.alice, "Available")
    other = floor.task()
    before = floor.events()

    canceled = api.changed(task, AssignmentStatus="canceled", Attributes='{"a":2}', Reason="gone")

    assert (canceled["assignment_status"], canceled["attributes"]) == ("canceled", '{"a":2}')
    assert floor.events()[len(before) :][:2] == ["task.updated", "task.canceled"]
    assert "workflow.entered" not in floor.events()[len(before) :]
    assert floor.status(other) == "reserved"


def test_pending_on_a_pending_task_changes_its_attributes_alone(api, floor):
    floor.move(floor.alice, "Offline")
    task = floor.task({"a": 1})
    before = api.read(task)

    assert api.changed(task, AssignmentStatus="pending", Reason="waiting") == before
    after = api.changed(task, AssignmentStatus="PENDING", Attributes='{"a":2}')
    assert (after["assignment_status"], after["attributes"]) == ("pending", '{"a":2}')


def test_statuses_are_read_in_any_case(api, floor):
    task = floor.task()
    [offer] = floor.reservations(task, ReservationStatus="PENDING")

    assert api.changed(offer, ReservationStatus="Accepted")["reservation_status"] == "accepted"
    assert sids(api, floor.path, AssignmentStatus="Assigned,PENDING") == [sid_of(task)]
    second = floor.task()
    floor.worker("bob")
    assert api.changed(floor.offered(second), Instruction="Reject")["reservation_status"] == "rejected"


def test_a_malformed_sid_is_repeated_in_the_message(api, floor, refused):
    assert "WWnonsense" in refused(api.post(f"{floor.path}/Tasks", WorkflowSid="WWnonsense"))
    assert "WQnonsense" in refused(api.get(f"{floor.path}/Tasks", TaskQueueSid="WQnonsense"))
    assert "XXnonsense" in refused(api.post(f"{floor.path}/Tasks", RoutingTarget="XXnonsense"))


def test_a_canceled_task_takes_its_pending_reservation_along(api, floor):
    task = floor.task()
    canceled = api.changed(task, AssignmentStatus="canceled", Reason="hangup")

    assert (canceled["assignment_status"], canceled["reason"]) == ("canceled", "hangup")
    assert [each["reservation_status"] for each in api.items(f"{task}/Reservations")] == ["canceled"]
    assert floor.status(floor.task()) == "reserved"


def test_a_finished_task_can_be_seen_for_five_minutes(api, floor, clock, refused):
    task = floor.task()
    reservation = floor.offered(task)
    api.changed(task, AssignmentStatus="canceled", Reason="x")
    clock.pass_s(299)
    assert floor.status(task) == "canceled"
    clock.pass_s(2)

    refused(api.get(task), 404, 20404)
    refused(api.get(reservation), 404, 20404)
    refused(api.post(task, Attributes="{}"), 404, 20404)
    assert sids(api, floor.path) == []
    assert floor.events(TaskSid=sid_of(task))[-2:] == ["task.canceled", "reservation.canceled"]


@pytest.mark.parametrize("status", ["pending", "reserved", "assigned"])
def test_a_task_is_deleted_whatever_it_is_doing(api, floor, refused, status):
    if status == "pending":
        floor.move(floor.alice, "Offline")
    task = floor.task()
    if status == "assigned":
        floor.accept(task)
    assert floor.status(task) == status

    assert api.delete(task).status_code == 204
    refused(api.get(task), 404, 20404)
    refused(api.delete(task), 404, 20404)
    assert api.items(f"{floor.alice}/Reservations") == []
    assert "task.deleted" in floor.events(TaskSid=sid_of(task))
    if status != "pending":
        assert floor.status(floor.task()) == "reserved"


def test_a_change_with_an_older_revision_is_refused(api, floor, refused):
    floor.move(floor.alice, "Offline")
    made = api.post(f"{floor.path}/Tasks")
    task = f"{floor.path}/Tasks/{made.json()['sid']}"
    etag = made.headers["etag"]
    changed = api.post(task, headers={"If-Match": etag}, Attributes='{"a":1}')

    assert int(changed.headers["etag"].strip('"')) > int(etag.strip('"'))
    refused(api.post(task, headers={"If-Match": etag}, Attributes="{}"), 412, 20412)
    refused(api.delete(task, headers={"If-Match": etag}), 412, 20412)
    assert api.delete(task, headers={"If-Match": changed.headers["etag"].strip('"')}).status_code == 204


@pytest.fixture
def several(floor):
    """Three waiting tasks, by name: one in Spanish of a high priority, and two in English, one of them older."""
    floor.move(floor.alice, "Offline")
    spanish = floor.queue_of("Spanish")
    targets = [{"queue": spanish, "priority": 9}]
    other = floor.workflow_of("Languages", [{"expression": "language == 'es'", "targets": targets}], floor.queue)
    return {
        "new": floor.task({"language": "en"}, WorkflowSid=floor.workflow, Priority="1"),
        "spanish": floor.task({"language": "es"}, WorkflowSid=other),
        "old": floor.task({"language": "en"}, WorkflowSid=floor.workflow, VirtualStartTime="2020-01-01T00:00:00Z"),
    }


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({}, "new spanish old"),
        ({"Priority": "9"}, "spanish"),
        ({"AssignmentStatus": "pending"}, "new spanish old"),
        ({"AssignmentStatus": "reserved, pending"}, "new spanish old"),
        ({"AssignmentStatus": ["reserved", "pending"]}, "new spanish old"),
        ({"AssignmentStatus": "reserved"}, ""),
        ({"WorkflowName": "incoming"}, "new old"),
        ({"TaskQueueName": "SPANISH"}, "spanish"),
        ({"EvaluateTaskAttributes": "language == 'en'"}, "new old"),
        ({"HasAddons": "true"}, ""),
        ({"HasAddons": "false"}, "new spanish old"),
        ({"RoutingTarget": "WK" + UNKNOWN}, ""),
        ({"Ordering": "DateCreated:desc"}, "old spanish new"),
        ({"Ordering": "Priority:desc"}, "spanish new old"),
        ({"Ordering": "Priority"}, "old new spanish"),
        ({"Ordering": "Priority:asc,DateCreated:desc"}, "old new spanish"),
        ({"Ordering": "VirtualStartTime:asc"}, "old new spanish"),
        ({"Ordering": "DateCreated:asc,Priority:desc"}, "new spanish old"),
    ],
)
@pytest.mark.parametrize("size", ["1", "50"])
def test_tasks_are_filtered_ordered_and_paged(api, floor, several, query, found, size):
    page, pages = api.read(f"{floor.path}/Tasks", PageSize=size, **query), []
    while page["tasks"] or not pages:
        pages += [page["tasks"]]
        if page["meta"]["next_page_url"] is None:
            break
        page = api.request("GET", page["meta"]["next_page_url"]).json()

    wanted = [sid_of(several[name]) for name in found.split()]
    assert [each["sid"] for tasks in pages for each in tasks] == wanted
    if len(pages) > 1:
        before = api.request("GET", page["meta"]["previous_page_url"]).json()
        assert [each["sid"] for each in before["tasks"]] == wanted[-2:-1]


def test_tasks_by_workflow_and_queue(api, floor, several):
    assert sids(api, floor.path, WorkflowSid=floor.workflow) == [sid_of(several["new"]), sid_of(several["old"])]
    assert sids(api, floor.path, TaskQueueSid=floor.queue) == [sid_of(several["new"]), sid_of(several["old"])]


@pytest.mark.parametrize(
    "query",
    [
        {"AssignmentStatus": "lost"},
        {"Priority": "high"},
        {"WorkflowSid": "Incoming"},
        {"EvaluateTaskAttributes": "a =="},
        {"Ordering": "Age:asc"},
        {"Ordering": "Priority:up"},
        {"Ordering": "DateCreated:asc,VirtualStartTime:asc"},
        {"Ordering": "Priority:asc,Priority:desc", "PageToken": "PAWT" + UNKNOWN},
    ],
)
def test_a_list_that_asks_for_nonsense_is_refused(api, floor, refused, query):
    refused(api.get(f"{floor.path}/Tasks", **query))


def test_the_tasks_of_a_workspace_are_not_those_of_another(api, floor, workspace, refused):
    task = floor.task()

    assert sids(api, workspace) == []
    refused(api.get(f"{workspace}/Tasks/{sid_of(task)}"), 404, 20404)
    refused(api.get(f"{workspace}/Tasks/{sid_of(task)}/Reservations"), 404, 20404)
    refused(api.post(f"{workspace}/Tasks", WorkflowSid=floor.workflow))


def test_the_answer_to_a_write_equals_a_later_read(api, floor):
    """The answer to a write comes from the engine, that to a read from the file."""
    queue = floor.queue_of("Other")
    other = floor.workflow_of("Passing", [], queue)
    tasks = [
        floor.task({"a": "é"}, WorkflowSid=other, TaskChannel="chat", VirtualStartTime="1960-01-01T00:00:01Z"),
        floor.task(WorkflowSid=floor.workflow, RoutingTarget=sid_of(floor.alice)),
        floor.task(WorkflowSid=floor.workflow_of("Nowhere", [{"expression": "1==0", "targets": [{"queue": queue}]}])),
    ]
    floor.accept(tasks[1])

    for task in tasks:
        written = api.post(task, Priority="5")
        read = api.get(task)
        assert (written.json(), written.headers["etag"]) == (read.json(), read.headers["etag"])
    assert [floor.status(task) for task in tasks] == ["reserved", "assigned", "canceled"]
