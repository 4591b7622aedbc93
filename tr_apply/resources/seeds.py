"""The resources that TaskRouter puts into a new workspace by itself."""

from collections.abc import Mapping
from typing import Final, TypeAlias

from tr_apply.resources.activity import Activity
from tr_apply.resources.kind import Resource
from tr_apply.resources.task_channel import SEEDED_CHANNELS, TaskChannel
from tr_apply.resources.task_queue import TaskQueue
from tr_apply.resources.workflow import Target, Workflow

DEFAULT_ACTIVITY: Final = "Offline"
"""The default and the timeout activity of a new workspace."""

# Single-tasking workspaces still get the four older activities.
_MULTITASKING: Final = {"Offline": False, "Available": True, "Unavailable": False}
_SINGLE_TASKING: Final = {"Offline": False, "Idle": True, "Busy": False, "Reserved": False}
SEEDED_ACTIVITIES: Final = frozenset(_MULTITASKING) | frozenset(_SINGLE_TASKING)

# The queue's name is unsure (seen in older workspaces); apply compares what it finds with what it expected.
_FIFO_QUEUE: Final = "Sample Queue"
_FIFO_WORKFLOW: Final = "Default Fifo Workflow"


FLEX_WORKSPACE: Final = "Flex Task Assignment"
FLEX_OBJECTS: Final[Mapping[str, frozenset[str]]] = {
    "activity": frozenset({"offline", "available", "unavailable", "break"}),
    "task_queue": frozenset({"everyone"}),
    "workflow": frozenset({"assign to anyone"}),
    "task_channel": frozenset({*SEEDED_CHANNELS, "email"}),
}
"""Names of Flex's own objects in its workspace, as ``name_key`` compares them."""


def is_flex(workspace: str) -> bool:
    """Whether Flex works with the workspace of that name: a project has one, and it is not renamed."""
    return workspace == FLEX_WORKSPACE


Seeds: TypeAlias = Mapping[str, tuple[Resource, ...]]
"""The content of a new workspace, by kind."""


def seeds(*, multi_task_enabled: bool, template: str) -> Seeds:
    """The content of a new workspace with these settings, before anything is added."""
    activities = _MULTITASKING if multi_task_enabled else _SINGLE_TASKING
    return {
        "activity": tuple(Activity(name=name, available=on) for name, on in activities.items()),
        "task_channel": tuple(TaskChannel(unique_name=unique, name=name) for unique, name in SEEDED_CHANNELS.items()),
        "task_queue": (_fifo_queue(multi_task_enabled=multi_task_enabled),) * (template == "FIFO"),
        "workflow": (_fifo_workflow(),) * (template == "FIFO"),
        "worker": (),
    }


def _fifo_queue(*, multi_task_enabled: bool) -> TaskQueue:
    if multi_task_enabled:
        return TaskQueue(name=_FIFO_QUEUE)
    return TaskQueue(name=_FIFO_QUEUE, reservation_activity="Reserved", assignment_activity="Busy")


def _fifo_workflow() -> Workflow:
    return Workflow(name=_FIFO_WORKFLOW, default_filter=Target(queue=_FIFO_QUEUE))
