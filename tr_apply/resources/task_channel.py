"""Task channels: kinds of work, such as voice and chat, each with its own capacity per worker."""

from collections.abc import Mapping
from typing import Any, Final

from pydantic import model_validator

from tr_apply.resources.fields import Flag, Name
from tr_apply.resources.kind import FormField, Holds, Kind, Resource

# The documented rule: the name becomes a part of worker.channel.<unique_name>.… in expressions. TaskRouter has accepted
# other names, so a channel that is already live gets only a warning.
DOCUMENTED_UNIQUE_NAME = r"^[A-Za-z_$][A-Za-z0-9_$]*$"

SEEDED_CHANNELS: Final[Mapping[str, str]] = {
    "default": "Default",
    "voice": "Voice",
    "chat": "Programmable Chat",
    "sms": "SMS",
    "video": "Video",
}
"""Friendly names by unique name. These are never deleted."""


class TaskChannel(Resource):
    """A task channel."""

    unique_name: Name
    """Identity of the channel, as expressions write it. Cannot change."""

    name: Name = ""
    """Name for people (FriendlyName); the unique name when left out."""

    renamed_from: list[Name] = []
    """Unique names that this channel had before: TaskRouter gets a new channel instead."""

    channel_optimized_routing: Flag = False
    """Whether the worker longest idle on this channel, rather than on any, comes first."""

    @model_validator(mode="before")
    @classmethod
    def _named(cls, written: Any) -> Any:
        if isinstance(written, dict) and "name" not in written and "unique_name" in written:
            return {**written, "name": written["unique_name"]}
        return written


TASK_CHANNEL = Kind(
    name="task_channel",
    section="task_channels",
    model=TaskChannel,
    collection="TaskChannels",
    list_key="channels",
    sid_prefix="TC",
    identity="unique_name",
    fields={
        "unique_name": FormField("UniqueName", "unique_name", Holds.NAME, update=False),
        "name": FormField("FriendlyName", "friendly_name", Holds.NAME),
        "channel_optimized_routing": FormField("ChannelOptimizedRouting", "channel_optimized_routing"),
    },
    replaced_on=frozenset({"unique_name"}),
    find_by=None,
    namesake="refused",
    built_in=frozenset(SEEDED_CHANNELS),
)
