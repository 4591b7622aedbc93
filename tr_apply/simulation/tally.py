"""The counts of one day: small enough to be sent between processes, and can be summed in any way afterwards."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias

Grouping: TypeAlias = Literal["all", "demand", "queue", "channel", "interval", "worker_group"]

ALL: Final = "All tasks"
QUANTILES: Final = (0.5, 0.8, 0.9, 0.95)
NO_QUEUE: Final = "(no queue)"

Cell: TypeAlias = tuple[int, str, int]
"""Index of the demand, name of the queue, 0-based interval of arrival."""

StepKey: TypeAlias = tuple[str, int, int]
"""SID of the workflow, 0-based index of the filter (`workflow.DEFAULT` for the default one) and of the target."""


@dataclass(slots=True)
class Counts:
    """Tasks of one kind, and their outcomes."""

    offered: int = 0
    answered: int = 0
    abandoned: int = 0
    short_abandoned: int = 0
    """Those of the abandoned who gave up so early that they do not count."""

    canceled: int = 0
    """By the workflow: no step was left."""

    waiting: int = 0
    """Still waiting when the day ended."""

    within: int = 0
    """Answered within the threshold."""

    wait_ms: int = 0
    """Sum of the waiting times of the answered."""

    overflowed: int = 0
    missed_reservations: int = 0

    def add(self, other: "Counts") -> None:
        """Count those of *other*, too."""
        # One by one: a day of many queues adds up thousands, which a loop over names makes three times as long.
        self.offered += other.offered
        self.answered += other.answered
        self.abandoned += other.abandoned
        self.short_abandoned += other.short_abandoned
        self.canceled += other.canceled
        self.waiting += other.waiting
        self.within += other.within
        self.wait_ms += other.wait_ms
        self.overflowed += other.overflowed
        self.missed_reservations += other.missed_reservations

    @property
    def service_level(self) -> float | None:
        """The share answered in time, without those who abandoned immediately; None without any task."""
        return _ratio(self.within, self.offered - self.short_abandoned)

    @property
    def asa_s(self) -> float | None:
        """Average speed of answer, in seconds."""
        return _ratio(self.wait_ms / 1000, self.answered)

    @property
    def abandonment(self) -> float | None:
        """The share of those who gave up, or whom the workflow turned away."""
        return _ratio(self.abandoned + self.canceled, self.offered)


@dataclass(slots=True)
class StepCounts:
    """Tasks that came to a step of a workflow, and their outcomes there.

    Those who came are those who were answered, abandoned, were canceled, still waited at the end of the day or went on.
    """

    came: int = 0
    answered: int = 0
    answered_ms: int = 0
    """Sum of the waiting times of the answered, from their arrival."""

    abandoned: int = 0
    canceled: int = 0
    waiting: int = 0
    went_on: int = 0
    """To another step."""

    went_on_ms: int = 0
    """Sum of the waiting times until then, from their arrival."""


@dataclass(slots=True)
class GroupCounts:
    """The people of one group on one day."""

    answered: int = 0
    missed_reservations: int = 0
    busy_ms: int = 0
    staffed_ms: int = 0

    @property
    def occupancy(self) -> float | None:
        """The share of the time at work in which they have a task in hand."""
        return _ratio(self.busy_ms, self.staffed_ms)


@dataclass(slots=True)
class DayTally:
    """One simulated day."""

    cells: dict[Cell, Counts] = field(default_factory=dict)
    waits_ms: dict[tuple[Grouping, str], tuple[int, ...]] = field(default_factory=dict)
    """Of the answered: the quantiles of `QUANTILES`; and last the longest wait of anybody."""

    groups: dict[str, GroupCounts] = field(default_factory=dict)
    steps: dict[StepKey, StepCounts] = field(default_factory=dict)

    def cell(self, key: Cell) -> Counts:
        """The counts of one cell."""
        if (counts := self.cells.get(key)) is None:
            counts = self.cells[key] = Counts()
        return counts

    def step(self, key: StepKey) -> StepCounts:
        """The counts of one step."""
        if (counts := self.steps.get(key)) is None:
            counts = self.steps[key] = StepCounts()
        return counts

    def everybody(self) -> GroupCounts:
        """All people together."""
        groups = self.groups.values()
        return GroupCounts(
            sum(each.answered for each in groups),
            sum(each.missed_reservations for each in groups),
            sum(each.busy_ms for each in groups),
            sum(each.staffed_ms for each in groups),
        )


class WaitingTimes:
    """Waiting times of one day, until its quantiles are known."""

    def __init__(self) -> None:
        self._answered: dict[tuple[int, str], list[int]] = {}
        self._longest: dict[tuple[int, str], int] = {}

    def add(self, contact: int, queue: str, wait_ms: int, *, answered: bool) -> None:
        """Note how long a task waited until it was answered or ended."""
        key = (contact, queue)
        if answered:
            self._answered.setdefault(key, []).append(wait_ms)
        self._longest[key] = max(wait_ms, self._longest.get(key, 0))

    def quantiles(self, demands: Sequence[str], channels: Sequence[str]) -> dict[tuple[Grouping, str], tuple[int, ...]]:
        """The quantiles of all groups of tasks; the names are those of the demands and their channels."""
        answered: dict[tuple[Grouping, str], list[int]] = {}
        longest: dict[tuple[Grouping, str], int] = {}
        for key, most in self._longest.items():
            contact, queue = key
            for group in groups_of(demands[contact], queue, channels[contact]):
                answered.setdefault(group, []).extend(self._answered.get(key, ()))
                longest[group] = max(most, longest.get(group, 0))
        return {group: (*quantiles_of(sorted(waits)), longest[group]) for group, waits in answered.items()}


def groups_of(demand: str, queue: str, channel: str) -> Iterable[tuple[Grouping, str]]:
    """The groups that a task belongs to."""
    return (("all", ALL), ("demand", demand), ("queue", queue), ("channel", channel))


def quantiles_of(waits: Sequence[int]) -> Iterable[int]:
    """The quantiles of sorted numbers: the smallest that enough of them do not exceed; 0 of none."""
    count = len(waits)
    return (waits[max(0, -int(-share * count // 1) - 1)] if count else 0 for share in QUANTILES)


def _ratio(part: float, whole: float) -> float | None:
    return part / whole if whole else None
