"""`safety.delete: declared`: only what the configuration at --base-ref declared is deleted."""

import json
import subprocess

import pytest

from tr_apply.cli import run

LOCAL = ["--local-db", "world.db"]
BEFORE = {"workspace": {"name": "Center"}, "workers": [{"name": name} for name in ("ann", "ben", "cho", "dan", "eve")]}
NOW = {
    **BEFORE,
    "workers": BEFORE["workers"][:-1],
    "safety": {"delete": "declared", "max_deletes": "50%"},
}


def git(*arguments):
    subprocess.run(["git", "-c", "user.name=t", "-c", "user.email=t@example.com", *arguments], check=True)


@pytest.fixture
def cli(capsys):
    def call(*arguments):
        code = run([*arguments, *LOCAL, "--format", "json"])
        return code, json.loads(capsys.readouterr().out)

    return call


@pytest.fixture
def repository(tmp_path, monkeypatch, cli):
    """The applied configuration is committed, a worker was hired in the Console since then, and the file removes eve."""
    monkeypatch.chdir(tmp_path)
    git("init", "-q")
    (tmp_path / "w.yaml").write_text(json.dumps(BEFORE))
    git("add", "w.yaml")
    git("commit", "-q", "-m", "applied")
    assert cli("apply", "w.yaml", "--auto-approve")[0] == 0
    (tmp_path / "hired.yaml").write_text(
        json.dumps(
            {"workspace": {"name": "Center"}, "workers": [{"name": "new.hire"}], "manage": {"workers": "additive"}}
        )
    )
    assert cli("apply", "hired.yaml", "--auto-approve")[0] == 0
    (tmp_path / "hired.yaml").unlink()
    (tmp_path / "w.yaml").write_text(json.dumps(NOW))
    return tmp_path


def blocked(document):
    return {each["message"].split("'")[1]: each["code"] for plan in document["plans"] for each in plan["blocked"]}


@pytest.mark.usefixtures("repository")
def test_each_delete_says_whether_the_revision_declared_it(cli):
    code, document = cli("plan", "w.yaml", "--base-ref", "HEAD")

    assert code == 0
    reasons = {each["name"]: each["reason"] for each in document["plans"][0]["operations"]}
    assert reasons == {
        "eve": "not declared in `workers`; declared at HEAD",
        "new.hire": "not declared in `workers`; not declared at HEAD either",
    }
    assert blocked(document) == {"new.hire": "not-declared"}


@pytest.mark.usefixtures("repository")
@pytest.mark.parametrize(
    ("form", "before"), [("text", "  # "), ("markdown", "  # "), ("html", '</b> <span class="source">')]
)
def test_each_delete_says_so_to_people_too(capsys, form, before):
    assert run(["plan", "w.yaml", "--base-ref", "HEAD", *LOCAL, "--format", form]) == 0

    said = capsys.readouterr().out
    assert f"- worker eve{before}declared at HEAD" in said
    assert f"- worker new.hire{before}not declared at HEAD either" in said


def test_an_apply_refuses_undeclared_resources_and_deletes_the_rest(repository, cli):
    code, _ = cli("apply", "w.yaml", "--auto-approve", "--base-ref", "HEAD")
    assert code == 6

    (repository / "w.yaml").write_text(json.dumps({**NOW, "workers": [*NOW["workers"], {"name": "new.hire"}]}))
    code, document = cli("apply", "w.yaml", "--auto-approve", "--base-ref", "HEAD")

    assert code == 0
    assert [(each["action"], each["name"]) for each in document["plans"][0]["operations"]] == [("delete", "eve")]


@pytest.mark.usefixtures("repository")
@pytest.mark.parametrize("command", [["plan"], ["apply", "--auto-approve"]])
def test_without_a_revision_all_deletes_are_blocked(cli, command):
    code, document = cli(command[0], "w.yaml", *command[1:])

    assert code == (6 if command[0] == "apply" else 0)
    assert blocked(document) == {"eve": "not-declared", "new.hire": "not-declared"}
    assert all("give --base-ref" in each["message"] for each in document["plans"][0]["blocked"])


@pytest.mark.usefixtures("repository")
def test_a_saved_plan_stores_the_answer(cli):
    cli("plan", "w.yaml", "--base-ref", "HEAD", "--out", "plan.json")

    code, document = cli("apply", "--plan", "plan.json")

    assert code == 6
    assert "'new.hire' is deleted only if it was declared before" in document["errors"][0]["message"]


def test_a_revision_without_the_file_declared_nothing(repository, cli):
    (repository / "other.yaml").write_text(json.dumps(NOW))

    code, document = cli("plan", "other.yaml", "--base-ref", "HEAD")

    assert code == 0
    assert set(blocked(document).values()) == {"not-declared"}
    assert "other.yaml was not there at HEAD" in document["plans"][0]["blocked"][0]["message"]
