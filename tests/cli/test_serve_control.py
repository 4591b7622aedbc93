"""tr-apply serve --control: the clock, the callbacks, the faults and the state of a test world."""

import json
import signal
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl

import httpx
import pytest
from click.testing import CliRunner

from tests.cli.conftest import shared_server
from tr_apply.cli import commands
from tr_apply.errors import UsageError


class World:
    """A controlled server with a queue, a workflow and available workers, and an application that it calls."""

    def __init__(self, server, url, **workflow):
        self.server, self.client, self.url = server, server.client, url
        self.path = f"/Workspaces/{self.made('/Workspaces', FriendlyName='Floor')['sid']}"
        [available] = self.items("Activities", Available="true")
        queue = self.made(f"{self.path}/TaskQueues", FriendlyName="Everyone")["sid"]
        document = json.dumps({"task_routing": {"default_filter": {"queue": queue}}})
        self.made(f"{self.path}/Workflows", FriendlyName="w", Configuration=document, **workflow)
        for name in ("ann", "ben", "cho"):
            self.made(f"{self.path}/Workers", FriendlyName=name, ActivitySid=available["sid"])

    def made(self, path, **form):
        answer = self.client.post(path, data=form)
        assert answer.status_code == 201, answer.text
        return answer.json()

    def items(self, collection, **query):
        page = self.client.get(f"{self.path}/{collection}", params=query).json()
        return page[page["meta"]["key"]]

    def control(self, name, body=None, method="POST"):
        answer = httpx.request(
            method, f"{self.server.url}/_tr-apply/{name}", json=body, trust_env=False, verify=False, timeout=30
        )
        assert answer.status_code == 200, answer.text
        return answer.json()

    def task(self, **form):
        return self.made(f"{self.path}/Tasks", **form)["sid"]

    def status(self, task):
        return self.client.get(f"{self.path}/Tasks/{task}").json()["assignment_status"]

    def callbacks(self):
        return self.control("callbacks", method="GET")["callbacks"]


@pytest.fixture
def application():
    """Answers every callback with the prepared answer, and keeps the forms."""

    class Handler(BaseHTTPRequestHandler):
        instruction, forms = b"{}", []

        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            self.forms.append(dict(parse_qsl(body)))
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(Handler.instruction)))
            self.end_headers()
            self.wfile.write(Handler.instruction)

        def log_message(self, *_):
            """Say nothing."""

    Handler.forms = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}/", Handler
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="module")
def controlled(forking):
    with shared_server(forking, "--control", "-q") as server:
        yield server


@pytest.fixture
def world(controlled, application):
    """A world of one's own, in a server that many tests share: it is reset."""
    controlled.client.post(f"{controlled.url}/_tr-apply/reset").raise_for_status()
    return begun(controlled, application)


@pytest.fixture
def lonely(serve, application):
    """The same in a server of one's own, whose output can be read and which can be ended."""
    return begun(serve("--control", "-q"), application)


def begun(server, application):
    url, _ = application
    world = World(server, url, TaskReservationTimeout="120", AssignmentCallbackUrl=url)
    world.control("clock", {"now": "2027-01-04T09:00:00Z"})
    return world


def test_without_the_option_there_is_no_control(serve):
    server = serve()

    assert server.client.post(f"{server.url}/_tr-apply/reset").status_code == 404
    assert httpx.post(f"{server.url}/_tr-apply/reset", trust_env=False, verify=False).status_code == 401


def test_control_is_for_this_machine_only():
    arguments = ["--control", "--host", "0.0.0.0", "--account-sid", "AC" + 32 * "0", "--auth-token", "x"]
    result = CliRunner().invoke(commands, ["serve", "--port", "0", "--db", ":memory:", *arguments])

    assert isinstance(result.exception, UsageError)
    assert "--control is for this machine only" in str(result.exception)


def test_a_page_of_another_origin_controls_nothing_and_a_server_with_a_token_asks_for_it(serve):
    server = serve("--control", "--auth-token", "token")
    url = f"{server.url}/_tr-apply/reset"

    assert httpx.post(url, headers={"Origin": "http://evil.example"}, trust_env=False, verify=False).status_code == 403
    assert httpx.post(url, trust_env=False, verify=False).status_code == 401
    assert httpx.post(url, auth=("AC1", "token"), trust_env=False, verify=False).status_code == 200


def test_a_pinned_clock_stops_and_an_advance_lets_timers_fire_in_order(world):
    task = world.task(Timeout="300")
    assert world.control("clock")["now"] == "2027-01-04T09:00:00.000000Z"

    told = world.control("clock", {"advance_s": 600})

    assert told["now"] == "2027-01-04T09:10:00.000000Z"
    events = world.items("Events", TaskSid=task, PageSize=1000)
    seconds = [(each["event_type"], each["event_date"][14:19]) for each in events]
    assert [each for each in seconds if each[0].startswith("reservation.")] == [
        ("reservation.created", "00:00"),
        ("reservation.timeout", "02:00"),
        ("reservation.created", "02:00"),
        ("reservation.timeout", "04:00"),
        ("reservation.created", "04:00"),
        ("reservation.canceled", "05:00"),
    ]
    assert ("task.canceled", "05:00") in seconds


def test_an_answer_of_an_application_during_an_advance_takes_effect_at_that_time(world, application):
    task = world.task()
    world.control("clock")  # ann does not answer
    application[1].instruction = b'{"instruction": "accept"}'

    world.control("clock", {"advance_s": 3600})

    [accepted] = world.items("Events", EventType="reservation.accepted", Minutes=120)
    assert accepted["event_date"] == "2027-01-04T09:02:00Z"
    assert accepted["event_data"]["worker_name"] == "ben"
    assert world.status(task) == "assigned"


def test_time_never_goes_back_before_an_event_and_continues_when_it_is_released(world):
    url = f"{world.server.url}/_tr-apply/clock"
    world.task()  # events from before the clock was set may be too old to be kept

    refused = httpx.post(url, json={"now": "2026-01-01T00:00:00Z"}, trust_env=False, verify=False)
    going = world.control("clock", {"rate": 1000})
    while world.control("clock")["now_ms"] < going["now_ms"] + 1000:
        pass

    assert refused.status_code == 400
    assert "Time cannot go back" in refused.json()["message"]
    assert world.control("clock", {"now": None})["rate"] == 1


def test_a_reset_empties_the_world_and_lets_the_clock_go(world):
    world.task()
    world.control("faults", [{"match": {}, "action": "status", "status": 500}])

    world.control("reset")

    assert world.client.get("/Workspaces").json()["workspaces"] == []
    assert world.callbacks() == []
    pinned = world.control("clock", {"now": "2020-01-01T00:00:00Z"})
    assert (pinned["now"], pinned["rate"]) == ("2020-01-01T00:00:00.000000Z", 0)
    assert world.made("/Workspaces", FriendlyName="Floor")["date_created"] == "2020-01-01T00:00:00Z"


def test_a_snapshot_is_restored_with_the_moment_at_which_the_clock_stood(world):
    task = world.task()
    before = world.items("Events", PageSize=1000)
    taken = world.control("snapshot")
    world.control("clock", {"advance_s": 200})
    world.client.delete(f"{world.path}/Tasks/{task}")

    told = world.control("restore", taken)

    assert told["now"] == "2027-01-04T09:00:00.000000Z"
    assert world.status(task) == "reserved"
    assert world.items("Events", PageSize=1000) == before
    world.control("clock", {"advance_s": 121})
    assert [each["event_type"] for each in world.items("Events", TaskSid=task)][-2:] == [
        "reservation.timeout",
        "reservation.created",
    ]


def test_workers_who_are_idle_equally_long_are_offered_tasks_in_creation_order(world):
    tasks = [world.task() for _ in range(3)]

    reservations = [world.client.get(f"{world.path}/Tasks/{task}/Reservations").json() for task in tasks]
    assert [each["reservations"][0]["worker_name"] for each in reservations] == ["ann", "ben", "cho"]


def test_no_sid_is_given_twice_although_the_world_was_restored(world):
    taken = world.control("snapshot")
    before = world.task()
    world.control("restore", taken)

    assert world.task() != before


def test_a_snapshot_of_a_world_whose_clock_goes_is_restored_at_its_moment(world):
    task = world.task()
    world.control("clock", {"rate": 0.001})
    taken = world.control("snapshot")
    world.control("clock", {"advance_s": 200})
    assert [each["event_type"] for each in world.items("Events", TaskSid=task)].count("reservation.timeout") == 1

    told = world.control("restore", taken)

    assert (told["now"][:17], told["rate"]) == ("2027-01-04T09:00:", 0.001)
    assert "reservation.timeout" not in [each["event_type"] for each in world.items("Events", TaskSid=task)]


def test_time_ends_before_dates_do_and_the_world_goes_on_there(world):
    url = f"{world.server.url}/_tr-apply/clock"
    end = "9000-01-01T00:00:00Z"
    for body in ({"now": "9999-12-31T23:59:59Z"}, {"now": end, "advance_s": 1}):
        refused = httpx.post(url, json=body, trust_env=False, verify=False)
        assert (refused.status_code, "9000-01-01T00:00:00" in refused.text) == (400, True)

    assert world.control("clock", {})["now"] == "2027-01-04T09:00:00.000000Z"

    world.control("clock", {"now": end})

    assert httpx.post(url, json={"advance_s": 1}, trust_env=False, verify=False).status_code == 400
    assert world.control("clock", {"rate": 1_000_000})["now_ms"] == world.control("clock", {})["now_ms"]
    assert world.status(world.task(Timeout="1209600")) == "reserved"
    assert world.client.get(f"{world.path}/Statistics").status_code == 200


def test_an_unknown_snapshot_and_other_nonsense_are_refused(world):
    url = f"{world.server.url}/_tr-apply"

    def status(name, body, method="POST"):
        return httpx.request(method, f"{url}/{name}", json=body, trust_env=False, verify=False).status_code

    assert status("restore", {"id": "7"}) == 404
    assert status("nothing", {}) == 404
    assert status("reset", {}, "DELETE") == 405
    for body in ({"now": "noon"}, {"now": 7}, {"advance_s": -1}, {"advance_s": True}, {"rate": 1e9}, {"speed": 1}, []):
        assert status("clock", body) == 400
    for body in ({"hold": 1}, {"replay": 99}, {"fail_next": "x"}, {"drop": 1}):
        assert status("callbacks", body) == 400
    for rule in (
        *(
            {},
            {"action": "burn"},
            {"action": "status", "match": {"path_regex": "("}},
            {"action": "delay", "delay_s": -1},
        ),
        *(
            {"action": "status", "status": 99},
            {"action": "status", "match": {"nth": 0}},
            {"action": "status", "what": 1},
        ),
    ):
        assert status("faults", [rule]) == 400
    assert httpx.post(f"{url}/clock", content=b"{", trust_env=False, verify=False).status_code == 400


def test_callbacks_are_listed_with_request_and_answer(world, application):
    world.task(Attributes='{"a":1}')
    world.control("clock")  # answers after the requests in progress

    [call] = world.callbacks()
    assert (call["kind"], call["url"], call["state"], call["status"], call["body"]) == (
        "assignment",
        world.url,
        "answered",
        200,
        "{}",
    )
    assert call["form"] == application[1].forms[0]
    assert call["headers"]["X-Twilio-Signature"]


def test_the_log_has_a_line_for_each_callback_that_is_answered(serve, application):
    url, secretive = application[0], application[0].replace("//", "//user:hidden@") + "offer?token=hidden"
    world = World(serve("--control", "-v"), url, AssignmentCallbackUrl=secretive)
    world.control("callbacks", {"fail_next": 1})
    world.task()
    world.task()
    world.control("clock")

    said = world.server.end(signal.SIGTERM)[1]

    lines = [line.split() for line in said.splitlines() if " callback POST " in line]
    assert [line[1:5] for line in lines] == [["callback", "POST", f"{url}offer", "200"]]
    assert (lines[0][0][-1], lines[0][-1]) == ("Z", "ms")
    assert "hidden" not in said


def test_callbacks_are_held_and_let_go_in_order(world, application):
    world.control("callbacks", {"hold": True})
    tasks = [world.task(), world.task()]
    world.control("clock")
    assert [each["state"] for each in world.callbacks()] == ["held", "held"]
    assert application[1].forms == []

    world.control("callbacks", {"hold": False})
    world.control("clock")

    assert [each["state"] for each in world.callbacks()] == ["answered", "answered"]
    assert {each["TaskSid"] for each in application[1].forms} == set(tasks)


def test_a_callback_is_replayed_without_being_carried_out(lonely, application):
    world = lonely
    task = world.task()
    world.control("clock")
    application[1].instruction = b'{"instruction": "accept"}'

    again = world.control("callbacks", {"replay": world.callbacks()[0]["id"]})

    assert (again["replay_of"], again["status"]) == (1, 200)
    assert application[1].forms[0] == application[1].forms[1]
    assert world.status(task) == "reserved"


def test_the_next_callbacks_fail_on_demand(lonely, application):
    world = lonely
    world.control("callbacks", {"fail_next": 1})
    world.task()
    world.task()
    world.control("clock")

    assert [each["state"] for each in world.callbacks()] == ["failed", "answered"]
    assert len(application[1].forms) == 1
    assert "failed on demand" in world.server.process.stderr.readline()


def posted(world, path="/Workspaces", **form):
    return world.client.post(path, data={"FriendlyName": "x", **form})


def test_a_status_is_answered_to_the_nth_and_to_every_kth_request(world):
    rule = {"match": {"method": "post", "path_regex": "/Workspaces$", "nth": 2}, "action": "status", "status": 429}
    world.control("faults", [{**rule, "retry_after": 3}])
    answers = [posted(world) for _ in range(3)]

    assert [each.status_code for each in answers] == [201, 429, 201]
    assert (answers[1].json()["code"], answers[1].headers["retry-after"]) == (20429, "3")
    world.control("faults", [{"match": {"every": 3}, "action": "status", "status": 503}])
    assert [world.client.get("/Workspaces").status_code for _ in range(6)] == [200, 200, 503, 200, 200, 503]
    world.control("faults", [])
    assert [world.client.get("/Workspaces").status_code for _ in range(3)] == [200] * 3


@pytest.mark.parametrize("status", [204, 304, 299, 599])
def test_any_status_is_answered_and_leaves_the_connection_as_it_was(world, status):
    rule = {"match": {"path_regex": "/Workspaces$", "nth": 1}, "action": "status", "status": status}
    world.control("faults", [rule])

    answers = [world.client.get("/Workspaces") for _ in range(2)]

    assert [each.status_code for each in answers] == [status, 200]
    assert bool(answers[0].content) == (status not in (204, 304))


@pytest.mark.parametrize(("action", "is_done"), [("close_before", False), ("close_after", True), ("truncate", True)])
def test_an_answer_is_lost_before_or_after_the_request_is_carried_out(lonely, action, is_done):
    world = lonely
    world.control("faults", [{"match": {"method": "POST"}, "action": action}])

    with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):  # as the end or a reset arrives first
        posted(world, FriendlyName="lost")

    names = [each["friendly_name"] for each in world.client.get("/Workspaces").json()["workspaces"]]
    assert ("lost" in names) == is_done
    assert "Traceback" not in world.server.end(signal.SIGTERM)[1]


def test_a_delay_outlasts_an_impatient_client(lonely):
    world = lonely
    world.control("faults", [{"match": {"path_regex": "healthz"}, "action": "delay", "delay_s": 3600}])

    with pytest.raises(httpx.ReadTimeout):
        httpx.get(f"{world.server.url}/healthz", timeout=0.2, trust_env=False, verify=False)
    world.server.cut_off()
