"""``tr-apply plan``: what apply would do, and nothing else."""

import os
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import click

from tr_apply.cli.configurations import require_paths, usable
from tr_apply.cli.github import write_step_outputs
from tr_apply.cli.jobs import Job, job_of, live, planned
from tr_apply.cli.options import configuration_options, output_of, output_options, paths_argument, target_options
from tr_apply.cli.output import Output, checked_envelope, errors_of, print_error, worst, write_file
from tr_apply.cli.run import Deadline, run
from tr_apply.cli.targets import TargetOptions, open_clients, target_of
from tr_apply.errors import TrApplyError
from tr_apply.plan.document import plan_document, plan_id
from tr_apply.plan.target import parsed_target
from tr_apply.report.summary import plan_outcome, summary_table
from tr_apply.report.terminal import plan_text

CHANGES_PENDING = 2  # as in Terraform; click's own 2 for usage errors is remapped


@click.command("plan")
@paths_argument
@click.option("--out", "plan_file", metavar="FILE", type=click.Path(path_type=Path),
              help="Save the plan, for apply --plan FILE.")  # fmt: skip
@click.option("--detailed-exitcode", is_flag=True, help="Exit 2 when there are changes to apply.")
@click.option("--target", "targets", multiple=True, metavar="KIND/NAME", help="Only this, and what it depends on.")
@configuration_options
@target_options
@output_options("text", "json")
def plan_command(
    paths: tuple[Path, ...],
    *,
    plan_file: Path | None,
    detailed_exitcode: bool,
    targets: tuple[str, ...],
    **options: Any,
) -> int:
    """Show what apply would change. Reads the workspace, writes nothing.

    Several PATHs are several workspaces. In a workflow of GitHub it sets the step's outputs plan_id, for
    apply --expect, and has_changes.

    \b
        tr-apply plan workspace.yaml
        tr-apply plan workspace.yaml --out workspace.plan.json
        tr-apply plan --local examples/support-center
    """
    output, target = output_of("plan", options), target_of(options)
    require_paths(paths)
    for each in targets:
        parsed_target(each)
    deadline = Deadline(options["timeout"])
    jobs = [job_of(str(path), partial(usable, path, options, output), targets) for path in paths]
    run(_planned(jobs, target, output, deadline))
    errors = [error for job in jobs if job.error is not None for error in errors_of(job.error, job.name)]
    exit_code = worst([_exit_code(job, detailed=detailed_exitcode) for job in jobs])
    document = checked_envelope("plan", exit_code, {"plans": _documents(jobs)}, errors)
    if plan_file is not None:
        write_file(plan_file, document)
    if not errors:
        _tell_github(jobs)
    _print(jobs, output, document)
    return exit_code


async def _planned(jobs: Sequence[Job], target: TargetOptions, output: Output, deadline: Deadline) -> None:
    async with open_clients(target, concurrency=10, verbose=output.verbose) as clients:
        await planned(jobs, clients, deadline)


def _exit_code(job: Job, *, detailed: bool) -> int:
    if job.error is None and detailed and job.plan is not None and job.plan.operations:
        return CHANGES_PENDING
    return job.exit_code


def _documents(jobs: Sequence[Job]) -> list[dict[str, Any]]:
    return [plan_document(job.plan) for job in live(jobs) if job.plan is not None]


def _tell_github(jobs: Sequence[Job]) -> None:
    plans = [job.plan for job in jobs if job.plan is not None]
    has_changes = any(plan.operations for plan in plans)
    outputs = {"plan_id": " ".join(map(plan_id, plans)), "has_changes": str(has_changes).lower()}
    write_step_outputs(os.environ, outputs)


def _print(jobs: Sequence[Job], output: Output, document: str) -> None:
    if output.format == "json":
        output.result(document)
        return
    texts = [plan_text(job.plan, ascii_only=output.ascii_only) for job in live(jobs) if job.plan is not None]
    if len(jobs) > 1:
        texts.append(summary_table([(job.name, job.workspace, _outcome(job)) for job in jobs]))
    output.result("\n".join(texts))
    for job in jobs:
        if job.error is not None:
            print_error(job.error, command=output.command, as_json=False, of=job.name if len(jobs) > 1 else None)


def _outcome(job: Job) -> str:
    return _failed(job.error) if job.error is not None or job.plan is None else plan_outcome(job.plan)


def _failed(error: TrApplyError | None) -> str:
    return "" if error is None else f"error: {error.code} (exit {error.exit_code})"
