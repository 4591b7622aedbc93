"""Opening the SQLite file: its owner, its version, and the reason if it cannot be used.

The file may come with a repository of somebody else. Parts that SQLite would run by itself, such as a view in place of
a table or a trigger, are not in our files, and a file with more or other tables than ours is refused.
"""

import os
import sqlite3
import stat
from contextlib import closing, suppress
from functools import cache
from itertools import chain
from pathlib import Path
from threading import Lock
from typing import Final, NamedTuple

from tr_apply.errors import TargetError
from tr_apply.local.storage.refusals import LockedNowError, UnavailableError
from tr_apply.local.storage.schema import APPLICATION_ID, MIGRATIONS
from tr_apply.own_folder import make_folder

MEMORY = ":memory:"
Steps = tuple[tuple[str, ...], ...]
"""Each from one version of the file to the next."""

_ONLY_OURS: Final = 0o600
TURN_S: Final = 0.1
"""How long SQLite waits for the lock each time. In these periods nothing else runs, not even signal handlers."""

_PAGES_OF_LOG: Final = 4000
"""At how many pages the log of writes goes into the file, which waits for the disk: 16 MB instead of the usual 4."""

CHECKED_BYTES: Final = 64 * 1024 * 1024
"""Up to which size a file is read as a whole when it is opened, to find out whether it is damaged."""

_CIRCUMSTANCES = {
    sqlite3.SQLITE_BUSY: "it is locked by another process",
    sqlite3.SQLITE_LOCKED: "it is locked by another process",
    sqlite3.SQLITE_READONLY: "it is read-only",
    sqlite3.SQLITE_FULL: "the disk is full",
    sqlite3.SQLITE_IOERR: "the disk cannot be read or written",
    sqlite3.SQLITE_CANTOPEN: "it cannot be opened; its folder must exist and be writable",
}
"""Problems of a file that are not a bug of ours, and may pass."""

_COPYING = Lock()
"""SQLite may have been built for connections that one thread at a time uses."""

_DAMAGED = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_FORMAT}
_DAMAGE: Final = "it is damaged; restore it, or delete it to begin anew"
_LOCKED = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}


class LockedError(TargetError):
    """Another process has the file, and may give it back."""


class DamagedError(TargetError):
    """The file has unexpected content, which no waiting fixes."""


def circumstance(error: sqlite3.Error) -> str | None:
    """The reason that prevents the use of the file right now, or None for any other error."""
    return _CIRCUMSTANCES.get(_primary_code(error))


def is_locked(error: sqlite3.Error) -> bool:
    """Whether it is another process's turn."""
    return _primary_code(error) in _LOCKED


def is_damaged(error: sqlite3.Error) -> bool:
    """Whether the file is damaged, or not a database at all."""
    return _primary_code(error) in _DAMAGED or str(error).startswith("Could not decode to UTF-8")


def connect(path: str | Path) -> sqlite3.Connection:
    """A connection to the file, which is created with its folder where missing and brought to the present version.

    Raises:
        LockedError: Another process has it right now.
        TargetError: The file cannot be used, with the reason.
    """
    try:
        return _connected(path)
    except (sqlite3.Error, OSError, ValueError) as error:
        kind = LockedError if isinstance(error, sqlite3.Error) and is_locked(error) else TargetError
        raise kind(f"cannot use {path} as the database: {_reason(error)}") from error


def _connected(path: str | Path) -> sqlite3.Connection:
    if str(path) != MEMORY:
        _prepare(Path(path))
    connection = _opened(path)
    try:
        connection.execute("PRAGMA trusted_schema = OFF")
        connection.execute("PRAGMA cell_size_check = ON")
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute(f"PRAGMA wal_autocheckpoint = {_PAGES_OF_LOG}")
        connection.execute("PRAGMA foreign_keys = ON")
        if str(path) == MEMORY:
            _copy_empty_to(connection)
        else:
            _use_file(connection, path)
    except BaseException:
        connection.close()
        raise
    return connection


def _use_file(connection: sqlite3.Connection, path: str | Path) -> None:
    """Check the file, and bring it to the present version."""
    if version := _check(connection, path):
        _check_pages(connection, path, version)
    _use_wal(connection)
    _migrate(connection, path)


def _copy_empty_to(connection: sqlite3.Connection) -> None:
    """Make the tables in memory by a copy, in a thirtieth of the time: tests open thousands."""
    with _COPYING:
        _empty().backup(connection)


@cache
def _empty() -> sqlite3.Connection:
    """A database of the present version that nobody writes to."""
    connection = _opened(MEMORY)
    _migrate(connection, MEMORY)
    return connection


def _prepare(path: Path) -> None:
    """Make the folder, and the file if it is new: for its owner alone, because people are in it.

    The files that SQLite puts next to it are as private as it is.
    """
    make_folder(path.parent)
    if path.exists() and not path.is_dir() and not stat.S_ISREG(path.stat().st_mode):
        raise TargetError(f"cannot use {path} as the database: it is not a regular file")  # opening a pipe would wait
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, _ONLY_OURS))


def _opened(path: str | Path) -> sqlite3.Connection:
    # None and booleans are stored as they are without adapters, too. But then the sqlite3 module looks for methods of
    # each of them that they do not have, which takes as long as passing on ten numbers.
    sqlite3.register_adapter(type(None), {None: None}.__getitem__)  # in C, unlike a function of ours
    sqlite3.register_adapter(bool, int)
    # Opened in one thread and used in another when a test serves from a thread; never in two concurrently.
    return sqlite3.connect(str(path), timeout=TURN_S, isolation_level=None, check_same_thread=False)


def _check(connection: sqlite3.Connection, path: str | Path) -> int:
    """The version of the file; refuses a file that is not ours before anything of it is changed."""
    application_id = connection.execute("PRAGMA application_id").fetchone()[0]
    is_empty = not connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    if is_empty and application_id in (0, APPLICATION_ID):
        return 0
    if application_id != APPLICATION_ID:
        raise TargetError(f"{path} is a database of another program; name another file for the embedded TaskRouter")
    version: int = connection.execute("PRAGMA user_version").fetchone()[0]
    if version > len(MIGRATIONS):
        raise TargetError(
            f"{path} was written by a newer tr-apply (version {version} of the file, this one knows "
            f"{len(MIGRATIONS)}); upgrade tr-apply or name another file"
        )
    _check_schema(connection, path, version)
    return version


def _check_schema(connection: sqlite3.Connection, path: str | Path, version: int) -> None:
    if _schema(connection) != _ours(MIGRATIONS[: max(version, 0)]).schema:
        raise DamagedError(
            f"cannot use {path} as the database: its tables are not those of the embedded TaskRouter; "
            "name another file, or delete this one to begin anew"
        )


class _Ours(NamedTuple):
    """A file that certain steps made: its schema, and the statement that finds a row with bytes in it."""

    schema: frozenset[tuple[str, str, str]]
    asks_for_bytes: str


@cache  # asked for at each opening of a file, and longer to make than all else there
def _ours(steps: Steps) -> _Ours:
    sql = "SELECT t.name, c.name FROM sqlite_master AS t, pragma_table_info(t.name) AS c WHERE t.type = 'table'"
    with closing(_made(steps)) as ours:
        columns: dict[str, list[str]] = {}
        for table, column in ours.execute(sql):
            columns.setdefault(table, []).append(f"typeof({column}) = 'blob'")
        of_each_table = [f"SELECT 1 FROM {table} WHERE {' OR '.join(each)}" for table, each in columns.items()]  # noqa: S608  # names of ours
        return _Ours(_schema(ours), f"{' UNION ALL '.join(of_each_table)} LIMIT 1")


@cache
def _at_once(steps: Steps) -> tuple[str, ...]:
    """Statements that lead an empty file to where all these steps lead it, in half of the time."""
    with closing(_made(steps)) as ours:
        return tuple(text for text in ours.iterdump() if text not in {"BEGIN TRANSACTION;", "COMMIT;"})


def _made(steps: Steps) -> sqlite3.Connection:
    """An empty database after these steps, in memory."""
    connection = sqlite3.connect(MEMORY)
    for statement in chain.from_iterable(steps):
        connection.execute(statement)
    return connection


def _schema(connection: sqlite3.Connection) -> frozenset[tuple[str, str, str]]:
    """Everything that was created in a database; what SQLite's own ``ANALYZE`` adds is not."""
    sql = "SELECT type, name, sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_stat_'"
    return frozenset((kind, name, " ".join(text.split())) for kind, name, text in connection.execute(sql))


def _check_pages(connection: sqlite3.Connection, path: str | Path, version: int) -> None:
    """Find damage now rather than in the middle of something, unless that would take long."""
    if Path(path).stat().st_size <= CHECKED_BYTES:
        [found] = connection.execute("PRAGMA quick_check(1)").fetchone()
        if found != "ok" or _holds_blob(connection, version):
            raise DamagedError(damage(path))


def _holds_blob(connection: sqlite3.Connection, version: int) -> bool:
    """Whether bytes are where text or a number should be, which ``quick_check`` does not look at."""
    return connection.execute(_ours(MIGRATIONS[:version]).asks_for_bytes).fetchone() is not None


def damage(path: str | Path) -> str:
    """The message for a damaged file."""
    return f"cannot use {path} as the database: {_DAMAGE}"


def _use_wal(connection: sqlite3.Connection) -> None:
    """The mode is kept in the file, so this does something only once in its life.

    Where a file system cannot share memory the mode stays what it was: readers and writers wait for each other.
    """
    if connection.execute("PRAGMA journal_mode").fetchone()[0] == "delete":
        connection.execute("PRAGMA journal_mode = WAL")


def _migrate(connection: sqlite3.Connection, path: str | Path) -> None:
    """Bring the file to the present version, under the write lock, which also proves that it can be written."""
    connection.execute("BEGIN IMMEDIATE")
    version = _check(connection, path)
    if version < len(MIGRATIONS):
        for statement in chain.from_iterable(MIGRATIONS[version:]) if version else _at_once(MIGRATIONS):
            connection.execute(statement)
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")
    connection.execute("COMMIT")


def _reason(error: sqlite3.Error | OSError | ValueError) -> str:
    if isinstance(error, UnicodeDecodeError):  # SQLite's message about a damaged table may quote the damage
        return _DAMAGE
    if isinstance(error, sqlite3.Error):
        is_ours = _primary_code(error) != sqlite3.SQLITE_NOTADB
        return _DAMAGE if is_ours and is_damaged(error) else circumstance(error) or str(error)
    return getattr(error, "strerror", None) or str(error)


def _primary_code(error: sqlite3.Error) -> int:
    """SQLite's result code without its refinements; -1 where Python raised the error itself."""
    code: int = getattr(error, "sqlite_errorcode", -1)
    return code & 0xFF if code >= 0 else code


class Explained:
    """Distinguishes a database that cannot be used right now, and one that never will be, from a mistake of ours."""

    def __init__(self, path: str | Path) -> None:
        self._path = path

    def __enter__(self) -> None:
        pass

    def __exit__(self, _kind: type[BaseException] | None, error: BaseException | None, _trace: object) -> None:
        if not isinstance(error, sqlite3.DatabaseError):
            return
        if is_damaged(error):
            raise DamagedError(damage(self._path)) from error
        if reason := circumstance(error):
            kind = LockedNowError if is_locked(error) else UnavailableError
            raise kind(f"The database cannot be used: {reason}") from error
