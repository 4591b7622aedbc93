"""``tr-apply apply``: show the plan, ask, carry it out, prove that nothing is left."""

import sys
import traceback
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import click

from tr_apply.apply import Stop
from tr_apply.cli.applied import conclude
from tr_apply.cli.bounded import run
from tr_apply.cli.configurations import inputs_of, require_inputs, usable
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
from tr_apply.cli.targets import command_clients
from tr_apply.deployment.applied import Applied
from tr_apply.deployment.begun import begun_plan
from tr_apply.deployment.configured import Configured
from tr_apply.deployment.deadline import Deadline
from tr_apply.deployment.fleet import Fleet, Member
from tr_apply.deployment.records import Records, records
from tr_apply.deployment.revision import declared_before
from tr_apply.deployment.run import Run
from tr_apply.deployment.saved import Saved
from tr_apply.deployment.saved_file import saved_members
from tr_apply.deployment.target_options import TargetOptions
from tr_apply.deployment.workspaces import members_of
from tr_apply.errors import IncompleteError, InterruptedRunError, RefusedError, TrApplyError, UsageError
from tr_apply.plan.checks.consent import Approval, refusals
from tr_apply.plan.saved.document import plan_id
from tr_apply.printable import without_commands
from tr_apply.report.terminal import plan_text
from tr_apply.report.wording import full_name


@dataclass(frozen=True, slots=True)
class Access:
    """How to get to the TaskRouter, and how fast."""

    target: TargetOptions
    concurrency: int


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
@click.option("--concurrency", type=click.IntRange(1, 100), default=10, show_default=True,
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
        raise UsageError(f"--expect: {len(ids)} plan ids are given for {len(paths)} PATHs; give one for each, in order")
    require_inputs(paths, options.given)
    require_not_read(options.journal_file, options.outputs_file)
    consent = options.consent()
    members = _members(paths, options, output)
    for number, member in enumerate(members):
        member.consent = replace(consent, plan_id=ids[number] if ids else None)
    require_one_workspace(options.outputs_file, members)
    fleet = Fleet(members, Deadline(options.common.timeout))
    way = Access(options.target, options.concurrency)
    with records(options.journal_file, options.undo_file, options.outputs_file) as kept:
        _apply(fleet, consent.approval, way, output, kept)
        _find_outputs(fleet, way, output, kept.outputs_file)
    return conclude(members, output)


def _members(paths: Sequence[Path], options: ApplyOptions, output: Output) -> list[Member]:
    """The workspaces of the configurations at *paths*, or of the saved plan."""
    files, base_ref = options.given, options.base_ref
    selection = options.selected.selection()
    members = members_of(paths, lambda path: usable(path, files, output), selection, tasks_file=options.tasks_file)
    if base_ref is not None:
        declared_before(members, paths, base_ref, inputs_of(files))
    return members if options.plan_file is None else saved_members(options.plan_file, members)


def _find_outputs(fleet: Fleet, way: Access, output: Output, file: Path | None) -> None:
    """Write what other systems need to know; where that fails, the workspaces are as they are."""

    async def find() -> None:
        async with command_clients(way.target, verbose=output.verbose, deadline=fleet.deadline) as clients:
            await fleet.find_outputs(clients)

    if any(member.plan is not None and member.plan.outputs for member in fleet.live):
        run(find())
    try:
        write_outputs(fleet.members, file)
    except IncompleteError as error:
        for member in fleet.live:
            member.error = error


def _apply(fleet: Fleet, approval: Approval, way: Access, output: Output, kept: Records) -> None:
    """Plan, show, ask, apply; what goes wrong with one workspace is its own outcome."""
    run(_all_planned(fleet, way, output))
    for member in fleet.members:
        member.review()
        _show_plan(member, approval, output)
    pending = [member for member in fleet.live if member.plan is not None and member.plan.operations]
    unchanged = [member for member in fleet.live if member not in pending]
    for member in unchanged:
        _note_unchanged(member)
    plans = [member.plan for member in unchanged if member.plan is not None]
    if not pending:
        kept.unchanged(plans)
        return
    try:
        _require_approval(approval, [full_name(member.made_plan.target) for member in pending])
    except RefusedError as error:
        for member in pending:
            member.error = error
        return
    kept.begin()
    output.require_file()
    require_writable_outputs([member.made_plan for member in pending], kept.outputs_file)
    stop = Stop()
    try:
        run(_all_applied(fleet, pending, way, output, stop, kept), stop=stop)
        kept.unchanged(plans)
    except InterruptedRunError:
        raise
    except Exception as error:
        if all(member.applied is None for member in pending):
            raise
        _conclude_anyway(pending, error)


def _conclude_anyway(members: Sequence[Member], error: Exception) -> None:
    """Something was written, so there will be a summary, and the exit code says that not all is well."""
    if not isinstance(error, TrApplyError):
        traceback.print_exception(error)
    for member in members:
        if member.error is None:
            member.error = IncompleteError(f"the changes were made, but the run could not be completed: {error}")


async def _all_planned(fleet: Fleet, way: Access, output: Output) -> None:
    async with (
        command_clients(
            way.target, concurrency=way.concurrency, verbose=output.verbose, deadline=fleet.deadline
        ) as clients,
        shown_waits(fleet.deadline.waits, output, READING),
    ):
        await fleet.plan(clients)
        await fleet.plan(clients, [member for member in fleet.live if _goes_on(member)])


def _goes_on(member: Member) -> bool:
    """Whether *member* goes on with the plan that was expected, because a run of it was interrupted."""
    expected = member.consent.plan_id
    if expected is None or member.plan is None or expected == plan_id(member.plan):
        return False
    assert isinstance(member.source, Configured), "only a configuration has an expected plan"
    if (begun := begun_plan(expected, member.source.configuration)) is None:
        return False
    member.source, member.deployment = Saved(begun, member.source), None
    return True


def _note_unchanged(member: Member) -> None:
    """A plan that was just made and is empty is proof; a saved one is not."""
    verified = None if isinstance(member.source, Saved) else True
    member.made_deployment.applied = Applied([], verified=verified, left=member.plan)


def _show_plan(member: Member, approval: Approval, output: Output) -> None:
    """Show the plan: in the result, and also on stderr before the question if the result goes elsewhere."""
    if member.plan is None:
        return
    refused = refusals(member.plan, member.consent)
    agreed = [each for each in member.plan.blocked if each not in refused]
    is_result = output.format == "text"
    is_question = approval is Approval.ASKED and _is_asked() and (not is_result or output.file is not None)
    text = plan_text(member.plan, ascii_only=output.ascii_only, agreed=agreed) if is_result or is_question else ""
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


async def _all_applied(
    fleet: Fleet, pending: Sequence[Member], way: Access, output: Output, stop: Stop, kept: Records
) -> None:
    plans = [member.plan for member in pending if member.plan is not None]
    async with (
        command_clients(
            way.target,
            concurrency=way.concurrency,
            verbose=output.verbose,
            observers=kept.observers,
            deadline=fleet.deadline,
        ) as clients,
        shown_waits(fleet.deadline.waits, output),
    ):
        with shown_progress(plans, output) as progress_of:

            def run_of(member: Member) -> Run:
                return Run(
                    progress_of(member.made_plan),
                    stop,
                    record=kept.record_of(member),
                    rechecks=member.consent.approval is not Approval.NOBODY,
                )

            await fleet.apply(pending, clients, run_of)
