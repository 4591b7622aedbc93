"""The two ways to use the SQLite file, ``read`` and ``write``.

Several processes may share one file. WAL lets them read while one writes, and every write begins by taking the write
lock. Data read in one transaction is used in the next only if its ``edition`` shows that nobody else has written since.
With ``synchronous=NORMAL`` committed data survives the death of the process at any time, but not a power cut.

Time never goes back in a file. If its latest event is later than the clock, because it was served at another clock rate
or the clock was set back, time continues from that event.
"""

import asyncio
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Self

from tr_apply.local.storage.clock import Clock, stored, wall_clock
from tr_apply.local.storage.connection import MEMORY, DamagedError, Explained, connect, damage
from tr_apply.local.storage.refusals import UnavailableError
from tr_apply.local.storage.sids import Positions, begin_anew, new_sids

Row = tuple[Any, ...]
Copy = sqlite3.Connection
"""All that a database held at some moment."""

Parameters = Sequence[Any] | Mapping[str, Any]


class Reader:
    """Reads within one transaction: all its answers are of the same time.

    Attributes:
        now_ms: That time. edition: A number that changes with every write that the engines did not take part in: by
            another process, by another Database, or by ``write``.
    """

    def __init__(self, connection: sqlite3.Connection, now_ms: int, edition: int) -> None:
        self._connection = connection
        self.now_ms = now_ms
        self.edition = edition

    def rows(self, sql: str, parameters: Parameters = ()) -> sqlite3.Cursor:
        """An iterator over the rows, which come as tuples."""
        return self._use().execute(sql, parameters)

    def row(self, sql: str, parameters: Parameters = ()) -> Row | None:
        """The first row."""
        found: Row | None = self._use().execute(sql, parameters).fetchone()
        return found

    def value(self, sql: str, parameters: Parameters = ()) -> Any:
        """The first value of the first row; None when there is no row."""
        found = self.row(sql, parameters)
        return found[0] if found else None

    def _use(self) -> sqlite3.Connection:
        return self._connection


class Writer(Reader):
    """One transaction that writes: all of it carries one time, and all of it is kept or none."""

    def __init__(self, connection: sqlite3.Connection, now_ms: int, edition: int, positions: Positions) -> None:
        super().__init__(connection, now_ms, edition)
        self._now: str | None = None
        self.reserved = positions  # for new rows
        self._later: list[tuple[str, Iterable[Parameters]]] = []
        self._part: int | None = None

    @property
    def now(self) -> str:
        """The time of the transaction as text."""
        if self._now is None:
            self._now = stored(self.now_ms)
        return self._now

    def insert(self, table: str, prefix: str, values: Mapping[str, Any]) -> str:
        """Add a row with a fresh SID and the time of this transaction, and return the SID."""
        [sid] = self.insert_many(table, prefix, [values])
        return sid

    def insert_many(self, table: str, prefix: str, rows: Sequence[Mapping[str, Any]]) -> list[str]:
        """Add rows that have the same columns, in this order, and return their SIDs."""
        if not rows:
            return []
        first = self.positions(len(rows))
        sids = new_sids(prefix, range(first, first + len(rows)))
        columns = ("position", "sid", "date_created", "date_updated", *rows[0])
        sql = _words("INSERT INTO", table, f"({', '.join(columns)})", "VALUES", f"({', '.join('?' * len(columns))})")
        self._use().executemany(
            sql,
            (
                (position, sid, self.now, self.now, *values.values())
                for position, (sid, values) in enumerate(zip(sids, rows, strict=True), first)
            ),
        )
        return sids

    def update(self, table: str, sid: str, values: Mapping[str, Any]) -> None:
        """Set *values* and ``date_updated`` of the row with *sid*."""
        changes = {**values, "date_updated": self.now}
        assignments = ", ".join(f"{column} = ?" for column in changes)
        sql = _words("UPDATE", table, "SET", assignments, "WHERE sid = ?")
        self._use().execute(sql, (*changes.values(), sid))

    def delete(self, table: str, sid: str) -> None:
        """Remove the row with *sid*, and with it what the schema says belongs to it."""
        self._use().execute(_words("DELETE FROM", table, "WHERE sid = ?"), (sid,))

    def same_name(self, table: str, workspace_sid: str, name_key: str, but: str) -> bool:
        """Whether another row than the one with the SID *but* has that name in the workspace."""
        conditions = "WHERE workspace_sid = ? AND name_key = ? AND sid <> ?"
        return self.row(_words("SELECT 1 FROM", table, conditions), (workspace_sid, name_key, but)) is not None

    def run(self, sql: str, parameters: Parameters = ()) -> None:
        """Any other statement."""
        self._use().execute(sql, parameters)

    def run_many(self, sql: str, parameters: Iterable[Parameters]) -> None:
        """Any other statement, once for each of *parameters*."""
        self._use().executemany(sql, parameters)

    def run_later(self, sql: str, parameters: Iterable[Parameters]) -> None:
        """Run it later, when something is read or the transaction ends, together with all other postponed statements.

        Postponed statements must not depend on each other's order.
        """
        self._later.append((sql, parameters))

    def positions(self, count: int) -> int:
        """The first of *count* positions that belong to this transaction now."""
        return self.reserved.given(self._connection, count)

    def commit(self) -> None:
        """Keep everything, and with it the positions that were given away."""
        self._write_out()
        self.reserved.reserve(self._connection)
        self._connection.execute("COMMIT")

    def begin_part(self) -> None:
        """From here on everything can be taken back for itself; no savepoint is needed until a statement is run."""
        self._part = len(self._later)

    def end_part(self) -> None:
        """Leave that to the whole."""
        if self._part is None:
            self._connection.execute("RELEASE part")
        self._part = None

    def undo_part(self) -> None:
        """Take back everything since the part began."""
        if self._part is None:
            self._later.clear()
            self._connection.execute("ROLLBACK TO part")
            self._connection.execute("RELEASE part")
        else:
            del self._later[self._part :]
        self._part = None

    def _use(self) -> sqlite3.Connection:
        if self._part is not None:
            self._set_savepoint(self._part)
        if self._later:
            self._write_out()
        return self._connection

    def _set_savepoint(self, part: int) -> None:
        own = self._later[part:]
        del self._later[part:]
        self._write_out()
        self._connection.execute("SAVEPOINT part")
        self._later, self._part = own, None

    def _write_out(self) -> None:
        rows: dict[str, list[Parameters]] = {}
        for sql, parameters in self._later:
            rows.setdefault(sql, []).extend(parameters)
        self._later = []
        try:
            for sql, together in rows.items():
                self._connection.executemany(sql, together)
        except sqlite3.Error:
            # It may be the work of parts that have long ended and rely on it: then nothing can be kept.
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            raise


class Database:
    """The connection of this process. For one event loop: no transaction spans an ``await``."""

    def __init__(self, connection: sqlite3.Connection, clock: Clock, path: str | Path) -> None:
        self._connection = connection
        self._path = path
        self._explained = Explained(path)
        self._clock = clock
        self._ahead_ms = 0
        self._now_ms = 0
        self._edition = -1
        self._unrouted = 0
        self._positions = Positions()
        # SQL asks for the present as it asks for a column, in what depends on it, such as the age of a task.
        connection.create_function("now_ms", 0, lambda: self._now_ms)

    @classmethod
    def open(cls, path: str | Path, clock: Clock = wall_clock) -> Self:
        """Open the file, creating it and its folder where missing; ``:memory:`` keeps everything in memory.

        Raises:
            LockedError: Another process has it right now.
            TargetError: The file cannot be used, with the reason.
        """
        return cls(connect(path), clock, path)

    def close(self) -> None:
        """Release the file. Closing twice is harmless."""
        self._connection.close()

    def copied(self) -> "Copy":
        """All that the file holds, in memory."""
        copy = sqlite3.connect(MEMORY)
        with self._explained:
            self._connection.backup(copy)
        return copy

    def restore(self, copy: "Copy") -> None:
        """Hold what a copy holds, and nothing else, at whatever time the clock shows.

        Raises:
            UnavailableError: The database cannot be written right now.
        """
        with self._explained:
            # A backup would wait for another process for ever.
            self._connection.execute("BEGIN IMMEDIATE")
            self._connection.execute("ROLLBACK")
            copy.backup(self._connection)
        begin_anew()
        self._unrouted += 1
        self.follow_clock()

    def empty(self) -> None:
        """Hold nothing, as in the beginning.

        Raises:
            UnavailableError: The database cannot be written right now.
        """
        with closing(connect(MEMORY)) as fresh:
            self.restore(fresh)

    def follow_clock(self) -> None:
        """Have the time that the clock shows, even if that is earlier than before, unless something happened later."""
        self._ahead_ms = self._now_ms = 0
        self._edition = -1

    def damaged(self) -> DamagedError:
        """The error for content of the file that is impossible."""
        return DamagedError(damage(self._path))

    def now_ms(self) -> int:
        """The present of this file, as far as this process knows it."""
        self._now_ms = max(self._clock() + self._ahead_ms, self._now_ms)
        return self._now_ms

    @contextmanager
    def read(self) -> Iterator[Reader]:
        """A consistent view, however many statements look at it.

        Raises:
            UnavailableError: The database cannot be read right now.
        """
        with self._transaction("BEGIN"):
            yield Reader(self._connection, self.now_ms(), self._edition + self._unrouted)

    @contextmanager
    def write(self) -> Iterator[Writer]:
        """The write lock, from the first statement on; an exception takes back everything.

        Raises:
            UnavailableError: The database cannot be written right now.
        """
        with self._transaction("BEGIN IMMEDIATE"):
            writer = self._writer()
            try:
                yield writer
                writer.commit()
            except BaseException:
                writer.reserved.forget()
                raise
        self._unrouted += 1

    def begin(self) -> "Batch":
        """The same for several writers in turn, who see to it that the engines know what they write.

        Raises:
            UnavailableError: The database cannot be written right now.
        """
        with self._explained:
            self._connection.execute("BEGIN IMMEDIATE")
            self._look_for_others()
        return Batch(self._connection, self._explained, self._writer())

    def _writer(self) -> Writer:
        return Writer(self._connection, self.now_ms(), self._edition + self._unrouted, self._positions)

    @contextmanager
    def _transaction(self, begin: str) -> Iterator[None]:
        with self._explained:
            self._connection.execute(begin)
            try:
                self._look_for_others()
                yield
            finally:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")

    def _look_for_others(self) -> None:
        """Notice that somebody else has written, perhaps with a clock that is ahead of ours."""
        edition = self._connection.execute("PRAGMA data_version").fetchone()[0]
        if edition == self._edition:
            return
        self._edition = edition
        self._positions.forget()
        latest = self._connection.execute("SELECT written_ms FROM event ORDER BY position DESC LIMIT 1").fetchone()
        if latest is not None:
            self._ahead_ms = max(self._ahead_ms, latest[0] - self._clock())


class Batch:
    """A transaction that several writers share, one after the other, so one commit serves them all.

    ``with batch as writer:`` is the part of one of them. The parts are committed together, or not at all.

    Attributes:
        parts: The number of parts.
        waiting: Set once they are committed, or it is clear that they will not be. An event would take longer.
        failure: The reason if they are not.
    """

    def __init__(self, connection: sqlite3.Connection, explained: Explained, writer: Writer) -> None:
        self.parts = 0
        self.waiting: list[asyncio.Future[None]] = []
        self.failure: BaseException | None = None
        self._connection = connection
        self._explained = explained
        self._writer = writer

    def __enter__(self) -> Writer:
        """Begin one writer's part.

        Raises:
            UnavailableError: The database cannot be written right now.
        """
        self._check()
        self._writer.begin_part()
        return self._writer

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        """End the part; an exception takes it back, and no other."""
        with self._explained:
            if error is None:
                self._writer.end_part()
                self.parts += 1
            elif self._connection.in_transaction:  # or SQLite has taken back everything, the disk being full
                self._writer.undo_part()
        self._explained.__exit__(kind, error, trace)

    def keep(self) -> None:
        """Keep all parts. Those who wait for that learn of a failure when they ask; they must not go on without."""
        try:
            self._commit()
        except Exception as error:  # noqa: BLE001  # whatever it is, it concerns those who wait
            self.failure = error
            self._writer.reserved.forget()
        for each in self.waiting:
            if not each.done():  # cancelled, with its request
                each.set_result(None)

    def check(self) -> None:
        """Raise what kept the parts from being kept, if something did."""
        if self.failure is not None:
            raise self.failure

    def _check(self) -> None:
        if not self._connection.in_transaction:
            raise UnavailableError("The database cannot be used: it has undone the last write")

    def _commit(self) -> None:
        self._check()
        with self._explained:
            try:
                self._writer.commit()
            finally:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")


def _words(*words: str) -> str:
    return " ".join(words)
