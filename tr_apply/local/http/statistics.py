"""The Statistics resources over HTTP."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeAlias

from starlette.requests import Request
from starlette.responses import Response

from tr_apply.local.http.answers import json_response, meta
from tr_apply.local.http.requests import account_of, base_url, read_body, read_query
from tr_apply.local.statistics.inquiry import Inquiry
from tr_apply.local.statistics.queues import LIST_KEY, page_of_queues, present_of_queues, read_queue_sids
from tr_apply.local.statistics.resources import ANSWERS, Answer
from tr_apply.local.storage.refusals import MethodNotAllowedError
from tr_apply.local.store.store import Store

_QUEUES = "/Workspaces/{workspace_sid}/TaskQueues"

Endpoint: TypeAlias = Callable[[Request], Awaitable[Response]]
"""The handler of a path, for all methods."""


def statistics_endpoints(store: Store) -> Mapping[str, Endpoint]:
    """The handler of each path."""
    return {
        f"{_QUEUES}/Statistics": _only("GET", _list(store)),
        f"{_QUEUES}/RealTimeStatistics": _only("POST", _bulk(store)),
        **{path: _only("GET", _one(store, answer)) for path, answer in ANSWERS.items()},
    }


def _only(method: str, answer: Endpoint) -> Endpoint:
    async def endpoint(request: Request) -> Response:
        if request.method != method:
            raise MethodNotAllowedError
        return await answer(request)

    return endpoint


def _one(store: Store, answer: Answer) -> Endpoint:
    async def endpoint(request: Request) -> Response:
        figures = await answer(Inquiry.of(store, request.path_params, read_query(request)))
        return json_response({**figures, **_identity(request), "url": _url(request)})

    return endpoint


def _list(store: Store) -> Endpoint:
    async def endpoint(request: Request) -> Response:
        url = _url(request)
        page = await page_of_queues(store, request.path_params, read_query(request))
        items = [{**_identity(request), **item} for item in page.items]
        return json_response({LIST_KEY: items, "meta": meta(LIST_KEY, url, page)})

    return endpoint


def _bulk(store: Store) -> Endpoint:
    async def endpoint(request: Request) -> Response:
        url, queue_sids = _url(request), read_queue_sids(await read_body(request))
        figures = present_of_queues(store, request.path_params, queue_sids)
        return json_response({**figures, **_identity(request), "url": url})

    return endpoint


def _identity(request: Request) -> Mapping[str, Any]:
    return {"account_sid": account_of(request), **request.path_params}


def _url(request: Request) -> str:
    path: str = request.scope["path"]
    return f"{base_url(request)}{path.removeprefix('/v1')}"
