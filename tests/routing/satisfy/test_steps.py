"""Steps that nobody can take."""

import pytest

from tr_apply.routing.evaluate import evaluate
from tr_apply.routing.parser import parse
from tr_apply.routing.satisfy import (
    Budget,
    Satisfiable,
    StepConditions,
    Unknown,
    Unsatisfiable,
    reach_step,
    reach_step_among,
)


def step(target=None, task=None, queue=None):
    return StepConditions(*(None if each is None else parse(each) for each in (target, task, queue)))


@pytest.mark.parametrize(
    ("conditions", "ruled_out_by"),
    [
        (step("1==0"), ("target",)),
        (step("task.a == 'x' AND task.a == 'y'", "a == 'x'"), ("target",)),
        (step("task.language == 'en'", "language == 'es'"), ("target", "filter")),
        (step("worker.level > 5", "topic == 'sales'", "level <= 5"), ("target", "queue")),
        (step("worker.level == task.level", "level == 1", "level == 2"), ("target", "filter", "queue")),
        (
            step("task.language IN worker.languages", "language == 'es'", "'es' NOT IN languages"),
            ("target", "filter", "queue"),
        ),
        (step(None, "a == 1 AND a == 2"), ("filter",)),
        (step("worker.level > 5", None, "sid == null"), ("queue",)),
    ],
)
def test_conditions_that_do_not_go_together_are_named(conditions, ruled_out_by):
    reach = reach_step(conditions)

    assert (reach.answer, reach.ruled_out_by) == (Unsatisfiable(), ruled_out_by)


def test_a_step_that_somebody_could_take_has_an_example_of_both():
    reach = reach_step(step("task.language IN worker.languages", "language == 'es'", "level > 3"))

    assert reach.answer == Satisfiable({"task": {"language": "es"}, "worker": {"languages": ["es"], "level": 4}})
    assert reach.ruled_out_by == ()


def test_a_step_without_conditions_is_for_everybody():
    assert reach_step(step()).answer == Satisfiable({})


def test_a_step_that_cannot_be_decided_is_unknown():
    circle = step("task.a < worker.a AND worker.a < task.b AND task.b < task.a")

    assert reach_step(circle).answer == Unknown("values")
    assert reach_step_among(step("task.a < task.b AND task.b < task.c AND task.c < task.a"), [{}]) == Unknown("values")


ANA = {"languages": ["es", "en"], "level": 3, "friendly_name": "ana", "team": {"city": "Rome"}}
BEN = {"languages": ["en"], "level": 7, "friendly_name": "ben"}


@pytest.mark.parametrize(
    ("target", "task", "somebody"),
    [
        ("task.language IN worker.languages", "language == 'es'", True),
        ("task.language IN worker.languages", "language == 'fr'", False),
        ("task.language IN worker.languages AND worker.level > 5", "language == 'es'", False),
        ("task.language IN worker.languages AND worker.level > 5", "language IN ['es', 'en']", True),
        ("worker.level > task.level", "level == 8", False),
        ("worker.level > task.level", "level == 6", True),
        ("worker.rank > task.rank", None, False),  # neither has one, and nothing is less than nothing
        ("worker.team.city == task.city", "city == 'Rome'", True),
        ("worker.team.city == task.city", "city == 'Oslo'", False),
        ("worker.team == task.team", "team != null", False),
        ("worker.team == task.team", "team == null", True),  # ben has none, and two missing values are equal
        ("task.a NOT IN worker.team", None, False),
        ("worker.team.city IN [task.city, 'Oslo']", "city == 'Rome'", True),
        ("worker.friendly_name == 'cho'", None, False),
        ("worker.sid == task.agent", "agent == 'WK1'", True),  # their SIDs are not known
        ("worker.sid == task.agent", "agent == null", False),
        ("worker.activity_name == 'Lunch'", None, True),
        ("worker.channel.voice.assigned_tasks == 0 AND worker.level > 5", None, True),
        ("worker.channel.voice.assigned_tasks < 0 AND worker.level > 5", None, False),
        (None, "language == 'es'", True),
        (None, "a == 1 AND a == 2", False),
        ("1==0", None, False),
    ],
)
def test_a_step_is_for_nobody_when_none_of_the_workers_can_take_any_of_its_tasks(target, task, somebody):
    answer = reach_step_among(step(target, task), [ANA, BEN])

    assert isinstance(answer, Satisfiable if somebody else Unsatisfiable)


def test_a_step_of_a_queue_without_workers_is_for_nobody():
    assert reach_step_among(step("1==1"), []) == Unsatisfiable()


def test_the_task_of_the_example_suits_one_of_the_workers():
    conditions = step("task.language IN worker.languages AND worker.level > 5", "language != null")

    answer = reach_step_among(conditions, [ANA, BEN])

    assert answer == Satisfiable({"task": {"language": "en"}})
    assert evaluate(conditions.target, {**answer.names, "worker": BEN})


def test_an_attribute_called_channel_says_nothing_about_loads():
    busy = step("worker.channel.voice.assigned_tasks > 0")

    assert isinstance(reach_step_among(busy, [{"channel": "voice"}]), Satisfiable)


def test_workers_whom_the_target_does_not_distinguish_cost_one_search():
    conditions, budget = step("task.language IN worker.languages", "language == 'fr'"), Budget()

    reach_step_among(conditions, [{"languages": ["en", "es"], "n": n} for n in range(500)], budget)

    assert Budget().left - budget.left == 1
