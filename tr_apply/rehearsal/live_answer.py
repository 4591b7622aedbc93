"""Why a task waits, in a sentence or a few: the first lines that somebody reads who was called at night."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from tr_apply.rehearsal.live_facts import TaskNow, TaskOffer, WorkerNow, iso, moment_ms
from tr_apply.rehearsal.route import Route, RouteStep

_NAMED: Final = 3
_DEBUGGER: Final[Mapping[int, str]] = {
    40152: "who is not a member of the queue {}",
    40154: "which is not the name of a worker",
    40155: "who is not in the workspace",
}


def answer(route: Route, now: TaskNow | None, workers: Sequence[WorkerNow], members: int, *, offer_s: int) -> str:
    """Why nobody has taken the task yet; for a task that does not exist yet, its route.

    Args:
        route: The route of the task from its present place.
        now: The task; None if it does not exist yet.
        workers: All workers whom the present step wants.
        members: The number of members of that step's queue.
        offer_s: The seconds that a worker has to answer an offer.
    """
    if now is not None and now.status == "reserved":
        return " ".join([_offered(now, offer_s), *_refusals(now.offers)])
    if route.first is None:
        return "A task like this is canceled immediately: no filter takes it, and the workflow has no default filter."
    if now is None:
        return _supposed(route, route.first, workers, members)
    return " ".join([_waits(now, route.first, workers, members), *_refusals(now.offers)])


# A task that does not wait


def settled_answer(now: TaskNow) -> str:
    """The state of a task that does not wait: who has taken it, for instance."""
    when = f" at {clock(now.since)}" if now.since else ""
    reason = f": {now.reason}" if now.reason else ""
    match now.status:
        case "assigned" | "wrapping":
            holders = [each for each in now.offers if each.status in ("accepted", "wrapping")]
            who = _who(holders) or "a worker"
            taken = min((each.ended for each in holders if each.ended and each.status == "accepted"), default=None)
            since = f" since {clock(taken)}" if taken else ""
            have = "have" if len(holders) > 1 else "has"
            if now.status == "assigned":
                return f"This task does not wait: {who} {have} it{since}."
            return f"This task does not wait: {who} {have} finished with it and {have} to wrap it up."
        case "completed":
            return f"This task does not wait: it was completed{when}{reason}."
        case "canceled":
            return f"This task no longer waits: it was canceled{when}{reason}."
        case _:
            return f"This task no longer waits: it was deleted{f', last seen{when}' if when else ''}."


def _offered(now: TaskNow, offer_s: int) -> str:
    """TaskRouter offers a task again and again; one that is offered waits for an answer."""
    open_ones = [each for each in now.offers if each.status == "pending"]
    if not open_ones:
        return "This task is offered to a worker at this moment."
    begun = moment_ms(open_ones[-1].created)
    until = f", until {clock(iso(begun + 1000 * offer_s))} at the latest" if begun is not None and offer_s else ""
    what = "their answer" if len(open_ones) > 1 else "the answer"
    since = f" since {clock(open_ones[0].created)}" if open_ones[0].created else ""
    return f"This task has been offered to {_who(open_ones)}{since} and waits for {what}{until}."


def _who(offers: Sequence[TaskOffer]) -> str:
    return listed(sorted({each.worker for each in offers if each.worker}))


# A task that waits, or would


def _waits(now: TaskNow, step: RouteStep, workers: Sequence[WorkerNow], members: int) -> str:
    takers = [each.worker for each in workers if each.can_take]
    if takers:
        ahead = f"{_tasks(now.ahead)} first, and " if now.ahead else ""
        return (
            f"This task should be offered to somebody any moment: {ahead}{listed(takers)} could take it. "
            "If it still waits when you ask again, its workflow was changed after it had entered it, or TaskRouter is "
            "late."
        )
    return f"This task waits because {_nobody(step, workers, members)}."


def _supposed(route: Route, step: RouteStep, workers: Sequence[WorkerNow], members: int) -> str:
    takers = [each.worker for each in workers if each.can_take]
    if takers:
        offered = takers[: max(1, step.offered_to)]
        return f"A task like this would be offered to {listed(offered)} immediately."
    reason = _nobody(step, workers, members)
    if step.left_by == "skip":
        later = next((each for each in route.steps if each.available), None)
        end = (
            f"it would be offered to {listed(list(later.available or ()))} in the queue {later.queue}"
            if later is not None and later.entered == step.entered
            else f"it would wait in the queue {route.steps[-1].queue}"
            if route.steps[-1].left_by != "skip"
            else "it would be canceled"
        )
        return f"A task like this would skip the queue {step.queue}, because {reason}: {end}."
    return f"A task like this would wait, because {reason}."


def _nobody(step: RouteStep, workers: Sequence[WorkerNow], members: int) -> str:
    """Why nobody can take the task in *step*, as the end of a sentence."""
    if not workers:
        return _wants_nobody(step, members)
    if len(workers) == 1:
        [only] = workers
        return f"{only.worker}, the only worker whom the step wants, {hindrance(only)}"
    counts = Counter(map(_hindrance_of_many, workers))
    parts = [f"{count} {'is' if count == 1 else 'are'} {what}" for what, count in counts.most_common()]
    told = listed(parts) if len(parts) > 1 else f"all are {next(iter(counts))}"
    return f"none of the {len(workers)} workers whom the step wants can take it now: {told}"


def _wants_nobody(step: RouteStep, members: int) -> str:
    sought = step.known_worker
    if sought is not None:
        if sought.value is None:
            return "the step wants a worker whom the task must name, and the task names none"
        code = _DEBUGGER.get(sought.debugger_code or 0, "who does not fit")
        return f"the step wants the worker {sought.value!r} alone, {code.format(step.queue)}"
    if not step.queue:
        return "the worker whom it was sent to is not in the workspace"
    if not members:
        return f"no worker of the workspace is a member of the queue {step.queue}"
    none = f"none of the {members} members" if members > 1 else "not even the only member"
    return f"{none} of the queue {step.queue} satisfies the expression of the step"


def hindrance(each: WorkerNow) -> str:
    """Why a worker cannot take the task now, after the name."""
    if each.is_offered:
        return "is being offered this task"
    if not each.is_available:
        since = f" since {clock(each.since)}" if each.since else ""
        return f"is in the activity {each.activity}{since}"
    if each.channel_available is False:
        return "takes no tasks of this channel now"
    return f"is busy ({each.used} of {each.capacity} in use)"


def _hindrance_of_many(each: WorkerNow) -> str:
    """The same in words that fit several workers."""
    if not each.is_available:
        return f"in the activity {each.activity}"
    return "closed for this channel" if each.channel_available is False else "busy"


def _refusals(offers: Sequence[TaskOffer]) -> Iterator[str]:
    """To whom it was offered without success."""
    failed = [each for each in offers if each.status in _FAILED]
    if not failed:
        return
    counts = Counter((each.worker or "somebody", _FAILED[each.status]) for each in failed)
    told = [f"{who} {what}{_times(count)}" for (who, what), count in counts.most_common(_NAMED)]
    more = len(counts) - len(told)
    rest = f", and {more} more" if more else ""
    yield f"It was offered {_counted(len(failed))} in vain: {listed(told)}{rest}."


_FAILED: Final[Mapping[str, str]] = {
    "rejected": "rejected it",
    "timeout": "did not answer",
    "canceled": "could not be reached (the offer was canceled)",
}


def _times(count: int) -> str:
    return "" if count == 1 else f" {_counted(count)}"


def _counted(count: int) -> str:
    return {1: "once", 2: "twice"}.get(count, f"{count} times")


def _tasks(count: int) -> str:
    return "1 task of its queue comes" if count == 1 else f"{count} tasks of its queue come"


def listed(names: Sequence[str], most: int = _NAMED) -> str:
    """Some names as a part of a sentence."""
    if len(names) > most + 1:
        return f"{', '.join(names[:most])} and {len(names) - most} more"
    return " and ".join([", ".join(names[:-1]), names[-1]]) if len(names) > 1 else "".join(names)


def clock(moment: str | None) -> str:
    """A moment as people read it: ``2026-11-30 02:04:10 UTC``."""
    return "" if moment is None else moment.replace("T", " ").replace("Z", " UTC")
