"""The cost of a simulated day, compared with the routing engine alone; and Erlang's formulas at full size."""

import heapq
import json
import os
import subprocess
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import pytest

from tests.simulation.centers import HALF_HOUR, HOUR, constant, contact, exponential, people, scenario, total
from tests.simulation.erlang import erlang_a, erlang_c
from tr_apply.routing.engine.engine import Engine
from tr_apply.routing.engine.log import EngineState
from tr_apply.routing.engine.tasks import NewTask
from tr_apply.routing.workspace import TaskQueue
from tr_apply.simulation import day as days
from tr_apply.simulation.day import simulated_day
from tr_apply.simulation.demand import callers_of_day
from tr_apply.simulation.estimates import estimate
from tr_apply.simulation.executors import Wanted, open_executor, simulated_days
from tr_apply.simulation.load import AnswerTarget, AttributeChoice, DayHours, WorkRules

ROOT = Path(__file__).parents[2]
QUEUES = 41
FILTERS = 60


def large(tasks=20_000):
    """300 agents, 41 queues, 60 filters with three steps each."""
    queues = tuple(TaskQueue(f"WQ{n}", f"Queue {n}", f"skill >= {n % 20}") for n in range(QUEUES))
    filters = [
        {
            "expression": f"kind == {n}",
            "targets": [{"queue": f"WQ{(n + step) % QUEUES}", "timeout": 30 * (step + 1)} for step in range(3)],
        }
        for n in range(FILTERS)
    ]
    document = json.dumps({"task_routing": {"filters": filters, "default_filter": {"queue": "WQ0"}}})
    staff = tuple(
        person
        for skill in range(20)
        for person in people(15, 0, 26 * HOUR, attributes={"skill": skill}, prefix=f"{skill}-")
    )
    kinds = AttributeChoice("kind", tuple(range(FILTERS)), tuple((n + 1) / FILTERS for n in range(FILTERS)))
    calls = contact(
        an_hour=(tasks / 20,) * 20, handle=exponential(400), choices=(kinds,), intervals=20,
        patience=exponential(300), after_contact=exponential(30),
    )  # fmt: skip
    hours = DayHours(HALF_HOUR, 9 * HOUR, 19 * HOUR, 21 * HOUR)
    return scenario(
        calls, staff=staff, hours=hours, rules=WorkRules(constant(5)), document=document, queues=queues
    )  # fmt: skip


def bare(center):
    """The same tasks through the engine with nothing but create, accept and complete."""
    workers = tuple(each.worker._replace(activity_sid="on") for each in center.people)
    number = iter(range(10**9))
    engine = Engine(center.setup, lambda prefix: f"{prefix}{next(number)}", EngineState(0, workers=workers))
    ends = []
    for serial, caller in enumerate(callers_of_day(center, 0)):
        while ends and ends[0][0] <= caller.at_ms:
            at_ms, sid = heapq.heappop(ends)
            engine.complete_task(sid, None, at_ms)
            _accept(engine, ends, center)
        engine.create_task(NewTask(f"WT{serial}", "WW1", caller.attributes, "voice"), caller.at_ms)
        _accept(engine, ends, center)


def _accept(engine, ends, center):
    offered = [each.reservation for each in engine.take_events() if each.type == "reservation.created"]
    while offered:
        reservation = offered.pop()
        engine.accept(reservation.sid, engine.state.now)
        handle_ms = center.contacts[0].handle.at(hash(reservation.task_sid) % 997 / 997)
        heapq.heappush(ends, (engine.state.now + handle_ms, reservation.task_sid))
        offered += [each.reservation for each in engine.take_events() if each.type == "reservation.created"]


def cpu(work, *arguments):
    began = time.process_time()
    work(*arguments)
    return time.process_time() - began


def test_a_day_costs_little_more_than_the_routing_engine_alone():
    center = large()
    rounds = [(cpu(bare, center), cpu(simulated_day, center, 0)) for _ in range(3)]

    alone, day = (min(each) for each in zip(*rounds, strict=True))
    assert day <= 2.0 * alone


def test_days_are_linear_in_their_tasks():
    small, twice = large(5_000), large(10_000)
    rounds = [(cpu(simulated_day, small, 0), cpu(simulated_day, twice, 0)) for _ in range(3)]

    one, two = (min(each) for each in zip(*rounds, strict=True))
    assert two <= 2.6 * one


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the peak of memory is read from /proc")
def test_a_day_of_twenty_thousand_tasks_needs_little_memory():
    code = "from tests.benchmarks import test_simulation_speed as here; here.simulated_day(here.large(), 0)"
    # Not ru_maxrss, which a process that was just started has from the one that started it.
    peak = "print(open('/proc/self/status').read().partition('VmHWM:')[2].split()[0])"
    done = subprocess.run(
        [sys.executable, "-c", f"{code}; {peak}"], cwd=ROOT, capture_output=True, encoding="utf-8", check=True
    )

    assert int(done.stdout) <= 100_000  # kB


FREE_CORES = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
ROUNDS = 3


def wall(work, *arguments):
    began = time.perf_counter()
    work(*arguments)
    return time.perf_counter() - began


def cores_worth(center):
    """How much two processes do here while one does one, without any of our executors: 2.0 on two free cores.

    The days are those of the test, so shared memory and clock rates of two cores count in the same way.
    """
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:

        def some(number):
            for future in [pool.submit(simulated_days, [center], [Wanted(0, 0)]) for _ in range(number)]:
                future.result()

        some(4)  # both have started
        rounds = [(wall(some, 1), wall(some, 2)) for _ in range(ROUNDS)]
    alone, together = (min(each) for each in zip(*rounds, strict=True))
    return 2 * alone / together


@pytest.mark.skipif(FREE_CORES < 2, reason="needs two cores")
def test_two_processes_are_at_least_one_point_seven_times_as_fast_as_one(capsys):
    """With starting, sending and waiting for the last; as a ratio to what two processes can do here at all."""
    center = large(4_000)
    wanted = [Wanted(0, number) for number in range(16)]

    def simulate(name, jobs):
        with open_executor(name, jobs, [center]) as executor:
            assert len(list(executor.days(wanted))) == len(wanted)

    rounds = [(wall(simulate, "serial", 1), wall(simulate, "processes", 2)) for _ in range(ROUNDS)]
    one, two = (min(each) for each in zip(*rounds, strict=True))
    possible = min(2.0, cores_worth(center))
    with capsys.disabled():
        sys.stdout.write(f"\n1 process {one:.2f} s, 2 processes {two:.2f} s: {one / two:.2f} of {possible:.2f} times\n")
    assert one / two >= 1.7 / 2 * possible


class Waiting(days._Day):
    """A day that also notes how long each task waited, in milliseconds, that comes after the first two hours."""

    def __init__(self, center, number):
        self.waits = []
        super().__init__(center, number)

    def _decide(self, contact, queue, now_ms, *, answered=False):
        if contact.caller.at_ms >= 2 * HOUR:
            self.waits.append(now_ms - contact.caller.at_ms)
        return super()._decide(contact, queue, now_ms, answered=answered)


@pytest.mark.parametrize(
    ("agents", "an_hour", "handle_s", "patience_s", "most"),
    [
        (10, 127.5, 240, None, {}),
        (30, 405, 240, None, {"mean_wait_s": 8.9}),
        (10, 220, 180, 120, {"abandons": 0.0061, "service_level": 0.0145}),
        (30, 600, 180, 180, {}),
    ],
)
def test_erlangs_formulas_hold_at_full_size(agents, an_hour, handle_s, patience_s, most):
    """Runs of 40 hours after two for warming up, inside of intervals of 99.9 %; *most* are half-widths at 95 %."""
    more = {} if patience_s is None else {"patience": exponential(patience_s)}
    center = scenario(
        contact(an_hour=an_hour, handle=exponential(handle_s), intervals=84, **more),
        staff=people(agents, 0, 44 * HOUR), hours=DayHours(HALF_HOUR, 0, 42 * HOUR, 44 * HOUR),
        targets=(AnswerTarget(threshold_ms=20_000),), seed=2,
    )  # fmt: skip
    runs = [Waiting(center, number) for number in range(16 if most else 10)]
    totals = [total(each.run(), since=4) for each in runs]
    found = {
        "waits": [sum(wait > 0 for wait in each.waits) / len(each.waits) for each in runs],
        "mean_wait_s": [sum(each.waits) / len(each.waits) / 1000 for each in runs],
        "service_level": [each.service_level for each in totals],
    }
    if patience_s is None:
        truth = erlang_c(agents, an_hour, handle_s, 20)
    else:
        truth = erlang_a(agents, an_hour, handle_s, patience_s, 20)
        found["abandons"] = [each.abandonment for each in totals]

    for name, values in found.items():
        interval = estimate(values, 0.999)
        assert interval.low <= getattr(truth, name) <= interval.high, name
    assert {name: estimate(found[name], 0.95).half_width <= width for name, width in most.items()} == dict.fromkeys(
        most, True
    )
