"""An expression that TaskRouter holds and that does not parse here is exported with a reason, and locks nobody out."""

import json
from datetime import date

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tr_apply.findings import Severity
from tr_apply.lint import lint

LIVE = """
workspace: {name: Center}
task_queues: [{name: Q}, {name: Other}]
workflows:
  - name: W
    filters: [{name: F, expression: "a == 1", targets: [{queue: Q}]}]
"""
SOME_TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=20)
SEVERAL = settings(max_examples=60, suppress_health_check=list(HealthCheck))


def hold(world, *, queue="1==1", expression="a == 1", **target):
    """Make the world hold these texts, which no request could bring it to."""
    filters = [{"expression": expression, "targets": [{"queue": world.sid("TaskQueues", "Q"), **target}]}]
    world.sql("UPDATE task_queue SET target_workers = ? WHERE friendly_name = 'Q'", queue)
    world.sql("UPDATE workflow SET configuration = ?", json.dumps({"task_routing": {"filters": filters}}))


def linted(world, text):
    configuration = world.configuration(text)
    lint(configuration, today=date(2026, 1, 1))
    configuration.require_valid()
    return configuration


@pytest.mark.parametrize(
    "texts",
    [
        {"queue": "skill-level > 3"},
        {"queue": "id == '${sid} AND"},
        {"expression": "a = = 1"},
        {"expression": " "},
        {"expression": "worker.level >"},
        {"order_by": "worker.level SIDEWAYS"},
        {"skip_if": "workers.available =="},
        {"known_worker_sid": "task agent"},
        {"known_worker_friendly_name": "1 2"},
    ],
)
def test_the_export_accepts_texts_that_do_not_parse_and_plans_empty(world, exported, told_plan, texts):
    world.apply(LIVE)
    filled = {key: text.replace("${sid}", world.sid("TaskQueues", "Other")) for key, text in texts.items()}
    hold(world, **filled)

    text = exported(world)

    [accept] = yaml.safe_load(text)["lint"]["accept"]
    written = next(iter(texts.values())).replace("${sid}", "${sid:task_queue/Other}")
    within = "task_queue/Q" if "queue" in texts else "workflow/W"
    assert accept == {
        "code": "expression-syntax",
        "in": within,
        "text": written,
        "because": "TaskRouter holds this text",
    }
    found = [(each.severity, each.code) for each in linted(world, text).diagnostics if each.code.startswith("expr")]
    assert found == [(Severity.WARNING, "expression-syntax")]
    assert told_plan(world.plan(text)) == []


def test_a_text_that_occurs_often_in_a_workflow_is_accepted_once(world, exported):
    world.apply(LIVE)
    hold(world, queue="a >", expression="a >", skip_if="a >")

    accepted = yaml.safe_load(exported(world))["lint"]["accept"]

    assert [each["in"] for each in accepted] == ["task_queue/Q", "workflow/W"]


def test_an_export_of_valid_expressions_accepts_nothing(world, exported):
    world.apply(LIVE)

    assert "lint" not in yaml.safe_load(exported(world))


@pytest.mark.parametrize("name", ["a*b", "a/b", "[Q]", "${x}", "a\nb", "a}b"])
def test_any_name_of_a_queue_can_be_accepted(world, exported, told_plan, name):
    world.apply("workspace: {name: Center}\n")
    world.make("TaskQueues", FriendlyName=name)
    world.sql("UPDATE task_queue SET target_workers = 'a >'")

    text = exported(world)

    linted(world, text)
    assert told_plan(world.plan(text)) == []


@SEVERAL
@given(queue=SOME_TEXT, expression=SOME_TEXT, order=SOME_TEXT)
def test_for_any_live_texts_the_export_is_valid_and_plans_empty(new_world, exported, queue, expression, order):
    world = new_world()
    world.apply(LIVE)
    hold(world, queue=queue, expression=expression, order_by=order)

    text = exported(world)

    linted(world, text)
    assert world.plan(text).operations == []
