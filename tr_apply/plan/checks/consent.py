"""Consents given before a plan is carried out, and the operations that need one."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import field
from enum import StrEnum

from tr_apply.errors import RefusedError, StaleError
from tr_apply.frozen import frozen
from tr_apply.plan.change import Action, Blocked, DeleteConsent, PeopleConsent, Plan
from tr_apply.plan.checks.guard import NEEDS_CONSENT, PEOPLE_LOST, allowing_option, needs_consent
from tr_apply.plan.checks.resemblance import SUSPECTED_RENAME
from tr_apply.plan.checks.route_change import require_few_routes_changed
from tr_apply.routing.names import name_key

CONSENT_DIFFERS = "consent-differs"

_NOBODY_SEES = (
    "Nobody has seen the plan: write `safety.max_deletes: 20%` for the behaviour before 0.2{aside}, give "
    "--allow-delete {kind}={number}, or apply a reviewed plan"
)
_NOT_COVERED = " (which does not cover this either)"
_APPROVED_BY = "approving a plan means: plan --out FILE saves it, somebody reviews it, and apply --plan FILE applies it"


class Approval(StrEnum):
    """Who has seen a plan before it is carried out."""

    NOBODY = "nobody"
    """An unattended run: ``--auto-approve``, or a program."""

    ASKED = "asked"
    """A person saw the plan on a terminal and typed yes."""

    REVIEWED = "reviewed"
    """This very plan was saved or its id was given: ``--plan``, ``--expect``."""


@frozen
class Consent:
    """The consent that the caller gave beforehand.

    Attributes:
        approval: Who has seen the plan.
        deletes: Kind -> the exact number of deletes.
        plan_id: The id of the reviewed plan; None without one.
        people_lost: Queue -> the exact number of members who may lose their place.
        max_route_change: The share of the tasks that may be routed differently, in per cent; None for any.
    """

    approval: Approval = Approval.NOBODY
    deletes: Mapping[str, int] = field(default_factory=dict)
    plan_id: str | None = None
    people_lost: Mapping[str, int] = field(default_factory=dict)
    max_route_change: float | None = None

    @property
    def is_reviewed(self) -> bool:
        """Whether somebody has reviewed this very plan."""
        return self.approval is Approval.REVIEWED


def require_consent(plan: Plan, consent: Consent, plan_id: Callable[[Plan], str]) -> None:
    """Do nothing if *plan* may be carried out; *plan_id* is asked for its id only if the consent names one.

    Raises:
        StaleError: when another plan was reviewed.
        RefusedError: with every reason why it is refused.
        RouteChangeError: when too many tasks go elsewhere.
    """
    if consent.plan_id is not None and consent.plan_id != (current := plan_id(plan)):
        raise StaleError(
            f"nothing was written: expected plan {consent.plan_id}, but the current plan is {current}: the "
            "configuration or the workspace has changed. Plan again and pass the new id"
        )
    if refused := refusals(plan, consent):
        said = [_with_ways_out(each, plan, consent) for each in refused]
        raise refusal(said, [_APPROVED_BY] if any(map(is_lifted_by_review, refused)) else ())
    require_few_routes_changed(plan, consent.max_route_change)


def refusal(refused: Sequence[Blocked], more: Sequence[str] = ()) -> RefusedError:
    """The error that says why nothing was written, with *more* on lines of their own."""
    lines = ["nothing was written:", *(f"{each.message} [{each.code}]" for each in refused), *more]
    return RefusedError("\n  ".join(lines))


def refusals(plan: Plan, consent: Consent) -> Sequence[Blocked]:
    """Why *plan* may not be carried out: all blocks without consent; nothing lifts a protection."""
    agreed = {kind for kind, number in consent.deletes.items() if _deletes(plan)[kind] == number}
    blocked = [*plan.blocked, *_unattended(plan, consent)]
    return [
        *(each for each in blocked if not _is_lifted(each, plan, consent, agreed)),
        *_differing(plan, consent),
        *_differing_people(plan, consent),
    ]


def _unattended(plan: Plan, consent: Consent) -> Iterator[Blocked]:
    """Deletes that a person would not be asked about, but that nobody is there to see either."""
    if not _is_unattended(plan, consent):
        return
    known = {each.consent.kind for each in plan.blocked if isinstance(each.consent, DeleteConsent)}
    for count in plan.deletes:
        if count.counted and count.kind not in known:
            why = _NOBODY_SEES.format(kind=count.kind, number=count.deletes, aside="")
            yield needs_consent(count, plan.operations, why)


def _is_unattended(plan: Plan, consent: Consent) -> bool:
    """Whether nobody sees the deletes of *plan*, and the configuration says nothing about them."""
    return consent.approval is Approval.NOBODY and not plan.limits_deletes


def _with_ways_out(refused: Blocked, plan: Plan, consent: Consent) -> Blocked:
    """*refused*; where nobody saw the plan, deletes beyond the usual limit say what to do as all others do."""
    if (
        not isinstance(refused.consent, DeleteConsent)
        or refused not in plan.blocked
        or not _is_unattended(plan, consent)
    ):
        return refused
    [count] = [each for each in plan.deletes if each.kind == refused.consent.kind]
    why = _NOBODY_SEES.format(kind=count.kind, number=count.deletes, aside=_NOT_COVERED)
    return needs_consent(count, plan.operations, why)


def _deletes(plan: Plan) -> Counter[str]:
    return Counter(each.kind for each in plan.operations if each.action is Action.DELETE)


def is_lifted_by_review(blocked: Blocked) -> bool:
    """Whether approving the plan is the answer: only a person knows that deletes, or new names, are meant."""
    return blocked.consent is not None or blocked.code == SUSPECTED_RENAME


def _is_lifted(blocked: Blocked, plan: Plan, consent: Consent, agreed: set[str]) -> bool:
    """Whether somebody has approved the plan, or has agreed to just this."""
    if consent.is_reviewed:
        return is_lifted_by_review(blocked)
    if blocked.code == NEEDS_CONSENT:
        kinds = {each.kind for each in plan.operations if each.id == blocked.operation}
        return bool(kinds & agreed)
    if blocked.code == PEOPLE_LOST and isinstance(blocked.consent, PeopleConsent):
        return _agreed_people(consent).get(name_key(blocked.consent.queue)) == blocked.consent.lost
    return False


def _differing(plan: Plan, consent: Consent) -> Sequence[Blocked]:
    """Kinds whose number of deletes differs from the consent. Zero deletes are always fine."""
    deletes = _deletes(plan)
    differing = [(kind, number) for kind, number in consent.deletes.items() if deletes[kind] not in {0, number}]
    return [
        Blocked(
            CONSENT_DIFFERS,
            f"--allow-delete {kind}={number} was given, but the plan deletes {deletes[kind]}",
            next(each.id for each in plan.operations if each.action is Action.DELETE and each.kind == kind),
        )
        for kind, number in differing
    ]


def _agreed_people(consent: Consent) -> dict[str, int]:
    return {name_key(queue): number for queue, number in consent.people_lost.items()}


def _differing_people(plan: Plan, consent: Consent) -> Iterator[Blocked]:
    """Queues whose number of lost members differs from the consent. Zero are always fine."""
    agreed = _agreed_people(consent)
    for change in () if plan.impact is None else plan.impact.people.queues:
        number, lost = agreed.get(name_key(change.queue)), len(change.lost)
        if number is not None and lost not in {0, number}:
            given = allowing_option(change.queue, number)
            message = f"{given} was given, but {lost} of its members lose their place"
            yield Blocked(CONSENT_DIFFERS, message, plan.operations[0].id)
