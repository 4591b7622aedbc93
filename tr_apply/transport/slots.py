"""One attempt of a request: a turn, a connection, an answer in time.

Every slot of concurrency has a connection of its own; all of them share one TLS context, which is made while the first
of them is connecting.
"""

import asyncio
import ssl
from base64 import b64encode
from collections.abc import Mapping
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from tr_apply.errors import NetworkError
from tr_apply.transport.answer import body_of
from tr_apply.transport.call import (
    FIRST_SERVER_ERROR,
    TOO_MANY_REQUESTS,
    Attempt,
    Call,
    Connection,
    LostError,
    Observer,
    Patience,
    Response,
)
from tr_apply.transport.endpoint import endpoint_of, proxy_for, require_safe_address, tls_context
from tr_apply.transport.exchange import Header, Request, Slot
from tr_apply.transport.http1 import Http1
from tr_apply.transport.pace import Pace
from tr_apply.transport.through import Through
from tr_apply.version import __version__

if TYPE_CHECKING:
    import httpx

_UNAVAILABLE = 503
_FORM = (b"Content-Type", b"application/x-www-form-urlencoded; charset=utf-8")


class Transport:
    """A fixed number of concurrent connections.

    Args:
        connection: Address and credentials.
        concurrency: Maximum number of concurrent requests.
        through: Replaces the network; for the embedded TaskRouter the result of ``in_process``.
        patience: Time limits of an attempt.
        observer: Called for every attempt.

    Raises:
        TargetError: The credentials would not be safe on the way there.
    """

    def __init__(
        self,
        connection: Connection,
        *,
        concurrency: int,
        through: "httpx.AsyncBaseTransport | None",
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
        self._tls: asyncio.Future[ssl.SSLContext] | None = None
        self._idle: list[Slot] = []
        self._all: list[Slot] = []
        self._pace = Pace(concurrency)
        self._turns = asyncio.Lock()
        self._left = asyncio.Event()
        self._under_way = 0
        login = b64encode(f"{connection.username}:{connection.password}".encode())
        key = (connection.username,) if connection.is_key and connection.variables else ()
        self._secrets = [each for each in (connection.password, login.decode(), *key) if each]
        self._headers: tuple[Header, ...] = (
            (b"Accept", b"application/json"),
            (b"Accept-Encoding", b"gzip"),
            (b"Authorization", b"Basic " + login),
            (b"User-Agent", f"tr-apply/{__version__}".encode()),
        )

    @property
    def window(self) -> int:
        """How many requests may be under way at the moment."""
        return self._pace.window

    async def close(self) -> None:
        """Close every connection."""
        await asyncio.gather(*(slot.close() for slot in self._all))
        if self._tls is not None:
            await asyncio.gather(self._tls, return_exceptions=True)

    def tell(self, call: Call, outcome: Attempt | None) -> None:
        """Pass an outcome to the observer that is not that of an attempt here."""
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
        slot: Slot | None = None
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

    async def _observed(self, slot: Slot, call: Call, request: Request) -> Response:
        self._observer(call, None)
        begun = _now()
        try:
            response = await _exchange(slot, request, self._patience.attempt_s)
        except LostError as error:
            self._observer(call, Attempt(None, _now() - begun, error.reason, sent=error.sent))
            if error.sent:
                self._pace.strained(_now(), begun)
            raise
        except NetworkError as error:
            self._observer(call, Attempt(None, _now() - begun, str(error), sent=False))
            raise
        except asyncio.CancelledError:
            self._observer(call, Attempt(None, _now() - begun, "interrupted"))
            raise
        seconds = _now() - begun
        self._observer(call, Attempt(response.status, seconds, None, response.request_id, response.sid))
        self._follow(call, response.status, begun, seconds)
        return response

    def _follow(self, call: Call, status: int, begun: float, seconds: float) -> None:
        if status == TOO_MANY_REQUESTS:
            self._pace.refused(begun + seconds, begun)
        elif status == _UNAVAILABLE:
            self._pace.strained(begun + seconds, begun)
        elif status < FIRST_SERVER_ERROR:
            self._pace.admitted(begun + seconds, seconds, f"{call.method} {'?' in call.path}")

    def _request(self, call: Call, form: Mapping[str, str] | None, revision: str | None) -> Request:
        headers = self._headers
        content = None
        if form is not None:
            headers = (*headers, _FORM)
            content = urlencode(form).encode()
        if revision is not None:
            headers = (*headers, (b"If-Match", revision.encode("latin-1")))
        return Request(call.method, call.path, headers, content)

    def _new_slot(self) -> Slot:
        if self._through is not None:
            return Through(self._through, self._base_url)
        server, proxy = endpoint_of(self._base_url), proxy_for(self._base_url)
        if server.is_encrypted:
            self._tls_context()
        slot = Http1(server, proxy, self._trusted, connect_s=self._patience.connect_s)
        self._all.append(slot)
        return slot

    def _tls_context(self) -> asyncio.Future[ssl.SSLContext]:
        """The context for TLS, made once and while something else waits."""
        if self._tls is None:
            self._tls = asyncio.ensure_future(asyncio.to_thread(tls_context))
        return self._tls

    async def _trusted(self) -> ssl.SSLContext:
        return await asyncio.shield(self._tls_context())


def _now() -> float:
    """The event loop's clock, which its time-outs and pauses go by."""
    return asyncio.get_running_loop().time()


async def _exchange(slot: Slot, request: Request, limit_s: float) -> Response:
    try:
        async with asyncio.timeout(limit_s):
            answer = await slot.exchange(request)
    except TimeoutError as error:
        raise LostError(f"no answer within {limit_s:g} s", sent=True) from error
    return Response(answer.status, answer.headers, body_of(answer.status, answer.headers, answer.content))
