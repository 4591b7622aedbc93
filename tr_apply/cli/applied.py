"""The result of ``apply``, as text and as JSON."""

import traceback
from collections.abc import Sequence
from typing import Any

from tr_apply.apply import Result, Status
from tr_apply.cli.output import Output, print_error, worst
from tr_apply.cli.streams import StdoutLostError, tell_lost
from tr_apply.deployment.applied import ResultDocument
from tr_apply.deployment.fleet import Member
from tr_apply.envelope import errors_of, json_value
from tr_apply.errors import IncompleteError, TrApplyError
from tr_apply.plan.saved.document import plan_document
from tr_apply.plan.saved.stale import DriftError
from tr_apply.printable import printable
from tr_apply.report.drift import drift_text
from tr_apply.report.entry import apply_outcome, summary_table
from tr_apply.report.terminal import plan_text, result_heading, result_text


def conclude(members: Sequence[Member], output: Output) -> int:
    """Print the results, and find the exit code.

    If the result cannot be written, the summary of the writes is on stderr.
    """
    exit_code = worst([member.exit_code for member in members])
    try:
        _print_members(members, output, exit_code)
    except TrApplyError as error:
        error.exit_code = worst([exit_code, _lost(members, error.exit_code, output)])
        raise
    except StdoutLostError as error:
        tell_lost(error)
        return worst([exit_code, _lost(members, 1, output)])
    return exit_code


def _lost(members: Sequence[Member], otherwise: int, output: Output) -> int:
    """The exit code of a result that finds no room: after a write, a run does not end like one that wrote nothing."""
    written = [each for each in members if each.applied is not None and any(r.requests for r in each.applied.results)]
    for member in written:
        assert member.applied is not None, "something was written"
        if len(members) > 1:
            output.warn(result_heading(member.made_plan.target).rstrip())
        output.warn(result_text(member.applied.results, verified=member.applied.verified).rstrip())
    return IncompleteError.exit_code if written else otherwise


def _print_members(members: Sequence[Member], output: Output, exit_code: int) -> None:
    if output.format == "json":
        _print_document(members, output, exit_code)
        return
    for member in members:
        _print_member(member, output, several=len(members) > 1)
    if len(members) > 1:
        output.result("\n" + summary_table([(member.name, member.workspace, _outcome(member)) for member in members]))


def _print_member(member: Member, output: Output, *, several: bool) -> None:
    for warning in _warnings(member):
        output.warn(f"Warning: {warning}")
    applied = member.applied
    if applied is not None and applied.results:
        if several:
            output.result("\n" + result_heading(member.made_plan.target))
        output.result(result_text(applied.results, verified=applied.verified, notes=applied.notes))
        if applied.left is not None and applied.left.operations:
            output.result(plan_text(applied.left, ascii_only=output.ascii_only))
    for name, value in (member.outputs or {}).items():
        output.result(f"{name} = {printable(value)}")
    if member.error is not None:
        print_error(member.error, command=output.command, as_json=False, of=member.name if several else None)
    for bug in [each.bug for each in applied.results if each.bug is not None] if applied is not None else ():
        traceback.print_exception(bug)
    if isinstance(member.error, DriftError):
        output.warn(drift_text(member.error.rows))


def _warnings(member: Member) -> Sequence[str]:
    return () if member.deployment is None else member.deployment.warnings


def _outcome(member: Member) -> str:
    if member.error is not None:
        return f"error: {member.error.code} (exit {member.exit_code})"
    return "" if member.applied is None else apply_outcome(member.applied.results, verified=member.applied.verified)


def _print_document(members: Sequence[Member], output: Output, exit_code: int) -> None:
    plans = [_document(member) for member in members if member.plan is not None]
    errors = [error for member in members if member.error is not None for error in errors_of(member.error, member.name)]
    output.document(exit_code, {"plans": plans}, errors)


def _document(member: Member) -> dict[str, Any]:
    applied = member.applied
    document = plan_document(member.made_plan) | {
        "results": [json_value(each) for each in _results(member)],
        "verified": None if applied is None else applied.verified,
        "outputs": dict(member.outputs or {}),
        "notes": [*_warnings(member), *(() if applied is None else applied.notes)],
    }
    if isinstance(member.error, DriftError):
        document["drift"] = [json_value(row) for row in member.error.rows]
    if applied is not None and applied.left is not None and applied.left.operations:
        document["left"] = plan_document(applied.left)
    return document


def _results(member: Member) -> list[ResultDocument]:
    if member.applied is not None:
        return [ResultDocument.of(each) for each in member.applied.results]
    skipped = (Result(operation, error=str(member.error)) for operation in member.made_plan.operations)
    return [ResultDocument.of(each, Status.SKIPPED) for each in skipped]
