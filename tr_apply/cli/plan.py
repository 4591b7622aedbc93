"""``tr-apply plan``: what apply would do, and nothing else."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from tr_apply.cli.configurations import require_paths, usable
from tr_apply.cli.options import configuration_options, output_of, output_options, paths_argument, target_options
from tr_apply.cli.output import Output, errors_of, print_error, worst
from tr_apply.cli.run import run
from tr_apply.cli.targets import TargetOptions, open_client, target_of
from tr_apply.config.load import Configuration
from tr_apply.deployment import Deployment
from tr_apply.errors import TrApplyError, UsageError
from tr_apply.plan.change import Plan
from tr_apply.plan.document import plan_document
from tr_apply.plan.target import parsed_target
from tr_apply.report.terminal import plan_text

CHANGES_PENDING = 2  # as in Terraform; click's own 2 for usage errors is remapped


@dataclass(frozen=True, slots=True)
class Planned:
    """What came of one PATH: a plan, or why there is none."""

    plan: Plan | None = None
    error: TrApplyError | None = None

    def exit_code(self, *, detailed: bool) -> int:
        """What this PATH adds to the exit code."""
        if self.error is not None:
            return self.error.exit_code
        return CHANGES_PENDING if detailed and self.plan is not None and self.plan.operations else 0


@click.command("plan")
@paths_argument
@click.option("--detailed-exitcode", is_flag=True, help="Exit 2 when there are changes to apply.")
@click.option("--target", "targets", multiple=True, metavar="KIND/NAME", help="Only this, and what it depends on.")
@configuration_options
@target_options
@output_options("text", "json")
def plan_command(paths: tuple[Path, ...], *, detailed_exitcode: bool, targets: tuple[str, ...], **options: Any) -> int:
    """Show what apply would change. Reads the workspace, writes nothing.

    \b
        tr-apply plan workspace.yaml
        tr-apply plan --local examples/support-center
    """
    output, target = output_of("plan", options), target_of(options)
    require_paths(paths)
    for each in targets:
        parsed_target(each)
    configurations = [_loaded(path, options, output) for path in paths]
    planned = run(_all_planned(configurations, targets, target, output), timeout_s=options["timeout"])
    exit_code = worst([each.exit_code(detailed=detailed_exitcode) for each in planned])
    _print(planned, output, exit_code)
    return exit_code


def _loaded(path: Path, options: dict[str, Any], output: Output) -> Configuration | TrApplyError:
    try:
        return usable(path, options, output)
    except UsageError:
        raise
    except TrApplyError as error:
        return error


async def _all_planned(
    configurations: Sequence[Configuration | TrApplyError],
    targets: Sequence[str],
    target: TargetOptions,
    output: Output,
) -> list[Planned]:
    """Several PATHs are several workspaces: side by side, and one failing does not stop the others."""

    async def planned(configuration: Configuration | TrApplyError) -> Planned:
        if isinstance(configuration, TrApplyError):
            return Planned(error=configuration)
        try:
            async with open_client(target, concurrency=10, verbose=output.verbose) as client:
                return Planned(await Deployment(configuration, client, targets).plan())
        except TrApplyError as error:
            return Planned(error=error)

    return list(await asyncio.gather(*(planned(each) for each in configurations)))


def _print(planned: Sequence[Planned], output: Output, exit_code: int) -> None:
    if output.format == "json":
        errors = [error for each in planned if each.error is not None for error in errors_of(each.error)]
        output.document(exit_code, {"plans": [plan_document(p.plan) for p in planned if p.plan is not None]}, errors)
        return
    output.result("\n".join(plan_text(p.plan, ascii_only=output.ascii_only) for p in planned if p.plan is not None))
    for each in planned:
        if each.error is not None:
            print_error(each.error, command=output.command, as_json=False)
