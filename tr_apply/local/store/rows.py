"""Rows of the database as items of the API."""

from collections.abc import Iterable
from functools import cache

from tr_apply.local.kinds.columns import Item
from tr_apply.local.kinds.kind import Scope, ServedKind
from tr_apply.local.storage.database import Reader, Row
from tr_apply.local.storage.sids import position_of
from tr_apply.routing.names import is_sid


def select(kind: ServedKind, conditions: Iterable[str], last: str, order: str = "1") -> str:
    """The query for items of *kind*, with *last* as a further column after theirs."""
    where = " AND ".join(conditions) or "1"
    parts = ("SELECT", _columns(kind), ",", last, "FROM", kind.source, "WHERE", where)
    return " ".join((*parts, "ORDER BY", order))


def item_of(kind: ServedKind, row: Row) -> Item:
    """The item that a row of such a query holds."""
    item = dict(zip(kind.columns, row, strict=False))
    for name in kind.booleans:
        item[name] = item[name] == 1
    return kind.shape(item)


def find(reader: Reader, kind: ServedKind, scope: Scope, key: str) -> tuple[Item, int | None] | None:
    """The item with *key* for its SID or its alias, and its revision where it has one."""
    if is_sid(key, kind.sid_prefix):
        found = reader.row(
            _find(kind, f"{kind.table}.position = ? AND {kind.table}.sid"), (*scope, position_of(key), key)
        )
    elif kind.alias:
        found = reader.row(_find(kind, kind.alias), (*scope, key))
    else:
        return None
    return (item_of(kind, found), found[-1]) if found else None


@cache
def _columns(kind: ServedKind) -> str:
    return ", ".join(kind.columns.values())


@cache
def _find(kind: ServedKind, identity: str) -> str:
    conditions = [f"{column} = ?" for column in (*kind.scope, identity)]
    return select(kind, conditions, kind.revision or "NULL")
