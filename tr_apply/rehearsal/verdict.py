"""Routing tests on trial: what was expected of a task, and what becomes of it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from tr_apply.config.routing_tests import LocatedTest
from tr_apply.rehearsal.question import Question
from tr_apply.rehearsal.route import Route, StepRow, route
from tr_apply.rehearsal.world import World
from tr_apply.resources.fields import seconds
from tr_apply.resources.routing_test import Expectation, ExpectedStep, RoutingTest, Whereabouts
from tr_apply.resources.template import plain
from tr_apply.routing.names import name_key


@dataclass(frozen=True, slots=True)
class Difference:
    """An expectation that was not met."""

    about: str
    """What was expected of: ``filter``, ``steps``, ``step 2: eligible``, ``at 90s``."""

    expected: Any
    """A JSON value, as the test writes it."""

    actual: Any
    """What is instead; a JSON value."""

    hint: str = ""
    """What to look at, where that is not plain."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came of a test."""

    test: LocatedTest
    route: Route
    differences: Sequence[Difference]
    """None of a test that passed."""

    @property
    def passed(self) -> bool:
        """Whether everything is as expected."""
        return not self.differences


def judge(world: World, test: LocatedTest) -> Verdict:
    """Try *test*; everything that it names is known in *world*."""
    question = _question(test.test)
    found = route(world, question, nearest=0)
    if differences := tuple(_differences(test.test.expect, found)):
        return Verdict(test, route(world, question), differences)
    return Verdict(test, found, ())


def _question(test: RoutingTest) -> Question:
    return Question(
        workflow=test.workflow,
        attributes=test.task,
        channel=test.channel,
        priority=test.priority,
        available=None if test.available is None else tuple(test.available),
    )


def _differences(expected: Expectation, found: Route) -> Iterator[Difference]:
    yield from _of_filter(expected, found)
    if expected.steps is not None:
        yield from _of_steps(expected.steps, found.steps)
    for moment, where in (expected.at or {}).items():
        yield from _of_moment(moment, where, found)


def _of_filter(expected: Expectation, found: Route) -> Iterator[Difference]:
    taken_by = {"unrouted": True} if found.first is None else _taken_by(found.first)
    if expected.filter is not None:
        wanted: dict[str, Any] = {"filter": plain(expected.filter)}
    elif expected.default_filter is not None:
        wanted = {"default_filter": True}
    elif expected.unrouted is not None:
        wanted = {"unrouted": True}
    else:
        return
    if wanted != taken_by:
        yield Difference("filter", wanted, taken_by, _hint(expected, found))


def _taken_by(first: StepRow) -> dict[str, Any]:
    if first.filter is None:
        return {"default_filter": True}
    return {"filter": first.filter_name if first.filter_name is not None else first.filter}


def _hint(expected: Expectation, found: Route) -> str:
    if expected.filter is None or any(row.name == plain(expected.filter) for row in found.filters):
        return ""
    known = [row.name for row in found.filters if row.name is not None]
    return f"this workflow has no filter of that name; it has: {', '.join(known) or 'none with a name'}"


def _of_steps(expected: Sequence[ExpectedStep], found: Sequence[StepRow]) -> Iterator[Difference]:
    if len(expected) != len(found):
        yield Difference("steps", [each.queue for each in expected], [each.queue for each in found])
    for number, (wanted, actual) in enumerate(zip(expected, found, strict=False), 1):
        for key, value in _compared(actual).items():
            if key in wanted.model_fields_set and not _same(getattr(wanted, key), value):
                yield Difference(f"step {number}: {key}", getattr(wanted, key), value)


def _compared(actual: StepRow) -> dict[str, Any]:
    return {
        "queue": actual.queue,
        "priority": actual.priority,
        "timeout": actual.timeout,
        "eligible": list(actual.eligible),
    }


def _of_moment(moment: str, expected: Whereabouts, found: Route) -> Iterator[Difference]:
    step = found.at(seconds(moment))
    actual = {"unrouted": True} if step is None else {"queue": step.queue}
    wanted = {"unrouted": True} if expected.queue is None else {"queue": expected.queue}
    if not _same(wanted.get("queue"), actual.get("queue")):
        yield Difference(f"at {moment}", wanted, actual)


def _same(expected: Any, actual: Any) -> bool:
    """Whether two values are the same; names are compared as TaskRouter does."""
    match expected, actual:
        case str(), str():
            return name_key(expected) == name_key(actual)
        case list(), list():
            return len(expected) == len(actual) and all(map(_same, expected, actual))
        case _:
            return bool(expected == actual)
