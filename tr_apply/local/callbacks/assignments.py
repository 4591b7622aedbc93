"""Assignment callbacks: one call for each reservation, and the instruction in its answer.

An answer counts if it comes within 5 seconds, has status 200 and is a JSON object, or empty. Without an instruction,
the reservation waits for an instruction by REST. Any other answer is ignored, and the fallback is called. If that fails
too, the reservation stays pending until its time is over. Twilio's pages disagree; the alternative is to cancel it
immediately, but then the task would be offered to the same worker again and again.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final

from tr_apply.errors import NetworkError
from tr_apply.local.callbacks.forms import assignment_form
from tr_apply.local.callbacks.sending import CallbackReply, CallbackSender, HeldBackError, Say
from tr_apply.local.history.event_data import Referred
from tr_apply.local.history.events import EventRecord
from tr_apply.local.kinds.instructions import carry_out
from tr_apply.local.storage.refusals import RequestError
from tr_apply.local.storage.turns import in_turn
from tr_apply.local.store.engines import Engines
from tr_apply.routing.refusals import RoutingRefusedError

_WHAT: Final = "Assignment callback"

LIMIT_S: Final = 5.0
"""How long TaskRouter waits for an answer."""


class UnusableReplyError(Exception):
    """An answer that says nothing; the message begins with TaskRouter's code for it."""


@dataclass(frozen=True, slots=True)
class Offer:
    """A reservation and the callbacks for it.

    Attributes:
        record: Its creation.
        referred: The resources that it refers to, for the form.
        urls: The URLs to call, first choice first.
    """

    record: EventRecord
    referred: Referred
    urls: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Assignments:
    """Makes the calls."""

    engines: Engines
    sender: CallbackSender
    say: Say

    async def call(self, offer: Offer) -> None:
        """Call about a reservation, and do what the answer says."""
        account_sid = self.sender.identity.account_sid
        form = assignment_form(offer.record, offer.referred, account_sid=account_sid)
        for url in offer.urls:
            try:
                instruction = instruction_of(await self.sender.send(_WHAT, url, form, timeout_s=LIMIT_S))
            except HeldBackError:
                continue
            except (NetworkError, UnusableReplyError) as error:
                self.say(f"{_WHAT} for Reservation {offer.record.reservation_sid} failed: {error}")
            else:
                await self._carry_out(offer.record, instruction)
                return

    async def _carry_out(self, record: EventRecord, instruction: Mapping[str, Any]) -> None:
        name = instruction.get("instruction")
        if name is None:
            return
        sid = record.reservation_sid
        assert sid is not None

        async def carried_out() -> None:
            with self.engines.write() as session:
                carry_out(session, record.workspace_sid, sid, str(name), instruction)

        try:
            await in_turn(carried_out)
        except (RequestError, RoutingRefusedError) as error:
            code = getattr(error, "api_code", None) or getattr(error, "code", "")
            self.say(f"Instruction {name!r} for Reservation {record.reservation_sid} failed: {code} {error}")


def instruction_of(reply: CallbackReply) -> Mapping[str, Any]:
    """The instruction in an answer, or nothing.

    Raises:
        UnusableReplyError: The answer does not count.
    """
    if reply.status != HTTPStatus.OK:
        raise UnusableReplyError(f"it answered {reply.status}")
    if not reply.body.strip():
        return {}
    if reply.content_type.partition(";")[0].strip().lower() != "application/json":
        raise UnusableReplyError(f"40000 the answer is {reply.content_type or 'of no type'}, not application/json")
    try:
        instruction = json.loads(reply.body)
    except (ValueError, RecursionError):
        instruction = None
    if not isinstance(instruction, dict):
        raise UnusableReplyError("40001 the answer is not a JSON object")
    return {name: value for name, value in instruction.items() if isinstance(value, str | bool | int)}
