"""SIGINT and SIGTERM while no loop takes them: from the first import to the last result.

Imported before all else, so it imports next to nothing: the module ``signal`` would make enumerations.
"""

import os
from _signal import (  # type: ignore[import-not-found]
    SIG_DFL,
    SIG_IGN,
    SIGINT,
    SIGTERM,
    default_int_handler,
    getsignal,
    signal,
)

_EXIT_CODE = 130  # of errors.InterruptedRunError, which is not imported yet where this is needed first


class Importing:
    """The time in which the command line is imported: nothing is begun, so the process just ends.

    A ``KeyboardInterrupt`` would end an import anywhere, also where Python shows an exception and goes on.
    """

    def __enter__(self) -> None:
        """Take the signals that nobody has taken: a program that imports the command line may have its own way."""
        self._before = {}
        for number in (SIGINT, SIGTERM):
            if _is_free(number):
                self._before[number] = signal(number, _leave)

    def __exit__(self, *_: object) -> None:
        """Give them back."""
        for number, before in self._before.items():
            signal(number, before)


def begin() -> None:
    """Let SIGTERM interrupt a command as Ctrl-C does, in the process that runs it and nothing else."""
    if _is_free(SIGTERM):
        signal(SIGTERM, _interrupt)


def end() -> None:
    """Let no signal change how this process ends any more: its result is there, and its exit code is known."""
    if _is_ours():
        _take_both(SIG_IGN)


def held_back() -> dict[int, object]:
    """Handlers for the time after the last write: the first interrupt changes nothing, the second one ends the process.

    None in a process that is not ours.
    """
    return dict.fromkeys((SIGINT, SIGTERM), _insist) if getsignal(SIGTERM) is _interrupt else {}


class HeldBack:
    """The time in which is written how the run ended: once that is begun, an interrupt no longer changes it.

    The second one ends the process nevertheless: nobody may be there who reads.
    """

    def __enter__(self) -> None:
        """Let an interrupt pass, in a process that is ours and does not do so already."""
        self._before = {number: getsignal(number) for number in (SIGINT, SIGTERM)}
        self._is_needed = _is_ours()
        if self._before[SIGTERM] is _interrupt:
            _take_both(_insist)

    def __exit__(self, _kind: object, error: object, _trace: object) -> None:
        """Let all of them pass until the process ends; if nothing was written, interrupt again."""
        if self._is_needed and error is None:
            _take_both(SIG_IGN)
        elif self._is_needed:
            for number, before in self._before.items():
                signal(number, before)


def _is_ours() -> bool:
    """Whether the signals of this process are the command line's to take."""
    return getsignal(SIGTERM) in (_interrupt, _insist, _leave)


def _is_free(number: int) -> bool:
    return getsignal(number) in (SIG_DFL, default_int_handler)


def _take_both(handler: object) -> None:
    for number in (SIGINT, SIGTERM):
        signal(number, handler)


def _interrupt(_number: int, _frame: object) -> None:
    raise KeyboardInterrupt


def _insist(_number: int, _frame: object) -> None:
    _take_both(_leave)


def _leave(_number: int, _frame: object) -> None:
    try:
        os.write(2, b"\nError: interrupted\n")
    finally:
        os._exit(_EXIT_CODE)
