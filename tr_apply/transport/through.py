"""Requests that do not go over the network: through an application in this process, or any transport of httpx."""

from contextlib import aclosing
from typing import TYPE_CHECKING, Any, cast

from tr_apply.errors import NetworkError
from tr_apply.transport.answer import content_of
from tr_apply.transport.call import LostError
from tr_apply.transport.exchange import Answer, Request, named

if TYPE_CHECKING:
    from collections.abc import AsyncIterable

    import httpx


class Through:
    """A slot that hands its requests to *transport*, which somebody else closes."""

    def __init__(self, transport: "httpx.AsyncBaseTransport", base_url: str) -> None:
        self._transport = transport
        self._base_url = base_url

    async def exchange(self, request: Request) -> Answer:
        """See ``Slot.exchange``."""
        from tr_apply.transport.application import ApplicationTransport  # noqa: PLC0415  # imports httpx, as below

        if isinstance(self._transport, ApplicationTransport):  # one that does more has an exchange of its own
            return await self._transport.exchange(self._base_url, request)
        return await self._by_httpx(request)

    async def _by_httpx(self, request: Request) -> Answer:
        import httpx  # noqa: PLC0415  # half of the start of a small plan, which is over the network

        url = httpx.URL(self._base_url + request.target)
        sent = httpx.Request(request.method, url, headers=list(request.headers), content=request.content)
        try:
            response = await self._transport.handle_async_request(sent)
            stream = cast("AsyncIterable[bytes]", response.stream)
            async with aclosing(cast("Any", response.stream)):
                content = await content_of(stream)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.ProxyError) as error:
            raise LostError(
                f"no connection to {sent.url.netloc.decode('ascii')} ({_said(error)})", sent=False
            ) from error
        except (httpx.UnsupportedProtocol, httpx.LocalProtocolError) as error:
            raise NetworkError(f"the request cannot be sent: {_said(error)}") from error
        except httpx.TransportError as error:
            raise LostError(f"no answer ({_said(error)})", sent=True) from error
        return Answer(response.status_code, named(response.headers.raw), content)

    async def close(self) -> None:
        """Do nothing: the owner of the transport closes it."""


def in_process(app: Any) -> "httpx.AsyncBaseTransport":
    """Reaches an ASGI application without a network."""
    from tr_apply.transport.application import ApplicationTransport  # noqa: PLC0415  # imports httpx, as above

    return ApplicationTransport(app)


def _said(error: BaseException) -> str:
    return str(error) or type(error).__name__
