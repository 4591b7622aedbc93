"""The way back: carried out like any saved plan, it leads to the workspace as it was."""

import json
from contextlib import suppress

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.carrying_out import carried_out
from tests.faults.configurations import SMALL, SMALL_CHANGED
from tr_apply.apply import Status
from tr_apply.deployment.deployment import Deployment
from tr_apply.deployment.saved import Saved
from tr_apply.deployment.undo import Undo
from tr_apply.errors import StaleError, TrApplyError
from tr_apply.plan.checks.consent import Approval, Consent
from tr_apply.plan.saved.document import checksum_of, plan_document
from tr_apply.plan.saved.load import saved_plans

CANARY = "canary-5ecret"


@pytest.fixture
def begun(world, runner):
    return lambda plan: began(world, runner, plan)


def began(world, runner, plan):
    """Remembers the world before *plan*; a function that gives the plan back, afterwards."""

    async def begin():
        async with world._client() as client:
            return await Undo.begin(client, plan)

    async def back(undo):
        async with world._client() as client:
            return await undo.plan(client)

    undo = runner.run(begin())
    return lambda: runner.run(back(undo))


@pytest.fixture
def applied(world, runner):
    """Applies a configuration; the plan that takes it back, as it is saved."""
    return lambda text: apply_with_a_way_back(world, runner, text)


def apply_with_a_way_back(world, runner, text, *, dies_at=None):
    plan = world.plan(text)
    way_back = began(world, runner, plan)
    if dies_at is None:
        world.carry_out(text, plan)
    else:
        world.apply_and_die(text, at=dies_at)
    return saved(way_back())


def saved(plan):
    """*plan* as it is when it has been written and read."""
    document = {
        "format_version": "1.0",
        "command": "plan",
        "exit_code": 0,
        "errors": [],
        "plans": [plan_document(plan)],
    }
    text = json.dumps(document | {"checksum": checksum_of(document)})
    assert CANARY not in text
    [plan] = saved_plans(text)
    return plan


@pytest.fixture
def taken_back(world, runner):
    """Carries an undo plan out; the result."""
    return lambda plan: take_back(world, runner, plan)


def take_back(world, runner, plan):
    async def work():
        async with world._client() as client:
            deployment = Deployment(Saved(plan), client)
            ready = await deployment.plan()
            return await carried_out(deployment, ready, rechecks=True)

    result = runner.run(work())
    assert [(r.operation.name, r.error) for r in result.results if r.status is not Status.DONE] == []
    return result


def told(plan):
    return {(o.action.value, o.kind, o.name) for o in plan.operations}


def limits(plan):
    return " | ".join(each.message for each in plan.diagnostics)


def test_created_resources_are_deleted(world, applied, taken_back):
    world.apply(SMALL)
    before = world.state()

    undo = applied(
        SMALL.replace(
            "  - {name: bob, attributes: {}}", "  - {name: bob, attributes: {}}\n  - {name: carol, attributes: {}}"
        )
    )

    assert told(undo) == {("delete", "worker", "carol")}
    assert taken_back(undo).verified
    assert world.state() == before


def test_all_sorts_of_changes_are_taken_back(world, applied, taken_back):
    world.apply(SMALL)
    before = world.state()

    undo = applied(SMALL_CHANGED)

    assert world.state() != before
    assert told(undo) == {
        ("update", "worker", "alice"),
        ("update", "workflow", "Incoming"),
        ("create", "worker", "bob"),
        ("delete", "worker", "carol"),
        ("replace", "activity", "Lunch"),
    }
    assert {o.reason for o in undo.operations if o.action.value != "replace"} == {"takes back what a plan has done"}
    assert taken_back(undo).verified
    assert world.state() == before


def test_a_new_sid_is_reported(world, applied):
    world.apply(SMALL)
    bob, lunch = world.sid("Workers", "bob"), world.sid("Activities", "Lunch")

    undo = applied(SMALL_CHANGED)

    assert f"the worker 'bob' comes back with a new SID; other systems that use {bob} will not find it" in limits(undo)
    assert lunch in limits(undo)


def test_names_are_given_back_with_the_sids_that_had_them(world, applied, taken_back):
    world.apply(SMALL)
    before = {kind: {i["friendly_name"]: i["sid"] for i in world.items(kind)} for kind in ("TaskQueues", "Workers")}
    renamed = SMALL.replace("{name: Sales, target", "{name: Sellers, renamed_from: [Sales], target").replace(
        "queue: Sales", "queue: Sellers"
    )

    undo = applied(renamed.replace("{name: bob,", "{name: robert, renamed_from: [bob],"))

    assert told(undo) == {("update", "task_queue", "Sales"), ("update", "worker", "bob")}
    assert taken_back(undo).verified
    assert before == {kind: {i["friendly_name"]: i["sid"] for i in world.items(kind)} for kind in before}


def test_swapped_names_are_swapped_back(world, applied, taken_back):
    world.apply(SMALL)
    sales = world.sid("TaskQueues", "Sales")
    swapped = SMALL.replace(
        "{name: Sales, target_workers", "{name: Everyone, renamed_from: [Sales], target_workers"
    ).replace("- {name: Everyone}", "- {name: Sales, renamed_from: [Everyone]}")

    undo = applied(swapped)

    assert world.sid("TaskQueues", "Everyone") == sales
    assert taken_back(undo).verified
    assert world.sid("TaskQueues", "Sales") == sales


def test_channels_of_workers_come_back_too(world, applied, taken_back):
    world.apply(SMALL)
    before = world.state()

    undo = applied(SMALL.replace("capacity: 2", "capacity: 5"))

    assert told(undo) == {("update", "worker_channel", "alice/fax")}
    taken_back(undo)
    assert world.state() == before


def test_a_deleted_worker_comes_back_with_its_channels(world, applied, taken_back):
    world.apply(SMALL)
    before = world.state()

    undo = applied(
        SMALL.replace("  - {name: alice, attributes: {skills: [sales]}, channels: {fax: {capacity: 2}}}\n", "")
    )

    taken_back(undo)
    assert world.state() == before


def test_a_channel_comes_back_to_those_who_had_settings_of_it(world, applied, taken_back):
    world.apply(SMALL.replace("- {name: bob, attributes: {}}", "- {name: bob, channels: {fax: {capacity: 3}}}"))
    before = world.state()
    without = SMALL.replace("  - {unique_name: fax, name: Fax}\n", "").replace(", channels: {fax: {capacity: 2}}", "")

    undo = applied(without.replace("task_channels:\n", "task_channels: []\n"))

    assert told(undo) == {
        ("create", "task_channel", "fax"),
        ("update", "worker_channel", "alice/fax"),
        ("update", "worker_channel", "bob/fax"),
    }
    taken_back(undo)
    assert world.state() == before


def test_a_reference_to_an_old_sid_is_led_to_the_new_one(world, applied, taken_back):
    text = SMALL.replace("{name: bob, attributes: {}}", "{name: bob, attributes: {home: 'in ${sid:task_queue/Night}'}}")
    text = text.replace("  - {name: Everyone}", "  - {name: Everyone}\n  - {name: Night}")
    world.apply(text)
    before = world.state()

    undo = applied(
        text.replace("  - {name: Night}\n", "").replace(
            "{name: bob, attributes: {home: 'in ${sid:task_queue/Night}'}}", "{name: bob}"
        )
    )

    assert told(undo) == {("create", "task_queue", "Night"), ("update", "worker", "bob")}
    taken_back(undo)
    assert world.state() == before


def test_a_new_workspace_goes_as_a_whole(world, applied, taken_back):
    undo = applied(SMALL)

    assert told(undo) == {("delete", "workspace", "Support")}
    assert "everything in it goes as well" in undo.operations[0].reason
    assert taken_back(undo).verified
    assert world.items("Workspaces") == []


def test_a_new_workspace_that_somebody_has_used_since_does_not_go(world, applied, taken_back):
    undo = applied(SMALL)
    world.change("TaskQueues", "Sales", TargetWorkers="1==1")

    with pytest.raises(StaleError):
        taken_back(undo)


def test_a_new_workspace_with_a_task_that_has_not_ended_does_not_go(world, runner, applied):
    undo = applied(SMALL)
    world.make("Tasks", WorkflowSid=world.items("Workflows")[0]["sid"], Attributes="{}")
    world.requests.writes.clear()

    async def work():
        async with world._client() as client:
            await Deployment(Saved(undo), client).apply(undo, Consent(Approval.REVIEWED))

    with pytest.raises(StaleError, match=r"the workspace 'Support' cannot be deleted while it has 1 \w+ task"):
        runner.run(work())

    assert world.requests.writes == []
    assert len(world.items("Workspaces")) == 1


def test_where_nothing_was_written_there_is_nothing_to_take_back(world, runner):
    assert apply_with_a_way_back(world, runner, SMALL, dies_at=0).operations == ()

    world.apply(SMALL)

    assert apply_with_a_way_back(world, runner, SMALL_CHANGED, dies_at=0).operations == ()


def test_changes_of_others_since_then_are_left_alone(world, begun):
    world.apply(SMALL)
    plan = world.plan(SMALL.replace("skills: [sales]", "skills: [es]"))

    way_back = begun(plan)
    world.make("TaskQueues", FriendlyName="Somebody else's")
    world.change("TaskQueues", "Sales", TargetWorkers="1==1")
    world.carry_out(SMALL, plan)

    assert told(saved(way_back())) == {("update", "worker", "alice")}


def test_multi_tasking_stays_switched_on(world, applied):
    world.apply("workspace: {name: Support, multi_task_enabled: false}")

    undo = applied("workspace: {name: Support, multi_task_enabled: true}")

    assert undo.operations == ()
    assert "does not switch multi-tasking off again" in limits(undo)


SECRET = SMALL.replace("attributes: {skills: [sales]}", "attributes: {skills: [sales], phone: PHONE}") + (
    "manage: {workers: {sensitive: [attributes.phone]}}\n"
)


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace(CANARY, "other"),
        lambda text: text.replace("skills: [sales]", "skills: [es]"),
        lambda text: text.replace("{name: alice,", "{name: alicia, renamed_from: [alice],"),
        lambda text: "\n".join(line for line in text.split("\n") if "alice" not in line),
    ],
    ids=["the value", "its neighbour", "the name", "all of it"],
)
def test_a_secret_is_not_in_the_way_back(world, applied, change):
    world.apply(SECRET.replace("PHONE", CANARY))

    undo = applied(change(SECRET.replace("PHONE", CANARY)))

    assert undo.operations  # and `saved` has looked for the canary


def test_settings_of_a_channel_that_are_secret_are_not_in_it_either(world, applied):
    secret = SMALL + "manage: {workers: {sensitive: [channels.fax.capacity]}}\n"
    world.apply(secret)

    [operation] = applied(secret.replace("capacity: 2", "capacity: 5")).operations

    assert operation.name == "alice/fax"
    assert operation.writes[0].secrets == {"Capacity"}


def test_people_who_were_moved_out_of_an_activity_do_not_go_back(world, applied, taken_back):
    world.apply(SMALL)
    for name in ("alice", "bob"):
        world.change("Workers", name, ActivitySid=world.sid("Activities", "Lunch"))

    undo = applied(SMALL.replace("  - {name: Lunch, available: false}\n", ""))

    assert "2 workers moved out of the activity 'Lunch' do not go back by themselves" in limits(undo)
    assert told(undo) == {("create", "activity", "Lunch")}
    assert taken_back(undo).verified
    assert {worker["activity_name"] for worker in world.items("Workers")} == {"Offline"}


def test_people_follow_an_activity_that_is_replaced_both_ways(world, applied, taken_back):
    world.apply(SMALL)
    world.change("Workers", "bob", ActivitySid=world.sid("Activities", "Lunch"))

    undo = applied(SMALL.replace("{name: Lunch, available: false}", "{name: Lunch, available: true}"))

    assert "do not go back" not in limits(undo)
    taken_back(undo)
    assert {w["friendly_name"]: w["activity_name"] for w in world.items("Workers")}["bob"] == "Lunch"


def test_a_way_back_with_secrets_says_what_it_needs(world, applied):
    world.apply(SECRET.replace("PHONE", CANARY))

    undo = applied(SECRET.replace("PHONE", "other"))

    assert "apply it together with the configuration that has the former ones" in limits(undo)


def test_a_workspace_that_has_gone_is_stale(world, begun):
    world.apply(SMALL)
    plan = world.plan(SMALL_CHANGED)
    world.rest("DELETE", world.path())

    with pytest.raises(StaleError, match="has been deleted"):
        begun(plan)


def test_where_others_have_made_a_mess_there_is_no_way_back(world, begun):
    world.apply(SMALL)
    plan = world.plan(SMALL.replace("{name: bob,", "{name: robert, renamed_from: [bob],"))

    way_back = begun(plan)
    world.carry_out(SMALL, plan)
    world.make("Workers", FriendlyName="bob")

    with pytest.raises(TrApplyError, match=r"there is no way back as it is now: .*bob"):
        way_back()


@settings(max_examples=8, suppress_health_check=list(HealthCheck))
@given(dies_at=st.integers(0, 9))
def test_any_part_that_was_done_is_undone(new_world, runner, dies_at):
    world = new_world()
    world.apply(SMALL)
    before = world.state()

    if (undo := in_the_middle(world, runner, dies_at)) is None:
        apply_with_a_way_back(world, runner, SMALL_CHANGED)  # the next run finishes it
        assert "Lunch (tr-apply)" not in world.names("Activities")
        return
    if undo.operations:
        take_back(world, runner, undo)
    assert world.state() == before


def in_the_middle(world, runner, dies_at):
    """The way back after a death; None where that was in the middle of a replacement."""
    with suppress(TrApplyError):
        return apply_with_a_way_back(world, runner, SMALL_CHANGED, dies_at=dies_at)
    assert "Lunch (tr-apply)" in world.names("Activities")
    return None
