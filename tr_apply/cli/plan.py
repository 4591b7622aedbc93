"""``tr-apply plan``: what apply would do, and nothing else."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tr_apply.cli.bounded import run
from tr_apply.cli.configurations import inputs_of, require_inputs, usable
from tr_apply.cli.github import run_artifacts, write_step_outputs
from tr_apply.cli.options import (
    CommonOptions,
    ConfigurationOptions,
    NamedPath,
    SelectionOptions,
    common_options,
    configuration_options,
    route_change_option,
    selection_options,
    target_options,
    tasks_option,
)
from tr_apply.cli.output import Output, print_error, worst
from tr_apply.cli.overwriting import require_not_read
from tr_apply.cli.plan_report import FORMATS, Reported, further_formats, report
from tr_apply.cli.progress import READING, shown_waits
from tr_apply.cli.targets import command_clients
from tr_apply.config.load import Configuration
from tr_apply.deployment.configured import Configured
from tr_apply.deployment.deadline import Deadline
from tr_apply.deployment.deployment import Deployment
from tr_apply.deployment.fleet import Fleet, Member
from tr_apply.deployment.revision import declared_before
from tr_apply.deployment.saved_file import require_plan_or_nothing
from tr_apply.deployment.target_options import TargetOptions
from tr_apply.deployment.workspaces import members_of, problem_before
from tr_apply.envelope import errors_of, json_value
from tr_apply.errors import ConfigError, RouteChangeError, TrApplyError, UsageError
from tr_apply.plan.impact import Extent
from tr_apply.plan.saved.document import checked_envelope, plan_document, plan_id
from tr_apply.plan.saved.origin import Origins, origins
from tr_apply.report.drift import origins_text
from tr_apply.report.entry import Entry, plan_outcome
from tr_apply.whole_file import write_file

if TYPE_CHECKING:
    from tr_apply.cli.plan_days import DaysOfPlan

CHANGES_PENDING = 2  # as in Terraform; click's own 2 for usage errors is remapped


@click.command("plan")
@click.argument("paths", metavar="[PATH]...", nargs=-1, type=NamedPath())
@click.option("--out", "plan_file", metavar="FILE", type=NamedPath(),
              help="Save the plan, for apply --plan FILE.")  # fmt: skip
@click.option("--overwrite", is_flag=True, help="Let --out write over a file that is not a plan.")
@click.option("--detailed-exitcode", is_flag=True, help="Exit 2 when there are changes to apply.")
@click.option("--base-ref", metavar="REV",
              help="Show separately what was changed outside the repository since REV was applied.")  # fmt: skip
@click.option("--impact", "extent", type=click.Choice([each.value for each in Extent]), default=Extent.FULL.value,
              show_default=True, help="How much of the impact on people and tasks to compute.")  # fmt: skip
@tasks_option
@route_change_option
@click.option("--load", "load_file", metavar="FILE", type=NamedPath(),
              help="Simulate days before and after the plan, with the load in FILE, as simulate does.")  # fmt: skip
@click.option("--also", multiple=True, metavar="FORMAT=FILE",
              help="Write the plan in another format to FILE as well; repeatable.")  # fmt: skip
@click.option("--undo", "journal_file", metavar="JOURNAL", type=NamedPath(),
              help="Plan the undo of what apply --journal JOURNAL did, finished or not.")  # fmt: skip
@selection_options
@configuration_options
@target_options
@common_options(*FORMATS)
def plan_command(paths: tuple[Path, ...], **given: Any) -> int:
    """Show what apply would change. Reads the workspace, writes nothing.

    Several PATHs are several workspaces. In a workflow of GitHub it sets the step's outputs plan_id, for
    apply --expect, and has_changes.

    \b
        tr-apply plan workspace.yaml
        tr-apply plan workspace.yaml --out workspace.plan.json
        tr-apply plan --local examples/support-center
    """
    options = PlanOptions(**given)
    output = options.common.output("plan")
    _require_sense(paths, options)
    require_inputs(paths, options.given)
    more = further_formats(options.also)
    require_not_read(*more.values())
    if options.plan_file is not None and not options.overwrite:
        require_plan_or_nothing(options.plan_file)
    members = _members(paths, options, output)
    for member in members:
        member.limit_route_change(options.max_route_change)
    errors = [error for member in members if member.error is not None for error in errors_of(member.error, member.name)]
    exit_code = worst([_exit_code(member, detailed=options.detailed_exitcode) for member in members])
    document = checked_envelope("plan", exit_code, {"plans": _documents(members)}, errors)
    if options.plan_file is not None:
        write_file(options.plan_file, document, private=True)
    reported = [_reported(member) for member in members]
    artifacts = "" if options.plan_file is None else run_artifacts(os.environ)
    texts = {
        each: document if each == "json" else report(each, reported, ascii_only=output.ascii_only, artifacts=artifacts)
        for each in {output.format, *more}
    }
    for each, file in more.items():
        write_file(file, click.unstyle(texts[each]), private=each == "json")
    if not errors:
        _tell_github(members)
    _print(members, output, texts)
    return exit_code


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanOptions:
    """The options of ``tr-apply plan``, each named as click calls it."""

    plan_file: Path | None
    overwrite: bool
    detailed_exitcode: bool
    base_ref: str | None
    also: tuple[str, ...]
    journal_file: Path | None
    extent: str
    tasks_file: Path | None
    max_route_change: float | None
    load_file: Path | None
    selected: SelectionOptions
    given: ConfigurationOptions
    target: TargetOptions
    common: CommonOptions


def _require_sense(paths: Sequence[Path], options: PlanOptions) -> None:
    """Refuse a journal together with options of a configuration: an undo leads to the former state in any case.

    Raises:
        UsageError: There is neither a PATH nor a journal, an option next to the journal, or a gate on a part that is
            not computed.
    """
    if options.max_route_change is not None and options.extent == Extent.NONE:
        raise UsageError("--max-route-change cannot be checked with --impact none; leave one of them out")
    if options.tasks_file is not None and options.extent != Extent.FULL:
        raise UsageError(f"--tasks cannot be counted with --impact {options.extent}; leave one of them out")
    given, selected = options.given, options.selected
    selecting = (selected.targets, selected.only, selected.excluded)
    if options.load_file is not None and (len(paths) > 1 or any(selecting)):
        raise UsageError("--load simulates one whole configuration: give one PATH, and nothing that selects a part")
    if options.journal_file is None:
        if not paths:
            raise UsageError("Missing argument 'PATH...', or --undo JOURNAL.\nTry 'tr-apply plan --help'.")
        return
    changing = (
        *(given.overlays, given.variables, given.variable_files),
        *selecting,
        *(options.base_ref, options.tasks_file, options.load_file),
    )
    if paths or any(each is not None and each != () for each in changing):
        raise UsageError("--undo takes everything from the journal: give no PATH and no option that changes a plan")


def _members(paths: Sequence[Path], options: PlanOptions, output: Output) -> list[Member]:
    """The workspaces with their plans, made from the configurations at *paths* or from a journal."""
    deadline = Deadline(options.common.timeout)
    if options.journal_file is not None:
        return run(_undone(options.journal_file, options.target, output, deadline))
    given, base_ref = options.given, options.base_ref
    selection, extent = options.selected.selection(), Extent(options.extent)
    members = members_of(paths, lambda path: usable(path, given, output), selection, extent, options.tasks_file)
    then = {} if base_ref is None else declared_before(members, paths, base_ref, inputs_of(given))
    for member in members:
        if base_ref is not None:
            member.origins = Origins.unknown(base_ref, problem_before(member))
    days = None
    if options.load_file is not None:
        from tr_apply.cli.plan_days import DaysOfPlan  # noqa: PLC0415  # most plans simulate nothing

        days = DaysOfPlan(members[0], options.load_file, output, options.common.timeout)
    run(_planned(Fleet(members, deadline), options.target, output, then, days))
    if days is not None:
        days.simulate()
    return members


async def _undone(journal_file: Path, target: TargetOptions, output: Output, deadline: Deadline) -> list[Member]:
    """The ways back from the runs in a journal, one for each workspace."""
    from tr_apply.deployment.journaled import journaled  # noqa: PLC0415  # seldom needed
    from tr_apply.deployment.undo import undone  # noqa: PLC0415

    members = []
    async with (
        command_clients(target, verbose=output.verbose, deadline=deadline) as clients,
        shown_waits(deadline.waits, output, READING),
        deadline.bound(),
    ):
        for each in journaled(journal_file):
            member = Member(str(journal_file))
            member.deployment = await undone(clients, each, str(journal_file))
            members.append(member)
    return members


async def _planned(
    fleet: Fleet,
    target: TargetOptions,
    output: Output,
    then: Mapping[str, Configuration],
    days: "DaysOfPlan | None",
) -> None:
    async with (
        command_clients(target, verbose=output.verbose, deadline=fleet.deadline) as clients,
        shown_waits(fleet.deadline.waits, output, READING),
    ):
        await fleet.plan(clients)

        async def find_origins(member: Member) -> None:
            if (asked := member.origins) is not None:
                async with fleet.deadline.bound():
                    member.origins = await _origins(member.made_deployment, then[member.name], asked.base_ref)

        await fleet.each([member for member in fleet.live if member.name in then], find_origins)
        if days is not None:
            await fleet.each(fleet.live, days.prepare)


async def _origins(deployment: Deployment, then: Configuration, ref: str) -> Origins:
    plan, snapshot = deployment.planned, deployment.snapshot
    if plan is None or snapshot is None or plan.target.workspace_sid is None:
        return Origins.unknown(ref, "the workspace is new")
    try:
        applied, _ = await Configured(then).plan_for(deployment.client, snapshot.workspace)
    except ConfigError:
        return Origins.unknown(ref, f"the configuration at {ref} no longer fits the workspace")
    return origins(plan, applied, ref)


def _exit_code(member: Member, *, detailed: bool) -> int:
    if member.error is None and detailed and member.plan is not None and member.plan.operations:
        return CHANGES_PENDING
    return member.exit_code


def _documents(members: Sequence[Member]) -> list[dict[str, Any]]:
    return [
        plan_document(member.plan)
        | {
            key: json_value(found)
            for key, found in (("origins", member.origins), ("simulation", member.simulation))
            if found is not None
        }
        for member in members
        if _is_shown(member) and member.plan is not None
    ]


def _is_shown(member: Member) -> bool:
    """Whether its plan is part of the result; a plan that fails a gate is shown, too."""
    return isinstance(member.error, RouteChangeError | None)


def _tell_github(members: Sequence[Member]) -> None:
    plans = [member.plan for member in members if member.plan is not None]
    has_changes = any(plan.operations for plan in plans)
    outputs = {"plan_id": " ".join(map(plan_id, plans)), "has_changes": str(has_changes).lower()}
    write_step_outputs(os.environ, outputs)


def _print(members: Sequence[Member], output: Output, texts: Mapping[str, str]) -> None:
    output.result(texts[output.format])
    if output.format == "json":
        return
    for member in members:
        if member.error is not None:
            print_error(
                member.error, command=output.command, as_json=False, of=member.name if len(members) > 1 else None
            )


def _reported(member: Member) -> Reported:
    error = "" if member.error is None else str(member.error)
    errors, refused = ((), error) if _is_shown(member) else ((error,), "")
    more = "" if member.origins is None else origins_text(member.origins)
    entry = Entry(member.name, member.plan, errors, more, refused, member.simulation)
    return Reported(entry, member.workspace, _outcome(member))


def _outcome(member: Member) -> str:
    return _failed(member.error) if member.error is not None or member.plan is None else plan_outcome(member.plan)


def _failed(error: TrApplyError | None) -> str:
    return "" if error is None else f"error: {error.code} (exit {error.exit_code})"
