"""The workspace itself: what surrounds everything else."""

import re
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from tr_apply.resources.credentials import Credentials
from tr_apply.resources.fields import Flag, Name, Url
from tr_apply.resources.kind import FormField, Holds, Kind, Resource, Seldom
from tr_apply.routing.names import sid_pattern

_SID: Final = f"^{sid_pattern('WS')}$"
_EVENT: Final = r"^[^,\s]([^,]*[^,\s])?$"  # any value that TaskRouter may hold; lint has the known types

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

_ANY_EVENT: Final = Field(json_schema_extra={"anyOf": [{"enum": list(EVENT_TYPES)}, {"pattern": _EVENT}]})
"""Editors complete the documented ones; TaskRouter holds any."""


def _sid(written: str) -> str:
    if not re.fullmatch(_SID, written):
        raise PydanticCustomError("invalid-value", "expected WS and 32 hexadecimal digits")
    return written


def _event(written: str) -> str:
    if not re.fullmatch(_EVENT, written):
        raise PydanticCustomError("invalid-value", "expected one event type, as in task.created")
    return written


class Workspace(Resource):
    """The workspace. A field that is left out keeps its live value, except the name."""

    name: Name
    """Name of the workspace (FriendlyName), and its identity."""

    sid: Annotated[str, Field(json_schema_extra={"pattern": _SID}), AfterValidator(_sid)] | None = None
    """Pins the workspace by its SID; needed only when two live workspaces share the name."""

    renamed_from: list[Name] = []
    """Names that this workspace had before, newest first."""

    template: Literal["NONE", "FIFO"] | None = None
    """TaskRouter's template for a new workspace; used at creation only, never compared."""

    multi_task_enabled: Flag | None = None
    """Whether a worker may hold several tasks simultaneously. Cannot be switched off again."""

    prioritize_queue_order: Literal["FIFO", "LIFO"] | None = None
    """Which kind of queue is served first when a worker could serve both."""

    event_callback_url: Url | None = None
    """Where TaskRouter posts its events; empty for nowhere."""

    events_filter: list[Annotated[str, _ANY_EVENT, AfterValidator(_event)]] | None = None
    """The event types that are posted; an empty list for all of them."""

    credentials: Annotated[Credentials, Seldom(Credentials)] | None = None
    """Which environment variables hold the account's credentials; never sent, never compared."""

    default_activity: Name | None = None
    """The activity of a new worker, by name."""

    timeout_activity: Name | None = None
    """The activity of a worker who let a reservation time out, by name."""


WORKSPACE = Kind(
    name="workspace",
    section="workspace",
    model=Workspace,
    collection="Workspaces",
    list_key="workspaces",
    sid_prefix="WS",
    fields={
        "name": FormField("FriendlyName", "friendly_name", Holds.NAME),
        "template": FormField("Template", "template", update=False),
        "multi_task_enabled": FormField("MultiTaskEnabled", "multi_task_enabled"),
        "prioritize_queue_order": FormField("PrioritizeQueueOrder", "prioritize_queue_order"),
        "event_callback_url": FormField("EventCallbackUrl", "event_callback_url", Holds.TEXT),
        "events_filter": FormField("EventsFilter", "events_filter", Holds.LIST),
        "default_activity": FormField("DefaultActivitySid", "default_activity_sid", create=False),
        "timeout_activity": FormField("TimeoutActivitySid", "timeout_activity_sid", create=False),
    },
    references={"default_activity": "activity", "timeout_activity": "activity"},
    kept_when_unset=frozenset(
        {
            "multi_task_enabled",
            "prioritize_queue_order",
            "event_callback_url",
            "events_filter",
            "default_activity",
            "timeout_activity",
        }
    ),
    parent=None,
    namesake="allowed",
)
