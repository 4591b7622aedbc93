"""A workspace is read while its configuration is checked, and errors of the configuration win over everything."""

import asyncio
import socket
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

import tr_apply.api.configurations
from tr_apply.cli import run as command_line
from tr_apply.config.load import Inputs, begin
from tr_apply.deployment.fleet import Fleet, Member
from tr_apply.deployment.source import Checks
from tr_apply.deployment.workspaces import FEW, members_of

CREDENTIALS = {"TWILIO_ACCOUNT_SID": "AC" + "0" * 32, "TWILIO_AUTH_TOKEN": "secret"}
QUEUES = "task_queues: [" + ", ".join(f"{{name: Q{number}}}" for number in range(FEW)) + "]\n"
VALID = "workspace: {name: Center}\n" + QUEUES
BROKEN = VALID + "workflows: [{name: Voice, default_filter: {queue: Nobody}}]\n"
UNREADABLE = VALID + "workflows: [{nam: Voice}]\n"
STRANGER = VALID.replace("{name: Center}", "{name: Center, credentials: {auth_token_env: HOME}}")


@pytest.fixture
def written(tmp_path):
    def write(text, name="center"):
        (tmp_path / f"{name}.yaml").write_text(text)
        return str(tmp_path / f"{name}.yaml")

    return write


class Server(ThreadingHTTPServer):
    def handle_error(self, request, client_address):
        """A command that has ended waits for no answer; a traceback would be among what it says."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


@pytest.fixture
def taskrouter(monkeypatch):
    """A server that answers as its status says, or that waits for the end of the test; knows the requests it got."""
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    ended = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def answer(self):
            server.requests.append(self.command)
            server.asked.set()
            if server.status is None:
                ended.wait(60)
                return
            self.send_response(server.status)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, *_):
            pass

    for method in ("GET", "POST", "DELETE"):
        setattr(Handler, f"do_{method}", Handler.answer)
    server = Server(("127.0.0.1", 0), Handler)
    server.requests, server.status, server.asked = [], None, threading.Event()
    server.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    ended.set()
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def late(monkeypatch, taskrouter):
    """Has the checks of configurations end only once the server was asked."""
    finished = tr_apply.api.configurations.lint

    def lint(*arguments, **more):
        assert taskrouter.asked.wait(60)
        return finished(*arguments, **more)

    monkeypatch.setattr("tr_apply.api.configurations.lint", lint)


COMMANDS = [["plan"], ["apply", "--auto-approve"]]


@pytest.fixture(params=COMMANDS, ids=lambda command: command[0])
def result(request, capsys, monkeypatch, tmp_path):
    """The messages of a command about a configuration, and its exit code."""
    monkeypatch.chdir(tmp_path)  # for its database

    def said(*arguments):
        code = command_line([*request.param, *arguments])
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    return said


@pytest.mark.usefixtures("late")
@pytest.mark.parametrize("status", [None, 401, 500], ids=["silent", "refusing", "failing"])
def test_errors_of_the_configuration_win_over_a_server_that_was_asked(taskrouter, written, result, status):
    path, taskrouter.status = written(BROKEN), status

    code, out, err = result(path, "--base-url", taskrouter.url)

    assert code == 3
    assert "there is no task queue 'Nobody'" in err
    assert (code, out, err) == result(path, "--local-db", "world.db")
    assert set(taskrouter.requests) == {"GET"}


def test_errors_of_the_configuration_win_over_a_server_that_is_not_there(written, result, monkeypatch):
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}"
        path = written(BROKEN)

        assert result(path, "--base-url", url) == result(path, "--local-db", "world.db")


def test_errors_of_the_configuration_win_over_credentials_that_are_not_set(written, result, monkeypatch):
    for name in CREDENTIALS:
        monkeypatch.delenv(name, raising=False)
    path = written(BROKEN)

    assert result(path) == result(path, "--local-db", "world.db")
    assert result(written(VALID))[0] == 1


@pytest.mark.parametrize("text", [UNREADABLE, STRANGER], ids=["structure", "credentials"])
def test_nothing_is_sent_for_a_configuration_without_a_valid_structure_or_credentials(
    taskrouter, written, result, text
):
    assert result(written(text), "--base-url", taskrouter.url)[0] == 3
    assert taskrouter.requests == []


@pytest.mark.usefixtures("late")
def test_one_of_several_paths_ends_alone(taskrouter, written, result):
    taskrouter.status = 401

    code, _, err = result(written(BROKEN), written(VALID, "other"), "--base-url", taskrouter.url)

    assert code == 1  # the worst of both
    assert "there is no task queue 'Nobody'" in err
    assert "other.yaml: " in err
    assert "401" in err


@pytest.mark.usefixtures("late")
def test_warnings_come_before_an_error_of_the_server(taskrouter, written, result):
    taskrouter.status = 401
    warned = VALID.replace("{name: Q0}", "{name: Q0, target_workers: 'a == 1 AND a == 2'}")

    code, _, err = result(written(warned), "--base-url", taskrouter.url)

    assert code == 1
    assert err.index("warning") < err.index("Error: ")


# The order of events


def test_reading_and_checking_are_under_way_at_the_same_time(written):
    asked, steps = threading.Event(), []
    [member] = members_of([("center", lambda: begin_of(written(VALID), lambda: steps.append(asked.wait(60))))])

    class Asked(Member):
        def connected(self, _clients):
            return self

        async def plan(self):
            asked.set()
            steps.append("read")

    asked_member = Asked(member.name, member.source)
    asyncio.run(Fleet([asked_member]).plan(None))

    assert steps == ["read", True]
    assert asked_member.error is None
    assert member.checks.is_done


def begin_of(path, before):
    found = begin(Path(path), Inputs())

    def finished():
        before()
        return found.finished()

    return found._replace(finished=finished)


def test_a_small_configuration_is_checked_before_anything_is_read(written):
    small = "workspace: {name: Center}\ntask_queues: [{name: A}]\n"

    [member] = members_of([("center", lambda: begin(Path(written(small)), Inputs()))])

    assert member.checks.is_done


def test_checks_are_done_once_however_many_wait_for_them(written):
    done = []
    checks = Checks(begin_of(written(VALID), lambda: done.append(1)).finished)

    async def both():
        await asyncio.gather(checks.passed(), checks.passed())
        checks.finish()

    asyncio.run(both())

    assert done == [1]


class Held:
    """A fleet of one workspace that is read without an end at first, and whose checks wait for an event."""

    def __init__(self, path):
        self.done, self._begun, self._end = [], threading.Event(), threading.Event()
        self._readings = [asyncio.Event().wait]
        [member] = members_of([("center", lambda: begin_of(path, self._wait))])
        self.member = self._Read(member.name, member.source)
        self.member.readings = self._readings
        self.fleet = Fleet([self.member])

    class _Read(Member):
        def connected(self, _clients):
            return self

        async def plan(self):
            if self.readings:
                await self.readings.pop()()

    def _wait(self):
        self._begun.set()
        self.done.append(self._end.wait(60))

    async def cancelled(self, *, ended):
        """Plan, and cancel that while the checks are under way; they go on unless they are *ended*."""
        planning = asyncio.ensure_future(self.fleet.plan(None))
        await asyncio.to_thread(self._begun.wait, 60)
        planning.cancel()
        await asyncio.wait([planning])
        assert planning.cancelled()
        if ended:
            self._end.set()

    async def planned(self):
        asyncio.get_running_loop().call_soon(self._end.set)
        await self.fleet.plan(None)


def test_a_plan_that_was_cancelled_during_the_checks_can_be_made_again(written):
    held = Held(written(VALID))

    async def both():
        await held.cancelled(ended=False)
        await held.planned()

    asyncio.run(both())

    assert held.member.error is None
    assert held.member.checks.is_done
    assert held.done == [True]


def test_it_can_be_planned_again_in_another_loop(written):
    held = Held(written(BROKEN))

    asyncio.run(held.cancelled(ended=True))
    asyncio.run(held.planned())

    assert "there is no task queue 'Nobody'" in str(held.member.error)
    assert held.done == [True]


def test_a_bug_in_a_check_is_not_an_error_of_the_configuration(written):
    def bug():
        raise ZeroDivisionError

    [member] = members_of([("center", lambda: begin_of(written(VALID), bug))])

    class Hanging(Member):
        def connected(self, _clients):
            return self

        async def plan(self):
            await asyncio.Event().wait()

    with pytest.raises(ZeroDivisionError):
        asyncio.run(Fleet([Hanging(member.name, member.source)]).plan(None))
