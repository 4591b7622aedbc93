"""Names are compared as TaskRouter does: whatever the case."""

import pytest

from tr_apply.errors import ConfigError

CENTER = "workspace: {name: Center}\n"

DECLARED = {
    "activity": ("activities: [{name: Lunch}]", "activities: [{name: LUNCH}]"),
    "task_queue": ("task_queues: [{name: Straße}]", "task_queues: [{name: STRASSE}]"),
    "workflow": ("workflows: [{name: Incoming, filters: []}]", "workflows: [{name: incoming, filters: []}]"),
    "worker": ("workers: [{name: alice}]", "workers: [{name: Alice}]"),
}


@pytest.mark.parametrize("kind", DECLARED)
def test_another_spelling_of_a_name_is_an_update_that_keeps_the_sid(world, changed, kind):
    before, after = DECLARED[kind]
    world.apply(CENTER + before)

    plan = world.apply(CENTER + after)

    [fields] = changed(plan).values()
    assert list(fields) == ["name"]
    assert plan.requests == 1


def test_another_spelling_of_the_workspace_is_an_update(world, told_plan):
    world.apply(CENTER)

    assert told_plan(world.apply("workspace: {name: CENTER}")) == [("update", "workspace", "CENTER")]


def test_another_spelling_of_a_task_channel_is_an_error_that_says_how_it_is_spelled(world):
    world.apply(CENTER + "task_channels: [{unique_name: email}]")

    with pytest.raises(ConfigError, match=r"workspace.yaml:2:\d+: error: it is spelled 'email' in TaskRouter"):
        world.plan(CENTER + "task_channels: [{unique_name: Email}]")


REFERENCES = """
workspace: {name: Center, default_activity: OFFLINE, timeout_activity: offline}
activities: [{name: Offline}, {name: Busy}]
task_channels: [{unique_name: email}]
task_queues: [{name: Gold, reservation_activity: BUSY, assignment_activity: busy, target_workers: "a == '${sid:activity/BUSY}'"}]
workflows:
  - name: Incoming
    assignment_callback_url: "http://x/${sid:workflow/incoming}"
    filters: [{expression: "x == '${sid:task_queue/GOLD}'", targets: [{queue: gold}]}]
    default_filter: {queue: GOLD}
workers:
  - {name: alice, activity: busy, attributes: {queue: "${sid:task_queue/gold}"}, channels: {EMAIL: {capacity: 3}}}
"""


def test_references_may_be_spelled_in_any_way(world):
    world.apply(REFERENCES)

    [workflow], [worker], [queue] = (world.items(each) for each in ("Workflows", "Workers", "TaskQueues"))
    assert queue["sid"] in workflow["configuration"]
    assert queue["sid"] in worker["attributes"]
    assert worker["activity_name"] == queue["reservation_activity_name"] == "Busy"
    assert workflow["assignment_callback_url"] == f"http://x/{workflow['sid']}"


def test_references_to_undeclared_live_resources_may_be_spelled_in_any_way(world):
    world.apply(REFERENCES)

    text = "workspace: {name: Center}\ntask_queues: [{name: Gold, reservation_activity: offline, assignment_activity: BUSY}]"
    world.apply(text + "\nmanage: {task_queues: additive}")

    [queue] = world.items("TaskQueues")
    assert queue["reservation_activity_name"] == "Offline"


def test_literal_sids_are_the_resources_that_have_them(world):
    world.apply(REFERENCES)
    gold, busy = world.sid("TaskQueues", "Gold"), world.sid("Activities", "Busy")
    text = f"""
workspace: {{name: Center, timeout_activity: {busy}}}
workflows: [{{name: W, filters: [{{expression: "x == '{gold}'", targets: [{{queue: {gold}}}]}}]}}]
manage: {{workflows: additive}}
"""

    world.apply(text)

    assert world.items("Workspaces")[0]["timeout_activity_name"] == "Busy"
    assert world.plan(text.replace(f"'{gold}'", "'${sid:task_queue/gold}'").replace(gold, "Gold")).operations == []


def test_a_target_may_be_spelled_in_any_way(world, told_plan):
    world.apply(CENTER)
    text = CENTER + "task_queues: [{name: Gold}, {name: Silver}]"

    assert told_plan(world.plan(text, "task_queue/GOLD")) == [("create", "task_queue", "Gold")]


def test_a_protection_may_be_spelled_in_any_way(world):
    world.apply(CENTER + "task_queues: [{name: Gold}]")

    plan = world.plan(CENTER + "task_queues: []\nsafety: {protect: ['task_queue/GO*']}")

    assert "protected" in [each.code for each in plan.blocked]


def twice(world, collection, name):
    """Another one of the same name, as no request of ours could make it."""
    table, column = {"Activities": ("activity", "friendly_name"), "TaskQueues": ("task_queue", "friendly_name")}[
        collection
    ]
    made = world.make(collection, FriendlyName="Another one")
    world.sql(f"UPDATE {table} SET {column} = ?, name_key = sid WHERE sid = ?", name, made["sid"])
    return [item["sid"] for item in world.items(collection) if item["friendly_name"].lower() == name.lower()]


@pytest.mark.parametrize("spelling", ["Lunch", "LUNCH"])
def test_two_live_resources_of_one_name_are_an_error_that_lists_their_sids(world, spelling):
    text = CENTER + "activities: [{name: Offline}, {name: Lunch}]"
    world.apply(text)
    sids = twice(world, "Activities", spelling)

    with pytest.raises(ConfigError, match=r":2:\d+: error: 2 live activities are called") as caught:
        world.plan(text)

    assert len(sids) == 2
    assert all(sid in str(caught.value) for sid in sids)


def test_two_live_resources_of_one_name_are_an_error_where_the_file_does_not_name_them(world):
    world.apply(CENTER + "task_queues: [{name: Gold}]")
    sids = twice(world, "TaskQueues", "Gold")

    with pytest.raises(ConfigError) as caught:
        world.plan(CENTER + "task_queues: [{name: Silver}]")

    assert all(sid in str(caught.value) for sid in sids)


def test_three_resources_of_one_name_are_reported_together(world):
    world.apply(CENTER + "task_queues: [{name: Gold}]")
    for _ in range(2):
        sids = twice(world, "TaskQueues", "Gold")

    with pytest.raises(ConfigError) as caught:
        world.plan(CENTER + "task_queues: [{name: Gold}]")

    assert len(sids) == 3
    assert str(caught.value).count("3 live task queues") == 1


def test_a_reference_to_one_of_two_live_resources_of_one_name_is_an_error(world):
    world.apply(CENTER + "task_queues: [{name: Gold}]")
    sids = twice(world, "TaskQueues", "Gold")

    with pytest.raises(ConfigError, match=r"default_filter") as caught:
        world.plan(CENTER + "workflows: [{name: W, default_filter: {queue: gold}}]")

    assert all(sid in str(caught.value) for sid in sids)


def test_two_live_resources_of_one_name_do_not_matter_where_nobody_asks(world):
    world.apply(CENTER + "task_queues: [{name: Gold}]")
    twice(world, "TaskQueues", "Gold")

    assert world.plan(CENTER).operations == []
    assert world.plan(CENTER + "workflows: []").operations == []


NOWHERE = {
    "a queue of a workflow": "workflows: [{name: W, default_filter: {queue: Nope}}]",
    "an activity of the workspace": "workspace: {name: Center, default_activity: Nope}",
    "a SID": "workers: [{name: a, attributes: {q: '${sid:task_queue/Nope}'}}]",
    "a channel": "task_channels: []\nworkers: [{name: a, channels: {nope: {capacity: 1}}}]\nmanage: {task_channels: additive}",
}


@pytest.mark.parametrize("case", NOWHERE)
def test_a_name_that_is_neither_declared_nor_live_is_an_error_at_its_place(world, case):
    text = NOWHERE[case] if "workspace:" in NOWHERE[case] else CENTER + NOWHERE[case]
    world.apply(CENTER)

    with pytest.raises(ConfigError, match=r"workspace.yaml:\d+:\d+: error: .*[Nn]ope"):
        world.plan(text)


def test_a_sid_that_leads_nowhere_is_sent_as_it_is(world, told_plan):
    world.apply(CENTER)

    plan = world.plan(CENTER + "workflows: [{name: W, default_filter: {queue: WQ0123456789abcdef0123456789abcdef}}]")

    assert told_plan(plan) == [("create", "workflow", "W")]


def test_one_workspace_of_several_is_chosen_by_its_sid(world, told_plan):
    first = world.rest("POST", "/Workspaces", FriendlyName="Center")["sid"]
    second = world.rest("POST", "/Workspaces", FriendlyName="CENTER")["sid"]

    with pytest.raises(ConfigError, match=f"several live workspaces match: .*{first}.*{second}.*pin one by `sid`"):
        world.plan(CENTER)

    plan = world.plan(f"workspace: {{name: Center, sid: {second}}}")
    assert told_plan(plan) == [("update", "workspace", "Center")]
    assert plan.target.workspace_sid == second
