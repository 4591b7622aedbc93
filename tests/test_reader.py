"""Reading a workspace: as much as a plan needs, and a clear end where that cannot be read."""

import httpx
import pytest

from tr_apply.errors import ApiError, ConfigError, TrApplyError
from tr_apply.reader import named_workspace

CENTER = """
workspace: {name: Center}
task_queues: [{name: Gold}, {name: Silver}]
workflows: [{name: Incoming, default_filter: {queue: Gold}}]
workers: [{name: alice, channels: {voice: {capacity: 2}}}, {name: bob}]
safety: {max_deletes: 100%}
"""


def refusing(world, *endings, status=403):
    """From now on these paths are refused."""
    inner = world.requests.handle_async_request

    async def handle(request):
        if request.method == "GET" and request.url.path.endswith(endings):
            return httpx.Response(status, json={"code": 20403, "message": "Forbidden", "status": status})
        return await inner(request)

    world.requests.handle_async_request = handle


@pytest.mark.parametrize("path", ["/Workspaces", "/TaskQueues", "/Workers", "/Channels"])
def test_a_part_that_cannot_be_read_ends_the_plan_with_its_reason(world, path):
    world.apply(CENTER)
    refusing(world, path)

    with pytest.raises(ApiError, match=f"{path}.*Forbidden"):
        world.plan(CENTER)


def test_several_that_cannot_be_read_are_one_error(world):
    world.apply(CENTER)
    refusing(world, "/TaskQueues", "/Workers", "/Workflows")

    with pytest.raises(ApiError, match="Forbidden"):
        world.plan(CENTER)


def test_tasks_that_cannot_be_looked_at_are_not_taken_for_none(world):
    world.apply(CENTER)
    refusing(world, "/Tasks")

    with pytest.raises(ApiError, match="/Tasks"):
        world.plan(CENTER.replace(", {name: Silver}", ""))


@pytest.mark.parametrize("answer", [{}, {"tasks": None, "meta": {}}, {"tasks": [1], "meta": {}}, {"tasks": []}])
def test_an_invalid_list_of_tasks_is_an_error(world, answer):
    world.apply(CENTER)
    inner = world.requests.handle_async_request

    async def handle(request):
        return httpx.Response(200, json=answer) if request.url.path.endswith("/Tasks") else await inner(request)

    world.requests.handle_async_request = handle

    with pytest.raises(TrApplyError, match="no list of tasks"):
        world.plan(CENTER.replace(", {name: Silver}", ""))


@pytest.mark.parametrize("status", [403, 404])
def test_statistics_are_not_needed(world, status):
    world.apply(CENTER)
    refusing(world, "/RealTimeStatistics", status=status)

    plan = world.plan(CENTER.replace("queue: Gold", "queue: Silver"))

    assert [each.message for each in plan.diagnostics] == [
        (
            "it is not known how many tasks wait in the workflow 'Incoming'; waiting tasks keep their old route, "
            "because `re_evaluate_tasks` is not true"
        )
    ]


def test_more_tasks_than_one_page_holds_are_counted_as_at_least_that_many(world):
    world.apply(CENTER)
    inner = world.requests.handle_async_request

    async def handle(request):
        if not request.url.path.endswith("/Tasks"):
            return await inner(request)
        tasks = [{"assignment_status": "pending"}] * 1000
        return httpx.Response(200, json={"tasks": tasks, "meta": {"next_page_url": "https://x/?Page=1"}})

    world.requests.handle_async_request = handle

    [blocked] = world.plan(CENTER.replace(", {name: Silver}", "")).blocked

    assert "at least 1000 pending tasks" in blocked.message


# Which workspace


def test_a_workspace_by_its_name_or_its_sid(world, runner):
    world.apply(CENTER)

    async def named(name):
        async with world._client() as client:
            return (await named_workspace(client, name)).name

    assert runner.run(named("center")) == "Center"
    assert runner.run(named(world.items("Workspaces")[0]["sid"])) == "Center"
    with pytest.raises(TrApplyError, match=r"there is no live workspace 'Other'; the live ones are 'Center'$"):
        runner.run(named("Other"))
    world.rest("POST", "/Workspaces", FriendlyName="CENTER")
    with pytest.raises(TrApplyError, match=r"several live workspaces match: 'Center' \(WS\w+\) and 'CENTER' \(WS\w+\)"):
        runner.run(named("Center"))


def test_the_error_about_an_unknown_workspace_lists_the_existing_ones(world, runner):
    async def named(name):
        async with world._client() as client:
            await named_workspace(client, name)

    with pytest.raises(TrApplyError, match="'Other'; this account has none"):
        runner.run(named("Other"))
    for number in range(12):
        world.rest("POST", "/Workspaces", FriendlyName=f"{number:02}")

    with pytest.raises(TrApplyError, match=r"the live ones are '00', '01', .*'09' and 2 more$"):
        runner.run(named("Other"))


def test_a_pinned_workspace_that_is_not_there_is_an_error(world):
    with pytest.raises(
        TrApplyError, match="there is no workspace WS00000000000000000000000000000001 in the account AC"
    ):
        world.plan("workspace: {name: Center, sid: WS00000000000000000000000000000001}")


def test_the_new_and_the_old_name_of_a_workspace_both_live_is_a_question(world):
    world.rest("POST", "/Workspaces", FriendlyName="Center")
    world.rest("POST", "/Workspaces", FriendlyName="Old")

    with pytest.raises(ConfigError, match="remove `renamed_from`, or pin one by `sid`"):
        world.plan("workspace: {name: Center, renamed_from: [Old]}")
