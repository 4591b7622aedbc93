"""Which people a change takes out of a queue, and which it brings in.

Members of a queue are the workers whose names satisfy its ``TargetWorkers``, whatever their activity or load. A change
of an attribute counts as one of an expression does.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Final, TypeAlias

from tr_apply.errors import ExpressionSyntaxError
from tr_apply.json_text import same_json
from tr_apply.plan.impact import PeopleImpact, QueueChange
from tr_apply.routing.evaluate import Names
from tr_apply.routing.nodes import Expression
from tr_apply.routing.parser import parse
from tr_apply.routing.worker_index import Bits, WorkerIndex, bits_of, numbers_in

_Where: TypeAlias = Callable[[Expression], Bits]

_NOBODY: Final = ""
"""An empty ``TargetWorkers``, which TaskRouter reads as a queue for nobody (reference: edge cases)."""


@dataclass(frozen=True, slots=True)
class Staffing:
    """The queues and the workers of a workspace at one time."""

    queues: Mapping[str, str]
    """``TargetWorkers`` by a name that a queue has before and after the change."""

    workers: Mapping[str, Names]
    """The values of the names in an expression, by a name that a worker has before and after."""

    def has_workers_of(self, other: "Staffing") -> bool:
        """Whether every expression sees the same workers in both."""
        return same_json(self.workers, other.workers)


def people(before: Staffing, after: Staffing) -> PeopleImpact:
    """Whose place in which queue changes between *before* and *after*; a queue that is not there has no members."""
    counted = _Counted(before, after)
    unknown, found = list[str](), list[QueueChange]()
    for queue in sorted(before.queues.keys() | after.queues.keys()):
        try:
            found.extend(counted.change(queue))
        except ExpressionSyntaxError:
            unknown.append(queue)
    found.sort(key=lambda change: (not change.falls_to_nobody, change.queue))
    return PeopleImpact(len(before.workers), tuple(found), tuple(unknown))


def member_counts(staffing: Staffing, queues: Iterable[str]) -> dict[str, int]:
    """The number of members of each of *queues*, as far as it is there and can be read."""
    where = _members(staffing.workers, sorted(staffing.workers))
    counts = dict[str, int]()
    for queue in queues:
        if (target_workers := staffing.queues.get(queue)) is not None:
            with suppress(ExpressionSyntaxError):
                counts[queue] = _of(target_workers, where).bit_count()
    return counts


class _Counted:
    """Both sides, with the same number for the same worker."""

    def __init__(self, before: Staffing, after: Staffing) -> None:
        self._before, self._after = before, after
        self._names = sorted(before.workers.keys() | after.workers.keys())
        self._same_workers = before.has_workers_of(after)
        self._where_before = _members(before.workers, self._names)
        self._where_after = self._where_before if self._same_workers else _members(after.workers, self._names)

    def change(self, queue: str) -> Iterator[QueueChange]:
        """The change of *queue*; none if its members stay.

        Raises:
            ExpressionSyntaxError: An expression of it cannot be parsed.
        """
        old, new = self._before.queues.get(queue, _NOBODY), self._after.queues.get(queue, _NOBODY)
        if old == new and self._same_workers:
            return
        before, after = _of(old, self._where_before), _of(new, self._where_after)
        if before != after:
            gained, lost = self._named(after & ~before), self._named(before & ~after)
            yield QueueChange(queue, before.bit_count(), after.bit_count(), gained, lost)

    def _named(self, bits: Bits) -> tuple[str, ...]:
        return tuple(self._names[number] for number in numbers_in(bits))


def _of(target_workers: str, where: _Where) -> Bits:
    return where(parse(target_workers)) if target_workers.strip() else 0


def _members(workers: Mapping[str, Names], names: Iterable[str]) -> _Where:
    """Which of *names* an expression admits; one that is not among *workers* is nobody."""
    listed = list(names)
    index = WorkerIndex([workers.get(name, {}) for name in listed])
    if len(workers) == len(listed):
        return index.where
    there = bits_of((number for number, name in enumerate(listed) if name in workers), len(listed))
    return lambda expression: index.where(expression) & there
