"""``tr-apply apply``: show the plan, ask, carry it out, prove that nothing is left."""

import asyncio
import sys
import traceback
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from tr_apply.api.plan import Plan
from tr_apply.api.records import Records, records
from tr_apply.api.rollout import Rollout, RunOptions, planned_scope, rollout
from tr_apply.api.router import Access
from tr_apply.cli.applied import conclude
from tr_apply.cli.bounded import asking, run
from tr_apply.cli.configurations import begun, inputs_of, require_inputs, say_warnings
from tr_apply.cli.consent import ApplyOptions, require_sense
from tr_apply.cli.options import (
    NamedPath,
    common_options,
    configuration_options,
    route_change_option,
    selection_options,
    target_options,
    tasks_option,
)
from tr_apply.cli.output import Output
from tr_apply.cli.outputs import require_one_workspace, require_writable_outputs, write_outputs
from tr_apply.cli.overwriting import require_not_read
from tr_apply.cli.progress import READING, shown_progress, shown_waits
from tr_apply.cli.streams import answered
from tr_apply.errors import IncompleteError, InterruptedRunError, RefusedError, UsageError
from tr_apply.frozen import frozen
from tr_apply.plan.checks.consent import Approval
from tr_apply.printable import without_commands
from tr_apply.report.terminal import plan_text
from tr_apply.report.wording import full_name


@click.command("apply")
@click.argument("paths", metavar="[PATH]...", nargs=-1, type=NamedPath())
@click.option("--plan", "plan_file", metavar="FILE", type=NamedPath(),
              help="Apply the plan that plan --out saved, and nothing else.")  # fmt: skip
@click.option("--expect", "expected", multiple=True, metavar="PLAN_ID",
              help="Apply only if the plan id is still PLAN_ID; one for each PATH, in order.")  # fmt: skip
@click.option("--auto-approve", is_flag=True, help="Apply without asking. Deletes still need --allow-delete.")
@click.option("--allow-delete", "allowed", multiple=True, metavar="KIND=N",
              help="Allow exactly N deletes of KIND; repeatable.")  # fmt: skip
@click.option("--allow-people-lost", "allowed_people", multiple=True, metavar='"QUEUE=N"',
              help="Allow exactly N workers to lose their place in QUEUE; repeatable.")  # fmt: skip
@tasks_option
@route_change_option
@selection_options
@click.option("--base-ref", metavar="REV",
              help="The git revision that was applied last, for `safety.delete: declared`.")  # fmt: skip
@click.option("--concurrency", metavar="N", type=click.IntRange(1, 100), default=10, show_default=True,
              help="Maximum number of concurrent requests.")  # fmt: skip
@click.option("--journal", "journal_file", metavar="FILE", type=NamedPath(),
              help="Append a line to FILE before and after each request that writes.")  # fmt: skip
@click.option("--undo-out", "undo_file", metavar="FILE", type=NamedPath(),
              help="Save the plan that undoes this run, for apply --plan FILE.")  # fmt: skip
@click.option("--outputs-file", metavar="FILE", type=NamedPath(),
              help="Write the outputs to FILE: JSON if it ends in .json, else lines NAME=value.")  # fmt: skip
@configuration_options
@target_options
@common_options("text", "json")
def apply_command(paths: tuple[Path, ...], **given: Any) -> int:
    """Make the live workspace match the configuration.

    Shows the plan, asks, sends the requests, reads the workspace again and makes sure that nothing is left. A saved
    plan needs no PATH, unless it holds sensitive values: those are read from there.

    \b
        tr-apply apply workspace.yaml
        tr-apply apply --plan workspace.plan.json
        tr-apply apply --local --auto-approve examples/support-center
    """
    options = ApplyOptions(**given)
    output = options.common.output("apply")
    require_sense(paths, options)
    ids = options.plan_ids
    if options.expected and len(ids) != len(paths):
        plan_ids = f"{len(ids)} plan id{'' if len(ids) == 1 else 's'}"
        numbers = f"{plan_ids} for {len(paths)} PATH{'' if len(paths) == 1 else 's'}"
        raise UsageError(f"--expect: {numbers}; give one for each, in order")
    require_inputs(paths, options.given)
    require_not_read(options.journal_file, options.outputs_file)
    consent = options.consent()
    workspaces = _workspaces(paths, options)
    workspaces.agree(consent, ids)
    require_one_workspace(options.outputs_file, workspaces.plans)
    asked = asking(options.common, from_now=True)
    way = Access(target=options.target, concurrency=options.concurrency, **asked)
    with records(options.journal_file, options.undo_file) as kept:
        _apply(workspaces, consent.approval, way, output, _Results(kept, options.outputs_file))
        _find_outputs(workspaces, way, options.outputs_file)
    return conclude(workspaces, output)


@frozen
class _Results:
    """The files that an apply leaves besides its result."""

    records: Records
    outputs_file: Path | None


def _workspaces(paths: Sequence[Path], options: ApplyOptions) -> Rollout:
    """The workspaces of the configurations at *paths*, or of the saved plan."""
    given, selected = options.given, options.selected
    scope = planned_scope(
        targets=selected.targets, only=selected.only, excluded=selected.excluded, tasks=options.tasks_file
    )
    declared = rollout(paths, lambda path: begun(path, given), scope=scope)
    if options.base_ref is not None:
        declared.since(options.base_ref, paths, inputs_of(given), origins=False)
    return declared if options.plan_file is None else Rollout.saved(options.plan_file, declared)


def _find_outputs(workspaces: Rollout, way: Access, file: Path | None) -> None:
    """Write what other systems need to know; where that fails or is interrupted, the workspaces are as they are."""

    async def find() -> None:
        async with way.router() as router:
            await router.find_outputs(workspaces)

    try:
        if workspaces.has_outputs:
            run(find())
        write_outputs(workspaces.plans, file)
    except (IncompleteError, InterruptedRunError) as error:
        workspaces.end(error)


def _apply(workspaces: Rollout, approval: Approval, way: Access, output: Output, files: _Results) -> None:
    """Plan, show, ask, apply; what goes wrong with one workspace is its own outcome."""
    run(_planned(workspaces, way, output))
    workspaces.review()
    for plan in workspaces.plans:
        _show(plan, approval, output)
    pending = workspaces.pending
    if not pending:
        files.records.unchanged([plan.deployment.require_plan() for plan in workspaces.unchanged])
        return
    try:
        _require_approval(approval, [full_name(plan.target) for plan in pending])
    except RefusedError as error:
        workspaces.end(error, pending)
        return
    output.require_file()
    require_writable_outputs(pending, files.outputs_file)
    how = RunOptions(records=files.records, rechecks=approval is not Approval.NOBODY)
    with workspaces.concluding():
        run(_applied(workspaces, how, way, output), stop=how.stop, writes=True)
    if workspaces.bug is not None:
        traceback.print_exception(workspaces.bug)


async def _planned(workspaces: Rollout, way: Access, output: Output) -> None:
    try:
        async with (
            way.router() as router,
            shown_waits(way.deadline.waits, output, READING),
        ):
            await router.plan_all(workspaces)
    finally:
        say_warnings(workspaces.warnings, output)


def _show(plan: Plan, approval: Approval, output: Output) -> None:
    """Show the plan: in the result, and also on stderr before the question if the result goes elsewhere."""
    if plan.changes is None:
        return
    is_result = output.format == "text"
    is_question = approval is Approval.ASKED and _is_asked() and (not is_result or output.file is not None)
    text = ""
    if is_result or is_question:
        text = plan_text(plan.changes, ascii_only=output.ascii_only, agreed=plan.agreed)
    if is_result:
        output.result(text)
    if is_question:
        click.echo(without_commands(text), err=True, nl=False)


def _is_asked() -> bool:
    return sys.stdin is not None and sys.stdin.isatty()


def _require_approval(approval: Approval, workspaces: Sequence[str]) -> None:
    if approval is not Approval.ASKED:
        return
    if not _is_asked():
        raise RefusedError(
            "not running in a terminal, so nobody can confirm: use --auto-approve to apply without a question, "
            "--plan FILE to apply a reviewed plan, or --expect PLAN_ID"
        )
    if answered(_question(workspaces), or_else="nothing was written").strip() != "yes":
        raise RefusedError("not approved, so nothing was written")


def _question(workspaces: Sequence[str]) -> str:
    """Names every workspace with its place, because many are called alike."""
    what = "these changes" if len(workspaces) == 1 else f"these changes to {len(workspaces)} workspaces"
    listed = "".join(f"  {each}\n" for each in workspaces)
    return f"\n{listed}Apply {what}? Type 'yes' to confirm: "


async def _applied(workspaces: Rollout, how: RunOptions, way: Access, output: Output) -> None:
    async with (
        way.router() as router,
        shown_waits(way.deadline.waits, output),
        shown_progress(workspaces.pending, output) as progress_of,
    ):
        run_all = router.apply_all(workspaces, replace(how, progress_of=progress_of))
        if output.format != "json":
            await run_all
        else:  # while the first answers are under way, nothing else has to be done
            await asyncio.gather(run_all, asyncio.to_thread(_describe, workspaces.pending))


def _describe(plans: Sequence[Plan]) -> None:
    """Make the documents of *plans*, which are a part of the result."""
    for plan in plans:
        plan.described()
