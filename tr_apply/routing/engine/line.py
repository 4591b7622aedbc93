"""Workers in the order in which a step chooses among them."""

import heapq
from collections.abc import Callable, Iterable
from typing import Any, Final, Generic, Protocol, TypeAlias, TypeVar

Key: TypeAlias = tuple[Any, ...]
"""Sorts workers; no two share one, because it ends with the SID."""


_SPARE: Final = 64  # entries of workers who moved before it is worth cleaning up


class _Absentee(Protocol):
    absent: dict["Line[Any]", None]


WorkerT = TypeVar("WorkerT", bound=_Absentee)


class Line(Generic[WorkerT]):
    """A heap of workers that is reordered only when it is read.

    A worker who was reserved elsewhere has a later key now, and is moved back on reaching the top. A worker without
    free capacity is removed, and put back when capacity is freed. So an assignment costs the same however many lines a
    worker is in.
    """

    __slots__ = ("_heap", "_keys", "channel", "key_of", "ready")

    def __init__(
        self,
        channel: str,
        workers: Iterable[WorkerT],
        *,
        key_of: Callable[[WorkerT], Key],
        ready: Callable[[WorkerT, str], bool],
    ) -> None:
        """Line up *workers*.

        Args:
            channel: The task channel of the line.
            workers: The workers of the queue.
            key_of: The present key of a worker. It may only grow, except after `replace`.
            ready: Whether a worker could take a task of the channel now.
        """
        self.channel = channel
        self.key_of = key_of
        self.ready = ready
        self._keys: dict[WorkerT, Key] = {worker: key_of(worker) for worker in workers}
        self._heap = [(key, worker) for worker, key in self._keys.items()]
        heapq.heapify(self._heap)

    def enter(self, worker: WorkerT) -> None:
        """Let a worker in who is not in line, or has another key than before."""
        key = self.key_of(worker)
        if self._keys.get(worker) != key:
            self._keys[worker] = key
            heapq.heappush(self._heap, (key, worker))
            if len(self._heap) > 2 * len(self._keys) + _SPARE:
                self._compact()
        worker.absent.pop(self, None)

    def leave(self, worker: WorkerT) -> None:
        """Put a worker out for good."""
        self._keys.pop(worker, None)
        worker.absent.pop(self, None)

    def _compact(self) -> None:
        self._heap = [(key, worker) for key, worker in self._heap if self._keys.get(worker) is key]
        heapq.heapify(self._heap)

    def first(self, count: int, fits: Callable[[WorkerT], bool] | None) -> list[WorkerT]:
        """The first *count* workers who are ready and fit, or as many as there are."""
        if fits is None and count == 1:
            front = self._front()
            return [] if front is None else [front]
        chosen: list[WorkerT] = []
        seen: list[tuple[Key, WorkerT]] = []
        while len(chosen) < count and (worker := self._front()) is not None:
            seen.append(heapq.heappop(self._heap))
            if fits is None or fits(worker):
                chosen.append(worker)
        for entry in seen:
            heapq.heappush(self._heap, entry)
        return chosen

    def _front(self) -> WorkerT | None:
        """The first worker who is ready, at the top of the heap."""
        heap, keys = self._heap, self._keys
        while heap:
            key, worker = heap[0]
            if keys.get(worker) is not key:
                heapq.heappop(heap)
            elif not self.ready(worker, self.channel):
                heapq.heappop(heap)
                del keys[worker]
                worker.absent[self] = None
            elif (current := self.key_of(worker)) != key:
                keys[worker] = current
                heapq.heapreplace(heap, (current, worker))
            else:
                return worker
        return None
