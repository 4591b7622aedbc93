"""Renames: an update in place that keeps the SID, also in chains and circles, and also after a run was killed."""

import pytest

from tr_apply.errors import ConfigError

CENTER = "workspace: {name: Center}\n"

KINDS = {
    "activities": "Activities",
    "task_queues": "TaskQueues",
    "workflows": "Workflows",
    "workers": "Workers",
}
DISTINCT = {
    "activities": "",
    "task_queues": "max_reserved_workers: {}",
    "workflows": "task_reservation_timeout: {}",
    "workers": "attributes: {{level: {}}}",
}
OFFLINE = {"activities": "{name: Offline}, "}


def text(section, *resources):
    """A file with one section; each resource is (name, former names, a number that identifies it)."""
    written = []
    for name, former, number in resources:
        fields = [f"name: {name}", f"renamed_from: {former}" if former else "", DISTINCT[section].format(number)]
        written.append("{" + ", ".join(field for field in fields if field) + "}")
    return f"{CENTER}{section}: [{OFFLINE.get(section, '')}{', '.join(written)}]\n"


def sids(world, section):
    return {
        item["friendly_name"]: item["sid"] for item in world.items(KINDS[section]) if item["friendly_name"] != "Offline"
    }


@pytest.mark.parametrize("section", KINDS)
def test_a_rename_is_one_request_and_keeps_the_sid(world, changed, section):
    world.apply(text(section, ("Old", [], 1)))
    before = sids(world, section)

    plan = world.apply(text(section, ("New", ["Old"], 1)))

    assert list(changed(plan).values()) == [{"name": ("Old", "New")}]
    assert plan.requests == 1
    assert sids(world, section) == {"New": before["Old"]}


@pytest.mark.parametrize("section", KINDS)
def test_a_rename_and_an_edit_are_one_request(world, section):
    world.apply(text(section, ("Old", [], 1)))

    assert world.apply(text(section, ("New", ["Old"], 2))).requests == 1


@pytest.mark.parametrize("section", KINDS)
def test_a_rename_that_is_done_is_nothing_to_do(world, section):
    world.apply(text(section, ("Old", [], 1)))
    world.apply(text(section, ("New", ["Old"], 1)))

    assert world.plan(text(section, ("New", ["Old"], 1))).operations == []


@pytest.mark.parametrize("section", KINDS)
def test_a_rename_of_a_missing_resource_creates(world, told_plan, section):
    world.apply(CENTER)

    plan = world.apply(text(section, ("New", ["Old"], 1)))

    assert [(action, name) for action, _, name in told_plan(plan) if action == "create"] == [("create", "New")]


@pytest.mark.parametrize("section", KINDS)
def test_the_old_and_the_new_name_both_live_are_an_error_with_both_sids(world, section):
    world.apply(text(section, ("Old", [], 1), ("New", [], 2)))
    both = sids(world, section)

    with pytest.raises(
        ConfigError, match=r":2:\d+: error: both 'New' .* and its former name 'Old' .* are live"
    ) as caught:
        world.plan(text(section, ("New", ["Old"], 1)))

    assert all(sid in str(caught.value) for sid in both.values())


def test_two_former_names_that_are_live_are_an_error(world):
    world.apply(text("task_queues", ("A", [], 1), ("B", [], 2)))

    with pytest.raises(ConfigError, match=r"several of its former names are live: 'A' .*, 'B'"):
        world.plan(text("task_queues", ("C", ["A", "B"], 1)))


def test_the_newest_former_name_that_is_live_counts(world):
    world.apply(text("task_queues", ("A", [], 1)))

    world.apply(text("task_queues", ("C", ["B", "A"], 1)))

    assert list(sids(world, "task_queues")) == ["C"]


# Old name -> new name, for everything that is declared; the names of one row are exchanged in one run.
WAYS = {
    "a chain of two": {"A": "B", "B": "C"},
    "a chain of three": {"A": "B", "B": "C", "C": "D"},
    "a swap": {"A": "B", "B": "A"},
    "a circle of three": {"A": "B", "B": "C", "C": "A"},
    "a circle of three the other way": {"A": "C", "C": "B", "B": "A"},
    "two swaps": {"A": "B", "B": "A", "C": "D", "D": "C"},
    "a circle and a chain into nothing": {"A": "B", "B": "A", "C": "D"},
    "a name used again": {"A": "B"},
}


def requests(case):
    """One for each name, and one more for each circle, which begins with a temporary name."""
    circles = {"a swap": 1, "two swaps": 2, "a circle and a chain into nothing": 1}.get(case, "circle of three" in case)
    return len(WAYS[case]) + circles


def before_and_after(section, ways):
    numbers = {old: index + 1 for index, old in enumerate(ways)}
    before = text(section, *((old, [], numbers[old]) for old in ways))
    after = text(section, *((new, [old], numbers[old]) for old, new in ways.items()))
    return before, after


@pytest.mark.parametrize("section", ["task_queues", "workflows", "workers"])
@pytest.mark.parametrize("case", WAYS)
def test_names_are_exchanged_in_place(world, section, case):
    before, after = before_and_after(section, WAYS[case])
    world.apply(before)
    old = sids(world, section)

    plan = world.apply(after)

    assert sids(world, section) == {new: old[name] for name, new in WAYS[case].items()}
    assert plan.requests == requests(case)
    assert world.plan(after).operations == []


@pytest.mark.parametrize("case", WAYS)
def test_an_exchange_of_names_that_was_killed_is_finished_by_the_next_run(world, case):
    before, after = before_and_after("task_queues", WAYS[case])
    world.apply(before)
    old = sids(world, "task_queues")

    for _ in world.moments(after, writes=requests(case)):
        world.apply(after)

        assert sids(world, "task_queues") == {new: old[name] for name, new in WAYS[case].items()}
        assert world.plan(after).operations == []


def test_a_swap_that_was_killed_twice_is_finished(world):
    before, after = before_and_after("task_queues", WAYS["a circle of three"])
    world.apply(before)
    old = sids(world, "task_queues")

    for _ in range(3):
        world.apply_and_die(after, at=1)
    world.apply(after)

    assert sids(world, "task_queues") == {new: old[name] for name, new in WAYS["a circle of three"].items()}


def test_activities_are_exchanged_while_others_use_them(world):
    before = CENTER + (
        "activities: [{name: Offline}, {name: A}, {name: B, available: true}]\n"
        "workers: [{name: alice, activity: A, attributes: {of: '${sid:activity/A}'}}]"
    )
    after = CENTER + (
        "activities: [{name: Offline}, {name: A, available: true, renamed_from: [B]}, {name: B, renamed_from: [A]}]\n"
        "workers: [{name: alice, activity: B, attributes: {of: '${sid:activity/B}'}}]"
    )
    world.apply(before)
    old = sids(world, "activities")

    plan = world.apply(after)

    assert sids(world, "activities") == {"A": old["B"], "B": old["A"]}
    assert plan.requests == 3
    assert world.items("Workers")[0]["activity_name"] == "B"


SWAP = "{{name: A, renamed_from: [B]{}}}, {{name: B, renamed_from: [A]{}}}"
ONE, TWO = ", max_reserved_workers: 1, task_order: FIFO", ", max_reserved_workers: 2, task_order: LIFO"
# The live and the declared resources among A and B -> whether the names must still be exchanged.
PENDING = {
    "equal to what is live under the old names": (TWO, ONE, ONE, TWO, True),
    "equal to what is live under the new names": (ONE, TWO, ONE, TWO, False),
    "as near to the one as to the other": (ONE, ONE, TWO, TWO, False),
    "no difference at all": (ONE, ONE, ONE, ONE, False),
    "nearer to the old, with an edit": (TWO, ONE, ONE, TWO.replace("2", "3"), True),
    "nearer to the new, with an edit": (ONE, TWO, ONE, TWO.replace("2", "3"), False),
}


@pytest.mark.parametrize("case", PENDING)
def test_a_swap_is_pending_where_that_leaves_fewer_differences(world, case):
    live_a, live_b, a, b, pending = PENDING[case]
    world.apply(f"{CENTER}task_queues: [{{name: A{live_a}}}, {{name: B{live_b}}}]")
    old = sids(world, "task_queues")
    after = f"{CENTER}task_queues: [{SWAP.format(a, b)}]"

    world.apply(after)

    now = sids(world, "task_queues")
    assert now == ({"A": old["B"], "B": old["A"]} if pending else old)
    assert world.plan(after).operations == []


def test_a_swap_is_judged_by_meaning_and_not_by_spelling(world):
    world.apply(
        CENTER + "task_queues: [{name: A, target_workers: 'x == 1'}, {name: B, target_workers: 'y == 1'}]\n"
        "workflows: [{name: W, default_filter: {queue: A}}, {name: V, default_filter: {queue: B}}]"
    )
    old = sids(world, "task_queues")

    world.apply(
        CENTER + "task_queues: [{name: A, target_workers: 'y==1', renamed_from: [B]},"
        " {name: B, target_workers: 'x==1', renamed_from: [A]}]\n"
        "workflows: [{name: V, renamed_from: [W], default_filter: {queue: B}},"
        " {name: W, renamed_from: [V], default_filter: {queue: A}}]"
    )

    assert sids(world, "task_queues") == {"A": old["B"], "B": old["A"]}


def test_half_a_cycle_is_not_a_cycle(world, told_plan):
    world.apply(text("task_queues", ("A", [], 1)))

    plan = world.apply(text("task_queues", ("A", ["B"], 1), ("B", ["A"], 2)))

    assert told_plan(plan) == [("create", "task_queue", "B")]


def test_a_name_is_used_again_for_something_new(world, told_plan):
    world.apply(text("task_queues", ("A", [], 1)))
    old = sids(world, "task_queues")

    plan = world.apply(text("task_queues", ("B", ["A"], 1), ("A", [], 2)))

    assert told_plan(plan) == [("update", "task_queue", "B"), ("create", "task_queue", "A")]
    assert plan.operations[1].depends_on == ("op-1",)
    assert sids(world, "task_queues")["B"] == old["A"]
    assert world.plan(text("task_queues", ("B", ["A"], 1), ("A", [], 2))).operations == []


def test_a_name_used_again_is_finished_by_the_next_run(world):
    after = text("task_queues", ("B", ["A"], 1), ("A", [], 2))
    world.apply(text("task_queues", ("A", [], 1)))

    for _ in world.moments(after, writes=2):
        world.apply(after)

        assert world.names("TaskQueues") == ["A", "B"]


FORMER = {
    "a chain whose end is missing": ([("K", [], 2)], [("X", ["N"], 1), ("N", ["K"], 2)]),
    "a former name that is new": ([("M", [], 1)], [("X", ["N", "M"], 1), ("N", [], 2)]),
    "both are new": ([("K", [], 1)], [("K", [], 1), ("N", [], 2), ("X", ["N"], 3)]),
    "a circle of new ones": ([("K", [], 1)], [("K", [], 1), ("N", ["X"], 2), ("X", ["N"], 3)]),
    "two in a row": ([("K", [], 1)], [("Y", ["K"], 1), ("N", [], 2), ("X", ["N"], 3), ("Z", ["X"], 4)]),
}


@pytest.mark.parametrize("case", FORMER)
def test_a_name_is_not_taken_before_what_had_it_is_there(world, case):
    before, after = (text("task_queues", *queues) for queues in FORMER[case])
    world.apply(before)
    old = {sid: name for name, sid in sids(world, "task_queues").items()}

    def became():
        """The names that the queues of before have now."""
        world.apply(after)
        return {old[sid]: name for name, sid in sids(world, "task_queues").items() if sid in old}

    *killed, whole = [became() for _ in world.moments(after)]

    assert killed == [whole] * len(killed)


def test_a_target_takes_along_what_had_its_name_before(world):
    after = text("task_queues", ("K", [], 1), ("N", [], 2), ("X", ["N"], 3))
    world.apply(text("task_queues", ("K", [], 1)))

    plan = world.apply(after, "task_queue/N")

    assert [operation.name for operation in plan.operations] == ["X", "N"]


LONG = "a" * 63


def test_names_of_64_characters_are_exchanged(world):
    before, after = before_and_after("task_queues", {f"{LONG}1": f"{LONG}2", f"{LONG}2": f"{LONG}1"})
    world.apply(before)
    old = sids(world, "task_queues")

    world.apply(after)

    assert sids(world, "task_queues") == {f"{LONG}1": old[f"{LONG}2"], f"{LONG}2": old[f"{LONG}1"]}


def test_many_names_of_64_characters_wait_under_names_of_their_own(world):
    ways = {f"{LONG}{a}": f"{LONG}{b}" for a, b in ("12", "21", "34", "43")}
    before, after = before_and_after("task_queues", ways)
    world.apply(before)
    old = sids(world, "task_queues")

    world.apply(after)

    assert sids(world, "task_queues") == {new: old[name] for name, new in ways.items()}


def test_a_swap_waits_under_the_temporary_name(world):
    before, after = before_and_after("task_queues", WAYS["a swap"])
    world.apply(before)

    world.apply(after)

    names = [form["FriendlyName"] for _, _, form in world.requests.writes]
    assert names == ["B (tr-apply)", "B", "A"]


def test_a_resource_that_is_really_called_like_a_temporary_name_is_itself(world):
    both = text("task_queues", ("A", [], 1), ("'A (tr-apply)'", [], 2))
    world.apply(both)

    assert world.plan(both).operations == []


def test_a_cycle_was_not_interrupted_while_all_of_its_names_are_live(world, told_plan):
    world.apply(text("task_queues", ("A", [], 1), ("B", [], 2), ("'A (tr-apply)'", [], 1)))

    plan = world.plan(text("task_queues", ("A", ["B"], 1), ("B", ["A"], 2)))

    assert told_plan(plan) == [("delete", "task_queue", "A (tr-apply)")]


def test_the_workspace_is_renamed_in_place(world, told_plan):
    world.apply("workspace: {name: Old}")
    sid = world.items("Workspaces")[0]["sid"]

    plan = world.apply("workspace: {name: New, renamed_from: [Older, OLD]}")

    assert told_plan(plan) == [("update", "workspace", "New")]
    [workspace] = world.items("Workspaces")
    assert (workspace["sid"], workspace["friendly_name"]) == (sid, "New")
    assert world.plan("workspace: {name: New, renamed_from: [Older, OLD]}").operations == []


def test_the_old_and_the_new_workspace_both_live_are_an_error(world):
    world.apply("workspace: {name: Old}")
    world.apply("workspace: {name: New}")

    with pytest.raises(ConfigError, match=r"both 'New' \(WS.*\) and 'Old' \(WS.*\) are live"):
        world.plan("workspace: {name: New, renamed_from: [Old]}")


def test_a_pinned_workspace_is_renamed(world, told_plan):
    world.apply("workspace: {name: Old}")
    sid = world.items("Workspaces")[0]["sid"]

    assert told_plan(world.plan(f"workspace: {{name: New, sid: {sid}}}")) == [("update", "workspace", "New")]


# Task channels cannot be renamed: a new one takes the place of the old.
OLD, NEW = (
    f"{CENTER}task_channels: [{{unique_name: {name}, name: Email{former}}}]\n"
    f"workers: [{{name: a, channels: {{{name}: {{capacity: 4}}}}}}]"
    for name, former in (("mail", ""), ("email", ", renamed_from: [mail]"))
)


def channels(world):
    seeds = {"default", "voice", "chat", "sms", "video"}
    return sorted(each["unique_name"] for each in world.items("TaskChannels") if each["unique_name"] not in seeds)


def test_a_renamed_task_channel_is_replaced(world, told_plan):
    world.apply(OLD)

    plan = world.apply(NEW)

    assert told_plan(plan) == [("replace", "task_channel", "email"), ("update", "worker_channel", "a/email")]
    assert [each.path for each in plan.operations[0].changes] == ["unique_name"]
    assert "new SID" in plan.operations[0].reason
    assert plan.requests == 3
    assert plan.blocked == []
    assert channels(world) == ["email"]


def test_a_task_channel_whose_replacement_was_killed_is_finished_without_consent(world):
    world.apply(OLD)

    for _ in world.moments(NEW, writes=3):
        plan = world.apply(NEW)

        assert plan.blocked == []
        assert channels(world) == ["email"]
        assert world.plan(NEW).operations == []


def test_a_seeded_task_channel_cannot_be_renamed(world):
    world.apply(CENTER)

    with pytest.raises(ConfigError, match="'voice' is one of TaskRouter's own, which are never deleted"):
        world.plan(CENTER + "task_channels: [{unique_name: phone, renamed_from: [voice]}]")


def test_unique_names_are_kept_and_the_resources_under_them_exchanged(world, changed):
    world.apply(CENTER + "task_channels: [{unique_name: x, name: One}, {unique_name: y, name: Two}]")

    plan = world.apply(
        CENTER
        + "task_channels: [{unique_name: x, name: Two, renamed_from: [y]}, {unique_name: y, name: One, renamed_from: [x]}]"
    )

    assert changed(plan) == {"task_channel/x": {"name": ("One", "Two")}, "task_channel/y": {"name": ("Two", "One")}}


def test_a_unique_name_that_is_used_again_stays_where_it_is(world, told_plan):
    world.apply(CENTER + "task_channels: [{unique_name: x}]")

    plan = world.apply(CENTER + "task_channels: [{unique_name: y, renamed_from: [x]}, {unique_name: x}]")

    assert told_plan(plan) == [("create", "task_channel", "y")]


def test_two_former_unique_names_that_are_live_are_an_error(world):
    world.apply(CENTER + "task_channels: [{unique_name: x}, {unique_name: y}]")

    with pytest.raises(ConfigError, match="several of its former names are live"):
        world.plan(CENTER + "task_channels: [{unique_name: z, renamed_from: [x, y]}]")
