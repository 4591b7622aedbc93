"""``tr-apply diff``: what two workspaces differ in, live or written down."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import click

from tr_apply.cli.asked_live import answer_of
from tr_apply.cli.configurations import checked, require_inputs, require_paths
from tr_apply.cli.options import (
    CommonOptions,
    ConfigurationOptions,
    common_options,
    configuration_options,
    target_options,
)
from tr_apply.cli.output import Output
from tr_apply.cli.targets import exists, is_path, looks_like_a_path
from tr_apply.client import Client
from tr_apply.config.load import Configuration
from tr_apply.deployment.configured import Configured
from tr_apply.deployment.target_options import TargetOptions
from tr_apply.difference import Difference, contents_of_file, contents_of_live, difference, planned_difference
from tr_apply.envelope import json_value
from tr_apply.errors import ConfigError
from tr_apply.findings import errors_of
from tr_apply.live import Live
from tr_apply.reader import WORKSPACE_SID, named_workspace, read_everything
from tr_apply.report.difference import ComparedWorkspace, difference_document, difference_text

DIFFERENT = 2  # only when asked for, as in plan

Side = Configuration | Live


@dataclass(frozen=True, slots=True)
class Compared:
    """Both sides, found, and what they differ in."""

    before: Side
    after: Side
    difference: Difference


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
    if given.overlays and len(files) > 1:
        laid = ", ".join(map(str, given.overlays))
        output.say(f"--overlay {laid} is laid over both sides; write PATH+{laid} to lay it over one")
    sides = _loaded([before, after], files, given)
    compared = _compared(sides, target, common)
    exit_code = DIFFERENT if detailed_exitcode and compared.difference.operations else 0
    _print(compared, output, exit_code)
    return exit_code


def paths_in(written: str) -> Sequence[Path]:
    """The path that *written* is, and those of the overlays that it carries; none of the name of a live workspace."""
    if WORKSPACE_SID.match(written):
        return ()
    parts = written.split("+")
    if exists(written) or len(parts) == 1 or not _is_path_with_overlays(parts):
        return [Path(written)] if is_path(written) else ()
    return [Path(each) for each in parts]


def _is_path_with_overlays(parts: Sequence[str]) -> bool:
    """Whether *parts* are paths, though they need not exist; a live workspace may be called ``C++``, too."""
    return all(parts) and (all(map(exists, parts)) or any(map(looks_like_a_path, parts)))


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
            found = difference(contents_of_file(before.document), contents_of_file(after.document))
            return Compared(before, after, found)
        case _:
            files = (side for side in sides if isinstance(side, Configuration))
            credentials = next((Configured(side).credentials for side in files), None)
            return answer_of(lambda client: _read(client, sides), target, common, credentials)


async def _read(client: Client, sides: Sequence[Configuration | str]) -> Compared:
    before, after = [side if isinstance(side, Configuration) else await named_workspace(client, side) for side in sides]
    return Compared(before, after, await _difference(before, after, client))


async def _difference(before: Side, after: Side, client: Client) -> Difference:
    if isinstance(before, Configuration):
        if isinstance(after, Configuration):
            return difference(contents_of_file(before.document), contents_of_file(after.document))
        return await _planned(before, after, client, to_live=True)
    if isinstance(after, Configuration):
        return await _planned(after, before, client, to_live=False)
    snapshots = [await read_everything(client, each) for each in (before, after)]
    return difference(*map(contents_of_live, snapshots))


async def _planned(configuration: Configuration, live: Live, client: Client, *, to_live: bool) -> Difference:
    plan, snapshot = await Configured(configuration).plan_for(client, live)
    return planned_difference(plan, snapshot, configuration.document, to_live=to_live)


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
