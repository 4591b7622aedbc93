"""``tr-apply serve``: the embedded TaskRouter over HTTP."""

import errno
import gc
import ipaddress
import signal
import socket
import time
import traceback
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, closing, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tr_apply.errors import InterruptedRunError, TargetError, UsageError
from tr_apply.local import DEFAULT_PATH, open_app
from tr_apply.local.storage.clock import clock_at_rate

if TYPE_CHECKING:
    import uvicorn
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

GRACE_S = 5  # for requests under way when the server is told to stop; they take milliseconds unless the client is slow
KEEP_ALIVE_S = 75  # longer than the pauses of a client that reuses its connection


@click.command("serve")
@click.option("--port", type=click.IntRange(0, 65535), default=8080, show_default=True, help="0 picks a free one.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--db",
    "database",
    default=str(DEFAULT_PATH),
    show_default=True,
    metavar="FILE",
    help="Where everything is kept, shared with --local; :memory: forgets it at the end.",
)
@click.option(
    "--account-sid",
    envvar="TR_APPLY_SERVE_ACCOUNT_SID",
    show_envvar=True,
    metavar="SID",
    help="Answer this account only; default: anyone with a password.",
)
@click.option(
    "--auth-token",
    envvar="TR_APPLY_SERVE_AUTH_TOKEN",
    show_envvar=True,
    metavar="TOKEN",
    help="The only password; better in the environment, as others can read a command line.",
)
@click.option(
    "--callback-allow",
    "callback_hosts",
    multiple=True,
    metavar="HOST",
    help="Also call this host when a workflow or workspace names it (repeatable); default: only this machine.",
)
@click.option(
    "--clock-rate",
    type=click.FloatRange(0, min_open=True, max=1_000_000),
    default=1.0,
    show_default=True,
    metavar="N",
    help="Let N seconds pass in each second, for demonstrations.",
)
@click.option(
    "--timeout",
    "timeout_s",
    metavar="SECONDS",
    type=click.FloatRange(min=0, min_open=True),
    help="Stop by itself after so many seconds.",
)
@click.option("--no-color", is_flag=True, help="No colours, of which there are none here.")
@click.option("-v", "--verbose", is_flag=True, help="Log each request on stderr.")
@click.option("-q", "--quiet", is_flag=True, help="Say nothing but the address and errors.")
def serve_command(  # one parameter an option
    *,
    port: int,
    host: str,
    database: str,
    account_sid: str | None,
    auth_token: str | None,
    callback_hosts: tuple[str, ...],
    clock_rate: float,
    timeout_s: float | None,
    no_color: bool,  # noqa: ARG001  # accepted as everywhere
    verbose: bool,
    quiet: bool,
) -> None:
    """Serve the API of TaskRouter over HTTP, for programs that are to be tried without an account.

    Any user name and password will do unless --account-sid and --auth-token are given; both are required to listen on
    anything but this machine. Ctrl-C or SIGTERM ends the server once the requests under way are answered.

    \b
        tr-apply serve --port 8080
        tr-apply apply workspace.yaml --base-url http://127.0.0.1:8080
    """  # click wants the character that the escape stands for
    _check_account(account_sid)
    address = _address(host, port)
    check_exposure(address[0], account_sid=account_sid, auth_token=auth_token)
    from tr_apply.local.callbacks.hosts import Hosts  # noqa: PLC0415
    from tr_apply.local.http.app import Callbacks  # noqa: PLC0415  # starlette and httpx are for those who serve
    from tr_apply.transport.callback import Caller  # noqa: PLC0415

    with _listening(address) as listener:
        url = _url(listener)
        caller = Caller()
        app = open_app(
            database if database == ":memory:" else Path(database),
            account_sid=account_sid or None,
            auth_token=auth_token or None,
            clock=clock_at_rate(clock_rate),
            callbacks=Callbacks(caller, _say, Hosts(callback_hosts)),
        )

        @asynccontextmanager
        async def beside_requests() -> AsyncIterator[None]:
            _announce(url, database, quiet=quiet)
            async with _running(app.run(clock_rate)):
                yield
            await caller.close()

        # What routes stays; looking through all of it for garbage again and again takes a seventh of the time.
        gc.set_threshold(50_000, 20, 100)
        with closing(app):
            _run(_logged(app) if verbose and not quiet else app, listener, beside_requests, timeout_s)


def check_exposure(ip: str, *, account_sid: str | None, auth_token: str | None) -> None:
    """Raise UsageError if listening on *ip* would let other machines in without a secret."""
    if not ipaddress.ip_address(ip).is_loopback and not (account_sid and auth_token):
        raise UsageError(
            f"listening on {ip} lets other machines in: give --account-sid and --auth-token, or leave --host out"
        )


def _check_account(account_sid: str | None) -> None:
    if account_sid and not account_sid.startswith("AC"):
        raise UsageError("--account-sid must be the SID of an account, which begins with AC")


Address = tuple[str, int]


def _address(host: str, port: int) -> Address:
    """The address to bind, resolved once, so that what was checked is what is bound."""
    try:
        found = socket.getaddrinfo(host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (OSError, UnicodeError) as error:
        raise TargetError(f"cannot listen on {host}: there is no such address") from error
    ip, found_port = found[0][4][:2]
    return str(ip), int(found_port)


@contextmanager
def _listening(address: Address) -> Iterator[socket.socket]:
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


def _url(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _announce(url: str, database: str, *, quiet: bool) -> None:
    click.echo(f"Listening on {url}", err=True)
    if not quiet:
        click.echo(f"Keeping everything in {database}. Ctrl-C stops.", err=True)


def _say(text: str) -> None:
    """What TaskRouter would tell its debugger; not even --quiet hides that something went wrong."""
    click.echo(text.encode("unicode_escape").decode(), err=True)


@asynccontextmanager
async def _running(work: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Work that goes on beside what is done within, and ends with it."""
    import asyncio  # noqa: PLC0415  # not for --help

    def tell_failure(ended: asyncio.Task[None]) -> None:
        if not ended.cancelled() and (error := ended.exception()):
            click.echo("".join(traceback.format_exception(error)), err=True)

    task = asyncio.create_task(work)
    task.add_done_callback(tell_failure)
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


def _run(
    app: "ASGIApp",
    listener: socket.socket,
    beside_requests: "Callable[[], AbstractAsyncContextManager[None]]",
    timeout_s: float | None,
) -> None:
    """Serve until a signal or the time says stop, within what *beside_requests* sets up once requests are taken.

    For a server that is its regular end, so SIGINT, SIGTERM and the time lead to exit code 0; a second Ctrl-C cuts off
    requests under way and is an interruption.

    Raises:
        InterruptedRunError: There was a second Ctrl-C.
    """
    import asyncio  # noqa: PLC0415  # not for --help

    import uvicorn  # noqa: PLC0415  # takes a tenth of a second, which --help must not

    class Server(uvicorn.Server):
        """uvicorn, except that something runs beside it, and that signals end it without killing the process."""

        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            self.beside = beside_requests()
            await self.beside.__aenter__()
            if timeout_s is not None:
                asyncio.get_running_loop().call_later(timeout_s, self.stop)

        def stop(self) -> None:
            self.should_exit = True

        async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
            await super().shutdown(sockets)
            await self.beside.__aexit__(None, None, None)

        @contextmanager
        def capture_signals(self) -> Iterator[None]:
            with _signals_to(self.handle_exit):
                yield

    server = Server(_settings(app))
    with _without_cancellations():
        server.run([listener])
    if server.force_exit:
        raise InterruptedRunError("stopped before the requests under way were answered")


def _settings(app: "ASGIApp") -> "uvicorn.Config":
    import uvicorn  # noqa: PLC0415

    return uvicorn.Config(
        app,
        lifespan="off",
        log_config=None,
        log_level="error",
        access_log=False,
        server_header=False,
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=GRACE_S,
    )


@contextmanager
def _without_cancellations() -> Iterator[None]:
    """Keep a request that was cut off at the end from being logged as a failure, with a traceback."""
    import asyncio  # noqa: PLC0415  # not for --help
    import logging  # noqa: PLC0415

    def is_failure(record: logging.LogRecord) -> bool:
        return not (record.exc_info and isinstance(record.exc_info[1], asyncio.CancelledError))

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


def _logged(app: "ASGIApp") -> "ASGIApp":
    """The application, saying method, path, status and milliseconds of each request: no credentials, no query."""

    async def logged(scope: "Scope", receive: "Receive", send: "Send") -> None:
        started = time.perf_counter()

        async def send_logged(message: "Message") -> None:
            if message["type"] == "http.response.start":
                milliseconds = (time.perf_counter() - started) * 1000
                path = scope["path"].encode("unicode_escape").decode()
                click.echo(f"{scope['method']} {path} {message['status']} {milliseconds:.1f} ms", err=True)
            await send(message)

        await app(scope, receive, send_logged)

    return logged
