"""``tr-apply render``: a configuration after variables and overlays, for reviewers and for policy tools."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from tr_apply.cli.configurations import require_inputs, usable
from tr_apply.cli.options import (
    CommonOptions,
    ConfigurationOptions,
    common_options,
    configuration_options,
    paths_argument,
)
from tr_apply.cli.output import Output, print_error
from tr_apply.envelope import errors_of, json_value, worst
from tr_apply.errors import TrApplyError, UsageError
from tr_apply.printable import printable
from tr_apply.rendering import RenderedConfiguration, rendered


@click.command("render")
@paths_argument
@configuration_options
@common_options("yaml", "json")
def render_command(paths: tuple[Path, ...], *, given: ConfigurationOptions, common: CommonOptions) -> int:
    """Print a configuration after variables and overlays, with sensitive values hidden. Offline.

    Names stay names, and ${sid:…} stays as it is. Several PATHs make several YAML documents.

    \b
        tr-apply render examples/support-center --overlay examples/support-center/overlays/staging.yaml
        tr-apply render --format json workspace.yaml | conftest test -
    """
    output = common.output("render")
    require_inputs(paths, given)
    made: list[RenderedConfiguration] = []
    broken: list[TrApplyError] = []
    for path in paths:
        try:
            made.append(rendered(usable(path, given, output)))
        except UsageError:
            raise
        except TrApplyError as error:
            broken.append(error)
    exit_code = worst([*(error.exit_code for error in broken), 0])
    _print(made, broken, output, exit_code)
    return exit_code


def _print(
    made: Sequence[RenderedConfiguration], broken: Sequence[TrApplyError], output: Output, exit_code: int
) -> None:
    if output.format == "json":
        errors = [each for error in broken for each in errors_of(error)]
        output.document(exit_code, _json(made), errors)
        return
    if made:
        output.result(_yaml(made))
    for error in broken:
        print_error(error, command=output.command, as_json=False)


def _json(made: Sequence[RenderedConfiguration]) -> Mapping[str, Any]:
    return {"configurations": list(map(json_value, made))}


def _yaml(made: Sequence[RenderedConfiguration]) -> str:
    from tr_apply.resources.yaml_text import yaml_text  # noqa: PLC0415

    if len(made) == 1:
        return yaml_text(made[0].configuration)
    return "".join(f"---\n# {printable(each.path)}\n{yaml_text(each.configuration)}" for each in made)
