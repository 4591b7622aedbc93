"""``tr-apply validate``: every mistake that can be found without a TaskRouter."""

import os
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import click

from tr_apply.cli.configurations import checked, require_paths
from tr_apply.cli.options import configuration_options, output_of, output_options, paths_argument
from tr_apply.cli.output import envelope
from tr_apply.config.files import TEST_SUFFIXES
from tr_apply.errors import ConfigError
from tr_apply.findings import Finding, Severity, errors_of
from tr_apply.report.values import printable

_COMMAND = "validate"


class Findings(NamedTuple):
    """What was found, in the order of the PATHs and their files, and the exit code that it makes."""

    diagnostics: Sequence[Finding]
    accepted: Sequence[Finding]
    exit_code: int


def _text(findings: Findings) -> str:
    return "".join(f"{printable(str(each))}\n" for each in findings.diagnostics)


def _github(findings: Findings) -> str:
    from tr_apply.report.github import annotations  # noqa: PLC0415

    return annotations(findings.diagnostics, _repository())


def _sarif(findings: Findings) -> str:
    from tr_apply.report.sarif import sarif  # noqa: PLC0415

    found = (*findings.diagnostics, *findings.accepted)
    return sarif(found, exit_code=findings.exit_code, root=_repository())


def _repository() -> Path | None:
    """What GitHub's runner has checked out, from where it names files; None elsewhere."""
    return Path(root) if (root := os.environ.get("GITHUB_WORKSPACE")) else None


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
              help="What makes the exit code 3.")  # fmt: skip
@configuration_options
@output_options(*FORMATS)
def validate_command(paths: tuple[Path, ...], *, fail_on: str, **options: Any) -> int:
    """Check a configuration offline: syntax, types, references, expressions, and what cannot be meant.

    A PATH to a *.test.yaml checks that file alone, without running its tests.

    \b
        tr-apply validate workspace.yaml
        tr-apply validate --fail-on warning workspaces/*
    """
    output = output_of(_COMMAND, options)
    require_paths(paths)
    parts = [_findings(path, options) for path in paths]
    found = [each for part in parts for each in part.diagnostics]
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
    """What was found at one PATH, what of it is accepted, and the line that a finding is about."""

    diagnostics: Sequence[Finding]
    accepted: Sequence[Finding]
    line: Callable[[Finding], str | None]


def _terminal_text(parts: Sequence[_Part], width: int) -> str:
    from tr_apply.report.finding_text import finding_text  # noqa: PLC0415

    found = ((each, part.line(each)) for part in parts for each in part.diagnostics)
    return "".join(finding_text(finding, line, width=width) for finding, line in found)


def _findings(path: Path, options: Mapping[str, Any]) -> _Part:
    """Those of a configuration; or those of one file of routing tests next to a configuration."""
    if path.is_dir() or not path.name.endswith(TEST_SUFFIXES):
        configuration = checked(path, options)
        return _Part(configuration.diagnostics, configuration.accepted, configuration.source_line)
    from tr_apply.config.routing_tests import load_routing_tests  # noqa: PLC0415

    suite = load_routing_tests(checked(path.parent, options))
    name = os.fsencode(path).decode(errors="backslashreplace")  # as findings call it
    return _Part([each for each in suite.diagnostics if each.file == name], (), lambda _: None)


def _summary(found: Sequence[Finding], paths: Sequence[Path]) -> str:
    if not found:
        return f"{', '.join(map(str, paths))}: valid"
    counts = Counter(each.severity for each in found)
    return ", ".join(f"{n} {kind}{'s' if n != 1 else ''}" for kind in Severity if (n := counts[kind]))
