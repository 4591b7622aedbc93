"""The present of a workspace, read from the state of its routing engine."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import reduce
from operator import or_
from typing import Final

from tr_apply.local.statistics.durations import Figures, Stay
from tr_apply.local.statistics.real_time import (
    PresentTasks,
    PresentWorkers,
    queue_figures,
    workers_figures,
    workspace_figures,
)
from tr_apply.routing.engine.state import State
from tr_apply.routing.names import name_key
from tr_apply.routing.records import Task
from tr_apply.routing.worker_index import Bits, numbers_in


@dataclass(frozen=True, slots=True)
class WorkerFilter:
    """Which workers are asked for: those to whom everything applies that is not empty."""

    sid: str = ""
    friendly_name: str = ""
    queue_sid: str = ""
    queue_name: str = ""


EVERYONE: Final = WorkerFilter()


@dataclass(frozen=True, slots=True)
class Present:
    """The state at one time.

    Attributes:
        state: The engine's, after everything due by then.
        now_ms: The time.
        channel: Unique name of the task channel whose tasks count; None for all.
    """

    state: State
    now_ms: int
    channel: str | None = None

    def workspace(self) -> Figures:
        """All tasks and all workers."""
        return workspace_figures(_added(self._tasks()), self._by_activity(self._everyone()), self.now_ms)

    def workflow(self, sid: str) -> Figures:
        """The tasks of a workflow."""
        return _added(task for task in self._tasks() if task.workflow_sid == sid).figures(self.now_ms)

    def task_queue(self, sid: str) -> Figures:
        """The tasks and the members of a queue."""
        return self.task_queues([sid])[sid]

    def task_queues(self, sids: Iterable[str], *, relative: bool = True) -> Mapping[str, Figures]:
        """The same of several queues, in one pass over the tasks.

        Args:
            sids: Of queues that exist.
            relative: Whether to include the task that is longest in each queue.
        """
        found = {sid: PresentTasks() for sid in sids}
        for task in self._tasks():
            if tasks := found.get(task.queue_sid or ""):
                tasks.add(task)
        return {
            sid: {
                **queue_figures(tasks, self._by_activity(self._members(sid)), self.now_ms),
                **(tasks.relative_figures(self.now_ms) if relative else {}),
            }
            for sid, tasks in found.items()
        }

    def workers(self, wanted: WorkerFilter) -> Figures:
        """Workers by activity."""
        return workers_figures(self._by_activity(self._those(wanted)))

    def stays(self, wanted: WorkerFilter) -> Iterator[Stay]:
        """The current activity of each worker, and its beginning."""
        for number in numbers_in(self._those(wanted)):
            worker = self.state.numbered[number].worker
            yield Stay(worker.activity_sid, worker.status_changed_ms, self.now_ms)

    def sids(self, wanted: WorkerFilter) -> frozenset[str] | None:
        """The SIDs of workers; None for all, including deleted ones."""
        if wanted == EVERYONE:
            return None
        return frozenset(self.state.numbered[number].worker.sid for number in numbers_in(self._those(wanted)))

    def _everyone(self) -> Bits:
        return reduce(or_, self.state.in_activity.values(), 0)

    def _those(self, wanted: WorkerFilter) -> Bits:
        state, chosen = self.state, self._everyone()
        if wanted.sid:
            chosen &= 1 << state.workers[wanted.sid].number
        if wanted.friendly_name:
            named = state.named.get(name_key(wanted.friendly_name))
            chosen &= 1 << named.number if named else 0
        if wanted.queue_sid:
            chosen &= self._members(wanted.queue_sid)
        if wanted.queue_name:
            chosen &= self._members(self._queue_named(wanted.queue_name))
        return chosen

    def _queue_named(self, name: str) -> str:
        key = name_key(name)
        return next((sid for sid, party in self.state.queues.items() if name_key(party.queue.name) == key), "")

    def _members(self, queue_sid: str) -> Bits:
        return self.state.membership.members.get(queue_sid, 0)

    def _tasks(self) -> Iterator[Task]:
        tasks = (party.task for party in self.state.tasks.values())
        return tasks if self.channel is None else (task for task in tasks if task.channel == self.channel)

    def _by_activity(self, chosen: Bits) -> PresentWorkers:
        counts = {sid: (bits & chosen).bit_count() for sid, bits in self.state.in_activity.items()}
        return PresentWorkers(self.state.activities.values(), counts)


def _added(tasks: Iterable[Task]) -> PresentTasks:
    found = PresentTasks()
    for task in tasks:
        found.add(task)
    return found
