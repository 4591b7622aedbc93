"""Task queues: defaults, limits, expressions, activities, and when they may go."""

import json

import pytest


def test_a_new_queue_has_the_documented_defaults(api, workspace):
    queue = api.made(f"{workspace}/TaskQueues", FriendlyName="Support")

    assert queue["target_workers"] == "1==1"
    assert (queue["max_reserved_workers"], queue["task_order"]) == (1, "FIFO")
    for field in ("reservation_activity", "assignment_activity"):
        assert queue[f"{field}_sid"] is None
        assert queue[f"{field}_name"] is None
        assert queue["links"][field] is None


def test_a_name_that_is_taken_is_refused_in_the_words_of_taskrouter(api, workspace, refused):
    api.made(f"{workspace}/TaskQueues", FriendlyName="Support")

    message = refused(api.post(f"{workspace}/TaskQueues", FriendlyName="Support"))

    sid = workspace.rpartition("/")[2]
    account = "AC0123456789abcdef0123456789abcdef"
    assert message == f"Queue named Support already exists for workspace {sid} for account {account}"


def test_a_queue_cannot_take_the_name_of_another(api, workspace, refused):
    api.made(f"{workspace}/TaskQueues", FriendlyName="Support")
    other = api.made(f"{workspace}/TaskQueues", FriendlyName="Sales")

    refused(api.post(f"{workspace}/TaskQueues/{other['sid']}", FriendlyName="SUPPORT"))


def test_a_name_is_free_again_after_a_delete(api, workspace):
    queue = api.made(f"{workspace}/TaskQueues", FriendlyName="Support")

    assert api.delete(f"{workspace}/TaskQueues/{queue['sid']}").status_code == 204
    assert api.made(f"{workspace}/TaskQueues", FriendlyName="Support")["sid"] != queue["sid"]


@pytest.mark.parametrize(
    "expression",
    ["", "  ", 'products HAS "ProgrammableSMS"', "  level>3\n and languages HAS 'en' ", 'name == "Ünïcödé"', "a = 1"],
)
def test_target_workers_come_back_character_for_character(api, workspace, expression):
    queue = api.made(f"{workspace}/TaskQueues", FriendlyName="Support", TargetWorkers=expression)

    assert queue["target_workers"] == expression
    assert api.read(f"{workspace}/TaskQueues/{queue['sid']}")["target_workers"] == expression


@pytest.mark.parametrize("expression", ["skill-level > 3", "level", "level >", "(" * 5000, "a == '"])
def test_an_expression_that_cannot_be_parsed_is_refused_with_its_place(api, workspace, refused, expression):
    queue = api.made(f"{workspace}/TaskQueues", FriendlyName="Sales")

    message = refused(api.post(f"{workspace}/TaskQueues", FriendlyName="Support", TargetWorkers=expression))
    refused(api.post(f"{workspace}/TaskQueues/{queue['sid']}", TargetWorkers=expression))

    assert message.startswith("TargetWorkers cannot be parsed: ")
    assert "column" in message


@pytest.mark.parametrize("number", ["1", "50", "+7", "007"])
def test_max_reserved_workers_within_its_limits(api, workspace, number):
    queue = api.made(f"{workspace}/TaskQueues", FriendlyName="Support", MaxReservedWorkers=number)

    assert queue["max_reserved_workers"] == int(number)


@pytest.mark.parametrize("number", ["0", "51", "-1", "1.0", "", "x", "1_0", " 1", "\u0661", "9" * 5000])
def test_max_reserved_workers_outside_its_limits_is_refused(api, workspace, refused, number):
    refused(api.post(f"{workspace}/TaskQueues", FriendlyName="Support", MaxReservedWorkers=number))


def test_task_order_is_fifo_or_lifo(api, workspace, refused):
    assert api.made(f"{workspace}/TaskQueues", FriendlyName="a", TaskOrder="LIFO")["task_order"] == "LIFO"

    refused(api.post(f"{workspace}/TaskQueues", FriendlyName="b", TaskOrder="RANDOM"))


def test_a_multitasking_workspace_stores_the_activities_and_lets_them_go(api, workspace, sids):
    offline = sids(f"{workspace}/Activities")["Offline"]
    queue = api.made(f"{workspace}/TaskQueues", FriendlyName="Support", AssignmentActivitySid=offline)
    assert (queue["assignment_activity_sid"], queue["assignment_activity_name"]) == (offline, "Offline")
    assert queue["links"]["assignment_activity"].endswith(f"/Activities/{offline}")

    cleared = api.changed(f"{workspace}/TaskQueues/{queue['sid']}", AssignmentActivitySid="")

    assert cleared["assignment_activity_sid"] is None


def test_a_single_tasking_workspace_needs_both_activities(api, single_tasking, sids, refused):
    activities = sids(f"{single_tasking}/Activities")
    both = {"ReservationActivitySid": activities["Reserved"], "AssignmentActivitySid": activities["Busy"]}

    for form in ({}, {"ReservationActivitySid": activities["Reserved"]}, {**both, "ReservationActivitySid": ""}):
        message = refused(api.post(f"{single_tasking}/TaskQueues", FriendlyName="Support", **form))
        assert message == "Activity Sids cannot be empty"

    queue = api.made(f"{single_tasking}/TaskQueues", FriendlyName="Support", **both)
    refused(api.post(f"{single_tasking}/TaskQueues/{queue['sid']}", AssignmentActivitySid=""))
    assert api.changed(f"{single_tasking}/TaskQueues/{queue['sid']}", TaskOrder="LIFO")["task_order"] == "LIFO"


def test_an_activity_of_another_workspace_is_refused(api, workspace, single_tasking, sids, refused):
    foreign = sids(f"{single_tasking}/Activities")["Reserved"]

    refused(api.post(f"{workspace}/TaskQueues", FriendlyName="Support", ReservationActivitySid=foreign))


def test_a_queue_cannot_be_deleted_while_a_workflow_refers_to_it(api, workspace, refused):
    queues = [api.made(f"{workspace}/TaskQueues", FriendlyName=name)["sid"] for name in ("a", "b")]
    path = f"{workspace}/TaskQueues/{queues[0]}"
    routing = {"task_routing": {"default_filter": {"queue": queues[0]}}}
    workflow = api.made(f"{workspace}/Workflows", FriendlyName="Incoming", Configuration=json.dumps(routing))

    assert "Workflow Incoming" in refused(api.delete(path))

    routing["task_routing"]["default_filter"]["queue"] = queues[1]
    api.changed(f"{workspace}/Workflows/{workflow['sid']}", Configuration=json.dumps(routing))
    assert api.delete(path).status_code == 204


def test_a_sid_inside_an_expression_does_not_keep_a_queue(api, workspace):
    kept, free = (api.made(f"{workspace}/TaskQueues", FriendlyName=name)["sid"] for name in ("a", "b"))
    each = {"expression": f"queue == '{free}'", "targets": [{"queue": kept}]}
    api.made(
        f"{workspace}/Workflows",
        FriendlyName="Incoming",
        Configuration=json.dumps({"task_routing": {"filters": [each]}}),
    )

    assert api.delete(f"{workspace}/TaskQueues/{free}").status_code == 204
