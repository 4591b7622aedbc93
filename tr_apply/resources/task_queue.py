"""Task queues: a line of tasks, and which workers may take from it."""

from typing import Annotated, Literal

from pydantic import Field

from tr_apply.resources.fields import INTEGER, Name, Template
from tr_apply.resources.kind import FormField, Holds, Kind, Resource


class TaskQueue(Resource):
    """A task queue."""

    name: Name
    """Name of the queue (FriendlyName), and its identity."""

    renamed_from: list[Name] = []
    """Names that this queue had before, newest first."""

    target_workers: Template = "1==1"
    """Which workers may take tasks, as an expression over their attributes; empty for nobody."""

    max_reserved_workers: Annotated[int, Field(ge=1, le=50), INTEGER] = 1
    """How many workers are offered one task at the same time."""

    task_order: Literal["FIFO", "LIFO"] = "FIFO"
    """Whether the oldest or the newest task is served first."""

    reservation_activity: Name | None = None
    """The activity a worker enters while an offer is open; single-tasking workspaces only."""

    assignment_activity: Name | None = None
    """The activity a worker enters with a task; single-tasking workspaces only."""


TASK_QUEUE = Kind(
    name="task_queue",
    section="task_queues",
    model=TaskQueue,
    collection="TaskQueues",
    list_key="task_queues",
    sid_prefix="WQ",
    fields={
        "name": FormField("FriendlyName", "friendly_name", Holds.NAME),
        "target_workers": FormField("TargetWorkers", "target_workers", Holds.TEXT),
        "max_reserved_workers": FormField("MaxReservedWorkers", "max_reserved_workers"),
        "task_order": FormField("TaskOrder", "task_order"),
        "reservation_activity": FormField("ReservationActivitySid", "reservation_activity_sid"),
        "assignment_activity": FormField("AssignmentActivitySid", "assignment_activity_sid"),
    },
    references={"reservation_activity": "activity", "assignment_activity": "activity"},
    namesake="refused",
)
