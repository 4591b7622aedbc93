"""Speed, always as a ratio within one run: a figure of one machine means nothing on another.

A plain ``pytest`` leaves these out; ``pytest tests/benchmarks --benchmarks`` runs them.
"""

import os
import resource
import statistics
import subprocess
import sys
import time

import pytest


def pytest_addoption(parser):
    parser.addoption(
        "--benchmarks", action="store_true", help="Measure speed; takes minutes and wants a quiet machine."
    )
    parser.addoption(
        "--soak-seconds", type=int, default=20, help="How long the soak benchmark takes; the default is 20."
    )


def pytest_ignore_collect(config):
    return None if config.getoption("--benchmarks", default=False) else True


def pytest_xdist_auto_num_workers(config):
    """One process: measurements need the machine for themselves."""
    return 0 if config.getoption("--benchmarks", default=False) else None


def cpu_seconds(command, environment):
    """Processor time of a process, its children included: what other work on the machine disturbs least."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True, capture_output=True, env=environment)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def wall_seconds(command, environment):
    """Time until a process has ended."""
    began = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True, env=environment)
    return time.perf_counter() - began


@pytest.fixture(scope="session")
def with_byte_code(tmp_path_factory):
    """An environment in which modules are compiled once, as they are where a package was installed."""
    kept = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    return kept | {"PYTHONPYCACHEPREFIX": str(tmp_path_factory.mktemp("byte-code"))}


@pytest.fixture(scope="session")
def medians(with_byte_code):
    """Runs several commands in turn, *rounds* times; the median of each, in seconds.

    In turn, so other load on the machine affects all of them alike. The first round warms up.
    """

    def measure(commands, *, rounds, seconds=cpu_seconds, more=None):
        environment = with_byte_code | (more or {})
        taken = [[seconds(command, environment) for command in commands] for _ in range(rounds + 1)][1:]
        return [statistics.median(each) for each in zip(*taken, strict=True)]

    return measure


@pytest.fixture
def report(capsys, record_property):
    """Prints a figure in the output of the run, and keeps it for ``--junit-xml``."""

    def tell(name, value):
        record_property(name, value)
        with capsys.disabled():
            print(f"\n  {name}: {value}", end="")  # noqa: T201  # what the run is for

    return tell


@pytest.fixture(scope="session")
def run_alone(with_byte_code):
    """Runs a program in a process of its own; what it prints."""

    def run(program, *arguments):
        command = [sys.executable, "-c", program, *map(str, arguments)]
        return subprocess.run(command, check=True, capture_output=True, text=True, env=with_byte_code).stdout

    return run
