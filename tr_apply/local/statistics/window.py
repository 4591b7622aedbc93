"""The time that cumulative statistics are about."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Self

from tr_apply.local.forms.fields import integer, moment
from tr_apply.local.statistics.durations import MS_IN_SECOND
from tr_apply.local.storage.clock import stored
from tr_apply.local.storage.refusals import InvalidParameterError, TooLongAgoError

DEFAULT_MINUTES: Final = 15
HISTORY_DAYS: Final = 30

_MS_IN_MINUTE: Final = 60 * MS_IN_SECOND
_HISTORY_MS: Final = HISTORY_DAYS * 24 * 60 * _MS_IN_MINUTE
_MINUTES_LIMIT: Final = 10**9
_SECONDS_END: Final = len("2016-07-13T22:25:56")


@dataclass(frozen=True, slots=True)
class Window:
    """From when until when, in milliseconds since 1970, both included."""

    start_ms: int
    end_ms: int

    @classmethod
    def of(cls, query: Mapping[str, str], now_ms: int) -> Self:
        """As ``Minutes``, or ``StartDate`` and ``EndDate``, say; without them the last 15 minutes.

        Raises:
            InvalidParameterError: One of them is wrong, or they contradict each other.
            TooLongAgoError: It begins more than 30 days ago.
        """
        minutes, start, end = (query.get(name) or None for name in ("Minutes", "StartDate", "EndDate"))
        if minutes and (start or end):
            raise InvalidParameterError("Minutes cannot be combined with StartDate or EndDate")
        end_ms = moment("EndDate", end) if end else now_ms
        length_ms = _MS_IN_MINUTE * integer(1, _MINUTES_LIMIT)("Minutes", minutes or str(DEFAULT_MINUTES))
        start_ms = moment("StartDate", start) if start else end_ms - length_ms
        if start_ms > end_ms:
            raise InvalidParameterError("StartDate must not be after EndDate, nor, without one, in the future")
        if start_ms < _whole_seconds(now_ms - _HISTORY_MS):
            raise TooLongAgoError(f"Statistics can begin at most {HISTORY_DAYS} days ago")
        return cls(start_ms, end_ms)

    @property
    def last_ms(self) -> int:
        """The last moment of its last second: what happens until then counts."""
        return _whole_seconds(self.end_ms) + MS_IN_SECOND - 1

    def part_of(self, since_ms: int, until_ms: int) -> int:
        """How many milliseconds of the time between two moments are inside; negative if it is all outside."""
        return min(until_ms, self.end_ms) - max(since_ms, self.start_ms)

    def figures(self) -> dict[str, str]:
        """The window as in the API."""
        return {"start_time": _told(self.start_ms), "end_time": _told(self.end_ms)}


def _told(moment_ms: int) -> str:
    """A time as in the API: ISO 8601 in UTC, whole seconds."""
    return f"{stored(moment_ms)[:_SECONDS_END]}Z"


def _whole_seconds(moment_ms: int) -> int:
    return moment_ms // MS_IN_SECOND * MS_IN_SECOND
