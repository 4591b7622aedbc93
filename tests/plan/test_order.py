"""The order of requests: references and names decide, not kinds."""

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

HEAD = "workspace: {name: Center}\n"


def dependencies(plan):
    names = {operation.id: operation.name for operation in plan.operations}
    return {operation.name: {names[each] for each in operation.depends_on} for operation in plan.operations}


FULL = """
workspace: {name: Center, default_activity: Lunch, timeout_activity: Offline}
activities: [{name: Offline}, {name: Lunch}]
task_channels: [{unique_name: email}]
task_queues: [{name: Gold, reservation_activity: Lunch, assignment_activity: Offline}, {name: Silver}]
workflows: [{name: Incoming, default_filter: {queue: Gold}}, {name: Outgoing, default_filter: {queue: Silver}}]
workers: [{name: alice, activity: Lunch, channels: {email: {capacity: 2}}}, {name: bob, activity: Offline}]
"""


def test_operations_depend_on_what_they_lead_to_and_on_nothing_else(world):
    world.apply("workspace: {name: Center}\nactivities: [{name: Offline}]")

    plan = world.apply(FULL)

    assert dependencies(plan) == {
        "Lunch": set(),
        "Center": {"Lunch"},
        "email": set(),
        "Gold": {"Lunch"},
        "Silver": set(),
        "Incoming": {"Gold"},
        "Outgoing": {"Silver"},
        "alice": {"Lunch"},
        "bob": set(),
        "alice/email": {"alice", "email"},
    }


def test_a_new_worker_without_an_activity_waits_for_the_default(world):
    world.apply(HEAD)
    text = FULL.replace("name: alice, activity: Lunch", "name: alice")

    assert dependencies(world.plan(text))["alice"] == {"Center"}


def test_a_queue_without_activities_waits_for_multitasking(world):
    head = "workspace: {{name: Center, multi_task_enabled: {}, default_activity: {}}}\n"
    activities = (
        "activities: [{name: Offline}, {name: Busy}, {name: Reserved}, {name: Idle, available: true}, {name: Home}]\n"
    )
    of_old = "reservation_activity: Reserved, assignment_activity: Busy"
    world.apply(
        f"{head.format('false', 'Offline')}{activities.replace(', {name: Home}', '')}task_queues: [{{name: A, {of_old}}}]"
    )

    plan = world.apply(
        f"{head.format('true', 'Home')}{activities}task_queues: [{{name: A}}, {{name: B}}, {{name: C, {of_old}}}]"
    )

    assert dependencies(plan) == {"Home": set(), "Center": {"Home"}, "A": {"Center"}, "B": {"Center"}, "C": set()}


def test_everything_waits_for_a_new_workspace(world):
    found = dependencies(world.plan(FULL))

    assert all("Center" in names for name, names in found.items() if name != "Center")


def test_operations_are_listed_in_creation_order_and_deletions_last(world, told_plan):
    world.apply(FULL)
    text = (
        "workspace: {name: Center, default_activity: Offline}\nactivities: [{name: Offline}, {name: Away}]\n"
        "task_channels: []\ntask_queues: [{name: Bronze}]\nworkflows: [{name: New, default_filter: {queue: Bronze}}]\n"
        "workers: [{name: carol}]"
    )

    assert told_plan(world.apply(text)) == [
        ("update", "workspace", "Center"),
        ("create", "activity", "Away"),
        ("create", "task_queue", "Bronze"),
        ("create", "workflow", "New"),
        ("create", "worker", "carol"),
        ("delete", "worker", "alice"),
        ("delete", "worker", "bob"),
        ("delete", "workflow", "Incoming"),
        ("delete", "workflow", "Outgoing"),
        ("delete", "task_queue", "Gold"),
        ("delete", "task_queue", "Silver"),
        ("delete", "task_channel", "email"),
        ("delete", "activity", "Lunch"),
    ]


def test_a_queue_is_deleted_after_its_workflow_leads_elsewhere(world):
    world.apply(FULL)

    plan = world.apply(FULL.replace(", {name: Silver}", "").replace("queue: Silver", "queue: Gold"))

    assert [method for method, _, _ in world.requests.writes] == ["POST", "DELETE"]
    assert [operation.name for operation in plan.operations] == ["Outgoing", "Silver"]


def test_a_queue_is_deleted_after_its_workflow(world):
    world.apply(FULL)

    plan = world.apply(
        FULL.replace(", {name: Outgoing, default_filter: {queue: Silver}}", "").replace(", {name: Silver}", "")
    )

    assert dependencies(plan)["Silver"] == {"Outgoing"}


def test_an_old_default_activity_is_deleted_after_the_workspace_has_another(world):
    world.apply(FULL)
    text = "workspace: {name: Center, default_activity: Away, timeout_activity: Away}\nactivities: [{name: Away}]\ntask_queues: []\nworkflows: []\nworkers: []"

    plan = world.apply(text)

    assert world.names("Activities") == ["Away"]
    assert dependencies(plan)["Center"] == {"Away"}


def test_activities_are_deleted_after_the_queues_that_use_them(world):
    world.apply(FULL)
    text = "workspace: {name: Center, default_activity: Offline}\nactivities: [{name: Offline}]\ntask_queues: [{name: Silver}]\nworkflows: []"

    plan = world.apply(text)

    assert dependencies(plan)["Gold"] == {"Incoming"}
    assert "Gold" in dependencies(plan)["Lunch"]


def test_a_rename_waits_for_the_name_to_be_free(world):
    world.apply(HEAD + "task_queues: [{name: A}, {name: B}, {name: C}]")

    plan = world.plan(
        HEAD + "task_queues: [{name: B, renamed_from: [A]}, {name: C, renamed_from: [B]}, {name: D, renamed_from: [C]}]"
    )

    assert [operation.name for operation in plan.operations] == ["D", "C", "B"]
    assert dependencies(plan) == {"D": set(), "C": {"D"}, "B": {"C"}}


def test_live_resources_may_lead_to_each_other(world):
    world.apply(HEAD + "task_queues: [{name: A}]\nworkers: [{name: bob}]")

    world.apply(
        HEAD
        + "task_queues: [{name: A, target_workers: \"x == '${sid:worker/bob}'\"}]\n"
        + "workers: [{name: bob, attributes: {queue: '${sid:task_queue/a}'}}]"
    )


OWN = {
    "a URL of a workflow": (
        "workflows: [{name: Incoming, assignment_callback_url: 'http://x/${sid:workflow/INCOMING}', filters: []}]",
        "Workflows",
        "assignment_callback_url",
    ),
    "the document of a workflow": (
        """
task_queues: [{name: A}]
workflows: [{name: Incoming, filters: [{expression: "x == '${sid:workflow/Incoming}'", targets: [{queue: A}]}]}]
""",
        "Workflows",
        "configuration",
    ),
    "an attribute of a worker": (
        "workers: [{name: alice, attributes: {me: '${sid:worker/alice}', level: 1}}]",
        "Workers",
        "attributes",
    ),
    "the expression of a queue": (
        "task_queues: [{name: A, target_workers: \"q == '${sid:task_queue/A}'\"}]",
        "TaskQueues",
        "target_workers",
    ),
}


@pytest.mark.parametrize("case", OWN)
def test_a_resource_may_ask_for_its_own_sid_which_takes_a_second_request(world, case):
    text, collection, key = OWN[case]
    world.apply(HEAD)

    plan = world.apply(HEAD + text)

    assert plan.operations[-1].requests == 2
    [item] = world.items(collection)
    assert item["sid"] in item[key]
    assert world.plan(HEAD + text).operations == []


@pytest.mark.parametrize("case", OWN)
def test_a_resource_that_was_killed_before_it_had_its_own_sid_is_finished(world, case):
    text, collection, key = OWN[case]
    world.apply(HEAD)
    world.apply_and_die(HEAD + text, after=world.plan(HEAD + text).requests - 2)

    world.apply(HEAD + text)

    [item] = world.items(collection)
    assert item["sid"] in item[key]


SIDS_OF_THE_WORKSPACE = (
    "workspace: {name: Center, event_callback_url: 'http://x/${sid:workspace}?a=${sid:activity/Offline}&b=1'}\n"
)


def test_a_new_workspace_may_ask_for_sids_of_its_own(world):
    plan = world.apply(SIDS_OF_THE_WORKSPACE)

    [workspace] = world.items("Workspaces")
    offline = world.sid("Activities", "Offline")
    assert workspace["event_callback_url"] == f"http://x/{workspace['sid']}?a={offline}&b=1"
    assert plan.requests == 2


def test_a_new_workspace_with_a_url_that_asks_for_no_sid_is_one_request(world):
    plan = world.apply("workspace: {name: Center, event_callback_url: 'http://x/$b'}\n")

    assert plan.requests == 1
    assert world.items("Workspaces")[0]["event_callback_url"] == "http://x/$b"


def test_many_operations_are_put_in_order_quickly(world):
    text = HEAD + "task_queues: [" + ", ".join(f"{{name: Q{number}}}" for number in range(500)) + "]"

    plan = world.plan(text)

    assert [operation.id for operation in plan.operations] == [f"op-{number}" for number in range(1, 502)]


def test_a_target_that_was_deleted_is_proven_to_be_gone(world, told_plan):
    world.apply(HEAD + "task_queues: [{name: Gold}, {name: Silver}, {name: Bronze}]")

    plan = world.apply(HEAD + "task_queues: [{name: Gold}]", "task_queue/Bronze")

    assert told_plan(plan) == [("delete", "task_queue", "Bronze")]
    assert sorted(each["friendly_name"] for each in world.items("TaskQueues")) == ["Gold", "Silver"]


LEFT = {
    "a queue by a workflow": (
        "task_queues: [{name: Gold}, {name: Old}]\nworkflows: [{name: W, default_filter: {queue: %s}}]",
        ("Old", "Gold"),
        "{name: Gold}, {name: Old}",
        "{name: Gold}",
        "task_queue/Old",
        "W",
    ),
    "an activity by a queue": (
        "activities: [{name: Offline}, {name: Busy}, {name: Old}]\ntask_queues: [{name: Q, reservation_activity: %s}]",
        ("Old", "Busy"),
        ", {name: Old}",
        "",
        "activity/Old",
        "Q",
    ),
}


@pytest.mark.parametrize("case", LEFT)
def test_a_delete_waits_for_all_that_stop_referring_to_it_and_a_target_includes_them(world, case):
    text, (old, new), listed, left, target, leaver = LEFT[case]
    world.apply(HEAD + text % old)

    after = HEAD + "safety: {max_deletes: 100%}\n" + text.replace(listed, left) % new
    plan = world.apply(after, target)

    assert [(each.action.value, each.name) for each in plan.operations] == [("update", leaver), ("delete", "Old")]
    assert dependencies(plan)["Old"] == {leaver}


CIRCLES = {
    "a queue and a worker": """
task_queues: [{name: Q, target_workers: "id == '${sid:worker/ben}'"}]
workers: [{name: ben, attributes: {home: "${sid:task_queue/Q}"}}]
""",
    "two queues": """
task_queues:
  - {name: A, target_workers: "q == '${sid:task_queue/B}'"}
  - {name: B, target_workers: "q == '${sid:task_queue/A}'"}
""",
    "three workers, each of whom knows the next": """
workers:
  - {name: a, attributes: {next: "${sid:worker/b}"}}
  - {name: b, attributes: {next: "${sid:worker/c}"}}
  - {name: c, attributes: {next: "${sid:worker/a}"}}
""",
    "a workflow and the people who may call it": """
task_queues: [{name: Q}]
workflows: [{name: W, filters: [{expression: "1==1", targets: [{queue: Q, expression: "worker.id == '${sid:worker/ben}'"}]}]}]
workers: [{name: ben, attributes: {calls: "${sid:workflow/W}"}}]
""",
    "two circles that meet": """
task_queues:
  - {name: A, target_workers: "q IN ['${sid:task_queue/B}', '${sid:worker/ben}', '${sid:task_queue/A}']"}
  - {name: B, target_workers: "q == '${sid:task_queue/A}'"}
workers: [{name: ben, attributes: {home: "${sid:task_queue/A}"}}]
""",
}


@pytest.mark.parametrize("case", CIRCLES)
def test_a_circle_of_sids_takes_one_more_request(world, case):
    world.apply(HEAD)

    plan = world.apply(HEAD + CIRCLES[case])

    assert all(each.action.value == "create" for each in plan.operations)
    assert plan.requests == len(plan.operations) + 1
    assert "${" not in json.dumps([world.items("TaskQueues"), world.items("Workers"), world.items("Workflows")])


@pytest.mark.parametrize("case", CIRCLES)
def test_a_circle_of_sids_that_was_killed_is_finished(world, case):
    text = HEAD + CIRCLES[case]
    world.apply(HEAD)
    requests = world.plan(text).requests

    for _ in world.moments(text, writes=requests):
        world.apply(text)


@pytest.mark.parametrize("target", ["task_queue/Q", "worker/ben"])
def test_half_of_a_circle_brings_the_other_half_with_it(world, told_plan, target):
    world.apply(HEAD)

    plan = world.apply(HEAD + CIRCLES["a queue and a worker"], target)

    assert told_plan(plan) == [("create", "task_queue", "Q"), ("create", "worker", "ben")]


def test_a_workspace_whose_url_names_a_new_worker_takes_one_more_request(world):
    activities = "activities: [{name: Offline}, {name: Busy}, {name: Away}]\n"
    world.apply("workspace: {name: Center, default_activity: Busy}\n" + activities)
    text = "workspace: {name: Center, default_activity: Away, event_callback_url: 'https://x.com/${sid:worker/ben}'}\n"

    plan = world.apply(text + activities + "workers: [{name: ben}]\n")

    assert plan.requests == len(plan.operations) + 1 == 3
    [ben] = world.items("Workers")
    assert ben["activity_name"] == "Away"
    assert world.items("Workspaces")[0]["event_callback_url"].endswith(ben["sid"])


RENAMED = """
task_queues:
  - {name: New}
  - {name: Old, renamed_from: []}
workflows:
  - {name: B, renamed_from: [A], re_evaluate_tasks: true, filters: [{expression: "who == '${sid:worker/ben}'", targets: [{queue: New}]}]}
  - {name: A}
workers: [{name: ben, attributes: {calls: "${sid:workflow/A}"}}]
"""


def test_a_name_is_freed_before_a_request_that_needs_a_new_sid_is_sent(world):
    world.apply(HEAD + "task_queues: [{name: New}]\nworkflows: [{name: A}]\n")

    plan = world.apply(HEAD + RENAMED)

    writes = [form for _, path, form in world.requests.writes if "/Workflows/" in path]
    assert [sorted(form) for form in writes] == [["FriendlyName"], ["Configuration", "ReEvaluateTasks"]]
    assert plan.requests == len(plan.operations) + 1


NAMES = ["task_queue/A", "task_queue/B", "worker/a", "worker/b", "workflow/X", "workflow/Y"]


@settings(max_examples=40, suppress_health_check=list(HealthCheck))
@given(st.fixed_dictionaries({name: st.sets(st.sampled_from(NAMES), max_size=3) for name in NAMES}))
def test_everything_is_created_for_any_references_by_sid(new_world, asked):
    def named(kind):
        return [(each.partition("/")[2], each) for each in NAMES if each.startswith(kind + "/")]

    def sids(name):
        return [f"${{sid:{each}}}" for each in sorted(asked[name])]

    document = {
        "workspace": {"name": "Center"},
        "task_queues": [{"name": n, "target_workers": f"id IN {sids(each) or [1]}"} for n, each in named("task_queue")],
        "workers": [{"name": n, "attributes": {"ids": sids(each)}} for n, each in named("worker")],
        "workflows": [
            {"name": n, "filters": [{"expression": f"id IN {sids(each) or [1]}", "targets": [{"queue": "A"}]}]}
            for n, each in named("workflow")
        ],
    }

    new_world().apply(json.dumps(document))
