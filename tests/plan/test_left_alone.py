"""Resources that are left alone are counted in the plan."""

import json

import pytest

LIVE = """
workspace: {name: Center, events_filter: [task.created]}
activities: [{name: Offline}, {name: Available, available: true}]
task_queues: [{name: Gold}, {name: Silver}, {name: Tin, target_workers: "level > 1"}]
workflows: [{name: Incoming, default_filter: {queue: Gold}}]
workers: [{name: ann, attributes: {team: emea, level: 1, phone: x}}, {name: ben, attributes: {team: apac}}, {name: cid, attributes: {team: apac}}]
"""

# The file -> the counted resources.
COUNTED = {
    "nothing": (LIVE, None),
    "undeclared queues": (
        "workspace: {name: Center}\ntask_queues: [{name: Gold}]\nmanage: {task_queues: additive}",
        "2 undeclared task queues (`task_queues` is additive)",
    ),
    "workers of others": (
        (
            "workspace: {name: Center}\nworkers: [{name: ann, attributes: {team: emea, level: 1, phone: x}}]\n"
            "manage: {workers: {where: \"team == 'emea'\"}}"
        ),
        "2 workers that `manage.workers.where` does not match",
    ),
    "merged attributes": (
        (
            "workspace: {name: Center}\nworkers: [{name: ann, attributes: {team: emea}}]\n"
            "manage: {workers: {mode: additive, attributes: merge}}"
        ),
        "2 undeclared workers (`workers` is additive); 2 differences in workers (`manage.workers`)",
    ),
    "an ignored attribute": (
        (
            "workspace: {name: Center}\nworkers: [{name: ann, attributes: {team: emea, level: 2}}, {name: ben}, {name: cid}]\n"
            "manage: {workers: {ignore: [attributes.ph*]}}"
        ),
        "1 difference in workers (`manage.workers`)",
    ),
    "an ignored field of a queue": (
        (
            "workspace: {name: Center}\ntask_queues: [{name: Gold}, {name: Silver}, {name: Tin}]\n"
            "manage: {task_queues: {ignore: [target_workers]}}"
        ),
        "1 difference in task queues (`manage.task_queues`)",
    ),
    "an ignored field that is as it would be": (
        (
            "workspace: {name: Center}\ntask_queues: [{name: Gold}, {name: Silver}]\n"
            "manage: {task_queues: {mode: exact, ignore: [target_workers]}}\nsafety: {max_deletes: 100%}"
        ),
        None,
    ),
}


def counts(plan):
    return [each.message for each in plan.diagnostics if each.code == "left-alone"]


@pytest.mark.parametrize("case", COUNTED)
def test_resources_left_alone_are_counted(world, case):
    text, expected = COUNTED[case]
    world.apply(LIVE)

    assert counts(world.plan(text)) == ([] if expected is None else [f"left alone: {expected}"])


def test_filters_of_somebody_else_stay_where_they_are_and_are_counted(world):
    text = """
    workspace: {name: Center}
    task_queues: [{name: Gold}]
    workflows:
    - name: Incoming
      filters:
      - {name: A, expression: "a == 1", targets: [{queue: Gold}]}
      - {name: B, expression: "b == 1", targets: [{queue: Gold}]}
    manage: {workflows: {ignore: ['filters[switchboard *]']}}
    """
    world.apply(text)
    document = json.loads(world.items("Workflows")[0]["configuration"])
    filters = document["task_routing"]["filters"]
    foreign = [{**filters[0], "filter_friendly_name": f"switchboard {n}", "expression": f"c == {n}"} for n in (1, 2)]
    document["task_routing"]["filters"] = [foreign[0], filters[0], foreign[1], filters[1]]
    world.change("Workflows", "Incoming", Configuration=json.dumps(document))

    plan = world.apply(text.replace("b == 1", "b == 2"))

    assert counts(plan) == ["left alone: 2 differences in workflows (`manage.workflows`)"]
    now = json.loads(world.items("Workflows")[0]["configuration"])["task_routing"]["filters"]
    assert [each["filter_friendly_name"] for each in now] == ["switchboard 1", "A", "switchboard 2", "B"]
    assert counts(world.plan(text.replace("b == 1", "b == 2"))) == counts(plan)
