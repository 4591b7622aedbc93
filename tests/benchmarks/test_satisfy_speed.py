"""The cost of finding which filters are reached, which tasks move and who can take a step.

The seconds are of processor time; the tests limit their ratio to evaluating the same expressions for many tasks,
measured in the same run. Each may take three times as long as it does before a test fails.
"""

import json
import random
import time
from pathlib import Path

import pytest

from tr_apply.errors import ExpressionSyntaxError
from tr_apply.routing.evaluate import evaluate
from tr_apply.routing.parser import parse
from tr_apply.routing.place import Place
from tr_apply.routing.satisfy import (
    Budget,
    Filters,
    StepConditions,
    TaskFilter,
    Unknown,
    always_true,
    default_filter,
    moves,
    never_true,
    reach_step_among,
)

CORPUS = Path(__file__).parents[2].parent / "shared" / "corpus"
LANGUAGES = ("en", "es", "fr", "de", "it", "pt", "nl", "pl")


def large(number, seed=1):
    """Conditions as large ones are: four to six of language, topic, tier, attempts, skills, channel."""
    dice = random.Random(seed)
    for _ in range(number):
        one, other = dice.sample(LANGUAGES, 2)
        conditions = [
            f"(language == '{one}' OR language == '{other}')",
            f"topic IN {[f'topic{n}' for n in dice.sample(range(12), 3)]}",
            f"tier == '{dice.choice(('gold', 'silver', 'bronze'))}'",
            f"attempts >= {dice.randrange(5)}",
            f"(skills HAS 'skill{dice.randrange(20)}' OR channel != '{dice.choice(('voice', 'chat', 'sms'))}')",
            "callback != true",
        ]
        yield " AND ".join(dice.sample(conditions, dice.randint(4, 6)))


def seconds(work):
    began = time.process_time()
    result = work()
    return time.process_time() - began, result


def evaluating(trees, times, seed=2):
    """Seconds that it takes to ask each of *trees* about as many random tasks."""
    dice = random.Random(seed)
    tasks = [
        {
            "language": dice.choice(LANGUAGES),
            "topic": f"topic{dice.randrange(12)}",
            "tier": dice.choice(("gold", "silver", "bronze")),
            "attempts": dice.randrange(5),
            "skills": [f"skill{dice.randrange(20)}"],
            "channel": dice.choice(("voice", "chat")),
        }
        for _ in range(times)
    ]
    return seconds(lambda: sum(evaluate(tree, task) for task in tasks for tree in trees))[0]


def reach_all(trees):
    filters = Filters([TaskFilter(number, None, tree) for number, tree in enumerate(trees, 1)])
    return [*(filters.reach(index).answer for index in range(len(trees))), filters.reach_default().answer]


@pytest.mark.parametrize(("number", "tasks"), [(60, 200), (500, 1500)])
def test_whether_each_of_many_large_filters_is_reached(number, tasks, report):
    trees = [parse(text) for text in large(number)]

    taken, answers = seconds(lambda: reach_all(trees))

    reference = evaluating(trees, tasks)
    report(f"reachability of {number} large filters", f"{taken:.3f} s; {tasks} tasks {reference:.3f} s")
    assert not any(isinstance(each, Unknown) for each in answers)
    assert taken <= reference


def real_workflows():
    for file in sorted(CORPUS.glob("work*/*.json")):
        content = json.loads(file.read_text(encoding="utf-8"))
        for document in [each.get("configuration") for each in content.get("workflows", ())] or [content]:
            filters = ((document or {}).get("task_routing") or {}).get("filters") or ()
            yield [tree for each in filters if (tree := read(each.get("expression", ""))) is not None]


def read(text):
    try:
        return parse(text)
    except ExpressionSyntaxError:
        return None


def ask_everything(trees):
    for tree in trees:
        yield never_true(tree, Place.FILTER)
        yield always_true(tree, Place.FILTER)
    filters = Filters([TaskFilter(number, None, tree) for number, tree in enumerate(trees, 1)])
    for index in range(len(trees)):
        yield filters.reach(index).answer
        yield filters.reach_first(index).answer
    yield filters.reach_default().answer


@pytest.mark.skipif(not CORPUS.is_dir(), reason=f"no real configurations in {CORPUS}")
def test_every_question_about_every_real_workflow(report):
    workflows = list(real_workflows())

    taken, answers = seconds(lambda: [answer for trees in workflows for answer in ask_everything(trees)])

    reference = sum(evaluating(trees, 500) for trees in workflows)
    report(
        f"{len(answers)} questions about {len(workflows)} real workflows",
        f"{taken:.3f} s; 500 tasks {reference:.3f} s",
    )
    assert not any(each is None or isinstance(each, Unknown) for each in answers)
    assert taken <= reference


def test_the_moves_after_one_edit_and_one_move_among_60_filters(report):
    texts = list(large(60))
    before = [TaskFilter(number, None, parse(text), "none", number) for number, text in enumerate(texts, 1)]
    after = list(before)
    after[20] = TaskFilter(21, None, parse(f"{texts[20]} AND topic != 'topic3'"), "none", 21)
    after.insert(5, after.pop(40))

    taken, found = seconds(lambda: moves([*before, default_filter(0)], [*after, default_filter(0)]))

    reference = evaluating([parse(text) for text in texts], 500)
    report("moves among 60 filters", f"{taken:.3f} s, {len(found.found)} pairs; 500 tasks {reference:.3f} s")
    assert found.found
    assert not found.unknown
    assert taken <= reference


def test_160_steps_for_300_workers(report):
    dice = random.Random(5)
    workers = [
        {
            "skills": dice.sample([f"skill{n}" for n in range(40)], 4),
            "languages": dice.sample(LANGUAGES, 2),
            "level": dice.randrange(10),
        }
        for _ in range(300)
    ]
    steps = [
        StepConditions(
            parse(
                f"task.language IN worker.languages AND worker.level > {dice.randrange(4, 12)} "
                f"AND worker.skills HAS 'skill{dice.randrange(40)}'"
            ),
            parse(f"language == '{dice.choice(LANGUAGES)}' AND topic == 'sales'"),
        )
        for _ in range(160)
    ]
    budget = Budget()

    taken, answers = seconds(lambda: [reach_step_among(step, workers, budget) for step in steps])

    rounds, task = 3, {}
    reference, _ = seconds(
        lambda: [
            evaluate(step.target, {"worker": worker, "task": task})
            for _ in range(rounds)
            for step in steps
            for worker in workers
        ]
    )
    report(
        "160 steps for 300 workers",
        f"{taken:.3f} s, {Budget().left - budget.left} nodes; each worker about each step, {rounds} times, {reference:.3f} s",
    )
    assert not any(isinstance(each, Unknown) for each in answers)
    assert taken <= reference
