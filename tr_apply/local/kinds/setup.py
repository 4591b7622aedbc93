"""The configuration of a workspace as the routing engine takes it, from what the API answers of it.

A file may hold what no request could have brought there: what cannot be read routes nothing and admits nobody.
"""

from typing import Final

from tr_apply.errors import ExpressionSyntaxError
from tr_apply.local.kinds.columns import Item
from tr_apply.routing.parser import parse
from tr_apply.routing.workflow_document import read_routing
from tr_apply.routing.workspace import Activity, TaskChannel, TaskQueue, Workflow, Workspace

_ROUTES_NOTHING: Final = '{"task_routing":{}}'


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
        target_workers=_readable_expression(item["target_workers"]),
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
        document=_readable_document(item["configuration"]),
        task_reservation_timeout_s=item["task_reservation_timeout"],
        version=version,
    )


def _readable_document(document: str) -> str:
    try:
        read_routing(document)
    except (ExpressionSyntaxError, ValueError, TypeError, AttributeError, LookupError, RecursionError):
        return _ROUTES_NOTHING
    return document


def _readable_expression(text: str) -> str:
    try:
        parse(text or "1==0")
    except ExpressionSyntaxError:
        return ""
    return text
