"""Makes a picture of a workspace, alone or next to an earlier version of it."""

from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from tr_apply.picture.changes import FilterPairs, changed_cards, changed_workflows
from tr_apply.picture.lanes import workflow_lanes
from tr_apply.picture.model import Lane, Picture, StepFigures, WorkflowLanes, queues_in_use
from tr_apply.picture.queues import Members, queue_cards
from tr_apply.picture.texts import Texts
from tr_apply.resources import Filter, TaskQueue, Workflow
from tr_apply.routing.names import name_key

Matched: TypeAlias = Callable[[Sequence[Filter], Sequence[Filter]], tuple[Mapping[int, int], AbstractSet[int]]]
"""Which filter of the second list is which one of the first: what `FilterPairs` holds."""

Counted: TypeAlias = Mapping[tuple[str, int, int], StepFigures]
"""The figures of a step: of a workflow, by what equal names share, of a lane and a step, by their numbers."""


@dataclass(frozen=True, slots=True)
class Scene:
    """A workspace to draw."""

    name: str
    workflows: Sequence[Workflow]
    queues: Sequence[TaskQueue]
    members: Members = field(default_factory=dict)
    people: str = ""
    """Which people *members* are, as in ``the 12 declared workers``; empty where none are known."""

    texts: Texts = field(default_factory=Texts)
    counts: Mapping[str, int] = field(default_factory=dict)
    """The number of members of a queue whose members have no names here, by the key of its name."""

    counted: Counted = field(default_factory=dict)
    """The figures of the steps."""

    def lanes(self) -> tuple[WorkflowLanes, ...]:
        """Every workflow as lanes."""
        return tuple(self.workflow(each) for each in self.workflows)

    def workflow(self, workflow: Workflow) -> WorkflowLanes:
        """One workflow as lanes."""
        found = workflow_lanes(workflow, self.texts, self._people)
        return replace(found, lanes=tuple(self._with_figures(workflow.name, lane) for lane in found.lanes))

    def _with_figures(self, workflow: str, lane: Lane) -> Lane:
        """*lane* with the figures of its steps."""
        key = name_key(workflow)
        steps = (
            replace(step, figures=self.counted.get((key, lane.number, number)))
            for number, step in enumerate(lane.steps, 1)
        )
        return replace(lane, steps=tuple(steps)) if self.counted else lane

    def _people(self, queue: str) -> int | None:
        key = name_key(queue)
        members = self.members.get(key)
        return self.counts.get(key) if members is None else len(members)


def picture_of(scene: Scene) -> Picture:
    """*scene* as it is."""
    lanes = scene.lanes()
    cards = tuple(queue_cards(scene.queues, scene.members, lanes, scene.texts))
    picture = Picture(scene.name, lanes, cards, scene.people)
    return replace(picture, colors=_colors(picture))


def compared_picture(before: Scene, after: Scene, matched: Matched, *, against: str) -> Picture:
    """*after* with what has changed since *before*; *against* is what *before* is called."""
    old, new = picture_of(before), picture_of(after)
    filters = {name_key(each.name): each.filters for each in before.workflows}
    now = {name_key(each.name): each.filters for each in after.workflows}

    def pairs(workflow: str) -> FilterPairs:
        return FilterPairs(*matched(filters[name_key(workflow)], now[name_key(workflow)]))

    workflows = tuple(changed_workflows(old.workflows, new.workflows, pairs))
    queues = tuple(changed_cards(old.queues, new.queues))
    picture = replace(new, workflows=workflows, queues=queues, against=against)
    return replace(picture, colors=_colors(picture))


def _colors(picture: Picture) -> dict[str, int]:
    """Number the queues in the order in which they are first drawn: neighbours get different colours."""
    names = [*queues_in_use(picture.workflows), *(each.name for each in picture.queues)]
    return {key: number for number, key in enumerate(dict.fromkeys(map(name_key, names)))}
