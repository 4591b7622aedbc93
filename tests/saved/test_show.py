"""``show``: a saved plan for people, in any format; and ``plan --also``, which writes a second format."""

import json
from pathlib import Path

import pytest

from tests.saved.conftest import Said
from tr_apply.cli import run

TEXT = "workspace: {{name: {name}}}\ntask_queues: [{{name: A, max_reserved_workers: 7}}]\n"


@pytest.fixture
def saved(cli, write, live):  # noqa: ARG001  # the file must be there
    write("w.yaml", TEXT.format(name="Center"))
    return cli("plan", "w.yaml", "--out", "plan.json")


@pytest.fixture
def show(capsys):
    """Needs no TaskRouter."""

    def call(*arguments):
        code = run(["show", *arguments])
        printed = capsys.readouterr()
        return Said(code, printed.out, printed.err)

    return call


def test_the_text_is_that_of_the_plan(saved, show):
    said = show("plan.json")

    assert (said.code, said.out) == (0, saved.out)


def test_json_is_the_saved_document_unchanged(saved, show):
    assert saved.code == 0

    said = show("plan.json", "--format", "json")

    assert (said.code, said.out) == (0, Path("plan.json").read_text())


@pytest.mark.parametrize("name", ["markdown", "html"])
def test_every_format_of_plan_shows_the_same_plan(cli, saved, show, name):
    assert saved.code == 0

    assert (
        show("plan.json", "--format", name).out.replace("plan.json", "w.yaml")
        == cli("plan", "w.yaml", "--format", name).out
    )


def test_several_plans_are_shown_with_a_summary(cli, saved, show, write):
    assert saved.code == 0
    cli("plan", "w.yaml", write("x.yaml", TEXT.format(name="Other")), "--out", "both.json")

    said = show("both.json")

    assert [line.split()[1] for line in said.out.splitlines() if line.startswith("both.json")] == ["Center", "Other"]


def test_a_file_that_is_not_a_saved_plan_is_refused(saved, show, write):
    assert saved.code == 0
    edited = Path("plan.json").read_text().replace("Center", "Centre")

    assert show("nowhere.json").code == 64
    assert show(write("edited.json", edited)).code == 6
    assert show("w.yaml", "--format", "json").code == 6


def test_also_writes_further_formats_in_the_same_run(cli, saved, tmp_path):
    also = ["--also", "markdown=plan.md", "--also", "json=again.json", "--also", "text=plan.txt"]

    said = cli("plan", "w.yaml", "--format", "html", *also)

    assert said.code == 0
    assert said.out == cli("plan", "w.yaml", "--format", "html").out
    assert (tmp_path / "plan.md").read_text() == cli("plan", "w.yaml", "--format", "markdown").out
    assert (tmp_path / "plan.txt").read_text() == saved.out
    assert json.loads((tmp_path / "again.json").read_text()) == json.loads((tmp_path / "plan.json").read_text())


@pytest.mark.parametrize("also", ["xml=plan.xml", "html", "html=", "=plan.html"])
def test_another_form_of_also_is_a_usage_error(cli, saved, also):
    assert saved.code == 0

    said = cli("plan", "w.yaml", "--also", also)

    assert said.code == 64
    assert "FORMAT=FILE" in said.err


def test_a_format_has_one_file(cli, saved):
    assert saved.code == 0

    assert cli("plan", "w.yaml", "--also", "html=a.html", "--also", "html=b.html").code == 64
