"""Rules on what expressions mean. The rows are here; what finds them is in meaning/, which costs an import."""

from collections.abc import Iterator
from typing import Final

from tr_apply.findings import Finding, KeyPath, Related, Rule, Severity, Spot, found_by
from tr_apply.lint.attributes import are_kept
from tr_apply.lint.conditions import condition
from tr_apply.lint.declarations import Declarations
from tr_apply.lint.member_rules import worker_names
from tr_apply.resources.workflow import Filter, Workflow
from tr_apply.routing.nodes import Comparator, Comparison, Constant, Expression, ListLiteral, Path, comparisons, paths

UNREACHABLE_FILTER: Final = Rule(
    "unreachable-filter", Severity.WARNING, "Filters above take all the tasks of this one and keep them."
)
NEVER_TRUE: Final = Rule("never-true", Severity.WARNING, "Nothing can satisfy an expression.")
ALWAYS_TRUE: Final = Rule(
    "always-true", Severity.WARNING, "Every task matches a filter that is not the last, although it asks for something."
)
DEAD_STEP: Final = Rule(
    "dead-step", Severity.WARNING, "Nobody can ever take a task in a step: its filter, target and queue do not fit."
)
ONLY_AFTER_TIMEOUT: Final = Rule(
    "only-after-timeout", Severity.INFO, "A filter gets only tasks that another one has let go."
)
IDLE_PART: Final = Rule("idle-part", Severity.INFO, "A part of a filter's expression makes no difference.")
UNREACHABLE_DEFAULT: Final = Rule("unreachable-default", Severity.INFO, "No task ever comes to a default_filter.")

MEANING_RULES: Final = (
    UNREACHABLE_FILTER,
    NEVER_TRUE,
    ALWAYS_TRUE,
    DEAD_STEP,
    ONLY_AFTER_TIMEOUT,
    IDLE_PART,
    UNREACHABLE_DEFAULT,
)

ENDED_BY: Final = frozenset({UNREACHABLE_FILTER.code, NEVER_TRUE.code})
"""Nothing more is said about a filter that gets no task."""


def meaning_findings(declarations: Declarations) -> Iterator[Finding]:
    """What follows from the meaning of the expressions of *declarations*."""
    yield from _of_queues(declarations)
    judged = [(path, workflow) for path, workflow in declarations.workflows if not _is_plain(workflow)]
    if judged:
        from tr_apply.lint.meaning import Staff, workflow_findings  # noqa: PLC0415  # seldom needed

        target_workers = {queue.name: queue.target_workers for _, queue in declarations.queues}
        rule = declarations.document.manage.workers
        workers = [worker_names(worker) for _, worker in declarations.workers] if declarations.all_attributes else None
        staff = Staff(target_workers, workers, lambda keys: not are_kept(rule, keys))
        for path, workflow in judged:
            for found in workflow_findings(workflow, staff):
                spot = Spot((*path, *found.path), key=found.path[-1] == "default_filter")
                related = tuple(_related(path, workflow, each.number) for each in found.by)
                yield found_by(found.rule, found.message, spot, related)


def _related(path: KeyPath, workflow: Workflow, number: int) -> Related:
    name = workflow.filters[number - 1].name
    message = f"filter {number}" + (f" ({name})" if name else "")
    return Related(message, Spot((*path, "filters", number - 1, "expression")))


def _of_queues(declarations: Declarations) -> Iterator[Finding]:
    for path, queue in declarations.queues:
        tree = condition(queue.target_workers)
        if tree is not None and _may_be_impossible(tree):
            from tr_apply.lint.meaning import never_true_queue  # noqa: PLC0415  # seldom needed

            if (message := never_true_queue(queue.target_workers)) is not None:
                yield found_by(NEVER_TRUE, message, Spot((*path, "target_workers")))


def _may_be_impossible(tree: Expression) -> bool:
    """Whether comparisons may exclude each other, asking for the same attribute or for a member of []."""
    asked = [path.segments[0] for comparison in comparisons(tree) for path in paths(comparison)]
    return len(set(asked)) < len(asked) or any(each.right == ListLiteral(()) for each in comparisons(tree))


def _is_plain(workflow: Workflow) -> bool:
    """Whether each filter is one equality of its own and no target leaves anybody out, so that all is as it seems."""
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
