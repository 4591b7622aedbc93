"""rules.yaml: the check list of routing. Each rule has a scenario that shows it, and each scenario a rule."""

from pathlib import Path

import pytest

from tests.yaml_files import content_of

FOLDER = Path(__file__).parent
RULES = content_of(FOLDER / "rules.yaml")


@pytest.fixture(scope="module")
def titles():
    return [
        f"{path.stem}: {scenario['rule']}"
        for path in sorted((FOLDER / "scenarios").glob("*.yaml"))
        for scenario in content_of(path)["scenarios"]
    ]


@pytest.mark.parametrize("section", RULES)
def test_every_rule_is_shown_by_scenarios_that_exist(titles, section):
    for rule in RULES[section]:
        assert rule["shown by"], rule["rule"]
        assert set(rule["shown by"]) <= set(titles), rule["rule"]


def test_every_scenario_shows_a_rule(titles):
    shown = {title for rules in RULES.values() for rule in rules for title in rule["shown by"]}

    assert set(titles) == shown


def test_no_title_is_used_twice(titles):
    assert len(titles) == len(set(titles))
