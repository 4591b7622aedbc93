"""The cost of workers' open sessions: nothing for tasks that do not concern them, and a limited amount of memory."""

import json
import math
import socket
import statistics
import time
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from tests.benchmarks.test_server_speed import AUTH, contact_center, creation_of_a_task, embedded, is_whole
from tests.local.bridge.conftest import token

SESSIONS, ROUNDS, BLOCK = 200, 150, 10
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


class Center:
    """A server with a contact center, and workers who are away."""

    def __init__(self, stack, folder):
        folder.mkdir()
        self._server = stack.enter_context(embedded(folder))
        self._url = self._server.url
        path = contact_center(self._url)
        self._workspace, self._workers = workers_of(self._url, path, SESSIONS)
        address = urlsplit(self._url)
        self._connection = stack.enter_context(socket.create_connection((address.hostname, address.port), timeout=60))
        self._request, self._received = creation_of_a_task(self._url, path), bytearray()

    def open_sessions(self, stack):
        """One of each worker."""
        for worker in self._workers:
            open_session(stack, self._url, self._workspace, worker)

    def cost(self):
        """Processor seconds of some tasks, one after another; Linux derives the clock of a process from its number."""
        clock = (~self._server.process.pid << 3) | 2
        before = time.clock_gettime(clock)
        for _ in range(BLOCK):
            self._connection.sendall(self._request)
            while not is_whole(self._received, self._connection.recv(65536)):
                pass
        return time.clock_gettime(clock) - before


def cost_of_sessions(plain, busy):
    """How the cost of a task in *busy*, which has open sessions, compares with that in *plain*, in many small rounds."""
    rounds = [(plain.cost(), busy.cost() + busy.cost(), plain.cost()) for _ in range(ROUNDS)]
    return statistics.median(with_sessions / (before + after) for before, with_sessions, after in rounds)


def test_a_task_costs_the_same_with_200_open_sessions_that_it_does_not_concern(tmp_path, report):
    """Two servers take turns, because other work on the machine then affects both alike, and change roles half-way.

    Two processes never cost quite the same, as their memory is laid out by chance.
    """
    with ExitStack() as stack:
        one, other = (Center(stack, tmp_path / name) for name in ("one", "other"))
        one.cost(), other.cost()  # a first time
        ratios = []
        for plain, busy in ((one, other), (other, one)):
            with ExitStack() as sockets:
                busy.open_sessions(sockets)
                ratios.append(cost_of_sessions(plain, busy))

    ratio = math.prod(ratios) ** 0.5
    report(
        "processor time of a task with 200 open sessions, as a multiple of that with none",
        f"{ratio:.2f} ({ratios[0]:.2f} one way, {ratios[1]:.2f} the other way)",
    )
    assert ratio < 1.1


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
