"""One of several workspaces in a report: a plan, or why there is none."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tr_apply.plan.change import Plan
from tr_apply.printable import printable
from tr_apply.report.objections import objections_in_short
from tr_apply.report.rows import summary_line
from tr_apply.report.wording import places

if TYPE_CHECKING:
    from tr_apply.simulation.results import SimulationResults


@dataclass(frozen=True, slots=True)
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
