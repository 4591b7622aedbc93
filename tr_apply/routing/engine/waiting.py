"""Tasks that wait for a worker, in groups that a worker may serve wholly or not at all.

A group holds tasks of one channel in one queue whose step asks the same: either nothing, or one expression to which
they bring the same values. So one look decides for all of them, and while one of them waits nobody can serve another.
"""

import heapq
import json
from collections.abc import Iterator
from typing import Any, Final, TypeAlias

from tr_apply.routing.records import Task, Transfer
from tr_apply.routing.workflow import NO_STEP, Routing, Step, Wanted, wanted
from tr_apply.routing.workspace import TaskQueue

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
