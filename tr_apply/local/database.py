"""The two ways to use the SQLite file, ``read`` and ``write``.

Several processes may share one file. WAL lets them read while one writes, every write begins by taking the write lock,
and nothing read in one transaction is relied upon in the next. ``synchronous=NORMAL`` means that what was committed
survives the death of the process at any moment (not a power cut).
"""

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

from tr_apply.local.connection import circumstance, connect
from tr_apply.local.refusals import UnavailableError
from tr_apply.local.sids import new_sid

Row = tuple[Any, ...]
Parameters = Sequence[Any] | Mapping[str, Any]


def utc_now() -> datetime:
    """The clock on the wall."""
    return datetime.now(UTC)


class Reader:
    """Reads within one transaction: everything it answers was true at the same moment."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def rows(self, sql: str, parameters: Parameters = ()) -> sqlite3.Cursor:
        """An iterator over the rows, which come as tuples."""
        return self._connection.execute(sql, parameters)

    def row(self, sql: str, parameters: Parameters = ()) -> Row | None:
        """The first row."""
        found: Row | None = self._connection.execute(sql, parameters).fetchone()
        return found

    def value(self, sql: str, parameters: Parameters = ()) -> Any:
        """The first value of the first row; None when there is no row."""
        found = self.row(sql, parameters)
        return found[0] if found else None


class Writer(Reader):
    """One transaction that writes: all of it carries one time, and all of it is kept or none.

    ``now`` is that time, as it is stored: ISO 8601 in UTC with microseconds, so that text order is time order.
    """

    def __init__(self, connection: sqlite3.Connection, now: str) -> None:
        super().__init__(connection)
        self.now = now

    def insert(self, table: str, prefix: str, values: Mapping[str, Any]) -> str:
        """Add a row with a fresh SID and the time of this transaction, and return the SID."""
        [sid] = self.insert_many(table, prefix, [values])
        return sid

    def insert_many(self, table: str, prefix: str, rows: Sequence[Mapping[str, Any]]) -> list[str]:
        """Add rows that have the same columns, in this order, and return their SIDs."""
        if not rows:
            return []
        first = self._positions(len(rows))
        sids = [new_sid(prefix, position) for position in range(first, first + len(rows))]
        columns = ("position", "sid", "date_created", "date_updated", *rows[0])
        sql = _words("INSERT INTO", table, _listed(columns), "VALUES", _listed("?" for _ in columns))
        self._connection.executemany(
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
        self._connection.execute(sql, (*changes.values(), sid))

    def delete(self, table: str, sid: str) -> None:
        """Remove the row with *sid*, and with it what the schema says belongs to it."""
        self._connection.execute(_words("DELETE FROM", table, "WHERE sid = ?"), (sid,))

    def same_name(self, table: str, workspace_sid: str, name_key: str, but: str) -> bool:
        """Whether another row than the one with the SID *but* has that name in the workspace."""
        conditions = "WHERE workspace_sid = ? AND name_key = ? AND sid <> ?"
        return self.row(_words("SELECT 1 FROM", table, conditions), (workspace_sid, name_key, but)) is not None

    def run(self, sql: str, parameters: Parameters = ()) -> None:
        """Any other statement."""
        self._connection.execute(sql, parameters)

    def _positions(self, count: int) -> int:
        """The first of *count* positions that belong to this transaction now."""
        self.run("UPDATE sequence SET last = last + ?", (count,))
        last: int = self.value("SELECT last FROM sequence")
        return last - count + 1


class Database:
    """The connection of this process. For one event loop: no transaction spans an ``await``."""

    def __init__(self, connection: sqlite3.Connection, clock: Callable[[], datetime] = utc_now) -> None:
        self._connection = connection
        self._clock = clock

    @classmethod
    def open(cls, path: str | Path, clock: Callable[[], datetime] = utc_now) -> Self:
        """Open the file, creating it and its folder where missing; ``:memory:`` keeps everything in memory.

        Raises:
            TargetError: The file cannot be used, with the reason.
        """
        return cls(connect(path), clock)

    def close(self) -> None:
        """Release the file. Closing twice is harmless."""
        self._connection.close()

    @contextmanager
    def read(self) -> Iterator[Reader]:
        """A consistent view, however many statements look at it.

        Raises:
            UnavailableError: The database cannot be read right now.
        """
        with self._transaction("BEGIN"):
            yield Reader(self._connection)

    @contextmanager
    def write(self) -> Iterator[Writer]:
        """The write lock, from the first statement on; an exception takes back everything.

        Raises:
            UnavailableError: The database cannot be written right now.
        """
        with self._transaction("BEGIN IMMEDIATE"):
            yield Writer(self._connection, f"{self._clock():%Y-%m-%dT%H:%M:%S.%fZ}")

    @contextmanager
    def _transaction(self, begin: str) -> Iterator[None]:
        try:
            self._connection.execute(begin)
            try:
                yield
                self._connection.execute("COMMIT")
            finally:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
        except sqlite3.DatabaseError as error:
            if reason := circumstance(error):
                raise UnavailableError(f"The database cannot be used: {reason}") from error
            raise


def _words(*words: str) -> str:
    return " ".join(words)


def _listed(names: Iterable[str]) -> str:
    return f"({', '.join(names)})"
