"""Messages and results of a run when TaskRouter hangs, forgets or gives false answers, or when a person stops it."""

import asyncio
import json
import os
import signal

import httpx
import pytest

from tests.saved.terminal import Terminal

TEXT = """
workspace: {name: Center}
activities: [{name: Offline}, {name: Available, available: true}]
task_queues: [{name: A}, {name: B}]
workflows: [{name: W, default_filter: {queue: A}}]
"""


def is_write(request, method, end):
    return request.method == method and request.url.path.endswith(end)


def hangs(method, end):
    return lambda request: asyncio.Event().wait() if is_write(request, method, end) else None


def statuses(plan):
    return [result["status"] for result in plan["results"]]


def test_out_of_time_while_applying_lists_the_completed_operations(cli, write, interfere):
    interfere(hangs("POST", "/Workflows"))

    said = cli("apply", write("w.yaml", TEXT), "--auto-approve", "--timeout", "1.5", "--format", "json")

    [plan] = said.document["plans"]
    assert said.code == 4
    assert "timed out after 1.5 s" in said.document["errors"][0]["message"]
    assert statuses(plan).count("done") >= 3
    assert plan["verified"] is None
    interfere(lambda _request: None)
    assert cli("apply", "w.yaml", "--auto-approve").code == 0


def test_out_of_time_before_the_first_write_does_not_count_as_partly_done(cli, write, interfere):
    path = write("w.yaml", TEXT)
    cli("plan", path, "--out", "plan.json")
    interfere(hangs("GET", "/Workspaces"))

    said = cli("apply", "--plan", "plan.json", "--timeout", "0.2")

    assert said.code == 1


def test_a_change_that_is_accepted_and_not_made_is_noticed(cli, write, interfere):
    write("w.yaml", TEXT)
    cli("apply", "w.yaml", "--auto-approve")
    write("w.yaml", TEXT.replace("{name: B}", "{name: B, max_reserved_workers: 7}"))
    cli("plan", "w.yaml", "--out", "plan.json")
    answer = {"sid": "WQ" + "0" * 32, "friendly_name": "B"}
    interfere(lambda request: httpx.Response(200, json=answer) if request.method == "POST" else None)

    fresh = cli("apply", "w.yaml", "--auto-approve", "--format", "json")
    saved = cli("apply", "--plan", "plan.json", "--format", "json")
    told = cli("apply", "w.yaml", "--auto-approve")

    assert (fresh.code, saved.code, told.code) == (4, 4, 4)
    assert fresh.document["plans"][0]["left"]["summary"]["update"] == 1
    assert "task_queue/B is not as it was written" in saved.document["plans"][0]["notes"]
    assert "Not verified" in told.out


def test_a_proof_that_cannot_be_had_is_exit_4(cli, write, interfere):
    path = write("w.yaml", TEXT)
    cli("plan", path, "--out", "plan.json")
    written = []

    def refuses_reading_after_writing(request):
        if request.method == "POST":
            written.append(request)
        done = len(written) >= 4 and request.method == "GET"
        return httpx.Response(403, json={"message": "no more", "code": 20003}) if done else None

    interfere(refuses_reading_after_writing)

    said = cli("apply", "--plan", "plan.json", "--format", "json")

    assert said.code == 4
    assert said.document["plans"][0]["verified"] is None or "skipped" in statuses(said.document["plans"][0])


BEFORE_THE_FIRST_WRITE = {
    "is it still as planned": ("--plan", "plan.json"),
    "what was there before": ("w.yaml", "--auto-approve", "--undo-out", "undo.json"),
}


@pytest.mark.parametrize("case", BEFORE_THE_FIRST_WRITE)
def test_a_workspace_that_may_not_be_read_right_before_the_first_write_is_not_written(cli, write, interfere, case):
    cli("apply", write("w.yaml", TEXT), "--auto-approve")
    write("w.yaml", TEXT.replace("{name: B}", "{name: B, max_reserved_workers: 7}"))
    cli("plan", "w.yaml", "--out", "plan.json")
    sent = []

    def refuses(request):
        sent.append(request.method)
        is_workspace = request.url.path.rpartition("/")[2].startswith("WS")
        return httpx.Response(403, json={"message": "no"}) if is_workspace else None

    interfere(refuses)

    said = cli("apply", *BEFORE_THE_FIRST_WRITE[case])

    assert said.code == 1
    assert "HTTP 403" in said.err
    assert set(sent) == {"GET"}


def test_settings_of_a_worker_who_has_gone_since_are_not_called_done(cli, write, interfere):
    workers = "workers: [{name: alice, channels: {voice: {capacity: %s}}}]\n"
    cli("apply", write("w.yaml", TEXT + workers % 2), "--auto-approve")
    write("w.yaml", TEXT + workers % 3)
    cli("plan", "w.yaml", "--out", "plan.json")
    written = []

    def fires_alice_once_her_channel_is_written(request):
        if request.method == "POST":
            written.append(request)
        elif written and request.url.path.endswith("/Workers"):
            return httpx.Response(200, json={"workers": [], "meta": {"key": "workers", "next_page_url": None}})
        return None

    interfere(fires_alice_once_her_channel_is_written)

    said = cli("apply", "--plan", "plan.json", "--format", "json")

    [plan] = said.document["plans"]
    assert said.code == 4
    assert statuses(plan) == ["done"]
    assert plan["notes"] == ["worker_channel/alice/voice is not as it was written"]


def test_a_stop_leaves_what_has_not_begun(cli, write, interfere, monkeypatch):
    monkeypatch.setattr("tr_apply.deployment.fleet.SIDE_BY_SIDE", 1)
    paths = [write(f"{name}.yaml", TEXT.replace("Center", name)) for name in ("One", "Two")]

    stopped = []

    def stops(request):
        if is_write(request, "POST", "/TaskQueues") and not stopped:
            stopped.append(request)
            os.kill(os.getpid(), signal.SIGINT)

    interfere(stops)

    said = cli("apply", *paths, "--auto-approve", "--format", "json")

    one, two = said.document["plans"]
    assert said.code == 130
    assert "done" in statuses(one)
    assert set(statuses(two)) == {"skipped"}
    assert two["verified"] is None
    assert "before anything was written here" in said.document["errors"][1]["message"]


# destroy


@pytest.fixture
def there(cli, write):
    """The configuration of a workspace that is there."""
    assert cli("apply", write("w.yaml", TEXT), "--auto-approve").code == 0
    return "w.yaml"


def forbidden(request):
    return httpx.Response(403, json={"message": "no"}) if is_write(request, "GET", "/Workspaces") else None


class Afterwards:
    """Interferes once the workspace has been deleted."""

    def __init__(self, how):
        self._how, self._deleted = how, False

    def __call__(self, request):
        self._deleted = self._deleted or request.method == "DELETE"
        return self._how(request) if self._deleted else None


DESTROYED = {
    "no answer in time": (hangs("DELETE", ""), "may have been deleted"),
    "accepted and not done": (lambda r: httpx.Response(204) if r.method == "DELETE" else None, "still listed"),
    "no look afterwards": (Afterwards(forbidden), "could not be seen"),
}


def test_a_missing_workspace_need_not_be_destroyed(cli, write):
    said = cli("destroy", write("w.yaml", TEXT))

    assert (said.code, said.out) == (0, "No changes. There is no workspace Center.\n")


@pytest.mark.parametrize("case", DESTROYED)
def test_a_workspace_that_may_have_been_destroyed_is_exit_4(cli, there, interfere, case):
    how, reason = DESTROYED[case]
    interfere(how)

    said = cli("destroy", there, "--confirm", "Center", "--timeout", "2", "--format", "json")

    assert said.code == 4
    assert reason in said.document["errors"][0]["message"]


def test_a_person_types_the_name_of_the_workspace_to_destroy(there, live, forking):
    terminal = Terminal(forking, "destroy", there, "--local-db", "world.db")
    terminal.wait_for("Type its name")
    assert "2 task queues" in terminal.screen
    terminal.type("center\n")
    assert terminal.end() == 6

    terminal = Terminal(forking, "destroy", there, "--local-db", "world.db")
    terminal.wait_for("Type its name")
    terminal.type("Center\n")
    assert terminal.end() == 0
    assert live.items("Workspaces") == []


def test_the_journal_holds_no_secret(cli, write, monkeypatch, tmp_path):
    monkeypatch.setenv("TR_VAR_SECRET", "canary-7391")
    text = 'workspace: {name: C}\nworkers: [{name: a, attributes: {phone: "${SECRET}"}}]\n'
    path = write("w.yaml", text + "manage: {workers: {sensitive: [attributes.phone]}}")

    said = cli("apply", path, "--auto-approve", "--journal", "j.jsonl", "--undo-out", "undo.json")

    assert said.code == 0
    lines = [json.loads(line) for line in (tmp_path / "j.jsonl").read_text().splitlines()]
    assert len(lines) > 4
    assert "canary" not in (tmp_path / "j.jsonl").read_text() + (tmp_path / "undo.json").read_text()


def test_on_a_terminal_something_is_shown_before_the_first_answer(write, forking):
    terminal = Terminal(forking, "plan", write("w.yaml", TEXT), "--local-db", "world.db")

    assert terminal.end() == 0
    reading, plan = terminal.screen.index("Reading the workspace ..."), terminal.screen.index("Plan id:")
    assert reading < plan
    assert "\r" + " " * len("Reading the workspace ...") + "\r" in terminal.screen[reading:plan]
