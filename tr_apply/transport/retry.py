"""Requests that are sent until one succeeds: which failures may be repeated, when, and for how long.

* 429 says that the request was not carried out: any may be repeated, after as long as TaskRouter asks for.
* No answer, half an answer or a 5xx leaves it open. What may be carried out twice is repeated; for everything else the
  caller gives a ``recover``, which looks for what the lost request may have done.
* Every other refusal is final.

A request is repeated for ``Patience.total_s``; if no request at all gets an answer, all of them together are. Pauses
have full jitter: any length up to a bound that doubles.
"""

import asyncio
import random
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final, TypeVar

from tr_apply.errors import AnswerLostError, ApiError, NetworkError
from tr_apply.frozen import unfrozen
from tr_apply.printable import printable
from tr_apply.routing.names import is_sid
from tr_apply.transport.call import (
    FIRST_REFUSAL,
    FIRST_SERVER_ERROR,
    TOO_MANY_REQUESTS,
    Call,
    Connection,
    LostError,
    Patience,
    Response,
)
from tr_apply.transport.slots import Transport

T = TypeVar("T")

_NOT_FOUND = 404
_REDIRECTS = range(300, 400)
_REFUSED_PAUSE_S = 2.0  # refused requests share a common pace, so none needs a longer pause of its own
_MESSAGE_LIMIT = 500  # characters of a server's message that are shown

Read = Callable[[Response], T]
"""Reads an answer. Raises NetworkError if its content is not as expected."""

Recover = Callable[[LostError], Awaitable[T | None]]
"""Finds the effect of a request without an answer; None if it had none. May raise an error, which ends the retries."""


@unfrozen
class _Trial:
    """How far a request has got: since when, how long the next pause may be, whether it may have been carried out."""

    call: Call
    begun: float
    pause: float
    lost: bool = False


class Sender:
    """Sends requests through *transport* with *patience*.

    Attributes:
        resting: The number of requests waiting to be repeated.
        on_rest: Called whenever one begins to wait.
        on_pause: Called with a failed request, the reason, and the pause in seconds.
        is_ending: Whether the run is ending: nothing new begins, and a request that surely failed is not repeated.
    """

    def __init__(self, transport: Transport, patience: Patience) -> None:
        self.resting = 0
        self.on_rest: Callable[[], None] = lambda: None
        self.on_pause: Callable[[Call, LostError, float], None] = lambda _call, _failure, _wait_s: None
        self.is_ending: Callable[[], bool] = lambda: False
        self._transport = transport
        self._patience = patience
        self._answered = False
        self._failing_since: float | None = None

    async def get(self, path: str) -> Response:
        """The answer to a GET.

        Raises:
            ApiError: when TaskRouter refuses.
            NetworkError: when patience ends.
        """
        return await self.send(Call("GET", path), None, read=lambda response: response)

    async def send(
        self,
        call: Call,
        form: Mapping[str, str] | None,
        *,
        read: Read[T],
        recover: Recover[T] | None = None,
        revision: str | None = None,
    ) -> T:
        """The result of *read* for the answer; if the answer was lost, the result of *recover*.

        Raises:
            ApiError: TaskRouter refuses.
            AnswerLostError: Time is up, and the request may have been carried out.
            NetworkError: Time is up, and the request was surely not carried out.
        """
        trial = _Trial(call, _now(), self._patience.first_s)
        while True:
            try:
                failure = await self._tried(trial, form, revision)
            except ApiError as refusal:
                return await _refused_after_all(trial, refusal, recover)
            if isinstance(failure, Response):
                try:
                    return read(failure)
                except NetworkError as error:
                    failure = LostError(str(error), sent=True)
            if failure.sent and call.method != "GET":
                trial.lost = True
                if recover is not None and (found := await recover(failure)) is not None:
                    return found
            await self._rest(trial, failure)

    async def _tried(self, trial: _Trial, form: Mapping[str, str] | None, revision: str | None) -> Response | LostError:
        """One attempt: an answer that ends the matter, or why there must be another."""
        try:
            response = await self._transport.attempt(trial.call, form, revision=revision)
        except LostError as error:
            return self._failed(error)
        if response.status >= FIRST_SERVER_ERROR:
            return self._failed(LostError(self._said(response), sent=True, wait_s=retry_after(response.headers)))
        self._answered, self._failing_since = True, None
        if response.status < FIRST_REFUSAL:
            return response
        if response.status == _NOT_FOUND and trial.call.method == "DELETE" and trial.lost:
            return response  # the attempt before had deleted it
        if response.status == TOO_MANY_REQUESTS:
            wait_s = retry_after(response.headers)
            return LostError(self._said(response), sent=False, wait_s=wait_s, refused=True)
        raise self._refusal(trial.call, response)

    def _failed(self, failure: LostError) -> LostError:
        if self._failing_since is None:
            self._failing_since = _now()
        return failure

    async def _rest(self, trial: _Trial, failure: LostError) -> None:
        """Pause before the next attempt.

        Raises:
            NetworkError: when there is no time for one.
        """
        bound = min(trial.pause, _REFUSED_PAUSE_S) if failure.refused else trial.pause
        wait_s = random.uniform(0, bound) if failure.wait_s is None else failure.wait_s  # noqa: S311  # no secret
        if _now() + wait_s > self._deadline(trial, failure):
            kind = AnswerLostError if trial.lost else NetworkError
            raise kind(f"{trial.call}: {failure.reason}; {self._why(trial, failure)}") from failure
        self._require_going_on(trial, failure)
        self.resting += 1
        self.on_rest()
        self.on_pause(trial.call, failure, wait_s)
        try:
            await asyncio.sleep(wait_s)
        finally:
            self.resting -= 1
        self._require_going_on(trial, failure)
        trial.pause = min(2 * trial.pause, self._patience.longest_s)
        trial.call = replace(trial.call, attempt=trial.call.attempt + 1)

    def _require_going_on(self, trial: _Trial, failure: LostError) -> None:
        """Stop repeating a write that surely failed once the run is ending. Reads go on, to check uncertain writes.

        Raises:
            NetworkError: The write was not carried out, and the run is ending.
        """
        if self.is_ending() and not trial.lost and trial.call.method != "GET":
            raise NetworkError(f"{trial.call}: {failure.reason}; interrupted before it was sent again") from failure

    def _deadline(self, trial: _Trial, failure: LostError) -> float:
        since, total_s = trial.begun, self._patience.total_s
        if self._failing_since is not None and not failure.refused:
            since = min(since, self._failing_since)  # nobody else gets an answer either
        if not self._answered and not failure.sent:
            total_s = min(total_s, self._patience.connect_s)  # more likely a wrong address than an outage
        return since + total_s

    def _why(self, trial: _Trial, failure: LostError) -> str:
        if failure.wait_s is not None and failure.wait_s > self._patience.total_s:
            return f"it asks to wait for {failure.wait_s:.0f} s, which is too long"
        attempts = "1 attempt" if trial.call.attempt == 1 else f"{trial.call.attempt} attempts"
        return f"stopped after {attempts} in {_now() - trial.begun:.0f} s"

    def _refusal(self, call: Call, response: Response) -> ApiError:
        code = response.body.get("code") if isinstance(response.body, dict) else None
        return ApiError(
            f"{call}: {self._said(response)}{advice(response.status, call, self._transport.connection)}",
            status=response.status,
            api_code=code if isinstance(code, int) else None,
            request_id=response.request_id,
        )

    def _said(self, response: Response) -> str:
        """TaskRouter's message, status, code and request; without a message, the phrase of the status."""
        body = response.body if isinstance(response.body, dict) else {}
        found = (body.get(key) for key in ("message", "detail", "title"))
        message = next((each for each in found if isinstance(each, str) and each), _phrase(response.status))
        code = f", code {body['code']}" if isinstance(body.get("code"), int) else ""
        request = f", request {_shown(response.request_id)}" if response.request_id else ""
        return self._transport.redacted(f"{_shown(message)} (HTTP {response.status}{code}{request})")


async def _refused_after_all(trial: _Trial, refusal: ApiError, recover: Recover[T] | None) -> T:
    """A request that was lost is refused when it is repeated, perhaps because it had been carried out."""
    if not trial.lost:
        raise refusal
    if recover is None:
        raise AnswerLostError(f"{refusal}; an attempt before got no answer and may have been carried out") from refusal
    found = await recover(LostError(str(refusal), sent=True))
    if found is None:
        raise refusal
    return found


def _now() -> float:
    """The event loop's clock, which its time-outs and pauses go by."""
    return asyncio.get_running_loop().time()


def _phrase(status: int) -> str:
    if status in _REDIRECTS:
        return "redirected to another address, where credentials are not taken"
    from http import HTTPStatus  # noqa: PLC0415  # for the refusals that say nothing

    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "no message"


def _shown(message: str) -> str:
    """On one line, and without what a terminal could take for a command."""
    line = " ".join(message.split())
    return printable(line if len(line) <= _MESSAGE_LIMIT else f"{line[:_MESSAGE_LIMIT]}…")


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds that TaskRouter asks to wait, which it may say as a number or as a date."""
    text = headers.get("retry-after", "")
    try:
        seconds = float(text)
    except ValueError:
        return _seconds_until(text, headers.get("date", ""))
    return seconds if seconds >= 0 else None


def _seconds_until(date: str, now: str) -> float | None:
    """The seconds until *date* by the server's clock *now*, or by ours if the server sent no date."""
    until = _moment(date)
    if until is None:
        return None
    return max(0.0, (until - (_moment(now) or datetime.now(UTC))).total_seconds())


def _moment(date: str) -> datetime | None:
    from email.utils import parsedate_to_datetime  # noqa: PLC0415  # a number of seconds is what TaskRouter says

    try:
        moment = parsedate_to_datetime(date)
    except (ValueError, OverflowError):  # the latter for a year, or a distance from UTC, that no clock shows
        return None
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


# Advice for a login that is refused

_UNAUTHORIZED, _FORBIDDEN = 401, 403
_INNER_CAPITAL: Final = re.compile(r"(?<=[a-z])(?=[A-Z])")
_VERBS: Final = {"GET": "read", "DELETE": "delete"}


def advice(status: int, call: Call, connection: Connection) -> str:
    """An addition to the message of a refusal: the variables with the refused credentials, or the missing right."""
    if status not in {_UNAUTHORIZED, _FORBIDDEN} or not connection.variables:
        return ""
    names = " and ".join(connection.variables)
    found = ""
    if status == _UNAUTHORIZED:
        found = f"; the credentials in {names} were refused"
        if connection.region is not None:
            found += f" (each region of Twilio has credentials of its own, and this is {connection.region})"
    if connection.is_key:
        found += f"; a restricted key needs the TaskRouter permission to {_permission(call)}"
    elif status == _FORBIDDEN:
        found = f"; the credentials in {names} may not {_permission(call)}"
    return found


def _permission(call: Call) -> str:
    """The action of *call*, as in "update task queues"."""
    parts = call.place.strip("/").split("/")
    is_one = is_sid(parts[-1])
    what = _INNER_CAPITAL.sub(" ", parts[-2] if is_one else parts[-1]).lower()
    return f"{_VERBS.get(call.method, 'update' if is_one else 'create')} {what}"
