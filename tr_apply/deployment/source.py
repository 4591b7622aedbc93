"""The source of the plan of a deployment: a configuration with its checks, or a file that holds a plan."""

import asyncio
import threading
from collections.abc import Callable
from typing import Protocol

from tr_apply.client import Client
from tr_apply.config.load import Configuration
from tr_apply.deployment.applied import Applied
from tr_apply.errors import ConfigError
from tr_apply.live import Live, Snapshot
from tr_apply.plan.change import Plan
from tr_apply.resources.credentials import Credentials


class Source(Protocol):
    """Makes the plan of a deployment, and knows how to prove that it was carried out."""

    @property
    def workspace(self) -> str:
        """The workspace's name."""

    @property
    def credentials(self) -> Credentials | None:
        """Which variables hold the credentials; None for the usual ones."""

    @property
    def configuration(self) -> Configuration | None:
        """The configuration that it stems from, as far as that is known."""

    async def plan(self, client: Client, region: str | None) -> tuple[Plan, Snapshot | None]:
        """The plan, and the snapshot that it was made from; writes nothing.

        Raises:
            ConfigError: when the configuration does not fit the workspace.
            RefusedError: when a saved plan was made for another place.
            StaleError: when a saved plan does not fit its configuration.
            ApiError, NetworkError: when the workspace cannot be read.
        """

    async def rest(self, client: Client, plan: Plan, workspace: Live) -> Plan:
        """The rest of *plan* for the *workspace* that was just created.

        Raises:
            TrApplyError: The workspace cannot be read, or its content is not as predicted.
        """

    async def prove(self, client: Client, plan: Plan, applied: Applied) -> None:
        """Read the workspace again and note in *applied* whether anything is left.

        Raises:
            TrApplyError: when it cannot be read.
        """


class Checks:
    """The checks of a configuration whose structure is read; nothing is planned before they have passed.

    Args:
        finished: Does them, once; returns the configuration with every finding.

    Attributes:
        is_done: Whether they have ended.
    """

    def __init__(self, finished: Callable[[], Configuration]) -> None:
        self._finished = finished
        self.is_done = False
        self._error: ConfigError | None = None
        self._turn = threading.Lock()  # a cancelled run leaves its thread, and the next one may find it at work
        self._running: asyncio.Future[None] | None = None

    def finish(self) -> None:
        """Do them now, unless they are done.

        Raises:
            ConfigError: The configuration has errors; with every finding.
        """
        self._do()
        if self._error is not None:
            raise self._error

    async def passed(self) -> None:
        """The same in a thread, so answers can arrive in the meantime; everyone who asks waits for the same run.

        Raises:
            ConfigError: as ``finish``.
        """
        if not self.is_done:
            running = self._running
            if running is None or running.get_loop() is not asyncio.get_running_loop():
                self._running = running = asyncio.ensure_future(asyncio.to_thread(self._do))
            await asyncio.shield(running)
        self.finish()

    def _do(self) -> None:
        with self._turn:
            if self.is_done:
                return
            try:
                self._finished().require_valid()
            except ConfigError as error:
                self._error = error
            self.is_done = True
