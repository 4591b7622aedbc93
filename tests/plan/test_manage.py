"""``manage``: which part of a live workspace is ours."""

import json

import pytest

from tr_apply.errors import ConfigError

HEAD = "workspace: {name: Center}\n"


def attributes(world, name):
    return json.loads(next(each["attributes"] for each in world.items("Workers") if each["friendly_name"] == name))


def filters(world, name="W"):
    workflow = next(each for each in world.items("Workflows") if each["friendly_name"] == name)
    return [
        each.get("filter_friendly_name") for each in json.loads(workflow["configuration"])["task_routing"]["filters"]
    ]


# Workers of somebody else

TEAMS = (
    HEAD
    + "workers: [{name: anna, attributes: {team: emea}}, {name: bob, attributes: {team: us}}, {name: carl, attributes: {}}]"
)
OURS = "manage: {workers: {where: \"team == 'emea'\"}}\n"


def test_workers_outside_are_neither_changed_nor_deleted(world, told_plan):
    world.apply(TEAMS)

    assert world.plan(f"{HEAD}{OURS}workers: [{{name: anna, attributes: {{team: emea}}}}]").operations == []
    assert told_plan(world.plan(f"{HEAD}{OURS}workers: []")) == [("delete", "worker", "anna")]


OUTSIDE = {
    "a live one": ("workers: [{name: bob, attributes: {team: emea}}]", "the live worker 'bob' is not matched by"),
    "a new one": (
        "workers: [{name: dora, attributes: {team: us}}]",
        "the worker 'dora', as declared, is not matched by",
    ),
    "a new one without attributes": ("workers: [{name: dora}]", "the worker 'dora', as declared, is not matched by"),
    "one that would leave": (
        "workers: [{name: anna, attributes: {team: us}}]",
        "the worker 'anna', as declared, is not matched by",
    ),
    "one that is renamed": ("workers: [{name: dora, renamed_from: [bob]}]", "the live worker 'bob' is not matched by"),
}


@pytest.mark.parametrize("case", OUTSIDE)
def test_a_declared_worker_outside_is_an_error(world, case):
    text, message = OUTSIDE[case]
    world.apply(TEAMS)

    with pytest.raises(ConfigError, match=rf"workspace.yaml:3:\d+: error: {message} `manage.workers.where`") as caught:
        world.plan(HEAD + OURS + text)

    assert "remove it here, or widen `where`" in str(caught.value)


def test_a_declared_worker_may_come_in_by_its_name(world):
    world.apply(HEAD)
    text = (
        HEAD + "manage: {workers: {where: \"friendly_name IN ['anna', 'bob']\"}}\nworkers: [{name: anna}, {name: bob}]"
    )

    world.apply(text)

    assert world.plan(text).operations == []


def test_where_may_ask_for_a_sid(world, told_plan):
    world.apply(
        HEAD
        + "task_queues: [{name: A}]\nworkers: [{name: anna, attributes: {home: '${sid:task_queue/A}'}}, {name: bob}]"
    )
    text = HEAD + "manage: {workers: {where: \"home == '${sid:task_queue/a}'\"}}\ntask_queues: [{name: A}]\nworkers: []"

    assert told_plan(world.plan(text)) == [("delete", "worker", "anna")]


def test_foreign_workers_are_counted_neither_as_ours_nor_as_unchanged(world):
    world.apply(TEAMS)

    assert world.plan(f"{HEAD}{OURS}workers: [{{name: anna}}]").unchanged == 2


# Attributes that are merged

MERGE = "manage: {workers: {attributes: merge}}\n"
LIVE = {"level": 1, "contact": {"phone": "1", "mail": "m"}, "languages": ["en", "es"], "seen": True}
# The file -> the result for LIVE.
MERGED = {
    "nothing": ("{}", LIVE),
    "what is there": ("{level: 1}", LIVE),
    "another value": ("{level: 2}", LIVE | {"level": 2}),
    "a new key": ("{team: emea}", LIVE | {"team": "emea"}),
    "a key of a mapping": ("{contact: {phone: '2'}}", LIVE | {"contact": {"phone": "2", "mail": "m"}}),
    "lists are values": ("{languages: [es]}", LIVE | {"languages": ["es"]}),
    "a value for a mapping": ("{contact: none}", LIVE | {"contact": "none"}),
    "a mapping for a value": ("{level: {a: 1}}", LIVE | {"level": {"a": 1}}),
    "null is a value": ("{level: null}", LIVE | {"level": None}),
}


@pytest.mark.parametrize("case", MERGED)
def test_merged_attributes_own_only_the_keys_that_are_written(world, case):
    written, expected = MERGED[case]
    world.apply(HEAD + "workers: [{name: a}]")
    world.change("Workers", "a", Attributes=json.dumps(LIVE))

    plan = world.apply(f"{HEAD}{MERGE}workers: [{{name: a, attributes: {written}}}]")

    assert attributes(world, "a") == expected
    assert plan.requests == (expected != LIVE)


def test_a_new_worker_has_the_written_attributes(world):
    world.apply(f"{HEAD}{MERGE}workers: [{{name: a, attributes: {{level: 1}}}}]")

    assert attributes(world, "a") == {"level": 1}


# Live values that are kept

IGNORED = "manage: {{{}: {{ignore: ['{}']}}}}\n"
ATTRIBUTES = {
    "a key": ("attributes.contact_uri", {"level": 1, "contact_uri": "x"}, {"level": 1, "contact_uri": "x"}),
    "a key that is not there": ("attributes.contact_uri", {"level": 2}, {"level": 1}),
    "a key below": (
        "attributes.routing.skills",
        {"level": 1, "routing": {"skills": ["a"], "x": 1}},
        {"level": 1, "routing": {"skills": ["a"]}},
    ),
    "keys that match": ("attributes.x_*", {"level": 1, "x_a": 1, "x_b": 2, "y": 3}, {"level": 1, "x_a": 1, "x_b": 2}),
    "a key below keys that match": (
        "attributes.*.mail",
        {"level": 1, "a": {"mail": "m", "n": 1}, "b": {"n": 2}},
        {"level": 1, "a": {"mail": "m"}},
    ),
}


@pytest.mark.parametrize("case", ATTRIBUTES)
def test_ignored_attributes_keep_their_live_values(world, case):
    path, live, expected = ATTRIBUTES[case]
    world.apply(HEAD + "workers: [{name: a}]")
    world.change("Workers", "a", Attributes=json.dumps(live))
    text = HEAD + IGNORED.format("workers", path) + "workers: [{name: a, attributes: {level: 1}}]"

    world.apply(text)

    assert attributes(world, "a") == expected


def test_an_ignored_field_is_sent_with_its_live_value_when_another_field_changes(world):
    world.apply(HEAD + "workers: [{name: a}]")
    world.change("Workers", "a", Attributes='{"level": 1, "contact_uri": "new"}')
    text = HEAD + IGNORED.format("workers", "attributes.contact_uri") + "workers: [{name: a, attributes: {level: 2}}]"

    plan = world.apply(text)

    assert [change.path for change in plan.operations[0].changes] == ["attributes.level"]
    assert attributes(world, "a") == {"level": 2, "contact_uri": "new"}


FIELDS = {
    "task_queues": ("target_workers", "TaskQueues", {"TargetWorkers": "x == 1"}),
    "workflows": ("assignment_callback_url", "Workflows", {"AssignmentCallbackUrl": "http://x"}),
    "task_channels": ("channel_optimized_routing", "TaskChannels", {"ChannelOptimizedRouting": "true"}),
}
ONE_OF_EACH = (
    HEAD
    + "task_channels: [{unique_name: email}]\ntask_queues: [{name: email}]\nworkflows: [{name: email, filters: []}]\n"
)


@pytest.mark.parametrize("section", FIELDS)
def test_an_ignored_field_keeps_its_live_value(world, section):
    field, collection, form = FIELDS[section]
    world.apply(ONE_OF_EACH)
    world.change(collection, "email", **form)

    assert len(world.plan(ONE_OF_EACH).operations) == 1
    assert world.plan(ONE_OF_EACH + IGNORED.format(section, field)).operations == []


def test_an_ignored_field_of_the_workspace_keeps_its_live_value(world):
    text = "workspace: {name: Center, event_callback_url: http://x}\n"
    world.apply(text)
    world.rest("POST", world.path(), EventsFilter="task.created")

    assert world.plan(text + IGNORED.format("workspace", "events_filter")).operations == []


def test_an_ignored_channel_keeps_its_live_values(world):
    text = HEAD + "workers: [{name: a, channels: {voice: {capacity: 1}}}]\n"
    world.apply(text)
    world.rest("POST", f"{world.path()}/Workers/{world.sid('Workers', 'a')}/Channels/sms", Capacity="5")

    assert world.plan(text + IGNORED.format("workers", "channels.sms")).operations == []
    assert world.plan(text + IGNORED.format("workers", "channels.s*")).operations == []


def test_an_ignored_channel_stays_as_it_is_when_its_worker_changes(world):
    text = HEAD + "workers: [{name: a, attributes: {level: %d}}]\n"
    world.apply(text % 1)
    path = f"{world.path()}/Workers/{world.sid('Workers', 'a')}/Channels"
    world.rest("POST", f"{path}/sms", Capacity="5")
    before = world.rest("GET", path)["channels"]

    plan = world.apply(text % 2 + IGNORED.format("workers", "channels.sms"))

    assert [(each.kind, each.name) for each in plan.operations] == [("worker", "a")]
    assert world.rest("GET", path)["channels"] == before


def workflow(*names):
    written = [
        f"{{name: {n}, expression: 'x == 1', targets: [{{queue: A}}]}}"
        if n
        else "{expression: 'x == 2', targets: [{queue: A}]}"
        for n in names
    ]
    return HEAD + "task_queues: [{name: A}]\n" + f"workflows: [{{name: W, filters: [{', '.join(written)}]}}]\n"


SWITCH = IGNORED.format("workflows", "filters[switch *]")
# Live filters, declared ones -> what that makes; "switch" ones are somebody else's, None has no name.
FOREIGN = {
    "at the top": (["switch 1", "a", "b"], ["a", "b"], ["switch 1", "a", "b"]),
    "at the end": (["a", "switch 1"], ["a"], ["a", "switch 1"]),
    "in between": (["a", "switch 1", "b"], ["a", "b"], ["a", "switch 1", "b"]),
    "several together": (["switch 1", "switch 2", "a", "switch 3"], ["a"], ["switch 1", "switch 2", "a", "switch 3"]),
    "behind one that moves": (["a", "switch 1", "b"], ["b", "a"], ["b", "a", "switch 1"]),
    "behind one that goes": (["a", "b", "switch 1", "c"], ["a", "c"], ["a", "switch 1", "c"]),
    "behind the first, which goes": (["b", "switch 1", "c"], ["c"], ["switch 1", "c"]),
    "behind one without a name": ([None, "switch 1", "a"], [None, "a"], [None, "switch 1", "a"]),
    "behind a new one": (["a", "switch 1"], ["a", "b"], ["a", "switch 1", "b"]),
    "alone": (["switch 1"], [], ["switch 1"]),
    "behind names that repeat": (["a", "switch 1", "a", "switch 2"], ["a", "a"], ["a", "switch 1", "a", "switch 2"]),
}


@pytest.mark.parametrize("case", FOREIGN)
def test_filters_of_others_stay_after_the_one_that_they_follow(world, case):
    live, declared, expected = FOREIGN[case]
    world.apply(workflow(*live))
    text = workflow(*declared) + SWITCH

    plan = world.apply(text)

    assert filters(world) == expected
    assert plan.requests == (live != expected)
    assert world.plan(text).operations == []


def test_one_key_of_a_filter_keeps_its_live_value(world):
    world.apply(workflow("a", "b").replace("{name: a, expression: 'x == 1'", "{name: a, expression: 'x == 9'"))

    assert world.plan(workflow("a", "b") + IGNORED.format("workflows", "filters[a].expression")).operations == []
    assert len(world.plan(workflow("a", "b") + IGNORED.format("workflows", "filters[b].expression")).operations) == 1


def test_a_filter_put_in_at_the_top_leaves_ignored_keys_of_unnamed_filters_in_place(world):
    live = [{"expression": f"x == {n}", "targets": [{"queue": "A", "timeout": n}]} for n in (1, 2, 3)]
    declared = [{"expression": "y == 1", "targets": [{"queue": "A"}]}]
    declared += [{"expression": f"x == {n}", "targets": [{"queue": "A"}]} for n in (1, 2, 3)]

    def text(filters):
        workflows = [{"name": "W", "filters": filters}]
        rule = {"workflows": {"ignore": ["filters[*].targets"]}}
        return {"workspace": {"name": "Center"}, "task_queues": [{"name": "A"}], "workflows": workflows, "manage": rule}

    world.apply(text(live))
    [operation] = world.plan(text(declared)).operations

    assert [change.path for change in operation.changes] == ["filters[#1]"]


def test_an_ignored_default_filter_keeps_its_live_value(world):
    world.apply(workflow("a").replace("name: W,", "name: W, default_filter: {queue: A},"))

    assert world.plan(workflow("a") + IGNORED.format("workflows", "default_filter")).operations == []


def test_an_ignored_field_follows_its_replaced_reference(world):
    queue, other = (
        workflow("a", "switch 1").replace("queue: A", f"queue: {name}").replace("name: A", f"name: {name}")
        for name in "AB"
    )
    world.apply(queue)

    world.apply(
        other.replace("name: B", "name: B, renamed_from: [A]").replace(
            ", {name: switch 1, expression: 'x == 1', targets: [{queue: B}]}", ""
        )
        + SWITCH
    )

    assert filters(world) == ["a", "switch 1"]


def test_a_replaced_resource_takes_over_ignored_fields(world):
    world.apply(HEAD + "task_channels: [{unique_name: x}]")
    world.change("TaskChannels", "x", ChannelOptimizedRouting="true")

    world.apply(
        HEAD
        + "task_channels: [{unique_name: y, renamed_from: [x]}]\n"
        + IGNORED.format("task_channels", "channel_optimized_routing")
    )

    assert next(each for each in world.items("TaskChannels") if each["unique_name"] == "y")["channel_optimized_routing"]
