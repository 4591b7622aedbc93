"""Passes on what has happened to those who call applications about it."""

import asyncio
from collections.abc import Coroutine, Sequence
from typing import Any

from tr_apply.local.callbacks.assignments import Assignments, Offer
from tr_apply.local.callbacks.deliveries import Deliveries, Delivery, DeliveryPatience
from tr_apply.local.callbacks.destinations import DestinationBook, Destinations
from tr_apply.local.callbacks.sending import CallbackSender, Quiet, Say
from tr_apply.local.history.event_data import Referred
from tr_apply.local.history.events import EventRecord
from tr_apply.local.history.session import Happened
from tr_apply.local.store.engines import Engines


class Dispatcher:
    """All callbacks of one application. Its tasks run in the event loop in which the change was made."""

    def __init__(
        self, engines: Engines, sender: CallbackSender, say: Say, patience: DeliveryPatience, quiet: Quiet
    ) -> None:
        self.quiet = quiet
        self._sender = sender
        self._say = say
        self._patience = patience
        self._book = DestinationBook(engines)
        self._assignments = Assignments(engines, sender, say)
        self._deliveries: dict[str, Deliveries] = {}
        self._delivering: set[str] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        engines.listeners.append(self.hear)

    def hear(self, happened: Sequence[Happened]) -> None:
        """Begin the calls that follow from what has happened."""
        for each in happened:
            destinations = self._book.of(each)
            if destinations is not None and destinations.name_anyone:
                records = each.records()
                self._call(records, each, destinations)
                self._deliver(records, each, destinations)

    @property
    def busy(self) -> bool:
        """Whether somebody is being called."""
        return any(not task.done() for task in self._tasks)

    async def settled(self) -> None:
        """Wait for the calls under way."""
        await asyncio.gather(*self._tasks)

    async def stop(self) -> None:
        """End all calls, whether they were answered or not."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _call(self, records: Sequence[EventRecord], happened: Happened, destinations: Destinations) -> None:
        for record in records:
            if record.type == "reservation.created" and (
                urls := destinations.assignment_urls.get(record.workflow_sid or "")
            ):
                referred = Referred.by(record, happened.state)
                self._begin(self._assignments.call(Offer(record, referred, urls)))

    def _deliver(self, records: Sequence[EventRecord], happened: Happened, destinations: Destinations) -> None:
        sid = happened.workspace_sid
        wanted = [record for record in records if destinations.takes(record.type)]
        if not wanted:
            return
        deliveries = self._deliveries.setdefault(sid, Deliveries(self._sender, self._say, self._patience, self.quiet))
        for record in wanted:
            referred = Referred.by(record, happened.state)
            deliveries.add(Delivery(record, referred, destinations.event_url, destinations.workspace_name))
        if sid not in self._delivering:
            self._delivering.add(sid)
            self._begin(self._run(sid, deliveries))

    async def _run(self, workspace_sid: str, deliveries: Deliveries) -> None:
        try:
            await deliveries.deliver()
        finally:
            self._delivering.discard(workspace_sid)
            self._deliveries.pop(workspace_sid, None)

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        self.quiet.begin()
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        self.quiet.end()
