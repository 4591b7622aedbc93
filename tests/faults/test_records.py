"""The journal and the way back, when an apply does not end cleanly."""

import json
import os
import signal
from contextlib import suppress

import pytest

from tests.faults.proxy import dropped_after, ignoring_closed, redirected


def lines(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


COLLECTIONS = ("Activities", "TaskChannels", "TaskQueues", "Workflows", "Workers")
SEEDED = {"Offline", "Available", "Unavailable", "Default", "Voice", "Programmable Chat", "SMS", "Video"}


def made(behind):
    """SIDs of all resources, except for TaskRouter's seeds."""
    [workspace] = behind.items("/Workspaces")
    found = {workspace["sid"]}
    for collection in COLLECTIONS:
        items = behind.items(f"/Workspaces/{workspace['sid']}/{collection}")
        found |= {item["sid"] for item in items if item["friendly_name"] not in SEEDED}
    return found


@pytest.fixture
def arguments(behind, files, tmp_path):
    path, more = files[0], ("--journal", tmp_path / "journal", "--undo-out", tmp_path / "undo.json")
    return ["apply", path, "--auto-approve", "--base-url", behind.proxy.url, *more]


@pytest.mark.parametrize("write", [0, 3, 6])
def test_after_a_kill_the_journal_has_every_request_that_may_have_been_carried_out(
    behind, cli, killable, arguments, tmp_path, write
):
    pids = []

    async def fault(exchange):
        await exchange.forward()
        with suppress(ProcessLookupError):
            os.kill(pids[-1], signal.SIGKILL)
        exchange.close()

    behind.proxy.begin(lambda request: ignoring_closed(fault) if request.write == write else None)

    code, said = killable.run(arguments, pids.append)

    assert code == -signal.SIGKILL, said
    behind.proxy.settle()
    found = lines(tmp_path / "journal")
    sent = {each["operation"]: each for each in found if each["event"] == "send"}
    answered = {each["operation"]: each for each in found if each["event"] == "answer"}
    done = {each["sid"] for each in answered.values() if each["verb"] == "create"}
    live = made(behind)
    assert done <= live
    open_ended = sent.keys() - answered.keys()
    assert open_ended
    assert len(live - done) <= len(open_ended)
    code, _, err = cli("apply", "--plan", tmp_path / "undo.json", "--base-url", behind.proxy.direct)
    assert (code, "there is no plan in it" in err) == (6, True)


def test_an_interrupted_apply_has_its_journal_and_its_way_back(behind, cli, killable, arguments, tmp_path):
    pids = []

    async def fault(exchange):
        answer = await exchange.forward()
        os.kill(pids[-1], signal.SIGINT)
        await exchange.send(answer)

    behind.proxy.begin(lambda request: fault if request.write == 4 else None)

    code, said = killable.run([*arguments, "--concurrency", "1"], pids.append)

    assert code == 130, said
    end = lines(tmp_path / "journal")[-1]
    assert end["event"] == "end"
    assert set(end["not_done"].values()) == {"skipped"}
    behind.proxy.begin()
    code, out, err = cli("apply", "--plan", tmp_path / "undo.json", "--base-url", behind.proxy.url)
    assert code == 0, (out, err)
    assert behind.items("/Workspaces") == []


def test_a_failure_is_at_the_end_of_the_journal(behind, cli, arguments, tmp_path):
    behind.proxy.begin(lambda request: redirected if request.write == 4 else None)

    assert cli(*arguments)[0] == 4

    found = lines(tmp_path / "journal")
    assert "failed" in found[-1]["not_done"].values()
    refused = [each for each in found if each.get("outcome") == "refused"]
    assert [each["status"] for each in refused] == [302]


def test_a_lost_answer_with_a_known_result_is_recorded_as_done(behind, cli, arguments, tmp_path):
    behind.proxy.begin(lambda request: dropped_after if request.write == 0 else None)

    assert cli(*arguments)[0] == 0

    first = [each for each in lines(tmp_path / "journal") if each.get("kind") == "workspace"][:3]
    assert [(each["event"], each.get("outcome")) for each in first] == [
        ("send", None),
        ("answer", "unknown"),
        ("answer", "done"),
    ]
    assert first[2]["problem"] == "found by its name"
