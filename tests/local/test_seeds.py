"""The content of a new workspace."""

import json

CHANNELS = [
    ("default", "Default"),
    ("voice", "Voice"),
    ("chat", "Programmable Chat"),
    ("sms", "SMS"),
    ("video", "Video"),
]


def activities_of(api, workspace):
    return [(each["friendly_name"], each["available"]) for each in api.items(f"{workspace}/Activities")]


def test_a_multitasking_workspace_begins_with_three_activities(api, workspace):
    assert activities_of(api, workspace) == [("Offline", False), ("Available", True), ("Unavailable", False)]


def test_a_single_tasking_workspace_begins_with_four_activities(api, single_tasking):
    assert activities_of(api, single_tasking) == [
        ("Offline", False),
        ("Idle", True),
        ("Busy", False),
        ("Reserved", False),
    ]


def test_every_workspace_begins_with_five_channels(api, workspace, single_tasking):
    for path in (workspace, single_tasking):
        channels = api.items(f"{path}/TaskChannels")
        assert [(each["unique_name"], each["friendly_name"]) for each in channels] == CHANNELS
        assert not any(each["channel_optimized_routing"] for each in channels)


def test_default_and_timeout_activity_begin_as_offline(api, workspace, sids):
    offline = sids(f"{workspace}/Activities")["Offline"]

    found = api.read(workspace)

    assert (found["default_activity_sid"], found["default_activity_name"]) == (offline, "Offline")
    assert (found["timeout_activity_sid"], found["timeout_activity_name"]) == (offline, "Offline")


def test_without_a_template_there_is_no_queue_and_no_workflow(api, workspace):
    assert api.names(f"{workspace}/TaskQueues") == []
    assert api.names(f"{workspace}/Workflows") == []


def test_fifo_adds_one_queue_for_everyone_and_a_workflow_to_it(api):
    workspace = f"/Workspaces/{api.made('/Workspaces', FriendlyName='x', Template='FIFO')['sid']}"

    [queue] = api.items(f"{workspace}/TaskQueues")
    [workflow] = api.items(f"{workspace}/Workflows")

    assert (queue["friendly_name"], queue["target_workers"]) == ("Sample Queue", "1==1")
    assert (queue["reservation_activity_sid"], queue["assignment_activity_sid"]) == (None, None)
    assert workflow["friendly_name"] == "Default Fifo Workflow"
    assert json.loads(workflow["configuration"]) == {
        "task_routing": {"filters": [], "default_filter": {"queue": queue["sid"]}}
    }


def test_fifo_in_a_single_tasking_workspace_uses_reserved_and_busy(api):
    made = api.made("/Workspaces", FriendlyName="x", Template="FIFO", MultiTaskEnabled="false")

    [queue] = api.items(f"/Workspaces/{made['sid']}/TaskQueues")

    assert (queue["reservation_activity_name"], queue["assignment_activity_name"]) == ("Reserved", "Busy")


def test_the_queue_of_the_template_cannot_be_deleted_before_its_workflow(api, refused):
    workspace = f"/Workspaces/{api.made('/Workspaces', FriendlyName='x', Template='FIFO')['sid']}"
    [queue] = api.items(f"{workspace}/TaskQueues")

    message = refused(api.delete(f"{workspace}/TaskQueues/{queue['sid']}"))

    assert "Default Fifo Workflow" in message


def test_the_old_name_of_the_empty_template_is_known(api):
    workspace = api.made("/Workspaces", FriendlyName="x", Template="EMPTY")

    assert api.names(f"/Workspaces/{workspace['sid']}/TaskQueues") == []


def test_an_unknown_template_is_refused_and_creates_nothing(api, refused):
    refused(api.post("/Workspaces", FriendlyName="x", Template="LIFO"))

    assert api.items("/Workspaces") == []
