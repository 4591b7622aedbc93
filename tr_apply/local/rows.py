"""Rows of the database as items of the API."""

from collections.abc import Iterable
from functools import cache

from tr_apply.local.database import Reader, Row
from tr_apply.local.kind import Item, Kind, Scope


def select(kind: Kind, conditions: Iterable[str], last: str, order: str = "1") -> str:
    """The query for items of *kind*, with *last* as a further column behind theirs."""
    where = " AND ".join(conditions) or "1"
    parts = ("SELECT", _columns(kind), ",", last, "FROM", kind.source, "WHERE", where)
    return " ".join((*parts, "ORDER BY", order))


def item_of(kind: Kind, row: Row) -> Item:
    """The item that a row of such a query holds."""
    item = dict(zip(kind.columns, row, strict=False))
    for name in kind.booleans:
        item[name] = item[name] == 1
    return item


def find(reader: Reader, kind: Kind, scope: Scope, key: str) -> tuple[Item, int | None] | None:
    """The item with *key* for its SID or its alias, and its revision where it has one."""
    found = reader.row(_find(kind), (*scope, key, key))
    return (item_of(kind, found), found[-1]) if found else None


@cache
def _columns(kind: Kind) -> str:
    return ", ".join(kind.columns.values())


@cache
def _find(kind: Kind) -> str:
    sid = f"{kind.name}.sid"
    conditions = [f"{column} = ?" for column in kind.scope]
    conditions.append(f"({sid} = ? OR {kind.alias or sid} = ?)")
    revision = f"{kind.name}.revision" if kind.versioned else "NULL"
    return select(kind, conditions, revision)
