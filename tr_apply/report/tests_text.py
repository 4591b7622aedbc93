"""The results of routing tests as text for a reader who does not know TaskRouter."""

from collections.abc import Iterator, Sequence
from typing import Any, Final

import click

from tr_apply.findings import Finding, Severity
from tr_apply.printable import printable
from tr_apply.rehearsal.coverage import Coverage, MissedPart
from tr_apply.rehearsal.results import RoutingTestResult, RoutingTestRun, UnmetExpectation, summary_of
from tr_apply.report.route_text import filter_label, route_lines, wrapped
from tr_apply.report.tasks_text import distribution_lines

FAILED: Final = "routing-test-failed"


def tests_text(runs: Sequence[RoutingTestRun], *, with_coverage: bool) -> str:
    """All tests, failures with the expected and the actual route, and a list of the failures at the end."""
    lines = [line for each in runs for line in _run_lines(each, with_coverage=with_coverage)]
    return "\n".join([*lines, *_failure_list(runs)]) + "\n"


def _run_lines(each: RoutingTestRun, *, with_coverage: bool) -> Iterator[str]:
    yield click.style(printable(each.path), bold=True)
    for result in each.results:
        yield from _result_lines(result)
    yield ""
    if each.tasks is not None:
        yield from distribution_lines(each.tasks)
        yield ""
    if with_coverage:
        yield from _coverage_lines(each.coverage)
        yield ""
    yield summary_line([each])


def _failure_list(runs: Sequence[RoutingTestRun]) -> Iterator[str]:
    failed = [result for each in runs for result in each.failed]
    if failed:
        yield ""
        yield click.style("Failed:", bold=True)
    for each in failed:
        yield f"  {printable(each.file)}:{each.line} {printable(each.name)}"


def summary_line(runs: Sequence[RoutingTestRun]) -> str:
    """How many passed and failed."""
    summary = summary_of(runs)
    return f"{summary.passed} passed, {summary.failed} failed."


def failure_findings(runs: Sequence[RoutingTestRun]) -> list[Finding]:
    """Every test that failed, as an error with its place."""
    return [_finding(result) for each in runs for result in each.failed]


def _finding(result: RoutingTestResult) -> Finding:
    message = f"{result.name}: {'; '.join(map(difference_line, result.differences))}"
    return Finding(Severity.ERROR, FAILED, message, result.file, result.line, result.column)


def _result_lines(result: RoutingTestResult) -> Iterator[str]:
    word, color = ("ok  ", "green") if result.passed else ("FAIL", "red")
    first, *more = wrapped(f"{word} {printable(result.name)}", "  ", more="     ")
    yield first.replace(word, click.style(word, fg=color), 1)
    yield from more
    if not result.passed:
        yield from failure_lines(result, "    ")
        yield ""


def failure_lines(result: RoutingTestResult, indent: str) -> Iterator[str]:
    """Where the test is, what it expected, and what happens instead."""
    yield f"{indent}{printable(result.file)}:{result.line}"
    for difference in result.differences:
        yield from _difference_lines(difference, indent)
    yield ""
    for line in () if result.route is None else route_lines(result.route):
        yield f"{indent}{line}" if line else ""


def _difference_lines(each: UnmetExpectation, indent: str) -> Iterator[str]:
    yield f"{indent}{each.about}"
    yield from wrapped(f"expected: {said(each.expected)}", f"{indent}  ")
    yield from wrapped(f"actual:   {said(each.actual)}", f"{indent}  ")
    if each.hint:
        yield from wrapped(printable(each.hint), f"{indent}  ")


def difference_line(each: UnmetExpectation) -> str:
    """An expectation that was not met, on one line."""
    return f"{each.about}: expected {said(each.expected)}, not {said(each.actual)}"


def said(value: Any) -> str:
    """An expected or an actual value, in words."""
    match value:
        case {"filter": name}:
            return f"filter {printable(str(name))}"
        case {"default_filter": True}:
            return "the default filter"
        case {"unrouted": True}:
            return "nothing takes it: it is in no queue"
        case {"queue": name}:
            return f"queue {printable(name)}"
        case list():
            return ", ".join(printable(each) for each in value) or "none"
        case None:
            return "none"
        case _:
            return printable(str(value))


def _coverage_lines(found: Coverage) -> Iterator[str]:
    yield click.style(f"Coverage: {found.percentage} % ({found.reached} of {found.total})", bold=True)
    for sort, parts in (("filters", found.filters), ("targets", found.targets), ("queues", found.queues)):
        yield f"  {sort}: {parts.percentage} % ({parts.reached} of {parts.total})"
        for part in parts.missed:
            yield from wrapped(f"not reached: {_part_label(part)}", "    ")


def _part_label(part: MissedPart) -> str:
    """The label of a part of the configuration."""
    if part.workflow is None:
        return f"queue {printable(part.queue or '')}"
    label = f"{printable(part.workflow)}, {filter_label(part.filter, part.filter_name)}"
    if part.target is None:
        return label
    queue = f" ({printable(part.queue)})" if part.queue is not None else ""
    return f"{label}{'' if part.default_filter else f', target {part.target}'}{queue}"
