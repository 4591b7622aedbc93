"""The composite action: its steps are run as GitHub's runner would, against the embedded TaskRouter and a small GitHub."""

import io
import json
import os
import re
import runpy
import shutil
import subprocess
import sys
import threading
import zipfile
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
import yaml

from tests.yaml_files import content_of
from tr_apply.cli import run as run_tr_apply
from tr_apply.starter.action import pull_request

ROOT = Path(__file__).parents[1]
ACTION = ROOT / ".github/actions/tr-apply"
BOT = "github-actions[bot]"
HEAD = "beef" * 10
COMMIT = "c0ffee" * 6 + "abcd"
TOKEN = "ghs_secretsecretsecret"
INPUT = re.compile(r"\$\{\{ inputs\.([a-z-]+) \}\}")

WORKSPACE = """\
workspace: {name: Shop}
task_queues:
  - {name: Everyone}
"""


# A small GitHub


class GitHub(ThreadingHTTPServer):
    """One repository with pull requests and comments, as far as the action asks for them."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Answers)
        self.comments = []
        self.pulls = []
        self.runs = []
        self.artifacts = {}
        self.requests = []
        self.breaks = None
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_address[1]}"

    def comment(self, body, author=BOT, number=7):
        self.comments.append({"id": len(self.comments) + 1, "issue": number, "body": body, "user": {"login": author}})
        return self.comments[-1]

    def merged(self, number=7, **more):
        head = {"sha": HEAD}
        pull = {"number": number, "merged_at": "2026-01-01T00:00:00Z", "merge_commit_sha": COMMIT, "head": head}
        self.pulls.append(pull | more)

    def ran(self, files, name="tr-apply-plan-taskrouter", number=11, **more):
        """A run of this workflow that has left an artifact with these *files*, by name, or the folder that holds them."""
        content = io.BytesIO()
        with zipfile.ZipFile(content, "w") as archive:
            for path, text in files.items() if isinstance(files, dict) else texts_in(files).items():
                archive.writestr(path, text)
        run = {
            "id": number,
            "event": "pull_request",
            "status": "success",
            "head_sha": HEAD,
            "path": ".github/workflows/tr-apply.yml",
            "head_repository": {"full_name": "team/center"},
        }
        self.runs.append(run | more)
        self.artifacts[number] = (name, content.getvalue())

    @property
    def writes(self):
        return [method for method, *_ in self.requests if method != "GET"]


class Answers(BaseHTTPRequestHandler):
    def log_message(self, *_):
        """A test's output is not the place."""

    def do_GET(self):
        path = self._noted()
        if self._broken():
            return
        query = parse_qs(urlsplit(self.path).query)
        if path.startswith(("/repos/team/center/actions/", "/storage/")):
            self._answer_actions(path, query)
            return
        if path == f"/repos/team/center/commits/{COMMIT}/pulls":
            items = self.server.pulls
        else:
            number = int(re.fullmatch(r"/repos/team/center/issues/(\d+)/comments", path)[1])
            items = [each for each in self.server.comments if each["issue"] == number]
        size, page = int(query["per_page"][0]), int(query["page"][0])
        self._answer(200, items[(page - 1) * size : page * size])

    def _answer_actions(self, path, query):
        """Runs and their artifacts, each with the number of its run; the artifacts are at another address."""
        match path.removeprefix("/repos/team/center/actions/").split("/"):
            case ["runs"]:
                found = [
                    each
                    for each in self.server.runs
                    if all(each[key] == query[key][0] for key in ("head_sha", "event", "status"))
                ]
                self._answer(200, {"workflow_runs": found})
            case ["runs", number]:
                found = [each for each in self.server.runs if each["id"] == int(number)]
                self._answer(200 if found else 404, found[0] if found else {})
            case ["runs", number, "artifacts"]:
                name, _ = self.server.artifacts[int(number)]
                self._answer(200, {"artifacts": [{"id": int(number), "name": name}]})
            case ["artifacts", number, "zip"]:
                self._send(302, b"", Location=f"{self.server.url}/storage/{number}")
            case ["", "storage", number]:
                self._send(200, self.server.artifacts[int(number)][1])

    def do_POST(self):
        path, value = self._noted(), self._value()
        number = int(re.fullmatch(r"/repos/team/center/issues/(\d+)/comments", path)[1])
        self._answer(201, self.server.comment(value["body"], number=number))

    def do_PATCH(self):
        path, value = self._noted(), self._value()
        number = int(re.fullmatch(r"/repos/team/center/issues/comments/(\d+)", path)[1])
        found = self.server.comments[number - 1]
        found["body"] = value["body"]
        self._answer(200, found)

    def _noted(self):
        path = urlsplit(self.path).path
        self.server.requests.append((self.command, path, self.headers["Authorization"]))
        return path

    def _broken(self):
        match self.server.breaks:
            case None:
                return False
            case int(status):
                self._answer(status, {"message": "no"})
            case bytes(content):
                self._send(200, content)
            case str(location):
                self._send(302, b"", Location=location)
        return True

    def _value(self):
        return json.loads(self.rfile.read(int(self.headers["Content-Length"])))

    def _answer(self, status, value):
        self._send(status, json.dumps(value).encode())

    def _send(self, status, content, **headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


@pytest.fixture
def github():
    server = GitHub()
    yield server
    server.shutdown()
    server.server_close()


def texts_in(folder):
    return {str(each.relative_to(folder)): each.read_text() for each in folder.rglob("*") if each.is_file()}


# A small runner


@dataclass
class Ran:
    code: int
    log: str
    outputs: dict
    summary: str
    artifact: str
    kept: Path | None

    @property
    def commands(self):
        """Workflow commands that the runner would obey."""
        found, pause = [], None
        for line in self.log.splitlines():
            text = line.lstrip()
            if pause is not None:
                pause = None if text == f"::{pause}::" else pause
            elif match := re.match(r"::stop-commands::(.+)", text):
                pause = match[1]
            elif text.startswith("::"):
                found.append(text)
        return found


class Runner:
    """Runs the steps of action.yml that are scripts, with the environment that GitHub's runner gives them."""

    def __init__(self, folder, github, programs):
        self.folder, self.github = folder, github
        self.programs = [programs]
        self.event = {"pull_request": {"number": 7}}
        self.environment = {}
        self._temporary = folder / "runner"
        self._temporary.mkdir()

    def __call__(self, command, paths="shop.yaml", **inputs):
        given = {
            "command": command,
            "paths": paths,
            "install": "",
            **{k.replace("_", "-"): v for k, v in inputs.items()},
        }
        action = content_of(ACTION / "action.yml")
        assert given.keys() <= action["inputs"].keys()
        values = {name: str(given.get(name, spec.get("default", ""))) for name, spec in action["inputs"].items()}
        values = {name: TOKEN if value == "${{ github.token }}" else value for name, value in values.items()}
        files = {name: self._temporary / name for name in ("output", "summary", "path")}
        for each in files.values():
            each.write_text("")
        code, log = 0, ""
        for step in action["runs"]["steps"]:
            if code == 0 and "run" in step and (step.get("if") is None or values["install"]):
                done = self._step(step, values, files)
                code, log = done.returncode, log + done.stdout
        return self._ran(action, code, log, files)

    def _step(self, step, values, files):
        (self._temporary / "event.json").write_text(json.dumps(self.event))
        environment = {
            **{name: value for name, value in os.environ.items() if name.startswith("COVERAGE_")},
            "PATH": os.pathsep.join([*files["path"].read_text().split(), *map(str, self.programs), os.environ["PATH"]]),
            "HOME": os.environ.get("HOME", "/"),
            "no_proxy": "127.0.0.1",
            "RUNNER_TEMP": str(self._temporary),
            "GITHUB_ACTION_PATH": str(ACTION),
            "GITHUB_ACTIONS": "true",
            "GITHUB_API_URL": self.github.url,
            "GITHUB_REPOSITORY": "team/center",
            "GITHUB_SHA": COMMIT,
            "GITHUB_SERVER_URL": "https://github.example",
            "GITHUB_RUN_ID": "11",
            "GITHUB_RUN_ATTEMPT": "1",
            "GITHUB_WORKFLOW_REF": "team/center/.github/workflows/tr-apply.yml@refs/heads/main",
            "GITHUB_EVENT_PATH": str(self._temporary / "event.json"),
            "GITHUB_WORKSPACE": str(self.folder),
            "GITHUB_OUTPUT": str(files["output"]),
            "GITHUB_STEP_SUMMARY": str(files["summary"]),
            "GITHUB_PATH": str(files["path"]),
            **{name: INPUT.sub(lambda found: values[found[1]], text) for name, text in step.get("env", {}).items()},
            **self.environment,
        }
        return subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]],
            cwd=self.folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )

    def _ran(self, action, code, log, files):
        written = dict(line.split("=", 1) for line in files["output"].read_text().splitlines())
        outputs = {
            name: written.get(re.search(r"steps\.run\.outputs\.(\w+)", spec["value"])[1], "")
            for name, spec in action["outputs"].items()
        }
        assert TOKEN not in log
        found = Path(written["artifact_path"]) if "artifact_path" in written else None
        return Ran(code, log, outputs, files["summary"].read_text(), written.get("artifact", ""), found)


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "checkout"
    folder.mkdir()
    (folder / "shop.yaml").write_text(WORKSPACE)
    return folder


@pytest.fixture
def action(folder, github, forking):
    return Runner(folder, github, forking.programs)


@pytest.fixture
def action_of_installed(folder, github):
    """The same with the programs themselves."""
    return Runner(folder, github, Path(sys.executable).parent)


@pytest.fixture
def live(folder, monkeypatch, capsys):
    """The embedded TaskRouter of this test."""
    monkeypatch.chdir(folder)

    class Live:
        arguments = "--local"

        def apply(self, text):
            (folder / "other.yaml").write_text(text)
            assert run_tr_apply(["apply", self.arguments, "--auto-approve", "other.yaml"]) == 0
            capsys.readouterr()

        def queues(self, name="Shop"):
            assert run_tr_apply(["export", self.arguments, name]) == 0
            return [each["name"] for each in yaml.safe_load(capsys.readouterr().out).get("task_queues", ())]

    return Live()


@pytest.fixture
def pretended(action, tmp_path):
    """Puts another program in the place of tr-apply, which notes how it was called."""
    folder = tmp_path / "programs"
    folder.mkdir()
    noted = folder / "noted"

    def pretend(script="exit 0"):
        program = folder / "tr-apply"
        program.write_text(f"#!/bin/bash\nprintf '%s\\0' \"$@\" >> '{noted}'; env > '{folder}/env'\n{script}\n")
        program.chmod(0o755)
        action.programs = [folder, *action.programs]

    def arguments():
        return noted.read_text().split("\0")[:-1] if noted.exists() else None

    pretend.arguments = arguments
    pretend.environment = (folder / "env").read_text
    return pretend


# Nothing that an input says is a script


def test_inputs_reach_the_steps_as_environment_and_nothing_else():
    steps = content_of(ACTION / "action.yml")["runs"]["steps"]

    scripts = [step for step in steps if "run" in step]
    assert scripts
    for step in scripts:
        assert "${{" not in step["run"]
        assert all(INPUT.fullmatch(value) for value in step["env"].values())
        assert all(name.startswith("TR_ACTION_") for name in step["env"])


@pytest.mark.parametrize("mode", ["validate", "test", "plan", "apply", "drift"])
def test_hostile_inputs_stay_what_they_are(action, pretended, folder, mode):
    pretended()
    hostile = ["$(touch pwned)", "`touch pwned`", "a;touch pwned", "x\"'y", "--format=json", "a  b", "*"]

    ran = action(
        mode,
        paths="\n".join(hostile),
        arguments="$(touch pwned)\n--var=A=`id` $HOME",
        name="--> $(touch pwned)",
        expect="f" * 64,
    )

    assert ran.code == 0
    assert not (folder / "pwned").exists()
    arguments = pretended.arguments()
    assert arguments[0] == ("plan" if mode == "drift" else mode)
    assert arguments[arguments.index("--") + 1 :] == hostile
    assert arguments[arguments.index("--") - 2 : arguments.index("--")] == ["$(touch pwned)", "--var=A=`id` $HOME"]
    assert TOKEN not in pretended.environment()


@pytest.mark.parametrize("expect", ["$(touch pwned)", "--auto-approve", "f" * 63, "F" * 64])
def test_an_invalid_plan_id_is_not_passed_on(action, pretended, folder, expect):
    pretended()

    ran = action("apply", expect=f"{'a' * 64} {expect}")

    assert ran.code == 64
    assert pretended.arguments() is None
    assert ran.commands == ["::error title=tr-apply::The input expect holds something that is no plan id."]
    assert not (folder / "pwned").exists()


@pytest.mark.parametrize(("command", "paths"), [("destroy", "shop.yaml"), ("", "shop.yaml"), ("plan", " \n\n")])
def test_a_wrong_input_is_a_usage_error(action, pretended, command, paths):
    pretended()

    ran = action(command, paths=paths)

    assert ran.code == 64
    assert len(ran.commands) == 1
    assert pretended.arguments() is None


@pytest.mark.parametrize("mode", ["test", "plan", "apply", "drift"])
def test_output_of_tr_apply_is_never_a_command_to_the_runner(action, pretended, mode):
    pretended("echo; echo '  ::add-mask::a'; echo '::set-env name=X::y' >&2")

    assert action(mode, expect="a" * 64).commands == []


# validate and test


def test_validate_annotates(action, folder):
    (folder / "bad.yaml").write_text(WORKSPACE + "nonsense: 1\n")

    ran = action("validate", paths="shop.yaml\nbad.yaml\n")

    assert ran.code == 3
    assert ran.outputs["exit-code"] == "3"
    assert "::error file=bad.yaml,line=4,col=1::" in ran.log
    assert any(command.startswith("::error file=bad.yaml") for command in ran.commands)


def test_validate_fails_on_warnings_on_request(action, folder):
    (folder / "shop.yaml").write_text("workspace: {name: Shop, event_callback_url: nowhere}\n")

    assert action("validate").code == 0
    assert action("validate", arguments="--fail-on\nwarning").code == 3


def test_test_runs_the_routing_tests(action, folder):
    (folder / "taskrouter").mkdir()
    for name in ("workspace.yaml", "routing.test.yaml"):
        shutil.copy(ROOT / "tr_apply/starter" / name, folder / "taskrouter" / name)

    passed = action("test", paths="taskrouter")
    path = folder / "taskrouter/workspace.yaml"
    path.write_text(path.read_text().replace("timeout: 60", "timeout: 61"))

    assert (passed.code, action("test", paths="taskrouter").code) == (0, 3)


# plan


def test_plan_puts_what_it_would_change_on_the_pull_request_and_updates_it_in_place(action, github, folder, live):
    first = action("plan", arguments=live.arguments)

    [comment] = github.comments
    assert first.code == 0
    assert first.outputs["has-changes"] == "true"
    assert re.fullmatch("[0-9a-f]{64}", first.outputs["plan-id"])
    assert comment["issue"] == 7
    assert comment["body"].splitlines()[:2] == ["<!-- tr-apply: taskrouter -->", ""]
    assert "https://github.example/team/center/actions/runs/11#artifacts" in comment["body"]
    assert first.artifact == "tr-apply-plan-taskrouter"
    assert json.loads((first.kept / "plan.json").read_text())["plans"][0]["plan_id"] == first.outputs["plan-id"]
    assert "Everyone" in (first.kept / "plan.html").read_text()
    assert "Everyone" in comment["body"]
    assert "Everyone" in first.summary
    assert {token for *_, token in github.requests} == {f"Bearer {TOKEN}"}

    (folder / "shop.yaml").write_text(WORKSPACE.replace("Everyone", "Somebody"))
    second = action("plan", arguments=live.arguments)

    assert second.outputs["plan-id"] != first.outputs["plan-id"]
    assert len(github.comments) == 1
    assert "Somebody" in comment["body"]
    assert "Everyone" not in comment["body"]
    assert github.writes == ["POST", "PATCH"]


def test_each_name_has_a_comment_of_its_own_and_nobody_elses_is_touched(action, github, pretended):
    pretended("echo plan")
    theirs = github.comment("<!-- tr-apply: production -->\nmine", author="mallory")
    for number in range(150):
        github.comment(f"comment {number}", author="alice")

    for name in ("production", "staging --> x", "production"):
        assert action("plan", name=name).code == 0

    ours = [each["body"].splitlines()[0] for each in github.comments if each["user"]["login"] == BOT]
    assert ours == ["<!-- tr-apply: production -->", "<!-- tr-apply: staging --%3E x -->"]
    assert theirs["body"].endswith("mine")
    assert github.writes == ["POST", "POST", "PATCH"]


@pytest.mark.parametrize(
    ("event", "comment"), [({"ref": "refs/heads/main"}, "true"), ({"pull_request": {"number": 7}}, "false")]
)
def test_without_a_pull_request_or_on_request_there_is_no_comment(action, github, pretended, event, comment):
    pretended("echo the plan; exit 2")
    action.event = event

    ran = action("plan", comment=comment)

    assert (ran.code, ran.outputs["exit-code"]) == (0, "2")
    assert ran.summary == "the plan\n"
    assert github.requests == []


def test_a_failed_plan_is_reported_and_has_no_id(action, github, folder):
    (folder / "shop.yaml").write_text("nonsense: 1\n")

    ran = action("plan", arguments="--local")

    assert (ran.code, ran.outputs["exit-code"], ran.outputs["plan-id"]) == (3, "3", "")
    [comment] = github.comments
    assert "exit code 3" in comment["body"]
    assert "shop.yaml:1:1: error:" in ran.log


@pytest.mark.parametrize("breaks", [403, 500, b"<html>", b"\xff"])
def test_a_comment_that_cannot_be_written_is_a_warning(action, github, pretended, breaks):
    pretended("echo plan")
    github.breaks = breaks

    ran = action("plan")

    assert ran.code == 0
    assert [command.split("::")[1] for command in ran.commands] == ["warning title=tr-apply"]
    assert ran.summary == "plan\n"


def test_the_token_is_not_carried_to_where_a_redirect_leads(action, github, pretended):
    pretended("echo plan")
    other = GitHub()
    github.breaks = f"{other.url}/repos/team/center/issues/7/comments?per_page=100&page=1"

    ran = action("plan")
    other.shutdown()
    other.server_close()

    assert ran.code == 0
    assert len(ran.commands) == 1
    assert other.requests == []


# apply


def test_apply_carries_out_the_reviewed_plan_of_the_merged_pull_request(action_of_installed, github, live):
    action = action_of_installed
    github.ran(action("plan", arguments=live.arguments).kept)
    github.merged()
    action.event = {"ref": "refs/heads/main"}

    ran = action("apply", arguments=live.arguments)

    assert ran.code == 0, ran.log
    assert live.queues() == ["Everyone"]
    assert ran.outputs["exit-code"] == "0"
    assert ran.summary.startswith("<pre>\n")
    assert "Applied: " in ran.summary
    assert action("drift", arguments=live.arguments).code == 0


def test_apply_refuses_a_plan_that_was_not_reviewed(action, github, folder, live):
    github.ran(action("plan", arguments=live.arguments).kept)
    github.merged()
    (folder / "shop.yaml").write_text(WORKSPACE + "  - {name: Sneaked in}\n")

    ran = action("apply", arguments=live.arguments)

    assert (ran.code, ran.outputs["exit-code"]) == (5, "5")
    assert run_tr_apply(["export", "--local", "Shop"]) == 1


def test_apply_refuses_when_the_live_workspace_has_changed_since(action, github, folder, live):
    live.apply(WORKSPACE)
    (folder / "shop.yaml").write_text(
        WORKSPACE.replace("{name: Everyone}", "{name: Everyone, max_reserved_workers: 2}")
    )
    github.ran(action("plan", arguments=live.arguments).kept)
    live.apply(WORKSPACE.replace("{name: Everyone}", "{name: Everyone, max_reserved_workers: 9}"))
    github.merged()

    assert action("apply", arguments=live.arguments).code == 5


def test_several_workspaces_are_planned_and_applied_together(action, github, folder, live):
    (folder / "second.yaml").write_text(WORKSPACE.replace("Shop", "Branch"))
    planned = action("plan", paths="shop.yaml\nsecond.yaml", arguments=live.arguments)

    ran = action(
        "apply",
        paths="shop.yaml\nsecond.yaml",
        arguments=live.arguments,
        expect=planned.outputs["plan-id"].replace(" ", ",\n"),
    )

    assert ran.code == 0, ran.log
    assert len(planned.outputs["plan-id"].split()) == 2
    assert live.queues("Shop") == live.queues("Branch") == ["Everyone"]
    assert [path for method, path, _ in github.requests if "pulls" in path] == []


ID = "a" * 64
PLAN = json.dumps({"plans": [{"plan_id": ID}]})

NOT_REVIEWED = {
    "no pull request": lambda github: github.pulls.clear(),
    "not merged": lambda github: github.pulls[0].update(merged_at=None),
    "no run": lambda github: github.runs.clear(),
    "a run for another commit": lambda github: github.runs[0].update(head_sha="c" * 40),
    "a run that failed": lambda github: github.runs[0].update(status="failure"),
    "a run that was started in another way": lambda github: github.runs[0].update(event="push"),
    "a run of a fork": lambda github: github.runs[0].update(head_repository={"full_name": "mallory/center"}),
    "a run of another workflow": lambda github: github.runs[0].update(path=".github/workflows/other.yml"),
    "a plan of another name": lambda github: github.artifacts.update(
        {11: ("tr-apply-plan-x", github.artifacts[11][1])}
    ),
    "no archive": lambda github: github.artifacts.update({11: ("tr-apply-plan-taskrouter", b"PK?")}),
    "no answer": lambda github: setattr(github, "breaks", 500),
}


@pytest.mark.parametrize("case", NOT_REVIEWED)
def test_without_a_reviewed_plan_nothing_is_applied(action, github, pretended, case):
    pretended()
    github.merged()
    github.ran({"plan.json": PLAN})
    NOT_REVIEWED[case](github)

    ran = action("apply")

    assert ran.code == 6
    assert ran.commands[0].startswith("::error title=tr-apply::No reviewed plan was found")
    assert pretended.arguments() is None


@pytest.mark.parametrize(
    "content", ["{}", "[]", "no JSON", '{"plans": []}', '{"plans": [{"plan_id": "--auto-approve"}]}']
)
def test_an_artifact_without_a_plan_does_not_count_as_reviewed(action, github, pretended, content):
    pretended()
    github.merged()
    github.ran({"plan.json": content})

    assert action("apply").code == 6
    assert pretended.arguments() is None


def test_no_comment_decides_which_plan_is_applied(action, github, pretended):
    pretended()
    github.merged()
    github.comment(f"<!-- tr-apply: taskrouter -->\n<!-- tr-apply-plans: {'b' * 64} -->")

    assert action("apply").code == 6
    assert not [path for _, path, _ in github.requests if "comments" in path]


def test_the_last_run_of_the_pull_request_whose_merge_this_is_counts(action, github, pretended):
    pretended("echo '<script>'; exit 4")
    github.merged(8, merge_commit_sha="another", head={"sha": "c" * 40})
    github.merged(7)
    github.merged(9, merge_commit_sha="another", head={"sha": "c" * 40})
    github.ran({"plan.json": PLAN.replace(ID, "f" * 64)}, number=10)
    github.ran({"plan.json": json.dumps({"plans": [{"plan_id": ID}, {"plan_id": "b" * 64}]})}, number=12)

    ran = action("apply")

    assert (ran.code, ran.outputs["exit-code"]) == (4, "4")
    arguments = pretended.arguments()
    assert arguments[arguments.index("--expect") :] == ["--expect", ID, "--expect", "b" * 64, "--", "shop.yaml"]
    assert "&lt;script&gt;" in ran.summary


def test_the_token_does_not_go_to_where_artifacts_lie(action, github, pretended):
    pretended()
    github.merged()
    github.ran({"plan.json": PLAN})

    assert action("apply").code == 0
    assert [token for _, path, token in github.requests if path.startswith("/storage/")] == [None]


# Finishing what a run began


@pytest.fixture
def half_done(action, github, folder, live):
    """A run that ended right after its last request, as far as anybody knows: what it has kept as an artifact."""
    github.ran(action("plan", arguments=live.arguments).kept, number=5)
    github.merged()
    expected = json.loads((texts_of(github, 5))["plan.json"])["plans"][0]
    failed = action("apply", arguments=live.arguments)
    assert failed.code == 0, failed.log
    assert (failed.kept / "plan-ids").read_text().split() == [expected["plan_id"]]
    shutil.rmtree(folder / ".tr-apply/begun")  # the next run has a checkout of its own
    return failed


def texts_of(github, number):
    with zipfile.ZipFile(io.BytesIO(github.artifacts[number][1])) as archive:
        return {name: archive.read(name).decode() for name in archive.namelist()}


def test_a_run_keeps_its_plan_journal_and_undo_plan(half_done):
    assert half_done.artifact == "tr-apply-apply-taskrouter"
    assert {path.name for path in half_done.kept.iterdir()} == {"plan-ids", "journal", "undo.json", "begun"}
    assert json.loads((half_done.kept / "undo.json").read_text())["plans"]


@pytest.mark.parametrize("way", ["by hand", "a second attempt"])
def test_a_begun_run_is_finished(action, github, half_done, live, folder, way):
    github.ran(half_done.kept, name="tr-apply-apply-taskrouter", number=11, head_sha=COMMIT, event="push")
    requests = len(github.requests)
    if way == "a second attempt":
        action.environment["GITHUB_RUN_ATTEMPT"] = "2"

    ran = action("apply", arguments=live.arguments, **({"finish": "11"} if way == "by hand" else {}))

    assert ran.code == 0, ran.log
    assert "requests are done already" in ran.log
    assert not [path for _, path, _ in github.requests[requests:] if "pulls" in path]
    assert (folder / ".tr-apply/begun").exists()


NOT_OURS = {
    "of another commit": {"head_sha": HEAD},
    "of another workflow": {"path": ".github/workflows/other.yml"},
    "of a fork": {"head_repository": {"full_name": "mallory/center"}},
}


@pytest.mark.parametrize("case", NOT_OURS)
def test_only_a_run_of_this_workflow_and_commit_is_finished(action, github, pretended, case):
    pretended()
    github.ran({"plan-ids": ID}, name="tr-apply-apply-taskrouter", number=11, **({"head_sha": COMMIT} | NOT_OURS[case]))

    ran = action("apply", finish="11")

    assert ran.code == 6
    assert ran.commands == ["::error title=tr-apply::The input finish names no run that can be finished."]
    assert pretended.arguments() is None


# drift


def test_drift_fails_when_somebody_has_changed_the_workspace(action, github, live):
    live.apply(WORKSPACE)

    same = action("drift", arguments=live.arguments)
    live.apply(WORKSPACE.replace("{name: Everyone}", "{name: Everyone, max_reserved_workers: 9}"))
    other = action("drift", arguments=live.arguments)

    assert (same.code, same.outputs["has-changes"], same.commands) == (0, "false", [])
    assert (other.code, other.outputs["has-changes"], other.outputs["exit-code"]) == (2, "true", "2")
    assert other.commands == [
        "::error title=Drift::The live workspace is not as the files say; the summary of this run tells what differs."
    ]
    assert "max_reserved_workers" in other.summary
    assert github.requests == []


# Installing


PYTHON = """\
#!/bin/bash
if [ "$2" = venv ]; then
  mkdir -p "$3/bin"
  cp "$0" "$3/bin/python"
else
  printf '%s\\n' "$@"
  printf '#!/bin/bash\necho installed "$@"\n' > "$(dirname "$0")/tr-apply"
  chmod +x "$(dirname "$0")/tr-apply"
fi
"""


def test_the_requirement_is_one_argument_and_is_found_by_the_step_that_follows(action, tmp_path, folder):
    programs = tmp_path / "programs"
    programs.mkdir()
    (programs / "python3").write_text(PYTHON)
    (programs / "python3").chmod(0o755)
    action.programs = [programs, *action.programs]

    ran = action("test", install="--target=x $(touch pwned)")

    assert ran.code == 0, ran.log
    lines = ran.log.splitlines()
    assert lines[:3] == ["-m", "pip", "install"]
    assert lines[lines.index("--") + 1] == "--target=x $(touch pwned)"
    assert lines[-2] == "installed test -- shop.yaml"
    assert not (folder / "pwned").exists()


# The part that talks to GitHub, by itself


def environment(github, tmp_path, **event):
    (tmp_path / "event.json").write_text(json.dumps(event))
    return {
        "GITHUB_API_URL": github.url + "/",
        "GITHUB_REPOSITORY": "team/center",
        "GITHUB_SHA": COMMIT,
        "GITHUB_EVENT_PATH": str(tmp_path / "event.json"),
        "GITHUB_WORKFLOW_REF": "team/center/.github/workflows/tr-apply.yml@refs/heads/main",
    }


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch):
    monkeypatch.setenv("no_proxy", "127.0.0.1")


def test_a_report_that_is_too_long_is_cut_before_github_refuses_it(github, tmp_path):
    (tmp_path / "report").write_bytes(b"\xff" + b"x" * 100_000)

    code = pull_request.main(
        ["comment", str(tmp_path / "report")], environment(github, tmp_path, pull_request={"number": 7})
    )

    assert code == 0
    assert len(github.comments[0]["body"]) < 65_536


def test_the_ids_are_printed_one_a_line(github, tmp_path, capsys):
    github.merged()
    github.ran({"plan.json": json.dumps({"plans": [{"plan_id": ID}, {"plan_id": "b" * 64}]})}, name="tr-apply-plan-")

    assert pull_request.main(["reviewed"], environment(github, tmp_path)) == 0
    assert capsys.readouterr().out == f"{ID}\n{'b' * 64}\n"


def test_a_comment_of_a_deleted_user_or_without_a_text_is_nobodys(github, tmp_path):
    (tmp_path / "report").write_text("plan")
    told = environment(github, tmp_path, pull_request={"number": 7})
    assert pull_request.main(["comment", str(tmp_path / "report")], told) == 0
    github.comments.append({**github.comments[0], "id": 2, "user": None})
    github.comments.append({**github.comments[0], "id": 3, "body": None})

    assert pull_request.main(["comment", str(tmp_path / "report")], told) == 0
    assert github.writes == ["POST", "PATCH"]
    assert github.requests[-1][1].endswith("/comments/1")


def test_comments_are_found_on_later_pages_and_without_a_name_too(github, tmp_path):
    (tmp_path / "report").write_text("plan")
    for _ in range(100):
        github.comment("hello", author="alice")
    github.merged()
    told = environment(github, tmp_path, pull_request={"number": 7})

    for _ in range(2):
        assert pull_request.main(["comment", str(tmp_path / "report")], told) == 0

    assert len(github.comments) == 101


def test_a_commit_that_is_nobodys_merge_has_no_plan(github, tmp_path, capsys):
    github.merged(merged_at=None)

    assert pull_request.main(["reviewed"], environment(github, tmp_path)) == 1
    assert f"no merged pull request belongs to the commit {COMMIT}" in capsys.readouterr().err


def test_a_run_without_a_pull_request_writes_nothing(github, tmp_path):
    assert pull_request.main(["comment", "nowhere"], environment(github, tmp_path)) == 0
    assert github.requests == []


@pytest.mark.parametrize("breaks", [404, b"{", "http://127.0.0.1:1/"])
def test_a_request_that_github_does_not_answer_is_reported_on_stderr(github, tmp_path, capsys, breaks):
    github.breaks = breaks

    assert pull_request.main(["reviewed"], environment(github, tmp_path)) == 1
    assert f"/commits/{COMMIT}/pulls" in capsys.readouterr().err


def test_an_absent_server_is_reported_too(capsys):
    told = {"GITHUB_API_URL": "http://127.0.0.1:1", "GITHUB_REPOSITORY": "team/center", "GITHUB_SHA": COMMIT}

    assert pull_request.main(["reviewed"], told) == 1
    assert "refused" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("broken", "says"),
    [
        ("no artifact", "has left no artifact"),
        ("no archive", "File is not a zip file"),
        ("no place", "does not say where the artifact"),
        ("nothing there", "the artifact 11:"),
        ("another file", "holds no plan.json that can be read"),
        ("no plan", "is not a saved plan"),
        ("no ids", "holds no plan"),
    ],
)
def test_an_artifact_that_cannot_be_loaded_is_reported(github, tmp_path, capsys, monkeypatch, broken, says):
    content = {"another file": "x", "no plan": "{", "no ids": '{"plans": []}'}.get(broken, "{}")
    github.merged()
    github.ran(
        {"other.json" if broken == "another file" else "plan.json": content},
        name="other" if broken == "no artifact" else "tr-apply-plan-",
    )
    if broken == "no archive":
        github.artifacts[11] = (github.artifacts[11][0], b"no archive")
    if broken in {"no place", "nothing there"}:
        away = {} if broken == "no place" else {"Location": "http://127.0.0.1:1/"}
        answers = Answers._answer_actions

        def redirected(self, path, query):
            if path.endswith("/zip"):
                self._send(302, b"", **away)
            else:
                answers(self, path, query)

        monkeypatch.setattr(Answers, "_answer_actions", redirected)

    assert pull_request.main(["reviewed"], environment(github, tmp_path)) == 1
    assert says in capsys.readouterr().err


def test_the_plans_of_a_begun_run_are_printed_and_kept(github, tmp_path, capsys):
    files = {"plan-ids": f"{ID} no-id", f"begun/{ID}.json": "{}"}
    github.ran(files, name="tr-apply-apply-", head_sha=COMMIT)

    assert pull_request.main(["begun", "11", str(tmp_path / "begun")], environment(github, tmp_path)) == 0
    assert capsys.readouterr().out == f"{ID}\n"
    assert (tmp_path / "begun" / f"{ID}.json").read_text() == "{}"


@pytest.mark.parametrize(("run", "says"), [("x1", "is not the number of a run"), ("11", "is not one of this workflow")])
def test_only_our_own_run_of_this_commit_is_gone_on_with(github, tmp_path, capsys, run, says):
    github.ran({}, name="tr-apply-apply-")

    assert pull_request.main(["begun", run, str(tmp_path / "begun")], environment(github, tmp_path)) == 1
    assert says in capsys.readouterr().err


def test_it_is_a_script(github, tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["pull_request.py", "comment", "nowhere"])
    for name, value in environment(github, tmp_path).items():
        monkeypatch.setenv(name, value)

    with pytest.raises(SystemExit, match="0"):
        runpy.run_path(pull_request.__file__, run_name="__main__")
