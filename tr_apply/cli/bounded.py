"""Runs the asynchronous part of a command: bounded in time, and ended by the first Ctrl-C at a safe point."""

import asyncio
import signal
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, contextmanager
from typing import Any, Protocol, TypedDict, TypeVar

from tr_apply.apply import Stop
from tr_apply.cli.interrupts import held_back
from tr_apply.cli.options import CommonOptions
from tr_apply.cli.output import tell
from tr_apply.deployment.deadline import Deadline
from tr_apply.errors import InterruptedRunError
from tr_apply.transport import Attempt, Call, Observer

R_co = TypeVar("R_co", covariant=True)
R = TypeVar("R")
T = TypeVar("T")

_SIGNALS = (signal.SIGINT, signal.SIGTERM)

_AT_ONCE = "stopped immediately: requests in progress may or may not have been carried out. Run again to finish"


def run(
    work: Coroutine[Any, Any, T],
    *,
    deadline: Deadline | None = None,
    stop: Stop | None = None,
    writes: bool = False,
) -> T:
    """The result of *work*.

    With *stop*, the first SIGINT or SIGTERM prevents new requests; the second one ends the run immediately. Once work
    that *writes* has ended, the first one changes nothing: what was written must be in the result.

    Raises:
        InterruptedRunError: A signal ended it.
        OutOfTimeError: It was not done by the *deadline*.
    """
    return asyncio.run(_bounded(work, deadline or Deadline(), stop, held_back() if writes else {}))


async def _bounded(
    work: Coroutine[Any, Any, T], deadline: Deadline, stop: Stop | None, afterwards: Mapping[int, Any]
) -> T:
    task = asyncio.ensure_future(work)
    try:
        with _signals_to(_on_signal(task, stop), afterwards):
            async with deadline.bound():
                return await task
    except asyncio.CancelledError as error:
        raise InterruptedRunError("interrupted" if stop is None else _AT_ONCE) from error


@contextmanager
def _signals_to(handle: Callable[[], None], afterwards: Mapping[int, Any]) -> Iterator[None]:
    """Call *handle* in the running loop at each SIGINT and SIGTERM.

    *afterwards* has the handlers from then on; without one they do what they did before.
    """
    loop = asyncio.get_running_loop()
    # The loop's own way does not exist on Windows, and makes a list of all signals each time.
    previous = {each: signal.signal(each, lambda *_: loop.call_soon_threadsafe(handle)) for each in _SIGNALS}
    try:
        yield
    finally:
        for number, before in previous.items():
            signal.signal(number, afterwards.get(number, before if before is not None else signal.SIG_DFL))


def _on_signal(task: asyncio.Future[Any], stop: Stop | None) -> Callable[[], None]:
    def handle() -> None:
        if stop is None or stop.asked:
            task.cancel()
        else:
            stop.asked = True

    return handle


# Questions of a command


class Opens(Protocol[R_co]):
    """The way to a TaskRouter."""

    @property
    def deadline(self) -> Deadline:
        """When all that is asked of it must have ended."""

    def router(self) -> AbstractAsyncContextManager[R_co]:
        """The TaskRouter, connected."""


class Asking(TypedDict):
    """How a TaskRouter is asked."""

    deadline: Deadline
    observers: Sequence[Observer]


def asking(common: CommonOptions, *, timeout_s: float | None = None, from_now: bool = False) -> Asking:
    """How a command asks: with one time limit for all questions of a run, each request logged if verbose.

    *timeout_s* is the limit where the options name none. *from_now* where it counts from now, and not from the start.
    """
    deadline = Deadline(common.timeout or timeout_s, None if from_now else common.began)
    return Asking(deadline=deadline, observers=(_log,) if common.verbose else ())


def answer_of(question: Callable[[R], Awaitable[T]], access: Opens[R]) -> T:
    """The answer to *question* from the TaskRouter that *access* leads to.

    Raises:
        TrApplyError: Raised by *question*, or because the time is up.
    """

    async def asked() -> T:
        async with access.router() as router:
            return await question(router)

    return run(asked(), deadline=access.deadline)


def _log(call: Call, outcome: Attempt | None) -> None:
    if outcome is not None:
        what = outcome.problem if outcome.status is None else str(outcome.status)
        tell(f"{call.method} {call.path} {what} {outcome.seconds * 1000:.0f} ms")
