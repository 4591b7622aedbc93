"""``tr-apply apply``: show the plan, ask, carry it out, prove that nothing is left."""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import click

from tr_apply.apply import Result, Status, Stop, failure_of
from tr_apply.cli.asking import answered
from tr_apply.cli.bounded import Deadline, OutOfTimeError, run
from tr_apply.cli.configurations import require_inputs, usable
from tr_apply.cli.jobs import Crew, Job, job_of, live, planned
from tr_apply.cli.options import NamedPath, configuration_options, output_of, output_options, target_options
from tr_apply.cli.output import Output, errors_of, print_error, worst
from tr_apply.cli.progress import ProgressOf, shown_progress
from tr_apply.cli.records import Records, records
from tr_apply.cli.saved import saved_jobs
from tr_apply.cli.streams import StdoutLostError, tell_lost
from tr_apply.cli.targets import TargetOptions, open_clients, target_of
from tr_apply.deployment import Applied
from tr_apply.errors import IncompleteError, InterruptedRunError, RefusedError, StaleError, TrApplyError, UsageError
from tr_apply.plan.change import Operation, Plan
from tr_apply.plan.document import plan_document, plan_id
from tr_apply.plan.guard import refusals
from tr_apply.plan.stale import DriftError
from tr_apply.plan.target import parsed_target
from tr_apply.report.staleness import drift_document, drift_text
from tr_apply.report.summary import apply_outcome, summary_table
from tr_apply.report.terminal import plan_text, result_text
from tr_apply.report.values import printable
from tr_apply.resources import KIND_BY_NAME


@dataclass(frozen=True, slots=True)
class Consent:
    """What the caller agreed to beforehand.

    Attributes:
        auto_approve: That nobody is asked.
        deletes: How many of each kind may be deleted.
        expected: The plans' ids; they were reviewed.
        saved: Whether the plans were saved; they were reviewed, too.
    """

    auto_approve: bool = False
    deletes: Mapping[str, int] = field(default_factory=dict)
    expected: Sequence[str] = ()
    saved: bool = False

    @property
    def reviewed(self) -> bool:
        """Whether somebody has seen these very plans."""
        return self.saved or bool(self.expected)

    @property
    def asks(self) -> bool:
        """Whether somebody must be asked."""
        return not (self.auto_approve or self.reviewed)


@dataclass(frozen=True, slots=True)
class Way:
    """How to get to the TaskRouter, and how fast."""

    target: TargetOptions
    deadline: Deadline
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
@click.option("--target", "targets", multiple=True, metavar="KIND/NAME", help="Only this, and what it depends on.")
@click.option("--concurrency", type=click.IntRange(1, 100), default=10, show_default=True,
              help="Requests under way at once, at most.")  # fmt: skip
@click.option("--journal", "journal_file", metavar="FILE", type=NamedPath(),
              help="Append a line to FILE before and after each request that writes.")  # fmt: skip
@click.option("--undo-out", "undo_file", metavar="FILE", type=NamedPath(),
              help="Save what takes it all back, for apply --plan FILE.")  # fmt: skip
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
    targets: tuple[str, ...],
    concurrency: int,
    journal_file: Path | None,
    undo_file: Path | None,
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
    _require_sense(paths, plan_file, options | {"expected": expected, "allowed": allowed, "targets": targets})
    if expected and len(ids) != len(paths):
        raise UsageError(f"--expect: {len(ids)} plan ids are given for {len(paths)} PATHs; give one for each, in order")
    require_inputs(paths, options)
    for each in targets:
        parsed_target(each)
    consent = Consent(auto_approve, _allowed_deletes(allowed), ids, saved=plan_file is not None)
    way = Way(target, Deadline(options["timeout"]), concurrency)
    jobs = [job_of(str(path), partial(usable, path, options, output), targets) for path in paths]
    if plan_file is not None:
        jobs = saved_jobs(plan_file, jobs)
    with records(journal_file, undo_file) as kept:
        _apply(jobs, consent, way, output, kept)
    return _conclude(jobs, output)


def _require_sense(paths: Sequence[Path], plan_file: Path | None, options: Mapping[str, Any]) -> None:
    """A saved plan is what it is: options that would make another one of it are a misunderstanding.

    Raises:
        UsageError: when there are any, or when it is not said what to apply.
    """
    if plan_file is None:
        if not paths:
            raise UsageError("Missing argument 'PATH...', or --plan FILE.\nTry 'tr-apply apply --help'.")
        return
    changing = {"--target": "targets", "--allow-delete": "allowed", "--expect": "expected"}
    if not paths:
        changing |= {"--overlay": "overlays", "--var": "variables", "--var-file": "variable_files"}
    for option, name in changing.items():
        if options[name]:
            raise UsageError(f"{option} cannot change a saved plan; plan again with it, or leave it out")


def _allowed_deletes(written: Sequence[str]) -> dict[str, int]:
    kinds = list(KIND_BY_NAME)
    allowed = {}
    for each in written:
        kind, equals, number = each.partition("=")
        if not equals or kind not in kinds or not number.isascii() or not number.isdigit():
            raise UsageError(f"--allow-delete {each}: expected KIND=N, where KIND is one of {', '.join(kinds)}")
        allowed[kind] = int(number)
    return allowed


def _apply(jobs: Sequence[Job], consent: Consent, way: Way, output: Output, kept: Records) -> None:
    """Plan, show, ask, apply; what goes wrong with one workspace is its own outcome."""
    run(_all_planned(jobs, way, output))
    for number, job in enumerate(jobs):
        _review(job, consent, number)
        _show_plan(job, consent, output)
    pending = [job for job in live(jobs) if job.plan is not None and job.plan.operations]
    for job in live(jobs):
        if job not in pending:
            job.applied = Applied([], verified=None if job.saved is not None else True, left=job.plan)
    unchanged = [job.plan for job in live(jobs) if job.plan is not None and job not in pending]
    if not pending:
        kept.unchanged(unchanged)
        return
    try:
        _require_approval(consent, len(pending))
    except RefusedError as error:
        for job in pending:
            job.error = error
        return
    kept.begin()
    output.require_file()
    stop = Stop()
    run(_all_applied(pending, consent, way, output, stop, kept), stop=stop)
    kept.unchanged(unchanged)


async def _all_planned(jobs: Sequence[Job], way: Way, output: Output) -> None:
    async with open_clients(way.target, concurrency=way.concurrency, verbose=output.verbose) as clients:
        await planned(jobs, clients, way.deadline)


def _review(job: Job, consent: Consent, number: int) -> None:
    """Nothing is written while anything is refused."""
    if job.error is not None or job.plan is None:
        return
    found = plan_id(job.plan)
    if consent.expected and consent.expected[number] != found:
        job.error = StaleError(
            f"nothing was written: the plan is {found} by now, and not {consent.expected[number]} as expected: the "
            "configuration or the workspace has changed since; plan again, and give the id of the plan that shall be "
            "applied"
        )
    elif refused := refusals(job.plan, consent.deletes, reviewed=consent.reviewed):
        reasons = "\n".join(f"  {each.message} [{each.code}]" for each in refused)
        job.error = RefusedError(f"nothing was written:\n{reasons}")


def _show_plan(job: Job, consent: Consent, output: Output) -> None:
    """The plan is part of the result; whoever is asked must see it in any case."""
    if job.plan is None:
        return
    refused = refusals(job.plan, consent.deletes, reviewed=consent.reviewed)
    agreed = [each for each in job.plan.blocked if each not in refused]
    text = plan_text(job.plan, ascii_only=output.ascii_only, agreed=agreed)
    if output.format == "text":
        output.result(text)
    if consent.asks and _is_asked() and (output.format != "text" or output.file is not None):
        click.echo(text, err=True, nl=False)


def _is_asked() -> bool:
    return sys.stdin is not None and sys.stdin.isatty()


def _require_approval(consent: Consent, workspaces: int) -> None:
    if not consent.asks:
        return
    if not _is_asked():
        raise RefusedError(
            "nobody is there to ask: use --auto-approve to apply without a question, --plan FILE to apply what was "
            "reviewed, or --expect PLAN_ID"
        )
    what = "these changes" if workspaces == 1 else f"these changes to {workspaces} workspaces"
    question = f"\nApply {what}? Only 'yes' is taken for it: "
    if answered(question, or_else="nothing was written").strip() != "yes":
        raise RefusedError("not approved; nothing was written")


async def _all_applied(
    jobs: Sequence[Job], consent: Consent, way: Way, output: Output, stop: Stop, kept: Records
) -> None:
    plans = [job.plan for job in jobs if job.plan is not None]
    async with open_clients(
        way.target, concurrency=way.concurrency, verbose=output.verbose, observers=kept.observers
    ) as clients:
        with shown_progress(plans, output) as progress_of:

            async def applied(job: Job) -> None:
                if stop.asked:
                    raise InterruptedRunError("interrupted before anything was written here; run again")
                if consent.reviewed or consent.asks:
                    job.warnings += await job.connect(clients).check(_plan_of(job))
                else:
                    job.connect(clients)
                await _carry_out(job, progress_of, stop, kept)

            await Crew(way.deadline).each(jobs, applied)


async def _carry_out(job: Job, progress_of: ProgressOf, stop: Stop, kept: Records) -> None:
    """Apply the plan of *job*; when time is up, what is known of it is kept."""
    plan, touched = _plan_of(job), dict[tuple[str, ...], Result]()
    progress = progress_of(plan)

    def told(result: Result) -> None:
        touched[_name(result.operation)] = result
        progress(result)

    assert job.deployment is not None
    protected = () if job.configuration is None else job.configuration.document.safety.protect
    undo = await kept.before(job.deployment.client, plan, protected)
    try:
        job.applied = await job.deployment.apply(plan, progress=told, stop=stop)
    finally:
        if job.applied is None:
            left = "gave up; may have been begun"
            results = [touched.get(_name(operation), Result(operation, error=left)) for operation in plan.operations]
            job.applied = Applied(results)
    await kept.after(job.deployment.client, plan, job.applied, undo)
    if (error := _error_of(job.applied, interrupted=stop.asked)) is not None:
        raise error


def _name(operation: Operation) -> tuple[str, ...]:
    """What an operation goes by, also where the plan had to be made again in a new workspace."""
    return operation.action.value, operation.kind, operation.name


def _plan_of(job: Job) -> Plan:
    assert job.plan is not None
    return job.plan


def _error_of(applied: Applied, *, interrupted: bool) -> TrApplyError | None:
    if (failure := failure_of(applied.results, interrupted=interrupted)) is not None or applied.verified:
        return failure
    return IncompleteError("everything was sent, but the workspace is not proven to be as declared; plan again")


# What is told in the end


def _conclude(jobs: Sequence[Job], output: Output) -> int:
    """Tell what was done, and find the exit code."""
    for job in jobs:
        if isinstance(job.error, OutOfTimeError) and job.applied is not None:
            job.error = IncompleteError(f"{job.error}, while applying; run again, which does the rest")
    exit_code = worst([job.exit_code for job in jobs])
    try:
        _print_jobs(jobs, output, exit_code)
    except TrApplyError as error:
        error.exit_code = worst([exit_code, error.exit_code])  # what was done counts, told or not
        raise
    except StdoutLostError as error:
        tell_lost(error)
        return worst([exit_code, 1])
    return exit_code


def _print_jobs(jobs: Sequence[Job], output: Output, exit_code: int) -> None:
    if output.format == "json":
        _print_document(jobs, output, exit_code)
        return
    for job in jobs:
        _print_job(job, output, several=len(jobs) > 1)
    if len(jobs) > 1:
        output.result("\n" + summary_table([(job.name, job.workspace, _outcome(job)) for job in jobs]))


def _print_job(job: Job, output: Output, *, several: bool) -> None:
    for warning in job.warnings:
        output.warn(f"Warning: {warning}")
    applied = job.applied
    if applied is not None and applied.results:
        if several:
            output.result(f"\n{printable(str(job.workspace))}:")
        output.result(result_text(applied.results, verified=applied.verified, notes=applied.notes))
        if applied.left is not None and applied.left.operations:
            output.result(plan_text(applied.left, ascii_only=output.ascii_only))
    if job.error is not None:
        print_error(job.error, command=output.command, as_json=False, of=job.name if several else None)
    if isinstance(job.error, DriftError):
        output.warn(drift_text(job.error.rows))


def _outcome(job: Job) -> str:
    if job.error is not None:
        return f"error: {job.error.code} (exit {job.exit_code})"
    assert job.applied is not None
    return apply_outcome(job.applied.results, verified=job.applied.verified)


def _print_document(jobs: Sequence[Job], output: Output, exit_code: int) -> None:
    plans = [_document(job) for job in jobs if job.plan is not None]
    errors = [error for job in jobs if job.error is not None for error in errors_of(job.error, job.name)]
    output.document(exit_code, {"plans": plans}, errors)


def _document(job: Job) -> dict[str, Any]:
    applied = job.applied
    document = plan_document(_plan_of(job)) | {
        "results": _skipped(job) if applied is None else [_result_value(each) for each in applied.results],
        "verified": None if applied is None else applied.verified,
        "notes": [*job.warnings, *(() if applied is None else applied.notes)],
    }
    if isinstance(job.error, DriftError):
        document["drift"] = drift_document(job.error.rows)
    if applied is not None and applied.left is not None and applied.left.operations:
        document["left"] = plan_document(applied.left)
    return document


def _skipped(job: Job) -> list[dict[str, Any]]:
    return [
        {"operation": operation.id, "status": Status.SKIPPED.value, "requests": 0, "error": str(job.error)}
        for operation in _plan_of(job).operations
    ]


def _result_value(result: Result) -> dict[str, Any]:
    return {
        "operation": result.operation.id,
        "status": result.status.value,
        "requests": result.requests,
        "error": result.error or None,
    }
