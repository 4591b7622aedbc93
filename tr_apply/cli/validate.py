"""``tr-apply validate``: every mistake that can be found without a TaskRouter."""

import os
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import click

from tr_apply.api.configurations import PeopleOf
from tr_apply.cli.configurations import checked, require_paths, root_of, unused_variables
from tr_apply.cli.github import repository
from tr_apply.cli.options import (
    CommonOptions,
    ConfigurationOptions,
    common_options,
    configuration_options,
    paths_argument,
    target_options,
)
from tr_apply.config.load import Configuration
from tr_apply.config.routing_test_files import configuration_of, files_of_tests, is_routing_test
from tr_apply.deployment.target_options import TargetOptions
from tr_apply.envelope import envelope
from tr_apply.errors import ConfigError
from tr_apply.findings import Finding, Severity, errors_of
from tr_apply.printable import printable
from tr_apply.routing.evaluate import Names

_COMMAND = "validate"


class Findings(NamedTuple):
    """The findings, in the order of the PATHs and their files, and the exit code."""

    diagnostics: Sequence[Finding]
    accepted: Sequence[Finding]
    exit_code: int


def _text(findings: Findings) -> str:
    return "".join(f"{printable(str(each))}\n" for each in findings.diagnostics)


def _github(findings: Findings) -> str:
    from tr_apply.report.github import annotations  # noqa: PLC0415

    return annotations(findings.diagnostics, repository(os.environ))


def _sarif(findings: Findings) -> str:
    from tr_apply.report.sarif import sarif  # noqa: PLC0415

    found = (*findings.diagnostics, *findings.accepted)
    return sarif(found, exit_code=findings.exit_code, root=repository(os.environ))


def _json(findings: Findings) -> str:
    content = {"diagnostics": [each.document() for each in findings.diagnostics]}
    errors = [each.error_document() for each in errors_of(findings.diagnostics)]
    return envelope(_COMMAND, findings.exit_code, content, errors)


FORMATS: Mapping[str, Callable[[Findings], str]] = {
    "text": _text,
    "json": _json,
    "github": _github,
    "sarif": _sarif,
}


@click.command(_COMMAND)
@paths_argument
@click.option("--fail-on", type=click.Choice(["error", "warning"]), default="error", show_default=True,
              help="The severity that makes the exit code 3.")  # fmt: skip
@click.option("--live", is_flag=True, help="Read the live workers, to find queues and steps that nobody can be in.")
@click.option("--ask-server", is_flag=True,
              help="Also ask TaskRouter who matches queues and targets, three a second; includes --live.")  # fmt: skip
@configuration_options
@target_options
@common_options(*FORMATS)
def validate_command(
    paths: tuple[Path, ...],
    *,
    fail_on: str,
    live: bool,
    ask_server: bool,
    given: ConfigurationOptions,
    target: TargetOptions,
    common: CommonOptions,
) -> int:
    """Check a configuration offline: syntax, types, references, expressions, and what cannot be meant.

    Routing tests (*.test.yaml) in a folder are checked as well, without running them. A PATH to a *.test.yaml checks
    that file alone. Nothing is read but files, unless --live is given; nothing is ever written.

    \b
        tr-apply validate workspace.yaml
        tr-apply validate --fail-on warning workspaces/*
        tr-apply validate --live workspace.yaml
    """
    output = common.output(_COMMAND)
    require_paths(paths)
    people = _live_people(target, common, ask_server=ask_server) if live or ask_server else None
    parts = [_findings(path, given, people) for path in paths]
    unused = unused_variables(_folders(paths), given)
    parts = [_Part(unused, (), lambda _: None), *parts]
    found = list(dict.fromkeys(each for part in parts for each in part.diagnostics))
    accepted = [each for part in parts for each in part.accepted]
    fatal = {Severity.ERROR, Severity.WARNING} if fail_on == "warning" else {Severity.ERROR}
    exit_code = ConfigError.exit_code if any(each.severity in fatal for each in found) else 0
    if output.format == "text" and output.width is not None:
        output.result(_terminal_text(parts, output.width))
    else:
        output.result(FORMATS[output.format](Findings(found, accepted, exit_code)))
    if output.format in {"text", "github"}:
        output.say(_summary(found, paths))
    return exit_code


class _Part(NamedTuple):
    """The findings at one PATH, the accepted ones among them, and a function that gives the line of a finding."""

    diagnostics: Sequence[Finding]
    accepted: Sequence[Finding]
    line: Callable[[Finding], str | None]


def _terminal_text(parts: Sequence[_Part], width: int) -> str:
    from tr_apply.report.finding_text import finding_text  # noqa: PLC0415

    found = {each: part.line(each) for part in parts for each in part.diagnostics}
    return "".join(finding_text(finding, line, width=width) for finding, line in found.items())


def _findings(path: Path, given: ConfigurationOptions, people: PeopleOf | None) -> _Part:
    """Those of a configuration, with the routing tests of a folder. Of a file of routing tests, those of it alone."""
    if path.is_file() and is_routing_test(path):
        configuration = checked(configuration_of(path, root_of(given)), given)
        return _Part(_test_findings(configuration, [path]), (), configuration.source_line)
    configuration = checked(path, given, people)
    files = files_of_tests(path) if path.is_dir() and configuration.complete else ()
    of_tests = _test_findings(configuration, files) if files else ()
    found = [*configuration.diagnostics, *of_tests]
    return _Part(found, configuration.accepted, configuration.source_line)


def _live_people(target: TargetOptions, common: CommonOptions, *, ask_server: bool) -> PeopleOf:
    """Reads the people of the workspace that a configuration is for, and notes what TaskRouter answers otherwise."""
    from tr_apply.api.router import Access  # noqa: PLC0415  # the network is not for what is checked offline
    from tr_apply.cli.bounded import answer_of, asking  # noqa: PLC0415

    output = common.output(_COMMAND)
    access = Access(target=target, **asking(common))

    def people(configuration: Configuration) -> Sequence[Names] | None:
        found = answer_of(lambda router: router.people(configuration, ask_server=ask_server), access)
        if found is None:
            output.say(
                f"{configuration.document.workspace.name} is not live yet: its people are those that the file declares"
            )
            return None
        for each in found.differences:
            configuration.notes.place(each)
        if found.unasked:
            what = "1 target expression reads" if found.unasked == 1 else f"{found.unasked} target expressions read"
            output.say(f"{what} the task as well as the worker: TaskRouter cannot be asked about that")
        return found.people

    return people


def _folders(paths: Sequence[Path]) -> Sequence[Path]:
    """*paths*, with the configuration that it is for in place of each file of routing tests."""
    return [configuration_of(path) if path.is_file() and is_routing_test(path) else path for path in paths]


def _test_findings(configuration: Configuration, files: Sequence[Path]) -> Sequence[Finding]:
    from tr_apply.config.routing_tests import load_routing_tests  # noqa: PLC0415

    return load_routing_tests(configuration, files).diagnostics


def _summary(found: Sequence[Finding], paths: Sequence[Path]) -> str:
    if not found:
        return f"{', '.join(map(str, paths))}: valid"
    counts = Counter(each.severity for each in found)
    return ", ".join(f"{n} {kind}{'s' if n != 1 else ''}" for kind in Severity if (n := counts[kind]))
