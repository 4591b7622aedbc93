"""Deployment: plan, apply, and the proof that nothing is left; while others are at work in the same workspace."""

import httpx
import pytest

from tr_apply.apply import Status, failure_of
from tr_apply.config.load import load
from tr_apply.deployment.configured import Configured
from tr_apply.errors import ConfigError, IncompleteError, UsageError

CENTER = "workspace: {name: Center}\n"
TEAM = CENTER + "task_queues: [{name: Gold}, {name: Silver}]\nworkers: [{name: alice}]\n"


class Meanwhile:
    """Calls *action* right after the first request that *matches*."""

    def __init__(self, world, matches, action):
        self._world, self._matches, self._action = world, matches, action
        self._inner = world.requests.handle_async_request
        self.done = False
        world.requests.handle_async_request = self.handle_async_request

    async def handle_async_request(self, request):
        answer = await self._inner(request)
        if not self.done and self._matches(request):
            self.done = True
            await self._action(self._world)
        return answer


def creates(collection):
    return lambda request: request.method == "POST" and request.url.path.endswith(f"/{collection}")


async def renames_silver(world):
    world.sql("UPDATE task_queue SET friendly_name = 'Bronze', name_key = 'bronze' WHERE friendly_name = 'Silver'")


def outcome(applied):
    return {result.operation.name: (result.status, result.error) for result in applied.results}


# The proof


def test_a_change_by_somebody_else_during_apply_is_found_by_reading_again(world, told_plan):
    world.apply(TEAM)
    text = TEAM.replace("{name: alice}", "{name: alice}, {name: bob}")
    plan = world.plan(text)
    Meanwhile(world, creates("Workers"), renames_silver)

    applied = world.carry_out(text, plan)

    assert [result.status for result in applied.results] == [Status.DONE]
    assert applied.verified is False
    assert told_plan(applied.left) == [("create", "task_queue", "Silver"), ("delete", "task_queue", "Bronze")]


def test_an_apply_that_failed_is_not_proved(world):
    plan = world.plan(TEAM)
    world.apply(CENTER)
    text = TEAM.replace("Gold", "Gold2")
    plan = world.plan(text)
    world.make("TaskQueues", FriendlyName="Gold2")
    world.make("TaskQueues", FriendlyName="Silver")

    applied = world.carry_out(text, plan)

    assert applied.verified is None
    assert outcome(applied)["Gold2"][0] is Status.FAILED
    assert outcome(applied)["alice"][0] is Status.DONE


def test_a_workspace_that_cannot_be_read_again_is_reported_as_not_verified(world):
    world.apply(CENTER)
    plan = world.plan(TEAM)
    written = []
    inner = world.requests.handle_async_request

    async def handle(request):
        if request.method == "GET" and len(written) == 3:
            return httpx.Response(401, json={"code": 20003, "message": "Authenticate", "status": 401})
        if request.method == "POST":
            written.append(request)
        return await inner(request)

    world.requests.handle_async_request = handle

    applied = world.carry_out(TEAM, plan)

    assert applied.verified is None
    assert any("could not be read again" in note for note in applied.notes)


def test_lists_that_lag_behind_are_read_again_before_anything_is_called_wrong(world):
    world.apply(CENTER)
    plan = world.plan(TEAM)
    inner = world.requests.handle_async_request
    stale = []

    async def handle(request):
        answer = await inner(request)
        if request.method == "GET" and request.url.path.endswith("/TaskQueues") and world.requests.writes and not stale:
            stale.append(request)
            meta = {"key": "task_queues", "page": 0, "page_size": 1000, "next_page_url": None}
            return httpx.Response(200, json={"task_queues": [], "meta": meta})
        return answer

    world.requests.handle_async_request = handle

    assert world.carry_out(TEAM, plan).verified
    assert stale


# A new workspace


async def renames_the_default(world):
    world.sql("UPDATE activity SET friendly_name = 'Away', name_key = 'away' WHERE friendly_name = 'Offline'")


async def deletes_nobody_s_activity(world):
    world.sql("DELETE FROM activity WHERE friendly_name = 'Unavailable'")


def test_a_new_workspace_with_other_seeds_is_planned_again_with_a_note(world):
    text = CENTER + (
        "activities: [{name: Offline}, {name: Available, available: true}, {name: Unavailable}]\n"
        "workers: [{name: alice, activity: Offline}]"
    )
    plan = world.plan(text)
    Meanwhile(world, creates("Workspaces"), deletes_nobody_s_activity)

    applied = world.carry_out(text, plan)

    assert [operation.name for operation in plan.operations] == ["Center", "alice"]
    assert applied.verified
    assert [result.operation.name for result in applied.results] == ["Center", "alice", "Unavailable"]
    assert applied.notes == ["the new workspace was not as predicted; the rest was planned again from its real content"]


def test_a_new_workspace_as_predicted_gives_no_warning(world):
    applied = world.carry_out(TEAM, world.plan(TEAM))

    assert applied.verified
    assert applied.notes == []


def test_a_new_workspace_that_the_file_does_not_fit_says_why(world):
    text = CENTER.replace("}", ", timeout_activity: Unavailable}") + "task_queues: [{name: Gold}]"
    plan = world.plan(text)
    Meanwhile(world, creates("Workspaces"), deletes_nobody_s_activity)

    applied = world.carry_out(text, plan)

    assert applied.verified is None
    assert "there is no activity 'Unavailable'" in outcome(applied)["Gold"][1]
    assert outcome(applied)["Gold"][0] is Status.SKIPPED


def test_a_workspace_that_cannot_be_created_ends_it(world):
    plan = world.plan(TEAM)

    async def handle(_):
        return httpx.Response(400, json={"code": 20001, "message": "too many workspaces", "status": 400})

    world.requests.handle_async_request = handle

    applied = world.carry_out(TEAM, plan)

    status, error = outcome(applied)["Center"]
    assert status is Status.FAILED
    assert "too many workspaces" in error
    assert outcome(applied)["Gold"] == (Status.SKIPPED, "needs the workspace 'Center', which could not be created")


def test_a_workspace_that_two_create_at_the_same_moment_is_not_filled_and_both_are_named(world):
    plan = world.plan(TEAM)
    inner = world.requests.handle_async_request

    async def handle(request):
        if creates("Workspaces")(request):
            await inner(request)  # somebody else's, between our last look and our own
        return await inner(request)

    world.requests.handle_async_request = handle

    applied = world.carry_out(TEAM, plan)

    theirs, ours = (each["sid"] for each in world.rest("GET", "/Workspaces")["workspaces"])
    status, error = outcome(applied)["Center"]
    assert status is Status.FAILED
    assert (theirs in error, ours in error) == (True, True)
    assert "delete the workspace that you do not need, then run again" in error
    assert outcome(applied)["Gold"][0] is Status.SKIPPED
    assert applied.verified is None
    assert isinstance(failure_of(applied.results, interrupted=False), IncompleteError)


def test_the_second_request_of_a_new_workspace_belongs_to_its_creation(world):
    text = CENTER.replace("}", ", default_activity: Lunch}") + "activities: [{name: Offline}, {name: Lunch}]"
    plan = world.plan(text)

    applied = world.carry_out(text, plan)

    assert [(r.operation.name, r.requests) for r in applied.results if r.operation.kind == "workspace"] == [
        ("Center", 2)
    ]
    assert applied.verified


# Targets


@pytest.mark.parametrize("target", ["task_queue/Nobody's", "worker_channel/alice/fax", "workspace/Other"])
def test_a_target_that_leads_nowhere_is_a_slip_of_the_pen(world, target):
    with pytest.raises(UsageError, match="neither declared nor about to be deleted"):
        world.plan(TEAM, target)


@pytest.mark.parametrize("target", ["task_queue/gold", "workspace/CENTER", "worker_channel/alice/voice"])
def test_a_target_that_is_declared_is_known_however_it_is_spelled(world, target):
    text = TEAM.replace("{name: alice}", "{name: alice, channels: {voice: {capacity: 2}}}")

    plan = world.plan(text, target)

    assert target.casefold() in {f"{each.kind}/{each.name}".casefold() for each in plan.operations}


# Everything


def test_everything_of_a_workspace_that_is_not_there_is_nothing(world, runner):
    configuration = world.configuration(TEAM)

    async def everything():
        async with world._client() as client:
            return await Configured(configuration).everything(client)

    assert runner.run(everything()) is None
    world.apply(TEAM)

    found = runner.run(everything())

    assert [live.name for live in found.by_kind["worker"]] == ["alice"]


def test_everything_of_two_workspaces_is_a_question(world, tmp_path, runner):
    world.rest("POST", "/Workspaces", FriendlyName="Center")
    world.rest("POST", "/Workspaces", FriendlyName="center")
    path = tmp_path / "center.yaml"
    path.write_text(CENTER)

    async def everything():
        async with world._client() as client:
            await Configured(load(path)).everything(client)

    with pytest.raises(ConfigError, match=rf"{path}:1:\d+: .*several live workspaces match"):
        runner.run(everything())
