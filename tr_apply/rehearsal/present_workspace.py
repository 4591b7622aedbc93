"""A live workspace in the routing engine, as its answers show it at this minute: people, activities, channels, loads.

SIDs are the real ones. What cannot be read matches nobody, and a note says so. Who was idle longest is taken from the
last change of activity; TaskRouter counts the last reservation as well, which no answer shows.
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any, Final

from tr_apply.errors import ApiError, ExpressionSyntaxError, TrApplyError
from tr_apply.live import Live, Snapshot
from tr_apply.rehearsal.live_facts import moment_ms
from tr_apply.rehearsal.staff import in_hand
from tr_apply.rehearsal.waiting_task import TaskPlace, WaitingTask
from tr_apply.resources import ACTIVITY, TASK_CHANNEL, TASK_QUEUE, WORKER, WORKFLOW
from tr_apply.resources.document import Document
from tr_apply.routing.engine.log import EngineState
from tr_apply.routing.engine.setup import Setup, state_of
from tr_apply.routing.engine.state import State
from tr_apply.routing.engine.tasks import NewTask
from tr_apply.routing.parser import parse
from tr_apply.routing.records import Attributes, Reservation, Task, WorkerChannel
from tr_apply.routing.records import Worker as PresentWorker
from tr_apply.routing.trace import Trace, trace, trace_on
from tr_apply.routing.workflow import Routing
from tr_apply.routing.workflow_document import read_routing
from tr_apply.routing.workspace import Activity, TaskChannel, TaskQueue, Workflow, Workspace
from tr_apply.wire import Labels, live_labels, parsed_json

KINDS: Final = (ACTIVITY, TASK_CHANNEL, TASK_QUEUE, WORKFLOW, WORKER)
"""The kinds to read."""

_NO_FILTERS: Final = "{}"
_OFFER_S: Final = 120
_MOST_IN_HAND: Final = 50
"""Tasks of a channel that one worker may have."""


class PresentWorkspace:
    """A workspace of *snapshot*, as far as one *workflow* of it is concerned.

    Args:
        snapshot: The snapshot.
        workflow: Of the snapshot.
        document: The configuration that declares sensitive values; None for none.
    """

    def __init__(self, snapshot: Snapshot, workflow: Live, document: Document | None = None) -> None:
        self.snapshot, self.workflow, self.document = snapshot, workflow, document
        self.notes: list[str] = []

    @cached_property
    def unread(self) -> str | None:
        """Why the document of the workflow cannot be read; None where it can."""
        try:
            if not self.workflow.answer.get("configuration"):
                return "TaskRouter shows no document of it"
            if not all(each.steps for each in read_routing(self._document).filters):
                return "a filter has no targets"
        except ExpressionSyntaxError as error:
            return f"an expression in it does not parse: {error}"
        except ApiError as error:
            return str(error)
        except (AttributeError, KeyError, TypeError, ValueError):
            return "it is not a document such as TaskRouter describes"
        return None

    def require_readable(self) -> None:
        """Refuse a workflow that cannot be read.

        Raises:
            TrApplyError: with the reason.
        """
        if self.unread is not None:
            raise TrApplyError(f"the live workflow {self.workflow.name!r} cannot be read: {self.unread}")

    @property
    def _document(self) -> str:
        parsed_json(self.workflow, "configuration")  # refuses text that is not valid JSON, or nested too deeply
        return str(self.workflow.answer.get("configuration") or _NO_FILTERS)

    @cached_property
    def routing(self) -> Routing:
        """The filters and steps of the workflow; none where it cannot be read."""
        return read_routing(_NO_FILTERS if self.unread is not None else self._document)

    @cached_property
    def offer_s(self) -> int:
        """How long a worker has to answer an offer."""
        found = self.workflow.answer.get("task_reservation_timeout")
        return found if isinstance(found, int) else _OFFER_S

    def queue_name(self, sid: str | None) -> str | None:
        """The name of a queue; of one that is gone, its SID."""
        return None if sid is None else self._queue_names.get(sid, sid)

    @cached_property
    def _queue_names(self) -> Mapping[str, str]:
        return {each.sid: each.name for each in self.snapshot.by_kind[TASK_QUEUE.name]}

    @cached_property
    def state(self) -> State:
        """The engine's view, with the loads of those workers whose channels were read."""
        answer = self.snapshot.workspace.answer
        order = answer.get("prioritize_queue_order")
        setup = Setup(
            Workspace(
                self.snapshot.workspace.sid,
                self.snapshot.workspace.name,
                multi_task_enabled=answer.get("multi_task_enabled") is not False,
                prioritize_queue_order=order if order in ("FIFO", "LIFO") else None,
            ),
            tuple(self._activities()),
            tuple(self._channels()),
            tuple(self._queues()),
            (Workflow(self.workflow.sid, self.workflow.name, self.routing.document, self.offer_s),),
        )
        workers = [self._worker(each) for each in self.workers]
        held = list(self._held(workers))
        tasks, reservations = tuple(task for task, _ in held), tuple(each for _, each in held)
        found = EngineState(serial=2 * len(held), tasks=tasks, reservations=reservations, workers=tuple(workers))
        return state_of(setup, found, lambda prefix: prefix)

    def sensitive(self, section: str) -> Sequence[str]:
        """The paths of fields of a section's resources that must not be shown, as far as that is known."""
        return () if self.document is None else self.document.sensitive(section)

    @property
    def labels(self) -> Labels:
        """The name of each SID."""
        return live_labels(self.snapshot)

    def takes_latest_first(self, queue_sid: str | None) -> bool:
        """Whether a queue is one of LIFO."""
        queues = self.snapshot.by_kind[TASK_QUEUE.name]
        return any(each.sid == queue_sid and each.answer.get("task_order") == "LIFO" for each in queues)

    @property
    def workers(self) -> Sequence[Live]:
        """Everybody."""
        return self.snapshot.by_kind[WORKER.name]

    def trace_new(self, attributes: Mapping[str, Any], channel: str, priority: int, nearest: int) -> Trace:
        """The way of a task that is created now.

        Raises:
            TrApplyError: when the workflow cannot be read.
        """
        self.require_readable()
        new = NewTask("", self.workflow.sid, Attributes.of(attributes), channel, priority)
        return trace(self.state, new, nearest=nearest, with_unready=True)

    def trace_waiting(self, task: WaitingTask, nearest: int) -> tuple[Trace, TaskPlace]:
        """The way of *task* from where it is, and where that is."""
        where = task.whereabouts(self.routing)
        record = task.record(self.state.queues, self.workflow.sid, where.place)
        entered_s = max(0, task.entered_ms - task.created_ms) // 1000
        return trace_on(self.state, record, entered_s, nearest=nearest), where

    def load(self, worker_sid: str, channel: str) -> tuple[int | None, int | None, bool | None]:
        """A worker's capacity, what of it is used, and whether the channel is open; nothing where that was not read."""
        channels = self.snapshot.channels.get(worker_sid)
        if channels is None:
            return None, None, None
        party = self.state.workers[worker_sid]
        if not self.state.workspace.multi_task_enabled:
            return 1, party.held, True
        for each in channels:
            if each.name == channel:
                return party.channel(channel).capacity, used(each), party.channel(channel).available
        return None, None, None

    def _activities(self) -> Iterator[Activity]:
        """Those of the list, and any other in which a worker is."""
        known = {each.sid: each.answer for each in self.snapshot.by_kind[ACTIVITY.name]}
        for sid, answer in known.items():
            yield Activity(sid, str(answer.get("friendly_name")), answer.get("available") is True)
        others = {str(each.answer.get("activity_sid")): each.answer for each in self.workers}
        for sid, answer in others.items():
            if sid not in known:
                yield Activity(sid, str(answer.get("activity_name") or sid), answer.get("available") is True)

    def _channels(self) -> Iterator[TaskChannel]:
        for each in self.snapshot.by_kind[TASK_CHANNEL.name]:
            turns = each.answer.get("channel_optimized_routing") is True
            yield TaskChannel(each.name, each.sid, each.name, turns)

    def _queues(self) -> Iterator[TaskQueue]:
        """Those of the list, and those that a step names although they are gone."""
        for each in self.snapshot.by_kind[TASK_QUEUE.name]:
            limit = each.answer.get("max_reserved_workers")
            most = limit if isinstance(limit, int) else 1
            yield TaskQueue(each.sid, each.name, self._target_workers(each), most)
        for sid in sorted(self.routing.queue_sids() - self._queue_names.keys()):
            self.notes.append(f"the workflow sends tasks to the queue {sid}, which is not in the workspace")
            yield TaskQueue(sid, sid, "")

    def _target_workers(self, queue: Live) -> str:
        text = str(queue.answer.get("target_workers") or "")
        try:
            if text.strip():
                parse(text)
        except ExpressionSyntaxError as error:
            self.notes.append(f"the expression of the queue {queue.name!r} cannot be read, so nobody counts: {error}")
            return ""
        return text

    def _worker(self, live: Live) -> PresentWorker:
        attributes = self._attributes(live)
        channels = {
            str(each.answer.get("task_channel_unique_name")): WorkerChannel(
                _number(each, "configured_capacity", 1), each.answer.get("available") is not False
            )
            for each in self.snapshot.channels.get(live.sid, ())
        }
        return PresentWorker(
            live.sid,
            live.name,
            str(live.answer.get("activity_sid")),
            Attributes.of(attributes),
            channels,
            status_changed_ms=moment_ms(live.answer.get("date_status_changed")) or 0,
        )

    def _attributes(self, live: Live) -> Mapping[str, Any]:
        try:
            found = parsed_json(live, "attributes")
        except ApiError as error:
            self.notes.append(f"{error}; no expression finds anything in them")
            return {}
        return found if isinstance(found, dict) else {}

    def _held(self, workers: Sequence[PresentWorker]) -> Iterator[tuple[Task, Reservation]]:
        """Invented tasks for the workers, as many as their channels show."""
        serial = 0
        for worker in workers:
            for channel in self.snapshot.channels.get(worker.sid, ()):
                accepted = min(_number(channel, "assigned_tasks", 0), _MOST_IN_HAND)
                name = str(channel.answer.get("task_channel_unique_name"))
                for number in range(max(accepted, used(channel))):
                    serial += 2
                    yield in_hand(worker, name, self.workflow.sid, serial, wraps=number >= accepted)


def workflow_of(snapshot: Snapshot, task: WaitingTask) -> Live:
    """The workflow of *task*, or the known part of a deleted one."""
    for each in snapshot.by_kind[WORKFLOW.name]:
        if each.sid == task.workflow_sid:
            return each
    name = str(task.answer.get("workflow_friendly_name") or task.workflow_sid)
    return Live(WORKFLOW.name, name, str(task.workflow_sid), {})


def used(channel: Live) -> int:
    """How many tasks of a worker's channel take capacity: offered, accepted and wrapping ones.

    TaskRouter shows the share that is free, rounded down, from which the number follows up to a capacity of 100.
    """
    capacity = min(_number(channel, "configured_capacity", 1), _MOST_IN_HAND)
    free = -(-_number(channel, "available_capacity_percentage", 100) * capacity // 100)
    return max(0, capacity - free)


def _number(live: Live, key: str, default: int) -> int:
    found = live.answer.get(key)
    return found if isinstance(found, int) and found >= 0 else default
