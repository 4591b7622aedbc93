"""How long an apply takes against a server that is far away, and against one that limits it."""

import json
import os
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

SERVER = Path(__file__).with_name("slow_server.py")
TR_APPLY = Path(sys.executable).with_name("tr-apply")
CREDENTIALS = {"TWILIO_ACCOUNT_SID": "AC" + "0" * 32, "TWILIO_AUTH_TOKEN": "secret"}

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
    latency_s, concurrency = 0.05, 10
    with served(latency_s) as url:
        seconds(WORKSPACE, url)

        all_in_all = seconds(workers(500), url, f"--concurrency={concurrency}")

        start_up = seconds(workers(501), url)  # and all that is read before and after
        at_once = httpx.get(f"{url}/count", trust_env=False).json()["most_at_once"]

    ratio = (all_in_all - start_up) / (500 / concurrency * latency_s)
    report("500 workers at 50 ms", f"{all_in_all:.2f} s, {ratio:.2f} times their round trips, start {start_up:.2f} s")
    assert at_once <= concurrency
    assert ratio <= 1.25


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
