"""A plan as JSON."""

import json
import random

import httpx

from tr_apply.plan.saved.document import plan_document, plan_id

BEFORE = """
workspace: {name: Center}
activities: [{name: Offline}, {name: Available, available: true}]
task_queues: [{name: Gold}, {name: Silver}, {name: Night}, {name: Day}, {name: Bronze}, {name: Tin}]
workflows: [{name: Incoming, default_filter: {queue: Gold}}]
workers: [{name: alice, activity: Offline, attributes: {level: 1}, channels: {voice: {capacity: 2}}}]
"""
AFTER = """
workspace: {name: Center, prioritize_queue_order: LIFO}
activities: [{name: Offline, available: true}, {name: Available, available: true}, {name: Away}]
task_queues: [{name: Gold, task_order: LIFO}, {name: Silver}, {name: Evening, renamed_from: [Night]}, {name: Bronze}, {name: Tin}]
workflows: [{name: Incoming, default_filter: {queue: Evening}}, {name: Other, filters: []}]
workers: [{name: alice, attributes: {level: 2, of: "${sid:task_queue/Gold}"}, channels: {voice: {capacity: 3}}}]
safety: {protect: [task_queue/Day]}
"""


def test_the_form_of_a_plan(world, tmp_path):
    world.apply("workspace: {name: Center}\ntask_queues: [{name: Gold}]")
    queue = world.sid("TaskQueues", "Gold")

    plan = world.document("workspace: {name: Center}\ntask_queues: [{name: Gold, task_order: LIFO}, {name: Silver}]")

    assert list(plan) == [
        *("plan_id", "target", "base", "operations"),
        *("sids", "reads", "sensitive", "blocked", "diagnostics", "summary", "impact"),
    ]
    assert plan["target"] == {
        "account_sid": "AC0123456789abcdef0123456789abcdef",
        "region": None,
        "workspace_sid": world.items("Workspaces")[0]["sid"],
        "workspace": "Center",
    }
    assert plan["summary"] == {"create": 1, "update": 1, "replace": 0, "delete": 0, "unchanged": 1, "requests": 2}
    assert plan["operations"][0] == {
        "id": "op-1",
        "action": "update",
        "kind": "task_queue",
        "name": "Gold",
        "sid": queue,
        "reason": "live values differ from `task_queues`",
        "changes": [{"path": "task_order", "before": "FIFO", "after": "LIFO"}],
        "moves": [],
        "repoints": [],
        "depends_on": [],
        "source": {"file": str(tmp_path / "workspace.yaml"), "line": 2},
        "requests": 1,
        "writes": [
            {
                "verb": "update",
                "target": "task_queue/Gold",
                "sid": queue,
                "needs": [],
                "form": {"TaskOrder": "LIFO"},
                "takes": None,
                "vacates": None,
                "releases": [],
                "late": False,
            }
        ],
    }
    assert plan["operations"][1]["writes"][0]["form"] == {"FriendlyName": "Silver"}


def test_a_plan_for_a_new_workspace_knows_no_sid(world):
    plan = world.document(BEFORE)

    assert plan["target"]["workspace_sid"] is None
    assert {operation["sid"] for operation in plan["operations"]} == {None}
    assert plan["base"]["objects"] == {}


def test_everything_that_can_happen_is_json(world):
    world.apply(BEFORE)

    plan = world.document(AFTER)

    actions = {operation["action"] for operation in plan["operations"]}
    assert actions == {"create", "update", "replace", "delete"}
    assert json.loads(json.dumps(plan)) == plan
    assert plan["blocked"][0] == {
        "code": "protected",
        "message": "the task queue 'Day' is protected by 'task_queue/Day' in `safety.protect`; declare it, or remove the protection first",
        "operation": plan["operations"][-1]["id"],
    }
    [worker] = [operation for operation in plan["operations"] if operation["kind"] == "worker"]
    assert worker["writes"][0]["form"]["Attributes"] == {"json": {"level": 2, "of": "${sid:task_queue/Gold}"}}
    assert plan["sids"]["task_queue/Gold"] == world.sid("TaskQueues", "Gold")
    assert plan["summary"]["requests"] == sum(operation["requests"] for operation in plan["operations"])


def test_a_kept_resource_is_a_diagnostic(world):
    [kept] = world.document("workspace: {name: Center}\nactivities: []")["diagnostics"]

    assert (kept["severity"], kept["code"]) == ("info", "kept")
    assert kept.keys() == {"severity", "code", "message", "file", "line", "column", "path"}


def test_the_same_plan_has_the_same_id_in_every_run(world):
    world.apply(BEFORE)

    assert plan_id(world.plan(AFTER)) == plan_id(world.plan(AFTER))


CHANGED = [
    AFTER.replace("LIFO", "FIFO"),
    AFTER.replace("level: 2", "level: 3"),
    AFTER.replace("capacity: 3", "capacity: 4"),
    AFTER.replace("Evening", "evening"),
    AFTER.replace("Away", "Lunch"),
    AFTER.replace("task_queue/Gold", "task_queue/Silver"),
]


def test_any_change_of_the_file_is_another_plan(world):
    world.apply(BEFORE)

    ids = {plan_id(world.plan(text)) for text in (AFTER, *CHANGED)}

    assert len(ids) == 1 + len(CHANGED)


DRIFT = {
    "a field that is changed": ("TaskQueues", "Gold", {"MaxReservedWorkers": "3"}),
    "a field of what is touched": ("Workflows", "Incoming", {"TaskReservationTimeout": "3"}),
    "attributes": ("Workers", "alice", {"Attributes": "{}"}),
}


def test_the_base_has_everything_that_the_plan_relies_on(world):
    world.apply(BEFORE)
    ids, prints = {plan_id(world.plan(AFTER))}, {world.document(AFTER)["base"]["fingerprint"]}

    for collection, name, form in DRIFT.values():
        world.change(collection, name, **form)
        ids.add(plan_id(world.plan(AFTER)))
        prints.add(world.document(AFTER)["base"]["fingerprint"])
    world.make("TaskQueues", FriendlyName="Another")
    ids.add(plan_id(world.plan(AFTER)))

    assert (len(ids), len(prints)) == (2 + len(DRIFT), 1 + len(DRIFT))


def test_a_new_name_of_a_kind_that_gains_one_is_in_the_base(world):
    text = "workspace: {name: Center}\ntask_queues: [{name: New}]\nmanage: {task_queues: additive}"
    world.apply("workspace: {name: Center}")
    before = world.document(text)["base"]["fingerprint"]

    world.make("TaskQueues", FriendlyName="Another")

    assert world.document(text)["base"]["fingerprint"] != before


def test_the_base_has_nothing_that_the_plan_does_not_rely_on(world):
    text = "workspace: {name: Center}\ntask_queues: [{name: Gold, task_order: LIFO}, {name: Silver}]\nworkers: [{name: alice}]"
    world.apply(text.replace("LIFO", "FIFO"))
    before = world.document(text)

    world.change("Workers", "alice", ActivitySid=world.sid("Activities", "Available"), Attributes='{"x": 1}')

    assert world.document(text)["base"] == before["base"]
    assert sorted(before["base"]["objects"]) == ["task_queue/Gold", "workspace/Center"]


def test_the_channels_of_two_workers_are_two_objects_of_the_base(world):
    text = "workspace: {{name: C}}\nworkers: [{{name: a, channels: {{sms: {{capacity: {0}}}}}}}, {{name: b, channels: {{sms: {{capacity: {0}}}}}}}]"
    world.apply(text.format(2))

    objects = world.document(text.format(3))["base"]["objects"]

    assert {"worker_channel/a/sms", "worker_channel/b/sms"} <= objects.keys()


def test_the_order_of_lists_does_not_change_a_plan(world):
    world.apply(BEFORE)
    before = world.document(AFTER)
    inner = world.requests.handle_async_request

    async def shuffled(request):
        answer = await inner(request)
        page = json.loads(await answer.aread())
        if "meta" in page:
            random.Random(1).shuffle(page[page["meta"]["key"]])
        return httpx.Response(200, json=page)

    world.requests.handle_async_request = shuffled

    assert world.document(AFTER) == before


def test_nothing_to_do_has_an_id_too(world):
    world.apply(BEFORE)

    plan = world.plan(BEFORE)

    assert plan_document(plan)["operations"] == []
    assert len(plan_id(plan)) == 64
