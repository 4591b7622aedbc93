"""``tr-apply test``: routing tests, offline."""

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from tr_apply.cli.configurations import require_inputs, require_paths, root_of, usable
from tr_apply.cli.github import repository
from tr_apply.cli.options import (
    CommonOptions,
    ConfigurationOptions,
    common_options,
    configuration_options,
    paths_argument,
    target_options,
)
from tr_apply.cli.output import Output, envelope, errors_of, json_value, print_error, worst
from tr_apply.config.routing_test_files import selected
from tr_apply.config.routing_tests import LocatedTest, load_routing_tests
from tr_apply.deployment.target_options import TargetOptions
from tr_apply.errors import ConfigError, TrApplyError, UsageError
from tr_apply.findings import Finding, Severity
from tr_apply.findings import errors_of as only_errors
from tr_apply.rehearsal.results import RoutingTestRun, results_document, run_tests
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
@click.option("--coverage", is_flag=True, help="List filters, targets and queues that no test reaches.")
@click.option("--live", metavar="NAME", help="Test with the people of the live workspace of this name or SID.")
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
        tr-apply test --format junit --output report.xml .
        tr-apply test --live "Support Center" workspace.yaml
    """
    options = RoutingTestOptions(**given)
    output = options.common.output("test")
    require_paths(paths)
    selection = selected(paths, root_of(options.given))
    require_inputs(list(selection), options.given)
    if options.live is None and options.target != TargetOptions():
        raise UsageError("--local, --local-db and --base-url say where --live is: give --live NAME as well")
    if options.live is not None and len(selection) > 1:
        raise UsageError("--live takes the people of one workspace: give one PATH")
    result = _run(selection, options, output)
    _require_tests(result, options.wanted)
    _print(result, output, with_coverage=options.coverage)
    return result.exit_code


@dataclass(frozen=True, slots=True, kw_only=True)
class RoutingTestOptions:
    """The options of ``tr-apply test``, each named as click calls it."""

    wanted: str | None
    coverage: bool
    live: str | None
    given: ConfigurationOptions
    target: TargetOptions
    common: CommonOptions


def _run(selection: Mapping[Path, Sequence[Path] | None], options: RoutingTestOptions, output: Output) -> _Outcomes:
    """Several PATHs are several workspaces; one that is broken does not stop the others."""
    runs: list[RoutingTestRun] = []
    broken: dict[str, TrApplyError] = {}
    for path, files in selection.items():
        try:
            runs.append(_tried(path, files, options, output))
        except UsageError:
            raise
        except TrApplyError as error:
            broken[str(path)] = error
    return _Outcomes(runs, broken)


def _tried(path: Path, files: Sequence[Path] | None, options: RoutingTestOptions, output: Output) -> RoutingTestRun:
    configuration = usable(path, options.given, output)
    if options.live is None:
        suite = load_routing_tests(configuration, files)
    else:
        from tr_apply.cli.asked_live import answer_of  # noqa: PLC0415  # the network is not for what is tested offline
        from tr_apply.deployment.people import live_staff  # noqa: PLC0415

        name, document = options.live, configuration.document
        people = answer_of(lambda client: live_staff(client, name, document), options.target, options.common, document)
        suite = load_routing_tests(configuration, files, people)
    if only_errors(suite.diagnostics):
        raise ConfigError(suite.diagnostics)
    for each in suite.diagnostics:
        output.say(str(each))
    return run_tests(str(path), configuration.document, _wanted(suite.tests, options.wanted))


def _wanted(tests: Sequence[LocatedTest], text: str | None) -> Sequence[LocatedTest]:
    if text is None:
        return tests
    return [each for each in tests if text.casefold() in each.test.name.casefold()]


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
    """Failures and what is wrong in the files, each at its line."""
    from tr_apply.report.github import annotations  # noqa: PLC0415

    broken = [each for error in result.broken.values() for each in _findings(error)]
    return annotations([*broken, *failure_findings(result.runs)], repository(os.environ))


def _findings(error: TrApplyError) -> Sequence[Finding]:
    return error.diagnostics if isinstance(error, ConfigError) else [Finding(Severity.ERROR, error.code, str(error))]


_FORMATS: Mapping[str, Callable[[_Outcomes], str]] = {"junit": _junit, "github": _github}
