"""The tasks of one day, each with its own random numbers before the day begins.

A number is drawn for one replication, one demand and one purpose, so the same callers meet every configuration: the
third caller of a demand speaks the same language and has the same patience, independent of the others.
"""

import math
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import accumulate, pairwise
from random import Random
from typing import NamedTuple

from tr_apply.routing.records import Attributes
from tr_apply.simulation.load import ContactLoad, DayHours, Scenario


class Customer(NamedTuple):
    """A task before it is created, and everything that chance decides about it."""

    at_ms: int
    contact: int
    """Index of its demand."""

    number: int
    """0-based among those of its demand."""

    attributes: Attributes
    handle_ms: int
    after_contact_ms: int
    patience_ms: int
    is_silent: bool
    """Whether nobody notices if this customer abandons."""

    ring: float
    """Where the first ring time is in its distribution."""

    missed: float
    """Compared with the share of reservations that ring through."""


def callers_of_day(scenario: Scenario, replication: int) -> list[Customer]:
    """Everyone who comes on day *replication*, in the order of arrival."""
    found = [
        caller
        for index, contact in enumerate(scenario.contacts)
        for caller in _callers(index, contact, scenario.hours, f"{scenario.seed}/{replication}/{contact.name}")
    ]
    found.sort(key=lambda each: each[:3])
    return found


def later_ring(scenario: Scenario, replication: int, caller: Customer, offer: int) -> tuple[float, float]:
    """Ring time and chance of a reservation after the first one of a task."""
    name = scenario.contacts[caller.contact].name
    random = Random(f"{scenario.seed}/{replication}/{name}/ring/{caller.number}/{offer}")  # noqa: S311
    return random.random(), random.random()


def _callers(index: int, contact: ContactLoad, hours: DayHours, stream: str) -> Iterator[Customer]:
    arrivals = list(_arrivals(contact, hours, stream))
    number = len(arrivals)
    handle, after, patience, silent, ring, missed = (
        _numbers(f"{stream}/{purpose}", number)
        for purpose in ("handle", "wrap-up", "patience", "silent", "ring", "missed")
    )
    attributes = _attributes(contact, stream, number)
    for n, at_ms in enumerate(arrivals):
        yield Customer(
            at_ms=at_ms,
            contact=index,
            number=n,
            attributes=attributes[n],
            handle_ms=contact.handle.at(handle[n]),
            after_contact_ms=contact.after_contact.at(after[n]),
            patience_ms=contact.patience.at(patience[n]),
            is_silent=silent[n] < contact.silent,
            ring=ring[n],
            missed=missed[n],
        )


def _numbers(stream: str, number: int) -> list[float]:
    random = Random(stream).random  # noqa: S311  # a simulation, no secret
    return [random() for _ in range(number)]


def _arrivals(contact: ContactLoad, hours: DayHours, stream: str) -> Iterator[int]:
    random = Random(f"{stream}/arrivals")  # noqa: S311
    total = sum(contact.offered)
    if contact.arrivals == "exact":
        yield from _as_recorded(contact.offered, hours, random)
    elif total > 0:
        busyness = 1.0
        if contact.dispersion > 1:
            form = total / (contact.dispersion - 1)
            busyness = Random(f"{stream}/busyness").gammavariate(form, 1 / form)  # noqa: S311
        yield from _at_random([each * busyness for each in contact.offered], hours, random)


def _at_random(offered: Sequence[float], hours: DayHours, random: Random) -> Iterator[int]:
    """The moments of a Poisson process.

    The gaps are drawn for a rate of one and stretched, so with more demand the same callers come a little earlier.
    """
    sums = [0.0, *accumulate(offered)]
    index, reached = 0, 0.0
    while True:
        reached -= math.log1p(-random.random())
        while index < len(offered) and reached >= sums[index + 1]:
            index += 1
        if index == len(offered):
            return
        share = (reached - sums[index]) / offered[index]
        yield hours.opens_ms + int((index + share) * hours.interval_ms)


def _as_recorded(offered: Sequence[float], hours: DayHours, random: Random) -> Iterator[int]:
    """As many as are written, fractions carried over, at random moments of their interval."""
    for index, (before, after) in enumerate(pairwise([0.0, *accumulate(offered)])):
        count = math.floor(after + 0.5) - math.floor(before + 0.5)
        for share in sorted(random.random() for _ in range(count)):
            yield hours.opens_ms + int((index + share) * hours.interval_ms)


def _attributes(contact: ContactLoad, stream: str, number: int) -> list[Attributes]:
    """One object for all tasks with the same attributes."""
    drawn = [
        [bisect_right(choice.below, share) for share in _numbers(f"{stream}/attribute/{choice.attribute}", number)]
        for choice in contact.choices
    ]
    made: dict[tuple[int, ...], Attributes] = {}
    return [
        made.get(indices) or made.setdefault(indices, _made(contact, indices))
        for indices in (zip(*drawn, strict=True) if drawn else [()] * number)
    ]


def _made(contact: ContactLoad, indices: Sequence[int]) -> Attributes:
    chosen = {
        choice.attribute: choice.values[index]
        for choice, index in zip(contact.choices, indices, strict=True)
        if index < len(choice.values)
    }
    return Attributes.of({**contact.attributes, **chosen})
