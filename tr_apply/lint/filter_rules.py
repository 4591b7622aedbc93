"""Rules on the filters of a workflow: which tasks each gets, and where those go that nobody takes."""

from collections.abc import Iterator, Sequence

from tr_apply.config.references import filters_of
from tr_apply.findings import KeyPath, Severity, Spot
from tr_apply.lint.declarations import Declarations, Remarks, condition, constant, document_rule
from tr_apply.lint.target_rules import first_trap
from tr_apply.resources.workflow import Filter, Workflow

_LONG_S = 4 * 3600  # a reservation of this length outlives most shifts
_LISTED = 5  # names in one message

_UNREAD = frozenset({"filters", "default_filter"})
"""Keys of ``extra`` under which there are filters that could not be read."""


@document_rule(
    "last-timeout", Severity.INFO, "A task may be canceled because the last target of its filter has a timeout."
)
def last_timeout(declarations: Declarations) -> Remarks:
    """A time-out of the last target cancels the task, because default_filter does not take it then.

    Silent if a later filter surely matches the task, or if skip_if lets the task leave sooner.
    """
    for path, workflow in declarations.workflows:
        readable = [(index, each) for index, each in filters_of(workflow) if condition(each.expression) is not None]
        ended = [number for number, (_, each) in enumerate(readable) if _ends_by_timeout(each)]
        for number in _not_taken_below([each for _, each in readable], ended):
            index, each = readable[number]
            at = (*path, "filters", index, "targets", len(each.targets) - 1, "timeout")
            yield Spot(at), _after_timeout(workflow, index)


def _not_taken_below(filters: Sequence[Filter], numbers: Sequence[int]) -> Sequence[int]:
    """Those of *numbers*, indices in *filters*, of whose tasks some may match no filter below."""
    if not numbers or numbers[0] == len(filters) - 1:
        return numbers
    from tr_apply.routing.satisfy import Filters, TaskFilter, Unsatisfiable  # noqa: PLC0415  # seldom needed

    upwards = Filters([TaskFilter(0, None, condition(each.expression)) for each in reversed(filters)])
    last = len(filters) - 1
    return [each for each in numbers if not isinstance(upwards.reach(last - each).answer, Unsatisfiable)]


def _ends_by_timeout(each: Filter) -> bool:
    last = each.targets[-1]
    return (
        last.timeout is not None and first_trap(each.targets) is None and constant(condition(last.skip_if)) is not True
    )


def _after_timeout(workflow: Workflow, index: int) -> str:
    is_last = index + 1 == len(workflow.filters)
    goes_on = "" if is_last else "goes on to the next filter that matches it, too, and if there is none it "
    net = "" if workflow.default_filter is None else "; the default_filter takes no task that timed out"
    return f"when this time is up, the task {goes_on}is canceled{net}"


@document_rule(
    "long-reservation-timeout", Severity.WARNING, "A reservation that nobody answers holds its task for hours."
)
def long_reservation_timeout(declarations: Declarations) -> Remarks:
    """A worker who has gone home keeps the task until then."""
    for path, workflow in declarations.workflows:
        if workflow.task_reservation_timeout >= _LONG_S:
            hours = f"{workflow.task_reservation_timeout / 3600:.3g} hours"
            message = f"a worker who does not answer keeps the task for {hours}; the value is in seconds"
            yield Spot((*path, "task_reservation_timeout")), message


@document_rule(
    "no-default-filter", Severity.INFO, "A task that no filter of a workflow matches is canceled.", needs_all=True
)
def no_default_filter(declarations: Declarations) -> Remarks:
    """Many workflows do without, because they know all the tasks that there can be. Said once for all workflows."""
    found = [
        (path, workflow.name)
        for path, workflow in _without_default(declarations)
        if workflow.filters and not any(constant(condition(each.expression)) for _, each in filters_of(workflow))
    ]
    if found:
        others = ", ".join(repr(name) for _, name in found[1 : _LISTED + 1]) + ", …" * (len(found) > _LISTED + 1)
        also = f"; nor is there in {others}" if others else ""
        message = f"there is no default_filter: a task that no filter matches is canceled immediately{also}"
        yield Spot((*found[0][0], "filters"), key=True), message


@document_rule(
    "empty-workflow", Severity.WARNING, "A workflow has neither filters nor a default_filter.", needs_all=True
)
def empty_workflow(declarations: Declarations) -> Remarks:
    """A workflow that leads nowhere."""
    for path, workflow in _without_default(declarations):
        if not workflow.filters:
            message = "the workflow has neither filters nor a default_filter: every task is canceled immediately"
            yield Spot((*path, "name")), message


def _without_default(declarations: Declarations) -> Iterator[tuple[KeyPath, Workflow]]:
    for path, workflow in declarations.workflows:
        if workflow.default_filter is None and _UNREAD.isdisjoint(workflow.extra):
            yield path, workflow


@document_rule("default-filter-key", Severity.WARNING, "A default_filter has a key that has no effect there.")
def default_filter_key(declarations: Declarations) -> Remarks:
    """A default_filter is the last step: there is no other to go on to."""
    for path, target in declarations.default_filters:
        for field in ("timeout", "skip_if"):
            if getattr(target, field) is not None:
                yield Spot((*path, field), key=True), f"{field} has no effect here, where a task stays"
        if target.expression is not None and constant(condition(target.expression)) is not True:
            message = "an expression in a default_filter is not documented; put it into a filter, or into the queue"
            yield Spot((*path, "expression"), key=True), message
