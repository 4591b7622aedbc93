"""The figures of steps on simulated days, for the lanes of a picture: who came, how long it took, where they went."""

from collections.abc import Iterator
from typing import Final

from tr_apply.picture import Counted, Picture, StepFigures, lanes_html, markup
from tr_apply.report.simulation_text import tasks, with_half_width
from tr_apply.routing.names import name_key
from tr_apply.simulation.results import MeanEstimate, SimulatedScenario, SimulatedStep

COUNTED_NOTE: Final = (
    "In each step: the tasks of a simulated day that come to it, and the shares of them that are answered there, are "
    "abandoned, or go on. A wait counts from the arrival of a task. ± is the half-width of the interval of a mean."
)


def counted_in(scenario: SimulatedScenario) -> Counted:
    """The figures of the steps of *scenario*, for a scene."""
    return {
        (name_key(each.workflow), each.filter, each.step): StepFigures(tuple(_here(each)), tuple(_onward(each)))
        for each in scenario.steps
    }


def counted_lanes(picture: Picture, scenario: SimulatedScenario) -> Iterator[str]:
    """The workflows of *picture* to which tasks come in *scenario*, with the figures of their steps, as HTML."""
    used = {name_key(each.workflow) for each in scenario.steps}
    people = f" The number in a queue counts {picture.people}." if picture.people else ""
    yield f'<section><h2>Where tasks wait</h2><p class="note">{markup(COUNTED_NOTE + people)}</p>'
    for workflow in picture.workflows:
        if name_key(workflow.name) in used:
            yield lanes_html(workflow, picture, level=3)
    yield "</section>"


def _here(step: SimulatedStep) -> Iterator[tuple[str, str]]:
    if not step.came.mean:
        yield "tasks", "0"
        return
    yield "tasks", _unbroken(tasks(step.came))
    yield "answered", _share(step.answered)
    yield "answered after", _wait(step.answered_wait_s)
    yield "abandoned", _share(step.abandoned)
    for caption, rare in (("canceled", step.canceled), ("waiting at the end of the day", step.waiting)):
        if rare.mean:
            yield caption, _share(rare)


def _onward(step: SimulatedStep) -> Iterator[tuple[str, str]]:
    if step.came.mean:
        yield "go on", _share(step.went_on)
        yield "after", _wait(step.went_on_wait_s)


def _share(found: MeanEstimate) -> str:
    return _unbroken(f"{with_half_width(found, 'service_level')} %")


def _wait(found: MeanEstimate) -> str:
    return _unbroken(with_half_width(found, "asa_s"))


def _unbroken(text: str) -> str:
    """*text* on one line, however narrow the page is."""
    return text.replace(" ", "\N{NO-BREAK SPACE}")
