"""A server that routes 200 tasks a second for a long time: neither its memory nor its answers grow.

``pytest tests/benchmarks/test_soak.py --benchmarks --soak-seconds 600`` runs for ten minutes. The server's clock runs
60 times as fast as real time, so the five minutes for which an ended task can be seen are over in five seconds.
"""

import asyncio
import json
import os
import statistics
import subprocess
import sys
import time
from base64 import b64encode
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import httpx
import pytest

TR_APPLY = Path(sys.executable).with_name("tr-apply")
AUTH = ("AC" + "0" * 32, "secret")
LOGIN = b64encode(":".join(AUTH).encode()).decode()
TASKS_A_SECOND, CONNECTIONS, CLOCK_RATE = 200, 16, 60
ATTRIBUTES = json.dumps({"type": "lead", "language": "es"})


class Server:
    def __init__(self, process, url):
        self._process, self.url = process, url

    def megabytes(self):
        pages = int(Path(f"/proc/{self._process.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


@contextmanager
def served(folder):
    command = [TR_APPLY, "serve", "--port=0", "--quiet", f"--clock-rate={CLOCK_RATE}", "--db", folder / "soak.db"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True) as process:
        try:
            yield Server(process, process.stderr.readline().split()[-1])
        finally:
            process.terminate()
            process.wait(20)


def contact_center(url):
    """The path of a workspace whose ten workers take every task immediately."""
    with httpx.Client(base_url=f"{url}/v1", auth=AUTH, trust_env=False) as client:

        def made(path, **form):
            answer = client.post(path, data=form)
            assert answer.status_code < 300, answer.text
            return answer.json()

        workspace = f"/Workspaces/{made('/Workspaces', FriendlyName='Soak', MultiTaskEnabled='true')['sid']}"
        queue = made(f"{workspace}/TaskQueues", FriendlyName="Everyone", TargetWorkers="languages HAS 'es'")["sid"]
        routing = {"task_routing": {"filters": [], "default_filter": {"queue": queue}}}
        made(f"{workspace}/Workflows", FriendlyName="Incoming", Configuration=json.dumps(routing))
        activities = client.get(f"{workspace}/Activities").json()["activities"]
        available = next(each["sid"] for each in activities if each["available"])
        for number in range(10):
            attributes = json.dumps({"languages": ["en", "es"]})
            worker = made(
                f"{workspace}/Workers", FriendlyName=f"worker {number}", ActivitySid=available, Attributes=attributes
            )
            channels = f"{workspace}/Workers/{worker['sid']}/Channels"
            [channel] = [
                each["sid"]
                for each in client.get(channels).json()["channels"]
                if each["task_channel_unique_name"] == "default"
            ]
            made(f"{channels}/{channel}", Capacity="50")
        return f"/v1{workspace}"


class Client:
    """One connection, over which a task is created, accepted and completed at a time."""

    def __init__(self, reader, writer, host):
        self._reader, self._writer = reader, writer
        self._fixed = f"Host: {host}\r\nAuthorization: Basic {LOGIN}\r\n"
        self._fixed += "Content-Type: application/x-www-form-urlencoded\r\n"

    async def ask(self, method, path, **form):
        body = urlencode(form)
        head = f"{method} {path} HTTP/1.1\r\n{self._fixed}Content-Length: {len(body)}\r\n\r\n"
        self._writer.write((head + body).encode())
        answer = await self._reader.readuntil(b"\r\n\r\n")
        content = await self._reader.readexactly(int(answer.partition(b"content-length: ")[2].split(b"\r\n")[0]))
        assert answer[9:11] == b"20", content
        return json.loads(content)

    async def whole_task(self, workspace):
        """Seconds until its creation was answered."""
        began = time.perf_counter()
        task = await self.ask("POST", f"{workspace}/Tasks", Attributes=ATTRIBUTES)
        taken = time.perf_counter() - began
        path = f"{workspace}/Tasks/{task['sid']}"
        [reservation] = (await self.ask("GET", f"{path}/Reservations"))["reservations"]
        await self.ask("POST", f"{path}/Reservations/{reservation['sid']}", ReservationStatus="accepted")
        await self.ask("POST", path, AssignmentStatus="completed", Reason="done")
        return taken


async def soak(server, workspace, seconds):
    """When each task was created, in seconds from the beginning, how long that took, and the memory each second."""
    address = urlsplit(server.url)
    began, latencies, memory = time.perf_counter(), [], []

    async def work(first):
        reader, writer = await asyncio.open_connection(address.hostname, address.port)
        client = Client(reader, writer, address.netloc)
        for number in range(first, seconds * TASKS_A_SECOND, CONNECTIONS):
            due = began + number / TASKS_A_SECOND
            await asyncio.sleep(max(0, due - time.perf_counter()))
            latencies.append((number / TASKS_A_SECOND, await client.whole_task(workspace)))
        writer.close()

    async def watch():
        while True:
            memory.append(server.megabytes())
            await asyncio.sleep(1)

    watching = asyncio.create_task(watch())
    await asyncio.gather(*(work(first) for first in range(CONNECTIONS)))
    watching.cancel()
    return latencies, memory, time.perf_counter() - began


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="the memory of other processes is read from /proc")
def test_neither_memory_nor_latency_grows_at_200_tasks_a_second(tmp_path, report, pytestconfig):
    seconds = pytestconfig.getoption("--soak-seconds")
    with served(tmp_path) as server:
        workspace = contact_center(server.url)
        latencies, memory, taken = asyncio.run(soak(server, workspace, seconds))

    early, late = (
        statistics.median(taken_s for at, taken_s in latencies if start <= at < start + seconds / 4)
        for start in (seconds / 4, seconds * 3 / 4)
    )
    middle, end = statistics.median(memory[len(memory) // 2 :][:3]), statistics.median(memory[-3:])
    report("tasks, each accepted and completed", f"{len(latencies)} in {taken:.0f} s")
    report("creation in the second and in the last quarter", f"{early * 1000:.2f} ms, {late * 1000:.2f} ms")
    report("memory in the middle and in the end", f"{middle:.0f} MB, {end:.0f} MB")
    assert late <= 1.5 * early
    assert end <= 1.1 * middle
