"""What a call of the engine did: events, and the records that changed."""

from dataclasses import dataclass

from tr_apply.routing.events import Event
from tr_apply.routing.records import Reservation, Task, Worker


@dataclass(frozen=True, slots=True)
class WorkflowVersion:
    """A document that some task still goes by, though the workflow may have another by now."""

    workflow_sid: str
    version: int
    document: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What happened since the outcome before: everything that must be stored, in one transaction."""

    events: tuple[Event, ...]
    tasks: tuple[Task, ...]
    """New and changed ones, as they are now."""

    reservations: tuple[Reservation, ...]
    workers: tuple[Worker, ...]
    removed_task_sids: tuple[str, ...]
    """They are gone, and their reservations with them."""

    removed_worker_sids: tuple[str, ...]
    kept_versions: tuple[WorkflowVersion, ...]
    """Documents that must be kept from now on because a workflow was given another one."""

    dropped_versions: tuple[tuple[str, int], ...]
    """Documents, by workflow and version, that no task goes by any more."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The whole state of an engine, beside the configuration it is given."""

    now_ms: int = 0
    serial: int = 0
    """The greatest that a task or a reservation has had."""

    tasks: tuple[Task, ...] = ()
    reservations: tuple[Reservation, ...] = ()
    workers: tuple[Worker, ...] = ()
    """In the order of their creation."""

    versions: tuple[WorkflowVersion, ...] = ()
