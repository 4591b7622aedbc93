"""Activities and task channels: fields, uniqueness, and when they may go."""

import pytest


def test_an_activity_is_unavailable_unless_it_says_otherwise(api, workspace):
    assert api.made(f"{workspace}/Activities", FriendlyName="Lunch")["available"] is False
    assert api.made(f"{workspace}/Activities", FriendlyName="Back office", Available="true")["available"] is True


def test_available_never_changes_and_sending_it_is_accepted(api, workspace, sids):
    path = f"{workspace}/Activities/{sids(f'{workspace}/Activities')['Available']}"

    changed = api.changed(path, Available="false", FriendlyName="Ready")

    assert (changed["available"], changed["friendly_name"]) == (True, "Ready")


def test_two_activities_cannot_have_one_name_whatever_its_case(api, workspace, refused):
    message = refused(api.post(f"{workspace}/Activities", FriendlyName="OFFLINE"))

    workspace_sid = workspace.rpartition("/")[2]
    account = "AC0123456789abcdef0123456789abcdef"
    assert message == f"Activity named OFFLINE already exists for workspace {workspace_sid} for account {account}"


def test_the_case_of_a_name_is_folded_beyond_ascii(api, workspace, refused):
    api.made(f"{workspace}/Activities", FriendlyName="Straße")

    refused(api.post(f"{workspace}/Activities", FriendlyName="STRASSE"))


def test_the_case_of_an_own_name_can_be_changed(api, workspace, sids):
    path = f"{workspace}/Activities/{sids(f'{workspace}/Activities')['Offline']}"

    assert api.changed(path, FriendlyName="OFFLINE")["friendly_name"] == "OFFLINE"


def test_a_name_can_be_used_again_in_another_workspace(api, workspace, single_tasking):
    api.made(f"{workspace}/Activities", FriendlyName="Lunch")

    api.made(f"{single_tasking}/Activities", FriendlyName="Lunch")


def test_renaming_an_activity_is_seen_wherever_it_is_named(api, workspace, sids):
    offline = sids(f"{workspace}/Activities")["Offline"]
    worker = api.made(f"{workspace}/Workers", FriendlyName="alice")
    queue = api.made(f"{workspace}/TaskQueues", FriendlyName="q", ReservationActivitySid=offline)

    api.changed(f"{workspace}/Activities/{offline}", FriendlyName="Gone")

    assert api.read(workspace)["default_activity_name"] == "Gone"
    assert api.read(f"{workspace}/Workers/{worker['sid']}")["activity_name"] == "Gone"
    assert api.read(f"{workspace}/TaskQueues/{queue['sid']}")["reservation_activity_name"] == "Gone"


def test_the_default_and_the_timeout_activity_cannot_be_deleted(api, workspace, sids, refused):
    activities = sids(f"{workspace}/Activities")
    api.changed(workspace, TimeoutActivitySid=activities["Unavailable"])

    assert "default activity" in refused(api.delete(f"{workspace}/Activities/{activities['Offline']}"))
    assert "timeout activity" in refused(api.delete(f"{workspace}/Activities/{activities['Unavailable']}"))
    assert api.delete(f"{workspace}/Activities/{activities['Available']}").status_code == 204


def test_an_activity_cannot_be_deleted_while_a_worker_is_in_it(api, workspace, sids, refused):
    lunch = api.made(f"{workspace}/Activities", FriendlyName="Lunch")["sid"]
    worker = api.made(f"{workspace}/Workers", FriendlyName="alice", ActivitySid=lunch)

    assert "alice" in refused(api.delete(f"{workspace}/Activities/{lunch}"))

    api.changed(f"{workspace}/Workers/{worker['sid']}", ActivitySid=sids(f"{workspace}/Activities")["Offline"])
    assert api.delete(f"{workspace}/Activities/{lunch}").status_code == 204


@pytest.mark.parametrize("field", ["ReservationActivitySid", "AssignmentActivitySid"])
def test_an_activity_cannot_be_deleted_while_a_queue_uses_it(api, workspace, refused, field):
    lunch = api.made(f"{workspace}/Activities", FriendlyName="Lunch")["sid"]
    queue = api.made(f"{workspace}/TaskQueues", FriendlyName="Support", **{field: lunch})

    assert "Support" in refused(api.delete(f"{workspace}/Activities/{lunch}"))

    api.changed(f"{workspace}/TaskQueues/{queue['sid']}", **{field: ""})
    assert api.delete(f"{workspace}/Activities/{lunch}").status_code == 204


def test_a_channel_is_found_by_its_unique_name_too(api, workspace):
    made = api.made(f"{workspace}/TaskChannels", FriendlyName="Fax", UniqueName="fax")

    assert api.read(f"{workspace}/TaskChannels/fax") == made
    assert api.changed(f"{workspace}/TaskChannels/fax", FriendlyName="Telefax")["sid"] == made["sid"]
    assert api.delete(f"{workspace}/TaskChannels/fax").status_code == 204


def test_the_unique_name_never_changes_and_sending_it_is_accepted(api, workspace):
    changed = api.changed(f"{workspace}/TaskChannels/voice", UniqueName="phone", ChannelOptimizedRouting="true")

    assert (changed["unique_name"], changed["channel_optimized_routing"]) == ("voice", True)


def test_unique_names_are_unique_and_friendly_names_are_not(api, workspace, refused):
    api.made(f"{workspace}/TaskChannels", FriendlyName="Voice", UniqueName="voice2")

    assert "VOICE" in refused(api.post(f"{workspace}/TaskChannels", FriendlyName="x", UniqueName="VOICE"))


def test_a_unique_name_that_no_expression_could_hold_is_accepted(api, workspace):
    name = "6e3ff6e4-5c1c-4d8a-8a0f-0123456789ab"

    assert api.made(f"{workspace}/TaskChannels", FriendlyName="x", UniqueName=name)["unique_name"] == name


def test_of_the_seeded_channels_only_the_default_one_must_stay(api, workspace, refused):
    refused(api.delete(f"{workspace}/TaskChannels/default"))

    assert api.delete(f"{workspace}/TaskChannels/voice").status_code == 204


def test_a_new_channel_comes_to_every_worker_and_leaves_with_itself(api, workspace):
    workers = [api.made(f"{workspace}/Workers", FriendlyName=name)["sid"] for name in ("alice", "bob")]

    api.made(f"{workspace}/TaskChannels", FriendlyName="Fax", UniqueName="fax")
    for sid in workers:
        channel = api.read(f"{workspace}/Workers/{sid}/Channels/fax")
        assert (channel["configured_capacity"], channel["available"]) == (1, True)

    api.delete(f"{workspace}/TaskChannels/fax")
    for sid in workers:
        assert api.get(f"{workspace}/Workers/{sid}/Channels/fax").status_code == 404


@pytest.mark.parametrize(
    ("form", "missing"),
    [
        ("Activities?", "FriendlyName"),
        ("Activities?FriendlyName=", "FriendlyName"),
        ("TaskChannels?UniqueName=x", "FriendlyName"),
        ("TaskChannels?FriendlyName=x", "UniqueName"),
        ("TaskQueues?", "FriendlyName"),
        ("Workflows?FriendlyName=x", "Configuration"),
        ("Workers?friendly_name=x", "FriendlyName"),
    ],
)
def test_a_missing_required_field_is_named(api, workspace, refused, form, missing):
    collection, _, body = form.partition("?")

    message = refused(api.request("POST", f"/v1{workspace}/{collection}", content=body))

    assert message == f"Missing required parameter {missing} in the post body"
