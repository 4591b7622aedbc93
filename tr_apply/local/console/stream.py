"""Server-sent events: the pages of the console hear what happens in a workspace as it happens.

Nothing is queued. A stream reads the new events and the changes of the load when there are any, at most a few times a
second, and sends them. A page that reads too slowly misses events, and hears that it does. A page that comes back names
the last event that it has.
"""

import asyncio
import json
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final

from starlette.types import Receive, Send

from tr_apply.errors import TargetError
from tr_apply.local.console.load import Document, changes_between, load_of
from tr_apply.local.history.session import Happened
from tr_apply.local.kinds.event import EVENT
from tr_apply.local.storage.database import Reader
from tr_apply.local.storage.refusals import NotFoundError, RequestError
from tr_apply.local.storage.turns import in_turn
from tr_apply.local.store.engines import Engines
from tr_apply.local.store.rows import item_of, select
from tr_apply.routing.engine.state import State

LATEST: Final = 200
"""Events that are sent at a time; of more the oldest are left out."""

_LOOKED_THROUGH: Final = 20_000
"""How far back the events are looked for that a new page shows."""

MOST_STREAMS: Final = 64
_SHORTEST_PAUSE_S: Final = 0.25
_SHARE: Final = 20
"""A stream rests that many times as long as it has worked."""

_POLL_S: Final = 1.0
"""How long at most until it is noticed that another process has written to the file."""

_SILENCE_S: Final = 15.0
_SEND_TIMEOUT_S: Final = 30.0
_DRIFT_MS: Final = 500
"""How far the clock of a page may be off."""

_EVENTS: Final = select(
    EVENT, ["event.workspace_sid = ?", "event.position > ?"], "event.position", "event.position DESC LIMIT ?"
)
_NAMES: Final = ("task_queue_name", "workflow_name", "worker_name", "worker_activity_name", "task_assignment_status")
_SIDS: Final = ("task_sid", "reservation_sid", "worker_sid", "task_queue_sid", "workflow_sid")

HEADERS: Final = {"Content-Type": "text/event-stream", "Cache-Control": "no-store"}


class Streams:
    """All streams of an application."""

    def __init__(self, engines: Engines) -> None:
        self.engines = engines
        self.open: set[Stream] = set()
        self._loads: dict[str, tuple[object, Document]] = {}
        engines.listeners.append(self._hear)

    @property
    def is_full(self) -> bool:
        """Whether no further stream can be opened."""
        return len(self.open) >= MOST_STREAMS

    def stop(self) -> None:
        """End all streams."""
        for each in self.open:
            each.ended.set()
            each.woken.set()

    def load(self, reader: Reader, state: State) -> Document:
        """The load of a workspace, worked out once for all streams that show it."""
        sid, moment = state.workspace.sid, _moment(reader)
        known, document = self._loads.get(sid, (None, {}))
        if known != moment:
            document = load_of(state, reader.now_ms)
            self._loads[sid] = moment, document
        return document

    def _hear(self, happened: Sequence[Happened]) -> None:
        sids = {each.workspace_sid for each in happened}
        for each in self.open:
            if each.workspace_sid in sids:
                each.woken.set()


def _moment(reader: Reader) -> tuple[Any, ...]:
    """A value that changes with every write, of this process or another."""
    return reader.edition, reader.value("SELECT total_changes()")


@dataclass(slots=True, eq=False)
class Stream:
    """The stream of one page.

    Attributes:
        rate: How fast the clock goes.
        calls: A number that changes with the callbacks.
        position: Of the last event that the page has; None for a page that is new.
    """

    streams: Streams
    workspace_sid: str
    rate: Callable[[], float]
    calls: Callable[[], int]
    position: int | None
    woken: asyncio.Event = field(default_factory=asyncio.Event)
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    _load: Document | None = None
    _moment: object = None
    _calls: int | None = None
    _clock: tuple[int, float, float] | None = None
    _pause_s: float = 0
    _sent_s: float = 0

    async def send(self, first: bytes, receive: Receive, send: Send) -> None:
        """Send the beginning, and then what happens, until the page or the server goes away."""
        gone = asyncio.ensure_future(self._watch(receive))
        self.streams.open.add(self)
        try:
            text = first
            while not self.ended.is_set():
                await self._pass_on(text or self._sign_of_life(), send)
                text = await self._later()
            await send({"type": "http.response.body", "body": text})
        except TimeoutError:  # a page that does not read
            pass
        finally:
            self.streams.open.discard(self)
            gone.cancel()

    async def next(self) -> bytes:
        """The messages about everything new.

        Raises:
            RequestError: There is no such workspace, or the database cannot be used.
        """
        return await in_turn(self._read)

    async def _pass_on(self, text: bytes, send: Send) -> None:
        if text:
            self._sent_s = time.monotonic()
            async with asyncio.timeout(_SEND_TIMEOUT_S):
                await send({"type": "http.response.body", "body": text, "more_body": True})

    def _sign_of_life(self) -> bytes:
        """A comment if nothing was sent for long, which reveals a dead connection."""
        return b":\n\n" if time.monotonic() - self._sent_s > _SILENCE_S else b""

    async def _later(self) -> bytes:
        """The messages about everything new, after a pause; empty if nothing is new."""
        await self._rest()
        with suppress(TimeoutError):
            async with asyncio.timeout(_POLL_S):
                await self.woken.wait()
        self.woken.clear()
        if self.ended.is_set():
            return b""
        began = time.perf_counter()
        try:
            return await self.next()
        except (RequestError, TargetError) as error:  # a page that asks again hears why
            self.ended.set()
            return _message("gone", {}) if isinstance(error, NotFoundError) else b""
        finally:
            self._pause_s = max(_SHORTEST_PAUSE_S, _SHARE * (time.perf_counter() - began))

    async def _rest(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(self._pause_s):
                await self.ended.wait()

    async def _watch(self, receive: Receive) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        self.ended.set()
        self.woken.set()

    async def _read(self) -> bytes:
        with self.streams.engines.view(self.workspace_sid) as (reader, state):
            return b"".join(self._messages(reader, state))

    def _messages(self, reader: Reader, state: State) -> Iterator[bytes]:
        yield from self._clock_messages(reader.now_ms)
        moment = _moment(reader)
        if moment != self._moment:
            self._moment = moment
            load = self.streams.load(reader, state)
            yield from self._load_messages(load)
            yield from self._event_messages(reader)
        if (calls := self.calls()) != self._calls:
            self._calls = calls
            yield _message("callbacks", calls)

    def _clock_messages(self, now_ms: int) -> Iterator[bytes]:
        """The time, if the clock no longer goes as the page believes."""
        rate, here_s = self.rate(), time.monotonic()
        if self._clock is not None:
            then_ms, then_s, rate_then = self._clock
            expected_ms = then_ms + (here_s - then_s) * 1000 * rate_then
            if rate == rate_then and abs(now_ms - expected_ms) < _DRIFT_MS * max(rate, 1):
                return
        self._clock = now_ms, here_s, rate
        yield _message("clock", {"now_ms": now_ms, "rate": rate})

    def _load_messages(self, load: Document) -> Iterator[bytes]:
        if self._load is None:
            yield _message("load", load)
        elif changes := changes_between(self._load, load):
            yield _message("change", changes)
        self._load = load

    def _event_messages(self, reader: Reader) -> Iterator[bytes]:
        last = reader.value("SELECT max(position) FROM event") or 0
        if self.position is not None and last < self.position:  # the world is an earlier or another one
            self.position = None
            yield _message("restart", {})
        after = max(0, last - _LOOKED_THROUGH) if self.position is None else self.position
        rows = list(reader.rows(_EVENTS, (self.workspace_sid, after, LATEST + 1)))
        if len(rows) > LATEST and self.position is not None:
            yield _message("gap", {})
        if rows:
            self.position = rows[0][-1]
            events = [_brief(item_of(EVENT, row)) for row in reversed(rows[:LATEST])]
            yield _message("events", events, self.position)
        else:
            self.position = last


def _brief(item: dict[str, Any]) -> dict[str, Any]:
    """The part of an event that a line of the page's log shows."""
    data = item["event_data"]
    more = {name: data[name] for name in (*_SIDS, *_NAMES) if name in data}
    return {"sid": item["sid"], "type": item["event_type"], "at_ms": item["event_date_ms"], **more}


def _message(name: str, data: Any, position: int | None = None) -> bytes:
    """One event of the stream; JSON has no line breaks of its own."""
    head = "" if position is None else f"id: {position}\n"
    return f"{head}event: {name}\ndata: {json.dumps(data, separators=(',', ':'))}\n\n".encode()
