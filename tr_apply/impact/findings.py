"""Mistakes that a change makes: filters that no task reaches any more, expressions that are never or always true."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from tr_apply.impact.routes import Read, task_filters
from tr_apply.plan.compare.filter_match import matched_filters
from tr_apply.plan.impact import BroughtFinding
from tr_apply.resources.workflow import Workflow
from tr_apply.routing.nodes import Expression, paths
from tr_apply.routing.place import Place
from tr_apply.routing.satisfy import (
    Budget,
    Expressions,
    Filters,
    Reachability,
    Taker,
    TaskFilter,
    Unknown,
    Unsatisfiable,
    never_true,
)

UNREACHABLE_FILTER: Final = "unreachable-filter"
UNREACHABLE_DEFAULT: Final = "unreachable-default"
NEVER_TRUE: Final = "never-true"
ALWAYS_TRUE: Final = "always-true"


@dataclass(slots=True)
class BroughtFindings:
    """The mistakes that a change introduces, and the facts that are not known."""

    found: list[BroughtFinding] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)


def brought_findings(before: Workflow, after: Workflow, path: str, read: Read, budget: Budget) -> BroughtFindings:
    """The findings about *after*, at *path* of the configuration, that *before* does not have."""
    old, new = (_FoundVersion(each, path, read, budget) for each in (before, after))
    was = {_DEFAULT: _DEFAULT, **matched_filters(before.filters, after.filters)}
    there = {about for about, _ in old.findings()}
    brought = [found for (code, place), found in new.findings() if (code, was.get(place)) not in there]
    if not (old.is_cut or new.is_cut):
        return BroughtFindings(brought)
    return BroughtFindings(brought, [f"workflow {after.name}: the search for unreachable filters was cut short"])


def queue_finding(
    name: str, expressions: tuple[Expression | None, Expression | None], path: str, budget: Budget
) -> Iterator[BroughtFinding]:
    """That nobody can be a member of a queue any more, whatever the attributes; ``1==0`` says so on purpose."""
    old, new = expressions
    if new is not None and _is_idle(new, budget) and not (old is not None and _is_idle(old, budget)):
        yield BroughtFinding(NEVER_TRUE, f"no worker can satisfy the expression of the task queue {name!r}", path)


def _is_idle(expression: Expression, budget: Budget) -> bool:
    return _asks(expression) and never_true(expression, Place.QUEUE, budget) is True


def _asks(expression: Expression) -> bool:
    """Whether it reads anything; ``1==1`` and ``1==0`` are meant as they are."""
    return any(True for _ in paths(expression))


_About = tuple[str, int]
"""A code and the position of the filter, `_DEFAULT` for the default filter."""

_DEFAULT: Final = -1


class _FoundVersion:
    """The findings of a workflow at one time."""

    def __init__(self, workflow: Workflow, path: str, read: Read, budget: Budget) -> None:
        self._filters = task_filters(workflow, read)
        self._has_default = workflow.default_filter is not None
        self._asked = Filters(self._filters, budget)
        self._name, self._path, self._budget = workflow.name, path, budget
        self.is_cut = False

    def findings(self) -> Iterator[tuple[_About, BroughtFinding]]:
        """Each finding with what it is about."""
        for index, each in enumerate(self._filters):
            yield from (((found.code, index), found) for found in self._of_filter(index, each))
        if self._has_default and (takers := self._takers(self._asked.reach_default())):
            what = f"the default filter of the workflow {self._name!r}"
            message = f"{what} is never reached: {_takers_words(takers, 'every task')}"
            yield (
                (UNREACHABLE_DEFAULT, _DEFAULT),
                self._finding(UNREACHABLE_DEFAULT, message, ".default_filter", takers),
            )

    def _of_filter(self, index: int, each: TaskFilter) -> Iterator[BroughtFinding]:
        if each.expression is None or not _asks(each.expression):
            return
        place, what = f".filters[{index}]", f"{_called(each)} of the workflow {self._name!r}"
        alone = Expressions([each.expression], Place.FILTER, self._budget)
        if alone.never_true(each.expression):
            yield self._finding(NEVER_TRUE, f"no task satisfies {what}", f"{place}.expression")
        elif takers := self._takers(self._asked.reach(index)):
            message = f"{what} is never reached: {_takers_words(takers, 'every task of this one')}"
            yield self._finding(UNREACHABLE_FILTER, message, place, takers)
        elif index + 1 < len(self._filters) and alone.always_true(each.expression):
            yield self._finding(ALWAYS_TRUE, f"every task satisfies {what}", f"{place}.expression")

    def _takers(self, reach: Reachability) -> Sequence[Taker]:
        """The filters that take every task before it comes; none if some task comes, or if that is not known."""
        self.is_cut |= isinstance(reach.answer, Unknown) and reach.answer.reason == "budget"
        return reach.takers if isinstance(reach.answer, Unsatisfiable) else ()

    def _finding(self, code: str, message: str, place: str, takers: Sequence[Taker] = ()) -> BroughtFinding:
        task = takers[0].task if takers else None
        by = [each.filter.name or f"filter {each.filter.number}" for each in takers]
        return BroughtFinding(code, message, f"{self._path}{place}", task, by)


def _takers_words(takers: Sequence[Taker], what: str) -> str:
    names = [_called(each.filter) for each in takers]
    listed = names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]} together"
    verb = "takes" if len(names) == 1 else "take"
    return f"{listed} {verb} {what}, such as {json.dumps(takers[0].task, ensure_ascii=False)}"


def _called(each: TaskFilter) -> str:
    return f"filter {each.number} ({each.name})" if each.name else f"filter {each.number}"
