"""``tr-apply serve``: the embedded TaskRouter over HTTP."""

import gc
import ipaddress
import os
import socket
import sys
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager, closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tr_apply.cli.server_log import logged, logged_callbacks, report_problem, reporting
from tr_apply.cli.serving import listening, resolved, run_server, running, url_of
from tr_apply.errors import RefusedError, TargetError, TrApplyError, UsageError
from tr_apply.local import open_app
from tr_apply.local.storage.clock import SteeredClock
from tr_apply.own_folder import DATABASE

if TYPE_CHECKING:
    from starlette.types import ASGIApp

    from tr_apply.deployment.applied import Applied
    from tr_apply.deployment.seed import Seed
    from tr_apply.local.http.app import LocalTaskRouter
    from tr_apply.local.http.gate import Admission


@click.command("serve")
@click.option("--port", metavar="N", type=click.IntRange(0, 65535), default=8080, show_default=True,
              help="Port to listen on; 0 picks a free one.")  # fmt: skip
@click.option("--host", metavar="ADDRESS", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--db",
    "database",
    default=str(DATABASE),
    show_default=True,
    metavar="FILE",
    help="The database, shared with --local; :memory: keeps nothing after the end.",
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
    "--allow-host",
    "hosts",
    multiple=True,
    metavar="HOST",
    help="Also answer requests that address the server by this name (repeatable); default: this machine and --host.",
)
@click.option(
    "--allow-origin",
    "origins",
    multiple=True,
    metavar="ORIGIN",
    help="Let web pages of this origin use the server, as in http://localhost:3000 (repeatable); default: its own.",
)
@click.option(
    "--seed",
    "seed_path",
    metavar="PATH",
    type=click.Path(path_type=Path),
    help="Apply this configuration before the first request, and again after each reset.",
)
@click.option("--watch", "watches", is_flag=True, help="Apply the --seed again whenever one of its files changes.")
@click.option(
    "--ready-file",
    metavar="FILE",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write the address to this file once the server listens.",
)
@click.option(
    "--control",
    "is_controlled",
    is_flag=True,
    help="For tests: reset, clock, callbacks, faults and snapshots under /_tr-apply/. On this machine only.",
)
@click.option(
    "--clock-rate",
    type=click.FloatRange(0, min_open=True, max=1_000_000),
    default=1.0,
    show_default=True,
    metavar="N",
    help="Run the clock N times as fast, for demonstrations.",
)
@click.option(
    "--timeout",
    "timeout_s",
    metavar="SECONDS",
    type=click.FloatRange(min=0, min_open=True),
    help="Stop after this many seconds.",
)
@click.option("--no-color", is_flag=True, help="Accepted for consistency; this command prints no colours.")
@click.option("-v", "--verbose", is_flag=True, help="Log each request and each callback that is answered on stderr.")
@click.option("-q", "--quiet", is_flag=True, help="Print the address and errors only.")
def serve_command(**given: Any) -> None:
    """Serve the API of TaskRouter over HTTP, to try programs without an account.

    Any user name and password will do unless --account-sid and --auth-token are given; both are required to listen on
    anything but this machine. Ctrl-C or SIGTERM ends the server once the requests under way are answered. Web pages of
    other origins cannot use it unless --allow-origin names them. In a browser the address shows the console.

    \b
        tr-apply serve --port 8080
        tr-apply serve --seed workspace.yaml --watch --db :memory:
        tr-apply apply workspace.yaml --base-url http://127.0.0.1:8080
    """  # click needs the character of the escape
    options = ServeOptions(**given)
    address = _checked(options)
    served_hosts = options.hosts if _is_wildcard(address[0]) else (*options.hosts, options.host)
    admission = _admission(served_hosts, options.origins)
    with listening(address) as listener:
        _serve(options, listener, admission)


@dataclass(frozen=True, slots=True, kw_only=True)
class ServeOptions:
    """The options of ``tr-apply serve``, each named as click calls it."""

    port: int
    host: str
    database: str
    account_sid: str | None
    auth_token: str | None
    callback_hosts: tuple[str, ...]
    hosts: tuple[str, ...]
    origins: tuple[str, ...]
    seed_path: Path | None
    watches: bool
    ready_file: Path | None
    is_controlled: bool
    clock_rate: float
    timeout_s: float | None
    no_color: bool
    verbose: bool
    quiet: bool

    @property
    def logs(self) -> bool:
        """Whether each request and callback is logged."""
        return self.verbose and not self.quiet


def _checked(options: ServeOptions) -> tuple[str, int]:
    """The address to listen on.

    Raises:
        UsageError: The options do not go together, or not with this address.
    """
    _check_account(options.account_sid)
    address = resolved(options.host, options.port)
    check_exposure(address[0], account_sid=options.account_sid, auth_token=options.auth_token)
    if options.is_controlled and not ipaddress.ip_address(address[0]).is_loopback:
        raise UsageError("--control is for this machine only: leave --host out")
    _check_seed(options.seed_path, watches=options.watches)
    _check_ready_file(options.ready_file)
    return address


def _serve(options: ServeOptions, listener: socket.socket, admission: "Admission") -> None:
    from tr_apply.local.callbacks.hosts import Hosts  # noqa: PLC0415
    from tr_apply.local.callbacks.sending import Quiet  # noqa: PLC0415
    from tr_apply.local.console.console import Console  # noqa: PLC0415
    from tr_apply.local.control.calls import Calls  # noqa: PLC0415
    from tr_apply.local.control.control import controlled  # noqa: PLC0415
    from tr_apply.local.http.app import Callbacks  # noqa: PLC0415  # starlette and httpx are for those who serve
    from tr_apply.local.http.gate import Gate  # noqa: PLC0415
    from tr_apply.transport.callback import Caller  # noqa: PLC0415

    caller = Caller()
    clock = SteeredClock(options.clock_rate)
    stillness = Quiet()
    calls = Calls(logged_callbacks(caller) if options.logs else caller, clock, stillness)
    app = open_app(
        options.database if options.database == ":memory:" else Path(options.database),
        account_sid=options.account_sid or None,
        auth_token=options.auth_token or None,
        clock=clock,
        callbacks=Callbacks(calls, report_problem, Hosts(options.callback_hosts), quiet=stillness),
    )
    planted = _Planted(options, app)

    steered = controlled(app, clock, calls, planted.again) if options.is_controlled else app
    console = Console(app, steered, clock, calls, options.is_controlled)

    @asynccontextmanager
    async def beside_requests() -> AsyncIterator[Callable[[], None]]:
        url = url_of(listener)
        kept = f"Keeping everything in {options.database}. Ctrl-C stops."
        said = (*planted.reports, f"Console: {url}/", _of_worker_sdk(url, options.auth_token), kept)
        _announce(url, said, options.ready_file, quiet=options.quiet)
        async with running(app.run(lambda: clock.rate)), running(planted.follow()):
            yield console.stop
        await caller.close()

    # The routing objects stay alive: searching all of them for garbage repeatedly takes a seventh of the time.
    gc.set_threshold(50_000, 20, 100)
    served: ASGIApp = Gate(reporting(console), admission)
    if options.logs:
        served = logged(served)
    with closing(app):
        run_server(served, listener, planted.first, beside_requests, options.timeout_s)


class _Planted:
    """The seed of a server, if it has one: applied before the first request, and again whenever it is asked for."""

    def __init__(self, options: ServeOptions, app: "LocalTaskRouter") -> None:
        self.reports: list[str] = []
        self._path = options.seed_path
        self._watches = options.watches
        self._seed: Seed | None = None
        if self._path is not None:
            self._seed = _seed(self._path, app, options.account_sid, options.auth_token)

    async def first(self) -> None:
        """Apply it. The report is kept until the server listens."""
        if self._seed is not None:
            self.reports.append(_seed_report(self._path, await self._seed.plant()))

    async def again(self) -> None:
        """Apply it and say so."""
        if self._seed is not None:
            click.echo(_seed_report(self._path, await self._seed.plant()), err=True)

    async def follow(self) -> None:
        """Apply it again at each change; report its mistakes, and go on."""
        if self._seed is None or not self._watches:
            return
        async for _ in self._seed.changes():
            try:
                await self.again()
            except TrApplyError as error:
                click.echo(f"Seed: {error}", err=True)


def check_exposure(ip: str, *, account_sid: str | None, auth_token: str | None) -> None:
    """Raise UsageError if listening on *ip* would let other machines in without a secret."""
    if not ipaddress.ip_address(ip).is_loopback and not (account_sid and auth_token):
        raise UsageError(
            f"listening on {ip} lets other machines in: give --account-sid and --auth-token, or leave --host out"
        )


def _check_account(account_sid: str | None) -> None:
    if account_sid and not account_sid.startswith("AC"):
        raise UsageError("--account-sid must be the SID of an account, which begins with AC")


def _check_seed(path: Path | None, *, watches: bool) -> None:
    if watches and path is None:
        raise UsageError("--watch needs --seed PATH")
    if path is not None:
        from tr_apply.config.files import require_path  # noqa: PLC0415  # a server without a seed needs no models

        require_path(path)


def _seed(path: Path, app: "LocalTaskRouter", account_sid: str | None, auth_token: str | None) -> "Seed":
    from tr_apply.deployment.seed import Seed  # noqa: PLC0415  # plans and applies; not for --help
    from tr_apply.transport import Connection  # noqa: PLC0415

    # An API key if anyone may connect: callbacks are then not signed with a password of ours.
    user = account_sid or f"SK{0:032x}"
    return Seed(path, app, Connection("http://local", user, auth_token or "seed"), os.environ)


def _seed_report(path: Path | None, applied: "Applied") -> str:
    from tr_apply.report.entry import apply_outcome  # noqa: PLC0415

    return f"Seed {path}: {apply_outcome(applied.results, verified=applied.verified)}"


def _is_wildcard(ip: str) -> bool:
    return ipaddress.ip_address(ip).is_unspecified


def _admission(hosts: Iterable[str], origins: Iterable[str]) -> "Admission":
    from tr_apply.local.http.gate import Admission  # noqa: PLC0415

    try:
        return Admission.of(hosts, origins)
    except ValueError as error:
        raise UsageError(f"--allow-origin: expected an origin such as http://localhost:3000, not {error}") from error


def _check_ready_file(path: Path | None) -> None:
    """Remove the file of an earlier run, so a program that waits for the file waits for this server.

    Raises:
        RefusedError: The file holds something else.
        TargetError: It cannot be removed.
    """
    if path is None:
        return
    try:
        if not path.parent.is_dir():
            raise TargetError(f"--ready-file: the folder {path.parent} does not exist; make it first")
        if path.exists() and not path.read_bytes()[:7] == b"http://":
            raise RefusedError(f"--ready-file: {path} exists and does not hold the address of a server; name another")
        path.unlink(missing_ok=True)
    except OSError as error:
        raise TargetError(f"--ready-file: {path}: {error.strerror}") from error


def _announce(url: str, more: Iterable[str], ready_file: Path | None, *, quiet: bool) -> None:
    click.echo(f"Listening on {url}", err=True)
    if not (sys.stdout.isatty() and sys.stderr.isatty()):  # one person reads both on a terminal
        with suppress(OSError):  # the program that started the server need not read its stdout
            click.echo(f"Listening on {url}")
    for line in () if quiet else more:
        click.echo(line, err=True)
    if ready_file is not None:
        _write_whole(ready_file, url)


def _write_whole(path: Path, text: str) -> None:
    """Write a file in one step, so no reader sees a part of it."""
    partial = path.with_name(f"{path.name}.{os.getpid()}")
    try:
        partial.write_text(text, encoding="utf-8")
        partial.replace(path)
    except OSError as error:
        raise TargetError(f"--ready-file: {path} cannot be written: {error.strerror}") from error


def _of_worker_sdk(url: str, auth_token: str | None) -> str:
    """How a worker's page gets in."""
    secret = "the value of --auth-token as the secret" if auth_token else "any secret"
    path = "://" + url.partition("://")[2] + "/v1/wschannels"
    return (
        f"Worker SDK: ebServer http{path}, wsServer ws{path}; sign its tokens (AccessToken with a TaskRouterGrant)"
        f" with {secret}."
    )
