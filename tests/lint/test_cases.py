"""lint(): what cases.yaml says, no more and no less."""

from datetime import date
from pathlib import Path

import pytest

from tests.yaml_files import content_of
from tr_apply.config.load import load
from tr_apply.findings import errors_of
from tr_apply.lint import lint, rules, verdicts
from tr_apply.lint.meaning_rules import MEANING_RULES
from tr_apply.lint.member_rules import SERVER_DISAGREES
from tr_apply.lint.rules import RULES
from tr_apply.routing.check import TEXT_RULES

CASES = content_of(Path(__file__).with_name("cases.yaml"))
EACH = [pytest.param(case, id=f"{code} {case['it']}") for code, cases in CASES.items() for case in cases]


@pytest.mark.parametrize("case", EACH)
def test_each_case_has_its_findings(case, tmp_path):
    path = tmp_path / "configuration.yaml"
    workspace = "" if "\nworkspace:" in f"\n{case['config']}" else "workspace: {name: X}\n"
    path.write_text(case["config"] + workspace, encoding="utf-8")
    configuration = load(path)
    before = list(configuration.notes.found)

    lint(configuration, today=date(2026, 1, 1))

    found = [each for each in configuration.diagnostics if each not in before]
    assert [f"{each.severity} {each.code} {each.line}:{each.column}" for each in found] == case.get("at", []), found
    assert bool(errors_of(before)) is case.get("invalid", False), before


@pytest.mark.parametrize("code", [rule.code for rule in (*RULES, *verdicts.RULES)])
def test_each_rule_has_a_case_in_which_it_finds_something_and_one_in_which_it_does_not(code):
    finds = [any(f" {code} " in place for place in case.get("at", [])) for case in CASES[code]]

    assert set(finds) == {True, False}


def test_the_table_has_every_code_once():
    codes = [row.code for row in rules()]

    of_files = len(RULES) + len(MEANING_RULES) + len(TEXT_RULES) + len(verdicts.RULES)
    assert len(codes) == len(set(codes)) == of_files + len({SERVER_DISAGREES})


def test_the_table_has_the_severity_that_a_finding_has():
    severities = {row.code: row.severity.value for row in rules()}

    found = {tuple(place.split()[:2]) for cases in CASES.values() for case in cases for place in case.get("at", [])}

    assert all(severities[code] == severity for severity, code in found)


def test_a_former_name_in_an_expression_is_shown_with_the_present_one(tmp_path):
    path = tmp_path / "configuration.yaml"
    target = "{queue: Q, expression: \"worker.activity_name != 'lunch' AND worker.channel.mail.assigned_tasks < 1\"}"
    path.write_text(f"""
workspace: {{name: X}}
activities: [{{name: Offline}}, {{name: Pause, renamed_from: [Lunch]}}]
task_channels: [{{unique_name: email, name: Mail, renamed_from: [mail]}}]
task_queues: [{{name: Q}}]
workflows: [{{name: W, filters: [{{expression: "1==1", targets: [{target}]}}]}}]
""")
    configuration = load(path)

    lint(configuration, today=date(2026, 1, 1))

    said = [each.message for each in configuration.diagnostics if each.code in {"unknown-activity", "unknown-channel"}]
    assert [message.partition("; ")[2] for message in said] == ["it is now 'Pause'", "it is now 'email'"]
