"""The people of one day: who is in which activity, and when that changes."""

from collections.abc import Iterator, Sequence
from random import Random
from typing import NamedTuple

from tr_apply.simulation.load import PersonPlan, Scenario, WorkPeriod


class ActivityMove(NamedTuple):
    """A worker changes to another activity."""

    at_ms: int
    worker: int
    """0-based index among the people of the scenario."""

    activity_sid: str


def moves_of_day(scenario: Scenario, replication: int) -> list[ActivityMove]:
    """All changes of activity that are planned for day *replication*, in their order.

    Changes before the beginning of the day are left out, except for the last one of each worker.
    """
    moves = [
        ActivityMove(at_ms, index, activity_sid)
        for index, person in enumerate(scenario.people)
        for at_ms, activity_sid in _moves(person, scenario, replication)
    ]
    moves.sort()
    return moves


def _moves(person: PersonPlan, scenario: Scenario, replication: int) -> Iterator[tuple[int, str]]:
    if not person.work:
        return
    away = person.worker.activity_sid
    random = Random(f"{scenario.seed}/{replication}/staffing/{person.worker.name}")  # noqa: S311
    if random.random() < scenario.rules.absence:
        return
    work = _with_pauses(person.work, scenario, random)
    periods = sorted([*work, *person.rests])
    for period, following in zip(periods, [*periods[1:], None], strict=True):
        yield period.begin_ms, period.activity_sid
        if following is None or following.begin_ms > period.end_ms:
            yield period.end_ms, away


def _with_pauses(work: Sequence[WorkPeriod], scenario: Scenario, random: Random) -> list[WorkPeriod]:
    """*work* without unplanned pauses: equally many in equally long parts, each at a random moment of its part."""
    rules = scenario.rules
    total = sum(each.end_ms - each.begin_ms for each in work)
    wanted = rules.shrinkage * total / rules.pause_ms if rules.shrinkage else 0.0
    count = int(wanted) + (random.random() < wanted - int(wanted))
    if not count:
        return list(work)
    part = total / count
    starts = [int(part * n + random.random() * max(0.0, part - rules.pause_ms)) for n in range(count)]
    pauses = [(start, start + min(rules.pause_ms, int(part))) for start in starts]
    return list(_cut(work, pauses))


def _cut(work: Sequence[WorkPeriod], pauses: Sequence[tuple[int, int]]) -> Iterator[WorkPeriod]:
    """*work* without *pauses*, whose times count from the beginning of work as if there were no breaks."""
    passed = 0
    for period in work:
        length = period.end_ms - period.begin_ms
        at = 0
        for begin, end in pauses:
            begins, ends = max(begin - passed, at), min(end - passed, length)
            if begins < ends:
                if begins > at:
                    yield WorkPeriod(period.begin_ms + at, period.begin_ms + begins, period.activity_sid)
                at = ends
        if at < length:
            yield WorkPeriod(period.begin_ms + at, period.end_ms, period.activity_sid)
        passed += length
