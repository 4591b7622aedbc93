"""The content of a picture, in words and names, before anything is drawn.

A *lane* is a filter of a workflow with its steps from left to right; the default filter is the last lane.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, Literal, NamedTuple, TypeAlias

from tr_apply.routing.names import name_key
from tr_apply.routing.nodes import Expression

LaneChange: TypeAlias = Literal["", "new", "changed", "moved", "removed"]
"""The effect of a change to the configuration on a lane, a workflow or a queue."""

EVERYTHING_ELSE: Final = "Everything else"
"""The name of the default filter's lane."""


EVERYTHING: Final = "Every task"
"""The same in a workflow without filters."""


class Badge(NamedTuple):
    """Something small next to a step."""

    text: str
    title: str = ""
    """Its expression, as it is written."""

    who: Expression | None = None
    """Which workers of the queue are meant, if that is what it says."""


class StepFigures(NamedTuple):
    """The figures of a step; each line is a caption and its number."""

    here: tuple[tuple[str, str], ...]
    """Of the tasks in it."""

    onward: tuple[tuple[str, str], ...] = ()
    """Of those that went on, for the arrow to the next step."""

    def after(self, earlier: "StepFigures") -> "StepFigures":
        """These figures next to the *earlier* ones of the same step."""
        return StepFigures(_beside(earlier.here, self.here), _beside(earlier.onward, self.onward))


def _beside(before: Sequence[tuple[str, str]], after: Sequence[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """Each caption with both of its numbers, or one where they are the same."""
    old, new = dict(before), dict(after)
    pairs = {caption: (old.get(caption, "-"), new.get(caption, "-")) for caption in {**old, **new}}
    return tuple((caption, was if was == now else f"{was} → {now}") for caption, (was, now) in pairs.items())


@dataclass(frozen=True, slots=True)
class LaneStep:
    """A queue that a task tries."""

    queue: str
    people: int | None
    """How many members the queue has; None where that is not known."""

    badges: tuple[Badge, ...] = ()
    lasts: str = ""
    """The time after which a task goes on, as in ``2m``; empty where there is none."""

    skips: str = ""
    """The condition for a task to go on immediately; empty if there is none."""

    is_reached: bool = True
    """Whether a task can come here from the step before."""

    figures: StepFigures | None = None
    """The figures of it; None where nothing was counted."""

    @property
    def leaves(self) -> str:
        """When a task goes on that nobody takes; empty for never."""
        if not self.skips:
            return f"after {self.lasts}" if self.lasts else ""
        at_once = f"skipped if {self.skips}"
        return f"after {self.lasts}, {at_once}" if self.lasts else f"{at_once}, else waits"


def waiting_step(steps: Sequence[LaneStep]) -> LaneStep | None:
    """The one of *steps* that a task never leaves; None where it can leave them all."""
    last = next((step for step in reversed(steps) if step.is_reached), None)
    return None if last is None or last.leaves else last


class Blame(NamedTuple):
    """Why no task comes to a lane."""

    text: str
    task: str = ""
    """The attributes of a task that another lane takes, as JSON."""


@dataclass(frozen=True, slots=True)
class Lane:
    """A filter, or the default filter."""

    number: int
    """From 1; 0 for the default filter."""

    name: str
    """Empty where it has none."""

    condition: str
    """Which tasks it takes, in words."""

    expression: str
    """The same as it is written."""

    steps: tuple[LaneStep, ...]
    end: str
    """The end of a task after the last step, as in ``waits``."""

    tree: Expression | None = None
    """The expression; None where it cannot be read."""

    blame: Blame | None = None
    """Why no task comes here; None where one does, or where it is not known."""

    change: LaneChange = ""
    before: tuple[str, ...] = ()
    """Its state before the change, in words."""

    earlier: tuple[LaneStep, ...] = ()
    """The steps before the change, where they were others and something was counted in them."""

    earlier_end: str = ""
    """The end of a task after the last of those, as *end*."""

    @property
    def title(self) -> str:
        """Its name, or its condition if it has none."""
        return self.name or self.condition

    @property
    def waits_in(self) -> LaneStep | None:
        """The step that a task never leaves; None where it can leave them all."""
        return waiting_step(self.steps)

    @property
    def tags(self) -> tuple[str, ...]:
        """Remarks of a word or two."""
        return (*filter(None, [self.change]), *(["never reached"] if self.blame else []))


@dataclass(frozen=True, slots=True)
class WorkflowLanes:
    """A workflow as lanes, in the order in which TaskRouter tries them."""

    name: str
    lanes: tuple[Lane, ...]
    shared: Badge | None = None
    """Which workers all steps are for, where that is the same for all of them."""

    notes: tuple[str, ...] = ()
    change: LaneChange = ""

    def badges(self, step: LaneStep) -> Iterator[Badge]:
        """The badges of *step*, without those shown once for all steps."""
        return (each for each in step.badges if self.shared is None or each.who != self.shared.who)

    @property
    def filters(self) -> int:
        """How many filters it has."""
        return sum(lane.number > 0 and lane.change != "removed" for lane in self.lanes)


@dataclass(frozen=True, slots=True)
class QueueCard:
    """A queue: who is in it and what leads to it."""

    name: str
    who: str
    """Which workers are in it, in words."""

    expression: str
    members: tuple[str, ...] | None
    """Their names; None where they are not known."""

    fed_by: str
    """The lanes that lead to it, as in ``Voice: 3, 5``; empty for none."""

    tree: Expression | None = None
    """The expression; None where it cannot be read."""

    change: LaneChange = ""
    before: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Picture:
    """The routing of a workspace."""

    name: str
    workflows: tuple[WorkflowLanes, ...]
    queues: tuple[QueueCard, ...]
    people: str = ""
    """Which people are counted; empty where none are known."""

    against: str = ""
    """The name of the other side of the comparison; empty for no comparison."""

    colors: Mapping[str, int] = field(default_factory=dict)
    """The number of each queue's colour, by what equal names share."""

    def color(self, queue: str) -> int | None:
        """The number of the colour of *queue*; None for one that is not known."""
        return self.colors.get(name_key(queue))

    @property
    def most_people(self) -> int:
        """The number of members of the largest queue."""
        return max((len(each.members) for each in self.queues if each.members is not None), default=0)

    def only(self, workflow: str) -> "Picture":
        """*workflow* alone, with the queues that it leads to, in the colours that they have in the whole picture."""
        workflows = tuple(each for each in self.workflows if name_key(each.name) == name_key(workflow))
        used = {name_key(queue) for queue in queues_in_use(workflows)}
        queues = tuple(each for each in self.queues if name_key(each.name) in used)
        return replace(self, workflows=workflows, queues=queues)


def queues_in_use(workflows: Sequence[WorkflowLanes]) -> Iterator[str]:
    """The queues of all steps, in the order in which they are drawn."""
    return (step.queue for each in workflows for lane in each.lanes for step in lane.steps)
