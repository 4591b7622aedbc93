"""``plan --load``: the days before and after the plan, simulated once the plan is made."""

from pathlib import Path

from tr_apply.cli.output import Output
from tr_apply.cli.simulating import deadline_of, simulated
from tr_apply.deployment.configured import Configured
from tr_apply.deployment.fleet import Member
from tr_apply.deployment.simulated import PlannedDays
from tr_apply.errors import InterruptedRunError
from tr_apply.simulation.experiment import Experiment


class DaysOfPlan:
    """The simulated days of *member*; the load in *file* is checked immediately.

    Raises:
        UsageError: when there is no such file, or it is too large.
        ConfigError: when it cannot be used, with every finding.
    """

    def __init__(self, member: Member, file: Path, output: Output, timeout_s: float | None) -> None:
        self._member = member
        self._output = output
        self._until = deadline_of(timeout_s)
        self._experiment: Experiment | None = None
        self._days: PlannedDays | None = None
        if isinstance(member.source, Configured):
            self._days = PlannedDays(member.source.configuration, file)
            self._days.require_load()

    async def prepare(self, member: Member) -> None:
        """Read the live workspace, if the plan has days.

        Raises:
            ApiError, NetworkError: The workspace cannot be read.
            UsageError: Nobody works on this day.
        """
        if self._days is None:
            return
        self._experiment = await self._days.experiment(member.made_deployment.client, member.made_plan)

    def simulate(self) -> None:
        """Simulate the days of the plan, if it has any.

        Raises:
            InterruptedRunError: when it was interrupted, because half of the days prove nothing.
            OutOfTimeError: when it took too long.
        """
        if self._experiment is None or self._member.error is not None:
            return
        self._member.simulation = simulated(self._experiment, self._output, self._until)
        if self._experiment.interrupted:
            raise InterruptedRunError("interrupted while days were simulated; a plan without --load takes no days")
