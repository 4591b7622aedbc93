"""One workspace of a run: its plan, the consent for it, and the result."""

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from tr_apply.apply import Result, Status
from tr_apply.deployment.applied import Applied, ResultDocument
from tr_apply.deployment.deployment import Deployment
from tr_apply.deployment.fleet import Member
from tr_apply.envelope import json_value
from tr_apply.errors import RouteChangeError, TrApplyError
from tr_apply.plan.change import Blocked, Operation, PlanTarget
from tr_apply.plan.change import Plan as Changes
from tr_apply.plan.checks.consent import Consent, refusals
from tr_apply.plan.saved.document import plan_document, plan_id
from tr_apply.plan.saved.stale import DriftError
from tr_apply.report.entry import Entry, plan_outcome
from tr_apply.report.plans import Reported, report

if TYPE_CHECKING:
    from tr_apply.simulation.results import SimulationResults


class Plan:
    """A finished plan and the TaskRouter that it is for; in a `Rollout`, perhaps the reason why there is none.

    Attributes:
        member: The workspace in its run.
    """

    def __init__(self, member: Member) -> None:
        self.member = member
        self._described: tuple[Changes, dict[str, Any]] | None = None

    @property
    def name(self) -> str:
        """The PATH of its configuration, or the file that it was read from."""
        return self.member.name

    @property
    def workspace(self) -> str | None:
        """The workspace's name; None where its configuration could not be read."""
        return self.member.workspace

    @property
    def error(self) -> TrApplyError | None:
        """The error that has ended it: there is no plan, it was refused, or it could not be carried out."""
        return self.member.error

    @property
    def deployment(self) -> Deployment:
        """The deployment that carries it out.

        Raises:
            LookupError: when it never got as far as a TaskRouter.
        """
        return self.member.made_deployment

    @property
    def changes(self) -> Changes | None:
        """The plan itself, as a value; None where none could be made."""
        return self.member.plan

    @property
    def target(self) -> PlanTarget:
        """The workspace, and where it is."""
        return self.member.made_plan.target

    @property
    def plan_id(self) -> str:
        """The plan's identity: equal for the same target, base and operations."""
        return plan_id(self.member.made_plan)

    @property
    def operations(self) -> Sequence[Operation]:
        """The operations, in an order in which they could be done one by one; empty if there are no changes."""
        return self.member.made_plan.operations

    @property
    def requests(self) -> int:
        """The number of writes that it takes."""
        return self.member.made_plan.requests

    @property
    def blocked(self) -> Sequence[Blocked]:
        """Operations that may not be carried out, with the reason and the way out."""
        return self.member.made_plan.blocked

    @property
    def agreed(self) -> Sequence[Blocked]:
        """Those of them that the consent lifts."""
        refused = refusals(self.member.made_plan, self.member.consent)
        return [each for each in self.blocked if each not in refused]

    @property
    def simulation(self) -> "SimulationResults | None":
        """Simulated days before and after it; None where nobody asked, or there is nothing to compare."""
        return self.member.simulation

    @property
    def applied(self) -> Applied | None:
        """The result, also of an incomplete run; None before ``apply``."""
        return self.member.applied

    @property
    def warnings(self) -> Sequence[str]:
        """Warnings that were found right before it was carried out."""
        return () if self.member.deployment is None else self.member.deployment.warnings

    @property
    def outputs(self) -> Mapping[str, str] | None:
        """The ``outputs`` of the configuration, with SIDs; None until the workspace is verified."""
        return self.member.outputs

    def agree(self, consent: Consent) -> None:
        """Take *consent* as given for this plan."""
        self.member.consent = consent

    def raise_error(self) -> None:
        """Do nothing if it has not ended.

        Raises:
            TrApplyError: its ``error``.
        """
        if self.member.error is not None:
            raise self.member.error

    def result(self) -> Applied:
        """The result of a plan that was carried out.

        Raises:
            TrApplyError: its ``error``.
            LookupError: It was not carried out.
        """
        self.raise_error()
        if self.applied is None:
            raise LookupError(f"{self.name} was not applied")
        return self.applied

    # For people and for other programs

    def text(self) -> str:
        """The plan as ``tr-apply plan`` prints it, without colours."""
        from click import unstyle  # noqa: PLC0415

        return unstyle(report("text", [self.reported()]))

    def json(self) -> str:
        """The plan as ``tr-apply plan --format json`` has it: one of its ``plans``."""
        return json.dumps(self.document(), indent=2, ensure_ascii=False) + "\n"

    def markdown(self) -> str:
        """The plan as a comment for a pull request."""
        return report("markdown", [self.reported()])

    def html(self) -> str:
        """The plan as a page."""
        return report("html", [self.reported()])

    @property
    def is_shown(self) -> bool:
        """Whether it is a result; a plan that fails a gate is shown, too."""
        return isinstance(self.member.error, RouteChangeError | None)

    def document(self) -> dict[str, Any]:
        """The same as ``json``, as a value."""
        more = (("origins", self.member.origins), ("simulation", self.member.simulation))
        return self.described() | {key: json_value(each) for key, each in more if each is not None}

    def reported(self) -> Reported:
        """The same for a report of several."""
        member, error = self.member, str(self.member.error or "")
        errors, refused = ((), error) if self.is_shown else ((error,), "")
        more = ""
        if member.origins is not None:
            from tr_apply.report.drift import origins_text  # noqa: PLC0415  # most plans are compared with nothing

            more = origins_text(member.origins)
        entry = Entry(member.name, member.plan, errors, more, refused, member.simulation)
        if member.error is not None:
            outcome = f"error: {member.error.code} (exit {member.error.exit_code})"
        else:
            outcome = "" if member.plan is None else plan_outcome(member.plan)
        return Reported(entry, member.workspace, outcome)

    def described(self) -> dict[str, Any]:
        """The plan itself as JSON; made once, as it takes a while for thousands of operations."""
        plan = self.member.made_plan
        if self._described is None or self._described[0] is not plan:
            self._described = (plan, plan_document(plan))
        return self._described[1]

    def result_document(self) -> dict[str, Any]:
        """The result of applying it, as ``tr-apply apply --format json`` has it: one of its ``plans``."""
        applied = self.applied
        document = self.described() | {
            "results": [json_value(each) for each in self._results()],
            "verified": None if applied is None else applied.verified,
            "outputs": dict(self.outputs or {}),
            "notes": [*self.warnings, *(() if applied is None else applied.notes)],
        }
        if isinstance(self.error, DriftError):
            document["drift"] = [json_value(row) for row in self.error.rows]
        if applied is not None and applied.left is not None and applied.left.operations:
            document["left"] = plan_document(applied.left)
        return document

    def _results(self) -> list[ResultDocument]:
        if self.applied is not None:
            return [ResultDocument.of(each) for each in self.applied.results]
        skipped = (Result(operation, error=str(self.error)) for operation in self.operations)
        return [ResultDocument.of(each, Status.SKIPPED) for each in skipped]

    # Steps of a run

    def review(self) -> None:
        """End here where it does what nobody agreed to, before anybody is asked and anything is written."""
        self.member.review()

    def note_unchanged(self) -> None:
        """Note that there was nothing to do. A plan that was just made and is empty is proof; a saved one is not."""
        verified = None if self.member.configured is None else True
        self.deployment.applied = Applied([], verified=verified, left=self.changes)
