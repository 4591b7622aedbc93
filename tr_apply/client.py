"""Reads and writes TaskRouter's resources; retries whatever may be repeated, and never makes anything twice."""

import asyncio
import random
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qs, quote, urlencode, urlsplit

from tr_apply.errors import AnswerLostError, ApiError, NetworkError
from tr_apply.live import Live
from tr_apply.resources import WORKER, WORKER_CHANNEL, WORKSPACE
from tr_apply.resources.kind import Kind, name_key
from tr_apply.transport import Call, Connection, LostError, Observer, Patience, Response, Transport

PAGE_SIZE = 1000
_PAGES_LIMIT = 10_000
_FIRST_SERVER_ERROR = 500
_TOO_MANY_REQUESTS = 429
_NOT_FOUND = 404
_FIRST_REFUSAL = 300


class Client:
    """TaskRouter's resources, to be read and written.

    Args:
        connection: Where and who.
        concurrency: How many requests may be under way at once.
        through: Instead of the network; an ``httpx.ASGITransport`` for the embedded TaskRouter.
        patience: How long to go on trying.
        observer: Is told of every attempt.
    """

    def __init__(
        self,
        connection: Connection,
        *,
        concurrency: int = 10,
        through: Any = None,
        patience: Patience | None = None,
        observer: Observer | None = None,
    ) -> None:
        self.account_sid = connection.account_sid
        self.concurrency = concurrency
        self.patience = patience or Patience()
        self._transport = Transport(
            connection, concurrency=concurrency, through=through, patience=self.patience, observer=observer
        )

    async def __aenter__(self) -> Self:
        """Nothing is connected before the first request."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close every connection."""
        await self._transport.close()

    # Reading

    async def workspaces(self) -> list[Live]:
        """Every workspace of the account."""
        return [live async for live in self._list(WORKSPACE, _collection(WORKSPACE, None))]

    async def workspace(self, sid: str) -> Live:
        """The workspace of that SID."""
        response = await self._send("GET", f"/v1/Workspaces/{quote(sid)}")
        return _live(WORKSPACE, response.body)

    async def resources(self, kind: Kind, workspace_sid: str) -> list[Live]:
        """Every resource of *kind* in a workspace."""
        found = [live async for live in self._list(kind, _collection(kind, workspace_sid))]
        if kind is WORKER:
            found = await self._with_attributes(found, workspace_sid)
        return found

    async def worker_channels(self, workspace_sid: str, worker_sid: str) -> list[Live]:
        """Every channel of a worker."""
        path = f"/v1/Workspaces/{workspace_sid}/Workers/{worker_sid}/Channels"
        return [live async for live in self._list(WORKER_CHANNEL, path)]

    async def _with_attributes(self, workers: Sequence[Live], workspace_sid: str) -> list[Live]:
        """TaskRouter reserves the right to leave attributes out of lists."""

        async def whole(worker: Live) -> Live:
            if worker.answer.get("attributes") is not None:
                return worker
            path = f"/v1/Workspaces/{workspace_sid}/Workers/{worker.sid}"
            return _live(WORKER, (await self._send("GET", path)).body)

        if all(worker.answer.get("attributes") is not None for worker in workers):
            return list(workers)
        return list(await asyncio.gather(*(whole(worker) for worker in workers)))

    async def _list(self, kind: Kind, path: str, query: Mapping[str, str] | None = None) -> AsyncIterator[Live]:
        """Items page by page; while one page is used, the next is on its way."""
        next_query: str | None = urlencode({**(query or {}), "PageSize": str(PAGE_SIZE)})
        page = await self._page(path, next_query)
        seen: set[str] = set()
        visited = {next_query}
        while True:
            next_query = _next_query(page, path)
            if next_query in visited or len(visited) > _PAGES_LIMIT:
                raise NetworkError(f"GET {path}: the pages of this list go round in a circle")
            visited.add(next_query)
            following = asyncio.create_task(self._page(path, next_query)) if next_query is not None else None
            try:
                for item in _items(page, kind.list_key, path):
                    live = _live(kind, item)
                    if live.sid not in seen:  # a list that changes meanwhile may show an item twice
                        seen.add(live.sid)
                        yield live
            except BaseException:
                if following is not None:
                    following.cancel()
                raise
            if following is None:
                return
            page = await following

    async def _page(self, path: str, query: str | None) -> Any:
        return (await self._send("GET", f"{path}?{query}")).body

    # Writing

    async def create(self, kind: Kind, workspace_sid: str | None, form: Mapping[str, str]) -> Live:
        """Create a resource, once.

        When no usable answer arrives it is looked for by name, and sent again only if it is not there; a workspace is
        never sent again, because names of workspaces are not unique.

        Raises:
            ApiError: when TaskRouter refuses.
            AnswerLostError: when it stays unknown whether the resource was created.
            NetworkError: when it surely was not.
        """
        path = _collection(kind, workspace_sid)
        before = {live.sid for live in await self.workspaces()} if kind is WORKSPACE else set()
        deadline = time.monotonic() + self.patience.total_s
        lost: LostError | None = None
        while True:
            try:
                return await self._create_once(kind, path, form)
            except LostError as error:
                lost = error
            except ApiError:
                if lost is None or (found := await self._find(kind, path, form, before, lost)) is None:
                    raise
                return found  # refused because the lost request had been carried out
            if (found := await self._find(kind, path, form, before, lost)) is not None:
                return found
            if kind is WORKSPACE or time.monotonic() > deadline:
                raise AnswerLostError(
                    f"POST {path}: {lost.reason}, and no {kind.title} of that name has appeared since; "
                    "it may still have been created: run again to find out"
                )

    async def _create_once(self, kind: Kind, path: str, form: Mapping[str, str]) -> Live:
        response = await self._send("POST", path, form, once=True)
        try:
            return _live(kind, response.body)
        except NetworkError as error:
            raise LostError(str(error), sent=True) from error

    async def update(self, kind: Kind, workspace_sid: str, item: str, form: Mapping[str, str]) -> None:
        """Give the fields of *form* new values. *item* is what stands behind the collection in the URL."""
        await self._send("POST", _item(kind, workspace_sid, item), form)

    async def update_worker_channel(
        self, workspace_sid: str, worker_sid: str, channel: str, form: Mapping[str, str]
    ) -> None:
        """The same for the *channel* of a worker, by its own SID or by the unique name of its task channel."""
        path = f"/v1/Workspaces/{workspace_sid}/Workers/{worker_sid}/Channels/{quote(channel, safe='')}"
        await self._send("POST", path, form)

    async def delete(self, kind: Kind, workspace_sid: str, item: str) -> None:
        """Delete a resource."""
        await self._send("DELETE", _item(kind, workspace_sid, item))

    async def _find(
        self, kind: Kind, path: str, form: Mapping[str, str], before: set[str], lost: LostError
    ) -> Live | None:
        """The resource that *form* creates, if it appears within a while: lists may lag behind.

        Other names are unique, so that a second request could at worst be refused: they are not waited for as long.
        """
        lookup_s = self.patience.lookup_s if kind is WORKSPACE else self.patience.lookup_s / 5
        deadline = time.monotonic() + lookup_s
        pause = self.patience.first_s
        while True:
            try:
                found = await self._created(kind, path, form, before)
            except NetworkError as error:
                raise AnswerLostError(f"POST {path}: {lost.reason}; looking for it failed as well: {error}") from error
            if found is not None or time.monotonic() + pause > deadline:
                return found
            await asyncio.sleep(pause)
            pause = min(2 * pause, self.patience.longest_s)

    async def _created(self, kind: Kind, path: str, form: Mapping[str, str], before: set[str]) -> Live | None:
        identity = kind.fields[kind.identity]
        query = {kind.find_by: form[identity.form]} if kind.find_by is not None else {}
        async for live in self._list(kind, path, query):
            if name_key(live.name) == name_key(form[identity.form]) and live.sid not in before:
                return live
        return None

    # Sending

    async def _send(
        self, method: str, path: str, form: Mapping[str, str] | None = None, *, once: bool = False
    ) -> Response:
        """The answer to a request that may be repeated.

        Raises:
            ApiError: when TaskRouter refuses.
            NetworkError: when patience ends.
            LostError: with *once*, as soon as the request may have been processed without a usable answer.
        """
        call = Call(method, path, tuple(form or ()))
        deadline = time.monotonic() + self.patience.total_s
        pause = self.patience.first_s
        lost = False
        while True:
            failure = await self._tried(call, form, lost=lost)
            if isinstance(failure, Response):
                return failure
            lost = lost or failure.sent
            if once and failure.sent:
                raise failure
            wait = random.uniform(0, pause) if failure.wait_s is None else failure.wait_s  # noqa: S311
            if time.monotonic() + wait > deadline:
                kind = AnswerLostError if lost and method != "GET" else NetworkError
                raise kind(f"{method} {_bare(path)}: {failure.reason}; gave up after {self.patience.total_s:.0f} s")
            await asyncio.sleep(wait)
            pause = min(2 * pause, self.patience.longest_s)

    async def _tried(self, call: Call, form: Mapping[str, str] | None, *, lost: bool) -> Response | LostError:
        """One attempt: an answer that ends the matter, or why there must be another."""
        try:
            response = await self._transport.attempt(call, form)
        except LostError as error:
            return error
        if response.status < _FIRST_REFUSAL:
            return response
        if response.status == _NOT_FOUND and call.method == "DELETE" and lost:
            return response  # the attempt before had deleted it
        if response.status == _TOO_MANY_REQUESTS:
            return LostError(_described(response), sent=False, wait_s=_retry_after(response.headers))
        if response.status >= _FIRST_SERVER_ERROR:
            return LostError(_described(response), sent=True, wait_s=_retry_after(response.headers))
        raise _refusal(call, response)


def _collection(kind: Kind, workspace_sid: str | None) -> str:
    if kind is WORKSPACE:
        return "/v1/Workspaces"
    return f"/v1/Workspaces/{workspace_sid}/{kind.collection}"


def _item(kind: Kind, workspace_sid: str, item: str) -> str:
    if kind is WORKSPACE:
        return f"/v1/Workspaces/{workspace_sid}"
    return f"{_collection(kind, workspace_sid)}/{item}"


def _refusal(call: Call, response: Response) -> ApiError:
    code = response.body.get("code") if isinstance(response.body, dict) else None
    return ApiError(
        f"{call.method} {_bare(call.path)}: {_described(response)}",
        status=response.status,
        api_code=code if isinstance(code, int) else None,
        request_id=response.request_id,
    )


def _described(response: Response) -> str:
    body = response.body if isinstance(response.body, dict) else {}
    message = body.get("message") or body.get("detail") or "no message"
    code = f", code {body['code']}" if "code" in body else ""
    request = f", request {response.request_id}" if response.request_id else ""
    return f"{message} (HTTP {response.status}{code}{request})"


def _bare(path: str) -> str:
    return path.partition("?")[0]


def _retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds that TaskRouter asks to wait; dates, which it does not send, are not read."""
    try:
        seconds = float(headers.get("retry-after", ""))
    except ValueError:
        return None
    return seconds if seconds >= 0 else None


def _next_query(page: Any, path: str) -> str | None:
    """The query of the next page. Its host and path are not followed: they are the ones we know."""
    meta = page.get("meta")
    url = meta.get("next_page_url") if isinstance(meta, dict) else None
    if url is None:
        return None
    if not isinstance(url, str) or not urlsplit(url).query:
        raise NetworkError(f"GET {path}: the address of the next page cannot be read")
    return urlencode(parse_qs(urlsplit(url).query, keep_blank_values=True), doseq=True)


def _items(page: Any, key: str, path: str) -> list[Any]:
    items = page.get(key)
    if not isinstance(items, list):
        raise NetworkError(f"GET {path}: the answer has no list of {key}")
    return items


def _live(kind: Kind, answer: Any) -> Live:
    """*answer* as a live resource.

    Raises:
        NetworkError: when it is none.
    """
    identity = kind.identity if kind is WORKER_CHANNEL else kind.fields[kind.identity].answer
    sid = answer.get("sid") if isinstance(answer, dict) else None
    name = answer.get(identity) if isinstance(answer, dict) else None
    if not isinstance(sid, str) or not isinstance(name, str):
        raise NetworkError(f"an answer shows a {kind.title} without a SID or a {identity}")
    return Live(kind.name, name, sid, answer)
