"""Reading one page of a list."""

import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from itertools import islice
from typing import Any

from tr_apply.local.database import Reader, Row
from tr_apply.local.kind import ColumnFilter, Item, ItemFilter, Kind, Scope
from tr_apply.local.paging import Page, PageRequest, Token
from tr_apply.local.rows import item_of, select

Entry = tuple[Item, str | None]
"""An item, and what it is ordered by."""


def read_page(reader: Reader, kind: Kind, scope: Scope, query: Mapping[str, str]) -> Page:
    """The page that *query* asks for.

    Raises:
        InvalidParameterError: A parameter is wrong.
        AbsolutePagingError: A page is asked for by number alone.
    """
    request = PageRequest.of(kind, query)
    names = [each.name for each in kind.filters] + (["Ordering"] if kind.orderings else [])
    filters = {name: text for name, text in query.items() if name in names and text}
    wanted = [
        each.test(reader, scope[0], filters[each.name])
        for each in kind.filters
        if isinstance(each, ItemFilter) and each.name in filters
    ]
    # A query that is left half read would keep this moment's view of the file for the requests to come.
    with closing(_rows(reader, kind, scope, filters, request)) as rows:
        # One more than fits tells whether there is a further page.
        found = list(islice(_entries(kind, rows, wanted), request.size + 1))
    return _page(found, request, filters)


def _rows(
    reader: Reader,
    kind: Kind,
    scope: Scope,
    filters: Mapping[str, str],
    request: PageRequest,
) -> sqlite3.Cursor:
    """All rows from the requested place on; whoever has enough of them stops reading."""
    conditions, parameters = [f"{column} = ?" for column in kind.scope], list[Any](scope)
    for each in kind.filters:
        if isinstance(each, ColumnFilter) and each.name in filters:
            conditions.append(each.condition)
            parameters.append(each.parse(each.name, filters[each.name]))
    key = request.order.column or "NULL"
    columns = [each for each in (request.order.column, f"{kind.name}.position") if each]
    if request.token:
        place = [each for each in (request.token.key, request.token.position) if each is not None]
        marks = ", ".join("?" for _ in place)
        conditions.append(f"({', '.join(columns)}) {'<' if request.backwards else '>'} ({marks})")
        parameters.extend(place)
    direction = "DESC" if request.backwards else "ASC"
    order = ", ".join(f"{column} {direction}" for column in columns)
    return reader.rows(select(kind, conditions, key, order), parameters)


def _entries(kind: Kind, rows: Iterator[Row], wanted: list[Callable[[Item], bool]]) -> Iterator[Entry]:
    for row in rows:
        item = item_of(kind, row)
        if all(test(item) for test in wanted):
            yield item, row[-1]


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


def _place(entries: list[Entry], token: Token | None, *, before: bool) -> Token | None:
    """The place behind or before the only entry; of an empty page, the place that led to it, looking back."""
    if entries:
        [(item, key)] = entries
        return Token(item["sid"], key, before)
    return token.turned() if token else None
