"""scenarios/*.yaml: what happens to tasks and workers, rule by rule. They are the engine's specification."""

from pathlib import Path

import pytest

from tests.yaml_files import content_of

FOLDER = Path(__file__).parent / "scenarios"


def scenarios():
    for path in sorted(FOLDER.glob("*.yaml")):
        content = content_of(path)
        for scenario in content["scenarios"]:
            workspace = content["workspace"] | scenario.get("workspace", {})
            yield pytest.param(scenario, workspace, id=f"{path.stem}: {scenario['rule']}")


@pytest.mark.parametrize(("scenario", "workspace"), list(scenarios()))
def test_scenario(play, scenario, workspace):
    expected = [
        {"refused": None, "events": [], "then": {}}
        | {key: value for key, value in step.items() if key in {"at", "refused", "events", "then"}}
        for step in scenario["timeline"]
    ]

    assert list(play(scenario, workspace)) == expected
