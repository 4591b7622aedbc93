"""Every example is a contact centre: valid without a warning, applied in one run, and nothing left for the next."""

import json
from pathlib import Path

import pytest

from tr_apply.cli import run
from tr_apply.config.load import Inputs, load

FOLDER = Path(__file__).parent.parent / "examples"
EXAMPLES = ["minimal.yaml", "support-center", "flex"]


@pytest.fixture
def database(tmp_path):
    return str(tmp_path / "local.db")


def apply(capsys, database, *arguments):
    code = run(["apply", "--local-db", database, "--auto-approve", "--format", "json", *map(str, arguments)])
    return code, json.loads(capsys.readouterr().out)


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_is_valid_without_a_warning(capsys, name):
    code = run(["validate", "--fail-on", "warning", str(FOLDER / name)])

    assert code == 0
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_is_applied_and_then_there_is_nothing_to_do(capsys, database, name):
    first_code, first = apply(capsys, database, FOLDER / name)
    second_code, second = apply(capsys, database, FOLDER / name)

    assert (first_code, second_code) == (0, 0)
    assert first["plans"][0]["verified"] is True
    assert first["plans"][0]["summary"]["create"] > 0
    assert second["plans"][0]["operations"] == []


def test_the_support_center_is_as_large_as_it_says(capsys, database):
    _, done = apply(capsys, database, FOLDER / "support-center")

    kinds = [operation["kind"] for operation in done["plans"][0]["operations"] if operation["action"] == "create"]
    assert kinds.count("task_queue") == 8
    assert kinds.count("workflow") == 3
    assert kinds.count("worker") == 12
    assert kinds.count("task_channel") == 3


def test_the_overlay_of_the_support_center_makes_a_second_one(capsys, database):
    overlay = FOLDER / "support-center" / "overlays" / "staging.yaml"

    apply(capsys, database, FOLDER / "support-center")
    code, done = apply(capsys, database, FOLDER / "support-center", "--overlay", overlay)

    assert code == 0
    names = {(operation["kind"], operation["name"]) for operation in done["plans"][0]["operations"]}
    assert ("workspace", "Support Center (staging)") in names
    assert ("worker", "luis") not in names


def test_the_staging_overlay_says_that_its_workspace_is_a_new_one():
    configuration = load(
        FOLDER / "support-center", Inputs(overlays=[FOLDER / "support-center" / "overlays" / "staging.yaml"])
    )

    assert "renamed_from" in configuration.document.workspace.model_fields_set
    assert configuration.document.workspace.renamed_from == []


def test_the_routing_tests_of_the_support_center_pass_and_reach_everything(capsys):
    code = run(["test", str(FOLDER / "support-center"), "--coverage", "--format", "json"])

    document = json.loads(capsys.readouterr().out)
    assert code == 0
    assert document["summary"]["failed"] == 0
    assert document["summary"]["passed"] >= 8
    assert document["coverage"][0]["percentage"] == 100


def test_the_picture_in_the_readme_is_what_graph_draws(capsys):
    code = run(["graph", str(FOLDER / "support-center"), "--workflow", "Voice", "--format", "svg"])

    assert code == 0
    assert capsys.readouterr().out == (FOLDER / "support-center" / "voice.svg").read_text(encoding="utf-8")
    assert "](examples/support-center/voice.svg)" in (FOLDER.parent / "README.md").read_text(encoding="utf-8")
