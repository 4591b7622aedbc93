"""Worker channels: how much work of each task channel a worker takes."""

from collections.abc import Iterator, Mapping
from typing import Any

from tr_apply.live import Live
from tr_apply.plan.change import Action, FieldChange, Operation, Verb, Write
from tr_apply.plan.diff import changed_fields, masked
from tr_apply.plan.draft import Draft
from tr_apply.plan.ownership import rule_of
from tr_apply.resources import WORKER, WORKER_CHANNEL
from tr_apply.resources.kind import name_key
from tr_apply.resources.template import SidOf
from tr_apply.resources.worker import WorkerChannel
from tr_apply.wire import Labels, form_of, model_of

_AS_TASKROUTER_MAKES_IT = WorkerChannel()


def channel_operations(draft: Draft) -> Iterator[Operation]:
    """An update for each declared channel of a declared worker that differs; TaskRouter creates them by itself."""
    for match in draft.new:
        if match.kind is WORKER:
            yield from _of_worker(draft, match.declared, None)
    for each in draft.kept:
        if each.kind is WORKER and each.declared:
            yield from _of_worker(draft, each.after, each.live)


def unchanged_channels(draft: Draft, operations: int) -> int:
    """How many declared worker channels need nothing, where *operations* need something."""
    declared = (m.declared for m in draft.new if m.kind is WORKER)
    kept = (each.after for each in draft.kept if each.kind is WORKER and each.declared)
    return sum(len(worker.channels or ()) for worker in (*declared, *kept)) - operations


def _of_worker(draft: Draft, worker: Any, live: Live | None) -> Iterator[Operation]:
    held = {} if live is None else _live_channels(draft, live)
    for written, wanted in sorted((worker.channels or {}).items()):
        channel = draft.world.name("task_channel", written)
        before = held.get(name_key(channel))
        model = _AS_TASKROUTER_MAKES_IT if before is None else model_of(before, Labels({}))
        if changes := changed_fields(WORKER_CHANNEL, model, wanted):
            yield _update(draft, worker.name, channel, wanted, before, changes)


def _live_channels(draft: Draft, live: Live) -> Mapping[str, Live]:
    """By the name that the task channel will have; one that is being replaced is a new one."""
    return {name_key(each.name): each for each in draft.snapshot.channels.get(live.sid, ())}


def _update(
    draft: Draft, worker: str, channel: str, wanted: WorkerChannel, before: Live | None, changes: list[FieldChange]
) -> Operation:
    name = f"{worker}/{channel}"
    hidden = [
        FieldChange(c.path, c.before, c.after, sensitive=masked_path)
        for c, masked_path in zip(changes, _sensitive(draft, channel, changes), strict=True)
    ]
    write = Write(
        Verb.UPDATE,
        SidOf(WORKER_CHANNEL.name, name),
        None if before is None else before.sid,
        form_of(WORKER_CHANNEL, wanted, [change.path for change in changes]),
        needs=frozenset({SidOf(WORKER.name, worker), SidOf("task_channel", channel)}),
    )
    sid = None if before is None else before.sid
    return Operation(Action.UPDATE, WORKER_CHANNEL.name, name, sid, hidden, (write,))


def _sensitive(draft: Draft, channel: str, changes: list[FieldChange]) -> list[bool]:
    """Patterns are written for the worker: ``channels.voice.capacity``."""
    rule = rule_of(draft.document, WORKER)
    as_of_worker = [FieldChange(f"channels.{channel}.{c.path}", c.before, c.after) for c in changes]
    return [change.sensitive for change in masked(as_of_worker, rule.sensitive)]
