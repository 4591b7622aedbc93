"""A live worker's activity is changed only when it goes away, or when the worker does."""

from dataclasses import replace

import pytest

from tr_apply.live import Live, predicted
from tr_apply.plan.make import make_plan

HEAD = "workspace: {name: Center}\n"
ACTIVITIES = "activities: [{name: Offline}, {name: Available, available: true}, {name: Break}, {name: Lunch}]\n"


def activities(*names, default="Offline"):
    written = ", ".join(f"{{name: {name}, available: {str(name in {'Available', 'Chat'}).lower()}}}" for name in names)
    return f"workspace: {{name: Center, default_activity: {default}}}\nactivities: [{written}]\n"


def workers(**where):
    written = ", ".join(f"{{name: {name}, activity: {activity}}}" for name, activity in where.items())
    return f"workers: [{written}]\n"


def whereabouts(world):
    return {worker["friendly_name"]: worker["activity_name"] for worker in world.items("Workers")}


def moves(plan):
    return {
        operation.name: [(move.worker, move.before, move.after) for move in operation.moves]
        for operation in plan.operations
        if operation.moves
    }


ALL = ("Offline", "Available", "Break", "Lunch")


def test_nobody_is_moved_because_the_file_says_another_activity(world):
    world.apply(activities(*ALL) + workers(alice="Break"))

    assert world.plan(activities(*ALL) + workers(alice="Lunch")).operations == []


def test_out_of_a_deleted_activity_workers_go_to_their_declared_one(world):
    world.apply(activities(*ALL) + workers(alice="Break", bob="Break"))

    plan = world.apply(activities("Offline", "Available", "Lunch") + workers(alice="Lunch", bob="Offline"))

    assert moves(plan) == {"Break": [("alice", "Break", "Lunch"), ("bob", "Break", "Offline")]}
    assert whereabouts(world) == {"alice": "Lunch", "bob": "Offline"}
    assert plan.requests == 3


def test_a_declared_activity_that_is_available_is_not_used_for_a_move(world):
    world.apply(activities(*ALL) + workers(alice="Break"))

    plan = world.apply(activities("Offline", "Available", "Lunch") + workers(alice="Available"))

    assert moves(plan) == {"Break": [("alice", "Break", "Offline")]}


def test_out_of_a_deleted_activity_workers_go_to_the_default_of_the_result(world):
    world.apply(activities(*ALL) + workers(alice="Break"))

    plan = world.apply(activities("Lunch", default="Lunch") + "workers: [{name: alice}]")

    assert moves(plan) == {"Break": [("alice", "Break", "Lunch")]}


def test_workers_that_the_file_does_not_manage_are_moved_as_well(world):
    world.apply(activities(*ALL) + workers(alice="Break"))

    plan = world.apply(activities("Offline", "Available", "Lunch"))

    assert moves(plan) == {"Break": [("alice", "Break", "Offline")]}


def test_workers_are_listed_in_the_order_of_their_names(world):
    world.apply(activities(*ALL) + workers(zoe="Break", Carl="Break", anna="Break", bert="Break"))

    plan = world.plan(activities("Offline", "Available", "Lunch"))

    assert [name for name, _, _ in moves(plan)["Break"]] == ["anna", "bert", "Carl", "zoe"]


def test_a_worker_in_an_available_activity_is_moved_before_it_is_deleted(world):
    world.apply(activities(*ALL) + workers(alice="Available", bob="Break"))

    plan = world.apply(activities(*ALL) + "workers: []")

    assert moves(plan) == {"alice": [("alice", "Available", "Offline")]}
    assert [operation.requests for operation in plan.operations] == [2, 1]
    methods = [(method, sorted(form)) for method, _, form in world.requests.writes]
    assert methods.count(("POST", ["ActivitySid"])) == 1


def test_a_worker_is_deleted_where_activities_are_not_managed(world):
    world.apply(activities(*ALL) + workers(alice="Available"))

    plan = world.apply(HEAD + "workers: []")

    assert moves(plan) == {"alice": [("alice", "Available", "Offline")]}


def test_a_worker_goes_together_with_its_activity(world):
    world.apply(activities(*ALL, "Chat") + workers(alice="Chat", bob="Lunch", carol="Chat"))

    plan = world.apply(activities(*ALL[:3]) + "workers: [{name: carol}]")

    assert moves(plan) == {"Chat": [("carol", "Chat", "Offline")], "alice": [("alice", "Chat", "Offline")]}
    assert world.names("Activities") == ["Available", "Break", "Offline"]


def test_a_worker_goes_while_its_activity_is_replaced(world):
    world.apply(activities("Offline", "Break") + workers(alice="Break", bob="Break"))
    after = activities("Offline", "Break").replace("{name: Break, available: false}", "{name: Break, available: true}")

    plan = world.apply(after + "workers: [{name: bob}]")

    assert whereabouts(world) == {"bob": "Break"}
    assert moves(plan) == {"Break": [("bob", "Break", "Break")]}


def test_an_edit_and_a_move_of_a_worker_are_two_requests(world):
    world.apply(activities(*ALL) + workers(alice="Break"))

    plan = world.apply(activities("Offline", "Available") + "workers: [{name: alice, attributes: {level: 3}}]")

    assert plan.requests == 1 + 2 + 1  # the edit; the move and the deletion of Break; the deletion of Lunch
    posts = [sorted(form) for method, _, form in world.requests.writes if method == "POST"]
    assert posts == [["Attributes"], ["ActivitySid"]]


def test_a_renamed_worker_is_moved_under_its_new_name(world):
    world.apply(activities(*ALL) + workers(alice="Break"))

    plan = world.apply(activities("Offline", "Available", "Lunch") + "workers: [{name: anna, renamed_from: [alice]}]")

    assert moves(plan) == {"Break": [("anna", "Break", "Offline")]}
    assert whereabouts(world) == {"anna": "Offline"}


STRANDED = {
    "an activity whose workers have nowhere to go": (
        activities(*ALL) + workers(alice="Break"),
        activities("Available", default="Available"),
        ["Break"],
    ),
    "a worker that has nowhere to go": (
        activities(*ALL) + workers(alice="Available"),
        activities("Available", default="Available") + "workers: []",
        ["alice"],
    ),
}


@pytest.mark.parametrize("case", STRANDED)
def test_who_has_nowhere_to_go_blocks_the_operation(world, case):
    before, after, names = STRANDED[case]
    world.apply(before)

    plan = world.plan(after)

    blocked = {each.operation: each for each in plan.blocked if each.code == "nowhere-to-go"}
    assert [operation.name for operation in plan.operations if operation.id in blocked] == names
    for each in blocked.values():
        assert "default activity is available, so workers cannot be moved into it" in each.message


def test_a_stranded_worker_may_be_declared_somewhere_to_go(world):
    world.apply(activities(*ALL) + workers(alice="Break"))

    plan = world.plan(activities("Available", "Lunch", default="Available") + workers(alice="Lunch"))

    assert [each.code for each in plan.blocked if each.code == "nowhere-to-go"] == []
    world.apply(activities("Available", "Lunch", default="Available") + workers(alice="Lunch"))


def test_moving_and_deleting_that_was_killed_is_finished_by_the_next_run(world):
    world.concurrency = 1
    world.apply(activities(*ALL, "Chat") + workers(alice="Chat", bob="Break", carol="Lunch"))
    after = activities("Offline", "Available") + "workers: [{name: bob}]"

    for _ in world.moments(after, writes=7):
        world.apply(after)

        assert whereabouts(world) == {"bob": "Offline"}


@pytest.mark.parametrize("activity", [None, 7, ["WA1"], {}])
def test_a_worker_without_a_known_activity_is_not_moved(world, activity):
    document = world.configuration("workspace: {name: Center}\nactivities: [{name: Offline}]\n").document
    snapshot = predicted(None, document.workspace)
    workers = [Live("worker", "a", "WK1", {"friendly_name": "a", "activity_sid": activity, "attributes": "{}"})]
    by_kind = {**snapshot.by_kind, "worker": workers}

    plan = make_plan(document, replace(snapshot, by_kind=by_kind, predicted=False))

    assert [each.name for each in plan.operations if each.kind == "activity"] != []
    assert [each.moves for each in plan.operations if each.moves] == []
