"""``--var``: a variable that nothing uses is most likely misspelt."""

import json
from types import SimpleNamespace

import pytest

from tr_apply.cli import run

FILE = "variables: {team: {default: emea}}\nworkspace: {name: 'W ${region:-x}'}\n"


@pytest.fixture
def cli(capsys):
    def call(*arguments):
        code = run(list(arguments))
        return SimpleNamespace(code=code, **capsys.readouterr()._asdict())

    return call


@pytest.fixture
def write(tmp_path):
    def to(name, text):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
        return name

    return to


@pytest.fixture
def path(write):
    return write("w.yaml", FILE)


@pytest.mark.parametrize("command", [["validate"], ["plan", "--local"], ["apply", "--local", "--auto-approve"], ["test"], ["destroy", "--local"], ["route", "--workflow", "F", "--task", "{}"], ["render"]], ids=lambda each: each[0])  # fmt: skip
def test_a_variable_that_nothing_uses_is_an_error_with_a_suggestion(cli, path, tmp_path, command):
    said = cli(*command, path, "--var", "taem=us")

    assert said.code == 3
    assert "nothing uses taem; did you mean team?" in said.out + said.err
    assert not (tmp_path / ".tr-apply").exists()  # nothing was written


def test_the_error_has_its_code(cli, path):
    said = cli("validate", path, "--var", "taem=us", "--format", "json")

    assert [each["code"] for each in json.loads(said.out)["errors"]] == ["unused-variable"]


@pytest.mark.parametrize("name", ["team", "region"])
def test_a_variable_is_used_where_it_is_declared_or_in_a_string(cli, path, name):
    assert cli("validate", path, "--var", f"{name}=us").code == 0


def test_one_of_several_configurations_suffices(cli, path, write):
    other = write("other.yaml", "workspace: {name: O, event_callback_url: '${sink:-}'}\n")

    assert cli("validate", path, other, "--var", "sink=https://x.example/", "--var", "team=us").code == 0
    assert cli("validate", path, "--var", "sink=https://x.example/").code == 3


def test_overlays_tests_and_tables_use_variables_too(cli, write, tmp_path):
    write(
        "c/w.yaml",
        "workspace: {name: W}\nworkflows: [{name: F, default_filter: {queue: Q}}]\nworkers: {csv: people.csv}\n",
    )
    write("c/people.csv", "name,attributes.team\nann,${team}\n")
    write("c/w.test.yaml", "tests: [{name: T, workflow: F, task: {a: '${task}'}, expect: {unrouted: true}}]\n")
    write("o.yaml", "workspace: {event_callback_url: 'https://${host}/'}\n")

    given = [part for name in ("team", "task", "host") for part in ("--var", f"{name}=x.example")]
    assert cli("validate", str(tmp_path / "c"), "--overlay", "o.yaml", *given).code == 0


def test_a_file_of_variables_may_have_some_that_nothing_uses(cli, path, write):
    write("v.yaml", "team: us\nother: x\n")

    assert cli("validate", path, "--var-file", "v.yaml").code == 0


def test_a_file_that_cannot_be_read_to_its_end_is_the_only_finding(cli, write):
    said = cli("validate", write("w.yaml", "workspace: {name: W\n"), "--var", "x=y")

    assert "unused-variable" not in said.out
    assert "yaml-syntax" in said.out
