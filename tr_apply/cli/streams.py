"""The three standard streams, as a program may find them: closed, full, or with nobody at the other end."""

import io
import os
import sys
from typing import Any

import click

from tr_apply.errors import InterruptedRunError

_STREAMS = (("stdin", "r"), ("stdout", "w"), ("stderr", "w"))


class StdoutLostError(OSError):
    """Stdout takes nothing more: who read it has left, or there is no room."""


class _Stdout(io.FileIO):
    """Raises once when it is lost, then accepts everything: Python flushes the rest when the process ends."""

    is_lost = False

    def write(self, data: Any) -> int:
        """Write *data*.

        Raises:
            StdoutLostError: the first time that it cannot.
        """
        if not self.is_lost:
            try:
                return super().write(data)
            except OSError as error:
                self.is_lost = True
                raise StdoutLostError(*error.args) from error
        return len(data)


class _Stderr(io.FileIO):
    """Drops text that cannot be written: a run that writes to a workspace must not end half-way because of that."""

    def write(self, data: Any) -> int:
        """Write *data* if that can be done."""
        try:
            return super().write(data)
        except OSError:
            return len(data)


def prepare_streams() -> None:
    """Make the streams of this process safe to use, whatever it was started with."""
    for name, mode in _STREAMS:  # in the order of their descriptors, as each new file takes the lowest that is free
        if getattr(sys, name) is None:  # closed: the next file to be opened would take its place
            _open_null(name, mode)
    sys.stdout = _over(_Stdout(sys.stdout.fileno(), "w", closefd=False), sys.stdout.encoding)
    sys.stderr = _over(_Stderr(sys.stderr.fileno(), "w", closefd=False), sys.stderr.encoding, line_buffering=True)


def _open_null(name: str, mode: str) -> None:
    null = os.open(os.devnull, os.O_RDWR)
    setattr(sys, name, open(null, mode, encoding="utf-8", closefd=False))  # noqa: SIM115


def _over(raw: io.FileIO, encoding: str, *, line_buffering: bool = False) -> io.TextIOWrapper:
    """Escape characters that the terminal cannot show, instead of failing."""
    return io.TextIOWrapper(
        io.BufferedWriter(raw), encoding, "backslashreplace", line_buffering=line_buffering or raw.isatty()
    )


def tell_lost(error: StdoutLostError) -> None:
    """Report that the result did not arrive, except for a pipe whose reader has left on purpose."""
    if not isinstance(error.__cause__, BrokenPipeError):
        click.echo(f"Error: stdout cannot be written: {error.strerror}", err=True)


def answered(question: str, *, or_else: str) -> str:
    """The answer typed to *question*; *or_else* says what holds if the person leaves instead.

    The next message begins a new line, also where no Enter has ended the line of the question.

    Raises:
        InterruptedRunError: The person leaves with Ctrl-C.
    """
    try:
        click.echo(question, nl=False, err=True)
        answer = sys.stdin.readline()
        if not answer.endswith("\n"):
            click.echo(err=True)
        return answer.rstrip("\n")
    except KeyboardInterrupt as error:
        click.echo(err=True)
        raise InterruptedRunError(f"interrupted; {or_else}") from error
