"""Reads what has happened in a live workspace, hour by hour, and records the tasks that came.

``events_by_hour`` gives the events of any types. Requests follow each other, at the pace of the transport.
"""

import hashlib
import secrets
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, NamedTuple, Protocol

from tr_apply.client import Client
from tr_apply.corpus.events import TASK_CREATED, Hour, WorkspaceEvent, hours_between, task_of
from tr_apply.corpus.reduce import Reduction
from tr_apply.corpus.tasks import RecordedTask, as_json
from tr_apply.corpus.unfinished import RecordHeading, Unfinished, resumed
from tr_apply.live import Live
from tr_apply.resources import WORKFLOW, Workflow, from_document
from tr_apply.wire import read_document

KEPT: Final = timedelta(days=30)
"""How long TaskRouter keeps events."""

_SETTLED: Final = timedelta(minutes=5)
"""After this time no event of an hour is still to come."""

HoursRead = Callable[[int, int, int], None]
"""Called with the number of hours read, the number of all hours, and the number of tasks in them."""


class LinesKept(Protocol):
    """Where an unfinished record is kept."""

    def read(self) -> str:
        """The content left by an earlier run; empty if there is none."""

    def begin(self, line: str) -> None:
        """Begin anew."""

    def add(self, line: str) -> None:
        """Keep one line more."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """The recorded tasks, and notes about them."""

    tasks: Sequence[RecordedTask]
    attributes: Sequence[str]
    """The attributes that are kept."""

    left_out: int
    """Tasks that could not be reduced."""

    unreadable: int
    """The number of workflow expressions that cannot be parsed; the attributes that they read are unknown."""

    resumed_hours: int
    """Hours that an earlier run had read."""


async def events_by_hour(
    client: Client, workspace_sid: str, kinds: Iterable[str], hours: Iterable[Hour]
) -> AsyncIterator[tuple[Hour, list[WorkspaceEvent]]]:
    """The events of these *kinds*, such as ``task.created``, of each of *hours*, in the order in which they happened.

    Raises:
        ApiError, NetworkError: when they cannot be read.
    """
    types = list(kinds)
    for hour in hours:
        found = [each for kind in types for each in await client.events(workspace_sid, hour, kind)]
        distinct = {each.sid: each for each in found}
        yield hour, sorted(distinct.values(), key=lambda each: (each.at, each.sid))


class RecordedSpan(NamedTuple):
    """A part of the past, at most 30 days long."""

    start: datetime
    now: datetime
    """Its end."""


@dataclass(frozen=True, slots=True)
class Recording:
    """Records the tasks that were created in a workspace."""

    client: Client
    workspace: Live
    span: RecordedSpan
    keeps_values: bool
    """Whether all attributes are kept as they are."""

    async def tasks(self, kept: LinesKept | None, progress: HoursRead) -> Recorded:
        """The tasks. *kept* keeps the finished hours in case this run is interrupted; *progress* follows each hour.

        Raises:
            ApiError, NetworkError: Something cannot be read.
        """
        live = await self.client.resources(WORKFLOW, self.workspace.sid)
        hours = list(hours_between(*self.span))
        heading = RecordHeading(self.workspace.sid, self.keeps_values, _digest(live))
        unfinished, known = _unfinished(kept, heading, hours)
        reduction = Reduction(map(workflow_of, live), unfinished.key)
        names = {each.sid: each.name for each in live}
        done, total = known, unfinished.total
        progress(done, len(hours), total)
        missing = [hour for hour in hours if not unfinished.has(hour)]
        async for hour, events in events_by_hour(self.client, self.workspace.sid, [TASK_CREATED], missing):
            tasks = [task_of(event, hour, names) for event in events]
            found = unfinished.add(hour, tasks, None if self.keeps_values else reduction)
            if kept is not None and hour.end <= self.span.now - _SETTLED:
                kept.add(found.line())
            done, total = done + 1, total + len(tasks)
            progress(done, len(hours), total)
        left_out = unfinished.left_out(hours)
        return Recorded(unfinished.finished(hours), reduction.attributes, left_out, len(reduction.unreadable), known)


def _unfinished(kept: LinesKept | None, heading: RecordHeading, hours: Sequence[Hour]) -> tuple[Unfinished, int]:
    """The content left by an earlier run, and its number of hours; or a new beginning."""
    if kept is not None and (found := resumed(kept.read(), heading, hours)) is not None:
        return found, len(found.hours)
    new = Unfinished(heading, secrets.token_bytes(32))
    if kept is not None:
        kept.begin(new.first_line())
    return new, 0


def _digest(workflows: Iterable[Live]) -> str:
    parts = sorted(as_json([each.sid, each.name, each.answer.get("configuration")]) for each in workflows)
    return hashlib.sha256("\n".join(parts).encode(errors="surrogatepass")).hexdigest()


def workflow_of(live: Live) -> Workflow:
    """A live workflow; without filters where its document cannot be read, as tasks find none then."""
    keys = from_document(read_document(live.answer.get("configuration")), queue_name=lambda sid: sid, template=str)
    return Workflow.model_construct(name=live.name, **keys)
