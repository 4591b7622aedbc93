"""Lists, page by page, from a server that may go round in circles or point elsewhere."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping
from typing import Any, Protocol, TypeVar
from urllib.parse import parse_qsl, urlencode, urlsplit

from tr_apply.client.answers import live_of
from tr_apply.errors import NetworkError
from tr_apply.live import Live
from tr_apply.resources.kind import Kind
from tr_apply.transport import Sender

PAGE_SIZE = 1000
_SLICE = 20  # resources that are looked at in one go
_PAGES_LIMIT = 1000  # a million resources: twenty times what TaskRouter holds


class _HasSid(Protocol):
    @property
    def sid(self) -> str: ...


_Item = TypeVar("_Item", bound=_HasSid)


def listed(
    sender: Sender, kind: Kind, path: str, query: Mapping[str, str] | None = None, *, with_dates: bool = False
) -> AsyncGenerator[Live, None]:
    """The resources of *kind* at *path*, each once, with their dates if asked for; errors as in ``items``."""
    return items(sender, path, kind.list_key, query or {}, lambda item: live_of(kind, item, with_dates=with_dates))


async def items(
    sender: Sender, path: str, key: str, query: Mapping[str, str], read: Callable[[Any], _Item]
) -> AsyncGenerator[_Item, None]:
    """The items of a list, each once, as *read* returns them. The next page is requested while one is used.

    Raises:
        ApiError: TaskRouter refuses.
        NetworkError: TaskRouter does not answer, or its answer is not a list.
    """
    next_query: str | None = urlencode({**query, "PageSize": str(PAGE_SIZE)})
    visited = {next_query}
    seen: set[str] = set()
    page = await _page(sender, path, next_query)
    while True:
        next_query = _next_query(page, path)
        if next_query in visited or len(visited) > _PAGES_LIMIT:
            raise NetworkError(f"GET {path}: the pages of this list go round in a circle")
        visited.add(next_query)
        following = None if next_query is None else asyncio.create_task(_page(sender, path, next_query))
        try:
            for number, item in enumerate(_items(page, key, path)):
                if number % _SLICE == 0:
                    await asyncio.sleep(0)  # lets the request for the next page leave
                found = read(item)
                if found.sid not in seen:  # a list that changes between pages may show an item twice
                    seen.add(found.sid)
                    yield found
        except BaseException:
            await _ended(following)
            raise
        if following is None:
            return
        page = await following


async def first_pages(sender: Sender, path: str, query: str, key: str, pages: int) -> tuple[list[Any], bool]:
    """The items of the first *pages* of the list *key* at *path*, and whether there are more.

    Raises:
        ApiError, NetworkError: as ``listed``.
    """
    items: list[Any] = []
    following: str | None = query
    for _ in range(pages):
        page = await _page(sender, path, following)
        items += _items(page, key, path)
        following = _next_query(page, path)
        if following is None:
            break
    return items, following is not None


async def _page(sender: Sender, path: str, query: str | None) -> Any:
    return (await sender.get(f"{path}?{query}")).body


async def _ended(task: asyncio.Task[Any] | None) -> None:
    if task is not None:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def _next_query(page: Any, path: str) -> str | None:
    """The query of the next page. Its host and path are not followed: they are the ones we know."""
    meta = page.get("meta") if isinstance(page, dict) else None
    url = meta.get("next_page_url") if isinstance(meta, dict) else None
    if url is None:
        return None
    try:
        query = urlencode(parse_qsl(urlsplit(url).query, keep_blank_values=True))
    except (AttributeError, TypeError, ValueError):
        query = ""
    if not query:
        raise NetworkError(f"GET {path}: the address of the next page cannot be read")
    return query


def _items(page: Any, key: str, path: str) -> list[Any]:
    items = page.get(key) if isinstance(page, dict) else None
    if not isinstance(items, list):
        raise NetworkError(f"GET {path}: the answer has no list of {key}")
    return items
