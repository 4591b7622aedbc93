"""``tr-apply route --live``: what the live people can take, in text and as JSON, and what does not go together."""

import json

import pytest

from tests.cli.conftest import have_database
from tr_apply.cli import run

LIVE = """\
workspace: {name: Center}
activities: [{name: Offline}, {name: Here, available: true}]
task_queues: [{name: Everyone}]
workflows: [{name: Incoming, default_filter: {queue: Everyone}}]
workers: [{name: "ana\\e[2J", activity: Here}, {name: ben}]
"""
ASKED = ["--workflow", "Incoming", "--task", "{}"]


def apply(file):
    assert run(["apply", file, "--local-db", "local.db", "--auto-approve"]) == 0


@pytest.fixture
def center(tmp_path, monkeypatch, capsys):
    """Asks a world with people: exit code, result and messages."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "live.yaml").write_text(LIVE, encoding="utf-8")
    have_database("local.db", apply, "live.yaml")
    capsys.readouterr()

    def ask(*options):
        where = () if "--base-url" in options else ("--local-db", "local.db")
        code = run(["route", "--live", "center", *where, *options])
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    return ask


def test_the_document_has_the_names_of_an_offline_route_and_the_live_facts(center):
    code, printed, said = center(*ASKED, "--format", "json", "--channel", "VOICE", "--priority", "3")

    document = json.loads(printed)
    route = document["route"]
    assert (code, said, document["command"], document["exit_code"], document["errors"]) == (0, "", "route", 0, [])
    assert route.keys() == {"workflow", "task", "available", "all_available", "filters", "steps", "end", "live"}
    assert (route["workflow"], route["task"]) == ("Incoming", {"attributes": {}, "channel": "voice", "priority": 3})
    [step] = route["steps"]
    assert (step["eligible"], step["available"]) == (["ana\x1b[2J", "ben"], ["ana\x1b[2J"])
    assert [each["worker"] for each in step["excluded"]] == ["ben"]
    assert (route["live"]["workspace"], route["live"]["people"], route["live"]["members"]) == ("Center", 2, 2)


def test_a_waiting_task_is_asked_about_by_its_sid_and_no_name_steers_the_terminal(center, serve, monkeypatch):
    server = serve()
    rest, address = server.client, ("--base-url", server.url)
    monkeypatch.setenv("TWILIO_ACCOUNT_SID", "AC0123456789abcdef0123456789abcdef")
    monkeypatch.setenv("TWILIO_AUTH_TOKEN", "secret")
    [workspace] = rest.get("/Workspaces").json()["workspaces"]
    task = rest.post(f"/Workspaces/{workspace['sid']}/Tasks").json()["sid"]

    code, printed, _ = center("--task-sid", task, *address)

    assert code == 0
    assert printed.startswith("This task has been offered to ana\\x1b[2J since ")
    assert "\x1b" not in printed
    rest.post(f"/Workspaces/{workspace['sid']}/Tasks/{task}", data={"AssignmentStatus": "canceled", "Reason": "no"})
    code, printed, _ = center("--task-sid", task, "--format", "json", *address)
    route = json.loads(printed)["route"]
    assert (code, route["steps"], route["end"], route["live"]["task"]["status"]) == (0, [], None, "canceled")


SECRETS = """\
workspace: {name: Center}
activities: [{name: Offline}, {name: Here, available: true}]
task_queues: [{name: Gold, target_workers: "grade == 'secret-grade' AND 1==1"}, {name: Everyone}]
workflows:
  - name: Incoming
    filters:
      - name: Pinned
        expression: "pin == 'secret-pin'"
        targets: [{queue: Everyone}]
    default_filter: {queue: Everyone, expression: "worker.phone == task.caller"}
  - {name: Golden, default_filter: {queue: Gold}}
workers: [{name: ana, activity: Here, attributes: {phone: secret-phone}}]
manage:
  workers: {sensitive: [attributes.phone]}
  task_queues: {sensitive: [target_workers]}
  workflows: {sensitive: ["filters[Pinned].expression"]}
"""


@pytest.mark.parametrize("form", ["text", "json"])
@pytest.mark.parametrize(("workflow", "secret"), [("Incoming", "phone"), ("Incoming", "pin"), ("Golden", "grade")])
def test_a_configuration_names_sensitive_values_of_the_live_workspace(center, tmp_path, workflow, secret, form):
    (tmp_path / "secret.yaml").write_text(SECRETS, encoding="utf-8")
    assert run(["apply", "secret.yaml", "--local-db", "local.db", "--auto-approve", "--allow-delete", "worker=2"]) == 0
    asked = ["--workflow", workflow, "--task", '{"caller": "+1555"}', "--format", form]

    code, printed, _ = center(*asked)
    hidden = center("secret.yaml", *asked)

    assert code == 0
    assert f"secret-{secret}" in printed
    assert hidden[0] == 0
    assert "(sensitive)" in hidden[1]
    assert "secret-" not in hidden[1]


def test_a_waiting_task_hides_sensitive_values_too(center, serve, monkeypatch, tmp_path):
    server = serve()
    (tmp_path / "secret.yaml").write_text(SECRETS, encoding="utf-8")
    monkeypatch.setenv("TWILIO_ACCOUNT_SID", "AC0123456789abcdef0123456789abcdef")
    monkeypatch.setenv("TWILIO_AUTH_TOKEN", "secret")
    address = ("--base-url", server.url)
    allowed = ("--allow-delete", "worker=2")
    assert run(["apply", "secret.yaml", "--auto-approve", *allowed, *address]) == 0
    [workspace] = server.client.get("/Workspaces").json()["workspaces"]
    workflows = server.client.get(f"/Workspaces/{workspace['sid']}/Workflows").json()["workflows"]
    sid = next(each["sid"] for each in workflows if each["friendly_name"] == "Incoming")
    task = server.client.post(f"/Workspaces/{workspace['sid']}/Tasks", data={"WorkflowSid": sid}).json()["sid"]

    printed = center("--task-sid", task, *address)[1]
    hidden = center("secret.yaml", "--task-sid", task, *address)[1]

    assert "secret-phone" in printed
    assert "secret-phone" not in hidden
    assert "(sensitive)" in hidden


def test_a_workspace_or_a_task_that_is_not_there_is_an_error(center, capsys):
    assert center("--task-sid", "WT" + "0" * 32)[0] == 1
    assert run(["route", "--live", "Nowhere", "--local-db", "local.db", *ASKED]) == 1
    assert "there is no live workspace 'Nowhere'" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "give the PATH of a configuration, or --live NAME"),
        (["--live", "X", "--task", "{}"], "--workflow is missing (or --task-sid)"),
        (["--live", "X", "--workflow", "W"], "--task is missing (or --task-sid)"),
        (["w.yaml", "--workflow", "W"], "--task is missing"),
        (["w.yaml", *ASKED, "--task-sid", "WT1"], "--task-sid: only with --live"),
        (["w.yaml", *ASKED, "--local"], "--local: only with --live"),
        (["--live", "X", *ASKED, "--available", "ana"], "--available: not with --live"),
        (["--live", "X", *ASKED, "--var", "A=1"], "--var: only with a PATH"),
        (["--live", "X", "--task-sid", "WT1", "--priority", "1"], "--priority: not with --task-sid"),
        (["--live", "X", "--task-sid", "WT1", *ASKED], "--task: not with --task-sid"),
        (["--live", "X", "--task-sid", ""], "--task-sid : expected the SID of a task"),
        (["--live", "X", "--task-sid", "WT1"], "--task-sid WT1: expected the SID of a task, WT and 32 digits"),
        (["--live", "X", "--workflow", "W", "--task", "{"], "--task: this is not valid JSON"),
        (["--live", "X", *ASKED, "--local", "--base-url", "http://127.0.0.1:1"], "exclude each other"),
    ],
)
def test_options_that_do_not_go_together_are_refused_before_any_request(capsys, arguments, message):
    assert run(["route", *arguments]) == 64
    assert message in capsys.readouterr().err


def test_the_embedded_taskrouter_of_the_folder_is_asked_as_well(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "w.yaml").write_text(LIVE, encoding="utf-8")
    assert run(["apply", "w.yaml", "--local", "--auto-approve"]) == 0
    capsys.readouterr()

    assert run(["route", "--live", "Center", "--local", *ASKED]) == 0
    assert capsys.readouterr().out.startswith("A task like this would be offered to ana\\x1b[2J immediately.\n")
