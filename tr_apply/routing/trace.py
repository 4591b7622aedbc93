"""The route of a task, step by step, and why; the engine is not changed.

A trace assumes that no worker takes the task and that nothing else happens in the meantime: the workers stay as they
are, and the task goes on at its deadlines.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, TypeAlias

from tr_apply.routing import unsure
from tr_apply.routing.engine.progress import counts, sought, target_step
from tr_apply.routing.engine.state import State
from tr_apply.routing.engine.tasks import NewTask, check_new, destination, first_record
from tr_apply.routing.events import KnownWorkerSought
from tr_apply.routing.records import Task, WorkflowPlace
from tr_apply.routing.survey import Mismatch, Survey, first_mismatch, survey
from tr_apply.routing.workflow import ROUTING_TARGET, Exit, Filter, Routing, Step, first_place, next_place

End: TypeAlias = Literal["no_route", "timed_out", "skipped", "expired", "not_accepted"]
"""How a task ends that nobody takes: no filter matches it, it passes its last step, its time is over, or the worker of
its RoutingTarget does not accept it.
"""


@dataclass(frozen=True, slots=True)
class FilterVerdict:
    """Whether a filter matches a task."""

    filter: Filter
    mismatch: Mismatch | None
    """The first comparison that is false; None if it matches."""


@dataclass(frozen=True, slots=True)
class StepTrace:
    """One step that the task goes through."""

    step: Step
    place: WorkflowPlace
    priority: int
    """The task's, in this step."""

    entered_s: int
    """The age of the task when it comes into the step."""

    deadline_s: int | None
    """The age at which the step is over; None if it never is."""

    workers: Survey
    reserved: int
    """The number of eligible workers reserved concurrently."""

    known_worker: KnownWorkerSought | None
    skip_if: Mismatch | None
    """Why skip_if, if it was looked at, is false."""

    left_by: Exit | None
    """How the task goes on; None if it stays until its time is over."""


@dataclass(frozen=True, slots=True)
class Trace:
    """The whole way of a task that nobody takes."""

    task: Task
    filters: tuple[FilterVerdict, ...]
    """All of them, in order. A task that times out goes on to the next one that matches."""

    steps: tuple[StepTrace, ...]
    end: End
    ended_s: int
    """The age at which it is canceled."""

    reason: str
    """The reason TaskRouter gives then."""

    def at(self, age_s: float) -> StepTrace | None:
        """The step that the task is in at an age; None when it has ended."""
        reached = [each for each in self.steps if each.entered_s <= age_s]
        return reached[-1] if reached and age_s < self.ended_s else None


def trace(state: State, new: NewTask, *, nearest: int | None = None, with_unready: bool = False) -> Trace:
    """The route of *new* if it were created now; *nearest* and *with_unready* work as in `survey`.

    Raises:
        UnknownResourceError: It refers to a missing resource.
    """
    check_new(state, new)
    goes_to = destination(state, new)
    task = first_record(state, new, goes_to, state.serial + 1)
    look = _Look(state, nearest, with_unready)
    if goes_to.directed:
        return _directed(look, task, target_step(goes_to.queue_sid, goes_to.worker_sid))
    routing = state.routings[goes_to.version]
    place = first_place(routing, task.attributes.values, task.created_ms)
    return _trace(task, routing, _steps(look, routing, task, place, entered_s=0))


def trace_on(state: State, task: Task, entered_s: int, *, nearest: int | None = None) -> Trace:
    """The further route of *task*, which entered its present step at the age of *entered_s*.

    The skip_if of that step is already decided: it counts only on entry. Every step lists all eligible workers.
    """
    place = task.its_place
    look = _Look(state, nearest, with_unready=True)
    if place.filter == ROUTING_TARGET:
        worker_sid = task.routing_target if task.routing_target in state.workers else None
        return _directed(look, task, target_step(task.queue_sid, worker_sid), entered_s=entered_s)
    routing = state.routings[task.workflow_sid, task.workflow_version]
    return _trace(task, routing, _steps(look, routing, task, place, entered_s=entered_s, stays=True))


@dataclass(frozen=True, slots=True)
class _Look:
    """How the workers of each step are looked at."""

    state: State
    nearest: int | None
    with_unready: bool

    def step(self, step: Step, place: WorkflowPlace, task: Task, *, entered_s: int, stays: bool = False) -> StepTrace:
        """*step*, which the task comes to at an age; with *stays* it is there already."""
        workers = survey(self.state, step, task, nearest=self.nearest, with_unready=self.with_unready)
        names = {"workers": counts(self.state, step.queue_sid)}
        asks = step.skip_if is not None and not workers.eligible and not stays
        skip_if = first_mismatch(step.skip_if, names) if asks and step.skip_if is not None else None
        deadline_s = None if place.deadline_ms is None else place.spent_s
        in_time = deadline_s is not None and deadline_s < task.timeout_s
        return StepTrace(
            step=step,
            place=place,
            priority=task.priority,
            entered_s=entered_s,
            deadline_s=deadline_s,
            workers=workers,
            reserved=min(len(workers.eligible), _reserved_at_a_time(self.state, step)),
            known_worker=sought(self.state, step, task),
            skip_if=skip_if,
            left_by="skip" if asks and skip_if is None else "timeout" if in_time else None,
        )


def _trace(task: Task, routing: Routing, steps: Iterator[StepTrace]) -> Trace:
    traced = tuple(steps)
    end, ended_s, reason = _end(traced, task)
    return Trace(task, _verdicts(routing, task), traced, end, ended_s, reason)


def _verdicts(routing: Routing, task: Task) -> tuple[FilterVerdict, ...]:
    return tuple(
        FilterVerdict(each, first_mismatch(each.expression, task.attributes.values)) for each in routing.filters
    )


def _steps(
    look: _Look, routing: Routing, task: Task, place: WorkflowPlace | None, *, entered_s: int, stays: bool = False
) -> Iterator[StepTrace]:
    values = task.attributes.values
    while place is not None:
        step = routing.step(place)
        if step.priority is not None and not stays:
            task = task._replace(priority=step.priority)
        traced = look.step(step, place, task, entered_s=entered_s, stays=stays)
        yield traced
        if traced.left_by is None:
            return
        if traced.left_by == "timeout" and traced.deadline_s is not None:
            entered_s = traced.deadline_s
        place = next_place(routing, values, place, left_by=traced.left_by, created_ms=task.created_ms)
        stays = False


def _reserved_at_a_time(state: State, step: Step) -> int:
    if step.wants_one or step.queue_sid is None:
        return 1
    return state.queues[step.queue_sid].queue.max_reserved_workers


def _end(steps: tuple[StepTrace, ...], task: Task) -> tuple[End, int, str]:
    if not steps:
        return "no_route", 0, unsure.REASON_WORKFLOW_TIMEOUT
    last = steps[-1]
    if last.left_by is None:
        return "expired", task.timeout_s, unsure.REASON_TTL
    if last.left_by == "skip":
        return "skipped", last.entered_s, unsure.REASON_WORKFLOW_SKIPPED
    return "timed_out", last.place.spent_s, unsure.REASON_WORKFLOW_TIMEOUT


def _directed(look: _Look, task: Task, step: Step, *, entered_s: int = 0) -> Trace:
    """The trace of a task with a RoutingTarget: one step, past the filters."""
    place = WorkflowPlace(ROUTING_TARGET, 0, 0, deadline_ms=None, timed_out=False)
    traced = look.step(step, place, task, entered_s=entered_s)
    end: End = "expired"
    ended_s, reason = task.timeout_s, unsure.REASON_TTL
    if step.worker_sid is not None and traced.workers.eligible:
        offer_s = look.state.workflows[task.workflow_sid].task_reservation_timeout_s
        end, ended_s = "not_accepted", entered_s + offer_s
        reason = f"{unsure.REASON_TARGET_NOT_ACCEPTED} timeout"
    elif step.worker_sid is not None:
        reason = unsure.REASON_TARGET_NOT_RESERVED
    return Trace(task, (), (traced,), end, ended_s, reason)
