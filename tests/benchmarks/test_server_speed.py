"""The cost of a task over HTTP, routed and stored, against the least that a server can do."""

import json
import os
import selectors
import socket
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

BARE = Path(__file__).with_name("bare_server.py")
TR_APPLY = Path(sys.executable).with_name("tr-apply")
AUTH = ("AC" + "0" * 32, "secret")
CONNECTIONS, REQUESTS, ROUNDS = 32, 2_000, 5
FORM = urlencode({"Attributes": json.dumps({"type": "lead", "language": "es", "customer": 4711}), "Priority": "3"})


class Server:
    """A process that serves, and what it uses."""

    def __init__(self, process, url):
        self.process, self.url = process, url

    def cpu_seconds(self):
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@contextmanager
def bare(folder):
    command = [sys.executable, BARE, folder / "bare.db"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield Server(process, process.stdout.readline().strip())
        finally:
            process.stdin.close()
            process.wait(20)


@contextmanager
def embedded(folder):
    command = [TR_APPLY, "serve", "--port", "0", "--quiet", "--db", folder / "local.db"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        try:
            yield Server(process, process.stderr.readline().split()[-1])
        finally:
            process.terminate()
            process.wait(20)


def contact_center(url):
    """The path of the tasks of a workspace with ten queues and ten workers, who are busy after ten tasks."""
    with httpx.Client(base_url=f"{url}/v1", auth=AUTH, trust_env=False) as client:

        def made(path, **form):
            answer = client.post(path, data=form)
            assert answer.status_code == 201, answer.text
            return answer.json()["sid"]

        workspace = f"/Workspaces/{made('/Workspaces', FriendlyName='Center')}"
        queues = [made(f"{workspace}/TaskQueues", FriendlyName=f"queue {n}", TargetWorkers="1==1") for n in range(10)]
        filters = [
            {"expression": f"type == 'other {n}'", "targets": [{"queue": queue, "timeout": 60}, {"queue": queues[0]}]}
            for n, queue in enumerate(queues)
        ]
        spanish = {"queue": queues[1], "expression": "task.language IN worker.languages", "timeout": 600}
        filters.append({"expression": "type == 'lead'", "targets": [spanish, {"queue": queues[0]}]})
        configuration = json.dumps({"task_routing": {"filters": filters, "default_filter": {"queue": queues[0]}}})
        made(f"{workspace}/Workflows", FriendlyName="Incoming", Configuration=configuration)
        activities = client.get(f"{workspace}/Activities").json()["activities"]
        available = next(each["sid"] for each in activities if each["available"])
        for n in range(10):
            attributes = json.dumps({"languages": ["en", "es"]})
            made(f"{workspace}/Workers", FriendlyName=f"worker {n}", ActivitySid=available, Attributes=attributes)
        return f"/v1{workspace}/Tasks"


def creation_of_a_task(url, path):
    """The request, as it is sent."""
    authorization = b64encode(":".join(AUTH).encode()).decode()
    return (
        f"POST {path} HTTP/1.1\r\nHost: {urlsplit(url).netloc}\r\nAuthorization: Basic {authorization}\r\n"
        f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(FORM)}\r\n\r\n{FORM}"
    ).encode()


def post(url, path, number):
    """Send *number* requests over several connections, each the next as soon as it is answered; seconds taken."""
    request = creation_of_a_task(url, path)
    address = (urlsplit(url).hostname, urlsplit(url).port)
    received = {}
    began, sent, answered = time.perf_counter(), 0, 0
    with selectors.DefaultSelector() as selector:
        for _ in range(CONNECTIONS):
            connection = socket.create_connection(address)
            selector.register(connection, selectors.EVENT_READ)
            received[connection.fileno()] = bytearray()
            connection.sendall(request)
            sent += 1
        while answered < number:
            ready = selector.select(20)
            assert ready, "the server answers no more"
            for key, _ in ready:
                if not is_whole(received[key.fd], key.fileobj.recv(65536)):
                    continue
                answered += 1
                if sent < number:
                    key.fileobj.sendall(request)
                    sent += 1
        for key in list(selector.get_map().values()):
            key.fileobj.close()
    return time.perf_counter() - began


def is_whole(received, part):
    """Whether an answer is complete with this part of it; the next one can begin then."""
    received += part
    head, found, body = bytes(received).partition(b"\r\n\r\n")
    if not found or len(body) < int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]):
        return False
    assert head.startswith(b"HTTP/1.1 201"), received
    received.clear()
    return True


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="processor time of other processes is read from /proc")
def test_routed_and_kept_tasks_come_at_half_the_rate_of_bare_inserts(tmp_path, report):
    with bare(tmp_path) as one, embedded(tmp_path) as other:
        servers = [(one, "/tasks"), (other, contact_center(other.url))]
        rates, cpu_rates = ([], []), ([], [])
        for _ in range(ROUNDS + 1):
            for index, (server, path) in enumerate(servers):
                before = server.cpu_seconds()
                taken = post(server.url, path, REQUESTS)
                rates[index].append(REQUESTS / taken)
                cpu_rates[index].append(REQUESTS / (server.cpu_seconds() - before))

    (bare_rate, rate), (bare_cpu, cpu) = (
        [statistics.median(each[1:]) for each in measured] for measured in (rates, cpu_rates)
    )
    report("bare inserts a second, and a processor second", f"{bare_rate:.0f}, {bare_cpu:.0f}")
    report("tasks a second, and a processor second", f"{rate:.0f}, {cpu:.0f}")
    report("ratio, and by processor time", f"{rate / bare_rate:.2f}, {cpu / bare_cpu:.2f}")
    assert rate / bare_rate >= 0.5
