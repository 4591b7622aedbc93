"""The same bytes from every executor, also when a process dies."""

import os
import signal
from dataclasses import replace
from multiprocessing import active_children
from multiprocessing.connection import wait

import pytest

from tests.simulation.centers import HALF_HOUR, HOUR, contact, exponential, people, scenario
from tr_apply.errors import TrApplyError, UsageError
from tr_apply.simulation import executors
from tr_apply.simulation.executors import Wanted, batches_of, open_executor, simulated_days
from tr_apply.simulation.load import DayHours

HOURS = DayHours(HALF_HOUR, 9 * HOUR, 11 * HOUR, 12 * HOUR)
BEFORE = scenario(
    contact(an_hour=(30.0,) * 4, patience=exponential(60)), staff=people(4), hours=HOURS, name="before"
)  # fmt: skip
SCENARIOS = (BEFORE, replace(BEFORE, people=people(5), name="after"))
WANTED = [Wanted(index, number) for number in range(8) for index in range(2)]


@pytest.fixture(scope="module")
def here():
    """The days as this process simulates them."""
    return {(index, number): tally for index, number, tally in simulated_days(SCENARIOS, WANTED)}


@pytest.fixture
def in_processes(monkeypatch):
    """Processes also for what takes no time, and a batch for each day."""
    monkeypatch.setattr(executors, "_WORTH_PROCESSES_S", 0.0)
    monkeypatch.setattr(executors, "_BATCH_S", 0.0)


def all_days(name, jobs=None, disturb=lambda _done: None):
    found = {}
    with open_executor(name, jobs, SCENARIOS) as executor:
        for index, number, tally in executor.days(WANTED):
            found[index, number] = tally
            disturb(len(found))
    return found


@pytest.mark.usefixtures("in_processes")
def test_a_process_that_dies_is_replaced_and_its_days_are_simulated_again(here):
    killed = []

    def kill_one(done):
        if done == 1:
            killed.append(active_children()[0].pid)
            os.kill(killed[0], signal.SIGTERM)

    assert all_days("processes", 2, kill_one) == here
    assert killed


@pytest.mark.usefixtures("in_processes")
def test_processes_that_die_again_and_again_are_an_error(monkeypatch):
    monkeypatch.setattr(executors, "_DEATHS_LIMIT", 1)

    def kill_all(_done):
        for each in active_children():
            os.kill(each.pid, signal.SIGTERM)

    with pytest.raises(TrApplyError, match="processes that simulate have died 1 times; is there enough memory"):
        all_days("processes", 1 + 1, kill_all)


def test_an_instant_job_starts_no_process(here):
    def none_is_there(_done):
        assert active_children() == []

    assert all_days("processes", 4, none_is_there) == here
    assert all_days("processes", 1, none_is_there) == here


@pytest.mark.usefixtures("in_processes")
def test_processes_find_what_one_process_finds_one_round_after_the_other(here):
    with open_executor("processes", 2, SCENARIOS) as executor:
        found = {day[:2]: day[2] for half in (WANTED[:6], WANTED[6:]) for day in executor.days(half)}

    assert found == here
    # a thread of the pool may not have noted yet that they have ended, so they are asked themselves
    left = [each.sentinel for each in active_children()]
    assert set(wait(left, timeout=0)) == set(left)


def test_a_command_without_garbage_collection_collects_now_and_then(monkeypatch, here):
    collected = []
    monkeypatch.setattr(executors, "_COLLECT_EVERY", 100)
    monkeypatch.setattr(executors.gc, "isenabled", lambda: False)
    monkeypatch.setattr(executors.gc, "collect", lambda: collected.append(1))

    assert all_days("serial") == here

    tasks = sum(counts.offered for tally in here.values() for counts in tally.cells.values())
    assert tasks // 300 <= len(collected) <= tasks // 100


def test_batches_are_short_and_shorter_towards_the_end():
    center = replace(BEFORE, contacts=(contact(an_hour=(125.0,) * 4),))

    batches = batches_of([Wanted(0, n) for n in range(100)], [center], 2)

    assert [each for batch in batches for each in batch] == [Wanted(0, n) for n in range(100)]
    sizes = [len(batch) for batch in batches]
    assert sizes[0] == 5  # 500 tasks of 0.2 ms are 0.1 s
    assert sizes == sorted(sizes, reverse=True)
    assert sizes[-4:] == [1] * 4
    assert len(batches_of([Wanted(0, 0), Wanted(0, 1)], [center], 8)) == 2
    assert batches_of([], [center], 2) == []


def test_two_jobs_of_different_speed_end_about_together():
    batches = batches_of([Wanted(0, n) for n in range(40)], [BEFORE], 2)

    free_at, seconds_a_day = [0.0, 0.0], (1.0, 1.7)
    for batch in batches:
        job = free_at.index(min(free_at))
        free_at[job] += len(batch) * seconds_a_day[job]
    assert abs(free_at[0] - free_at[1]) <= 1.7


def test_imported_modules_are_not_searched_for_garbage_in_a_process(monkeypatch):
    frozen = []
    monkeypatch.setattr(executors.gc, "freeze", lambda: frozen.append(1))
    monkeypatch.setattr(executors.signal, "signal", lambda *given: frozen.append(given))

    executors._begin_process()

    assert frozen == [(signal.SIGINT, signal.SIG_IGN), 1]


@pytest.mark.parametrize("name", ["threads", "dask://", ""])
def test_an_executor_that_there_is_not_is_a_usage_error(name):
    with pytest.raises(UsageError, match="expected serial, processes or dask://HOST:PORT"):
        open_executor(name, None, SCENARIOS)


def test_a_cluster_needs_the_extra(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "distributed", None)

    with pytest.raises(UsageError, match=r"pip install 'tr-apply\[cluster\]'"), open_executor("dask://a:1", None, []):
        pass


class Cluster:
    """The calls to a dask cluster, for answers that no real one gives on demand."""

    def __init__(self, workers=1, version="0.0"):
        self._workers, self._version = workers, version

    def Client(self, address, timeout):  # noqa: N802
        if not self._workers:
            return self
        if self._version is None:
            raise OSError(f"cannot reach {address} in {timeout} s")
        return self

    def __enter__(self):
        return self

    def __exit__(self, *_):
        return None

    def ncores(self):
        return {f"tcp://w{n}": 1 for n in range(self._workers)}

    def run(self, _function):
        if self._version == "none":
            raise ModuleNotFoundError("No module named 'tr_apply'")
        return dict.fromkeys(self.ncores(), self._version)


@pytest.mark.parametrize(
    ("cluster", "message"),
    [
        (Cluster(workers=0), "has no workers"),
        (Cluster(version="0.0"), "have tr-apply 0.0, not"),
        (Cluster(version="none"), "need tr-apply"),
        (Cluster(version=None), "there is no dask scheduler at tcp://a:1"),
    ],
)
def test_a_cluster_that_cannot_be_used_is_an_error(monkeypatch, cluster, message):
    monkeypatch.setattr(executors, "import_module", lambda _name: cluster)

    with pytest.raises(TrApplyError, match=message), open_executor("dask://a:1", None, SCENARIOS):
        pass


@pytest.mark.filterwarnings("ignore")  # of the library
def test_a_cluster_finds_what_one_process_finds(here):
    distributed = pytest.importorskip("distributed", reason="needs dask.distributed: pip install '.[cluster]'")

    with distributed.LocalCluster(
        n_workers=1, processes=False, protocol="tcp://", dashboard_address=None, threads_per_worker=2
    ) as cluster:
        address = cluster.scheduler_address.removeprefix("tcp://")

        assert all_days(f"dask://{address}") == here
