"""Properties that hold after any actions in any order, tried on random timelines."""

import contextlib
import itertools
import json
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.seeded import chosen, made, seeded
from tr_apply.routing.engine.engine import Engine
from tr_apply.routing.engine.log import EngineState
from tr_apply.routing.engine.setup import Setup
from tr_apply.routing.engine.tasks import NewTask, TaskUpdate
from tr_apply.routing.engine.workers import WorkerUpdate
from tr_apply.routing.evaluate import evaluate
from tr_apply.routing.parser import parse
from tr_apply.routing.records import HOLDING, OPEN, Attributes, Worker, WorkerChannel
from tr_apply.routing.refusals import RoutingRefusedError
from tr_apply.routing.trace import trace
from tr_apply.routing.workflow import CHANNEL_ROOT
from tr_apply.routing.workspace import Activity, TaskChannel, TaskQueue, Workflow, Workspace

thorough = settings(derandomize=True, max_examples=150)

ACTIVITIES = (
    Activity("Idle", "Idle", available=True),
    Activity("Chatty", "Chatty", available=True),
    Activity("Off", "Off", available=False),
    Activity("Reserved", "Reserved", available=False),
)
QUEUE_EXPRESSIONS = ("1==1", "skill > 1", "team == 'a'", "activity_name == 'Chatty' OR team == 'b'", "")
STEP_EXPRESSIONS = (
    None,
    "worker.team == task.team",
    "worker.skill >= task.level",
    "worker.channel.chat.available_capacity_percentage > 40",
    "worker.channel.default.assigned_tasks >= 1 OR worker.skill == 3",
)
FILTERS = ("1==1", "team == 'a'", "level > 1", "team != 'b'")
SKIPS = (None, "1==1", "workers.available == 0", "workers.Off > 0")
ORDERS = (None, "worker.skill DESC", "worker.channel.chat.available_capacity_percentage ASC")
KNOWN = ({}, {"known_worker_sid": "task.agent"}, {"known_worker_friendly_name": "task.agent"})
QUEUES = ("Q0", "Q1", "Q2")
WORKERS = ("W0", "W1", "W2", "W3")

ATTRIBUTES = {
    "team": ["a", "b", ["a"]],
    "level": [1, 2, True],
    "skill": [1, 2, 3, "2"],
    "agent": [*WORKERS, "w1", "nobody", 5],
}


def attributes(random):
    return {key: random.choice(values) for key, values in ATTRIBUTES.items() if random.random() < 1 / 2}


def or_none(random, value):
    return random.choice([value, None])


def target(random, *, first):
    queue = random.choice(QUEUES)
    written = {
        "queue": queue if first else or_none(random, queue),
        "expression": random.choice(STEP_EXPRESSIONS),
        "order_by": random.choice(ORDERS),
        "skip_if": random.choice(SKIPS),
        "timeout": random.choice([None, 5, 20]),
        "priority": random.choice([None, 0, 3]),
        **random.choice(KNOWN),
    }
    return {key: value for key, value in written.items() if value is not None}


def document(random):
    filters = [
        {
            "expression": random.choice(FILTERS),
            "targets": [target(random, first=index == 0) for index in range(random.randint(1, 3))],
        }
        for _ in range(random.randint(0, 2))
    ]
    default = or_none(random, target(random, first=True))
    return json.dumps({"task_routing": {"filters": filters} | ({} if default is None else {"default_filter": default})})


def queue(random):
    return TaskQueue(
        random.choice(QUEUES),
        "queue",
        random.choice(QUEUE_EXPRESSIONS),
        random.choice([1, 1, 2]),
        random.choice(["FIFO", "FIFO", "LIFO"]),
        random.choice([None, "Reserved"]),
        random.choice([None, "Chatty"]),
    )


def activity(random):
    return random.choice(ACTIVITIES).sid


def capacity(random):
    return random.randint(0, 3)


def flag(random):
    return random.random() < 1 / 2


def worker(random):
    sid = random.choice(WORKERS)
    return Worker(
        sid, sid, activity(random), Attributes.of(attributes(random)), {"chat": WorkerChannel(capacity(random))}
    )


def setup(random):
    found = {
        queue.sid: queue
        for queue in [TaskQueue(sid, sid) for sid in QUEUES] + [queue(random) for _ in range(random.randint(0, 4))]
    }
    return Setup(
        Workspace(
            "WS",
            "workspace",
            flag(random),
            random.choice([None, "FIFO", "LIFO"]),
            random.choice([None, "Off", "Idle"]),
        ),
        ACTIVITIES,
        (TaskChannel("default"), TaskChannel("chat", channel_optimized_routing=flag(random))),
        tuple(found.values()),
        tuple(Workflow(sid, sid, document(random), random.choice([3, 30])) for sid in ("F0", "F1")),
    )


def index(random):
    return random.randint(0, 5)


def workflow_sid(random):
    return random.choice(["F0", "F1"])


def channel(random):
    return random.choice(["default", "chat"])


def deed_of(name, *parts):
    return lambda random: (name, *(part(random) for part in parts))


def any_of(*values):
    return lambda random: random.choice(values)


def maybe(part):
    return lambda random: or_none(random, part(random))


CREATE = deed_of("create", attributes, workflow_sid, channel, any_of(0, 1, 2), any_of(60, 86_400))
ACCEPT = deed_of("accept", index)
DEEDS = (
    CREATE,
    CREATE,
    deed_of("direct", any_of(*WORKERS, *QUEUES, "F1"), flag),
    deed_of("update", index, maybe(attributes), maybe(capacity)),
    deed_of("cancel", index),
    deed_of("wrap", index),
    deed_of("complete", index),
    deed_of("delete", index),
    ACCEPT,
    ACCEPT,
    deed_of("reject", index, maybe(activity)),
    deed_of("fail", index),
    deed_of("move", any_of(*WORKERS), activity, flag),
    deed_of("channel", any_of(*WORKERS), channel, capacity, flag),
    deed_of("teach", any_of(*WORKERS), attributes),
    deed_of("hire", worker),
    deed_of("fire", any_of(*WORKERS)),
    deed_of("queue", queue),
    deed_of("workflow", workflow_sid, document, flag),
    deed_of("optimize", flag),
    deed_of("multitask"),
)


def pause_and_deed(random):
    return random.choice([0, 0, 1, 1000, 2500, 7000, 31_000]), random.choice(DEEDS)(random)


setups = made(setup)
timelines = chosen(lambda choices: choices.several(seeded(pause_and_deed), 25, size=3), 101)


def staffs(least=0):
    return chosen(lambda choices: choices.several(seeded(worker), 6, least=least, size=3), 101)


def one_of(sids, number):
    return sids[number % len(sids)] if sids else "none"


def do(engine, deed, now):  # noqa: C901, PLR0912  one case per action
    state = engine.state
    tasks, reservations = list(state.tasks), list(state.reservations)
    match deed:
        case "create", values, workflow, channel, priority, timeout:
            number = state.serial + 1
            engine.create_task(NewTask(f"T{number}", workflow, Attributes.of(values), channel, priority, timeout), now)
        case "direct", target, ignore:
            number = state.serial + 1
            engine.create_task(
                NewTask(f"T{number}", "F0", routing_target=target, ignore_capacity=ignore, queue_sid="Q0"), now
            )
        case "update", number, values, priority:
            given = None if values is None else Attributes.of(values)
            engine.update_task(one_of(tasks, number), TaskUpdate(given, priority), now)
        case "cancel", number:
            engine.cancel_task(one_of(tasks, number), "no more", now)
        case "wrap", number:
            engine.wrap_up_task(one_of(tasks, number), None, now)
        case "complete", number:
            engine.complete_task(one_of(tasks, number), "done", now)
        case "delete", number:
            engine.delete_task(one_of(tasks, number), now)
        case "accept", number:
            engine.accept(one_of(reservations, -number - 1), now)
        case "reject", number, activity:
            engine.reject(one_of(reservations, -number - 1), now, activity_sid=activity)
        case "fail", number:
            engine.fail_reservation(one_of(reservations, -number - 1), now)
        case "move", sid, activity, reject:
            engine.set_activity(sid, activity, now, reject_pending=reject)
        case "channel", sid, channel, capacity, available:
            engine.set_worker_channel(sid, channel, now, capacity=capacity, available=available)
        case "teach", sid, values:
            engine.update_worker(sid, WorkerUpdate(attributes=Attributes.of(values)), now)
        case "hire", new:
            engine.create_worker(new, now)
        case "fire", sid:
            engine.delete_worker(sid, now)
        case "queue", queue:
            engine.put_queue(queue, now)
        case "workflow", sid, document, re_evaluate:
            engine.put_workflow(replace(state.workflows[sid], document=document), now, re_evaluate=re_evaluate)
        case "optimize", optimized:
            engine.put_channel(TaskChannel("chat", channel_optimized_routing=optimized), now)
        case ("multitask",):
            engine.set_workspace(replace(state.workspace, multi_task_enabled=True), now)


def engine_with(setup, first_workers, snapshot=None):
    numbers = itertools.count()
    staff = {each.sid: each for each in first_workers}
    return Engine(
        setup, lambda prefix: f"{prefix}{next(numbers)}", snapshot or EngineState(workers=tuple(staff.values()))
    )


def played(engine, timeline, *, after_each=lambda *_: None):
    """The events of each action, and whether it was refused."""
    now = 0
    for pause, deed in timeline:
        now += pause
        engine.advance(now)
        yield "time", engine.outcome().events
        try:
            do(engine, deed, now)
            refused = False
        except RoutingRefusedError:
            refused = True
        outcome = engine.outcome()
        after_each(engine, outcome)
        yield refused, outcome.events


# The checks after each action, without the engine's own indexes


def names_of(state, party):
    activity = state.activities[party.worker.activity_sid]
    own = {
        "sid": party.worker.sid,
        "friendly_name": party.worker.name,
        "activity_sid": activity.sid,
        "activity_name": activity.name,
    }
    return {**party.worker.attributes.values, **own}


def holds(state, sid, channel=None):
    reservations = [each for each in state.reservations.values() if each.worker_sid == sid and each.status in HOLDING]
    return [each for each in reservations if channel in (None, each.channel)]


def is_free(state, party, channel):
    if not state.activities[party.worker.activity_sid].available:
        return False
    if not state.workspace.multi_task_enabled:
        return not holds(state, party.worker.sid)
    limits = party.worker.channels.get(channel, WorkerChannel())
    return limits.available and len(holds(state, party.worker.sid, channel)) < limits.capacity


def is_member(state, party, queue_sid):
    text = state.queues[queue_sid].queue.target_workers
    return bool(text) and evaluate(parse(text), names_of(state, party))


def is_eligible(state, party, task_party):
    task, step = task_party.task, task_party.step
    if not is_free(state, party, task.channel):
        return False
    if step.worker_sid is not None:
        return step.worker_sid == party.worker.sid
    if not is_member(state, party, step.queue_sid):
        return False
    if step.known_worker is not None:
        value = task.attributes.values.get("agent")
        mine = {"sid": party.worker.sid, "friendly_name": party.worker.name.lower()}[step.known_worker.by]
        given = value.lower() if step.known_worker.by == "friendly_name" and isinstance(value, str) else value
        if given != mine:
            return False
    names = {"task": task.attributes.values, "worker": names_of(state, party), CHANNEL_ROOT: numbers(state, party)}
    return step.expression is None or evaluate(step.expression, names)


def numbers(state, party):
    def of(channel):
        capacity = party.worker.channels.get(channel, WorkerChannel()).capacity
        used = holds(state, party.worker.sid, channel)
        free = max(0, int((1 - len(used) / capacity) * 100 + 1e-9)) if capacity else 0
        return {
            "configured_capacity": capacity,
            "assigned_tasks": sum(each.status == "accepted" for each in used),
            "available_capacity_percentage": free,
        }

    return {channel: of(channel) for channel in ("default", "chat")}


def check(engine, outcome):
    state = engine.state
    check_both_sides(state)
    check_places(state)
    check_capacity(state, outcome)
    for party in state.tasks.values():
        if party.task.status == "pending":
            assert not [each.worker.sid for each in state.workers.values() if is_eligible(state, each, party)]


def check_both_sides(state):
    held = {each.sid: each for each in state.reservations.values() if each.status in HOLDING}
    assert sorted(held) == sorted(sid for party in state.workers.values() for sid in party.open)
    assert sorted(held) == sorted(sid for party in state.tasks.values() for sid in party.open)
    for sid, reservation in held.items():
        assert sid in state.workers[reservation.worker_sid].open
        assert sid in state.tasks[reservation.task_sid].open
    for party in state.workers.values():
        assert party.held == sum(party.load.values()) == len(party.open)
    waiting = [
        party for queue in [*state.queues.values()] for party in queue.waiting.parties()
    ] + state.directed.parties()
    assert len(waiting) == len(set(waiting))
    assert {party.task.status for party in waiting} <= {"pending"}


def check_places(state):
    for party in state.tasks.values():
        statuses = [state.reservations[sid].status for sid in party.open]
        match party.task.status:
            case "pending" | "completed" | "canceled":
                assert statuses == []
            case "reserved":
                assert statuses
                assert set(statuses) == {"pending"}
            case "assigned":
                assert statuses == ["accepted"]
            case "wrapping":
                assert statuses == ["wrapping"]


def check_capacity(state, outcome):
    for event in outcome.events:
        if event.type == "reservation.created" and not event.task.ignore_capacity:
            party, channel = state.workers[event.worker.sid], event.task.channel
            assert (
                event.worker.channels.get(channel, WorkerChannel()).capacity > 0
                or not state.workspace.multi_task_enabled
            )
            if state.workspace.multi_task_enabled and not any_ignoring(state, party):
                assert (
                    len(holds(state, party.worker.sid, channel))
                    <= event.worker.channels.get(channel, WorkerChannel()).capacity
                )


def any_ignoring(state, party):
    return any(state.tasks[state.reservations[sid].task_sid].task.ignore_capacity for sid in party.open)


@thorough
@given(setups, staffs(), timelines)
def test_nobody_waits_for_whom_there_is_a_worker_and_nothing_has_one_side_only(setup, staff, timeline):
    for _ in played(engine_with(setup, staff), timeline, after_each=check):
        pass


@thorough
@given(setups, staffs(), timelines)
def test_the_same_timeline_gives_the_same_events(setup, staff, timeline):
    first = list(played(engine_with(setup, staff), timeline))
    second = list(played(engine_with(setup, staff), timeline))

    assert first == second


def setup_in(state):
    return Setup(
        state.workspace,
        tuple(state.activities.values()),
        tuple(state.channels.values()),
        tuple(party.queue for party in state.queues.values()),
        tuple(state.workflows.values()),
    )


def without_turns(steps):
    """*steps* without when each worker was last reserved: an outcome has it apart from the record of the worker."""
    return [
        (
            step,
            [
                each._replace(worker=each.worker and each.worker._replace(last_reserved_ms=None, last_reserved_on={}))
                for each in events
            ],
        )
        for step, events in steps
    ]


@thorough
@given(setups, staffs(), timelines, st.integers(0, 25))
def test_an_engine_built_from_a_snapshot_goes_on_as_the_other_would(setup, staff, timeline, moment):
    stays, restarts = engine_with(setup, staff), engine_with(setup, staff)
    before = list(played(restarts, timeline[:moment]))
    assert list(played(stays, timeline[:moment])) == before
    again = Engine(setup_in(restarts.state), restarts.state.new_sid, restarts.snapshot())
    now = sum(pause for pause, _ in timeline[:moment])
    later = [(now, ("optimize", True)), *timeline[moment:]]

    assert without_turns(played(again, later)) == without_turns(played(stays, later))
    assert again.snapshot() == stays.snapshot()


@thorough
@given(setups, staffs(), timelines)
def test_an_outcome_lists_all_changes_and_no_others(setup, staff, timeline):
    engine = engine_with(setup, staff)
    stored = snapshot_parts(engine)

    def store(_, outcome):
        for kind, records in (
            ("tasks", outcome.tasks),
            ("reservations", outcome.reservations),
            ("workers", outcome.workers),
        ):
            stored[kind] |= {record.sid: record for record in records}
        for turn in outcome.turns:
            each = stored["workers"][turn.worker_sid]
            latest = max(turn.reserved_ms, each.last_reserved_ms or 0)
            stored["workers"][turn.worker_sid] = each._replace(
                last_reserved_ms=latest,
                last_reserved_on={**each.last_reserved_on, turn.channel: turn.reserved_ms},
            )
        stored["versions"] |= {(each.workflow_sid, each.version): each for each in outcome.kept_versions}
        for version in outcome.dropped_versions:
            stored["versions"].pop(version, None)
        for sid in outcome.removed_task_sids:
            stored["tasks"].pop(sid, None)
            stored["reservations"] = {key: each for key, each in stored["reservations"].items() if each.task_sid != sid}
        for sid in outcome.removed_worker_sids:
            stored["workers"].pop(sid)

    now = 0
    for pause, deed in timeline:
        now += pause
        with contextlib.suppress(RoutingRefusedError):
            do(engine, deed, now)
        store(engine, engine.outcome())
        assert stored == snapshot_parts(engine)


def snapshot_parts(engine):
    snapshot = engine.snapshot()
    return {
        "tasks": {task.sid: task for task in snapshot.tasks},
        "reservations": {each.sid: each for each in snapshot.reservations},
        "workers": {each.sid: each for each in snapshot.workers},
        "versions": {(each.workflow_sid, each.version): each for each in snapshot.versions},
    }


@thorough
@given(setups, staffs(), timelines)
def test_every_task_ends(setup, staff, timeline):
    engine = engine_with(setup, staff)
    held = {deed[0] for _, deed in timeline} & {"hold"}
    list(played(engine, timeline))

    engine.advance(100 * 86_400_000)

    assert engine.state.tasks == {}
    assert engine.state.reservations == {}
    assert engine.next_timer() is None
    assert [party.held for party in engine.state.workers.values() if party.held] == []
    assert held <= {"hold"}


@thorough
@given(setups, staffs(), timelines)
def test_a_refused_action_changes_nothing(setup, staff, timeline):
    engine, now = engine_with(setup, staff), 0
    for pause, deed in timeline:
        now += pause
        engine.advance(now)
        before = engine.snapshot()
        engine.outcome()
        try:
            do(engine, deed, now)
        except RoutingRefusedError:
            assert engine.snapshot() == before
            assert engine.outcome().events == []


@thorough
@given(setups, staffs(1), timelines, made(attributes), st.sampled_from(["F0", "F1"]))
def test_a_trace_says_who_gets_a_new_task(setup, staff, timeline, values, workflow):
    engine = engine_with(setup, staff)
    list(played(engine, timeline))
    new = NewTask("new", workflow, Attributes.of(values), "chat")

    expected = trace(engine.state, new)
    task = engine.create_task(new, 0)
    reserved = [event.worker.sid for event in engine.outcome().events if event.type == "reservation.created"]

    now = [step for step in expected.steps if step.entered_s == 0]
    if not now or now[-1].left_by == "skip":
        assert task.status == "canceled"
        assert task.reason == expected.reason
    else:
        assert [each.sid for each in now[-1].workers.eligible[: now[-1].reserved]] == reserved
        assert (task.place, task.priority, task.queue_sid) == (now[-1].place, now[-1].priority, now[-1].step.queue_sid)


@thorough
@given(setups, staffs(), made(attributes))
def test_a_trace_says_how_a_task_ends_that_nobody_takes(setup, staff, values):
    resting = [each._replace(activity_sid="Off") for each in staff]
    engine = engine_with(setup, resting)
    expected = trace(engine.state, NewTask("new", "F0", Attributes.of(values)))

    engine.create_task(NewTask("new", "F0", Attributes.of(values)), 0)
    seen = []
    while engine.state.tasks["new"].task.status in OPEN:
        seen.append(engine.state.tasks["new"].task.place)
        engine.advance(engine.next_timer())

    ended = engine.state.tasks["new"].task
    assert (ended.ended_ms, ended.reason) == (1000 * expected.ended_s, expected.reason)
    assert seen == [step.place for step in expected.steps if step.left_by != "skip"]


@thorough
@given(setups, staffs(2), timelines)
def test_a_worker_who_becomes_available_takes_the_first_task(setup, staff, timeline):
    engine = engine_with(setup, staff)
    list(played(engine, timeline))
    state = engine.state
    idle = [party for party in state.workers.values() if not state.activities[party.worker.activity_sid].available]
    if not idle:
        return
    party = idle[0]
    record = party.worker._replace(activity_sid="Idle")
    imagined = type(party)(record, state.activities["Idle"], 0, state.channels)
    waiting = [
        each for each in state.tasks.values() if each.task.status == "pending" and is_eligible(state, imagined, each)
    ]

    engine.set_activity(party.worker.sid, "Idle", 0)
    reserved = [event.task.sid for event in engine.outcome().events if event.type == "reservation.created"]

    assert (
        reserved[:1] == [each.task.sid for each in sorted(waiting, key=lambda each: naive_precedence(state, each))][:1]
    )


def naive_precedence(state, party):
    task = party.task
    order = state.queues[task.queue_sid].queue.task_order if task.queue_sid else "FIFO"
    second = order != (state.workspace.prioritize_queue_order or "FIFO")
    if order == "LIFO":
        return second, -task.serial
    return second, -task.priority, task.virtual_start_ms, task.serial
