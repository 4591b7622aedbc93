"""How fast tasks are routed, and that it does not matter how many others there are."""

import gc
import heapq
import itertools
import json
import random
import statistics
import time
from contextlib import contextmanager

import pytest

from tr_apply.routing.engine.engine import Engine
from tr_apply.routing.engine.log import EngineState
from tr_apply.routing.engine.setup import Setup
from tr_apply.routing.engine.tasks import NewTask
from tr_apply.routing.evaluate import compiled
from tr_apply.routing.parser import parse
from tr_apply.routing.records import Attributes, Worker
from tr_apply.routing.worker_index import WorkerIndex
from tr_apply.routing.workspace import Activity, TaskQueue, Workflow, Workspace

LANGUAGES = ("en", "es", "fr", "de", "it", "pt", "nl", "pl", "tr", "no")


@contextmanager
def undisturbed():
    """Without a garbage collection in between, which would fall on one side only."""
    gc.collect()
    gc.freeze()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
        gc.unfreeze()


# Who is in which queue


def staff(number, dice):
    return [
        {
            "skills": dice.sample([f"skill{n}" for n in range(40)], 4),
            "languages": dice.sample(LANGUAGES, 2),
            "level": dice.randrange(10),
            "team": f"team{dice.randrange(60)}",
            "remote": dice.random() < 0.3,
        }
        for _ in range(number)
    ]


def target_workers(number, dice):
    """Expressions as they are deployed: skills, languages, levels, teams, two or three of them together."""
    for _ in range(number):
        skill, language = f"skills HAS 'skill{dice.randrange(40)}'", f"languages HAS '{dice.choice(LANGUAGES)}'"
        yield dice.choice(
            [
                skill,
                f"{skill} AND level >= {dice.randrange(10)}",
                f"{skill} AND {language}",
                f"({skill} OR team == 'team{dice.randrange(60)}') AND {language} AND remote == false",
                f"team IN ['team{dice.randrange(60)}', 'team{dice.randrange(60)}'] OR level > {dice.randrange(10)}",
            ]
        )


def test_500_queues_over_50_000_workers_are_20_times_faster_than_closures(report):
    dice = random.Random(1)
    workers = staff(50_000, dice)
    trees = [parse(text) for text in target_workers(500, dice)]

    with undisturbed():
        began = time.process_time()
        index = WorkerIndex(workers)
        by_index = [index.where(tree).bit_count() for tree in trees]
        indexed = time.process_time() - began

        began = time.process_time()
        by_closures = [sum(map(compiled(tree), workers)) for tree in trees]
        closed = time.process_time() - began

    assert by_index == by_closures
    report("membership, 500 queues x 50,000 workers", f"{closed:.2f} s / {indexed:.3f} s = {closed / indexed:.0f}")
    assert closed / indexed >= 20


# A contact centre of any size


class Centre:
    """Every worker is in three queues; half of the tasks want somebody who speaks their language, the best first."""

    def __init__(self, workers, queues, tasks, waiting=0):
        """*tasks* are assigned or wait for workers who are there, and *waiting* ones for others."""
        self._sids = itertools.count(1)
        self.now = 0
        self.queues = queues
        self.engine = Engine(self._setup(queues), lambda prefix: f"{prefix}{next(self._sids)}", self._staff(workers))
        self.assigned = []
        for _ in range(waiting):
            self._create({"nobody": True})
        for _ in range(tasks):
            self.create()
        self.engine.outcome()

    def _setup(self, queues):
        choice = {"expression": "task.language IN worker.languages", "order_by": "worker.level DESC"}
        filters = [
            {
                "expression": f"queue == {number}",
                "targets": [
                    {"queue": f"WQ{number}", "timeout": 600, "priority": 1, **(choice if number % 2 else {})},
                    {"queue": f"WQ{number}"},
                ],
            }
            for number in range(20)
        ]
        routing = {"filters": filters, "default_filter": {"queue": "Nobody"}}
        return Setup(
            Workspace("WS"),
            (Activity("WA1", "Available", available=True), Activity("WA2", "Offline", available=False)),
            queues=(
                TaskQueue("Nobody", "Nobody", "1==0"),
                *(TaskQueue(f"WQ{n}", f"Queue {n}", f"queues HAS {n}") for n in range(queues)),
            ),
            workflows=(Workflow("WW1", "Incoming", json.dumps({"task_routing": routing})),),
        )

    def _staff(self, workers):
        dice = random.Random(2)
        return EngineState(
            workers=tuple(
                Worker(f"WK{n}", f"worker {n}", "WA1", Attributes.of(self._attributes(dice))) for n in range(workers)
            )
        )

    def _attributes(self, dice):
        return {
            "queues": dice.sample(range(self.queues), 3),
            "languages": dice.sample(LANGUAGES, 2),
            "level": dice.randrange(10),
        }

    def create(self):
        """A new task, for one of the first twenty queues; the worker who gets it accepts."""
        number = next(self._sids)
        self._create({"queue": number % 20, "language": LANGUAGES[number % 7]})

    def _create(self, attributes):
        self.now += 1
        new = NewTask(f"WT{next(self._sids)}", "WW1", Attributes.of(attributes), timeout_s=1_000_000)
        self.engine.create_task(new, self.now)
        self._accept()

    def complete(self):
        """The oldest assigned task is done, and its worker takes the next that waits."""
        self.now += 1
        self.engine.complete_task(self.assigned.pop(0), "done", self.now)
        self._accept()

    def _accept(self):
        outcome = self.engine.outcome()
        self.events = len(outcome.events)
        for reservation in outcome.reservations:
            if reservation.status == "pending":
                self.engine.accept(reservation.sid, self.now)
                self.assigned.append(reservation.task_sid)
                self.events += len(self.engine.outcome().events)


def seconds_per_task(centre, tasks):
    """The seconds to create a task and to complete one, so another is assigned."""
    began = time.process_time()
    for _ in range(tasks):
        centre.create()
        centre.complete()
    return (time.process_time() - began) / tasks


CENTRES = {
    "more tasks than workers": lambda size: Centre(500 * size, 20 * size, 1_500 * size),
    "more workers than tasks": lambda size: Centre(500 * size, 20 * size, 30 * size, 1_000 * size),
}


@pytest.mark.parametrize("name", CENTRES)
def test_a_task_costs_the_same_among_ten_times_as_many_of_everything(report, name):
    small, large = CENTRES[name](1), CENTRES[name](10)

    with undisturbed():
        rounds = [(seconds_per_task(small, 300), seconds_per_task(large, 300)) for _ in range(7)]

    ratio = statistics.median(of_large / of_small for of_small, of_large in rounds[1:])
    of_small, of_large = (1e6 * statistics.median(each) for each in zip(*rounds, strict=True))
    report(f"a task among ten times as many, {name}", f"{of_large:.0f} us / {of_small:.0f} us = {ratio:.2f}")
    assert ratio <= 1.5


# Against the least that a queue can be


def bare_queue(tasks, workers):
    """Tasks arrive, wait by priority and are served, with two heaps and nothing else; how many events that takes.

    An event is what happens to a task: it arrives, it is taken, it is done.
    """
    dice = random.Random(3)
    due = [(0.0, 0, 0)]
    waiting, free, events, arrived = [], workers, 0, 0
    while due:
        now, kind, number = heapq.heappop(due)
        events += 1
        if kind == 0:
            heapq.heappush(waiting, (-(number % 10), now, number))
            arrived += 1
            if arrived < tasks:
                heapq.heappush(due, (now + dice.expovariate(1.0), 0, arrived))
        else:
            free += 1
        if free and waiting:
            _, _, served = heapq.heappop(waiting)
            free -= 1
            events += 1
            heapq.heappush(due, (now + dice.expovariate(1 / workers), 1, served))
    return events


def routed_queue(tasks, workers):
    """The same in the engine, with arrivals, acceptances and completions; the number of its events."""
    dice = random.Random(3)
    numbers = itertools.count(1)
    routing = {"filters": [], "default_filter": {"queue": "WQ"}}
    engine = Engine(
        Setup(
            Workspace("WS"),
            (Activity("WA", "Available", available=True),),
            queues=(TaskQueue("WQ", "Everyone"),),
            workflows=(Workflow("WW", "Incoming", json.dumps({"task_routing": routing})),),
        ),
        lambda prefix: f"{prefix}{next(numbers)}",
        EngineState(workers=tuple(Worker(f"WK{n}", f"worker {n}", "WA") for n in range(workers))),
    )
    due, events, arrived = [(0, 0, "WT0")], 0, 0
    while due:
        now, kind, sid = heapq.heappop(due)
        if kind == 0:
            engine.create_task(NewTask(sid, "WW", priority=arrived % 10, timeout_s=1_000_000), now)
            arrived += 1
            if arrived < tasks:
                heapq.heappush(due, (now + round(1000 * dice.expovariate(1.0)), 0, f"WT{arrived}"))
        else:
            engine.complete_task(sid, "done", now)
        outcome = engine.outcome()
        events += len(outcome.events)
        for reservation in outcome.reservations:
            if reservation.status == "pending":
                engine.accept(reservation.sid, now)
                events += len(engine.outcome().events)
                done = now + round(1000 * dice.expovariate(1 / workers))
                heapq.heappush(due, (done, 1, reservation.task_sid))
    return events


def events_per_second(model, tasks, workers):
    began = time.process_time()
    events = model(tasks, workers)
    return events / (time.process_time() - began)


def test_the_engine_reports_at_least_8_percent_of_the_events_of_a_bare_queue(report):
    with undisturbed():
        rounds = [
            (events_per_second(bare_queue, 50_000, 100), events_per_second(routed_queue, 5_000, 100)) for _ in range(6)
        ]

    bare, routed = (statistics.median(each) for each in zip(*rounds[1:], strict=True))
    share = statistics.median(routed / bare for bare, routed in rounds[1:])
    report("events a second, engine and bare queue", f"{routed:,.0f} / {bare:,.0f} = {100 * share:.1f} %")
    assert share >= 0.08
