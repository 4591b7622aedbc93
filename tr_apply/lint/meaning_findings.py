"""Findings that follow from the meaning of expressions, for workflows that are not trivial.

The decision procedure of meaning/ costs an import, which a small configuration does not need.
"""

from collections.abc import Iterator

from tr_apply.findings import Finding, KeyPath, RelatedPlace, Spot, found_by
from tr_apply.lint.declarations import Declarations, condition, repeats_attribute
from tr_apply.lint.meaning_rules import NEVER_TRUE
from tr_apply.resources.workflow import Filter, Workflow
from tr_apply.routing.nodes import Comparator, Comparison, Constant, Expression, ListLiteral, Path, comparisons


def meaning_findings(declarations: Declarations) -> Iterator[Finding]:
    """The findings that follow from the meaning of the expressions of *declarations*."""
    yield from _of_queues(declarations)
    judged = [(path, workflow) for path, workflow in declarations.workflows if not _is_plain(workflow)]
    if judged:
        from tr_apply.lint.meaning import Budget, staff_of, workflow_findings  # noqa: PLC0415  # seldom needed

        staff, budget = staff_of(declarations), Budget()
        for path, workflow in judged:
            for found in workflow_findings(workflow, staff, budget):
                spot = Spot((*path, *found.path), key=found.path[-1] == "default_filter")
                related = tuple(_related(path, workflow, each.number) for each in found.by)
                yield found_by(found.rule, found.message, spot, related)


def _related(path: KeyPath, workflow: Workflow, number: int) -> RelatedPlace:
    name = workflow.filters[number - 1].name
    message = f"filter {number}" + (f" ({name})" if name else "")
    return RelatedPlace(message, Spot((*path, "filters", number - 1, "expression")))


def _of_queues(declarations: Declarations) -> Iterator[Finding]:
    for path, queue in declarations.queues:
        tree = condition(queue.target_workers)
        if tree is not None and (repeats_attribute(tree) or _has_empty_list(tree)):
            from tr_apply.lint.meaning import never_true_queue  # noqa: PLC0415  # seldom needed

            if (message := never_true_queue(queue.target_workers)) is not None:
                yield found_by(NEVER_TRUE, message, Spot((*path, "target_workers")))


def _has_empty_list(tree: Expression) -> bool:
    return any(each.right == ListLiteral(()) for each in comparisons(tree))


def _is_plain(workflow: Workflow) -> bool:
    """Whether each filter is one equality of its own and no target excludes a worker: then there are no findings."""
    conditions = [_plain_condition(each) for each in workflow.filters]
    return None not in conditions and len(set(conditions)) == len(conditions)


def _plain_condition(each: Filter | None) -> Expression | None:
    if each is None or any(target.expression for target in each.targets):
        return None
    match condition(each.expression):
        case Comparison(Path(), Comparator.EQUAL, Constant(value)) as tree if value is not None:
            return tree
        case _:
            return None
