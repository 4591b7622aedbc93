"""A first ``simulation.yaml`` from an observed day, with comments on guessed values."""

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta, tzinfo
from fractions import Fraction
from typing import Any, Final

from tr_apply.corpus.events import Hour
from tr_apply.resources.template import escaped
from tr_apply.resources.yaml_text import yaml_text
from tr_apply.simulation.observed import (
    INTERVAL,
    INTERVALS,
    SHORT_S,
    THRESHOLD_S,
    ObservedDay,
    ObservedDemand,
    ObservedShift,
    ObservedStaff,
    ObservedTime,
)

_NAME_LIMIT: Final = 60
_VALUES: Final = 50
"""Values of an attribute that are written with their shares."""

_WIDEST: Final = 2.27
"""The largest 90 % quantile, as a multiple of the mean, that `simulation.yaml` takes."""

_FEW: Final = 10
_LONGEST_S: Final = 30 * 24 * 3600
_HANDLE_S: Final = 180.0
_MOST_AWAY: Final = 0.95
_NOTABLE: Final = 0.005
_QUARTER_S: Final = 900


def first_load(observed: ObservedDay, span: Hour, zone: tzinfo | None) -> str:
    """The text of the file; *observed* has at least one demand."""
    return "\n".join([*_head(observed, span, zone), *_day(observed)]) + "\n"


def _head(observed: ObservedDay, span: Hour, zone: tzinfo | None) -> Iterator[str]:
    tasks = sum(each.count for each in observed.demands)
    start, end = (each.astimezone(zone) for each in span)
    yield f"# A first load, made from events from {start:%Y-%m-%d %H:%M} to {end:%Y-%m-%d %H:%M} (UTC{start:%z})."
    yield f"# {tasks} tasks came on {observed.days} {'day' if observed.days == 1 else 'days'}; this is their average."
    yield "# A comment with GUESSED marks what the events do not say. Correct it before you rely on results."
    if observed.dropped:
        yield f"# {observed.dropped} tasks of rare kinds are left out."


def _day(observed: ObservedDay) -> Iterator[str]:
    busy = [each for each in range(INTERVALS) if any(demand.offered[each] for demand in observed.demands)]
    opens, closes = busy[0], busy[-1] + 1
    yield "simulation:"
    yield "  interval: 30m"
    yield f'  opens: "{_clock(opens * INTERVAL)}"'
    yield f'  closes: "{_clock(closes * INTERVAL)}"'
    yield "  drain: 2h  # GUESSED"
    yield "  service_levels:"
    yield f"    - {{threshold: {THRESHOLD_S}s, target: 80%, short_abandon: {SHORT_S}s}}  # GUESSED"
    yield "  demand:"
    usual = _usual_handle(observed.demands)
    for name, demand in zip(_names(observed.demands), observed.demands, strict=True):
        yield from _indented(_demand(name, demand, slice(opens, closes), usual), "    - ", "      ")
    yield "  staffing:"
    yield from _indented(_staff(observed.staff), "    ", "    ")
    yield "  experiment: {replications: 30, seed: 1, confidence: 95%}"


def _demand(name: str, demand: ObservedDemand, open_: slice, usual: ObservedTime | None) -> Iterator[str]:
    yield from _pair("name", escaped(name))
    yield from _pair("workflow", escaped(demand.workflow))
    yield from _pair("channel", escaped(demand.channel))
    tasks = f"{demand.count} task{'s' * (demand.count != 1)}"
    yield f"offered: [{', '.join(f'{each:.6g}' for each in demand.offered[open_])}]  # {tasks} in all"
    if demand.attributes:
        yield from _pair("attributes", {key: _value(each) for key, each in demand.attributes.items()})
    if demand.priority:
        yield f"priority: {demand.priority}"
    yield from _handle(demand, usual)
    if demand.after_contact is not None and demand.after_contact.mean_s:
        yield f"after_contact_work: {_spread(demand.after_contact)}"
    yield _patience(demand)
    if (found := demand.recorded).tasks:
        shares = f"service_level: {_hundredths(found.service_level)}, abandonment: {_hundredths(found.abandonment)}"
        yield f"recorded: {{tasks: {found.tasks}, {shares}, threshold: {THRESHOLD_S}s}}"


def _handle(demand: ObservedDemand, usual: ObservedTime | None) -> Iterator[str]:
    if demand.handle is not None:
        few = f"  # GUESSED from {demand.handle.times}" if demand.handle.times < _FEW else ""
        yield f"handle_time: {_spread(demand.handle)}{few}"
    elif usual is not None:
        yield f"handle_time: {_spread(usual)}  # GUESSED: none of these was handled; this is the mean of all"
    else:
        yield f"handle_time: {_time(_HANDLE_S)}  # GUESSED: no task was handled"


def _patience(demand: ObservedDemand) -> str:
    """From censored data: total waiting time of all, the answered included, for each who gave up."""
    if not demand.gave_up:
        return "patience: infinite  # GUESSED: nobody abandoned"
    mean_s = demand.waited_s / demand.gave_up
    seen = f"{demand.gave_up} abandoned in {round(demand.waited_s)} s of waiting"
    if mean_s > _LONGEST_S:
        return f"patience: infinite  # {seen}"
    return f"patience: {_time(mean_s)}  # {'GUESSED: only ' * (demand.gave_up < _FEW)}{seen}"


def _usual_handle(demands: Sequence[ObservedDemand]) -> ObservedTime | None:
    found = [each.handle for each in demands if each.handle is not None]
    count = sum(each.times for each in found)
    return ObservedTime(sum(each.mean_s * each.times for each in found) / count, None, count) if found else None


def _staff(staff: ObservedStaff) -> Iterator[str]:
    if staff.answer_delay is None:
        yield "answer_delay: 5  # GUESSED: no task was accepted"
    else:
        yield f"answer_delay: {_time(staff.answer_delay.mean_s)}"
    if staff.no_answer >= _NOTABLE:
        yield f"no_answer: {_share(round(staff.no_answer, 3))}"
        yield "returns_after: 10m  # GUESSED"
    if staff.shifts:
        yield "shifts:  # without planned breaks: `shrinkage` has every time away"
        for each in staff.shifts:
            yield from _indented(_shift(each), "  - ", "    ")
    else:
        yield "# GUESSED: no worker was seen to come and to leave, so every worker works all day. Add `shifts`."
    if staff.absence >= _NOTABLE:
        yield f"absence: {_share(round(min(staff.absence, _MOST_AWAY), 3))}"
    if staff.shrinkage >= _NOTABLE:
        yield f"shrinkage: {_share(round(min(staff.shrinkage, _MOST_AWAY), 3))}"
        yield f"pause: {_time(max(1.0, staff.pause_s))}"


def _shift(shift: ObservedShift) -> Iterator[str]:
    where = "1==1" if not shift.attribute else f"{shift.attribute} == '{shift.value}'"
    yield from _pair("name", escaped(shift.value) or "everybody else")
    yield from _pair("where", escaped(where))
    starts = ", ".join(f'"{_clock(timedelta(minutes=each))}"' for each in shift.starts)
    yield f"starts: [{starts}]"
    length_s = max(1, round(shift.length_s / _QUARTER_S)) * _QUARTER_S
    yield f"length: {round(length_s / 60)}m  # {'GUESSED from ' * (shift.shifts < _FEW)}{shift.shifts} shifts"


# Names and values


def _names(demands: Sequence[ObservedDemand]) -> Iterator[str]:
    """A name for each, which no other one has."""
    taken: set[str] = set()
    for each in demands:
        parts = [f"{key}={json.loads(value)}" for key, value in _main(each)]
        name = stem = " ".join([f"{each.workflow}, {each.channel}", *parts])[:_NAME_LIMIT].strip()
        number = 1
        while name.casefold() in taken:
            number += 1
            name = f"{stem[: _NAME_LIMIT - 4]} {number}"
        taken.add(name.casefold())
        yield name


def _main(demand: ObservedDemand) -> Iterator[tuple[str, str]]:
    for name in demand.main:
        if name in demand.attributes:
            yield name, next(iter(demand.attributes[name]))


def _value(shares: Mapping[str, Fraction]) -> Any:
    """A value that all tasks have, or the shares to draw one from."""
    (first, share), *others = shares.items()
    value = _templates(json.loads(first))
    if not others and share == 1 and not isinstance(value, dict | list):
        return value
    kept = [(_templates(json.loads(each)), each_share) for each, each_share in list(shares.items())[:_VALUES]]
    return [{"value": each, "share": _rounded(each_share)} for each, each_share in kept if _rounded(each_share) != "0%"]


def _rounded(share: Fraction) -> str:
    """*share* rounded down, so the sum is at most 100 %."""
    return _share(math.floor(10_000 * 100 * share) / 10_000 / 100)


def _templates(value: Any) -> Any:
    match value:
        case str():
            return escaped(value)
        case list():
            return [_templates(each) for each in value]
        case dict():
            return {key: _templates(each) for key, each in value.items()}
        case _:
            return value


# Text


def _pair(key: str, value: Any) -> Iterator[str]:
    yield from yaml_text({key: value}).rstrip("\n").split("\n")


def _indented(lines: Iterator[str], first: str, others: str) -> Iterator[str]:
    for number, line in enumerate(lines):
        yield f"{others if number else first}{line}"


def _spread(time: ObservedTime) -> str:
    if time.p90_s is None or not time.mean_s or not 1 <= time.p90_s / time.mean_s <= _WIDEST:
        return _time(time.mean_s)
    return f"{{mean: {_time(time.mean_s)}, p90: {_time(time.p90_s)}}}"


def _time(seconds: float) -> str:
    """A time as the file has it; a number is seconds."""
    seconds = min(seconds, _LONGEST_S)
    return f"{seconds:.0f}s" if seconds >= _FEW else f"{seconds:.2f}"


def _share(value: float) -> str:
    return f"{100 * value:.4f}".rstrip("0").rstrip(".") + "%"


def _hundredths(value: float) -> str:
    return _share(round(value, 4))


def _clock(since_midnight: timedelta) -> str:
    minutes = round(since_midnight / timedelta(minutes=1))
    return f"{minutes // 60:02d}:{minutes % 60:02d}"
