"""Sensitive values: in no plan, no output, no journal and no message, whatever happens; and applied all the same."""

import json
import sqlite3
from contextlib import closing

import httpx
import pytest

from tr_apply.deployment import connect
from tr_apply.transport import in_process

CANARY, FORMER, OTHER = "canary-7391", "former-8264", "other-5177"

# Sensitive in attributes, in a workflow, in a queue and in the workspace; read from the environment.
TEXT = """
workspace: {name: Center, event_callback_url: "https://example.com/${SECRET}"}
task_queues: [{name: Gold, target_workers: "key == '${SECRET}'"}]
workflows:
  - name: Incoming
    assignment_callback_url: "https://example.com/${SECRET}"
    filters: [{name: Vip, expression: "key == '${SECRET}'", targets: [{queue: Gold}]}]
workers:
  - {name: alice, attributes: {level: LEVEL, phone: "${SECRET}", of: "${sid:task_queue/Gold}"}}
manage:
  workspace: {sensitive: [event_callback_url]}
  task_queues: {sensitive: [target_workers]}
  workflows: {sensitive: ['filters[Vip].expression', assignment_callback_url]}
  workers: {sensitive: [attributes.phone]}
"""


_UNMANAGED = TEXT.partition("manage:")[0]

# The secret, by the setting that makes it one: the name of the environment's variable, and the file.
HIDDEN_BY = {
    "manage": ("TR_VAR_SECRET", TEXT),
    "the environment": ("TR_SECRET_SECRET", _UNMANAGED),
    "a declaration": ("TR_VAR_SECRET", _UNMANAGED + "variables: {SECRET: {secret: true}}\n"),
}


@pytest.fixture(params=HIDDEN_BY)
def plan_of(request, write, monkeypatch):
    """Puts a secret into the environment, and a configuration that needs it into a file."""
    variable, text = HIDDEN_BY[request.param]

    def put(secret, level=1):
        monkeypatch.setenv(variable, secret)
        return write("w.yaml", text.replace("LEVEL", str(level)))

    return put


def everything_said(said, tmp_path):
    """All output, and every file that a run has left, except for the world itself and the configuration."""
    files = [path for path in tmp_path.rglob("*") if path.is_file() and path.suffix not in {".yaml", ".db"}]
    texts = [path.read_text(errors="replace") for path in files if not path.name.startswith("world.db")]
    return "\n".join([said.out, said.err, *texts])


STEPS = {
    "created": (None, 1),
    "changed": (FORMER, 1),
    "beside": (CANARY, 2),
}
FORMATS = ("text", "json")
REPORTS = {"text": [("plan", "markdown"), ("validate", "github")], "json": [("plan", "html"), ("validate", "sarif")]}
"""Formats that one command has; each is asked for in one of the two cases, as they are the same in both."""


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("form", FORMATS)
def test_no_command_shows_a_secret(begun, cli, plan_of, tmp_path, live, monkeypatch, step, form):
    former, level = STEPS[step]
    if former is not None:
        begun(plan_of(former))
    path = plan_of(CANARY, level)
    monkeypatch.setenv("GITHUB_OUTPUT", str(tmp_path / "outputs.txt"))
    kept = ["--journal", "journal.jsonl", "--undo-out", "undo.json"]
    commands = (
        ["validate", path, "--format", form],
        ["plan", path, "--format", form, "--out", "plan.json", "-v"],
        ["diff", path, "Center", "--format", form, "-v"],
        ["apply", path, "--format", form],
        ["apply", path, "--format", form, "--auto-approve", "-v", "--output", "applied.txt", *kept],
        ["plan", path, "--format", form],
        ["diff", path, "Center", "--format", form],
        ["destroy", path, "--format", form],
    )
    reports = [[command, path, "--format", report] for command, report in REPORTS[form]]
    told = [everything_said(cli(*command), tmp_path) for command in (*reports, *commands)]

    assert live.items("Workers")[0]["attributes"].count(CANARY) == 1
    assert {each.name for each in tmp_path.iterdir()} >= {"outputs.txt", "journal.jsonl", "undo.json", "applied.txt"}
    for text in told:
        assert CANARY not in text
        assert FORMER not in text


@pytest.mark.parametrize("form", FORMATS)
def test_a_failing_apply_shows_no_secret(begun, cli, plan_of, tmp_path, live, form):
    begun(plan_of(FORMER))
    path = plan_of(CANARY)
    cli("plan", path, "--out", "plan.json")
    live.change("TaskQueues", "Gold", TargetWorkers=f"key == '{OTHER}'")
    live.change("Workers", "alice", Attributes=json.dumps({"phone": OTHER, "level": 4}))
    live.change("Workflows", "Incoming", AssignmentCallbackUrl=f"https://example.com/{OTHER}")

    said = cli("apply", "--plan", "plan.json", path, "--format", form)

    assert said.code == 5
    for secret in (CANARY, FORMER, OTHER):
        assert secret not in everything_said(said, tmp_path)


@pytest.mark.parametrize("odd", ["' AND (", "'", "\n", "' OR worker.x == 'y", '"'])
@pytest.mark.parametrize(
    "command", [["validate"], ["plan"], ["apply", "--auto-approve"]], ids=lambda command: command[0]
)
@pytest.mark.usefixtures("live")
def test_an_invalid_secret_is_not_shown(cli, plan_of, tmp_path, odd, command):
    for form in FORMATS:
        said = cli(*command, plan_of(CANARY + odd), "--format", form)

        assert CANARY not in everything_said(said, tmp_path)


WAYS = {
    "the configuration": ["gone.yaml", "--auto-approve", "--allow-delete=task_queue=1", "--allow-delete=workflow=1"],
    "a saved plan": ["--plan", "plan.json"],
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.usefixtures("live")
def test_the_way_back_shows_no_secret_of_resources_outside_the_plan(begun, cli, write, plan_of, tmp_path, way):
    begun(plan_of(CANARY))
    gone = "workspace: {name: Center}\ntask_queues: [{name: Silver}]\nworkflows: []\n"
    write("gone.yaml", gone + "manage: {workers: {sensitive: [attributes.phone]}}")
    cli("plan", "gone.yaml", "--out", "plan.json")

    said = cli("apply", *WAYS[way], "--undo-out", "undo.json")

    assert said.code == 0, said.err
    [undo] = json.loads((tmp_path / "undo.json").read_text())["plans"]
    [alice] = [each for each in undo["operations"] if each["name"] == "alice"]  # led to the new SID of the queue
    assert CANARY not in json.dumps([alice, undo["base"]["objects"]["worker/alice"]])


# Each finding would quote a sensitive value, or a part of it; the last one that of another resource.
REMARKABLE = """
workspace: {name: Center, event_callback_url: "ftp://canary-7391"}
task_queues:
  - {name: A, target_workers: "key == 'canary-7391' AND key == 'x'"}
  - {name: B, target_workers: "team == 'CANARY-7391'"}
workflows:
  - name: W
    assignment_callback_url: "http://example.com/canary-7391"
    filters:
      - {name: Vip, expression: "key == 'canary-7391' AND key == 'canary-7391'", targets: [{queue: A, timeout: 5}]}
      - {name: Open, expression: "key == 'x' AND key == 'x'", targets: [{queue: B, timeout: 5}]}
workers:
  - {name: alice, attributes: {key: canary-7391, team: canary-7391}}
manage:
  workspace: {sensitive: [event_callback_url]}
  workflows: {sensitive: ['filters[Vip]', assignment_callback_url]}
  workers: {sensitive: [attributes.key, attributes.team]}
"""


@pytest.mark.parametrize("form", ["text", "json", "github", "sarif"])
def test_no_finding_quotes_a_secret(cli, write, form):
    said = cli("validate", write("w.yaml", REMARKABLE), "--format", form)

    told = said.out + said.err
    assert CANARY not in told
    for code in ("invalid-url", "never-true", "value-spelling", "unencrypted-url", "repeated-condition"):
        assert code in told
    assert "key == 'x' is written here a second time" in told  # other values are still shown


def test_no_error_quotes_a_secret(cli, write):
    head = "workspace: {name: Center}\nmanage: {task_queues: {sensitive: [task_order]}, workers: {sensitive: [channels]}}\n"
    text = head + f"task_queues: [{{name: A, task_order: {CANARY}}}]\n"
    write("w.yaml", text + f"workers: [{{name: alice, channels: {{voice: {{capacity: {CANARY}}}}}}}]")

    for form in FORMATS:
        for command in (["validate"], ["plan"]):
            said = cli(*command, "w.yaml", "--format", form)
            assert said.code == 3
            assert CANARY not in said.out + said.err
            assert "w.yaml:3:" in said.out + said.err or '"line": 3' in said.out


def test_a_plan_with_secrets_needs_its_configuration(cli, plan_of, live):
    path = plan_of(CANARY)
    cli("plan", path, "--out", "plan.json")

    without = cli("apply", "--plan", "plan.json")
    done = cli("apply", "--plan", "plan.json", path)

    assert without.code == 64
    assert "apply --plan plan.json PATH" in without.err
    assert done.code == 0, done.err
    assert cli("plan", path, "--detailed-exitcode").code == 0
    assert json.loads(live.items("Workers")[0]["attributes"])["phone"] == CANARY


def test_a_saved_change_of_a_secret_is_applied_with_the_configuration(begun, cli, plan_of, live):
    begun(plan_of(FORMER))
    path = plan_of(CANARY, 2)
    cli("plan", path, "--out", "plan.json")

    assert cli("apply", "--plan", "plan.json", path).code == 0
    assert json.loads(live.items("Workers")[0]["attributes"]) == {
        "level": 2,
        "phone": CANARY,
        "of": live.sid("TaskQueues", "Gold"),
    }


def test_another_secret_than_planned_is_stale(begun, cli, plan_of, live):
    begun(plan_of(FORMER))
    cli("plan", plan_of(CANARY), "--out", "plan.json")
    before = live.state()

    said = cli("apply", "--plan", "plan.json", plan_of(OTHER))

    assert said.code == 5
    assert "sensitive values are not those that were planned" in said.err
    assert "worker/alice Attributes" in said.err
    assert live.state() == before


@pytest.mark.usefixtures("live")
def test_a_secret_that_is_not_planned_any_more_is_stale(begun, cli, plan_of):
    begun(plan_of(FORMER))
    cli("plan", plan_of(CANARY), "--out", "plan.json")

    assert cli("apply", "--plan", "plan.json", plan_of(FORMER)).code == 5


def test_variables_of_the_configuration_may_be_given_with_a_saved_plan(cli, plan_of, monkeypatch):
    path = plan_of(CANARY)
    cli("plan", path, "--out", "plan.json")
    for variable, _ in HIDDEN_BY.values():
        monkeypatch.delenv(variable, raising=False)

    assert cli("apply", "--plan", "plan.json", path, "--var", f"SECRET={OTHER}").code == 5
    assert cli("apply", "--plan", "plan.json", path, "--var", f"SECRET={CANARY}").code == 0


def test_credentials_are_in_no_file_and_no_output(cli, write, monkeypatch, tmp_path):
    monkeypatch.setenv("TWILIO_ACCOUNT_SID", "AC" + "0" * 32)
    monkeypatch.setenv("TWILIO_AUTH_TOKEN", CANARY)
    path = write("w.yaml", "workspace: {name: Center}")
    url = ("--base-url", "http://127.0.0.1:9")

    for form in FORMATS:
        said = cli("plan", path, *url, "--timeout", "0.5", "-v", "--out", "plan.json", "--format", form)
        assert said.code == 1
        assert CANARY not in everything_said(said, tmp_path)


@pytest.mark.usefixtures("live")
def test_the_world_holds_the_secret_or_the_other_tests_could_not_fail(begun, plan_of, tmp_path):
    begun(plan_of(CANARY))

    with closing(sqlite3.connect(tmp_path / "world.db")) as database:
        assert CANARY in "".join(database.iterdump())


class Quoting(httpx.AsyncBaseTransport):
    """A TaskRouter that refuses new workers, and quotes what it was sent."""

    def __init__(self, inner):
        self._inner = inner

    async def handle_async_request(self, request):
        if request.method == "POST" and request.url.path.endswith("/Workers"):
            return httpx.Response(
                400, json={"message": f"bad: {request.content.decode()}", "code": 20001, "status": 400}
            )
        return await self._inner.handle_async_request(request)

    async def aclose(self):
        await self._inner.aclose()


def test_a_secret_quoted_by_taskrouter_is_not_shown(cli, plan_of, tmp_path, monkeypatch):
    monkeypatch.setattr(connect, "in_process", lambda app: Quoting(in_process(app)))

    for form in FORMATS:
        said = cli("apply", plan_of(CANARY), "--auto-approve", "--format", form)

        assert said.code == {"text": 4, "json": 1}[form]  # at first the rest was written
        assert CANARY not in everything_said(said, tmp_path)
        assert "HTTP 400, code 20001" in said.out
