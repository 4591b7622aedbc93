"""How long workers were in each activity."""

from collections.abc import Iterable
from typing import Any

from tr_apply.local.statistics.durations import Durations, Stay
from tr_apply.local.statistics.window import Window
from tr_apply.routing.workspace import Activity


class ActivityDurations:
    """The stays in each of some activities, as far as they are within a window and have been added."""

    def __init__(self, activities: Iterable[Activity], window: Window) -> None:
        self._window = window
        self._durations = {activity.sid: (activity, Durations()) for activity in activities}

    def add(self, stay: Stay) -> None:
        """Add a stay, the part of it that is inside."""
        inside_ms = self._window.part_of(stay.since_ms, stay.until_ms)
        if inside_ms > 0 and (found := self._durations.get(stay.activity_sid)):
            found[1].add(inside_ms)

    def figures(self) -> list[dict[str, Any]]:
        """The figures of every activity, as in the API."""
        return [
            {"sid": activity.sid, "friendly_name": activity.name, **durations.figures()}
            for activity, durations in self._durations.values()
        ]
