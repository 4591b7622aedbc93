"""Runs an application on a socket until a signal or the time says stop."""

import errno
import signal
import socket
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager, suppress
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from tr_apply.errors import InterruptedRunError, TargetError, TrApplyError

if TYPE_CHECKING:
    import uvicorn
    from starlette.types import ASGIApp, Receive, Scope, Send

GRACE_S = 5  # for requests in progress at the end of the server; they take milliseconds unless the client is slow
LARGEST_MESSAGE = 4096  # bytes that a page may send at a time over its WebSocket, on which it has nothing to say
KEEP_ALIVE_S = 75  # longer than the pauses of a client that reuses its connection

_REFUSED_WEBSOCKET = "ASGI callable returned without completing handshake."  # as uvicorn says of one that was answered

Address = tuple[str, int]


def resolved(host: str, port: int) -> Address:
    """The address to bind. It is resolved only once: the address that was checked is the one that is bound."""
    try:
        found = socket.getaddrinfo(host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (OSError, UnicodeError) as error:
        raise TargetError(f"cannot listen on {host}: there is no such address") from error
    ip, found_port = found[0][4][:2]
    return str(ip), int(found_port)


@contextmanager
def listening(address: Address) -> Iterator[socket.socket]:
    """A socket that listens on *address*."""
    family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(address)
            listener.listen(2048)
        except OSError as error:
            raise TargetError(_why_not(address, error)) from error
        yield listener


def _why_not(address: Address, error: OSError) -> str:
    host, port = address
    if error.errno == errno.EADDRINUSE:
        return f"port {port} on {host} is in use: choose another with --port, or --port 0 for a free one"
    return f"cannot listen on {host}, port {port}: {error.strerror}"


def url_of(listener: socket.socket) -> str:
    """The address of a server on this socket."""
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


@asynccontextmanager
async def running(work: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Run *work* in the background until the block ends."""
    import asyncio  # noqa: PLC0415  # not for --help

    def tell_failure(ended: asyncio.Task[None]) -> None:
        if not ended.cancelled() and (error := ended.exception()):
            text = str(error) if isinstance(error, TrApplyError) else "".join(traceback.format_exception(error))
            click.echo(text, err=True)

    task = asyncio.create_task(work)
    task.add_done_callback(tell_failure)
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


def run_server(
    app: "ASGIApp",
    listener: socket.socket,
    prepare: "Callable[[], Awaitable[None]]",
    beside_requests: "Callable[[], AbstractAsyncContextManager[Callable[[], None]]]",
    timeout_s: float | None,
) -> None:
    """Serve until a signal or the time says stop, within what *beside_requests* sets up once requests are taken.

    Nothing is answered before *prepare* is done. What *beside_requests* gives ends the answers that would go on.

    For a server that is its regular end, so SIGINT, SIGTERM and the time lead to exit code 0; a second Ctrl-C cuts off
    requests under way and is an interruption.

    Raises:
        InterruptedRunError: There was a second Ctrl-C.
    """
    import asyncio  # noqa: PLC0415  # not for --help

    import uvicorn  # noqa: PLC0415  # takes a tenth of a second, which --help must not

    class Server(uvicorn.Server):
        """uvicorn with a background task, and with signals that end the server but do not kill the process."""

        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await prepare()
            await super().startup(sockets)
            self.beside = beside_requests()
            self.end_streams = await self.beside.__aenter__()
            if timeout_s is not None:
                asyncio.get_running_loop().call_later(timeout_s, self.stop)

        def stop(self) -> None:
            self.should_exit = True

        async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
            self.end_streams()
            await super().shutdown(sockets)
            await self.beside.__aexit__(None, None, None)

        @contextmanager
        def capture_signals(self) -> Iterator[None]:
            with _signals_to(self.handle_exit):
                yield

    server = Server(_settings(_abortable(app)))
    with _without_false_alarms():
        server.run([listener])
    if server.force_exit:
        raise InterruptedRunError("stopped before the requests under way were answered")


def _abortable(app: "ASGIApp") -> "ASGIApp":
    """The application, with a way to close the connection of a request, which is how an answer gets lost.

    It is not a coroutine, like the other layers that only pass a request on: each coroutine costs time when the request
    begins, when it waits, and when it goes on.
    """
    from tr_apply.local.control.faults import ABORT  # noqa: PLC0415  # starlette is for those who serve

    def abortable(scope: "Scope", receive: "Receive", send: "Send") -> Awaitable[None]:
        # ASGI has no way to close a connection. uvicorn's `send` is a method of an object that has the connection.
        transport = getattr(getattr(send, "__self__", None), "transport", None)
        if transport is not None:
            scope[ABORT] = transport.abort if scope["type"] == "websocket" else transport.close
        return app(scope, receive, send)

    return abortable


def _settings(app: "ASGIApp") -> "uvicorn.Config":
    import uvicorn  # noqa: PLC0415

    from tr_apply.local.http.protocol import HttpProtocol  # noqa: PLC0415
    from tr_apply.local.http.requests import Heads  # noqa: PLC0415

    return uvicorn.Config(
        app,
        interface="asgi3",
        http=partial(HttpProtocol, heads=Heads()),  # type: ignore[arg-type]  # called like the class
        ws="websockets-sansio",
        ws_max_size=LARGEST_MESSAGE,
        ws_per_message_deflate=False,  # which takes more memory for a session than all the rest
        lifespan="off",
        log_config=None,
        log_level="error",
        access_log=False,
        server_header=False,
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=GRACE_S,
    )


@contextmanager
def _without_false_alarms() -> Iterator[None]:
    """Keep from being logged as a failure: a request that was cut off at the end, and a WebSocket that was refused."""
    import asyncio  # noqa: PLC0415  # not for --help
    import logging  # noqa: PLC0415

    def is_failure(record: logging.LogRecord) -> bool:
        was_cut_off = record.exc_info and isinstance(record.exc_info[1], asyncio.CancelledError)
        return not was_cut_off and record.msg != _REFUSED_WEBSOCKET

    logger = logging.getLogger("uvicorn.error")
    logger.addFilter(is_failure)
    try:
        yield
    finally:
        logger.removeFilter(is_failure)


@contextmanager
def _signals_to(handler: Callable[[int, Any], None]) -> Iterator[None]:
    previous = {each: signal.signal(each, handler) for each in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for each, old in previous.items():
            signal.signal(each, old)
