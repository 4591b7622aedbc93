"""Findings that follow from what expressions mean, with the filters to blame and an example task.

A decision procedure (routing/satisfy/) answers; if it cannot decide, there is no finding.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from tr_apply.lint.declarations import condition, constant
from tr_apply.lint.meaning.filters import default_findings, filter_findings, never_true_because
from tr_apply.lint.meaning.finding import MeaningFinding
from tr_apply.lint.meaning.judged import JudgedWorkflow, QueueStaff, staff_of
from tr_apply.lint.meaning.steps import step_findings
from tr_apply.lint.meaning_rules import ENDED_BY
from tr_apply.lint.target_rules import shared_expression
from tr_apply.resources.workflow import Workflow
from tr_apply.routing.format import format_expression
from tr_apply.routing.place import Place
from tr_apply.routing.satisfy import Budget, never_true

__all__ = [
    "Budget",
    "MeaningFinding",
    "QueueStaff",
    "dead_steps",
    "labels",
    "never_true_queue",
    "staff_of",
    "workflow_document",
    "workflow_findings",
]


def workflow_findings(
    workflow: Workflow, staff: QueueStaff | None = None, budget: Budget | None = None
) -> Iterator[MeaningFinding]:
    """All findings by meaning of *workflow*, filter by filter; *staff* is who there is to take its tasks."""
    judged = JudgedWorkflow(workflow, staff or QueueStaff(), budget or Budget())
    shared = condition(shared_expression(workflow))
    for index, _, tree in judged.readable():
        found = list(filter_findings(judged, index, tree))
        yield from found
        if _goes_on(found) and constant(tree) is not False:
            yield from step_findings(judged, index, tree, shared)
    if workflow.default_filter is not None:
        yield from default_findings(judged)


def dead_steps(workflow: Workflow, staff: QueueStaff, budget: Budget) -> Iterator[MeaningFinding]:
    """Those alone of the steps in which nobody of *staff* can ever take a task."""
    judged = JudgedWorkflow(workflow, staff, budget)
    shared = condition(shared_expression(workflow))
    for index, _, tree in judged.readable():
        found = [] if constant(tree) is False else list(step_findings(judged, index, tree, shared))
        if found and _goes_on(filter_findings(judged, index, tree)):
            yield from found


def _goes_on(found: Iterable[MeaningFinding]) -> bool:
    """Whether some task comes to the steps of a filter about which this was *found*."""
    return not any(each.rule.code in ENDED_BY for each in found)


def workflow_document(found: MeaningFinding, path: str) -> dict[str, Any]:
    """*found* as the impact of a plan has it; *path* is that of the workflow, as in ``workflows[0]``."""
    place, *rest = found.path
    return {
        "code": found.rule.code,
        "message": found.message,
        "path": f"{path}.{place}" + (f"[{rest[0]}]" if rest else ""),
        "task": found.task,
        "by": found.names,
    }


def never_true_queue(target_workers: str, budget: Budget | None = None) -> str | None:
    """Why nobody can ever be in a queue; None where somebody can, and for ``1==0``, which is meant so."""
    tree, shared = condition(target_workers), budget or Budget()
    if tree is None or constant(tree) is False or not never_true(tree, Place.QUEUE, shared):
        return None
    return f"never true: {never_true_because(tree, Place.QUEUE, format_expression, shared)}"
