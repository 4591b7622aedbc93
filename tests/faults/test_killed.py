"""Killed or interrupted at every single request: run again, and the world is as if nothing had happened.

A kill leaves what is on disk. So the states that kills leave are copied while one run goes on, and processes are killed
to show that those are the states, and for those that are left when several requests are under way together.
"""

import json
import os
import re
import signal
import sqlite3
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.faults.copies import MOMENTS, Copies
from tests.faults.proxy import ignoring_closed
from tr_apply.local import open_app
from tr_apply.transport import Patience

# 19 operations: each kind, and of most more than are written one after another
CONFIGURATION = (
    """
workspace: {name: Support, default_activity: Offline, timeout_activity: Away, event_callback_url: https://example.com/}
activities:
  - {name: Offline, available: false}
  - {name: Available, available: true}
  - {name: Away, available: false}
  - {name: Chat only, available: true}
task_channels:
  - {unique_name: fax, name: Fax}
  - {unique_name: email, name: Email}
task_queues:
"""
    + "".join(f'  - {{name: Queue {number}, target_workers: "level > {number}"}}\n' for number in range(5))
    + """
workflows:
"""
    + "".join(f"  - {{name: Workflow {number}, default_filter: {{queue: Queue {number}}}}}\n" for number in range(3))
    + """
workers:
"""
    + "".join(f"  - {{name: worker {number}, attributes: {{level: {number}}}}}\n" for number in range(3, 6))
    + """
  - {name: worker 7, channels: {fax: {capacity: 2}, email: {capacity: 3}}}
safety: {max_deletes: 100%}
"""
)

# Updates, a replacement with workers in it, renames that take each other's names, deletes: all that takes several steps.
CHANGED = (
    CONFIGURATION.replace("{name: Away, available: false}", "{name: Away, available: true}")
    .replace("timeout_activity: Away", "timeout_activity: Offline")
    .replace("{name: Queue 0,", "{name: Queue 1, renamed_from: [Queue 0],", 1)
    .replace(
        '{name: Queue 1, target_workers: "level > 1"',
        '{name: Queue 0, renamed_from: [Queue 1], target_workers: "level > 1"',
    )
    .replace("  - {unique_name: fax, name: Fax}\n", "")
    .replace("fax: {capacity: 2}, ", "")
    .replace("  - {name: worker 3, attributes: {level: 3}}\n", "")
    .replace("{level: 4}", "{level: 5}")
    .replace("  - {name: Workflow 2, default_filter: {queue: Queue 2}}\n", "")
    .replace('  - {name: Queue 2, target_workers: "level > 2"}\n', "")
    .replace("  - {name: Chat only, available: true}\n", "")
)
CONSENT = [f"--allow-delete={each}=1" for each in ("worker", "workflow", "task_queue", "task_channel", "activity")]

SID = re.compile(r"\b[A-Z]{2}[0-9a-f]{32}\b")
PATIENT = Patience(total_s=600, attempt_s=600)  # sends nothing twice, however busy the machine is


@pytest.fixture
def files(tmp_path):
    first, second = tmp_path / "first.yaml", tmp_path / "second.yaml"
    first.write_text(CONFIGURATION)
    second.write_text(CHANGED)
    return first, second


def arguments(behind, path):
    return ["apply", path, *consent_to(path), "--base-url", behind.proxy.url]


def consent_to(path):
    return ["--auto-approve", *(CONSENT if path.name == "second.yaml" else ())]


def spread(kills):
    """Three of them: the first, the last, and one in the middle."""
    return [kills[0], kills[len(kills) // 2], kills[-1]]


def least(kills, moment):
    """How many different states the kills at a moment leave at least: several requests are under way together."""
    return len(kills) // (3 if moment == "before" else 4)


def killing(pids, moment, number):
    """Kill the process at the request of that number: of all before each, of the writes at the other moments."""

    async def fault(exchange):
        if moment != "before":
            answer = await exchange.forward()
        if moment == "after":
            await exchange.send(answer)
        with suppress(ProcessLookupError):
            os.kill(pids[-1], signal.SIGKILL)
        exchange.close()

    def choose(request):
        asked = request.number if moment == "before" else request.write
        return ignoring_closed(fault) if asked == number else None

    return choose


TABLES = (
    "workspace",
    "activity",
    "task_channel",
    "task_queue",
    "workflow",
    "workflow_queue",
    "worker",
    "worker_channel",
)


def contents(database):
    """All that the server holds, names for SIDs, whatever the order in which it came: what a next run can know."""
    with closing(sqlite3.connect(database)) as connection:
        found = {table: connection.execute(f"SELECT * FROM {table}") for table in TABLES}
        rows = {table: [named(row, cursor) for row in cursor] for table, cursor in found.items()}
    whole = {
        row["sid"]: f"<{table} {row['friendly_name']}>" for table in rows for row in rows[table] if "name_key" in row
    }

    def told(row):
        return SID.sub(lambda sid: whole.get(sid[0], ""), repr(row))

    return tuple((table, *sorted(map(told, rows[table]))) for table in sorted(rows))


def named(row, cursor):
    columns = (column[0] for column in cursor.description)
    return {
        key: value
        for key, value in zip(columns, row, strict=True)
        if key not in {"position", "revision", "version"} and "date_" not in key
    }


@pytest.fixture
def disk(behind, cli, tmp_path, monkeypatch):
    monkeypatch.setattr("tr_apply.client.client.Patience", lambda: PATIENT)
    return Disk(behind, cli, tmp_path / "base.db", tmp_path / "world.db")


@dataclass
class Disk:
    """The server's file, and another one for its content in the beginning."""

    behind: Any
    cli: Any
    base: Path
    world: Path

    def apply(self, path, database=None):
        """Without the network in between."""
        code, out, err = self.cli("apply", path, *consent_to(path), "--local-db", database or self.world)
        assert code == 0, (out, err)

    def begin(self):
        """Serve a copy of the base."""
        if not self.base.exists():  # to make its tables takes longer than to copy them
            open_app(self.base).close()
        self.hold(self.base.read_bytes())
        self.behind.new(self.world)

    def hold(self, content):
        """Serve nothing; the file has that content."""
        self.behind.close()
        for each in self.world.parent.glob("world.db*"):
            each.unlink()
        self.world.write_bytes(content)

    def contents(self):
        return contents(self.world)

    def copied(self, command, journal=None):
        """The copies that are taken while the command runs undisturbed; the file is as it leaves it."""
        self.begin()
        with Copies(self.world, journal) as copies:
            self.behind.proxy.begin(copies.choose)
            code, out, err = self.cli(*command)
        assert code == 0, (out, err)
        self.behind.close()
        return copies

    def kills(self):
        """By moment, the numbers of the requests at which a run like the last one can be killed."""
        writes = range(self.behind.proxy.writes)
        return {"before": range(self.behind.proxy.numbers), "during": writes, "after": writes}

    def kill(self, killable, command, moment, number):
        """The file is what a process leaves that runs the command and is killed at that moment."""
        self.begin()
        pids = []
        self.behind.proxy.begin(killing(pids, moment, number))
        code, said = killable.run(command, pids.append, PATIENT)
        assert code == -signal.SIGKILL, said
        self.behind.proxy.settle()
        self.behind.close()


def left_behind(disk, killable, command, copies, kills):
    """Each state that a kill leaves, once: the file holds it, and where it was found is the item.

    First those in *copies*: all that there are in a run where one write is carried out after the other. Then those that
    *kills* leave, numbers by moment: processes are killed while several requests are under way together.
    """
    known = set()
    for place, content in first_places(copies):
        disk.hold(content)
        known.add(disk.contents())
        yield place
    assert len(known) == len(copies.at["during"]) + 1
    for moment, numbers in kills.items():
        seen = set()
        for number in numbers:
            disk.kill(killable, command, moment, number)
            seen.add(left := disk.contents())
            if left not in known:
                known.add(left)
                yield "killed", moment, number
        assert len(seen) > least(numbers, moment)


def first_places(copies):
    """Every content of the database with its first moment; each write has left another one by each moment."""
    writes = len(copies.at["during"])
    contents = {moment: {copy.database for copy in taken} for moment, taken in copies.at.items()}
    assert [len(contents[moment]) for moment in MOMENTS] == [writes + 1, writes, writes]
    found = {}
    for moment, taken in copies.at.items():
        for number, copy in enumerate(taken):
            found.setdefault(copy.database, ("copied", moment, number))
    return [(place, content) for content, place in found.items()]


@pytest.mark.parametrize("index", [0, 1], ids=["from nothing", "a change"])
def test_killed_at_any_request_and_run_again_the_world_is_the_same(disk, killable, files, index):
    path = files[index]
    if index:
        disk.apply(files[0], disk.base)
    command = arguments(disk.behind, path)
    copies = disk.copied(command)
    kills, expected = disk.kills(), disk.contents()
    assert len(kills["during"]) > 14
    for moment in ("before", "after"):
        kills[moment] = spread(kills[moment])

    for each in left_behind(disk, killable, command, copies, kills):
        disk.apply(path)
        assert disk.contents() == expected, each


@pytest.mark.parametrize("index", [0, 1], ids=["from nothing", "a change"])
def test_killed_at_any_write_the_same_saved_plan_goes_on_and_sends_only_the_rest(
    disk, cli, killable, files, tmp_path, index
):
    if index:
        disk.apply(files[0], disk.base)
    disk.begin()
    saved, where = tmp_path / "plan.json", ("--base-url", disk.behind.proxy.url)
    assert cli("plan", files[index], "--out", saved, *where)[0] == 0
    apply = ["apply", "--plan", saved, *where]
    copies = disk.copied(apply)
    writes, expected = disk.behind.proxy.writes, disk.contents()
    kills = {moment: spread(numbers)[1:2] for moment, numbers in disk.kills().items()}

    for each in left_behind(disk, killable, apply, copies, kills):
        disk.behind.new(disk.world)

        code, _, err = cli(*apply)

        assert code == 0, (each, err)
        disk.behind.close()
        assert disk.contents() == expected, each
        done = re.search(r"(\d+) of \d+ requests are done already", err)
        assert disk.behind.proxy.writes == writes - int(done[1] if done else 0)


@pytest.mark.parametrize("index", [0, 1], ids=["from nothing", "a change"])
def test_killed_at_any_write_the_journal_alone_leads_back(disk, cli, killable, files, tmp_path, index):
    if index:
        disk.apply(files[0], disk.base)
    where, journal, saved = ("--base-url", disk.behind.proxy.url), tmp_path / "journal", tmp_path / "plan.json"
    again = [*arguments(disk.behind, files[index]), "--journal", journal]
    one_by_one = [*again, "--concurrency", "1"]
    copies = disk.copied(one_by_one, journal).at["during"]
    disk.begin()
    before, taken_back = disk.contents(), set()

    for number, copy in enumerate(copies):
        disk.hold(copy.database)
        journal.write_bytes(copy.journal)
        taken_back.add(left := disk.contents())
        if number in spread(range(len(copies))):  # one request after the other: a kill leaves exactly what was copied
            journal.unlink()
            disk.kill(killable, one_by_one, "during", number)
            assert disk.contents() == left, number
            assert noted(journal.read_bytes()) == noted(copy.journal), number
        disk.behind.new(disk.world)

        code, _, err = cli("plan", "--undo", journal, "--out", saved, *where)
        if code == 1:  # in the middle of a replacement
            assert "Finish the apply, then undo it" in err
            assert cli(*again)[0] == 0
            code, _, err = cli("plan", "--undo", journal, "--out", saved, *where)
        assert code == 0, (number, err)
        assert cli("apply", "--plan", saved, *where)[0] == 0

        disk.behind.close()
        assert without_moves(disk.contents()) == without_moves(before), number
    assert len(taken_back - {before}) == len(copies)


def noted(journal):
    """The lines of a journal, without what another run says otherwise: its id, its times, SIDs."""
    lines = [json.loads(line) for line in SID.sub("", journal.decode()).splitlines()]
    return [{key: value for key, value in line.items() if key not in {"at", "run", "ms"}} for line in lines]


def without_moves(found):
    """Where workers went when their activity was deleted is not taken back."""
    return tuple(re.sub(r"'(activity|previous_activity)\w*': '[^']*'", "", str(table)) for table in found)


def interrupting(pids, write, sent):
    """Send a signal while the write of that number is under way, and let it be answered then."""

    def choose(request):
        if request.write != write:
            return None

        async def fault(exchange):
            answer = await exchange.forward()
            os.kill(pids[-1], signal.SIGINT)
            sent.append(exchange.proxy.writes)
            await exchange.send(answer)

        return fault

    return choose


def test_one_interrupt_begins_nothing_new_and_finishes_what_runs(behind, cli, killable, files):
    pids, sent = [], []
    behind.proxy.begin(interrupting(pids, 5, sent))

    code, said = killable.run([*arguments(behind, files[0]), "--concurrency", "4"], pids.append, PATIENT)

    assert code == 130
    assert "run again to finish" in said
    assert behind.proxy.writes <= sent[0] + 4
    assert said.count("interrupted") > 1
    behind.proxy.begin()
    assert cli(*arguments(behind, files[0]))[0] == 0


def test_a_second_interrupt_ends_it_immediately(behind, killable, files):
    pids = []

    async def fault(exchange):
        await exchange.forward()
        os.kill(pids[-1], signal.SIGINT)
        os.kill(pids[-1], signal.SIGTERM)  # two of the same kind may arrive as one

    behind.proxy.begin(lambda request: fault if request.write == 5 else None)

    code, said = killable.run(arguments(behind, files[0]), pids.append, PATIENT)

    assert code == 130
    assert "requests in progress may or may not have been carried out. Run again to finish" in said


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_while_planning_ends_it_with_nothing_written(behind, killable, files, number):
    pids = []

    async def fault(_exchange):
        os.kill(pids[-1], number)

    behind.proxy.begin(lambda _request: fault)

    code, _ = killable.run(arguments(behind, files[0]), pids.append, PATIENT)

    assert code == 130
    assert behind.proxy.writes == 0
