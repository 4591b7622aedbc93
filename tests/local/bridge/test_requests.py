"""Requests of workers' pages: what each path does, who may use it, and how refusals look."""

import json

import pytest

from tests.local.bridge.conftest import ACCOUNT, token
from tests.local.conftest import Floor
from tr_apply.local.storage.refusals import UnavailableError

DATES = ("date_created", "date_updated", "date_status_changed")


def payload(answer):
    assert answer.status_code == 200, answer.text
    return answer.json()["payload"]


def refusal(answer):
    body = answer.json()
    return answer.status_code, body["code"], body["message"]


@pytest.fixture
def urls(page, floor):
    workspace = f"Workspaces/{page.workspace_sid}"
    return {"workspace": workspace, "alice": f"{workspace}/Workers/{page.sid(floor.alice)}"}


def test_a_worker_reads_the_same_as_the_api_with_moments_as_numbers_and_a_version(floor, ask, urls):
    alice = payload(ask(urls["alice"]))

    rest = floor.api.get(floor.alice)
    same = {name: value for name, value in rest.json().items() if name not in {"url", "links", *DATES}}
    assert {name: alice[name] for name in same} == same
    assert alice["version"] == int(rest.headers["etag"].strip('"'))
    assert all(type(alice[name]) is int for name in DATES)


def test_a_worker_is_changed_and_nothing_but_what_a_page_may_change(ask, urls):
    changed = payload(
        ask(urls["alice"], "POST", {"Attributes": {"a": [1, True, None]}, "FriendlyName": "other", "ActivitySid": None})
    )

    assert (json.loads(changed["attributes"]), changed["friendly_name"]) == ({"a": [1, True, None]}, "alice")
    assert changed["version"] == payload(ask(urls["alice"]))["version"]


def test_a_version_is_checked_where_a_page_says_one(ask, urls):
    version = payload(ask(urls["alice"]))["version"]

    assert (
        payload(ask(urls["alice"], "POST", {"Attributes": {"a": 1}}, headers={"If-Match": str(version)}))["version"]
        == version + 1
    )
    assert refusal(ask(urls["alice"], "POST", {"Attributes": {}}, headers={"If-Match": str(version)}))[:2] == (
        412,
        20412,
    )


def test_lists_have_contents_and_the_sid_or_token_to_go_on_with(floor, ask, urls):
    activities = payload(ask(f"{urls['workspace']}/Activities", params={"PageSize": 2}))

    assert [each["friendly_name"] for each in activities["contents"]] == ["Offline", "Available"]
    rest = payload(ask(f"{urls['workspace']}/Activities", params={"PageSize": 2, "AfterSid": activities["after_sid"]}))
    assert ([each["friendly_name"] for each in rest["contents"]], rest["after_sid"]) == (["Unavailable"], None)
    by_date = {"Ordering": "DateUpdated:asc", "PageSize": 1}
    floor.queue_of("Other", TaskOrder="LIFO")
    first = payload(ask(f"{urls['workspace']}/TaskQueues", params=by_date, role="admin", worker=None))
    by_date["NextToken"] = first["meta"]["next_token"]
    second = payload(ask(f"{urls['workspace']}/TaskQueues", params=by_date, role="admin", worker=None))
    assert [each["contents"][0]["lifo_queue"] for each in (first, second)] == [False, True]
    assert second["meta"]["next_token"] is None


@pytest.mark.parametrize("path", ["alice/Reservations", "workspace/Activities"])
def test_a_list_does_not_continue_after_a_foreign_sid(ask, urls, path):
    root, _, rest = path.partition("/")

    status, _, message = refusal(ask(f"{urls[root]}/{rest}", params={"AfterSid": "nonsense"}))

    assert (status, "nonsense" in message) == (400, True)


def test_channels_say_when_they_were_last_reserved(floor, ask, urls):
    floor.task()

    channels = {
        each["task_channel_unique_name"]: each for each in payload(ask(f"{urls['alice']}/WorkerChannels"))["contents"]
    }

    assert (channels["default"]["available"], channels["voice"]["last_reserved_time"]) == (1, None)
    assert channels["default"]["last_reserved_time"] > 10**12


def test_reservations_are_those_that_hold_the_worker_page_by_page(floor, ask, urls):
    floor.api.changed(f"{floor.alice}/Channels/default", Capacity=3)
    for number in range(3):
        floor.task({"n": number})
    floor.api.changed(floor.reservations(floor.alice)[0], ReservationStatus="rejected")
    floor.api.changed(f"{floor.alice}/Channels/default", Capacity=0)

    first = payload(ask(f"{urls['alice']}/Reservations", params={"Active": "true", "PageSize": 2}))
    rest = payload(ask(f"{urls['alice']}/Reservations", params={"PageSize": 2, "AfterSid": first["after_sid"]}))

    assert [json.loads(each["task"]["attributes"])["n"] for each in (*first["contents"], *rest["contents"])] == [
        1,
        2,
        0,
    ]
    assert rest["after_sid"] is None


def test_a_task_is_created_read_and_changed(floor, page, ask, urls):
    params = {
        "WorkflowSid": page.sid(f"/{floor.workflow}"),
        "RoutingTarget": page.sid(floor.alice),
        "TaskChannelUniqueName": "voice",
        "VirtualStartTime": "2026-03-01T11:00:00Z",
        "Attributes": {"a": "b"},
        "Priority": 3,
    }

    made = payload(ask(f"{urls['workspace']}/Tasks", "POST", params))

    assert (made["assignment_status"], made["task_channel_unique_name"], made["priority"]) == ("reserved", "voice", 3)
    assert (made["virtual_start_time"], made["account_sid"]) == (1772362800, ACCOUNT)
    url = f"{urls['workspace']}/Tasks/{made['sid']}"
    changed = payload(ask(url, "POST", {"Attributes": {"c": 1}, "Priority": 9}))
    assert (changed["attributes"], changed["priority"], changed["version"]) == ('{"c":1}', 3, made["version"] + 1)
    assert payload(ask(url))["version"] == changed["version"]


def test_a_reservation_is_answered_without_its_task_and_read_with_it(floor, ask, urls):
    task = floor.task()
    url = f"{urls['alice']}/Reservations/{floor.offered(task).rpartition('/')[2]}"

    accepted = payload(ask(url, "POST", {"ReservationStatus": "accepted"}))

    assert (accepted["reservation_status"], accepted["version"], "task" in accepted) == ("accepted", 1, False)
    assert payload(ask(url))["task"]["assignment_status"] == "assigned"


@pytest.fixture
def transfer(floor, page, ask, urls):
    """Alice's task on its way to bob: its request's answer, and what can be asked about it."""
    bob = floor.worker("bob", activity="Unavailable")
    task = floor.task()
    floor.accept(task)
    [reservation] = floor.reservations(floor.alice)
    floor.move(bob, "Available")
    params = {"ReservationSid": page.sid(reservation), "TaskSid": page.sid(task), "To": page.sid(bob)}
    return {
        "params": params,
        "task": task,
        "bob": bob,
        "ask": lambda **more: ask(f"{urls['alice']}/Transfers", "POST", params | more),
    }


def test_a_transfer_is_made_and_canceled(floor, page, ask, urls, transfer):
    made = payload(transfer["ask"](Attributes={"more": 1}, Priority="7", Mode="warm"))

    assert made == {
        "account_sid": ACCOUNT,
        "workspace_sid": page.workspace_sid,
        "sid": made["sid"],
        "date_created": made["date_created"],
        "date_updated": made["date_created"],
        "task_sid": transfer["params"]["TaskSid"],
        "initiating_reservation_sid": transfer["params"]["ReservationSid"],
        "initiating_worker_sid": page.sid(floor.alice),
        "initiating_queue_sid": floor.queue,
        "initiating_workflow_sid": floor.workflow,
        "transfer_mode": "WARM",
        "transfer_type": "WORKER",
        "transfer_to": transfer["params"]["To"],
        "transfer_status": "initiated",
    }
    assert made["sid"].startswith("TT")
    assert (floor.status(transfer["task"]), floor.api.read(transfer["task"])["attributes"]) == (
        "reserved",
        '{"more":1}',
    )
    url = f"{urls['alice']}/Transfers/{made['sid']}"
    assert refusal(ask(url, "POST", {"TransferStatus": "complete"}))[0] == 400
    assert payload(ask(url, "POST", {"TransferStatus": "canceled"}))["transfer_status"] == "canceled"
    assert refusal(ask(url, "POST", {"TransferStatus": "canceled"})) == (
        400,
        20001,
        f"Transfer {made['sid']} is already canceled . Cannot cancel transfer.",
    )
    assert floor.status(transfer["task"]) == "assigned"


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"Mode": "LUKEWARM"}, 400),
        ({"To": "nobody"}, 400),
        ({"To": ""}, 400),
        ({"To": "WK" + "0" * 32}, 404),
        ({"TaskSid": "WT" + "0" * 32}, 400),
        ({"ReservationSid": "WR" + "0" * 32}, 404),
        ({"Attributes": "no JSON"}, 400),
        ({"Priority": "high"}, 400),
    ],
    ids=str,
)
def test_a_transfer_with_something_wrong_is_refused_and_changes_nothing(floor, transfer, change, status):
    assert refusal(transfer["ask"](**change))[0] == status
    assert floor.status(transfer["task"]) == "assigned"


def test_nobody_transfers_or_takes_back_what_others_have(page, ask, urls, transfer):
    bob = f"{urls['workspace']}/Workers/{page.sid(transfer['bob'])}"

    assert refusal(ask(f"{bob}/Transfers", "POST", transfer["params"], worker=transfer["bob"]))[0] == 404
    made = payload(transfer["ask"]())
    assert (
        refusal(ask(f"{bob}/Transfers/{made['sid']}", "POST", {"TransferStatus": "canceled"}, worker=transfer["bob"]))[
            0
        ]
        == 404
    )


def test_a_transferred_task_is_marked_in_the_api_its_callbacks_and_its_offer(floor, page, ask, urls, transfer):
    made = payload(transfer["ask"]())
    [offered] = floor.reservations(transfer["bob"])

    [event] = floor.api.items(f"{floor.path}/Events", EventType="task.transfer-initiated")
    data = {
        "task_transfer_sid": made["sid"],
        "transfer_type": "WORKER",
        "transfer_mode": "WARM",
        "transfer_status": "initiated",
        "transfer_to": page.sid(transfer["bob"]),
    }
    assert event["event_data"].items() >= data.items()
    assert event["description"] == f"Task {page.sid(transfer['task'])} transfer initiated"
    [created] = floor.api.items(
        f"{floor.path}/Events", EventType="reservation.created", WorkerSid=page.sid(transfer["bob"])
    )
    assert created["event_data"]["task_transfer_sid"] == made["sid"]
    bobs = payload(
        ask(f"{urls['workspace']}/Workers/{page.sid(transfer['bob'])}/Reservations", worker=transfer["bob"])
    )["contents"]
    assert (bobs[0]["sid"], bobs[0]["task_transfer"]) == (page.sid(offered), {**made})
    mine = payload(ask(f"{urls['alice']}/Reservations"))["contents"]
    assert mine[0]["active_outgoing_task_transfer"] == made
    answer = floor.api.post(offered, Instruction="dequeue", DequeueFrom="+1555")
    assert (answer.status_code, answer.json()["code"]) == (400, 40151)


def test_a_transfer_outlives_the_process(open_api, clock, tmp_path):
    api = open_api(tmp_path / "local.db", clock=clock)
    first = Floor(api)
    bob = first.worker("bob", activity="Unavailable")
    task = first.task()
    first.accept(task)
    [reservation] = first.reservations(first.alice)
    first.move(bob, "Available")
    workspace, alice, bob, task, reservation = (
        each.rpartition("/")[2] for each in (first.path, first.alice, bob, task, reservation)
    )

    def asked(api, worker, path, method="GET", **params):
        url = f"Workspaces/{workspace}/Workers/{worker}/{path}"
        body = {"url": url, "method": method, "params": params, "token": token(workspace, worker)}
        return payload(api.request("POST", "/v1/wschannels", content=json.dumps(body)))

    made = asked(api, alice, "Transfers", "POST", ReservationSid=reservation, TaskSid=task, To=bob)
    second = open_api(tmp_path / "local.db", clock=clock)

    [offered] = asked(second, bob, "Reservations")["contents"]
    assert offered["task_transfer"] == made
    asked(second, bob, f"Reservations/{offered['sid']}", "POST", ReservationStatus="rejected")
    assert second.read(f"{first.path}/Tasks/{task}")["assignment_status"] == "assigned"
    assert second.items(f"{first.path}/Events", EventType="task.transfer-failed")


PARTICIPANTS = ("CustomerParticipant", "WorkerParticipant", "HoldWorkerParticipant", "KickWorkerParticipant")


@pytest.mark.parametrize("path", PARTICIPANTS)
def test_without_telephony_participants_stay_as_they_are(floor, page, ask, urls, path):
    task = floor.task()
    params = (
        {"ReservationSid": page.sid(floor.offered(task))}
        if path == "WorkerParticipant"
        else {"TaskSid": page.sid(task)}
    )

    assert payload(ask(f"{urls['alice']}/{path}", "POST", {**params, "Hold": True}))["sid"] == page.sid(task)
    assert refusal(ask(f"{urls['alice']}/{path}", "POST", {}))[0] == 400


def test_a_supervisor_sees_and_changes_others(floor, page, ask, urls):
    task = floor.task()
    floor.accept(task)
    reservation = page.sid(floor.reservations(floor.alice)[0])
    bob = floor.worker("bob", activity="Unavailable")

    def asked(path, method="GET", params=None):
        return payload(ask(f"{urls['workspace']}/{path}", method, params, worker=bob, role="supervisor"))

    assert [each["friendly_name"] for each in asked("Workers")["contents"]] == ["alice", "bob"]
    assert [each["friendly_name"] for each in asked("TaskQueues")["contents"]] == ["Everyone"]
    assert asked(f"TaskQueues/{floor.queue}")["target_workers"] == "1==1"
    assert asked(f"Workers/{page.sid(floor.alice)}", "POST", {"Attributes": {"x": 1}})["attributes"] == '{"x":1}'
    supervised = {"Instruction": "supervise", "Supervisor": page.sid(bob), "SupervisorMode": "monitor"}
    assert asked(f"Tasks/{page.sid(task)}/Reservations/{reservation}", "POST", supervised)["sid"] == reservation


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("Workers", 403, 20403),
        ("TaskQueues", 403, 20403),
        (f"TaskQueues/WQ{'0' * 32}", 403, 20403),
        (f"Workers/WK{'0' * 32}", 403, 20403),
        (f"Tasks/WT{'0' * 32}/Reservations/WR{'0' * 32}", 403, 20403),
        (f"Tasks/WT{'0' * 32}", 404, 20404),
        ("Tasks", 405, 20004),
        ("Workflows", 404, 20404),
        ("", 404, 20404),
    ],
)
def test_a_worker_cannot_see_resources_of_others_or_missing_ones(ask, urls, path, status, code):
    answer = ask(f"{urls['workspace']}/{path}")

    assert refusal(answer)[:2] == (status, code)
    assert answer.json()["status"] == status


def test_a_token_is_for_one_workspace(ask):
    assert refusal(ask(f"Workspaces/WS{'0' * 32}/Activities")) == (
        403,
        20403,
        "The access token is for another workspace",
    )
    assert refusal(ask("Accounts"))[:2] == (404, 20404)


def test_a_refusal_names_what_the_page_asked_for(ask, urls):
    assert f"/{urls['workspace']}/Nothing was not found" in refusal(ask(f"{urls['workspace']}/Nothing"))[2]
    assert "POST is not allowed on" in refusal(ask(f"{urls['workspace']}/Activities", "POST"))[2]


@pytest.mark.parametrize(
    "body",
    [b"", b"no JSON", b"[]", b"[" * 100_000, b"{}", b'{"token": 5}', b"\xff"],
    ids=lambda body: str(body[:9]),
)
def test_an_invalid_request_is_refused(floor, body):
    assert floor.api.request("POST", "/v1/wschannels", content=body).status_code in {400, 401}


@pytest.mark.parametrize(
    ("field", "value"), [("url", None), ("url", 5), ("method", ""), ("params", []), ("params", {"a": "\0"})], ids=str
)
def test_a_request_needs_all_its_parts(floor, page, field, value):
    body = {"url": "x", "method": "GET", "params": None, "token": token(page.workspace_sid, page.sid(floor.alice))}

    answer = floor.api.request("POST", "/v1/wschannels", content=json.dumps(body | {field: value}))

    assert answer.status_code == 400


def test_only_post_is_for_requests_and_options_say_what_a_page_of_another_origin_may_send(floor):
    assert floor.api.request("GET", "/v1/wschannels").status_code == 405
    preflight = floor.api.request("OPTIONS", "/v1/wschannels")
    assert preflight.status_code == 204
    allowed = {each.strip().lower() for each in preflight.headers["access-control-allow-headers"].split(",")}
    assert allowed >= {"clientversion", "apiversion", "if-match", "content-type"}


def test_the_bridge_needs_no_basic_credentials_and_checks_the_account_and_its_secret(open_api):
    api = open_api(":memory:", account_sid=ACCOUNT, auth_token="another secret of thirty-two bytes")

    def asked(**options):
        body = {"url": "Workspaces", "method": "GET", "token": token("WS" + "0" * 32, "WK" + "0" * 32, **options)}
        return refusal(api.request("POST", "/v1/wschannels", content=json.dumps(body), headers={"authorization": ""}))[
            :2
        ]

    assert asked() == (401, 20101)
    assert asked(secret="another secret of thirty-two bytes", account="AC" + "9" * 32) == (401, 20101)
    assert asked(secret="another secret of thirty-two bytes") == (403, 20403)


def test_a_locked_database_is_reported(floor, ask, urls, monkeypatch):
    def locked(*_):
        raise UnavailableError("The database is full")

    monkeypatch.setattr(floor.api.app.store, "fetch", locked)

    assert refusal(ask(urls["alice"]))[:2] == (503, 20503)


def test_the_answer_goes_before_the_events_that_the_request_leads_to(floor, page, urls, runner):
    alice = page()
    order = []

    async def both():
        body = {"url": urls["alice"], "method": "POST", "params": {"Attributes": {"n": 1}}, "token": alice.token}
        count = len(alice.events)
        await floor.api._client.post("/v1/wschannels", content=json.dumps(body))
        order.append(len(alice.events) - count)
        await alice.turn()
        order.append(len(alice.events) - count)

    runner.run(both())
    page.wait()

    assert order == [0, 0]
    assert alice.types[-1] == "worker.attributes.update"
