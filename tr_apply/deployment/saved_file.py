"""``apply --plan``: the workspaces of a saved plan, each with its configuration where that is needed."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tr_apply.deployment.configured import Configured
from tr_apply.deployment.fleet import Member
from tr_apply.deployment.saved import Saved
from tr_apply.errors import RefusedError, TrApplyError, UsageError
from tr_apply.plan.change import Plan
from tr_apply.plan.saved.secret_values import needs_secrets
from tr_apply.routing.names import name_key

if TYPE_CHECKING:
    from tr_apply.simulation.results import SimulationResults


def saved_members(path: Path, configured: Sequence[Member]) -> list[Member]:
    """A member for each plan in the file *path*, with the *configured* one for the same workspace.

    Raises:
        UsageError: There is no such file, a configuration has no plan, or a plan has no configuration.
        RefusedError: The file is not one of our plans, or was changed.
        TrApplyError: A configuration has errors, so nobody knows which plan it is for.
    """
    plans = saved_plans_of(path, "--plan")
    for each in configured:
        if each.error is not None:
            raise each.error
    left = list(configured)
    members = []
    for plan in plans:
        own = next((member for member in left if _is_for(member, plan)), None)
        if own is None and needs_secrets(plan):
            raise UsageError(
                f"{path}: the plan for {plan.target.workspace!r} holds sensitive values as digests; give the "
                f"configuration, too: apply --plan {path} PATH"
            )
        if own is not None:
            left.remove(own)
        member = own or Member(str(path))
        configuration = member.source if isinstance(member.source, Configured) else None
        member.source = Saved(plan, configuration)
        members.append(member)
    if left:
        raise UsageError(f"{left[0].name} is for the workspace {left[0].workspace!r}, which {path} has no plan for")
    return members


def _is_for(member: Member, plan: Plan) -> bool:
    return member.workspace is not None and name_key(member.workspace) == name_key(plan.target.workspace)


def saved_plans_of(path: Path, argument: str) -> list[Plan]:
    """The plans in the file *path*, which *argument* of the command line names.

    Raises:
        UsageError: There is no such file.
        RefusedError: The file is not one of our plans, or was changed.
    """
    from tr_apply.plan.saved.load import saved_plans  # noqa: PLC0415  # its models take time that nobody else needs to wait

    if not path.is_file():
        raise UsageError(f"{argument} {path}: there is no such file")
    try:
        return saved_plans(text_of(path))
    except RefusedError as error:
        raise RefusedError(f"the saved plan {path} is refused: {error}") from error


def saved_days_of(path: Path) -> "list[SimulationResults | None]":
    """The simulated days of each plan in the file *path*, whose plans have been read; None of a plan without --load.

    Raises:
        RefusedError: when they are something else.
    """
    from pydantic import TypeAdapter, ValidationError  # noqa: PLC0415

    from tr_apply.simulation.results import SimulationResults  # noqa: PLC0415

    days = [each.get("simulation") for each in json.loads(text_of(path))["plans"]]
    try:
        return TypeAdapter(list[SimulationResults | None]).validate_json(json.dumps(days))
    except ValidationError as error:
        raise RefusedError(f"the saved plan {path} is refused: its simulated days are damaged; plan again") from error


def text_of(path: Path) -> str:
    """The text of the file *path*.

    Raises:
        RefusedError: when it is not text.
        TrApplyError: when it cannot be read.
    """
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise RefusedError("it is not text") from error
    except OSError as error:
        raise TrApplyError(f"{path} cannot be read: {error.strerror}") from error


def require_plan_or_nothing(path: Path, instead: str = "give --overwrite, or another file") -> None:
    """Make sure that writing a plan to *path* loses nothing but a plan; *instead* is what else to do.

    Raises:
        RefusedError: when the file is something else.
    """
    if path.is_file() and not _is_plan(path):
        raise RefusedError(f"{path} exists and is not a plan, so it is not written over: {instead}")


def _is_plan(path: Path) -> bool:
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return False
    return isinstance(document, dict) and {"format_version", "plans"} <= document.keys()
