"""The effects of a call of the engine: events, and the records that changed."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from tr_apply.routing.events import Event
from tr_apply.routing.records import Reservation, Task, Transfer, Worker


@dataclass(frozen=True, slots=True)
class WorkflowVersion:
    """A version of a workflow's document that some task still uses, even if the workflow has a newer one."""

    workflow_sid: str
    version: int
    document: str


class Turn(NamedTuple):
    """When a worker was last reserved on a channel, which decides whose turn is next."""

    worker_sid: str
    channel: str
    reserved_ms: int


class Outcome(NamedTuple):
    """Everything since the previous outcome: it must be stored in one transaction."""

    events: Sequence[Event]
    tasks: Sequence[Task]
    """New and changed ones, as they are now."""

    reservations: Sequence[Reservation]
    workers: Sequence[Worker]
    """New and changed ones; a new reservation changes its worker's version."""

    turns: Sequence[Turn]
    """For ``last_reserved_on`` of these workers; the latest is also their ``last_reserved_ms``."""

    removed_task_sids: Sequence[str]
    """They are gone, and their reservations with them."""

    removed_worker_sids: Sequence[str]
    kept_versions: Sequence[WorkflowVersion]
    """Documents that must be kept from now on because a workflow was given another one."""

    dropped_versions: Sequence[tuple[str, int]]
    """Documents, by workflow and version, that no task goes by any more."""

    transfers: Sequence[Transfer]
    """New and changed ones; those of removed tasks are gone with them."""


@dataclass(frozen=True, slots=True)
class EngineState:
    """The whole state of an engine, without its configuration."""

    now_ms: int = 0
    serial: int = 0
    """The greatest that a task, a reservation or a transfer has had."""

    tasks: tuple[Task, ...] = ()
    reservations: tuple[Reservation, ...] = ()
    workers: tuple[Worker, ...] = ()
    """In the order of their creation."""

    versions: tuple[WorkflowVersion, ...] = ()
    transfers: tuple[Transfer, ...] = ()
