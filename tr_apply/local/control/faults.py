"""Faults on demand: what goes wrong on the way to a server, or on the way back."""

import asyncio
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal, Self, get_args

from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tr_apply.local.http.answers import FOR_PAGES, error_body, json_response
from tr_apply.local.storage.refusals import InvalidParameterError

ABORT: Final = "tr_apply.abort"
"""Where in the scope of a request the server puts what closes its connection."""

Action = Literal["status", "delay", "close_before", "close_after", "truncate"]

_ACTIONS: Final[tuple[Action, ...]] = get_args(Action)
_KEYS: Final = ("action", "match", "status", "retry_after", "delay_s")
_MATCH_KEYS: Final = ("method", "path_regex", "nth", "every")
_CODES: Final = {401: 20003, 403: 20403, 404: 20404, 412: 20412, 429: 20429, 500: 20500, 503: 20503}
_LONGEST_DELAY_S: Final = 3600
_WITHOUT_BODY: Final = (204, 304)


@dataclass(slots=True)
class Fault:
    """A rule: which requests, and what goes wrong with them.

    Attributes:
        nth: Only the request of that number among those that match, from 1; None for all.
        every: Each request whose number is a multiple of it; None for all.
        seen: How many have matched so far.
    """

    action: Action
    method: str | None = None
    path: re.Pattern[str] = field(default_factory=lambda: re.compile(""))
    nth: int | None = None
    every: int | None = None
    status: int = 500
    retry_after: float | None = None
    delay_s: float = 0
    seen: int = 0

    @classmethod
    def of(cls, rule: Any) -> Self:
        """The rule that a JSON object is.

        Raises:
            InvalidParameterError: It is not one.
        """
        if not isinstance(rule, dict) or not isinstance(match := rule.get("match", {}), dict):
            raise InvalidParameterError("A fault must be an object, and its match as well")
        _require_known(rule, _KEYS, "a fault")
        _require_known(match, _MATCH_KEYS, "the match of a fault")
        if rule.get("action") not in _ACTIONS:
            raise InvalidParameterError(f"action must be one of {', '.join(_ACTIONS)}")
        return cls(
            action=rule["action"],
            method=_text(match, "method"),
            path=_pattern(_text(match, "path_regex") or ""),
            nth=_whole(match, "nth", 1, 10**9),
            every=_whole(match, "every", 1, 10**9),
            status=_whole(rule, "status", 200, 599) or 500,
            retry_after=number_of(rule, "retry_after", 10**6),
            delay_s=number_of(rule, "delay_s", _LONGEST_DELAY_S) or 0,
        )

    def strikes(self, method: str, path: str) -> bool:
        """Whether this request is one of those; counts it if it matches."""
        if (self.method is not None and self.method.upper() != method) or not self.path.search(path):
            return False
        self.seen += 1
        return (self.nth is None or self.seen == self.nth) and (self.every is None or self.seen % self.every == 0)


class Faults:
    """An application whose requests go wrong as the first rule says that strikes."""

    def __init__(self, app: ASGIApp) -> None:
        self.rules: list[Fault] = []
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or let it go wrong."""
        fault = None
        if scope["type"] == "http":
            fault = next((each for each in self.rules if each.strikes(scope["method"], scope["path"])), None)
        if fault is None:
            await self._app(scope, receive, send)
        elif fault.action == "status":
            await _refused(fault)(scope, receive, send)
        elif fault.action == "delay":
            await asyncio.sleep(fault.delay_s)
            await self._app(scope, receive, send)
        else:
            await self._cut_off(fault.action, scope, receive, send)

    async def _cut_off(self, action: Action, scope: Scope, receive: Receive, send: Send) -> None:
        abort: Callable[[], None] = scope[ABORT]
        if action != "close_before":
            await self._app(scope, receive, _half(send) if action == "truncate" else _swallow)
        abort()


async def _swallow(_message: Message) -> None:
    pass


def _half(send: Send) -> Send:
    """Sends the head of an answer and half of its body, and then nothing."""

    async def send_half(message: Message) -> None:
        if message["type"] == "http.response.body":
            body = message.get("body", b"")
            message = {"type": "http.response.body", "body": body[: len(body) // 2], "more_body": True}
        await send(message)

    return send_half


def _refused(fault: Fault) -> ASGIApp:
    code = _CODES.get(fault.status, 20001)
    headers = {} if fault.retry_after is None else {"Retry-After": f"{fault.retry_after:g}"}
    if fault.status in _WITHOUT_BODY:
        answer = Response(status_code=fault.status, headers=headers)
    else:
        answer = json_response(error_body(code, "A fault on demand", fault.status), fault.status, headers)
    answer.raw_headers += FOR_PAGES
    return answer


def _require_known(given: Mapping[str, Any], keys: Sequence[str], what: str) -> None:
    if unknown := sorted(given.keys() - {*keys}):
        raise InvalidParameterError(f"There is no {', '.join(unknown)} in {what}; its keys are {', '.join(keys)}")


def _text(rule: dict[str, Any], name: str) -> str | None:
    value = rule.get(name)
    if value is not None and not isinstance(value, str):
        raise InvalidParameterError(f"{name} must be a text")
    return value


def _pattern(text: str) -> re.Pattern[str]:
    try:
        return re.compile(text)
    except re.error as error:
        raise InvalidParameterError(f"path_regex is not a regular expression: {error}") from None


def _whole(rule: dict[str, Any], name: str, low: int, high: int) -> int | None:
    value = rule.get(name)
    if value is not None and (type(value) is not int or not low <= value <= high):
        raise InvalidParameterError(f"{name} must be a whole number from {low} to {high}")
    return value


def number_of(document: Mapping[str, Any], name: str, high: float) -> float | None:
    """The number from 0 to *high* that *document* holds under a name, if any.

    Raises:
        InvalidParameterError: It holds something else.
    """
    value: float | None = document.get(name)
    if value is not None and (type(value) not in (int, float) or not 0 <= value <= high):
        raise InvalidParameterError(f"{name} must be a number from 0 to {high}")
    return value
