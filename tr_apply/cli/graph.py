"""``tr-apply graph``: the routing of a workspace as a picture."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import click
from click.core import ParameterSource

from tr_apply.api.offline import picture
from tr_apply.api.router import Access
from tr_apply.cli.bounded import answer_of, asking
from tr_apply.cli.configurations import is_path, require_inputs, usable
from tr_apply.cli.options import (
    CommonOptions,
    ConfigurationOptions,
    NamedPath,
    common_options,
    configuration_options,
    target_options,
)
from tr_apply.cli.output import Output
from tr_apply.config.load import Configuration
from tr_apply.config.suggestions import nearest
from tr_apply.deployment.target_options import TargetOptions
from tr_apply.errors import UsageError
from tr_apply.picture import Picture, picture_dot, picture_html, picture_mermaid, picture_svg
from tr_apply.printable import printable
from tr_apply.routing.names import name_key

FORMATS: Mapping[str, Callable[[Picture], str]] = {
    "html": picture_html,
    "svg": picture_svg,
    "mermaid": picture_mermaid,
    "dot": picture_dot,
}
_SUFFIXES = {".html": "html", ".htm": "html", ".svg": "svg", ".mmd": "mermaid", ".mermaid": "mermaid", ".md": "mermaid",
             ".dot": "dot", ".gv": "dot"}  # fmt: skip


@click.command("graph")
@click.argument("path", metavar="PATH", type=NamedPath())
@click.option("--workflow", metavar="NAME", help="Draw this workflow alone, with the queues that it leads to.")
@click.option("--against", metavar="PATH|NAME", help="Mark the changes since another file or the live workspace.")
@click.option("--live", is_flag=True, help="Count the people of the live workspace, not those of the file.")
@configuration_options
@target_options
@common_options(*FORMATS)
def graph_command(
    path: Path,
    *,
    workflow: str | None,
    against: str | None,
    live: bool,
    given: ConfigurationOptions,
    target: TargetOptions,
    common: CommonOptions,
) -> int:
    """Draw the routing: one row for each filter, with its steps, times, queues and people.

    Without --format, the suffix of --output decides (.html, .svg, .mmd, .dot). Asks no TaskRouter, except for --live
    and for the live workspace of --against.

    \b
        tr-apply graph workspace.yaml --output routing.html
        tr-apply graph workspace.yaml --workflow Voice --format mermaid
        tr-apply graph workspace.yaml --against "Support Center" --live --output changes.html
    """
    is_given = click.get_current_context().get_parameter_source("format_name") is not ParameterSource.DEFAULT
    output = _with_format(common.output("graph"), is_given=is_given)
    require_inputs([path, *([Path(against)] if against and is_path(against) else [])], given)
    configuration = usable(path, given, output)
    other = usable(Path(against), given, output) if against and is_path(against) else against
    drawn = _offline(configuration, other, live=live) or answer_of(
        lambda router: router.picture(configuration, other, live=live), Access(target=target, **asking(common))
    )
    if workflow is not None:
        drawn = drawn.only(_known(workflow, drawn))
    output.result(FORMATS[output.format](drawn))
    return 0


def _with_format(output: Output, *, is_given: bool) -> Output:
    if is_given or output.file is None:
        return output
    suffix = output.file.suffix
    found = _SUFFIXES.get(suffix.lower())
    if suffix and found is None:
        output.warn(f"Warning: no format has the suffix {suffix}, so {output.file} gets {output.format}: give --format")
    return replace(output, format=found or output.format)


def _offline(configuration: Configuration, against: Configuration | str | None, *, live: bool) -> Picture | None:
    """The picture, if it needs no TaskRouter."""
    if live or isinstance(against, str):
        return None
    return picture(configuration, against)


def _known(name: str, drawn: Picture) -> str:
    names = [each.name for each in drawn.workflows]
    if name_key(name) in map(name_key, names):
        return name
    near = nearest(name, names)
    hint = f"did you mean {near!r}?" if near is not None else f"known here: {', '.join(names[:10]) or 'none'}"
    raise UsageError(f"there is no workflow {printable(name)!r}; {hint}")
