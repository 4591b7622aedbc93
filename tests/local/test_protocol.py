"""HTTP around the resources: credentials, methods, paths, bodies, headers."""

import base64
import re
import sqlite3

import httpx
import pytest
import uvicorn

from tr_apply.local import open_app
from tr_apply.local.http.requests import BODY_LIMIT
from tr_apply.local.storage.sids import ACCOUNT_SID

ACCOUNT = "AC0123456789abcdef0123456789abcdef"


def basic(text):
    raw = text if isinstance(text, bytes) else text.encode()
    return {"Authorization": "Basic " + base64.b64encode(raw).decode()}


@pytest.fixture
def bare(runner):
    """Sends a request to an application without adding anything to it."""
    apps = []

    def send(method="GET", path="/v1/Workspaces", headers=None, content=None, **credentials):
        apps.append(open_app(":memory:", **credentials))

        async def exchange():
            async with httpx.AsyncClient(
                transport=httpx.ASGITransport(apps[-1]), base_url="http://taskrouter.test"
            ) as client:
                return await client.request(method, path, headers=headers, content=content)

        return runner.run(exchange())

    yield send
    for app in apps:
        app.close()


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": ""},
        {"Authorization": "Bearer x"},
        {"Authorization": "Basic"},
        {"Authorization": "Basic ???"},
        basic("AC1"),
        basic("AC1:"),
        basic(":secret"),
        basic(b"AC1:\xff"),
    ],
)
@pytest.mark.parametrize("path", ["/v1/Workspaces", "/nowhere"])
def test_without_a_user_and_a_password_nothing_is_answered(bare, refused, headers, path):
    answer = bare(path=path, headers=headers)

    refused(answer, 401, 20003)
    assert answer.headers["www-authenticate"] == 'Basic realm="Twilio API"'


@pytest.mark.parametrize(
    ("user", "account"),
    [(ACCOUNT, ACCOUNT), ("ACtest", "ACtest"), ("SK" + 32 * "1", ACCOUNT_SID), ("someone", ACCOUNT_SID)],
)
def test_the_user_is_the_account_of_the_answers_if_it_is_one(api, user, account):
    answer = api.request("POST", "/v1/Workspaces", data={"FriendlyName": "x"}, auth=(user, "anything"))

    assert answer.json()["account_sid"] == account


def test_all_accounts_share_one_world(api, workspace):
    answer = api.request("GET", f"/v1{workspace}", auth=("AC" + 32 * "9", "x"))

    assert answer.json()["account_sid"] == "AC" + 32 * "9"


@pytest.mark.parametrize(
    ("user", "password", "status"),
    [
        (ACCOUNT, "secret", 200),
        (ACCOUNT, "Secret", 401),
        (ACCOUNT.upper(), "secret", 401),
        ("AC" + 32 * "9", "secret", 401),
        ("SK" + 32 * "1", "secret", 401),
        (ACCOUNT, "", 401),
        (ACCOUNT, "sécret", 401),
    ],
)
def test_a_server_with_an_account_answers_nobody_else(bare, user, password, status):
    answer = bare(headers=basic(f"{user}:{password}"), account_sid=ACCOUNT, auth_token="secret")

    assert answer.status_code == status


def test_an_account_alone_is_answered_with_any_password(bare):
    assert bare(headers=basic(f"{ACCOUNT}:x"), account_sid=ACCOUNT).status_code == 200
    assert bare(headers=basic("ACother:x"), account_sid=ACCOUNT).status_code == 401


def test_a_password_may_contain_a_colon(bare):
    assert bare(headers=basic("AC1:a:b"), auth_token="a:b").status_code == 200


def test_health_needs_no_credentials(bare):
    assert bare(path="/healthz").json() == {"status": "ok"}


def test_a_browser_may_ask_what_it_may_do_without_credentials(bare):
    answer = bare(method="OPTIONS")

    assert answer.status_code == 204
    assert answer.headers["access-control-allow-origin"] == "*"
    assert "If-Match" in answer.headers["access-control-allow-headers"]
    assert answer.headers["access-control-expose-headers"] == "ETag"


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/v1",
        "/v2/Workspaces",
        "/v1/workspaces",
        "/v1/Workspaces/",
        "/v1/Workspaces//TaskQueues",
        "/v1//Workspaces",
        "/v1/Workspaces%0A",
        "/v1/Workspaces/WS1",
        "/v1/Workspaces/%00",
        "/v1/Workspaces/é/Workers",
        "/v1/Workspaces/WS00000000000000000000000000000000/Workers/WK00000000000000000000000000000000/Channels",
    ],
)
def test_a_path_that_leads_nowhere_is_repeated_without_its_version(api, refused, path):
    message = refused(api.request("GET", path), 404, 20404)

    assert re.fullmatch("The requested resource .* was not found", message, re.DOTALL)
    assert "/v1" not in message or path.startswith("/v1//") or path == "/v1"


def test_the_words_of_a_recorded_404(api, refused):
    message = refused(api.post("/Workspaces//TaskQueues", FriendlyName="Voice"), 404, 20404)

    assert message == "The requested resource /Workspaces//TaskQueues was not found"


def test_an_item_of_another_workspace_is_not_found(api, workspace, single_tasking, refused):
    for collection in ("Activities", "TaskChannels"):
        sid = api.items(f"{single_tasking}/{collection}")[0]["sid"]
        refused(api.get(f"{workspace}/{collection}/{sid}"), 404, 20404)
        refused(api.post(f"{workspace}/{collection}/{sid}", FriendlyName="x"), 404, 20404)
        refused(api.delete(f"{workspace}/{collection}/{sid}"), 404, 20404)


@pytest.mark.parametrize("path", ["Statistic", "Tasks/WT1", "Events/EV1", "Tasks/WT1/Reservations"])
def test_a_missing_resource_is_not_found(api, workspace, refused, path):
    refused(api.get(f"{workspace}/{path}"), 404, 20404)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("PUT", "/v1/Workspaces"),
        ("PATCH", "/v1/Workspaces"),
        ("DELETE", "/v1/Workspaces"),
        ("HEAD", "/v1/Workspaces"),
        ("PUT", "/v1/Workspaces/WS1"),
        ("HEAD", "/v1/Workspaces/WS1"),
        ("POST", "/v1/Workspaces/WS1/Events"),
        ("POST", "/v1/Workspaces/WS1/Events/EV1"),
        ("DELETE", "/v1/Workspaces/WS1/Tasks/WT1/Reservations/WR1"),
        ("HEAD", "/v1/Workspaces/WS1/Tasks"),
        ("BREW", "/v1/Workspaces"),
    ],
)
def test_other_methods_are_not_allowed(api, refused, method, path):
    answer = api.request(method, path)

    assert answer.status_code == 405
    if method != "HEAD":
        refused(answer, 405, 20004)


def test_every_answer_carries_the_headers_of_twilio(api, workspace):
    ids = set()
    for answer in (api.get(workspace), api.get("/nowhere"), api.request("GET", "/v1/Workspaces", auth=("", ""))):
        assert re.fullmatch("RQ[0-9a-f]{32}", answer.headers["twilio-request-id"])
        assert re.fullmatch(r"\d+\.\d{3}", answer.headers["twilio-request-duration"])
        assert answer.headers["access-control-allow-origin"] == "*"
        assert answer.headers["content-type"] == "application/json; charset=utf-8"
        ids.add(answer.headers["twilio-request-id"])
    assert len(ids) == 3


def test_a_delete_is_answered_without_a_body(api, workspace):
    answer = api.delete(workspace)

    assert (answer.status_code, answer.content) == (204, b"")
    assert answer.headers["content-length"] == "0"
    assert answer.headers["content-type"] == "application/json; charset=utf-8"


def test_urls_repeat_how_the_server_was_addressed(api, workspace):
    for base in ("http://localhost:8080", "https://taskrouter.example.com", "http://[::1]:80"):
        answer = api.request("GET", f"{base}/v1{workspace}")
        assert answer.json()["url"] == f"{base.removesuffix(':80') if '[' in base else base}/v1{workspace}"


@pytest.mark.parametrize("host", ["a b", "x/y", 'x"y', "x:port", "{sid}", "[::1", "user@host", "é"])
def test_a_host_that_cannot_be_part_of_a_url_is_refused(api, refused, host):
    for method in ("GET", "POST"):
        refused(api.request(method, "/v1/Workspaces", headers={"Host": host.encode()}, data={"FriendlyName": "x"}))
    assert api.items("/Workspaces") == []


@pytest.mark.parametrize(
    ("server", "base"), [(("127.0.0.1", 8080), "http://127.0.0.1:8080"), (None, "http://localhost")]
)
def test_without_a_host_header_the_address_that_was_connected_to_counts(api, exchange, server, base):
    status, body = exchange(api.app, "GET", "/v1/Workspaces", server=server)

    assert status == 200
    assert f'"url":"{base}/v1/Workspaces?' in body


@pytest.mark.parametrize(
    ("content_type", "status"),
    [
        ("application/x-www-form-urlencoded", 201),
        ("application/x-www-form-urlencoded; charset=utf-8", 201),
        ("APPLICATION/X-WWW-FORM-URLENCODED", 201),
        (None, 201),
        ("application/json", 400),
        ("multipart/form-data; boundary=x", 400),
        ("multipart/form-data", 400),
        ("text/plain", 400),
    ],
)
def test_a_body_is_a_form(api, content_type, status):
    headers = {"Content-Type": content_type} if content_type else {}

    answer = api.request("POST", "/v1/Workspaces", content=b"FriendlyName=x", headers=headers)

    assert answer.status_code == status


def multipart(fields, boundary="----x"):
    parts = [
        f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n' for name, value in fields
    ]
    return "".join([*parts, f"--{boundary}--\r\n"]).encode()


def test_a_multipart_body_is_a_form_as_well(api):
    name = 'a & b=ü\r\n"x" --'
    body = multipart([("FriendlyName", name), ("EventsFilter", "task.created"), ("EventsFilter", "task.updated")])

    for boundary in ("----x", '"----x"'):
        headers = {"Content-Type": f"multipart/form-data; charset=utf-8; boundary={boundary}"}
        made = api.request("POST", "/v1/Workspaces", content=body, headers=headers)
        assert made.status_code == 201
        assert (made.json()["friendly_name"], made.json()["events_filter"]) == (name, "task.created,task.updated")


def test_httpx_and_curl_send_such_a_body(api):
    fields = {"FriendlyName": (None, "Support"), "MultiTaskEnabled": (None, "false")}

    made = api.request("POST", "/v1/Workspaces", files=fields)

    assert (made.json()["friendly_name"], made.json()["multi_task_enabled"]) == ("Support", False)


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        (multipart([("FriendlyName", "x")])[:-6], "incomplete"),
        (b"FriendlyName=x", "incomplete"),
        (b"------x\r\nContent-Type: text/plain\r\n\r\nx\r\n------x--", "not a field"),
        (b'------x\r\nContent-Disposition: form-data; name="a"; filename="b"\r\n\r\nx\r\n------x--', "not a field"),
        (multipart([("a", "x")] * 1001), "More than 1000 parameters"),
        (multipart([("FriendlyName", "a\0b")]), "NUL"),
        (multipart([("FriendlyName", "x")]).replace(b"\r\nx\r\n", b"\r\n\xff\r\n"), "not UTF-8"),
    ],
)
def test_a_multipart_body_that_is_not_a_form_is_refused(api, refused, body, complaint):
    headers = {"Content-Type": "multipart/form-data; boundary=----x"}

    assert complaint in refused(api.request("POST", "/v1/Workspaces", content=body, headers=headers))
    assert api.items("/Workspaces") == []


def test_a_thousand_multipart_fields_are_taken(api):
    headers = {"Content-Type": "multipart/form-data; boundary=----x"}
    body = multipart([("FriendlyName", "x")] * 1000)

    assert api.request("POST", "/v1/Workspaces", content=body, headers=headers).status_code == 201


def test_lists_of_resources_with_a_revision_have_an_etag_that_follows_their_content(api, floor):
    floor.task()
    for path in ("/Tasks", "/Workers", f"/Workers/{floor.alice.rpartition('/')[2]}/Reservations"):
        first, again = api.get(f"{floor.path}{path}"), api.get(f"{floor.path}{path}")
        assert re.fullmatch('"[0-9a-f]+"', first.headers["etag"])
        assert first.headers["etag"] == again.headers["etag"]
    before = api.get(f"{floor.path}/Workers").headers["etag"]
    api.changed(floor.alice, FriendlyName="Alicia")
    assert api.get(f"{floor.path}/Workers").headers["etag"] != before
    for path in ("/TaskQueues", "/Workflows", "/Activities", "/TaskChannels", "/Events"):
        assert "etag" not in api.get(f"{floor.path}{path}").headers


def test_every_answer_names_a_rate_limit(api, workspace):
    for answer in (api.get(workspace), api.get("/Workspaces"), api.get(f"{workspace}/Statistics")):
        assert {"x-rate-limit-limit", "x-rate-limit-remaining", "x-rate-limit-config"} <= answer.headers.keys()


def test_of_a_repeated_field_the_last_value_counts(api):
    assert api.made("/Workspaces", FriendlyName=["first", "last"])["friendly_name"] == "last"


def test_names_may_hold_any_character(api):
    name = "Ünï ☎ + & = % \" ' <b> \u202e 🎧"

    made = api.made("/Workspaces", FriendlyName=name)

    assert made["friendly_name"] == name
    assert api.names("/Workspaces", FriendlyName=name) == [name]


@pytest.mark.parametrize(
    "body", [b"FriendlyName=%FF", b"FriendlyName=\xff", b"FriendlyName=a%00b", b"&".join([b"a=1"] * 1001)]
)
def test_a_body_that_is_not_a_clean_utf8_form_is_refused(api, refused, body):
    refused(api.request("POST", "/v1/Workspaces", content=body))


@pytest.mark.parametrize("query", [b"FriendlyName=%FF", b"FriendlyName=%00"])
def test_a_query_that_is_not_clean_utf8_is_refused(api, refused, query):
    refused(api.request("GET", httpx.URL("http://taskrouter.test/v1/Workspaces", query=query)))


def test_a_body_that_is_too_large_is_refused_without_being_kept(api, refused):
    chunks = 0

    async def body():
        nonlocal chunks
        while True:
            chunks += 1
            yield b"x" * 65536

    refused(api.request("POST", "/v1/Workspaces", content=body()), 413, 20001)
    assert chunks <= BODY_LIMIT // 65536 + 2


def test_a_body_that_breaks_off_is_refused_and_nothing_happens(api, exchange):
    status, _ = exchange(api.app, "POST", "/v1/Workspaces", message={"type": "http.disconnect"})

    assert status == 400
    assert api.items("/Workspaces") == []


def test_a_server_may_notify_the_application_of_its_start_and_stop(api, runner):
    config = uvicorn.Config(api.app, lifespan="on", log_config=None)
    config.load()

    async def start_and_stop():
        lifespan = config.lifespan_class(config)
        await lifespan.startup()
        started = not lifespan.should_exit
        await lifespan.shutdown()
        return started, not lifespan.should_exit

    assert runner.run(start_and_stop()) == (True, True)


def test_a_websocket_is_closed_as_there_is_none(api, runner):
    sent = []

    async def connect():
        return {"type": "websocket.connect"}

    async def keep(message):
        sent.append(message["type"])

    scope = {"type": "websocket", "path": "/v1/Workspaces", "root_path": "", "headers": [], "query_string": b""}
    runner.run(api.app(scope, connect, keep))

    assert sent == ["websocket.close"]


def test_a_bug_is_answered_as_such_and_not_hidden(runner, refused):
    app = open_app(":memory:")
    app.close()  # a request after that should not be possible

    async def get(*, raising):
        transport = httpx.ASGITransport(app, raise_app_exceptions=raising)
        async with httpx.AsyncClient(transport=transport, base_url="http://x", auth=("AC1", "x")) as client:
            return await client.get("/v1/Workspaces")

    answer = runner.run(get(raising=False))
    refused(answer, 500, 20500)
    assert answer.headers["connection"] == "close"  # as the server does, when it hears of the bug
    with pytest.raises(sqlite3.ProgrammingError):
        runner.run(get(raising=True))
