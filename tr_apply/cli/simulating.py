"""Days while they are simulated: how far it is, how long it may take, and what Ctrl-C leaves."""

import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import click

from tr_apply.api.offline import simulated as simulate
from tr_apply.cli.output import Output
from tr_apply.deployment.deadline import OutOfTimeError
from tr_apply.simulation.experiment import Experiment, Progress
from tr_apply.simulation.results import SimulationResults

_SAY_EVERY_S: Final = 10.0
_DRAW_EVERY_S: Final = 0.2


def simulated(
    experiment: Experiment, output: Output, until: Progress, executor_name: str = "processes", jobs: int | None = None
) -> SimulationResults:
    """Simulate the days, and say how far it is.

    Raises:
        InterruptedRunError: when it ended before there was a day of each scenario.
    """
    with _interruptible():
        return simulate(experiment, _both(until, _progress(output)), executor_name, jobs)


def deadline_of(timeout_s: float | None) -> Progress:
    """Ends the run when it takes longer than that from now on."""
    until = None if timeout_s is None else time.monotonic() + timeout_s

    def check(_done: int, _total: int) -> None:
        if until is not None and time.monotonic() > until:
            raise OutOfTimeError(f"timed out after {timeout_s:g} s (--timeout)")

    return check


def _both(first: Progress, second: Progress) -> Progress:
    def tell(done: int, total: int) -> None:
        first(done, total)
        second(done, total)

    return tell


def _progress(output: Output) -> Progress:
    """Says on stderr how far it is: a line that changes on a terminal, elsewhere a line every ten seconds."""
    began = last = time.monotonic()
    on_terminal = not output.quiet and sys.stderr.isatty()

    def tell(done: int, total: int) -> None:
        nonlocal last
        now = time.monotonic()
        is_over = done == total
        if now - last < (_DRAW_EVERY_S if on_terminal else _SAY_EVERY_S) and not (is_over and on_terminal):
            return
        last = now
        text = f"Simulated {done} of {total} days, about {(now - began) * (total - done) / done:.0f} s left"
        if on_terminal:
            click.echo("\r" + ("" if is_over else text).ljust(70) + ("\r" if is_over else ""), err=True, nl=False)
        else:
            output.say(text)

    return tell


@contextmanager
def _interruptible() -> Iterator[None]:
    """SIGTERM ends the run as Ctrl-C does: with the completed days."""
    before = signal.signal(signal.SIGTERM, _interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _interrupt(_number: int, _frame: object) -> None:
    raise KeyboardInterrupt
