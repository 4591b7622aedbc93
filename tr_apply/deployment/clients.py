"""The clients of one TaskRouter, and the right to write to a workspace of it."""

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Final
from urllib.parse import urlsplit

from tr_apply.client import Client
from tr_apply.deployment import login
from tr_apply.deployment.target_options import TargetOptions
from tr_apply.errors import TargetError
from tr_apply.resources.credentials import Credentials
from tr_apply.transport import Connection, Observer

LOCAL: Final = "local"
_LOCAL: Final = Connection("http://local", "local", "local")


def connection_of(
    target: TargetOptions, environment: Mapping[str, str], credentials: Credentials | None = None
) -> Connection:
    """Where TaskRouter is and who asks; a workspace may name the variables that hold its own *credentials*.

    Raises:
        TargetError: when nothing says so, or it would not be safe.
    """
    found = login.connection(target.base_url, environment, credentials)
    return replace(found, host=urlsplit(found.base_url).netloc.lower())


def region_of(target: TargetOptions, environment: Mapping[str, str], credentials: Credentials | None = None) -> str:
    """The identity of a TaskRouter: a region of Twilio, ``local``, or the address of another server.

    Raises:
        TargetError: as ``connection_of``.
    """
    return LOCAL if target.is_local else login.region(target.base_url, environment, credentials)


class Turns:
    """The right to write to a workspace: one plan at a time has it."""

    def __init__(self) -> None:
        self._locks: dict[str, asyncio.Lock] = {}

    def of(self, workspace: str) -> asyncio.Lock:
        """Held while a plan for *workspace* is carried out, which is a SID, or the key of a new one's name."""
        return self._locks.setdefault(workspace, asyncio.Lock())


class Clients:
    """Clients of one server, one for each account and region: workspaces of an account share its limits.

    Attributes:
        turns: Shared by all plans that are carried out with these clients.
        observers: Whom the clients show every request to.
    """

    def __init__(
        self,
        target: TargetOptions,
        environment: Mapping[str, str],
        make: Callable[[Connection], Client],
        observers: list[Observer] | None = None,
    ) -> None:
        self._target = target
        self._environment = environment
        self._make = make
        self.observers = [] if observers is None else observers
        self._clients: dict[Connection, Client] = {}
        self._is_closed = False
        self.turns = Turns()

    @property
    def is_local(self) -> bool:
        """Whether answers come from this process, so there is nothing to wait for."""
        return self._target.is_local

    def of(self, credentials: Credentials | None) -> Client:
        """The client for a workspace with these *credentials*.

        Raises:
            TargetError: as ``connection_of``, or they were closed: a client made now would never be.
        """
        if self._is_closed:
            raise TargetError(
                "the connection to TaskRouter has ended: use it before `async with` ends, or make another"
            )
        connection = self._connection(credentials)
        if connection not in self._clients:
            self._clients[connection] = self._make(connection)
        return self._clients[connection]

    def _connection(self, credentials: Credentials | None) -> Connection:
        if self._target.is_local:
            return replace(_LOCAL, database=str(self._target.database))
        return connection_of(self._target, self._environment, credentials)

    def region(self, credentials: Credentials | None) -> str:
        """Which TaskRouter a workspace with these *credentials* is in.

        Raises:
            TargetError: as ``connection_of``.
        """
        return region_of(self._target, self._environment, credentials)

    @contextmanager
    def shown_to(self, observers: Sequence[Observer]) -> Iterator[None]:
        """Show every request inside to *observers* as well."""
        self.observers += observers
        try:
            yield
        finally:
            for each in observers:
                self.observers.remove(each)

    async def close(self) -> None:
        """Close every connection, and make no other."""
        self._is_closed = True
        for client in self._clients.values():
            await client.__aexit__(None, None, None)
