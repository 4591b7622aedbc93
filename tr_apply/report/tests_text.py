"""What came of routing tests as text that somebody reads who does not know TaskRouter."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import click

from tr_apply.rehearsal.coverage import SORTS, Coverage, Part
from tr_apply.rehearsal.trial import Trial
from tr_apply.rehearsal.verdict import Difference, Verdict
from tr_apply.report.route_text import filter_label, route_lines, wrapped
from tr_apply.report.values import printable

_PLURALS = {"filter": "filters", "target": "targets", "queue": "queues"}


def tests_text(trials: Sequence[Trial], *, with_coverage: bool) -> str:
    """All tests, failures with what was expected and what happens instead."""
    return "\n".join(line for each in trials for line in _trial_lines(each, with_coverage=with_coverage)) + "\n"


def _trial_lines(each: Trial, *, with_coverage: bool) -> Iterator[str]:
    yield click.style(printable(each.path), bold=True)
    for verdict in each.verdicts:
        yield from _verdict_lines(verdict)
    yield ""
    if with_coverage:
        yield from _coverage_lines(each.coverage)
        yield ""
    yield summary_line([each])


def summary_line(trials: Sequence[Trial]) -> str:
    """How many passed and failed."""
    failed = sum(len(each.failed) for each in trials)
    passed = sum(len(each.verdicts) for each in trials) - failed
    return f"{passed} passed, {failed} failed."


def _verdict_lines(verdict: Verdict) -> Iterator[str]:
    word, color = ("ok  ", "green") if verdict.passed else ("FAIL", "red")
    first, *more = wrapped(f"{word} {printable(verdict.test.test.name)}", "  ", more="     ")
    yield first.replace(word, click.style(word, fg=color), 1)
    yield from more
    if not verdict.passed:
        yield from failure_lines(verdict, "    ")
        yield ""


def failure_lines(verdict: Verdict, indent: str) -> Iterator[str]:
    """Where the test is, what it expected, and what happens instead."""
    yield f"{indent}{printable(verdict.test.file)}:{verdict.test.line}"
    for difference in verdict.differences:
        yield from _difference_lines(difference, indent)
    yield ""
    for line in route_lines(verdict.route):
        yield f"{indent}{line}" if line else ""


def _difference_lines(each: Difference, indent: str) -> Iterator[str]:
    yield f"{indent}{each.about}"
    yield from wrapped(f"expected: {said(each.expected)}", f"{indent}  ")
    yield from wrapped(f"actual:   {said(each.actual)}", f"{indent}  ")
    if each.hint:
        yield from wrapped(printable(each.hint), f"{indent}  ")


def difference_line(each: Difference) -> str:
    """An expectation that was not met, on one line."""
    return f"{each.about}: expected {said(each.expected)}, not {said(each.actual)}"


def said(value: Any) -> str:
    """What a test expects, or what is instead, in words."""
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
    reached, total = found.count()
    yield click.style(f"Coverage: {found.percentage()} % ({reached} of {total})", bold=True)
    for sort in SORTS:
        reached, total = found.count(sort)
        yield f"  {_PLURALS[sort]}: {found.percentage(sort)} % ({reached} of {total})"
        for part in found.missed:
            if part.sort == sort:
                yield from wrapped(f"not reached: {part_label(part)}", "    ")


def part_label(part: Part) -> str:
    """What a part of the configuration is called."""
    if part.sort == "queue":
        return f"queue {printable(part.queue or '')}"
    label = f"{printable(part.workflow or '')}, {filter_label(part.filter, part.filter_name)}"
    if part.sort == "filter":
        return label
    queue = f" ({printable(part.queue)})" if part.queue is not None else ""
    return f"{label}{f', target {part.target}' if part.filter is not None else ''}{queue}"


def part_value(part: Part) -> Mapping[str, Any]:
    """The same for programs: only what says something."""
    keys = ("workflow", "filter", "filter_name", "target", "queue")
    values = {key: value for key in keys if (value := getattr(part, key)) is not None}
    return {**values, "default_filter": True} if part.workflow is not None and part.filter is None else values
