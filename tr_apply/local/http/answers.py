"""The JSON bodies of answers."""

import json
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final
from urllib.parse import urlencode

from pydantic_core import PydanticSerializationError, to_json
from starlette.responses import Response
from starlette.types import Receive, Send
from starlette.types import Scope as ConnectionScope

from tr_apply.local.http.exchange import Exchange
from tr_apply.local.kinds.columns import Item
from tr_apply.local.kinds.kind import Scope, ServedKind
from tr_apply.local.store.paging import Page, PageToken

MORE_INFO = "https://www.twilio.com/docs/errors/"

Body = dict[str, Any]


class Links:
    """The links of the items of a kind in one workspace."""

    def __init__(self, kind: ServedKind, workspace: Scope, base_url: str) -> None:
        # The part of a link that all items share is filled in once; a page has a thousand items with nine links each.
        shared = {"workspace_sid": workspace[0]} if workspace else {}
        self._fixed: dict[str, str] = {}
        self._varying: list[tuple[str, str, str, str]] = []
        for name, path in kind.links.items():
            for column, sid in shared.items():
                path = path.replace(f"{{{column}}}", sid)  # noqa: PLW2901
            head, brace, rest = path.partition("{")
            if brace:
                column, _, tail = rest.partition("}")
                self._varying.append((name, f"{base_url}{head}", column, tail))
            else:
                self._fixed[name] = f"{base_url}{path}"

    def of(self, item: Item) -> Body:
        """Those of one item."""
        links: Body = dict(self._fixed)
        for name, head, column, tail in self._varying:
            sid = item[column]
            links[name] = f"{head}{sid}{tail}" if sid else None
        return links


@lru_cache(maxsize=256)
def links_in(kind: ServedKind, workspace: Scope, base_url: str) -> Links:
    """Those of a kind in a workspace, which is empty for workspaces themselves, at an address of the server."""
    return Links(kind, workspace, base_url)


class Renderer:
    """Adds to the items of one collection what depends on the request: the account, and URLs."""

    def __init__(self, kind: ServedKind, scope: Scope, *, account_sid: str, base_url: str) -> None:
        self._account_sid = account_sid
        self._base_url = base_url
        self._paths = kind.paths
        self._url = collection_url(kind.collection, scope, base_url)
        self._links = links_in(kind, scope[:1], base_url) if kind.links else None

    def body(self, item: Item) -> Body:
        """The answer for one item."""
        body = {**item, "account_sid": self._account_sid, "url": f"{self._url}/{item['sid']}"}
        for name in self._paths:
            body[name] = item[name] and f"{self._base_url}{item[name]}"
        if self._links is not None:
            body["links"] = self._links.of(item)
        return body

    def page(self, key: str, page: Page) -> Body:
        """The answer for a page of a list."""
        items = [self.body(item) for item in page.items]
        return {key: items, "meta": meta(key, self._url, page)}


@lru_cache(maxsize=256)
def renderer(kind: ServedKind, scope: Scope, account_sid: str, base_url: str) -> Renderer:
    """The one for a collection, as asked for by an account at an address."""
    return Renderer(kind, scope, account_sid=account_sid, base_url=base_url)


def collection_url(collection: str, scope: Scope, base_url: str) -> str:
    """The URL of a collection, whose path has the SIDs above it in braces, in the order of *scope*."""
    path = collection
    for sid in scope:
        head, _, rest = path.partition("{")
        path = head + sid + rest.partition("}")[2]
    return base_url + path


def meta(key: str, url: str, page: Page) -> Body:
    """Where this page is in its list, and how to get to the others."""
    request = page.request
    query = urlencode({**page.filters, "PageSize": request.size})

    def page_url(number: int, token: PageToken | None) -> str:
        there = f"{url}?{query}&Page={number}"
        return f"{there}&{urlencode({'PageToken': token})}" if token else there

    return {
        "page": request.number,
        "page_size": request.size,
        "first_page_url": page_url(0, None),
        "previous_page_url": page.previous and page_url(max(request.number - 1, 0), page.previous),
        "url": page_url(request.number, request.token),
        "next_page_url": page.next and page_url(request.number + 1, page.next),
        "key": key,
    }


def error_body(code: int, message: str, status: int) -> Mapping[str, Any]:
    """The body of every refusal."""
    return {"code": code, "message": message, "more_info": f"{MORE_INFO}{code}", "status": status}


JSON = "application/json; charset=utf-8"
_CONTENT_TYPE: Final = (b"content-type", JSON.encode())

_HEADERS: Final = (
    *(b"Accept", b"Authorization", b"Content-Type"),
    *(b"If-Match", b"If-Modified-Since", b"If-None-Match", b"If-Unmodified-Since"),
)
_HEADERS_OF_SDK: Final = (b"ApiVersion", b"ClientVersion")
FOR_PAGES: Final = (
    (b"access-control-allow-origin", b"*"),
    (b"access-control-allow-headers", b", ".join((*_HEADERS, *_HEADERS_OF_SDK))),
    (b"access-control-allow-methods", b"GET, POST, DELETE, OPTIONS"),
    (b"access-control-expose-headers", b"ETag"),
    (b"access-control-allow-credentials", b"true"),
)
"""Headers that let pages of other origins read an answer. http/gate.py decides which pages may send requests."""


def json_response(body: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """An answer with this body."""
    return _JsonResponse(_encoded(body), status, headers)


class _JsonResponse(Response):
    """A response with complete headers, so they need no search for missing ones."""

    body: bytes

    def __init__(self, body: bytes, status: int, headers: Mapping[str, str] | None) -> None:
        self.status_code, self.body, self.background = status, body, None
        self.raw_headers = [(b"content-length", b"%d" % len(self.body)), _CONTENT_TYPE]
        if headers:
            self.raw_headers += [(name.lower().encode("latin-1"), headers[name].encode("latin-1")) for name in headers]

    async def __call__(self, scope: ConnectionScope, receive: Receive, send: Send) -> None:
        """Send it: whole, where *send* is of an `Exchange` and not of somebody who looks at the messages."""
        exchange = getattr(send, "__self__", None)
        if not (isinstance(exchange, Exchange) and exchange.answer(self.status_code, self.raw_headers, self.body)):
            await super().__call__(scope, receive, send)


def _encoded(body: Any) -> bytes:
    try:
        return to_json(body)  # in a third of the time of the json module
    except PydanticSerializationError:
        # Half of a surrogate pair: JSON can hold it as an escape, but UTF-8 cannot.
        return json.dumps(body, separators=(",", ":")).encode()
