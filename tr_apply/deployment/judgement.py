"""The impact of a plan on people and tasks: computed when it is made, and checked again before it is carried out."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any, Final

from tr_apply.client import Client
from tr_apply.corpus.tasks import GivenCorpus
from tr_apply.errors import StaleError
from tr_apply.findings import Finding, Severity
from tr_apply.live import Snapshot
from tr_apply.plan.change import Blocked, PeopleConsent, Plan
from tr_apply.plan.checks.consent import refusal
from tr_apply.plan.checks.guard import listed, people_lost
from tr_apply.plan.impact import Extent, Impact, PeopleImpact, QueueChange, TasksImpact
from tr_apply.plan.requests.affected import affected_kinds
from tr_apply.reader import with_affected
from tr_apply.resources import WORKER
from tr_apply.resources.document import Document, Limits

IMPACT_SKIPPED: Final = "impact-skipped"

_NOT_SHOWN: Final = (
    "--impact none: who loses a place in a queue is not shown. `apply --plan` refuses a loss that needs consent; "
    "`apply --expect` counts as consent to it"
)
_UNSEEN: Final = "the plan does not show it, because of --impact none; plan again without that"


def judged(
    plan: Plan, snapshot: Snapshot, document: Document, extent: Extent, recorded: GivenCorpus | None = None
) -> Plan:
    """*plan* with its impact, also on *recorded* tasks, and blocked where people lose their places without consent."""
    if snapshot.predicted:
        return plan
    if not plan.operations:
        return plan if extent is Extent.NONE else replace(plan, impact=_of_no_change(snapshot, recorded))
    plan = replace(plan, people_limits=_limits(document.safety.max_people_lost))
    if extent is Extent.NONE:
        note = Finding(Severity.INFO, IMPACT_SKIPPED, _NOT_SHOWN)
        return replace(plan, impact_skipped=True, diagnostics=[*plan.diagnostics, note])
    from tr_apply.impact import with_impact  # noqa: PLC0415  # not needed to say that nothing changes

    plan = with_impact(plan, snapshot, document, extent, recorded)
    assert plan.impact is not None
    lost = people_lost(plan.impact.people, document.safety.max_people_lost, plan.operations)
    return replace(plan, blocked=[*plan.blocked, *lost])


def _of_no_change(snapshot: Snapshot, recorded: GivenCorpus | None) -> Impact:
    tasks = None if recorded is None else TasksImpact(recorded.corpus.file, recorded.corpus.total, 0)
    return Impact(PeopleImpact(len(snapshot.of(WORKER.name))), tasks=tasks)


def _limits(limit: Any) -> Limits:
    if limit is None:
        return Limits()
    return limit if isinstance(limit, Limits) else Limits((limit,))


async def looked_at_again(client: Client, plan: Plan, snapshot: Snapshot) -> list[str]:
    """The changes in the impact on people since *plan* was made, if the workspace is now as in *snapshot*.

    Raises:
        RefusedError: A queue would lose people, this needs consent, and the plan did not show it.
        StaleError: A queue would lose people without consent.
        ApiError, NetworkError: The workers cannot be read.
    """
    if plan.impact is None and not plan.impact_skipped:
        return []
    from tr_apply.impact import people_impact  # noqa: PLC0415  # as above

    kinds = affected_kinds(plan.operations, snapshot)
    now = people_impact(plan, await with_affected(client, snapshot, kinds))
    if plan.impact is None:
        _require_seen(plan, now)
        return []
    planned = {each.queue: each for each in plan.impact.people.queues}
    news = [each for each in now.queues if _loss(each) != _loss(planned.get(each.queue))]
    told = [_told(each, planned.get(each.queue)) for each in news]
    if any(map(_Agreement(plan, now).lacks, news)):
        why = "members lose their places in a queue to whom nobody has agreed"
        raise StaleError(f"nothing was written: since the plan was made, {'; '.join(told)}: {why}; plan again")
    return [f"since the plan was made, {each}" for each in told]


def _require_seen(plan: Plan, now: PeopleImpact) -> None:
    """Refuse a plan that does not show a loss of people which needs consent: nobody has approved what was not shown."""
    if unseen := list(people_lost(now, _limit(plan), plan.operations, _UNSEEN)):
        raise refusal(unseen)


def _limit(plan: Plan) -> Limits | None:
    return Limits(plan.people_limits) if plan.people_limits else None


class _Agreement:
    """Whose loss was agreed to with *plan*, which takes people away as *now* says."""

    def __init__(self, plan: Plan, now: PeopleImpact) -> None:
        self._agreed = dict(_lost(plan.blocked))
        self._needed = dict(_lost(people_lost(now, _limit(plan), plan.operations)))

    def lacks(self, change: QueueChange) -> bool:
        """Whether more members lose their places than was agreed to, where that must be."""
        agreed = self._agreed.get(change.queue)
        return len(change.lost) > (agreed or 0) and (agreed is not None or change.queue in self._needed)


def _lost(blocked: Iterable[Blocked]) -> Iterator[tuple[str, int]]:
    for each in blocked:
        if isinstance(each.consent, PeopleConsent):
            yield each.consent.queue, each.consent.lost


def _loss(change: QueueChange | None) -> tuple[int, int, Sequence[str]] | None:
    """The part that must be as planned. Additional people are harmless, as in a queue that an earlier run made."""
    return None if change is None or not change.lost else (change.before, change.after, list(change.lost))


def _told(now: QueueChange, planned: QueueChange | None) -> str:
    was = "no change" if planned is None else f"{planned.before} -> {planned.after}"
    lost = f", losing {listed(now.lost)}" if now.lost else ""
    return f"the members of the task queue {now.queue!r} become {now.before} -> {now.after}{lost} ({was} was planned)"
