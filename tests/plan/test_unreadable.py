"""An accepted expression that does not parse is sent as it is while it is live, and never introduced."""

import pytest

from tr_apply.errors import ConfigError

ACCEPT = "lint: {accept: [{code: expression-syntax, in: task_queue/Q, text: 'skill-level > 3', because: old}]}\n"
LIVE = "workspace: {name: Center}\ntask_queues: [{name: Q}]\n"
DECLARED = ACCEPT + LIVE.replace("{name: Q}", "{name: Q, target_workers: 'skill-level > 3', max_reserved_workers: %d}")


def test_what_is_live_as_it_is_declared_is_no_change(world):
    world.apply(LIVE)
    world.sql("UPDATE task_queue SET target_workers = ?", "skill-level > 3")

    [operation] = world.plan(DECLARED % 2).operations

    assert [change.path for change in operation.changes] == ["max_reserved_workers"]
    assert world.plan(DECLARED % 1).operations == []


@pytest.mark.parametrize("live", [LIVE, LIVE.replace("Q", "R"), LIVE.replace("{name: Q}", "")])
def test_what_is_not_live_is_an_error_at_its_place(live, world):
    world.apply(live)

    with pytest.raises(ConfigError, match=r"workspace.yaml:3:\d+: error: .*\[expression-syntax\]"):
        world.plan(DECLARED % 1)
