"""``tr-apply record`` against a serving process: what it records, whose the file is, and how a killed run goes on."""

import asyncio
import csv
import io
import json
import os
import re
import signal
import stat
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from tr_apply.cli import record as record_module
from tr_apply.cli import run
from tr_apply.cli.output import Output
from tr_apply.cli.record_file import RecordFile
from tr_apply.deployment.observed_load import _asked_by
from tr_apply.deployment.recording import Recorded
from tr_apply.errors import InterruptedRunError, TrApplyError
from tr_apply.live import Live
from tr_apply.local import open_app
from tr_apply.transport import in_process

CENTER = """\
workspace: {name: Center}
task_queues: [{name: Everyone}, {name: Spanish}]
workflows:
  - name: Voice
    filters:
      - {name: Spanish, expression: "language == 'es'", targets: [{queue: Spanish}]}
      - {name: Tagged, expression: "tags HAS 'vip' OR phone CONTAINS '+49'", targets: [{queue: Everyone}]}
    default_filter: {queue: Everyone}
"""
CANARY = "+15550001111"
ACCOUNT = "AC0123456789abcdef0123456789abcdef"
TASKS = 1000


def apply(*options, name="Center", text=CENTER):
    Path(f"{name}.yaml").write_text(text.replace("{name: Center}", f"{{name: {name}}}"))
    assert run(["apply", f"{name}.yaml", "--auto-approve", "-q", "--output", "applied.txt", *options]) == 0


def rows(text):
    return list(csv.DictReader(io.StringIO(text)))


@pytest.fixture
def center():
    """A live workspace in the folder, with a task."""
    apply("--local")
    make_tasks({"language": "es", "phone": CANARY})


def make_tasks(*attributes, name="Center"):
    app = open_app(Path(".tr-apply/local.db"))

    async def make():
        async with httpx.AsyncClient(
            transport=in_process(app), base_url="http://test/v1", auth=(ACCOUNT, "secret")
        ) as client:
            workspaces = (await client.get("/Workspaces")).json()["workspaces"]
            [sid] = [each["sid"] for each in workspaces if each["friendly_name"] == name]
            workflow = (await client.get(f"/Workspaces/{sid}/Workflows")).json()["workflows"][0]["sid"]
            for each in attributes:
                form = {"WorkflowSid": workflow, "Attributes": json.dumps(each)}
                assert (await client.post(f"/Workspaces/{sid}/Tasks", data=form)).status_code == 201

    asyncio.run(make())
    app.close()


def record(*options, name="Center"):
    return run(["record", name, "--local", "--since", "2h", "-q", *options])


def test_a_thousand_tasks_are_a_thousand_by_count(serve, monkeypatch, capsys):
    server = serve()
    monkeypatch.setenv("TWILIO_ACCOUNT_SID", ACCOUNT)
    monkeypatch.setenv("TWILIO_AUTH_TOKEN", "secret")
    apply("--base-url", server.url)
    workspace = server.client.get("/Workspaces").json()["workspaces"][0]["sid"]
    workflow = server.client.get(f"/Workspaces/{workspace}/Workflows").json()["workflows"][0]["sid"]
    for number in range(TASKS):
        attributes = {
            "language": "es" if number % 4 else "fr",
            "phone": f"+1555{number:07}",
            "name": f"Person {number}",
        }
        form = {"WorkflowSid": workflow, "Attributes": json.dumps(attributes), "TaskChannel": "voice"}
        server.client.post(f"/Workspaces/{workspace}/Tasks", data=form).raise_for_status()

    assert run(["record", "Center", "--since", "1h", "--output", "tasks.csv", "--base-url", server.url]) == 0
    said = capsys.readouterr()
    recorded = rows(Path("tasks.csv").read_text())
    assert run(["plan", "Center.yaml", "--tasks", "tasks.csv", "--base-url", server.url, "--format", "json"]) == 0
    document = json.loads(capsys.readouterr().out)

    assert sum(int(each["count"]) for each in recorded) == TASKS
    assert {(each["attributes.language"], each["attributes.phone"]) for each in recorded} == {
        ("es", "other"),
        ("fr", "other"),
    }
    assert sum(int(each["count"]) for each in recorded if each["attributes.language"] == "fr") == TASKS // 4
    assert "1,000 tasks" in said.err
    assert "Attributes that are kept: language, phone, tags." in said.err
    assert said.out == ""
    assert document["plans"][0]["impact"]["tasks"] == {"file": "tasks.csv", "total": TASKS, "elsewhere": 0}


@pytest.mark.usefixtures("center")
def test_without_a_file_the_rows_go_to_standard_output(capsys):
    assert record() == 0
    table = capsys.readouterr().out
    assert record("--format", "jsonl") == 0
    [line] = capsys.readouterr().out.splitlines()

    [row] = rows(table)
    assert (row["workflow"], row["channel"], row["count"], row["attributes.language"]) == (
        "Voice",
        "default",
        "1",
        "es",
    )
    assert json.loads(line)["attributes"] == {"language": "es", "phone": "other"}
    assert CANARY not in table + line


@pytest.mark.usefixtures("center")
def test_the_suffix_of_the_file_decides_unless_a_format_is_given():
    assert record("--output", "tasks.jsonl") == record("--output", "table.jsonl", "--format", "csv") == 0

    assert json.loads(Path("tasks.jsonl").read_text())["workflow"] == "Voice"
    assert rows(Path("table.jsonl").read_text())[0]["workflow"] == "Voice"


@pytest.mark.skipif(sys.platform == "win32", reason="permissions as POSIX has them")
@pytest.mark.usefixtures("center")
def test_the_file_is_for_its_owner_alone():
    Path("tasks.csv").touch(0o644)

    assert record("--output", "tasks.csv", "--overwrite") == 0

    assert stat.S_IMODE(Path("tasks.csv").stat().st_mode) == 0o600


@pytest.mark.usefixtures("center")
def test_a_record_is_written_over_its_own_earlier_record_and_nothing_else(capsys):
    apply("--local", name="Other")
    assert record("--output", "tasks.csv") == record("--output", "tasks.csv") == 0

    assert record("--output", "tasks.csv", name="Other") == 6
    assert "is a record of another workspace" in capsys.readouterr().err
    Path("tasks.csv").write_text(Path("tasks.csv").read_text() + ",Voice,voice,0,7,,\n")
    assert record("--output", "tasks.csv") == 6
    assert "is not a record as tr-apply wrote it" in capsys.readouterr().err
    assert record("--output", "tasks.csv", "--overwrite") == 0
    assert "7" not in {each["count"] for each in rows(Path("tasks.csv").read_text())}


@pytest.mark.usefixtures("center")
def test_the_parts_of_a_record_are_in_a_folder_that_git_ignores():
    Path("data").mkdir()

    assert record("--output", "data/tasks.csv") == 0

    assert {each.name for each in Path("data/.tr-apply").iterdir()} == {".gitignore", "records"}
    assert [each.name for each in Path("data/.tr-apply/records").iterdir()] == ["tasks.csv.json"]


@pytest.mark.usefixtures("center")
def test_values_as_they_are_get_into_no_git_repository_by_accident(capsys):
    subprocess.run(["git", "init", "-q"], check=True)

    assert record("--output", "tasks.csv", "--keep-values") == 6
    assert "--keep-values writes personal data as it is" in capsys.readouterr().err
    assert not Path("tasks.csv").exists()

    Path(".gitignore").write_text("*.csv\n")
    assert run(["record", "Center", "--local", "--since", "2h", "--output", "tasks.csv", "--keep-values"]) == 0
    assert "personal data included" in capsys.readouterr().err
    assert CANARY in Path("tasks.csv").read_text()


@pytest.mark.usefixtures("center")
def test_without_git_nothing_counts_as_ignored(monkeypatch):
    Path(".git").mkdir()
    monkeypatch.setenv("PATH", "")

    assert record("--output", "tasks.csv", "--keep-values") == 6


@pytest.mark.parametrize("since", ["", "7", "7w", "0d", "31d", "721h", "-1d"])
def test_a_time_that_taskrouter_does_not_keep_is_a_mistake_of_the_caller(since, capsys):
    assert run(["record", "Center", "--local", "--since", since]) == 64
    assert "at most 30d" in capsys.readouterr().err


def test_a_workspace_that_is_not_there_is_an_error(capsys):
    assert record() == 1
    assert "there is no live workspace 'Center'" in capsys.readouterr().err


@pytest.mark.usefixtures("center")
def test_a_workspace_without_tasks_has_an_empty_record(capsys):
    apply("--local", name="Other")

    assert run(["record", "Other", "--local", "--since", "90m"]) == 0

    printed = capsys.readouterr()
    assert printed.out == "time,workflow,channel,priority,count,attributes\n"
    assert "No task was created in this time." in printed.err


def test_a_task_that_cannot_be_reduced_is_left_out_with_a_note(capsys):
    apply("--local", text=CENTER.replace("language == 'es'", "a < 'm' AND a CONTAINS 'x'"))
    make_tasks({"a": "ax"}, {"a": "m"})

    assert record() == 0

    said = capsys.readouterr()
    assert "1 task is left out" in said.err
    assert [each["attributes.a"] for each in rows(said.out)] == ["m"]


def test_expressions_that_cannot_be_read_are_reported(capsys):
    record_module._note(Recorded([], [], 2, 2, 2), Output("record"), keeps_values=False)

    said = capsys.readouterr().err
    assert "2 expressions cannot be read; attributes that only they ask for are not kept." in said
    assert "Attributes that are kept: none, as no expression reads any." in said


def test_counts_of_one_are_singular(capsys):
    record_module._note(Recorded([], [], 1, 1, 1), Output("record"), keeps_values=False)

    said = capsys.readouterr().err
    assert "1 of these hours was read by an earlier run." in said
    assert "1 task is left out: no other values would be routed alike." in said
    assert "1 expression cannot be read; attributes that only it asks for are not kept." in said


@pytest.mark.usefixtures("center")
def test_on_a_terminal_one_line_shows_how_far_it_is(capsys, monkeypatch):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)

    assert run(["record", "Center", "--local", "--since", "2h"]) == 0

    assert re.search(
        r"\r1 of 3 hours read, \d tasks\r2 of 3 hours read.*\r3 of 3 hours read, 1 tasks\n", capsys.readouterr().err
    )


@pytest.mark.skipif(sys.platform == "win32", reason="devices as POSIX has them")
@pytest.mark.usefixtures("center")
def test_a_device_is_written_as_it_is():
    assert record("--output", os.devnull, "--overwrite") == 0
    assert not Path("/dev/.tr-apply").exists()


@pytest.mark.usefixtures("center")
def test_values_as_they_are_may_go_to_standard_output(capsys):
    assert record("--keep-values") == 0
    assert CANARY in capsys.readouterr().out


def test_a_run_without_a_file_has_nothing_to_go_on_with(capsys, monkeypatch):
    monkeypatch.setattr(record_module, "answer_of", _interrupted)

    assert run(["record", "Center", "--local"]) == 130
    assert "again" not in capsys.readouterr().err


def _interrupted(*_):
    raise InterruptedRunError("interrupted")


def test_a_record_that_cannot_be_kept_is_an_error(tmp_path):
    with pytest.raises(TrApplyError, match="cannot be written"):
        RecordFile(tmp_path / "tasks.csv").add("{}")


@pytest.mark.usefixtures("center")
@pytest.mark.parametrize("spoilt", [b"\xff", b"{", b"[" * 10_000, b"5"])
def test_the_kept_parts_of_a_record_may_be_damaged(spoilt):
    assert record("--output", "tasks.csv") == 0
    Path(".tr-apply/records/tasks.csv.json").write_bytes(spoilt)

    assert record("--output", "tasks.csv") == 6


@pytest.mark.skipif(sys.platform == "win32", reason="signals as POSIX has them")
@pytest.mark.parametrize(("number", "code"), [(signal.SIGKILL, -signal.SIGKILL), (signal.SIGINT, 130)])
def test_a_run_that_ended_early_goes_on_where_it_ended(serve, forking, monkeypatch, capsys, number, code):
    server = serve("--control")
    monkeypatch.setenv("TWILIO_ACCOUNT_SID", ACCOUNT)
    monkeypatch.setenv("TWILIO_AUTH_TOKEN", "secret")
    apply("--base-url", server.url)
    control = f"{server.url}/_tr-apply/faults"
    rule = {"match": {"method": "GET", "path_regex": "/Events", "nth": 20}, "action": "delay", "delay_s": 60}
    server.client.post(control, json=[rule]).raise_for_status()
    command = ["record", "Center", "--since", "2d", "--output", "tasks.csv", "--base-url", server.url, "-v"]

    process = forking.start("as_installed", command)
    answered = 0
    while answered < 19:
        answered += "/Events" in process.stderr.readline()
    process.send_signal(number)
    _, said = process.communicate(60)
    server.client.post(control, json=[]).raise_for_status()
    unfinished = Path(".tr-apply/records/tasks.csv.unfinished.jsonl")

    assert process.returncode == code
    assert ("Run the same command again" in said) is (number == signal.SIGINT)
    assert stat.S_IMODE(unfinished.stat().st_mode) == 0o600
    assert unfinished.read_text().count('"hour"') >= 17
    assert run(command[:-1]) == 0
    assert re.search(r"1[0-9] of these hours were read by an earlier run", capsys.readouterr().err)
    assert not unfinished.exists()
    assert Path("tasks.csv").exists()
    server.cut_off()


@pytest.mark.usefixtures("center")
@pytest.mark.parametrize("name", [".tr-apply/records", ".tr-apply/records/tasks.csv.unfinished.jsonl"])
def test_where_nothing_can_be_kept_that_is_an_error(capsys, name):
    path = Path(name)
    path.parent.mkdir(exist_ok=True)
    path.mkdir() if path.suffix else path.write_text("")

    assert record("--output", "tasks.csv") == 1
    assert re.search("cannot be (made|written)", capsys.readouterr().err)


# A first load


STAFFED = CENTER + "workers: [{name: ana, activity: Available}]\n"


def test_a_load_is_written_that_can_be_simulated_with_the_same_workspace(capsys):
    apply("--local", text="activities: [{name: Offline}, {name: Available, available: true}]\n" + STAFFED)
    make_tasks(*[{"language": "es", "phone": CANARY}] * 3, {"language": "fr"})

    assert record("--output", "tasks.csv", "--load", "load.yaml") == 0
    written = Path("load.yaml").read_text()
    assert run(["simulate", "Center.yaml", "--load", "load.yaml", "--replications", "2", "--format", "json"]) == 0

    document = json.loads(capsys.readouterr().out)
    names = {each["name"] for each in document["simulation"]["scenarios"][0]["results"] if each["by"] == "demand"}
    assert names == {"Voice, default language=es phone=other", "Voice, default language=other"}
    assert "GUESSED" in written
    assert CANARY not in written
    assert sum(int(each["count"]) for each in rows(Path("tasks.csv").read_text())) == 4


@pytest.mark.usefixtures("center")
def test_a_load_is_written_over_an_unchanged_load_alone(capsys):
    assert record("--load", "load.yaml") == record("--load", "load.yaml") == 0
    Path("load.yaml").write_text(Path("load.yaml").read_text() + "# mine\n")
    capsys.readouterr()

    assert record("--load", "load.yaml", "--output", "tasks.csv") == 6
    assert "load.yaml exists and is not a record as tr-apply wrote it" in capsys.readouterr().err
    assert not Path("tasks.csv").exists()
    assert record("--load", "load.yaml", "--overwrite") == 0
    assert "# mine" not in Path("load.yaml").read_text()


def test_without_tasks_there_is_no_load(capsys):
    apply("--local")

    assert record("--load", "load.yaml") == 1
    assert "no task came in this time" in capsys.readouterr().err
    assert not Path("load.yaml").exists()


@pytest.mark.usefixtures("center")
def test_a_queue_whose_expression_cannot_be_read_groups_no_workers():
    assert [*_asked_by(Live("task_queue", "Q", "WQ1", {"target_workers": "team =="}))] == []
    assert [*_asked_by(Live("task_queue", "Q", "WQ1", {"target_workers": "team == 'a' AND x.y == 1"}))] == ["team"]


@pytest.mark.usefixtures("center")
def test_tasks_and_load_cannot_be_one_file(capsys):
    assert record("--load", "one.yaml", "--output", "./one.yaml") == 64
    assert "name the same file" in capsys.readouterr().err
