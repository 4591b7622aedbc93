"""Which TaskRouter to talk to: options first, then the environment, and never a guess."""

import os
import re
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from tr_apply.client import Client
from tr_apply.deployment.deadline import Deadline
from tr_apply.errors import TargetError
from tr_apply.local import DEFAULT_PATH, open_in_process
from tr_apply.resources.credentials import Credentials
from tr_apply.transport import Call, Connection, Observer, Outcome, in_process
from tr_apply.transport.address import require_safe_address

LOCAL = "local"
CONCURRENCY = 10
"""Requests at once, at most, unless told otherwise."""

_LOCAL = Connection("http://local", "local", "local")
_USUAL = {
    "account_sid_env": "TWILIO_ACCOUNT_SID",
    "auth_token_env": "TWILIO_AUTH_TOKEN",
    "api_key_env": "TWILIO_API_KEY",
    "api_secret_env": "TWILIO_API_SECRET",
}
_FIRST_REGION = "us1"
_TWILIO = re.compile(r"https://taskrouter(\.[a-z0-9-]+)??(\.(?P<region>[a-z0-9-]+))?\.twilio\.com", re.IGNORECASE)

if TYPE_CHECKING:
    from tr_apply.local.http.app import LocalTaskRouter

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


def connection_of(
    target: TargetOptions, environment: Mapping[str, str], credentials: Credentials | None = None
) -> Connection:
    """Where TaskRouter is and who asks; a workspace may name the variables that hold its own *credentials*.

    Raises:
        TargetError: when nothing says so, or it would not be safe.
    """
    base_url = _base_url(target, environment)
    if credentials is not None:
        environment = _own(environment, credentials)
    account = environment.get("TWILIO_ACCOUNT_SID") or None
    key, secret = environment.get("TWILIO_API_KEY"), environment.get("TWILIO_API_SECRET")
    token = environment.get("TWILIO_AUTH_TOKEN")
    if key and secret:
        return Connection(base_url, key, secret, account)
    if account and token:
        return Connection(base_url, account, token, account)
    raise TargetError(_NO_TARGET)


def _own(environment: Mapping[str, str], credentials: Credentials) -> Mapping[str, str]:
    """*environment* as if the usual variables held what those that *credentials* name hold.

    Raises:
        TargetError: when one of those is not set.
    """
    own = dict(environment)
    if credentials.auth_token_env is not None:
        for usual in ("TWILIO_API_KEY", "TWILIO_API_SECRET"):
            own.pop(usual, None)  # of another account, perhaps
    for field, usual in _USUAL.items():
        name = getattr(credentials, field)
        if name is None:
            continue
        if not (value := environment.get(name)):
            raise TargetError(f"the environment variable {name}, which `workspace.credentials` names, is not set")
        own[usual] = value
    return own


def region_of(target: TargetOptions, environment: Mapping[str, str]) -> str:
    """What tells TaskRouters apart: a region of Twilio, ``local``, or the address of another server."""
    if target.is_local:
        return LOCAL
    base_url = _base_url(target, environment)
    if (found := _TWILIO.fullmatch(base_url)) is not None:
        return found["region"] or _FIRST_REGION
    parts = urlsplit(base_url)
    return f"{parts.scheme}://{parts.netloc.lower()}{parts.path}"


def _base_url(target: TargetOptions, environment: Mapping[str, str]) -> str:
    """The address that *target* or *environment* names.

    Raises:
        TargetError: when it is none, or credentials would not be safe on the way there.
    """
    url = (target.base_url or environment.get("TR_APPLY_BASE_URL") or _twilio_url(environment)).rstrip("/")
    require_safe_address(url)
    return url


def _twilio_url(environment: Mapping[str, str]) -> str:
    """``taskrouter[.edge][.region].twilio.com``; an edge alone belongs to us1."""
    edge, region = environment.get("TWILIO_EDGE"), environment.get("TWILIO_REGION")
    if edge and not region:
        region = _FIRST_REGION
    return "https://" + ".".join(part for part in ("taskrouter", edge, region, "twilio.com") if part)


class Clients:
    """Clients of one TaskRouter, one for each account: workspaces of an account share its limits.

    Attributes:
        region: Which TaskRouter it is.
    """

    def __init__(
        self, target: TargetOptions, environment: Mapping[str, str], make: Callable[[Connection], Client]
    ) -> None:
        self.region = region_of(target, environment)
        self._target = target
        self._environment = environment
        self._make = make
        self._clients: dict[Connection, Client] = {}

    def of(self, credentials: Credentials | None) -> Client:
        """The client for a workspace with these *credentials*.

        Raises:
            TargetError: as ``connection_of``.
        """
        connection = _LOCAL if self._target.is_local else connection_of(self._target, self._environment, credentials)
        if connection not in self._clients:
            self._clients[connection] = self._make(connection)
        return self._clients[connection]

    async def close(self) -> None:
        """Close every connection."""
        for client in self._clients.values():
            await client.__aexit__(None, None, None)


@asynccontextmanager
async def open_clients(
    target: TargetOptions,
    *,
    environment: Mapping[str, str] = os.environ,
    concurrency: int = CONCURRENCY,
    observers: Sequence[Observer] = (),
    deadline: Deadline | None = None,
) -> AsyncIterator[Clients]:
    """Clients of the TaskRouter that *target* and the *environment* name; every request is shown to *observers*.

    They are ready before the *deadline*.
    """

    def observer(call: Call, outcome: Outcome | None) -> None:
        for each in observers:
            each(call, outcome)

    async with _embedded(target, deadline or Deadline()) if target.is_local else nullcontext() as app:
        through = None if app is None else in_process(app)
        clients = Clients(
            target,
            environment,
            lambda connection: Client(connection, concurrency=concurrency, through=through, observer=observer),
        )
        try:
            yield clients
        finally:
            await clients.close()


@asynccontextmanager
async def _embedded(target: TargetOptions, deadline: Deadline) -> "AsyncIterator[LocalTaskRouter]":
    async with deadline.bound():
        app = await open_in_process(target.local_db or DEFAULT_PATH)
    try:
        yield app
    finally:
        app.close()
