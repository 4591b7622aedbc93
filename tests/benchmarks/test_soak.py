"""A server that routes 200 tasks a second for a long time: neither its memory nor its answers grow.

``pytest tests/benchmarks/test_soak.py --benchmarks --soak-seconds 600`` runs for ten minutes. The server's clock runs
60 times as fast as real time, so the five minutes for which an ended task can be seen are over in five seconds.

Other work on the machine slows every answer. So a second is described by its median, and a quarter of the run by the
quarter of its seconds that were disturbed least. A bare server that is asked now and then shows what the machine did.
"""

import asyncio
import json
import os
import statistics
import subprocess
import sys
import time
from base64 import b64encode
from collections import defaultdict
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import httpx
import pytest

from tests.benchmarks.test_server_speed import bare

TR_APPLY = Path(sys.executable).with_name("tr-apply")
AUTH = ("AC" + "0" * 32, "secret")
LOGIN = b64encode(":".join(AUTH).encode()).decode()
TASKS_A_SECOND, CONNECTIONS, CLOCK_RATE, PROBES_A_SECOND = 200, 16, 60, 10
ATTRIBUTES = json.dumps({"type": "lead", "language": "es"})


class Server:
    def __init__(self, process, url):
        self._process, self.url = process, url

    def cpu_seconds(self):
        """The processor time that it has used so far; Linux derives the clock of a process from its number."""
        return time.clock_gettime((~self._process.pid << 3) | 2)

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

    async def created(self, path):
        """The answer to a creation, and the seconds until it came."""
        began = time.perf_counter()
        made = await self.ask("POST", path, Attributes=ATTRIBUTES)
        return made, time.perf_counter() - began

    async def whole_task(self, workspace):
        """Seconds until its creation was answered."""
        task, taken = await self.created(f"{workspace}/Tasks")
        path = f"{workspace}/Tasks/{task['sid']}"
        [reservation] = (await self.ask("GET", f"{path}/Reservations"))["reservations"]
        await self.ask("POST", f"{path}/Reservations/{reservation['sid']}", ReservationStatus="accepted")
        await self.ask("POST", path, AssignmentStatus="completed", Reason="done")
        return taken


@asynccontextmanager
async def connected(url):
    address = urlsplit(url)
    reader, writer = await asyncio.open_connection(address.hostname, address.port)
    yield Client(reader, writer, address.netloc)
    writer.close()


@dataclass
class Soak:
    """Answers and samples, each with the time at which it was due or taken, in seconds from the beginning."""

    seconds: int
    creations: list[tuple[float, float]] = field(default_factory=list)
    probes: list[tuple[float, float]] = field(default_factory=list)
    memory: list[float] = field(default_factory=list)
    """Megabytes, each second."""
    processor: list[tuple[float, int, float]] = field(default_factory=list)
    """Each second, how many tasks there had been, and the processor seconds used."""
    taken_s: float = 0

    def quarter(self, number):
        """The beginning and the end of one of the four, in seconds."""
        return self.seconds * number / 4, self.seconds * (number + 1) / 4

    def latency(self, answers, number):
        """Seconds until an answer in a quarter."""
        start, end = self.quarter(number)
        windows = defaultdict(list)
        for at, taken_s in answers:
            if start <= at < end:
                windows[int(at)].append(taken_s)
        return statistics.quantiles(map(statistics.median, windows.values()), n=4)[0]

    def cost(self, number):
        """Processor seconds of a task in a quarter."""
        start, end = self.quarter(number)
        inside = [each for each in self.processor if start <= each[0] < end]
        (_, first, before), (_, last, after) = inside[0], inside[-1]
        return (after - before) / (last - first)


async def soaked(server, workspace, bare_server, seconds):
    """Let a server work."""
    began, seen = time.perf_counter(), Soak(seconds)

    async def until(due_s):
        await asyncio.sleep(max(0, began + due_s - time.perf_counter()))

    async def work(first):
        async with connected(server.url) as client:
            for number in range(first, seconds * TASKS_A_SECOND, CONNECTIONS):
                await until(due_s := number / TASKS_A_SECOND)
                seen.creations.append((due_s, await client.whole_task(workspace)))

    async def probe():
        async with connected(bare_server.url) as client:
            for number in range(seconds * PROBES_A_SECOND):
                await until(due_s := number / PROBES_A_SECOND)
                seen.probes.append((due_s, (await client.created("/tasks"))[1]))

    async def watch():
        while True:
            seen.memory.append(server.megabytes())
            seen.processor.append((time.perf_counter() - began, len(seen.creations), server.cpu_seconds()))
            await asyncio.sleep(1)

    watching = asyncio.create_task(watch())
    await asyncio.gather(probe(), *(work(first) for first in range(CONNECTIONS)))
    watching.cancel()
    seen.taken_s = time.perf_counter() - began
    return seen


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="the memory of other processes is read from /proc")
def test_neither_memory_nor_latency_grows_at_200_tasks_a_second(tmp_path, report, pytestconfig):
    with served(tmp_path) as server, bare(tmp_path) as bare_server:
        workspace = contact_center(server.url)
        seen = asyncio.run(soaked(server, workspace, bare_server, pytestconfig.getoption("--soak-seconds")))

    (early, late), (bare_early, bare_late), (cost_early, cost_late) = (
        [measured(number) for number in (1, 3)]
        for measured in (partial(seen.latency, seen.creations), partial(seen.latency, seen.probes), seen.cost)
    )
    memory = seen.memory
    middle, end = statistics.median(memory[len(memory) // 2 :][:3]), statistics.median(memory[-3:])
    report("tasks, each accepted and completed", f"{len(seen.creations)} in {seen.taken_s:.0f} s")
    report("creation in the second and in the last quarter", f"{early * 1000:.2f} ms, {late * 1000:.2f} ms")
    report("a bare insert in these quarters", f"{bare_early * 1000:.2f} ms, {bare_late * 1000:.2f} ms")
    report("processor time of a task in these quarters", f"{cost_early * 1000:.2f} ms, {cost_late * 1000:.2f} ms")
    report("memory in the middle and in the end", f"{middle:.0f} MB, {end:.0f} MB")
    assert late / early <= 1.5 * max(1, bare_late / bare_early)
    assert cost_late <= 1.5 * cost_early
    assert end <= 1.1 * middle
