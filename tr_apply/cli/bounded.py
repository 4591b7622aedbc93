"""Runs the asynchronous part of a command: bounded in time, and ended by the first Ctrl-C at a safe point."""

import asyncio
import signal
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from tr_apply.apply import Stop
from tr_apply.deployment.deadline import Deadline
from tr_apply.errors import InterruptedRunError

T = TypeVar("T")

_SIGNALS = (signal.SIGINT, signal.SIGTERM)

_AT_ONCE = "stopped immediately: requests in progress may or may not have been carried out. Run again to finish"


def run(work: Coroutine[Any, Any, T], *, deadline: Deadline | None = None, stop: Stop | None = None) -> T:
    """The result of *work*.

    With *stop*, the first SIGINT or SIGTERM prevents new requests; the second one ends the run immediately.

    Raises:
        InterruptedRunError: A signal ended it.
        OutOfTimeError: It was not done by the *deadline*.
    """
    return asyncio.run(_bounded(work, deadline or Deadline(), stop))


async def _bounded(work: Coroutine[Any, Any, T], deadline: Deadline, stop: Stop | None) -> T:
    task = asyncio.ensure_future(work)
    try:
        with _signals_to(_on_signal(task, stop)):
            async with deadline.bound():
                return await task
    except asyncio.CancelledError as error:
        raise InterruptedRunError("interrupted" if stop is None else _AT_ONCE) from error


@contextmanager
def _signals_to(handle: Callable[[], None]) -> Iterator[None]:
    """Call *handle* in the running loop at each SIGINT and SIGTERM."""
    loop = asyncio.get_running_loop()
    try:
        for number in _SIGNALS:
            loop.add_signal_handler(number, handle)
    except NotImplementedError:  # the loops of Windows
        previous = {each: signal.signal(each, lambda *_: loop.call_soon_threadsafe(handle)) for each in _SIGNALS}
    else:
        previous = {}
    try:
        yield
    finally:
        for number, before in previous.items():
            signal.signal(number, before if before is not None else signal.SIG_DFL)


def _on_signal(task: asyncio.Future[Any], stop: Stop | None) -> Callable[[], None]:
    def handle() -> None:
        if stop is None or stop.asked:
            task.cancel()
        else:
            stop.asked = True

    return handle
