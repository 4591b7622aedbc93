"""Which TaskRouter a command talks to: options first, then the environment, and never a guess."""

import ipaddress
import os
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import click

from tr_apply.client import Client
from tr_apply.errors import TargetError, UsageError
from tr_apply.local import DEFAULT_PATH, open_app
from tr_apply.transport import Call, Connection, Outcome, in_process

if TYPE_CHECKING:
    from tr_apply.local.app import LocalTaskRouter

_NO_TARGET = (
    "no TaskRouter to talk to. Set TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN (or TWILIO_API_KEY and TWILIO_API_SECRET) "
    "for Twilio, or use --local for the embedded TaskRouter, which needs no account"
)


@dataclass(frozen=True, slots=True)
class TargetOptions:
    """What the command line says about it."""

    base_url: str | None = None
    local: bool = False
    local_db: Path | None = None

    @property
    def is_local(self) -> bool:
        """Whether the embedded TaskRouter is meant."""
        return self.local or self.local_db is not None


def target_of(options: Mapping[str, Any]) -> TargetOptions:
    """What ``target_options`` stand for.

    Raises:
        UsageError: when they contradict each other.
    """
    target = TargetOptions(options.get("base_url"), bool(options.get("local")), options.get("local_db"))
    if target.is_local and target.base_url is not None:
        raise UsageError("--local and --base-url exclude each other")
    return target


def connection_of(target: TargetOptions, environment: Mapping[str, str]) -> Connection:
    """Where TaskRouter is and who asks.

    Raises:
        TargetError: when nothing says so, or it would not be safe.
    """
    account = environment.get("TWILIO_ACCOUNT_SID") or None
    key, secret = environment.get("TWILIO_API_KEY"), environment.get("TWILIO_API_SECRET")
    token = environment.get("TWILIO_AUTH_TOKEN")
    base_url = target.base_url or environment.get("TR_APPLY_BASE_URL") or _twilio_url(environment)
    _require_tls(base_url)
    if key and secret:
        return Connection(base_url.rstrip("/"), key, secret, account)
    if account and token:
        return Connection(base_url.rstrip("/"), account, token, account)
    raise TargetError(_NO_TARGET)


def _twilio_url(environment: Mapping[str, str]) -> str:
    """``taskrouter[.edge][.region].twilio.com``; an edge alone belongs to us1."""
    edge, region = environment.get("TWILIO_EDGE"), environment.get("TWILIO_REGION")
    if edge and not region:
        region = "us1"
    return "https://" + ".".join(part for part in ("taskrouter", edge, region, "twilio.com") if part)


def _require_tls(url: str) -> None:
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise TargetError(f"{url}: expected the address of a server, as in https://example.com")
    if parts.username or parts.password:
        raise TargetError("credentials do not belong into the base URL; set TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN")
    if parts.scheme == "http" and not _is_loopback(parts.hostname):
        raise TargetError(f"{url}: credentials are only sent over https, but for a server on this machine")


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


@asynccontextmanager
async def open_client(target: TargetOptions, *, concurrency: int, verbose: bool) -> AsyncIterator[Client]:
    """A client of the TaskRouter that *target* and the environment name."""
    observer = _tell if verbose else None
    if target.is_local:
        with _embedded(target) as app:
            through, connection = in_process(app), Connection("http://local", "local", "local")
            async with Client(connection, concurrency=concurrency, through=through, observer=observer) as client:
                yield client
    else:
        async with Client(connection_of(target, os.environ), concurrency=concurrency, observer=observer) as client:
            yield client


@contextmanager
def _embedded(target: TargetOptions) -> "Iterator[LocalTaskRouter]":
    app = open_app(target.local_db or DEFAULT_PATH)
    try:
        yield app
    finally:
        app.close()


def _tell(call: Call, outcome: Outcome | None) -> None:
    if outcome is not None:
        what = outcome.problem if outcome.status is None else str(outcome.status)
        click.echo(f"{call.method} {call.path} {what} {outcome.seconds * 1000:.0f} ms", err=True)
