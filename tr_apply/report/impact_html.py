"""The impact of a plan on people and tasks, as parts of a page: tiles, tables, and new mistakes."""

import json
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Final, NamedTuple

from tr_apply.picture import Picture, chip_html, markup
from tr_apply.plan.change import Action, Plan
from tr_apply.plan.checks.guard import listed
from tr_apply.plan.impact import FilterRoute, Impact, QueueChange, RouteChange
from tr_apply.report.impact import by_frequency, by_urgency
from tr_apply.resources import KIND_BY_NAME
from tr_apply.routing.names import name_key

_ROWS: Final = 50
"""Rows of a table; the JSON has them all."""

_EXAMPLES: Final = "One row for each pair of filters, with an example. Such a task may come; perhaps none ever has."


class Tile(NamedTuple):
    """A figure on top of the page."""

    label: str
    value: str
    more: str
    is_bad: bool = False


def tiles_html(plan: Plan) -> str:
    """How much the plan does, and to whom."""
    tiles = "".join(map(_tile, (*_of_impact(plan), _requests(plan), _deletes(plan))))
    return f'<dl class="tiles">{tiles}</dl>'


def _tile(tile: Tile) -> str:
    tone = " bad" if tile.is_bad else ""
    return (
        f'<div class="tile{tone}"><dt>{markup(tile.label)}</dt>'
        f"<dd><b>{markup(tile.value)}</b> <span>{markup(tile.more)}</span></dd></div>"
    )


def _of_impact(plan: Plan) -> Iterator[Tile]:
    if plan.impact is not None:
        yield _people(plan.impact)
        yield _tasks(plan.impact)
    elif plan.target.workspace_sid is None:
        yield Tile("people in queues", "new", "nobody works in this workspace yet")
        yield Tile("tasks", "new", "no task is in this workspace yet")
    else:
        yield Tile("people in queues", "not known", "not worked out for this plan")
        yield Tile("tasks", "not known", "not worked out for this plan")


def _people(impact: Impact) -> Tile:
    queues = impact.people.queues
    if not queues:
        return Tile("people in queues", "0 changed", "every queue keeps its members")
    lost, gained = {name for each in queues for name in each.lost}, {name for each in queues for name in each.gained}
    words = [f"{len(names)} {what}" for names, what in ((lost, "lost"), (gained, "gained")) if names]
    empty = [each.queue for each in queues if each.falls_to_nobody]
    more = f"nobody is left in {listed(empty)}" if empty else f"in {listed([each.queue for each in queues])}"
    return Tile("people in queues", ", ".join(words), more, is_bad=bool(lost))


def _tasks(impact: Impact) -> Tile:
    known = "; not everything is known" if impact.unknown else ""
    if impact.tasks is not None:
        share = f"{impact.tasks.elsewhere:,} of {impact.tasks.total:,}"
        more = f", {impact.tasks.unclear:,} more may" if impact.tasks.unclear else ""
        return Tile("recorded tasks", share, f"go elsewhere{more} ({impact.tasks.file}){known}")
    number = len(impact.routes)
    value = f"{number} {'kind' if number == 1 else 'kinds'}"
    if not number:
        return Tile("tasks", value, f"{'known to go' if known else 'goes'} elsewhere{known}")
    return Tile("tasks", value, f"{'goes' if number == 1 else 'go'} elsewhere{known}")


def _requests(plan: Plan) -> Tile:
    counts = [f"{count} to {action.value}" for action in Action if (count := plan.count(action))]
    return Tile("requests", str(plan.requests), ", ".join([*counts, f"{plan.unchanged} unchanged"]))


def _deletes(plan: Plan) -> Tile:
    deleted = Counter(each.kind for each in plan.operations if each.action is Action.DELETE)
    words = [
        f"{number} {KIND_BY_NAME[kind].title if number == 1 else KIND_BY_NAME[kind].plural}"
        for kind, number in deleted.items()
    ]
    words += [f"{count} replaced"] if (count := plan.count(Action.REPLACE)) else []
    total = plan.count(Action.DELETE)
    return Tile("deletes", str(total), ", ".join(words) or "nothing is taken away", is_bad=bool(words))


# Tables


def people_html(impact: Impact, picture: Picture, level: int) -> Iterator[str]:
    """Who loses and who gains a place in a queue; nothing where nobody does."""
    queues = sorted(impact.people.queues, key=by_urgency)
    if not queues:
        return
    yield f"<section><h{level}>Who is in the queues</h{level}>"
    yield from _table(("queue", "before", "after", "loses", "gains"), (_queue_row(each, picture) for each in queues))
    yield from _further(len(queues), "queues")
    yield "</section>"


def _queue_row(change: QueueChange, picture: Picture) -> Sequence[str]:
    after = '<b class="bad">nobody</b>' if change.falls_to_nobody else str(change.after)
    names = (markup(listed(each)) or "nobody" for each in (change.lost, change.gained))
    return chip_html(change.queue, None, picture), str(change.before), after, *names


def elsewhere_html(impact: Impact, picture: Picture, level: int) -> Iterator[str]:
    """Which kinds of tasks go elsewhere, with an example of each; nothing where none do."""
    routes = by_frequency(impact.routes)
    if not routes:
        return
    counts = any(each.count is not None for each in routes)
    header = ("workflow", "a task such as", "before", "after", *(("recorded",) if counts else ()))
    yield f"<section><h{level}>Tasks that go elsewhere</h{level}>"
    yield f'<p class="note">{_EXAMPLES}</p>'
    yield from _table(header, (_route_row(each, impact, picture, counts=counts) for each in routes))
    yield from _further(len(routes), "kinds of tasks")
    yield "</section>"


def _route_row(change: RouteChange, impact: Impact, picture: Picture, *, counts: bool) -> Sequence[str]:
    task = f"<code>{markup(json.dumps(change.task, ensure_ascii=False))}</code>"
    ways = _way(change.before, picture), _way(change.after, picture, impact.empty_queues)
    recorded = ["" if change.count is None else f"{change.count:,}"] if counts else []
    return markup(change.workflow), task, *ways, *recorded


def _way(route: FilterRoute | None, picture: Picture, empty: Collection[str] = ()) -> str:
    if route is None:
        return "no filter"
    name = f"filter {route.filter}" if route.filter else "the default filter"
    called = f"{name} ({route.name})" if route.name else name
    chips = " → ".join(
        "no queue" if each is None else chip_html(each, 0 if name_key(each) in empty else None, picture)
        for each in route.steps
    )
    return f'<span class="condition">{markup(called)}</span> {chips}'


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """*rows* are HTML already; each cell says its column again where there is no room for columns."""
    heads = "".join(f'<th scope="col">{each}</th>' for each in header)
    yield f"<table><thead><tr>{heads}</tr></thead><tbody>"
    for _, row in zip(range(_ROWS), rows, strict=False):
        cells = zip(header, row, strict=True)
        yield (
            "<tr>"
            + "".join(f'<td><span class="column">{column}: </span>{cell}</td>' for column, cell in cells)
            + "</tr>"
        )
    yield "</tbody></table>"


def _further(number: int, what: str) -> Iterator[str]:
    if (rest := number - _ROWS) > 0:
        yield f'<p class="note">And {rest} more {what}; the JSON of the plan has them all.</p>'


def findings_html(impact: Impact, level: int) -> Iterator[str]:
    """The new mistakes in the configuration, and the facts that are not known."""
    found = [f"<code>{markup(each.code)}</code> {markup(each.message)}" for each in impact.findings]
    yield from _list("New mistakes", found, level)
    yield from _list("Not known", map(markup, impact.unknown), level)


def _list(title: str, items: Iterable[str], level: int) -> Iterator[str]:
    if lines := [f"<li>{each}</li>" for each in items]:
        yield f'<section><h{level}>{title}</h{level}><ul class="said">'
        yield from lines
        yield "</ul></section>"
