"""An activity whose ``available`` flips: a new one takes its place, and everything that led to the old one follows."""

import json

import pytest

from tr_apply.errors import ConfigError
from tr_apply.plan.change import Action

BEFORE = """
workspace: {name: Center, default_activity: Offline, timeout_activity: Break, event_callback_url: "http://x/${sid:activity/Break}"}
activities: [{name: Offline}, {name: Available, available: true}, {name: Break}, {name: Lunch}]
task_queues:
  - {name: Gold, reservation_activity: Break, assignment_activity: Lunch}
  - {name: Silver, reservation_activity: Lunch, assignment_activity: Lunch, target_workers: "a != '${sid:activity/Break}'"}
workflows:
  - name: Incoming
    filters:
      - expression: "x == 1"
        targets: [{queue: Gold, skip_if: "workers.${sid:activity/Break} > 0"}]
workers:
  - {name: alice, activity: Break, attributes: {home: "${sid:activity/Break}"}}
  - {name: bob, activity: Break}
  - {name: carol, activity: Lunch}
"""
AFTER = BEFORE.replace("{name: Break}", "{name: Break, available: true}")
LEADS = [
    "task_queue/Gold.reservation_activity",
    "task_queue/Silver.target_workers",
    "worker/alice.attributes.home",
    "workflow/Incoming.filters[#1].targets[0].skip_if",
    "workspace.event_callback_url",
    "workspace.timeout_activity",
]


def without(text, *sections):
    """*text* without some of its sections."""
    kept, drop = [], False
    for line in text.splitlines():
        if line and not line.startswith(" "):
            drop = line.partition(":")[0] in sections
        if not drop:
            kept.append(line)
    return "\n".join(kept)


def replacement(plan):
    [operation] = [operation for operation in plan.operations if operation.action is Action.REPLACE]
    return operation


def everywhere(world):
    """Every place that leads to an activity, and where."""
    names = {item["sid"]: item["friendly_name"] for item in world.items("Activities")}
    [workspace], [workflow] = world.items("Workspaces"), world.items("Workflows")
    queues = {item["friendly_name"]: item for item in world.items("TaskQueues")}
    workers = {item["friendly_name"]: item for item in world.items("Workers")}
    skip_if = json.loads(workflow["configuration"])["task_routing"]["filters"][0]["targets"][0]["skip_if"]
    return {
        "timeout": names[workspace["timeout_activity_sid"]],
        "url": names[workspace["event_callback_url"].rpartition("/")[2]],
        "reservation": names[queues["Gold"]["reservation_activity_sid"]],
        "expression": names[queues["Silver"]["target_workers"].split("'")[1]],
        "skip_if": names[skip_if.split()[0].partition(".")[2]],
        "attribute": names[json.loads(workers["alice"]["attributes"])["home"]],
        "alice": workers["alice"]["activity_name"],
        "bob": workers["bob"]["activity_name"],
    }


def test_everything_that_led_to_the_old_activity_leads_to_the_new(world):
    world.apply(BEFORE)
    old = world.sid("Activities", "Break")

    plan = world.apply(AFTER)

    assert set(everywhere(world).values()) == {"Break"}
    assert world.names("Activities") == ["Available", "Break", "Lunch", "Offline"]
    assert world.sid("Activities", "Break") != old
    assert len(plan.operations) == 1


def test_the_plan_says_what_moves_and_why_in_one_change(world):
    world.apply(BEFORE)

    operation = replacement(world.plan(AFTER))

    assert [(c.path, c.before, c.after) for c in operation.changes] == [("available", False, True)]
    assert list(operation.repoints) == LEADS
    assert [(m.worker, m.before, m.after) for m in operation.moves] == [
        ("alice", "Break", "Break"),
        ("bob", "Break", "Break"),
    ]
    assert "new SID" in operation.reason
    assert operation.sid == world.sid("Activities", "Break")
    # renamed away, created, five objects repointed (the workspace once), two workers moved, deleted
    assert operation.requests == 3 + 5 + 2


@pytest.mark.parametrize(
    "sections", [["task_queues"], ["workers"], ["workflows"], ["task_queues", "workflows", "workers"]], ids=str
)
def test_a_reference_in_an_unmanaged_part_follows_too(world, sections):
    world.apply(BEFORE)

    world.apply(without(AFTER, *sections))

    assert set(everywhere(world).values()) == {"Break"}


def test_an_activity_that_nobody_uses_is_three_requests(world):
    text = "workspace: {{name: Center}}\nactivities: [{{name: Offline}}, {{name: Break, available: {}}}]"
    world.apply(text.format("false"))

    assert world.apply(text.format("true")).requests == 3
    assert world.apply(text.format("false")).requests == 3


def test_a_repointed_object_that_changes_anyway_is_written_once(world, changed):
    world.apply(BEFORE)
    after = AFTER.replace("name: Gold,", "name: Gold, task_order: LIFO,").replace("home:", "level: 3, home:")

    plan = world.apply(after)

    assert changed(plan) == {
        "task_queue/Gold": {"task_order": ("FIFO", "LIFO")},
        "worker/alice": {"attributes.level": (None, 3)},
    }
    assert replacement(plan).requests == 3 + 3 + 2
    assert plan.requests == 3 + 3 + 2 + 2
    assert list(replacement(plan).repoints) == LEADS


def test_a_reference_that_is_changed_anyway_does_not_follow(world, changed):
    world.apply(BEFORE)
    after = AFTER.replace("reservation_activity: Break", "reservation_activity: Offline")

    plan = world.apply(after)

    assert changed(plan) == {"task_queue/Gold": {"reservation_activity": ("Break", "Offline")}}
    assert [path for path in LEADS if path not in replacement(plan).repoints] == [
        "task_queue/Gold.reservation_activity"
    ]


def test_a_text_that_changes_and_follows_shows_only_its_change(world, changed):
    world.apply(BEFORE)
    after = AFTER.replace("a != '${sid:activity/Break}'", "b != '${sid:activity/Break}'")

    plan = world.apply(after)

    before, told = changed(plan)["task_queue/Silver"]["target_workers"]
    assert (before, told) == ("a != '${sid:activity/Break}'", "b != '${sid:activity/Break}'")


def test_two_activities_that_flip_together_write_their_common_users_once(world):
    world.apply(BEFORE)
    after = AFTER.replace("{name: Lunch}", "{name: Lunch, available: true}")

    plan = world.apply(after)

    assert [operation.name for operation in plan.operations] == ["Break", "Lunch"]
    assert plan.requests == 2 * 3 + 5 + 3


@pytest.mark.parametrize("concurrency", [1, 10])
def test_a_replacement_that_was_killed_is_finished_without_consent(world, concurrency):
    world.concurrency = concurrency
    world.apply(BEFORE)

    for _ in world.moments(AFTER, writes=10):
        plan = world.apply(AFTER)

        assert plan.blocked == []
        assert set(everywhere(world).values()) == {"Break"}
        assert world.names("Activities") == ["Available", "Break", "Lunch", "Offline"]


def test_a_replacement_that_is_finished_says_so(world):
    world.apply(BEFORE)
    world.apply_and_die(AFTER, at=9)

    plan = world.plan(AFTER)

    operation = replacement(plan)
    assert operation.reason == "finishes a replacement that was interrupted"
    assert (operation.name, operation.requests) == ("Break", 1)
    assert plan.unchanged == 10  # all of the file but this one


def test_another_plan_in_the_middle_of_a_replacement_says_what_to_do(world):
    world.apply(BEFORE)
    world.apply_and_die(AFTER, at=4)

    with pytest.raises(
        ConfigError, match=r"an interrupted run left 'Break \(tr-apply\)' \(WA.*apply that earlier configuration"
    ):
        world.plan(BEFORE)


def test_an_activity_is_renamed_and_replaced_in_one_plan(world):
    after = AFTER.replace("Break", "Pause").replace(
        "{name: Pause, available", "{name: Pause, renamed_from: [Break], available"
    )
    world.apply(BEFORE)

    for _ in world.moments(after, writes=10):
        world.apply(after)

        assert set(everywhere(world).values()) == {"Pause"}
        assert world.names("Activities") == ["Available", "Lunch", "Offline", "Pause"]


def test_a_rename_with_a_replacement_shows_both(world):
    world.apply(BEFORE)
    after = AFTER.replace("Break", "Pause").replace(
        "{name: Pause, available", "{name: Pause, renamed_from: [Break], available"
    )

    operation = replacement(world.plan(after))

    assert [(c.path, c.before, c.after) for c in operation.changes] == [
        ("name", "Break", "Pause"),
        ("available", False, True),
    ]


@pytest.mark.parametrize(("lunch", "pause"), [("false", "true"), ("true", "false"), ("true", "true")])
def test_a_former_name_that_is_used_again_does_not_lead_to_the_replaced_resource(world, lunch, pause):
    text = "workspace: {{name: C}}\nactivities: [{{name: Offline}}, {}, {}]"
    world.apply(text.format("{name: Lunch}", "{name: Break}"))
    world.make("Workers", FriendlyName="x", ActivitySid=world.sid("Activities", "Lunch"))
    world.make("Workers", FriendlyName="y", ActivitySid=world.sid("Activities", "Break"))
    before = {name: world.sid("Activities", name) for name in ("Lunch", "Break")}
    after = text.format(
        f"{{name: Lunch, renamed_from: [Break], available: {lunch}}}", f"{{name: Break, available: {pause}}}"
    )

    for _ in world.moments(after, writes=8 if lunch == pause else 4):
        world.apply(after)

        now = {each["friendly_name"]: each for each in world.items("Activities")}
        assert {name: each["available"] for name, each in now.items()} == {
            "Offline": False,
            "Lunch": lunch == "true",
            "Break": pause == "true",
        }
        kept = {name for name, sid in before.items() if now[name]["sid"] == sid}
        assert kept == {name for name, flips in (("Lunch", lunch), ("Break", pause)) if flips == "false"}
        assert [each["activity_name"] for each in world.items("Workers")] == ["Lunch", "Break"]


@pytest.mark.parametrize("flips", ["A", "AB", "BD", "ABD"])
def test_names_that_went_round_long_ago_do_not_when_some_are_replaced(world, flips):
    world.apply("workspace: {name: C}\nactivities: [{name: Offline}, {name: A}, {name: B}, {name: D}]")
    before = {name: world.sid("Activities", name) for name in "ABD"}
    for name in "ABD":
        world.make("Workers", FriendlyName=f"in {name}", ActivitySid=before[name])
    former = {"A": "B", "B": "D", "D": "A"}
    after = {
        "workspace": {"name": "C"},
        "activities": [{"name": "Offline"}]
        + [{"name": name, "renamed_from": [former[name]], "available": name in flips} for name in "ABD"],
    }

    for _ in world.moments(after, writes=4 * len(flips)):
        world.apply(after)

        assert {name for name, sid in before.items() if world.sid("Activities", name) != sid} == set(flips)
        assert [each["activity_name"] for each in world.items("Workers")] == ["A", "B", "D"]


@pytest.mark.parametrize(("available", "flips"), [("D", "A"), ("B", "D"), ("BD", "B"), ("AD", "D"), ("AB", "")])
def test_names_that_go_round_while_one_is_replaced_are_finished_by_the_next_run(world, available, flips):
    former = {"A": "B", "B": "D", "D": "A"}
    head = {"workspace": {"name": "C"}, "activities": [{"name": "Offline"}]}
    before = head | {
        "activities": head["activities"] + [{"name": name, "available": name in available} for name in former]
    }
    after = head | {
        "activities": head["activities"]
        + [
            {"name": new, "renamed_from": [old], "available": (old in available) is not (new in flips)}
            for new, old in former.items()
        ]
    }

    world.apply(before)
    sids = {old: world.sid("Activities", old) for old in former}

    for _ in world.moments(after):
        world.apply(after)

        now = {each["sid"]: each["friendly_name"] for each in world.items("Activities")}
        assert {old: now.get(sid) for old, sid in sids.items()} == {
            old: None if new in flips else new for new, old in former.items()
        }


def test_half_a_cycle_of_names_is_not_a_cycle_while_one_of_them_is_replaced(world):
    world.apply("workspace: {name: C}\nactivities: [{name: Offline}, {name: B, available: true}]")
    world.make("Workers", FriendlyName="x", ActivitySid=world.sid("Activities", "B"))
    after = (
        "workspace: {name: C}\nactivities: [{name: Offline}, {name: B, renamed_from: [E]},"
        " {name: E, renamed_from: [B], available: true}]"
    )

    for _ in world.moments(after, writes=5):
        world.apply(after)

        assert [each["activity_name"] for each in world.items("Workers")] == ["B"]


def test_names_go_round_while_one_of_them_is_replaced(world):
    before = "workspace: {name: C}\nactivities: [{name: Offline}, {name: A}, {name: B}, {name: D}]"
    after = (
        "workspace: {name: C}\nactivities: [{name: Offline}, {name: A, renamed_from: [B], available: true},"
        " {name: B, renamed_from: [D]}, {name: D, renamed_from: [A]}, {name: E, available: true}]"
    )
    world.apply(before)

    world.apply(after)

    assert world.plan(after).operations == []


def test_default_and_timeout_are_replaced_in_one_request(world):
    text = "workspace: {{name: C, default_activity: Offline, timeout_activity: offline}}\nactivities: [{{name: Offline, available: {}}}]"
    world.apply(text.format("false"))

    plan = world.apply(text.format("true"))

    assert plan.requests == 4


def test_a_replaced_activity_may_be_protected_as_nothing_is_deleted(world):
    world.apply(BEFORE)

    assert world.plan(AFTER + "safety: {protect: ['activity/*']}").blocked == []


def test_a_new_worker_waits_for_the_new_default_activity(world):
    text = "workspace: {{name: C}}\nactivities: [{{name: Offline, available: {}}}, {{name: Away}}]\nworkers: [{}]"
    world.apply(text.format("false", ""))

    world.apply(text.format("true", "{name: alice}"))

    assert world.items("Workers")[0]["activity_sid"] == world.sid("Activities", "Offline")


def test_workers_of_somebody_else_follow_too(world):
    world.apply(BEFORE)
    after = AFTER.replace("  - {name: bob, activity: Break}\n", "").replace(
        "attributes: {home:", "attributes: {ours: true, home:"
    )
    world.apply(after.replace("Break, available: true", "Break") + "manage: {workers: additive}")

    world.apply(
        after.replace("  - {name: carol, activity: Lunch}\n", "") + "manage: {workers: {where: 'ours == true'}}"
    )

    assert set(everywhere(world).values()) == {"Break"}


def test_a_flip_that_is_left_alone_does_not_replace(world):
    world.apply(BEFORE)
    world.sql("UPDATE activity SET available = 1 WHERE friendly_name = 'Break'")
    before = BEFORE.replace("{name: Available, available: true}, ", "")

    plan = world.plan(before + "manage: {activities: {mode: additive, ignore: [available]}}")

    assert plan.operations == []
