"""Carrying out a plan: which failure stops which operation, the messages, and the last look before a delete."""

import asyncio
from functools import partial

import httpx
import pytest

from tests.faults.configurations import SMALL, SMALL_CHANGED
from tr_apply.apply import Result, Sids, Status, Stop, carry_out, failure_of
from tr_apply.client import Client
from tr_apply.errors import ApiError, IncompleteError, InterruptedRunError, StaleError, TrApplyError
from tr_apply.plan.change import Action, Operation, Verb, Write
from tr_apply.resources.template import SidOf


@pytest.fixture
def carried_out(world, runner):
    """Carries out the plan for a configuration; its results by kind and name."""

    def carry(text, *, stop=None, look=None, progress=lambda _: None, meanwhile=lambda: None):
        plan = world.plan(text)
        meanwhile()
        world.requests.writes.clear()

        async def work():
            async with world._client() as client:
                return await carry_out(
                    plan.operations, client, Sids(plan.sids), progress=progress, stop=stop or Stop(), look=look
                )

        return {f"{r.operation.kind}/{r.operation.name}": r for r in runner.run(work())}

    return carry


# Being killed


@pytest.mark.parametrize("concurrency", [1, 10])
@pytest.mark.parametrize("moment", ["at", "after"])
def test_a_run_that_is_killed_leaves_what_a_whole_one_had_at_that_moment(new_world, moment, concurrency):
    whole = new_world()
    whole.concurrency = concurrency
    whole.apply(SMALL)
    states = [whole.state() for _ in whole.moments(SMALL_CHANGED)]

    for killed in range(len(states) - 1):
        world = new_world()
        world.concurrency = concurrency
        world.apply(SMALL)
        assert world.apply_and_die(SMALL_CHANGED, **{moment: killed})
        left = states.index(world.state())
        assert left == killed + (moment == "after") or (left > killed and concurrency > 1)  # others were under way


# The last look


def test_before_something_goes_somebody_may_look_once_more(world, carried_out):
    world.apply(SMALL)
    looked = []

    async def look(operation, write):
        looked.append((operation.action.value, write.verb.value, write.target.kind))
        await asyncio.sleep(0)

    results = carried_out(SMALL_CHANGED, look=look)

    assert {result.status for result in results.values()} == {Status.DONE}
    assert looked.count(("delete", "delete", "worker")) == 1
    assert ("replace", "delete", "activity") in looked
    assert {action for action, _, _ in looked} == {"delete", "replace"}


def test_a_finding_of_the_last_look_keeps_the_resource_from_being_deleted(world, carried_out):
    world.apply(SMALL)

    async def look(operation, _write):
        if operation.kind == "worker":
            raise StaleError("3 tasks are reserved")

    results = carried_out(SMALL_CHANGED, look=look)

    assert (results["worker/bob"].status, results["worker/bob"].error) == (Status.FAILED, "3 tasks are reserved")
    assert results["worker/bob"].stale
    assert "bob" in world.names("Workers")
    assert results["worker/carol"].status is Status.DONE


# Failures


def test_an_operation_that_needs_a_failed_one_in_several_ways_is_left_out_once_and_says_why(world, carried_out):
    world.apply(SMALL)
    text = """
    workspace: {name: Support}
    activities: [{name: Siesta}]
    task_queues: [{name: North, reservation_activity: Siesta}, {name: South, reservation_activity: Siesta}, {name: East}]
    workflows:
    - name: Anywhere
      filters: [{name: All, expression: "1 == 1", targets: [{queue: North, timeout: 60}, {queue: South}]}]
    manage: {task_channels: additive, activities: additive, task_queues: additive, workflows: additive, workers: additive}
    """
    told = []

    results = carried_out(
        text,
        meanwhile=lambda: world.make("Activities", FriendlyName="Siesta", Available="true"),
        progress=lambda result: told.append(result.operation.name),
    )

    assert "already exists" in results["activity/Siesta"].error
    assert {name: each.error for name, each in results.items() if each.status is Status.SKIPPED} == dict.fromkeys(
        ["task_queue/North", "task_queue/South", "workflow/Anywhere"], "needs activity/Siesta, which failed"
    )
    assert results["task_queue/East"].status is Status.DONE
    assert sorted(told) == ["East", "Siesta"]
    assert failure_of(list(results.values()), interrupted=False)


# TaskRouter's messages about a secret


def test_words_of_the_server_about_a_sensitive_value_are_not_repeated(world, monkeypatch):
    secret = SMALL.replace("{skills: [sales]}", "{skills: [sales], phone: canary}") + (
        "manage: {workers: {sensitive: [attributes.phone]}}\n"
    )
    world.apply(SMALL)
    refused = ApiError("Attributes {phone: canary} are wrong (HTTP 400)", status=400, api_code=20001, request_id="RQ1")

    async def update(*_args, **_how):
        raise refused

    monkeypatch.setattr(Client, "update", update)
    results = {r.operation.name: r for r in world.carry_out(secret, world.plan(secret)).results}

    assert "canary" not in results["alice"].error
    assert "refused (HTTP 400, code 20001, request RQ1;" in results["alice"].error


# Stop


def test_after_a_stop_nothing_new_is_begun(world, carried_out):
    world.apply(SMALL)
    world.concurrency = 1
    stop = Stop()

    def ask(_):
        stop.asked = True

    results = carried_out(SMALL_CHANGED, stop=stop, progress=ask)

    assert len(world.requests.writes) == 1
    assert {result.error for result in results.values() if result.status is Status.SKIPPED} == {"interrupted"}


def test_after_a_stop_a_refused_request_is_not_sent_again(world, carried_out, monkeypatch):
    world.apply(SMALL)
    world.concurrency = 1
    stop = Stop()
    attempts = []

    async def refused(self, request):
        if request.method == "GET":
            return await type(self).handle_async_request(self, request)
        attempts.append(request)
        stop.asked = True
        return httpx.Response(429, stream=httpx.ByteStream(b"{}"))

    monkeypatch.setattr(world.requests, "handle_async_request", partial(refused, world.requests), raising=False)

    results = carried_out(SMALL_CHANGED, stop=stop)

    assert len(attempts) == 1
    [failed] = [result for result in results.values() if result.status is Status.FAILED]
    assert "interrupted before it was sent again" in failed.error


def test_a_stop_before_the_beginning_lets_nothing_begin(world, carried_out):
    world.apply(SMALL)

    results = carried_out(SMALL_CHANGED, stop=Stop(asked=True))

    assert world.requests.writes == []
    assert {result.status for result in results.values()} == {Status.SKIPPED}


def test_a_stop_before_the_beginning_creates_no_workspace(world):
    plan = world.plan(SMALL)

    results = world.carry_out(SMALL, plan, stop=Stop(asked=True)).results

    assert world.items("Workspaces") == []
    assert {(result.status, result.error) for result in results} == {(Status.SKIPPED, "interrupted")}


# The list of failures


def result(name="Sales", *, requests=0, **how):
    write = Write(Verb.CREATE, SidOf("task_queue", name), None)
    return Result(Operation(Action.CREATE, "task_queue", name, None, writes=(write,)), requests, **how)


DONE, FAILED = result(requests=1), result(failed=True, error="it is refused")


@pytest.mark.parametrize(
    ("results", "interrupted", "kind", "said"),
    [
        (
            [DONE, FAILED],
            False,
            IncompleteError,
            "1 of 2 operations failed; fix the cause and run again to finish:",
        ),
        (
            [FAILED],
            False,
            TrApplyError,
            "1 of 1 operations failed, and nothing was written; fix the cause and run again:",
        ),
        ([result(failed=True, lost=True)], False, IncompleteError, "run again to finish"),
        ([result(failed=True, stale=True)], False, StaleError, "nothing was written; plan again"),
        ([DONE, result(failed=True, stale=True)], False, IncompleteError, "run again"),
        ([FAILED, result(failed=True, stale=True)], False, TrApplyError, "2 of 2 operations failed"),
        ([DONE, FAILED], True, InterruptedRunError, "requests in progress were completed"),
    ],
)
def test_a_failure_says_what_failed_and_what_to_do_next(results, interrupted, kind, said):
    error = failure_of(results, interrupted=interrupted)

    assert type(error) is kind
    assert said in str(error)
    assert all(f"\n  create task_queue Sales: {each.error}" in str(error) for each in results if each.failed)


def test_where_all_is_done_nothing_failed():
    assert failure_of([DONE, DONE], interrupted=True) is None


def test_the_first_of_many_failures_are_listed_and_the_rest_counted():
    error = str(failure_of([result(f"Q{number}", failed=True, error="no") for number in range(50)], interrupted=False))

    assert error.count("create task_queue") == 20
    assert error.endswith("and 30 more")


def test_a_name_cannot_command_the_terminal():
    assert "\x1b" not in str(failure_of([result("a\x1b[2J", failed=True)], interrupted=False))


# SIDs


def test_a_name_that_is_a_sid_is_kept_as_the_sid():
    sids = Sids({SidOf("activity", "Offline"): "WA1"})

    assert sids[SidOf("activity", "OFFLINE")] == "WA1"
    assert sids[SidOf("activity", "WA" + "0" * 32)] == "WA" + "0" * 32
    with pytest.raises(LookupError, match="activity/Lunch is not known"):
        sids[SidOf("activity", "Lunch")]
