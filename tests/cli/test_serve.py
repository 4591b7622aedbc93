"""tr-apply serve: a process that listens, keeps acknowledged writes, and stops on a signal."""

import asyncio
import json
import queue
import re
import signal
import socket
import subprocess
import sys
import threading
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl

import httpx
import pytest
from click.testing import CliRunner

from tests.saved.terminal import Terminal
from tr_apply.cli import commands
from tr_apply.cli.serve import check_exposure
from tr_apply.cli.serving import running
from tr_apply.errors import RefusedError, TargetError, UsageError
from tr_apply.local import open_app
from tr_apply.local.storage.clock import wall_clock

ACCOUNT = "AC0123456789abcdef0123456789abcdef"


@pytest.fixture
def run(tmp_path):
    """Runs the command in this process, where it is to fail before it listens."""

    def run(*arguments):
        # As a part of the whole: click keeps the help option that a command was first called with.
        return CliRunner().invoke(commands, ["serve", "--port", "0", "--db", str(tmp_path / "local.db"), *arguments])

    return run


def half_a_request(server):
    """A connection whose request the server has begun to read; the other half of its body is ``b"=x"``."""
    connection = server.connect()
    connection.sendall(
        b"POST /v1/Workspaces HTTP/1.1\r\nHost: localhost\r\nAuthorization: Basic QUMxOng=\r\nExpect: 100-continue\r\n"
        b"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 14\r\n\r\n"
    )
    assert connection.recv(100).startswith(b"HTTP/1.1 100")
    connection.sendall(b"FriendlyName")
    return connection


@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT])
def test_it_listens_says_so_and_exits_cleanly_on_a_signal(serve, stop):
    server = serve()

    assert httpx.get(f"{server.url}/healthz", trust_env=False, verify=False).status_code == 200
    assert server.client.get("/Workspaces").json()["meta"]["url"] == f"{server.url}/v1/Workspaces?PageSize=50&Page=0"

    code, said = server.end(stop)
    assert code == 0
    assert "Traceback" not in said


def test_it_exits_cleanly_when_its_time_is_over(serve):
    code, said = serve("--timeout", "0.01", "--no-color").end()

    assert code == 0
    assert "Traceback" not in said


def test_its_address_is_on_both_streams_and_in_the_ready_file_once_it_listens(serve, tmp_path):
    ready = tmp_path / "ready"
    ready.write_text("http://127.0.0.1:1")  # of an earlier run
    server = serve("-q", "--ready-file", str(ready))

    while not ready.exists():
        pass
    assert ready.read_text() == server.url
    assert httpx.get(f"{ready.read_text()}/healthz", trust_env=False, verify=False).status_code == 200
    assert server.end(signal.SIGTERM) == (0, "")
    assert server.printed == f"Listening on {server.url}\n"
    assert list(tmp_path.glob("ready.*")) == []


def test_it_says_where_the_console_is_and_an_open_page_does_not_keep_it_from_ending(serve):
    server = serve()
    assert server.process.stderr.readline() == f"Console: {server.url}/\n"
    workspace = server.client.post("/Workspaces", data={"FriendlyName": "W"}).json()["sid"]
    path = f"{server.url}/_console/Workspaces/{workspace}/stream"

    with server.client.stream("GET", path, timeout=20) as stream:
        lines = stream.iter_lines()
        assert next(lines) == "event: clock"
        server.process.send_signal(signal.SIGTERM)
        list(lines)  # to the end, or httpx raises

    assert server.end()[0] == 0


def test_a_terminal_shows_its_address_once(forking):
    terminal = Terminal(forking, "serve", "--port", "0", "--db", ":memory:")

    terminal.wait_for("Ctrl-C stops")
    terminal.interrupt()

    assert terminal.end() == 0
    assert terminal.screen.count("Listening on") == 1


def test_a_ready_file_without_a_folder_is_refused_before_the_server_listens(run, tmp_path):
    result = run("--ready-file", str(tmp_path / "nowhere" / "ready"))

    assert (result.exit_code, "Listening" in result.output) == (1, False)
    assert "nowhere does not exist" in str(result.exception)


def test_a_ready_file_that_is_something_else_is_kept(run, tmp_path):
    (tmp_path / "workspace.yaml").write_text("workspace: {name: x}")
    result = run("--ready-file", str(tmp_path / "workspace.yaml"))

    assert isinstance(result.exception, RefusedError)
    assert (tmp_path / "workspace.yaml").read_text() == "workspace: {name: x}"


@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT])
def test_a_request_under_way_is_answered_before_it_ends(serve, tmp_path, stop):
    server = serve()
    connection = half_a_request(server)
    server.process.send_signal(stop)
    while server.is_listening():
        pass

    connection.sendall(b"=x")

    assert connection.recv(100).startswith(b"HTTP/1.1 201")
    connection.close()
    assert server.end()[0] == 0
    assert not (tmp_path / "local.db-wal").exists()


def test_a_second_ctrl_c_cuts_off_requests_under_way_and_is_an_interruption(serve):
    server = serve()
    connection = half_a_request(server)

    code, said = server.cut_off()

    connection.close()
    assert code == 130
    assert "stopped before the requests under way were answered" in said
    assert "Traceback" not in said


def test_acknowledged_writes_survive_kill_9(serve):
    server = serve()
    workspace = f"/Workspaces/{server.client.post('/Workspaces', data={'FriendlyName': 'x'}).json()['sid']}"
    for number in range(20):
        answer = server.client.post(f"{workspace}/Workers", data={"FriendlyName": f"worker {number}"})
    assert answer.status_code == 201
    assert server.end(signal.SIGKILL)[0] == -signal.SIGKILL

    workers = serve().client.get(f"{workspace}/Workers").json()["workers"]

    assert [each["friendly_name"] for each in workers] == [f"worker {number}" for number in range(20)]
    assert workers[-1]["sid"] == answer.json()["sid"]


def test_it_shares_its_file_with_an_application_in_another_process(serve, tmp_path):
    server = serve()
    app = open_app(tmp_path / "local.db")

    async def in_process(method, path, **more):
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://local/v1", auth=("a", "b")) as client:
            return (await client.request(method, path, **more)).json()

    made = asyncio.run(in_process("POST", "/Workspaces", data={"FriendlyName": "x"}))
    workspace = f"/Workspaces/{made['sid']}"
    worker = server.client.post(f"{workspace}/Workers", data={"FriendlyName": "alice"}).json()
    found = asyncio.run(in_process("GET", f"{workspace}/Workers/{worker['sid']}"))

    app.close()
    assert (found["friendly_name"], found["account_sid"]) == ("alice", "AC" + 32 * "0")


def test_credentials_may_come_from_the_environment(serve):
    server = serve(TR_APPLY_SERVE_ACCOUNT_SID=ACCOUNT, TR_APPLY_SERVE_AUTH_TOKEN="token")

    assert server.client.get("/Workspaces").status_code == 401
    assert server.client.get("/Workspaces", auth=(ACCOUNT, "token")).status_code == 200


LOGGED = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z (.*) \d+\.\d ms")


def test_the_log_has_time_method_path_status_and_duration_and_nothing_secret(serve):
    server = serve("-v", "--auth-token", "secret")
    server.client.get("/Workspaces", params={"FriendlyName": "confidential"})
    server.client.post("/Workspaces", data={"FriendlyName": "confidential"})
    server.client.get("/%1b[31m%e2%80%ae")
    assert server.client.get("/Workspaces", auth=(ACCOUNT, "wrong")).status_code == 401

    said = server.end(signal.SIGTERM)[1]

    assert LOGGED.findall(said) == [
        "GET /v1/Workspaces 200",
        "POST /v1/Workspaces 201",
        r"GET /v1/\x1b[31m\u202e 404",
        "GET /v1/Workspaces 401",
    ]
    log = said.partition("Ctrl-C stops.\n")[2]
    assert [secret for secret in ("confidential", "secret", "wrong", "Basic") if secret in log] == []


def test_quiet_says_nothing_but_the_address(serve):
    server = serve("-q", "-v")
    server.client.get("/Workspaces")

    assert server.end(signal.SIGTERM) == (0, "")


def test_memory_leaves_no_file(serve, tmp_path):
    server = serve("--db", ":memory:")
    server.client.post("/Workspaces", data={"FriendlyName": "x"})

    assert server.end(signal.SIGTERM)[0] == 0
    assert list(tmp_path.iterdir()) == []


def test_a_failure_outside_of_requests_is_reported_immediately(capsys):
    begun = asyncio.Event()

    async def fails():
        begun.set()
        raise ZeroDivisionError("out of luck")

    async def serve():
        async with running(fails()):
            await begun.wait()
            await asyncio.sleep(0)  # lets the loop call who waits for its end
            assert "ZeroDivisionError: out of luck" in capsys.readouterr().err

    with pytest.raises(ZeroDivisionError):
        asyncio.run(serve())


def test_a_port_in_use_is_reported_with_a_way_out(run):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        result = run("--port", str(port))

    assert isinstance(result.exception, TargetError)
    assert f"port {port} on 127.0.0.1 is in use" in str(result.exception)
    assert "--port 0" in str(result.exception)


def test_an_address_of_another_machine_is_refused(run):
    # 192.0.2.0/24 is for documentation: no machine has it.
    result = run("--host", "192.0.2.1", "--account-sid", ACCOUNT, "--auth-token", "secret")

    assert isinstance(result.exception, TargetError)
    assert "cannot listen on 192.0.2.1" in str(result.exception)


def test_a_name_without_an_address_is_refused(run):
    result = run("--host", "x" * 64)

    assert isinstance(result.exception, TargetError)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "", "192.0.2.1"])
@pytest.mark.parametrize("credentials", [[], ["--account-sid", ACCOUNT], ["--auth-token", "secret"]])
def test_other_machines_are_let_in_only_with_an_account_and_a_token(run, host, credentials):
    result = run("--host", host, *credentials)

    assert isinstance(result.exception, UsageError)
    assert "--account-sid and --auth-token" in str(result.exception)


def test_this_machine_alone_needs_no_secret_and_with_both_every_address_will_do():
    for ip in ("127.0.0.1", "127.8.8.8", "::1"):
        check_exposure(ip, account_sid=None, auth_token=None)
    for ip in ("0.0.0.0", "::", "192.0.2.1"):
        check_exposure(ip, account_sid=ACCOUNT, auth_token="secret")


def test_an_account_begins_with_ac(run):
    assert isinstance(run("--account-sid", "SK123").exception, UsageError)


def test_a_file_that_is_not_a_database_is_reported(run, tmp_path):
    (tmp_path / "local.db").write_text("workspace: x\n" * 100)

    result = run()

    assert isinstance(result.exception, TargetError)
    assert "local.db as the database: file is not a database" in str(result.exception)


def test_help_needs_none_of_the_heavy_modules():
    program = (
        "import sys; from tr_apply.cli.serve import serve_command\n"
        "heavy = {'uvicorn', 'starlette', 'asyncio', 'httptools', 'uvloop', 'tr_apply.local.http.app'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )

    assert subprocess.check_output([sys.executable, "-c", program], text=True) == "[]\n"


# Background tasks


class Floor:
    """A workspace on a server with a queue, a workflow with these callbacks, and an available worker."""

    def __init__(self, server, **workflow):
        self.client = server.client
        self.path = f"/Workspaces/{self.made('/Workspaces', FriendlyName='Floor')['sid']}"
        activities = self.client.get(f"{self.path}/Activities").json()["activities"]
        available = next(each["sid"] for each in activities if each["available"])
        everyone = self.made(f"{self.path}/TaskQueues", FriendlyName="Everyone")["sid"]
        configuration = json.dumps({"task_routing": {"default_filter": {"queue": everyone}}})
        self.made(f"{self.path}/Workflows", FriendlyName="Incoming", Configuration=configuration, **workflow)
        worker = self.made(f"{self.path}/Workers", FriendlyName="alice", ActivitySid=available)
        self.worker = f"{self.path}/Workers/{worker['sid']}"

    def made(self, path, **form):
        answer = self.client.post(path, data=form)
        assert answer.status_code == 201, answer.text
        return answer.json()

    def task(self, **form):
        return f"{self.path}/Tasks/{self.made(f'{self.path}/Tasks', **form)['sid']}"


@pytest.fixture
def application():
    """An HTTP server that takes every call, with a queue of the forms it was sent."""
    calls = queue.Queue()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            calls.put({**dict(parse_qsl(body)), "signature": self.headers.get("X-Twilio-Signature")})
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_):
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}/", calls
    server.shutdown()
    thread.join()
    server.server_close()


def test_tasks_and_reservations_survive_kill_9_at_any_moment_and_refused_ones_among_them_leave_nothing(serve):
    first = serve()
    floor = Floor(first)
    acknowledged = {}

    def create():
        with suppress(httpx.HTTPError):
            while True:
                answer = first.client.post(f"{floor.path}/Tasks", data={"Attributes": '{"a":1}'})
                acknowledged[answer.json()["sid"]] = answer.json()["assignment_status"]
                refused = {"Attributes": '{"a":2}', "RoutingTarget": "WK" + 32 * "0"}
                assert first.client.post(f"{floor.path}/Tasks", data=refused).status_code == 400

    threads = [threading.Thread(target=create) for _ in range(16)]
    for thread in threads:
        thread.start()
    while len(acknowledged) < 100:
        pass
    assert first.end(signal.SIGKILL)[0] == -signal.SIGKILL
    for thread in threads:
        thread.join()

    again = serve().client
    found = {}
    page = again.get(f"{floor.path}/Tasks", params={"PageSize": 1000}).json()
    while True:
        assert {each["attributes"] for each in page["tasks"]} == {'{"a":1}'}
        found |= {each["sid"]: each["assignment_status"] for each in page["tasks"]}
        if page["meta"]["next_page_url"] is None:
            break
        page = again.get(page["meta"]["next_page_url"]).json()
    assert acknowledged.items() <= found.items()
    assert len(found) - len(acknowledged) <= len(threads)  # those whose answers were cut off
    assert list(found.values()).count("reserved") == 1
    [offer] = again.get(f"{floor.worker}/Reservations").json()["reservations"]
    accepted = again.post(f"{floor.worker}/Reservations/{offer['sid']}", data={"ReservationStatus": "accepted"})
    assert accepted.json()["reservation_status"] == "accepted"
    created = again.get(f"{floor.path}/Events", params={"EventType": "task.created", "PageSize": 1000}).json()
    assert len(created["events"]) == min(len(found), 1000)
    assert {each["event_data"]["task_sid"] for each in created["events"]} <= found.keys()


def test_timers_that_ran_out_while_it_was_down_go_off_when_it_is_up_again(serve, tmp_path, application):
    url, calls = application
    ago = open_app(tmp_path / "local.db", clock=lambda: wall_clock() - 1_000_000)

    class Past:
        """The same file, served a while ago in this process."""

        def __init__(self):
            self.client = self

        def send(self, method, path, **more):
            async def answer():
                async with httpx.AsyncClient(
                    transport=httpx.ASGITransport(ago), base_url="http://x/v1", auth=(ACCOUNT, "secret")
                ) as client:
                    return await client.request(method, path, **more)

            return asyncio.run(answer())

        def get(self, path):
            return self.send("GET", path)

        def post(self, path, data):
            return self.send("POST", path, data=data)

    floor = Floor(Past())
    floor.task(Timeout="900")
    floor.client.post(floor.path, data={"EventCallbackUrl": url, "EventsFilter": "reservation.timeout,task.canceled"})
    ago.close()

    serve()

    assert [calls.get(timeout=20)["EventType"] for _ in range(2)] == ["reservation.timeout", "task.canceled"]


def test_a_faster_clock_lets_time_pass_and_the_application_is_called(serve, application):
    url, calls = application
    server = serve("--clock-rate", "1000")
    floor = Floor(server, TaskReservationTimeout="300", AssignmentCallbackUrl=url)
    server.client.post(floor.path, data={"EventCallbackUrl": url, "EventsFilter": "reservation.timeout"})
    task = floor.task()

    offer, timeout = calls.get(timeout=20), calls.get(timeout=20)

    assert (offer["TaskSid"], offer["WorkerName"]) == (task.rpartition("/")[2], "alice")
    assert offer["signature"]
    assert timeout["EventType"] == "reservation.timeout"
    assert int(timeout["TimestampMs"]) - int(offer["Timestamp"]) * 1000 >= 300_000
    assert server.end(signal.SIGTERM)[0] == 0


def test_it_says_when_it_holds_a_callback_back(serve):
    server = serve("-q", "--callback-allow", "192.0.2.1")
    floor = Floor(server, AssignmentCallbackUrl="https://production.example.com/secret-path?token=x")
    floor.task()

    said = server.end(signal.SIGTERM)[1]

    assert said == (
        "Assignment callback to production.example.com held back;"
        " --callback-allow production.example.com lets it through\n"
    )


@pytest.mark.parametrize("rate", ["0", "-1", "fast", "1e9"])
def test_a_clock_rate_is_above_0_and_has_an_end(run, rate):
    assert run("--clock-rate", rate).exit_code == 2
