"""A workflow as lanes: its filters in their order, each with its steps, its end, and whether a task gets there."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from tr_apply.picture.model import EVERYTHING, EVERYTHING_ELSE, Badge, Blame, Lane, LaneStep, WorkflowLanes
from tr_apply.picture.texts import Texts
from tr_apply.picture.words import (
    ALWAYS,
    NEVER,
    condition_words,
    duration,
    json_words,
    listed,
    order_words,
    skip_words,
)
from tr_apply.resources.workflow import Filter, Target, Workflow
from tr_apply.routing.evaluate import evaluate
from tr_apply.routing.nodes import Expression, Or
from tr_apply.routing.place import Place
from tr_apply.routing.satisfy import (
    Exit,
    Filters,
    Reachability,
    Satisfiable,
    TaskFilter,
    Unsatisfiable,
    always_true,
    example,
    never_true,
    way_out,
)

_UNKNOWN_QUEUE: Final = "(no queue)"
_QUEUE_KEYS: Final = ("queue", "task_queue_sid")
_BADGE_LENGTH: Final = 72
"""Characters of a condition that a badge has room for."""

_NUMBERED: Final = 3
"""Filters that are named where a task goes on."""

_MOST_BELOW: Final = 100
"""Filters below one that are searched for those that a task may go on to."""

_SHARED_BY: Final = 3
"""The number of steps from which a shared condition is shown once."""

_SPEECH: Final = {ALWAYS: "any task", NEVER: "no task"}

People = Callable[[str], int | None]
"""How many members a queue has; None where that is not known."""


def workflow_lanes(workflow: Workflow, texts: Texts, people: People) -> WorkflowLanes:
    """*workflow* as lanes."""
    return _Lanes(workflow, texts, people).made()


@dataclass(frozen=True, slots=True)
class _Way:
    """A filter as far as it decides where tasks go."""

    written: Filter
    tree: Expression | None
    exits: tuple[Exit, ...]


class _Lanes:
    def __init__(self, workflow: Workflow, texts: Texts, people: People) -> None:
        self._workflow, self._texts, self._people = workflow, texts, people
        self._ways = [
            _Way(each, texts.tree(each.expression), tuple(map(self._exit, each.targets))) for each in workflow.filters
        ]
        numbered = enumerate(self._ways, 1)
        self._filters = Filters(
            [TaskFilter(number, way.written.name, way.tree, way_out(way.exits)) for number, way in numbered]
        )

    def made(self) -> WorkflowLanes:
        lanes = (*map(self._lane, range(len(self._ways))), *self._default())
        unread = "Some filters of it cannot be read." if "filters" in self._workflow.extra else ""
        return WorkflowLanes(self._workflow.name, lanes, _shared(lanes), tuple(filter(None, [unread])))

    def _lane(self, index: int) -> Lane:
        way = self._ways[index]
        return Lane(
            number=index + 1,
            name=way.written.name or "",
            condition=self._condition(way),
            expression=way.written.expression,
            steps=tuple(self._steps(way.written.targets, way.exits)),
            end=self._end(index),
            tree=way.tree,
            blame=_blame(self._filters.reach(index)),
        )

    def _condition(self, way: _Way) -> str:
        if way.tree is None:
            return way.written.expression
        words = condition_words(way.tree, self._texts.named)
        return _SPEECH.get(words, words)

    def _default(self) -> Iterator[Lane]:
        """The lane of tasks that match no filter; none if there are no such tasks and no default filter."""
        target, reach = self._workflow.default_filter, self._filters.reach_default()
        name = EVERYTHING_ELSE if self._ways else EVERYTHING
        if target is not None:
            steps = tuple(self._steps([target], [Exit(has_timeout=False, skip_if=None)]))
            yield Lane(0, name, "", "", steps, "waits", blame=_blame(reach))
        elif not isinstance(reach.answer, Unsatisfiable):
            yield Lane(0, name, "", "", (), "canceled immediately: there is no default filter")

    # Steps

    def _exit(self, target: Target) -> Exit:
        has_timeout = target.timeout is not None or "timeout" in target.extra
        return Exit(has_timeout, self._texts.tree(target.skip_if))

    def _steps(self, targets: Sequence[Target], exits: Sequence[Exit]) -> Iterator[LaneStep]:
        queue, is_reached = _UNKNOWN_QUEUE, True
        for target, out in zip(targets, exits, strict=True):
            queue = _own_queue(target) or queue
            step = LaneStep(queue, self._people(queue), tuple(self._badges(target)), is_reached=is_reached)
            yield replace(step, lasts=_lasts(target, out), skips=self._skips(out))
            is_reached = is_reached and way_out([out]) != "none"

    def _skips(self, out: Exit) -> str:
        if out.skip_if is None or never_true(out.skip_if, Place.SKIP_IF):
            return ""
        if always_true(out.skip_if, Place.SKIP_IF):
            return "nobody is free"
        return skip_words(out.skip_if, self._texts.named)

    def _badges(self, target: Target) -> Iterator[Badge]:
        if known := target.known_worker_sid or target.known_worker_friendly_name:
            yield Badge("the known agent", f"only the worker in {known}")
        if target.expression:
            yield self._who(target.expression)
        if (order := self._texts.order(target.order_by)) is not None:
            yield Badge(order_words(order), str(target.order_by))
        if target.priority is not None:
            yield Badge(f"priority {target.priority}")

    def _who(self, expression: str) -> Badge:
        tree = self._texts.tree(expression)
        if tree is None:
            return Badge("some only", expression)
        words = condition_words(tree, self._texts.named)
        if words in _SPEECH:
            return Badge("for everybody in it" if words == ALWAYS else "for nobody", words, tree)
        return Badge(f"only if {words}" if len(words) <= _BADGE_LENGTH else "some only", f"only if {words}", tree)

    # Where it ends

    def _end(self, index: int) -> str:
        out = way_out(self._ways[index].exits)
        if out == "none":
            return "waits"
        last = "canceled" if out == "timeout" or self._workflow.default_filter is None else EVERYTHING_ELSE.lower()
        onward = self._onward(index)
        if not onward:
            return last
        if len(onward) > _NUMBERED:
            return f"the next filter that fits, else {last}"
        named = f"filter {listed([str(number + 1) for number in onward], last='or')}"
        return named if self._is_caught(index, onward) else f"{named} if it fits, else {last}"

    def _onward(self, index: int) -> Sequence[int]:
        """The filters below that may match a task of this one; not all of them if they are too many to name."""
        tree, below = self._ways[index].tree, range(index + 1, len(self._ways))
        if tree is None or len(below) > _MOST_BELOW:
            return below
        found = [number for number in below if self._ways[number].tree is None]
        trees = {number: other for number in below if (other := self._ways[number].tree) is not None}
        while trees and len(found) <= _NUMBERED:
            answer = example([(tree, True), (_any_of(list(trees.values())), True)], Place.FILTER)
            if isinstance(answer, Unsatisfiable):
                break
            hit = [
                n for n, each in trees.items() if not isinstance(answer, Satisfiable) or evaluate(each, answer.names)
            ]
            found += hit
            trees = {number: each for number, each in trees.items() if number not in hit}
        return sorted(found)

    def _is_caught(self, index: int, onward: Sequence[int]) -> bool:
        """Whether each task of the filter matches one of those *onward*."""
        tree, others = self._ways[index].tree, [self._ways[each].tree for each in onward]
        if tree is None:
            return False
        wishes = [(tree, True), *((each, False) for each in others if each is not None)]
        return isinstance(example(wishes, Place.FILTER), Unsatisfiable)


def _any_of(trees: Sequence[Expression]) -> Expression:
    return trees[0] if len(trees) == 1 else Or(tuple(trees))


def _own_queue(target: Target) -> str | None:
    return target.queue or next((str(target.extra[key]) for key in _QUEUE_KEYS if target.extra.get(key)), None)


def _lasts(target: Target, out: Exit) -> str:
    if target.timeout is not None:
        return duration(target.timeout)
    return str(target.extra["timeout"]) if out.has_timeout else ""


def _blame(reach: Reachability) -> Blame | None:
    """Why no task comes; None where one does or may."""
    if not isinstance(reach.answer, Unsatisfiable):
        return None
    if not reach.takers:
        return Blame("there is no task that fits")
    named = [f"{each.filter.number} ({each.filter.name})" if each.filter.name else str(each.filter.number)
             for each in reach.takers]  # fmt: skip
    who = f"filter {named[0]} takes" if len(named) == 1 else f"filters {listed(named)} take"
    return Blame(f"{who} every such task", json_words(reach.takers[0].task))


def _shared(lanes: Sequence[Lane]) -> Badge | None:
    """Which workers all steps of all filters are for, where one condition says so for each of them."""
    steps = [step for lane in lanes if lane.number for step in lane.steps]
    found = {badge.who: badge for step in steps for badge in step.badges if badge.who is not None}
    said = [any(badge.who is not None for badge in step.badges) for step in steps]
    return next(iter(found.values())) if len(found) == 1 and len(said) >= _SHARED_BY and all(said) else None
