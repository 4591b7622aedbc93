"""With ``--format json`` every command prints exactly one document, whatever happens, with the process's exit code in it."""

import json
import os
import signal
from pathlib import Path

import pytest

from tests.closed_schema import not_described
from tr_apply.cli import COMMANDS, run

EXAMPLES = Path(__file__).parents[2] / "examples"
MINIMAL = str(EXAMPLES / "minimal.yaml")
FILES = {
    "good.yaml": "workspace: {name: Good}\ntask_queues: [{name: A}]\nworkflows: [{name: W, default_filter: {queue: A}}]\n",
    "less.yaml": "workspace: {name: Good}\ntask_queues: []\nworkflows: []\n",
    "kept.yaml": "workspace: {name: Good}\ntask_queues: []\nsafety: {protect: [task_queue/A, workspace/*]}\nworkflows: []\n",
    "broken.yaml": "workspace: {name: X}\ntask_queues:\n  - {name: A, max_reserved_workers: 99}\n",
    "torn.yaml": "workspace: {name: [X",
    "warns.yaml": 'workspace: {name: W}\ntask_queues: [{name: A, target_workers: "x == 1"}]\nworkers: [{name: a, attributes: {y: 1}}]\n',
    "unfit.yaml": "workspace: {name: Good}\nworkflows: [{name: W, default_filter: {queue: Nowhere}}]\n",
    "sound/good.yaml": "workspace: {name: T}\ntask_queues: [{name: A}]\nworkflows: [{name: W, default_filter: {queue: A}}]\n",
    "sound/good.test.yaml": "tests: [{name: one, workflow: W, task: {}, expect: {default_filter: true}}]\n",
    "wrong/good.yaml": "workspace: {name: T}\ntask_queues: [{name: A}]\nworkflows: [{name: W, default_filter: {queue: A}}]\n",
    "wrong/good.test.yaml": "tests: [{name: one, workflow: W, task: {}, expect: {unrouted: true}}]\n",
    "wrong/odd.test.yaml": "tests: [{name: one, what: W}]\n",
    "served/good.yaml": (
        "workspace: {name: T}\nactivities: [{name: On, available: true}]\ntask_queues: [{name: A}]\n"
        "workflows: [{name: W, default_filter: {queue: A}}]\nworkers: [{name: a, activity: On}]\n"
    ),
    "load.yaml": (
        "simulation:\n  opens: '09:00'\n  closes: '09:30'\n  demand:\n    - {name: D, workflow: W, channel: voice, "
        "offered: [40], handle_time: {mean: 600s}, patience: {mean: 30s}}\n  staffing: {shifts: [{where: 1==1, starts: '09:00', length: 1h, "
        "activity: On}]}\n"
    ),
}

LOCAL = ["--local-db", "world.db"]
FEW_DAYS = ["--replications", "2", "--max-replications", "2", "--executor", "serial"]
TASK = ["--workflow", "W", "--task"]

# The preparation, the command, and the exit code.
CASES = {
    # validate
    "validate, valid": ([], ["validate", "good.yaml"], 0),
    "validate, invalid": ([], ["validate", "broken.yaml"], 3),
    "validate, no YAML": ([], ["validate", "torn.yaml", "good.yaml"], 3),
    "validate, warnings": ([], ["validate", "warns.yaml", "--fail-on", "warning"], 3),
    "validate, no PATH": ([], ["validate", "nowhere.yaml"], 64),
    # plan
    "plan, changes": ([], ["plan", "good.yaml", *LOCAL], 0),
    "plan, changes pending": ([], ["plan", "good.yaml", *LOCAL, "--detailed-exitcode"], 2),
    "plan, nothing": (["good.yaml"], ["plan", "good.yaml", *LOCAL, "--detailed-exitcode"], 0),
    "plan, blocked": (["good.yaml"], ["plan", "less.yaml", *LOCAL], 0),
    "plan, invalid": ([], ["plan", "broken.yaml", *LOCAL], 3),
    "plan, does not fit": ([], ["plan", "unfit.yaml", *LOCAL], 3),
    "plan, some fail": ([], ["plan", "good.yaml", "torn.yaml", *LOCAL], 3),
    "plan, twice": ([], ["plan", "good.yaml", "less.yaml", *LOCAL], 3),
    "plan, no target": ([], ["plan", "good.yaml"], 1),
    "plan, nobody there": ([], ["plan", "good.yaml", "--base-url", "http://127.0.0.1:9", "--timeout", "0.2"], 1),
    "plan, saved where it cannot be": ([], ["plan", "good.yaml", *LOCAL, "--out", "good.yaml/plan.json"], 1),
    "plan, usage": ([], ["plan", *LOCAL], 64),
    "plan, unknown --target": ([], ["plan", "good.yaml", *LOCAL, "--target", "task_queue/Nowhere"], 64),
    # apply
    "apply, done": ([], ["apply", "good.yaml", *LOCAL, "--auto-approve"], 0),
    "apply, nothing": (["good.yaml"], ["apply", "good.yaml", *LOCAL], 0),
    "apply, nobody to ask": ([], ["apply", "good.yaml", *LOCAL], 6),
    "apply, no consent": (["good.yaml"], ["apply", "less.yaml", *LOCAL, "--auto-approve"], 6),
    "apply, protected": (["good.yaml"], ["apply", "kept.yaml", *LOCAL, "--auto-approve"], 6),
    "apply, not as expected": ([], ["apply", "good.yaml", *LOCAL, "--expect", "0"], 5),
    "apply, no plan": ([], ["apply", *LOCAL, "--plan", "good.yaml"], 6),
    "apply, invalid": ([], ["apply", "broken.yaml", *LOCAL, "--auto-approve"], 3),
    "apply, some fail": ([], ["apply", "torn.yaml", "good.yaml", *LOCAL, "--auto-approve"], 3),
    "apply, no target": ([], ["apply", "good.yaml", "--auto-approve"], 1),
    "apply, usage": ([], ["apply", "good.yaml", *LOCAL, "--bogus"], 64),
    # destroy
    "destroy, done": (["good.yaml"], ["destroy", "good.yaml", *LOCAL, "--confirm", "Good"], 0),
    "destroy, nothing": ([], ["destroy", "good.yaml", *LOCAL, "--confirm", "Good"], 0),
    "destroy, another name": (["good.yaml"], ["destroy", "good.yaml", *LOCAL, "--confirm", "good"], 6),
    "destroy, nobody to ask": (["good.yaml"], ["destroy", "good.yaml", *LOCAL], 6),
    "destroy, protected": (["good.yaml"], ["destroy", "kept.yaml", *LOCAL, "--confirm", "Good"], 6),
    "destroy, invalid": ([], ["destroy", "broken.yaml", *LOCAL, "--confirm", "X"], 3),
    "destroy, usage": ([], ["destroy", *LOCAL], 64),
    # diff
    "diff, different": (["good.yaml"], ["diff", "less.yaml", "Good", *LOCAL], 0),
    "diff, different and asked": ([], ["diff", "less.yaml", "good.yaml", *LOCAL, "--detailed-exitcode"], 2),
    "diff, same": ([], ["diff", "good.yaml", "good.yaml", *LOCAL], 0),
    "diff, no workspace": ([], ["diff", "good.yaml", "Nowhere", *LOCAL], 1),
    "diff, invalid": ([], ["diff", "good.yaml", "broken.yaml", *LOCAL], 3),
    "diff, usage": ([], ["diff", "good.yaml", *LOCAL], 64),
    # route
    "route, routed": ([], ["route", "good.yaml", *TASK, "{}"], 0),
    "route, invalid": ([], ["route", "broken.yaml", *TASK, "{}"], 3),
    "route, no JSON": ([], ["route", "good.yaml", *TASK, "{"], 64),
    "route, no workflow": ([], ["route", "good.yaml", "--workflow", "X", "--task", "{}"], 64),
    # render
    "render, written": ([], ["render", "good.yaml"], 0),
    "render, invalid": ([], ["render", "good.yaml", "broken.yaml"], 3),
    "render, no PATH": ([], ["render", "nowhere.yaml"], 64),
    # test
    "test, passed": ([], ["test", "sound"], 0),
    "test, failed": ([], ["test", "wrong"], 3),
    "test, no PATH": ([], ["test", "nowhere"], 64),
    "doctor": ([], ["doctor", *LOCAL], 0),
    "doctor, no target": ([], ["doctor"], 1),
    "simulate": ([], ["simulate", "served/good.yaml", "--load", "load.yaml", *FEW_DAYS], 0),
    "simulate, a gate fails": (
        [],
        ["simulate", "served/good.yaml", "--load", "load.yaml", *FEW_DAYS, "--min-sl", "100%", "--seed", "2"],
        3,
    ),
    "simulate, no load": ([], ["simulate", "served/good.yaml", "--load", "nowhere.yaml"], 64),
    "show, no file": ([], ["show", "nowhere.json"], 64),
    "show, no plan": ([], ["show", "good.yaml"], 6),
}
WITHOUT_JSON = {
    "init",
    "export",
    "record",
    "serve",
    "schema",
    "graph",
    "explain",
    "help",
}  # schema prints a schema, and nothing else is JSON


@pytest.fixture(autouse=True)
def _folder(tmp_path):
    for name, text in FILES.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)


def documents(text):
    """Every JSON document in *text*, one after the other."""
    found, rest = [], text.lstrip()
    while rest:
        document, end = json.JSONDecoder().raw_decode(rest)
        found.append(document)
        rest = rest[end:].lstrip()
    return found


def require_form(document, command, code):
    assert document["exit_code"] == code
    assert document["command"] == command
    assert document["format_version"].startswith("1.")
    for error in document["errors"]:
        assert list(error) == ["code", "message", "file", "line", "column", "path"]
        assert error["message"]
    if code not in {0, 2}:
        assert document["errors"] or document.get("diagnostics") or command in {"test", "simulate"}


@pytest.mark.parametrize("case", CASES)
def test_a_command_prints_one_document(capsys, case):
    first, arguments, code = CASES[case]
    for path in first:
        assert run(["apply", path, *LOCAL, "--auto-approve"]) == 0
    capsys.readouterr()

    found = run([*arguments, "--format", "json"])

    printed = capsys.readouterr()
    assert found == code, printed.err
    [document] = documents(printed.out)
    require_form(document, arguments[0], code)
    assert not_described(document) == []


def test_every_command_with_json_is_among_the_cases():
    assert {arguments[0] for _, arguments, _ in CASES.values()} == COMMANDS.keys() - WITHOUT_JSON


@pytest.mark.parametrize(
    "case", ["plan, changes", "plan, invalid", "plan, no target", "apply, no consent", "diff, no workspace"]
)
def test_with_output_the_one_document_is_in_the_file(capsys, tmp_path, case):
    first, arguments, code = CASES[case]
    for path in first:
        run(["apply", path, *LOCAL, "--auto-approve"])
    capsys.readouterr()

    assert run([*arguments, "--format=json", "--output", "result.json"]) == code

    assert capsys.readouterr().out == ""
    [document] = documents((tmp_path / "result.json").read_text())
    require_form(document, arguments[0], code)


def test_where_the_file_cannot_be_written_stdout_has_the_document(capsys):
    code = run(["plan", "good.yaml", *LOCAL, "--format", "json", "--output=good.yaml/x.json"])

    [document] = documents(capsys.readouterr().out)
    require_form(document, "plan", 1)
    assert code == 1


@pytest.mark.parametrize("command", ["validate", "plan", "apply"])
def test_a_crash_is_one_document_too(capsys, monkeypatch, command):
    def broken(*_arguments):
        raise ZeroDivisionError("out of luck")

    monkeypatch.setattr("tr_apply.api.configurations.begin_configuration", broken)

    code = run([command, "good.yaml", "--format", "json"])

    printed = capsys.readouterr()
    [document] = documents(printed.out)
    require_form(document, command, 1)
    assert code == 1
    assert document["errors"][0]["code"] == "crash"
    assert "Traceback" in printed.err


def test_without_json_a_crash_is_a_traceback(capsys, monkeypatch):
    def broken(*_arguments):
        raise ZeroDivisionError("out of luck")

    monkeypatch.setattr("tr_apply.api.configurations.begin_configuration", broken)

    with pytest.raises(ZeroDivisionError):
        run(["validate", "good.yaml"])

    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("command", ["validate", "plan", "apply", "destroy"])
def test_an_interrupt_at_any_moment_is_one_document_too(capsys, monkeypatch, command):
    def interrupted(*_arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr("tr_apply.api.configurations.begin_configuration", interrupted)

    code = run([command, "good.yaml", "--format", "json"])

    [document] = documents(capsys.readouterr().out)
    require_form(document, command, 130)
    assert code == 130


def test_an_interrupt_while_waiting_for_an_answer_is_one_document(silent_server, forking):
    process = forking.start(
        "as_installed",
        ["plan", "good.yaml", "--base-url", silent_server.url, "--format", "json"],
        environment={**os.environ, "TWILIO_ACCOUNT_SID": "AC" + "0" * 32, "TWILIO_AUTH_TOKEN": "x"},
    )
    silent_server.wait_for_a_request()
    process.send_signal(signal.SIGINT)

    out, _ = process.communicate(timeout=20)

    [document] = documents(out)
    require_form(document, "plan", 130)
    assert process.returncode == 130


@pytest.mark.parametrize(
    "command", [["plan"], ["apply", "--auto-approve"], ["destroy", "--confirm", "Good"]], ids=lambda c: c[0]
)
def test_out_of_time_is_one_document(capsys, monkeypatch, silent_server, command):
    monkeypatch.setenv("TWILIO_ACCOUNT_SID", "AC" + "0" * 32)
    monkeypatch.setenv("TWILIO_AUTH_TOKEN", "x")

    code = run([*command, "good.yaml", "--base-url", silent_server.url, "--timeout", "0.1", "--format", "json"])

    [document] = documents(capsys.readouterr().out)
    require_form(document, command[0], 1)
    assert code == 1
    assert document["errors"][0]["code"] == "timeout"
