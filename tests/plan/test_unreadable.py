"""An expression that does not parse: live, it is shown, left or replaced; accepted in a file, it is never introduced."""

import json

import pytest

from tr_apply.errors import ConfigError

ACCEPT = "lint: {accept: [{code: expression-syntax, in: task_queue/Q, text: 'skill-level > 3', because: old}]}\n"
LIVE = "workspace: {name: Center}\ntask_queues: [{name: Q}]\n"
DECLARED = ACCEPT + LIVE.replace("{name: Q}", "{name: Q, target_workers: 'skill-level > 3', max_reserved_workers: %d}")


def test_an_unreadable_live_text_that_is_declared_is_not_a_change(world):
    world.apply(LIVE)
    world.sql("UPDATE task_queue SET target_workers = ?", "skill-level > 3")

    [operation] = world.plan(DECLARED % 2).operations

    assert [change.path for change in operation.changes] == ["max_reserved_workers"]
    assert world.plan(DECLARED % 1).operations == []


@pytest.mark.parametrize("live", [LIVE, LIVE.replace("Q", "R"), LIVE.replace("{name: Q}", "")])
def test_an_unreadable_text_that_is_not_live_is_an_error_at_its_place(live, world):
    world.apply(live)

    with pytest.raises(ConfigError, match=r"workspace.yaml:3:\d+: error: .*\[expression-syntax\]"):
        world.plan(DECLARED % 1)


SECTIONS = """
workspace: {name: Center}
task_queues: [{name: Q}, {name: Other}]
workflows:
  - {name: W, filters: [{name: F, expression: "a == 1", targets: [{queue: Q}]}]}
  - {name: V}
"""


@pytest.fixture
def unreadable(world):
    """A world of ``SECTIONS`` in which no text of ``Q`` and ``W`` can be read."""
    world.apply(SECTIONS)
    target = {"queue": world.sid("TaskQueues", "Q"), "expression": "b <", "order_by": "c UP", "skip_if": "d"}
    routing = {"filters": [{"filter_friendly_name": "F", "expression": "a >", "targets": [target]}]}
    world.sql("UPDATE task_queue SET target_workers = 'skill-level > 3' WHERE friendly_name = 'Q'")
    document = json.dumps({"task_routing": routing})
    world.sql("UPDATE workflow SET configuration = ? WHERE friendly_name = 'W'", document)
    return world


def test_live_texts_that_the_file_says_otherwise_are_replaced(unreadable, changed):
    found = changed(unreadable.plan(SECTIONS))

    assert found["task_queue/Q"] == {"target_workers": ("skill-level > 3", "1==1")}
    assert found["workflow/W"]["filters[F].expression"] == ("a >", "a == 1")
    unreadable.apply(SECTIONS)


@pytest.mark.parametrize(
    "text",
    [
        "workspace: {name: Center}\nactivities: []\n",
        "workspace: {name: Center}\nworkflows: [{name: V}]\nmanage: {workflows: additive}\n",
        "workspace: {name: Center}\ntask_queues: [{name: Other}]\nmanage: {task_queues: additive}\n",
        SECTIONS + "manage: {workflows: ignore, task_queues: ignore}\n",
        SECTIONS.replace(', filters: [{name: F, expression: "a == 1", targets: [{queue: Q}]}]', "")
        + "manage: {workflows: {ignore: [filters]}, task_queues: {ignore: [target_workers]}}\n",
    ],
)
def test_live_texts_that_are_not_ours_are_left(unreadable, text):
    found = {(each.kind, each.name) for each in unreadable.plan(text).operations}

    assert found.isdisjoint({("task_queue", "Q"), ("workflow", "W")})


@pytest.mark.parametrize("target", ["task_queue/New", "task_queue/Other", "workflow/V"])
def test_something_else_can_be_planned_alone(unreadable, target):
    text = SECTIONS.replace("{name: Other}", "{name: Other, max_reserved_workers: 2}, {name: New}").replace(
        "name: V", "name: V, task_reservation_timeout: 9"
    )

    [operation] = unreadable.plan(text, target).operations

    assert f"{operation.kind}/{operation.name}" == target


def test_an_undeclared_resource_is_deleted_with_any_texts(unreadable, told_plan):
    text = "workspace: {name: Center}\ntask_queues: [{name: Other}]\nworkflows: [{name: V}]\n"

    assert told_plan(unreadable.plan(text)) == [("delete", "workflow", "W"), ("delete", "task_queue", "Q")]


def test_an_accepted_text_that_is_not_sent_need_not_be_live(unreadable):
    text = SECTIONS.replace("a == 1", "a >=") + (
        "manage: {workflows: %s}\n"
        "lint: {accept: [{code: expression-syntax, in: workflow/W, text: 'a >=', because: old}]}\n"
    )
    ignored = text % "{ignore: ['filters[F].expression', 'filters[F].targets']}"

    with pytest.raises(ConfigError, match="it is not live"):
        unreadable.plan(text % "exact")
    for each in (ignored, text % "ignore"):
        assert [each.name for each in unreadable.plan(each).operations] == ["Q"]
