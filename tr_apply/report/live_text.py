"""A route among the people of this minute as text: the answer first, then what supports it."""

from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from typing import Any, Final

import click

from tr_apply.printable import printable
from tr_apply.rehearsal.live_answer import clock, hindrance, listed
from tr_apply.rehearsal.live_facts import LiveFacts, LiveRoute, TaskMoment, TaskNow, WorkerNow, iso, moment_ms
from tr_apply.rehearsal.route import Route, RouteStep
from tr_apply.report.route_text import age, excluded_lines, filter_label, filter_lines, shown_value, wrapped

_WORKERS: Final = 10
_MOMENTS: Final = 12
_ATTRIBUTES: Final = 400  # characters; nobody in a hurry reads all attributes of a Flex task


def live_route_text(found: LiveRoute) -> str:
    """The whole answer."""
    return "\n".join(_lines(found)) + "\n"


def live_route_document(found: LiveRoute, value: Callable[[object], dict[str, Any]]) -> dict[str, Any]:
    """The same as JSON, with the names of an offline route; *value* makes JSON of a dataclass."""
    task = {"attributes": found.attributes, "channel": found.channel, "priority": found.priority}
    empty: dict[str, Any] = {"available": [], "filters": [], "steps": [], "end": None}
    route = {"workflow": found.workflow, "task": task, **empty} if found.route is None else value(found.route)
    return {**route, "live": value(found.facts)}


def _lines(found: LiveRoute) -> Iterator[str]:
    facts, route = found.facts, found.route
    yield from (click.style(line, bold=True) for line in wrapped(printable(facts.answer), "", more=""))
    yield ""
    yield from _task_lines(found)
    if route is not None and route.first is not None:
        yield ""
        yield from _people_lines(route.first, facts)
    if facts.task is None and route is not None and route.filters:
        yield ""
        yield click.style("Filters", bold=True)
        yield from filter_lines(route.filters)
    if facts.task is not None and (facts.task.history or facts.task.events != "whole"):
        yield ""
        yield from _history_lines(facts.task)
    if route is not None and route.steps:
        yield ""
        yield from _next_lines(route, facts.task)
    if facts.notes:
        yield ""
        for each in facts.notes:
            yield from wrapped(f"Note: {printable(each)}.", "")


# The task


def _task_lines(found: LiveRoute) -> Iterator[str]:
    now, route = found.facts.task, found.route
    what = "A task" if now is None else f"Task {printable(now.sid)}"
    where = f" of the workflow {printable(found.workflow)}" if found.workflow else ""
    yield from wrapped(f"{what}{where}, in {printable(found.facts.workspace)}", "")
    if found.attributes or now is None:
        yield from wrapped(f"attributes: {shown_value(found.attributes, longest=_ATTRIBUTES)}", "  ")
    yield f"  channel: {printable(found.channel)}; priority: {found.priority}"
    if now is not None:
        yield from _status_lines(now)
    if route is not None and route.first is not None:
        yield from wrapped(_position(route.first, now), "  ")


def _status_lines(now: TaskNow) -> Iterator[str]:
    since = f"; created {clock(now.created)}" if now.created else ""
    old = f", {duration(now.age)} ago" if now.age is not None and now.created else ""
    yield f"  status: {printable(now.status)}{since}{old}"
    if now.routing_target:
        yield f"  sent to {printable(now.routing_target)}, past the filters"


def _position(step: RouteStep, now: TaskNow | None) -> str:
    """Where it is, or where it would begin."""
    if step.filter is None and not step.default_filter:
        what = f"queue {printable(step.queue)}" if step.queue else "no queue"
    else:
        target = f", target {step.target}" if step.filter is not None else ""
        what = f"step: {filter_label(step.filter, step.filter_name)}{target}, queue {printable(step.queue)}"
    if now is None:
        return what
    since = f", since {clock(now.queue_entered)}" if now.queue_entered else ""
    unsure = "" if now.is_sure else " (a later step of this queue is possible as well)"
    if now.ahead is None:
        return f"{what}{unsure}{since}"
    ahead = {0: "no other task", 1: "1 other task"}.get(now.ahead, f"{now.ahead} other tasks")
    return f"{what}{unsure}{since}; {ahead} of this queue before it"


# The people


def _people_lines(step: RouteStep, facts: LiveFacts) -> Iterator[str]:
    wanted = len(facts.workers)
    of = f"{facts.members} member{'' if facts.members == 1 else 's'}" if step.queue else "no queue"
    queue = f" of the queue {printable(step.queue)}" if step.queue else ""
    yield click.style(f"Whom the step wants: {wanted} ({of}{queue}, {facts.people} in all)", bold=True)
    if step.expression is not None:
        yield from wrapped(f"only workers with: {printable(step.expression)}", "  ")
    for each in facts.workers[:_WORKERS]:
        yield from wrapped(f"{printable(each.worker)}  {_state(each)}", "  ", more="    ")
    if wanted > _WORKERS:
        yield f"  and {wanted - _WORKERS} more (--format json has all)"
    if not facts.workers and step.known_worker is None:
        yield from excluded_lines(step)


def _state(each: WorkerNow) -> str:
    if each.can_take:
        load = f" ({each.used} of {each.capacity} in use)" if each.capacity is not None else ""
        state = f"could take it now: {printable(each.activity)}{load}"
    else:
        state = printable(hindrance(each))
    refused = [f"rejected it {_TIMES.get(each.rejected, f'{each.rejected} times')}"] if each.rejected else []
    if each.timed_out:
        refused.append(f"did not answer {'an offer' if each.timed_out == 1 else f'{each.timed_out} offers'}")
    return "; ".join([state, *refused])


_TIMES: Final = {1: "once", 2: "twice"}


# Past and future of the task


_EVENTS: Final = {
    "task.created": "created",
    "task.updated": "changed",
    "task.canceled": "canceled",
    "task.completed": "completed",
    "task.wrapup": "being wrapped up",
    "task.deleted": "deleted",
    "task.system-deleted": "deleted by TaskRouter",
    "workflow.entered": "entered the workflow",
    "workflow.timeout": "left the workflow: its time was over",
    "workflow.skipped": "left the workflow: every step was skipped",
    "task-queue.entered": "entered the queue {queue}",
    "task-queue.timeout": "time over in the queue {queue}",
    "task-queue.moved": "left the queue {queue}",
    "reservation.created": "offered to {worker}",
    "reservation.accepted": "accepted by {worker}",
    "reservation.rejected": "rejected by {worker}",
    "reservation.timeout": "not answered by {worker}",
    "reservation.canceled": "offer to {worker} canceled",
    "reservation.rescinded": "offer to {worker} withdrawn",
    "reservation.completed": "completed by {worker}",
    "reservation.wrapup": "being wrapped up by {worker}",
}
_UNSAID: Final = frozenset({"workflow.target-matched", "task-queue.moved"})
_UNKNOWN: Final = {
    "absent": "TaskRouter has no event of this task: events are kept for 30 days, and may be late.",
    "refused": "TaskRouter does not show the events of this task to these credentials.",
    "unread": "The events of this task could not be read in time. They say who rejected it; try again.",
    "redacted": "The events are redacted: they do not say who was offered the task.",
    "cut": "There are more events than were read; these are not all.",
}


def _history_lines(now: TaskNow) -> Iterator[str]:
    yield click.style("What happened (UTC)", bold=True)
    told = [each for each in now.history if each.event not in _UNSAID]
    if len(told) > _MOMENTS:
        yield f"  … {len(told) - _MOMENTS} earlier (--format json has all)"
    for each in told[-_MOMENTS:]:
        yield from wrapped(f"{_time(each.at)}  {_told(each)}", "  ", more="            ")
    if now.events in _UNKNOWN:
        yield from wrapped(_UNKNOWN[now.events], "  ")


def _time(moment: str | None) -> str:
    return "(no date)" if moment is None else clock(moment).removesuffix(" UTC")


def _told(each: TaskMoment) -> str:
    if (text := _EVENTS.get(each.event)) is None:
        return printable(each.event)
    return printable(text.format(queue=each.queue or "(unknown)", worker=each.worker or "somebody"))


def _next_lines(route: Route, now: TaskNow | None) -> Iterator[str]:
    """The next steps if nobody takes the task and all workers stay as they are."""
    yield click.style("What happens next, if nobody takes it and nobody changes", bold=True)
    begun = None if now is None else moment_ms(now.created)
    for step, following in zip(route.steps, route.steps[1:], strict=False):
        when = _when(step.entered if step.left_by == "skip" else step.deadline or 0, begun, now)
        why = "skips" if step.left_by == "skip" else "leaves"
        yield from wrapped(f"{when}: it {why} the queue {printable(step.queue)}{_onward(following)}", "  ")
    falls_out = route.steps[-1].left_by is not None
    what = "it leaves the workflow and is canceled" if falls_out else "it is canceled"
    yield from wrapped(f"{_when(route.end.at, begun, now)}: {what} ({route.end.reason})", "  ")


def _onward(step: RouteStep) -> str:
    there = f" and goes on to the queue {printable(step.queue)}, where "
    if step.available:
        return f"{there}{printable(listed(list(step.available)))} could take it now"
    if step.eligible:
        many = len(step.eligible)
        return f"{there}{'the only worker' if many == 1 else f'none of the {many} workers'} whom that step wants " + (
            "cannot take it now" if many == 1 else "can take it now"
        )
    return f"{there}nobody is wanted"


def _when(age_s: int, begun: int | None, now: TaskNow | None) -> str:
    """A moment of the task's life: a time of day where the task is real."""
    if begun is None or now is None:
        return f"at {age(age_s)}"
    left = "" if now.age is None else f" (in {duration(age_s - now.age)})" if age_s > now.age else " (overdue)"
    return f"{clock(iso(begun + 1000 * age_s))}{left}"


def duration(seconds: int) -> str:
    """A length of time as people say it: ``6m 12s``, ``2h 5m``, ``3d 4h``."""
    whole = timedelta(seconds=max(0, seconds))
    hours, rest = divmod(whole.seconds, 3600)
    minutes, secs = divmod(rest, 60)
    parts: Sequence[tuple[int, str]] = [(whole.days, "d"), (hours, "h"), (minutes, "m"), (secs, "s")]
    shown = [f"{number}{unit}" for number, unit in parts if number][:2]
    return " ".join(shown) or "0s"
