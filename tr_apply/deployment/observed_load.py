"""Makes a first ``simulation.yaml`` from the events of a live workspace."""

import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import tzinfo

from tr_apply.client import Client
from tr_apply.corpus.events import Hour, hours_between
from tr_apply.corpus.observed_work import EVENT_TYPES, ObservedWork
from tr_apply.corpus.reduce import Reduction
from tr_apply.deployment.recording import HoursRead, events_by_hour, workflow_of
from tr_apply.errors import ExpressionSyntaxError, TrApplyError
from tr_apply.live import Live
from tr_apply.resources import ACTIVITY, TASK_QUEUE, WORKER, WORKFLOW
from tr_apply.routing.nodes import paths
from tr_apply.routing.parser import parse
from tr_apply.simulation.first_load import first_load
from tr_apply.simulation.observed import Observer, WorkerOnRecord
from tr_apply.wire import read_document


@dataclass(frozen=True, slots=True)
class ObservedLoad:
    """The recent past of a workspace, as a load."""

    client: Client
    workspace: Live
    span: Hour
    """The part of the past that is read."""

    zone: tzinfo | None = None
    """Times of day are those of this zone; None for that of the computer."""

    async def text(self, progress: HoursRead) -> str:
        """The file; *progress* follows each hour.

        Raises:
            ApiError, NetworkError: when something cannot be read.
            TrApplyError: when no task came.
        """
        sid = self.workspace.sid
        work = await self._work(progress)
        if not work.courses:
            raise TrApplyError("no task came in this time, so nothing says what a day is like; give a longer --since")
        workers = [
            WorkerOnRecord(each.sid, found if isinstance(found := _document(each), dict) else {})
            for each in await self.client.resources(WORKER, sid)
        ]
        activities = await self.client.resources(ACTIVITY, sid)
        available = frozenset(each.sid for each in activities if each.answer.get("available") is True)
        asked = [name for queue in await self.client.resources(TASK_QUEUE, sid) for name in _asked_by(queue)]
        day = Observer(work, self.span, self.zone).day(workers, available, asked)
        return first_load(day, self.span, self.zone)

    async def _work(self, progress: HoursRead) -> ObservedWork:
        live = await self.client.resources(WORKFLOW, self.workspace.sid)
        reduction = Reduction(map(workflow_of, live), secrets.token_bytes(32))
        work = ObservedWork(reduction, {each.sid: each.name for each in live})
        hours = list(hours_between(*self.span))
        done = 0
        async for hour, events in events_by_hour(self.client, self.workspace.sid, EVENT_TYPES, hours):
            work.take(hour, events)
            done += 1
            progress(done, len(hours), len(work.courses))
        return work


def _document(worker: Live) -> object:
    return read_document(worker.answer.get("attributes"))


def _asked_by(queue: Live) -> Iterator[str]:
    """The attributes that the expression of a queue reads; none where it cannot be read."""
    try:
        tree = parse(str(queue.answer.get("target_workers")))
    except ExpressionSyntaxError:
        return
    yield from (str(each.segments[0]) for each in paths(tree) if len(each.segments) == 1)
