"""``tr-apply plan``: what apply would do, and nothing else."""

import os
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import click

from tr_apply.cli.bounded import Deadline, run
from tr_apply.cli.configurations import require_inputs, usable
from tr_apply.cli.github import write_step_outputs
from tr_apply.cli.jobs import AnyDeployment, Crew, Job, job_of, live, planned
from tr_apply.cli.options import (
    NamedPath,
    configuration_options,
    output_of,
    output_options,
    paths_argument,
    target_options,
)
from tr_apply.cli.output import Output, checked_envelope, errors_of, print_error, worst, write_file
from tr_apply.cli.targets import TargetOptions, open_clients, target_of
from tr_apply.config.load import Configuration
from tr_apply.deployment import Deployment
from tr_apply.errors import ConfigError, TrApplyError
from tr_apply.plan.change import Plan
from tr_apply.plan.document import plan_document, plan_id
from tr_apply.plan.origin import Origins, origins
from tr_apply.plan.target import parsed_target
from tr_apply.report.entry import Entry
from tr_apply.report.origin import origins_document, origins_text
from tr_apply.report.summary import plan_outcome, summary_table
from tr_apply.report.terminal import plan_text

CHANGES_PENDING = 2  # as in Terraform; click's own 2 for usage errors is remapped


@click.command("plan")
@paths_argument
@click.option("--out", "plan_file", metavar="FILE", type=NamedPath(),
              help="Save the plan, for apply --plan FILE.")  # fmt: skip
@click.option("--detailed-exitcode", is_flag=True, help="Exit 2 when there are changes to apply.")
@click.option("--base-ref", metavar="REV",
              help="Tell what was changed outside the repository since the git revision REV was applied.")  # fmt: skip
@click.option("--target", "targets", multiple=True, metavar="KIND/NAME", help="Only this, and what it depends on.")
@configuration_options
@target_options
@output_options("text", "json", "markdown", "html")
def plan_command(
    paths: tuple[Path, ...],
    *,
    plan_file: Path | None,
    detailed_exitcode: bool,
    base_ref: str | None,
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
    require_inputs(paths, options)
    for each in targets:
        parsed_target(each)
    deadline = Deadline(options["timeout"])
    jobs = [job_of(str(path), partial(usable, path, options, output), targets) for path in paths]
    then = {} if base_ref is None else _applied_before(jobs, paths, base_ref, options)
    run(_planned(jobs, target, output, deadline, then))
    errors = [error for job in jobs if job.error is not None for error in errors_of(job.error, job.name)]
    exit_code = worst([_exit_code(job, detailed=detailed_exitcode) for job in jobs])
    document = checked_envelope("plan", exit_code, {"plans": _documents(jobs)}, errors)
    if plan_file is not None:
        write_file(plan_file, document)
    if not errors:
        _tell_github(jobs)
    _print(jobs, output, document)
    return exit_code


def _applied_before(
    jobs: Sequence[Job], paths: Sequence[Path], base_ref: str, options: Mapping[str, Any]
) -> dict[str, Configuration]:
    """By PATH, the configuration as it was; where it cannot be told, the job says why."""
    from tr_apply.cli.revision import revision, usable_then  # noqa: PLC0415

    found = {}
    with revision(base_ref) as then:
        for job, path in zip(jobs, paths, strict=True):
            configuration, problem = usable_then(then, path, options)
            job.origins = Origins(base_ref, problem=problem)
            if configuration is not None:
                found[job.name] = configuration
    return found


async def _planned(
    jobs: Sequence[Job],
    target: TargetOptions,
    output: Output,
    deadline: Deadline,
    then: Mapping[str, Configuration],
) -> None:
    async with open_clients(target, concurrency=10, verbose=output.verbose) as clients:
        await planned(jobs, clients, deadline)

        async def tell_apart(job: Job) -> None:
            assert job.plan is not None
            assert job.deployment is not None
            assert job.origins is not None
            job.origins = await _origins(job.plan, job.deployment, then[job.name], job.origins.ref)

        await Crew(deadline).each([job for job in live(jobs) if job.name in then], tell_apart)


async def _origins(plan: Plan, deployment: AnyDeployment, then: Configuration, ref: str) -> Origins:
    snapshot = deployment.snapshot
    if plan.target.workspace_sid is None or snapshot is None or snapshot.workspace is None:
        return Origins(ref, problem="the workspace is new")
    before = Deployment(then, deployment.client)
    try:
        applied, _ = await before.plan_for(snapshot.workspace)
    except ConfigError:
        return Origins(ref, problem=f"the configuration at {ref} does not fit the workspace any more")
    return origins(plan, applied, ref)


def _exit_code(job: Job, *, detailed: bool) -> int:
    if job.error is None and detailed and job.plan is not None and job.plan.operations:
        return CHANGES_PENDING
    return job.exit_code


def _documents(jobs: Sequence[Job]) -> list[dict[str, Any]]:
    return [
        plan_document(job.plan) | ({} if job.origins is None else {"origins": origins_document(job.origins)})
        for job in live(jobs)
        if job.plan is not None
    ]


def _tell_github(jobs: Sequence[Job]) -> None:
    plans = [job.plan for job in jobs if job.plan is not None]
    has_changes = any(plan.operations for plan in plans)
    outputs = {"plan_id": " ".join(map(plan_id, plans)), "has_changes": str(has_changes).lower()}
    write_step_outputs(os.environ, outputs)


def _print(jobs: Sequence[Job], output: Output, document: str) -> None:
    if output.format == "json":
        output.result(document)
        return
    output.result(_report(jobs, output))
    for job in jobs:
        if job.error is not None:
            print_error(job.error, command=output.command, as_json=False, of=job.name if len(jobs) > 1 else None)


def _report(jobs: Sequence[Job], output: Output) -> str:
    if output.format == "markdown":
        from tr_apply.report.markdown import plans_markdown  # noqa: PLC0415

        return plans_markdown([_entry(job) for job in jobs])
    if output.format == "html":
        from tr_apply.report.html import plans_html  # noqa: PLC0415

        return plans_html([_entry(job) for job in jobs])
    texts = [_text(job, output) for job in live(jobs)]
    if len(jobs) > 1:
        texts.append(summary_table([(job.name, job.workspace, _outcome(job)) for job in jobs]))
    return "\n".join(texts)


def _entry(job: Job) -> Entry:
    errors = () if job.error is None else (str(job.error),)
    return Entry(job.name, job.plan, errors, "" if job.origins is None else origins_text(job.origins))


def _text(job: Job, output: Output) -> str:
    assert job.plan is not None
    text = plan_text(job.plan, ascii_only=output.ascii_only)
    return text if job.origins is None else f"{text}\n{origins_text(job.origins)}"


def _outcome(job: Job) -> str:
    return _failed(job.error) if job.error is not None or job.plan is None else plan_outcome(job.plan)


def _failed(error: TrApplyError | None) -> str:
    return "" if error is None else f"error: {error.code} (exit {error.exit_code})"
