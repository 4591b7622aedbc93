"""Everything that can be wrong with a configuration, case by case: see cases.yaml."""

from pathlib import Path

import pytest

from tests.yaml_files import TEXTS, content_of
from tr_apply.config.rules import RULES
from tr_apply.findings import Severity

CASES = content_of(Path(__file__).parent / "cases.yaml", TEXTS)


def written(finding, *, with_file):
    file = f"{finding.file}:" if with_file or finding.file != "c.yaml" else ""
    severity = "" if finding.severity is Severity.ERROR else f" ({finding.severity})"
    path = f" {finding.path}" if finding.path else ""
    return f"{file}{finding.line}:{finding.column} {finding.code}{severity}{path} | {finding.message}"


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_a_configuration_has_the_findings_of_its_case(loaded, case):
    inputs = {key: case[key] for key in ("overlays", "variable_files", "given", "environment") if key in case}

    configuration = loaded(case.get("files", case.get("text")), **inputs)

    found = [written(each, with_file="files" in case) for each in configuration.diagnostics]
    as_far_as_said = [
        text if " | " in wanted else text.partition(" | ")[0]
        for text, wanted in zip(found, case["finds"], strict=False)
    ]
    assert [*as_far_as_said, *found[len(as_far_as_said) :]] == case["finds"]


def test_no_two_cases_have_one_name():
    names = [case["name"] for case in CASES]

    assert len(set(names)) == len(names)


def test_every_code_of_a_case_is_documented():
    codes = {finding.split()[1] for case in CASES for finding in case["finds"]}

    assert codes <= {rule.code for rule in RULES}
