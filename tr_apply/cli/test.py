"""``tr-apply test``: routing tests, offline."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from tr_apply.cli.configurations import require_inputs, usable
from tr_apply.cli.options import configuration_options, output_of, output_options, paths_argument
from tr_apply.cli.output import Output, errors_of, print_error, worst
from tr_apply.config.routing_tests import is_routing_test, load_routing_tests
from tr_apply.errors import ConfigError, TrApplyError, UsageError
from tr_apply.findings import errors_of as only_errors
from tr_apply.rehearsal.trial import Trial, trial
from tr_apply.rehearsal.world import World
from tr_apply.report.tests_document import test_errors, tests_document
from tr_apply.report.tests_junit import tests_junit
from tr_apply.report.tests_text import summary_line, tests_text

_FAILED = ConfigError.exit_code


@dataclass(frozen=True, slots=True)
class _Result:
    """What came of all PATHs."""

    trials: Sequence[Trial]
    broken: Mapping[str, TrApplyError]
    """The PATHs that could not be tested, and why."""

    @property
    def exit_code(self) -> int:
        codes = [_FAILED for each in self.trials if each.failed]
        return worst([*codes, *(error.exit_code for error in self.broken.values()), 0])


@click.command("test")
@paths_argument
@click.option("--coverage", is_flag=True, help="List filters, targets and queues that no test reaches.")
@configuration_options
@output_options("text", "json", "junit")
def test_command(paths: tuple[Path, ...], *, coverage: bool, **options: Any) -> int:
    """Run the routing tests (*.test.yaml) of a configuration, offline.

    \b
        tr-apply test examples/support-center
        tr-apply test --format junit --output report.xml .
    """
    output = output_of("test", options)
    require_inputs(list(map(_tested, paths)), options)
    result = _run(list(dict.fromkeys(map(_tested, paths))), options, output)
    _print(result, output, with_coverage=coverage)
    return result.exit_code


def _tested(path: Path) -> Path:
    """A file of tests is for the folder it lies in."""
    return path.parent if is_routing_test(path) and path.is_file() else path


def _run(paths: Sequence[Path], options: Mapping[str, Any], output: Output) -> _Result:
    """Several PATHs are several workspaces; one that is broken does not stop the others."""
    trials: list[Trial] = []
    broken: dict[str, TrApplyError] = {}
    for path in paths:
        try:
            trials.append(_tried(path, options, output))
        except UsageError:
            raise
        except TrApplyError as error:
            broken[str(path)] = error
    return _Result(trials, broken)


def _tried(path: Path, options: Mapping[str, Any], output: Output) -> Trial:
    configuration = usable(path, options, output)
    suite = load_routing_tests(configuration)
    if only_errors(suite.diagnostics):
        raise ConfigError(suite.diagnostics)
    for each in suite.diagnostics:
        output.say(str(each))
    return trial(str(path), World(configuration.document), suite.tests)


def _print(result: _Result, output: Output, *, with_coverage: bool) -> None:
    if output.format == "json":
        errors = [each for error in result.broken.values() for each in errors_of(error)]
        content = tests_document(result.trials, with_coverage=with_coverage)
        output.document(result.exit_code, content, [*errors, *test_errors(result.trials)])
        return
    if output.format == "junit":
        output.result(tests_junit(result.trials, {path: str(error) for path, error in result.broken.items()}))
    elif result.trials:
        output.result(tests_text(result.trials, with_coverage=with_coverage))
    for error in result.broken.values():
        print_error(error, command=output.command, as_json=False)
    if len(result.trials) > 1 and output.format == "text":
        output.say(f"In all: {summary_line(result.trials)}")
