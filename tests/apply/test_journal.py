"""The journal: enough to show afterwards what a run did, and nothing secret."""

import json
import os
import threading
from collections import Counter
from pathlib import Path

import pytest

from tests.carrying_out import carried_out
from tr_apply.apply import Status
from tr_apply.client import Client
from tr_apply.deployment.configured import Configured
from tr_apply.deployment.deployment import Deployment
from tr_apply.errors import TrApplyError
from tr_apply.journal import Journal
from tr_apply.transport import Attempt, Call, Connection, Patience, Purpose

CANARY = "canary-5ecret"
ACCOUNT = "AC0123456789abcdef0123456789abcdef"
CONFIGURATION = f"""
workspace: {{name: Support, event_callback_url: https://example.com/events}}
task_queues: [{{name: Sales, target_workers: "team == 'sales'"}}, {{name: "Grüße 🎧"}}]
workers:
  - {{name: alice, attributes: {{team: sales, phone: {CANARY}}}}}
  - {{name: bob, attributes: {{team: sales}}}}
manage: {{workers: {{sensitive: [attributes.phone]}}}}
"""
CALL = Call("POST", "/v1/Workspaces/WS1/Workers", ("FriendlyName",), Purpose("op-1", "create", "worker", "alice"))
DONE = Attempt(201, 0.05, sid="WK1")


@pytest.fixture
def file(tmp_path):
    return tmp_path / "journal.jsonl"


@pytest.fixture
def applied(world, runner, file):
    """Plans and applies a configuration with a journal."""

    def apply(text, *, run="run-1", through=None):
        configuration = world.configuration(text)

        async def work():
            connection = Connection("http://test", ACCOUNT, CANARY, ACCOUNT)
            patience = Patience(total_s=0.2, first_s=0.001, longest_s=0.01, lookup_s=0.05)
            with Journal(file, run) as journal:
                through_ = through or world.requests
                async with Client(connection, through=through_, patience=patience, observer=journal) as client:
                    deployment = Deployment(Configured(configuration), client)
                    plan = await deployment.plan()
                    return await carried_out(deployment, plan)

        return runner.run(work())

    return apply


def lines(file):
    return [json.loads(line) for line in file.read_text().splitlines()]


def test_each_write_is_a_line_before_it_is_sent_and_one_after_it_was_answered(applied, world, file):
    results = applied(CONFIGURATION).results

    assert {result.status for result in results} == {Status.DONE}
    found = lines(file)
    assert Counter(each["event"] for each in found) == {"send": 5, "answer": 5}
    assert {each["method"] for each in found} == {"POST"}
    assert all(each["outcome"] == "done" and each["status"] == 201 for each in found if each["event"] == "answer")
    created = {(e["kind"], e["name"]): e["sid"] for e in found if e["event"] == "answer"}
    assert created["worker", "alice"] == world.sid("Workers", "alice")
    assert created["task_queue", "Grüße 🎧"] == world.sid("TaskQueues", "Grüße 🎧")
    assert {each["operation"] for each in found} >= {"op-1", "op-2"}


def test_the_journal_holds_all_values_sent_except_sensitive_ones(applied, file):
    applied(CONFIGURATION)

    sent = {(e["kind"], e["name"]): e for e in lines(file) if e["event"] == "send"}
    assert sent["task_queue", "Sales"]["values"]["TargetWorkers"] == "team == 'sales'"
    assert sent["worker", "bob"]["values"]["Attributes"] == '{"team":"sales"}'
    assert sent["worker", "alice"]["hidden"] == ["Attributes"]
    assert CANARY not in file.read_text()


def test_runs_are_appended_and_have_different_run_ids(applied, file):
    applied(CONFIGURATION, run="first")
    applied(CONFIGURATION.replace("team == 'sales'", "team == 'sale'"), run="second")

    second = [each for each in lines(file) if each["run"] == "second"]
    assert len(lines(file)) == 12
    assert [(e["event"], e["verb"], e["name"]) for e in second] == [
        ("send", "update", "Sales"),
        ("answer", "update", "Sales"),
    ]
    assert second[0]["sid"] == second[1]["sid"]


def test_a_refusal_is_recorded_without_the_words_of_the_server(applied, world, file):
    class Refusing(type(world.requests)):
        async def handle_async_request(self, request):
            if request.method != "GET":
                request.url = request.url.copy_with(path="/v1/Nowhere")
            return await super().handle_async_request(request)

    assert applied(CONFIGURATION, through=Refusing(world.app)).verified is None

    [_, answer] = lines(file)
    assert (answer["outcome"], answer["status"]) == ("refused", 404)
    assert "message" not in answer


def test_only_its_owner_may_read_it(applied, file):
    applied(CONFIGURATION)

    assert file.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("path", ["/nowhere/journal.jsonl", "/"])
def test_a_path_that_cannot_be_written_is_refused_before_anything_else(path):
    with pytest.raises(TrApplyError, match="cannot be opened"), Journal(Path(path), "run"):
        pytest.fail("it was opened")


def test_reading_is_not_noted(file):
    with Journal(file, "run") as journal:
        journal(Call("GET", "/v1/Workspaces"), None)
        journal(Call("GET", "/v1/Workspaces"), Attempt(200))

    assert file.read_text() == ""


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no device that is always full")
def test_on_a_full_disk_nothing_more_is_sent():
    with Journal(Path("/dev/full"), "run") as journal:
        with pytest.raises(TrApplyError, match="cannot be written: No space left"):
            journal(CALL, None)
        journal(CALL, DONE)  # a finished request stays, and the next one is not begun
        with pytest.raises(TrApplyError, match="cannot be written"):
            journal(CALL, None)


def test_a_line_is_whole_even_where_the_system_takes_it_in_parts(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    values = {"Attributes": "x" * 200_000}
    call = Call("POST", "/v1/Workspaces", ("Attributes",), Purpose("op-1", "create", "worker", "alice", None, values))
    received = []
    reader = threading.Thread(target=lambda: received.append(pipe.read_text()))
    reader.start()

    with Journal(pipe, "run") as journal:
        journal(call, None)

    reader.join(20)
    assert json.loads(received[0])["values"] == values


def test_an_attempt_without_an_answer_is_unknown(file):
    with Journal(file, "run") as journal:
        journal(CALL, None)
        journal(CALL, Attempt(None, 0.2, "no answer (ReadTimeout)"))
        journal(Call("DELETE", "/v1/Workspaces/WS1"), None)

    [_, unknown, last] = lines(file)
    assert (unknown["outcome"], unknown["problem"]) == ("unknown", "no answer (ReadTimeout)")
    assert last["method"] == "DELETE"
    assert "operation" not in last
