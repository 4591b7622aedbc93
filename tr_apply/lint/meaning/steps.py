"""Steps in which nobody can ever take a task."""

from collections.abc import Iterator, Sequence

from tr_apply.findings import Rule
from tr_apply.lint import meaning_rules as rules
from tr_apply.lint.declarations import condition, constant
from tr_apply.lint.meaning.filters import never_true_because
from tr_apply.lint.meaning.finding import MeaningFinding
from tr_apply.lint.meaning.judged import JudgedWorkflow, names_attribute
from tr_apply.lint.target_rules import first_trap
from tr_apply.routing.evaluate import Names
from tr_apply.routing.nodes import Expression
from tr_apply.routing.place import Place
from tr_apply.routing.satisfy import (
    Part,
    Satisfiable,
    StepConditions,
    Unsatisfiable,
    example,
    reach_step,
    reach_step_among,
)


def step_findings(
    judged: JudgedWorkflow, index: int, tree: Expression, shared: Expression | None
) -> Iterator[MeaningFinding]:
    """Each target of the filter at *index*, up to one that no task leaves, in which nobody can take a task."""
    each = judged.workflow.filters[index]
    trap = first_trap(each.targets)
    last = len(each.targets) if trap is None else trap + 1
    queue = None
    for number, target in enumerate(each.targets[:last]):
        queue = target.queue or queue
        wanted = condition(target.expression)
        if wanted is not None and constant(wanted) is None and names_attribute(wanted):
            step = StepConditions(wanted, tree, judged.staff.expression(queue))
            found = _by_logic(judged, wanted, step, queue) if wanted != shared else None
            if found is None and judged.staff.decides(wanted, target.expression or "", Place.TARGET):
                found = _among_members(judged, step, queue)
            if found is not None:
                yield _placed(judged, found, index, number)


def _placed(judged: JudgedWorkflow, found: tuple[Rule, str], index: int, number: int) -> MeaningFinding:
    """The finding about a target of the filter at *index*, with an example task that this filter matches."""
    rule, message = found
    answer = example([(tree, True)], Place.FILTER, judged.budget) if (tree := judged.trees[index]) else None
    task = judged.words.task(answer.names) if isinstance(answer, Satisfiable) else None
    return MeaningFinding(rule, message, ("filters", index, "targets", number, "expression"), task)


def _by_logic(
    judged: JudgedWorkflow, wanted: Expression, step: StepConditions, queue: str | None
) -> tuple[Rule, str] | None:
    reach = reach_step(step, judged.budget)
    if not isinstance(reach.answer, Unsatisfiable) or "target" not in reach.ruled_out_by:
        return None  # an expression that the filter or the queue alone excludes is found there
    if reach.ruled_out_by == ("target",):
        why = never_true_because(wanted, Place.TARGET, judged.words.expression, judged.budget)
        return rules.NEVER_TRUE, f"never true: {why}"
    return rules.DEAD_STEP, f"nobody can ever take a task here: {_conflict(reach.ruled_out_by, queue)}"


def _conflict(parts: Sequence[Part], queue: str | None) -> str:
    if "queue" not in parts:
        return "no task that the filter matches satisfies this, for any worker"
    if "filter" not in parts:
        return f"no worker that the queue {queue!r} asks for satisfies this"
    return f"no task that the filter matches and no worker of the queue {queue!r} satisfy this together"


def _among_members(judged: JudgedWorkflow, step: StepConditions, queue: str | None) -> tuple[Rule, str] | None:
    members: Sequence[Names] | None = judged.staff.members(queue)
    if not members:
        return None  # that nobody is in the queue at all is found there
    if not isinstance(reach_step_among(step, members, judged.budget), Unsatisfiable):
        return None
    who = f"none of the {len(members)} workers" if len(members) > 1 else "the only worker"
    verb = "can" if len(members) > 1 else "cannot"
    message = f"{who} of the queue {queue!r} {verb} ever take a task of this filter here"
    return rules.DEAD_STEP, message
