"""The past of a workspace, read from its events a part at a time.

A month of events takes seconds to read, and would block all other requests. So each part is read in a transaction of
its own, with turns for others in between. The result is as consistent as with one transaction, because past events do
not change.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from tr_apply.local.history.events import first_position_at
from tr_apply.local.statistics.activity_stays import ActivityDurations
from tr_apply.local.statistics.cumulative import COUNTED_TYPES, RESERVATION_TYPES, Tally
from tr_apply.local.statistics.durations import STAY_ENDS, Figures, Occurrence, Stay
from tr_apply.local.statistics.split import Thresholds
from tr_apply.local.statistics.window import Window
from tr_apply.local.storage.database import Row
from tr_apply.local.store.engines import Engines

PART: Final = 2_000
"""Of how many positions the events are read at a time, which takes some milliseconds."""

_OCCURRENCES: Final = """
    SELECT type, task_queue_sid, at_ms - task_created_ms, at_ms - coalesce(task_queue_entered_ms, task_created_ms)
    FROM event
    WHERE position >= :begin AND position <= :end
      AND workspace_sid = :workspace AND at_ms >= :start AND at_ms <= :last
      AND type IN (SELECT value FROM json_each(:counted))
      AND (:channel IS NULL OR task_channel = :channel)
      AND (:queue IS NULL OR task_queue_sid = :queue)
      AND (:workflow IS NULL OR workflow_sid = :workflow)
    ORDER BY position"""

_OF_WORKERS: Final = """
    SELECT type, worker_sid, at_ms, json_extract(about, '$.previous_activity_sid'), json_extract(about, '$.since_ms')
    FROM event
    WHERE position >= :begin AND position <= :end
      AND workspace_sid = :workspace AND at_ms >= :start
      AND (:worker IS NULL OR worker_sid = :worker)
      AND (type IN (SELECT value FROM json_each(:ending)) OR at_ms <= :last
           AND type IN (SELECT value FROM json_each(:counted)) AND (:channel IS NULL OR task_channel = :channel))
    ORDER BY position"""

_COUNTED: Final = {"counted": json.dumps(COUNTED_TYPES)}
_OF_WORKERS_COUNTED: Final = {"counted": json.dumps(RESERVATION_TYPES), "ending": json.dumps(STAY_ENDS)}


@dataclass(frozen=True, slots=True)
class Past:
    """The counted events of a workspace.

    Attributes:
        last: Position of the last event at the time of the request. Later events belong to another state than the one
            in the same answer.
        channel: Unique name of the task channel whose tasks count; None for all.
    """

    engines: Engines
    workspace_sid: str
    window: Window
    last: int
    channel: str | None

    async def tally(
        self, thresholds: Thresholds, *, queue_sid: str | None = None, workflow_sid: str | None = None
    ) -> Tally:
        """The sums of a queue, of a workflow or, without either, of the workspace."""
        tally = Tally(thresholds)
        async for rows in self._parts(_OCCURRENCES, {**_COUNTED, "queue": queue_sid, "workflow": workflow_sid}):
            for event_type, _, waited_ms, waited_in_queue_ms in rows:
                tally.add(Occurrence(event_type, waited_ms, waited_in_queue_ms))
        return tally

    async def tallies(self, thresholds: Thresholds, queue_sids: Iterable[str]) -> Mapping[str, Tally]:
        """The same for each of several queues."""
        tallies = {sid: Tally(thresholds) for sid in queue_sids}
        async for rows in self._parts(_OCCURRENCES, {**_COUNTED, "queue": None, "workflow": None}):
            for event_type, queue_sid, waited_ms, waited_in_queue_ms in rows:
                if tally := tallies.get(queue_sid):
                    tally.add(Occurrence(event_type, waited_ms, waited_in_queue_ms))
        return tallies

    async def of_workers(self, sids: frozenset[str] | None, durations: ActivityDurations) -> Figures:
        """The figures of workers.

        Args:
            sids: The workers; None for all, including deleted ones.
            durations: Holds the stays that continue, and receives those that have ended.
        """
        only = next(iter(sids)) if sids and len(sids) == 1 else None
        tally = Tally()
        async for rows in self._parts(_OF_WORKERS, {**_OF_WORKERS_COUNTED, "worker": only}):
            for event_type, worker_sid, at_ms, activity_sid, since_ms in rows:
                if sids is not None and worker_sid not in sids:
                    continue
                if activity_sid is None:
                    tally.add(Occurrence(event_type))
                else:
                    durations.add(Stay(activity_sid, since_ms, at_ms))
        return {**tally.reservations(), "activity_durations": durations.figures()}

    async def _parts(self, sql: str, conditions: Mapping[str, Any]) -> AsyncIterator[list[Row]]:
        """The rows of a query, part by part."""
        parameters = {
            **conditions,
            "workspace": self.workspace_sid,
            "start": self.window.start_ms,
            "last": self.window.last_ms,
            "channel": self.channel,
        }
        with self.engines.read() as reader:
            begin = first_position_at(reader, self.window.start_ms)
        while begin <= self.last:
            end = min(begin + PART - 1, self.last)
            with self.engines.read() as reader:
                rows = reader.rows(sql, {**parameters, "begin": begin, "end": end}).fetchall()
            yield rows
            begin = end + 1
            await asyncio.sleep(0)
