"""An engine that is built again from its snapshot goes on where the other stopped, timers included."""

import json

import pytest

from tr_apply.routing.engine.engine import Engine
from tr_apply.routing.engine.log import EngineState
from tr_apply.routing.engine.setup import Setup
from tr_apply.routing.engine.tasks import NewTask
from tr_apply.routing.records import Worker
from tr_apply.routing.workspace import Activity, TaskQueue, Workflow, Workspace

FILTERS = [
    {"expression": "1==1", "targets": [{"queue": "First", "timeout": 10}, {"queue": "Second", "timeout": 10}]},
]
SETUP = Setup(
    Workspace("WS", timeout_activity_sid="Off"),
    (Activity("Here", "Here", available=True), Activity("Off", "Off", available=False)),
    queues=(TaskQueue("First", "First", "1==0"), TaskQueue("Second", "Second")),
    workflows=(Workflow("W", "W", json.dumps({"task_routing": {"filters": FILTERS}}), 30),),
)


def started(*workers):
    return Engine(SETUP, lambda prefix: f"{prefix}1", EngineState(workers=workers))


def told(engine):
    return [(event.type, event.at_ms, event.task and event.task.reason) for event in engine.outcome().events]


def both(engine):
    """The engine, and the same after a restart."""
    engine.outcome()
    return engine, Engine(SETUP, lambda prefix: f"{prefix}1", engine.snapshot())


def test_deadlines_that_passed_while_it_was_down_count_at_their_own_time():
    engine = started()
    engine.create_task(NewTask("T", "W"), 0)
    stayed, restarted = both(engine)

    for each in (stayed, restarted):
        each.advance(60_000)

    expected = [("task-queue.timeout", 10_000), ("workflow.target-matched", 10_000), ("task-queue.moved", 10_000)]
    events = told(restarted)
    assert [event[:2] for event in events[:3]] == expected
    assert events[-1] == ("task.canceled", 20_000, "Task canceled on Workflow timeout")
    assert told(stayed) == events
    assert restarted.snapshot() == stayed.snapshot()


def test_a_pending_reservation_times_out_and_an_accepted_one_stays():
    engine = started(Worker("ann", "ann", "Here"))
    engine.create_task(NewTask("T", "W"), 0)
    engine.advance(10_000)
    _, restarted = both(engine)

    assert restarted.next_timer() == 40_000
    restarted.advance(40_000)
    assert [event[0] for event in told(restarted)][:2] == ["reservation.timeout", "worker.activity.update"]

    engine.accept("WR1", 11_000)
    _, restarted = both(engine)
    restarted.advance(100_000)
    assert told(restarted) == []
    assert restarted.complete_task("T", "done", 100_001).status == "completed"


@pytest.mark.parametrize("queue", [None, "Second"])
def test_a_task_for_a_worker_who_is_gone_is_still_for_nobody_else(queue):
    engine = started(Worker("ann", "ann", "Off"), Worker("bob", "bob", "Off"))
    engine.create_task(
        NewTask("T", "W", routing_target="ann", ignore_capacity=False, queue_sid=queue, timeout_s=100), 0
    )
    engine.delete_worker("ann", 1)
    stayed, restarted = both(engine)

    for each in (stayed, restarted):
        each.set_activity("bob", "Here", 2)
        each.advance(100_000)

    events = told(restarted)
    assert [event[0] for event in events] == ["worker.activity.update", "task.canceled", "reservation.failed"]
    assert told(stayed) == events


def test_ended_tasks_vanish_after_a_restart_too():
    engine = started()
    engine.create_task(NewTask("T", "W"), 0)
    engine.cancel_task("T", "hang up", 1_000)
    _, restarted = both(engine)

    restarted.advance(301_000)

    assert restarted.outcome().removed_task_sids == ["T"]
    assert restarted.snapshot().tasks == ()
