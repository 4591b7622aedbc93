"""``tr-apply plan``: what apply would do, and nothing else."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from tr_apply.api.plan import Plan
from tr_apply.api.rollout import Rollout, planned_scope, require_saveable, rollout
from tr_apply.api.router import Access
from tr_apply.cli.bounded import asking, run
from tr_apply.cli.configurations import begun, inputs_of, require_inputs, say_warnings
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
from tr_apply.cli.output import Output, print_error
from tr_apply.cli.overwriting import require_not_read
from tr_apply.cli.progress import READING, shown_waits
from tr_apply.deployment.target_options import TargetOptions
from tr_apply.errors import UsageError
from tr_apply.frozen import frozen
from tr_apply.plan.impact import Extent
from tr_apply.report.plans import FORMATS
from tr_apply.whole_file import write_file


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
        require_saveable(options.plan_file)
    planned = _planned(paths, options, output)
    planned.limit_route_change(options.max_route_change)
    detailed = options.detailed_exitcode
    if options.plan_file is not None:
        planned.save(options.plan_file, overwrite=True, detailed=detailed)
    artifacts = "" if options.plan_file is None else run_artifacts(os.environ)
    texts = {
        each: planned.report(each, color=True, ascii_only=output.ascii_only, artifacts=artifacts, detailed=detailed)
        for each in {output.format, *more}
    }
    for each, file in more.items():
        write_file(file, click.unstyle(texts[each]), private=each == "json")
    if not planned.errors:
        write_step_outputs(os.environ, lambda: _step_outputs(planned.plans))
    _print(planned.plans, output, texts)
    return planned.exit_code(detailed=detailed)


@frozen(kw_only=True)
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


def further_formats(written: Sequence[str]) -> dict[str, Path]:
    """By format, the file that ``--also FORMAT=FILE`` names.

    Raises:
        UsageError: when one has another form, or a format has two files.
    """
    found: dict[str, Path] = {}
    for each in written:
        name, equals, file = each.partition("=")
        if name not in FORMATS or not equals or not file:
            raise UsageError(f"--also {each}: expected FORMAT=FILE, where FORMAT is one of {', '.join(FORMATS)}")
        if name in found:
            raise UsageError(f"--also {each}: {name} is already written to {found[name]}")
        found[name] = Path(file)
    return found


def _planned(paths: Sequence[Path], options: PlanOptions, output: Output) -> Rollout:
    """The workspaces with their plans, made from the configurations at *paths* or from a journal."""
    way = Access(target=options.target, **asking(options.common, from_now=True))
    if (journal := options.journal_file) is not None:
        return run(_undone(journal, way, output))
    given, selected = options.given, options.selected
    scope = planned_scope(
        targets=selected.targets,
        only=selected.only,
        excluded=selected.excluded,
        impact=options.extent,
        tasks=options.tasks_file,
    )
    planned = rollout(paths, lambda path: begun(path, given), scope=scope)
    if options.base_ref is not None:
        planned.since(options.base_ref, paths, inputs_of(given))
    if options.load_file is None:
        run(_plan(planned, way, output))
        return planned
    from tr_apply.cli.simulating import deadline_of, simulated  # noqa: PLC0415  # most plans simulate nothing

    until = deadline_of(options.common.timeout)
    planned.simulating(options.load_file)
    run(_plan(planned, way, output))
    planned.simulate(lambda experiment: simulated(experiment, output, until))
    return planned


async def _plan(planned: Rollout, way: Access, output: Output) -> None:
    try:
        async with (
            way.router() as router,
            shown_waits(way.deadline.waits, output, READING),
        ):
            await router.plan_all(planned)
    finally:
        say_warnings(planned.warnings, output)


async def _undone(journal: Path, way: Access, output: Output) -> Rollout:
    """The ways back from the runs in a journal, one for each workspace."""
    async with (
        way.router() as router,
        shown_waits(way.deadline.waits, output, READING),
    ):
        return await router.undo(journal)


def _step_outputs(plans: Sequence[Plan]) -> dict[str, str]:
    """For the steps of GitHub after this one."""
    made = [plan for plan in plans if plan.changes is not None]
    has_changes = any(plan.operations for plan in made)
    return {"plan_id": " ".join(plan.plan_id for plan in made), "has_changes": str(has_changes).lower()}


def _print(plans: Sequence[Plan], output: Output, texts: Mapping[str, str]) -> None:
    output.result(texts[output.format])
    if output.format == "json":
        return
    for plan in plans:
        if plan.error is not None:
            of = plan.name if len(plans) > 1 else None
            print_error(plan.error, command=output.command, as_json=False, of=of)
