"""Lets things happen when they are due, for the sake of those who wait to be called about them."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Final

from tr_apply.local.history.events import forget_old_events
from tr_apply.local.history.session import Happened
from tr_apply.local.storage.refusals import UnavailableError
from tr_apply.local.store.engines import Engines

LONGEST_PAUSE_S: Final = 1.0
"""How long at most until somebody looks whether another process has written to the file."""

_TIDY_EVERY_MS: Final = 60 * 60 * 1000


class Timekeeper:
    """Runs in the background of a server.

    Attributes:
        rate: The speed of the clock, in its seconds per second; 0 if it is stopped.
    """

    def __init__(self, engines: Engines, rate: float | Callable[[], float] = 1.0) -> None:
        self._engines = engines
        self._rate = rate if callable(rate) else lambda: rate
        self._wake = asyncio.Event()
        self._next_ms: float = 0
        self._tidied_ms: float = float("-inf")
        engines.listeners.append(self._hear)

    async def run(self) -> None:
        """Go on until cancelled."""
        while True:
            self._wake.clear()
            with suppress(UnavailableError):  # it is another process's turn; so it will be ours again
                self._let_happen()
                await self._tidy()
            await self._pause()

    def _let_happen(self) -> None:
        due = self._engines.let_happen()
        self._next_ms = float("inf") if due is None else due

    async def _pause(self) -> None:
        rate = self._rate()
        wait_s = (self._next_ms - self._engines.now_ms()) / 1000 / rate if rate else LONGEST_PAUSE_S
        with suppress(TimeoutError):
            async with asyncio.timeout(min(max(wait_s, 0.001), LONGEST_PAUSE_S)):
                await self._wake.wait()

    async def _tidy(self) -> None:
        """Remove old rows now and then, in small parts."""
        now_ms = self._engines.now_ms()
        if now_ms - self._tidied_ms < _TIDY_EVERY_MS:
            return
        self._tidied_ms = now_ms
        more = True
        while more:
            with self._engines.write() as session:
                more = forget_old_events(session.writer)
            await asyncio.sleep(0)

    def _hear(self, happened: Sequence[Happened]) -> None:
        """Wake up when something is due earlier than the timer that is waited for."""
        dues = [state.timers.next() for state in {each.state for each in happened}]
        if any(due is not None and due < self._next_ms for due in dues):
            self._wake.set()
