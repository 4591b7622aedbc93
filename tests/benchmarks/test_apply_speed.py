"""How long an apply takes against a server that is far away, and against one that limits it."""

import json
import os
import statistics
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests.benchmarks.bare_client import CREDENTIALS, seconds_for

SERVER = Path(__file__).with_name("slow_server.py")
TR_APPLY = Path(sys.executable).with_name("tr-apply")

WORKSPACE = {"workspace": {"name": "Support"}, "workers": []}


@contextmanager
def served(latency_s, per_s=0):
    """The address of a server of its own."""
    command = [sys.executable, SERVER, str(latency_s), str(per_s)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process.stdout.readline().strip()
        finally:
            process.stdin.close()
            process.wait(20)


def workers(number):
    return {**WORKSPACE, "workers": [{"name": f"worker {n}", "attributes": {"level": n % 9}} for n in range(number)]}


@pytest.fixture
def seconds(tmp_path):
    """How long an apply of a configuration takes."""
    path = tmp_path / "workspace.yaml"  # which JSON is, too

    def applied(configuration, url, *more):
        path.write_text(json.dumps(configuration))
        began = time.perf_counter()
        done = subprocess.run(
            [TR_APPLY, "apply", path, "--auto-approve", "--base-url", url, "--quiet", *more],
            env=os.environ | CREDENTIALS,
            capture_output=True,
            text=True,
            check=False,
        )
        taken = time.perf_counter() - began
        assert done.returncode == 0, done.stdout[-2000:] + done.stderr
        return taken

    return applied


def test_500_workers_take_little_longer_than_their_round_trips(seconds, report):
    """Against the round trips, and against a client that does nothing but send them, which the same machine slows down."""
    latency_s, concurrency = 0.05, 10
    least = 500 / concurrency * latency_s
    beyond, bare = zip(*(one_round(seconds, latency_s, concurrency) for _ in range(3)), strict=True)

    ours, reference = statistics.median(beyond), max(least, statistics.median(bare))
    report(
        "500 workers at 50 ms",
        f"{ours / least:.2f} times their round trips, {ours / reference:.2f} times a bare client",
    )
    assert ours / reference <= 1.25


def one_round(seconds, latency_s, concurrency):
    """How long it takes beyond the start to create 500 workers, and how long it takes a client that only sends."""
    with served(latency_s) as url:
        seconds(WORKSPACE, url)
        found = httpx.get(f"{url}/v1/Workspaces", auth=tuple(CREDENTIALS.values()), trust_env=False).json()
        path = f"/v1/Workspaces/{found['workspaces'][0]['sid']}/Workers"
        requests = [("POST", path, f"FriendlyName=bare+{n}&Attributes=%7B%22level%22%3A1%7D") for n in range(500)]
        bare = seconds_for(url, requests, concurrency)
        seconds(WORKSPACE, url, "--allow-delete=worker=500")
        all_in_all = seconds(workers(500), url, f"--concurrency={concurrency}")
        start_up = seconds(workers(501), url)  # and all that is read before and after
        at_once = httpx.get(f"{url}/count", trust_env=False).json()["most_at_once"]
    assert at_once <= concurrency
    return all_in_all - start_up, bare


def test_1500_workers_keep_to_a_limit_of_100_a_second_and_use_it(seconds, report):
    per_s = 100
    with served(0.05, per_s) as url:
        seconds(WORKSPACE, url)

        all_in_all = seconds(workers(1500), url)

        start_up = seconds(workers(1501), url)
        count = httpx.get(f"{url}/count", trust_env=False).json()

    ratio = (all_in_all - start_up) / (1500 / per_s)
    report("1,500 workers at 100 a second", f"{all_in_all:.2f} s, {ratio:.3f} times the least, {count}")
    assert count["most_at_once"] <= 10
    assert ratio <= 1.1
