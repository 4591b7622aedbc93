"""Waiting for another process to give the file back.

SQLite could wait by itself, but nothing else would happen in this process meanwhile: no other request, no time-out, no
signal. So it waits for ``connection.TURN_S`` at a time, and the rest is done here.
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
    """What *open_file* opens.

    Raises:
        LockedError: Another process had the file all the time.
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
    """What *work* does, which does nothing at all where it finds the file locked.

    Raises:
        LockedError: Another process had the file all the time, so it could not be opened.
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
