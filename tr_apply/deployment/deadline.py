"""When all of a run must have ended."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tr_apply.deployment.waits import Waits
from tr_apply.errors import TrApplyError


class OutOfTimeError(TrApplyError):
    """The run took longer than it was allowed to."""

    code = "timeout"


class Deadline:
    """The moment at which a run must have ended; the same for everything that it does side by side.

    Args:
        timeout_s: Seconds from now; None for no end.

    Attributes:
        waits: What the run waits for.
    """

    def __init__(self, timeout_s: float | None = None) -> None:
        self._timeout_s = timeout_s
        self.waits = Waits()
        self._end = None if timeout_s is None else time.monotonic() + timeout_s

    @asynccontextmanager
    async def bound(self) -> AsyncIterator[None]:
        """Whatever is done inside ends in time.

        Raises:
            OutOfTimeError: when it did not.
        """
        left = None if self._end is None else max(0.0, self._end - time.monotonic())
        try:
            async with asyncio.timeout(left):
                yield
        except TimeoutError as error:
            last = self.waits.last_error
            cause = f"; the last error was {last}" if last else ""
            raise OutOfTimeError(f"timed out after {self._timeout_s:g} s (--timeout){cause}") from error
