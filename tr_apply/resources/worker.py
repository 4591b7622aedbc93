"""Workers: the people (or machines) that take tasks, and how many of each channel at a time."""

import json
from typing import Annotated, Any

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from tr_apply.resources.fields import INTEGER, Flag, JsonObject, Name
from tr_apply.resources.kind import FormField, Holds, Kind, Resource
from tr_apply.resources.template import filled
from tr_apply.routing.names import SID_LENGTH

_ENCODER = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False)
ATTRIBUTES_LIMIT = 4096  # characters of the JSON document
_LONGEST_CHARACTER = 6  # of JSON for one of Python: an escape; a ${sid:…} makes less of each of its characters
CAPACITY_LIMIT = 50  # tasks of one channel at the same time


def compact_json(value: Any) -> str:
    """JSON as TaskRouter keeps it: no white space, keys in the order given."""
    return _ENCODER.encode(value)


def _within_limit(attributes: dict[str, Any]) -> dict[str, Any]:
    if _LONGEST_CHARACTER * len(repr(attributes)) <= ATTRIBUTES_LIMIT:
        return attributes  # as nearly all are, which shows without writing the JSON
    length = len(filled(compact_json(attributes), lambda _: "0" * SID_LENGTH))
    if length > ATTRIBUTES_LIMIT:
        raise PydanticCustomError(
            "document-too-long",
            "the attributes make {length} characters of JSON; TaskRouter takes at most {limit}",
            {"length": length, "limit": ATTRIBUTES_LIMIT},
        )
    return attributes


AttributesObject = Annotated[JsonObject, AfterValidator(_within_limit)]
"""The attributes of a worker."""


class WorkerChannel(Resource):
    """How much work of one task channel a worker takes."""

    capacity: Annotated[int, Field(ge=0, le=CAPACITY_LIMIT), INTEGER] = 1
    """Tasks of this channel at the same time; 0 for none."""

    available: Flag = True
    """Whether the worker is offered tasks of this channel at all."""


class Worker(Resource):
    """A worker."""

    name: Name
    """Name of the worker (FriendlyName), and its identity."""

    renamed_from: list[Name] = []
    """Names that this worker had before, newest first."""

    activity: Name | None = None
    """The activity of a new worker, and where one must be moved to; people change it all day, so it is never drift."""

    attributes: AttributesObject | None = None
    """The values that expressions can read: a JSON object. Left out: the live value stays."""

    channels: dict[str, WorkerChannel] | None = None
    """Capacity by unique name of a task channel; channels that are not named keep their live values."""


WORKER = Kind(
    name="worker",
    section="workers",
    model=Worker,
    collection="Workers",
    list_key="workers",
    sid_prefix="WK",
    fields={
        "name": FormField("FriendlyName", "friendly_name", Holds.NAME),
        "activity": FormField("ActivitySid", "activity_sid"),
        "attributes": FormField("Attributes", "attributes", Holds.JSON),
    },
    references={"activity": "activity"},
    runtime=frozenset({"activity"}),
    kept_when_unset=frozenset({"attributes"}),
    namesake="refused",
)

WORKER_CHANNEL = Kind(
    name="worker_channel",
    section="channels",
    model=WorkerChannel,
    collection="Channels",
    list_key="channels",
    sid_prefix="WC",
    identity="task_channel_unique_name",
    fields={
        "capacity": FormField("Capacity", "configured_capacity", create=False),
        "available": FormField("Available", "available", create=False),
    },
    find_by=None,
    parent="worker",
)
