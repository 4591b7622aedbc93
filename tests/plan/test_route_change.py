"""``--max-route-change``: the share of recorded tasks that may go elsewhere, and what counts where none are recorded."""

from dataclasses import replace

import pytest

from tr_apply.errors import RouteChangeError
from tr_apply.plan.change import Plan, PlanTarget
from tr_apply.plan.checks.route_change import require_few_routes_changed
from tr_apply.plan.impact import Impact, PeopleImpact, RouteChange, TasksImpact

NOTHING = Impact(PeopleImpact(0))
CHANGED = RouteChange("Voice", None, None, {"language": "es"})
PLAN = Plan(PlanTarget("Center", None, "WS" + "0" * 32), operations=(object(),))
"""With something to do; what that is does not matter here."""


def recorded(elsewhere, total):
    return replace(NOTHING, routes=(CHANGED,), tasks=TasksImpact("tasks.jsonl", total, elsewhere))


@pytest.mark.parametrize(
    ("impact", "most"),
    [
        (NOTHING, 0.0),
        (recorded(5, 100), 5.0),
        (recorded(0, 100), 0.0),
        (replace(NOTHING, routes=(CHANGED,)), 100.0),
        (None, None),
    ],
    ids=["no route", "as many as may", "none of those recorded", "all may", "no limit"],
)
def test_a_change_within_the_limit_passes(impact, most):
    require_few_routes_changed(replace(PLAN, impact=impact), most)


@pytest.mark.parametrize(
    ("impact", "says"),
    [
        (recorded(6, 100), r"6 of 100 recorded tasks do \(6%\)"),
        (recorded(0, 0), "tasks of 1 kind do, such as"),
        (replace(NOTHING, routes=(CHANGED, CHANGED)), "tasks of 2 kinds do, such as"),
        (replace(NOTHING, unknown=("the workflow Voice",)), "not everything is known: the workflow Voice"),
        (None, "does not say what it changes"),
    ],
    ids=["too many", "none recorded", "routes", "unknown", "not worked out"],
)
def test_a_change_above_the_limit_or_of_unknown_size_is_refused(impact, says):
    with pytest.raises(RouteChangeError, match=says):
        require_few_routes_changed(replace(PLAN, impact=impact), 5.0)


@pytest.mark.parametrize("plan", [replace(PLAN, operations=()), Plan(PlanTarget("New", None, None), (object(),))])
def test_a_plan_that_changes_nothing_or_makes_a_workspace_sends_nobody_elsewhere(plan):
    require_few_routes_changed(plan, 0.0)
