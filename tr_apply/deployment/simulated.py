"""Simulated days before and after a plan, for the live workspace."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tr_apply.client import Client
from tr_apply.config.load import Configuration
from tr_apply.deployment.pictured import live_configuration
from tr_apply.errors import UsageError
from tr_apply.plan.change import Action, Operation, Plan
from tr_apply.resources import WORKER, Worker
from tr_apply.routing.names import name_key
from tr_apply.simulation.experiment import Experiment
from tr_apply.simulation.reading import load_simulation
from tr_apply.simulation.request import SimulationRequest


@dataclass(frozen=True, slots=True)
class PlannedDays:
    """The days of a load, in the live workspace and as the plan of a configuration leaves it."""

    configuration: Configuration
    load: Path
    """The file with who comes and who works."""

    def require_load(self) -> None:
        """Make sure, before anything is read from TaskRouter, that the load can be used.

        Raises:
            UsageError: when there is no such file, or it is too large.
            ConfigError: when it cannot be used, with every finding.
        """
        load_simulation(self.load, self.configuration)

    async def experiment(self, client: Client, plan: Plan) -> Experiment | None:
        """The experiment that compares both; workers who are live and stay are in both.

        None of a new workspace, which has no days before, and of a plan that changes nothing.

        Raises:
            ApiError, NetworkError: when the workspace cannot be read.
            UsageError: when nobody works on this day.
        """
        if plan.target.workspace_sid is None or not plan.operations:
            return None
        live = await live_configuration(client, self.configuration)
        after = with_those_who_stay(self.configuration, live, plan)
        return SimulationRequest(after, self.load, against=live._replace(path="live")).experiment()


def planned_days(configuration: Configuration, load: Path, *, is_part: bool) -> PlannedDays:
    """The days of *load*, which is checked immediately; *is_part* where not all of *configuration* is planned.

    Raises:
        UsageError: when it is, or there is no such file, or it is too large.
        ConfigError: when it cannot be used, with every finding.
    """
    if is_part:
        raise UsageError("load simulates one whole configuration: leave out what selects a part")
    days = PlannedDays(configuration, load)
    days.require_load()
    return days


def with_those_who_stay(configuration: Configuration, live: Configuration, plan: Plan) -> Configuration:
    """*configuration* with the live workers that it does not declare and that *plan* leaves alone."""
    document = configuration.document
    if not document.declares(WORKER.section):
        return configuration
    leaving = {
        name_key(name) for each in plan.operations if each.kind == WORKER.name for name in _former_names(each)
    } | {name_key(each.name) for each in document.workers}
    staying: list[Worker] = [each for each in live.document.workers if name_key(each.name) not in leaving]
    workers = [*document.workers, *staying]
    return configuration._replace(document=document.model_copy(update={WORKER.section: workers}))


def _former_names(operation: Operation) -> Iterator[str]:
    """The names that a live worker loses by *operation*."""
    if operation.action is Action.DELETE:
        yield operation.name
    yield from (str(each.before) for each in operation.changes if each.path == "name")
