"""Consent and protection: what a plan must not do unattended."""

import json

import pytest

from tr_apply.errors import RefusedError
from tr_apply.plan.change import DeleteConsent
from tr_apply.plan.checks.consent import Approval, refusals, require_consent
from tr_apply.plan.checks.consent import Consent as Given

HEAD = "workspace: {name: Center}\n"


def queues(*names):
    return "task_queues: [" + ", ".join(f"{{name: {name}}}" for name in names) + "]\n"


def numbered(count, start=0):
    return queues(*(f"Q{number:02}" for number in range(start, count)))


def codes(plan):
    return [each.code for each in plan.blocked]


# The number of live resources, the number of deletes, the limit -> whether that needs consent.
LIMITS = {
    "a fifth of ten": (10, 2, "", False),
    "more than a fifth of ten": (10, 3, "", True),
    "a share is rounded down": (9, 2, "", True),
    "one of nine": (9, 1, "", False),
    "one of five": (5, 1, "", False),
    "one of four": (4, 1, "", True),
    "all of one": (1, 1, "", True),
    "half is allowed": (4, 2, "50%", False),
    "more than the allowed half": (4, 3, "50%", True),
    "a number is allowed": (4, 3, "3", False),
    "more than the allowed number": (8, 4, "3", True),
    "none is allowed": (10, 1, "0", True),
    "no share is allowed": (10, 1, "0%", True),
    "everything is allowed but not to leave none": (3, 3, "100%", True),
    "a large number does not allow to leave none": (3, 3, "99", True),
    "everything but one": (3, 2, "100%", False),
}


@pytest.mark.parametrize("case", LIMITS)
def test_deleting_needs_consent_beyond_a_limit(world, case):
    live, gone, limit, needed = LIMITS[case]
    world.apply(HEAD + numbered(live))
    after = HEAD + numbered(live, gone) + (f"safety: {{max_deletes: {limit}}}" if limit else "")

    plan = world.plan(after)

    assert codes(plan) == ["needs-consent"] * needed
    if needed:
        assert f"--allow-delete task_queue={gone}" in plan.blocked[0].message
        assert plan.blocked[0].message.startswith(f"deletes {gone} of {live} task queues: Q00")
        assert plan.blocked[0].consent == DeleteConsent("task_queue", gone, live)


def test_new_resources_in_place_of_all_do_not_replace_consent(world):
    world.apply(HEAD + queues("A"))

    plan = world.plan(HEAD + queues("B") + "safety: {max_deletes: 100%}")

    assert codes(plan) == ["needs-consent"]
    assert "These are all that are live" in plan.blocked[0].message
    assert "none of them" not in plan.blocked[0].message


def test_each_kind_is_counted_by_itself(world):
    world.apply(HEAD + numbered(10) + "workers: [{name: a}, {name: b}]")

    plan = world.plan(HEAD + numbered(10, 2) + "workers: [{name: a}]")

    assert [each.message.partition(". ")[0] for each in plan.blocked] == ["deletes 1 of 2 workers: b"]


def test_a_resource_that_is_not_ours_is_not_counted(world):
    world.apply(
        HEAD
        + "workers: ["
        + ", ".join(f"{{name: w{n}, attributes: {{ours: {str(n < 3).lower()}}}}}" for n in range(20))
        + "]"
    )
    after = (
        HEAD
        + "workers: [{name: w0, attributes: {ours: true}}, {name: w1, attributes: {ours: true}}]\nmanage: {workers: {where: ours == true}}"
    )

    plan = world.plan(after)

    assert [operation.name for operation in plan.operations] == ["w2"]
    assert "deletes 1 of 3 workers" in plan.blocked[0].message


def test_renames_replacements_and_moves_are_not_counted_as_deletes(world):
    world.apply(
        "workspace: {name: C}\nactivities: [{name: Offline}, {name: A}, {name: B}]\ntask_channels: [{unique_name: x}]\nworkers: [{name: w, activity: A}]"
    )

    plan = world.plan(
        "workspace: {name: C}\nactivities: [{name: Offline, available: true}, {name: A, available: true}, {name: D, renamed_from: [B]}]\n"
        "task_channels: [{unique_name: y, renamed_from: [x]}]\nworkers: [{name: v, renamed_from: [w]}]\nsafety: {max_deletes: 0}"
    )

    assert codes(plan) == []


SEEDS = {
    "seeds as they were": ("Available, available: true", "Unavailable", []),
    "a seed with another name": ("AVAILABLE, available: true", "Unavailable", ["needs-consent"]),
    "a seed that was replaced": ("Available", "Unavailable", ["needs-consent"]),
}


@pytest.mark.parametrize("case", SEEDS)
def test_seeds_go_without_consent_as_long_as_they_are_as_they_were(world, case):
    available, unavailable, expected = SEEDS[case]
    world.apply(f"{HEAD}activities: [{{name: Offline}}, {{name: {available}}}, {{name: {unavailable}}}]")

    assert codes(world.plan(HEAD + "activities: [{name: Offline}]")) == expected


def test_a_seed_with_somebody_in_it_needs_consent(world):
    world.apply(HEAD + "workers: [{name: alice, activity: Unavailable}]")

    plan = world.plan(HEAD + "activities: [{name: Offline}]")

    assert codes(plan) == ["needs-consent"]


def test_a_seed_that_something_refers_to_needs_consent(world):
    world.apply("workspace: {name: C, template: FIFO}")
    world.make(
        "Workflows",
        FriendlyName="Mine",
        Configuration=json.dumps(
            {"task_routing": {"default_filter": {"queue": world.sid("TaskQueues", "Sample Queue")}}}
        ),
    )

    plan = world.plan("workspace: {name: C}\ntask_queues: [{name: A}]")

    assert codes(plan) == ["in-use", "needs-consent"]


def test_a_seed_that_something_deleted_as_well_refers_to_needs_none(world):
    world.apply("workspace: {name: C, template: FIFO}")

    plan = world.plan("workspace: {name: C}\ntask_queues: [{name: A}]\nworkflows: []")

    assert codes(plan) == []


def test_seeds_that_go_together_with_the_rest_leave_none(world):
    world.apply("workspace: {name: C, template: FIFO}\ntask_queues: [{name: Sample Queue}, {name: A}]\nworkflows: []")

    plan = world.plan("workspace: {name: C}\ntask_queues: []\nsafety: {max_deletes: 100%}")

    assert codes(plan) == ["needs-consent"]
    assert "--allow-delete task_queue=2" in plan.blocked[0].message


# Consent given beforehand -> the remaining refusals, for a plan that deletes three of four queues and one of two
# workers.
CONSENT = {
    "none": ({}, ["needs-consent", "needs-consent"]),
    "for both": ({"task_queue": 3, "worker": 1}, []),
    "for one": ({"task_queue": 3}, ["needs-consent"]),
    "for too many": ({"task_queue": 4, "worker": 1}, ["needs-consent", "consent-differs"]),
    "for too few": ({"task_queue": 2, "worker": 1}, ["needs-consent", "consent-differs"]),
    "for what is not deleted": ({"task_queue": 3, "worker": 1, "workflow": 5}, []),
}


@pytest.mark.parametrize("case", CONSENT)
def test_consent_must_name_the_number_of_the_plan(world, case):
    allowed, expected = CONSENT[case]
    world.apply(HEAD + numbered(4) + "workers: [{name: a}, {name: b}]")

    plan = world.plan(HEAD + numbered(4, 3) + "workers: [{name: a}]")

    assert sorted(each.code for each in refusals(plan, Given(deletes=allowed))) == sorted(expected)


def test_a_plan_that_was_reviewed_needs_no_further_consent(world):
    world.apply(HEAD + numbered(4))

    plan = world.plan(HEAD + numbered(4, 3))

    assert refusals(plan, Given(Approval.REVIEWED)) == []


def test_consent_that_differs_is_refused_even_where_none_is_needed(world):
    world.apply(HEAD + numbered(10))

    plan = world.plan(HEAD + numbered(10, 1))

    assert codes(plan) == []
    asked = Given(Approval.ASKED, {"task_queue": 5})
    assert [each.code for each in refusals(plan, asked)] == ["consent-differs"]
    assert refusals(plan, Given(deletes={"task_queue": 1})) == []


# The limits if nobody has seen the plan -> the questions to a person, and the deletes without consent.
UNATTENDED = {
    "a fifth is not allowed by itself": ("", [], ["needs-consent"]),
    "a written share is": ("safety: {max_deletes: 20%}", [], []),
    "a written number is": ("safety: {max_deletes: 1}", [], []),
    "a written zero is not": ("safety: {max_deletes: 0}", ["needs-consent"], ["needs-consent"]),
}


@pytest.mark.parametrize("case", UNATTENDED)
def test_deletes_that_nobody_has_seen_need_a_written_limit_or_consent(world, case):
    safety, asked, unattended = UNATTENDED[case]
    world.apply(HEAD + numbered(10))

    plan = world.plan(HEAD + numbered(10, 1) + safety)

    assert [each.code for each in refusals(plan, Given(Approval.ASKED))] == asked
    assert [each.code for each in refusals(plan, Given(Approval.NOBODY))] == unattended
    assert refusals(plan, Given(Approval.NOBODY, {"task_queue": 1})) == []
    assert refusals(plan, Given(Approval.REVIEWED)) == []


def test_a_delete_that_nobody_has_seen_says_the_three_ways_out(world):
    world.apply(HEAD + numbered(10))

    [refused] = refusals(world.plan(HEAD + numbered(10, 1)), Given())

    assert refused.message == (
        "deletes 1 of 10 task queues: Q00. Nobody has seen the plan: write `safety.max_deletes: 20%` for the behaviour "
        "before 0.2, give --allow-delete task_queue=1, or apply a reviewed plan"
    )


def test_a_delete_beyond_the_former_limit_says_that_this_limit_does_not_cover_it(world):
    world.apply(HEAD + numbered(10))

    plan = world.plan(HEAD + numbered(10, 3))

    with pytest.raises(RefusedError) as error:
        require_consent(plan, Given(), lambda _: "")

    assert refusals(plan, Given()) == plan.blocked
    assert (
        "deletes 3 of 10 task queues: Q00, Q01, Q02. Nobody has seen the plan: write `safety.max_deletes: 20%` for the "
        "behaviour before 0.2 (which does not cover this either), give --allow-delete task_queue=3, or apply a "
        "reviewed plan [needs-consent]\n"
    ) in str(error.value)


def test_a_delete_that_needs_consent_says_that_approving_the_plan_is_the_consent(world):
    world.apply(HEAD + numbered(10))

    [blocked] = world.plan(HEAD + numbered(10, 3)).blocked

    assert blocked.message == (
        "deletes 3 of 10 task queues: Q00, Q01, Q02. `max_deletes` allows 2 (20%): approving this plan is the consent; "
        "without a plan, --allow-delete task_queue=3"
    )


PROTECTED = {
    "a name": ("task_queue/Q00", ["Q00"]),
    "a pattern": ("task_queue/Q0*", ["Q00", "Q01"]),
    "everything": ("task_queue/*", ["Q00", "Q01"]),
    "another kind": ("worker/*", []),
    "another name": ("task_queue/Q05", []),
}


@pytest.mark.parametrize("case", PROTECTED)
def test_protection_beats_consent(world, case):
    pattern, names = PROTECTED[case]
    world.apply(HEAD + numbered(12))

    plan = world.plan(f"{HEAD}{numbered(12, 2)}safety: {{protect: ['{pattern}']}}")

    by_id = {operation.id: operation.name for operation in plan.operations}
    assert [by_id[each.operation] for each in plan.blocked] == names
    assert [each.code for each in refusals(plan, Given(Approval.REVIEWED, {"task_queue": 2}))] == ["protected"] * len(
        names
    )


def test_protection_keeps_nothing_from_being_changed(world):
    world.apply(HEAD + numbered(2))
    text = (
        HEAD
        + "task_queues: [{name: Q00, task_order: LIFO}, {name: New, renamed_from: [Q01]}]\nsafety: {protect: ['task_queue/*']}"
    )

    assert codes(world.plan(text)) == []


def test_the_default_and_the_timeout_activity_of_the_result_stay_and_are_reported(world):
    world.apply("workspace: {name: C, default_activity: Offline, timeout_activity: Unavailable}")

    plan = world.plan("workspace: {name: C}\nactivities: [{name: Lunch}]")

    assert [(o.action.value, o.name) for o in plan.operations] == [("create", "Lunch"), ("delete", "Available")]
    assert [each.message for each in plan.diagnostics] == [
        "the activity 'Offline' is not declared and stays, because it is the workspace's default activity",
        "the activity 'Unavailable' is not declared and stays, because it is the workspace's timeout activity",
    ]


def test_a_former_default_activity_is_deleted(world, told_plan):
    world.apply("workspace: {name: C}")

    plan = world.plan(
        "workspace: {name: C, default_activity: Away, timeout_activity: away}\nactivities: [{name: Away}]"
    )

    assert ("delete", "activity", "Offline") in told_plan(plan)
    assert plan.diagnostics == []


IN_USE = {
    "a queue of a workflow that is not managed": (
        HEAD + queues("A", "B", "C", "D", "E") + "workflows: [{name: W, default_filter: {queue: A}}]",
        HEAD + queues("B", "C", "D", "E"),
        "the task queue 'A' is still used by the workflow 'W'",
    ),
    "an activity of a queue that is not managed": (
        HEAD
        + "activities: [{name: Offline}, {name: X}]\ntask_queues: [{name: A, reservation_activity: X, assignment_activity: X}]",
        HEAD + "activities: [{name: Offline}]\nsafety: {max_deletes: 100%}",
        "the activity 'X' is still used by the task queue 'A'",
    ),
}


@pytest.mark.parametrize("case", IN_USE)
def test_a_resource_in_use_by_others_is_not_deleted(world, case):
    before, after, message = IN_USE[case]
    world.apply(before)

    plan = world.plan(after)

    [found] = plan.blocked
    assert (found.code, found.message.partition(";")[0]) == ("in-use", message)
    assert refusals(plan, Given(Approval.REVIEWED)) == [found]


def test_many_users_are_counted(world):
    world.apply(
        HEAD
        + queues("A", "B", "C", "D", "E")
        + "workflows: ["
        + ", ".join(f"{{name: W{n}, default_filter: {{queue: A}}}}" for n in range(8))
        + "]"
    )

    [found] = world.plan(HEAD + queues("B", "C", "D", "E")).blocked

    assert "the workflow 'W4' and 3 more" in found.message


def test_a_target_is_asked_about_its_own_deletes_alone(world):
    world.apply(HEAD + numbered(10) + "workers: [{name: a}, {name: b}]")
    after = HEAD + numbered(10, 4) + "workers: [{name: a}]"

    assert codes(world.plan(after)) == ["needs-consent", "needs-consent"]
    assert codes(world.plan(after, "task_queue/Q00")) == []
    assert codes(world.plan(after, "task_queue/Q00", "task_queue/Q01", "task_queue/Q03")) == ["needs-consent"]
    assert codes(world.plan(after, "worker/b")) == ["needs-consent"]


def test_a_target_takes_along_what_it_needs(world, told_plan):
    world.apply(HEAD)
    text = (
        HEAD + "activities: [{name: Offline}, {name: Busy}]\n"
        "task_queues: [{name: A, reservation_activity: Busy, assignment_activity: Busy}, {name: B}]\n"
        "workflows: [{name: W, default_filter: {queue: A}}, {name: V, default_filter: {queue: B}}]"
    )

    plan = world.apply(text, "workflow/W")

    assert told_plan(plan) == [
        ("create", "activity", "Busy"),
        ("create", "task_queue", "A"),
        ("create", "workflow", "W"),
    ]
    assert [operation.id for operation in plan.operations] == ["op-1", "op-2", "op-3"]
    assert plan.operations[2].depends_on == ("op-2",)


def test_a_target_in_the_middle_of_a_rename_takes_the_others_along(world, told_plan):
    world.apply(
        HEAD + "task_queues: [{name: A, max_reserved_workers: 1}, {name: B, max_reserved_workers: 2}, {name: C}]"
    )
    text = (
        HEAD + "task_queues: [{name: B, renamed_from: [A], max_reserved_workers: 1},"
        " {name: A, renamed_from: [B], max_reserved_workers: 2}, {name: D, renamed_from: [C]}]"
    )

    plan = world.apply(text, "task_queue/A")

    assert sorted(told_plan(plan)) == [("update", "task_queue", "A"), ("update", "task_queue", "B")]


def test_a_target_without_a_change_is_nothing_to_do(world):
    world.apply(HEAD + queues("A", "B"))

    plan = world.plan(HEAD + "task_queues: [{name: A}, {name: B, task_order: LIFO}]", "task_queue/A")

    assert plan.operations == []
