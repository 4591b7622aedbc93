"""Requests that arrive together are kept together: each for itself, none acknowledged before it is kept."""

import asyncio
import json
import sqlite3
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tr_apply.local.history import session as session_module
from tr_apply.local.storage.database import Database
from tr_apply.local.storage.refusals import UnavailableError

_KEEP_EVENT = "INSERT INTO event (position, sid, workspace_sid, type, at_ms, written_ms) VALUES (?, '', '', '', 0, 0)"
_EVENTS = "SELECT position FROM event ORDER BY position"


@pytest.fixture
def together(api, runner):
    """Sends requests at the same time; their answers."""

    def send(*requests):
        async def all_of_them():
            sent = (api._client.request(method, f"/v1{path}", data=form) for method, path, form in requests)
            return await asyncio.gather(*sent)

        return runner.run(all_of_them())

    return send


@pytest.fixture
def commits(api):
    """Every COMMIT that is made from here on."""
    found = []
    connection = api.app.store._database._connection
    connection.set_trace_callback(lambda sql: found.append(sql) if sql == "COMMIT" else None)
    yield found
    connection.set_trace_callback(None)


def full(*_):
    error = sqlite3.OperationalError("database or disk is full")
    error.sqlite_errorcode = sqlite3.SQLITE_FULL
    raise error


def tasks(api, floor):
    return [each["attributes"] for each in api.items(f"{floor.path}/Tasks")]


def test_the_price_of_keeping_is_paid_once_for_many(api, floor, together, commits):
    answers = together(*[("POST", f"{floor.path}/Tasks", {"Attributes": f'{{"n":{n}}}'}) for n in range(20)])

    assert {each.status_code for each in answers} == {201}
    assert len(commits) < 20
    assert tasks(api, floor) == [each.json()["attributes"] for each in answers]
    assert len({each.json()["sid"] for each in answers}) == 20


def test_a_refused_request_takes_nothing_of_the_others_back(api, floor, together):
    path = f"{floor.path}/Tasks"
    first, second, third, fourth = together(
        ("POST", path, {"Attributes": '{"n":1}'}),
        ("POST", path, {"Attributes": '{"n":2}', "RoutingTarget": "WK" + 32 * "0"}),
        ("POST", path, {"Attributes": '{"n":3}'}),
        ("POST", f"{floor.path}/TaskQueues", {"FriendlyName": "Everyone"}),
    )

    assert [each.status_code for each in (first, second, third, fourth)] == [201, 400, 201, 400]
    assert tasks(api, floor) == ['{"n":1}', '{"n":3}']
    assert len(floor.events(EventType="task.created")) == 2


def test_their_effects_come_in_the_order_in_which_they_came(api, floor, together):
    path = f"{floor.path}/Tasks"
    refused = {"RoutingTarget": "WK" + 32 * "0"}
    forms = [{"Attributes": f'{{"n":{n}}}', **(refused if n % 3 == 1 else {})} for n in range(20)]

    together(*(("POST", path, form) for form in forms))

    kept = [form["Attributes"] for form in forms if len(form) == 1]
    created = api.items(f"{floor.path}/Events", EventType="task.created")
    assert tasks(api, floor) == kept
    assert [each["event_data"]["task_attributes"] for each in sorted(created, key=lambda each: each["sid"])] == kept


def test_those_who_listen_learn_of_a_request_after_its_commit(api, floor, together, commits):
    told, connection = [], api.app.store._database._connection

    def listen(happened):
        rows = connection.execute("SELECT count(*) FROM task").fetchone()[0]
        told.append((len(happened), len(commits), rows, connection.in_transaction))

    api.app.store.engines.listeners.append(listen)
    together(*[("POST", f"{floor.path}/Tasks", {}) for _ in range(8)])

    assert sum(count for count, *_ in told) == 8
    assert [done for _, done, *_ in told] == [*range(1, len(commits) + 1)]
    kept = 0
    for count, _, rows, is_open in told:
        kept += count
        assert (rows, is_open) == (kept, False)


def test_a_read_among_them_sees_only_committed_rows(floor, together, commits):
    path = f"{floor.path}/Tasks"

    *_, page = together(("POST", path, {}), ("POST", path, {}), ("GET", path, None))

    assert len(page.json()["tasks"]) == 2
    assert commits


def test_a_full_disk_is_a_passing_state_for_all_of_them(api, floor, together, refused, monkeypatch):
    connection = api.app.store._database._connection

    class Full:
        """The connection, but that nothing can be committed."""

        def __getattr__(self, name):
            return getattr(connection, name)

        def execute(self, sql, *parameters):
            return full() if sql == "COMMIT" else connection.execute(sql, *parameters)

    monkeypatch.setattr(api.app.store._database, "_connection", Full())
    answers = together(*[("POST", f"{floor.path}/Tasks", {"Attributes": '{"n":1}'})] * 3)
    monkeypatch.undo()

    for each in answers:
        assert "the disk is full" in refused(each, 503, 20503)
    assert tasks(api, floor) == []
    assert floor.status(floor.task({"n": 2})) == "reserved"


def test_a_disk_that_fills_up_in_the_middle_takes_back_what_came_before(api, floor, together, refused, monkeypatch):
    connection = api.app.store._database._connection
    write, calls = session_module.write_events, []

    def write_until_full(writer, records):
        calls.append(records)
        if len(calls) == 2:
            connection.execute("ROLLBACK")  # as SQLite does by itself
            full()
        write(writer, records)

    monkeypatch.setattr(session_module, "write_events", write_until_full)
    answers = together(*[("POST", f"{floor.path}/Tasks", {"Attributes": f'{{"n":{n}}}'}) for n in range(2)])
    monkeypatch.undo()

    for each in answers:
        refused(each, 503, 20503)
    assert tasks(api, floor) == []
    assert floor.status(floor.task()) == "reserved"


def test_a_disk_that_is_really_full_is_a_passing_state_too(api, floor, together, refused):
    connection = api.app.store._database._connection
    [pages] = connection.execute("PRAGMA page_count").fetchone()
    [limit] = connection.execute("PRAGMA max_page_count").fetchone()
    text = json.dumps({"words": "x" * 4000})
    connection.execute(f"PRAGMA max_page_count = {pages}")

    answers = together(*[("POST", f"{floor.path}/Tasks", {"Attributes": text})] * 5)

    for each in answers:
        assert "full" in refused(each, 503, 20503)
    connection.execute(f"PRAGMA max_page_count = {limit}")
    assert tasks(api, floor) == []
    assert floor.status(floor.task()) == "reserved"


def test_a_failure_of_ours_takes_nothing_of_the_others_back(api, floor, together, monkeypatch):
    write, calls = session_module.write_events, []

    def fail_once(writer, records):
        calls.append(records)
        if len(calls) == 2:
            raise RuntimeError
        write(writer, records)

    monkeypatch.setattr(session_module, "write_events", fail_once)
    path = f"{floor.path}/Tasks"
    with pytest.raises(RuntimeError):
        together(*[("POST", path, {"Attributes": f'{{"n":{n}}}'}) for n in range(3)])
    monkeypatch.undo()

    assert '{"n":1}' not in tasks(api, floor)
    assert '{"n":0}' in tasks(api, floor)


def test_parts_of_a_batch_are_kept_or_taken_back_each_for_itself():
    database = Database.open(":memory:")
    batch = database.begin()

    def part(last, error=None):
        with batch as writer:
            writer.run("UPDATE sequence SET last = ?", (last,))
            if error:
                raise error

    part(1)
    with pytest.raises(ValueError, match="no"):
        part(2, ValueError("no"))
    batch.keep()
    batch.check()

    with database.read() as reader:
        assert reader.value("SELECT last FROM sequence") == 1
    assert batch.parts == 1
    database.close()


_STEPS = st.lists(st.sampled_from(["now", "later", "look"]), max_size=4)


@given(st.lists(st.tuples(_STEPS, st.booleans()), max_size=5))
def test_a_postponed_statement_belongs_to_its_part_and_comes_before_the_next_read(parts):
    database, kept = Database.open(":memory:"), []
    batch = database.begin()
    for steps, fails in parts:
        expected = list(kept)
        with suppress(KeyError), batch as writer:
            for step in steps:
                row = (len(expected),)
                match step:
                    case "now":
                        writer.run(_KEEP_EVENT, row)
                    case "later":
                        writer.run_later(f"{_KEEP_EVENT} -- put off", [row])
                    case "look":
                        assert [number for (number,) in writer.rows(_EVENTS)] == expected
                if step != "look":
                    expected.append(len(expected))
            if fails:
                raise KeyError
            kept = expected
    batch.keep()
    batch.check()

    with database.read() as reader:
        assert [number for (number,) in reader.rows(_EVENTS)] == kept
    database.close()


def test_when_a_postponed_statement_fails_nothing_is_kept():
    database = Database.open(":memory:")
    batch = database.begin()
    with batch as writer:
        writer.run_later("UPDATE sequence SET last = ?", [(7,)])
        writer.run_later("INSERT INTO sequence VALUES (?)", [(None,)])

    with pytest.raises(sqlite3.IntegrityError), batch as writer:
        writer.row("SELECT 1")
    with pytest.raises(UnavailableError), batch:
        pass
    batch.keep()

    with pytest.raises(UnavailableError):
        batch.check()
    with database.read() as reader:
        assert reader.value("SELECT last FROM sequence") == 0
    database.close()
