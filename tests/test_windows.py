"""Everything can be imported, and works, without the parts that Windows lacks."""

import json
import os
import signal
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.processes import Starting

ROOT = Path(__file__).parent.parent
EXAMPLE = ROOT / "examples" / "minimal.yaml"

# Other libraries are imported first, because these names are withheld from ours alone.
LIBRARIES = """
import httptools, httpx, importlib.metadata, pkgutil, pydantic, sqlite3, starlette.applications, yaml
import uvicorn.protocols.http.httptools_impl
"""
WITHOUT = """
import asyncio, importlib, os, select, signal, sys
def refuse(*arguments):
    raise NotImplementedError
asyncio.SelectorEventLoop.add_signal_handler = refuse
for name in ("uvloop", "fcntl", "grp", "pwd", "resource", "termios", "tty", "pty", "syslog"):
    sys.modules[name] = None
for name in ("O_DIRECTORY", "O_NOFOLLOW", "O_NONBLOCK", "O_CLOEXEC", "O_PATH", "fchmod", "fchown", "geteuid", "getuid",
             "getpgid", "killpg", "setsid", "fork", "uname"):
    delattr(os, name)
for name in ("SIGHUP", "SIGKILL", "SIGPIPE", "SIGALRM", "SIGUSR1", "SIGCHLD", "setitimer", "alarm"):
    delattr(signal, name)
del select.poll
os.supports_dir_fd, os.supports_follow_symlinks = set(), set()
"""


def test_the_processes_of_tests_also_start_where_nothing_can_be_forked():
    begun = []
    process = Starting().start("as_installed", ["explain", "6"], environment=os.environ, began=begun.append)

    said, problems = process.communicate(60)
    process.close()

    assert (process.wait(60), said.partition("\n")[0]) == (0, "exit code 6: refused for safety"), problems
    assert begun == [process.pid]


@pytest.fixture
def start(tmp_path):
    """Starts a Python program in a folder of the test, without what Windows lacks."""
    processes = []

    def started(program, *arguments, libraries=LIBRARIES, **environment):
        kept = {key: value for key, value in os.environ.items() if not key.startswith(("TWILIO_", "TR_APPLY_"))}
        process = subprocess.Popen(
            [sys.executable, "-c", libraries + WITHOUT + program, *map(str, arguments)],
            cwd=tmp_path,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=kept | environment,
        )
        processes.append(process)
        return process

    yield started
    for process in processes:
        process.kill()
        process.communicate()


COMMAND = "from tr_apply.cli import run\nsys.exit(run(sys.argv[1:]))"
COMMANDS = "import json\nfrom tr_apply.cli import run\nfor each in sys.argv[1:]:\n    assert run(json.loads(each)) == 0"


def test_every_module_is_imported(start):
    process = start(
        "import tr_apply\n"
        "found = [each.name for each in pkgutil.walk_packages(tr_apply.__path__, 'tr_apply.')]\n"
        "for name in found:\n"
        "    if not name.endswith('__main__'):\n"
        "        importlib.import_module(name)\n"
        "print(len(found))"
    )

    printed, said = process.communicate()

    assert said == ""
    assert int(printed) > 300


def test_a_configuration_is_validated_applied_noted_and_exported(start, tmp_path):
    (tmp_path / "people.csv").write_text("name\nann\n")
    (tmp_path / "w.yaml").write_text("workspace: {name: W}\nworkers: {csv: people.csv}\n")

    commands = (
        ["validate", str(EXAMPLE), "w.yaml"],
        ["apply", "w.yaml", "--local", "--auto-approve", "--journal", "journal.jsonl"],
        ["export", "W", "--local", "--output", "exported.yaml"],
    )

    process = start(COMMANDS, *map(json.dumps, commands))

    _, said = process.communicate()
    assert (process.returncode, said.count("Traceback")) == (0, 0), said
    assert "name: ann" in (tmp_path / "exported.yaml").read_text()
    assert (tmp_path / "journal.jsonl").read_text()


def test_a_server_without_uvloop_listens_until_its_time_is_over(start):
    process = start(COMMAND, "serve", "--port", "0", "--db", ":memory:", "--timeout", "0.2")

    printed, said = process.communicate()

    assert process.returncode == 0, said
    assert printed.startswith("Listening on http://127.0.0.1:")


def test_a_server_is_planned_for_over_connections_that_are_used_again(start):
    server = start(COMMAND, "serve", "--port", "0", "--db", ":memory:")
    url = server.stdout.readline().split()[-1]
    credentials = {"TWILIO_ACCOUNT_SID": "AC" + "0" * 32, "TWILIO_AUTH_TOKEN": "secret"}

    commands = (
        ["apply", str(EXAMPLE), "--base-url", url, "--auto-approve"],
        ["plan", str(EXAMPLE), "--base-url", url],
    )

    process = start(COMMANDS, *map(json.dumps, commands), **credentials)

    printed, said = process.communicate()
    assert process.returncode == 0, said
    assert printed.endswith("\nNo changes.\n")


BOUNDED = """
from tr_apply.apply import Stop
from tr_apply.cli.bounded import run
from tr_apply.errors import InterruptedRunError
async def work(stop):
    print("begun", flush=True)
    while stop is None or not stop.asked:
        await asyncio.sleep(0.01)
    return "ended at a safe point"
before = signal.getsignal(signal.SIGTERM)
for way in sys.argv[1:]:
    stop = Stop() if way == "safe" else None
    try:
        print(run(work(stop), stop=stop))
    except InterruptedRunError as error:
        print(error)
    print(signal.getsignal(signal.SIGTERM) is before, flush=True)
"""


def test_a_signal_ends_a_run_where_the_loop_takes_no_handlers(start):
    ends = {"safe": "ended at a safe point", "at once": "interrupted"}
    runs = [(way, number) for way in ends for number in (signal.SIGINT, signal.SIGTERM)]
    process = start(BOUNDED, *(way for way, _ in runs), libraries="")

    for way, number in runs:
        assert process.stdout.readline() == "begun\n"
        process.send_signal(number)
        assert [process.stdout.readline().strip() for _ in range(2)] == [ends[way], "True"], number

    assert process.communicate() == ("", "")


def test_uvloop_is_not_asked_for_on_windows():
    wanted = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["dependencies"]

    [uvloop] = [each for each in wanted if each.startswith("uvloop")]

    assert "sys_platform != 'win32'" in uvloop
