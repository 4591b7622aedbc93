"""Queues that stay empty and steps that are dead after a change, among the people who were read.

The rules are those of ``validate --live`` (lint/meaning/); a finding is one only where the change brings it.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Final, NamedTuple, TypeAlias

from tr_apply.impact.people import Staffing
from tr_apply.lint.meaning import MeaningFinding, QueueStaff, dead_steps
from tr_apply.plan.compare.filter_match import matched_filters
from tr_apply.plan.impact import BroughtFinding
from tr_apply.resources.workflow import Filter, Workflow
from tr_apply.routing.satisfy import Budget

EMPTY_QUEUE: Final = "empty-queue"

_About: TypeAlias = tuple[int, int, str | None, str | None]
"""The position of the filter, and what a step has in common with itself before the change."""


class StaffedWorkflow(NamedTuple):
    """A workflow that there will be."""

    path: str
    """Where the configuration declares it."""

    before: Workflow | None
    """As it is now; None of a new one."""

    after: Workflow


@dataclass(frozen=True)
class Nobody:
    """Queues and workers before and after a change."""

    before: Staffing
    after: Staffing
    budget: Budget

    @cached_property
    def _old(self) -> QueueStaff:
        return QueueStaff(self.before.queues, list(self.before.workers.values()), is_live=True)

    @cached_property
    def _new(self) -> QueueStaff:
        return QueueStaff(self.after.queues, list(self.after.workers.values()), is_live=True)

    @cached_property
    def _changes_people(self) -> bool:
        """Whether workers come, go, or get other attributes."""
        return not self.before.has_workers_of(self.after)

    def empty_queues(self) -> Iterator[str]:
        """Each queue that is new, or has another expression, and that nobody is in, as nobody was before.

        One that loses its last member is among the people who are affected.
        """
        if not self.after.workers:
            return
        for name, text in self.after.queues.items():
            was = self.before.queues.get(name)
            if text != was and self._new.lacks_members(name) and (was is None or self._old.lacks_members(name)):
                yield name

    def dead_steps(self, workflows: Iterable[StaffedWorkflow], changed: Iterable[str]) -> Iterator[BroughtFinding]:
        """Each step of *workflows* in which nobody can ever take a task any more; *changed* are queues with others."""
        names = frozenset(changed)
        for path, before, after in workflows:
            if before == after and not self._changes_people and not names & _queues(after):
                continue
            found = list(dead_steps(after, self._new, self.budget))
            there = {_about(before, each) for each in dead_steps(before, self._old, self.budget)} if before else set()
            was = matched_filters(before.filters, after.filters) if before else {}
            for each in found:
                filter_now, *step = _about(after, each)
                if (was.get(filter_now), *step) not in there:
                    yield _brought(path, after, each)


def _queues(workflow: Workflow) -> frozenset[str]:
    targets = [target for each in workflow.filters for target in each.targets]
    return frozenset(target.queue for target in targets if target.queue is not None)


def _place(workflow: Workflow, found: MeaningFinding) -> tuple[Filter, int, int]:
    """The filter that a finding about a step is in, and the indices of both."""
    index, target = (key for key in found.path if isinstance(key, int))
    return workflow.filters[index], index, target


def _about(workflow: Workflow, found: MeaningFinding) -> _About:
    each, index, number = _place(workflow, found)
    target = each.targets[number]
    return index, number, target.queue, target.expression


def _brought(path: str, workflow: Workflow, found: MeaningFinding) -> BroughtFinding:
    each, index, number = _place(workflow, found)
    name = f" ({each.name})" if each.name else ""
    where = f"target {number + 1} of filter {index + 1}{name} of the workflow {workflow.name!r}"
    place = f"{path}.filters[{index}].targets[{number}].expression"
    return BroughtFinding(found.rule.code, f"{where}: {found.message}", place, found.task)
