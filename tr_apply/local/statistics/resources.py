"""Every Statistics resource that answers one object: its path below ``/v1``, and how its figures come about."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Final, TypeAlias

from tr_apply.local.statistics.activity_stays import ActivityDurations
from tr_apply.local.statistics.cumulative import Owner, nested
from tr_apply.local.statistics.durations import Figures
from tr_apply.local.statistics.inquiry import Inquiry
from tr_apply.local.statistics.present import EVERYONE, WorkerFilter

Answer: TypeAlias = Callable[[Inquiry], Awaitable[Figures]]


def _of_tasks(owner: Owner, path: str, real_time: Callable[[Inquiry], Figures]) -> Mapping[str, Answer]:
    """The three resources about the tasks of a workspace, a queue or a workflow."""

    async def present(inquiry: Inquiry) -> Figures:
        return real_time(inquiry)

    async def cumulative(inquiry: Inquiry) -> Figures:
        window, sids = inquiry.window(), inquiry.sids
        tally = await inquiry.past(window).tally(
            inquiry.thresholds(), queue_sid=sids.get("task_queue_sid"), workflow_sid=sids.get("workflow_sid")
        )
        return {**window.figures(), **tally.figures(owner)}

    async def both(inquiry: Inquiry) -> Figures:
        now = real_time(inquiry)
        return {"realtime": now, "cumulative": nested(await cumulative(inquiry))}

    return {
        f"{path}/Statistics": both,
        f"{path}/RealTimeStatistics": present,
        f"{path}/CumulativeStatistics": cumulative,
    }


async def _workers(inquiry: Inquiry) -> Figures:
    wanted = inquiry.worker_filter()
    now = inquiry.present.workers(wanted)
    return {"realtime": now, "cumulative": await _past_of_workers(inquiry, wanted)}


async def _present_of_everyone(inquiry: Inquiry) -> Figures:
    return inquiry.present.workers(EVERYONE)


async def _past_of_everyone(inquiry: Inquiry) -> Figures:
    return await _past_of_workers(inquiry, EVERYONE)


async def _worker(inquiry: Inquiry) -> Figures:
    return {"cumulative": await _past_of_workers(inquiry, WorkerFilter(sid=inquiry.sids["worker_sid"]))}


async def _past_of_workers(inquiry: Inquiry, wanted: WorkerFilter) -> Figures:
    window, present = inquiry.window(), inquiry.present
    durations = ActivityDurations(present.state.activities.values(), window)
    for stay in present.stays(wanted):
        durations.add(stay)
    return {**window.figures(), **await inquiry.past(window).of_workers(present.sids(wanted), durations)}


_WORKSPACE: Final = "/Workspaces/{workspace_sid}"

ANSWERS: Final[Mapping[str, Answer]] = {
    **_of_tasks("workspace", _WORKSPACE, lambda inquiry: inquiry.present.workspace()),
    **_of_tasks(
        "task_queue",
        f"{_WORKSPACE}/TaskQueues/{{task_queue_sid}}",
        lambda inquiry: inquiry.present.task_queue(inquiry.sids["task_queue_sid"]),
    ),
    **_of_tasks(
        "workflow",
        f"{_WORKSPACE}/Workflows/{{workflow_sid}}",
        lambda inquiry: inquiry.present.workflow(inquiry.sids["workflow_sid"]),
    ),
    f"{_WORKSPACE}/Workers/Statistics": _workers,
    f"{_WORKSPACE}/Workers/RealTimeStatistics": _present_of_everyone,
    f"{_WORKSPACE}/Workers/CumulativeStatistics": _past_of_everyone,
    f"{_WORKSPACE}/Workers/{{worker_sid}}/Statistics": _worker,
}
"""Path -> the function that answers it."""
