"""One request to TaskRouter and its answer, over connections that are kept.

The only module that imports httpx. Its pool collapses between 30 and 50 concurrent requests, so that every slot of
concurrency has a client with one connection of its own; all of them share one TLS context.
"""

import asyncio
import json
import ssl
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx

from tr_apply import __version__

_BODY_LIMIT = 64 * 1024 * 1024  # bytes of one answer
_NO_CONTENT = 204
_FIRST_REFUSAL = 300


@dataclass(frozen=True, slots=True)
class Connection:
    """Where TaskRouter is, and who asks. The secret is never shown.

    Attributes:
        base_url: Without a path's trailing slash.
        username: Account SID or API key.
        password: Auth token or the key's secret.
        account_sid: Whose workspaces these are; None if only the answers tell.
    """

    base_url: str
    username: str
    password: str = field(repr=False)
    account_sid: str | None = None


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to go on trying.

    Attributes:
        total_s: Seconds after which a request that keeps failing has failed.
        first_s: Upper bound of the first pause; each further one doubles.
        longest_s: Upper bound of every pause that TaskRouter does not ask for itself.
        attempt_s: Seconds that one attempt may take, from the connection to the last byte.
        connect_s: Seconds for a connection.
        lookup_s: Seconds for which a resource whose creation got no answer is looked for.
    """

    total_s: float = 120.0
    first_s: float = 0.5
    longest_s: float = 15.0
    attempt_s: float = 60.0
    connect_s: float = 10.0
    lookup_s: float = 20.0


@dataclass(frozen=True, slots=True)
class Call:
    """One request as others may see it: no credentials, no values."""

    method: str
    path: str
    fields: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one attempt: an answer, or the reason why there is none."""

    status: int | None
    seconds: float
    problem: str | None = None
    request_id: str | None = None


Observer = Callable[[Call, Outcome | None], None]
"""Is told of every attempt: first with None, before it is sent, then with its outcome."""


class LostError(Exception):
    """No usable answer.

    ``sent`` tells whether the request may have been processed, ``wait_s`` for how long TaskRouter asks to wait.
    """

    def __init__(self, reason: str, *, sent: bool, wait_s: float | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.sent = sent
        self.wait_s = wait_s


@dataclass(slots=True)
class Response:
    """An answer; ``body`` is the JSON object, None where there is nothing to say."""

    status: int
    headers: Mapping[str, str]
    body: Any

    @property
    def request_id(self) -> str | None:
        """What TaskRouter's support asks for."""
        return self.headers.get("twilio-request-id")


class Transport:
    """As many connections as may be used at once.

    Args:
        connection: Where and who.
        concurrency: How many requests may be under way at once.
        through: Instead of the network; an ``httpx.ASGITransport`` for the embedded TaskRouter.
        patience: How long one attempt may take.
        observer: Is told of every attempt.
    """

    def __init__(
        self,
        connection: Connection,
        *,
        concurrency: int,
        through: httpx.AsyncBaseTransport | None,
        patience: Patience,
        observer: Observer | None,
    ) -> None:
        self._connection = connection
        self._through = through
        self._patience = patience
        self._observer = observer or (lambda _call, _outcome: None)
        self._tls: ssl.SSLContext | None = None
        self._idle: list[httpx.AsyncClient] = []
        self._all: list[httpx.AsyncClient] = []
        self._slots = asyncio.Semaphore(concurrency)

    async def close(self) -> None:
        """Close every connection."""
        await asyncio.gather(*(client.aclose() for client in self._all))

    async def attempt(self, call: Call, form: Mapping[str, str] | None) -> Response:
        """One request and its answer, in a slot of its own.

        Raises:
            LostError: when no usable answer arrives.
        """
        async with self._slots:
            client = self._idle.pop() if self._idle else self._new_client()
            self._observer(call, None)
            started = time.monotonic()
            try:
                response = await _exchange(client, call, form, self._patience.attempt_s)
            except LostError as error:
                self._observer(call, Outcome(None, time.monotonic() - started, error.reason))
                raise
            finally:
                self._idle.append(client)
            self._observer(call, Outcome(response.status, time.monotonic() - started, None, response.request_id))
            return response

    def _new_client(self) -> httpx.AsyncClient:
        if self._through is None and self._tls is None:
            self._tls = httpx.create_ssl_context()
        client = httpx.AsyncClient(
            base_url=self._connection.base_url,
            auth=(self._connection.username, self._connection.password),
            transport=self._through,
            verify=self._tls if self._tls is not None else True,
            limits=httpx.Limits(max_connections=1, max_keepalive_connections=1),
            timeout=httpx.Timeout(self._patience.attempt_s, connect=self._patience.connect_s),
            headers={"User-Agent": f"tr-apply/{__version__}", "Accept": "application/json"},
            follow_redirects=False,
        )
        self._all.append(client)
        return client


async def _exchange(client: httpx.AsyncClient, call: Call, form: Mapping[str, str] | None, limit_s: float) -> Response:
    # httpx bounds each read, which a server that sends a byte now and then outlasts.
    try:
        async with asyncio.timeout(limit_s):
            request = client.build_request(call.method, call.path, data=form)
            response = await client.send(request, stream=True)
            try:
                content = await _content(response)
            finally:
                await response.aclose()
    except (httpx.ConnectError, httpx.ConnectTimeout, httpx.ProxyError) as error:
        raise LostError(f"no connection ({_said(error)})", sent=False) from error
    except (httpx.TransportError, httpx.DecodingError, TimeoutError) as error:
        raise LostError(f"no answer ({_said(error)})", sent=True) from error
    return Response(response.status_code, response.headers, _body(response.status_code, content))


async def _content(response: httpx.Response) -> bytes:
    content = bytearray()
    async for chunk in response.aiter_bytes():
        content += chunk
        if len(content) > _BODY_LIMIT:
            raise httpx.DecodingError("an answer larger than 64 MB")
    return bytes(content)


def _said(error: BaseException) -> str:
    return str(error) or type(error).__name__


def _body(status: int, content: bytes) -> Any:
    """The JSON of an answer; of a refusal, whatever can be made of it."""
    if status == _NO_CONTENT:
        return None
    try:
        body = json.loads(content)
    except (ValueError, RecursionError) as error:
        if status >= _FIRST_REFUSAL:
            return {}
        raise LostError("an answer that is no JSON", sent=True) from error
    if not isinstance(body, dict):
        raise LostError("an answer that is no JSON object", sent=True)
    return body


def in_process(app: Any) -> httpx.AsyncBaseTransport:
    """Reaches an ASGI application without a network."""
    return httpx.ASGITransport(app, raise_app_exceptions=True)
