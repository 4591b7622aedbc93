"""The configuration of a workspace as the routing engine takes it, from what the API answers of it."""

from tr_apply.local.kind import Item
from tr_apply.routing.workspace import Activity, TaskChannel, TaskQueue, Workflow, Workspace


def workspace_of(item: Item) -> Workspace:
    """A workspace."""
    return Workspace(
        sid=item["sid"],
        name=item["friendly_name"],
        multi_task_enabled=item["multi_task_enabled"],
        prioritize_queue_order=item["prioritize_queue_order"],
        timeout_activity_sid=item["timeout_activity_sid"],
    )


def activity_of(item: Item) -> Activity:
    """An activity."""
    return Activity(item["sid"], item["friendly_name"], item["available"])


def task_channel_of(item: Item) -> TaskChannel:
    """A task channel."""
    return TaskChannel(
        unique_name=item["unique_name"],
        sid=item["sid"],
        name=item["friendly_name"],
        channel_optimized_routing=item["channel_optimized_routing"],
    )


def task_queue_of(item: Item) -> TaskQueue:
    """A task queue."""
    return TaskQueue(
        sid=item["sid"],
        name=item["friendly_name"],
        target_workers=item["target_workers"],
        max_reserved_workers=item["max_reserved_workers"],
        task_order=item["task_order"],
        reservation_activity_sid=item["reservation_activity_sid"],
        assignment_activity_sid=item["assignment_activity_sid"],
    )


def workflow_of(item: Item, version: int = 0) -> Workflow:
    """A workflow, whose version is the engine's own count of its documents."""
    return Workflow(
        sid=item["sid"],
        name=item["friendly_name"],
        document=item["configuration"],
        task_reservation_timeout_s=item["task_reservation_timeout"],
        version=version,
    )
