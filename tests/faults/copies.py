"""Copies of what is on disk while an apply runs, at every moment at which it could be killed."""

import asyncio
import sqlite3
from dataclasses import dataclass

MOMENTS = ("before", "during", "after")
"""Before each request; while it is answered, and once its answer was sent, each write: reading changes nothing."""


@dataclass(frozen=True)
class Copy:
    """The database and the journal, if there is one, as a kill at some moment leaves them."""

    database: bytes
    journal: bytes | None


class Copies:
    """A fault that harms nothing: it copies a database, and a journal, at each moment of each request.

    Writes are carried out one after the other, however many are under way, so no two of them share a state.

    Attributes:
        at: By moment, a copy for each request.
    """

    def __init__(self, database, journal=None):
        self.at = {moment: [] for moment in MOMENTS}
        self._journal = journal
        self._one_by_one = asyncio.Lock()
        # A connection of its own sees what is committed, and so does a program that opens the file after a kill.
        self._connection = sqlite3.connect(database, check_same_thread=False)
        self._edition, self._latest = None, b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._connection.close()

    def choose(self, request):
        return self._read if request.write is None else self._write

    async def _read(self, exchange):
        self._take("before")
        await exchange.send(await exchange.forward())

    async def _write(self, exchange):
        async with self._one_by_one:
            self._take("before")
            answer = await exchange.forward()
            self._take("during")
            await exchange.send(answer)
            self._take("after")

    def _take(self, moment):
        [edition] = self._connection.execute("PRAGMA data_version").fetchone()
        if edition != self._edition:
            self._edition, self._latest = edition, self._connection.serialize()
        exists = self._journal is not None and self._journal.exists()
        self.at[moment].append(Copy(self._latest, self._journal.read_bytes() if exists else None))
