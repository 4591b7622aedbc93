"""``tr-apply destroy``: delete a workspace, with all that is in it."""

import sys
from collections.abc import Iterable
from pathlib import Path

import click

from tr_apply.api.router import Access
from tr_apply.cli.bounded import asking, run
from tr_apply.cli.configurations import require_inputs, usable
from tr_apply.cli.options import (
    CommonOptions,
    ConfigurationOptions,
    NamedPath,
    common_options,
    configuration_options,
    target_options,
)
from tr_apply.cli.output import Output
from tr_apply.cli.streams import StdoutLostError, answered
from tr_apply.config.load import Configuration
from tr_apply.deployment.removal import Removal, removal_document
from tr_apply.deployment.target_options import TargetOptions
from tr_apply.envelope import json_value
from tr_apply.errors import IncompleteError, RefusedError, TrApplyError
from tr_apply.printable import printable
from tr_apply.report.wording import full_name
from tr_apply.resources import KIND_BY_NAME, SECTIONS


@click.command("destroy")
@click.argument("path", metavar="PATH", type=NamedPath())
@click.option("--confirm", metavar="NAME", help="The workspace's name, instead of typing it.")
@configuration_options
@target_options
@common_options("text", "json")
def destroy_command(
    path: Path, *, confirm: str | None, given: ConfigurationOptions, target: TargetOptions, common: CommonOptions
) -> int:
    """Delete the workspace of a configuration, with everything in it.

    Refused while something in it is protected by `safety.protect`, or while tasks have not ended.

    \b
        tr-apply destroy workspace.yaml
        tr-apply destroy --local --confirm "Support Center" examples/support-center
    """
    output = common.output("destroy")
    require_inputs([path], given)
    configuration = usable(path, given, output)
    way = Access(target=target, **asking(common, from_now=True))
    found = run(_removal(configuration, way))
    if found is not None:
        name = _typed_name(found, output) if confirm is None else confirm
        run(_destroyed(configuration, found, name, way), writes=True)
    try:
        _print(configuration.document.workspace.name, found, output)
    except (TrApplyError, StdoutLostError) as error:
        if found is None:
            raise
        raise IncompleteError(f"the workspace was deleted, but the result could not be printed: {error}") from error
    return 0


async def _removal(configuration: Configuration, way: Access) -> Removal | None:
    async with way.router() as router:
        return await router.removal(configuration)


async def _destroyed(configuration: Configuration, found: Removal, name: str, way: Access) -> None:
    async with way.router() as router:
        await router.destroy(configuration, found, confirmed=name)


def _typed_name(found: Removal, output: Output) -> str:
    """Nobody deletes a workspace by a slip of the finger.

    Raises:
        RefusedError: when there is nobody to type it.
    """
    if not sys.stdin.isatty():
        raise RefusedError("not running in a terminal, so nobody can type the workspace's name: use --confirm NAME")
    output.warn(f"This deletes the workspace {full_name(found.target)} with {_contents(found)}.")
    if found.undeclared:
        output.warn(f"The configuration does not declare {_listed(found.undeclared.items())} of these.")
    return answered("Type its name to delete it: ", or_else="nothing was deleted")


def _contents(found: Removal) -> str:
    return _listed((kind.name, len(found.snapshot.by_kind[kind.name])) for kind in SECTIONS)


def _listed(counts: Iterable[tuple[str, int]]) -> str:
    return ", ".join(
        f"{number} {KIND_BY_NAME[kind].title if number == 1 else KIND_BY_NAME[kind].plural}" for kind, number in counts
    )


def _print(name: str, removal: Removal | None, output: Output) -> None:
    if output.format == "json":
        output.document(0, json_value(removal_document(name, removal)))
    elif removal is None:
        output.result(f"No changes. There is no workspace {printable(name)}.")
    else:
        output.result(f"Deleted the workspace {printable(name)} with {_contents(removal)}.")
