"""One of several workspaces in a report, its plan or why there is none; and several at a glance."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from tr_apply.frozen import frozen
from tr_apply.plan.change import Plan
from tr_apply.printable import printable
from tr_apply.report.rows import objections_in_short, summary_line
from tr_apply.report.wording import places

if TYPE_CHECKING:
    from tr_apply.simulation.results import SimulationResults

from tr_apply.apply import Result, Status
from tr_apply.plan.change import Action
from tr_apply.report.table import table


@frozen
class Entry:
    """A workspace as it is reported.

    Attributes:
        path: Where its configuration is.
        plan: What would be done; None where no plan could be made.
        errors: Why not.
        more: Further text about the plan, for people.
        refused: Why the plan does not pass a gate of the command; empty where it does.
        simulation: What days are like before and after the plan; None where nobody asked.
    """

    path: str
    plan: Plan | None = None
    errors: Sequence[str] = ()
    more: str = ""
    refused: str = ""
    simulation: "SimulationResults | None" = None

    @property
    def title(self) -> str:
        """The workspace's name, or where its configuration is as long as nobody knows the name."""
        return printable(self.path if self.plan is None else self.plan.target.workspace)

    @property
    def outcome(self) -> str:
        """The result, in one line."""
        if self.plan is None or self.errors:
            return "no plan: there are errors"
        if not self.plan.operations:
            return "no changes"
        summary = summary_line(self.plan).removeprefix("Plan: ").rstrip(".")
        return "; ".join([summary, *objections_in_short([self.plan])])

    @property
    def places(self) -> list[str]:
        """Which workspace it is: SID, account, and region, host or database."""
        return [] if self.plan is None else places(self.plan.target)


def headline(entries: Sequence[Entry]) -> str:
    """All results, in a few words."""
    plans = [entry.plan for entry in entries if entry.plan is not None]
    failed = sum(entry.plan is None or bool(entry.errors) for entry in entries)
    words = [_counted(len(entries), "workspace"), _counted(sum(len(plan.operations) for plan in plans), "change")]
    words += objections_in_short(plans)
    words += [f"{failed} without a plan"] if failed else []
    return ", ".join(words)


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}" if number else f"no {noun}s"


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
