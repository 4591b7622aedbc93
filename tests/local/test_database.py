"""The file: opening it, sharing it, and the messages when it cannot be used."""

import os
import socket
import sqlite3
import tempfile
from contextlib import closing, suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tr_apply.errors import TargetError
from tr_apply.local import open_app
from tr_apply.local.storage.connection import connect
from tr_apply.local.storage.database import Database
from tr_apply.local.storage.refusals import UnavailableError
from tr_apply.local.storage.schema import MIGRATIONS


@pytest.fixture
def file(tmp_path):
    return tmp_path / "new" / "folder" / "local.db"


def without_patience(api):
    """The application does not wait for a locked database."""
    api.app.store._database._connection.execute("PRAGMA busy_timeout = 0")


def test_written_rows_are_there_after_closing_and_opening(open_api, file):
    first = open_api(file)
    made = first.made("/Workspaces", FriendlyName="Support")
    first.app.close()

    assert open_api(str(file)).items("/Workspaces") == [made]


def test_closing_twice_is_harmless(file):
    app = open_app(file)

    app.close()
    app.close()


def test_memory_leaves_no_file(open_api, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    open_api(":memory:").made("/Workspaces", FriendlyName="x")

    assert list(tmp_path.iterdir()) == []


def test_two_applications_on_one_file_see_each_others_writes_immediately(open_api, file):
    one, other = open_api(file), open_api(file)
    workspace = f"/Workspaces/{one.made('/Workspaces', FriendlyName='x')['sid']}"
    worker = other.made(f"{workspace}/Workers", FriendlyName="alice")

    assert one.names(f"{workspace}/Workers") == ["alice"]
    assert len(one.items(f"{workspace}/Activities", PageSize=1)) == 1
    other.made(f"{workspace}/Activities", FriendlyName="Lunch")
    assert one.names(f"{workspace}/Activities", PageSize=1000)[-1] == "Lunch"
    assert one.post(f"{workspace}/Workers", FriendlyName="ALICE").status_code == 400
    one.changed(f"{workspace}/Workers/{worker['sid']}", Attributes='{"a":1}')
    stale = other.post(f"{workspace}/Workers/{worker['sid']}", headers={"If-Match": "0"}, Attributes="{}")
    assert stale.status_code == 412
    other.delete(workspace)
    assert one.get(workspace).status_code == 404


def test_a_locked_database_is_a_passing_state(open_api, file, refused):
    api = open_api(file)
    without_patience(api)
    other = sqlite3.connect(file, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")

    answer = api.post("/Workspaces", FriendlyName="x")
    assert "locked by another process" in refused(answer, 503, 20503)
    assert answer.headers["retry-after"] == "1"
    assert api.items("/Workspaces") == []

    other.execute("ROLLBACK")
    other.close()
    api.made("/Workspaces", FriendlyName="x")


def test_a_database_that_became_read_only_still_answers_reads(open_api, file, refused):
    api = open_api(file)
    api.made("/Workspaces", FriendlyName="x")
    api.app.store._database._connection.execute("PRAGMA query_only = ON")

    assert "read-only" in refused(api.post("/Workspaces", FriendlyName="y"), 503, 20503)
    assert api.names("/Workspaces") == ["x"]


@pytest.mark.parametrize("spoiled", ["{", "", "[1]", "7"])
def test_a_worker_whose_attributes_somebody_spoiled_in_the_file_says_nothing_about_itself(open_floor, file, spoiled):
    floor = open_floor(file)
    queue = floor.queue_of("Spanish", TargetWorkers="language == 'es'")
    carmen = floor.worker("carmen", "Available", language="es")
    with connect(str(file)) as other:
        other.execute("UPDATE worker SET attributes = ? WHERE friendly_name = 'alice'", (spoiled,))
    other.close()

    task = floor.task(WorkflowSid=floor.workflow_of("In Spanish", [], default=queue))

    assert floor.status(task) == "reserved"
    assert [each["worker_name"] for each in floor.api.items(f"{task}/Reservations")] == ["carmen"]
    assert len(floor.reservations(carmen)) == 1


def test_a_mistake_in_a_statement_does_not_count_as_a_passing_problem():
    database = Database.open(":memory:")

    with pytest.raises(sqlite3.OperationalError), database.write() as writer:
        writer.run("SELECT nothing FROM nowhere")

    database.close()


def test_a_failed_write_takes_everything_back():
    database = Database.open(":memory:")

    def write():
        with database.write() as writer:
            writer.run("UPDATE sequence SET last = 99")
            raise UnavailableError

    with pytest.raises(UnavailableError):
        write()
    with database.read() as reader:
        assert reader.value("SELECT last FROM sequence") == 0
        assert reader.value("SELECT sid FROM workspace") is None

    database.close()


_STEP = st.tuples(st.sampled_from(["first", "second"]), st.integers(1, 3), st.sampled_from(["kept", "undone", "anew"]))


@given(st.lists(_STEP, max_size=12))
@settings(deadline=None)
def test_a_position_comes_after_all_that_any_process_has_kept(steps):
    with tempfile.TemporaryDirectory() as folder:
        file, kept = Path(folder) / "local.db", 0
        databases = {name: Database.open(file) for name in ("first", "second")}
        for name, count, end in steps:
            if end == "anew":
                databases[name].close()
                databases[name] = Database.open(file)
            with suppress(UnavailableError), databases[name].write() as writer:
                first = writer.positions(count)
                assert first > kept
                if end == "undone":
                    raise UnavailableError
                kept = first + count - 1
        for each in databases.values():
            each.close()


def test_few_writes_write_down_which_positions_are_taken():
    database, statements = Database.open(":memory:"), []
    database._connection.set_trace_callback(statements.append)

    for _ in range(50):
        with database.write() as writer:
            writer.positions(5)

    assert len([each for each in statements if each.startswith("UPDATE sequence")]) == 1
    database.close()


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"workspace:\n  name: Support\n" * 100, "file is not a database"),
        (b"SQLite format 3\0" + b"x" * 500, "database"),
    ],
)
def test_a_file_that_is_not_a_database_is_refused_and_kept(tmp_path, content, complaint):
    file = tmp_path / "workspace.yaml"
    file.write_bytes(content)

    with pytest.raises(TargetError, match=f"cannot use .*workspace.yaml as the database: .*{complaint}"):
        open_app(file)

    assert file.read_bytes() == content


def test_the_database_of_another_program_is_refused_and_kept(tmp_path):
    file = tmp_path / "other.db"
    other = sqlite3.connect(file)
    other.execute("CREATE TABLE workspace (name TEXT)")
    other.close()
    before = file.read_bytes()

    with pytest.raises(TargetError, match="database of another program"):
        open_app(file)

    assert file.read_bytes() == before


def test_the_file_of_a_newer_version_is_refused(file):
    open_app(file).close()
    newer = sqlite3.connect(file)
    newer.execute(f"PRAGMA user_version = {len(MIGRATIONS) + 1}")
    newer.close()

    with pytest.raises(TargetError, match="newer tr-apply"):
        open_app(file)


def test_a_locked_file_cannot_be_opened(file, monkeypatch):
    monkeypatch.setattr("tr_apply.local.storage.turns.PATIENCE_S", 0.01)
    open_app(file).close()
    other = sqlite3.connect(file, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")

    with pytest.raises(TargetError, match="locked by another process"):
        open_app(file)

    other.close()


def test_a_new_file_that_another_process_is_writing_cannot_be_opened(tmp_path, monkeypatch):
    monkeypatch.setattr("tr_apply.local.storage.turns.PATIENCE_S", 0.01)
    other = sqlite3.connect(tmp_path / "local.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")

    with pytest.raises(TargetError, match="locked by another process"):
        open_app(tmp_path / "local.db")

    other.close()


@pytest.mark.parametrize("name", ["folder", "file/below", "nul\0"])
def test_a_path_that_no_file_can_have_is_refused(tmp_path, name):
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").touch()

    with pytest.raises(TargetError, match="cannot use"):
        open_app(f"{tmp_path}/{name}")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write to read-only files")
def test_a_read_only_file_is_refused(file):
    open_app(file).close()
    file.chmod(0o400)

    with pytest.raises(TargetError, match="read-only"):
        open_app(file)


def test_an_interrupted_creation_leaves_an_empty_file_that_is_created_again(tmp_path, open_api):
    (tmp_path / "local.db").touch()

    assert open_api(tmp_path / "local.db").items("/Workspaces") == []


def test_the_file_is_in_wal_mode_and_checks_its_references(file):
    connection = connect(file)

    assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert connection.execute("PRAGMA foreign_keys").fetchone() == (1,)
    assert connection.execute("PRAGMA user_version").fetchone() == (len(MIGRATIONS),)
    connection.close()


WRITER = """
import asyncio, socket, sys, httpx
from tr_apply.local import open_app

async def main(file, name, port):
    with socket.create_connection(("127.0.0.1", port)) as all_are_there:
        all_are_there.recv(1)
    app = open_app(file)
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://x/v1", auth=("a", "b")) as client:
        for number in range(20):
            answer = await client.post("/Workspaces", data={"FriendlyName": f"{name} {number}"})
            assert answer.status_code == 201, answer.text
    app.close()

asyncio.run(main(*sys.argv[1:]))
"""


def test_processes_that_create_and_write_one_file_together_lose_nothing(open_api, file, tmp_path, forking):
    writer = tmp_path / "writer.py"
    writer.write_text(WRITER)
    with socket.create_server(("127.0.0.1", 0)) as meeting:
        port = meeting.getsockname()[1]
        processes = [forking.start("as_script", [writer, file, name, port]) for name in ("one", "two", "three")]
        for connection in [meeting.accept()[0] for _ in processes]:
            connection.close()
    errors = [process.communicate()[1] for process in processes]

    assert errors == ["", "", ""]
    found = open_api(file).items("/Workspaces", PageSize=1000)
    assert len(found) == 60
    assert len({int(item["sid"][-12:], 16) for item in found}) == 60
    for name in ("one", "two", "three"):
        own = [item["friendly_name"] for item in found if item["friendly_name"].startswith(f"{name} ")]
        assert own == [f"{name} {number}" for number in range(20)]


def test_a_file_of_the_first_version_is_brought_to_the_present_one(open_api, file, monkeypatch):
    monkeypatch.setattr("tr_apply.local.storage.connection.MIGRATIONS", MIGRATIONS[:1])
    connection = connect(file)
    connection.execute(
        "INSERT INTO workspace (position, sid, friendly_name, name_key, event_callback_url, multi_task_enabled,"
        " prioritize_queue_order, date_created, date_updated)"
        " VALUES (1, ?, 'Old', 'old', '', 1, 'FIFO', '2026-01-01T00:00:00.000000Z', '2026-01-01T00:00:00.000000Z')",
        (f"WS{1:032x}",),
    )
    connection.execute("UPDATE sequence SET last = 1")
    connection.close()
    monkeypatch.undo()

    api = open_api(file)

    assert api.names("/Workspaces") == ["Old"]
    workspace = f"/Workspaces/WS{1:032x}"
    available = api.made(f"{workspace}/Activities", FriendlyName="Available", Available="true")["sid"]
    api.made(f"{workspace}/TaskChannels", FriendlyName="Default", UniqueName="default")
    api.made(f"{workspace}/Workers", FriendlyName="alice", ActivitySid=available)
    queue = api.made(f"{workspace}/TaskQueues", FriendlyName="Everyone")["sid"]
    configuration = '{"task_routing":{"default_filter":{"queue":"QUEUE"}}}'.replace("QUEUE", queue)
    api.made(f"{workspace}/Workflows", FriendlyName="W", Configuration=configuration)
    assert api.made(f"{workspace}/Tasks")["assignment_status"] == "reserved"


def test_bytes_where_text_should_be_are_found_when_the_file_is_opened(file):
    open_app(file).close()
    with closing(sqlite3.connect(file)) as database, database:
        database.execute("UPDATE sequence SET last = x'00'")

    with pytest.raises(TargetError, match="it is damaged"):
        open_app(file)
