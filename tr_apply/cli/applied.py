"""The result of ``apply``, as text and as JSON."""

import traceback
from collections.abc import Sequence

from tr_apply.api.plan import Plan
from tr_apply.api.rollout import Rollout
from tr_apply.cli.output import Output, print_error
from tr_apply.cli.streams import StdoutLostError, tell_lost
from tr_apply.envelope import worst
from tr_apply.errors import IncompleteError, TrApplyError
from tr_apply.plan.saved.stale import DriftError
from tr_apply.printable import printable
from tr_apply.report.drift import drift_text
from tr_apply.report.entry import apply_outcome, summary_table
from tr_apply.report.terminal import plan_text, result_heading, result_text


def conclude(workspaces: Rollout, output: Output) -> int:
    """Print the results, and find the exit code.

    If the result cannot be written, the summary of the writes is on stderr.
    """
    plans, exit_code = workspaces.plans, workspaces.exit_code()
    try:
        if output.format == "json":
            output.document(exit_code, {"plans": workspaces.result_documents()}, workspaces.errors)
        else:
            _print_all(plans, output)
    except TrApplyError as error:
        error.exit_code = worst([exit_code, _lost(plans, error.exit_code, output)])
        raise
    except StdoutLostError as error:
        tell_lost(error)
        return worst([exit_code, _lost(plans, 1, output)])
    return exit_code


def _lost(plans: Sequence[Plan], otherwise: int, output: Output) -> int:
    """The exit code of a result that finds no room: after a write, a run does not end like one that wrote nothing."""
    written = [each for each in plans if each.applied is not None and any(r.requests for r in each.applied.results)]
    for plan in written:
        assert plan.applied is not None, "something was written"
        if len(plans) > 1:
            output.warn(result_heading(plan.target).rstrip())
        output.warn(result_text(plan.applied.results, verified=plan.applied.verified).rstrip())
    return IncompleteError.exit_code if written else otherwise


def _print_all(plans: Sequence[Plan], output: Output) -> None:
    for plan in plans:
        _print_one(plan, output, several=len(plans) > 1)
    if len(plans) > 1:
        output.result("\n" + summary_table([(plan.name, plan.workspace, _outcome(plan)) for plan in plans]))


def _print_one(plan: Plan, output: Output, *, several: bool) -> None:
    for warning in plan.warnings:
        output.warn(f"Warning: {warning}")
    applied = plan.applied
    if applied is not None and applied.results:
        if several:
            output.result("\n" + result_heading(plan.target))
        output.result(result_text(applied.results, verified=applied.verified, notes=applied.notes))
        if applied.left is not None and applied.left.operations:
            output.result(plan_text(applied.left, ascii_only=output.ascii_only))
    for name, value in (plan.outputs or {}).items():
        output.result(f"{name} = {printable(value)}")
    if plan.error is not None:
        print_error(plan.error, command=output.command, as_json=False, of=plan.name if several else None)
    for bug in [each.bug for each in applied.results if each.bug is not None] if applied is not None else ():
        traceback.print_exception(bug)
    if isinstance(plan.error, DriftError):
        output.warn(drift_text(plan.error.rows))


def _outcome(plan: Plan) -> str:
    if plan.error is not None:
        return f"error: {plan.error.code} (exit {plan.error.exit_code})"
    return "" if plan.applied is None else apply_outcome(plan.applied.results, verified=plan.applied.verified)
