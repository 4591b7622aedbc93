"""Plans as one self-contained page: no scripts, nothing is loaded, light or dark as the reader's browser prefers.

Decisions come first, then the routing before and after, then the people and tasks concerned. The changes field by field
are folded below.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from tr_apply.picture import STYLE as PARTS_STYLE
from tr_apply.picture import Counted, html_page, lanes_html, markup
from tr_apply.plan.change import Action, Operation, Plan
from tr_apply.plan.saved.document import plan_id
from tr_apply.report.entry import Entry, headline
from tr_apply.report.impact_html import elsewhere_html, findings_html, people_html, tiles_html
from tr_apply.report.page_style import STYLE
from tr_apply.report.plan_picture import MOST_LANES, PlanPicture, plan_picture
from tr_apply.report.rows import DESTRUCTIVE, Row, in_reading_order, objections, operation_rows
from tr_apply.report.text_diff import Sign, TextLine

_TYPED: Final = re.compile(r"`(?P<quoted>[^`]+)`|(?<![\w-])(?P<option>--[a-z]+(-[a-z]+)*( [a-z_]+=[0-9]+)?)")
_TAGS: Mapping[Sign, str] = {"+": "ins", "-": "del"}
_DEEPEST = 6  # levels that are set in
_FEW: Final = 20
"""Operations that are shown unfolded where there is no picture to look at."""


def plans_html(entries: Sequence[Entry]) -> str:
    """All of *entries* on one page."""
    title, room = f"tr-apply: {headline(entries)}", MOST_LANES
    is_alone = len(entries) == 1
    body = ["<main>", f"<h1>{markup(_heading(entries[0]) if is_alone else title)}</h1>", *_contents(entries)]
    for number, entry in enumerate(entries, 1):
        drawn = None if entry.plan is None else plan_picture(entry.plan, room, _counted(entry))
        room -= 0 if drawn is None else drawn.lanes
        start = "<section>" if is_alone else f'<section class="workspace" id="workspace-{number}">'
        heading = [] if is_alone else [f"<h2>{markup(entry.title)}</h2>"]
        body += [start, *heading, *_section(entry, drawn, 2 if is_alone else 3), "</section>"]
    return html_page(title, [*body, "</main>"], style=f"{PARTS_STYLE}{STYLE}{_style_of_days(entries)}")


def _counted(entry: Entry) -> tuple[Counted, Counted] | None:
    """The figures of steps on simulated days, before and after."""
    if entry.simulation is None:
        return None
    from tr_apply.report.simulation_lanes import counted_in  # noqa: PLC0415  # seldom asked for

    before, after = entry.simulation.scenarios
    return counted_in(before), counted_in(after)


def _style_of_days(entries: Sequence[Entry]) -> str:
    if all(each.simulation is None for each in entries):
        return ""
    from tr_apply.report.simulation_html import DAYS_STYLE  # noqa: PLC0415  # seldom asked for

    return DAYS_STYLE


def _heading(entry: Entry) -> str:
    """The workspace, and what happens to it in a few words."""
    if entry.plan is None or entry.errors or not entry.plan.operations:
        return f"{entry.title}: {entry.outcome}"
    counts = (f"{count} to {action.value}" for action in Action if (count := entry.plan.count(action)))
    return f"{entry.title}: {', '.join(counts)}"


def _contents(entries: Sequence[Entry]) -> Iterator[str]:
    """The result of each of several plans, with a link to it."""
    if len(entries) > 1:
        yield '<nav><ul class="said">'
        for number, each in enumerate(entries, 1):
            yield f'<li><a href="#workspace-{number}">{markup(each.title)}</a>: {markup(each.outcome)}</li>'
        yield "</ul></nav>"


def _section(entry: Entry, drawn: PlanPicture | None, level: int) -> Iterator[str]:
    if entry.places:
        yield f'<p class="place">{markup(", ".join(entry.places))}</p>'
    yield f'<p class="place">Configuration <code>{markup(entry.path)}</code>: {markup(entry.outcome)}</p>'
    for error in (*entry.errors, entry.refused):
        yield from (f'<p class="error">{markup(line)}</p>' for line in error.splitlines() if line.strip())
    if entry.plan is not None and drawn is not None:
        yield from _plan(entry.plan, drawn, level)
    if entry.more:
        yield "<pre>" + "\n".join(markup(line) for line in entry.more.splitlines()) + "</pre>"
    if entry.simulation is not None:
        from tr_apply.report.simulation_html import days_html  # noqa: PLC0415  # seldom asked for

        yield from days_html(entry.simulation)


def _with_code(text: str) -> str:
    """*text* with what a reader types in the style of code; no line breaks at the hyphens of an option."""
    return _TYPED.sub(_code, markup(text))


def _code(typed: re.Match[str]) -> str:
    """One stretch of code; an option between backticks belongs to the code around it."""
    quoted, option = typed["quoted"], typed["option"]
    return f"<code>{quoted}</code>" if quoted else f'<code class="option">{option}</code>'


def _plan(plan: Plan, drawn: PlanPicture, level: int) -> Iterator[str]:
    if plan.operations:
        yield tiles_html(plan)
    yield from (f'<p class="{each.tone}">{_with_code(each.text)}</p>' for each in objections(plan))
    yield from _lanes(plan, drawn, level)
    if plan.impact is not None:
        yield from elsewhere_html(plan.impact, drawn.picture, level)
        yield from people_html(plan.impact, drawn.picture, level)
        yield from findings_html(plan.impact, level)
    yield from (f'<p class="remark">{markup(each.message)}</p>' for each in plan.diagnostics)
    yield from _operations(plan.operations, level, is_folded=bool(drawn.lanes))
    yield f"<p>Plan id: <code>{plan_id(plan)}</code></p>"


def _lanes(plan: Plan, drawn: PlanPicture, level: int) -> Iterator[str]:
    """The workflows whose routing changes, with what it was."""
    if not drawn.lanes and not drawn.notes:
        return
    yield f"<section><h{level}>Routing</h{level}>"
    if drawn.lanes:
        counted = plan.impact is not None and plan.impact.members
        yield f'<p class="note">{_NUMBERS if counted else _NO_NUMBERS}</p>'
    if drawn.is_counted:
        from tr_apply.report.simulation_lanes import COUNTED_NOTE  # noqa: PLC0415  # seldom asked for

        yield f'<p class="note">{markup(COUNTED_NOTE)}</p>'
    yield from (lanes_html(each, drawn.picture, level=level + 1) for each in drawn.picture.workflows)
    yield from (f'<p class="note">{markup(note)}</p>' for note in drawn.notes)
    yield "</section>"


_NUMBERS: Final = (
    "A task takes the first filter that fits, and its steps from left to right until somebody takes it. "
    "The number of a queue is how many people are in it when this plan is done."
)
_NO_NUMBERS: Final = (
    "A task takes the first filter that fits, and its steps from left to right until somebody takes it. "
    "This plan did not read how many people are in the queues."
)


def _operations(operations: Sequence[Operation], level: int, *, is_folded: bool) -> Iterator[str]:
    """Every change, field by field: what takes something away stays open."""
    taken = [each for each in in_reading_order(operations) if each.action in DESTRUCTIVE]
    rest = [each for each in operations if each.action not in DESTRUCTIVE]
    if operations:
        yield f"<section><h{level}>Changes</h{level}>"
        yield from _fold("deleted or replaced", taken, is_open=True)
        yield from _fold("created or updated", rest, is_open=not is_folded and len(rest) <= _FEW)
        yield "</section>"


def _fold(what: str, operations: Sequence[Operation], *, is_open: bool) -> Iterator[str]:
    if operations:
        yield f"<details{' open' if is_open else ''}><summary>{len(operations)} {what}</summary><ul>"
        for operation in operations:
            yield from _operation(operation)
        yield "</ul></details>"


def _operation(operation: Operation) -> Iterator[str]:
    first, *rest = operation_rows(operation)
    source = f' <span class="source">{markup(first.source)}</span>' if first.source else ""
    yield f'<li class="operation {operation.action.value}"><b>{markup(first.label)}</b>{source}'
    if rest:
        yield "<ul>"
        yield from (f"<li>{''.join(_row(row))}</li>" for row in rest)
        yield "</ul>"
    yield "</li>"


def _row(row: Row) -> Iterator[str]:
    yield _signed(row.sign, row.title)
    if row.after:
        yield f" <del>{markup(row.text)}</del> → <ins>{markup(row.after)}</ins>"
    elif row.text:
        yield f" {markup(row.text)}"
    if row.more:
        yield f"<ul>{''.join(map(_line, row.more))}</ul>"


def _line(line: TextLine) -> str:
    text = f"{line.sign} {line.text}" if line.sign else line.text
    depth = f' class="depth-{min(line.depth, _DEEPEST)}"' if line.depth else ""
    return f"<li{depth}>{_signed(line.sign, text)}</li>"


def _signed(sign: Sign, text: str) -> str:
    tag = _TAGS.get(sign)
    return f"<{tag}>{markup(text)}</{tag}>" if tag else markup(text)
