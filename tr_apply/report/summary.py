"""Several workspaces at a glance."""

from collections.abc import Sequence

from tr_apply.apply import Result, Status
from tr_apply.plan.change import Action, Plan
from tr_apply.printable import printable
from tr_apply.report.objections import objections_in_short
from tr_apply.report.table import table


def summary_table(rows: Sequence[tuple[str, str | None, str]]) -> str:
    """One line a workspace: PATH, name (None if it is not known), result."""
    cells = [(printable(path), "-" if name is None else printable(name), outcome) for path, name, outcome in rows]
    return table(("path", "workspace", "outcome"), cells)


def plan_outcome(plan: Plan) -> str:
    """A plan in a few words."""
    if not plan.operations:
        return "no changes"
    told = [f"{count} to {action.value}" for action in Action if (count := plan.count(action))]
    return "; ".join([", ".join(told), _requests(plan.requests), *objections_in_short([plan])])


def apply_outcome(results: Sequence[Result], *, verified: bool | None) -> str:
    """The result of an apply, in a few words."""
    if not results:
        return "no changes"
    done = sum(result.status is Status.DONE for result in results)
    sent = sum(result.requests for result in results)
    proof = "verified" if verified else "not verified"
    return f"{done} of {len(results)} done; {_requests(sent)}; {proof}"


def _requests(number: int) -> str:
    return "1 request" if number == 1 else f"{number} requests"
