"""The rest of the checks of a configuration, done in a thread while its workspace is read."""

import asyncio
from collections.abc import Callable

from tr_apply.config.load import Configuration
from tr_apply.errors import ConfigError


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
        self._running: asyncio.Future[None] | None = None

    def finish(self) -> None:
        """Do them now, unless they are done.

        Raises:
            ConfigError: The configuration has errors; with every finding.
        """
        if not self.is_done:
            self._do()
        if self._error is not None:
            raise self._error

    async def passed(self) -> None:
        """The same in a thread, so answers can arrive meanwhile; whoever asks waits for the same run.

        Raises:
            ConfigError: as ``finish``.
        """
        if not self.is_done:
            self._running = self._running or asyncio.ensure_future(asyncio.to_thread(self._do))
            await asyncio.shield(self._running)
        self.finish()

    def _do(self) -> None:
        try:
            self._finished().require_valid()
        except ConfigError as error:
            self._error = error
        self.is_done = True
