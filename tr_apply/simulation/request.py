"""The request for a simulation, and the experiment that answers it."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from tr_apply.config.load import Configuration
from tr_apply.errors import UsageError
from tr_apply.resources import SECTIONS, WORKER
from tr_apply.resources.document import Document
from tr_apply.resources.simulation import REPLICATIONS_LIMIT
from tr_apply.routing.names import name_key
from tr_apply.simulation.calibration import require_recorded, with_calibration
from tr_apply.simulation.experiment import Experiment, GateLimit, Trials
from tr_apply.simulation.load import DayLoad, Scenario
from tr_apply.simulation.reading import load_simulation
from tr_apply.simulation.results import SimulationResults
from tr_apply.simulation.scenario import scenario_of
from tr_apply.simulation.what_if import label_of, variants, varied

MAX_REPLICATIONS: Final = 200
BEFORE: Final = "before"
AFTER: Final = "after"


@dataclass(frozen=True, slots=True)
class SimulationRequest:
    """The days to simulate, and the limits to check."""

    configuration: Configuration
    load: Path
    """The file with who comes and who works."""

    against: Configuration | None = None
    """The configuration to compare *configuration* with; None for no comparison."""

    what_if: tuple[str, ...] = ()
    replications: int | None = None
    """None for what the file says; so of *seed*."""

    max_replications: int | None = None
    precision: float | None = None
    seed: int | None = None
    gates: tuple[GateLimit, ...] = ()
    calibrate: bool = False
    """Whether the days are compared with recorded figures."""

    def calibrated(self, results: SimulationResults) -> SimulationResults:
        """*results* with the comparison that was asked for."""
        if not self.calibrate:
            return results
        return with_calibration(results, load_simulation(self.load, self.configuration))

    def experiment(self) -> Experiment:
        """The experiment that answers this.

        Raises:
            ConfigError: when the load cannot be used.
            UsageError: when the parts do not go together.
        """
        load = load_simulation(self.load, self.configuration)
        if self.calibrate:
            if self.against is not None or self.what_if:
                raise UsageError("--calibrate compares with recorded figures: leave out --against and --what-if")
            require_recorded(load)
        if self.seed is not None:
            load = replace(load, seed=self.seed)
        scenarios, sources = self._scenarios(load)
        if not any(person.work for person in scenarios[-1].people):
            raise UsageError("nobody works on this day: the configuration declares no worker to whom a shift applies")
        self._require_gates(len(scenarios))
        return Experiment(scenarios, sources, self._trials(load))

    def _scenarios(self, load: DayLoad) -> tuple[list[Scenario], list[str]]:
        changes = variants(self.what_if)
        after, before = self.configuration.document, None if self.against is None else self.against.document
        if before is not None:
            after, before = _in_one_order(_with_people(after, before), _with_people(before, after))
        base = scenario_of(AFTER, after, load)
        path = self.configuration.path
        if before is None and not changes:
            return [base], [path]
        first = (
            replace(base, name=BEFORE)
            if before is None
            else scenario_of(BEFORE, before, _with_former_names(load, after, before))
        )
        sources = [path if self.against is None else self.against.path]
        if not changes:
            return [first, base], [*sources, path]
        names = [AFTER] if len(changes) == 1 else [label_of(each) for each in changes]
        others = [varied(base, each, name) for each, name in zip(changes, names, strict=True)]
        if before is not None and len(changes) > 1:
            others.insert(0, base)
        labels = [label_of(each) for each in changes]
        return [first, *others], [
            *sources,
            *[path] * (len(others) - len(labels)),
            *(f"{path} with {each}" for each in labels),
        ]

    def _require_gates(self, scenarios: int) -> None:
        for gate in self.gates:
            if scenarios > 2:  # noqa: PLR2004  # before and after
                raise UsageError(f"--{gate.option} judges one change; give one --what-if without a range")
            if scenarios == 1 and gate.option != "min-sl":
                raise UsageError(f"--{gate.option} compares: give --against PATH, --against live or --what-if as well")

    def _trials(self, load: DayLoad) -> Trials:
        replications = load.replications if self.replications is None else self.replications
        most = max(replications, MAX_REPLICATIONS) if self.max_replications is None else self.max_replications
        if not replications <= most <= REPLICATIONS_LIMIT:
            raise UsageError(
                f"--max-replications {most}: at least {replications} days are simulated unless --replications says "
                f"fewer, and at most {REPLICATIONS_LIMIT}"
            )
        return Trials(replications, most, load.confidence, self.precision, self.gates)


def _with_former_names(load: DayLoad, after: Document, before: Document) -> DayLoad:
    """*load* for *before*, in which a workflow that *after* renames still has its former name."""
    known = {name_key(each.name) for each in before.workflows}
    former = {
        name_key(each.name): name
        for each in after.workflows
        for name in each.renamed_from or ()
        if name_key(name) in known and name_key(each.name) not in known
    }
    contacts = (replace(each, workflow=former.get(name_key(each.workflow), each.workflow)) for each in load.contacts)
    return replace(load, contacts=tuple(contacts))


def _in_one_order(after: Document, before: Document) -> tuple[Document, Document]:
    """Both with what they share in the order of *after*, and first.

    Workers take turns with the starts of a shift, and equal choices are made in the order of the declarations: a live
    workspace, whose order is that of the names, must not differ by that from the file that it was made from.
    """
    lists: tuple[dict[str, Any], dict[str, Any]] = {}, {}
    for kind in SECTIONS:
        own, other = (
            {name_key(kind.name_of(each)): each for each in getattr(d, kind.section)} for d in (after, before)
        )
        shared = [key for key in own if key in other]
        for found, made in zip((own, other), lists, strict=True):
            made[kind.section] = [found[key] for key in dict.fromkeys([*shared, *found])]
    return after.model_copy(update=lists[0]), before.model_copy(update=lists[1])


def _with_people(document: Document, other: Document) -> Document:
    """*document* with the workers of *other* where it says nothing of workers: a comparison needs people."""
    if document.declares(WORKER.section) or not other.declares(WORKER.section):
        return document
    return document.model_copy(update={WORKER.section: other.workers})
