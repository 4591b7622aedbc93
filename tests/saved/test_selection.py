"""``--target``, ``--only`` and ``--exclude``: which part of a plan is made and applied."""

import pytest

TEXT = """
workspace: {name: Center}
activities: [{name: Offline}, {name: Lunch}]
task_queues:
  - {name: Sales EN}
  - {name: Sales ES}
  - {name: Support}
workflows:
  - {name: Voice, default_filter: {queue: Support}}
  - {name: Chat, default_filter: {queue: Sales EN}}
manage: {activities: additive, task_queues: additive, workflows: additive}
"""


@pytest.fixture
def planned(cli, write, live):
    """The plan with these options, as ``KIND/NAME``."""
    live.rest("POST", "/Workspaces", FriendlyName="Center")
    write("w.yaml", TEXT)

    def plan(*options):
        said = cli("plan", "w.yaml", "--format", "json", *options)
        assert said.code == 0, said.out
        [plan] = said.document["plans"]
        notes = [each["message"] for each in plan["diagnostics"] if each["code"] == "left-out"]
        return {f"{each['kind']}/{each['name']}" for each in plan["operations"]}, notes

    return plan


QUEUES = {"task_queue/Sales EN", "task_queue/Sales ES", "task_queue/Support"}
CASES = {
    "a name": (["--target", "task_queue/Support"], {"task_queue/Support"}),
    "a pattern": (["--target", "task_queue/Sales *"], {"task_queue/Sales EN", "task_queue/Sales ES"}),
    "a sign for one character": (["--target", "task_queue/sales e?"], {"task_queue/Sales EN", "task_queue/Sales ES"}),
    "with what it depends on": (["--target", "workflow/V*"], {"workflow/Voice", "task_queue/Support"}),
    "a kind": (["--only", "task_queue"], QUEUES),
    "a kind with what it depends on": (
        ["--only", "workflow"],
        {"workflow/Voice", "workflow/Chat", "task_queue/Support", "task_queue/Sales EN"},
    ),
    "two kinds": (["--only", "task_queue", "--only", "activity"], QUEUES | {"activity/Lunch"}),
    "a kind within a target": (["--only", "activity", "--target", "activity/*"], {"activity/Lunch"}),
    "without one": (["--only", "task_queue", "--exclude", "task_queue/Support"], QUEUES - {"task_queue/Support"}),
    "without what depends on it": (
        ["--exclude", "task_queue/Sales*"],
        {"task_queue/Support", "workflow/Voice", "activity/Lunch"},
    ),
    "without a pattern that fits nothing": (["--only", "activity", "--exclude", "task_queue/X*"], {"activity/Lunch"}),
}


@pytest.mark.parametrize("case", CASES)
def test_a_part_of_the_plan(planned, case):
    options, expected = CASES[case]

    assert planned(*options)[0] == expected


def test_a_plan_lists_the_left_out_operations_and_why(planned):
    _, [note] = planned("--exclude", "task_queue/Support")

    assert note == (
        "left out by --exclude: create task_queue/Support; and because it depends on that: create workflow/Voice"
    )


def test_a_name_that_leaves_nothing_out_is_reported(planned):
    _, notes = planned("--exclude", "task_queue/Suport", "--exclude", "task_queue/X*")

    assert notes == ["--exclude task_queue/Suport leaves nothing out: the plan does not change it"]


@pytest.mark.parametrize(
    "options",
    [
        ["--only", "task_queues"],
        ["--exclude", "Support"],
        ["--target", "queue/Support"],
        ["--target", "task_queue/Nothing*"],
    ],
)
@pytest.mark.usefixtures("planned")
def test_a_selection_that_can_only_be_a_slip_is_a_usage_error(cli, options):
    said = cli("plan", "w.yaml", *options)

    assert said.code == 64
    assert options[0] in said.err


@pytest.mark.usefixtures("planned")
def test_apply_does_that_part_alone(cli, live):
    said = cli("apply", "w.yaml", "--auto-approve", "--only", "task_queue", "--exclude", "task_queue/Support")

    assert said.code == 0, said.err
    assert live.names("TaskQueues") == ["Sales EN", "Sales ES"]
