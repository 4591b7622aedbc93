"""Routing tests from recorded tasks: what happens today is what they expect."""

import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any, Final, TypeAlias

from tr_apply.corpus.tasks import DEFAULT_CHANNEL, as_json
from tr_apply.rehearsal.distribution import RoutedTasks
from tr_apply.rehearsal.route import Route, RouteStep
from tr_apply.resources.template import escaped
from tr_apply.routing.names import name_key

WrittenTest: TypeAlias = Mapping[str, Any]
"""A routing test in the keys of its file."""

_Way: TypeAlias = tuple[str, tuple[tuple[int | None, int], ...]]

_DEEPEST_NAME: Final = 60  # characters of a filter's name in the name of a test


def new_tests(found: Iterable[RoutedTasks], known: Iterable[Route], names: Collection[str]) -> list[WrittenTest]:
    """A test for each way through a workflow that a recorded task takes and none of the *known* routes.

    Its task is the most frequent one on that way; *names* are those of the tests that there are.
    """
    seen = {_way(each) for each in known}
    taken = set(names)
    tests: list[WrittenTest] = []
    by_frequency = sorted(found, key=lambda each: (-each.kind.count, as_json(each.kind.task.attributes)))
    chosen: dict[_Way, RoutedTasks] = {}
    for each in by_frequency:
        if (way := _way(each.route)) not in seen:
            chosen.setdefault(way, each)
    for _, each in sorted(chosen.items(), key=lambda pair: _order(pair[0])):
        name = _unique(_name(each.route), taken)
        taken.add(name)
        tests.append(_test(name, each))
    return tests


def _way(route: Route) -> _Way:
    return name_key(route.workflow), tuple((step.filter, step.target) for step in route.steps)


def _order(way: _Way) -> tuple[str, bool, tuple[tuple[int, int], ...]]:
    """By workflow and filter, then the default filter, then what nothing takes."""
    workflow, steps = way
    return workflow, not steps, tuple((10**9 if number is None else number, target) for number, target in steps)


def _name(route: Route) -> str:
    queues = ", then ".join(step.queue for step in route.steps)
    if not route.steps:
        return f"{route.workflow}: recorded tasks that no filter takes"
    return f"{route.workflow}: recorded tasks of {_called(route.steps[0])} go to {queues}"


def _called(step: RouteStep) -> str:
    if step.default_filter:
        return "the default filter"
    return f"filter {step.filter}" if step.filter_name is None else step.filter_name[:_DEEPEST_NAME]


def _unique(name: str, taken: Collection[str]) -> str:
    if name not in taken:
        return name
    return next(new for number in range(2, len(taken) + 3) if (new := f"{name} ({number})") not in taken)


def _test(name: str, each: RoutedTasks) -> WrittenTest:
    task, route = each.kind.task, each.route
    return {
        "name": escaped(name),
        "workflow": escaped(route.workflow),
        "task": json.loads(as_json(route.task.attributes)),  # in the order of the keys
        **({} if route.task.channel == DEFAULT_CHANNEL else {"channel": escaped(route.task.channel)}),
        **({"priority": task.priority} if task.priority else {}),
        "expect": dict(_expectation(route)),
    }


def _expectation(route: Route) -> Iterator[tuple[str, Any]]:
    if route.first is None:
        yield "unrouted", True
        return
    if route.first.default_filter:
        yield "default_filter", True
    elif route.first.filter_name:
        yield "filter", escaped(route.first.filter_name)
    yield "steps", [_step(each) for each in route.steps]


def _step(step: RouteStep) -> dict[str, Any]:
    timeout = {} if step.timeout is None else {"timeout": step.timeout}
    return {"queue": escaped(step.queue), "priority": step.priority, **timeout}
