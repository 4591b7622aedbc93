"""Work that a plan would strand: tasks in queues and workflows that go, and with people who move or go."""

from collections.abc import Iterable, Iterator, Sequence

from tr_apply.findings import Finding, Severity
from tr_apply.live import Work
from tr_apply.plan.change import Action, Blocked, FieldChange, Operation
from tr_apply.plan.matching.decisions import Decisions, Kept
from tr_apply.plan.matching.reading import WorkQuestions
from tr_apply.plan.requests.people import people_of
from tr_apply.resources import ACTIVITY, KIND_BY_NAME, TASK_QUEUE, WORKER, WORKFLOW
from tr_apply.resources.field_path import root_of

UNDER_WAY = "work-under-way"

OFFERED = ("pending",)
"""Reservations that keep a worker from being moved."""

OPEN = ("pending", "accepted", "wrapping")
"""Reservations that keep a worker from being deleted."""

_NAMED = 5  # people to name in a message


def work_questions(decisions: Decisions) -> WorkQuestions:
    """The work to look up; nothing if nobody moves, nothing is deleted and no routing changes."""
    workers: dict[str, Sequence[str]] = {}
    if decisions.deleted or decisions.replaced:
        for moves in people_of(decisions).by_activity.values():
            workers |= {move.sid: OFFERED for move in moves if move.sid is not None}
        workers |= {live.sid: OPEN for live in decisions.deleted_of(WORKER)}
    holders = [(live.kind, live.sid) for live in decisions.deleted_of(TASK_QUEUE, WORKFLOW)]
    edited = [each.live.sid for each in decisions.kept if _is_rerouted(each)]
    return WorkQuestions(holders, sorted(workers.items()), edited)


def stranding(decisions: Decisions, operations: Iterable[Operation]) -> Iterator[Blocked]:
    """Operations that would strand work."""
    for operation in operations:
        if operation.action is Action.DELETE:
            work = decisions.snapshot.work.get(operation.sid or "")
            if work is not None and work.any:
                yield Blocked(UNDER_WAY, cannot_go(operation.kind, operation.name, work), operation.id)
        if operation.kind != WORKER.name:
            yield from _moves(decisions, operation)


def _moves(decisions: Decisions, operation: Operation) -> Iterator[Blocked]:
    held = {move.worker: decisions.snapshot.work.get(move.sid or "") for move in operation.moves}
    busy = {worker: work for worker, work in held.items() if work is not None and work.any}
    if busy:
        names = ", ".join(repr(worker) for worker in list(busy)[:_NAMED])
        names += f" and {len(busy) - _NAMED} more" if len(busy) > _NAMED else ""
        number = sum(sum(work.counts.values()) for work in busy.values())
        tasks = "a task is" if number == 1 else f"{number} tasks are"
        message = (
            f"the {KIND_BY_NAME[operation.kind].title} {operation.name!r} cannot be {operation.action.value}d while "
            f"{tasks} reserved for workers who must move out of it ({names}); try again when they have answered"
        )
        yield Blocked(UNDER_WAY, message, operation.id)


def cannot_go(kind: str, name: str, work: Work) -> str:
    """Why a queue, a workflow, a worker or a whole workspace cannot be deleted."""
    counts = " and ".join(f"{number} {status}" for status, number in sorted(work.counts.items()) if number)
    least = "at least " if work.more else ""
    total = sum(work.counts.values())
    what = "reservation" if kind == WORKER.name else "task"
    message = f"the {KIND_BY_NAME[kind].title} {name!r} cannot be deleted while it has {least}{counts} {what}"
    return f"{message}{'' if total == 1 else 's'}; let them end, or move them, first"


def cannot_move(name: str, work: Work) -> str:
    """Why a worker cannot be moved to another activity."""
    number = sum(work.counts.values())
    tasks = "a task is" if number == 1 else f"{number} tasks are"
    return f"the worker {name!r} cannot be moved while {tasks} reserved for it; try again when it has answered"


def work_notes(decisions: Decisions, operations: Iterable[Operation]) -> Iterator[Finding]:
    """The effect of *operations* on waiting tasks and on people, which the changed fields do not show."""
    edited = {each.live.sid: each for each in decisions.kept if _is_rerouted(each)}
    for operation in operations:
        if (each := edited.get(operation.sid or "")) is not None:
            work = decisions.snapshot.work.get(each.live.sid)
            message = _waiting(each.name, work, anew=each.after.re_evaluate_tasks)
            if message is not None:
                yield Finding(Severity.INFO, "waiting-tasks", message)
        if operation.kind == ACTIVITY.name and any(_opens(change) for change in operation.changes):
            yield Finding(Severity.INFO, "becomes-available", _reachable(operation))


def _is_rerouted(kept: Kept) -> bool:
    return bool(kept.changes) and any(root_of(change.path) in kept.kind.document_keys for change in kept.changes)


def _waiting(name: str, work: Work | None, *, anew: bool) -> str | None:
    """The effect on tasks that wait in the workflow *name*; None if there are none."""
    where = f"in the workflow {name!r}"
    if work is None:
        tasks = f"it is not known how many tasks wait {where}"
    elif (number := work.counts.get("pending", 0)) == 0:
        return None
    else:
        least = "at least " if work.more else ""
        tasks = f"{least}{number} {'task waits' if number == 1 else 'tasks wait'} {where}"
    if anew:
        return f"{tasks}; applying this plan routes waiting tasks anew"
    return f"{tasks}; waiting tasks keep their old route, because `re_evaluate_tasks` is not true"


def _opens(change: FieldChange) -> bool:
    return change.path == "available" and change.before is False and change.after is True


def _reachable(operation: Operation) -> str:
    number = len(operation.moves)
    people = {0: "nobody is in it now", 1: "tasks can be offered to the worker in it from then on"}
    told = people.get(number, f"tasks can be offered to the {number} workers in it from then on")
    return f"the activity {operation.name!r} becomes available: {told}"
