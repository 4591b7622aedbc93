"""Tasks, workers and queues in the engine, with derived data in addition to their records; how tasks wait.

The records and the configuration determine all of it, so none of it is stored.
"""

import heapq
import json
from collections.abc import Container, Iterator, Mapping
from typing import Any, Final, TypeAlias

from tr_apply.routing.engine.line import Line
from tr_apply.routing.names import name_key
from tr_apply.routing.nodes import OrderBy
from tr_apply.routing.records import Task, Transfer, Worker, WorkerChannel
from tr_apply.routing.workflow import NO_STEP, Routing, Step, Wanted, wanted
from tr_apply.routing.workspace import Activity, TaskQueue

_USUAL_CHANNEL = WorkerChannel()

IdleKey: TypeAlias = tuple[int, int, str]
"""Sorts workers, the longest idle first: last reservation or -1, last change of activity if there was none, SID."""


LineKey: TypeAlias = tuple[str, OrderBy | None]
"""The channel and the order_by of a line."""


class WorkerParty:
    """A worker, and what the worker holds."""

    __slots__ = (
        "absent",
        "accepted",
        "available",
        "held",
        "idle",
        "last_reserved_ms",
        "last_reserved_on",
        "load",
        "names",
        "number",
        "numbers",
        "open",
        "queues",
        "wanted_as",
        "worker",
    )

    def __init__(self, worker: Worker, activity: Activity, number: int, channels: Container[str]) -> None:
        """Begin with nothing in hand; *channels* are those of the workspace, as they are at any time."""
        self.number = number
        self.queues: dict[QueueParty, None] = {}
        self.load: dict[str, int] = {}
        """Reservations that take capacity, by channel."""
        self.accepted: dict[str, int] = {}
        self.held = 0
        """The sum of *load*."""
        self.open: dict[str, None] = {}
        """SIDs of those reservations, in order of creation."""
        self.last_reserved_ms = worker.last_reserved_ms
        self.last_reserved_on = dict(worker.last_reserved_on)
        self.absent: dict[Line[WorkerParty], None] = {}
        """The lines that do not have this worker because there was nothing to take."""
        self.numbers = ChannelNumbers(self, channels)
        self.change(worker, activity)

    def change(self, worker: Worker, activity: Activity) -> None:
        """Take on another record."""
        self.worker = worker
        self.available = activity.available
        self.names: dict[str, Any] = worker_names(worker, activity)
        self.wanted_as: tuple[Wanted, Wanted] = (("sid", worker.sid), ("friendly_name", name_key(worker.name)))
        self.idle = self._idle_since(self.last_reserved_ms)

    def channel(self, unique_name: str) -> WorkerChannel:
        """How much the worker takes of a channel."""
        return self.worker.channels.get(unique_name, _USUAL_CHANNEL)

    def reserve(self, channel: str, now_ms: int) -> None:
        """Take one more of *channel*, and the last place in every line."""
        self.take(channel)
        self.last_reserved_ms = self.last_reserved_on[channel] = now_ms
        self.idle = (now_ms, 0, self.worker.sid)

    def take(self, channel: str) -> None:
        """Take one more of *channel*."""
        self.load[channel] = self.load.get(channel, 0) + 1
        self.held += 1

    def release(self, channel: str) -> None:
        """Give one of *channel* back."""
        self.load[channel] -= 1
        self.held -= 1

    def idle_on(self, channel: str) -> IdleKey:
        """The same as *idle*, among those who take turns on one channel."""
        return self._idle_since(self.last_reserved_on.get(channel))

    def _idle_since(self, last_reserved_ms: int | None) -> IdleKey:
        if last_reserved_ms is None:
            return (-1, self.worker.status_changed_ms, self.worker.sid)
        return (last_reserved_ms, 0, self.worker.sid)


class QueueParty:
    """A queue, who waits in it, and who waits for it."""

    __slots__ = ("lines", "queue", "waiting")

    def __init__(self, queue: TaskQueue) -> None:
        self.queue = queue
        self.waiting = Waiting(queue)
        self.lines: dict[LineKey, Line[WorkerParty]] = {}
        """Workers in the order in which they are chosen, by channel and order_by, as far as a task has asked."""


class ChannelNumbers(Mapping[str, Mapping[str, int]]):
    """The numbers of a worker's channels for expressions, computed on first use.

    A channel that the workspace does not have is null, and so is every number of it.
    """

    __slots__ = ("_channels", "_party")

    def __init__(self, party: WorkerParty, channels: Container[str]) -> None:
        self._party = party
        self._channels = channels

    def __getitem__(self, channel: str) -> Mapping[str, int]:
        if channel not in self._channels:
            raise KeyError(channel)
        party = self._party
        capacity = party.channel(channel).capacity
        return {
            "configured_capacity": capacity,
            "assigned_tasks": party.accepted.get(channel, 0),
            "available_capacity_percentage": free_percentage(party.load.get(channel, 0), capacity),
        }

    def __iter__(self) -> Iterator[str]:
        return iter(self._party.worker.channels)

    def __len__(self) -> int:
        return len(self._party.worker.channels)


def free_percentage(used: int, capacity: int) -> int:
    """How much of a capacity is free, rounded down; of none, nothing is."""
    return max(0, 100 * (capacity - used) // capacity) if capacity else 0


def worker_names(worker: Worker, activity: Activity) -> dict[str, Any]:
    """The values of the names in an expression, for one worker."""
    return {
        **worker.attributes.values,
        "sid": worker.sid,
        "friendly_name": worker.name,
        "activity_sid": worker.activity_sid,
        "activity_name": activity.name,
    }


Rank: TypeAlias = tuple[int, int, int]
"""Sorts the tasks of a queue, the next one first."""

_GroupKey: TypeAlias = tuple[str, Step | None, tuple[Any, ...]]
"""Channel, step if it asks anything, values it asks for."""


_SPARE: Final = 64  # entries of tasks that left before it is worth cleaning up


class TaskParty:
    """A task, and derived data in addition to its record; records and configuration determine all of it."""

    __slots__ = (
        "asked",
        "group",
        "open",
        "reservations",
        "routing",
        "step",
        "task",
        "ticket",
        "transfer",
        "transfers",
    )

    def __init__(self, task: Task, routing: Routing) -> None:
        self.task = task
        self.routing = routing
        self.step = NO_STEP
        self.open: dict[str, None] = {}
        """SIDs of the reservations that hold a worker, in order of creation."""
        self.reservations: tuple[str, ...] = ()
        """SIDs of all its reservations."""
        self.group: Group | None = None
        """Where it waits, if it does."""
        self.ticket = 0
        """Distinguishes its present entry in the group from older ones."""
        self.transfer: Transfer | None = None
        """Its transfer that is under way, which alone decides who is offered the task."""
        self.transfers: tuple[str, ...] = ()
        """SIDs of all its transfers."""
        self.asked: tuple[Step, Task, _GroupKey] | None = None
        """Its last group key, with the step and the record it follows from: it looks for its group, then joins it."""

    def group_key(self, step: Step) -> _GroupKey:
        """The key of the group in which it waits in a step."""
        asked, task = self.asked, self.task
        if asked is None or asked[0] is not step or asked[1] is not task:
            asked = self.asked = step, task, _group_key(step, task)
        return asked[2]


class Group:
    """Tasks that wait for the same workers."""

    __slots__ = ("_count", "_heap", "_waiting", "channel", "key", "name", "queue", "step")

    def __init__(self, waiting: "Waiting", name: Wanted | None, key: _GroupKey, step: Step) -> None:
        self.name = name
        self.key = key
        self.channel = key[0]
        self.step = step
        self.queue = waiting.queue
        self._waiting = waiting
        self._count = 0
        self._heap: list[tuple[Rank, int, TaskParty]] = []

    def add(self, party: TaskParty, ticket: int) -> None:
        """Let a task wait here."""
        party.group, party.ticket = self, ticket
        self._count += 1
        heapq.heappush(self._heap, (rank(party.task, self.queue), ticket, party))
        if len(self._heap) > 2 * self._count + _SPARE:
            self._heap = [entry for entry in self._heap if self._has(entry)]
            heapq.heapify(self._heap)

    def remove(self, party: TaskParty) -> None:
        """Remove a task, and its group if that is empty now."""
        party.group = None
        self._count -= 1
        if not self._count:
            self._waiting.discard(self)

    def first(self) -> tuple[Rank, TaskParty]:
        """The next task, and its rank; there is one as long as the group is."""
        heap = self._heap
        while not self._has(heap[0]):
            heapq.heappop(heap)
        place, _, party = heap[0]
        return place, party

    def parties(self) -> list[TaskParty]:
        """All its tasks, the next one first."""
        return [entry[2] for entry in sorted(self._heap) if self._has(entry)]

    def _has(self, entry: tuple[Rank, int, TaskParty]) -> bool:
        _, ticket, party = entry
        return party.group is self and party.ticket == ticket


class Waiting:
    """The tasks that wait in one queue, or those that wait in none, for a worker they are directed to."""

    __slots__ = ("_for_anyone", "_for_one", "queue")

    def __init__(self, queue: TaskQueue | None) -> None:
        self.queue = queue
        self._for_anyone: dict[_GroupKey, Group] = {}
        self._for_one: dict[Wanted, dict[_GroupKey, Group]] = {}

    def __bool__(self) -> bool:
        return bool(self._for_anyone or self._for_one)

    def add(self, party: TaskParty, ticket: int) -> None:
        """Let a task wait for the workers its step admits.

        Args:
            party: The task. If its step wants one worker but the task names nobody, it waits in no group.
            ticket: A number that no other entry has.
        """
        step, task = party.step, party.task
        name = wanted(step, task.attributes.values) if step.wants_one else None
        if step.wants_one and name is None:
            return
        home = self._for_anyone if name is None else self._for_one.setdefault(name, {})
        key, party.asked = party.group_key(step), None
        if (group := home.get(key)) is None:
            group = home[key] = Group(self, name, key, step)
        group.add(party, ticket)

    def discard(self, group: Group) -> None:
        """Forget a group that nobody waits in."""
        if group.name is None:
            del self._for_anyone[group.key]
            return
        home = self._for_one[group.name]
        del home[group.key]
        if not home:
            del self._for_one[group.name]

    def has_like(self, party: TaskParty) -> bool:
        """Whether a task waits that can be served by exactly those who can serve this one."""
        step = party.step
        if not self._for_anyone or step.wants_one:
            return False
        return party.group_key(step) in self._for_anyone

    def groups_for(self, names: tuple[Wanted, ...]) -> Iterator[Group]:
        """The groups that a worker with these names may be wanted by."""
        yield from self._for_anyone.values()
        if self._for_one:
            for name in names:
                yield from self._for_one.get(name, {}).values()

    def parties(self) -> list[TaskParty]:
        """All tasks."""
        homes = (self._for_anyone, *self._for_one.values())
        return [party for home in homes for group in home.values() for party in group.parties()]


def _group_key(step: Step, task: Task) -> _GroupKey:
    if step.admits is None:
        return (task.channel, None, ())
    names = {"task": task.attributes.values}
    return (task.channel, step, tuple([_hashable(read(names)) for read in step.task_values]))


def _hashable(value: Any) -> Any:
    """*value* in a hashable form that differs for values that differ to an expression."""
    return json.dumps(value, sort_keys=True) if isinstance(value, (list, dict)) else (type(value), value)


def rank(task: Task, queue: TaskQueue | None) -> Rank:
    """The sort key of a task in its queue."""
    if queue is not None and queue.task_order == "LIFO":
        return (-task.serial, 0, 0)
    return (-task.priority, task.virtual_start_ms, task.serial)
