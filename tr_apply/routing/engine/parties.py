"""Workers and queues in the engine, with derived data in addition to their records.

The records and the configuration determine all of it, so none of it is stored.
"""

from collections.abc import Container, Iterator, Mapping
from typing import Any, TypeAlias

from tr_apply.routing.engine.line import Line
from tr_apply.routing.engine.waiting import Waiting
from tr_apply.routing.names import name_key
from tr_apply.routing.nodes import OrderBy
from tr_apply.routing.records import Worker, WorkerChannel
from tr_apply.routing.workflow import Wanted
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
