"""The open sessions of workers' pages, and the events that each of them is sent.

Sessions are found by their worker, so what concerns no session costs nothing more however many there are.
"""

import asyncio
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from typing import Final, NamedTuple

from pydantic_core import to_json

from tr_apply.local.bridge.payloads import TYPES, Payload, SeenWorker, concerned, event_payload
from tr_apply.local.bridge.tokens import Grant
from tr_apply.local.history.session import Happened

MOST: Final = 5_000
"""How many sessions there may be."""

MOST_WAITING: Final = 1_000
"""How many messages may wait for a page that does not read them."""

MOST_WAITING_BYTES: Final = 1024 * 1024

HEARTBEAT_S: Final = 15.0
"""How long at most a page hears nothing; it connects anew after 30 seconds without a message."""

BACK_WITHIN_S: Final = 30.0
"""How soon a session with the token of a closed one counts as its page that comes back; the SDK does so in a second."""

LEAD_S: Final = 0.05
"""How long the answer to a page's own request is ahead of the events that it leads to: the SDK's own tests rely on such
an order, which two connections do not have by themselves."""

_HEARTBEAT: Final = " "
_NORMAL: Final = 1000
_POLICY: Final = 1008
TRY_LATER: Final = 1013

Worker = tuple[str, str]
"""The SIDs of a workspace and of a worker in it."""


class AnswersAhead:
    """Until when the answer to a page's request, being on its way, is ahead of events."""

    __slots__ = ("until",)

    def __init__(self) -> None:
        self.until = 0.0

    def go_ahead(self) -> None:
        """Let an answer go ahead that is about to be sent."""
        self.until = asyncio.get_running_loop().time() + LEAD_S


class Ending(NamedTuple):
    """With which code and for what reason the socket of a session is closed."""

    code: int
    reason: str


class PageSession:
    """One page of a worker, and the messages that wait for it."""

    __slots__ = (
        *("_answers", "_expires_at", "_passed", "_size", "_waiting", "_wake"),
        *("ending", "goes_offline", "grant", "seen", "sender", "token"),
    )

    def __init__(
        self, token: str, grant: Grant, seen: SeenWorker, answers: AnswersAhead, *, goes_offline: bool
    ) -> None:
        """Begin one.

        Args:
            token: The access token with which it was opened.
            grant: Whose it is.
            seen: The worker as the page will read it.
            answers: The answers that go before events.
            goes_offline: Whether the worker goes offline when this session ends and there is no other.
        """
        self.token = token
        self.grant = grant
        self.seen = seen
        self.goes_offline = goes_offline
        self._answers = answers
        self._passed = 0
        self.sender: asyncio.Task[Ending | None] | None = None
        """Writes the messages to the socket, and hangs if nobody reads them there."""
        self._expires_at = asyncio.get_running_loop().time() + grant.lifetime_s
        self._waiting: deque[str] = deque()
        self._size = 0
        self._wake = asyncio.Event()
        self.ending: Ending | None = None
        """Why it is over, if that was decided here."""

    async def _let_answer_pass(self) -> None:
        """Wait once for all that waits."""
        if self._passed:
            self._passed -= 1
            return
        ahead_s = self._answers.until - asyncio.get_running_loop().time()
        if ahead_s > 0:
            await asyncio.sleep(ahead_s)
        self._passed = len(self._waiting) - 1

    def put(self, event_type: str, payload: Payload) -> None:
        """Queue a message; a page with too many unread messages is disconnected."""
        text = to_json({"event_type": event_type, "payload": payload}).decode()
        self._waiting.append(text)
        self._size += len(text)
        if len(self._waiting) > MOST_WAITING or self._size > MOST_WAITING_BYTES:
            self._waiting.clear()
            self.end(Ending(TRY_LATER, "The page does not read its events"))
            if self.sender is not None:
                self.sender.cancel()
        self._wake.set()

    def end(self, ending: Ending) -> None:
        """Let the session be over once what waits is sent."""
        self.ending = self.ending or ending
        self._wake.set()

    async def message(self) -> str | Ending:
        """The next message: an event, or a heartbeat after a time without; at last, why there is none any more."""
        loop = asyncio.get_running_loop()
        if not self._waiting and self.ending is None:
            self._wake.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout_at(min(loop.time() + HEARTBEAT_S, self._expires_at)):
                    await self._wake.wait()
        if self._waiting:
            await self._let_answer_pass()
        if self._waiting:
            text = self._waiting.popleft()
            self._size -= len(text)
            return text
        if self.ending is None and loop.time() >= self._expires_at:
            return Ending(_POLICY, "The access token has expired")
        return self.ending or _HEARTBEAT


class Sessions:
    """All open sessions, by workspace and worker."""

    def __init__(self) -> None:
        self.answers = AnswersAhead()
        self._of_workspace: dict[str, dict[str, list[PageSession]]] = {}
        self._count = 0
        self._closed: deque[tuple[float, str]] = deque()
        """Until when, and with which token, a page may come back whose session was closed for another one."""

    @property
    def are_full(self) -> bool:
        """Whether there are as many as there may be."""
        return self._count >= MOST

    def add(self, session: PageSession, *, close_others: bool) -> None:
        """Add a session of a worker; with *close_others*, end the worker's other sessions.

        The SDK opens another session whenever one is closed. A page that comes back in this way closes nobody, or two
        pages would close each other in turn, which the SDK's own tests do not expect.
        """
        workspace_sid, worker_sid = worker_of(session)
        sessions = self._of_workspace.setdefault(workspace_sid, {}).setdefault(worker_sid, [])
        if not self._comes_back(session) and close_others:
            back_until = asyncio.get_running_loop().time() + BACK_WITHIN_S
            for each in sessions:
                if each.ending is None:
                    each.end(Ending(_NORMAL, "The worker opened another session"))
                    self._closed.append((back_until, each.token))
        sessions.append(session)
        self._count += 1

    def _comes_back(self, session: PageSession) -> bool:
        """Whether it is of a page whose session was closed for another one; each such page comes back once."""
        now = asyncio.get_running_loop().time()
        while self._closed and self._closed[0][0] < now:
            self._closed.popleft()
        for closed in self._closed:
            if closed[1] == session.token:
                self._closed.remove(closed)
                return True
        return False

    def remove(self, session: PageSession) -> bool:
        """Forget a session; whether it was the worker's last."""
        workspace_sid, worker_sid = worker_of(session)
        of_workspace = self._of_workspace[workspace_sid]
        of_workspace[worker_sid].remove(session)
        self._count -= 1
        if of_workspace[worker_sid]:
            return False
        del of_workspace[worker_sid]
        if not of_workspace:
            del self._of_workspace[workspace_sid]
        return True

    def hear(self, happened: Sequence[Happened]) -> None:
        """Pass on what has happened and is kept."""
        for each in happened:
            of_workspace = self._of_workspace.get(each.workspace_sid)
            if of_workspace is not None:
                for event in each.outcome.events:
                    if event.type in TYPES:
                        found = [
                            session for sid in concerned(event, each.state) for session in of_workspace.get(sid, ())
                        ]
                        for session in found:
                            payload = event_payload(event, each.state, session.grant.account_sid, session.seen)
                            if payload is not None:
                                session.put(event.type, payload)


def worker_of(session: PageSession) -> Worker:
    """Whose session it is."""
    assert session.grant.worker_sid is not None, "only a worker has one"
    return session.grant.workspace_sid, session.grant.worker_sid
