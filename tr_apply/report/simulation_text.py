"""Simulated days as text: a table before and after, the most important differences, and the limits."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import click

from tr_apply.printable import printable
from tr_apply.report.route_text import wrapped
from tr_apply.simulation.results import (
    GateResult,
    MeanEstimate,
    Measure,
    SimulatedDifference,
    SimulatedGroup,
    SimulatedScenario,
    SimulationResults,
)

_INDENT: Final = "  "
_LONGEST_NAME: Final = 28
_PAIR: Final = 2
_WIDTH: Final = 110
COLUMNS: Final[tuple[tuple[str, Measure], ...]] = (
    ("service level %", "service_level"),
    ("ASA", "asa_s"),
    ("abandoned %", "abandonment"),
    ("90 % answered by", "wait_p90_s"),
    ("longest wait", "wait_max_s"),
)
_SHARES: Final = frozenset({"service_level", "abandonment", "occupancy"})
_OPTION_VERBS: Final = {
    "max-sl-drop": ("the service level of {name} changes by {number}", "allows -{limit}"),
    "max-abandonment-rise": ("the abandonment of {name} changes by {number}", "allows +{limit}"),
    "min-sl": ("the service level of {name} is {number}", "wants at least {limit}"),
}


def simulation_text(results: SimulationResults) -> str:
    """The figures of the days, the differences, and the results of the limits."""
    lines = [*_head(results), "", *_tables(results), "", *_calibration(results)]
    lines += [*_below_target(results), *_foot(results)]
    return "\n".join(lines) + "\n"


def _head(results: SimulationResults) -> Iterator[str]:
    for line in headline(results):
        yield from wrapped(line, "")


def headline(results: SimulationResults) -> Iterator[str]:
    """The simulated scenario, and its service level."""
    first, *others = results.scenarios
    if len(others) == 1:
        what = f"{printable(others[0].source)} (after) against {printable(first.source)} (before)"
    else:
        what = f"{printable(first.source)}{f' and {len(others)} variants' if others else ''}"
    workers = {each.workers for each in results.scenarios}
    people = f"{min(workers)}" if len(workers) == 1 else f"{min(workers)} to {max(workers)}"
    yield (
        f"{what}: {results.replications} simulated day{'' if results.replications == 1 else 's'}, {people} workers,"
        f" {offered(whole(first), whole(others[0]) if len(others) == 1 else None)} tasks a day"
    )
    if results.interrupted:
        yield "Interrupted: these are only the days that were done. Their intervals are wider."
    yield f"service level = {printable(results.formula)}; who is turned away or waits at the end counts against it"


def whole(scenario: SimulatedScenario) -> SimulatedGroup:
    """All tasks together."""
    return scenario.results[0]


def number(value: float | None) -> str:
    """A number of tasks."""
    return "-" if value is None else f"{value:.0f}" if value >= 10 or value == 0 else f"{value:.1f}"  # noqa: PLR2004


def tasks(found: MeanEstimate) -> str:
    """A number of tasks with its half-width."""
    return f"{number(found.mean)} ±{'?' if found.half_width is None else number(found.half_width)}"


def offered(group: SimulatedGroup, after: SimulatedGroup | None = None) -> str:
    """The tasks of a group, with their half-width; and *after* a change, where that changes them."""
    found = tasks(MeanEstimate(group.offered, group.half_widths.get("offered")))
    return found if after is None or after.offered == group.offered else f"{found} → {offered(after)}"


# Tables


def _tables(results: SimulationResults) -> Iterator[str]:
    match len(results.scenarios):
        case 1:
            yield from _single(results)
        case 2:
            yield from _compared(results)
        case _:
            yield from _sweep(results)


def rows_of(scenario: SimulatedScenario) -> list[SimulatedGroup]:
    """All tasks, then each demand."""
    return [each for each in scenario.results if each.by in ("all", "demand")]


def _single(results: SimulationResults) -> Iterator[str]:
    [scenario] = results.scenarios
    header = ["", "offered", *(title for title, _ in COLUMNS)]
    cells = [
        [label_of_group(each), offered(each), *(alone(each, measure) for _, measure in COLUMNS)]
        for each in rows_of(scenario)
    ]
    yield from _aligned([header, *cells])
    yield ""
    yield f"Occupancy {occupancy(whole(scenario))} %"
    yield marks(results)


def alone(group: SimulatedGroup, measure: Measure) -> str:
    """The *measure* of a group with its half-width."""
    return with_half_width(mean_of(group, measure), measure)


def with_half_width(found: MeanEstimate, measure: Measure) -> str:
    """A mean with its half-width."""
    return "-" if found.mean is None else f"{written(found.mean, measure)} {_half(found.half_width, measure)}"


def comparison(results: SimulationResults) -> list[list[str]]:
    """Before and after as rows of cells; the first row has the titles."""
    before, after = results.scenarios
    others = {(each.by, each.name): each for each in rows_of(after)}
    changes = changes_of(results, after.name)
    return [
        ["", "offered", *(title for title, _ in COLUMNS)],
        *(
            [
                label_of_group(each),
                offered(each, others.get((each.by, each.name))),
                *(_change(each, others.get((each.by, each.name)), measure, changes) for _, measure in COLUMNS),
            ]
            for each in rows_of(before)
        ),
    ]


def _compared(results: SimulationResults) -> Iterator[str]:
    before, after = results.scenarios
    titles, *cells = comparison(results)
    under = ["", titles[1], *["before → after, change"] * len(COLUMNS)]
    yield from _aligned([["", "", *titles[2:]], under, *cells])
    yield ""
    yield f"Occupancy {occupancy(whole(before))} → {occupancy(whole(after))} %"
    yield from wrapped(marks(results), "")


def marks(results: SimulationResults) -> str:
    """The meaning of the marks in a comparison."""
    if results.replications == 1:
        return "±? is an unknown half-width: one day alone says nothing about the others."
    share = f"{100 * results.confidence:g} %"
    if len(results.scenarios) == 1:
        return f"± is the half-width of the interval at {share}."
    return (
        f"± is the half-width of the change at {share}; ! is sure at {share} in all {results.comparisons} comparisons"
        " together."
    )


def changes_of(results: SimulationResults, scenario: str) -> Mapping[tuple[str, str, str], SimulatedDifference]:
    """The differences of a scenario by group and measure."""
    return {(each.by, each.name, each.measure): each for each in results.differences if each.scenario == scenario}


def _change(
    before: SimulatedGroup,
    after: SimulatedGroup | None,
    measure: Measure,
    changes: Mapping[tuple[str, str, str], SimulatedDifference],
) -> str:
    values = [_plain(before, measure), "-" if after is None else _plain(after, measure)]
    change = changes.get((before.by, before.name, measure))
    if change is None or change.mean is None:
        return " → ".join(values)
    return f"{' → '.join(values)} {moved(change, measure)}"


def moved(change: SimulatedDifference, measure: Measure) -> str:
    """A change with its half-width, marked where it is sure."""
    if change.mean is None:
        return ""
    return f"{signed(change.mean, measure)} {_half(change.half_width, measure)}{' !' * change.sure}"


def _plain(group: SimulatedGroup, measure: Measure) -> str:
    found = mean_of(group, measure)
    return "-" if found.mean is None else written(found.mean, measure)


def _sweep(results: SimulationResults) -> Iterator[str]:
    header = ["", "workers", "service level %", "change", "ASA", "abandoned %", "occupancy %"]
    cells = [_variant(results, each) for each in results.scenarios]
    yield from _aligned([header, *cells])
    yield ""
    yield from wrapped(marks(results), "")


def _variant(results: SimulationResults, scenario: SimulatedScenario) -> list[str]:
    group = whole(scenario)
    change = changes_of(results, scenario.name).get(("all", group.name, "service_level"))
    return [
        printable(scenario.name),
        str(scenario.workers),
        alone(group, "service_level"),
        "" if change is None else moved(change, "service_level"),
        alone(group, "asa_s"),
        alone(group, "abandonment"),
        occupancy(group),
    ]


def _aligned(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Columns as wide as they must be; the second one, of numbers, to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for name, count, *rest in rows:
        cells = [cell.ljust(width) for cell, width in zip(rest, widths[2:], strict=True)]
        yield "  ".join([name.ljust(widths[0]), count.rjust(widths[1]), *cells]).rstrip()


def label_of_group(group: SimulatedGroup) -> str:
    """The name of a group; of a demand, set in."""
    name = printable(group.name)
    short = name if len(name) <= _LONGEST_NAME else f"{name[: _LONGEST_NAME - 1]}…"
    return short if group.by == "all" else f"{_INDENT}{short}"


CALIBRATION: Final = ("", "recorded %", "simulated %", "")


def calibration_rows(results: SimulationResults) -> Iterator[tuple[str, str, str, str]]:
    """Recorded and simulated values, under the header `CALIBRATION`."""
    for each in results.calibration:
        name = f"{printable(each.name)}, {each.measure.replace('_', ' ')}"
        recorded, simulated = (with_half_width(side, each.measure) for side in (each.recorded, each.simulated))
        yield name, recorded, simulated, "fits" if each.fits else "DIFFERS"


def _calibration(results: SimulationResults) -> Iterator[str]:
    if results.calibration:
        yield from _aligned([CALIBRATION, *calibration_rows(results)])
        fitting = sum(each.fits for each in results.calibration)
        yield f"{fitting} of {len(results.calibration)} recorded shares fit the simulated days."
        yield ""


# Numbers


def mean_of(group: SimulatedGroup, measure: Measure) -> MeanEstimate:
    """The *measure* of a group."""
    match measure:
        case "service_level" | "asa_s" | "abandonment":
            found: MeanEstimate = getattr(group, measure)
            return found
        case "occupancy":
            return MeanEstimate(group.occupancy, group.half_widths.get("occupancy"))
        case _:
            name = "p90" if measure == "wait_p90_s" else "max"
            mean = None if group.wait_s is None else getattr(group.wait_s, name)
            return MeanEstimate(mean, group.half_widths.get(f"wait_s.{name}"))


def written(value: float, measure: Measure) -> str:
    """*value* in the unit of reports."""
    if measure in _SHARES:
        return f"{100 * value:.1f}"
    return f"{value:.1f}s" if measure == "asa_s" else duration(value)


def duration(seconds: float) -> str:
    """A time: ``14s``, ``3:56`` or ``1:02:03``."""
    whole_seconds = round(seconds)
    minutes, rest = divmod(whole_seconds, 60)
    if not minutes:
        return f"{rest}s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def signed(value: float, measure: Measure) -> str:
    """A change, with its sign."""
    if measure in _SHARES:
        return f"{100 * value + 0.0:+.1f}".replace("-0.0", "+0.0")
    if measure == "asa_s":
        return f"{value:+.1f}".replace("-0.0", "+0.0")
    text = duration(abs(value))
    return f"{'-' if value < 0 and text != '0s' else '+'}{text}"


def _half(value: float | None, measure: Measure) -> str:
    if value is None:
        return "±?"
    if measure in _SHARES:
        return f"±{100 * value:.1f}"
    return f"±{value:.1f}" if measure == "asa_s" else f"±{duration(value)}"


def occupancy(group: SimulatedGroup) -> str:
    """Occupancy in per cent with its half-width."""
    return "-" if group.occupancy is None else alone(group, "occupancy")


# The most important differences


def _below_target(results: SimulationResults) -> Iterator[str]:
    for scenario in results.scenarios[-1:] if len(results.scenarios) <= _PAIR else ():
        which = f" ({scenario.name})" * (len(results.scenarios) == _PAIR)
        for goal in results.service_levels:
            if goal.target is None or goal.queue is not None:
                continue
            names = [goal.channel] if goal.channel is not None else _other_channels(results, scenario)
            for name in names:
                yield from _misses(scenario, name, goal.target, which)


def _other_channels(results: SimulationResults, scenario: SimulatedScenario) -> list[str]:
    own = {each.channel for each in results.service_levels}
    return [
        each.name
        for each in scenario.results
        if each.by == "channel" and each.interval is None and each.name not in own
    ]


def _misses(scenario: SimulatedScenario, channel: str, target: float, which: str) -> Iterator[str]:
    low = [
        each
        for each in scenario.results
        if each.by == "channel"
        and each.name == channel
        and each.interval
        and (each.service_level.mean or 0) < target
        and each.service_level.mean is not None
    ]
    if low:
        moments = ", ".join(f"{each.interval} {alone(each, 'service_level')}" for each in low)
        yield from wrapped(f"{printable(channel)}, below the target of {100 * target:g} %{which}: {moments}", "")


def _foot(results: SimulationResults) -> Iterator[str]:
    for note in results.notes:
        yield from wrapped(f"Note: {printable(note)}.", "")
    yield from wrapped(f"Not modelled: {', '.join(results.not_modelled)}.", "")
    if results.gates:
        yield ""
        passed = sum(each.state == "passed" for each in results.gates)
        for each in results.gates:
            if each.state != "passed":
                color = "red" if each.state == "failed" else "yellow"
                first, *more = wrapped(f"{each.state.upper()}: {gate_sentence(each)}", "")
                yield click.style(first, fg=color)
                yield from more
        yield f"{passed} of {len(results.gates)} limits hold."


def gate_sentence(gate: GateResult) -> str:
    """The result of a limit for a group."""
    option, _, limit = gate.limit.partition("=")
    what, allows = _OPTION_VERBS[option]
    if gate.mean is None:
        return f"--{option} {limit} says nothing of {printable(gate.name)}, because it has no tasks."
    unit = "%" if option == "min-sl" else "points"
    mean = f"{100 * gate.mean:.1f}" if option == "min-sl" else signed(gate.mean, gate.measure)
    value = f"{mean} {_half(gate.half_width, gate.measure)} {unit}"
    name = "all tasks" if gate.by == "all" else printable(gate.name)
    said = f"{what.format(name=name, number=value)}; --{option} {allows.format(limit=limit.removesuffix('pp'))}"
    undecided = ", which these days do not decide" if gate.state == "undecided" else ""
    return f"{said}{undecided}."
