"""Runs the asynchronous part of a command: bounded in time, and ended by the first Ctrl-C at a safe point."""

import asyncio
import signal
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from tr_apply.apply import Stop
from tr_apply.errors import InterruptedRunError, TrApplyError

T = TypeVar("T")

_AT_ONCE = "interrupted at once; what was under way may have been done or not, and running again does the rest"


class Deadline:
    """When all of a run must have ended; the same moment for everything that it does side by side."""

    def __init__(self, timeout_s: float | None) -> None:
        self._timeout_s = timeout_s
        self._end = None if timeout_s is None else time.monotonic() + timeout_s

    @asynccontextmanager
    async def bound(self) -> AsyncIterator[None]:
        """What is done inside ends in time.

        Raises:
            OutOfTimeError: when it did not.
        """
        left = None if self._end is None else max(0.0, self._end - time.monotonic())
        try:
            async with asyncio.timeout(left):
                yield
        except TimeoutError as error:
            raise OutOfTimeError(f"gave up after {self._timeout_s:g} s (--timeout)") from error


class OutOfTimeError(TrApplyError):
    """The run took longer than it was allowed to."""

    code = "timeout"


def run(work: Coroutine[Any, Any, T], *, timeout_s: float | None = None, stop: Stop | None = None) -> T:
    """The result of *work*.

    With *stop*, the first SIGINT or SIGTERM only asks it to begin nothing new; the second one ends it at once.

    Raises:
        InterruptedRunError: when a signal ended it.
        OutOfTimeError: when it took longer than *timeout_s*.
    """
    return asyncio.run(_bounded(work, Deadline(timeout_s), stop))


async def _bounded(work: Coroutine[Any, Any, T], deadline: Deadline, stop: Stop | None) -> T:
    task = asyncio.ensure_future(work)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, _on_signal(task, stop))
    try:
        async with deadline.bound():
            return await task
    except asyncio.CancelledError as error:
        raise InterruptedRunError("interrupted" if stop is None else _AT_ONCE) from error


def _on_signal(task: asyncio.Future[Any], stop: Stop | None) -> Callable[[], None]:
    def handle() -> None:
        if stop is None or stop.asked:
            task.cancel()
        else:
            stop.asked = True

    return handle
