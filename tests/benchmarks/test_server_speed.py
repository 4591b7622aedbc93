"""The cost of a task over HTTP, routed and stored, and of its life, against the least that a server can do."""

import json
import selectors
import socket
import statistics
import subprocess
import sys
import time
from base64 import b64encode
from contextlib import ExitStack, contextmanager
from itertools import count, islice
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import httpx
import pytest

BARE = Path(__file__).with_name("bare_server.py")
TR_APPLY = Path(sys.executable).with_name("tr-apply")
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the processor time of other processes is measured")

AUTH = ("AC" + "0" * 32, "secret")
CONNECTIONS, REQUESTS, ROUNDS = 32, 2_000, 5
WORKERS, LIVES = 10, 200
CUSTOMERS = count(1_000_000)


class Server:
    """A process that serves, and what it uses."""

    def __init__(self, process, url):
        self.process, self.url = process, url

    def cpu_seconds(self):
        """The processor time that it has used so far; Linux derives the clock of a process from its number."""
        return time.clock_gettime((~self.process.pid << 3) | 2)


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
        for n in range(WORKERS):
            attributes = json.dumps({"languages": ["en", "es"]})
            made(f"{workspace}/Workers", FriendlyName=f"worker {n}", ActivitySid=available, Attributes=attributes)
        return f"/v1{workspace}/Tasks"


def creation_of_a_task(url, path, customer=4711, header=""):
    """The request, as it is sent."""
    attributes = json.dumps({"type": "lead", "language": "es", "customer": customer})
    return written(url, path, header, Attributes=attributes, Priority="3")


def written(url, path, header="", /, **form):
    """A request that sends a form, with one more header."""
    authorization, body = b64encode(":".join(AUTH).encode()).decode(), urlencode(form)
    return (
        f"POST {path} HTTP/1.1\r\nHost: {urlsplit(url).netloc}\r\nAuthorization: Basic {authorization}\r\n{header}"
        f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(body)}\r\n\r\n{body}"
    ).encode()


def equal(url, path):
    """Requests that are the same."""
    return [creation_of_a_task(url, path)] * REQUESTS


def different(url, path):
    """Requests with a head that no other has, as of a client that traces them, and with their own attributes."""
    return [
        creation_of_a_task(url, path, customer, f"traceparent: 00-{customer:032x}-{customer:016x}-01\r\n")
        for customer in islice(CUSTOMERS, REQUESTS)
    ]


def post(url, requests):
    """Send requests over several connections, each the next as soon as it is answered; seconds taken."""
    address, unsent = (urlsplit(url).hostname, urlsplit(url).port), iter(requests)
    received = {}
    began, answered = time.perf_counter(), 0
    with selectors.DefaultSelector() as selector:
        for request in islice(unsent, CONNECTIONS):
            connection = socket.create_connection(address)
            selector.register(connection, selectors.EVENT_READ)
            received[connection.fileno()] = bytearray()
            connection.sendall(request)
        while answered < len(requests):
            ready = selector.select(20)
            assert ready, "the server answers no more"
            for key, _ in ready:
                if not is_whole(received[key.fd], key.fileobj.recv(65536)):
                    continue
                answered += 1
                if (request := next(unsent, None)) is not None:
                    key.fileobj.sendall(request)
        for key in list(selector.get_map().values()):
            key.fileobj.close()
    return time.perf_counter() - began


def is_whole(received, part):
    """Whether an answer is complete with this part of it; the next one can begin then."""
    received += part
    head, found, body = bytes(received).partition(b"\r\n\r\n")
    if not found or len(body) < int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]):
        return False
    assert head.startswith((b"HTTP/1.1 201", b"HTTP/1.1 200")), received
    received.clear()
    return True


class Rates:
    """How many of something a server does in a second, and in a second of its processor; medians without the first."""

    def __init__(self, server):
        self._server, self._measured = server, []

    def measure(self, number, batches):
        """Send batches of requests, which do that number of times what is measured; making a batch does not count."""
        seconds = cpu_seconds = 0
        for requests in batches:
            before = self._server.cpu_seconds()
            seconds += post(self._server.url, requests)
            cpu_seconds += self._server.cpu_seconds() - before
        self._measured.append((number / seconds, number / cpu_seconds))

    def medians(self):
        return [statistics.median(each) for each in zip(*self._measured[1:], strict=True)]


def compared(report, what, bare_rates, rates):
    """The ratios of the rates, in a second and in a processor second; reports them."""
    (bare_rate, bare_cpu), (rate, cpu) = bare_rates.medians(), rates.medians()
    report("bare inserts a second, and a processor second", f"{bare_rate:.0f}, {bare_cpu:.0f}")
    report(f"{what} a second, and a processor second", f"{rate:.0f}, {cpu:.0f}")
    report(f"ratio of {what}, and by processor time", f"{rate / bare_rate:.2f}, {cpu / bare_cpu:.2f}")
    return rate / bare_rate, cpu / bare_cpu


@pytest.mark.parametrize(("requests", "least"), [(equal, 0.6), (different, 0.45)])
def test_routed_and_kept_tasks_come_at_a_rate_not_far_from_that_of_bare_inserts(tmp_path, report, requests, least):
    with bare(tmp_path) as one, embedded(tmp_path) as other:
        paths = {one: "/tasks", other: contact_center(other.url)}
        bare_rates, rates = Rates(one), Rates(other)
        for _ in range(ROUNDS + 1):
            for server, measured in ((one, bare_rates), (other, rates)):
                measured.measure(REQUESTS, [requests(server.url, paths[server])])

    ratio, _ = compared(report, f"tasks of {requests.__name__} requests", bare_rates, rates)
    assert ratio >= least


class Lives:
    """Tasks from their creation to their completion, all at the same stage, in three requests each."""

    def __init__(self, stack, url):
        self._url, self._tasks = url, contact_center(url)
        workspace = url + self._tasks.removesuffix("/Tasks")
        self._client = stack.enter_context(httpx.Client(base_url=workspace, auth=AUTH, trust_env=False))
        self._workers = [each["sid"] for each in self._get("/Workers", "workers")]
        for sid in self._workers:
            room = {"Capacity": str(LIVES // WORKERS)}
            assert self._client.post(f"/Workers/{sid}/Channels/default", data=room).status_code == 200

    def _get(self, path, key, **query):
        return self._client.get(path, params={"PageSize": "1000", **query}).json()[key]

    def batches(self):
        """The requests of each stage."""
        yield [creation_of_a_task(self._url, self._tasks)] * LIVES
        offers = [
            offer
            for worker in self._workers
            for offer in self._get(f"/Workers/{worker}/Reservations", "reservations", ReservationStatus="pending")
        ]
        assert len(offers) == LIVES
        tasks = [f"{self._tasks}/{offer['task_sid']}" for offer in offers]
        yield [
            written(self._url, f"{task}/Reservations/{offer['sid']}", ReservationStatus="accepted")
            for task, offer in zip(tasks, offers, strict=True)
        ]
        yield [written(self._url, task, AssignmentStatus="completed") for task in tasks]


def test_a_task_lives_for_the_processor_time_of_nine_bare_inserts_at_most(tmp_path, report):
    with bare(tmp_path) as one, embedded(tmp_path) as other, ExitStack() as stack:
        inserts, lives = [creation_of_a_task(one.url, "/tasks")] * LIVES, Lives(stack, other.url)
        bare_rates, rates = Rates(one), Rates(other)
        for _ in range(4 * ROUNDS + 1):
            bare_rates.measure(LIVES, [inserts] * 3)
            rates.measure(LIVES, lives.batches())

    _, of_processor = compared(report, "lives of tasks, against three inserts each", bare_rates, rates)
    assert of_processor >= 1 / 3
