"""Work that is under way: what would strand it is not done, neither in the plan nor a moment later."""

import pytest

from tr_apply.apply import Status
from tr_apply.plan.checks.guard import PEOPLE_LOST
from tr_apply.plan.checks.work import UNDER_WAY

CENTER = """
workspace: {name: Center, default_activity: Offline, timeout_activity: Offline}
activities: [{name: Offline}, {name: Lunch}, {name: Available, available: true}, {name: Training, available: true}]
task_queues: [{name: Gold, target_workers: "level > 5"}, {name: Everyone}]
workflows:
- {name: Incoming, default_filter: {queue: Everyone}}
- {name: Night, default_filter: {queue: Gold}}
workers:
- {name: alice, activity: Offline, attributes: {level: 9}}
- {name: bob, activity: Offline, attributes: {level: 1}}
safety: {max_deletes: 100%}
"""
WITHOUT_GOLD = CENTER.replace('{name: Gold, target_workers: "level > 5"}, ', "").replace(
    "queue: Gold", "queue: Everyone"
)
WITHOUT_NIGHT = CENTER.replace("- {name: Night, default_filter: {queue: Gold}}\n", "")
WITHOUT_ALICE = CENTER.replace("- {name: alice, activity: Offline, attributes: {level: 9}}\n", "")
WITHOUT_TRAINING = CENTER.replace(", {name: Training, available: true}", "")
TRAINING_CLOSED = CENTER.replace("Training, available: true", "Training, available: false")


@pytest.fixture
def center(world):
    world.apply(CENTER)
    return world


def task(world, workflow):
    return world.make("Tasks", WorkflowSid=world.sid("Workflows", workflow), Attributes="{}")["sid"]


def sit(world, worker, activity):
    world.change("Workers", worker, ActivitySid=world.sid("Activities", activity))


def reasons(plan):
    operations = {operation.id: f"{operation.kind}/{operation.name}" for operation in plan.operations}
    return {operations[each.operation]: each.message for each in plan.blocked if each.code == UNDER_WAY}


def work_reads(world):
    return [path for path in world.requests.reads if path.endswith(("/Tasks", "/Reservations", "/RealTimeStatistics"))]


# In the plan


def test_a_queue_in_which_tasks_wait_is_not_deleted(center):
    task(center, "Night")
    task(center, "Night")

    found = reasons(center.plan(WITHOUT_GOLD))

    assert found == {
        "task_queue/Gold": "the task queue 'Gold' cannot be deleted while it has 2 pending tasks; "
        "let them end, or move them, first"
    }


def test_a_workflow_whose_tasks_wait_or_are_offered_is_not_deleted(center):
    sit(center, "alice", "Available")
    task(center, "Night")
    task(center, "Night")

    found = reasons(center.plan(WITHOUT_NIGHT))

    assert "1 pending and 1 reserved tasks" in found["workflow/Night"]


def test_a_worker_with_an_open_reservation_is_not_deleted(center):
    sit(center, "alice", "Available")
    task(center, "Night")

    found = reasons(center.plan(WITHOUT_ALICE))

    assert found == {
        "worker/alice": "the worker 'alice' cannot be deleted while it has 1 pending reservation; "
        "let them end, or move them, first"
    }


@pytest.mark.parametrize(("text", "done"), [(WITHOUT_TRAINING, "deleted"), (TRAINING_CLOSED, "replaced")])
def test_nobody_is_moved_away_from_a_task_that_is_offered(center, text, done):
    sit(center, "alice", "Training")
    sit(center, "bob", "Training")
    task(center, "Night")

    found = reasons(center.plan(text))

    assert list(found) == ["activity/Training"]
    assert (
        f"cannot be {done} while a task is reserved for workers who must move out of it ('alice')"
        in found["activity/Training"]
    )


def test_work_elsewhere_keeps_nothing_from_being_done(center):
    sit(center, "bob", "Available")
    task(center, "Incoming")

    for text in (WITHOUT_GOLD, WITHOUT_NIGHT, WITHOUT_ALICE, WITHOUT_TRAINING, TRAINING_CLOSED):
        assert reasons(center.plan(text)) == {}


def test_consent_to_delete_does_not_strand_anybody(center):
    task(center, "Night")
    plan = center.plan(WITHOUT_GOLD.replace("100%", "0"))

    assert {each.code for each in plan.blocked} == {"needs-consent", UNDER_WAY}


def test_nothing_is_looked_at_where_nothing_is_taken_away(center):
    center.plan(CENTER.replace("level > 5", "level > 6").replace("level: 1", "level: 2"))

    assert work_reads(center) == []


def test_one_look_is_enough_for_many_people_while_nobody_is_busy(center):
    for worker in ("alice", "bob"):
        sit(center, worker, "Training")

    center.plan(WITHOUT_TRAINING)

    assert [path.rpartition("/")[2] for path in work_reads(center)] == ["Tasks"]


# Right before the request


@pytest.mark.parametrize(
    ("text", "kind", "people"),
    [
        (WITHOUT_GOLD, "TaskQueues", {}),
        (WITHOUT_NIGHT, "Workflows", {}),
        (WITHOUT_ALICE, "Workers", {"alice": "Available"}),
        (WITHOUT_TRAINING, "Activities", {"alice": "Training"}),
        (TRAINING_CLOSED, "Activities", {"alice": "Training"}),
    ],
)
def test_work_that_came_in_after_the_plan_stops_it(center, text, kind, people):
    for worker, activity in people.items():
        sit(center, worker, activity)
    before = center.names(kind)
    plan = center.plan(text)
    assert {each.code for each in plan.blocked} <= {PEOPLE_LOST}
    task(center, "Night")

    applied = center.carry_out(text, plan)

    failed = [result for result in applied.results if result.status is Status.FAILED]
    assert len(failed) == 1
    assert failed[0].stale
    assert "cannot be" in failed[0].error
    assert set(before) <= set(center.names(kind)) | {"Training"}
    assert not [path for method, path, _ in center.requests.writes if method == "DELETE"]


# Notes for the reader


def notes(plan, code):
    return [each.message for each in plan.diagnostics if each.code == code]


@pytest.mark.parametrize("waiting", [0, 1, 3])
def test_a_change_of_routing_says_how_many_tasks_keep_the_old_route_if_any_does(center, waiting):
    for _ in range(waiting):
        task(center, "Night")

    plan = center.plan(CENTER.replace("default_filter: {queue: Gold}", "default_filter: {queue: Gold, priority: 3}"))

    tasks = {1: "1 task waits", 3: "3 tasks wait"}
    keep = "in the workflow 'Night'; waiting tasks keep their old route, because `re_evaluate_tasks` is not true"
    assert notes(plan, "waiting-tasks") == ([f"{tasks[waiting]} {keep}"] if waiting else [])


@pytest.mark.parametrize("waiting", [0, 1])
def test_tasks_that_are_routed_anew_are_reported_as_well(center, waiting):
    for _ in range(waiting):
        task(center, "Night")
    text = CENTER.replace("default_filter: {queue: Gold}", "default_filter: {queue: Everyone}, re_evaluate_tasks: true")

    anew = "1 task waits in the workflow 'Night'; applying this plan routes waiting tasks anew"
    assert notes(center.plan(text), "waiting-tasks") == ([anew] if waiting else [])


def test_another_time_out_does_not_change_the_routing(center):
    plan = center.plan(CENTER.replace("name: Night,", "name: Night, task_reservation_timeout: 60,"))

    assert plan.requests == 1
    assert notes(plan, "waiting-tasks") == []
    assert work_reads(center) == []


def test_an_activity_that_becomes_available_says_how_many_people_that_makes_reachable(center):
    sit(center, "alice", "Lunch")
    sit(center, "bob", "Lunch")

    plan = center.plan(CENTER.replace("{name: Lunch}", "{name: Lunch, available: true}"))

    assert notes(plan, "becomes-available") == [
        "the activity 'Lunch' becomes available: tasks can be offered to the 2 workers in it from then on"
    ]


def test_an_activity_that_becomes_unavailable_says_nothing_of_the_kind(center):
    assert notes(center.plan(TRAINING_CLOSED), "becomes-available") == []
