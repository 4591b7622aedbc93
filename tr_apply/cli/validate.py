"""``tr-apply validate``: every mistake that can be found without a TaskRouter."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from tr_apply.cli.configurations import checked
from tr_apply.cli.options import configuration_options, output_of, output_options, paths_argument
from tr_apply.cli.output import Output, worst
from tr_apply.diagnostics import Diagnostic, Severity
from tr_apply.errors import ConfigError, UsageError

INVALID = ConfigError.exit_code


@click.command("validate")
@paths_argument
@click.option("--fail-on", type=click.Choice(["error", "warning"]), default="error", show_default=True,
              help="What makes the exit code 3.")  # fmt: skip
@configuration_options
@output_options("text", "json")
def validate_command(paths: tuple[Path, ...], *, fail_on: str, **options: Any) -> int:
    """Check a configuration offline: syntax, types, references, expressions, and what cannot be meant.

    \b
        tr-apply validate workspace.yaml
        tr-apply validate --fail-on warning workspaces/*
    """
    output = output_of("validate", options)
    fatal = {Severity.ERROR, Severity.WARNING} if fail_on == "warning" else {Severity.ERROR}
    found: list[Diagnostic] = []
    codes = []
    for path in paths:
        diagnostics = _diagnostics(path, options)
        found.extend(diagnostics)
        codes.append(INVALID if any(each.severity in fatal for each in diagnostics) else 0)
    exit_code = worst(codes)
    _print(found, output, exit_code, paths)
    return exit_code


def _diagnostics(path: Path, options: dict[str, Any]) -> Sequence[Diagnostic]:
    try:
        return checked(path, options).diagnostics
    except ConfigError as error:
        return error.diagnostics
    except UsageError:
        raise


def _print(found: Sequence[Diagnostic], output: Output, exit_code: int, paths: Sequence[Path]) -> None:
    if output.format == "json":
        from tr_apply.plan.document import diagnostic_value, error_value  # noqa: PLC0415

        errors = [error_value(each) for each in found if each.severity is Severity.ERROR]
        output.document(exit_code, {"diagnostics": [diagnostic_value(each) for each in found]}, errors)
        return
    output.result("".join(f"{each}\n" for each in found))
    output.say(_summary(found, paths))


def _summary(found: Sequence[Diagnostic], paths: Sequence[Path]) -> str:
    counts = Counter(each.severity for each in found)
    if not found:
        return f"{', '.join(map(str, paths))}: valid"
    told = [f"{n} {kind}{'s' if n != 1 else ''}" for kind in Severity if (n := counts[kind])]
    return ", ".join(told)
