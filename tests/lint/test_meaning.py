"""Findings by meaning: what meaning.yaml says, and that each example is a task that goes where the finding says."""

import json
import re
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest

from tests.yaml_files import content_of
from tr_apply.config.load import load
from tr_apply.lint import lint
from tr_apply.lint.meaning import QueueStaff, workflow_document, workflow_findings
from tr_apply.routing.evaluate import evaluate
from tr_apply.routing.parser import parse

CASES = content_of(Path(__file__).with_name("meaning.yaml"))
EACH = [pytest.param(case, id=case["it"]) for case in CASES]
UNASKED = {"unused-queue", "no-default-filter"}


def configuration(case, path):
    filters = [[each] if isinstance(each, str) else each for each in case["filters"]]
    written = {
        "workspace": {"name": "X"},
        "task_queues": [{"name": "Q"}, {"name": "R", "target_workers": "skill == 'r'"}],
        "workflows": [
            {
                "name": "W",
                "filters": [{"expression": text, "targets": targets or [{"queue": "Q"}]} for text, *targets in filters],
                "default_filter": {"queue": "Q"},
            }
        ],
    } | ({"workers": case["workers"]} if "workers" in case else {})
    path.write_text(json.dumps(written), encoding="utf-8")
    return load(path)


def told(finding, expected):
    """*finding* as the table has it, with its message where the table has one."""
    number = re.search(r"filters\[(\d+)\]", finding.path)
    head = finding.code + (f" {int(number[1]) + 1}" if number else "")
    return head if head in expected or finding.code in expected else f"{head}: {finding.message}"


@pytest.mark.parametrize("case", EACH)
def test_the_meaning_of_a_workflow_gives_these_findings(case, tmp_path):
    checked = configuration(case, tmp_path / "c.yaml")

    lint(checked, today=date(2026, 1, 1))

    found = [told(each, case["found"]) for each in checked.diagnostics if each.code not in UNASKED]
    assert sorted(found) == sorted(case["found"])


@pytest.mark.parametrize("case", EACH)
def test_an_example_matches_its_filter_and_one_to_blame(case, tmp_path):
    workflow = configuration(case, tmp_path / "c.yaml").document.workflows[0]

    for found in workflow_findings(workflow, QueueStaff({"Q": "1==1", "R": "skill == 'r'"})):
        if found.task is not None and "${" not in json.dumps(found.task):
            if found.path[0] == "filters":
                assert evaluate(parse(workflow.filters[found.path[1]].expression), found.task)
            assert all(each.number < len(workflow.filters) + 1 for each in found.by)
            assert not found.by or any(evaluate(each.expression, found.task) for each in found.by)


def test_a_plan_shows_a_finding_with_the_names_of_the_filters_to_blame(tmp_path):
    case = {"filters": ["k IN ['web', 'sms']", "k == 'web' AND b == 1"]}
    workflow = configuration(case, tmp_path / "c.yaml").document.workflows[0]
    digital = workflow.filters[0].model_copy(update={"name": "Digital"})

    [found] = workflow_findings(workflow.model_copy(update={"filters": [digital, *workflow.filters[1:]]}))

    assert workflow_document(found, "workflows[2]") == {
        "code": "unreachable-filter",
        "message": 'never reached: filter 1 (Digital) takes every task of this one, such as {"b": 1, "k": "web"}',
        "path": "workflows[2].filters[1]",
        "task": {"b": 1, "k": "web"},
        "by": ["Digital"],
    }


def test_a_queue_in_which_nobody_can_be_is_never_true(tmp_path):
    path = tmp_path / "c.yaml"
    path.write_text(
        "workspace: {name: X}\n"
        "task_queues:\n"
        '  - {name: Q, target_workers: "level > 5 AND level < 3"}\n'
        '  - {name: Parking, target_workers: "1==0"}\n'
        '  - {name: R, target_workers: "level > 3 AND level < 5"}\n'
        "workers: [{name: ann, attributes: {level: 4}}]\n",
        encoding="utf-8",
    )
    checked = load(path)

    lint(checked, today=date(2026, 1, 1))

    found = [(each.code, each.line, each.message) for each in checked.diagnostics if each.code not in UNASKED]
    assert found == [("never-true", 3, "never true: nothing satisfies level > 5 and level < 3 together")]


def test_the_decision_procedure_is_not_imported_where_filters_are_plain(tmp_path):
    code = (
        "import sys; from datetime import date; from pathlib import Path; from tr_apply.config.load import load; "
        "from tr_apply.lint import lint; lint(load(Path(sys.argv[1])), today=date(2026, 1, 1)); "
        "print('tr_apply.routing.satisfy' in sys.modules)"
    )
    configuration({"filters": ["a == 'x'", "a == 'y'", "b == 1"]}, tmp_path / "plain.yaml")
    configuration({"filters": ["a == 'x'", "a == 'x'"]}, tmp_path / "repeated.yaml")

    def prints(name):
        command = [sys.executable, "-c", code, str(tmp_path / name)]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()

    assert (prints("plain.yaml"), prints("repeated.yaml")) == ("False", "True")
