"""Questions to a configuration alone: a route, the routing tests, simulated days. No TaskRouter is asked."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tr_apply.api.configurations import StrPath
from tr_apply.config.load import Configuration
from tr_apply.errors import ConfigError, InterruptedRunError, RefusedError
from tr_apply.findings import errors_of
from tr_apply.whole_file import write_file

if TYPE_CHECKING:
    from tr_apply.config.routing_tests import Suite
    from tr_apply.corpus.tasks import Corpus
    from tr_apply.deployment.comparison import Compared
    from tr_apply.local.http.app import LocalTaskRouter
    from tr_apply.picture import Picture
    from tr_apply.rehearsal.offline_workspace import RouteRequest
    from tr_apply.rehearsal.results import RoutingTestRun
    from tr_apply.rehearsal.route import Route
    from tr_apply.resources.routing_test import OwnWorker
    from tr_apply.simulation.experiment import Experiment, Progress
    from tr_apply.simulation.request import SimulationRequest
    from tr_apply.simulation.results import SimulationResults


def route(
    configuration: Configuration,
    *,
    workflow: str,
    task: Mapping[str, Any],
    available: Sequence[str] | None = None,
    channel: str = "default",
    priority: int = 0,
) -> "Route":
    """Where a task goes, step by step, and why. Offline.

    Args:
        configuration: What ``load`` returned.
        workflow: The workflow that gets the task.
        task: The task's attributes.
        available: Who is available, longest idle first; every declared worker without it.
        channel: Unique name of the task's channel.
        priority: The task's initial priority.

    Raises:
        UsageError: The configuration has no such workflow, worker or channel.
    """
    from tr_apply.rehearsal.offline_workspace import RouteRequest  # noqa: PLC0415

    people = None if available is None else tuple(available)
    return routed(configuration, RouteRequest(workflow, task, channel, priority, people))


def routed(configuration: Configuration, request: "RouteRequest") -> "Route":
    """The same, of the task of *request*."""
    from tr_apply.rehearsal.find_route import find_route  # noqa: PLC0415
    from tr_apply.rehearsal.offline_workspace import OfflineWorkspace  # noqa: PLC0415

    workspace = OfflineWorkspace(configuration.document)
    return find_route(workspace, workspace.known(request))


def routing_suite(
    configuration: Configuration,
    files: Sequence[Path] | None = None,
    *,
    with_tasks: bool = False,
    people: "Sequence[OwnWorker]" = (),
) -> "Suite":
    """The routing tests that lie with *configuration*, or those of *files*.

    Args:
        configuration: What ``load`` returned.
        files: Files of routing tests; None for all of its folder.
        with_tasks: Whether recorded tasks are routed as well, and no tests are necessary.
        people: Workers who replace declared ones of the same name.

    Raises:
        ConfigError: when they cannot be read.
    """
    from tr_apply.config.routing_tests import NO_TESTS, Suite, load_routing_tests  # noqa: PLC0415

    suite = load_routing_tests(configuration, files, people)
    if with_tasks:
        suite = Suite(suite.tests, [each for each in suite.diagnostics if each.code != NO_TESTS.code])
    if errors_of(suite.diagnostics):
        raise ConfigError(suite.diagnostics)
    return suite


def run_suite(
    configuration: Configuration, suite: "Suite", corpus: "Corpus | None" = None, wanted: str | None = None
) -> "RoutingTestRun":
    """Run the tests of *suite* whose name contains *wanted*, and route the tasks of *corpus*."""
    from tr_apply.rehearsal.results import run_tests  # noqa: PLC0415

    part = "" if wanted is None else wanted.casefold()
    tests = [each for each in suite.tests if part in each.test.name.casefold()]
    return run_tests(configuration.path, configuration.document, tests, corpus)


def test(configuration: Configuration, *, tasks: StrPath | None = None) -> "RoutingTestRun":  # noqa: PT028  # not a test of pytest
    """Run the routing tests that lie with *configuration*, and route the recorded *tasks* of a file. Offline.

    Raises:
        ConfigError: when a test or a recorded task cannot be read.
        UsageError: when there is no such file of tasks.
    """
    from tr_apply.corpus.read import load_corpus  # noqa: PLC0415

    suite = routing_suite(configuration, with_tasks=tasks is not None)
    return run_suite(
        configuration, suite, None if tasks is None else load_corpus(Path(tasks), configuration.reach.folders)
    )


def add_missing_tests(file: Path, configuration: Configuration, corpus: "Corpus") -> int:
    """Add a test to *file* for each route of the tasks in *corpus* that no test covers; returns how many.

    Raises:
        UsageError: The tests would not be found in that file.
        ConfigError: The tests that are there cannot be read.
        RefusedError: Tests cannot be added to the file.
    """
    from tr_apply.config.added_tests import with_tests  # noqa: PLC0415
    from tr_apply.rehearsal.results import missing_tests  # noqa: PLC0415

    suite = routing_suite(configuration, with_tasks=True)
    if tests := missing_tests(configuration.document, suite.tests, corpus):
        before = file.read_text(encoding="utf-8") if file.exists() else ""  # where it is, it was read already
        if (text := with_tests(before, tests)) is None:
            raise RefusedError(f"{file}: nothing was written, because `tests` is not a list with a line for each test")
        write_file(file, text)
    return len(tests)


def simulate(
    configuration: Configuration,
    load: StrPath,
    *,
    against: Configuration | None = None,
    what_if: Sequence[str] = (),
    replications: int | None = None,
    seed: int | None = None,
    executor: str = "serial",
) -> "SimulationResults":
    """Simulate days in *configuration*: service levels, waiting times, abandonment, occupancy. Offline.

    *against* gets the same customers on the same days. *what_if* and *executor* work as on the command line; processes
    need an importable main module.

    Raises:
        ConfigError: The load cannot be used.
        UsageError: Something named here does not exist.
    """
    from tr_apply.simulation.request import SimulationRequest  # noqa: PLC0415

    request = SimulationRequest(
        configuration, Path(load), against, tuple(what_if), replications=replications, seed=seed
    )
    experiment = request.experiment()
    results = simulated(experiment, executor=executor)
    if experiment.interrupted:
        raise KeyboardInterrupt
    return results


def simulated(
    experiment: "Experiment", progress: "Progress | None" = None, executor: str = "serial", jobs: int | None = None
) -> "SimulationResults":
    """The results of *experiment*, with as many days as there were until it was done or interrupted.

    Raises:
        InterruptedRunError: It ended before there was a day of each scenario.
        UsageError, TrApplyError: There is no such executor, or it fails.
    """
    from tr_apply.simulation.executors import open_executor  # noqa: PLC0415

    with open_executor(executor, jobs, experiment.scenarios) as opened:
        experiment.run(opened, progress or (lambda _done, _total: None))
    if experiment.interrupted and not all(experiment.tallies):
        raise InterruptedRunError("interrupted before a day of each scenario was done")
    return experiment.results()


def difference(before: Configuration, after: Configuration) -> "Compared":
    """The differences between two configurations, by the new workspace that each would make. Offline."""
    from tr_apply.deployment.comparison import compared_files  # noqa: PLC0415

    return compared_files(before, after)


def picture(configuration: Configuration, against: Configuration | None = None) -> "Picture":
    """The routing of *configuration*, with the changes since *against*. Offline."""
    from tr_apply.deployment.pictured import depicted_file  # noqa: PLC0415
    from tr_apply.deployment.pictured import picture as picture_of  # noqa: PLC0415

    other = None if against is None else depicted_file(against)
    return picture_of(depicted_file(configuration), against=other)


def picture_of_days(request: "SimulationRequest", results: "SimulationResults", *, is_live: bool) -> "Picture | None":
    """The routing with the figures of its steps on the simulated days; None where there is more than one variant.

    *is_live* where the days before are those of the live workspace.
    """
    if len(results.scenarios) > 2:  # noqa: PLR2004
        return None
    from tr_apply.deployment.pictured import depicted_file  # noqa: PLC0415
    from tr_apply.deployment.pictured import picture as picture_of  # noqa: PLC0415
    from tr_apply.report.simulation_lanes import counted_in  # noqa: PLC0415

    first, last = results.scenarios[0], results.scenarios[-1]
    after = depicted_file(request.configuration, counted=counted_in(last))
    if first is last:
        return picture_of(after)
    before = request.configuration if request.against is None else request.against
    return picture_of(after, against=depicted_file(before, counted=counted_in(first), is_live=is_live))


def embedded(path: StrPath = ":memory:") -> "LocalTaskRouter":
    """The embedded TaskRouter as an ASGI application, for tests of one's own programs. ``close()`` it when done.

    Args:
        path: The file that it is kept in; ``:memory:`` for none.

    Raises:
        TargetError: when the file cannot be used.
    """
    from tr_apply.local import open_app  # noqa: PLC0415

    return open_app(path if path == ":memory:" else Path(path))
