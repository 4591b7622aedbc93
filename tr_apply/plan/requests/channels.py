"""Worker channels: how much work of each task channel a worker takes."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from tr_apply.live import Live
from tr_apply.plan.change import Action, FieldChange, Operation, Verb, Write
from tr_apply.plan.compare.diff import changed_fields, masked
from tr_apply.plan.matching.decisions import Decisions
from tr_apply.resources import TASK_CHANNEL, WORKER, WORKER_CHANNEL, SidOf, WorkerChannel
from tr_apply.routing.names import name_key
from tr_apply.wire import Labels, form_of, model_of

_AS_TASKROUTER_MAKES_IT = WorkerChannel.model_construct()


def channel_operations(decisions: Decisions) -> Iterator[Operation]:
    """An update for each declared channel of a declared worker that differs; TaskRouter creates them by itself."""
    for match in decisions.new_of(WORKER):
        yield from _of_worker(decisions, match.declared, None)
    for each in decisions.declared_of(WORKER):
        if each.after.channels:
            yield from _of_worker(decisions, each.after, each.live)


def unchanged_channels(decisions: Decisions, operations: int) -> int:
    """How many declared worker channels need nothing, where *operations* need something."""
    new = (match.declared for match in decisions.new_of(WORKER))
    kept = (each.after for each in decisions.declared_of(WORKER))
    return sum(len(worker.channels or ()) for worker in (*new, *kept)) - operations


def _of_worker(decisions: Decisions, worker: Any, live: Live | None) -> Iterator[Operation]:
    if not worker.channels:
        return
    held = {} if live is None else _live_channels(decisions, live)
    for written, wanted in sorted(worker.channels.items()):
        channel = decisions.matched.name(TASK_CHANNEL.name, written)
        before = held.get(name_key(channel))
        model = _AS_TASKROUTER_MAKES_IT if before is None else model_of(before, Labels({}))
        if changes := changed_fields(WORKER_CHANNEL, model, wanted):
            yield _update(decisions, SidOf(WORKER.name, worker.name), channel, wanted, before, changes)


def _live_channels(decisions: Decisions, live: Live) -> Mapping[str, Live]:
    """By the name that the task channel will have; one that is being replaced is a new one."""
    return {name_key(each.name): each for each in decisions.snapshot.channels.get(live.sid, ())}


def _update(
    decisions: Decisions,
    worker: SidOf,
    channel: str,
    wanted: WorkerChannel,
    before: Live | None,
    changes: list[FieldChange],
) -> Operation:
    name, sid = f"{worker.name}/{channel}", None if before is None else before.sid
    told = _told(decisions, worker.name, channel, changes)
    form = form_of(WORKER_CHANNEL, wanted, [change.path for change in changes])
    write = Write(
        Verb.UPDATE,
        SidOf(WORKER_CHANNEL.name, name),
        sid,
        form,
        needs=frozenset({worker, SidOf(TASK_CHANNEL.name, channel)}),
        secrets=frozenset(form) if any(change.sensitive for change in told) else frozenset(),
    )
    reason = "live values differ from the worker's `channels`"
    return Operation(Action.UPDATE, WORKER_CHANNEL.name, name, sid, told, (write,), reason=reason)


def _told(decisions: Decisions, worker: str, channel: str, changes: Sequence[FieldChange]) -> Sequence[FieldChange]:
    """*changes* with the secret ones marked; patterns are written for the worker."""
    of_worker = [replace(change, path=f"channels.{channel}.{change.path}") for change in changes]
    return [
        replace(change, sensitive=found.sensitive)
        for change, found in zip(changes, masked(decisions.document, WORKER, worker, of_worker), strict=True)
    ]
