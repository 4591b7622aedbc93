"""The embedded TaskRouter as a test uses it."""

import os
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NotRequired, Self, TypedDict

from tr_apply.testing.callbacks import CallbackLog
from tr_apply.testing.helper_library import client_at
from tr_apply.testing.server_process import ACCOUNT_SID, ServerProcess

if TYPE_CHECKING:
    from twilio.rest import Client

    from tr_apply.config.load import Configuration
    from tr_apply.models import Workspace


class FaultMatch(TypedDict, total=False):
    """Which requests go wrong: those that match each key that is given."""

    method: str
    """Such as ``POST``, in any case."""

    path_regex: str
    """A regular expression that matches a part of the path."""

    nth: int
    """Only the request with this number among those that match, from 1."""

    every: int
    """Each request whose number is a multiple of it."""


class FaultRule(TypedDict):
    """The fault, and the requests that get it."""

    action: Literal["status", "delay", "close_before", "close_after", "truncate"]
    """Answers an error, answers late, or loses the answer: before or after the request is carried out, or in part."""

    match: NotRequired[FaultMatch]
    """Which requests; all of them without it."""

    status: NotRequired[int]
    """HTTP status of ``status``; 500 without it."""

    retry_after: NotRequired[float]
    """Seconds in the header ``Retry-After`` of ``status``."""

    delay_s: NotRequired[float]
    """Seconds of ``delay``."""


class TaskRouter:
    """An embedded TaskRouter in a process of its own, empty at the start. A context manager: it ends with the block.

    It listens on a free port of this machine, keeps everything in memory, and calls applications on this machine only.

    Attributes:
        url: Its address, for the configuration of the application: the API is below ``/v1``.
        account_sid: The account that it serves.
        auth_token: The account's token, with which callbacks are signed as well; a new one for each server.
        callbacks: What the application was called with and what it answered; hold, replay and fail callbacks here.
    """

    def __init__(self) -> None:
        self._server = ServerProcess()
        self.url = self._server.url
        self.account_sid = ACCOUNT_SID
        self.auth_token = self._server.auth_token
        self.callbacks = CallbackLog(self._server)

    def __enter__(self) -> Self:
        """The same."""
        return self

    def __exit__(self, *_: object) -> None:
        """End it."""
        self.close()

    def close(self) -> None:
        """End it. Ending it again does nothing."""
        if "client" in self.__dict__:
            self.client.http_client.close()
        self._server.close()

    @cached_property
    def client(self) -> "Client":
        """Twilio's helper library, connected to this server. It sends no request to any other.

        Raises:
            UsageError: when the library is not installed.
        """
        return client_at(self.url, self.account_sid, self.auth_token)

    # Content

    def seed(
        self, source: "str | os.PathLike[str] | Workspace", *, variables: Mapping[str, str] | None = None
    ) -> dict[str, str]:
        """Apply a configuration, deletes included.

        Args:
            source: A file or a folder, the YAML itself (a text with a line break or with ``: `` in it), or a
                ``tr_apply.Workspace`` that the test has built.
            variables: As ``--var``.

        Returns:
            SIDs by ``workspace``, and by kind and name as in ``workflow/Voice``, ``task_queue/Everyone`` and
            ``worker/alice``.

        Raises:
            ConfigError: when the configuration is invalid, with every finding.
            TrApplyError: when it cannot be applied.
        """
        from tr_apply.deployment.seed import seeded_sids  # noqa: PLC0415
        from tr_apply.synchronous import run  # noqa: PLC0415  # for those who seed
        from tr_apply.transport import Connection  # noqa: PLC0415

        connection = Connection(self.url, self.account_sid, self.auth_token, self.account_sid)
        return run(seeded_sids(_configuration(source, variables or {}), connection))

    def reset(self) -> None:
        """Make it empty, as at the start: no workspaces, callbacks or faults, and the clock shows the present."""
        self._server.control("reset")
        self._server.forget_log()

    def snapshot(self) -> str:
        """Keep a copy of the whole world, with its time; the id of the copy, for ``restore``. The last 20 are kept."""
        return str(self._server.control("snapshot")["id"])

    def restore(self, snapshot: str) -> None:
        """Make the world what it was at the *snapshot*; a clock that stood still then shows that moment again.

        Raises:
            UsageError: when there is no such snapshot.
        """
        self._server.control("restore", {"id": snapshot})

    # Its time

    @property
    def now(self) -> datetime:
        """The time in it, once the callbacks under way are answered."""
        return self._clock()

    def pin(self, moment: datetime | str | None = None) -> datetime:
        """Stop the clock at *moment*, or where it is; only ``advance`` moves it then. The time that it shows.

        Args:
            moment: A date and time, or one as text in ISO 8601; without a zone it is UTC. A later one lets
                everything happen that is due before it.

        Raises:
            UsageError: when *moment* is before something that has happened.
        """
        if moment is None:
            return self._clock(rate=0)
        return self._clock(now=_utc(moment).isoformat() if isinstance(moment, datetime) else moment)

    def unpin(self) -> datetime:
        """Let the clock go on: with the present, or from where it is if that is later. The time that it shows."""
        return self._clock(now=None)

    def advance(self, seconds: float | timedelta) -> datetime:
        """Let time pass: every timer that is due fires in its order, with its callbacks. The time afterwards."""
        passed_s = seconds.total_seconds() if isinstance(seconds, timedelta) else seconds
        return self._clock(advance_s=passed_s)

    # Faults

    def faults(self, *rules: FaultRule) -> None:
        """Let requests go wrong, as the first of *rules* says that applies. Without rules no request does any more.

        Raises:
            UsageError: when a rule cannot be understood.
        """
        self._server.control("faults", rules)

    @property
    def log(self) -> list[str]:
        """A line for each request and callback since the last reset, and for each problem."""
        return self._server.log

    def _clock(self, **change: str | float | None) -> datetime:
        return datetime.fromisoformat(self._server.control("clock", change)["now"])


def _configuration(source: "str | os.PathLike[str] | Workspace", variables: Mapping[str, str]) -> "Configuration":
    from tr_apply.api.configurations import checked, load  # noqa: PLC0415
    from tr_apply.config.load import Inputs  # noqa: PLC0415

    if not isinstance(source, str) or not _is_yaml(source):
        return load(source, variables=variables)
    inputs = Inputs(given=variables, environment=os.environ, content=source.encode())
    configuration = checked(Path("<seed>"), inputs)
    configuration.require_valid()
    return configuration


def _is_yaml(text: str) -> bool:
    return "\n" in text or ": " in text


def _utc(moment: datetime) -> datetime:
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
