"""Workspaces: fields, defaults, what may change."""

import pytest


def test_a_new_workspace_has_the_documented_defaults(api):
    made = api.made("/Workspaces", FriendlyName="Support")

    assert made["multi_task_enabled"] is True
    assert made["prioritize_queue_order"] == "FIFO"
    assert made["event_callback_url"] == ""
    assert made["events_filter"] is None
    assert made["date_created"] == made["date_updated"]
    assert "template" not in made


def test_a_created_workspace_is_fetched_and_listed(api):
    made = api.made("/Workspaces", FriendlyName="Support", PrioritizeQueueOrder="LIFO")

    assert api.read(f"/Workspaces/{made['sid']}") == made
    assert api.items("/Workspaces") == [made]


def test_an_update_changes_only_the_fields_it_sends(api, workspace):
    before = api.read(workspace)

    after = api.changed(workspace, EventCallbackUrl="https://example.com/events")

    assert after["event_callback_url"] == "https://example.com/events"
    assert {**after, "event_callback_url": "", "date_updated": before["date_updated"]} == before


def test_an_update_without_fields_is_accepted_and_changes_nothing(api, workspace):
    before = api.read(workspace)

    assert api.changed(workspace) == before


def test_fields_nobody_knows_are_ignored(api, workspace):
    before = api.read(workspace)

    assert api.changed(workspace, Colour="red", friendlyname="wrong case") == before


def test_the_template_cannot_be_sent_later(api, workspace):
    api.changed(workspace, Template="FIFO")

    assert api.items(f"{workspace}/TaskQueues") == []


def test_an_empty_value_clears_the_callback_and_keeps_the_filter_as_an_empty_text(api, workspace):
    api.changed(workspace, EventCallbackUrl="https://example.com", EventsFilter="task.created, task.canceled")

    cleared = api.changed(workspace, EventCallbackUrl="")
    assert cleared["event_callback_url"] == ""
    assert cleared["events_filter"] == "task.created, task.canceled"
    assert api.changed(workspace, EventsFilter="")["events_filter"] == ""


def test_events_may_be_sent_by_repeating_the_field(api, workspace):
    changed = api.changed(workspace, EventsFilter=["task.created", "task.canceled"])

    assert changed["events_filter"] == "task.created,task.canceled"


def test_multitasking_can_be_turned_on_and_never_off(api, single_tasking, refused):
    assert api.changed(single_tasking, MultiTaskEnabled="false")["multi_task_enabled"] is False
    assert api.changed(single_tasking, MultiTaskEnabled="true")["multi_task_enabled"] is True

    refused(api.post(single_tasking, MultiTaskEnabled="false"))
    assert api.read(single_tasking)["multi_task_enabled"] is True


def test_default_and_timeout_activity_can_only_be_set_later(api):
    activity = "WA" + 32 * "a"

    made = api.made("/Workspaces", FriendlyName="x", DefaultActivitySid=activity, TimeoutActivitySid=activity)

    assert made["default_activity_name"] == "Offline"


def test_default_and_timeout_activity_follow_the_sid_that_was_set(api, workspace, sids):
    activities = sids(f"{workspace}/Activities")

    changed = api.changed(
        workspace, DefaultActivitySid=activities["Available"], TimeoutActivitySid=activities["Unavailable"]
    )

    assert changed["default_activity_name"] == "Available"
    assert changed["timeout_activity_name"] == "Unavailable"


@pytest.mark.parametrize("sid", ["", "Offline", "WK" + 32 * "0", "WA" + 31 * "0", "WA" + 32 * "g", "WA" + 32 * "0"])
def test_a_sid_that_is_not_an_activity_of_the_workspace_is_refused(api, workspace, refused, sid):
    refused(api.post(workspace, DefaultActivitySid=sid))


def test_an_activity_of_another_workspace_is_refused(api, workspace, single_tasking, sids, refused):
    foreign = sids(f"{single_tasking}/Activities")["Offline"]

    message = refused(api.post(workspace, TimeoutActivitySid=foreign))

    assert foreign in message


def test_several_workspaces_may_have_one_name(api):
    first = api.made("/Workspaces", FriendlyName="Support")
    second = api.made("/Workspaces", FriendlyName="Support")

    assert [each["sid"] for each in api.items("/Workspaces", FriendlyName="support")] == [first["sid"], second["sid"]]


def test_deleting_a_workspace_takes_everything_in_it_along(api, refused):
    made = api.made("/Workspaces", FriendlyName="x", Template="FIFO")
    workspace = f"/Workspaces/{made['sid']}"
    available = api.items(f"{workspace}/Activities", FriendlyName="Available")[0]["sid"]
    worker = api.made(f"{workspace}/Workers", FriendlyName="alice", ActivitySid=available)

    assert api.delete(workspace).status_code == 204

    for path in ("", "/Activities", "/TaskQueues", f"/Workers/{worker['sid']}", f"/Workers/{worker['sid']}/Channels"):
        refused(api.get(workspace + path), 404, 20404)
    assert api.items("/Workspaces") == []


@pytest.mark.parametrize(
    "form",
    [
        {"FriendlyName": ""},
        {"FriendlyName": "   "},
        {"FriendlyName": "x" * 65},
        {"PrioritizeQueueOrder": "fifo"},
        {"PrioritizeQueueOrder": ""},
    ],
)
def test_a_wrong_value_is_refused_at_creation_and_later(api, workspace, refused, form):
    refused(api.post("/Workspaces", **{"FriendlyName": "x", **form}))
    refused(api.post(workspace, **form))


@pytest.mark.parametrize(
    ("text", "value"),
    [("true", True), ("1", True), ("yes", True), ("True", False), ("on", False), ("0", False), ("", False)],
)
def test_true_1_and_yes_are_true_and_everything_else_is_false(api, text, value):
    made = api.made("/Workspaces", FriendlyName="x", MultiTaskEnabled=text)

    assert made["multi_task_enabled"] is value


def test_links_lead_to_collections_of_this_workspace(api, workspace):
    found = api.read(workspace)

    assert found["url"] == f"http://taskrouter.test/v1{workspace}"
    assert found["links"]["task_channels"] == f"http://taskrouter.test/v1{workspace}/TaskChannels"
    assert found["links"].keys() == {
        *("activities", "statistics", "real_time_statistics", "cumulative_statistics", "task_queues"),
        *("tasks", "workers", "workflows", "task_channels", "events"),
    }
