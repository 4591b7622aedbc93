"""Which workers are in which queues, for many of both.

All queues over all workers are answered by `WorkerIndex`, one worker against all queues by compiled expressions: each
where it is faster. Both mean what `evaluate` means. Queues have many comparisons in common, and each is made once for
a worker.
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import count
from weakref import WeakValueDictionary

from tr_apply.routing.evaluate import Names, Predicate, compiled
from tr_apply.routing.nodes import Comparison, Expression, paths
from tr_apply.routing.worker_index import Bits, WorkerIndex, numbers_in

_ACTIVITY_NAMES = frozenset({"activity_sid", "activity_name"})


class Membership:
    """The members of every queue. Workers have numbers, queues their SIDs."""

    __slots__ = ("_answers", "_comparisons", "_index", "_numbers", "_predicates", "_reading_activity", "members")

    def __init__(self, names: Sequence[Names] = (), queues: Mapping[str, Expression | None] | None = None) -> None:
        self._index = WorkerIndex(names)
        self._answers: dict[int, bool] = {}
        self._numbers = count()
        self._comparisons: WeakValueDictionary[Comparison, Predicate] = WeakValueDictionary()
        self._predicates: dict[str, Predicate | None] = {}
        self._reading_activity: set[str] = set()
        self.members: dict[str, Bits] = {}
        for sid, expression in (queues or {}).items():
            self.set_queue(sid, expression)

    def set_queue(self, sid: str, expression: Expression | None) -> None:
        """Add a queue, or give it another expression; a queue without one is for nobody."""
        self._predicates[sid] = None if expression is None else compiled(expression, self._shared)
        self.members[sid] = 0 if expression is None else self._index.where(expression)
        self._reading_activity.discard(sid)
        if expression is not None and _reads_activity(expression):
            self._reading_activity.add(sid)

    def remove_queue(self, sid: str) -> None:
        """Forget a queue."""
        del self._predicates[sid], self.members[sid]
        self._reading_activity.discard(sid)

    def add_worker(self, names: Names) -> tuple[int, list[str]]:
        """The number of a new worker, and the queues that admit these names, which the worker is in from now on."""
        number = self._index.add(names)
        self._answers.clear()
        joined = [sid for sid, admits in self._predicates.items() if admits is not None and admits(names)]
        for sid in joined:
            self.members[sid] |= 1 << number
        return number, joined

    def change_worker(self, number: int, names: Names) -> list[str]:
        """Give a worker other attributes or another name; the queues that the worker joins or leaves."""
        self._index.replace(number, names)
        return self._place(number, names, self._predicates)

    def change_activity(self, number: int, names: Names) -> list[str]:
        """The same when nothing but the activity is another one, which few queues ask for."""
        self._index.replace(number, names)
        return self._place(number, names, self._reading_activity)

    def remove_worker(self, number: int) -> None:
        """Forget a worker."""
        self._index.remove(number)
        self.members = {sid: bits & ~(1 << number) for sid, bits in self.members.items()}

    def everyone(self) -> dict[int, list[str]]:
        """The queues of every worker who is in any."""
        queues: dict[int, list[str]] = {}
        for sid, bits in self.members.items():
            for number in numbers_in(bits):
                queues.setdefault(number, []).append(sid)
        return queues

    def _place(self, number: int, names: Names, sids: Iterable[str]) -> list[str]:
        bit, changed = 1 << number, []
        self._answers.clear()
        for sid in sids:
            admits = self._predicates[sid]
            inside = admits is not None and admits(names)
            if inside is not bool(self.members[sid] >> number & 1):
                self.members[sid] ^= bit
                changed.append(sid)
        return changed

    def _shared(self, comparison: Comparison) -> Predicate:
        """The predicate of a comparison, the same for all queues: it is asked once for each worker."""
        if (predicate := self._comparisons.get(comparison)) is None:
            predicate = self._comparisons[comparison] = _once(compiled(comparison), next(self._numbers), self._answers)
        return predicate


def _once(predicate: Predicate, number: int, answers: dict[int, bool]) -> Predicate:
    """The predicate with its last answer, under its number, until *answers* are cleared."""

    def once(names: Names) -> bool:
        answer = answers.get(number)
        if answer is None:
            answer = answers[number] = predicate(names)
        return answer

    return once


def _reads_activity(expression: Expression) -> bool:
    return any(path.segments[0] in _ACTIVITY_NAMES for path in paths(expression))
