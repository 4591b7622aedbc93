"""The numbers at one moment."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from tr_apply.local.statistics.choices import COUNTED, WAITING
from tr_apply.local.statistics.durations import MS_IN_SECOND, Figures
from tr_apply.routing.records import Task, TaskStatus
from tr_apply.routing.workspace import Activity


class Oldest(NamedTuple):
    """Since when the task waits that waits longest."""

    since_ms: int
    sid: str


class PresentTasks:
    """Tasks in one place, as far as they have been added."""

    def __init__(self) -> None:
        self._by_status: Counter[TaskStatus] = Counter()
        self._by_priority: Counter[int] = Counter()
        self._oldest: Oldest | None = None
        self._oldest_in_queue: Oldest | None = None

    def add(self, task: Task) -> None:
        """Add a task; of several that wait equally long the first one counts."""
        self._by_status[task.status] += 1
        if task.status in COUNTED:
            self._by_priority[task.priority] += 1
        if task.status in WAITING:
            self._oldest = _older(self._oldest, task.created_ms, task.sid)
            if task.queue_entered_ms is not None:
                self._oldest_in_queue = _older(self._oldest_in_queue, task.queue_entered_ms, task.sid)

    def figures(self, now_ms: int) -> Figures:
        """The figures of tasks in every answer."""
        age_s, sid = _age(self._oldest, now_ms)
        return {
            "longest_task_waiting_age": age_s,
            "longest_task_waiting_sid": sid,
            "tasks_by_priority": {str(each): self._by_priority[each] for each in sorted(self._by_priority)},
            "tasks_by_status": self._statuses(),
            "total_tasks": self._by_priority.total(),
        }

    def relative_figures(self, now_ms: int) -> Figures:
        """Further figures of the tasks of a queue."""
        age_s, sid = _age(self._oldest_in_queue, now_ms)
        return {"longest_relative_task_age_in_queue": age_s, "longest_relative_task_sid_in_queue": sid}

    def _statuses(self) -> Figures:
        """The four in which a task is open in any case, the other two when there are any."""
        always: Sequence[TaskStatus] = ("pending", "reserved", "assigned", "wrapping")
        seldom: Sequence[TaskStatus] = ("completed", "canceled")
        told = (*always, *(status for status in seldom if self._by_status[status]))
        return {status: self._by_status[status] for status in told}


class PresentWorkers:
    """Workers in one place, by activity."""

    def __init__(self, activities: Iterable[Activity], workers: Mapping[str, int]) -> None:
        """Take up counts.

        Args:
            activities: All of the workspace, in the order of creation.
            workers: SID of an activity -> how many of the workers are in it.
        """
        self._counts = [(activity, workers.get(activity.sid, 0)) for activity in activities]

    def activity_statistics(self) -> list[Figures]:
        """How many are in each activity."""
        return [
            {"sid": activity.sid, "friendly_name": activity.name, "workers": count} for activity, count in self._counts
        ]

    def total(self) -> int:
        """How many there are."""
        return sum(count for _, count in self._counts)

    def available(self) -> int:
        """How many are in an activity that is available, whether they are busy or not."""
        return sum(count for activity, count in self._counts if activity.available)


def workspace_figures(tasks: PresentTasks, workers: PresentWorkers, now_ms: int) -> Figures:
    """The figures of a workspace."""
    return {**workers_figures(workers), **tasks.figures(now_ms)}


def queue_figures(tasks: PresentTasks, members: PresentWorkers, now_ms: int) -> Figures:
    """The figures of a queue among several."""
    return {
        "activity_statistics": members.activity_statistics(),
        **tasks.figures(now_ms),
        "total_available_workers": members.available(),
        "total_eligible_workers": members.total(),
    }


def workers_figures(workers: PresentWorkers) -> Figures:
    """The figures of workers."""
    return {"activity_statistics": workers.activity_statistics(), "total_workers": workers.total()}


def _older(oldest: Oldest | None, since_ms: int, sid: str) -> Oldest:
    return Oldest(since_ms, sid) if oldest is None or since_ms < oldest.since_ms else oldest


def _age(oldest: Oldest | None, now_ms: int) -> tuple[int, str | None]:
    return (0, None) if oldest is None else (max(0, now_ms - oldest.since_ms) // MS_IN_SECOND, oldest.sid)
