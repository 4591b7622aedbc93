"""Simulated days as one self-contained page: figures, lines by interval, and the worst intervals. No script."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from tr_apply.picture import STYLE, Picture, html_page, markup
from tr_apply.report.simulation_lanes import counted_lanes
from tr_apply.report.simulation_text import (
    CALIBRATION,
    COLUMNS,
    alone,
    calibration_rows,
    changes_of,
    gate_sentence,
    headline,
    label_of_group,
    marks,
    mean_of,
    moved,
    occupancy,
    offered,
    rows_of,
    whole,
    written,
)
from tr_apply.simulation.results import SimulatedGroup, SimulatedScenario, SimulationResults

_PAIR: Final = 2
_WIDTH: Final = 760
_HEIGHT: Final = 210
_LEFT: Final = 46
_BOTTOM: Final = 26
_TOP: Final = 10
_STEPS: Final = (0.0, 0.25, 0.5, 0.75, 1.0)
_NEAR: Final = 0.2
_LABELS: Final = 12
"""Labels below a chart, at most; more would run into each other."""

_PARTS: Final = """
.note { color: var(--dim); margin: .2rem 0; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: .25rem .7rem; text-align: left; white-space: nowrap; border-top: 1px solid var(--edge); }
thead th { border-top: 0; color: var(--dim); font-weight: 600; font-size: .87em; }
tbody tr:nth-child(even) { background: var(--band); }
td small, th small { color: var(--dim); }
.sure { font-weight: 600; }
.heat td, .heat thead th { text-align: center; padding: .2rem .25rem; font-size: .85em; }
.heat small { display: block; }
.level-0 { background: var(--bad-band); } .level-1 { background: var(--warn-band); }
.level-2 { background: var(--good-band); }
.gate { border-left: 4px solid var(--bad); background: var(--bad-band); padding: .35rem .8rem; margin: .3rem 0; }
.gate.passed { border-color: var(--good); background: var(--good-band); }
.gate.undecided { border-color: var(--warn); background: var(--warn-band); }
svg { display: block; width: 100%; min-width: 34rem; max-width: 56rem; height: auto; }
svg text { fill: var(--dim); font: 11px system-ui, sans-serif; }
.grid { stroke: var(--edge); stroke-width: 1; }
.target { stroke: var(--warn); stroke-width: 1.5; stroke-dasharray: 5 4; }
.before, .after { fill: none; stroke-width: 2; }
.before { stroke: var(--dim); stroke-dasharray: 2 3; }
.after { stroke: var(--good); }
.band { stroke: none; opacity: .18; }
.band.before { fill: var(--dim); }
.band.after { fill: var(--good); }
.bar { stroke: var(--good); stroke-width: 2; }
.dot { fill: var(--good); }
"""


DAYS_STYLE: Final = f".days {{{_PARTS}}}"
"""For another page that shows `days_html`; its own rules stay as they are."""


def days_html(results: SimulationResults) -> Iterator[str]:
    """The comparison as a section of another page."""
    yield '<section class="days"><h2>Simulated days, before and after</h2>'
    yield from _parts(results)
    yield "</section>"


def _parts(results: SimulationResults, lanes: Iterable[str] = ()) -> Iterator[str]:
    yield from (f'<p class="note">{markup(line)}</p>' for line in headline(results))
    yield from _gates(results)
    yield from _tables(results) if len(results.scenarios) <= _PAIR else _sweep(results)
    yield from _calibration(results)
    yield from lanes
    yield from _lines(results)
    yield from _heat(results.scenarios[-1], results) if len(results.scenarios) <= _PAIR else ()
    yield from _foot(results)


def simulation_html(results: SimulationResults, picture: Picture | None = None) -> str:
    """*results* as a page, with the lanes of *picture*, in whose steps it was counted."""
    title = "Simulated days" if len(results.scenarios) == 1 else "Simulated days, compared"
    lanes = () if picture is None else counted_lanes(picture, results.scenarios[-1])
    body = ('<main class="days">', f"<h1>{title}</h1>", *_parts(results, lanes), "</main>")
    return html_page(f"tr-apply: {title.lower()}", body, style=f"{STYLE}{DAYS_STYLE}")


def _gates(results: SimulationResults) -> Iterator[str]:
    for each in results.gates:
        yield f'<p class="gate {each.state}"><b>{each.state.capitalize()}:</b> {markup(gate_sentence(each))}</p>'


def _foot(results: SimulationResults) -> Iterator[str]:
    for note in results.notes:
        yield f'<p class="note">{markup(note)}.</p>'
    yield f'<p class="note">Not modelled: {markup(", ".join(results.not_modelled))}.</p>'


# Tables


def _tables(results: SimulationResults) -> Iterator[str]:
    first, last = results.scenarios[0], results.scenarios[-1]
    is_compared = first is not last
    changes = changes_of(results, last.name)
    yield '<div class="scroll"><table><thead><tr><th></th><th>offered</th>'
    yield "".join(f"<th>{markup(title)}</th>" for title, _ in COLUMNS) + "</tr></thead><tbody>"
    afterwards = {(each.by, each.name): each for each in rows_of(last)}
    for each in rows_of(first):
        after = afterwards.get((each.by, each.name), each)
        cells = [f"<th>{markup(label_of_group(each))}</th>", f"<td>{markup(offered(each, after))}</td>"]
        for _, measure in COLUMNS:
            change = changes.get((each.by, each.name, measure))
            if not is_compared or change is None:
                cells.append(f"<td>{markup(alone(each, measure))}</td>")
                continue
            sure = ' class="sure"' if change.sure else ""
            values = " → ".join(_value(side, measure) for side in (each, after))
            cells.append(f"<td{sure}>{markup(values)} <small>{markup(moved(change, measure))}</small></td>")
        yield f"<tr>{''.join(cells)}</tr>"
    yield "</tbody></table></div>"
    people = " → ".join(occupancy(whole(each)) for each in results.scenarios)
    yield f'<p class="note">Occupancy {markup(people)} %.</p>'
    yield f'<p class="note">{markup(marks(results))}</p>'


def _value(group: SimulatedGroup, measure: str) -> str:
    found = mean_of(group, measure)  # type: ignore[arg-type]  # a name of COLUMNS
    return "-" if found.mean is None else written(found.mean, measure)  # type: ignore[arg-type]


def _sweep(results: SimulationResults) -> Iterator[str]:
    yield from _sweep_chart(results)
    yield '<div class="scroll"><table><thead><tr><th></th><th>workers</th><th>service level %</th><th>change</th>'
    yield "<th>ASA</th><th>abandoned %</th><th>occupancy %</th></tr></thead><tbody>"
    for each in results.scenarios:
        group = whole(each)
        change = changes_of(results, each.name).get(("all", group.name, "service_level"))
        cells = (
            str(each.workers),
            alone(group, "service_level"),
            "" if change is None else moved(change, "service_level"),
            alone(group, "asa_s"),
            alone(group, "abandonment"),
            occupancy(group),
        )
        yield f"<tr><th>{markup(each.name)}</th>{''.join(f'<td>{markup(cell)}</td>' for cell in cells)}</tr>"
    yield "</tbody></table></div>"
    yield f'<p class="note">{markup(marks(results))}</p>'


def _calibration(results: SimulationResults) -> Iterator[str]:
    if not results.calibration:
        return
    yield '<h2>Recorded and simulated</h2><div class="scroll"><table><thead><tr>'
    yield "".join(f"<th>{markup(title)}</th>" for title in CALIBRATION) + "</tr></thead><tbody>"
    for name, *cells in calibration_rows(results):
        yield f"<tr><th>{markup(name)}</th>{''.join(f'<td>{markup(cell)}</td>' for cell in cells)}</tr>"
    yield "</tbody></table></div>"


# Charts


def _x(index: int, count: int) -> float:
    return round(_LEFT + (index + 0.5) * (_WIDTH - _LEFT) / count, 1)


def _y(share: float) -> float:
    return round(_TOP + (1 - min(1.0, max(0.0, share))) * (_HEIGHT - _TOP - _BOTTOM), 1)


def _frame(title: str, labels: Sequence[str], target: float | None) -> Iterator[str]:
    """The beginning of a chart of shares: its grid, its labels and the target."""
    said = markup(title)
    yield f'<div class="scroll"><svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{said}">'
    yield f"<title>{said}</title>"
    for step in _STEPS:
        yield f'<line class="grid" x1="{_LEFT}" x2="{_WIDTH}" y1="{_y(step)}" y2="{_y(step)}"/>'
        yield f'<text x="{_LEFT - 6}" y="{_y(step) + 4}" text-anchor="end">{100 * step:.0f} %</text>'
    every = -(-len(labels) // _LABELS)
    for index, label in enumerate(labels):
        if index % every == 0:
            x = _x(index, len(labels))
            yield f'<text x="{x}" y="{_HEIGHT - 8}" text-anchor="middle">{markup(label)}</text>'
    if target is not None:
        yield f'<line class="target" x1="{_LEFT}" x2="{_WIDTH}" y1="{_y(target)}" y2="{_y(target)}"/>'


def _sweep_chart(results: SimulationResults) -> Iterator[str]:
    labels = [str(each.workers) for each in results.scenarios]
    if len(set(labels)) == 1:
        labels = [each.name.rpartition(":")[2] for each in results.scenarios]
    title = "Service level of all tasks, by people" if len(set(labels)) > 1 else "Service level of all tasks"
    yield f"<h2>{title}</h2>"
    yield from _frame(title, labels, None)
    for index, scenario in enumerate(results.scenarios):
        found = whole(scenario).service_level
        if found.mean is None:
            continue
        x, half = _x(index, len(labels)), found.half_width or 0.0
        yield f'<line class="bar" x1="{x}" x2="{x}" y1="{_y(found.mean - half)}" y2="{_y(found.mean + half)}"/>'
        said = f"{scenario.name}: {alone(whole(scenario), 'service_level')} %"
        yield f'<circle class="dot" cx="{x}" cy="{_y(found.mean)}" r="4"><title>{markup(said)}</title></circle>'
    yield "</svg></div>"


def _lines(results: SimulationResults) -> Iterator[str]:
    """A chart for each channel: the service level by interval, before and after."""
    shown = [results.scenarios[0], *results.scenarios[1:2]] if len(results.scenarios) <= _PAIR else ()
    if not shown:
        return
    labels = _intervals(shown)
    for channel in dict.fromkeys(each.name for side in shown for each in side.results if each.by == "channel"):
        title = f"Service level of {channel}, by interval of arrival"
        target = next(
            (each.target for each in results.service_levels if each.queue is None and each.channel in (None, channel)),
            None,
        )
        yield f"<h2>{markup(title)}</h2>"
        yield from _frame(title, labels, target)
        for side in shown:
            kind = "before" if len(shown) > 1 and side is shown[0] else "after"
            yield from _series(_of_channel(side, channel), labels, kind)
        yield "</svg></div>"
        legend = "Solid: after; dotted: before. " if len(shown) > 1 else ""
        yield f'<p class="note">{legend}The bands are the intervals around the means; the dashes are the target.</p>'


def _intervals(scenarios: Sequence[SimulatedScenario]) -> list[str]:
    return sorted({each.interval for side in scenarios for each in side.results if each.interval is not None})


def _of_channel(scenario: SimulatedScenario, channel: str) -> Mapping[str, SimulatedGroup]:
    groups = (each for each in scenario.results if each.by == "channel" and each.name == channel)
    return {each.interval: each for each in groups if each.interval is not None}


def _series(groups: Mapping[str, SimulatedGroup], labels: Sequence[str], kind: str) -> Iterator[str]:
    points = []
    for index, label in enumerate(labels):
        found = groups[label].service_level if label in groups else None
        if found is not None and found.mean is not None:
            points.append((_x(index, len(labels)), found.mean, found.half_width or 0.0))
    upper = [f"{x},{_y(mean + half)}" for x, mean, half in points]
    lower = [f"{x},{_y(mean - half)}" for x, mean, half in reversed(points)]
    if points:
        yield f'<polygon class="band {kind}" points="{" ".join([*upper, *lower])}"/>'
        yield f'<polyline class="{kind}" points="{" ".join(f"{x},{_y(mean)}" for x, mean, _ in points)}"/>'


# Where it burns


def _heat(scenario: SimulatedScenario, results: SimulationResults) -> Iterator[str]:
    groups = {(each.name, each.interval): each for each in scenario.results if each.by == "queue" and each.interval}
    labels = _intervals([scenario])
    names = list(dict.fromkeys(name for name, _ in groups))
    if not names:
        return
    yield f"<h2>Service level by queue and interval ({markup(scenario.name)})</h2>"
    yield '<div class="scroll"><table class="heat"><thead><tr><th></th>'
    yield "".join(f"<th>{markup(label)}</th>" for label in labels) + "</tr></thead><tbody>"
    for name in names:
        cells = "".join(_cell(groups.get((name, label)), results) for label in labels)
        yield f"<tr><th>{markup(name)}</th>{cells}</tr>"
    yield "</tbody></table></div>"
    targets = {target for name in names if (target := _target_of(name, results)) is not None}
    if targets:
        shown = ", ".join(f"{100 * each:g} %" for each in sorted(targets))
        said = f"Green is at the target ({shown}), yellow up to 20 points below it, red further below."
        yield f'<p class="note">{said}</p>'
    yield '<p class="note">Per cent, with the half-width (±? of one day alone); an empty cell had no task.</p>'


def _target_of(queue: str, results: SimulationResults) -> float | None:
    """The target of tasks that end in *queue*: its own, else the highest, as its channels are not known here."""
    goals = results.service_levels
    own = [each.target for each in goals if each.queue == queue and each.target is not None]
    others = [each.target for each in goals if each.queue is None and each.target is not None]
    return own[0] if own else max(others, default=None)


def _cell(group: SimulatedGroup | None, results: SimulationResults) -> str:
    if group is None or group.service_level.mean is None:
        return "<td></td>"
    mean, half = group.service_level.mean, group.service_level.half_width
    target = _target_of(group.name, results)
    level = "" if target is None else f' class="level-{2 if mean >= target else 1 if mean >= target - _NEAR else 0}"'
    width = "±?" if half is None else f"±{100 * half:.0f}"
    return f"<td{level}>{100 * mean:.0f} <small>{width}</small></td>"
