"""tr_apply.testing.TaskRouter: seeded, steered and inspected by the tests of an application."""

import os
import re
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import pytest

import tr_apply
from tr_apply.errors import ConfigError, TargetError, UsageError
from tr_apply.testing import TaskRouter, server_process

CONFIGURATION = """
workspace: {name: Support, timeout_activity: Offline}
activities: [{name: Offline}, {name: Available, available: true}]
task_queues: [{name: Everyone}]
workflows:
  - {name: Voice, assignment_callback_url: "${CALLBACK}", task_reservation_timeout: 60, default_filter: {queue: Everyone}}
workers: [{name: ann, activity: Available}, {name: ben, activity: Available}]
"""
WORKSPACE_ALONE = "workspace: {name: Alone}\n"


@pytest.fixture(scope="module")
def server():
    with TaskRouter() as server:
        yield server


@pytest.fixture
def taskrouter(server):
    server.reset()
    return server


@pytest.fixture(scope="module")
def callback_url():
    """An application that accepts every offer."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(b'{"instruction": "accept"}')

        def log_message(self, *_):
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as application:
        thread = threading.Thread(target=application.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{application.server_port}/"
        application.shutdown()
        thread.join()


@pytest.fixture
def workspace(taskrouter, callback_url):
    """Of two available workers, on a Monday morning."""
    taskrouter.pin("2027-01-04T09:00:00Z")
    sids = taskrouter.seed(CONFIGURATION, variables={"CALLBACK": callback_url})
    return taskrouter.client.taskrouter.v1.workspaces(sids["workspace"])


def workspaces(taskrouter):
    return [each.friendly_name for each in taskrouter.client.taskrouter.v1.workspaces.list()]


# Seeds


def test_a_seed_is_a_path_yaml_or_a_built_workspace(taskrouter, tmp_path):
    (tmp_path / "workspace.yaml").write_text("workspace: {name: From a path}")

    taskrouter.seed(tmp_path)
    taskrouter.seed(str(tmp_path / "workspace.yaml"))
    taskrouter.seed("workspace: {name: From YAML}")
    taskrouter.seed(tr_apply.Workspace(name="Built"))

    assert workspaces(taskrouter) == ["From a path", "From YAML", "Built"]


def test_a_seed_returns_the_sids_by_kind_and_name(taskrouter, workspace):
    sids = taskrouter.seed(CONFIGURATION, variables={"CALLBACK": "http://127.0.0.1:1/"})

    [ann] = workspace.workers.list(friendly_name="ann")
    [voice] = workspace.workflows.list()
    assert (sids["workspace"], sids["worker/ann"], sids["workflow/Voice"]) == (
        workspace.fetch().sid,
        ann.sid,
        voice.sid,
    )
    assert {name.partition("/")[0] for name in sids} == {
        *("workspace", "activity", "task_channel", "task_queue", "workflow", "worker")
    }


def test_another_seed_of_the_workspace_may_delete(taskrouter, workspace):
    taskrouter.seed("workspace: {name: Support}\nworkflows: []\ntask_queues: []\nworkers: []\n")

    assert (workspace.workflows.list(), workspace.workers.list()) == ([], [])


def test_a_seed_that_is_invalid_is_refused_with_its_place(taskrouter):
    with pytest.raises(ConfigError, match=r"<seed>:1:\d+: error: .*nam"):
        taskrouter.seed("workspace: {nam: Support}")
    with pytest.raises(UsageError, match=r"missing\.yaml"):
        taskrouter.seed("missing.yaml")


@pytest.mark.parametrize("running", [False, True])
def test_a_seed_works_with_and_without_an_event_loop(taskrouter, runner, running):
    async def seed():
        return taskrouter.seed(WORKSPACE_ALONE)

    sids = runner.run(seed()) if running else taskrouter.seed(WORKSPACE_ALONE)

    assert workspaces(taskrouter) == ["Alone"]
    assert sids["workspace"].startswith("WS")


# Its own time


def test_a_pinned_clock_moves_only_when_it_is_advanced(taskrouter):
    morning = datetime(2027, 1, 4, 9, tzinfo=UTC)

    assert taskrouter.pin(morning.replace(tzinfo=None)) == taskrouter.now == morning
    assert taskrouter.advance(90.5) == morning + timedelta(seconds=90.5)
    assert taskrouter.advance(timedelta(days=1)) == taskrouter.pin() == morning + timedelta(days=1, seconds=90.5)
    with pytest.raises(UsageError, match="must be a date and time"):
        taskrouter.pin("noon")


def test_a_clock_that_is_not_pinned_goes_on(taskrouter):
    taskrouter.pin()
    stopped = taskrouter.now
    taskrouter.unpin()
    while taskrouter.now == stopped:
        pass

    assert taskrouter.now > stopped


# Callbacks


def test_callbacks_have_request_and_answer_and_need_no_pause(taskrouter, workspace, callback_url):
    task = workspace.tasks.create(attributes="{}")

    [call] = taskrouter.callbacks
    assert (call.kind, call.url, call.state, call.status) == ("assignment", callback_url, "answered", 200)
    assert (call.form["TaskSid"], call.form["WorkerName"]) == (task.sid, "ann")
    assert "X-Twilio-Signature" in call.headers
    assert call.answer == {"instruction": "accept"}
    assert call.date == datetime(2027, 1, 4, 9, tzinfo=UTC)
    assert task.fetch().assignment_status == "assigned"
    assert repr(taskrouter.callbacks) == f"[{call!r}]"


def test_callbacks_are_held_released_and_replayed(taskrouter, workspace):
    taskrouter.callbacks.hold()
    tasks = [workspace.tasks.create(attributes="{}") for _ in range(2)]
    assert [each.state for each in taskrouter.callbacks] == ["held", "held"]
    assert taskrouter.callbacks[0].answer is None

    taskrouter.callbacks.release()

    assert [each.state for each in taskrouter.callbacks[:2]] == ["answered", "answered"]
    assert [each.fetch().assignment_status for each in tasks] == ["assigned", "assigned"]
    first = taskrouter.callbacks[0]
    again = taskrouter.callbacks.replay(first)
    assert (again.replay_of, taskrouter.callbacks.replay(again.id).replay_of) == (first.id, again.id)
    assert len(taskrouter.callbacks) == 4
    with pytest.raises(UsageError, match="There is no callback 9999"):
        taskrouter.callbacks.replay(9999)


def test_callbacks_fail_and_time_goes_on_with_the_next_worker(taskrouter, workspace):
    taskrouter.callbacks.fail_next()
    task = workspace.tasks.create(attributes="{}")
    assert [each.state for each in taskrouter.callbacks] == ["failed"]

    taskrouter.advance(60)

    assert [(each.form["WorkerName"], each.state) for each in taskrouter.callbacks] == [
        ("ann", "failed"),
        ("ben", "answered"),
    ]
    assert task.fetch().assignment_status == "assigned"


def test_a_body_that_is_not_json_has_no_answer_to_read(taskrouter, workspace):
    workspace.tasks.create(attributes="{}")
    [call] = taskrouter.callbacks

    assert type(call)(**{name: getattr(call, name) for name in call.__slots__} | {"body": "<p>"}).answer is None


# Faults, copies and an end


def test_requests_go_wrong_as_the_rules_say(taskrouter):
    def status():
        return httpx.get(f"{taskrouter.url}/healthz", trust_env=False, verify=False).status_code

    taskrouter.faults({"action": "status", "status": 429, "match": {"method": "get", "nth": 2}})
    assert [status() for _ in range(3)] == [200, 429, 200]
    taskrouter.faults()
    assert status() == 200
    with pytest.raises(UsageError, match=r"refuses faults: action must be one of"):
        taskrouter.faults({"action": "burn"})


@pytest.mark.parametrize(
    ("rule", "problem"),
    [
        ({"acton": "status"}, "no acton in a fault; its keys are action, match, status, retry_after, delay_s"),
        (
            {"action": "status", "match": {"path": "/Tasks", "nht": 2}},
            "no nht, path in the match of a fault; its keys are method, path_regex, nth, every",
        ),
    ],
)
def test_a_key_that_a_fault_does_not_have_is_answered_with_those_that_there_are(taskrouter, rule, problem):
    with pytest.raises(UsageError, match=re.escape(problem)):
        taskrouter.faults(rule)


def test_a_snapshot_outlives_a_reset(taskrouter, workspace):
    taskrouter.callbacks.hold()
    task = workspace.tasks.create(attributes="{}")
    snapshot = taskrouter.snapshot()
    taskrouter.reset()
    assert workspaces(taskrouter) == []
    assert taskrouter.now > datetime(2026, 1, 1, tzinfo=UTC)

    taskrouter.restore(snapshot)

    assert taskrouter.now == datetime(2027, 1, 4, 9, tzinfo=UTC)
    assert task.fetch().assignment_status == "reserved"
    with pytest.raises(UsageError, match="refuses restore"):
        taskrouter.restore("99")


def test_the_log_has_the_requests_since_the_last_reset(taskrouter):
    workspaces(taskrouter)
    while not any(" GET /v1/Workspaces 200 " in line for line in taskrouter.log):
        pass

    taskrouter.reset()
    workspaces(taskrouter)

    while not taskrouter.log:
        pass
    assert sum(" GET /v1/Workspaces 200 " in line for line in taskrouter.log) <= 1


# Who is asked


def test_nobody_without_the_token_is_let_in(taskrouter):
    answer = httpx.get(
        f"{taskrouter.url}/v1/Workspaces", auth=(taskrouter.account_sid, "guess"), trust_env=False, verify=False
    )

    assert answer.status_code == 401


def test_the_client_reaches_taskrouter_in_any_region_and_no_other_service(taskrouter, monkeypatch):
    for name in ("http_proxy", "https_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    client = taskrouter.client
    monkeypatch.setattr(client, "region", "ie1")
    monkeypatch.setattr(client, "edge", "dublin")

    assert workspaces(taskrouter) == []
    assert client.http_client.timeout is None
    with pytest.raises(UsageError, match=r"only TaskRouter is here: .* api\.dublin\.ie1\.twilio\.com was not sent"):
        client.calls.list()
    with pytest.raises(UsageError, match="only TaskRouter is here"):
        client.http_client.request("GET", "https://taskrouter.twilio.com.example/v1")


def test_without_twilios_library_the_client_says_what_to_install(server, monkeypatch):
    monkeypatch.setitem(sys.modules, "twilio.rest", None)
    other = object.__new__(TaskRouter)
    other.__dict__.update({name: value for name, value in vars(server).items() if name != "client"})

    with pytest.raises(UsageError, match="which is not installed: pip install twilio"):
        _ = other.client


def test_it_ends_with_its_block_and_then_says_so():
    with TaskRouter() as short:
        short.seed(WORKSPACE_ALONE)
        process = short._server._process
    short.close()

    assert process.returncode == 0
    with pytest.raises(TargetError, match="does not answer"):
        short.reset()


TESTS = """
import sys
from tr_apply.testing import TaskRouter
print(TaskRouter().url, flush=True)
sys.stdin.read()
"""


@pytest.mark.skipif(os.name == "nt", reason="a system without process groups")
def test_ctrl_c_at_a_terminal_is_not_for_the_server(server):
    assert os.getpgid(server._server._process.pid) != os.getpgid(0)


@pytest.mark.skipif(os.name == "nt", reason="a system without SIGKILL")
def test_it_ends_when_the_tests_are_killed():
    with subprocess.Popen(
        [sys.executable, "-c", TESTS], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as tests:
        url = tests.stdout.readline().strip()
        assert httpx.get(f"{url}/healthz", trust_env=False, verify=False).status_code == 200

        tests.kill()

    while True:
        try:
            httpx.get(f"{url}/healthz", trust_env=False, verify=False)
        except httpx.HTTPError:
            break


def test_a_server_that_does_not_start_says_why(monkeypatch):
    monkeypatch.setattr(server_process, "_PROGRAM", "raise SystemExit('no such thing')")

    with pytest.raises(TargetError, match="cannot be started:\nno such thing"):
        TaskRouter()


def test_a_server_that_does_not_end_is_ended(monkeypatch):
    stubborn = "print('Listening on http://127.0.0.1:1', flush=True)\nimport time\ntime.sleep(3600)"
    monkeypatch.setattr(server_process, "_PROGRAM", stubborn)
    monkeypatch.setattr(server_process, "_END_TIMEOUT_S", 0.01)
    server = TaskRouter()

    server.close()

    assert server._server._process.returncode != 0
