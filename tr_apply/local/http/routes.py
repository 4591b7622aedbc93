"""All paths of the API and their handlers; together with statistics.py the only place that knows methods."""

import re
import zlib
from dataclasses import dataclass
from functools import cache
from typing import Final, NamedTuple

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import compile_path

from tr_apply.local.http.answers import JSON, Renderer, json_response, renderer
from tr_apply.local.http.requests import account_of, base_url, header, read_form, read_query
from tr_apply.local.http.statistics import Endpoint, statistics_endpoints
from tr_apply.local.kinds.all_kinds import KINDS
from tr_apply.local.kinds.kind import Scope, ServedKind
from tr_apply.local.storage.refusals import MethodNotAllowedError
from tr_apply.local.store.store import FoundItem, Store

_ASKED_FOR_MOST: Final = ("task", "task_reservation", "event")


class PathRoute(NamedTuple):
    """Where a path leads."""

    pattern: re.Pattern[str]
    endpoint: Endpoint


def all_routes(store: Store) -> list[PathRoute]:
    """All routes. The most frequent ones come first, because they are tried in order."""
    first = [route for name in _ASKED_FOR_MOST for route in _routes_of(store, KINDS[name])]
    # Some of these hide what would be a queue or a worker called ``Statistics``.
    statistics = [_route(path, endpoint) for path, endpoint in statistics_endpoints(store).items()]
    others = [route for name, kind in KINDS.items() if name not in _ASKED_FOR_MOST for route in _routes_of(store, kind)]
    return [*first, *statistics, *others]


def _routes_of(store: Store, kind: ServedKind) -> list[PathRoute]:
    endpoints = _Endpoints(store, kind)
    return [_route(kind.collection, endpoints.collection), _route(f"{kind.collection}/{{sid}}", endpoints.item)]


def _route(path: str, endpoint: Endpoint) -> PathRoute:
    return PathRoute(_pattern(path), endpoint)


@cache  # the same for every embedded TaskRouter; tests make hundreds
def _pattern(path: str) -> re.Pattern[str]:
    return compile_path(f"/v1{path}")[0]


@dataclass(frozen=True, slots=True)
class _Endpoints:
    """The two URLs of a kind of resource."""

    store: Store
    kind: ServedKind

    async def collection(self, request: Request) -> Response:
        """List, or create."""
        scope = _scope(request)
        its_renderer = self._renderer(request, scope)
        match request.method:
            case "GET":
                query = read_query(request, repeatable=self.kind.repeatable)
                page = self.store.list(self.kind, scope, query)
                answer = json_response(its_renderer.page(self.kind.list_key, page))
                return _tagged(answer) if self.kind.revision else answer
            case "POST" if self.kind.creatable:
                form = await read_form(request)
                made = self.store.create(self.kind, scope, form)
                await self.store.engines.kept()
                return _found(its_renderer, made, 201)
        raise MethodNotAllowedError

    async def item(self, request: Request) -> Response:
        """Fetch, update or delete."""
        kind, store, (*above, sid) = self.kind, self.store, _scope(request)
        scope, if_match = tuple(above), header(request.scope, b"if-match")
        its_renderer = self._renderer(request, scope)
        match request.method:
            case "GET":
                return _found(its_renderer, store.fetch(kind, scope, sid))
            case "POST" if kind.changeable:
                form = await read_form(request)
                changed = store.update(kind, scope, sid, form, if_match=if_match)
                await store.engines.kept()
                return _found(its_renderer, changed)
            case "DELETE" if kind.creatable:
                store.delete(kind, scope, sid, if_match=if_match)
                await store.engines.kept()
                return Response(status_code=204, media_type=JSON, headers={"Content-Length": "0"})
        raise MethodNotAllowedError

    def _renderer(self, request: Request, scope: Scope) -> Renderer:
        """Made before anything is written, as it refuses a request that cannot be answered with URLs."""
        return renderer(self.kind, scope, account_of(request), base_url(request))


def _scope(request: Request) -> Scope:
    """The SIDs of the path, from the workspace down."""
    return tuple(request.scope["path_params"].values())


def _tagged(answer: Response) -> Response:
    """A list with an ETag, documented for what has a revision; its value is not, and follows the content here."""
    answer.raw_headers.append((b"etag", b'"%08x"' % zlib.crc32(bytes(answer.body))))
    return answer


def _found(renderer: Renderer, found: FoundItem, status: int = 200) -> Response:
    answer = json_response(renderer.body(found.item), status)
    if found.revision is not None:
        answer.raw_headers.append((b"etag", b'"%d"' % found.revision))
    return answer
