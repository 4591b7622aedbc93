"""Killed or interrupted at every single request: run again, and the world is as if nothing had happened."""

import os
import re
import shutil
import signal
import sqlite3
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

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
MOMENTS = ("before", "during", "after")
"""Before each request; while it is answered, and once its answer was sent, each write: reading changes nothing."""


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


def moments(proxy, moment):
    """The numbers of the requests at which a run is killed at that moment."""
    return range(proxy.numbers if moment == "before" else proxy.writes)


def least(kills, moment):
    """How many different states the kills at a moment leave at least: several requests are under way together."""
    return len(kills) // (3 if moment == "before" else 4)


def killing(pids, number, moment):
    """Kill the process at the request of that number, see :func:`moments`."""

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
def local(cli, tmp_path, monkeypatch):
    """The same server's file, without the network in between: base, world, and what runs on them."""
    monkeypatch.setattr("tr_apply.client.client.Patience", lambda: PATIENT)
    return Local(cli, tmp_path / "base.db", tmp_path / "world.db")


@dataclass
class Local:
    cli: Any
    base: Path
    world: Path

    def apply(self, path, database=None):
        code, out, err = self.cli("apply", path, *consent_to(path), "--local-db", database or self.world)
        assert code == 0, (out, err)

    def begin(self, behind):
        """Serve a copy of the base."""
        behind.close()
        for each in self.world.parent.glob("world.db*"):
            each.unlink()
        if not self.base.exists():  # to make its tables takes longer than to copy them
            open_app(self.base).close()
        shutil.copy(self.base, self.world)
        behind.new(self.world)


# The states that killed runs have left, by file: the same state is repaired, or finished, the same way at each moment.
REPAIRED, FINISHED = {}, {}


@pytest.mark.parametrize("moment", MOMENTS)
@pytest.mark.parametrize("index", [0, 1], ids=["from nothing", "a change"])
def test_killed_at_any_request_and_run_again_the_world_is_the_same(behind, killable, local, files, index, moment):
    path = files[index]
    if index:
        local.apply(files[0], local.base)
    local.begin(behind)
    code, said = killable.run(arguments(behind, path), lambda _: None, PATIENT)
    assert code == 0, said
    kills, expected = moments(behind.proxy, moment), contents(local.world)
    assert len(kills) > 14
    seen, repaired = set(), REPAIRED.setdefault(path.name, set())

    for number in kills:
        local.begin(behind)
        pids = []
        behind.proxy.begin(killing(pids, number, moment))

        code, said = killable.run(arguments(behind, path), pids.append, PATIENT)

        assert code == -signal.SIGKILL, said
        behind.proxy.settle()
        behind.close()
        left = contents(local.world)
        seen.add(left)
        if left not in repaired:
            local.apply(path)
            assert contents(local.world) == expected, number
            repaired.add(left)
    assert len(seen) > least(kills, moment)


@pytest.mark.parametrize("moment", MOMENTS)
@pytest.mark.parametrize("index", [0, 1], ids=["from nothing", "a change"])
def test_killed_at_any_write_the_same_saved_plan_goes_on_and_sends_only_the_rest(
    behind, cli, killable, local, files, tmp_path, index, moment
):
    if index:
        local.apply(files[0], local.base)
    local.begin(behind)
    saved, where = tmp_path / "plan.json", ("--base-url", behind.proxy.url)
    assert cli("plan", files[index], "--out", saved, *where)[0] == 0
    apply = ["apply", "--plan", saved, *where]
    behind.proxy.begin()
    assert cli(*apply)[0] == 0
    kills, writes, expected = moments(behind.proxy, moment), behind.proxy.writes, contents(local.world)
    seen, finished = set(), FINISHED.setdefault(files[index].name, set())

    for number in kills:
        local.begin(behind)
        pids = []
        behind.proxy.begin(killing(pids, number, moment))
        killable.run(apply, pids.append, PATIENT)
        behind.proxy.settle()
        behind.close()
        left = contents(local.world)
        seen.add(left)
        if left in finished:
            continue
        behind.new(local.world)

        code, _, err = cli(*apply)

        assert code == 0, (number, err)
        behind.close()
        assert contents(local.world) == expected, number
        done = re.search(r"(\d+) of \d+ requests are done already", err)
        assert behind.proxy.writes == writes - int(done[1] if done else 0)
        finished.add(left)
    assert len(seen) > least(kills, moment)


@pytest.mark.parametrize("index", [0, 1], ids=["from nothing", "a change"])
def test_killed_at_any_write_the_journal_alone_leads_back(behind, cli, killable, local, files, tmp_path, index):
    if index:
        local.apply(files[0], local.base)
    local.begin(behind)
    where = ("--base-url", behind.proxy.url)
    before = contents(local.world)
    one_by_one = [*arguments(behind, files[index]), "--concurrency", "1"]
    behind.proxy.begin()
    code, said = killable.run(one_by_one, lambda _: None, PATIENT)
    assert code == 0, said
    writes, taken_back = behind.proxy.writes, set()

    for number in range(writes):
        local.begin(behind)
        pids, journal, saved = [], tmp_path / f"{number}.journal", tmp_path / f"{number}.json"
        behind.proxy.begin(killing(pids, number, "during"))
        killable.run([*one_by_one, "--journal", journal], pids.append, PATIENT)
        behind.proxy.settle()
        behind.close()
        left = contents(local.world)
        if left in taken_back or left == before or not journal.exists():
            continue
        taken_back.add(left)
        behind.new(local.world)

        code, _, err = cli("plan", "--undo", journal, "--out", saved, *where)
        if code == 1:  # in the middle of a replacement
            assert "Finish the apply, then undo it" in err
            assert cli(*arguments(behind, files[index]), "--journal", journal)[0] == 0
            code, _, err = cli("plan", "--undo", journal, "--out", saved, *where)
        assert code == 0, (number, err)
        assert cli("apply", "--plan", saved, *where)[0] == 0

        behind.close()
        assert without_moves(contents(local.world)) == without_moves(before), number
    assert len(taken_back) > writes // 2


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
