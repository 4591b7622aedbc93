"""Two versions as one: the lanes of the later, each with what it was, and those that are gone where they were."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from typing import NamedTuple, TypeAlias

from tr_apply.picture.model import Lane, LaneChange, LaneStep, QueueCard, WorkflowLanes
from tr_apply.routing.names import name_key
from tr_apply.routing.place import Place
from tr_apply.routing.satisfy import meanings


class FilterPairs(NamedTuple):
    """Which filter of a workflow is which one of its earlier version; positions count from 0."""

    places: Mapping[int, int]
    """The earlier position of each filter that was there."""

    moved: AbstractSet[int]
    """The positions of those that have moved past others."""


Pairs: TypeAlias = Callable[[str], FilterPairs]
"""The pairs of a workflow, by its name."""


def changed_workflows(
    before: Sequence[WorkflowLanes], after: Sequence[WorkflowLanes], pairs: Pairs
) -> Iterator[WorkflowLanes]:
    """The workflows of *after*, marked, then those that only *before* has."""
    old = {name_key(each.name): each for each in before}
    for each in after:
        was = old.pop(name_key(each.name), None)
        yield replace(each, change="new") if was is None else changed_lanes(was, each, pairs(each.name))
    yield from (replace(each, change="removed") for each in old.values())


def changed_lanes(before: WorkflowLanes, after: WorkflowLanes, pairs: FilterPairs) -> WorkflowLanes:
    """*after*, each lane marked with what it was, and those that are gone where they were."""
    marked = list(_Pairing(before, after, pairs).lanes())
    return replace(after, lanes=tuple(marked), change="changed" if any(lane.change for lane in marked) else "")


@dataclass(frozen=True, slots=True)
class _Pairing:
    before: WorkflowLanes
    after: WorkflowLanes
    pairs: FilterPairs

    def lanes(self) -> Iterator[Lane]:
        old = [lane for lane in self.before.lanes if lane.number]
        kept, moved = set(self.pairs.places.values()), self.pairs.moved
        gone = iter([lane for index, lane in enumerate(old) if index not in kept])
        waiting = next(gone, None)
        filters = [lane for lane in self.after.lanes if lane.number]
        for index, lane in enumerate(filters):
            was = self.pairs.places.get(index)
            while waiting is not None and was is not None and index not in moved and waiting.number <= was:
                yield _removed(waiting)
                waiting = next(gone, None)
            yield replace(lane, change="new") if was is None else _edited(lane, old[was], is_moved=index in moved)
        while waiting is not None:
            yield _removed(waiting)
            waiting = next(gone, None)
        yield from self._default()

    def _default(self) -> Iterator[Lane]:
        was = next((lane for lane in self.before.lanes if not lane.number), None)
        now = next((lane for lane in self.after.lanes if not lane.number), None)
        if now is not None:
            yield now if was is None else _edited(now, was, is_moved=False)
        elif was is not None and was.steps:
            yield _removed(was)


def _removed(lane: Lane) -> Lane:
    before = (f"filter {lane.number}",) if lane.number else ()
    return replace(lane, number=0, change="removed", blame=None, before=before)


def _edited(lane: Lane, was: Lane, *, is_moved: bool) -> Lane:
    """*lane*, with what of it was otherwise."""
    before = tuple(_differences(lane, was))
    if is_moved:
        before = (f"filter {was.number}", *before)
    change: LaneChange = "moved" if is_moved and len(before) == 1 else "changed" if before else ""
    return _with_figures(replace(lane, change=change, before=before), was)


def _with_figures(lane: Lane, was: Lane) -> Lane:
    """*lane* with what was counted before: in its own steps, or in the others that it had."""
    if not any(step.figures for step in was.steps):
        return lane
    if _route(lane.steps) != _route(was.steps):
        return replace(lane, earlier=was.steps, earlier_end=was.end)
    return replace(lane, steps=tuple(map(_compared_step, lane.steps, was.steps)))


def _compared_step(step: LaneStep, was: LaneStep) -> LaneStep:
    if step.figures is None or was.figures is None:
        return step
    return replace(step, figures=step.figures.after(was.figures))


def _differences(lane: Lane, was: Lane) -> Iterator[str]:
    if lane.name != was.name:
        yield f"“{was.name}”" if was.name else "without a name"
    if not _means_the_same(lane, was, Place.FILTER):
        yield was.condition if was.condition != lane.condition else was.expression
    if _route(lane.steps) != _route(was.steps):
        yield route_words(was.steps) or was.end


def _means_the_same(now: Lane | QueueCard, was: Lane | QueueCard, place: Place) -> bool:
    """Whether both expressions are true of the same, however that is written."""
    if now.tree is None or was.tree is None:
        return now.tree is was.tree and now.expression == was.expression
    return now.tree == was.tree or meanings(now.tree, was.tree, place).same is True


def _route(steps: Sequence[LaneStep]) -> list[object]:
    return [(name_key(step.queue), step.leaves, step.badges) for step in steps]


def route_words(steps: Sequence[LaneStep]) -> str:
    """The way of a task in a sentence: ``Sales for 1m, then Everyone (priority 10)``."""
    return ", then ".join(_step_words(step) for step in steps)


def _step_words(step: LaneStep) -> str:
    lasts = f" for {step.lasts}" if step.lasts else ""
    more = [badge.text for badge in step.badges] + ([f"skipped if {step.skips}"] if step.skips else [])
    return f"{step.queue}{lasts}" + (f" ({', '.join(more)})" if more else "")


def changed_cards(before: Sequence[QueueCard], after: Sequence[QueueCard]) -> Iterator[QueueCard]:
    """The queues of *after*, marked, then those that only *before* has."""
    old = {name_key(each.name): each for each in before}
    for each in after:
        was = old.pop(name_key(each.name), None)
        yield replace(each, change="new") if was is None else _edited_card(each, was)
    yield from (replace(each, change="removed") for each in old.values())


def _edited_card(card: QueueCard, was: QueueCard) -> QueueCard:
    before = tuple(_card_differences(card, was))
    return replace(card, change="changed" if before else "", before=before)


def _card_differences(card: QueueCard, was: QueueCard) -> Iterator[str]:
    if not _means_the_same(card, was, Place.QUEUE):
        yield was.who if was.who != card.who else was.expression
    if card.members is not None and was.members is not None and set(card.members) != set(was.members):
        yield "nobody" if not was.members else f"{len(was.members)} {'person' if len(was.members) == 1 else 'people'}"
