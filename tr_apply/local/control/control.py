"""The actions under ``/_tr-apply/``."""

import json
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from tr_apply.errors import TrApplyError
from tr_apply.local.control.calls import Calls
from tr_apply.local.control.faults import Fault, Faults, number_of
from tr_apply.local.http.answers import FOR_PAGES, json_response
from tr_apply.local.http.app import LocalTaskRouter
from tr_apply.local.http.refused_answers import refused
from tr_apply.local.http.requests import header, read_body
from tr_apply.local.storage.clock import LATEST_MS, SteeredClock, moment_of, stored
from tr_apply.local.storage.database import Copy
from tr_apply.local.storage.refusals import InvalidParameterError, MethodNotAllowedError, NotFoundError, RequestError
from tr_apply.local.storage.turns import in_turn

ROOT: Final = "/_tr-apply/"
SNAPSHOTS: Final = 20
"""How many are kept, in memory; the oldest are forgotten."""

FASTEST: Final = 1_000_000
_LONGEST_ADVANCE_S: Final = 10 * 366 * 24 * 60 * 60

Act = Callable[[Any], Awaitable[Mapping[str, Any]]]
"""Carries out a request with the given JSON; returns the answer."""


async def _nothing() -> None:
    pass


@dataclass(frozen=True, slots=True)
class _KeptWorld:
    copy: Copy
    now_ms: int
    rate: float


@dataclass(slots=True)
class Control:
    """An application, and the control of its world.

    Attributes:
        app: The application.
        served: The same with faults, as requests reach it.
        refill: Fills the world again after a reset.
    """

    app: LocalTaskRouter
    clock: SteeredClock
    calls: Calls
    faults: Faults
    refill: Callable[[], Awaitable[None]] = _nothing
    _snapshots: OrderedDict[str, _KeptWorld] = field(default_factory=OrderedDict)
    _taken: int = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Carry out a control request, or pass another one on."""
        if scope["type"] != "http" or not scope["path"].startswith(ROOT):
            await self.faults(scope, receive, send)
            return
        request = Request(scope, receive)
        try:
            answer = await self._answer(request)
        except RequestError as error:
            answer = refused(request, error)
        answer.raw_headers += FOR_PAGES
        await answer(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        if request.method == "OPTIONS":
            return Response(status_code=204)
        self.app.credentials.require(header(request.scope, b"authorization"))
        name, method = request.scope["path"].removeprefix(ROOT), request.method
        if name not in self._acts:
            raise NotFoundError
        if (act := self._acts[name].get(method)) is None:
            raise MethodNotAllowedError
        body = _json_of(await read_body(request)) if method == "POST" else None
        return json_response(await in_turn(lambda: act(body)))

    @property
    def _acts(self) -> Mapping[str, Mapping[str, Act]]:
        return {
            "reset": {"POST": self._reset},
            "clock": {"POST": self._set_clock},
            "callbacks": {"GET": self._list_callbacks, "POST": self._steer_callbacks},
            "faults": {"POST": self._set_faults},
            "snapshot": {"POST": self._take_snapshot},
            "restore": {"POST": self._restore},
        }

    async def _reset(self, _body: Any) -> Mapping[str, Any]:
        """Begin anew: an empty world, or what it was filled with at the start, at the present time, without faults."""
        await self.app.stop_callbacks()
        self.faults.rules = []
        self.calls.clear()
        self.clock.reset()
        self.app.store.empty()
        try:
            await self.refill()
        except TrApplyError as error:
            raise InvalidParameterError(f"The world is empty, as it could not be filled again: {error}") from error
        return self._time()

    async def _set_clock(self, body: Any) -> Mapping[str, Any]:
        wanted = _object(body, "now", "advance_s", "rate")
        now_ms, advance_s = _moment(wanted.get("now")), number_of(wanted, "advance_s", _LONGEST_ADVANCE_S) or 0
        rate = number_of(wanted, "rate", FASTEST)
        if (now_ms or self.app.store.engines.now_ms()) + advance_s * 1000 > LATEST_MS:
            raise InvalidParameterError(f"Time ends at {stored(LATEST_MS)}")
        if "now" in wanted:
            await self._go_to(now_ms)
        if rate is not None:
            self.clock.rate = rate
        await self._advance(round(advance_s * 1000))
        return self._time()

    async def _go_to(self, now_ms: int | None) -> None:
        """Stop the clock at a time; None lets it run from the present, or from the world's time if that is later."""
        store = self.app.store
        present_ms = store.engines.now_ms()
        if now_ms is None:
            self.clock.reset()
            if self.clock() < present_ms:
                self.clock.go(present_ms, self.clock.first_rate)
        elif now_ms > present_ms:
            self.clock.go(present_ms, 0)
            await self._advance(now_ms - present_ms)
        else:
            store.require_nothing_after(now_ms)
            self.clock.go(now_ms, 0)
            store.follow_clock()

    async def _advance(self, by_ms: int) -> None:
        """Advance from one timer to the next; answers of applications are handled at that time."""
        end = self.app.store.engines.now_ms() + by_ms
        await self._happen()
        while (due := self.app.store.engines.let_happen()) is not None and due <= end:
            self.clock.go(due, self.clock.rate)
            await self._happen()
        self.clock.go(max(end, self.app.store.engines.now_ms()), self.clock.rate)
        await self._happen()

    async def _happen(self) -> None:
        self.app.store.engines.let_happen()
        await self.app.quiet()

    def _time(self) -> Mapping[str, Any]:
        now_ms = self.app.store.engines.now_ms()
        return {"now": stored(now_ms), "now_ms": now_ms, "rate": self.clock.rate}

    async def _list_callbacks(self, _body: Any) -> Mapping[str, Any]:
        return {"callbacks": self.calls.documents()}

    async def _steer_callbacks(self, body: Any) -> Mapping[str, Any]:
        wanted = _object(body, "hold", "replay", "fail_next")
        if "hold" in wanted:
            if not isinstance(wanted["hold"], bool):
                raise InvalidParameterError("hold must be true or false")
            self.calls.hold(held=wanted["hold"])
        if "fail_next" in wanted:
            self.calls.fail_next(int(number_of(wanted, "fail_next", 10**9) or 0))
        if "replay" in wanted:
            call = await self.calls.replay(int(number_of(wanted, "replay", 10**9) or 0))
            if call is None:
                raise InvalidParameterError(f"There is no callback {wanted['replay']}")
            return call.document()
        return {}

    async def _set_faults(self, body: Any) -> Mapping[str, Any]:
        if not isinstance(body, list):
            raise InvalidParameterError("The faults must be a list")
        self.faults.rules = [Fault.of(rule) for rule in body]
        return {"faults": len(body)}

    async def _take_snapshot(self, _body: Any) -> Mapping[str, Any]:
        store = self.app.store
        self._taken += 1
        self._snapshots[str(self._taken)] = _KeptWorld(store.copied(), store.engines.now_ms(), self.clock.rate)
        if len(self._snapshots) > SNAPSHOTS:
            self._snapshots.popitem(last=False)[1].copy.close()
        return {"id": str(self._taken)}

    async def _restore(self, body: Any) -> Mapping[str, Any]:
        """Restore the world with its time: timers that were not due then are not due now."""
        snapshot = self._snapshots.get(str(_object(body, "id").get("id")))
        if snapshot is None:
            raise NotFoundError
        await self.app.stop_callbacks()
        self.clock.go(snapshot.now_ms, snapshot.rate)
        self.app.store.restore(snapshot.copy)
        return self._time()


def controlled(
    app: LocalTaskRouter, clock: SteeredClock, calls: Calls, refill: Callable[[], Awaitable[None]] = _nothing
) -> ASGIApp:
    """The application with its control."""
    return Control(app, clock, calls, Faults(app), refill)


def _json_of(body: bytes) -> Any:
    try:
        return json.loads(body or b"{}")
    except (ValueError, RecursionError):
        raise InvalidParameterError("The body is not JSON") from None


def _object(body: Any, *names: str) -> dict[str, Any]:
    if not isinstance(body, dict) or body.keys() - set(names):
        raise InvalidParameterError(f"The body must be an object with {', '.join(names)}")
    return body


def _moment(text: Any) -> int | None:
    if text is None:
        return None
    try:
        return moment_of(text)
    except (TypeError, ValueError):
        raise InvalidParameterError("now must be a date and time such as 2026-07-13T22:25:56Z") from None
