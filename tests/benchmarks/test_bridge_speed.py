"""The cost of workers' open sessions: nothing for tasks that do not concern them, and a limited amount of memory."""

import json
import socket
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from tests.benchmarks.test_server_speed import AUTH, REQUESTS, contact_center, embedded, post
from tests.local.bridge.conftest import token

SESSIONS, ROUNDS = 200, 5
UPGRADE = "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"

pytestmark = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="processes are measured in /proc")


def workers_of(url, path, number):
    """The workspace of a path of tasks, and that many more workers in it who are not available."""
    workspace = path.removeprefix("/v1").removesuffix("/Tasks")
    with httpx.Client(base_url=f"{url}/v1{workspace}", auth=AUTH, trust_env=False) as client:
        made = [
            client.post("/Workers", data={"FriendlyName": f"page {n}", "Attributes": json.dumps({"n": n})}).json()[
                "sid"
            ]
            for n in range(number)
        ]
    return workspace.rpartition("/")[2], made


def open_session(stack, url, workspace, worker):
    """A socket over which a worker's events come, once the first has."""
    address = urlsplit(url)
    connection = stack.enter_context(socket.create_connection((address.hostname, address.port), timeout=20))
    path = f"/v1/wschannels?token={token(workspace, worker)}"
    connection.sendall(f"GET {path} HTTP/1.1\r\nHost: {address.netloc}\r\n{UPGRADE}\r\n".encode())
    received = b""
    while b'"init"' not in received:
        received += connection.recv(4096)


def resident_kb(server):
    lines = Path(f"/proc/{server.process.pid}/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmRSS")).split()[1])


def test_a_task_costs_the_same_with_200_open_sessions_that_it_does_not_concern(tmp_path, report):
    with ExitStack() as stack:
        servers = []
        for name in ("none", "many"):
            (tmp_path / name).mkdir()
            server = stack.enter_context(embedded(tmp_path / name))
            path = contact_center(server.url)
            workspace, workers = workers_of(server.url, path, SESSIONS)
            for worker in workers if name == "many" else ():
                open_session(stack, server.url, workspace, worker)
            servers.append((server, path))
        costs = ([], [])
        for _ in range(ROUNDS + 1):
            for index, (server, path) in enumerate(servers):
                before = server.cpu_seconds()
                post(server.url, path, REQUESTS)
                costs[index].append(server.cpu_seconds() - before)

    without, with_sessions = (min(each[1:]) for each in costs)  # the runs with the least disturbance by the machine
    report(
        "processor time of a task with 200 open sessions, as a multiple of that with none",
        f"{with_sessions / without:.2f}",
    )
    assert with_sessions / without < 1.1


def test_a_thousand_sessions_take_a_bounded_amount_of_memory(tmp_path, report):
    with ExitStack() as stack:
        server = stack.enter_context(embedded(tmp_path))
        workspace, workers = workers_of(server.url, contact_center(server.url), 1000)
        before = resident_kb(server)
        for worker in workers:
            open_session(stack, server.url, workspace, worker)
        grown = (resident_kb(server) - before) / 1024

    report("megabytes of 1,000 open sessions", f"{grown:.0f}")
    assert grown < 150
