"""The way of a task as text, readable at 80 columns: which filter takes it, who could in each step, where it ends."""

import json
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, assert_never

import click

from tr_apply.printable import printable
from tr_apply.rehearsal.find_route import SENSITIVE
from tr_apply.rehearsal.route import ExcludedWorker, FalseComparison, Route, RouteFilter, RouteStep, WantedWorker
from tr_apply.routing.survey import Obstacle

WIDTH: Final = 76  # columns; leaves room for an indent of four
_NEAREST: Final = 3
_LONGEST_VALUE: Final = 60  # characters of a value that is shown
_NOBODY: Final = "nobody"


def route_text(route: Route) -> str:
    """The whole way."""
    return "\n".join(route_lines(route)) + "\n"


def route_lines(route: Route) -> Iterator[str]:
    """The same, line by line."""
    yield from _task_lines(route)
    if route.filters:
        yield ""
        yield click.style("Filters", bold=True)
        yield from filter_lines(route.filters)
    for step in route.steps:
        yield ""
        yield from _step_lines(step, route)
    yield ""
    yield from wrapped(f"End: {_end(route)}", "")


def age(seconds: int) -> str:
    """An age as routing tests write it: ``90s``, ``5m``, ``24h``."""
    for unit, length in (("h", 3600), ("m", 60)):
        if seconds and seconds % length == 0:
            return f"{seconds // length}{unit}"
    return f"{seconds}s"


def filter_label(number: int | None, name: str | None) -> str:
    """The label of a filter; the default filter has no number."""
    if number is None:
        return "the default filter"
    return f"filter {number}" if name is None else f'filter {number} "{printable(name)}"'


def names(workers: Sequence[str]) -> str:
    """Workers in their order."""
    return ", ".join(map(printable, workers)) or _NOBODY


def wrapped(text: str, indent: str, *, more: str = "  ") -> list[str]:
    """*text* in lines of `WIDTH`; lines after the first are indented by *more*."""
    return textwrap.wrap(
        text,
        WIDTH,
        initial_indent=indent,
        subsequent_indent=indent + more,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _task_lines(route: Route) -> Iterator[str]:
    task = route.task
    yield click.style(f"A task for the workflow {printable(route.workflow)}", bold=True)
    yield from wrapped(f"attributes: {shown_value(task.attributes, longest=None)}", "  ")
    if task.channel != "default":
        yield from wrapped(f"channel: {printable(task.channel)}", "  ")
    if task.priority:
        yield f"  priority: {task.priority}"
    who = "every declared worker" if route.all_available else names(route.available)
    yield from wrapped(f"available: {who}", "  ")


def filter_lines(filters: Sequence[RouteFilter]) -> Iterator[str]:
    """As far as they are looked at: up to the last that the task goes through, or all of them."""
    last = max((row.number for row in filters if row.reached), default=len(filters))
    for row in filters[:last]:
        yield from _filter_line(row)
    if last < len(filters):
        rest = len(filters) - last
        yield f"       {rest} more {'is' if rest == 1 else 'are'} not looked at"


def _filter_line(row: RouteFilter) -> Iterator[str]:
    name = printable(row.name) if row.name is not None else f"filter {row.number}"
    if row.because is None:
        yield from wrapped(f"yes  {name}: {printable(row.expression)}", "  ", more="       ")
    else:
        yield from wrapped(f"no   {name}: {_false_comparison(row.because)}", "  ", more="       ")


def _false_comparison(because: FalseComparison) -> str:
    found = ", ".join(f"{printable(name)} is {_found(value)}" for name, value in because.found.items())
    return f"{printable(because.comparison)} is false{': ' if found else ''}{found}"


def _found(value: Any) -> str:
    return "missing or null" if value is None else SENSITIVE if value == SENSITIVE else shown_value(value)


def shown_value(value: Any, *, longest: int | None = _LONGEST_VALUE) -> str:
    """A JSON value as text, cut to *longest* characters; None for no limit."""
    text = printable(json.dumps(value, ensure_ascii=False))
    return text if longest is None or len(text) <= longest else f"{text[: longest - 3]}..."


def _step_lines(step: RouteStep, route: Route) -> Iterator[str]:
    heading = f"Step {step.number}: queue {printable(step.queue)}"
    yield click.style(heading, bold=True)
    where = filter_label(step.filter, step.filter_name)
    target = f", target {step.target}" if step.filter is not None else ""
    yield from wrapped(f"{where}{target}; priority {step.priority}; {_deadline(step)}", "  ")
    if step.known_worker is not None:
        yield from wrapped(_known_worker(step.known_worker), "  ")
    if step.expression is not None:
        yield from wrapped(f"only workers with: {printable(step.expression)}", "  ")
    yield from wrapped(f"eligible: {names(step.eligible)}{_offered(step)}", "  ")
    yield from excluded_lines(step)
    yield from wrapped(_onward(step, route), "  ")


def _deadline(step: RouteStep) -> str:
    return "no deadline" if step.deadline is None else f"deadline at {age(step.deadline)}"


def _offered(step: RouteStep) -> str:
    if step.offered_to > 1:
        return f" (offered to {step.offered_to} immediately)"
    return ""


def _known_worker(sought: WantedWorker) -> str:
    if sought.value is None:
        return "wants a known worker, but the task names none: nobody can take it"
    return f"wants the known worker {shown_value(sought.value)} alone{_debugger(sought.debugger_code)}"


def _debugger(code: int | None) -> str:
    return "" if code is None else f", who cannot be had (TaskRouter's error {code})"


def excluded_lines(step: RouteStep) -> Iterator[str]:
    """Those nearest to being eligible, and why they are not."""
    if not step.declared:
        yield from wrapped("This queue is not declared in the configuration, so its workers are unknown.", "  ")
        return
    if not step.excluded:
        return
    yield "  not eligible:"
    for row in step.excluded[:_NEAREST]:
        yield from wrapped(f"{printable(row.worker)}: {_exclusion(row)}", "    ")
    if (rest := step.excluded_count - _NEAREST) > 0:
        yield f"    and {rest} more"


def _exclusion(row: ExcludedWorker) -> str:
    because = "" if row.because is None else f": {_false_comparison(row.because)}"
    found: Mapping[str, Any] = row.found or {}
    match row.obstacle:
        case Obstacle.NOT_IN_QUEUE:
            return f"not in the queue{because or ': its target_workers is empty'}"
        case Obstacle.NOT_WANTED:
            return "is not the worker wanted"
        case Obstacle.EXPRESSION:
            return f"not wanted{because}"
        case Obstacle.ACTIVITY:
            return f"not available: in the activity {printable(found['activity'])}"
        case Obstacle.CHANNEL:
            return "takes no tasks of this channel now"
        case Obstacle.CAPACITY:
            return f"no capacity: {found['used']} of {found['capacity']} in use"
        case _:
            assert_never(row.obstacle)


def _onward(step: RouteStep, route: Route) -> str:
    match step.left_by:
        case None:
            return f"if no one takes it, it waits here{_not_skipped(step)}"
        case "skip":
            return f"skipped immediately, because {printable(step.skip_if or '')}: {_next(step, route)}"
        case "timeout":
            late = step.deadline is not None and step.deadline <= step.entered
            when = "passed immediately" if late else f"at {age(step.deadline or 0)}"
            return f"{when}, if no one has taken it: {_next(step, route)}{_not_skipped(step)}"
        case _:
            assert_never(step.left_by)


def _not_skipped(step: RouteStep) -> str:
    return "" if step.not_skipped is None else f" (not skipped: {_false_comparison(step.not_skipped)})"


def _next(step: RouteStep, route: Route) -> str:
    """Where it goes on after *step*."""
    if step.number == len(route.steps):
        return "it leaves the workflow"
    following = route.steps[step.number]
    if following.filter != step.filter:
        where = filter_label(following.filter, following.filter_name)
        return f"on to step {following.number}, of {where}"
    return f"on to step {following.number}"


def _end(route: Route) -> str:
    when, reason = age(route.end.at), route.end.reason
    match route.end.how:
        case "no_route":
            return f"no filter takes it and there is no default filter, so it is canceled immediately ({reason})."
        case "timed_out":
            return f"at {when} it falls out of the workflow and is canceled ({reason})."
        case "skipped":
            return f"it skips out of the workflow and is canceled at {when} ({reason})."
        case "expired":
            queue = printable(route.steps[-1].queue)
            return f"it waits in {queue} until somebody takes it; at {when} it is canceled ({reason})."
        case "not_accepted":
            return f"at {when} it is canceled ({reason})."
        case _:
            assert_never(route.end.how)
