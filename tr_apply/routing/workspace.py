"""The surroundings of tasks and workers, as values: the workspace, its activities, channels, queues and workflows.

Resources refer to each other by SID, which is any text that no two of a kind share.
"""

from dataclasses import dataclass
from typing import Literal, TypeAlias

QueueOrder: TypeAlias = Literal["FIFO", "LIFO"]


@dataclass(frozen=True, slots=True)
class Workspace:
    """The routing settings of a workspace."""

    sid: str = ""
    name: str = ""
    multi_task_enabled: bool = True
    prioritize_queue_order: QueueOrder | None = None
    timeout_activity_sid: str | None = None
    """Where a worker goes who let a reservation time out; None for nowhere."""


@dataclass(frozen=True, slots=True)
class Activity:
    """A worker's activity, and whether a worker in it may get tasks."""

    sid: str
    name: str
    available: bool


@dataclass(frozen=True, slots=True)
class TaskChannel:
    """A kind of task; tasks and workers name it by its unique name, which never changes."""

    unique_name: str
    sid: str = ""
    name: str = ""
    channel_optimized_routing: bool = False
    """Whether this channel has a round of its own of workers who take turns."""


@dataclass(frozen=True, slots=True)
class TaskQueue:
    """A line of tasks, and which workers may take from it."""

    sid: str
    name: str
    target_workers: str = "1==1"
    """An expression over the workers' attributes; empty for nobody."""

    max_reserved_workers: int = 1
    task_order: QueueOrder = "FIFO"
    reservation_activity_sid: str | None = None
    assignment_activity_sid: str | None = None


@dataclass(frozen=True, slots=True)
class Workflow:
    """A workflow as it is configured now."""

    sid: str
    name: str
    document: str
    """``Configuration``: the JSON text, queues as SIDs."""

    task_reservation_timeout_s: int = 120
    version: int = 0
    """Counts the documents this workflow has had; a task keeps the one it entered with."""


Resource: TypeAlias = Workspace | Activity | TaskChannel | TaskQueue | Workflow
