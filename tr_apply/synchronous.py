"""Asynchronous work for programs without ``async``."""

import asyncio
import threading
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


def run(work: Coroutine[Any, Any, T]) -> T:
    """The result of *work*, for scripts and notebooks without ``async``; also where a loop is running already."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return _finished(work)
    return _in_thread(work)


def _finished(work: Coroutine[Any, Any, T]) -> T:
    """The result of *work*. asyncio's task has no result: Python would write it out, and a plan is long.

    At the end, asyncio asks for the handler of Ctrl-C. Python looks for it in an enumeration first, and makes an error
    message that it does not show: it contains the handler, the task and its result.
    """
    results: list[T] = []

    async def kept() -> None:
        results.append(await work)

    asyncio.run(kept())
    return results[0]


def _in_thread(work: Coroutine[Any, Any, T]) -> T:
    """As a notebook needs it, whose own loop cannot wait for anything."""
    results: list[T] = []
    errors: list[BaseException] = []

    def body() -> None:
        try:
            results.append(asyncio.run(work))
        except BaseException as error:  # noqa: BLE001  # raised again for the caller
            errors.append(error)

    thread = threading.Thread(target=body)
    thread.start()
    thread.join()
    if errors:
        raise errors[0]
    return results[0]
