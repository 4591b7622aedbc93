"""Flex's own resources are protected, with a reason, without being listed."""

import gc

import pytest

from tr_apply.cli import run
from tr_apply.plan.change import Action

FLEX = """
workspace: {{name: {name}}}
activities: [{{name: Offline}}, {{name: Available, available: true}}, {{name: Unavailable}}, {{name: Break}}, {{name: Lunch}}]
task_channels: [{{unique_name: email}}, {{unique_name: fax}}]
task_queues: [{{name: Everyone}}, {{name: Sales, target_workers: "team == 'sales'"}}]
workflows: [{{name: Assign to Anyone, default_filter: {{queue: Sales}}}}, {{name: Skills, default_filter: {{queue: Sales}}}}]
safety: {{max_deletes: 100%}}
"""
REST = """
workspace: {{name: {name}}}
activities: [{{name: Offline}}]
task_channels: []
task_queues: [{{name: Sales, target_workers: "team == 'sales'"}}]
workflows: [{{name: Skills, default_filter: {{queue: Sales}}}}]
safety: {{max_deletes: 100%}}
"""


def protected(plan):
    names = {operation.id: f"{operation.kind}/{operation.name}" for operation in plan.operations}
    return {names[each.operation]: each.message for each in plan.blocked if each.code == "protected"}


def test_resources_of_flex_are_not_deleted_and_the_others_are(world):
    name = "Flex Task Assignment"
    world.apply(FLEX.format(name=name))

    plan = world.plan(REST.format(name=name))

    found = protected(plan)
    assert set(found) == {
        "activity/Available",
        "activity/Unavailable",
        "activity/Break",
        "task_channel/email",
        "task_queue/Everyone",
        "workflow/Assign to Anyone",
    }
    assert found["task_queue/Everyone"] == (
        "the task queue 'Everyone' belongs to Flex, which put it into the workspace 'Flex Task Assignment' and relies "
        "on it; declare it"
    )
    assert {"Lunch", "fax"} <= {o.name for o in plan.operations if o.action is Action.DELETE}


def test_another_workspace_with_the_same_names_is_nobody_else_s(world):
    world.apply(FLEX.format(name="Center"))

    assert protected(world.plan(REST.format(name="Center"))) == {}


@pytest.mark.parametrize(("name", "code"), [("Flex Task Assignment", 6), ("Center", 0)])
def test_the_workspace_of_flex_is_not_destroyed(tmp_path, capsys, name, code):
    path = tmp_path / "center.yaml"
    path.write_text(FLEX.format(name=name))
    local = ["--local-db", str(tmp_path / "local.db")]
    try:
        assert run(["apply", str(path), "--auto-approve", *local]) == 0
        assert run(["destroy", str(path), "--confirm", name, *local]) == code
    finally:
        gc.enable()

    assert ("belongs to Flex" in capsys.readouterr().err) == bool(code)
