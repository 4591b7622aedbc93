"""``tr-apply diff``: what two workspaces differ in, live or written down."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import click

from tr_apply.api.offline import difference
from tr_apply.api.router import Access
from tr_apply.cli.bounded import answer_of, asking
from tr_apply.cli.configurations import checked, paths_in, require_inputs, require_paths
from tr_apply.cli.options import (
    CommonOptions,
    ConfigurationOptions,
    common_options,
    configuration_options,
    target_options,
)
from tr_apply.cli.output import Output
from tr_apply.config.load import Configuration
from tr_apply.deployment.comparison import Compared, Side
from tr_apply.deployment.target_options import TargetOptions
from tr_apply.envelope import json_value
from tr_apply.errors import ConfigError
from tr_apply.findings import errors_of
from tr_apply.report.difference import ComparedWorkspace, difference_document, difference_text

DIFFERENT = 2  # only when asked for, as in plan


@click.command("diff")
@click.argument("before", metavar="A")
@click.argument("after", metavar="B")
@click.option("--detailed-exitcode", is_flag=True, help="Exit 2 when there are differences.")
@configuration_options
@target_options
@common_options("text", "json")
def diff_command(
    before: str,
    after: str,
    *,
    detailed_exitcode: bool,
    given: ConfigurationOptions,
    target: TargetOptions,
    common: CommonOptions,
) -> int:
    """Show the differences between A and B: only in B (+), only in A (-), or different (~).

    Each is a file, a folder, or a live workspace by name or SID. What exists here, has a slash in it, or ends in .yaml
    or .yml is a path; anything else is the name of a live workspace. A path may carry overlays of its own, as in
    base.yaml+staging.yaml; --overlay is laid over both sides, after these. SIDs and the names of the two workspaces
    do not count as differences. A file and a live workspace are compared as in a plan: fields that the file does not
    manage do not count. Two files are compared by the new workspace that each would make.

    \b
        tr-apply diff staging.yaml production.yaml
        tr-apply diff base.yaml base.yaml+overlays/staging.yaml
        tr-apply diff production.yaml "Support Center"
        tr-apply diff "Support Center" WS0123456789abcdef0123456789abcdef
    """
    output = common.output("diff")
    files = {each: paths for each in (before, after) if (paths := paths_in(each))}
    _require(list(files.values()), given)
    if given.overlays and before in files and after in files:
        laid = ", ".join(map(str, given.overlays))
        output.say(f"--overlay {laid} is laid over both sides; write PATH+{laid} to lay it over one")
    sides = _loaded([before, after], files, given)
    compared = _compared(sides, target, common)
    exit_code = DIFFERENT if detailed_exitcode and compared.difference.operations else 0
    _print(compared, output, exit_code)
    return exit_code


def _require(files: Sequence[Sequence[Path]], given: ConfigurationOptions) -> None:
    """Check that every file is there and that one of them uses each ``--var``.

    Raises:
        UsageError: for the first file that is not there.
        ConfigError: with the variables that nothing uses.
    """
    overlays = [overlay for _, *own in files for overlay in own]
    require_paths(overlays)
    require_inputs([path for path, *_ in files], given.with_overlays(overlays))


def _loaded(
    written: Sequence[str], files: Mapping[str, Sequence[Path]], given: ConfigurationOptions
) -> list[Configuration | str]:
    """Each configuration, called as it is *written*; the names of live workspaces as they are.

    Raises:
        ConfigError: with the findings of both.
    """
    sides = [_configuration(each, files[each], given) if each in files else each for each in written]
    found = [each for side in sides if isinstance(side, Configuration) for each in side.diagnostics]
    if errors_of(found):
        raise ConfigError(list(dict.fromkeys(found)))
    return sides


def _configuration(written: str, paths: Sequence[Path], given: ConfigurationOptions) -> Configuration:
    path, *overlays = paths
    return checked(path, given.with_overlays(overlays))._replace(path=written)


def _compared(sides: Sequence[Configuration | str], target: TargetOptions, common: CommonOptions) -> Compared:
    match sides:
        case [Configuration() as before, Configuration() as after]:
            return difference(before, after)
        case [before, after]:
            return answer_of(lambda router: router.difference(before, after), Access(target=target, **asking(common)))
        case _:
            raise ValueError("a difference has two sides")


def _print(compared: Compared, output: Output, exit_code: int) -> None:
    if output.format == "json":
        document = difference_document(compared.difference, _as_compared(compared.before), _as_compared(compared.after))
        output.document(exit_code, json_value(document))
    else:
        output.result(difference_text(compared.difference, _title(compared.before), _title(compared.after)))


def _title(side: Side) -> str:
    return side.path if isinstance(side, Configuration) else f"{side.name} ({side.sid})"


def _as_compared(side: Side) -> ComparedWorkspace:
    if isinstance(side, Configuration):
        return ComparedWorkspace(side.path, None, side.document.workspace.name)
    return ComparedWorkspace(None, side.sid, side.name)
