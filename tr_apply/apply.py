"""Carries out a plan: the only place that writes to a workspace."""

import asyncio
import heapq
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import field
from enum import StrEnum
from graphlib import TopologicalSorter

from tr_apply.client import Client, Seen
from tr_apply.errors import AnswerLostError, ApiError, IncompleteError, InterruptedRunError, StaleError, TrApplyError
from tr_apply.frozen import unfrozen
from tr_apply.live import Answer
from tr_apply.plan.change import Action, Operation, Verb, Write
from tr_apply.plan.requests.order import RequestStep, schedule
from tr_apply.printable import printable
from tr_apply.resources import KIND_BY_NAME, SID, THE_WORKSPACE, WORKER, WORKER_CHANNEL, Kind, SidOf
from tr_apply.routing.names import name_key
from tr_apply.transport import Purpose
from tr_apply.wire import form_text


class Status(StrEnum):
    """How an operation ended."""

    DONE = "done"
    FAILED = "failed"
    SKIPPED = "skipped"


@unfrozen
class Result:
    """The result of an operation.

    Attributes:
        operation: The operation.
        requests: How many of its writes were carried out.
        error: Why it failed or was skipped; empty when it is done.
        failed: Whether a request of it failed.
        lost: Whether no answer arrived to one of its requests, which may have been carried out.
        stale: Whether it failed because the workspace has changed since the plan was made.
        made: SID of the resource that it created.
        bug: The error of ours that prevented sending a request or reading its answer.
    """

    operation: Operation
    requests: int = 0
    error: str = ""
    failed: bool = False
    lost: bool = False
    stale: bool = False
    made: str | None = None
    bug: Exception | None = None

    @property
    def sid(self) -> str | None:
        """SID of its resource, at the end; None if there is none."""
        return self.made or self.operation.sid

    def fail(self, error: Exception, message: str) -> None:
        """Note that a request has failed; one that an error of ours ended may have been carried out."""
        self.failed, self.error = True, message
        self.lost = self.lost or isinstance(error, AnswerLostError)
        self.stale = self.stale or isinstance(error, StaleError)
        if not isinstance(error, TrApplyError):
            self.error = (
                f"a bug in tr-apply ended it, and it may have been carried out: {type(error).__name__}: {error}"
            )
            self.lost, self.bug = True, error

    @property
    def status(self) -> Status:
        """Done only if every request was."""
        if self.failed:
            return Status.FAILED
        return Status.DONE if self.requests == len(self.operation.writes) else Status.SKIPPED


_TOLD_FAILURES = 20  # a person reads the first; the results name them all


def failure_of(results: Sequence[Result], *, interrupted: bool) -> TrApplyError | None:
    """Why not every operation is done, which ones failed, and what to do next; None if all are done."""
    if all(result.status is Status.DONE for result in results):
        return None
    told = "".join(f"\n  {line}" for line in _told_failures(results))
    if interrupted:
        return InterruptedRunError(f"interrupted: requests in progress were completed; run again to finish{told}")
    failed = [result for result in results if result.status is Status.FAILED]
    message = f"{len(failed)} of {len(results)} operations failed"
    if any(result.requests or result.lost for result in results):
        return IncompleteError(f"{message}; fix the cause and run again to finish:{told}")
    if failed and all(result.stale for result in failed):
        return StaleError(f"{message}, and nothing was written; plan again:{told}")
    return TrApplyError(f"{message}, and nothing was written; fix the cause and run again:{told}")


def _told_failures(results: Sequence[Result]) -> Iterator[str]:
    failed = [result for result in results if result.status is Status.FAILED]
    for result in failed[:_TOLD_FAILURES]:
        operation = result.operation
        yield f"{operation.action.value} {operation.kind} {printable(operation.name)}: {printable(result.error)}"
    if len(failed) > _TOLD_FAILURES:
        yield f"and {len(failed) - _TOLD_FAILURES} more"


Progress = Callable[[Result], None]
"""Called whenever a request of an operation has ended."""


Look = Callable[[Operation, Write], Awaitable[None]]
"""Is called right before a request of an operation that takes something away is sent, which may be long after it was
planned. Raises what keeps it from being sent."""

_TAKES_AWAY = frozenset({Action.DELETE, Action.REPLACE})


@unfrozen
class Stop:
    """Asks a run to begin nothing new."""

    asked: bool = False


class Sids:
    """SIDs by kind and name; names compare as in TaskRouter."""

    def __init__(self, known: Mapping[SidOf, str]) -> None:
        self._known = {(label.kind, name_key(label.name)): sid for label, sid in known.items()}

    def get(self, label: SidOf) -> str | None:
        """The SID of *label*, if it is known."""
        return self._known.get((label.kind, name_key(label.name)))

    def __getitem__(self, label: SidOf) -> str:
        """The SID of *label*; a name that is already a SID is returned as it is."""
        sid = self.get(label)
        if sid is not None:
            return sid
        if SID.match(label.name):
            return label.name
        raise LookupError(f"the SID of {label} is not known")

    def __setitem__(self, label: SidOf, sid: str) -> None:
        """Add the SID of a new resource."""
        self._known[label.kind, name_key(label.name)] = sid


@unfrozen
class _PlanRun:
    steps: Sequence[RequestStep]
    results: list[Result]
    sorter: TopologicalSorter[int]
    ready: list[int] = field(default_factory=list)
    early_left: int = 0
    late: list[int] = field(default_factory=list)
    unsound: bool = False
    """Whether something failed; then nothing more is deleted."""


async def carry_out(
    operations: Sequence[Operation],
    client: Client,
    sids: Sids,
    *,
    progress: Progress,
    stop: Stop,
    seen: Mapping[str, Answer] | None = None,
    look: Look | None = None,
) -> list[Result]:
    """Send every request of *operations*; independent ones run concurrently.

    A failure blocks only the operations that depend on it. Deletes wait until everything else has succeeded.

    Args:
        operations: The operations to carry out.
        client: The client of the TaskRouter.
        sids: The SIDs that are known already.
        progress: Called whenever a request has ended.
        stop: When set, no further request is begun.
        seen: Answers by SID. A request to one of these resources is sent only if the resource is unchanged.
        look: Checks once more before a resource is deleted, including where its people were moved.
    """
    run = _begun(operations)
    sender = _PlanSender(client, sids, {sid: Seen(answer) for sid, answer in (seen or {}).items()}, look)
    running: dict[asyncio.Task[str | None], RequestStep] = {}
    ended: list[asyncio.Task[str | None]] = []
    woken = asyncio.Event()

    def end(task: asyncio.Task[str | None]) -> None:
        ended.append(task)
        woken.set()

    client.on_room(woken.set)
    client.ends_when(lambda: stop.asked)
    try:
        while (run.ready and not stop.asked) or running:
            while run.ready and len(running) < client.room and not stop.asked:
                step = run.steps[heapq.heappop(run.ready)]
                task = asyncio.create_task(sender.send(run.results[step.operation].operation, step.write))
                task.add_done_callback(end)
                running[task] = step
            await woken.wait()
            woken.clear()
            while ended:
                task = ended.pop(0)
                _settle(run, running.pop(task), task, progress)
    finally:
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
    for result in run.results:
        if not result.failed and result.requests < len(result.operation.writes) and not result.error:
            result.error = "interrupted" if stop.asked else "something before it failed, and deletes come last"
    return run.results


def _begun(operations: Sequence[Operation]) -> _PlanRun:
    steps = schedule(operations)
    sorter = TopologicalSorter({step.number: step.after for step in steps})
    sorter.prepare()
    early = sum(not step.write.late for step in steps)
    run = _PlanRun(steps, [Result(operation) for operation in operations], sorter, early_left=early)
    _make_ready(run)
    return run


def _make_ready(run: _PlanRun) -> None:
    """Start the steps that wait for nothing any more; late ones wait until everything else has succeeded."""
    for number in run.sorter.get_ready():
        if run.steps[number].write.late and run.early_left:
            run.late.append(number)
        else:
            heapq.heappush(run.ready, number)
    if not run.early_left and not run.unsound:
        for number in run.late:
            heapq.heappush(run.ready, number)
        run.late.clear()


def _settle(run: _PlanRun, step: RequestStep, task: asyncio.Task[str | None], progress: Progress) -> None:
    result = run.results[step.operation]
    try:
        sid = task.result()
    except Exception as error:  # noqa: BLE001  # after the first write a run ends with its summary, whatever happens
        result.fail(error, _message(error, step.write))
        run.unsound = True
        _skip_dependents(run, step, str(step.write.target))
        progress(result)
        return
    result.requests += 1
    if sid is not None and step.write.target.kind == result.operation.kind:
        result.made = sid
    run.early_left -= not step.write.late
    run.sorter.done(step.number)
    _make_ready(run)
    progress(result)


def _message(error: Exception, write: Write) -> str:
    """The reason of the failure, without TaskRouter's own words where they might quote a sensitive value."""
    if isinstance(error, ApiError) and write.secrets:
        code = "" if error.api_code is None else f", code {error.api_code}"
        request = "" if error.request_id is None else f", request {error.request_id}"
        return f"refused (HTTP {error.status}{code}{request}; the message may quote sensitive values and is not shown)"
    return str(error)


def _skip_dependents(run: _PlanRun, failed: RequestStep, cause: str) -> None:
    lost = {failed.number}
    for number in TopologicalSorter({step.number: step.after for step in run.steps}).static_order():
        step = run.steps[number]
        if number not in lost and not lost.isdisjoint(step.after):
            lost.add(number)
            result = run.results[step.operation]
            if not result.failed and not result.error:
                result.error = f"needs {cause}, which failed"


def purpose_of(operation: Operation, write: Write, form: Mapping[str, str], sid: str | None = None) -> Purpose:
    """The purpose of the request of *write* with this *form*; holds no secrets."""
    name = write.target.name or operation.name
    values = {parameter: text for parameter, text in form.items() if parameter not in write.secrets}
    return Purpose(operation.id, write.verb.value, write.target.kind, name, sid, values)


@unfrozen
class _PlanSender:
    """Sends the requests of a plan, and keeps what later requests need from the answers."""

    client: Client
    sids: Sids
    seen: dict[str, Seen]
    look: Look | None

    async def send(self, operation: Operation, write: Write) -> str | None:
        """Send the request of *write*, once everything that it needs is known.

        The SID of the new resource, or of one that was not known before.
        """
        if self.look is not None and operation.action in _TAKES_AWAY:
            await self.look(operation, write)
        kind = KIND_BY_NAME[write.target.kind]
        sid = write.sid or self.sids.get(write.target)
        form = {name: form_text(value, self.sids.__getitem__) for name, value in write.form.items()}
        purpose = purpose_of(operation, write, form, sid)
        if write.verb is Verb.CREATE:
            workspace = None if kind.parent is None else self.sids[THE_WORKSPACE]
            made = (await self.client.create(kind, workspace, form, purpose=purpose)).sid
            self.sids[write.target] = made
            return made
        if kind is WORKER_CHANNEL:
            worker = next(each for each in write.needs if each.kind == WORKER.name)
            channel = write.sid or write.target.name.removeprefix(f"{worker.name}/")
            workspace, owner = self.sids[THE_WORKSPACE], self.sids[worker]
            return await self.client.update_worker_channel(workspace, owner, channel, form, purpose=purpose)
        await self._change(kind, write, form, purpose)
        return None

    async def _change(self, kind: Kind, write: Write, form: Mapping[str, str], purpose: Purpose) -> None:
        workspace, sid = self.sids[THE_WORKSPACE], write.sid or self.sids[write.target]
        seen = self.seen.get(sid)
        if write.verb is Verb.DELETE:
            await self.client.delete(kind, workspace, sid, seen=seen, purpose=purpose)
            return
        now = await self.client.update(kind, workspace, sid, form, seen=seen, purpose=purpose)
        if seen is not None:
            self.seen[sid] = now
