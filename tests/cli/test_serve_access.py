"""tr-apply serve: who may use it from a browser, and what a hostile client can cost."""

import json
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import httpx
import pytest
from click.testing import CliRunner
from twilio.base.exceptions import TwilioRestException
from twilio.http.http_client import TwilioHttpClient
from twilio.rest import Client

from tr_apply.cli import commands
from tr_apply.errors import UsageError

ACCOUNT = "AC0123456789abcdef0123456789abcdef"


def port_of(server):
    return server.url.rpartition(":")[2]


def asked(server, method="GET", path="/Workspaces", **headers):
    """The status of a request with these headers; HOST is replaced by the client's own header."""
    headers = {name.replace("_", "-"): text.replace("PORT", port_of(server)) for name, text in headers.items()}
    return server.client.request(method, path, headers=headers).status_code


@pytest.mark.parametrize(
    "host", ["localhost:PORT", "LOCALHOST:1", "localhost", "127.0.0.1:PORT", "127.8.8.8", "[::1]:PORT", "[::1]"]
)
def test_this_machine_is_addressed_by_its_own_names_whatever_the_port(served, host):
    assert asked(served, host=host) == 200


@pytest.mark.parametrize(
    "host",
    [
        *("evil.example", "evil.example:PORT", "0.0.0.0:PORT", "[::]:PORT", "127.0.0.1.evil.example", "localhost.evil"),
        *("x@localhost", "localhost@evil.example", "localhost:80:80", "127.1", "2130706433", "[::1", "192.168.0.1"),
    ],
)
def test_a_name_that_is_not_this_servers_is_refused_for_every_method_and_path(served, host):
    for method in ("GET", "POST", "DELETE", "OPTIONS", "HEAD"):
        assert asked(served, method, host=host) == 403
    assert httpx.get(f"{served.url}/healthz", headers={"host": host}, trust_env=False, verify=False).status_code == 403


def test_the_refusal_of_a_host_names_the_option_to_allow_it(served):
    answer = served.client.get("/Workspaces", headers={"host": "evil.example:1"})

    assert answer.json()["code"] == 20403
    assert "--allow-host" in answer.json()["message"]
    assert "access-control-allow-origin" not in answer.headers


def test_allowed_hosts_and_the_host_that_it_listens_on_are_names_of_the_server(serve):
    server = serve("--allow-host", "Dev.Example:99", "--allow-host", "fd00::1", "--host", "127.0.0.1")

    assert asked(server, host="dev.example:PORT") == 200
    assert asked(server, host="[fd00::1]") == 200
    assert asked(server, host="other.example") == 403


def test_two_host_headers_are_refused(served):
    with served.connect() as connection:
        connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n\r\n")
        assert connection.recv(100).startswith(b"HTTP/1.1 403")


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE", "OPTIONS"])
@pytest.mark.parametrize(
    "origin",
    [
        *("https://evil.example", "null", "", "http://localhost:1", "https://127.0.0.1:PORT", "http://127.0.0.1"),
        *("http://127.0.0.1:PORT.evil.example", "http://evil.example:PORT", "file://", "http://127.0.0.1:PORT/x"),
    ],
)
def test_a_page_of_another_origin_may_do_nothing(served, origin, method):
    assert asked(served, method, origin=origin) == 403
    assert served.client.get("/Workspaces").json()["workspaces"] == []


def test_its_own_pages_and_programs_without_an_origin_may(served):
    assert asked(served, origin="http://127.0.0.1:PORT") == 200
    assert asked(served, origin="http://LOCALHOST:PORT", host="localhost:PORT") == 200
    assert asked(served) == 200


def test_origins_that_were_allowed_may_and_no_others(serve):
    server = serve("--allow-origin", "http://localhost:3000", "--allow-origin", "https://App.example:443/")

    assert asked(server, origin="http://localhost:3000") == 200
    assert asked(server, origin="https://app.example") == 200
    assert asked(server, "OPTIONS", origin="https://app.example") == 204
    assert asked(server, origin="http://localhost:3001") == 403
    assert asked(server, origin="null") == 403
    assert asked(serve("--allow-origin", "null"), origin="null") == 200


def test_a_page_that_was_allowed_can_read_what_controls_the_world_and_what_goes_wrong_on_demand(serve):
    server = serve("--allow-origin", "http://localhost:3000", "--control")
    url, page = f"{server.url}/_tr-apply/faults", {"Origin": "http://localhost:3000"}

    asking = httpx.options(
        url, headers={**page, "Access-Control-Request-Method": "POST"}, trust_env=False, verify=False
    )
    answers = [
        httpx.post(url, json=[{"action": "status", "status": 429}], headers=page, trust_env=False, verify=False),
        httpx.get(f"{server.url}/v1/Workspaces", headers=page, trust_env=False, verify=False),
    ]

    assert (asking.status_code, [each.status_code for each in answers]) == (204, [200, 429])
    assert {each.headers["access-control-allow-origin"] for each in (asking, *answers)} == {"*"}
    assert "Content-Type" in asking.headers["access-control-allow-headers"]
    assert (
        httpx.options(url, headers={"Origin": "http://localhost:1"}, trust_env=False, verify=False).status_code == 403
    )


@pytest.mark.parametrize(
    "origin", ["localhost:3000", "http://", "ftp://x", "http://x/path", "http://u@x", "http://x:y"]
)
def test_an_invalid_origin_is_a_usage_error(origin):
    result = CliRunner().invoke(commands, ["serve", "--port", "0", "--db", ":memory:", "--allow-origin", origin])

    assert isinstance(result.exception, UsageError)


@pytest.mark.parametrize(
    ("origin", "status"), [("https://evil.example", 403), ("http://127.0.0.1:PORT", 403), ("", 403)]
)
def test_a_websocket_of_another_origin_is_refused(served, origin, status):
    with served.connect() as connection:
        connection.sendall(
            f"GET /v1/wschannels HTTP/1.1\r\nHost: evil.example\r\nOrigin: {origin}\r\nUpgrade: websocket\r\n"
            "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n".encode()
        )
        assert connection.recv(100).startswith(f"HTTP/1.1 {status}".encode())


def test_the_official_library_is_let_in(serve):
    server = serve()

    class Local(TwilioHttpClient):
        def request(self, method, url, *arguments, **more):
            return super().request(method, url.replace("https://taskrouter.twilio.com", server.url), *arguments, **more)

    taskrouter = Client(ACCOUNT, "secret", http_client=Local()).taskrouter.v1
    made = taskrouter.workspaces.create(friendly_name="Support")

    assert [each.sid for each in taskrouter.workspaces.list()] == [made.sid]
    with pytest.raises(TwilioRestException):
        taskrouter.workspaces.create(friendly_name="")


# The cost that a client can cause


def test_four_megabytes_of_percent_signs_are_refused_without_being_read_one_by_one(serve):
    server = serve()

    answer = server.client.post(
        "/Workspaces",
        content=b"%" * (4 * 1024 * 1024),
        headers={"Content-Type": "application/x-www-form-urlencoded"},
    )

    assert (answer.status_code, answer.json()["code"]) == (400, 20001)
    assert "two hexadecimal digits" in answer.json()["message"]


def resident_mb(process):
    [line] = [each for each in Path(f"/proc/{process.pid}/status").read_text().splitlines() if each.startswith("VmRSS")]
    return int(line.split()[1]) / 1024


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the memory of a process is read from /proc")
def test_300_half_sent_bodies_hold_little_and_others_are_answered(serve):
    server = serve()
    before = resident_mb(server.process)
    head = (
        f"POST /v1/Workspaces HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Basic QUMxOng=\r\n"
        f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {4 * 1024 * 1024}\r\n\r\n"
    ).encode()

    def half_sent(_number):
        connection = server.connect()
        connection.settimeout(20)
        with suppress(OSError):  # refused before it was all sent
            connection.sendall(head + b"FriendlyName=" + b"x" * (2 * 1024 * 1024))
        return connection

    with ThreadPoolExecutor(16) as pool:
        connections = list(pool.map(half_sent, range(300)))
    made = server.client.post("/Workspaces", data={"FriendlyName": "small"})
    grown = resident_mb(server.process) - before
    for each in connections:
        each.close()

    assert made.status_code == 201
    assert grown < 250


def test_a_callback_to_the_server_itself_goes_no_further(serve):
    server = serve("-q")
    client = server.client
    workspace = f"/Workspaces/{client.post('/Workspaces', data={'FriendlyName': 'x'}).json()['sid']}"
    queue = client.post(f"{workspace}/TaskQueues", data={"FriendlyName": "q"}).json()["sid"]
    document = json.dumps({"task_routing": {"default_filter": {"queue": queue}}})
    own = f"{server.url}/v1{workspace}/Tasks".replace("http://", f"http://{ACCOUNT}:secret@")
    workflow = {"FriendlyName": "w", "Configuration": document, "AssignmentCallbackUrl": own}
    client.post(f"{workspace}/Workflows", data=workflow)
    [available] = client.get(f"{workspace}/Activities", params={"Available": "true"}).json()["activities"]
    client.post(f"{workspace}/Workers", data={"FriendlyName": "ann", "ActivitySid": available["sid"]})
    client.post(f"{workspace}/Tasks")

    said = server.process.stderr.readline()

    assert "Assignment callback" in said
    assert "it answered 403" in said
    assert len(client.get(f"{workspace}/Tasks").json()["tasks"]) == 1


def test_more_thresholds_than_can_be_answered_are_refused(serve):
    client = serve().client
    workspace = client.post("/Workspaces", data={"FriendlyName": "x"}).json()["sid"]

    def status(count):
        split = ",".join(map(str, range(count)))
        return client.get(
            f"/Workspaces/{workspace}/TaskQueues/Statistics", params={"SplitByWaitTime": split}
        ).status_code

    assert (status(50), status(51)) == (200, 400)
