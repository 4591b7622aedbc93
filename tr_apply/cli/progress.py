"""How far an apply has come: a bar on a terminal, plain lines elsewhere."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from tr_apply.apply import Progress, Result, Status
from tr_apply.cli.output import Output
from tr_apply.plan.change import Plan
from tr_apply.report.terminal import progress_line


@contextmanager
def shown_progress(plan: Plan, output: Output) -> Iterator[Progress]:
    """Told of every request that has ended; shows it on stderr."""
    if output.quiet:
        yield lambda _result: None
    elif sys.stderr.isatty() and plan.requests > 1:
        with _bar(plan.requests) as tell:
            yield tell
    else:
        yield _lines(output)


def _lines(output: Output) -> Progress:
    def tell(result: Result) -> None:
        if result.failed or result.status is Status.DONE:
            output.say(progress_line(result))

    return tell


@contextmanager
def _bar(requests: int) -> Iterator[Progress]:
    # Costs 45 ms to import, which only those pay who look at it.
    from rich.console import Console  # noqa: PLC0415
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn  # noqa: PLC0415
    from rich.progress import Progress as Bar  # noqa: PLC0415

    columns = (BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TextColumn("{task.description}"))
    with Bar(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=requests)

        def tell(result: Result) -> None:
            if result.failed:
                bar.console.print(progress_line(result), markup=False)
            bar.update(task, advance=1, description=f"{result.operation.kind} {result.operation.name}"[:40])

        yield tell
