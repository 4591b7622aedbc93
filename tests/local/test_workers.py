"""Workers and their channels: attributes, activities, revisions, capacities."""

import httpx
import pytest

from tr_apply.local import open_app
from tr_apply.local.storage.clock import moment_of


@pytest.fixture
def activities(workspace, sids):
    return sids(f"{workspace}/Activities")


@pytest.fixture
def worker(api, workspace):
    return f"{workspace}/Workers/{api.made(f'{workspace}/Workers', FriendlyName='alice')['sid']}"


def test_a_new_worker_is_in_the_default_activity_without_attributes(api, worker, activities):
    found = api.read(worker)

    assert (found["activity_sid"], found["activity_name"]) == (activities["Offline"], "Offline")
    assert (found["available"], found["attributes"]) == (False, "{}")
    assert found["date_created"] == found["date_updated"] == found["date_status_changed"]


def test_a_new_worker_may_begin_in_another_activity(api, workspace, activities):
    made = api.made(f"{workspace}/Workers", FriendlyName="bob", ActivitySid=activities["Available"])

    assert (made["activity_name"], made["available"]) == ("Available", True)


def test_attributes_come_back_compact_with_their_keys_in_the_order_sent(api, workspace):
    made = api.made(
        f"{workspace}/Workers", FriendlyName="bob", Attributes='{ "z": "a  b\\"", "a": [1, 2.0, {"é": null}] }'
    )

    assert made["attributes"] == '{"z":"a  b\\"","a":[1,2.0,{"é":null}]}'
    assert api.items(f"{workspace}/Workers")[0]["attributes"] == made["attributes"]


@pytest.mark.parametrize(
    "attributes",
    [
        "",
        "x",
        "[]",
        "null",
        '"{}"',
        "{'a': 1}",
        '{"a": 1, "a": 2}',
        '{"a": NaN}',
        '{"a": -Infinity}',
        '{"a": 1e400}',
        '{"a": ' + "[" * 500 + "]" * 500 + "}",
        "{} {}",
        "\ufeff{}",
    ],
)
def test_attributes_that_are_not_a_sound_json_object_are_refused(api, workspace, worker, refused, attributes):
    refused(api.post(f"{workspace}/Workers", FriendlyName="bob", Attributes=attributes))
    refused(api.post(worker, Attributes=attributes))


def test_attributes_have_4096_characters_at_most_white_space_included(api, workspace, refused):
    text = '{"a": "é"}'

    api.made(f"{workspace}/Workers", FriendlyName="bob", Attributes=text + " " * (4096 - len(text)))

    refused(api.post(f"{workspace}/Workers", FriendlyName="carol", Attributes=text + " " * (4097 - len(text))))


def test_numbers_beyond_64_bits_are_kept_and_compared(api, workspace):
    text = '{"id":123456789012345678901234567890,"low":-' + "9" * 400 + "}"
    api.made(f"{workspace}/Workers", FriendlyName="bob", Attributes=text)

    def found(expression):
        return api.names(f"{workspace}/Workers", TargetWorkersExpression=expression)

    assert api.items(f"{workspace}/Workers")[0]["attributes"] == text
    assert found("id > 1") == found("low < 0.5") == ["bob"]
    assert found("id < 1") == found("low > 0") == []
    api.made(f"{workspace}/TaskQueues", FriendlyName="q", TargetWorkers="id > 1 AND low < 1")


def test_an_update_replaces_all_attributes(api, worker):
    api.changed(worker, Attributes='{"a":1,"b":2}')

    assert api.changed(worker, Attributes='{"b":3}')["attributes"] == '{"b":3}'


def test_two_workers_cannot_have_one_name_whatever_its_case(api, workspace, worker, refused):
    assert api.read(worker)["friendly_name"] == "alice"

    refused(api.post(f"{workspace}/Workers", FriendlyName="Alice"))


@pytest.mark.parametrize("sid", ["", "Available", "WA" + 32 * "0"])
def test_a_worker_cannot_enter_an_activity_that_does_not_exist(api, workspace, worker, refused, sid):
    refused(api.post(f"{workspace}/Workers", FriendlyName="bob", ActivitySid=sid))
    refused(api.post(worker, ActivitySid=sid))


def test_only_a_move_to_another_activity_changes_the_date_of_the_status(runner):
    now = [moment_of("2026-03-01T12:00:00.999Z")]
    app = open_app(":memory:", clock=lambda: now[0])

    async def scenario():
        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(app), base_url="http://x/v1", auth=("a", "b")
        ) as client:

            async def post(path, **form):
                now[0] += 1000
                return (await client.post(path, data=form)).json()

            workspace = f"/Workspaces/{(await post('/Workspaces', FriendlyName='x'))['sid']}"
            activities = (await client.get(f"{workspace}/Activities")).json()["activities"]
            offline, available, _ = (each["sid"] for each in activities)
            made = await post(f"{workspace}/Workers", FriendlyName="alice")
            path = f"{workspace}/Workers/{made['sid']}"
            return made, [
                await post(path, Attributes="{}"),
                await post(path, ActivitySid=offline),
                await post(path, ActivitySid=available),
                await post(path),
            ]

    made, (attributes, same, moved, empty) = runner.run(scenario())
    app.close()

    assert made["date_created"] == made["date_status_changed"] == "2026-03-01T12:00:02Z"
    assert (attributes["date_updated"], attributes["date_status_changed"]) == (
        "2026-03-01T12:00:03Z",
        "2026-03-01T12:00:02Z",
    )
    assert (same["date_updated"], same["date_status_changed"]) == ("2026-03-01T12:00:04Z", "2026-03-01T12:00:02Z")
    assert (moved["date_updated"], moved["date_status_changed"]) == ("2026-03-01T12:00:05Z", "2026-03-01T12:00:05Z")
    assert empty == moved


def test_pending_reservations_can_be_rejected_only_on_the_way_to_an_unavailable_activity(
    api, worker, activities, refused
):
    refused(api.post(worker, ActivitySid=activities["Available"], RejectPendingReservations="true"))

    api.changed(worker, ActivitySid=activities["Available"], RejectPendingReservations="false")
    api.changed(worker, ActivitySid=activities["Offline"], RejectPendingReservations="true")


def test_a_worker_cannot_be_deleted_while_available(api, worker, activities, refused):
    api.changed(worker, ActivitySid=activities["Available"])
    sid = worker.rpartition("/")[2]

    message = refused(api.delete(worker))
    assert message == f"Worker {sid} cannot be deleted while in an available Activity"

    api.changed(worker, ActivitySid=activities["Unavailable"])
    assert api.delete(worker).status_code == 204
    refused(api.get(worker), 404, 20404)


def test_the_revision_begins_at_0_and_grows_with_every_change(api, workspace):
    made = api.post(f"{workspace}/Workers", FriendlyName="alice")
    path = f"{workspace}/Workers/{made.json()['sid']}"

    assert made.headers["etag"] == '"0"'
    assert api.post(path, Attributes='{"a":1}').headers["etag"] == '"1"'
    assert api.post(path).headers["etag"] == '"1"'
    assert api.post(path, FriendlyName="Alice").headers["etag"] == '"2"'
    assert api.get(path).headers["etag"] == '"2"'


def test_the_revision_grows_with_a_channel_and_not_with_equal_attributes(api, worker):
    def revision():
        return int(api.get(worker).headers["etag"].strip('"'))

    api.changed(worker, Attributes='{"a": 1, "b": [2]}')
    assert revision() == 1
    api.changed(worker, Attributes='{"a":1,"b":[2]}')
    api.changed(worker, Attributes='{"b":[2],"a":1}')
    api.changed(worker, FriendlyName="alice")
    assert revision() == 1
    api.changed(worker, Attributes='{"a":true,"b":[2]}')
    assert revision() == 2
    api.changed(f"{worker}/Channels/voice", Capacity="5")
    assert revision() == 3
    api.changed(f"{worker}/Channels/voice", Available="false")
    assert revision() == 4
    api.changed(f"{worker}/Channels/voice", Available="false", Capacity="5")
    assert revision() == 4
    api.changed(f"{worker}/Channels/voice", Available="true", Capacity="6")
    assert revision() == 5


@pytest.mark.parametrize("if_match", ['"0"', "0", 'W/"0"', "*", '"7", "0"'])
def test_an_update_with_the_present_revision_goes_through(api, worker, if_match):
    assert api.post(worker, headers={"If-Match": if_match}, Attributes='{"a":1}').status_code == 200


@pytest.mark.parametrize("if_match", ['"1"', "1", "", "x", '"00"'])
def test_an_update_or_delete_with_another_revision_is_refused(api, worker, refused, if_match):
    before = api.read(worker)

    refused(api.post(worker, headers={"If-Match": if_match}, Attributes='{"a":1}'), 412, 20412)
    refused(api.delete(worker, headers={"If-Match": if_match}), 412, 20412)

    assert api.read(worker) == before
    assert api.delete(worker, headers={"If-Match": "0"}).status_code == 204


def test_resources_without_a_revision_have_no_etag_and_ignore_if_match(api, workspace):
    answer = api.post(workspace, headers={"If-Match": '"7"'}, FriendlyName="x")

    assert answer.status_code == 200
    assert "etag" not in answer.headers


def test_a_worker_has_a_channel_for_each_task_channel(api, workspace, worker):
    channels = api.items(f"{worker}/Channels")

    assert [each["task_channel_unique_name"] for each in channels] == ["default", "voice", "chat", "sms", "video"]
    assert [each["task_channel_sid"] for each in channels] == [
        each["sid"] for each in api.items(f"{workspace}/TaskChannels")
    ]
    for each in channels:
        assert each["worker_sid"] == worker.rpartition("/")[2]
        assert (each["configured_capacity"], each["available"]) == (1, True)
        assert (each["assigned_tasks"], each["available_capacity_percentage"]) == (0, 100)
        url = f"http://taskrouter.test/v1{workspace}"
        assert each["links"] == {
            "workspace": url,
            "worker": f"http://taskrouter.test/v1{worker}",
            "taskchannel": f"{url}/TaskChannels/{each['task_channel_sid']}",
        }


def test_a_worker_channel_is_found_by_its_sid_and_by_the_channel_name(api, worker):
    by_name = api.read(f"{worker}/Channels/voice")

    assert by_name["url"].endswith(f"/Channels/{by_name['sid']}")
    assert api.read(f"{worker}/Channels/{by_name['sid']}") == by_name


def test_capacity_and_availability_change_apart(api, worker):
    api.changed(f"{worker}/Channels/voice", Capacity="5")
    changed = api.changed(f"{worker}/Channels/voice", Available="false")

    assert (changed["configured_capacity"], changed["available"]) == (5, False)
    assert api.read(f"{worker}/Channels/sms")["configured_capacity"] == 1


def test_without_capacity_nothing_of_it_is_available(api, worker):
    assert api.changed(f"{worker}/Channels/voice", Capacity="0")["available_capacity_percentage"] == 0


@pytest.mark.parametrize("capacity", ["-1", "51", "", "x"])
def test_a_capacity_is_0_to_50(api, worker, refused, capacity):
    refused(api.post(f"{worker}/Channels/voice", Capacity=capacity))


def test_worker_channels_are_neither_created_nor_deleted(api, worker, refused):
    refused(api.post(f"{worker}/Channels", Capacity="5"), 405, 20004)
    refused(api.delete(f"{worker}/Channels/voice"), 405, 20004)


def test_the_channels_of_a_worker_are_not_those_of_another(api, workspace, worker, refused):
    other = api.made(f"{workspace}/Workers", FriendlyName="bob")["sid"]
    sid = api.read(f"{worker}/Channels/voice")["sid"]

    refused(api.get(f"{workspace}/Workers/{other}/Channels/{sid}"), 404, 20404)


def test_the_channels_of_a_worker_go_with_the_worker(api, worker, refused):
    assert api.delete(worker).status_code == 204

    refused(api.get(f"{worker}/Channels"), 404, 20404)
