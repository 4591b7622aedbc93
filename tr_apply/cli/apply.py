"""``tr-apply apply``: show the plan, ask, carry it out, prove that nothing is left."""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import click

from tr_apply.apply import Result, Status, Stop, failure_of
from tr_apply.cli.configurations import require_paths, usable
from tr_apply.cli.options import configuration_options, output_of, output_options, paths_argument, target_options
from tr_apply.cli.output import Output, errors_of, print_error, worst
from tr_apply.cli.progress import shown_progress
from tr_apply.cli.run import run
from tr_apply.cli.targets import TargetOptions, open_client, target_of
from tr_apply.deployment import Applied, Deployment
from tr_apply.errors import IncompleteError, RefusedError, TrApplyError, UsageError
from tr_apply.plan.change import Plan
from tr_apply.plan.document import plan_document
from tr_apply.plan.guard import refusals
from tr_apply.plan.target import parsed_target
from tr_apply.report.terminal import plan_text, result_text
from tr_apply.resources import SECTIONS


@dataclass(slots=True)
class Outcome:
    """What came of one PATH."""

    plan: Plan | None = None
    applied: Applied | None = None
    error: TrApplyError | None = None
    code: int = 0


@dataclass(frozen=True, slots=True)
class Consent:
    """What the caller agreed to beforehand."""

    auto_approve: bool
    deletes: Mapping[str, int] = field(default_factory=dict)


@click.command("apply")
@paths_argument
@click.option("--auto-approve", is_flag=True, help="Do not ask. Is no consent to delete.")
@click.option("--allow-delete", "allowed", multiple=True, metavar="KIND=N",
              help="Agree to exactly N deletes of KIND; repeatable.")  # fmt: skip
@click.option("--target", "targets", multiple=True, metavar="KIND/NAME", help="Only this, and what it depends on.")
@click.option("--concurrency", type=click.IntRange(1, 100), default=10, show_default=True,
              help="Requests under way at once, at most.")  # fmt: skip
@configuration_options
@target_options
@output_options("text", "json")
def apply_command(
    paths: tuple[Path, ...],
    *,
    auto_approve: bool,
    allowed: tuple[str, ...],
    targets: tuple[str, ...],
    concurrency: int,
    **options: Any,
) -> int:
    """Make the live workspace equal to the configuration.

    Shows the plan, asks, sends the requests, reads the workspace again and makes sure that nothing is left.

    \b
        tr-apply apply workspace.yaml
        tr-apply apply --local --auto-approve examples/support-center
    """
    output, target = output_of("apply", options), target_of(options)
    require_paths(paths)
    for each in targets:
        parsed_target(each)
    consent = Consent(auto_approve, _allowed_deletes(allowed))
    outcomes = [
        _applied(path, consent, target, output, options | {"targets": targets, "concurrency": concurrency})
        for path in paths
    ]
    exit_code = worst([outcome.code for outcome in outcomes])
    if output.format == "json":
        _print_document(outcomes, output, exit_code)
    return exit_code


def _allowed_deletes(written: Sequence[str]) -> dict[str, int]:
    kinds = [kind.name for kind in SECTIONS]
    allowed = {}
    for each in written:
        kind, equals, number = each.partition("=")
        if not equals or kind not in kinds or not number.isascii() or not number.isdigit():
            raise UsageError(f"--allow-delete {each}: expected KIND=N, where KIND is one of {', '.join(kinds)}")
        allowed[kind] = int(number)
    return allowed


def _applied(
    path: Path, consent: Consent, target: TargetOptions, output: Output, options: Mapping[str, Any]
) -> Outcome:
    """Plan and apply one PATH; what goes wrong is its own outcome."""
    outcome = Outcome()
    try:
        _plan_and_apply(outcome, path, consent, target, output, options)
    except TrApplyError as error:
        outcome.error, outcome.code = error, error.exit_code
        if output.format == "text":
            print_error(error, command=output.command, as_json=False)
    return outcome


def _plan_and_apply(
    outcome: Outcome,
    path: Path,
    consent: Consent,
    target: TargetOptions,
    output: Output,
    options: Mapping[str, Any],
) -> None:
    configuration = usable(path, options, output)

    async def planned() -> Plan:
        async with open_client(target, concurrency=options["concurrency"], verbose=output.verbose) as client:
            return await Deployment(configuration, client, options["targets"]).plan()

    plan = outcome.plan = run(planned(), timeout_s=options["timeout"])
    _show(plan_text(plan, ascii_only=output.ascii_only), output)
    _require_consent(plan, consent)
    if not plan.operations:
        outcome.applied = Applied([], verified=True, left=plan)
        return
    _require_approval(consent)
    stop = Stop()

    async def applied() -> Applied:
        async with open_client(target, concurrency=options["concurrency"], verbose=output.verbose) as client:
            with shown_progress(plan, output) as progress:
                return await Deployment(configuration, client, options["targets"]).apply(
                    plan, progress=progress, stop=stop
                )

    outcome.applied = run(applied(), timeout_s=options["timeout"], stop=stop)
    _conclude(outcome, output, interrupted=stop.asked)


def _show(text: str, output: Output) -> None:
    if output.format == "text":
        output.result(text)


def _require_consent(plan: Plan, consent: Consent) -> None:
    """Nothing is written while anything is refused.

    Raises:
        RefusedError: with every reason.
    """
    if refused := refusals(plan, consent.deletes):
        raise RefusedError("nothing was written:\n" + "\n".join(f"  {each.message} [{each.code}]" for each in refused))


def _require_approval(consent: Consent) -> None:
    if consent.auto_approve:
        return
    if not sys.stdin.isatty():
        raise RefusedError("nobody is there to ask: use --auto-approve to apply without a question")
    click.echo("\nApply these changes? Only 'yes' is taken for it: ", nl=False, err=True)
    if sys.stdin.readline().strip() != "yes":
        raise RefusedError("not approved; nothing was written")


def _conclude(outcome: Outcome, output: Output, *, interrupted: bool) -> None:
    """Tell what was done, and find the exit code."""
    applied = outcome.applied
    assert applied is not None
    if output.format == "text":
        _show(result_text(applied.results, verified=applied.verified, notes=applied.notes), output)
        if applied.left is not None and applied.left.operations:
            _show(plan_text(applied.left, ascii_only=output.ascii_only), output)
    error = _error_of(applied, interrupted=interrupted)
    if error is not None:
        raise error


def _error_of(applied: Applied, *, interrupted: bool) -> TrApplyError | None:
    if (failure := failure_of(applied.results, interrupted=interrupted)) is not None or applied.verified:
        return failure
    return IncompleteError("everything was sent, but the workspace is not proven to be as declared; plan again")


def _print_document(outcomes: Sequence[Outcome], output: Output, exit_code: int) -> None:
    plans = []
    for outcome in outcomes:
        if outcome.plan is None:
            continue
        applied = outcome.applied
        results = _skipped(outcome) if applied is None else [_result_value(each) for each in applied.results]
        document = plan_document(outcome.plan) | {
            "results": results,
            "verified": None if applied is None else applied.verified,
            "notes": [] if applied is None else applied.notes,
        }
        if applied is not None and applied.left is not None and applied.left.operations:
            document["left"] = plan_document(applied.left)
        plans.append(document)
    errors = [error for outcome in outcomes if outcome.error is not None for error in errors_of(outcome.error)]
    output.document(exit_code, {"plans": plans}, errors)


def _skipped(outcome: Outcome) -> list[dict[str, Any]]:
    assert outcome.plan is not None
    return [
        {"operation": operation.id, "status": Status.SKIPPED.value, "requests": 0, "error": str(outcome.error)}
        for operation in outcome.plan.operations
    ]


def _result_value(result: Result) -> dict[str, Any]:
    return {
        "operation": result.operation.id,
        "status": result.status.value,
        "requests": result.requests,
        "error": result.error or None,
    }
