"""Unusable database files, as a repository may contain them: reported immediately, without waiting."""

import os
import signal
import sqlite3
from pathlib import Path

import pytest

from tests.cli.conftest import have_database
from tr_apply.cli import run
from tr_apply.local import open_app
from tr_apply.local.storage.schema import MIGRATIONS

CONFIGURATION = """
workspace: {name: Support}
task_queues: [{name: Everyone}]
"""


@pytest.fixture
def started(forking):
    """Begins a command in a process of its own."""
    return lambda *arguments: forking.start("as_installed", arguments)


@pytest.fixture
def ended(started):
    """The exit code of a command, and what it said on stderr."""

    def end(*arguments):
        process = started(*arguments)
        said = process.communicate(timeout=60)[1]
        return process.returncode, said

    return end


@pytest.fixture
def file(tmp_path, capsys):
    """A file of ours, with something in it."""
    (tmp_path / "workspace.yaml").write_text(CONFIGURATION)
    have_database("local.db", apply, "workspace.yaml")
    capsys.readouterr()
    return tmp_path / "local.db"


def apply(configuration):
    assert run(["apply", configuration, "--auto-approve", "--local-db", "local.db"]) == 0


def on(path, *statements):
    connection = sqlite3.connect(path, isolation_level=None)
    for statement in statements:
        connection.execute(statement)
    connection.close()


def damage(path):
    on(path, "PRAGMA journal_mode = DELETE")
    content = bytearray(path.read_bytes())
    content[4096:] = b"\xa5" * (len(content) - 4096)
    path.write_bytes(content)


def truncate(path):
    on(path, "PRAGMA journal_mode = DELETE")
    path.write_bytes(path.read_bytes()[:10_000])


def replace_by_a_view(path):
    """A table that SQLite never finishes reading."""
    endless = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT x AS sid FROM n"
    on(path, "PRAGMA foreign_keys = OFF", "ALTER TABLE workspace RENAME TO w", f"CREATE VIEW workspace AS {endless}")


def add_a_trigger(path):
    on(path, "CREATE TRIGGER t AFTER INSERT ON workspace BEGIN DELETE FROM worker; END")


def spoil_a_row(path):
    on(
        path,
        f"INSERT INTO task SELECT 99, 'WT{99:032x}', sid, 1, 'default', 'WW1', 0, '{{', 0, 'x', NULL, 0, 0, 0,"
        " 'odd', NULL, NULL, NULL, 7, 7, 7, 7, 0, 0, NULL, NULL, 0, 0 FROM workspace",
    )


def put_bytes_into_a_name(path):
    on(path, "UPDATE workspace SET friendly_name = x'ff00'")


def spoil_the_text_of_the_schema(path):
    content = path.read_bytes()
    assert content.count(b"CREATE TABLE event") == 1
    path.write_bytes(content.replace(b"CREATE TABLE event", b"CREATE TABLE \xb0vent"))


def make_newer(path):
    on(path, f"PRAGMA user_version = {len(MIGRATIONS) + 1}")


def make_foreign(path):
    path.unlink()
    on(path, "CREATE TABLE workspace (name TEXT)")


def make_foreign_and_empty(path):
    path.unlink()
    on(path, "PRAGMA application_id = 1", "PRAGMA user_version = 1")


def make_older_than_any(path):
    on(path, "PRAGMA user_version = -1")


def make_text(path):
    path.write_text("workspace: {name: x}\n" * 500)


def make_pipe(path):
    path.unlink()
    os.mkfifo(path)


SPOILT = [
    (damage, "damaged"),
    (truncate, "damaged"),
    (replace_by_a_view, "its tables are not those of the embedded TaskRouter"),
    (add_a_trigger, "its tables are not those of the embedded TaskRouter"),
    (put_bytes_into_a_name, "is damaged; restore it"),
    (spoil_the_text_of_the_schema, "is damaged; restore it"),
    (make_newer, "newer tr-apply"),
    (make_foreign, "another program"),
    (make_foreign_and_empty, "another program"),
    (make_older_than_any, "its tables are not those of the embedded TaskRouter"),
    (make_text, "file is not a database"),
    (make_pipe, "not a regular file"),
]


@pytest.mark.parametrize(("spoil", "complaint"), SPOILT, ids=lambda each: getattr(each, "__name__", None))
@pytest.mark.parametrize("command", [("plan", "workspace.yaml", "--local-db"), ("serve", "--port", "0", "--db")])
def test_a_file_that_cannot_be_used_is_reported_immediately(ended, file, spoil, complaint, command):
    spoil(file)

    code, said = ended(*command, str(file), "--timeout", "50")

    assert (code, said.count("Traceback")) == (1, 0), said
    assert complaint in said
    assert str(file) in said


def test_a_file_of_ours_that_was_analysed_is_still_ours(ended, file):
    on(file, "ANALYZE")

    assert ended("plan", "workspace.yaml", "--local-db", str(file))[0] == 0


def test_rows_that_no_request_led_to_are_damage_and_no_traceback(ended, file):
    spoil_a_row(file)
    (file.parent / "workspace.yaml").write_text(CONFIGURATION.replace("Everyone", "Everybody"))

    code, said = ended("apply", "workspace.yaml", "--auto-approve", "--local-db", str(file), "--timeout", "50")

    assert code != 0
    assert "damaged" in said
    assert "Traceback" not in said


def test_a_server_whose_file_turns_out_to_be_damaged_says_so_and_goes_on(serve, tmp_path):
    open_app(tmp_path / "local.db").close()
    server = serve()
    workspace = server.client.post("/Workspaces", data={"FriendlyName": "x"}).json()["sid"]
    spoil_a_row(tmp_path / "local.db")

    answer = server.client.get(f"/Workspaces/{workspace}/Tasks")

    assert (answer.status_code, answer.json()["code"]) == (500, 20500)
    assert "damaged" in answer.json()["message"]
    assert server.client.get("/Workspaces").status_code == 200
    said = server.end(signal.SIGTERM)[1]
    assert "damaged" in said
    assert "Traceback" not in said


# A file that another process has locked


@pytest.fixture
def locked(file):
    connection = sqlite3.connect(file, isolation_level=None)
    connection.execute("BEGIN EXCLUSIVE")
    yield file
    connection.close()


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="what a process has opened is read from /proc")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_wait_for_the_lock_is_interrupted(started, locked, number):
    process = started("plan", "workspace.yaml", "--local-db", str(locked))
    while not has_open(process, locked):
        assert process.poll() is None

    process.send_signal(number)

    said = process.communicate(timeout=60)[1]
    assert process.returncode == 130, said
    assert "Traceback" not in said


def has_open(process, path):
    links = Path(f"/proc/{process.pid}/fd").glob("*")
    try:
        return any(each.readlink() == path for each in links)
    except OSError:  # closed in the meantime
        return False


def test_a_wait_for_the_lock_ends_in_time(ended, locked):
    code, said = ended("plan", "workspace.yaml", "--local-db", str(locked), "--timeout", "0.5")

    assert code == 1
    assert "--timeout" in said


def test_a_lock_that_is_never_released_is_reported_without_another_attempt(ended, locked):
    code, said = ended("plan", "workspace.yaml", "--local-db", str(locked))

    assert code == 1
    assert "locked by another process" in said
    assert "attempt" not in said
