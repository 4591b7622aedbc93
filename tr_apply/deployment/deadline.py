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
    """The time at which a run must have ended; shared by its concurrent parts.

    Args:
        timeout_s: Seconds that the run may take; None for no limit.
        began: Start of the run, by ``time.monotonic``; now by default.

    Attributes:
        waits: The reasons for waiting.
    """

    def __init__(self, timeout_s: float | None = None, began: float | None = None) -> None:
        self._timeout_s = timeout_s
        self.waits = Waits()
        self._unanswered = ""
        self._end = None if timeout_s is None else (time.monotonic() if began is None else began) + timeout_s

    @asynccontextmanager
    async def bound(self) -> AsyncIterator[None]:
        """Everything inside ends in time.

        Raises:
            OutOfTimeError: It did not.
        """
        if self._end is None:
            yield
            return
        left = max(0.0, self._end - time.monotonic())
        # Right before the time-out, which ends the requests under way: afterwards they are forgotten.
        asked = asyncio.get_running_loop().call_later(left, self._note_unanswered)
        try:
            async with asyncio.timeout(left):
                yield
        except TimeoutError as error:
            raise OutOfTimeError(self._message()) from error
        finally:
            asked.cancel()

    def require_left(self) -> None:
        """Begin nothing where no time is left: a request could be sent before the loop looks at the clock.

        Raises:
            OutOfTimeError: when it is over.
        """
        if self._end is not None and self._end <= time.monotonic():
            raise OutOfTimeError(self._message())

    def _message(self) -> str:
        last = f"the last error was {self.waits.last_error}" if self.waits.last_error else ""
        causes = "".join(f"; {each}" for each in (self._unanswered, last) if each)
        return f"timed out after {self._timeout_s:g} s (--timeout){causes}"

    def _note_unanswered(self) -> None:
        self._unanswered = self._unanswered or self.waits.unanswered()
