"""``tr-apply apply``: show the plan, ask, carry it out, prove that nothing is left."""

import sys
import traceback
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import click

from tr_apply.apply import Stop
from tr_apply.cli.applied import conclude, plan_of
from tr_apply.cli.asking import answered
from tr_apply.cli.begun import begun_plan
from tr_apply.cli.bounded import run
from tr_apply.cli.configurations import require_inputs, usable
from tr_apply.cli.consent import allowed_deletes, allowed_people_lost, approval_of, require_sense
from tr_apply.cli.options import (
    NamedPath,
    configuration_options,
    output_of,
    output_options,
    route_change_option,
    selection_of,
    selection_options,
    target_options,
)
from tr_apply.cli.output import Output
from tr_apply.cli.outputs import require_one_workspace, write_outputs
from tr_apply.cli.progress import READING, shown_progress, shown_waits
from tr_apply.cli.records import Records, records
from tr_apply.cli.revision import declared_before
from tr_apply.cli.saved import saved_members
from tr_apply.cli.targets import command_clients, target_of
from tr_apply.cli.workspaces import members_of
from tr_apply.deployment.applied import Applied
from tr_apply.deployment.configured import Configured
from tr_apply.deployment.connect import TargetOptions
from tr_apply.deployment.deadline import Deadline
from tr_apply.deployment.fleet import Fleet, Member
from tr_apply.deployment.run import Run
from tr_apply.deployment.saved import Saved
from tr_apply.errors import IncompleteError, InterruptedRunError, RefusedError, TrApplyError, UsageError
from tr_apply.plan.checks.consent import Approval, Consent, refusals
from tr_apply.plan.saved.document import plan_id
from tr_apply.printable import without_commands
from tr_apply.report.terminal import plan_text
from tr_apply.report.wording import full_name


@dataclass(frozen=True, slots=True)
class Way:
    """How to get to the TaskRouter, and how fast."""

    target: TargetOptions
    concurrency: int


@click.command("apply")
@click.argument("paths", metavar="[PATH]...", nargs=-1, type=NamedPath())
@click.option("--plan", "plan_file", metavar="FILE", type=NamedPath(),
              help="Apply the plan that plan --out has saved, and nothing else.")  # fmt: skip
@click.option("--expect", "expected", multiple=True, metavar="PLAN_ID",
              help="Apply only if the plan still has this id; one for each PATH, in order.")  # fmt: skip
@click.option("--auto-approve", is_flag=True, help="Do not ask. Is no consent to delete.")
@click.option("--allow-delete", "allowed", multiple=True, metavar="KIND=N",
              help="Agree to exactly N deletes of KIND; repeatable.")  # fmt: skip
@click.option("--allow-people-lost", "allowed_people", multiple=True, metavar='"QUEUE=N"',
              help="Agree that exactly N members of QUEUE lose their place in it; repeatable.")  # fmt: skip
@route_change_option
@selection_options
@click.option("--base-ref", metavar="REV",
              help="The git revision that was applied last, for `safety.delete: declared`.")  # fmt: skip
@click.option("--concurrency", type=click.IntRange(1, 100), default=10, show_default=True,
              help="Requests under way at once, at most.")  # fmt: skip
@click.option("--journal", "journal_file", metavar="FILE", type=NamedPath(),
              help="Append a line to FILE before and after each request that writes.")  # fmt: skip
@click.option("--undo-out", "undo_file", metavar="FILE", type=NamedPath(),
              help="Save what takes it all back, for apply --plan FILE.")  # fmt: skip
@click.option("--outputs-file", metavar="FILE", type=NamedPath(),
              help="Write the outputs to FILE: JSON if it ends in .json, else lines NAME=value.")  # fmt: skip
@configuration_options
@target_options
@output_options("text", "json")
def apply_command(
    paths: tuple[Path, ...],
    *,
    plan_file: Path | None,
    expected: tuple[str, ...],
    auto_approve: bool,
    allowed: tuple[str, ...],
    allowed_people: tuple[str, ...],
    max_route_change: float | None,
    base_ref: str | None,
    concurrency: int,
    journal_file: Path | None,
    undo_file: Path | None,
    outputs_file: Path | None,
    **options: Any,
) -> int:
    """Make the live workspace equal to the configuration.

    Shows the plan, asks, sends the requests, reads the workspace again and makes sure that nothing is left. A saved
    plan needs no PATH, unless it holds sensitive values: those are read from there.

    \b
        tr-apply apply workspace.yaml
        tr-apply apply --plan workspace.plan.json
        tr-apply apply --local --auto-approve examples/support-center
    """
    output, target = output_of("apply", options), target_of(options)
    ids = tuple(each for written in expected for each in written.replace(",", " ").split())
    given = {"expected": expected, "allowed": allowed, "allowed_people": allowed_people, "base": base_ref}
    require_sense(paths, plan_file, options | given)
    if expected and len(ids) != len(paths):
        raise UsageError(f"--expect: {len(ids)} plan ids are given for {len(paths)} PATHs; give one for each, in order")
    require_inputs(paths, options)
    selection = selection_of(options)
    approval = approval_of(auto_approve=auto_approve, reviewed=bool(ids) or plan_file is not None)
    consent = Consent(
        approval,
        allowed_deletes(allowed),
        people_lost=allowed_people_lost(allowed_people),
        max_route_change=max_route_change,
    )
    way = Way(target, concurrency)
    members = members_of(paths, lambda path: usable(path, options, output), selection)
    if base_ref is not None:
        declared_before(members, paths, base_ref, options)
    if plan_file is not None:
        members = saved_members(plan_file, members)
    for number, member in enumerate(members):
        member.consent = replace(consent, plan_id=ids[number] if ids else None)
    require_one_workspace(outputs_file, members)
    fleet = Fleet(members, Deadline(options["timeout"]))
    with records(journal_file, undo_file) as kept:
        _apply(fleet, approval, way, output, kept)
        _find_outputs(fleet, way, output, outputs_file)
    return conclude(members, output)


def _find_outputs(fleet: Fleet, way: Way, output: Output, file: Path | None) -> None:
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


def _apply(fleet: Fleet, approval: Approval, way: Way, output: Output, kept: Records) -> None:
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
        _require_approval(approval, [full_name(plan_of(member).target) for member in pending])
    except RefusedError as error:
        for member in pending:
            member.error = error
        return
    kept.begin()
    output.require_file()
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
            member.error = IncompleteError(f"what was done is done, but the run could not be concluded: {error}")


async def _all_planned(fleet: Fleet, way: Way, output: Output) -> None:
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
    assert member.deployment is not None, "it has been planned"
    verified = None if isinstance(member.source, Saved) else True
    member.deployment.applied = Applied([], verified=verified, left=member.plan)


def _show_plan(member: Member, approval: Approval, output: Output) -> None:
    """The plan is part of the result; whoever is asked must see it in any case."""
    if member.plan is None:
        return
    refused = refusals(member.plan, member.consent)
    agreed = [each for each in member.plan.blocked if each not in refused]
    text = plan_text(member.plan, ascii_only=output.ascii_only, agreed=agreed)
    if output.format == "text":
        output.result(text)
    if approval is Approval.ASKED and _is_asked() and (output.format != "text" or output.file is not None):
        click.echo(without_commands(text), err=True, nl=False)


def _is_asked() -> bool:
    return sys.stdin is not None and sys.stdin.isatty()


def _require_approval(approval: Approval, workspaces: Sequence[str]) -> None:
    if approval is not Approval.ASKED:
        return
    if not _is_asked():
        raise RefusedError(
            "not running in a terminal, so nobody can confirm: use --auto-approve to apply without a question, "
            "--plan FILE to apply what was reviewed, or --expect PLAN_ID"
        )
    if answered(_question(workspaces), or_else="nothing was written").strip() != "yes":
        raise RefusedError("not approved; nothing was written")


def _question(workspaces: Sequence[str]) -> str:
    """Names every workspace with its place, because many are called alike."""
    what = "these changes" if len(workspaces) == 1 else f"these changes to {len(workspaces)} workspaces"
    listed = "".join(f"  {each}\n" for each in workspaces)
    return f"\n{listed}Apply {what}? Type 'yes' to confirm: "


async def _all_applied(
    fleet: Fleet, pending: Sequence[Member], way: Way, output: Output, stop: Stop, kept: Records
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
                    progress_of(plan_of(member)),
                    stop,
                    fleet.deadline,
                    kept.record_of(member),
                    rechecks=member.consent.approval is not Approval.NOBODY,
                )

            await fleet.apply(pending, clients, run_of)
