"""Routing tests and their results: the expected and the actual route of a task.

The dataclasses are the JSON document of ``test``.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from tr_apply.config.routing_tests import LocatedTest
from tr_apply.corpus.tasks import Corpus
from tr_apply.rehearsal.coverage import Coverage, coverage
from tr_apply.rehearsal.distribution import Distribution, distribution, routed
from tr_apply.rehearsal.find_route import find_route
from tr_apply.rehearsal.new_tests import WrittenTest, new_tests
from tr_apply.rehearsal.offline_workspace import OfflineWorkspace, RouteRequest
from tr_apply.rehearsal.route import Count, Number, Route, RouteStep
from tr_apply.resources.document import Document
from tr_apply.resources.fields import seconds
from tr_apply.resources.routing_test import Expectation, ExpectedStep, RoutingTest, Whereabouts
from tr_apply.resources.template import plain
from tr_apply.routing.names import name_key


@dataclass(frozen=True, slots=True)
class UnmetExpectation:
    """An expectation that was not met."""

    about: str
    """The subject of the expectation, as in ``filter``, ``steps``, ``step 2: eligible`` and ``at 90s``."""

    expected: Any
    """As the test writes it."""

    actual: Any
    """The actual value."""

    hint: str | None
    """A hint for the search."""


@dataclass(frozen=True, slots=True)
class RoutingTestResult:
    """The result of a routing test."""

    name: str
    """The name of the test."""

    path: str
    """The configuration."""

    file: str
    """The file of the test."""

    line: Number
    """Its line, from 1."""

    column: Number
    """Its column, from 1."""

    workflow: str
    """The workflow."""

    passed: bool
    """Whether everything is as expected."""

    differences: Sequence[UnmetExpectation]
    """Expectations that were not met."""

    route: Route | None
    """The actual route, if the test failed."""


@dataclass(frozen=True, slots=True)
class RoutingTestSummary:
    """How many tests there were."""

    passed: Count
    """Tests that passed."""

    failed: Count
    """Tests that failed."""


@dataclass(frozen=True, slots=True)
class RoutingTestRun:
    """The results of the tests of one configuration."""

    path: str
    """The configuration's PATH as the user wrote it."""

    results: Sequence[RoutingTestResult]
    coverage: Coverage
    tasks: Distribution | None = None
    """The routes of the recorded tasks, if there are any."""

    @property
    def failed(self) -> Sequence[RoutingTestResult]:
        """Those that did not pass."""
        return [each for each in self.results if not each.passed]


@dataclass(frozen=True, slots=True)
class RoutingTestsDocument:
    """The results of the tests of all configurations."""

    tests: Sequence[RoutingTestResult]
    summary: RoutingTestSummary
    coverage: Sequence[Coverage] = ()
    """One for each configuration, where it was asked for."""

    tasks: Sequence[Distribution] = ()
    """The routes of the recorded tasks: one for each configuration that has any."""


def results_document(runs: Sequence[RoutingTestRun], *, with_coverage: bool) -> RoutingTestsDocument:
    """The results of *runs* in one document."""
    results = [result for each in runs for result in each.results]
    covered = [each.coverage for each in runs] if with_coverage else ()
    tasks = tuple(each.tasks for each in runs if each.tasks is not None)
    return RoutingTestsDocument(results, summary_of(runs), covered, tasks)


def summary_of(runs: Sequence[RoutingTestRun]) -> RoutingTestSummary:
    """How many tests of all *runs* passed and failed."""
    failed = sum(len(each.failed) for each in runs)
    return RoutingTestSummary(sum(len(each.results) for each in runs) - failed, failed)


def run_tests(
    path: str, document: Document, tests: Sequence[LocatedTest], corpus: Corpus | None = None
) -> RoutingTestRun:
    """Run every one of *tests*; everything that they name is known in *document* or in their file.

    What the tasks of *corpus* come to is covered as well.
    """
    tried = list(_tried(path, document, tests))
    found = [] if corpus is None else routed(document, corpus)
    reached = coverage(path, document, [*(route for _, route in tried), *(each.route for each in found)])
    tasks = None if corpus is None else distribution(path, document, corpus, found)
    return RoutingTestRun(path, [result for result, _ in tried], reached, tasks)


def missing_tests(document: Document, tests: Sequence[LocatedTest], corpus: Corpus) -> list[WrittenTest]:
    """A new test for each way of the tasks of *corpus* that none of *tests* goes, in the keys of a file."""
    known = (route for _, route in _tried("", document, tests))
    return new_tests(routed(document, corpus), known, {each.test.name for each in tests})


def _tried(path: str, document: Document, tests: Sequence[LocatedTest]) -> Iterator[tuple[RoutingTestResult, Route]]:
    """Each result and the route of its task; the tests of a file share its people."""
    for workers, of_file in groupby(tests, key=lambda each: each.workers):
        workspace = OfflineWorkspace(document, workers)
        for each in of_file:
            yield _result(path, workspace, each)


def _result(path: str, workspace: OfflineWorkspace, located: LocatedTest) -> tuple[RoutingTestResult, Route]:
    test, request = located.test, _request(located.test)
    route = find_route(workspace, request, nearest=0)
    differences = tuple(_differences(test.expect, route))
    result = RoutingTestResult(
        name=test.name,
        path=path,
        file=located.file,
        line=located.line,
        column=located.column,
        workflow=test.workflow,
        passed=not differences,
        differences=differences,
        route=find_route(workspace, request) if differences else None,
    )
    return result, route


def _request(test: RoutingTest) -> RouteRequest:
    return RouteRequest(
        workflow=test.workflow,
        attributes=test.task,
        channel=test.channel,
        priority=test.priority,
        available=None if test.available is None else tuple(test.available),
    )


def _differences(expected: Expectation, found: Route) -> Iterator[UnmetExpectation]:
    yield from _of_filter(expected, found)
    if expected.steps is not None:
        yield from _of_steps(expected.steps, found.steps)
    for moment, where in (expected.at or {}).items():
        yield from _of_moment(moment, where, found)


def _of_filter(expected: Expectation, found: Route) -> Iterator[UnmetExpectation]:
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
        yield UnmetExpectation("filter", wanted, taken_by, _hint(expected, found))


def _taken_by(first: RouteStep) -> dict[str, Any]:
    if first.filter is None:
        return {"default_filter": True}
    return {"filter": first.filter_name if first.filter_name is not None else first.filter}


def _hint(expected: Expectation, found: Route) -> str | None:
    if expected.filter is None or any(row.name == plain(expected.filter) for row in found.filters):
        return None
    known = [row.name for row in found.filters if row.name is not None]
    return f"this workflow has no filter of that name; it has: {', '.join(known) or 'none with a name'}"


def _of_steps(expected: Sequence[ExpectedStep], found: Sequence[RouteStep]) -> Iterator[UnmetExpectation]:
    if len(expected) != len(found):
        yield UnmetExpectation("steps", [each.queue for each in expected], [each.queue for each in found], None)
    for number, (wanted, actual) in enumerate(zip(expected, found, strict=False), 1):
        for key, value in _compared(actual).items():
            if key in wanted.model_fields_set and not _same(getattr(wanted, key), value):
                yield UnmetExpectation(f"step {number}: {key}", getattr(wanted, key), value, None)


def _compared(actual: RouteStep) -> dict[str, Any]:
    return {
        "queue": actual.queue,
        "priority": actual.priority,
        "timeout": actual.timeout,
        "eligible": list(actual.eligible),
    }


def _of_moment(moment: str, expected: Whereabouts, found: Route) -> Iterator[UnmetExpectation]:
    step = found.at(seconds(moment))
    actual = {"unrouted": True} if step is None else {"queue": step.queue}
    wanted = {"unrouted": True} if expected.queue is None else {"queue": expected.queue}
    if not _same(wanted.get("queue"), actual.get("queue")):
        yield UnmetExpectation(f"at {moment}", wanted, actual, None)


def _same(expected: Any, actual: Any) -> bool:
    """Whether two values are the same; names are compared as TaskRouter does."""
    match expected, actual:
        case str(), str():
            return name_key(expected) == name_key(actual)
        case list(), list():
            return len(expected) == len(actual) and all(map(_same, expected, actual))
        case _:
            return bool(expected == actual)
