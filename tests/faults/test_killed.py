"""Killed or interrupted at every single request: run again, and the world is as if nothing had happened."""

import os
import signal
from contextlib import suppress

import pytest

from tests.faults.proxy import ignoring_closed
from tr_apply.transport import Patience

# 30 operations
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
    + "".join(f'  - {{name: Queue {number}, target_workers: "level > {number}"}}\n' for number in range(10))
    + """
workflows:
"""
    + "".join(f"  - {{name: Workflow {number}, default_filter: {{queue: Queue {number}}}}}\n" for number in range(3))
    + """
workers:
"""
    + "".join(f"  - {{name: worker {number}, attributes: {{level: {number}}}}}\n" for number in range(7))
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

EVERY = os.environ.get("TR_APPLY_EVERY_KILL")  # all of them take minutes; otherwise each request is hit in one way
MOMENTS = ("before", "during", "after")


@pytest.fixture
def files(tmp_path):
    first, second = tmp_path / "first.yaml", tmp_path / "second.yaml"
    first.write_text(CONFIGURATION)
    second.write_text(CHANGED)
    return first, second


def arguments(behind, path):
    consent = CONSENT if path.name == "second.yaml" else []
    return ["apply", path, "--auto-approve", *consent, "--base-url", behind.proxy.url]


def killing(pids, number, moment):
    """Kill the process at the request of that number."""

    async def fault(exchange):
        if moment != "before":
            answer = await exchange.forward()
        if moment == "after":
            await exchange.send(answer)
        with suppress(ProcessLookupError):
            os.kill(pids[-1], signal.SIGKILL)
        exchange.close()

    return lambda request: ignoring_closed(fault) if request.number == number else None


def exported(behind, cli):
    code, out, err = cli("export", "Support", "--base-url", behind.direct)
    assert code == 0, err
    return out


def prepared(behind, cli, files, path):
    behind.new()
    if path is files[1]:
        assert cli(*arguments(behind, files[0]))[0] == 0
        behind.post(f"/Workspaces/{behind.items('/Workspaces')[0]['sid']}", EventsFilter="task.created")
    behind.proxy.begin()


@pytest.mark.parametrize("index", [0, 1], ids=["from nothing", "a change"])
def test_killed_at_any_request_and_run_again_the_world_is_the_same(behind, cli, zygote, files, index):
    path = files[index]
    prepared(behind, cli, files, path)
    code, out, _ = cli(*arguments(behind, path))
    assert code == 0
    requests, expected = behind.proxy.numbers, exported(behind, cli)
    assert requests > 28
    moments = [(n, m) for n in range(requests) for i, m in enumerate(MOMENTS) if EVERY or n % 3 == i]

    for number, moment in moments:
        prepared(behind, cli, files, path)
        pids = []
        behind.proxy.begin(killing(pids, number, moment))

        code, said = zygote.run(arguments(behind, path), pids.append)

        assert code == -signal.SIGKILL or (moment == "after" and number >= requests - 2), said
        behind.proxy.begin()
        behind.require_no_duplicate()
        code, out, err = cli(*arguments(behind, path))
        assert code == 0, (number, moment, out, err)
        assert exported(behind, cli) == expected, (number, moment)
        behind.require_no_duplicate()


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


def test_one_interrupt_begins_nothing_new_and_finishes_what_runs(behind, cli, zygote, files):
    prepared(behind, cli, files, files[0])
    pids, sent = [], []
    behind.proxy.begin(interrupting(pids, 5, sent))

    code, said = zygote.run([*arguments(behind, files[0]), "--concurrency", "4"], pids.append)

    assert code == 130
    assert "running again does the rest" in said
    assert behind.proxy.writes <= sent[0] + 4
    assert said.count("interrupted") > 1
    behind.proxy.begin()
    assert cli(*arguments(behind, files[0]))[0] == 0


def test_a_second_interrupt_ends_it_at_once(behind, zygote, files):
    pids = []

    async def fault(exchange):
        await exchange.forward()
        os.kill(pids[-1], signal.SIGINT)
        os.kill(pids[-1], signal.SIGTERM)  # two of the same kind may arrive as one

    behind.proxy.begin(lambda request: fault if request.write == 5 else None)

    code, _ = zygote.run(arguments(behind, files[0]), pids.append, Patience(total_s=600, attempt_s=600))

    assert code == 130


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_while_planning_ends_it_with_nothing_written(behind, zygote, files, number):
    pids = []

    async def fault(_exchange):
        os.kill(pids[-1], number)

    behind.proxy.begin(lambda _request: fault)

    code, _ = zygote.run(arguments(behind, files[0]), pids.append, Patience(total_s=600, attempt_s=600))

    assert code == 130
    assert behind.proxy.writes == 0
