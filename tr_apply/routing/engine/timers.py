"""The due time of each task and each reservation that waits for one."""

import heapq
from typing import Final

_SPARE: Final = 64  # entries that may be stale before it is worth cleaning up


class Timers:
    """A heap of times. A timer that is set again or cleared leaves its old entry in the heap; it is skipped later."""

    __slots__ = ("_due", "_heap")

    def __init__(self) -> None:
        self._due: dict[str, int] = {}
        self._heap: list[tuple[int, int, str]] = []

    def set(self, sid: str, serial: int, due_ms: int) -> None:
        """Set or move the timer of *sid*; of those due together the one with the lowest *serial* comes first."""
        if self._due.get(sid) != due_ms:
            self._due[sid] = due_ms
            heapq.heappush(self._heap, (due_ms, serial, sid))
            if len(self._heap) > 2 * len(self._due) + _SPARE:
                self._compact()

    def clear(self, sid: str) -> None:
        """Forget the timer of *sid*, if it has one."""
        self._due.pop(sid, None)

    def next(self) -> int | None:
        """The moment of the next timer."""
        heap, due = self._heap, self._due
        while heap:
            moment, _, sid = heap[0]
            if due.get(sid) == moment:
                return moment
            heapq.heappop(heap)
        return None

    def pop(self, now_ms: int) -> tuple[int, str] | None:
        """Take out the next timer that is due: its moment and its SID."""
        heap, due = self._heap, self._due
        while heap and heap[0][0] <= now_ms:
            moment, _, sid = heapq.heappop(heap)
            if due.get(sid) == moment:
                del due[sid]
                return moment, sid
        return None

    def _compact(self) -> None:
        due = self._due
        self._heap = [entry for entry in self._heap if due.get(entry[2]) == entry[0]]
        heapq.heapify(self._heap)
