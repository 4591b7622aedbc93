"""``tr-apply destroy``: delete a workspace, with all that is in it."""

import sys
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import click

from tr_apply.cli.asking import answered
from tr_apply.cli.bounded import Deadline, OutOfTimeError, run
from tr_apply.cli.configurations import require_inputs, usable
from tr_apply.cli.options import NamedPath, configuration_options, output_of, output_options, target_options
from tr_apply.cli.output import Output
from tr_apply.cli.targets import TargetOptions, credentials_of, open_client, target_of
from tr_apply.client import Client
from tr_apply.config.load import Configuration
from tr_apply.deployment import Deployment
from tr_apply.errors import AnswerLostError, IncompleteError, RefusedError, TrApplyError
from tr_apply.live import Snapshot
from tr_apply.plan.guard import protects
from tr_apply.report.values import printable
from tr_apply.resources import SECTIONS, WORKSPACE
from tr_apply.resources.seeds import is_flex


@click.command("destroy")
@click.argument("path", metavar="PATH", type=NamedPath())
@click.option("--confirm", metavar="NAME", help="The workspace's name, instead of typing it.")
@configuration_options
@target_options
@output_options("text", "json")
def destroy_command(path: Path, *, confirm: str | None, **options: Any) -> int:
    """Delete the workspace of a configuration, with everything in it.

    \b
        tr-apply destroy workspace.yaml
        tr-apply destroy --local --confirm "Support Center" examples/support-center
    """
    output, target = output_of("destroy", options), target_of(options)
    require_inputs([path], options)
    configuration = usable(path, options, output)
    _refuse_if_protected(configuration)
    deadline = Deadline(options["timeout"])
    found = run(_found(configuration, target, output, deadline))
    if found is not None:
        _require_name(found, confirm, output)
        run(_deleted(configuration, found, target, output, deadline))
    _print(configuration, found, output)
    return 0


def _refuse_if_protected(configuration: Configuration) -> None:
    document = configuration.document
    if is_flex(document.workspace.name):
        raise RefusedError("the workspace belongs to Flex, which cannot work without it; nothing was deleted")
    for pattern in document.safety.protect:
        if protects(pattern, WORKSPACE.name, document.workspace.name):
            raise RefusedError(f"the workspace is protected by {pattern!r} in `safety.protect`; nothing was deleted")


def _client(configuration: Configuration, target: TargetOptions, output: Output) -> AbstractAsyncContextManager[Client]:
    credentials = credentials_of(configuration)
    return open_client(target, concurrency=10, verbose=output.verbose, credentials=credentials)


async def _found(
    configuration: Configuration, target: TargetOptions, output: Output, deadline: Deadline
) -> Snapshot | None:
    async with deadline.bound(), _client(configuration, target, output) as client:
        return await Deployment(configuration, client).everything()


def _require_name(found: Snapshot, confirm: str | None, output: Output) -> None:
    """Nobody deletes a workspace by a slip of the finger.

    Raises:
        RefusedError: when the name is not given as it is.
    """
    assert found.workspace is not None
    name = found.workspace.name
    if confirm is None:
        if not sys.stdin.isatty():
            raise RefusedError("nobody is there to type the workspace's name: use --confirm NAME")
        output.warn(f"This deletes the workspace {printable(name)} ({found.workspace.sid}) with {_contents(found)}.")
        confirm = answered("Type its name to delete it: ", or_else="nothing was deleted")
    if confirm != name:
        raise RefusedError(f"the workspace's name is {name!r}, not {confirm!r}; nothing was deleted")


def _contents(found: Snapshot) -> str:
    counts = [(len(found.by_kind[kind.name]), kind) for kind in SECTIONS]
    return ", ".join(
        f"{count} {kind.title if count == 1 else kind.section.replace('_', ' ')}" for count, kind in counts
    )


async def _deleted(
    configuration: Configuration, found: Snapshot, target: TargetOptions, output: Output, deadline: Deadline
) -> None:
    assert found.workspace is not None
    sid = found.workspace.sid
    async with _client(configuration, target, output) as client:
        try:
            async with deadline.bound():
                await client.delete(WORKSPACE, sid, sid)
        except (AnswerLostError, OutOfTimeError) as error:
            raise IncompleteError(f"the workspace may have been deleted: {error}; run again to find out") from error
        try:
            async with deadline.bound():
                left = [live for live in await client.workspaces() if live.sid == sid]
        except TrApplyError as error:
            raise IncompleteError(f"the workspace was deleted, but that could not be seen: {error}") from error
    if left:
        name = configuration.document.workspace.name
        raise IncompleteError(f"TaskRouter accepted the deletion, but the workspace {name!r} ({sid}) is still listed")


def _print(configuration: Configuration, found: Snapshot | None, output: Output) -> None:
    name = configuration.document.workspace.name
    deleted = {} if found is None else {kind: len(live) for kind, live in found.by_kind.items()}
    if output.format == "json":
        sid = None if found is None or found.workspace is None else found.workspace.sid
        content = {"workspace": name, "workspace_sid": sid, "deleted": found is not None, "contents": deleted}
        output.document(0, content)
    elif found is None:
        output.result(f"No changes. There is no workspace {printable(name)}.")
    else:
        output.result(f"Deleted the workspace {printable(name)} with {_contents(found)}.")
