"""Forms sent to an application that wants to be called, and what it answers."""

import asyncio
from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Final, NamedTuple

from tr_apply.errors import NetworkError

if TYPE_CHECKING:
    import httpx

BODY_LIMIT: Final = 64 * 1024
"""Bytes of an answer that are read; an instruction has a few hundred."""

CONNECTIONS: Final = 200
"""How many applications are called at the same time; a system allows a process few hundred sockets."""

_THIS_MACHINE: Final = ("localhost", "127.0.0.1", "[::1]")


class Reply(NamedTuple):
    """The answer of an application."""

    status: int
    content_type: str
    body: bytes


class Caller:
    """Keeps connections to applications. Redirects are not followed, cookies not kept.

    The environment's proxies are for other machines: this one is called directly. httpx and the certificates are loaded
    with the first call: many a server is never asked for one, and starts in two thirds of the time.
    """

    def __init__(self, connections: int = CONNECTIONS) -> None:
        self._connections = connections
        # Wait here and not inside httpx: the application's time limit must begin when it is called.
        self._free = asyncio.Semaphore(connections)

    async def __call__(
        self, url: str, form: Mapping[str, str], headers: Mapping[str, str], *, timeout_s: float
    ) -> Reply:
        """Send a form; the answer, for which the application has *timeout_s* from when there is a connection for it.

        Raises:
            NetworkError: There is none, not within that time, or the URL cannot be used.
        """
        import httpx  # noqa: PLC0415

        try:
            client = self._client  # before the application's time begins
        except (ImportError, OSError, ValueError, httpx.InvalidURL) as error:
            settings = "the certificates or proxies that the environment names cannot be used"
            raise NetworkError(f"{settings} ({type(error).__name__}: {error})") from error
        try:
            async with self._free, asyncio.timeout(timeout_s):
                return await _post(client, url, form, headers)
        except TimeoutError as error:
            raise NetworkError(f"no answer within {timeout_s:g} s") from error
        except (httpx.HTTPError, httpx.InvalidURL, UnicodeError, ValueError) as error:
            raise NetworkError(f"no answer ({type(error).__name__})") from error

    async def close(self) -> None:
        """Close the connections."""
        if "_client" in vars(self):
            await self._client.aclose()

    @cached_property
    def _client(self) -> "httpx.AsyncClient":
        import httpx  # noqa: PLC0415

        limits = httpx.Limits(max_connections=self._connections, max_keepalive_connections=self._connections)
        tls = httpx.create_ssl_context()  # one for all: each reads every authority there is, which takes a while
        here = {f"all://{host}": httpx.AsyncHTTPTransport(verify=tls, limits=limits) for host in _THIS_MACHINE}
        return httpx.AsyncClient(
            verify=tls,
            mounts=here,
            limits=limits,
            timeout=None,  # noqa: S113  # each call has one of its own
            headers={"User-Agent": "tr-apply"},
        )


async def _post(client: "httpx.AsyncClient", url: str, form: Mapping[str, str], headers: Mapping[str, str]) -> Reply:
    async with client.stream("POST", url, data=dict(form), headers=headers) as response:
        client.cookies.clear()
        body = b""
        async for chunk in response.aiter_bytes():
            body += chunk
            if len(body) > BODY_LIMIT:
                raise NetworkError(f"its answer is larger than {BODY_LIMIT} bytes")
    return Reply(response.status_code, response.headers.get("content-type", ""), body)
