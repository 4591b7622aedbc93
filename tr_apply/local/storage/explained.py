"""SQLite's errors about a database that cannot be used, in words for the user."""

import sqlite3
from pathlib import Path

from tr_apply.local.storage.connection import DamagedError, circumstance, damage, is_damaged, is_locked
from tr_apply.local.storage.refusals import LockedNowError, UnavailableError


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
