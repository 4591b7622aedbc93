"""The impact of a plan in words: who loses a place in a queue first, then which tasks go elsewhere."""

import json
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Final

from tr_apply.plan.checks.guard import listed
from tr_apply.plan.impact import BroughtFinding, FilterRoute, Impact, QueueChange, RouteChange, TasksImpact
from tr_apply.printable import printable
from tr_apply.report.text_diff import Sign, TextLine
from tr_apply.routing.names import name_key

ROUTES_SHOWN: Final = 10
"""Maximum number of kinds of tasks in reports for people; the JSON has them all."""


def impact_lines(impact: Impact | None) -> Iterator[TextLine]:
    """Everything that there is to say; nothing where nobody is affected."""
    return below("Impact:", [*lost_lines(impact), *further_impact_lines(impact)])


def below(title: str, lines: Iterable[TextLine]) -> Iterator[TextLine]:
    """*title*, then *lines*; nothing where there are none."""
    listed_lines = list(lines)
    if listed_lines:
        yield TextLine(title)
        yield from listed_lines


def lost_lines(impact: Impact | None) -> Iterator[TextLine]:
    """The queues that lose people, those first that fall to nobody."""
    queues = () if impact is None else sorted(impact.people.queues, key=by_urgency)
    yield from (_queue(each) for each in queues if each.lost)


def further_impact_lines(impact: Impact | None) -> Iterator[TextLine]:
    """The same without the queues that lose people."""
    if impact is None:
        return
    queues = sorted(impact.people.queues, key=by_urgency)
    yield from (_queue(each) for each in queues if not each.lost)
    if impact.tasks is not None:
        yield from _tasks(impact.tasks)
    yield from (_route(each, impact) for each in by_frequency(impact.routes)[:ROUTES_SHOWN])
    yield from _further(impact.routes)
    yield from map(_finding, impact.findings)
    yield from (TextLine(f"not known: {printable(each)}", depth=1) for each in impact.unknown)


def by_urgency(change: QueueChange) -> tuple[bool, bool, str]:
    """Queues that fall to nobody first, then those that lose people."""
    return not change.falls_to_nobody, not change.lost, change.queue


def _queue(change: QueueChange) -> TextLine:
    after = "nobody" if change.falls_to_nobody else str(change.after)
    parts = [f"task queue {printable(change.queue)}: {change.before} -> {after}"]
    parts += [f"loses {_names(change.lost)}"] if change.lost else []
    parts += [f"gains {_names(change.gained)}"] if change.gained else []
    sign: Sign = "-" if change.lost else "+"
    return TextLine("; ".join(parts), sign, 1)


def _names(names: Sequence[str]) -> str:
    return listed([printable(name) for name in names])


def _tasks(tasks: TasksImpact) -> Iterator[TextLine]:
    verb = "goes" if tasks.elsewhere == 1 else "go"
    share = f", {tasks.elsewhere * 100 / tasks.total:.3g}%" if tasks.elsewhere else ""
    yield TextLine(
        f"{tasks.elsewhere} of {tasks.total} recorded tasks ({printable(tasks.file)}) {verb} elsewhere{share}", depth=1
    )
    if tasks.unclear:
        why = "the record does not have the attribute or the value that the change asks for"
        yield TextLine(f"{tasks.unclear} more may: {why}", depth=1)


def _route(change: RouteChange, impact: Impact) -> TextLine:
    task = printable(json.dumps(change.task, ensure_ascii=False))
    which = "1 task" if change.count == 1 else f"{change.count} tasks" if change.count else "tasks"
    after = _way(change.after, impact.empty_queues)
    way = f"{_way(change.before)} -> {after}{' (none recorded)' if change.count == 0 else ''}"
    return TextLine(f"workflow {printable(change.workflow)}: {which} such as {task}: {way}", depth=1)


def _way(route: FilterRoute | None, empty: Collection[str] = ()) -> str:
    if route is None:
        return "no filter"
    steps = ", then ".join(_queue_name(each, empty) for each in route.steps)
    if not route.filter:
        return f"the default filter ({steps})"
    name = f" {printable(route.name)}" if route.name else ""
    return f"filter {route.filter}{name} ({steps})"


def _queue_name(queue: str | None, empty: Collection[str]) -> str:
    if queue is None:
        return "no queue"
    return f"{printable(queue)}, where nobody is" if name_key(queue) in empty else printable(queue)


def by_frequency(routes: Sequence[RouteChange]) -> list[RouteChange]:
    """Those that most recorded tasks go first; else in their order."""
    return sorted(routes, key=lambda each: -(each.count or 0))


def _further(routes: Sequence[RouteChange]) -> Iterator[TextLine]:
    if (rest := len(routes) - ROUTES_SHOWN) > 0:
        yield TextLine(f"and {rest} more {'kind' if rest == 1 else 'kinds'} of tasks go elsewhere", depth=1)


def _finding(finding: BroughtFinding) -> TextLine:
    return TextLine(f"{printable(finding.message)} [{finding.code}]", depth=1)
