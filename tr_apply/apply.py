"""Carries out a plan: the only place that writes to a workspace."""

import asyncio
import heapq
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from tr_apply.client import Client
from tr_apply.errors import AnswerLostError, TrApplyError
from tr_apply.plan.change import Operation, Verb, Write
from tr_apply.plan.order import Step, schedule
from tr_apply.resources import KIND_BY_NAME, WORKER, WORKER_CHANNEL, WORKSPACE
from tr_apply.resources.kind import name_key
from tr_apply.resources.template import SID, SidOf
from tr_apply.wire import form_text


class Status(StrEnum):
    """How an operation ended."""

    DONE = "done"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(slots=True)
class Result:
    """What became of an operation.

    Attributes:
        operation: The operation.
        requests: How many of its writes were carried out.
        error: Why it failed or was skipped; empty when it is done.
        failed: Whether a request of it failed.
        lost: Whether a request of it may have been carried out although no answer arrived.
    """

    operation: Operation
    requests: int = 0
    error: str = ""
    failed: bool = False
    lost: bool = False

    @property
    def status(self) -> Status:
        """Done only if every request was."""
        if self.failed:
            return Status.FAILED
        return Status.DONE if self.requests == self.operation.requests else Status.SKIPPED


Progress = Callable[[Result], None]
"""Is told whenever a request of an operation has ended."""


@dataclass(slots=True)
class Stop:
    """Asks a run to begin nothing new."""

    asked: bool = False


class Sids:
    """SIDs by what they stand for, names compared as TaskRouter compares them."""

    def __init__(self, known: Mapping[SidOf, str]) -> None:
        self._known = {(label.kind, name_key(label.name)): sid for label, sid in known.items()}

    def __getitem__(self, label: SidOf) -> str:
        """The SID of *label*; a name that is a SID stands for itself."""
        sid = self._known.get((label.kind, name_key(label.name)))
        if sid is None and SID.match(label.name):
            return label.name
        assert sid is not None, f"the SID of {label} is not known"
        return sid

    def __setitem__(self, label: SidOf, sid: str) -> None:
        """What was just created."""
        self._known[label.kind, name_key(label.name)] = sid


@dataclass(slots=True)
class _Run:
    steps: Sequence[Step]
    results: list[Result]
    waiting: dict[int, int] = field(default_factory=dict)
    dependents: dict[int, list[int]] = field(default_factory=dict)
    ready: list[int] = field(default_factory=list)
    early_left: int = 0
    late: list[int] = field(default_factory=list)
    unsound: bool = False
    """Whether something failed, so that nothing is deleted any more."""


async def carry_out(
    operations: Sequence[Operation],
    client: Client,
    sids: Sids,
    *,
    progress: Progress,
    stop: Stop,
) -> list[Result]:
    """Send every request of *operations*, independent ones side by side.

    A failure blocks only what depends on it; deletes wait until everything else has succeeded.
    """
    run = _begun(operations)
    running: dict[asyncio.Task[None], Step] = {}
    try:
        while (run.ready and not stop.asked) or running:
            while run.ready and len(running) < client.concurrency and not stop.asked:
                step = run.steps[heapq.heappop(run.ready)]
                running[asyncio.create_task(_send(step.write, client, sids))] = step
            done, _ = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                _settle(run, running.pop(task), task, progress)
    finally:
        for task in running:
            task.cancel()
    for result in run.results:
        if not result.failed and result.requests < result.operation.requests and not result.error:
            result.error = "interrupted" if stop.asked else "something before it failed, and deletes come last"
    return run.results


def _begun(operations: Sequence[Operation]) -> _Run:
    steps = schedule(operations)
    run = _Run(steps, [Result(operation) for operation in operations])
    for step in steps:
        run.waiting[step.number] = len(step.after)
        for before in step.after:
            run.dependents.setdefault(before, []).append(step.number)
        run.early_left += not step.write.late
    for step in steps:
        if not step.after:
            _make_ready(run, step)
    _release_late(run)
    return run


def _make_ready(run: _Run, step: Step) -> None:
    if step.write.late and run.early_left:
        run.late.append(step.number)
    else:
        heapq.heappush(run.ready, step.number)


def _release_late(run: _Run) -> None:
    if not run.early_left and not run.unsound:
        for number in run.late:
            heapq.heappush(run.ready, number)
        run.late.clear()


def _settle(run: _Run, step: Step, task: asyncio.Task[None], progress: Progress) -> None:
    result = run.results[step.operation]
    try:
        task.result()
    except TrApplyError as error:
        result.failed, result.error = True, str(error)
        result.lost = result.lost or isinstance(error, AnswerLostError)
        run.unsound = True
        _skip_dependents(run, step, str(step.write.target))
        progress(result)
        return
    result.requests += 1
    run.early_left -= not step.write.late
    for number in run.dependents.get(step.number, ()):
        run.waiting[number] -= 1
        if not run.waiting[number]:
            _make_ready(run, run.steps[number])
    _release_late(run)
    progress(result)


def _skip_dependents(run: _Run, failed: Step, cause: str) -> None:
    pending = list(run.dependents.get(failed.number, ()))
    seen: set[int] = set()
    while pending:
        number = pending.pop()
        if number in seen:
            continue
        seen.add(number)
        result = run.results[run.steps[number].operation]
        if not result.failed and not result.error:
            result.error = f"needs {cause}, which failed"
        pending.extend(run.dependents.get(number, ()))


async def _send(write: Write, client: Client, sids: Sids) -> None:
    kind = KIND_BY_NAME[write.target.kind]
    workspace_sid = sids[SidOf(WORKSPACE.name, "")] if write.verb is not Verb.CREATE or kind is not WORKSPACE else None
    form = {name: form_text(value, sids.__getitem__) for name, value in write.form.items()}
    if write.verb is Verb.CREATE:
        live = await client.create(kind, workspace_sid, form)
        sids[write.target] = live.sid
        return
    assert workspace_sid is not None
    if kind is WORKER_CHANNEL:
        worker = next(each for each in write.needs if each.kind == WORKER.name)
        channel = write.sid or write.target.name.removeprefix(f"{worker.name}/")
        await client.update_worker_channel(workspace_sid, sids[worker], channel, form)
    elif write.verb is Verb.UPDATE:
        await client.update(kind, workspace_sid, write.sid or sids[write.target], form)
    else:
        await client.delete(kind, workspace_sid, write.sid or sids[write.target])
