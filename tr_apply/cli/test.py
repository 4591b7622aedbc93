"""``tr-apply test``: routing tests, offline."""

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from tr_apply.api.offline import add_missing_tests, routing_suite, run_suite
from tr_apply.cli.configurations import require_inputs, require_paths, root_of, usable
from tr_apply.cli.github import repository
from tr_apply.cli.options import (
    CommonOptions,
    ConfigurationOptions,
    NamedPath,
    common_options,
    configuration_options,
    paths_argument,
    target_options,
)
from tr_apply.cli.output import Output, print_error
from tr_apply.config.load import Configuration
from tr_apply.config.routing_test_files import belongs_to, selected
from tr_apply.corpus.read import load_corpus
from tr_apply.corpus.tasks import Corpus
from tr_apply.deployment.target_options import TargetOptions
from tr_apply.envelope import envelope, errors_of, json_value, worst
from tr_apply.errors import ConfigError, TrApplyError, UsageError
from tr_apply.findings import Finding, Severity
from tr_apply.rehearsal.results import RoutingTestRun, results_document
from tr_apply.report.tests_text import failure_findings, summary_line, tests_text

_FAILED = ConfigError.exit_code


@dataclass(frozen=True, slots=True)
class _Outcomes:
    """The results of all configurations."""

    runs: Sequence[RoutingTestRun]
    broken: Mapping[str, TrApplyError]
    """The configurations that could not be tested, and why."""

    @property
    def exit_code(self) -> int:
        codes = [_FAILED for each in self.runs if each.failed]
        return worst([*codes, *(error.exit_code for error in self.broken.values()), 0])


@click.command("test")
@paths_argument
@click.option("-k", "wanted", metavar="TEXT", help="Run only the tests whose name contains TEXT.")
@click.option(
    "--coverage", is_flag=True, help="List filters, targets and queues that no test or recorded task reaches."
)
@click.option("--live", metavar="NAME", help="Test with the people of the live workspace of this name or SID.")
@click.option("--tasks", "tasks_file", metavar="FILE", type=NamedPath(),
              help="Show how the recorded tasks in FILE (.csv, .jsonl) spread over filters and queues.")  # fmt: skip
@click.option("--record", "record_file", metavar="FILE", type=NamedPath(),
              help="First add a test to FILE for each route of the recorded tasks that no test covers.")  # fmt: skip
@configuration_options
@target_options
@common_options("text", "json", "junit", "github")
def test_command(paths: tuple[Path, ...], **given: Any) -> int:
    """Run the routing tests (*.test.yaml) of a configuration, offline unless --live is given.

    A PATH to a *.test.yaml runs the tests of that file only, with the configuration of the nearest folder, from its own
    upwards, that declares a workspace. With --live, its queues and workflows are tested with the people who are live:
    each counts as available and without a task, unless a test says otherwise. Nothing is written.

    \b
        tr-apply test examples/support-center
        tr-apply test examples/support-center/voice.test.yaml -k Spanish
        tr-apply test --tasks tasks.csv --record recorded.test.yaml .
        tr-apply test --live "Support Center" workspace.yaml
    """
    options = RoutingTestOptions(**given)
    output = options.common.output("test")
    require_paths(paths)
    root = root_of(options.given)
    selection = selected(paths, root)
    require_inputs(list(selection), options.given)
    if options.live is None and options.target != TargetOptions():
        raise UsageError("--local, --local-db and --base-url say where --live is: give --live NAME as well")
    if options.live is not None and len(selection) > 1:
        raise UsageError("--live takes the people of one workspace: give one PATH")
    roots = () if root is None else (root.resolve(),)
    corpus = None if options.tasks_file is None else load_corpus(options.tasks_file, roots)
    if options.record_file is not None:
        _record(selection, options.record_file, corpus, options, output)
    result = _run(selection, corpus, options, output)
    _require_tests(result, options.wanted)
    _print(result, output, with_coverage=options.coverage)
    return result.exit_code


@dataclass(frozen=True, slots=True, kw_only=True)
class RoutingTestOptions:
    """The options of ``tr-apply test``, each named as click calls it."""

    wanted: str | None
    coverage: bool
    tasks_file: Path | None
    record_file: Path | None
    live: str | None
    given: ConfigurationOptions
    target: TargetOptions
    common: CommonOptions


def _record(
    selection: Mapping[Path, Sequence[Path] | None], file: Path, corpus: Corpus | None, options: RoutingTestOptions,
    output: Output,
) -> None:  # fmt: skip
    """Add the missing tests to *file*, and keep its content.

    Raises:
        UsageError: It is not clear what to record, or the tests would not be found in the file.
        RefusedError: Tests cannot be added to the file.
    """
    if corpus is None or len(selection) != 1:
        raise UsageError("--record adds tests for recorded tasks to one configuration: give one PATH, and --tasks FILE")
    [path] = selection
    if not belongs_to(file, path):
        raise UsageError(f"--record {file}: not a *.test.yaml in the folder of {path}, so its tests would not be found")
    configuration = usable(path, options.given, output)
    added = add_missing_tests(file, configuration, corpus)
    if not added:
        output.say("no test was added: the tests cover every route of the recorded tasks")
        return
    output.say(f"added {added} {'test' if added == 1 else 'tests'} to {file}")


def _run(
    selection: Mapping[Path, Sequence[Path] | None], corpus: Corpus | None, options: RoutingTestOptions, output: Output
) -> _Outcomes:
    """Several PATHs are several workspaces; one that is broken does not stop the others."""
    runs: list[RoutingTestRun] = []
    broken: dict[str, TrApplyError] = {}
    for path, files in selection.items():
        try:
            runs.append(_tried(path, files, corpus, options, output))
        except UsageError:
            raise
        except TrApplyError as error:
            broken[str(path)] = error
    return _Outcomes(runs, broken)


def _tried(
    path: Path, files: Sequence[Path] | None, corpus: Corpus | None, options: RoutingTestOptions, output: Output
) -> RoutingTestRun:
    configuration = usable(path, options.given, output)
    people = () if options.live is None else _live_people(configuration, options.live, options)
    suite = routing_suite(configuration, files, with_tasks=corpus is not None, people=people)
    for each in suite.diagnostics:
        output.say(str(each))
    return run_suite(configuration, suite, corpus, options.wanted)


def _live_people(configuration: Configuration, name: str, options: RoutingTestOptions) -> Sequence[Any]:
    from tr_apply.api.router import Access  # noqa: PLC0415  # the network is not for what is tested offline
    from tr_apply.cli.bounded import answer_of, asking  # noqa: PLC0415

    access = Access(target=options.target, **asking(options.common))
    return answer_of(lambda router: router.staff(name, configuration), access)


def _require_tests(result: _Outcomes, wanted: str | None) -> None:
    """A TEXT that selects nothing is a mistake, not a success."""
    if wanted is not None and not result.broken and not any(each.results for each in result.runs):
        raise UsageError(f"-k {wanted!r}: no test has a name that contains this")


def _print(result: _Outcomes, output: Output, *, with_coverage: bool) -> None:
    if output.format == "json":
        output.result(_json(result, with_coverage=with_coverage))
        return
    if output.format == "text":
        if result.runs:
            output.result(tests_text(result.runs, with_coverage=with_coverage))
    else:
        output.result(_FORMATS[output.format](result))
    for error in result.broken.values():
        print_error(error, command=output.command, as_json=False)
    if output.format == "github" or (len(result.runs) > 1 and output.format == "text"):
        output.say(f"In all: {summary_line(result.runs)}")


def _json(result: _Outcomes, *, with_coverage: bool) -> str:
    errors = [each for error in result.broken.values() for each in errors_of(error)]
    errors += [each.error_document() for each in failure_findings(result.runs)]
    content = json_value(results_document(result.runs, with_coverage=with_coverage))
    return envelope("test", result.exit_code, content, errors)


def _junit(result: _Outcomes) -> str:
    from tr_apply.report.tests_junit import tests_junit  # noqa: PLC0415

    return tests_junit(result.runs, {path: str(error) for path, error in result.broken.items()})


def _github(result: _Outcomes) -> str:
    """Failures and mistakes in the files, each at its line."""
    from tr_apply.report.github import annotations  # noqa: PLC0415
    from tr_apply.report.tasks_text import distribution_findings  # noqa: PLC0415

    broken = [each for error in result.broken.values() for each in _findings(error)]
    tasks = distribution_findings([each.tasks for each in result.runs if each.tasks is not None])
    return annotations([*broken, *failure_findings(result.runs), *tasks], repository(os.environ))


def _findings(error: TrApplyError) -> Sequence[Finding]:
    return error.diagnostics if isinstance(error, ConfigError) else [Finding(Severity.ERROR, error.code, str(error))]


_FORMATS: Mapping[str, Callable[[_Outcomes], str]] = {"junit": _junit, "github": _github}
