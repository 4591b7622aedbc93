"""``plan --base-ref``: changes made outside the repository, apart from changes of the files."""

import json
import os
import shutil
import subprocess

import pytest

from tests.conftest import without_settings
from tr_apply.cli import run
from tr_apply.deployment import revision

LOCAL = ["--local-db", "world.db"]
APPLIED = """
workspace: {name: Center}
task_queues:
  - {name: Gold}
  - {name: Silver}
  - {name: Bronze, target_workers: "${level} > 1"}
workers: [{name: alice, attributes: {level: 1, phone: "1"}}]
manage: {workers: {sensitive: [attributes.phone]}}
"""


def git(*arguments):
    done = subprocess.run(
        ["git", "-c", "user.name=t", "-c", "user.email=t@example.com", *arguments],
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


@pytest.fixture
def cli(capsys):
    def call(*arguments, code=0):
        found = run([*arguments, *LOCAL])
        printed = capsys.readouterr()
        assert found == code, printed.err
        return printed.out

    return call


@pytest.fixture(scope="module")
def _applied(tmp_path_factory):
    """A repository whose last commit was applied."""
    root = tmp_path_factory.mktemp("applied")
    (root / "config").mkdir()
    (root / "config/w.yaml").write_text(APPLIED)
    (root / "config/vars.yaml").write_text("level: task.level\n")
    (root / ".gitignore").write_text("world.db*\n")
    (root / ".gitattributes").write_text("config/w.yaml export-ignore\n")
    with pytest.MonkeyPatch.context() as patch:
        without_settings(patch)
        patch.chdir(root)
        git("init", "-q", "--template=")
        git("add", ".")
        git("commit", "-q", "-m", "applied")
        assert run(["apply", "config/w.yaml", "--var-file", "config/vars.yaml", "--auto-approve", "-q", *LOCAL]) == 0
    return root


@pytest.fixture
def repository(_applied, tmp_path):
    """A copy; the present file will say something else than what was applied, and so will the workspace."""
    shutil.copytree(_applied, tmp_path, dirs_exist_ok=True)
    return tmp_path / "config"


def outside(cli, tmp_path, text):
    """Somebody else changes the workspace."""
    (tmp_path / "other.yaml").write_text(text)
    cli("apply", "other.yaml", "--var", "level=task.level", "--auto-approve", "--allow-delete", "task_queue=1")


def planned(cli, *arguments, ref="HEAD"):
    out = cli(
        "plan", "config/w.yaml", "--var-file", "config/vars.yaml", "--base-ref", ref, "--format", "json", *arguments
    )
    [plan] = json.loads(out)["plans"]
    return plan


def rows(plan):
    return {(row["object"], row["path"]): tuple(row.values())[2:] for row in plan["origins"]["outside"]}


def by_name(plan):
    return {each["name"]: plan["origins"]["operations"][each["id"]] for each in plan["operations"]}


def test_changes_outside_are_shown_apart_from_changes_of_the_files(cli, repository, tmp_path):
    outside(
        cli,
        tmp_path,
        APPLIED.replace("{name: Gold}", "{name: Gold, max_reserved_workers: 5}")
        .replace("  - {name: Silver}\n", "  - {name: Extra}\n")
        .replace('phone: "1"', 'phone: "2"'),
    )
    (repository / "w.yaml").write_text(
        APPLIED.replace("{name: Gold}", "{name: Gold, task_order: LIFO}").replace("{level: 1", "{level: 2")
    )

    plan = planned(cli)

    extra = next(each["sid"] for each in plan["operations"] if each["name"] == "Extra")
    assert rows(plan) == {
        ("task_queue/Gold", "max_reserved_workers"): (1, 5, 1),
        ("task_queue/Silver", ""): ("declared", "(none)", "created"),
        ("task_queue/Extra", ""): ("(none)", extra, "deleted"),
        ("worker/alice", "attributes.phone"): ("(sensitive)", "(sensitive)", "(sensitive)"),
    }
    assert by_name(plan) == {"Gold": "both", "Silver": "outside", "Extra": "outside", "alice": "both"}


def test_true_in_the_files_is_not_the_one_that_was_there_before(cli, repository, tmp_path):
    outside(cli, tmp_path, APPLIED.replace("level: 1,", "level: 2,"))
    (repository / "w.yaml").write_text(APPLIED.replace("level: 1,", "level: true,"))

    assert by_name(planned(cli)) == {"alice": "both"}


def test_a_resource_that_was_added_outside_and_is_deleted_is_not_said_to_stay(cli, repository, tmp_path):
    more = '{level: 1, phone: "1", home: {city: Bern}, note: x}'
    outside(cli, tmp_path, APPLIED.replace('{level: 1, phone: "1"}', more))
    (repository / "w.yaml").write_text(APPLIED.replace('phone: "1"', 'phone: "1", home: {code: 1}'))

    plan = planned(cli)

    assert rows(plan) == {
        ("worker/alice", "attributes.home"): (
            None,
            {"city": "Bern"},
            {"attributes.home.city": "(none)", "attributes.home.code": 1},
        ),
        ("worker/alice", "attributes.note"): (None, "x", "(none)"),
    }


def test_a_value_that_is_sensitive_only_now_is_not_shown_either(cli, repository, tmp_path):
    outside(cli, tmp_path, APPLIED.replace("{level: 1", "{level: 82178217"))
    (repository / "w.yaml").write_text(APPLIED.replace("[attributes.phone]", "[attributes.phone, attributes.level]"))

    for form in ("text", "json", "markdown", "html"):
        out = cli("plan", "config/w.yaml", "--var-file", "config/vars.yaml", "--base-ref", "HEAD", "--format", form)
        assert "attributes.level" in out
        assert "82178217" not in out


def test_a_channel_that_is_sensitive_only_now_is_not_shown_either(cli, tmp_path, repository):
    text = APPLIED.replace('phone: "1"}', 'phone: "1"}, channels: {voice: {capacity: %d}}')
    (repository / "w.yaml").write_text(text % 2)
    git("commit", "-q", "-a", "-m", "with a channel")
    outside(cli, tmp_path, text % 47)
    (repository / "w.yaml").write_text((text % 3).replace("[attributes.phone]", "[channels.voice.capacity]"))

    plan = planned(cli)

    assert by_name(plan)["alice/voice"] == "both"
    [row] = [row for row in plan["origins"]["outside"] if row["object"] == "worker_channel/alice/voice"]
    assert row["path"] == "capacity"
    assert 47 not in row.values()


def test_a_change_of_the_files_alone_does_not_count_as_drift(cli, repository):
    (repository / "w.yaml").write_text(APPLIED.replace("{name: Gold}", "{name: Gold, task_order: LIFO}"))

    plan = planned(cli)

    assert rows(plan) == {}
    assert by_name(plan) == {"Gold": "files"}
    out = cli("plan", "config/w.yaml", "--var-file", "config/vars.yaml", "--base-ref", "HEAD")
    assert "Nothing was changed outside the repository since HEAD." in out


def test_a_change_that_the_files_have_taken_over_stays(cli, repository, tmp_path):
    text = APPLIED.replace("{name: Gold}", "{name: Gold, max_reserved_workers: 5}")
    outside(cli, tmp_path, text)
    (repository / "w.yaml").write_text(text)

    plan = planned(cli)

    assert plan["operations"] == []
    assert rows(plan) == {("task_queue/Gold", "max_reserved_workers"): (1, 5, None)}


def test_as_text_it_is_a_table(cli, repository, tmp_path):
    outside(cli, tmp_path, APPLIED.replace("{name: Gold}", "{name: Gold, max_reserved_workers: 5}"))
    (repository / "w.yaml").write_text(APPLIED.replace("{name: Silver}", "{name: Silver, task_order: LIFO}"))

    out = cli("plan", "config/w.yaml", "--var-file", "config/vars.yaml", "--base-ref", "HEAD")

    lines = [line.split() for line in out[out.index("changed outside") :].splitlines()]
    assert lines[0] == ["changed", "outside", "at", "HEAD", "live", "now", "planned", "to"]
    assert lines[1] == ["task_queue/Gold", "max_reserved_workers", "1", "5", "1"]
    assert "Operations of this plan: 1 from the files, 1 to undo changes made outside" in out


def test_variables_and_overlays_are_those_of_the_revision(cli, repository):
    (repository / "vars.yaml").write_text("level: worker.level\n")

    plan = planned(cli)

    assert rows(plan) == {}
    assert by_name(plan) == {"Bronze": "files"}


def test_a_rename_in_the_files_does_not_hide_what_happened_outside(cli, repository, tmp_path):
    outside(cli, tmp_path, APPLIED.replace("{name: Gold}", "{name: Gold, max_reserved_workers: 5}"))
    (repository / "w.yaml").write_text(
        APPLIED.replace("{name: Gold}", "{name: Golden, renamed_from: [Gold]}").replace(
            "{name: Center}", "{name: Centre, renamed_from: [Center]}"
        )
    )

    plan = planned(cli)

    assert ("task_queue/Gold", "max_reserved_workers") in rows(plan)
    assert by_name(plan)["Golden"] == "both"


PROBLEMS = {
    "not there": (lambda _folder: git("mv", "config/w.yaml", "config/x.yaml"), "was not there"),
    "broken": (lambda folder: (folder / "w.yaml").write_text("workspace: {what: 1}"), "cannot be used (2 findings)"),
    "with one mistake": (
        lambda folder: (folder / "w.yaml").write_text("workspace: {name: Center, what: 1}"),
        "cannot be used (1 finding)",
    ),
    "no longer fits the workspace": (
        lambda folder: (folder / "w.yaml").write_text(
            "workspace: {name: Center}\nworkflows: [{name: W, default_filter: {queue: Nowhere}}]"
        ),
        "no longer fits the workspace",
    ),
}


@pytest.mark.parametrize("case", PROBLEMS)
def test_a_plan_without_a_known_origin_says_so(cli, repository, case):
    deed, reason = PROBLEMS[case]
    deed(repository)
    git("commit", "-q", "-a", "-m", "odd")
    (repository / "w.yaml").write_text(APPLIED.replace("{name: Gold}", "{name: Gold, task_order: LIFO}"))

    plan = planned(cli)

    assert reason in plan["origins"]["problem"]
    assert plan["origins"]["outside"] == []
    assert len(plan["operations"]) == 1
    out = cli("plan", "config/w.yaml", "--var-file", "config/vars.yaml", "--base-ref", "HEAD")
    assert "The changes outside the repository are not known" in out


@pytest.mark.usefixtures("repository")
def test_a_new_workspace_has_no_past(cli, tmp_path):
    (tmp_path / "world.db").unlink()

    assert planned(cli)["origins"]["problem"] == "the workspace is new"


@pytest.mark.usefixtures("repository")
def test_nothing_is_known_of_a_path_in_no_repository(cli, tmp_path, monkeypatch):
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    subprocess.run(["rm", "-rf", ".git"], check=True)

    problem = "config/w.yaml is not in a git repository"
    assert planned(cli)["origins"] == {"base_ref": "HEAD", "problem": problem, "outside": [], "operations": {}}
    said = cli("plan", "config/w.yaml", "--var-file", "config/vars.yaml", "--base-ref", "HEAD")
    assert f"The changes outside the repository are not known: {problem}.\n" in said


@pytest.mark.usefixtures("repository")
@pytest.mark.parametrize("ref", ["nowhere", "--help", "HEAD~7", "HEAD:config/w.yaml"])
def test_an_unknown_revision_is_a_usage_error(cli, ref):
    cli("plan", "config/w.yaml", "--var-file", "config/vars.yaml", f"--base-ref={ref}", code=64)


@pytest.mark.usefixtures("repository")
def test_the_repository_is_left_as_it_was(cli):
    before = git("status", "--porcelain", "--ignored"), git("worktree", "list"), git("stash", "list")

    planned(cli)

    assert (git("status", "--porcelain", "--ignored"), git("worktree", "list"), git("stash", "list")) == before


@pytest.mark.usefixtures("repository")
def test_without_git_it_is_a_usage_error(cli, monkeypatch):
    monkeypatch.setenv("PATH", "")

    cli("plan", "config/w.yaml", "--var-file", "config/vars.yaml", "--base-ref", "HEAD", code=64)


def plan_that_cannot_be_made(capsys):
    """The message if the revision cannot be read."""
    assert run(["plan", "config/w.yaml", "--var-file", "config/vars.yaml", "--base-ref", "HEAD", *LOCAL]) == 64
    return capsys.readouterr().err


def test_a_repository_that_lacks_a_file_is_a_usage_error_with_the_words_of_git(repository, tmp_path, capsys):
    blob = git("hash-object", str(repository / "vars.yaml"))
    (tmp_path / ".git" / "objects" / blob[:2] / blob[2:]).unlink()

    said = plan_that_cannot_be_made(capsys)

    assert "--base-ref: git failed: " in said
    assert blob in said


@pytest.mark.usefixtures("repository")
@pytest.mark.skipif(os.name != "posix", reason="takes a shell script for git")
def test_a_git_that_does_not_answer_is_not_waited_for(tmp_path, monkeypatch, capsys):
    hanging = tmp_path / "bin" / "git"
    hanging.parent.mkdir()
    hanging.write_text("#!/bin/sh\nexec sleep 1000\n")
    hanging.chmod(0o755)
    monkeypatch.setenv("PATH", f"{hanging.parent}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setattr(revision, "_TIMEOUT_S", 0.1)

    assert "git has not answered within 0.1 s" in plan_that_cannot_be_made(capsys)


@pytest.mark.usefixtures("repository")
def test_a_repository_of_somebody_else_is_an_error_and_no_plan(monkeypatch, capsys):
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")  # git's own way to try that

    assert "dubious ownership" in plan_that_cannot_be_made(capsys)


@pytest.mark.parametrize("broken", ["gitdir: /nowhere/at/all", "nonsense"])
def test_a_broken_repository_is_an_error_and_no_plan(repository, capsys, broken):
    (repository / ".git").write_text(broken)

    assert "--base-ref: git failed: " in plan_that_cannot_be_made(capsys)


@pytest.mark.usefixtures("repository")
@pytest.mark.parametrize("ref", ["nothing", "HEAD~7", "--help", "", "HEAD:config", "\x1b[31mHEAD"])
def test_a_revision_that_does_not_exist_is_an_error_and_no_plan(capsys, ref):
    code = run(["plan", "config/w.yaml", "--var-file", "config/vars.yaml", f"--base-ref={ref}", *LOCAL])

    said = capsys.readouterr()
    assert code == 64
    assert said.out == ""
    assert "\x1b" not in said.err


@pytest.mark.usefixtures("repository")
def test_a_git_of_another_language_is_understood(tmp_path, monkeypatch, cli):
    """A file outside any repository is read as it is, in any language of git's messages."""
    speaking = tmp_path / "bin" / "git"
    speaking.parent.mkdir()
    speaking.write_text('#!/bin/sh\ntest "$LC_ALL$LANGUAGE" = CC || { echo "fatal: kein Git-Repository" >&2; exit 128; }\n'
                        f'exec {shutil.which("git")} "$@"\n')  # fmt: skip
    speaking.chmod(0o755)
    monkeypatch.setenv("PATH", f"{speaking.parent}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("LANGUAGE", "de")

    cli("plan", "config/w.yaml", "--var-file", "config/vars.yaml", "--base-ref", "HEAD")


@pytest.mark.usefixtures("repository")
def test_the_root_is_the_one_of_the_revision(tmp_path, cli):
    (tmp_path / "shared.csv").write_text("name,attributes.level\nalice,1\n")
    text = APPLIED.replace(
        'workers: [{name: alice, attributes: {level: 1, phone: "1"}}]', "workers: {csv: ../shared.csv}"
    )
    (tmp_path / "config" / "w.yaml").write_text(text)
    git("add", ".")
    git("commit", "-q", "-m", "with a table")
    arguments = ["plan", "config/w.yaml", "--var-file", "config/vars.yaml", "--base-ref", "HEAD", "--format", "json"]

    [plan] = json.loads(cli(*arguments, "--root", "."))["plans"]

    assert "problem" not in {key for key, value in plan["origins"].items() if value}
    cli(*arguments, code=3)
