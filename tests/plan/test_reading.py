"""How much is read: one request a page and kind that matters, and one to find the workspace."""

import pytest

HEAD = "workspace: {name: Center}\n"
LIVE = """
workspace: {name: Center}
activities: [{name: Offline}, {name: Available, available: true}, {name: Break}]
task_channels: [{unique_name: email}]
task_queues: [{name: Gold, reservation_activity: Break, assignment_activity: Break}, {name: Silver}]
workflows: [{name: Incoming, default_filter: {queue: Gold}}]
workers: [{name: alice, activity: Break}, {name: bob, activity: Available}, {name: carol}]
"""
WORKSPACES, ACTIVITIES, CHANNELS, QUEUES, WORKFLOWS, WORKERS = (
    "Workspaces",
    "Activities",
    "TaskChannels",
    "TaskQueues",
    "Workflows",
    "Workers",
)
TASKS = "Tasks"
WAITING = "RealTimeStatistics"

# A file -> the collections that are read, each once.
READ = {
    "nothing but the workspace": (HEAD, []),
    "activities": (
        HEAD + "activities: [{name: Offline}, {name: Available, available: true}, {name: Break}]",
        [ACTIVITIES],
    ),
    "task channels": (HEAD + "task_channels: [{unique_name: email}]", [CHANNELS]),
    "task queues": (HEAD + "task_queues: [{name: Silver}]\nmanage: {task_queues: additive}", [QUEUES]),
    "a workflow needs the names of queues": (
        HEAD + "workflows: [{name: Incoming, default_filter: {queue: Gold}}]",
        [QUEUES, WORKFLOWS],
    ),
    "workers": (HEAD + "workers: [{name: alice}, {name: bob}, {name: carol}]", [WORKERS]),
    "a default activity that is the default": ("workspace: {name: Center, default_activity: Offline}", []),
    "a default activity in another spelling": ("workspace: {name: Center, default_activity: OFFLINE}", [ACTIVITIES]),
    "another default activity": ("workspace: {name: Center, default_activity: Break}", [ACTIVITIES]),
    "a queue with its activities": (
        HEAD + "task_queues: [{name: Gold, reservation_activity: Break, assignment_activity: Break}, {name: Silver}]",
        [QUEUES],
    ),
    "a queue with another activity": (
        HEAD + "task_queues: [{name: Gold, reservation_activity: Offline, assignment_activity: Break}, {name: Silver}]",
        [QUEUES, ACTIVITIES],
    ),
    "a new queue with activities": (
        HEAD
        + "task_queues: [{name: New, reservation_activity: Break, assignment_activity: Break}]\nmanage: {task_queues: additive}",
        [QUEUES, ACTIVITIES, WORKERS],
    ),
    "a new worker with an activity": (
        HEAD + "workers: [{name: dora, activity: Break}]\nmanage: {workers: additive}",
        [WORKERS, ACTIVITIES, QUEUES],
    ),
    "a worker that stays where it is": (
        HEAD + "workers: [{name: alice, activity: Offline}]\nmanage: {workers: additive}",
        [WORKERS],
    ),
    "a new worker with channels": (
        HEAD + "workers: [{name: dora, channels: {email: {capacity: 2}}}]\nmanage: {workers: additive}",
        [WORKERS, CHANNELS, QUEUES],
    ),
    "a SID of a queue": (
        HEAD + "workers: [{name: carol, attributes: {q: '${sid:task_queue/Gold}'}}]\nmanage: {workers: additive}",
        [WORKERS, QUEUES],
    ),
    "a SID of the workspace": (
        HEAD + "workers: [{name: carol, attributes: {q: '${sid:workspace}'}}]\nmanage: {workers: additive}",
        [WORKERS, QUEUES],
    ),
    "an activity that goes": (
        HEAD + "activities: [{name: Offline}, {name: Break}]",
        [ACTIVITIES, QUEUES, WORKERS, TASKS],
    ),
    "an activity that is replaced": (
        HEAD + "activities: [{name: Offline}, {name: Available, available: true}, {name: Break, available: true}]",
        [ACTIVITIES, QUEUES, WORKERS, WORKFLOWS, TASKS],
    ),
    "a queue that goes": (
        HEAD + "task_queues: [{name: Gold, reservation_activity: Break, assignment_activity: Break}]",
        [QUEUES, WORKFLOWS, TASKS, WORKERS],
    ),
    "an available worker that goes": (
        HEAD + "workers: [{name: alice}, {name: carol}]",
        [WORKERS, ACTIVITIES, TASKS, QUEUES],
    ),
    "an unavailable worker that goes": (HEAD + "workers: [{name: alice}, {name: bob}]", [WORKERS, TASKS, QUEUES]),
    "another expression of a queue": (
        HEAD + "task_queues: [{name: Silver, target_workers: level > 5}]\nmanage: {task_queues: additive}",
        [QUEUES, WORKERS],
    ),
    "another expression of a target": (
        HEAD + "workflows: [{name: Incoming, default_filter: {queue: Gold, expression: worker.level > 5}}]",
        [QUEUES, WORKFLOWS, WORKERS, WAITING],
    ),
    "another priority of a target": (
        HEAD + "workflows: [{name: Incoming, default_filter: {queue: Gold, priority: 5}}]",
        [QUEUES, WORKFLOWS, WAITING],
    ),
    "other attributes of a worker": (
        HEAD + "workers: [{name: carol, attributes: {level: 5}}]\nmanage: {workers: additive}",
        [WORKERS, QUEUES],
    ),
    "another name of an activity": (
        HEAD + "activities: [{name: Pause, renamed_from: [Break]}]\nmanage: {activities: additive}",
        [ACTIVITIES, QUEUES, WORKERS],
    ),
    "everything": (LIVE, [ACTIVITIES, CHANNELS, QUEUES, WORKFLOWS, WORKERS]),
}


@pytest.mark.parametrize("case", READ)
def test_these_kinds_are_read(world, case):
    text, collections = READ[case]
    world.apply(LIVE)

    world.plan(text)

    assert sorted(path.rpartition("/")[2] for path in world.requests.reads) == sorted([WORKSPACES, *collections])


def test_channels_are_read_of_workers_that_declare_some(world):
    world.apply(LIVE)
    text = (
        HEAD
        + "workers: [{name: alice, channels: {email: {capacity: 1}}}, {name: bob}, {name: carol}, {name: new, channels: {email: {capacity: 1}}}]"
    )

    world.plan(text)

    alice = world.sid("Workers", "alice")
    assert [path.split("/")[-2] for path in world.requests.reads if path.endswith("/Channels")] == [alice]


def test_a_kind_is_one_request_a_page(world):
    world.apply(HEAD)
    path = world.path().rpartition("/")[2]
    for number in range(1001):
        world.sql(
            "INSERT INTO task_queue (sid, workspace_sid, position, friendly_name, name_key, target_workers,"
            " max_reserved_workers, task_order, date_created, date_updated) SELECT ?, ?, ?, ?, ?, '1==1', 1, 'FIFO',"
            " date_created, date_updated FROM workspace",
            f"WQ{number:032x}",
            path,
            number,
            f"Q{number}",
            f"q{number}",
        )

    plan = world.plan(HEAD + "task_queues: [{name: Q1000}]\nmanage: {task_queues: additive}")

    assert plan.operations == []
    assert [each.rpartition("/")[2] for each in world.requests.reads] == [WORKSPACES, QUEUES, QUEUES]


def test_a_workspace_that_is_not_there_is_not_read(world):
    plan = world.plan(LIVE)

    assert [each.rpartition("/")[2] for each in world.requests.reads] == [WORKSPACES]
    assert plan.target.workspace_sid is None


def test_a_pinned_workspace_is_asked_for_by_its_sid(world):
    world.apply(HEAD)
    sid = world.items("Workspaces")[0]["sid"]

    world.plan(f"workspace: {{name: Center, sid: {sid}}}")

    assert world.requests.reads == [f"/Workspaces/{sid}"]


def test_the_references_of_an_ignored_section_do_not_matter(world):
    world.apply(LIVE)

    plan = world.plan(
        HEAD
        + "task_queues: []\nworkflows: [{name: Incoming, default_filter: {queue: Nope}}]\n"
        + "manage: {task_queues: additive, workflows: ignore}"
    )

    assert plan.operations == []
    assert WORKFLOWS not in [each.rpartition("/")[2] for each in world.requests.reads]
