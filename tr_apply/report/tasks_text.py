"""The distribution of recorded tasks, in words."""

from collections.abc import Iterator, Sequence

import click

from tr_apply.findings import Finding, Severity
from tr_apply.printable import printable
from tr_apply.rehearsal.distribution import Distribution, FilterShare
from tr_apply.report.route_text import filter_label, wrapped

_CODE = "recorded-tasks"


def distribution_lines(found: Distribution) -> Iterator[str]:
    """How the tasks spread over filters and queues."""
    yield click.style(f"Recorded tasks ({printable(found.file)}): {found.total:,}", bold=True)
    workflow = None
    for each in found.filters:
        if each.workflow != workflow:
            workflow = each.workflow
            yield from wrapped(printable(workflow), "  ")
        yield from _row(each.count, found.total, _label(each))
    if found.queues:
        yield "  Queues: tasks that come to them first, and at all if nobody takes them before"
    for queue in found.queues:
        yield from _row(queue.first, found.total, f"{printable(queue.queue)} ({queue.reached:,})")
    for other in found.others:
        text = f"Not counted: {other.count:,} of the workflow {printable(other.workflow)}, which is not declared here"
        yield from wrapped(text, "  ")


def _row(count: int, total: int, label: str) -> Iterator[str]:
    first, *more = wrapped(label, "    ", more=" " * 16)
    yield f"    {count:>7,} {_share(count, total):>6}  {first.strip()}"
    yield from more


def _share(count: int, total: int) -> str:
    return f"{100 * count / total:.1f}%" if total else "-"


def _label(each: FilterShare) -> str:
    if each.filter is None and not each.default_filter:
        return "no filter: nothing takes them"
    return filter_label(each.filter, each.filter_name)


def distribution_findings(found: Sequence[Distribution]) -> list[Finding]:
    """A line for each configuration; a warning where nothing takes some of the tasks."""
    return [_finding(each) for each in found]


def _finding(each: Distribution) -> Finding:
    nothing = sum(share.count for share in each.filters if share.filter is None and not share.default_filter)
    queues = ", ".join(f"{share.queue} {_share(share.first, each.total)}" for share in each.queues if share.first)
    text = f"{each.total:,} recorded tasks of {each.file} in {each.path}: {queues or 'no queue'}"
    if not nothing:
        return Finding(Severity.INFO, _CODE, text)
    return Finding(Severity.WARNING, _CODE, f"{text}; nothing takes {nothing:,} of them")
