"""drift(): what a plan relies on and that is not so any more; where many names or many filters are concerned."""

import json

import pytest

from tr_apply.deployment.freshness import require_account
from tr_apply.errors import RefusedError
from tr_apply.plan.change import Plan, PlanTarget
from tr_apply.plan.saved.stale import drift
from tr_apply.reader import read_parts

HEAD = "workspace: {name: Center}\n"
WORKFLOW = """
task_queues: [{name: A}, {name: B}]
workflows:
  - name: W
    task_reservation_timeout: 60
    filters:
      - {name: One, expression: "a == 1", targets: [{queue: A}]}
      - {name: Two, expression: "a == 2", targets: [{queue: A}, {queue: B}]}
      - {expression: "a == 3", targets: [{queue: A}]}
    default_filter: {queue: B}
"""


@pytest.fixture
def drifted(world, runner):
    """The drift under a plan, after somebody has done something."""

    def find(before, after, deed):
        world.apply(HEAD + before)
        plan = world.plan(HEAD + after)
        deed()

        async def read():
            async with world._client() as client:
                workspace = await client.workspace(plan.target.workspace_sid)
                return await read_parts(client, workspace, list(plan.reads), ())

        return {
            (row.object, row.path): (row.planned_from, row.live_now, row.planned_to)
            for row in drift(plan, runner.run(read()))
        }

    return find


def rewrite(world, change):
    """Somebody edits the document of the workflow."""
    document = json.loads(world.items("Workflows")[0]["configuration"])
    change(document["task_routing"])
    world.change("Workflows", "W", Configuration=json.dumps(document))


def test_filters_are_shown_by_name_and_changed_fields(world, drifted):
    def change(routing):
        routing["filters"][0]["expression"] = "a == 9"
        routing["filters"][1]["targets"].pop()
        del routing["default_filter"]

    found = drifted(WORKFLOW, WORKFLOW.replace("a == 1", "a == 5"), lambda: rewrite(world, change))

    assert found["workflow/W", "filters[One].expression"] == ("a == 1", "a == 9", "a == 5")
    assert found["workflow/W", "filters[Two].targets"] == (
        [{"queue": "A"}, {"queue": "B"}],
        [{"queue": "A"}],
        None,
    )
    assert found["workflow/W", "default_filter"] == ({"queue": "B"}, None, None)


def test_filters_in_another_order_are_a_change(world, drifted):
    found = drifted(
        WORKFLOW,
        WORKFLOW.replace("60", "70"),
        lambda: rewrite(world, lambda r: r.update(filters=[r["filters"][1], r["filters"][0], r["filters"][2]])),
    )

    assert found == {("workflow/W", "filters"): (["One", "Two", "#3"], ["Two", "One", "#3"], None)}


def test_of_many_names_only_their_number_is_shown(world, drifted):
    queues = "task_queues:\n" + "".join(f"  - {{name: Q{number}}}\n" for number in range(101))

    found = drifted(queues, queues + "  - {name: New}\n", lambda: world.make("TaskQueues", FriendlyName="Another"))

    [(what, (before, now, after))] = found.items()
    assert what == ("task_queue", "names")
    assert before.startswith("101 names (")
    assert now.startswith("102 names (")
    assert after is None


def test_a_kind_with_too_many_names_to_show_is_still_compared(world, drifted):
    queues = "task_queues:\n" + "".join(f"  - {{name: Q{number}}}\n" for number in range(100))

    found = drifted(queues, queues + "  - {name: New}\n", lambda: world.make("TaskQueues", FriendlyName="Another"))

    assert found["task_queue", "names"][0] == "100 names"


def test_a_person_at_work_blocks_a_delete(world, drifted):
    people = "activities: [{name: Offline}, {name: Available, available: true}]\nworkers: [{name: a}, {name: b}]"

    found = drifted(
        people,
        people.replace(", {name: b}", ""),
        lambda: world.change("Workers", "b", ActivitySid=world.sid("Activities", "Available")),
    )

    assert found["worker/b", "it is"] == ("not available", "available", "deleted")


def test_a_deleted_resource_is_shown(world, drifted):
    found = drifted(
        "task_queues: [{name: A}, {name: B}]",
        "task_queues: [{name: A, task_order: LIFO}, {name: B}]",
        lambda: world.delete("TaskQueues", "A"),
    )

    [(what, (_, now, after))] = found.items()
    assert (what, now, after) == (("task_queue/A", ""), "(none)", {"task_order": "LIFO"})


@pytest.mark.parametrize(("planned", "now"), [("AC1", "AC2"), ("AC1", None)])
def test_a_plan_of_another_account_is_refused(planned, now):
    with pytest.raises(RefusedError, match="made for the account AC1"):
        require_account(Plan(PlanTarget("C", planned, None)), now)
    require_account(Plan(PlanTarget("C", None, None)), now)
