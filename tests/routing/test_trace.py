"""A trace: what would happen to a task, without anything happening."""

import itertools
import json

import pytest

from tr_apply.routing.engine.engine import Engine
from tr_apply.routing.engine.log import EngineState
from tr_apply.routing.engine.setup import Setup
from tr_apply.routing.engine.tasks import NewTask
from tr_apply.routing.parser import parse
from tr_apply.routing.records import Attributes, Worker, WorkerChannel
from tr_apply.routing.refusals import IllegalStepError, UnknownResourceError
from tr_apply.routing.survey import Obstacle, first_mismatch, survey
from tr_apply.routing.trace import trace
from tr_apply.routing.workspace import Activity, TaskChannel, TaskQueue, Workflow, Workspace

FILTERS = [
    {
        "expression": "type == 'ticket'",
        "targets": [{"queue": "Gold", "timeout": 60, "priority": 5}, {"queue": "Everyone", "timeout": 30}],
    },
    {
        "expression": "type == 'own'",
        "targets": [{"queue": "Everyone", "known_worker_sid": "task.agent", "expression": "worker.level > 1"}],
    },
]


def worker(name, activity="Here", channel=None, **attributes):
    channels = {} if channel is None else {"default": channel}
    return Worker(name, name, activity, Attributes.of(attributes), channels)


STAFF = (
    worker("ann", level=1),
    worker("bob", level=3),
    worker("cid", "Off", level=3),
    worker("dora", channel=WorkerChannel(available=False), level=3),
    worker("eve", channel=WorkerChannel(0), level=3),
)


def engine(staff=STAFF, **settings):
    numbers = itertools.count(1)
    setup = Setup(
        Workspace("WS", **settings),
        (Activity("Here", "Here", available=True), Activity("Off", "Off", available=False)),
        (TaskChannel("default"),),
        (TaskQueue("Everyone", "Everyone"), TaskQueue("Gold", "Gold", "level >= 3"), TaskQueue("Empty", "Empty", "")),
        (Workflow("W", "W", json.dumps({"task_routing": {"filters": FILTERS}})),),
    )
    return Engine(setup, lambda prefix: f"{prefix}{next(numbers)}", EngineState(workers=staff))


def traced(state, **keys):
    attributes = Attributes.of(keys.pop("attributes", {}))
    return trace(state, NewTask("new", "W", attributes, **keys))


def test_a_task_is_somewhere_at_every_age_until_it_ends():
    found = traced(engine().state, attributes={"type": "ticket"})

    assert [found.at(age) and found.at(age).step.queue_sid for age in (0, 59.9, 60, 89, 90, 1000)] == [
        "Gold",
        "Gold",
        "Everyone",
        "Everyone",
        None,
        None,
    ]
    assert (found.end, found.ended_s) == ("timed_out", 90)


def test_a_task_whose_time_is_over_first_does_not_see_the_deadline():
    found = traced(engine().state, attributes={"type": "ticket"}, timeout_s=60)

    assert [step.left_by for step in found.steps] == [None]
    assert (found.end, found.ended_s) == ("expired", 60)


def test_everything_that_excludes_a_worker_is_listed_nearest_first():
    [step] = traced(engine().state, routing_target="Gold").steps

    assert [each.sid for each in step.workers.eligible] == ["bob"]
    assert [(each.worker.sid, each.obstacle) for each in step.workers.excluded] == [
        ("eve", Obstacle.CAPACITY),
        ("dora", Obstacle.CHANNEL),
        ("cid", Obstacle.ACTIVITY),
        ("ann", Obstacle.NOT_IN_QUEUE),
    ]
    assert step.workers.excluded[0].found == {"used": 0, "capacity": 0}
    assert str(step.workers.excluded[3].mismatch) == "level >= 3"


@pytest.mark.parametrize("number", range(6))
def test_only_as_many_are_named_as_somebody_asks_for(number):
    state = engine().state
    party = engine_with_task(state)
    everyone = survey(state, party.step, party.task)

    some = survey(state, party.step, party.task, nearest=number)

    assert some.eligible == everyone.eligible
    assert some.excluded == everyone.excluded[:number]
    assert some.excluded_count == everyone.excluded_count == 4


def engine_with_task(state):
    """A task that waits in Gold, of somebody else's state: only its step and record are looked at."""
    other = engine((worker("zoe", "Off", level=3),))
    other.create_task(NewTask("new", "W", routing_target="Gold"), 0)
    party = other.state.tasks["new"]
    assert party.task.queue_sid in state.queues
    return party


def test_a_known_worker_excludes_all_others_and_must_satisfy_the_expression():
    [step] = traced(engine().state, attributes={"type": "own", "agent": "ann"}).steps

    assert step.workers.eligible == ()
    assert [(each.worker.sid, each.obstacle) for each in step.workers.excluded[:2]] == [
        ("ann", Obstacle.EXPRESSION),
        ("bob", Obstacle.NOT_WANTED),
    ]
    assert step.reserved == 0


def test_an_empty_queue_is_for_nobody():
    [step] = traced(engine().state, routing_target="Empty").steps

    assert {each.obstacle for each in step.workers.excluded} == {Obstacle.NOT_IN_QUEUE}
    assert [each.mismatch for each in step.workers.excluded] == [None] * 5


def test_a_task_for_a_worker_ends_when_that_worker_lets_it_time_out():
    found = traced(engine().state, routing_target="cid")

    [step] = found.steps
    assert ([each.sid for each in step.workers.eligible], step.reserved) == (["cid"], 1)
    assert (found.end, found.ended_s) == ("not_accepted", 120)
    assert found.reason.startswith("RoutingTarget not available for Reservation acceptance")
    assert {each.obstacle for each in step.workers.excluded} == {Obstacle.NOT_WANTED}


def test_a_task_for_a_worker_who_cannot_take_it_waits_until_its_time_is_over():
    found = traced(engine().state, routing_target="cid", ignore_capacity=False, timeout_s=10)

    [step] = found.steps
    assert step.workers.excluded[0].obstacle is Obstacle.ACTIVITY
    assert (found.end, found.ended_s) == ("expired", 10)
    assert found.reason == "RoutingTarget SLA for Reservation creation was not met"


def test_a_task_for_a_queue_waits_there():
    found = traced(engine().state, routing_target="Gold")

    assert (found.filters, found.end, found.ended_s) == ((), "expired", 86_400)


def test_in_a_single_tasking_workspace_a_worker_with_a_task_has_no_capacity():
    running = engine(STAFF[:1], multi_task_enabled=False)
    running.create_task(NewTask("first", "W", routing_target="Everyone"), 0)

    [step] = traced(running.state, routing_target="Everyone").steps

    assert [(each.obstacle, each.found) for each in step.workers.excluded] == [
        (Obstacle.CAPACITY, {"used": 1, "capacity": 1})
    ]


def test_a_trace_for_a_missing_target_is_refused():
    with pytest.raises(UnknownResourceError):
        traced(engine().state, routing_target="nobody")


def test_nothing_happens_by_looking():
    running = engine()
    before = running.snapshot()

    traced(running.state, attributes={"type": "ticket"})

    assert running.snapshot() == before
    assert running.outcome().events == []


@pytest.mark.parametrize(
    ("text", "said", "found"),
    [
        ("a == 1 AND b == 2", "b == 2", {"b": 3}),
        ("a == 2 OR b == 2", "a == 2", {"a": 1}),
        ("a == 1 AND (b == 2 OR c HAS 'x')", "b == 2", {"b": 3}),
        ("b == a", "b == a", {"b": 3, "a": 1}),
        ("1 == 2", "1 == 2", {}),
        ("d.e IN ['x', a]", "d.e IN ['x', a]", {"d.e": None, "a": 1}),
    ],
)
def test_the_first_false_comparison_is_found_with_its_values(text, said, found):
    mismatch = first_mismatch(parse(text), {"a": 1, "b": 3})

    assert str(mismatch) == said
    assert {str(path): value for path, value in mismatch.found} == found


def test_a_true_expression_has_no_mismatch():
    assert first_mismatch(parse("a == 1 OR b == 1"), {"a": 1}) is None


def test_a_step_without_a_queue_finds_nobody():
    setup = Setup(
        Workspace("WS"),
        (Activity("Here", "Here", available=True),),
        workflows=(Workflow("W", "W", '{"task_routing": {"default_filter": {}}}'),),
    )
    running = Engine(setup, lambda prefix: prefix, EngineState(workers=(worker("ann"),)))

    task = running.create_task(NewTask("T", "W"), 0)
    [step] = traced(running.state).steps

    assert (task.status, task.queue_sid) == ("pending", None)
    assert (step.workers.eligible, step.workers.excluded_count) == ((), 1)
    running.advance(86_400_000)
    assert running.state.tasks["T"].task.reason == "Task TTL Exceeded"


def test_two_workers_cannot_have_one_sid():
    with pytest.raises(IllegalStepError):
        engine().create_worker(worker("zoe")._replace(sid="ann"), 0)


def test_the_channels_of_a_worker_can_be_listed():
    party = engine().state.workers["eve"]

    assert {channel: dict(numbers) for channel, numbers in party.numbers.items()} == {
        "default": {"configured_capacity": 0, "assigned_tasks": 0, "available_capacity_percentage": 0}
    }
    assert len(party.numbers) == 1
