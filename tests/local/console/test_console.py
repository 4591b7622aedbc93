"""The console over HTTP: its files, who may see what, and what it says of a workspace."""

import json
from typing import NamedTuple

import pytest

from tests.local.conftest import Api, Floor
from tr_apply.errors import TargetError
from tr_apply.local import open_app
from tr_apply.local.callbacks.sending import Quiet
from tr_apply.local.console import console as console_module
from tr_apply.local.console.console import Console
from tr_apply.local.console.pages import POLICY
from tr_apply.local.control.calls import Calls
from tr_apply.local.storage.clock import SteeredClock

AUTH = ("SK" + "0" * 32, "console")


class Answer(NamedTuple):
    """The answer of an application to every callback."""

    status: int = 200
    content_type: str = "application/json"
    body: bytes = b'{"instruction": "accept"}'


async def answered(_url, _form, _headers, **_patience):
    return Answer()


class Shown(Api):
    """The console in front of an application on one clock, and requests to both."""

    def __init__(self, runner, *, is_controlled=False, **options):
        self.clock = SteeredClock()
        self.calls = Calls(answered, self.clock, Quiet())
        app = open_app(":memory:", clock=options.pop("clock", self.clock), **options)
        self.console = Console(app, app, self.clock, self.calls, is_controlled)
        super().__init__(self.console, runner)
        self.opened = app

    def console_get(self, path, auth=AUTH, **more):
        return self.request("GET", path, auth=auth, **more)

    def shown(self, floor, name, **query):
        answer = self.console_get(f"/_console{floor.path}/{name}", params=query)
        assert answer.status_code == 200, answer.text
        assert answer.headers["cache-control"] == "no-store"
        return answer.json()

    def close(self):
        self.app = self.opened
        super().close()


@pytest.fixture
def shown(runner):
    shown = Shown(runner)
    yield shown
    shown.close()


@pytest.fixture
def floor(shown):
    return Floor(shown)


# Files


@pytest.mark.parametrize(
    ("path", "media_type"),
    [
        ("/", "text/html; charset=utf-8"),
        ("/_console/static/app.js", "text/javascript; charset=utf-8"),
        ("/_console/static/console.css", "text/css; charset=utf-8"),
        ("/_console/static/lanes.css", "text/css; charset=utf-8"),
        ("/_console/static/icon.svg", "image/svg+xml"),
        ("/favicon.ico", "image/svg+xml"),
    ],
)
def test_a_file_of_the_page_needs_no_credentials_and_is_kept_until_it_changes(shown, path, media_type):
    answer = shown.console_get(path, auth=None)

    assert (answer.status_code, answer.headers["content-type"]) == (200, media_type)
    assert answer.headers["cache-control"] == "no-cache"
    assert answer.headers["content-security-policy"] == POLICY
    again = shown.console_get(path, auth=None, headers={"If-None-Match": f'"other", {answer.headers["etag"]}'})
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", answer.headers["etag"])
    other = shown.console_get(path, auth=None, headers={"If-None-Match": '"other"'})
    assert other.status_code == 200


def test_no_answer_of_the_console_is_for_pages_of_other_origins(shown, floor):
    for path in ("/", "/_console/session", f"/_console{floor.path}/lanes", "/_console/nowhere"):
        headers = shown.console_get(path).headers

        assert "access-control-allow-origin" not in headers
        assert headers["cross-origin-resource-policy"] == "same-origin"
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"
        assert "default-src 'none'" in headers["content-security-policy"]


def test_the_page_has_nothing_inline_and_names_nothing_elsewhere(shown):
    files = (
        "/",
        *(f"/_console/static/{name}" for name in ("app.js", "dom.js", "world.js", "console.css", "lanes.css")),
    )
    texts = [shown.console_get(path, auth=None).text for path in files]

    assert not any("http:" in each or "https:" in each or "innerHTML" in each for each in texts)
    assert "style=" not in texts[0]
    assert "<script>" not in texts[0]


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS"])
def test_the_console_is_only_read(shown, floor, method, refused):
    for path in ("/", "/_console/session", f"/_console{floor.path}/lanes"):
        refused(shown.request(method, path, auth=AUTH), status=405, code=20004)


def test_everything_else_is_the_application_s(shown):
    assert shown.request("GET", "/healthz").json() == {"status": "ok"}
    assert shown.request("GET", "/_consoles").status_code == 404


# Who may see what


@pytest.mark.parametrize(
    ("options", "signs_in"),
    [({}, False), ({"account_sid": "AC" + "1" * 32}, True), ({"auth_token": "secret"}, True)],
)
def test_the_page_hears_whether_it_must_sign_in(runner, options, signs_in):
    shown = Shown(runner, is_controlled=True, **options)

    session = shown.console_get("/_console/session", auth=None).json()
    shown.close()

    assert session.keys() == {"signs_in", "is_controlled"}
    assert (session["signs_in"], session["is_controlled"]) == (signs_in, True)


def test_data_needs_the_credentials_of_the_api(runner, refused):
    account = "AC" + "1" * 32
    shown = Shown(runner, account_sid=account, auth_token="secret")
    path = f"/_console/Workspaces/WS{'0' * 32}"

    for name in ("lanes", "waiting", "place", "callbacks", "stream", "nothing"):
        for auth in (None, AUTH, (account, "wrong")):
            refused(shown.console_get(f"{path}/{name}", auth=auth), status=401, code=20003)
        if name != "callbacks":
            refused(shown.console_get(f"{path}/{name}", auth=(account, "secret")), status=404, code=20404)
    shown.close()


def test_a_page_that_signs_in_as_nobody_signs_no_callback(shown, floor):
    shown.console_get(f"/_console{floor.path}/lanes")
    shown.request("GET", "/v1/Workspaces", auth=AUTH)

    assert shown.opened._identity.auth_token == "secret"  # of the one who made the floor


@pytest.mark.parametrize(
    "path",
    ["/_console/", "/_console/static/nothing.js", "/_console/Workspaces/WS1/lanes", "/_console/Workspaces/WS-1/lanes"],
)
def test_an_unknown_path_is_not_found(shown, path, refused):
    refused(shown.console_get(path), status=404, code=20404)


# The data shown


def test_lanes_have_words_sids_and_what_tasks_are_asked_for(shown, floor):
    spanish = floor.queue_of("Spanish", TargetWorkers="languages HAS 'es'")
    step = {"queue": spanish, "timeout": 60, "expression": "task.language IN worker.languages AND task.score > 2"}
    known = {"queue": spanish, "known_worker_sid": "task.agent.sid", "expression": "worker.level > 3"}
    filters = [
        {
            "filter_friendly_name": "Es",
            "expression": "language IN ['es', 'ca'] AND tags HAS 'vip'",
            "targets": [step, known],
        }
    ]
    workflow = floor.workflow_of(
        "Voice", [*filters, {"expression": "a[0] == 1 AND language != null", "targets": [{"queue": spanish}]}]
    )

    lanes = shown.shown(floor, "lanes")

    assert lanes["name"] == "Floor"
    assert [(each["sid"], each["name"]) for each in lanes["workflows"]] == [
        (floor.workflow, "Incoming"),
        (workflow, "Voice"),
    ]
    voice = lanes["workflows"][1]
    [first, *_] = voice["lanes"]
    assert (first["title"], first["condition"]) == ("Es", "language is one of es, ca and tags has vip")
    assert [(each["queue"], each["leaves"]) for each in first["steps"]] == [("Spanish", "after 1m"), ("Spanish", "")]
    assert voice["attributes"] == [
        {"path": ["language"], "values": ["es", "ca"], "is_list": False},
        {"path": ["tags"], "values": ["vip"], "is_list": True},
        {"path": ["score"], "values": [2], "is_list": False},
        {"path": ["agent", "sid"], "values": [], "is_list": False},
    ]
    assert [(each["sid"], each["name"], each["fed_by"]) for each in lanes["queues"]] == [
        (floor.queue, "Everyone", "Incoming: every task"),
        (spanish, "Spanish", "Voice: 1, 2"),
    ]


def test_lanes_are_drawn_again_when_something_of_them_changes_and_not_else(shown, floor, monkeypatch):
    drawings = []
    drawn = console_module.drawn
    monkeypatch.setattr(console_module, "drawn", lambda routed: drawings.append(routed) or drawn(routed))

    for _ in range(2):
        shown.shown(floor, "lanes")
    floor.task({"language": "es"})
    shown.shown(floor, "lanes")
    assert len(drawings) == 1
    shown.changed(f"{floor.path}/TaskQueues/{floor.queue}", FriendlyName="All")

    assert shown.shown(floor, "lanes")["workflows"][0]["lanes"][0]["steps"][0]["queue"] == "All"
    assert len(drawings) == 2


def test_the_tasks_of_a_step_are_named_the_oldest_first(shown, floor):
    floor.move(floor.alice, "Offline")
    tasks = [floor.task({"n": number}, Priority=number).rpartition("/")[2] for number in range(102)]

    waiting = shown.shown(floor, "waiting", step=f"{floor.workflow}/-1/0")

    assert waiting["total"] == 102
    assert [each["sid"] for each in waiting["tasks"]] == tasks[:100]
    assert waiting["tasks"][7] | {"created_ms": 0} == {
        "sid": tasks[7], "status": "pending", "created_ms": 0, "priority": 7, "attributes": '{"n":7}',
    }  # fmt: skip
    assert shown.shown(floor, "waiting") == {"total": 0, "tasks": []}


def test_a_task_is_in_a_step_until_somebody_takes_it(shown, floor):
    task = floor.task({}, Timeout=100)
    sid = task.rpartition("/")[2]

    place = shown.shown(floor, "place", task=sid)
    assert place["step"] == f"{floor.workflow}/-1/0"
    assert place["deadline_ms"] is None
    assert place["ends_ms"] - shown.clock() in range(1, 100_001)
    floor.accept(task)

    assert shown.shown(floor, "place", task=sid) == {"step": None, "deadline_ms": None, "ends_ms": None}
    assert shown.console_get(f"/_console{floor.path}/place", params={"task": "WT1"}).status_code == 404


def test_callbacks_are_those_of_the_workspace(shown, floor):
    for sid in (floor.path.rpartition("/")[2], "WS" + "0" * 32):
        shown._runner.run(
            shown.calls("http://127.0.0.1/", {"WorkspaceSid": sid}, {"X-Twilio-Signature": "s"}, timeout_s=1)
        )

    [call] = shown.shown(floor, "callbacks")["callbacks"]

    assert (call["id"], call["status"], call["body"]) == (1, 200, '{"instruction": "accept"}')


def test_a_database_that_is_beyond_use_is_answered_and_reported(shown, floor, exchange):
    task = floor.task({}).rpartition("/")[2]
    connection = shown.opened.store._database._connection
    connection.execute("UPDATE task SET place_filter = 7 WHERE sid = ?", (task,))
    shown.opened.store._database._unrouted += 1  # as if another process had written
    reported = []

    async def served(scope, receive, send):
        try:
            await shown.console(scope, receive, send)
        except TargetError as error:
            reported.append(str(error))

    status, body = exchange(served, "GET", f"/_console{floor.path}/lanes")

    assert (status, json.loads(body)["message"]) == (500, reported[0])
    assert "damaged" in reported[0]
