"""Facts of a live workspace at this minute, which ``route --live`` adds to a route. These dataclasses are JSON.

Moments are UTC, as in ``2026-11-30T02:04:10Z``.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, Literal, TypeAlias

from tr_apply.rehearsal.route import Age, Count, Route

Knowledge: TypeAlias = Literal["whole", "cut", "redacted", "absent", "refused", "unread"]
"""The completeness of a task's events: all; only the first ones, as there are too many; events without the people
concerned; no events; events that TaskRouter does not show; or events that it did not send in time.
"""

WAITING: Final = frozenset({"pending", "reserved"})
"""The statuses of a task that nobody has accepted."""


@dataclass(frozen=True, slots=True)
class TaskOffer:
    """A reservation of the task."""

    worker: str | None
    """Who was offered the task; null where that is not known any more."""

    status: str
    """As TaskRouter has it: ``pending``, ``accepted``, ``rejected``, ``timeout``, ``canceled``, ``rescinded``…"""

    created: str | None
    """When it was offered."""

    ended: str | None
    """When that status came; null of a pending one."""


@dataclass(frozen=True, slots=True)
class TaskMoment:
    """Something that has happened to the task."""

    at: str | None
    """When."""

    event: str
    """The type of the event."""

    queue: str | None = None
    """The task queue."""

    worker: str | None = None
    """The worker."""


@dataclass(frozen=True, slots=True)
class TaskNow:
    """A task of the workspace."""

    sid: str
    """Its SID."""

    status: str
    """Its ``assignment_status``; ``deleted`` of one that is gone."""

    created: str | None
    """When it was created."""

    age: Age | None
    """How many seconds ago that was; of one that is gone, null."""

    queue: str | None
    """The task queue that it is in."""

    queue_entered: str | None
    """When it came into the queue."""

    since: str | None = None
    """When it was last changed, of one that nobody waits with: by who took it, or by its end."""

    reason: str | None = None
    """Why it was canceled or completed."""

    routing_target: str | None = None
    """The worker, queue or workflow that it was sent to, past the filters."""

    steps_before: Count = 0
    """The number of steps that it has left."""

    is_sure: bool = True
    """Whether only one step can be the one that it is in."""

    ahead: Count | None = None
    """How many tasks of its queue come before it; null where that was not asked or is not known."""

    offers: Sequence[TaskOffer] = ()
    """To whom it was offered, in order."""

    events: Knowledge = "whole"
    """How much of its history is known."""

    history: Sequence[TaskMoment] = ()
    """Its history, in order."""


@dataclass(frozen=True, slots=True)
class WorkerNow:
    """A worker whom the present step wants."""

    worker: str
    """The name."""

    activity: str
    """The activity."""

    since: str | None
    """When the worker entered it."""

    is_available: bool
    """Whether that activity allows for tasks."""

    can_take: bool
    """Whether the worker could take the task now."""

    capacity: Count | None = None
    """How many tasks of this channel the worker takes at a time; null where nobody asked."""

    used: Count | None = None
    """How many of them are in use."""

    channel_available: bool | None = None
    """Whether the worker takes tasks of this channel at all."""

    is_offered: bool = False
    """Whether the worker is being offered this very task."""

    rejected: Count = 0
    """How often the worker has rejected the task."""

    timed_out: Count = 0
    """How often an offer to the worker ran out."""


@dataclass(frozen=True, slots=True)
class LiveFacts:
    """The present facts."""

    workspace: str
    """The workspace's name."""

    workspace_sid: str
    """Its SID."""

    answer: str
    """Why the task waits, in a sentence or a few."""

    people: Count
    """How many workers the workspace has."""

    members: Count = 0
    """How many of them are members of the queue of the present step."""

    task: TaskNow | None = None
    """The task that was asked about; absent where it is only supposed."""

    workers: Sequence[WorkerNow] = ()
    """All whom the present step wants: those who could take the task first."""

    notes: Sequence[str] = ()
    """Facts that could not be read, or are unusual."""


@dataclass(frozen=True, slots=True)
class LiveRoute:
    """A route among the people of this minute."""

    route: Route | None
    """None of a task that does not wait: somebody has it, or it has ended."""

    workflow: str
    """The workflow of the task."""

    attributes: Mapping[str, Any]
    """The task's."""

    channel: str
    priority: int
    facts: LiveFacts


def moment_ms(text: Any) -> int | None:
    """Milliseconds since 1970 of a date as TaskRouter writes it; None of anything else."""
    try:
        found = datetime.fromisoformat(text)
    except (TypeError, ValueError):
        return None
    return round(found.replace(tzinfo=found.tzinfo or UTC).timestamp() * 1000)


def iso(ms: int | None) -> str | None:
    """A moment as these documents write it."""
    try:
        return None if ms is None else f"{datetime.fromtimestamp(ms // 1000, UTC):%Y-%m-%dT%H:%M:%SZ}"
    except (OSError, OverflowError, ValueError):  # a moment that no calendar has
        return None
