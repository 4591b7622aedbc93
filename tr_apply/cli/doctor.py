"""``tr-apply doctor``: whether a TaskRouter can be worked with from here."""

from collections.abc import Iterator

import click

from tr_apply.api.router import Access
from tr_apply.cli.bounded import answer_of, asking
from tr_apply.cli.options import CommonOptions, common_options, target_options
from tr_apply.deployment.diagnosis import CheckState, Diagnosis, undiagnosed
from tr_apply.deployment.target_options import TargetOptions
from tr_apply.envelope import errors_of, json_value
from tr_apply.errors import TrApplyError
from tr_apply.printable import printable

_TIMEOUT_S = 30.0
_FAILED = 1
_WIDTHS = (7, 11)  # of a state and of a name


@click.command("doctor")
@target_options
@common_options("text", "json")
def doctor_command(*, target: TargetOptions, common: CommonOptions) -> int:
    """Check the connection to TaskRouter: credentials, rights, limits, clock and proxy. Changes nothing.

    The right to write is tried with an update of a workspace that does not exist. Exit 1 if a check fails. Without
    --timeout, it stops after 30 s.

    \b
        tr-apply doctor
        tr-apply doctor --format json
        tr-apply doctor --base-url http://127.0.0.1:8080
    """
    output = common.output("doctor")
    error: TrApplyError | None = None
    try:
        found = answer_of(
            lambda router: router.diagnosis(),
            Access(target=target, **asking(common, timeout_s=_TIMEOUT_S, from_now=True)),
        )
    except TrApplyError as problem:
        error, found = problem, undiagnosed(problem)
    exit_code = _exit_code(found, error)
    if output.format == "json":
        errors = [] if error is None else errors_of(error)
        output.document(exit_code, {"doctor": json_value(found)}, errors)
        return exit_code
    output.result(diagnosis_text(found))
    return exit_code


def _exit_code(found: Diagnosis, error: TrApplyError | None) -> int:
    if error is not None:
        return error.exit_code
    return _FAILED if any(each.state is CheckState.FAILED for each in found.checks) else 0


def diagnosis_text(found: Diagnosis) -> str:
    """The versions, the target, and one line a check."""
    return "".join(f"{line}\n" for line in _lines(found))


def _lines(found: Diagnosis) -> Iterator[str]:
    yield f"tr-apply {found.version}, Python {found.python}, {found.platform}"
    if (target := _target(found)) is not None:
        yield f"Target: {target}"
    for each in found.checks:
        state, name = each.state.value.ljust(_WIDTHS[0]), each.name.ljust(_WIDTHS[1])
        yield f"  {state} {name} {printable(each.message)}"


def _target(found: Diagnosis) -> str | None:
    if found.database is not None:
        return f"the embedded TaskRouter, kept in {printable(found.database)}"
    if found.host is None:
        return None
    parts = [found.host]
    parts += [f"region {found.region}"] if found.region is not None else []
    parts += [f"account {found.account_sid}"] if found.account_sid is not None else []
    return printable(", ".join(parts))
