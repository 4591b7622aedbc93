"""The present waits of a run and their reasons: missing answers, and pauses before a request is repeated."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from tr_apply.frozen import frozen
from tr_apply.transport import Attempt, Call, LostError

EVERY_S = 10.0
"""Seconds between two lines about waiting."""


def _now() -> float:
    return asyncio.get_running_loop().time()


def _clock() -> datetime:
    return datetime.now(UTC)


@frozen
class _Pause:
    call: Call
    reason: str
    until: float


class Waits:
    """The reasons why a run waits. It is an ``Observer`` of clients, and is notified of their pauses.

    Args:
        clock: The time of day, for messages; everything else uses the event loop's clock.

    Attributes:
        last_error: The last problem that was or will be retried; empty if there was none.
    """

    def __init__(self, clock: Callable[[], datetime] = _clock) -> None:
        self.last_error = ""
        self._clock = clock
        self._sent: dict[int, tuple[Call, float]] = {}
        self._pauses: dict[tuple[str, str], _Pause] = {}

    def __call__(self, call: Call, outcome: Attempt | None) -> None:
        """Note a request that is sent, or its end."""
        if outcome is None:
            self._pauses.pop(_key(call), None)
            self._sent[id(call)] = (call, _now())
        else:
            self._sent.pop(id(call), None)

    def pause(self, call: Call, failure: LostError, wait_s: float) -> None:
        """Note that *call* failed and is repeated after *wait_s* seconds."""
        self.last_error = f"{call}: {failure.reason}"
        self._pauses[_key(call)] = _Pause(call, failure.reason, _now() + wait_s)

    def told(self) -> str | None:
        """The reason of waiting, in one line; None if every request has only just begun."""
        now = _now()
        pauses = [each for each in self._pauses.values() if each.until >= now]
        slow = [(call, now - since) for call, since in self._sent.values() if now - since >= EVERY_S / 2]
        if not pauses and not slow:
            return None
        line = self._pause_text(min(pauses, key=lambda each: each.until), now) if pauses else _slow_text(*slow[0])
        more = len(pauses) + len(slow) - 1
        return f"{line}; {more} more wait" if more > 1 else f"{line}; 1 more waits" if more else line

    def _pause_text(self, pause: _Pause, now: float) -> str:
        until = self._clock() + timedelta(seconds=min(pause.until - now, 86_400.0))
        return (
            f"waiting to repeat {pause.call}: {pause.reason}; attempt {pause.call.attempt} failed, "
            f"the next one is at {until:%H:%M:%S} UTC"
        )

    def unanswered(self) -> str:
        """The request that has been under way for the longest time, and for how long; empty without one."""
        if not self._sent:
            return ""
        call, since = min(self._sent.values(), key=lambda each: each[1])
        return f"no answer came to {call} for {_now() - since:.3g} s"

    async def tell_regularly(self, say: Callable[[str], None]) -> None:
        """Have *say* print the reason of waiting every ten seconds, until cancelled."""
        while True:
            await asyncio.sleep(EVERY_S)
            if (line := self.told()) is not None:
                say(line)


def _key(call: Call) -> tuple[str, str]:
    return call.method, call.path


def _slow_text(call: Call, seconds: float) -> str:
    return f"waiting for the answer to {call} for {seconds:.0f} s; attempt {call.attempt}"
