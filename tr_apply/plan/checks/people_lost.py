"""People who lose their place in a queue: how many of them need consent."""

import shlex
from collections.abc import Iterator, Sequence
from typing import Any, Final

from tr_apply.plan.change import Action, Blocked, Operation, PeopleConsent
from tr_apply.plan.checks.guard import listed
from tr_apply.plan.impact import PeopleImpact, QueueChange
from tr_apply.resources import TASK_QUEUE, WORKER
from tr_apply.resources.document import allowed_of, strictest
from tr_apply.routing.names import name_key

PEOPLE_LOST = "people-lost"

APPROVING: Final = "Approving this plan is the consent; without a plan, {}"

_SPECIAL_IN_QUOTES: Final = frozenset('"$`\\!')


def people_lost(
    impact: PeopleImpact, limit: Any, operations: Sequence[Operation], approving: str = APPROVING
) -> Iterator[Blocked]:
    """Queues that fall to nobody, or lose more members than *limit* allows.

    *approving* says how to agree to it; ``{}`` in it is the option. A deleted queue is left out: its deletion needs
    consent of its own.
    """
    deleted = {each.name for each in operations if each.kind == TASK_QUEUE.name and each.action is Action.DELETE}
    for change in impact.queues:
        if change.lost and change.queue not in deleted and (reason := _reason(change, limit)) is not None:
            consent = PeopleConsent(change.queue, len(change.lost), change.before)
            option = allowing_option(change.queue, len(change.lost))
            yield Blocked(PEOPLE_LOST, f"{reason}. {approving.format(option)}", _cause(change, operations).id, consent)


def _reason(change: QueueChange, limit: Any) -> str | None:
    """Why the loss needs consent; None if it does not."""
    queue, members = (
        f"the task queue {change.queue!r}",
        "1 member" if change.before == 1 else f"{change.before} members",
    )
    if change.falls_to_nobody:
        return f"{queue} falls from {members} to nobody: {_losers(change)}"
    if limit is None:
        return None
    strictest_limit = strictest(limit, change.before)
    allowed = allowed_of(strictest_limit, change.before)
    if len(change.lost) <= allowed:
        return None
    share = f" ({strictest_limit})" if isinstance(strictest_limit, str) else ""
    of = f"{len(change.lost)} of its {members}"
    return f"{queue} loses {of}: {_losers(change)}. `max_people_lost` allows {allowed}{share}"


def _losers(change: QueueChange) -> str:
    return f"{listed(change.lost)} {'loses the place' if len(change.lost) == 1 else 'lose their places'} in it"


def allowing_option(queue: str, number: int) -> str:
    """The option that agrees to the loss of *number* members of *queue*; a shell runs no part of it."""
    value = f"{queue}={number}"
    quoted = shlex.quote(value) if _SPECIAL_IN_QUOTES.intersection(value) else f'"{value}"'
    return f"--allow-people-lost {quoted}"


def _cause(change: QueueChange, operations: Sequence[Operation]) -> Operation:
    """The operation on the queue itself, else on one of those who lose their places, else the first."""
    lost = set(map(name_key, change.lost))
    own = (each for each in operations if each.kind == TASK_QUEUE.name and each.name == change.queue)
    theirs = (each for each in operations if each.kind == WORKER.name and name_key(each.name) in lost)
    return next(own, None) or next(theirs, operations[0])
