"""The figures of the steps of workflows over many days: who comes to a step, is answered, leaves, or goes on."""

from collections.abc import Callable, Iterator, Sequence
from typing import Final, TypeAlias

from tr_apply.routing.workflow import DEFAULT
from tr_apply.routing.workflow_document import read_routing
from tr_apply.simulation.estimates import estimate
from tr_apply.simulation.measures import Days, rounded
from tr_apply.simulation.results import MeanEstimate, SimulatedStep
from tr_apply.simulation.tally import NO_QUEUE, StepCounts

_Figure: TypeAlias = Callable[[StepCounts], float | None]


def simulated_steps(days: Days, confidence: float) -> Iterator[SimulatedStep]:
    """Each step of those workflows to which the demands of *days* send tasks."""
    scenario = days.scenario
    queues = {each.sid: each.name for each in scenario.setup.queues}
    used = set(scenario.workflow_sids)
    for workflow in scenario.setup.workflows:
        if workflow.sid not in used:
            continue
        for step in read_routing(workflow.document).steps():
            key = (workflow.sid, step.filter, step.target)
            counts = [each.steps.get(key, StepCounts()) for each in days.tallies.values()]
            yield SimulatedStep(
                workflow=workflow.name,
                filter=0 if step.filter == DEFAULT else step.filter + 1,
                step=step.target + 1,
                queue=queues.get(step.queue_sid or "", NO_QUEUE),
                **{name: _mean(counts, figure, confidence) for name, figure in _FIGURES.items()},
            )


def _mean(counts: Sequence[StepCounts], figure: _Figure, confidence: float) -> MeanEstimate:
    return MeanEstimate(*map(rounded, estimate([figure(each) for each in counts], confidence)))


def _share(name: str) -> _Figure:
    def share(counts: StepCounts) -> float | None:
        part: int = getattr(counts, name)
        return part / counts.came if counts.came else None

    return share


def _wait(name: str) -> _Figure:
    def wait(counts: StepCounts) -> float | None:
        number: int = getattr(counts, name)
        total_ms: int = getattr(counts, f"{name}_ms")
        return total_ms / 1000 / number if number else None

    return wait


_FIGURES: Final[dict[str, _Figure]] = {
    "came": lambda counts: float(counts.came),
    "answered": _share("answered"),
    "answered_wait_s": _wait("answered"),
    "abandoned": _share("abandoned"),
    "canceled": _share("canceled"),
    "waiting": _share("waiting"),
    "went_on": _share("went_on"),
    "went_on_wait_s": _wait("went_on"),
}
