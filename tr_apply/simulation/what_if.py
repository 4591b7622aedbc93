"""Variants of a scenario: other numbers of people, or another demand."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Any, Final

from tr_apply.config.suggestions import nearest
from tr_apply.errors import UsageError
from tr_apply.printable import printable
from tr_apply.simulation.load import TASKS_LIMIT, PersonPlan, Scenario

VARIANTS_LIMIT: Final = 50
_PEOPLE_LIMIT: Final = 1_000  # more people of a kind
_SIGNED: Final = r"[+-][0-9]{1,4}"
_CHANGE: Final = re.compile(
    rf"(?P<first>{_SIGNED})(?P<percent>%?)"
    rf"(?:\.\.(?P<last>{_SIGNED})(?P=percent)(?:/(?P<step>[1-9][0-9]{{0,3}})(?P=percent))?)?\Z"
)
_USUAL_STEP: Final = 10  # per cent
_SYNTAX: Final = (
    "expected workers.ATTRIBUTE=VALUE:+1 or demand.NAME:+20%, a range such as -2..+3, several joined by ';'"
)


@dataclass(frozen=True, slots=True)
class Variation:
    """One change of people or of demand."""

    subject: str
    """As it is written, before the colon."""

    amount: int
    """How many people, or how many per cent of the demand, more."""

    attribute: str = ""
    """Of the workers; empty for a change of demand."""

    value: str = ""
    """Of that attribute, or the name of a demand; empty for every demand."""

    @property
    def label(self) -> str:
        """As it would be written alone."""
        return f"{self.subject}:{self.amount:+d}{'' if self.attribute else '%'}"

    def applied(self, scenario: Scenario) -> Scenario:
        """*scenario* with this change.

        Raises:
            UsageError: when there are no such people, or no such demand.
        """
        return self._with_people(scenario) if self.attribute else self._with_demand(scenario)

    def _with_people(self, scenario: Scenario) -> Scenario:
        chosen = [each for each in scenario.people if each.work and _has(each, self.attribute, self.value)]
        if not chosen:
            raise UsageError(f"--what-if {printable(self.label)}: no worker with such an attribute works on this day")
        if len(chosen) + self.amount < 0:
            raise UsageError(f"--what-if {printable(self.label)}: there are only {len(chosen)} such workers")
        if self.amount < 0:
            gone = set(map(id, chosen[self.amount :]))
            return replace(scenario, people=tuple(each for each in scenario.people if id(each) not in gone))
        more = (_copy(chosen[n % len(chosen)], n + 1) for n in range(self.amount))
        return replace(scenario, people=(*scenario.people, *more))

    def _with_demand(self, scenario: Scenario) -> Scenario:
        names = [each.name for each in scenario.contacts]
        if self.value and self.value not in names:
            near = nearest(self.value, names)
            hint = f"did you mean {near!r}?" if near else f"known here: {', '.join(map(printable, names[:10]))}"
            raise UsageError(f"--what-if: there is no demand {printable(self.value)!r}; {hint}")
        factor = 1 + self.amount / 100
        contacts = tuple(
            replace(each, offered=tuple(factor * number for number in each.offered))
            if self.value in ("", each.name)
            else each
            for each in scenario.contacts
        )
        if (total := sum(sum(each.offered) for each in contacts)) > TASKS_LIMIT:
            raise UsageError(
                f"--what-if {printable(self.label)}: {total:,.0f} tasks a day are more than {TASKS_LIMIT:,}"
            )
        return replace(scenario, contacts=contacts)


def variants(written: Sequence[str]) -> list[tuple[Variation, ...]]:
    """The variants from ``--what-if`` options, each the changes to make together.

    Raises:
        UsageError: One has another form, or there are too many.
    """
    found = [combination for each in written for combination in product(*map(_variations, _parts(each)))]
    if len(found) > VARIANTS_LIMIT:
        raise UsageError(f"--what-if: {len(found)} variants; at most {VARIANTS_LIMIT} are simulated in one run")
    return found


def label_of(changes: Sequence[Variation]) -> str:
    """The name of a variant."""
    return "; ".join(each.label for each in changes)


def varied(scenario: Scenario, changes: Sequence[Variation], name: str) -> Scenario:
    """*scenario* with all *changes*, called *name*."""
    for each in changes:
        scenario = each.applied(scenario)
    return replace(scenario, name=name)


def _parts(written: str) -> list[str]:
    return [each.strip() for each in written.split(";") if each.strip()] or [written]


def _variations(written: str) -> list[Variation]:
    subject, colon, change = written.rpartition(":")
    match = _CHANGE.fullmatch(change.strip())
    kind, dot, rest = subject.partition(".")
    attribute, equals, value = rest.partition("=")
    is_people = kind == "workers" and bool(equals and attribute)
    is_demand = kind == "demand" and bool(rest or not dot)
    if not colon or match is None or not (is_people or is_demand) or bool(match["percent"]) is is_people:
        raise UsageError(f"--what-if {printable(written)!r}: {_SYNTAX}")
    amounts = list(_amounts(match, written, is_people=is_people))
    if is_people:
        return [Variation(subject, amount, attribute, value) for amount in amounts]
    return [Variation(subject, amount, value=rest) for amount in amounts]


def _amounts(match: re.Match[str], written: str, *, is_people: bool) -> Iterator[int]:
    first = int(match["first"])
    last = first if match["last"] is None else int(match["last"])
    step = int(match["step"]) if match["step"] else 1 if is_people else _USUAL_STEP
    lowest, highest = (-_PEOPLE_LIMIT, _PEOPLE_LIMIT) if is_people else (-100, _PEOPLE_LIMIT)
    if not lowest <= first <= last <= highest:
        raise UsageError(f"--what-if {printable(written)!r}: from {lowest} to {highest}, the smaller number first")
    return iter(range(first, last + 1, step))


def _has(person: PersonPlan, attribute: str, value: str) -> bool:
    """Whether an attribute is *value*, or is a list that has it."""
    found: Any = person.worker.attributes.values
    for part in attribute.split("."):
        found = found.get(part) if isinstance(found, dict) else None
    return value in map(_as_text, found if isinstance(found, list) else [found])


def _as_text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _copy(person: PersonPlan, number: int) -> PersonPlan:
    """Another worker like *person*."""
    worker = person.worker
    made = worker._replace(sid=f"{worker.sid}+{number}", name=f"{worker.name} (+{number})")
    return replace(person, worker=made)
