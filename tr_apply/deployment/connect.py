"""Which TaskRouter to talk to: options first, then the environment, and never a guess."""

import os
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, nullcontext
from typing import TYPE_CHECKING

from tr_apply.client import Client
from tr_apply.deployment.clients import Clients
from tr_apply.deployment.deadline import Deadline
from tr_apply.deployment.target_options import TargetOptions
from tr_apply.local import open_in_process
from tr_apply.transport import Attempt, Call, Connection, Observer, in_process

CONCURRENCY = 10
"""Default maximum number of concurrent requests."""

if TYPE_CHECKING:
    from tr_apply.local.http.app import LocalTaskRouter


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

    They are ready before the *deadline*, which also knows what they wait for.
    """
    deadline = deadline or Deadline()
    listeners: list[Observer] = [*observers, deadline.waits]

    def observer(call: Call, outcome: Attempt | None) -> None:
        for each in listeners:
            each(call, outcome)

    def client_of(connection: Connection) -> Client:
        client = Client(connection, concurrency=concurrency, through=through, observer=observer)
        client.on_pause(deadline.waits.pause)
        return client

    async with _embedded(target, deadline) if target.is_local else nullcontext() as app:
        through = None if app is None else in_process(app)
        clients = Clients(target, environment, client_of, listeners)
        try:
            yield clients
        finally:
            await clients.close()


@asynccontextmanager
async def _embedded(target: TargetOptions, deadline: Deadline) -> "AsyncIterator[LocalTaskRouter]":
    async with deadline.bound():
        app = await open_in_process(target.database)
    try:
        yield app
    finally:
        app.close()
