"""When a resource may not be deleted."""

from collections.abc import Mapping
from dataclasses import dataclass

from tr_apply.local.kinds.columns import Item
from tr_apply.local.kinds.kind import ServedKind
from tr_apply.local.storage.database import Reader
from tr_apply.local.storage.refusals import InvalidParameterError


@dataclass(frozen=True, slots=True)
class KeepRule:
    """A reason to keep a resource: there is a row that *query* finds for its ``:sid``.

    ``reason`` completes the sentence "... cannot be deleted ..."; it may name columns of that row in braces.
    """

    query: str
    reason: str


KEPT: Mapping[str, tuple[KeepRule, ...]] = {
    "activity": (
        KeepRule(
            "SELECT friendly_name FROM workspace WHERE default_activity_sid = :sid",
            "while it is the default activity of the workspace",
        ),
        KeepRule(
            "SELECT friendly_name FROM workspace WHERE timeout_activity_sid = :sid",
            "while it is the timeout activity of the workspace",
        ),
        KeepRule(
            "SELECT friendly_name FROM worker WHERE activity_sid = :sid",
            "while Worker {friendly_name} is in it",
        ),
        KeepRule(
            "SELECT friendly_name FROM task_queue"
            " WHERE reservation_activity_sid = :sid OR assignment_activity_sid = :sid",
            "while TaskQueue {friendly_name} uses it",
        ),
    ),
    "task_channel": (
        KeepRule(
            "SELECT unique_name FROM task_channel WHERE sid = :sid AND unique_name = 'default'",
            "because it is the default one of the workspace",
        ),
    ),
    "task_queue": (
        KeepRule(
            "SELECT workflow.friendly_name FROM workflow_queue"
            " JOIN workflow ON workflow.sid = workflow_queue.workflow_sid"
            " WHERE workflow_queue.task_queue_sid = :sid",
            "while Workflow {friendly_name} refers to it",
        ),
    ),
    "worker": (
        KeepRule(
            "SELECT worker.friendly_name FROM worker JOIN activity ON activity.sid = worker.activity_sid"
            " WHERE worker.sid = :sid AND activity.available",
            "while in an available Activity",
        ),
    ),
}
"""ServedKind -> the rules, in the order of their messages. Deleting a workspace deletes everything in it."""


def check_deletable(reader: Reader, kind: ServedKind, item: Item) -> None:
    """Raise InvalidParameterError, with the reason, if a rule keeps *item*."""
    for rule in KEPT.get(kind.name, ()):
        if found := reader.row(rule.query, {"sid": item["sid"]}):
            reason = rule.reason.format(friendly_name=found[0])
            raise InvalidParameterError(f"{kind.noun} {item['sid']} cannot be deleted {reason}")
