"""How TaskRouter writes and compares names, which names it knows itself, and what a SID looks like."""

import re
from typing import Final

SID_LENGTH: Final = 34
NAME_LIMIT: Final = 64
"""Characters of a FriendlyName: documented for workspaces, activities, channels and workers, usual for others."""

ANY_PREFIX: Final = "[A-Z]{2}"
_DIGITS: Final = "[0-9a-fA-F]{32}"

FILTER_NAMES: Final = ("filter_friendly_name", "friendly_name", "friendlyName", "filterFriendlyName")
"""The keys in which Twilio's own helpers and samples write a filter's name; TaskRouter's own comes first."""

QUEUE_KEYS: Final = ("queue", "task_queue_sid")
"""The keys in which a target names its queue; the second is that of old helper libraries."""

CHANNEL_PROPERTIES: Final = frozenset({"configured_capacity", "assigned_tasks", "available_capacity_percentage"})
"""Properties of a worker's channel in TaskRouter: ``worker.channel.<task channel>.…``."""


def name_key(name: str) -> str:
    """A key that is equal for two names of one kind if TaskRouter treats them as the same.

    Documented for workers. For the other kinds it is unsure; this is the safe choice.
    """
    return name.casefold()


def sid_pattern(prefix: str = ANY_PREFIX) -> str:
    """The regular expression of a SID that begins with *prefix*, to be a part of a longer one."""
    return prefix + _DIGITS


SID_IN_TEXT: Final = ANY_PREFIX + "[0-9a-f]{32}"
"""The regular expression of a SID inside a longer text, as TaskRouter writes it.

If digits in capitals were allowed, a SID after a letter, as in ``LWA…``, would match one letter early.
"""

_SID: Final = re.compile(sid_pattern())


def is_sid(text: str, prefix: str = "") -> bool:
    """Whether *text* has the form of a SID, of the kind that has *prefix*."""
    return text.startswith(prefix) and _SID.fullmatch(text) is not None
