"""Requests and the passing of time move tasks: the server and its engine together.

The rules of routing themselves are tested in tests/routing; here each kind of request is seen to reach the engine.
"""

import json

import pytest

from tr_apply.local.kinds.workspace import WORKSPACE


def test_a_worker_who_goes_available_is_offered_what_waits(floor):
    floor.move(floor.alice, "Offline")
    task = floor.task()
    assert floor.status(task) == "pending"

    floor.move(floor.alice, "Available")

    assert floor.status(task) == "reserved"


def test_new_attributes_bring_a_worker_into_a_queue(api, floor):
    spanish = floor.queue_of("Spanish", TargetWorkers="languages HAS 'es'")
    task = floor.task(WorkflowSid=floor.workflow_of("Spanish", [], spanish))
    assert floor.status(task) == "pending"

    api.changed(floor.alice, Attributes='{"languages": ["en", "es"]}')

    assert floor.status(task) == "reserved"


def test_capacity_and_availability_of_a_channel_count(api, floor):
    chat = f"{floor.alice}/Channels/chat"
    api.changed(chat, Capacity="3")
    tasks = [floor.task(TaskChannel="chat") for _ in range(5)]
    assert [floor.status(task) for task in tasks] == ["reserved"] * 3 + ["pending"] * 2

    floor.accept(tasks[0])
    channel = api.read(chat)
    assert (channel["assigned_tasks"], channel["available_capacity_percentage"]) == (1, 0)
    api.changed(chat, Capacity="4")
    assert floor.status(tasks[3]) == "reserved"
    api.changed(chat, Available="false", Capacity="5")
    assert floor.status(tasks[4]) == "pending"
    assert api.read(chat)["available_capacity_percentage"] == 20
    api.changed(chat, Available="true")
    assert floor.status(tasks[4]) == "reserved"
    api.changed(chat, Capacity="1")
    assert api.read(chat)["available_capacity_percentage"] == 0


def test_a_new_worker_is_offered_what_waits(floor):
    floor.move(floor.alice, "Offline")
    task = floor.task()

    floor.worker("bob")

    assert floor.status(task) == "reserved"


def test_another_expression_of_a_queue_lets_workers_in(api, floor):
    nobody = floor.queue_of("Nobody", TargetWorkers="1==0")
    task = floor.task(WorkflowSid=floor.workflow_of("Nobody", [], nobody))

    api.changed(f"{floor.path}/TaskQueues/{nobody}", TargetWorkers="1==1")

    assert floor.status(task) == "reserved"


def test_tasks_keep_the_workflow_they_entered_with_until_they_are_re_evaluated(api, floor, refused):
    floor.move(floor.alice, "Offline")
    task, other = floor.task(), floor.queue_of("Other")
    workflow = f"{floor.path}/Workflows/{floor.workflow}"
    configuration = json.dumps({"task_routing": {"filters": [], "default_filter": {"queue": other}}})

    api.changed(workflow, Configuration=configuration)
    assert api.read(task)["task_queue_sid"] == floor.queue
    assert "sends tasks to it" in refused(api.delete(f"{floor.path}/TaskQueues/{floor.queue}"))
    api.changed(workflow, ReEvaluateTasks="true")

    assert api.read(task)["task_queue_sid"] == other
    assert api.delete(f"{floor.path}/TaskQueues/{floor.queue}").status_code == 204


def test_a_resource_that_tasks_need_is_not_deleted(api, floor, refused):
    channel = api.made(f"{floor.path}/TaskChannels", FriendlyName="Fax", UniqueName="fax")["sid"]
    task = floor.task(TaskChannel="fax")
    workflow = f"{floor.path}/Workflows/{floor.workflow}"
    floor.move(floor.alice, "Offline")

    assert "while tasks wait in it" in refused(api.delete(workflow))
    assert "while there are tasks of it" in refused(api.delete(f"{floor.path}/TaskChannels/{channel}"))
    assert "while holding a reservation" in refused(api.delete(floor.alice))

    api.changed(task, AssignmentStatus="canceled", Reason="x")
    for path in (workflow, f"{floor.path}/TaskChannels/{channel}", floor.alice):
        assert api.delete(path).status_code == 204
    assert api.read(task)["workflow_friendly_name"] is None


def test_pending_reservations_are_rejected_on_the_way_out(api, floor):
    task = floor.task()

    floor.move(floor.alice, "Unavailable", RejectPendingReservations="true")

    assert [each["reservation_status"] for each in api.items(f"{task}/Reservations")] == ["rejected"]
    assert floor.status(task) == "pending"


def test_a_single_tasking_worker_moves_with_reservation_and_acceptance(api, single_tasking):
    activities = {each["friendly_name"]: each["sid"] for each in api.items(f"{single_tasking}/Activities")}
    queue = api.made(
        f"{single_tasking}/TaskQueues",
        FriendlyName="Q",
        ReservationActivitySid=activities["Reserved"],
        AssignmentActivitySid=activities["Busy"],
    )
    configuration = json.dumps({"task_routing": {"default_filter": {"queue": queue["sid"]}}})
    api.made(f"{single_tasking}/Workflows", FriendlyName="W", Configuration=configuration)
    made = api.made(f"{single_tasking}/Workers", FriendlyName="alice", ActivitySid=activities["Idle"])
    worker = f"{single_tasking}/Workers/{made['sid']}"
    api.made(f"{single_tasking}/Tasks")

    assert api.read(worker)["activity_name"] == "Reserved"
    [offer] = api.items(f"{worker}/Reservations")
    api.changed(f"{worker}/Reservations/{offer['sid']}", ReservationStatus="accepted")
    assert api.read(worker)["activity_name"] == "Busy"


# Time


def test_a_task_escalates_when_its_step_is_over(api, floor, clock):
    first, second = floor.queue_of("First", TargetWorkers="1==0"), floor.queue_of("Second")
    targets = [{"queue": first, "timeout": 30}, {"queue": second, "priority": 7}]
    workflow = floor.workflow_of("Escalation", [{"expression": "1==1", "targets": targets}])
    task = floor.task(WorkflowSid=workflow)
    clock.pass_s(29)
    assert api.read(task)["task_queue_friendly_name"] == "First"
    clock.pass_s(1)

    escalated = api.read(task)

    assert (escalated["task_queue_friendly_name"], escalated["priority"]) == ("Second", 7)
    assert escalated["assignment_status"] == "reserved"
    assert escalated["task_queue_entered_date"] == "2026-03-01T12:00:30Z"


def test_an_offer_that_nobody_answers_times_out(api, floor, clock):
    task = floor.task()
    clock.pass_s(121)

    assert [each["reservation_status"] for each in api.items(f"{task}/Reservations")] == ["timeout"]
    assert api.read(floor.alice)["activity_name"] == "Offline"
    assert floor.status(task) == "pending"
    assert floor.events(TaskSid=task.rpartition("/")[2])[-1] == "reservation.timeout"


def test_the_time_of_a_task_is_over(api, floor, clock):
    floor.move(floor.alice, "Offline")
    task = floor.task(Timeout="60")
    clock.pass_s(61)

    assert (api.read(task)["assignment_status"], api.read(task)["reason"]) == ("canceled", "Task TTL Exceeded")


@pytest.mark.parametrize("path", ["Workers", "Tasks", "Events", "Activities"])
def test_for_any_first_request_everything_due_has_happened(api, floor, clock, path):
    task = floor.task()
    clock.pass_s(121)

    api.items(f"{floor.path}/{path}")

    with api.app.store._database.read() as reader:
        row = reader.row("SELECT status FROM task WHERE sid = ?", (task.rpartition("/")[2],))
    assert row == ("pending",)


def test_a_refusal_does_not_undo_changes_that_were_due(api, floor, clock, refused):
    task = floor.task()
    offer = floor.offered(task)
    clock.pass_s(121)

    assert "is timeout and cannot become accepted" in refused(api.post(offer, ReservationStatus="accepted"))
    assert floor.status(task) == "pending"


# The file


def test_acknowledged_writes_are_there_in_the_next_process(open_api, open_floor, tmp_path, clock):
    file = tmp_path / "local.db"
    first = open_floor(file)
    targets = [{"queue": first.queue, "timeout": 600, "priority": 3}]
    workflow = first.workflow_of("Later", [{"expression": "1==1", "targets": targets}])
    first.api.changed(f"{first.alice}/Channels/default", Capacity="2")
    tasks = [first.task({"n": number}, WorkflowSid=workflow) for number in range(4)]
    first.accept(tasks[0])
    before = [first.api.read(task) for task in tasks]
    first.api.app.close()

    second = open_api(file, clock=clock)

    assert [second.read(task) for task in tasks] == before
    assert [each["assignment_status"] for each in before] == ["assigned", "reserved", "pending", "pending"]
    second.changed(tasks[0], AssignmentStatus="completed", Reason="x")
    assert second.read(tasks[2])["assignment_status"] == "reserved"


def test_timers_that_were_over_while_nobody_was_there_go_off_at_their_own_moments(
    open_api, open_floor, tmp_path, clock
):
    floor = open_floor(tmp_path / "local.db")
    task = floor.task(Timeout="200")
    floor.api.app.close()
    clock.pass_s(1000)

    again = open_api(tmp_path / "local.db", clock=clock)

    assert again.get(task).status_code == 404
    events = again.items(f"{floor.path}/Events", TaskSid=task.rpartition("/")[2], Minutes="60")
    ended = {each["event_type"]: each["event_date"] for each in events}
    assert ended["reservation.timeout"] == "2026-03-01T12:02:00Z"
    assert ended["task.canceled"] == "2026-03-01T12:03:20Z"


def test_two_applications_on_one_file_route_together(open_api, open_floor, tmp_path, clock):
    one = open_floor(tmp_path / "local.db")
    one.move(one.alice, "Offline")
    task = one.task()
    other = open_api(tmp_path / "local.db", clock=clock)

    other.changed(one.alice, ActivitySid=one.activities["Available"])
    assert one.status(task) == "reserved"
    one.accept(task)
    other.changed(task, AssignmentStatus="completed", Reason="x")
    assert one.api.items(f"{task}/Reservations")[0]["reservation_status"] == "completed"


def test_a_workspace_that_another_process_deletes_before_due_changes_is_gone(
    open_floor, open_api, tmp_path, clock, monkeypatch, refused
):
    floor, other = open_floor(tmp_path / "local.db"), open_api(tmp_path / "local.db").app
    task, engines = floor.task(), floor.api.app.store.engines
    catch_up = engines.catch_up

    def catch_up_too_late(workspace_sid):
        other.store.delete(WORKSPACE, (), workspace_sid)
        other.store.engines.keep()
        catch_up(workspace_sid)

    monkeypatch.setattr(engines, "catch_up", catch_up_too_late)
    clock.pass_s(121)

    refused(floor.api.get(task), 404, 20404)
    assert floor.api.items("/Workspaces") == []


def test_a_file_served_ahead_of_time_goes_on_from_there(open_api, open_floor, tmp_path, clock):
    ahead = open_floor(tmp_path / "local.db", lambda: clock() + 3_600_000)
    task = ahead.task()
    ahead.api.app.close()

    again = open_api(tmp_path / "local.db", clock=clock)

    assert again.read(task)["age"] == 0
    clock.pass_s(121)
    assert again.read(task)["assignment_status"] == "pending"


def test_a_write_that_failed_in_the_middle_has_no_effect(api, floor, monkeypatch):
    """The engine had gone on; what it did is not kept, so it is read anew."""

    def fail(*_):
        raise RuntimeError

    monkeypatch.setattr("tr_apply.local.history.session.write_events", fail)
    with pytest.raises(RuntimeError):
        floor.task()
    monkeypatch.undo()

    assert api.items(f"{floor.path}/Tasks") == []
    assert floor.status(floor.task()) == "reserved"


def test_nothing_is_left_of_a_deleted_workspace(api, floor):
    floor.task()

    assert api.delete(floor.path).status_code == 204
    with api.app.store._database.read() as reader:
        counts = [reader.value(f"SELECT count(*) FROM {table}") for table in ("task", "reservation", "event")]
    assert counts == [0, 0, 0]
    assert api.get(f"{floor.path}/Tasks").status_code == 404
