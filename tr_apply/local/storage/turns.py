"""Waiting for another process to give the file back.

SQLite could wait by itself, but it would block this process: other requests, time-outs and signals. So it waits for
``connection.TURN_S`` each time, and this module repeats that.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

from tr_apply.local.storage.connection import LockedError
from tr_apply.local.storage.refusals import LockedNowError

PATIENCE_S: Final = 5.0
"""How long another process may have the file before we say so."""

_PAUSE_S: Final = 0.02

T = TypeVar("T")


def opened_in_turn(open_file: Callable[[], T]) -> T:
    """The result of *open_file*.

    Raises:
        LockedError: Another process held the lock the whole time.
    """
    end = time.monotonic() + PATIENCE_S
    while True:
        try:
            return open_file()
        except LockedError:
            if time.monotonic() > end:
                raise
        time.sleep(_PAUSE_S)


async def in_turn(work: Callable[[], Awaitable[T]]) -> T:
    """The result of *work*, which must have no effect if it finds the file locked.

    Raises:
        LockedError: Another process held the lock the whole time, so it could not be opened.
        LockedNowError: The same for a file that is open.
    """
    end = time.monotonic() + PATIENCE_S
    while True:
        try:
            return await work()
        except (LockedError, LockedNowError):
            if time.monotonic() > end:
                raise
        await asyncio.sleep(_PAUSE_S)
