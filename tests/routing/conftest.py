"""Plays timelines on the routing engine, as scenarios/*.yaml write them, with names in place of SIDs."""

import itertools
import json
import re
from dataclasses import replace

import pytest

from tr_apply.routing.engine.engine import Engine
from tr_apply.routing.engine.log import EngineState
from tr_apply.routing.engine.setup import Setup
from tr_apply.routing.engine.tasks import NewTask, TaskUpdate
from tr_apply.routing.engine.workers import WorkerUpdate
from tr_apply.routing.events import ActivityChange, ChannelChange, KnownWorkerSought
from tr_apply.routing.records import Attributes, Worker, WorkerChannel
from tr_apply.routing.refusals import RoutingRefusedError
from tr_apply.routing.workspace import Activity, TaskChannel, TaskQueue, Workflow, Workspace

UNITS = {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000}


def milliseconds(text):
    number, unit = re.fullmatch(r"([0-9.]+)(ms|s|m|h)", text).groups()
    return round(float(number) * UNITS[unit])


def seconds(moment_ms):
    return f"{moment_ms / 1000:g}s"


# The workspace


def setup_of(workspace):
    settings = {
        key: value for key, value in workspace.items() if key in {"multi_task_enabled", "prioritize_queue_order"}
    }
    return Setup(
        Workspace("WS", "Scenario", timeout_activity_sid=workspace.get("timeout_activity"), **settings),
        tuple(Activity(name, name, available) for name, available in workspace["activities"].items()),
        tuple(channel_of(name, keys or {}) for name, keys in workspace.get("channels", {"default": {}}).items()),
        tuple(queue_of(name, keys or {}) for name, keys in workspace["queues"].items()),
        tuple(workflow_of(name, keys) for name, keys in workspace["workflows"].items()),
    )


def channel_of(name, keys):
    return TaskChannel(name, channel_optimized_routing=keys.get("optimized", False))


def queue_of(name, keys):
    return TaskQueue(
        name,
        name,
        keys.get("workers", "1==1"),
        keys.get("max_reserved_workers", 1),
        keys.get("order", "FIFO"),
        keys.get("reservation_activity"),
        keys.get("assignment_activity"),
    )


def workflow_of(name, keys):
    routing = {key: value for key, value in keys.items() if key != "reservation_timeout"}
    document = json.dumps({"task_routing": routing})
    return Workflow(name, name, document, milliseconds(keys.get("reservation_timeout", "120s")) // 1000)


def worker_of(name, keys):
    channels = {
        channel: WorkerChannel(**limits) if isinstance(limits, dict) else WorkerChannel(limits)
        for channel, limits in keys.get("channels", {}).items()
    }
    return Worker(
        name,
        name,
        keys.get("activity", "Available"),
        Attributes.of(keys.get("attributes", {})),
        channels,
        milliseconds(keys["status_changed"]) if "status_changed" in keys else 0,
        milliseconds(keys["last_reserved"]) if "last_reserved" in keys else None,
        {channel: milliseconds(moment) for channel, moment in keys.get("last_reserved_on", {}).items()},
    )


def engine_of(workspace):
    numbers = itertools.count(1)
    workers = tuple(worker_of(name, keys or {}) for name, keys in workspace["workers"].items())
    return Engine(setup_of(workspace), lambda prefix: f"{prefix}{next(numbers)}", EngineState(workers=workers))


# Actions


def task_values(keys):
    attributes = keys.get("attributes")
    since = keys.get("virtual_start")
    return {
        "attributes": None if attributes is None else Attributes.of(attributes),
        "priority": keys.get("priority"),
        "virtual_start_ms": None if since is None else milliseconds(since),
    }


def create_task(engine, name, keys, now):
    given = {key: value for key, value in task_values(keys).items() if value is not None}
    if "timeout" in keys:
        given["timeout_s"] = milliseconds(keys["timeout"]) // 1000
    others = {
        "channel": "channel",
        "routing_target": "routing_target",
        "ignore_capacity": "ignore_capacity",
        "queue": "queue_sid",
    }
    given |= {field: keys[key] for key, field in others.items() if key in keys}
    workflow = keys.get("workflow") or next(iter(engine.state.workflows), "")
    engine.create_task(NewTask(name, workflow, **given), now)


def reservation_of(engine, text):
    """The newest reservation of ``TASK by WORKER``."""
    task, worker = text.split(" by ")
    found = [each.sid for each in engine.snapshot().reservations if (each.task_sid, each.worker_sid) == (task, worker)]
    return found[-1]


def change_queue(engine, name, keys, now):
    before = engine.state.queues[name].queue
    engine.put_queue(
        replace(before, **{field: getattr(queue_of(name, keys), field) for field in queue_fields(keys)}), now
    )


def queue_fields(keys):
    others = {"workers": "target_workers", "order": "task_order"}
    return [others.get(key, key) for key in keys]


def change_workflow(engine, name, keys, now):
    routing = {key: value for key, value in keys.items() if key != "re_evaluate_tasks"}
    engine.put_workflow(workflow_of(name, routing), now, re_evaluate=keys.get("re_evaluate_tasks", False))


def change_workspace(engine, _, keys, now):
    fields = {"timeout_activity": "timeout_activity_sid"}
    changed = {fields.get(key, key): value for key, value in keys.items()}
    engine.set_workspace(replace(engine.state.workspace, **changed), now)


def update_worker(engine, name, keys, now):
    attributes = keys.get("attributes")
    changes = WorkerUpdate(keys.get("name"), None if attributes is None else Attributes.of(attributes))
    engine.update_worker(name, changes, now)


def move_worker(engine, text, keys, now):
    name, activity = text.split(" to ")
    engine.set_activity(name, activity, now, reject_pending=keys.get("reject_pending", False))


def set_channel(engine, text, keys, now):
    name, channel = text.split(" on ")
    engine.set_worker_channel(name, channel, now, **keys)


DEEDS = {
    "create task": create_task,
    "update task": lambda e, name, keys, now: e.update_task(
        name, TaskUpdate(**task_values(keys), channel=keys.get("channel")), now
    ),
    "cancel task": lambda e, name, keys, now: e.cancel_task(name, keys.get("reason", "canceled by a person"), now),
    "wrap up task": lambda e, name, keys, now: e.wrap_up_task(name, keys.get("reason"), now),
    "complete task": lambda e, name, keys, now: e.complete_task(name, keys.get("reason", "done"), now),
    "delete task": lambda e, name, _, now: e.delete_task(name, now),
    "accept": lambda e, text, _, now: e.accept(reservation_of(e, text), now),
    "reject": lambda e, text, keys, now: e.reject(reservation_of(e, text), now, activity_sid=keys.get("activity")),
    "fail": lambda e, text, keys, now: e.fail_reservation(
        reservation_of(e, text), now, reason_code=keys.get("reason_code")
    ),
    "rescind": lambda e, text, _, now: e.rescind_reservation(reservation_of(e, text), now),
    "time out": lambda e, text, _, now: e.time_out_reservation(reservation_of(e, text), now),
    "wrap up": lambda e, text, _, now: e.wrap_up_reservation(reservation_of(e, text), now),
    "complete": lambda e, text, _, now: e.complete_reservation(reservation_of(e, text), now),
    "create worker": lambda e, name, keys, now: e.create_worker(worker_of(name, keys), now),
    "update worker": update_worker,
    "move worker": move_worker,
    "set channel": set_channel,
    "delete worker": lambda e, name, _, now: e.delete_worker(name, now),
    "change workspace": change_workspace,
    "put activity": lambda e, name, keys, now: e.put_activity(
        Activity(name, keys.get("name", name), keys["available"]), now
    ),
    "delete activity": lambda e, name, _, now: e.delete_activity(name, now),
    "put channel": lambda e, name, keys, now: e.put_channel(channel_of(name, keys), now),
    "delete channel": lambda e, name, _, now: e.delete_channel(name, now),
    "create queue": lambda e, name, keys, now: e.put_queue(queue_of(name, keys), now),
    "change queue": change_queue,
    "delete queue": lambda e, name, _, now: e.delete_queue(name, now),
    "create workflow": lambda e, name, keys, now: e.put_workflow(workflow_of(name, keys), now),
    "change workflow": change_workflow,
    "delete workflow": lambda e, name, _, now: e.delete_workflow(name, now),
}


def do(engine, step, now):
    """Carry out one entry of a timeline; the code of the refusal, if it is refused."""
    deeds = [key for key in step if key in DEEDS]
    try:
        for deed in deeds:
            DEEDS[deed](engine, step[deed], step.get("with", {}), now)
    except RoutingRefusedError as refusal:
        return refusal.status
    engine.advance(now)
    return None


# Events


def told(event):
    """An event in words."""
    words = [event.type]
    if event.task is not None:
        words.append(event.task.sid)
    if event.type.startswith("task-queue.") and event.task is not None:
        words.append(event.task.queue_sid)
    if event.worker is not None:
        words.append(event.worker.name)
    if event.type == "task.canceled":
        words.append(f"({event.task.reason})")
    words.extend(_about(event))
    return " ".join(words)


def _about(event):
    match event.about:
        case ActivityChange() if event.type == "worker.activity.update":
            yield f"{event.about.previous_activity_sid} -> {event.worker.activity_sid}"
        case ChannelChange(channel, previous):
            limits = event.worker.channels[channel]
            available = "available" if limits.available else "not available"
            yield f"{channel} {previous} -> {limits.capacity}" if "capacity" in event.type else f"{channel} {available}"
        case KnownWorkerSought(value, code):
            yield "known worker not named" if value is None else f"known worker {value}"
            if code is not None:
                yield f"(error {code})"
        case Activity() | TaskQueue() | Workflow() | Workspace():
            yield event.about.name
        case TaskChannel(name):
            yield name


def shown(event, kinds):
    return kinds is None or event.type.split(".")[0] in kinds


def facts_of(engine, name, wanted):
    """The requested facts about a task or a worker."""
    if name in engine.state.tasks:
        task = engine.state.tasks[name].task
        known = {
            "status": task.status,
            "queue": task.queue_sid,
            "priority": task.priority,
            "reason": task.reason,
            "deadline": task.place and task.place.deadline_ms is not None and seconds(task.place.deadline_ms),
            "held by": [engine.state.reservations[sid].worker_name for sid in engine.state.tasks[name].open],
        }
    elif name in engine.state.workers:
        party = engine.state.workers[name]
        known = {
            "activity": party.worker.activity_sid,
            "holds": [engine.state.reservations[sid].task_sid for sid in party.open],
            "channels": {channel: dict(party.numbers[channel]) for channel in wanted.get("channels", {})},
        }
    else:
        known = {"exists": False}
    return {key: known.get(key) for key in wanted}


def play(scenario, workspace):
    """Events, refusals and facts, in the shape of a timeline."""
    engine = engine_of(workspace)
    for step in scenario["timeline"]:
        now = milliseconds(step["at"])
        refusal = do(engine, step, now)
        events = [event for event in engine.outcome().events if shown(event, scenario.get("only"))]
        yield {
            "at": step["at"],
            "refused": refusal,
            "events": [
                told(event) if event.at_ms == now else f"{seconds(event.at_ms)} {told(event)}" for event in events
            ],
            "then": {name: facts_of(engine, name, wanted) for name, wanted in step.get("then", {}).items()},
        }


@pytest.fixture(name="play")
def player():
    return play


@pytest.fixture(name="engine_of")
def builder():
    return engine_of
