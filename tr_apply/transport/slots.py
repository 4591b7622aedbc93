"""One attempt of a request: a turn, a connection, an answer in time.

The only module that imports httpx. Its pool collapses between 30 and 50 concurrent requests, so that every slot of
concurrency has a client with one connection of its own; all of them share one TLS context. What an
``httpx.AsyncClient`` does beyond that (cookies, redirects, merging of URLs) is not wanted here and takes a third of the
time, so that each slot is the client's transport alone.
"""

import asyncio
import ssl
import sys
from base64 import b64encode
from collections.abc import AsyncIterable, Iterator, Mapping
from contextlib import aclosing
from functools import lru_cache
from importlib.util import find_spec
from typing import Any, cast
from urllib.parse import urlencode
from urllib.request import getproxies, proxy_bypass

import httpx

from tr_apply import __version__
from tr_apply.errors import NetworkError, TargetError
from tr_apply.transport.address import require_safe_address
from tr_apply.transport.answer import body_of, content_of
from tr_apply.transport.call import (
    FIRST_SERVER_ERROR,
    TOO_MANY_REQUESTS,
    Call,
    Connection,
    LostError,
    Observer,
    Outcome,
    Patience,
    Response,
)
from tr_apply.transport.pace import Pace

# httpcore tries to import sniffio several times for each request. Where it is not installed, those searches take
# a sixth of the client's time; told once that it is missing, Python searches no more.
if find_spec("sniffio") is None:
    sys.modules.setdefault("sniffio", cast("Any", None))

_UNAVAILABLE = 503
_FORM = (b"Content-Type", b"application/x-www-form-urlencoded; charset=utf-8")


class Transport:
    """As many connections as may be used at once.

    Args:
        connection: Where and who.
        concurrency: How many requests may be under way at once, at most.
        through: Instead of the network; an ``httpx.ASGITransport`` for the embedded TaskRouter.
        patience: How long one attempt may take.
        observer: Is told of every attempt.

    Raises:
        TargetError: when credentials would not be safe on the way there.
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
        if through is None:
            require_safe_address(connection.base_url)
        self.connection = connection
        self._base_url = connection.base_url
        self._patience = patience
        self._through = through
        self._observer = observer or (lambda _call, _outcome: None)
        self._tls: ssl.SSLContext | None = None
        self._idle: list[httpx.AsyncBaseTransport] = []
        self._all: list[httpx.AsyncBaseTransport] = []
        self._pace = Pace(concurrency)
        self._turns = asyncio.Lock()
        self._left = asyncio.Event()
        self._under_way = 0
        login = b64encode(f"{connection.username}:{connection.password}".encode())
        key = (connection.username,) if connection.is_key and connection.variables else ()
        self._secrets = [each for each in (connection.password, login.decode(), *key) if each]
        self._headers = (
            (b"Accept", b"application/json"),
            (b"Accept-Encoding", b"gzip"),
            (b"Authorization", b"Basic " + login),
            (b"User-Agent", f"tr-apply/{__version__}".encode()),
        )
        limits = {"connect": patience.connect_s} | dict.fromkeys(("read", "write", "pool"), patience.attempt_s)
        self._extensions = {"timeout": limits}

    @property
    def window(self) -> int:
        """How many requests may be under way at the moment."""
        return self._pace.window

    async def close(self) -> None:
        """Close every connection."""
        await asyncio.gather(*(slot.aclose() for slot in self._all))

    def tell(self, call: Call, outcome: Outcome | None) -> None:
        """What the observer should know beside the attempts."""
        self._observer(call, outcome)

    def redacted(self, text: str) -> str:
        """*text* of the server without what it could only know from us."""
        for secret in self._secrets:
            text = text.replace(secret, "***")
        return text

    async def attempt(
        self, call: Call, form: Mapping[str, str] | None = None, *, revision: str | None = None
    ) -> Response:
        """One request and its answer; with *revision* it is carried out only if that is the present one.

        Raises:
            LostError: when no usable answer arrives.
            NetworkError: when there is no hope of one.
        """
        request = self._request(call, form, revision)
        await self._turn()
        slot: httpx.AsyncBaseTransport | None = None
        try:
            slot = self._idle.pop() if self._idle else self._new_slot()
            return await self._observed(slot, call, request)
        finally:
            if slot is not None:
                self._idle.append(slot)
            self._under_way -= 1
            self._left.set()

    async def _turn(self) -> None:
        """Wait until one more request may begin; first come, first served."""
        async with self._turns:
            while self._under_way >= self._pace.window:
                self._left.clear()
                await self._left.wait()
            now = _now()
            if (turn := self._pace.begin(now)) > now:
                await asyncio.sleep(turn - now)
            self._under_way += 1

    async def _observed(self, slot: httpx.AsyncBaseTransport, call: Call, request: httpx.Request) -> Response:
        self._observer(call, None)
        begun = _now()
        try:
            response = await _exchange(slot, request, self._patience.attempt_s)
        except LostError as error:
            self._observer(call, Outcome(None, _now() - begun, error.reason, sent=error.sent))
            if error.sent:
                self._pace.strained(_now(), begun)
            raise
        except NetworkError as error:
            self._observer(call, Outcome(None, _now() - begun, str(error), sent=False))
            raise
        except asyncio.CancelledError:
            self._observer(call, Outcome(None, _now() - begun, "interrupted"))
            raise
        seconds = _now() - begun
        self._observer(call, Outcome(response.status, seconds, None, response.request_id, response.sid))
        self._follow(call, response.status, begun, seconds)
        return response

    def _follow(self, call: Call, status: int, begun: float, seconds: float) -> None:
        if status == TOO_MANY_REQUESTS:
            self._pace.refused(begun + seconds, begun)
        elif status == _UNAVAILABLE:
            self._pace.strained(begun + seconds, begun)
        elif status < FIRST_SERVER_ERROR:
            self._pace.admitted(begun + seconds, seconds, f"{call.method} {'?' in call.path}")

    def _request(self, call: Call, form: Mapping[str, str] | None, revision: str | None) -> httpx.Request:
        headers = [*self._headers]
        content = None
        if form is not None:
            headers.append(_FORM)
            content = urlencode(form).encode()
        if revision is not None:
            headers.append((b"If-Match", revision.encode()))
        url = _url(self._base_url + call.path)
        return httpx.Request(call.method, url, headers=headers, content=content, extensions=self._extensions)

    def _new_slot(self) -> httpx.AsyncBaseTransport:
        if self._through is not None:
            return self._through  # not ours to close
        self._tls = self._tls or _tls_context(self._base_url)
        slot = httpx.AsyncHTTPTransport(
            verify=self._tls,
            limits=httpx.Limits(max_connections=1, max_keepalive_connections=1),
            proxy=_proxy(self._base_url),
        )
        self._all.append(slot)
        return slot


def _now() -> float:
    """The event loop's clock, which its time-outs and pauses go by."""
    return asyncio.get_running_loop().time()


@lru_cache(maxsize=64)
def _url(text: str) -> httpx.URL:
    """Read once, for the many requests to one collection."""
    try:
        return httpx.URL(text)
    except httpx.InvalidURL as error:
        raise TargetError(f"{text.partition('?')[0]}: this address cannot be used: {error}") from error


def _tls_context(base_url: str) -> ssl.SSLContext:
    if base_url.startswith("https:"):
        return httpx.create_ssl_context()  # honours SSL_CERT_FILE and SSL_CERT_DIR
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # never used; spares reading every certificate there is


def _proxy(base_url: str) -> httpx.Proxy | None:
    """What the environment names. Plain HTTP is for this machine, so that no proxy has to see the credentials."""
    host = _url(base_url).host
    proxies = getproxies()
    address = proxies.get("https") or proxies.get("all")
    if not base_url.startswith("https:") or not address or proxy_bypass(host):
        return None
    try:
        return httpx.Proxy(address if "://" in address else f"http://{address}")
    except (ValueError, httpx.InvalidURL) as error:
        raise TargetError("HTTPS_PROXY is no address of a proxy") from error


async def _exchange(slot: httpx.AsyncBaseTransport, request: httpx.Request, limit_s: float) -> Response:
    # httpx bounds each read, which a server that sends a byte now and then outlasts.
    try:
        async with asyncio.timeout(limit_s):
            response = await slot.handle_async_request(request)
            stream = cast("AsyncIterable[bytes]", response.stream)
            async with aclosing(cast("Any", response.stream)):
                content = await content_of(stream)
    except (httpx.UnsupportedProtocol, httpx.LocalProtocolError) as error:
        raise NetworkError(f"the request cannot be sent: {_said(error)}") from error
    except (httpx.ConnectError, httpx.ConnectTimeout, httpx.ProxyError) as error:
        if any(isinstance(cause, ssl.SSLCertVerificationError) for cause in _causes(error)):
            raise NetworkError(f"the server's certificate is not trusted: {_said(error)}") from error
        server = request.url.netloc.decode("ascii")
        raise LostError(f"no connection to {server} ({_said(error)})", sent=False) from error
    except httpx.TransportError as error:
        raise LostError(f"no answer ({_said(error)})", sent=True) from error
    except TimeoutError as error:
        raise LostError(f"no answer within {limit_s:g} s", sent=True) from error
    return Response(response.status_code, response.headers, body_of(response.status_code, response.headers, content))


def _said(error: BaseException) -> str:
    return str(error) or type(error).__name__


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def in_process(app: Any) -> httpx.AsyncBaseTransport:
    """Reaches an ASGI application without a network."""
    return httpx.ASGITransport(app, raise_app_exceptions=True)
