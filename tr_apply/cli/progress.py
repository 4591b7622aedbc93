"""How far an apply has come: a bar on a terminal, plain lines elsewhere."""

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from tr_apply.apply import Progress, Result, Status
from tr_apply.cli.output import Output
from tr_apply.plan.change import Plan
from tr_apply.printable import printable
from tr_apply.report.terminal import progress_line

ProgressOf = Callable[[Plan], Progress]
"""What is told of the requests of one of several plans."""


@contextmanager
def shown_progress(plans: Sequence[Plan], output: Output) -> Iterator[ProgressOf]:
    """Told of every request that has ended; shows it on stderr, with the workspace if there are several."""
    requests = sum(plan.requests for plan in plans)
    if output.quiet:
        yield lambda _plan: lambda _result: None
    elif sys.stderr.isatty() and requests > 1:
        with _bar(requests) as tell:
            yield lambda _plan: tell
    else:
        yield lambda plan: _lines(output, f"{printable(plan.target.workspace)}: " if len(plans) > 1 else "")


def _lines(output: Output, head: str) -> Progress:
    def tell(result: Result) -> None:
        if result.failed or result.status is Status.DONE:
            output.say(f"{head}{progress_line(result)}")

    return tell


@contextmanager
def _bar(requests: int) -> Iterator[Progress]:
    # Costs 45 ms to import, which only those pay who look at it.
    from rich.console import Console  # noqa: PLC0415
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn  # noqa: PLC0415
    from rich.progress import Progress as Bar  # noqa: PLC0415

    columns = (BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TextColumn("{task.description}", markup=False))
    with Bar(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=requests)

        def tell(result: Result) -> None:
            if result.failed:
                bar.console.print(progress_line(result), markup=False)
            bar.update(task, advance=1, description=f"{result.operation.kind} {printable(result.operation.name)}"[:40])

        yield tell
