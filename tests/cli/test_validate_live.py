"""validate --live and --ask-server: what the people of the live workspace show, and TaskRouter's own answers."""

import json

import pytest

from tests.cli.conftest import have_database
from tr_apply.cli import run
from tr_apply.client import Client
from tr_apply.config.load import load
from tr_apply.deployment.configured import Configured
from tr_apply.deployment.people import look_at_live
from tr_apply.local import open_app
from tr_apply.own_folder import DATABASE
from tr_apply.transport import Connection, in_process

LIVE = """\
workspace: {name: Shop}
task_queues: [{name: Everyone}, {name: Spanish, target_workers: "languages HAS 'es'"}]
workers:
  - {name: ana, attributes: {languages: [es], level: 1, team: "${sid:task_queue/Everyone}"}}
  - {name: ben, attributes: {languages: [en], level: 5}}
"""
FILE = """\
workspace: {name: Shop}
task_queues:
  - {name: Everyone}
  - {name: Spanish, target_workers: "langauges HAS 'es'"}
  - {name: Senior, target_workers: "level > 3"}
  - {name: Team, target_workers: "team == '${sid:task_queue/Everyone}'"}
  - {name: Away, target_workers: "activity_name == 'Away'"}
  - {name: Parking, target_workers: "1==0"}
workflows:
  - name: Voice
    filters:
      - expression: "language == 'es'"
        targets: [{queue: Senior, expression: "task.language IN worker.languages"}]
      - expression: "language == 'en'"
        targets: [{queue: Senior, expression: "task.language IN worker.languages"}]
    default_filter: {queue: Everyone}
"""


@pytest.fixture
def validated(capsys, tmp_path):
    """Validates a configuration in its own file: exit code, findings of people, and messages."""

    def validate(text, *options):
        path = tmp_path / "w.yaml"
        path.write_text(text, encoding="utf-8")
        code = run(["validate", str(path), "--format", "json", *options])
        printed = capsys.readouterr()
        found = [(each["code"], each["line"], each["message"]) for each in json.loads(printed.out)["diagnostics"]]
        return (
            code,
            [each for each in found if each[0] in {"empty-queue", "dead-step", "server-disagrees"}],
            printed.err,
        )

    return validate


@pytest.fixture
def live(tmp_path, capsys):
    path = tmp_path / "live.yaml"
    path.write_text(LIVE, encoding="utf-8")
    have_database(DATABASE, apply, "live.yaml")
    capsys.readouterr()


def apply(file):
    assert run(["apply", file, "--local", "--auto-approve"]) == 0


@pytest.mark.usefixtures("live")
def test_queues_and_steps_of_nobody_are_found_among_the_people_who_are_live(validated):
    assert validated(FILE) == (0, [], "")

    code, found, _ = validated(FILE, "--live", "--local")

    assert code == 0
    assert found == [
        ("empty-queue", 4, "no worker of the live workspace is in this queue"),
        ("dead-step", 13, "the only worker of the queue 'Senior' cannot ever take a task of this filter here"),
    ]


@pytest.mark.usefixtures("live")
def test_the_people_have_the_attributes_that_the_file_gives_them(validated):
    workers = (
        "manage: {workers: {mode: additive, attributes: merge}}\n"
        "workers: [{name: ben, attributes: {languages: [es]}}, {name: cho, attributes: {langauges: [es]}}]\n"
    )

    _, found, _ = validated(FILE + workers, "--live", "--local")

    assert found == [
        ("dead-step", 15, "the only worker of the queue 'Senior' cannot ever take a task of this filter here")
    ]


@pytest.mark.usefixtures("live")
def test_nothing_is_written(validated):
    _, _, said = validated(FILE, "--ask-server", "--local", "--verbose")

    requests = {line.split()[0] for line in said.splitlines() if " /v1/" in line}
    assert requests == {"GET"}


def test_a_workspace_that_is_not_live_has_no_people(validated):
    code, found, said = validated(FILE, "--live", "--local")

    assert (code, found) == (0, [])
    assert "Shop is not live yet: its people are those that the file declares" in said


@pytest.mark.usefixtures("live")
def test_taskrouter_agrees_about_every_queue(validated):
    _, found, said = validated(FILE, "--ask-server", "--local", "--verbose")

    assert [each for each in found if each[0] == "server-disagrees"] == []
    asked = [line for line in said.splitlines() if "TargetWorkersExpression" in line]
    assert len(asked) == 5  # each expression without a SID


@pytest.fixture(autouse=True)
def _impatient(monkeypatch):
    """Ask without the pauses that a real TaskRouter needs."""
    monkeypatch.setattr("tr_apply.deployment.server_answers._PAUSE_S", 0)


def asked(runner, folder, around):
    """The answers of ``--ask-server`` about the live workspace, through the application *around* its TaskRouter."""
    path = folder / "w.yaml"
    path.write_text(LIVE, encoding="utf-8")
    app = open_app(".tr-apply/local.db")

    async def look():
        connection = Connection("http://test", "AC0123456789abcdef0123456789abcdef", "x")
        async with Client(connection, through=in_process(around(app))) as client:
            return await look_at_live(client, Configured(load(path)), ask_server=True)

    try:
        return runner.run(look())
    finally:
        app.close()


class Mistaken:
    """An embedded TaskRouter that finds everybody for every expression."""

    def __init__(self, app):
        self._app = app

    async def __call__(self, scope, receive, send):
        if b"TargetWorkersExpression" in scope.get("query_string", b""):
            scope = {**scope, "query_string": b"PageSize=1000"}
        await self._app(scope, receive, send)


@pytest.mark.usefixtures("live")
def test_a_difference_has_the_expression_the_worker_and_both_answers(runner, tmp_path):
    found = asked(runner, tmp_path, Mistaken)

    [difference] = found.differences
    assert (difference.code, difference.spot.path) == ("server-disagrees", ("task_queues", 1, "target_workers"))
    assert difference.message.startswith(
        "TaskRouter answers otherwise than tr-apply for \"languages HAS 'es'\": by TaskRouter ben (matches), "
        "by tr-apply the reverse"
    )
    assert sorted(each["friendly_name"] for each in found.people) == ["ana", "ben"]


class Refusing:
    """An embedded TaskRouter that refuses expressions with HAS."""

    def __init__(self, app):
        self._app = app

    async def __call__(self, scope, receive, send):
        if b"HAS" in scope.get("query_string", b""):
            body = b'{"code": 20001, "message": "Not allowed", "status": 400}'
            headers = [(b"content-type", b"application/json")]
            await send({"type": "http.response.start", "status": 400, "headers": headers})
            await send({"type": "http.response.body", "body": body})
        else:
            await self._app(scope, receive, send)


@pytest.mark.usefixtures("live")
def test_an_expression_that_taskrouter_refuses_is_a_difference_and_the_others_are_asked(runner, tmp_path):
    found = asked(runner, tmp_path, Refusing)

    assert [(each.code, each.spot.path) for each in found.differences] == [
        ("server-disagrees", ("task_queues", 1, "target_workers"))
    ]
    assert found.differences[0].message.startswith(
        "TaskRouter refuses \"languages HAS 'es'\", which tr-apply can read: GET /v1/Workspaces/"
    )
    assert found.differences[0].message.endswith("Not allowed (HTTP 400, code 20001); please report this")


TARGETS = """\
workspace: {name: Shop}
task_queues: [{name: Everyone}, {name: Spanish, target_workers: "languages HAS 'es'"}]
workflows:
  - name: Voice
    filters:
      - expression: "a == 1"
        targets:
          - {queue: Everyone, timeout: 5, expression: "worker.level>2 AND worker.friendly_name != 'x'"}
          - {queue: Everyone, timeout: 5, expression: "worker.languages HAS 'es'"}
          - {queue: Everyone, timeout: 5, expression: "task.language IN worker.languages"}
          - {queue: Everyone, timeout: 5, expression: "worker.channel.voice.assigned_tasks == 0"}
          - {queue: Everyone, timeout: 5, expression: "task.a == 1"}
          - {queue: Everyone, timeout: 5, expression: "worker.team == '${sid:task_queue/Everyone}'"}
          - {queue: Everyone, expression: "1==1"}
"""


@pytest.mark.usefixtures("live")
def test_targets_that_read_the_worker_alone_are_asked_about_without_the_prefix(validated):
    code, found, said = validated(TARGETS, "--ask-server", "--local", "--verbose")

    asked = [line for line in said.splitlines() if "TargetWorkersExpression" in line]
    assert (code, found) == (0, [])
    assert len(asked) == 3  # two of queues, one of which a target has as well, and one more of a target
    assert any("level%3E2+AND+friendly_name+%21%3D+%27x%27" in line for line in asked)
    assert "1 target expression reads the task as well as the worker: TaskRouter cannot be asked about that" in said


@pytest.mark.usefixtures("live")
def test_a_difference_about_a_target_is_at_that_target(runner, tmp_path):
    path = tmp_path / "w.yaml"
    path.write_text(TARGETS, encoding="utf-8")
    app = open_app(".tr-apply/local.db")

    async def look():
        connection = Connection("http://test", "AC0123456789abcdef0123456789abcdef", "x")
        async with Client(connection, through=in_process(Mistaken(app))) as client:
            return await look_at_live(client, Configured(load(path)), ask_server=True)

    try:
        found = runner.run(look())
    finally:
        app.close()

    assert [each.spot.path for each in found.differences] == [
        ("task_queues", 1, "target_workers"),
        ("workflows", 0, "filters", 0, "targets", 0, "expression"),
    ]
