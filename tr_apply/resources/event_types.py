"""Every event that TaskRouter documents."""

from typing import Final

_EVENTS: Final = {
    "activity": "created updated deleted",
    "reservation": "created accepted rejected timeout canceled rescinded completed wrapup failed",
    "task": (
        "created updated canceled wrapup completed deleted system-deleted transfer-initiated transfer-attempt-failed "
        "transfer-failed transfer-canceled transfer-completed"
    ),
    "task-channel": "created updated deleted",
    "task-queue": "created deleted entered timeout moved expression.updated",
    "worker": "created activity.update attributes.update capacity.update channel.availability.update deleted",
    "workflow": "created updated deleted target-matched entered timeout skipped",
    "workspace": "created updated deleted",
}
EVENT_TYPES: Final = tuple(f"{group}.{each}" for group, names in _EVENTS.items() for each in names.split())
"""Every event that TaskRouter documents; mind that those of a worker end in ``update``."""
