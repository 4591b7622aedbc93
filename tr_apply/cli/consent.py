"""What the options of apply agree to."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tr_apply.errors import UsageError
from tr_apply.plan.checks.consent import Approval
from tr_apply.resources import KIND_BY_NAME


def approval_of(*, auto_approve: bool, reviewed: bool) -> Approval:
    """Who will have seen the plan before it is carried out."""
    if reviewed:
        return Approval.REVIEWED
    return Approval.NOBODY if auto_approve else Approval.ASKED


def allowed_deletes(written: Sequence[str]) -> dict[str, int]:
    """What each ``--allow-delete KIND=N`` says.

    Raises:
        UsageError: when one has another form.
    """
    kinds = list(KIND_BY_NAME)
    allowed = {}
    for each in written:
        kind, equals, number = each.partition("=")
        if not equals or kind not in kinds or not number.isascii() or not number.isdigit():
            raise UsageError(f"--allow-delete {each}: expected KIND=N, where KIND is one of {', '.join(kinds)}")
        allowed[kind] = int(number)
    return allowed


def allowed_people_lost(written: Sequence[str]) -> dict[str, int]:
    """What each ``--allow-people-lost "QUEUE=N"`` says.

    Raises:
        UsageError: when one has another form.
    """
    allowed = {}
    for each in written:
        queue, _, number = each.rpartition("=")  # the name of a queue may have one, too
        if not queue or not number.isascii() or not number.isdigit():
            raise UsageError(f'--allow-people-lost {each}: expected "QUEUE=N"')
        allowed[queue] = int(number)
    return allowed


def require_sense(paths: Sequence[Path], plan_file: Path | None, options: Mapping[str, Any]) -> None:
    """A saved plan is what it is: options that would make another one of it are a misunderstanding.

    Raises:
        UsageError: when there are any, or when it is not said what to apply.
    """
    if plan_file is None:
        if not paths:
            raise UsageError("Missing argument 'PATH...', or --plan FILE.\nTry 'tr-apply apply --help'.")
        return
    changing = {
        "--target": "targets",
        "--only": "only",
        "--exclude": "excluded",
        "--allow-delete": "allowed",
        "--allow-people-lost": "allowed_people",
        "--expect": "expected",
        "--base-ref": "base",
    }
    if not paths:
        changing |= {"--overlay": "overlays", "--var": "variables", "--var-file": "variable_files"}
    for option, name in changing.items():
        if options[name]:
            raise UsageError(f"{option} cannot change a saved plan; plan again with it, or leave it out")
