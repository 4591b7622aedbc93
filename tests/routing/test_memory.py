"""Repeated changes leave nothing in memory."""

import itertools
import json

from tr_apply.routing.engine.engine import Engine
from tr_apply.routing.engine.log import EngineState
from tr_apply.routing.engine.setup import Setup
from tr_apply.routing.engine.tasks import NewTask, TaskUpdate
from tr_apply.routing.engine.workers import WorkerUpdate
from tr_apply.routing.records import Attributes, Worker
from tr_apply.routing.workflow import DEFAULT, first_place
from tr_apply.routing.workflow_document import read_routing
from tr_apply.routing.workspace import Activity, TaskQueue, Workflow, Workspace

TARGET = {"queue": "Q", "order_by": "worker.level DESC"}


def engine_of(*workers):
    numbers = itertools.count(1)
    routing = {"filters": [{"expression": "1==1", "targets": [TARGET]}]}
    setup = Setup(
        Workspace("WS"),
        (Activity("Here", "Here", available=True), Activity("Off", "Off", available=False)),
        queues=(TaskQueue("Q", "Q"),),
        workflows=(Workflow("W", "W", json.dumps({"task_routing": routing})),),
    )
    return Engine(setup, lambda prefix: f"{prefix}{next(numbers)}", EngineState(workers=workers))


def test_a_task_whose_priority_changes_again_and_again():
    engine = engine_of(Worker("ann", "ann", "Off"))
    engine.create_task(NewTask("first", "W", priority=2_000), 0)
    engine.create_task(NewTask("restless", "W"), 0)

    for number in range(1_000):
        engine.update_task("restless", TaskUpdate(priority=number), number)
        engine.outcome()

    [group] = engine.state.queues["Q"].waiting.groups_for(())
    assert len(group._heap) < 200
    assert [party.task.sid for party in group.parties()] == ["first", "restless"]
    engine.set_activity("ann", "Here", 1_000)
    assert [each.task_sid for each in engine.outcome().reservations] == ["first"]


def test_a_worker_whose_level_changes_again_and_again():
    engine = engine_of(
        Worker("ann", "ann", "Here", Attributes.of({"level": 2_000})),
        Worker("bob", "bob", "Here", Attributes.of({"level": 0})),
    )
    engine.create_task(NewTask("first", "W"), 0)
    engine.cancel_task("first", "to set up the line", 0)

    for number in range(1_000):
        engine.update_worker("bob", WorkerUpdate(attributes=Attributes.of({"level": number})), number)
        engine.outcome()

    [line] = engine.state.queues["Q"].lines.values()
    assert len(line._heap) < 200
    engine.create_task(NewTask("second", "W"), 1_000)
    engine.create_task(NewTask("third", "W"), 1_000)
    assert [each.worker_sid for each in engine.outcome().reservations] == ["ann", "bob"]


def test_a_day_of_tasks_leaves_nothing():
    engine = engine_of(Worker("ann", "ann", "Here"))
    for number in range(300):
        engine.create_task(NewTask(f"T{number}", "W"), number * 60_000)
        [reservation] = [each for each in engine.outcome().reservations if each.status == "pending"]
        engine.accept(reservation.sid, number * 60_000 + 1)
        engine.complete_task(f"T{number}", "done", number * 60_000 + 30_000)
        engine.outcome()

    engine.advance(300 * 60_000 + 300_000)
    engine.outcome()

    state = engine.state
    assert not state.tasks
    assert not state.reservations
    assert not state.freed
    assert not state.workers["ann"].open
    assert state.users == {("W", 0): 0}
    assert state.timers.next() is None
    assert len(state.queues["Q"].lines) == 1


def test_filters_are_remembered_for_few_attributes_and_equal_texts_alone():
    filters = [
        {"expression": "vip == true", "targets": [{"queue": "A"}]},
        {"expression": "vip == 1", "targets": [{"queue": "B"}]},
    ]
    routing = read_routing(json.dumps({"task_routing": {"filters": filters, "default_filter": {"queue": "C"}}}))

    def filter_of(values):
        text, parsed = Attributes.of(values)
        return first_place(routing, parsed, 0, text=text).filter

    for _ in range(2):
        assert [filter_of({"vip": value}) for value in (True, 1, None)] == [0, 1, DEFAULT]
    assert len(routing.first) == 3
    for number in range(2_000):
        assert filter_of({"vip": None, "number": number}) == DEFAULT
    assert len(routing.first) <= 500
