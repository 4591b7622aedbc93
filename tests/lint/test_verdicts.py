"""lint: in a configuration: how bad a finding counts, and which ones stay."""

from datetime import date

import pytest

from tr_apply.config.load import load
from tr_apply.lint import lint

BODY = """
workspace: {name: X}
task_queues: [{name: Q}, {name: Unused}]
workflows:
  - name: W
    filters: [{expression: "a == 1", targets: [{queue: Q}]}, {expression: "a == 1", targets: [{queue: Q}]}]
    default_filter: {queue: Q}
  - {name: V}
"""
TODAY = date(2026, 6, 30)


@pytest.fixture
def judged(tmp_path):
    def judge(head, body=BODY):
        path = tmp_path / "w.yaml"
        path.write_text(f"lint: {head}{body}", encoding="utf-8")
        configuration = load(path)
        lint(configuration, today=TODAY)
        return configuration

    return judge


def codes(configuration):
    return sorted(f"{each.severity} {each.code}" for each in configuration.diagnostics)


def test_without_a_word_a_finding_counts_as_its_rule_says(judged):
    assert codes(judged("{}")) == ["info unused-queue", "warning empty-workflow", "warning unreachable-filter"]


def test_a_severity_is_that_of_every_finding_of_the_code(judged):
    found = judged("{severity: {unused-queue: off, hidden-filter: error, empty-workflow: info}}")

    assert codes(found) == ["error unreachable-filter", "info empty-workflow"]


def test_a_code_has_two_names(judged):
    assert "error unreachable-filter" in codes(judged("{severity: {unreachable-filter: error}}"))


@pytest.mark.parametrize(
    "accept",
    [
        "{code: empty-workflow, in: workflow/V, because: x}",
        "{code: empty-workflow, in: workflow/v, because: x}",
        "{code: empty-workflow, in: 'workflow/*', because: x}",
        "{code: empty-workflow, because: x}",
        "{code: empty-workflow, in: workflow/V, because: x, until: 2026-06-30}",
    ],
)
def test_an_accepted_finding_is_not_listed_any_more_and_keeps_its_reason(accept, judged):
    found = judged(f"{{accept: [{accept}]}}")

    assert codes(found) == ["info unused-queue", "warning unreachable-filter"]
    assert [(each.code, each.because) for each in found.accepted] == [("empty-workflow", "x")]


def test_an_accepted_finding_does_not_become_an_error(judged):
    found = judged("{severity: {empty-workflow: error}, accept: [{code: empty-workflow, in: workflow/V, because: x}]}")

    assert "error empty-workflow" not in codes(found)


def test_after_its_last_day_a_finding_counts_again(judged):
    found = judged("{accept: [{code: empty-workflow, in: workflow/V, because: x, until: 2026-06-29}]}")

    assert "warning empty-workflow" in codes(found)
    assert [each.message for each in found.diagnostics if each.code == "unused-accept"] == [
        "its last day was 2026-06-29, so the finding counts again"
    ]


@pytest.mark.parametrize("day", ["2026-6-30", "20260630", "2026-02-30", "soon"])
def test_a_day_is_a_date(day, judged):
    found = judged(f"{{accept: [{{code: empty-workflow, because: x, until: '{day}'}}]}}")

    assert "error invalid-value" in codes(found)


def test_entries_of_several_files_count_together(tmp_path):
    (tmp_path / "a.yaml").write_text("lint: {accept: [{code: empty-workflow, because: x}]}" + BODY, encoding="utf-8")
    (tmp_path / "b.yaml").write_text(
        "lint: {severity: {unused-queue: off}, accept: [{code: hidden-filter, because: y}]}", encoding="utf-8"
    )
    configuration = load(tmp_path)

    lint(configuration, today=TODAY)

    assert codes(configuration) == []


UNREADABLE = """
workspace: {name: X}
task_queues: [{name: Q, target_workers: "skill-level > 3"}]
"""


def test_an_expression_is_accepted_by_its_exact_text_alone(judged):
    exact = "{accept: [{code: expression-syntax, in: task_queue/Q, text: 'skill-level > 3', because: deployed}]}"

    assert codes(judged(exact, UNREADABLE)) == ["warning expression-syntax"]
    assert codes(judged(exact.replace("> 3", ">3"), UNREADABLE)) == ["error expression-syntax", "info unused-accept"]
    assert "error lasting-error" in codes(judged(exact.replace("text: 'skill-level > 3', ", ""), UNREADABLE))
