"""Changes that TaskRouter would refuse in the live workspace are errors of the plan, at their place in the file."""

import pytest

from tr_apply.errors import ConfigError

HEAD = "workspace: {name: Center}\n"
SINGLE = "workspace: {name: Center, multi_task_enabled: false}\n"
BOTH = "reservation_activity: Reserved, assignment_activity: Busy"


def test_a_worker_has_no_channel_that_no_task_channel_makes(world):
    world.apply(HEAD + "workers: [{name: alice}]")

    with pytest.raises(
        ConfigError, match=r"workspace.yaml:2:\d+: error: there is no task channel 'fax', neither"
    ) as caught:
        world.plan(HEAD + "workers: [{name: alice, channels: {VOICE: {capacity: 2}, fax: {capacity: 2}}}]")

    assert "'VOICE'" not in str(caught.value)


def test_a_task_channel_that_is_live_need_not_be_declared(world):
    world.apply(HEAD + "task_channels: [{unique_name: fax}]\nworkers: [{name: alice}]")

    plan = world.apply(HEAD + "workers: [{name: alice, channels: {fax: {capacity: 2}}}]")

    assert [operation.name for operation in plan.operations] == ["alice/fax"]


@pytest.mark.parametrize("queues", ["{name: A, %s}, {name: B}", "{name: A, reservation_activity: Busy}"])
def test_a_queue_needs_its_activities_where_the_live_workspace_is_single_tasking(world, queues):
    world.apply(SINGLE + f"task_queues: [{{name: A, {BOTH}}}]")

    with pytest.raises(ConfigError, match=r"workspace.yaml:2:\d+: error: the live workspace is not multitasking"):
        world.plan(HEAD + f"task_queues: [{queues.replace('%s', BOTH)}]")


def test_a_queue_with_its_activities_is_fine_there(world):
    world.apply(SINGLE + f"task_queues: [{{name: A, {BOTH}}}]")

    assert len(world.apply(HEAD + f"task_queues: [{{name: A, {BOTH}}}, {{name: B, {BOTH}}}]").operations) == 1


def test_a_queue_needs_none_in_a_multitasking_workspace_or_in_a_section_that_is_left_alone(world):
    world.apply(HEAD)
    assert world.plan(HEAD + "task_queues: [{name: A}]").blocked == []

    world.apply("workspace: {name: Old, multi_task_enabled: false}")
    left_alone = "workspace: {name: Old}\ntask_queues: [{name: A}]\nmanage: {task_queues: ignore}"
    assert world.plan(left_alone).operations == []


def test_multitasking_is_a_one_way_door(world):
    world.apply(SINGLE)
    assert [each.action for each in world.apply(HEAD.replace("}", ", multi_task_enabled: true}")).operations] == [
        "update"
    ]

    with pytest.raises(ConfigError, match=r"workspace.yaml:1:\d+: error: TaskRouter does not turn it off again"):
        world.plan(SINGLE)
    assert world.plan(HEAD).operations == []
