"""The way of a task among the people of this minute: of one that is only supposed, or of one that waits."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final

from tr_apply.rehearsal.find_route import NEAREST, RouteNames, worded_route
from tr_apply.rehearsal.live_answer import answer, settled_answer
from tr_apply.rehearsal.live_facts import LiveFacts, LiveRoute, TaskNow, WorkerNow, iso, moment_ms
from tr_apply.rehearsal.offline_workspace import RouteRequest
from tr_apply.rehearsal.present_workspace import PresentWorkspace
from tr_apply.rehearsal.waiting_task import WaitingTask
from tr_apply.routing.trace import StepTrace, Trace

LOADS_LIMIT: Final = 500
"""Workers whose channels are read, one request each."""


def in_question(traced: Trace) -> Sequence[str]:
    """SIDs of the workers whose loads decide: those who are wanted in a step and in an available activity."""
    found = dict.fromkeys(
        worker.sid
        for step in traced.steps
        for worker in (
            *step.workers.eligible,
            *(each.worker for each in step.workers.unready if "activity" not in (each.found or {})),
        )
    )
    return list(found)


def new_task_route(workspace: PresentWorkspace, request: RouteRequest) -> LiveRoute:
    """The route of a task that is created now.

    Raises:
        TrApplyError: The workflow cannot be read.
    """
    traced = workspace.trace_new(request.attributes, request.channel, request.priority, NEAREST)
    return _live_route(workspace, request, traced, None)


def waiting_task_route(workspace: PresentWorkspace, task: WaitingTask) -> LiveRoute:
    """The past and the further route of *task*."""
    request = RouteRequest(workspace.workflow.name, task.attributes, task.channel, task.priority)
    if workspace.unread is not None:
        task.notes.append(
            f"the workflow {workspace.workflow.name!r} cannot be read, so what happens after this step is not known: "
            f"{workspace.unread}"
        )
    traced, where = workspace.trace_waiting(task, NEAREST)
    workspace.notes += task.notes
    lifo = workspace.takes_latest_first(task.queue_sid)
    return _live_route(workspace, request, traced, task.facts(where, lifo=lifo))


def settled_task(workspace: str, workspace_sid: str, task: WaitingTask) -> LiveRoute:
    """A task that nobody needs to take any more."""
    now = task.facts()
    facts = LiveFacts(workspace, workspace_sid, settled_answer(now), 0, task=now)
    name = task.answer.get("workflow_friendly_name")
    return LiveRoute(None, str(name or ""), task.attributes, task.channel, task.priority, facts)


def _live_route(workspace: PresentWorkspace, request: RouteRequest, traced: Trace, now: TaskNow | None) -> LiveRoute:
    names = RouteNames(workspace.labels.by_sid, workspace.queue_name, sensitive=workspace.sensitive, is_live=True)
    first = traced.steps[0] if traced.steps else None
    ready = [] if first is None else [each.name for each in first.workers.eligible]
    route = worded_route(names, request, ready, traced)
    workers = [] if first is None else list(_workers(workspace, first, request.channel, now))
    members = _member_count(workspace, first)
    facts = LiveFacts(
        workspace=workspace.snapshot.workspace.name,
        workspace_sid=workspace.snapshot.workspace.sid,
        answer=answer(route, now, workers, members, offer_s=workspace.offer_s),
        people=len(workspace.workers),
        members=members,
        task=now,
        workers=workers,
        notes=list(dict.fromkeys(workspace.notes)),
    )
    return LiveRoute(route, request.workflow, request.attributes, request.channel, request.priority, facts)


def _member_count(workspace: PresentWorkspace, first: StepTrace | None) -> int:
    if first is None or first.step.queue_sid not in workspace.state.queues:
        return 0
    return workspace.state.membership.members[first.step.queue_sid].bit_count()


def _workers(workspace: PresentWorkspace, first: StepTrace, channel: str, now: TaskNow | None) -> Iterator[WorkerNow]:
    """All whom the step wants: those who could take the task first."""
    answers = {each.sid: each.answer for each in workspace.workers}
    offered, rejected, timed_out = (_counted(now, status) for status in ("pending", "rejected", "timeout"))
    ready = {each.sid for each in first.workers.eligible}
    for each in (*first.workers.eligible, *(one.worker for one in first.workers.unready)):
        capacity, in_use, channel_available = workspace.load(each.sid, channel)
        yield WorkerNow(
            worker=each.name,
            activity=workspace.state.activities[each.activity_sid].name,
            since=iso(moment_ms(answers[each.sid].get("date_status_changed"))),
            is_available=workspace.state.workers[each.sid].available,
            can_take=each.sid in ready,
            capacity=capacity,
            used=in_use,
            channel_available=channel_available,
            is_offered=offered[each.name] > 0,
            rejected=rejected[each.name],
            timed_out=timed_out[each.name],
        )


def _counted(now: TaskNow | None, status: str) -> Counter[str]:
    return Counter(each.worker for each in (now.offers if now else ()) if each.status == status and each.worker)


def loads_note(unread: Sequence[str]) -> Iterator[str]:
    """That the loads of some were not read."""
    if unread:
        who = "1 more worker" if len(unread) == 1 else f"{len(unread)} more workers"
        yield f"the loads of {who} were not read: they count as if they had no task"
