"""Every command ends with an exit code of the contract, in every format, and says what to do next."""

import asyncio
import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tr_apply.api.router import Access
from tr_apply.cli import run
from tr_apply.cli.bounded import answer_of, asking
from tr_apply.cli.options import CommonOptions
from tr_apply.cli.streams import StdoutLostError, _over, _Stdout
from tr_apply.deployment.deadline import OutOfTimeError
from tr_apply.deployment.target_options import TargetOptions

EXAMPLES = Path(__file__).parents[2] / "examples"
MINIMAL = str(EXAMPLES / "minimal.yaml")


@pytest.fixture
def broken(tmp_path):
    path = tmp_path / "broken.yaml"
    path.write_text("workspace: {name: X}\ntask_queues:\n  - {name: A, max_reserved_workers: 99}\n")
    return str(path)


@pytest.fixture
def tr_apply(forking):
    """The command line in a process of its own."""

    def run(*arguments):
        return subprocess.run(
            [forking.programs / "tr-apply", *arguments],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )

    return run


USAGE_ERRORS = [
    [],
    ["bogus"],
    ["plan"],
    ["plan", "nowhere.yaml"],
    ["plan", "--local", ""],
    ["plan", "--local", "a" * 300],
    ["plan", "--local", "--out", "a" * 300, MINIMAL],
    ["validate", "--overlay", "a" * 300, MINIMAL],
    ["diff", "./" + "a" * 300, MINIMAL, "--local"],
    ["plan", "--local-db", "", MINIMAL],
    ["apply", "--local", "--auto-approve", ""],
    ["plan", "--bogus", MINIMAL],
    ["plan", MINIMAL, "--out"],
    ["--bogus"],
    ["plan", "--format", "xml", MINIMAL],
    ["plan", "--local", "--base-url", "http://127.0.0.1:1", MINIMAL],
    ["plan", "--var", "novalue", "--local", MINIMAL],
    ["plan", "--target", "queue/Everyone", "--local", MINIMAL],
    ["apply", "--allow-delete", "queue=1", "--local", MINIMAL],
    ["apply", "--allow-delete", "worker=-1", "--local", MINIMAL],
    ["apply", "--allow-delete", f"worker={'9' * 5_000}", "--local", MINIMAL],
    ["apply", "--allow-people-lost", f"Gold={'9' * 5_000}", "--local", MINIMAL],
    ["apply", "--concurrency", "0", "--local", MINIMAL],
    ["apply", "--timeout", "0", "--local", MINIMAL],
    ["validate", "--overlay", "nowhere.yaml", MINIMAL],
    ["export"],
    ["serve", "--host", "0.0.0.0", "--port", "0", "--db", ":memory:"],
]


@pytest.mark.parametrize("arguments", USAGE_ERRORS, ids=" ".join)
def test_a_wrong_command_line_is_64_and_says_so_on_stderr(capsys, arguments):
    code = run(arguments)

    printed = capsys.readouterr()
    assert code == 64
    assert printed.out == ""
    assert printed.err


def test_an_option_without_its_value_is_reported_with_its_command(capsys):
    run(["plan", "--format", "json", "--out"])
    printed = capsys.readouterr()
    run(["plan", MINIMAL, "--out"])

    assert capsys.readouterr().err == "Error: Option '--out' requires an argument.\nTry 'tr-apply plan --help'.\n"
    assert json.loads(printed.out)["exit_code"] == 64


@pytest.mark.parametrize(
    "arguments", [a for a in USAGE_ERRORS if a[:1] in (["plan"], ["apply"], ["validate"])], ids=" ".join
)
def test_a_wrong_command_line_is_one_json_document_where_json_was_asked_for(capsys, arguments):
    if "--format" in arguments:
        return
    code = run([*arguments, "--format", "json"])

    document = json.loads(capsys.readouterr().out)
    assert document["exit_code"] == code == 64
    assert document["command"] == arguments[0]
    assert document["errors"][0]["code"] == "usage"
    assert document["format_version"] == "1.0"


def test_without_a_target_a_command_says_both_ways_out(capsys):
    code = run(["plan", MINIMAL])

    assert code == 1
    error = capsys.readouterr().err
    assert "TWILIO_ACCOUNT_SID" in error
    assert "--local" in error


@pytest.mark.parametrize("command", ["plan", "apply"])
def test_an_invalid_configuration_is_3_with_its_place(capsys, broken, command):
    code = run([command, "--local", broken, "--format", "json"])

    [error] = json.loads(capsys.readouterr().out)["errors"]
    assert code == 3
    assert (error["code"], error["line"], error["column"]) == ("out-of-range", 3, 37)
    assert error["path"] == "task_queues[0].max_reserved_workers"


def test_a_finding_begins_with_its_place_unwrapped(capsys, broken):
    code = run(["validate", broken])

    assert code == 3
    assert capsys.readouterr().out.startswith(f"{broken}:3:37: error: ")


def test_pending_changes_are_2_only_when_asked_for(capsys):
    assert run(["plan", "--local", MINIMAL]) == 0
    assert run(["plan", "--local", "--detailed-exitcode", MINIMAL]) == 2
    assert run(["apply", "--local", "--auto-approve", MINIMAL]) == 0
    assert run(["plan", "--local", "--detailed-exitcode", MINIMAL]) == 0
    assert "No changes." in capsys.readouterr().out


def test_without_a_terminal_apply_needs_approval_and_writes_nothing(tr_apply):
    done = tr_apply("apply", "--local", MINIMAL)

    assert done.returncode == 6
    assert "--auto-approve" in done.stderr
    assert "to create" in done.stdout
    assert run(["plan", "--local", "--detailed-exitcode", MINIMAL]) == 2


def test_deletes_without_consent_are_6_and_named(capsys, tmp_path):
    path = tmp_path / "w.yaml"
    path.write_text("workspace: {name: W}\ntask_queues: [{name: A}, {name: B}]\n")
    run(["apply", "--local", "--auto-approve", str(path)])
    path.write_text("workspace: {name: W}\ntask_queues: [{name: A}]\n")
    capsys.readouterr()

    assert run(["plan", "--local", str(path)]) == 0
    refused = run(["apply", "--local", "--auto-approve", str(path)])
    wrong = run(["apply", "--local", "--auto-approve", "--allow-delete", "task_queue=2", str(path)])
    printed = capsys.readouterr()
    assert (refused, wrong) == (6, 6)
    assert "--allow-delete task_queue=1" in printed.err
    assert "Needs approval (needs-consent): Deletes 1 of 2 task queues: B." in printed.out
    assert "Blocked" not in printed.out
    assert "Agreed" not in printed.out
    assert run(["apply", "--local", "--auto-approve", "--allow-delete", "task_queue=1", str(path)]) == 0
    agreed = capsys.readouterr().out
    assert "Agreed (needs-consent)" in agreed
    assert "Blocked" not in agreed
    assert run(["apply", "--local", "--auto-approve", "--allow-delete", "task_queue=1", str(path)]) == 0
    assert run(["apply", "--local", "--auto-approve", "--allow-delete", "worker_channel=1", str(path)]) == 0


def test_several_paths_are_several_workspaces_and_the_worst_code_counts(capsys, broken):
    code = run(["apply", "--local", "--auto-approve", "--format", "json", broken, MINIMAL])

    document = json.loads(capsys.readouterr().out)
    assert code == document["exit_code"] == 3
    [plan] = document["plans"]
    assert plan["target"]["workspace"] == "Corner Shop"
    assert plan["verified"] is True


def test_an_unreachable_server_is_1(capsys, monkeypatch):
    monkeypatch.setenv("TWILIO_ACCOUNT_SID", "AC" + "0" * 32)
    monkeypatch.setenv("TWILIO_AUTH_TOKEN", "canary-secret")

    code = run(["plan", "--timeout", "1", "--base-url", "http://127.0.0.1:9", MINIMAL])

    printed = capsys.readouterr()
    assert code == 1
    assert "canary-secret" not in printed.out + printed.err


@pytest.mark.parametrize(
    "url", ["http://example.com", "ftp://example.com", "https://user:pw@example.com", "example.com"]
)
def test_credentials_go_nowhere_unsafe(capsys, monkeypatch, url):
    monkeypatch.setenv("TWILIO_ACCOUNT_SID", "AC" + "0" * 32)
    monkeypatch.setenv("TWILIO_AUTH_TOKEN", "canary-secret")

    assert run(["plan", "--base-url", url, MINIMAL]) == 1
    assert "canary-secret" not in capsys.readouterr().err


def test_the_environment_is_ignored_with_local(monkeypatch, capsys):
    monkeypatch.setenv("TR_APPLY_BASE_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("TWILIO_ACCOUNT_SID", "AC" + "0" * 32)
    monkeypatch.setenv("TWILIO_AUTH_TOKEN", "x")

    assert run(["plan", "--local", MINIMAL]) == 0
    assert "new workspace" in capsys.readouterr().out


def test_results_go_to_stdout_and_everything_else_to_stderr(tr_apply):
    done = tr_apply("apply", "--local", "--auto-approve", "--format", "json", MINIMAL)

    assert json.loads(done.stdout)["exit_code"] == done.returncode == 0
    assert "done" in done.stderr
    quiet = tr_apply("apply", "--local", "-q", "--auto-approve", MINIMAL)
    assert quiet.stderr == ""


def test_output_writes_the_result_into_a_file(tmp_path, capsys):
    file = tmp_path / "deep" / "plan.json"

    code = run(["plan", "--local", "--format", "json", "--output", str(file), MINIMAL])

    assert code == 0
    assert capsys.readouterr().out == ""
    assert json.loads(file.read_text())["command"] == "plan"


def test_no_colours_without_a_terminal(capsys):
    run(["plan", "--local", MINIMAL])

    assert "\x1b" not in capsys.readouterr().out


def test_ctrl_c_while_reading_is_130(silent_server, forking):
    process = forking.start(
        "as_installed",
        ["plan", "--base-url", silent_server.url, MINIMAL],
        environment={**os.environ, "TWILIO_ACCOUNT_SID": "AC" + "0" * 32, "TWILIO_AUTH_TOKEN": "x"},
    )
    silent_server.wait_for_a_request()
    process.send_signal(signal.SIGINT)

    process.communicate(timeout=20)
    assert process.returncode == 130


ASKING = [
    ["plan", MINIMAL],
    ["apply", "--auto-approve", MINIMAL],
    ["destroy", "--confirm", "Corner Shop", MINIMAL],
    ["export", "Corner Shop"],
    ["diff", MINIMAL, "Corner Shop"],
    ["graph", "--live", MINIMAL],
    ["record", "Corner Shop"],
    ["route", "--live", "Corner Shop", "--task-sid", "WT" + "0" * 32],
    ["test", "--live", "Corner Shop", MINIMAL],
    ["validate", "--live", MINIMAL],
    ["doctor"],
]


@pytest.mark.parametrize("command", ASKING, ids=lambda command: command[0])
def test_a_run_is_bounded_in_time_and_says_what_it_waited_for(silent_server, monkeypatch, capsys, command):
    monkeypatch.setenv("TWILIO_ACCOUNT_SID", "AC" + "0" * 32)
    monkeypatch.setenv("TWILIO_AUTH_TOKEN", "x")

    code = run([*command, "--timeout", "0.2", "--base-url", silent_server.url])

    said = "".join(capsys.readouterr())
    assert code == 1
    assert re.search(
        r"timed out after 0.2 s \(--timeout\); no answer came to (GET|POST) /v1/Workspaces", " ".join(said.split())
    )


def test_all_questions_of_a_run_share_its_time():
    common = CommonOptions(format_name="text", output_file=None, no_color=True, quiet=False, verbose=False, timeout=0.2)

    def ask(seconds):
        answer_of(lambda _: asyncio.sleep(seconds), Access(target=TargetOptions(local=True), **asking(common)))

    with pytest.raises(OutOfTimeError):
        ask(1000)
    with pytest.raises(OutOfTimeError):
        ask(0.01)


def test_a_result_that_cannot_be_written_is_found_out_before_anything_is_done(tmp_path, capsys):
    code = run(["apply", "--local", "--auto-approve", "--format", "json", "--output", str(tmp_path), MINIMAL])

    assert code == 1
    assert "cannot be written" in json.loads(capsys.readouterr().out)["errors"][0]["message"]
    assert run(["export", "--local", "Corner Shop"]) == 1  # nobody made it


# Streams that nobody reads, that are full, and that were closed before the start


@pytest.fixture
def unread():
    """The end of a pipe that nobody reads."""
    reader, writer = os.pipe()
    os.close(reader)
    yield writer
    os.close(writer)


@pytest.fixture
def streamed(forking):
    """The exit code of a command whose streams are not as usual, and what could be read."""

    def run(*arguments, **streams):
        all_streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | streams
        done = subprocess.run([forking.programs / "tr-apply", *arguments], text=True, check=False, **all_streams)
        return done.returncode, done.stdout, done.stderr

    return run


def test_a_closed_pipe_does_not_crash(streamed, unread):
    assert streamed("plan", "--local", MINIMAL, stdout=unread) == (1, None, "")


def test_a_run_that_writes_goes_on_when_nobody_listens(streamed, unread):
    code, result, _ = streamed("apply", "--local", "--auto-approve", MINIMAL, stderr=unread)

    assert code == 0
    assert "Verified" in result


def test_an_error_that_nobody_reads_keeps_its_code(streamed, unread):
    for arguments in (["plan", "nowhere.yaml"], ["plan", "nowhere.yaml", "--format", "json"]):
        assert streamed(*arguments, stdout=unread, stderr=unread) == (64, None, None)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_a_result_that_finds_no_room_is_an_error(streamed):
    with Path("/dev/full").open("w") as full:
        for arguments in (["plan", "--local", MINIMAL], ["--version"]):
            code, _, told = streamed(*arguments, stdout=full)

            assert code == 1
            assert told == "Error: stdout cannot be written: No space left on device\n"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_applied_changes_count_even_if_the_result_cannot_be_written(streamed, capsys):
    apply = ["apply", "--local", "--auto-approve", "--format", "json", MINIMAL]
    with Path("/dev/full").open("w") as full:
        code, _, told = streamed(*apply, stdout=full)

    assert code == 4
    assert "Error: stdout cannot be written: No space left on device\n" in told
    assert "Verified: the workspace was read again and matches the configuration.\n" in told
    assert run(["plan", "--local", "--detailed-exitcode", MINIMAL]) == 0
    assert run([*apply, "--output", "/dev/full"]) == 1  # nothing was left to write
    assert "/dev/full cannot be written: No space left on device" in capsys.readouterr().err
    assert run(["destroy", "--local", "--confirm", "Corner Shop", MINIMAL, "--output", "/dev/full"]) == 4
    assert "the workspace was deleted, but the result could not be printed" in capsys.readouterr().err
    assert run([*apply, "--output", "/dev/full"]) == 4
    assert "Applied: " in capsys.readouterr().err


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_a_plan_that_could_not_be_shown_is_not_applied(streamed):
    with Path("/dev/full").open("w") as full:
        code, _, _ = streamed("apply", "--local", "--auto-approve", MINIMAL, stdout=full)

    assert code == 1
    assert run(["plan", "--local", "--detailed-exitcode", MINIMAL]) == 2


def test_stdout_reports_its_loss_once_and_python_can_end(unread):
    stdout = _over(_Stdout(unread, "w", closefd=False), "utf-8")
    stdout.write("result")

    with pytest.raises(StdoutLostError):
        stdout.flush()
    stdout.write("more")
    stdout.close()


@pytest.mark.skipif(os.name != "posix", reason="closes streams in a shell")
def test_closed_streams_are_as_good_as_none():
    command = f"{sys.executable} -m tr_apply plan --local {MINIMAL} <&- >&-"
    done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=False)

    assert (done.returncode, done.stderr) == (0, "")
