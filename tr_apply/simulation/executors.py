"""Where days are simulated: in this process, in others, or on a cluster.

A day depends on its scenario and its number alone, so the results are the same everywhere, in whatever order they come.
"""

import gc
import os
import signal
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import AbstractContextManager, contextmanager
from importlib import import_module
from itertools import count
from multiprocessing import get_context
from typing import Any, Final, NamedTuple, Protocol, TypeAlias

from tr_apply.errors import TrApplyError, UsageError
from tr_apply.simulation.day import simulated_day
from tr_apply.simulation.load import Scenario
from tr_apply.simulation.tally import DayTally
from tr_apply.version import __version__

_SECONDS_A_TASK: Final = 200e-6
_BATCH_S: Final = 0.5
_WORTH_PROCESSES_S: Final = 2.0
_DEATHS_LIMIT: Final = 5
_PATIENCE_S: Final = 5.0
_COLLECT_EVERY: Final = 20_000  # tasks: a day leaves reference cycles
_DASK: Final = "dask://"

SimulatedDay: TypeAlias = tuple[int, int, DayTally]
"""Index of the scenario, number of the replication, and what the day was like."""


class Wanted(NamedTuple):
    """A day to simulate."""

    scenario: int
    replication: int


class Executor(Protocol):
    """Simulates days of the scenarios that it was made for."""

    def days(self, wanted: Sequence[Wanted]) -> Iterator[SimulatedDay]:
        """Each of the *wanted* days, in the order in which they are done."""


def open_executor(name: str, jobs: int | None, scenarios: Sequence[Scenario]) -> AbstractContextManager[Executor]:
    """The executor called *name*: ``serial``, ``processes`` or ``dask://HOST:PORT``.

    Raises:
        UsageError: for any other name.
        TrApplyError: when a cluster cannot be used.
    """
    if name == "serial":
        return _serial(scenarios)
    if name == "processes":
        return _processes(scenarios, jobs or os.cpu_count() or 1)
    if name.startswith(_DASK) and len(name) > len(_DASK):
        return _dask(f"tcp://{name.removeprefix(_DASK)}", scenarios)
    raise UsageError(f"--executor {name}: expected serial, processes or dask://HOST:PORT")


def simulated_days(scenarios: Sequence[Scenario], batch: Sequence[Wanted]) -> list[SimulatedDay]:
    """The days of *batch*, one after the other."""
    return list(_Serial(scenarios).days(batch))


class _Serial:
    def __init__(self, scenarios: Sequence[Scenario]) -> None:
        self._scenarios = scenarios

    def days(self, wanted: Sequence[Wanted]) -> Iterator[SimulatedDay]:
        tasks = 0
        for index, replication in wanted:
            tally = simulated_day(self._scenarios[index], replication)
            yield index, replication, tally
            tasks += sum(each.offered for each in tally.cells.values())
            if tasks > _COLLECT_EVERY and not gc.isenabled():
                gc.collect()
                tasks = 0


@contextmanager
def _serial(scenarios: Sequence[Scenario]) -> Iterator[Executor]:
    yield _Serial(scenarios)


def batches_of(wanted: Sequence[Wanted], scenarios: Sequence[Scenario], jobs: int) -> list[Sequence[Wanted]]:
    """*wanted* in pieces of at most about half a second, the first replications first.

    They become smaller towards the end: all jobs then end about together, however fast each is.
    """
    most = max(1, round(_BATCH_S * len(wanted) / _seconds(wanted, scenarios))) if wanted else 1
    found: list[Sequence[Wanted]] = []
    at = 0
    while at < len(wanted):
        size = min(most, -(-(len(wanted) - at) // (2 * jobs)))
        found.append(wanted[at : at + size])
        at += size
    return found


def _seconds(wanted: Sequence[Wanted], scenarios: Sequence[Scenario]) -> float:
    """About how long it takes to simulate all of *wanted*."""
    tasks = [sum(sum(each.offered) for each in scenario.contacts) + 1 for scenario in scenarios]
    return sum(_SECONDS_A_TASK * tasks[each.scenario] for each in wanted)


# Processes


def _begin_process() -> None:
    """In a process of the pool: the process that waits for the results answers Ctrl-C."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    gc.freeze()  # imported modules stay, so garbage collection need not search them


class _Processes:
    """A pool that is started when there is enough to do, and again when a process of it has died."""

    def __init__(self, scenarios: Sequence[Scenario], jobs: int) -> None:
        self._scenarios, self._jobs = scenarios, jobs
        self._pool: ProcessPoolExecutor | None = None
        self._deaths = 0

    def days(self, wanted: Sequence[Wanted]) -> Iterator[SimulatedDay]:
        if self._pool is None and (self._jobs == 1 or _seconds(wanted, self._scenarios) < _WORTH_PROCESSES_S):
            yield from _Serial(self._scenarios).days(wanted)
            return
        left = dict(enumerate(batches_of(wanted, self._scenarios, self._jobs)))
        while left:
            yield from self._some(left)

    def _some(self, left: dict[int, Sequence[Wanted]]) -> Iterator[SimulatedDay]:
        """The days of those batches that are done before a process dies; they are taken out of *left*."""
        pool = self._started()
        futures = {pool.submit(simulated_days, self._scenarios, batch): number for number, batch in left.items()}
        try:
            for future in _as_done(set(futures)):
                days = future.result()
                del left[futures[future]]
                yield from days
        except BrokenProcessPool as error:
            self.close()
            self._deaths += 1
            if self._deaths >= _DEATHS_LIMIT:
                message = (
                    f"processes that simulate have died {self._deaths} times; is there enough memory? Try --jobs 1"
                )
                raise TrApplyError(message) from error

    def _started(self) -> ProcessPoolExecutor:
        if self._pool is None:
            self._pool = ProcessPoolExecutor(self._jobs, mp_context=get_context("spawn"), initializer=_begin_process)
        return self._pool

    def close(self) -> None:
        """Stop everything that is not done."""
        pool, self._pool = self._pool, None
        if pool is not None:
            own = list((getattr(pool, "_processes", None) or {}).values())
            pool.shutdown(wait=False, cancel_futures=True)
            for process in own:
                process.terminate()
            for process in own:
                process.join(_PATIENCE_S)


def _as_done(futures: set[Future[list[SimulatedDay]]]) -> Iterator[Future[list[SimulatedDay]]]:
    while futures:
        done, futures = wait(futures, return_when=FIRST_COMPLETED)
        yield from done


@contextmanager
def _processes(scenarios: Sequence[Scenario], jobs: int) -> Iterator[Executor]:
    pool = _Processes(scenarios, jobs)
    try:
        yield pool
    finally:
        pool.close()


# A cluster


class _Dask:
    """A cluster of dask.distributed; it repeats what a worker was doing that died."""

    def __init__(self, distributed: Any, client: Any, scenarios: Sequence[Scenario]) -> None:
        self._distributed, self._client, self._scenarios = distributed, client, scenarios
        self._sent = client.scatter([tuple(scenarios)], broadcast=True, hash=False)[0]
        self._jobs = max(1, sum(client.ncores().values()))
        self._serial = count()

    def days(self, wanted: Sequence[Wanted]) -> Iterator[SimulatedDay]:
        futures = [
            self._client.submit(
                simulated_days, self._sent, tuple(batch), pure=False, retries=_DEATHS_LIMIT,
                key=f"tr-apply-{id(self)}-{next(self._serial)}",
            )
            for batch in batches_of(wanted, self._scenarios, self._jobs)
        ]  # fmt: skip
        try:
            for future in self._distributed.as_completed(futures):
                yield from future.result()
        finally:
            self._client.cancel(futures)


def _version_there() -> str:
    return __version__


@contextmanager
def _dask(address: str, scenarios: Sequence[Scenario]) -> Iterator[Executor]:
    try:
        distributed: Any = import_module("distributed")
    except ImportError as error:
        raise UsageError("--executor dask://… needs dask.distributed: pip install 'tr-apply[cluster]'") from error
    try:
        client = distributed.Client(address, timeout=10)
    except OSError as error:
        raise TrApplyError(f"there is no dask scheduler at {address}: {error}") from error
    with client:
        _require_same_version(client, address)
        yield _Dask(distributed, client, scenarios)


def _require_same_version(client: Any, address: str) -> None:
    if not client.ncores():
        raise TrApplyError(f"the dask cluster at {address} has no workers")
    try:
        versions = set(client.run(_version_there).values())
    except ModuleNotFoundError as error:
        raise TrApplyError(f"the workers of the dask cluster need tr-apply {__version__}: {error}") from error
    if versions != {__version__}:
        raise TrApplyError(
            f"the workers of the dask cluster have tr-apply {', '.join(sorted(versions))}, not {__version__}"
        )
