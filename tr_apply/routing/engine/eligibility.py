"""Which workers may take a task, and in what order: what both the engine and its explanations go by.

A worker is eligible in a step who is in its queue, in an available activity, wanted if the step wants one known worker,
admitted by its expression, and has something left to take.
"""

from collections.abc import Callable
from typing import Any, TypeAlias

from tr_apply.routing.engine.line import Key
from tr_apply.routing.engine.parties import WorkerParty
from tr_apply.routing.evaluate import order_key
from tr_apply.routing.records import Task
from tr_apply.routing.workflow import CHANNEL_ROOT, Step

Ready: TypeAlias = Callable[[WorkerParty, str], bool]
"""Whether a worker could take a task of a channel now."""


def ready_for_several(worker: WorkerParty, channel: str) -> bool:
    """In a multitasking workspace: an available activity, an available channel, and capacity left on it."""
    if not worker.available:
        return False
    limits = worker.channel(channel)
    return limits.available and worker.load.get(channel, 0) < limits.capacity


def ready_for_one(worker: WorkerParty, _channel: str) -> bool:
    """In a single-tasking workspace: an available activity, and nothing in hand."""
    return worker.available and not worker.held


def admission(step: Step, task: Task) -> Callable[[WorkerParty], bool] | None:
    """Whether a worker satisfies the expression of *step* for *task*; None where there is none."""
    admits = step.admits
    if admits is None:
        return None
    names: dict[str, Any] = {"task": task.attributes.values}

    def fits(worker: WorkerParty) -> bool:
        names["worker"] = worker.names
        names[CHANNEL_ROOT] = worker.numbers
        return admits(names)

    return fits


def preference(step: Step, idle: Callable[[WorkerParty], Key]) -> Callable[[WorkerParty], Key]:
    """The key to sort the workers of *step* by: order_by first, then the longest idle."""
    order_by = step.order_by
    if order_by is None:
        return idle
    names_of = _names_and_channels if step.orders_by_load else _names
    return lambda worker: (order_key(order_by, names_of(worker)), *idle(worker))


def _names(worker: WorkerParty) -> dict[str, Any]:
    return worker.names


def _names_and_channels(worker: WorkerParty) -> dict[str, Any]:
    return {**worker.names, "channel": worker.numbers}
