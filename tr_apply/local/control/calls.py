"""The callbacks of a server, kept with their answers; in a test world held back, sent again, or failed on demand."""

import asyncio
from collections import deque
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final

from tr_apply.errors import NetworkError
from tr_apply.local.callbacks.sending import CallbackReply, Form, Post, Quiet
from tr_apply.local.storage.clock import Clock, stored

KEPT: Final = 1_000
"""How many callbacks are kept; the oldest are forgotten."""

SHOWN: Final = 10_000
"""Bytes of an answer that are shown."""

_REPLAY_TIMEOUT_S: Final = 15.0


@dataclass(slots=True)
class SentCall:
    """One callback and its result."""

    id: int
    at_ms: int
    url: str
    form: Form
    headers: Mapping[str, str]
    replay_of: int | None = None
    state: str = "held"
    """``held``, ``sent`` (and not answered yet), ``answered`` or ``failed``."""

    status: int | None = None
    body: str | None = None
    error: str | None = None

    def document(self) -> dict[str, Any]:
        """As it is shown."""
        return {
            "id": self.id,
            "date": stored(self.at_ms),
            "kind": "event" if "EventType" in self.form else "assignment",
            "url": self.url,
            "form": dict(self.form),
            "headers": dict(self.headers),
            "state": self.state,
            "status": self.status,
            "body": self.body,
            "error": self.error,
            "replay_of": self.replay_of,
        }


@dataclass(slots=True)
class Calls:
    """Sends callbacks through *post*, under control of the tests.

    Attributes:
        quiet: Notified that a held-back callback is not active.
        changes: A number that grows with every recorded callback.
    """

    post: Post
    clock: Clock
    quiet: Quiet
    changes: int = 0
    _kept: deque[SentCall] = field(default_factory=lambda: deque(maxlen=KEPT))
    _last: int = 0
    _fail_next: int = 0
    _free: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        """Nothing is held back in the beginning."""
        self._free.set()

    async def __call__(self, url: str, form: Form, headers: Mapping[str, str], *, timeout_s: float) -> CallbackReply:
        """Send a callback, once callbacks are not held back.

        Raises:
            NetworkError: There is no answer, or the test asked for none.
        """
        call = self._noted(url, form, headers)
        if not self._free.is_set():
            with self.quiet.resting():
                await self._free.wait()
        if self._fail_next:
            self._fail_next -= 1
            self._note(call, "failed", error="failed on demand")
            raise NetworkError("failed on demand")
        return await self._sent(call, timeout_s)

    def hold(self, *, held: bool) -> None:
        """Hold callbacks back, or let them go, in the order in which they came."""
        if held:
            self._free.clear()
        else:
            self._free.set()

    def fail_next(self, count: int) -> None:
        """Let the next *count* callbacks get no answer, without sending them."""
        self._fail_next = count

    async def replay(self, call_id: int) -> SentCall | None:
        """Send a callback once more; None if there is none of that id. What the answer says is not carried out."""
        before = next((each for each in self._kept if each.id == call_id), None)
        if before is None:
            return None
        call = self._noted(before.url, before.form, before.headers, replay_of=call_id)
        with suppress(NetworkError):  # it is noted
            await self._sent(call, _REPLAY_TIMEOUT_S)
        return call

    def documents(self) -> list[dict[str, Any]]:
        """All that are kept, the oldest first."""
        return [call.document() for call in self._kept]

    def clear(self) -> None:
        """Forget everything, and hold nothing back."""
        self._kept.clear()
        self.changes += 1
        self._fail_next = 0
        self._free.set()

    def _noted(self, url: str, form: Form, headers: Mapping[str, str], replay_of: int | None = None) -> SentCall:
        self._last += 1
        call = SentCall(self._last, self.clock(), url, form, headers, replay_of)
        self._kept.append(call)
        self.changes += 1
        return call

    def _note(self, call: SentCall, state: str, *, error: str | None = None) -> None:
        call.state, call.error = state, error
        self.changes += 1

    async def _sent(self, call: SentCall, timeout_s: float) -> CallbackReply:
        self._note(call, "sent")
        try:
            reply = await self.post(call.url, call.form, call.headers, timeout_s=timeout_s)
        except NetworkError as error:
            self._note(call, "failed", error=str(error))
            raise
        call.status, call.body = reply.status, reply.body[:SHOWN].decode(errors="replace")
        self._note(call, "answered")
        return reply
