"""The differences between a file and a live workspace that count, and those that do not."""

import json

import pytest

DOCUMENT = """
workspace: {name: Center, event_callback_url: https://example.com/e, events_filter: [task.created, task.canceled]}
activities: [{name: Offline}, {name: Available, available: true}]
task_channels: [{unique_name: voice, name: Voice}]
task_queues: [{name: Gold, target_workers: "level > 3"}, {name: Everyone}]
workflows:
  - name: Incoming
    filters:
      - {name: Gold, expression: "type == 'gold'", targets: [{queue: Gold, timeout: 20, priority: 5}, {queue: Everyone}]}
    default_filter: {queue: Everyone}
workers:
  - name: alice
    activity: Offline
    attributes: {level: 4, vip: true, languages: [en, es]}
    channels: {voice: {capacity: 2}}
"""

ROUTING = {
    "filters": [
        {
            "targets": [{"queue": "<Gold>", "priority": "5", "timeout": "20"}, {"queue": "<Everyone>"}],
            "friendly_name": "Gold",
            "expression": "type=='gold'",
        }
    ],
    "default_filter": {"queue": "<Everyone>"},
}


def configuration(world, routing):
    text = json.dumps({"task_routing": routing}, indent=3)
    for name in ("Gold", "Everyone"):
        text = text.replace(f"<{name}>", world.sid("TaskQueues", name))
    return text


# Who writes what where; nothing of it means anything else.
NO_DRIFT = {
    "an expression in another spelling": ("TaskQueues", "Gold", {"TargetWorkers": "(level>3)"}),
    "attributes in another order": (
        "Workers",
        "alice",
        {"Attributes": '{ "languages": ["en", "es"], "vip": true,\n "level": 4.0 }'},
    ),
    "an agent goes to another activity": ("Workers", "alice", {"ActivitySid": "Available"}),
    "callback URLs that are set to nothing": ("Workflows", "Incoming", {"AssignmentCallbackUrl": ""}),
}


@pytest.mark.parametrize("case", NO_DRIFT)
def test_no_drift(world, case):
    collection, name, form = NO_DRIFT[case]
    world.apply(DOCUMENT)
    if "ActivitySid" in form:
        form = {"ActivitySid": world.sid("Activities", form["ActivitySid"])}

    world.change(collection, name, **form)

    assert world.plan(DOCUMENT).operations == []


@pytest.mark.parametrize("mark", ["${", r"\u0024{", r"$\u007b", r"\u0024\u007B"])
def test_text_that_only_looks_like_a_reference_is_not_its_sid(world, mark):
    document = "workspace: {name: Center}\nworkers: [{name: alice, attributes: {team: '${sid:workspace}'}}]"
    world.apply(document)

    world.change("Workers", "alice", Attributes=f'{{"team": "{mark}sid:workspace}}"}}')

    [operation] = world.plan(document).operations
    assert [(each.path, each.before, each.after) for each in operation.changes] == [
        ("attributes.team", "$${sid:workspace}", "${sid:workspace}")
    ]


def test_no_drift_in_a_workflow_written_by_other_tools(world):
    world.apply(DOCUMENT)

    world.change("Workflows", "Incoming", Configuration=configuration(world, ROUTING))

    assert world.plan(DOCUMENT).operations == []


@pytest.mark.parametrize(
    "events", ["task.canceled, task.created", "task.canceled,task.created,", "task.created,task.canceled"]
)
def test_no_drift_in_events_in_another_order(world, events):
    world.apply(DOCUMENT)

    world.rest("POST", world.path(), EventsFilter=events)

    assert world.plan(DOCUMENT).operations == []


# Who writes what where -> the change that takes it back: path, before, after.
DRIFT = {
    "an expression": (
        "TaskQueues",
        "Gold",
        {"TargetWorkers": "level > 2"},
        ("target_workers", "level > 2", "level > 3"),
    ),
    "no expression": ("TaskQueues", "Everyone", {"TargetWorkers": ""}, ("target_workers", "", "1==1")),
    "a default": ("TaskQueues", "Gold", {"MaxReservedWorkers": "7"}, ("max_reserved_workers", 7, 1)),
    "an order": ("TaskQueues", "Gold", {"TaskOrder": "LIFO"}, ("task_order", "LIFO", "FIFO")),
    "a spelling": ("TaskQueues", "Gold", {"FriendlyName": "gold"}, ("name", "gold", "Gold")),
    "a URL": (
        "Workflows",
        "Incoming",
        {"AssignmentCallbackUrl": "http://x"},
        ("assignment_callback_url", "http://x", ""),
    ),
    "a time": ("Workflows", "Incoming", {"TaskReservationTimeout": "9"}, ("task_reservation_timeout", 9, 120)),
    "a channel's name": ("TaskChannels", "voice", {"FriendlyName": "Phone"}, ("name", "Phone", "Voice")),
    "a channel's order": (
        "TaskChannels",
        "voice",
        {"ChannelOptimizedRouting": "true"},
        ("channel_optimized_routing", True, False),
    ),
    "a number for a flag": (
        "Workers",
        "alice",
        {"Attributes": '{"level": 4, "vip": 1, "languages": ["en", "es"]}'},
        ("attributes.vip", 1, True),
    ),
    "an attribute more": (
        "Workers",
        "alice",
        {"Attributes": '{"level": 4, "vip": true, "languages": ["en", "es"], "x": {"y": 1}}'},
        ("attributes.x", {"y": 1}, None),
    ),
    "another order of a list": (
        "Workers",
        "alice",
        {"Attributes": '{"level": 4, "vip": true, "languages": ["es", "en"]}'},
        ("attributes.languages", ["es", "en"], ["en", "es"]),
    ),
}


@pytest.mark.parametrize("case", DRIFT)
def test_drift_is_one_change_of_one_field_in_one_request(world, changed, case):
    collection, name, form, change = DRIFT[case]
    world.apply(DOCUMENT)
    world.change(collection, name, **form)

    plan = world.plan(DOCUMENT)

    [fields] = changed(plan).values()
    path, before, after = change
    assert fields == {path: (before, after)}
    assert len(plan.operations) == plan.requests == 1
    world.apply(DOCUMENT)
    [(_, _, sent)] = world.requests.writes
    assert sent.keys() == form.keys()


WORKSPACE_DRIFT = {
    "event_callback_url": ({"EventCallbackUrl": ""}, "", "https://example.com/e"),
    "events_filter": ({"EventsFilter": ""}, [], ["task.created", "task.canceled"]),
}


@pytest.mark.parametrize("field", WORKSPACE_DRIFT)
def test_drift_of_the_workspace(world, changed, field):
    form, before, after = WORKSPACE_DRIFT[field]
    world.apply(DOCUMENT)
    world.rest("POST", world.path(), **form)

    assert changed(world.plan(DOCUMENT)) == {"workspace/Center": {field: (before, after)}}

    world.apply(DOCUMENT)
    [(_, _, sent)] = world.requests.writes
    assert sent.keys() == form.keys()


def test_null_in_attributes_does_not_count_as_missing(world, changed):
    text = "workspace: {name: C}\nworkers: [{name: a, attributes: {x: null, y: {z: 1}}}]"
    world.apply(text)
    assert world.plan(text).operations == []

    world.change("Workers", "a", Attributes='{"y": {"z": 1}}')

    plan = world.plan(text)
    assert changed(plan) == {"worker/a": {"attributes": ({"y": {"z": 1}}, {"x": None, "y": {"z": 1}})}}


def test_a_channel_of_a_worker_is_an_object_of_its_own(world, changed):
    world.apply(DOCUMENT)
    path = f"{world.path()}/Workers/{world.sid('Workers', 'alice')}/Channels/voice"

    world.rest("POST", path, Capacity="9", Available="false")

    plan = world.plan(DOCUMENT)
    assert changed(plan) == {"worker_channel/alice/voice": {"capacity": (9, 2), "available": (False, True)}}
    assert plan.requests == 1
    world.apply(DOCUMENT)


ODD = {
    "filters without targets": {"filters": [{"expression": "a == 1", "targets": []}]},
    "filters that are no list": {"filters": {"a": 1}},
    "filters that are no objects": {"filters": [1, None, "x"]},
    "a filter without an expression": {"filters": [{"targets": [{"queue": "<Gold>"}]}]},
    "an expression that is no text": {"filters": [{"expression": 1, "targets": [{"queue": "<Gold>"}]}]},
    "numbers out of range": {"default_filter": {"queue": "<Gold>", "priority": -1, "timeout": 0}},
    "numbers that are none": {"default_filter": {"queue": "<Gold>", "priority": "high", "timeout": [1]}},
    "keys that nobody knows": {
        "filters": [
            {
                "expression": "a == 1",
                "targets": [{"queue": "<Gold>", "color": "red"}],
                "Priority": 3,
                "note": {"of": ["<Gold>"]},
            }
        ],
        "version": 2,
    },
    "capital keys": {"Filters": [], "Default_Filter": {"Queue": "<Gold>"}},
    "a queue that is gone": {"default_filter": {"queue": "WQ0123456789abcdef0123456789abcdef"}},
    "a queue that is no SID": {"default_filter": {"queue": "Gold"}},
    "a queue that is null": {"default_filter": {"queue": None}},
    "a default filter that is a list": {"default_filter": [{"queue": "<Gold>"}]},
}


@pytest.mark.parametrize("case", ODD)
def test_an_odd_live_document_is_planned_and_fixed(world, case):
    world.apply(DOCUMENT)
    world.sql("UPDATE workflow SET configuration = ?", configuration(world, ODD[case]))

    plan = world.plan(DOCUMENT)

    assert [operation.name for operation in plan.operations] == ["Incoming"]
    world.apply(DOCUMENT)


@pytest.mark.parametrize("case", ODD)
def test_an_odd_live_document_that_nobody_declares_is_left_alone(world, case):
    other = DOCUMENT.replace("workflows:", "manage: {workflows: additive}\nworkflows:")
    world.apply(DOCUMENT)
    world.make("Workflows", FriendlyName="Odd", Configuration='{"task_routing": {"filters": []}}')
    text = configuration(world, ODD[case])
    world.sql("UPDATE workflow SET configuration = ? WHERE friendly_name = 'Odd'", text)

    assert world.plan(other).operations == []


@pytest.mark.parametrize("text", ["{}", "[]", "null", '{"task_routing": null}', '"x"', ""])
def test_a_live_document_without_task_routing_is_fixed(world, text):
    world.apply(DOCUMENT)
    world.sql("UPDATE workflow SET configuration = ?", text)

    assert [operation.name for operation in world.plan(DOCUMENT).operations] == ["Incoming"]
    world.apply(DOCUMENT)


def test_a_live_document_that_is_not_json_is_an_error_that_names_it(world):
    world.apply(DOCUMENT)
    world.sql("UPDATE workflow SET configuration = '{'")

    with pytest.raises(
        Exception, match=r"the configuration of the workflow 'Incoming' \(WW[0-9a-f]+\) is not valid JSON"
    ):
        world.plan(DOCUMENT)


EXTRA = """
workspace: {name: Center}
task_queues: [{name: Gold}]
workflows:
  - name: Incoming
    filters:
      - name: Gold
        expression: "a == 1"
        targets: [{queue: Gold, extra: {color: red, of: "${sid:task_queue/Gold}"}}]
        extra: {note: {by: me}}
    default_filter: {queue: Gold, extra: {Timeout: 5}}
    extra: {version: 2}
    document_extra: {source: "$${git}"}
"""


def test_keys_that_nobody_knows_are_kept_at_their_place(world):
    world.apply(EXTRA)

    [workflow] = world.items("Workflows")
    queue = world.sid("TaskQueues", "Gold")
    assert json.loads(workflow["configuration"]) == {
        "task_routing": {
            "filters": [
                {
                    "filter_friendly_name": "Gold",
                    "expression": "a == 1",
                    "targets": [{"queue": queue, "color": "red", "of": queue}],
                    "note": {"by": "me"},
                }
            ],
            "default_filter": {"queue": queue, "Timeout": 5},
            "version": 2,
        },
        "source": "${git}",
    }
    assert world.plan(EXTRA).operations == []


def test_an_unknown_queue_is_shown_by_its_sid(world, changed):
    world.apply(DOCUMENT)
    sid = "WQ0123456789abcdef0123456789abcdef"
    world.sql("UPDATE workflow SET configuration = ?", json.dumps({"task_routing": {"default_filter": {"queue": sid}}}))

    fields = changed(world.plan(DOCUMENT))["workflow/Incoming"]

    assert fields["default_filter.queue"] == (sid, "Everyone")


def test_null_attributes_are_empty(world):
    world.apply("workspace: {name: C}\nworkers: [{name: a, attributes: {}}]")

    world.sql("UPDATE worker SET attributes = 'null'")

    assert world.plan("workspace: {name: C}\nworkers: [{name: a, attributes: {}}]").operations == []
