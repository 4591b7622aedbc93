"""The workspaces of a run, planned and applied together: each has an outcome of its own."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tr_apply.api.configurations import StrPath, begin
from tr_apply.api.plan import Plan
from tr_apply.apply import Progress, Stop
from tr_apply.config.load import Begun, Configuration, Inputs
from tr_apply.deployment.clients import Clients
from tr_apply.deployment.deadline import Deadline
from tr_apply.deployment.fleet import Fleet, Member
from tr_apply.deployment.run import Run, RunRecords, nobody
from tr_apply.deployment.workspaces import WHOLE, PlanScope, members_of
from tr_apply.envelope import errors_of, worst
from tr_apply.errors import IncompleteError, InterruptedRunError, TrApplyError
from tr_apply.findings import Finding, Severity
from tr_apply.frozen import frozen
from tr_apply.plan.checks.consent import Consent
from tr_apply.plan.impact import Extent
from tr_apply.plan.requests.target import Selection
from tr_apply.plan.saved.document import checked_envelope, plan_id
from tr_apply.report.entry import Entry, plan_outcome
from tr_apply.report.plans import Reported, report
from tr_apply.whole_file import write_file

if TYPE_CHECKING:
    from tr_apply.simulation.experiment import Experiment
    from tr_apply.simulation.results import SimulationResults

CHANGES_PENDING = 2
"""The exit code of a plan with changes where that is asked for, as in Terraform."""


@frozen(kw_only=True)
class RunOptions:
    """How plans are carried out.

    Attributes:
        progress_of: Gives what is called whenever a request of a plan has ended.
        stop: When set, no further request is begun.
        records: Where it is written down; None for nowhere.
        rechecks: Whether each workspace is read again before the first write. Only plans that were just made and that
            nobody has seen in between do without.
        also_unchanged: Whether a plan without changes is carried out, too: its workspace is read again, as a proof.
    """

    progress_of: Callable[[Plan], Progress] = lambda _: nobody
    stop: Stop = field(default_factory=Stop)
    records: RunRecords[Member] | None = None
    rechecks: bool = True
    also_unchanged: bool = False


class Rollout:
    """Workspaces that are planned and applied in one run; an error ends only the one that it is about.

    Attributes:
        plans: One for each workspace, in the order in which they were given; `Plan.error` says why one has ended.
        bug: An exception other than a `TrApplyError` that has ended an apply after something was written.
    """

    def __init__(self, members: Sequence[Member]) -> None:
        self.plans = [Plan(member) for member in members]
        self.bug: Exception | None = None

    @classmethod
    def saved(cls, file: StrPath, configured: "Rollout | None" = None) -> "Rollout":
        """The plans that were saved in *file*; *configured* has the configurations of those with sensitive values.

        Raises:
            UsageError: There is no such file, a configuration has no plan, or a plan has no configuration.
            RefusedError: The file is not one of our plans, or was changed.
        """
        from tr_apply.deployment.saved_file import saved_members  # noqa: PLC0415  # most plans are not saved

        if configured is not None:
            configured.finish_checks()
        return cls(saved_members(Path(file), [] if configured is None else configured.members))

    @property
    def members(self) -> Sequence[Member]:
        """The same, as they take part in the run."""
        return [plan.member for plan in self.plans]

    @property
    def live(self) -> Sequence[Plan]:
        """Those that have not ended."""
        return [plan for plan in self.plans if plan.error is None]

    @property
    def pending(self) -> Sequence[Plan]:
        """Those of them that have something to do."""
        return [plan for plan in self.live if plan.changes is not None and plan.operations]

    @property
    def unchanged(self) -> Sequence[Plan]:
        """Those of them that have nothing to do."""
        return [plan for plan in self.live if plan.changes is not None and not plan.operations]

    def finish_checks(self) -> None:
        """Check each configuration to the end. Else that is done while the workspaces are read."""
        for member in self.members:
            member.finish_checks()

    @property
    def warnings(self) -> Iterator[Finding]:
        """The warnings about configurations without errors, once they are checked."""
        for member in self.members:
            if (configuration := member.configuration) is not None and (member.checks is None or member.checks.is_done):
                yield from (each for each in configuration.diagnostics if each.severity is Severity.WARNING)

    # Requests to the plans, before they are made

    def since(self, ref: str, paths: Sequence[StrPath], inputs: Inputs | None = None, *, origins: bool = True) -> None:
        """Compare with what the configurations at *paths* declared at the git revision *ref*, which was applied last.

        Args:
            ref: The revision.
            paths: One for each plan.
            inputs: Overlays and variables; the overlays are those of the revision.
            origins: Whether plans say of each change whether it was made outside the repository.

        Raises:
            UsageError: git does not know the revision, or is not there.
        """
        from tr_apply.deployment.revision import compare_with  # noqa: PLC0415  # starts git

        self.finish_checks()
        compare_with(self.members, list(map(Path, paths)), ref, inputs or Inputs(), with_origins=origins)

    def simulating(self, load: StrPath) -> None:
        """Have days simulated before and after the only plan, with the people and the demand in the file *load*.

        Raises:
            UsageError: It is not one whole configuration, or there is no such file, or it is too large.
            ConfigError: The file cannot be used; with every finding.
        """
        from tr_apply.deployment.simulated import planned_days  # noqa: PLC0415  # most plans simulate nothing

        self.finish_checks()
        [member] = self.members
        if (configuration := member.configuration) is not None:
            member.days = planned_days(configuration, Path(load), is_part=member.is_part)

    # Steps. Router has the ones that ask a TaskRouter

    async def plan(self, clients: Clients, deadline: Deadline) -> None:
        """Make every plan, with all that was asked of it, except for the simulation of days."""
        if clients.is_local:
            self.finish_checks()
        fleet = Fleet(self.members, deadline)
        await fleet.plan(clients)
        await fleet.plan(clients, [member for member in fleet.live if _goes_on(member)])
        if any(member.origins is not None for member in fleet.live):
            from tr_apply.deployment.revision import find_origins  # noqa: PLC0415  # as above

            await fleet.each_in_time(find_origins)
        await fleet.each([member for member in fleet.live if member.days is not None], _prepare_days)

    def simulate(self, simulated: "Callable[[Experiment], SimulationResults]") -> None:
        """Simulate the days of the plans, as *simulated* does it.

        Raises:
            InterruptedRunError: It was interrupted: half of the days prove nothing.
        """
        for member in self.members:
            if member.experiment is not None and member.error is None:
                member.simulation = simulated(member.experiment)
                if member.experiment.interrupted:
                    raise InterruptedRunError(
                        "interrupted while days were simulated; a plan without --load takes no days"
                    )

    def limit_route_change(self, most: float | None) -> None:
        """End the plans that send more than *most* per cent of the tasks elsewhere; None for no limit."""
        for member in self.members:
            member.limit_route_change(most)

    def agree(self, consent: Consent, plan_ids: Sequence[str] = ()) -> None:
        """Take *consent* as given for each plan; *plan_ids* are the ids of those that were reviewed, in order."""
        for number, plan in enumerate(self.plans):
            plan.agree(replace(consent, plan_id=plan_ids[number] if plan_ids else None))

    def review(self) -> None:
        """End the plans that do what nobody agreed to; note those that have nothing to do as done."""
        for plan in self.plans:
            plan.review()
        for plan in self.unchanged:
            plan.note_unchanged()

    @property
    def has_outputs(self) -> bool:
        """Whether one that has not ended has ``outputs``."""
        return any(plan.changes is not None and plan.changes.outputs for plan in self.live)

    def end(self, error: TrApplyError, plans: Sequence[Plan] | None = None) -> None:
        """End *plans*, or all that have not ended yet, with *error*."""
        for plan in self.live if plans is None else plans:
            plan.member.error = error

    async def apply(self, clients: Clients, deadline: Deadline, options: RunOptions) -> None:
        """Carry out the pending plans, as far as consents and the deadline go.

        Raises:
            TrApplyError: It cannot be written down, so nothing was written to a workspace.
            Exception: as ``concluding``.
        """
        plans = [*self.pending, *(self.unchanged if options.also_unchanged else ())]
        untouched = [plan.member.made_plan for plan in self.unchanged if plan not in plans]

        kept = options.records

        def run_of(member: Member) -> Run:
            record = None if kept is None else kept.record_of(member)
            return Run(options.progress_of(Plan(member)), options.stop, record=record, rechecks=options.rechecks)

        if kept is not None:
            kept.begin()
        with self.concluding():
            await Fleet(self.members, deadline).apply([plan.member for plan in plans], clients, run_of)
            if kept is not None:
                kept.unchanged(untouched)

    @contextmanager
    def concluding(self) -> Iterator[None]:
        """Have a result for each workspace, whatever goes wrong inside once something was written to one of them.

        Raises:
            InterruptedRunError: It was interrupted.
            Exception: what went wrong, where nothing was written.
        """
        pending = self.pending
        try:
            yield
        except InterruptedRunError:
            raise
        except Exception as error:
            if all(plan.applied is None for plan in pending):
                raise
            if not isinstance(error, TrApplyError):
                self.bug = error
            for plan in pending:
                plan.member.error = plan.error or IncompleteError(
                    f"the changes were made, but the run could not be completed: {error}"
                )

    async def find_outputs(self, clients: Clients, deadline: Deadline) -> None:
        """Find the outputs of each workspace that is proven to be as declared."""
        await Fleet(self.members, deadline).find_outputs(clients)

    def result_documents(self) -> list[dict[str, Any]]:
        """The result of applying each, as ``tr-apply apply --format json`` has it: its ``plans``."""
        return [plan.result_document() for plan in self.plans if plan.changes is not None]

    # For people and for other programs

    def exit_code(self, *, detailed: bool = False) -> int:
        """The worst of all; *detailed* where it also says that there are changes to apply."""
        codes = [0 if plan.error is None else plan.error.exit_code for plan in self.plans]
        return worst([*codes, CHANGES_PENDING] if detailed and self.pending else codes)

    @property
    def errors(self) -> list[dict[str, Any]]:
        """The errors that have ended plans, as JSON has them."""
        return [each for plan in self.plans if plan.error is not None for each in errors_of(plan.error, plan.name)]

    def document(self, *, detailed: bool = False) -> str:
        """All plans as ``tr-apply plan --format json`` prints them; `saved` reads it again."""
        plans = [plan.document() for plan in self.plans if plan.is_shown and plan.changes is not None]
        return checked_envelope("plan", self.exit_code(detailed=detailed), {"plans": plans}, self.errors)

    def save(self, file: StrPath, *, overwrite: bool = False, detailed: bool = False) -> None:
        """Save the plans for a later apply; only their owner can read the file.

        Raises:
            RefusedError: There is a file that is not a plan, and *overwrite* does not say that it may go.
            TrApplyError: It cannot be written.
        """
        if not overwrite:
            require_saveable(file)
        write_file(Path(file), self.document(detailed=detailed), private=True)

    def report(
        self, form: str, *, color: bool = False, ascii_only: bool = False, artifacts: str = "", detailed: bool = False
    ) -> str:
        """All plans in the format *form*: text, json, markdown or html; with a table of several.

        Args:
            form: The format.
            color: Whether text has the colours of a terminal.
            ascii_only: Whether text does without characters beyond ASCII.
            artifacts: Where a run of GitHub keeps the plans whole.
            detailed: Whether the exit code in JSON says that there are changes to apply.
        """
        if form == "json":
            return self.document(detailed=detailed)
        text = report(form, [plan.reported() for plan in self.plans], ascii_only=ascii_only, artifacts=artifacts)
        return text if color else _plain(text)


def _goes_on(member: Member) -> bool:
    """Whether *member* goes on with the expected plan in place of its own, whose run was interrupted."""
    expected, source = member.consent.plan_id, member.configured
    if expected is None or member.plan is None or expected == plan_id(member.plan):
        return False
    from tr_apply.deployment.begun import begun_plan  # noqa: PLC0415  # seldom needed
    from tr_apply.deployment.saved import Saved  # noqa: PLC0415

    if source is None or (begun := begun_plan(expected, source.configuration)) is None:
        return False
    member.source, member.deployment = Saved(begun, source), None
    return True


async def _prepare_days(member: Member) -> None:
    if member.days is not None:
        member.experiment = await member.days.experiment(member.made_deployment.client, member.made_plan)


def rollout(
    paths: Sequence[StrPath], loaded: Callable[[Path], Configuration | Begun] = begin, *, scope: PlanScope = WHOLE
) -> Rollout:
    """Several workspaces, one for each of *paths*; a configuration that is invalid has ended already.

    Args:
        paths: Files and folders.
        loaded: Reads each of them, at least as far as its structure: the rest is checked while the workspace is read.
            ``functools.partial(tr_apply.load, overlays=…)`` reads with overlays.
        scope: What is planned of each; made by `planned_scope`.

    Raises:
        ConfigError: The recorded tasks of *scope* cannot be read.
        UsageError: There is no such file.
    """
    loads = [(str(path), partial(loaded, Path(path))) for path in paths]
    return Rollout(members_of(loads, scope))


def require_saveable(file: StrPath) -> None:
    """Make sure, before anything is planned, that `Rollout.save` would write over nothing but a plan.

    Raises:
        RefusedError: It would.
    """
    from tr_apply.deployment.saved_file import require_plan_or_nothing  # noqa: PLC0415  # as above

    require_plan_or_nothing(Path(file))


def planned_scope(
    *,
    targets: Sequence[str] = (),
    only: Sequence[str] = (),
    excluded: Sequence[str] = (),
    impact: str = Extent.FULL,
    tasks: StrPath | None = None,
) -> PlanScope:
    """The part of a configuration that is planned, as the options of ``tr-apply plan`` say it.

    Raises:
        UsageError: One of *targets*, *only* or *excluded* has another form.
    """
    selection = Selection.of(targets=targets, only=only, excluded=excluded)
    return PlanScope(selection=selection, extent=Extent(impact), tasks_file=None if tasks is None else Path(tasks))


def show(file: StrPath, form: str = "text", *, color: bool = False, ascii_only: bool = False) -> str:
    """The plans that were saved in *file*, in the format *form*; in JSON the file as it is.

    Text has colours with *color*, and no characters beyond ASCII with *ascii_only*.

    Raises:
        UsageError: There is no such file.
        RefusedError: The file is not one of our plans, or was changed.
    """
    from tr_apply.deployment.saved_file import saved_days_of, saved_plans_of, text_of  # noqa: PLC0415

    path = Path(file)
    plans = saved_plans_of(path, "PLAN")
    if form == "json":
        return text_of(path)
    reported = [
        Reported(Entry(str(path), each, simulation=days), each.target.workspace, plan_outcome(each))
        for each, days in zip(plans, saved_days_of(path), strict=True)
    ]
    text = report(form, reported, ascii_only=ascii_only)
    return text if color else _plain(text)


def _plain(text: str) -> str:
    from click import unstyle  # noqa: PLC0415  # an import of the command line, which a program may do without

    return unstyle(text)
