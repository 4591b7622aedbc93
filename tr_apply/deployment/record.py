"""The record of a live workspace: its tasks, and a first load, from its events."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import NamedTuple, Protocol

from tr_apply.client import Client
from tr_apply.corpus.events import Hour
from tr_apply.deployment.observed_load import ObservedLoad
from tr_apply.deployment.recording import HoursRead, LinesKept, Recorded, RecordedSpan, Recording
from tr_apply.reader import named_workspace


class OwnFile(Protocol):
    """A file that a record is written to."""

    def require_own(self, workspace_sid: str) -> None:
        """Do nothing if writing it loses nothing but an earlier record of the workspace; else raise RefusedError."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordRequest:
    """The part of a workspace that is recorded.

    Attributes:
        since: The time up to now whose tasks are recorded; at most 30 days.
        keeps_values: Whether all attributes are kept as they are, personal data included.
        with_load: Whether a first load is made as well.
        kept: Keeps the finished hours in case this run is interrupted.
        files: The files that the result will be written to.
        progress: Follows each hour.
    """

    since: timedelta
    keeps_values: bool = False
    with_load: bool = False
    kept: LinesKept | None = None
    files: Sequence[OwnFile] = ()
    progress: HoursRead = lambda _done, _total, _tasks: None


class WorkspaceRecord(NamedTuple):
    """The recorded tasks, a first load if one was asked for, and the workspace that they came to."""

    found: Recorded
    load: str | None
    workspace_sid: str


async def recorded(client: Client, name: str, request: RecordRequest) -> WorkspaceRecord:
    """The tasks that came to the live workspace *name*.

    Raises:
        RefusedError: when one of the files is something else.
        TrApplyError: when there is no such workspace, or no task came that a load could be made from.
        ApiError, NetworkError: when something cannot be read.
    """
    live = await named_workspace(client, name)
    for file in request.files:
        file.require_own(live.sid)
    now = datetime.now(UTC)
    span = RecordedSpan(now - request.since, now)
    recording = Recording(client, live, span, keeps_values=request.keeps_values)
    found = await recording.tasks(request.kept, request.progress)
    load = None
    if request.with_load:
        load = await ObservedLoad(client, live, Hour(span.start, span.now)).text(request.progress)
    return WorkspaceRecord(found, load, live.sid)
