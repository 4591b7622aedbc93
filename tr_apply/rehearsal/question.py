"""What can be asked: a task, and who is there to take it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Question:
    """What becomes of a task that is created now?"""

    workflow: str
    """Name of the workflow that gets it."""

    attributes: Mapping[str, Any] = field(default_factory=dict)
    """The task's; a ``${sid:…}`` in them stands for the SID of a declared resource."""

    channel: str = "default"
    priority: int = 0
    available: tuple[str, ...] | None = None
    """Names of the workers who are available, the one longest idle first; None for every declared one."""
