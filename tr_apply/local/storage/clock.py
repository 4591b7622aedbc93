"""The time of the embedded TaskRouter, in milliseconds since 1970, and how such a time is written."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import TypeAlias

Clock: TypeAlias = Callable[[], int]
"""The present, in milliseconds since 1970."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
LATEST_MS = (datetime(9000, 1, 1, tzinfo=UTC) - _EPOCH) // _MILLISECOND
"""Where a clock stops at last: whatever is due later must be a date as well, and dates end with the year 9999."""


def wall_clock() -> int:
    """The clock on the wall."""
    return time.time_ns() // 1_000_000


class SteeredClock:
    """A clock that can be stopped, moved and sped up; until then, at a rate of 1, it shows the real time.

    Attributes:
        first_rate: Its initial speed, in its seconds per second.
    """

    def __init__(self, first_rate: float = 1.0) -> None:
        self.first_rate = first_rate
        self.reset()

    def __call__(self) -> int:
        """The present, in milliseconds since 1970."""
        if self._is_wall:  # which may be set, and goes on while a laptop sleeps
            return wall_clock()
        return min(LATEST_MS, self._began_ms + int((time.monotonic() - self._began_s) * 1000 * self._rate))

    @property
    def rate(self) -> float:
        """Its speed; 0 if it is stopped."""
        return self._rate

    @rate.setter
    def rate(self, rate: float) -> None:
        self.go(self(), rate)

    def go(self, from_ms: int, rate: float) -> None:
        """Go on from a moment, which is at most `LATEST_MS`."""
        self._began_ms, self._began_s, self._rate = from_ms, time.monotonic(), rate
        self._is_wall = False

    def reset(self) -> None:
        """Go on from the present, as in the beginning."""
        self.go(wall_clock(), self.first_rate)
        self._is_wall = self.first_rate == 1


def stored(moment_ms: int) -> str:
    """A time as text: ISO 8601 in UTC with microseconds, so text order is time order."""
    return f"{_EPOCH + moment_ms * _MILLISECOND:%Y-%m-%dT%H:%M:%S.%fZ}"


def told(moment_ms: int | None) -> str | None:
    """A time as in the API: in whole seconds; None for none."""
    return None if moment_ms is None else _told_s(moment_ms // 1000)


@lru_cache(maxsize=64)
def _told_s(moment_s: int) -> str:
    return f"{_EPOCH + timedelta(seconds=moment_s):%Y-%m-%dT%H:%M:%SZ}"


def moment_of(text: str) -> int:
    """The time of an ISO 8601 text; one without a zone is in UTC.

    Raises:
        ValueError: It is not valid, or out of range.
    """
    moment = datetime.fromisoformat(text)
    try:
        utc = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except OverflowError as error:
        raise ValueError(text) from error
    return (utc - _EPOCH) // _MILLISECOND
