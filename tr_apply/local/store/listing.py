"""Reading one page of a list."""

import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from itertools import islice
from typing import Any

from tr_apply.local.kinds.columns import Item
from tr_apply.local.kinds.kind import ColumnFilter, Conditions, ItemFilter, Scope, ServedKind
from tr_apply.local.storage.database import Reader, Row
from tr_apply.local.store.paging import Page, PageRequest, PageToken, SortKey
from tr_apply.local.store.rows import item_of, select

Entry = tuple[Item, tuple[str, ...]]
"""An item, and its sort values as in a token."""


def read_page(reader: Reader, kind: ServedKind, scope: Scope, query: Mapping[str, str]) -> Page:
    """The page that *query* asks for.

    Raises:
        InvalidParameterError: A parameter is wrong.
        AbsolutePagingError: A page is asked for by number alone.
    """
    request = PageRequest.of(kind, query)
    names = [each.name for each in kind.filters] + (["Ordering"] if kind.orderings else [])
    names += kind.narrowing.names if kind.narrowing else ()
    filters = {name: text for name, text in query.items() if name in names and text}
    wanted = [
        each.test(reader, scope[0], filters[each.name])
        for each in kind.filters
        if isinstance(each, ItemFilter) and each.name in filters
    ]
    # A query that is left half read would keep this moment's view of the file for the requests to come.
    with closing(_rows(reader, kind, scope, filters, request)) as rows:
        # One more than fits shows whether there is a further page.
        found = list(islice(_entries(kind, rows, request, wanted), request.size + 1))
    return _page(found, request, filters)


def _rows(
    reader: Reader,
    kind: ServedKind,
    scope: Scope,
    filters: Mapping[str, str],
    request: PageRequest,
) -> sqlite3.Cursor:
    """All rows from the requested place on; the caller stops reading when it has enough."""
    conditions: Conditions = [(f"{column} = ?", sid) for column, sid in zip(kind.scope, scope, strict=False)]
    for each in kind.filters:
        if isinstance(each, ColumnFilter) and each.name in filters:
            conditions.append((each.condition, each.parse(each.name, filters[each.name])))
    if kind.narrowing:
        conditions += kind.narrowing.conditions(reader, filters)
    sql, parameters = [condition for condition, _ in conditions], [value for _, value in conditions]
    keys = request.order.keys
    if request.token:
        sql.append(_behind(keys, backwards=request.backwards))
        parameters += _place_values(keys, request.token)
    directions = ((key.column, "DESC" if key.descending != request.backwards else "ASC") for key in keys)
    order = ", ".join(" ".join(each) for each in directions)
    return reader.rows(select(kind, sql, ", ".join(key.column for key in keys), order), parameters)


def _behind(keys: Sequence[SortKey], *, backwards: bool) -> str:
    """SQL for the items after a place, or before it: further in one key, and equal in all keys before that."""
    condition = ""
    for key in reversed(keys):
        further = f"{key.column} {'<' if key.descending != backwards else '>'} ?"
        condition = f"({further} OR ({key.column} = ? AND {condition}))" if condition else further
    return condition


def _place_values(keys: Sequence[SortKey], token: PageToken) -> list[Any]:
    """The values for that SQL: two for each key but the last."""
    remaining = iter(token.values)
    place = [token.position if key.column.endswith(".position") else next(remaining) for key in keys]
    return [*(value for each in place[:-1] for value in (each, each)), place[-1]]


def _entries(
    kind: ServedKind, rows: Iterator[Row], request: PageRequest, wanted: list[Callable[[Item], bool]]
) -> Iterator[Entry]:
    keys = request.order.keys
    for row in rows:
        item = item_of(kind, row)
        if all(test(item) for test in wanted):
            told = zip(keys, row[-len(keys) :], strict=True)
            yield item, tuple(str(value) for key, value in told if not key.column.endswith(".position"))


def _page(found: list[Entry], request: PageRequest, filters: Mapping[str, str]) -> Page:
    entries, more = found[: request.size], len(found) > request.size
    token = request.token
    if token and token.before:
        entries.reverse()
    has_previous = more if token and token.before else token is not None
    has_next = True if token and token.before else more
    return Page(
        items=[item for item, _ in entries],
        request=request,
        filters=filters,
        next=_place(entries[-1:], token, before=False) if has_next else None,
        previous=_place(entries[:1], token, before=True) if has_previous else None,
    )


def _place(entries: list[Entry], token: PageToken | None, *, before: bool) -> PageToken | None:
    """The place after or before the only entry; of an empty page, the place that led to it, looking back."""
    if entries:
        [(item, values)] = entries
        return PageToken(item["sid"], values, before)
    return token.turned() if token else None
