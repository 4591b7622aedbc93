"""How far an apply has come: a bar on a terminal, plain lines elsewhere."""

import asyncio
import sys
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, nullcontext
from typing import Final

import click

from tr_apply.api.plan import Plan
from tr_apply.apply import Progress, Result, Status
from tr_apply.cli.output import Output
from tr_apply.deployment.waits import Waits
from tr_apply.printable import printable
from tr_apply.report.terminal import progress_line

READING: Final = "Reading the workspace ..."
_CLEARED: Final = "\x1b[2K"  # of what was in the line, on a terminal
_NAME_SHOWN: Final = 40  # characters; keeps the bar on one line
_TOGETHER_S: Final = 0.1  # seconds that a line waits for others

ProgressOf = Callable[[Plan], Progress]
"""Gives the observer of the requests of one of several plans."""


@asynccontextmanager
async def shown_progress(plans: Sequence[Plan], output: Output) -> AsyncIterator[ProgressOf]:
    """Shows every completed request on stderr, with the workspace if there are several."""
    if output.quiet:
        yield lambda _plan: lambda _result: None
    elif sys.stderr.isatty():
        with _bar(sum(plan.requests for plan in plans)) as tell:
            yield lambda _plan: tell
    else:
        lines = _Lines(plans, output)
        try:
            yield lines.of
        finally:
            lines.flush()


class _Lines:
    """A line for each operation that has ended, with how many of all that is.

    Those of a moment are written together: each write wakes who reads it, which takes the processor from the answers.
    """

    def __init__(self, plans: Sequence[Plan], output: Output) -> None:
        self._output = output
        self._several = len(plans) > 1
        self._total = sum(len(plan.operations) for plan in plans)
        self._ended: set[tuple[int, str]] = set()
        self._waiting: list[str] = []

    def of(self, plan: Plan) -> Progress:
        """The observer of the requests of *plan*."""
        head = f"{printable(plan.target.workspace)}: " if self._several else ""

        def tell(result: Result) -> None:
            key = (id(plan), result.operation.id)
            if key not in self._ended and (result.failed or result.status is Status.DONE):
                self._ended.add(key)
                if result.operation.requests:  # one without was done before this run, which a warning says
                    self._add(f"{head}{self._number()} {progress_line(result)}")

        return tell

    def _add(self, line: str) -> None:
        if not self._waiting:
            asyncio.get_running_loop().call_later(_TOGETHER_S, self.flush)
        self._waiting.append(line)

    def flush(self) -> None:
        """Write the lines that wait."""
        if self._waiting:
            self._output.say("\n".join(self._waiting))
            self._waiting.clear()

    def _number(self) -> str:
        return f"[{len(self._ended):>{len(str(self._total))}}/{self._total}]"


@asynccontextmanager
async def shown_waits(waits: Waits, output: Output, what: str = "") -> AsyncIterator[None]:
    """Print every ten seconds why the run waits; on a terminal show *what* from the start."""
    line = output.passing(what) if what else nullcontext()
    on_terminal = sys.stderr.isatty() and not output.quiet

    def say(text: str) -> None:
        if on_terminal:
            click.echo(f"\r{_CLEARED}", err=True, nl=False)
        output.say(text)
        if on_terminal and what:
            click.echo(what, err=True, nl=False)

    task = asyncio.ensure_future(waits.tell_regularly(say))
    try:
        with line:
            yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@contextmanager
def _bar(requests: int) -> Iterator[Progress]:
    with click.progressbar(length=requests, file=sys.stderr, show_pos=True, item_show_func=_under_way) as bar:

        def tell(result: Result) -> None:
            if not result.operation.requests:
                return  # it was done before this run
            if result.failed:
                click.echo(f"\r{_CLEARED}{progress_line(result)}", err=True)
            bar.update(1, result)

        yield tell


def _under_way(result: Result | None) -> str:
    return "" if result is None else f"{result.operation.kind} {printable(result.operation.name)}"[:_NAME_SHOWN]
