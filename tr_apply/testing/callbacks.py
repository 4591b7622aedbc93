"""The callbacks that an application received from an embedded TaskRouter, and what it answered."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, Self, overload

from tr_apply.testing.server_process import ServerProcess


@dataclass(frozen=True, slots=True)
class SentCallback:
    """A callback with its request and its answer.

    Attributes:
        id: Its number; callbacks are numbered in their order.
        date: When it was sent, by the clock of the embedded TaskRouter.
        kind: ``assignment`` or ``event``.
        url: Where it was sent.
        form: The parameters, such as ``TaskSid`` and ``WorkerName``, or ``EventType``.
        headers: Of the request, the signature among them.
        state: ``held``, ``sent`` (and not answered yet), ``answered`` or ``failed``.
        status: HTTP status of the answer; None without one.
        body: The answer as text; None without one.
        error: Why there is no answer; None if there is one, or may still be.
        replay_of: The number of the callback that it repeats; None if it repeats none.
    """

    id: int
    date: datetime
    kind: Literal["assignment", "event"]
    url: str
    form: Mapping[str, str]
    headers: Mapping[str, str]
    state: Literal["held", "sent", "answered", "failed"]
    status: int | None
    body: str | None
    error: str | None
    replay_of: int | None

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> Self:
        """The callback that the server describes."""
        return cls(**{**document, "date": datetime.fromisoformat(document["date"])})

    @property
    def answer(self) -> Any:
        """The JSON of the answer, such as an instruction; None where the body is not JSON."""
        try:
            return json.loads(self.body or "null")
        except ValueError:
            return None


class CallbackLog(Sequence[SentCallback]):
    """The last 1,000 callbacks since the last reset, the oldest first.

    Reading it first waits for the callbacks that are on their way, so a test needs no pause of its own.
    """

    def __init__(self, server: ServerProcess) -> None:
        self._server = server

    @overload
    def __getitem__(self, index: int) -> SentCallback: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[SentCallback]: ...
    def __getitem__(self, index: int | slice) -> SentCallback | Sequence[SentCallback]:
        """The callback at that place, or several."""
        return self._all()[index]

    def __len__(self) -> int:
        """How many there are."""
        return len(self._all())

    def __iter__(self) -> Iterator[SentCallback]:
        """All of them, as they are now."""
        return iter(self._all())

    def __repr__(self) -> str:
        """All of them, for the message of an assertion."""
        return repr(self._all())

    def hold(self) -> None:
        """Hold back each callback from now on, until ``release``."""
        self._server.control("callbacks", {"hold": True})

    def release(self) -> None:
        """Send the callbacks that were held back, in their order, and hold back no more."""
        self._server.control("callbacks", {"hold": False})

    def fail_next(self, count: int = 1) -> None:
        """Let the next *count* callbacks get no answer, without sending them."""
        self._server.control("callbacks", {"fail_next": count})

    def replay(self, callback: SentCallback | int) -> SentCallback:
        """Send a callback again, given itself or its number; the instruction in the answer is not carried out.

        Raises:
            UsageError: when there is no such callback.
        """
        number = callback if isinstance(callback, int) else callback.id
        return SentCallback.of(self._server.control("callbacks", {"replay": number}))

    def _all(self) -> list[SentCallback]:
        self._server.control("clock")  # answers once the callbacks under way are answered
        return [SentCallback.of(each) for each in self._server.control("callbacks", method="GET")["callbacks"]]
