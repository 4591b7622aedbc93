"""The answer of a resource as a value, and SQL for the columns that several kinds share."""

from collections.abc import Mapping
from typing import Any

Item = dict[str, Any]
"""A resource as the API answers it, without what depends on who asks and how: account_sid, url and links."""


def identity(table: str) -> Mapping[str, str]:
    """The columns that every answer begins with."""
    return {"sid": f"{table}.sid"}


def within_workspace(table: str) -> Mapping[str, str]:
    """The columns that the answer for anything in a workspace begins with."""
    return {"sid": f"{table}.sid", "workspace_sid": f"{table}.workspace_sid"}


def plain(table: str, *names: str) -> Mapping[str, str]:
    """Columns that are answered as they are stored."""
    return {name: f"{table}.{name}" for name in names}


def dates(table: str, *names: str) -> Mapping[str, str]:
    """``date_created``, ``date_updated`` and further dates, which are stored with microseconds and answered without."""
    return {name: f"substr({table}.{name}, 1, 19) || 'Z'" for name in ("date_created", "date_updated", *names)}


def date(column: str) -> str:
    """A moment that is stored as milliseconds, answered as a date without them."""
    return f"strftime('%Y-%m-%dT%H:%M:%SZ', {column} / 1000, 'unixepoch')"


def join(table: str, alias: str, on: str) -> str:
    """A ``LEFT JOIN`` of *table*, found by the SID that *on* holds."""
    return f" LEFT JOIN {table} AS {alias} ON {alias}.sid = {on}"
