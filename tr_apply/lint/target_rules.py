"""Rules on the targets of a filter: whether a task gets to each, and how it gets on from there."""

from collections.abc import Mapping, Sequence
from itertools import chain

from tr_apply.findings import Severity, Spot
from tr_apply.lint.declarations import Declarations, Remarks, condition, constant, document_rule, queues_in
from tr_apply.resources.workflow import Filter, Target, Workflow
from tr_apply.routing.names import QUEUE_KEYS, name_key
from tr_apply.routing.nodes import And, Comparator, Comparison, Constant, Expression, ListLiteral, Or, Path

_TEMPLATE = 3
_KNOWN_WORKERS = ("known_worker_sid", "known_worker_friendly_name")


def can_be_left(target: Target) -> bool:
    """Whether a task that nobody takes ever leaves the target for the next one."""
    return has(target, "timeout") or (has(target, "skip_if") and constant(condition(target.skip_if)) is not False)


def first_trap(targets: Sequence[Target]) -> int | None:
    """The index of the first target that cannot be left; None when a task may get past them all."""
    return next((index for index, each in enumerate(targets) if not can_be_left(each)), None)


def shared_expression(workflow: Workflow) -> str | None:
    """The expression of every target of *workflow* that has one, if there are at least three; None if they differ.

    Such an expression is a template, and each target needs only a part of it.
    """
    targets = [target for each in workflow.filters if each is not None for target in each.targets]
    texts = [target.expression for target in targets if target.expression]
    return texts[0] if len(texts) >= _TEMPLATE and len(set(texts)) == 1 else None


@document_rule(
    "unreachable-target", Severity.WARNING, "A target comes after one that no task ever leaves for the next."
)
def unreachable_target(declarations: Declarations) -> Remarks:
    """No target after one with neither timeout nor skip_if is ever tried."""
    for path, each in declarations.filters:
        trap = first_trap(each.targets)
        if trap is not None and trap + 1 < len(each.targets):
            message = (
                f"never reached: a task that nobody takes stays in target {trap + 1}, "
                "which has no timeout and no skip_if that can be true"
            )
            yield Spot((*path, "targets", trap + 1)), message


@document_rule("missing-queue", Severity.ERROR, "The first target of a filter, or a default_filter, has no queue.")
def missing_queue(declarations: Declarations) -> Remarks:
    """Only a later target has one to inherit from."""
    firsts = (((*path, "targets", 0), each.targets[0]) for path, each in declarations.filters)
    for path, target in chain(firsts, declarations.default_filters):
        if target.queue is None and target.extra.keys().isdisjoint(QUEUE_KEYS):
            where = "a default_filter" if path[-1] == "default_filter" else "the first target of a filter"
            yield Spot((*path, "queue")), f"`queue` is missing: TaskRouter demands it in {where}"


@document_rule("two-known-workers", Severity.WARNING, "A target names its known worker in both ways.")
def two_known_workers(declarations: Declarations) -> Remarks:
    """A target waits for one worker, who is named in one way."""
    for path, target in chain(declarations.targets, declarations.default_filters):
        if all(getattr(target, field) for field in _KNOWN_WORKERS):
            message = "a target has either this or known_worker_sid, and here are both"
            yield Spot((*path, "known_worker_friendly_name")), message


@document_rule("known-worker-waits", Severity.INFO, "A task may wait for one worker for as long as it lives.")
def known_worker_waits(declarations: Declarations) -> Remarks:
    """A known worker who is away, unknown or not in the queue keeps the task in the target."""
    for path, each in declarations.filters:
        last = each.targets[-1]
        for field in _KNOWN_WORKERS:
            if getattr(last, field) and not can_be_left(last):
                message = (
                    "while this worker is away or not in the queue, the task waits here until its own time is up; "
                    "after a timeout or skip_if, a further target could have somebody else take it"
                )
                yield Spot((*path, "targets", len(each.targets) - 1, field)), message


@document_rule(
    "skip-if-counts-all",
    Severity.WARNING,
    "A skip_if counts workers whom its target leaves out, and there is no timeout.",
)
def skip_if_counts_all(declarations: Declarations) -> Remarks:
    """``workers.available`` counts all workers of the queue, even those that the target excludes."""
    for path, target in declarations.targets:
        if _is_for_some(target) and _depends(target.skip_if) and not has(target, "timeout"):
            message = (
                "skip_if counts every worker of the queue, also those whom this target leaves out: "
                "while one of them is available, a task that nobody else can take waits here; add a timeout"
            )
            yield Spot((*path, "skip_if")), message


@document_rule(
    "timeout-after-skip",
    Severity.INFO,
    "A target has a timeout, but its skip_if lets a task that nobody takes leave immediately.",
)
def timeout_after_skip(declarations: Declarations) -> Remarks:
    """With ``skip_if: 1==1`` a task waits here for the answer to a reservation alone."""
    for path, target in declarations.targets:
        if has(target, "timeout") and constant(condition(target.skip_if)) is True:
            message = "skip_if is always true: the timeout counts only while a reservation is open, nobody waits for it"
            yield Spot((*path, "timeout"), key=True), message


@document_rule(
    "another-queue", Severity.INFO, "A filter asks for one queue by its SID, and all its targets lead to others."
)
def another_queue(declarations: Declarations) -> Remarks:
    """Often a copied filter in which only one of both was changed."""
    for path, each in declarations.filters:
        asked = _asked_queues(each)
        targets = [target.queue for target in each.targets if target.queue is not None]
        if asked and targets and asked.isdisjoint(map(name_key, targets)):
            named = " or ".join(repr(queue.name) for _, queue in declarations.queues if name_key(queue.name) in asked)
            if named:
                message = f"the filter asks for the queue {named} by its SID, and leads to {targets[0]!r} instead"
                yield Spot((*path, "targets", 0, "queue")), message


def _asked_queues(each: Filter) -> set[str]:
    """The queues if a task must name one of them by its SID; empty if it can match in another way."""
    tree, sids = condition(each.expression), queues_in(each.expression)
    if tree is None or not sids:
        return set()
    found = [_asked_in(way, sids) for way in (tree.operands if isinstance(tree, Or) else (tree,))]
    return set[str]().union(*found) if all(found) else set()


def _asked_in(tree: Expression, sids: Mapping[str, str]) -> set[str]:
    found = set[str]()
    for each in tree.operands if isinstance(tree, And) else (tree,):
        match each:
            case Comparison(Path(), Comparator.EQUAL, Constant(str(value))):
                found |= {sids[value]} if value in sids else set()
            case Comparison(Path(), Comparator.IN, ListLiteral(items)):
                values = [item.value for item in items if isinstance(item, Constant)]
                found |= {sids[value] for value in values if isinstance(value, str) and value in sids}
            case _:
                pass
    return found


def has(target: Target, field: str) -> bool:
    """Whether the document has the key, perhaps with a value that only TaskRouter can read."""
    return bool(getattr(target, field)) or field in target.extra


def _is_for_some(target: Target) -> bool:
    """Whether the target leaves out workers of its queue."""
    narrowed = target.expression is not None and constant(condition(target.expression)) is not True
    return narrowed or any(getattr(target, field) for field in _KNOWN_WORKERS)


def _depends(expression: str | None) -> bool:
    tree = condition(expression)
    return tree is not None and constant(tree) is None
