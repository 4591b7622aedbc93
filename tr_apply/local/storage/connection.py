"""Opening the SQLite file: whose it is, which version it has, and what is wrong when it cannot be used."""

import os
import sqlite3
import time
from contextlib import suppress
from pathlib import Path

from tr_apply.errors import TargetError
from tr_apply.local.storage.schema import APPLICATION_ID, MIGRATIONS

MEMORY = ":memory:"
BUSY_TIMEOUT_S = 5.0
_ONLY_OURS = 0o600

_CIRCUMSTANCES = {
    sqlite3.SQLITE_BUSY: "it is locked by another process",
    sqlite3.SQLITE_LOCKED: "it is locked by another process",
    sqlite3.SQLITE_READONLY: "it is read-only",
    sqlite3.SQLITE_FULL: "the disk is full",
    sqlite3.SQLITE_IOERR: "the disk cannot be read or written",
    sqlite3.SQLITE_CANTOPEN: "it cannot be opened; its folder must exist and be writable",
    sqlite3.SQLITE_CORRUPT: "it is damaged",
}
"""What may go wrong with a file and is no bug of ours."""


def circumstance(error: sqlite3.Error) -> str | None:
    """What is wrong with the file, or None where the error says something about us."""
    return _CIRCUMSTANCES.get(_primary_code(error))


def connect(path: str | Path) -> sqlite3.Connection:
    """A connection to the file, which is created with its folder where missing and brought to the present version.

    Raises:
        TargetError: The file cannot be used, with the reason.
    """
    connection: sqlite3.Connection | None = None
    try:
        if str(path) != MEMORY:
            Path(path).parent.mkdir(parents=True, exist_ok=True)
            _make_private(path)
        connection = _opened(path)
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute("PRAGMA foreign_keys = ON")
        _check(connection, path)
        _use_wal(connection)
        _migrate(connection, path)
    except (sqlite3.Error, OSError, ValueError) as error:
        _discard(connection)
        raise TargetError(f"cannot use {path} as the database: {_reason(error)}") from error
    except TargetError:
        _discard(connection)
        raise
    return connection


def _make_private(path: str | Path) -> None:
    """A new file is its owner's alone, as are those that SQLite puts next to it: people are in it."""
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, _ONLY_OURS))


def _opened(path: str | Path) -> sqlite3.Connection:
    # Opened in one thread and used in another when a test serves from a thread; never in two at once.
    return sqlite3.connect(str(path), timeout=BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False)


def _check(connection: sqlite3.Connection, path: str | Path) -> int:
    """The version of the file; refuses a file that is not ours before anything of it is changed."""
    if not connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
        return 0
    if connection.execute("PRAGMA application_id").fetchone()[0] != APPLICATION_ID:
        raise TargetError(f"{path} is a database of another program; name another file for the embedded TaskRouter")
    version: int = connection.execute("PRAGMA user_version").fetchone()[0]
    if version > len(MIGRATIONS):
        raise TargetError(
            f"{path} was written by a newer tr-apply (version {version} of the file, this one knows "
            f"{len(MIGRATIONS)}); upgrade tr-apply or name another file"
        )
    return version


def _use_wal(connection: sqlite3.Connection) -> None:
    """The mode is kept in the file, so this does something only once in its life."""
    deadline = time.monotonic() + BUSY_TIMEOUT_S
    # Two processes that open a new file at the same time: SQLite gives up on this one statement without waiting.
    while connection.execute("PRAGMA journal_mode").fetchone()[0] == "delete":
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if _primary_code(error) != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(0.01)


def _migrate(connection: sqlite3.Connection, path: str | Path) -> None:
    """Bring the file to the present version, under the write lock, which also proves that it can be written."""
    connection.execute("BEGIN IMMEDIATE")
    version = _check(connection, path)
    if version < len(MIGRATIONS):
        for statement in (each for step in MIGRATIONS[version:] for each in step):
            connection.execute(statement)
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")
    connection.execute("COMMIT")


def _discard(connection: sqlite3.Connection | None) -> None:
    if connection is not None:
        connection.close()


def _reason(error: sqlite3.Error | OSError | ValueError) -> str:
    if isinstance(error, sqlite3.Error):
        return circumstance(error) or str(error)
    return getattr(error, "strerror", None) or str(error)


def _primary_code(error: sqlite3.Error) -> int:
    """SQLite's result code without its refinements; -1 where Python raised the error itself."""
    code: int = getattr(error, "sqlite_errorcode", -1)
    return code & 0xFF if code >= 0 else code
