"""How long it takes to find that nothing has to be done, against a server that is far away."""

import json
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

SERVER = Path(__file__).with_name("listing_server.py")
WORKERS = 10_000
PAGES = 10
LATENCY_S = 0.05
MOST = 1.5
ROUNDS = 5

# In a process of its own, like the command line: what the time of its requests alone is, and what the plan takes.
PROGRAM = f"""
import asyncio, gc, http.client, json, pathlib, sys, time
from base64 import b64encode
from urllib.parse import urlsplit

from tr_apply.client import Client
from tr_apply.config.load import load
from tr_apply.deployment.configured import Configured
from tr_apply.deployment.deployment import Deployment
from tr_apply.transport import Connection

gc.disable()  # as the command line does
url, path = sys.argv[1:]
account = "AC" + "0" * 32
configuration = load(pathlib.Path(path))


def requests_alone():
    connection = http.client.HTTPConnection(urlsplit(url).netloc)
    headers = {{"Authorization": "Basic " + b64encode(f"{{account}}:secret".encode()).decode()}}
    taken, pages, following = 0.0, 0, "/v1/Workspaces?PageSize=1000"
    while following:
        began = time.perf_counter()
        connection.request("GET", following, headers=headers)
        content = connection.getresponse().read()
        taken += time.perf_counter() - began
        body = json.loads(content)
        following = body["meta"]["next_page_url"]
        if "workspaces" in body:
            following = body["workspaces"][0]["links"]["workers"] + "?PageSize=1000"
        following = following and following.removeprefix(url)
        pages += 1
    return taken, pages - 1


async def plan():
    async with Client(Connection(url, account, "secret", account), concurrency=10) as client:
        began = time.perf_counter()
        found = await Deployment(Configured(configuration), client).plan()
        return time.perf_counter() - began, len(found.operations), found.unchanged


rounds = [(requests_alone(), asyncio.run(plan())) for _ in range({ROUNDS})]
json.dump(rounds, sys.stdout)
"""


@contextmanager
def served(*arguments):
    """The address of a server of its own."""
    with subprocess.Popen(
        [sys.executable, SERVER, *map(str, arguments)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            yield process.stdout.readline().strip()
        finally:
            process.stdin.close()
            process.wait(20)


def test_planning_many_unchanged_workers_takes_little_longer_than_reading_them(tmp_path, run_alone, report):
    path = tmp_path / "workspace.yaml"
    workers = [
        {"name": f"worker {n}", "attributes": {"team": f"team {n % 50}", "level": n % 7}} for n in range(WORKERS)
    ]
    path.write_text(json.dumps({"workspace": {"name": "Center"}, "workers": workers}))

    with served(LATENCY_S, path) as url:
        rounds = json.loads(run_alone(PROGRAM, url, path))

    assert {(pages, operations, unchanged) for (_, pages), (_, operations, unchanged) in rounds} == {
        (PAGES, 0, WORKERS + 1)
    }
    alone_s = min(requests[0] for requests, _ in rounds)
    plan_s = min(plan[0] for _, plan in rounds)
    report("requests alone, and the plan", f"{alone_s:.2f} s, {plan_s:.2f} s: {plan_s / alone_s:.2f} times")
    assert plan_s <= MOST * alone_s
