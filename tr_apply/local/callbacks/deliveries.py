"""Event callbacks: the events of each workspace, in order, to everyone who subscribed.

A failed delivery is tried again while the next events wait, and dropped after a while. The queue is in memory and has a
limit: a receiver that is too slow loses the oldest events. All events can be read by REST.
"""

import asyncio
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from tr_apply.errors import NetworkError
from tr_apply.local.callbacks.forms import event_form
from tr_apply.local.callbacks.sending import CallbackSender, HeldBackError, Quiet, Say, is_success
from tr_apply.local.history.event_data import Referred
from tr_apply.local.history.events import EventRecord

_WHAT: Final = "Event callback"

LIMIT_S: Final = 15.0
"""How long TaskRouter waits for an answer."""

RETRY_AFTER_S: Final = (1.0, 2.0, 4.0, 8.0)
"""How long is waited after each failure but the last."""

QUEUE_LIMIT: Final = 1_000
"""How many events of a workspace wait at most."""


class Delivery(NamedTuple):
    """An event on its way."""

    record: EventRecord
    referred: Referred
    url: str
    workspace_name: str


@dataclass(frozen=True, slots=True)
class DeliveryPatience:
    """How often, and how many."""

    retry_after_s: Sequence[float] = RETRY_AFTER_S
    queue_limit: int = QUEUE_LIMIT


class Deliveries:
    """The events of one workspace that wait to be delivered."""

    def __init__(self, sender: CallbackSender, say: Say, patience: DeliveryPatience, quiet: Quiet) -> None:
        self._quiet = quiet
        self._sender = sender
        self._say = say
        self._patience = patience
        self._waiting: deque[Delivery] = deque()
        self._lost = 0

    def add(self, delivery: Delivery) -> None:
        """Queue an event; the oldest that waits is lost if there are too many."""
        self._waiting.append(delivery)
        if len(self._waiting) > self._patience.queue_limit:
            self._waiting.popleft()
            self._lost += 1
            if self._lost == 1:
                self._say(
                    f"More than {self._patience.queue_limit} events of Workspace {delivery.record.workspace_sid} wait"
                    " for their callback: the oldest are lost"
                )

    async def deliver(self) -> None:
        """Deliver all waiting events, including those that arrive in the meantime."""
        while self._waiting:
            await self._deliver(self._waiting.popleft())
        self._lost = 0

    async def _deliver(self, delivery: Delivery) -> None:
        record, identity = delivery.record, self._sender.identity
        form = event_form(
            record, delivery.referred, account_sid=identity.account_sid, workspace_name=delivery.workspace_name
        )
        for pause_s in (*self._patience.retry_after_s, None):
            try:
                reply = await self._sender.send(_WHAT, delivery.url, form, timeout_s=LIMIT_S)
                if is_success(reply):
                    return
                problem = f"it answered {reply.status}"
            except HeldBackError:
                return
            except NetworkError as error:
                problem = str(error)
            if pause_s is not None:
                with self._quiet.resting():
                    await asyncio.sleep(pause_s)
        self._say(f"{_WHAT} for {record.type} {record.sid} failed for the last time: {problem}")
