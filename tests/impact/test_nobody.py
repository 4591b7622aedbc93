"""Changes that leave something without people: empty queues, and steps in which nobody takes a task."""

import pytest

HEAD = "workspace: {name: Center}\n"
QUEUES = """
task_queues:
- {name: Everyone}
- {name: Senior, target_workers: "level > 2"}
- {name: Lost, target_workers: "langauge == 'es'"}
"""
WORKFLOWS = """
workflows:
- name: Voice
  filters:
  - name: Spanish
    expression: "language == 'es'"
    targets:
    - {queue: Senior, timeout: 60, expression: "worker.languages HAS 'es'"}
    - {queue: Everyone}
  - {expression: "language == 'en'", targets: [{queue: Senior, expression: "worker.languages HAS task.language"}]}
  default_filter: {queue: Everyone}
"""
WORKERS = """
workers:
- {name: ana, attributes: {languages: [es, en], level: 3}}
- {name: ben, attributes: {languages: [en], level: 4}}
- {name: cho, attributes: {languages: [es], level: 1}}
"""
CENTER = HEAD + QUEUES + WORKFLOWS
DEAD = (
    "target 1 of filter 1 (Spanish) of the workflow 'Voice': none of the 2 workers of the queue 'Senior' can ever take a "
    "task of this filter here"
)


@pytest.fixture
def center(world):
    world.apply(CENTER + WORKERS)
    return world


def findings(plan):
    return [(each.code, each.path) for each in plan.impact.findings]


def test_a_step_that_nobody_of_the_people_can_take_any_more_is_a_finding(center):
    plan = center.plan(CENTER.replace("worker.languages HAS 'es'", "worker.langauges HAS 'es'"))

    [finding] = plan.impact.findings
    assert (finding.code, finding.path) == ("dead-step", "workflows[0].filters[0].targets[0].expression")
    assert (finding.message, finding.task) == (DEAD, {"language": "es"})


def test_a_changed_queue_and_a_changed_worker_make_steps_dead_of_a_workflow_that_stays(center):
    step = ("dead-step", "workflows[0].filters[0].targets[0].expression")

    assert findings(center.plan(CENTER.replace("level > 2", "level > 3"))) == [step]
    assert findings(center.plan(CENTER + WORKERS.replace("[es, en], level: 3", "[en], level: 3"))) == [step]
    assert findings(center.plan(CENTER + WORKERS.replace("level: 3", "level: 5"))) == []


def test_a_queue_with_one_worker_says_so(center):
    plan = center.plan(CENTER.replace("level > 2", "level > 3"))

    assert plan.impact.findings[0].message.endswith(
        "the only worker of the queue 'Senior' cannot ever take a task of this filter here"
    )


def test_a_step_that_was_dead_before_is_not_brought_by_the_change(world):
    dead = CENTER.replace("worker.languages HAS 'es'", "worker.langauges HAS 'es'")
    world.apply(dead + WORKERS)

    plan = world.plan(dead.replace("level > 2", "level >= 1"))

    assert plan.operations
    assert findings(plan) == []


def test_another_name_of_a_filter_brings_no_dead_step(world):
    dead = CENTER.replace("worker.languages HAS 'es'", "worker.langauges HAS 'es'")
    world.apply(dead + WORKERS)
    renamed = dead.replace("name: Spanish", "name: En español").replace("level > 2", "level >= 1")

    assert findings(world.plan(renamed)) == []
    assert findings(world.plan(renamed.replace("worker.langauges", "worker.x == 1 AND worker.langauges"))) == [
        ("dead-step", "workflows[0].filters[0].targets[0].expression")
    ]


def test_a_step_of_a_filter_that_gets_no_task_is_not_a_finding_of_its_own(center):
    first = '  - {expression: "language != null", targets: [{queue: Everyone}]}\n  - name: Spanish'
    plan = center.plan(
        CENTER.replace("  - name: Spanish", first).replace("worker.languages HAS 'es'", "worker.langauges HAS 'es'")
    )

    assert {code for code, _ in findings(plan)} == {"unreachable-filter"}


def test_a_new_workflow_with_a_dead_step_is_a_finding_once_people_are_read(center):
    new = """
- name: Chat
  filters: [{expression: "a == 1", targets: [{queue: Senior, expression: "worker.shift == 'late'"}]}]
"""
    plan = center.plan(CENTER.replace("level > 2", "level >= 3") + new)

    assert center.plan(CENTER + new).impact.people.read == 0
    assert findings(plan) == [("dead-step", "workflows[1].filters[0].targets[0].expression")]


def test_a_workflow_with_secrets_shows_none_of_its_steps(center):
    secret = "manage: {workflows: {sensitive: ['filters[Spanish]']}}\n"

    plan = center.plan(CENTER.replace("worker.languages HAS 'es'", "worker.langauges HAS 'es'") + secret)

    assert findings(plan) == []


def test_queues_that_are_new_or_changed_and_stay_empty_are_findings(center):
    new = (
        QUEUES
        + """
- {name: Chess, target_workers: "chess == true"}
- {name: Parking, target_workers: "1==0"}
- {name: Never, target_workers: "a == 1 AND a == 2"}
- {name: Away, target_workers: "activity_name == 'Away'"}
- {name: Half, target_workers: "level == 1"}
"""
    )
    plan = center.plan(HEAD + new.replace("langauge == 'es'", "language == 'es'") + WORKFLOWS)

    found = {each.code: each for each in plan.impact.findings}
    assert findings(plan) == [
        ("empty-queue", "task_queues[3].target_workers"),
        ("empty-queue", "task_queues[2].target_workers"),
        ("empty-queue", "task_queues[5].target_workers"),
    ]
    assert found["empty-queue"].message == "no worker of the workspace is in the task queue 'Never'"


def test_a_queue_that_falls_to_nobody_is_among_the_people_alone(center):
    plan = center.plan(CENTER.replace("level > 2", "levle > 2"))

    assert [(each.queue, each.after) for each in plan.impact.people.queues] == [("Senior", 0)]
    assert "empty-queue" not in {code for code, _ in findings(plan)}


def test_a_queue_that_nobody_can_ever_be_in_is_found_once(center):
    plan = center.plan(CENTER.replace("langauge == 'es'", "a == 1 AND a == 2"))

    assert findings(plan) == [("never-true", "task_queues[2].target_workers")]


def test_without_people_there_is_no_finding_about_them(world):
    world.apply(CENTER)

    plan = world.plan(CENTER.replace("langauge", "language").replace("worker.languages HAS 'es'", "worker.x == 1"))

    assert findings(plan) == []
