"""A deletion and a creation that look alike are a rename that somebody forgot to declare, unless the file says no."""

import json

import pytest

from tr_apply.plan.change import Action
from tr_apply.plan.checks.consent import Approval, Consent, refusals
from tr_apply.plan.checks.resemblance import SUSPECTED_RENAME
from tr_apply.report.rows import objections, objections_in_short

OTHERS = {
    "task_queues": [{"name": "Everyone"}, {"name": "Gold", "target_workers": "tier == 'gold'"}],
    "activities": [{"name": "Offline"}, {"name": "Available", "available": True}],
    "task_channels": [{"unique_name": "fax"}],
    "workflows": [{"name": "Night", "default_filter": {"queue": "Everyone"}}],
    "workers": [{"name": "zoe", "attributes": {"team": "night"}}, {"name": "yan", "attributes": {"team": "night"}}],
}
SPANISH = {"name": "Spanish", "target_workers": "languages HAS 'es'"}
INCOMING = {
    "name": "Incoming",
    "filters": [{"expression": "tier == 'gold'", "targets": [{"queue": "Gold", "timeout": 30}]}],
    "default_filter": {"queue": "Everyone"},
}
ALICE = {"name": "alice", "attributes": {"team": "day", "level": 3, "contact_uri": "client:alice"}}

# Section, old resource, new resource, and whether that looks like a rename.
ALIKE = {
    "another name for the same": ("task_queues", SPANISH, {**SPANISH, "name": "Español"}, True),
    "another spelling": ("task_queues", SPANISH, {"name": "spanish-", "target_workers": "lang == 'es'"}, True),
    "another spelling of an expression": ("task_queues", SPANISH, {"name": "Hispanic", "target_workers": "languages  HAS 'es'"}, True),
    "nearly the same name, nothing else": ("task_queues", {"name": "Support"}, {"name": "Supporters"}, True),
    "a document that is the same": ("workflows", INCOMING, {**INCOMING, "name": "Main line"}, True),
    "a person who married": ("workers", ALICE, {**ALICE, "name": "alicia b"}, True),
    "a person who is close by name": ("workers", {"name": "alice.smith"}, {"name": "alice.smyth"}, True),
    "an activity with a better name": ("activities", {"name": "On a break"}, {"name": "On break"}, True),
    "a channel with a title": ("task_channels", {"unique_name": "crm", "name": "CRM tickets"}, {"unique_name": "tickets", "name": "CRM tickets"}, True),
    "another expression": ("task_queues", SPANISH, {"name": "French", "target_workers": "languages HAS 'fr'"}, False),
    "nothing but defaults": ("task_queues", {"name": "Billing"}, {"name": "Support"}, False),
    "the same number of offers": ("task_queues", {"name": "Billing", "max_reserved_workers": 5}, {"name": "Support", "max_reserved_workers": 5}, False),
    "one of several that are the same": ("task_queues", {"name": "Billing", "target_workers": "tier == 'gold'"}, {"name": "Sales", "target_workers": "tier == 'gold'"}, False),
    "a number": ("workers", {"name": "agent 1"}, {"name": "agent 2"}, False),
    "a colleague of the same team": ("workers", {"name": "xena", "attributes": {"team": "night"}}, {"name": "bob", "attributes": {"team": "night"}}, False),
    "another person": ("workers", {"name": "xena", "attributes": {"team": "dawn"}}, {"name": "bob", "attributes": {"team": "dawn"}}, False),
    "activities that are both unavailable": ("activities", {"name": "Lunch"}, {"name": "Training"}, False),
    "activities that are both available": ("activities", {"name": "Ready", "available": True}, {"name": "Chatting", "available": True}, False),
    "a workflow that is a default filter": ("workflows", {"name": "Day", "default_filter": {"queue": "Gold"}}, {"name": "Chat", "default_filter": {"queue": "Gold"}}, False),
}  # fmt: skip


def configuration(section, *items):
    sections = {"workspace": {"name": "Center"}, **OTHERS, "safety": {"max_deletes": "100%"}}
    return json.dumps({**sections, section: [*OTHERS[section], *items]})


def suspicions(plan):
    return [each for each in plan.blocked if each.code == SUSPECTED_RENAME]


@pytest.mark.parametrize("case", ALIKE)
def test_these_changes_look_like_a_rename(world, case):
    section, old, new, expected = ALIKE[case]
    world.apply(configuration(section, old))

    plan = world.plan(configuration(section, new))

    assert {Action.CREATE, Action.DELETE} <= {operation.action for operation in plan.operations}
    assert bool(suspicions(plan)) == expected


def test_the_line_to_paste_is_in_the_message_and_is_all_it_takes(world):
    world.apply(configuration("task_queues", SPANISH))
    sid = world.sid("TaskQueues", "Spanish")
    new = {**SPANISH, "name": "Español"}

    [suspicion] = suspicions(world.plan(configuration("task_queues", new)))

    assert "`renamed_from: [Spanish]` to 'Español'" in suspicion.message
    world.apply(configuration("task_queues", {**new, "renamed_from": ["Spanish"]}))
    assert world.sid("TaskQueues", "Español") == sid


def test_an_odd_name_is_quoted_in_the_line_to_paste(world):
    world.apply(configuration("task_queues", {**SPANISH, "name": "a, [b]"}))

    [suspicion] = suspicions(world.plan(configuration("task_queues", SPANISH)))

    assert '`renamed_from: ["a, [b]"]`' in suspicion.message


def test_the_file_can_say_that_they_are_two(world):
    world.apply(configuration("task_queues", SPANISH))

    plan = world.plan(configuration("task_queues", {**SPANISH, "name": "Español", "renamed_from": []}))

    assert suspicions(plan) == []


def test_consent_to_delete_does_not_answer_and_a_review_does(world):
    world.apply(configuration("task_queues", SPANISH))
    plan = world.plan(configuration("task_queues", {**SPANISH, "name": "Español"}))

    assert [each.code for each in refusals(plan, Consent(deletes={"task_queue": 1}))] == [SUSPECTED_RENAME]
    assert refusals(plan, Consent(Approval.REVIEWED)) == []
    [objection] = [each.text for each in objections(plan) if SUSPECTED_RENAME in each.text]
    assert objection.startswith("Needs approval (suspected-rename): The task queue 'Spanish' would be deleted")
    assert "approve this plan, which deletes the one and creates the other" in objection
    assert "blocked" not in " ".join(objections_in_short([plan]))


def test_two_that_are_exchanged_for_two_are_two_suspicions(world):
    world.apply(configuration("task_queues", SPANISH, {"name": "French", "target_workers": "languages HAS 'fr'"}))
    new = [{**SPANISH, "name": "Español"}, {"name": "Français", "target_workers": "languages HAS 'fr'"}]

    found = suspicions(world.plan(configuration("task_queues", *new)))

    assert len({each.operation for each in found}) == 2
    assert {"'French'" in each.message and "'Français'" in each.message for each in found} == {True, False}


def test_resources_that_a_target_leaves_out_raise_no_suspicion(world):
    world.apply(configuration("task_queues", SPANISH))

    plan = world.plan(configuration("task_queues", {**SPANISH, "name": "Español"}), "task_queue/Español")

    assert suspicions(plan) == []


# Renames that everything which refers to the old name shows


ROUTED = {
    "task_queues": [{"name": "Everyone"}, {"name": "OLD", "target_workers": "1==1"}],
    "workflows": [
        {
            "name": "Voice",
            "filters": [
                {"name": "A", "expression": "a == 1", "targets": [{"queue": "OLD"}, {"queue": "Everyone"}]},
                {"expression": "b == 1", "targets": [{"queue": "OLD"}]},
            ],
            "default_filter": {"queue": "OLD"},
        }
    ],
}


def routed(old="Technical", target="1==1", **more):
    text = json.dumps({"workspace": {"name": "Center"}, **ROUTED, **more})
    return text.replace("OLD", old).replace('"target_workers": "1==1"', f'"target_workers": "{target}"')


def test_a_queue_that_is_renamed_and_edited_in_one_change_is_seen_by_its_references(world):
    world.apply(routed())

    [suspicion] = suspicions(world.plan(routed("Second Line", "skills HAS 'tech'")))

    assert "`renamed_from: [Technical]` to 'Second Line'" in suspicion.message


def test_targets_that_move_to_two_queues_do_not_look_like_a_rename(world):
    world.apply(routed())
    text = routed("Second Line", "skills HAS 'tech'").replace(
        '"default_filter": {"queue": "Second Line"}', '"default_filter": {"queue": "Everyone"}'
    )

    assert suspicions(world.plan(text)) == []


def test_an_activity_that_is_renamed_and_edited_is_seen_by_its_references(world):
    def text(name, *, available):
        return json.dumps(
            {
                "workspace": {"name": "Center", "multi_task_enabled": False},
                "activities": [{"name": "Offline"}, {"name": name, "available": available}],
                "task_queues": [{"name": "All", "reservation_activity": name, "assignment_activity": "Offline"}],
            }
        )

    world.apply(text("Handling", available=False))

    [suspicion] = suspicions(world.plan(text("On a call", available=True)))

    assert "'On a call'" in suspicion.message


def test_a_misspelt_former_name_is_a_warning_and_does_not_switch_the_suspicion_off(world):
    world.apply(configuration("task_queues", SPANISH))

    plan = world.plan(configuration("task_queues", {**SPANISH, "name": "Español", "renamed_from": ["Spansh"]}))

    assert len(suspicions(plan)) == 1
    [warning] = [each for each in plan.diagnostics if each.code == "unknown-former-name"]
    assert "no live task queue has its former name 'Spansh'; did you mean 'Spanish'?" in warning.message


def test_a_former_name_that_was_taken_over_long_ago_gives_no_warning(world):
    world.apply(configuration("task_queues", {**SPANISH, "renamed_from": ["Spansh"]}))

    plan = world.plan(configuration("task_queues", {**SPANISH, "renamed_from": ["Spansh"]}))

    assert [each for each in plan.diagnostics if each.code == "unknown-former-name"] == []


@pytest.mark.parametrize(
    ("pattern", "is_idle"),
    [("task_queue/[EMEA] Sales", False), ("task_queue/[EMEA]*", False), ("task_queue/Sals", True), ("worker/*", False)],
)
def test_a_protection_of_nothing_is_a_warning(world, pattern, is_idle):
    text = {"workspace": {"name": "C"}, "task_queues": [{"name": "[EMEA] Sales"}], "safety": {"protect": [pattern]}}
    world.apply(json.dumps(text))

    plan = world.plan(json.dumps({**text, "task_queues": []}))

    assert [each.code for each in plan.diagnostics if each.code == "idle-protection"] == ["idle-protection"] * is_idle
    assert ("protected" in [each.code for each in plan.blocked]) == (pattern.startswith("task_queue/[EMEA]"))
