"""Recorded tasks in a plan: how many are routed differently by which pair of filters, and how many are unclear."""

import json
from dataclasses import replace
from functools import partial

import pytest

from tr_apply.corpus.tasks import Corpus, GivenCorpus, RecordedTask
from tr_apply.deployment.configured import Configured
from tr_apply.deployment.deployment import Deployment
from tr_apply.errors import RouteChangeError
from tr_apply.plan.checks.route_change import require_few_routes_changed
from tr_apply.plan.impact import TasksImpact
from tr_apply.plan.saved.document import plan_document, plan_id
from tr_apply.report.entry import Entry
from tr_apply.report.html import plans_html
from tr_apply.report.terminal import plan_text
from tr_apply.routing.satisfy import Budget

CENTER = """
workspace: {name: Center}
task_queues: [{name: Everyone}, {name: Spanish}, {name: Web}]
workflows:
- name: Voice
  filters:
  - {name: Spanish, expression: "language == 'es'", targets: [{queue: Spanish, timeout: 60}, {queue: Everyone}]}
  - {name: Web, expression: "channel == 'web'", targets: [{queue: Web}]}
  default_filter: {queue: Everyone}
- name: Chat
  filters:
  - {name: Any, expression: "topic == 'x'", targets: [{queue: Everyone}]}
"""
TASKS = [
    RecordedTask("Voice", {"language": "es"}, count=10),
    RecordedTask("voice", {"language": "es", "channel": "web"}, count=5),
    RecordedTask("Voice", {"channel": "web"}, count=3),
    RecordedTask("Voice", {"language": "other"}, count=2),
    RecordedTask("Chat", {"topic": "x"}, count=100),
]
WEB_FIRST = CENTER.replace("language == 'es'", "language == 'es' AND channel != 'web'")
FRENCH = CENTER.replace("language == 'es'", "language IN ['es', 'fr']")


@pytest.fixture
def center(world):
    world.apply(CENTER)
    return world


def planned(world, runner, text, tasks=TASKS, *, is_shared=False):
    configuration = world.configuration(text)
    given = GivenCorpus(Corpus("tasks.csv", tasks), is_shared)

    async def plan():
        async with world._client() as client:
            return await Deployment(Configured(configuration, recorded=given), client).plan()

    return runner.run(plan())


def counts(plan):
    return {
        (each.workflow, each.before and each.before.filter, each.after and each.after.filter): each.count
        for each in plan.impact.routes
    }


def test_each_pair_of_filters_has_the_number_of_its_recorded_tasks(center, runner):
    plan = planned(center, runner, WEB_FIRST)

    assert counts(plan) == {("Voice", 1, 2): 5, ("Voice", 1, 0): 0}  # a list as channel is not a text
    assert plan.impact.tasks == TasksImpact("tasks.csv", 120, 5)
    assert plan_document(plan)["impact"]["tasks"] == {"file": "tasks.csv", "total": 120, "elsewhere": 5}


def test_a_plan_counts_the_tasks_of_every_workflow_that_it_changes(center, runner):
    text = WEB_FIRST.replace("topic == 'x'", "topic == 'y'") + (
        "- {name: New, filters: [{name: Any, expression: \"topic == 'x'\", targets: [{queue: Web}]}]}\n"
    )

    plan = planned(center, runner, text, [*TASKS, RecordedTask("New", {"topic": "x"})])

    assert {pair: count for pair, count in counts(plan).items() if count} == {
        ("Voice", 1, 2): 5,
        ("Chat", 1, None): 100,
    }
    assert plan.impact.tasks == TasksImpact("tasks.csv", 121, 105)


def test_a_pair_that_no_recorded_task_goes_has_none_of_them(center, runner):
    plan = planned(center, runner, FRENCH)

    assert counts(plan) == {("Voice", 2, 1): 0, ("Voice", 0, 1): 0}
    assert "(none recorded)" in " ".join(plan_text(plan).split())


def test_a_pair_that_the_search_has_not_reached_is_found_by_its_recorded_tasks(center, runner, monkeypatch):
    monkeypatch.setattr("tr_apply.impact.measure.Budget", partial(Budget, 0))

    plan = planned(center, runner, WEB_FIRST)

    assert counts(plan) == {("Voice", 1, 2): 5}
    assert plan.impact.routes[0].task == {"channel": "web", "language": "es"}
    assert plan.impact.unknown


def test_a_new_value_may_be_one_that_was_reduced(center, runner):
    plan = planned(center, runner, FRENCH)

    assert plan.impact.tasks == TasksImpact("tasks.csv", 120, 0, unclear=2)
    assert plan_document(plan)["impact"]["tasks"]["unclear"] == 2
    assert "2 more may" in plan_text(plan)


def test_an_element_of_a_list_may_be_one_that_was_reduced(center, runner):
    center.apply(CENTER.replace("language == 'es'", "language HAS 'es'"))
    tasks = [RecordedTask("Voice", {"language": ["es", "other"]}), RecordedTask("Voice", {"language": ["es", True]})]

    plan = planned(center, runner, CENTER.replace("language == 'es'", "language HAS 'fr'"), tasks)

    assert plan.impact.tasks == TasksImpact("tasks.csv", 2, 2)

    tasks = [RecordedTask("Voice", {"language": ["other"]}), RecordedTask("Voice", {"language": {"x": 1}})]
    plan = planned(center, runner, CENTER.replace("language == 'es'", "language HAS 'fr'"), tasks)

    assert plan.impact.tasks == TasksImpact("tasks.csv", 2, 0, unclear=1)


@pytest.mark.parametrize(("has_it", "unclear"), [(False, 20), (True, 0)])
def test_an_attribute_that_is_new_is_in_no_record_unless_some_task_has_it(center, runner, has_it, unclear):
    tasks = [*TASKS, RecordedTask("Chat", {"vip": False})] if has_it else TASKS

    plan = planned(center, runner, CENTER.replace("language == 'es'", "language == 'es' OR vip == true"), tasks)

    assert plan.impact.tasks.unclear == unclear


def test_tasks_of_a_workflow_that_is_renamed_are_those_of_its_old_and_of_its_new_name(center, runner):
    text = WEB_FIRST.replace("name: Voice", "name: Calls\n  renamed_from: [Voice]")
    tasks = [*TASKS, RecordedTask("Calls", {"language": "es", "channel": "web"}, count=7)]

    assert counts(planned(center, runner, text, tasks)) == {("Calls", 1, 2): 12, ("Calls", 1, 0): 0}


def test_tasks_of_a_workflow_that_is_deleted_go_nowhere(center, runner):
    text = CENTER[: CENTER.index("- name: Chat")]

    plan = planned(center, runner, text)

    assert counts(plan) == {("Chat", 1, None): 100}
    assert plan.impact.tasks.elsewhere == 100


def test_tasks_of_a_missing_workflow_are_not_counted_with_a_note(center, runner):
    tasks = [*TASKS, RecordedTask("Voise", {}, count=4)]

    plan = planned(center, runner, WEB_FIRST, tasks)
    shared = planned(center, runner, WEB_FIRST, tasks, is_shared=True)

    assert plan.impact.tasks == shared.impact.tasks == TasksImpact("tasks.csv", 120, 5)
    assert plan.impact.unknown == ["4 recorded tasks are of the workflow 'Voise', which the workspace does not have"]
    assert list(shared.impact.unknown) == []


def test_without_reading_workflows_there_is_no_note_about_other_workflows(center, runner):
    text = CENTER[: CENTER.index("workflows:")].replace("{name: Web}", '{name: Web, target_workers: "a == 1"}')

    plan = planned(center, runner, text)

    assert plan.impact.tasks == TasksImpact("tasks.csv", 120, 0)
    assert list(plan.impact.unknown) == []


def test_a_plan_without_changes_sends_no_task_elsewhere(center, runner):
    plan = planned(center, runner, CENTER)

    assert plan.impact.tasks == TasksImpact("tasks.csv", 120, 0)
    assert "recorded" not in plan_text(plan)


def test_recorded_tasks_do_not_change_the_identity_of_a_plan(center, runner):
    assert plan_id(planned(center, runner, WEB_FIRST)) == plan_id(center.plan(WEB_FIRST))


def test_the_pairs_with_most_tasks_come_first(center, runner):
    text = CENTER.replace("queue: Spanish,", "queue: Web,").replace("[{queue: Web}]", "[{queue: Spanish}]")

    told = " ".join(plan_text(planned(center, runner, text)).split())

    assert "18 of 120 recorded tasks (tasks.csv) go elsewhere, 15%" in told
    assert told.index("15 tasks such as") < told.index("3 tasks such as")


@pytest.mark.parametrize(
    ("tasks", "most", "excess"),
    [
        (TasksImpact("f", 100, 5), 5.0, None),
        (TasksImpact("f", 100, 6), 5.0, r"6 of 100 recorded tasks do \(6%\)$"),
        (TasksImpact("f", 100, 4, unclear=1), 5.0, None),
        (TasksImpact("f", 100, 4, unclear=2), 5.0, r"4 of 100 recorded tasks do \(4%\), and 2 more may"),
    ],
)
def test_a_task_that_may_go_elsewhere_counts_as_one_that_does(center, runner, tasks, most, excess):
    plan = planned(center, runner, WEB_FIRST)
    plan = replace(plan, impact=replace(plan.impact, tasks=tasks))

    if excess is None:
        require_few_routes_changed(plan, most)
    else:
        with pytest.raises(RouteChangeError, match=excess):
            require_few_routes_changed(plan, most)


def test_a_workflow_with_something_sensitive_shows_no_task(center, runner):
    text = WEB_FIRST + 'manage: {workflows: {sensitive: ["filters[Spanish].expression"]}}\n'

    plan = planned(center, runner, text)

    assert json.dumps(plan_document(plan)["impact"]["routes"]) == "[]"
    assert "sensitive" in plan.impact.unknown[0]


def test_the_page_of_a_plan_counts_them(center, runner):
    plan = planned(center, runner, FRENCH)

    page = plans_html([Entry("workspace.yaml", plan)])

    assert "0 of 120" in page
    assert "go elsewhere, 2 more may (tasks.csv)" in page
