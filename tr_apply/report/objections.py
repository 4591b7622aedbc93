"""Objections to a plan: those that a person may approve, and those that block it."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from tr_apply.plan.change import Blocked, Plan
from tr_apply.plan.checks.consent import is_lifted_by_review
from tr_apply.printable import printable
from tr_apply.report.rows import Tone


@dataclass(frozen=True, slots=True)
class Objection:
    """One objection in words."""

    tone: Tone
    text: str


def objections(plan: Plan, agreed: Collection[Blocked] = ()) -> list[Objection]:
    """Every objection to *plan*: blocking ones first, those that the caller has *agreed* to last."""
    found = [_objection(each, is_agreed=each in agreed) for each in plan.blocked]
    order = (Tone.BLOCKED, Tone.APPROVAL, Tone.NOTE)
    return sorted(found, key=lambda each: order.index(each.tone))


def objections_in_short(plans: Iterable[Plan]) -> list[str]:
    """The number of blocked operations, and the number of questions that an approval answers."""
    found = [(index, each) for index, plan in enumerate(plans) for each in plan.blocked]
    blocked = len({(index, each.operation) for index, each in found if not is_lifted_by_review(each)})
    needed = sum(is_lifted_by_review(each) for _, each in found)
    words = [f"{blocked} blocked"] if blocked else []
    return words + ([f"{needed} {'needs' if needed == 1 else 'need'} approval"] if needed else [])


def _objection(blocked: Blocked, *, is_agreed: bool) -> Objection:
    message = printable(blocked.message)
    if is_agreed:
        return Objection(Tone.NOTE, f"Agreed ({blocked.code}): {message}")
    if is_lifted_by_review(blocked):
        sentence = f"{message[:1].upper()}{message[1:].removesuffix('.')}."
        return Objection(Tone.APPROVAL, f"Needs approval ({blocked.code}): {sentence}")
    return Objection(Tone.BLOCKED, f"Blocked ({blocked.code}): {message}")
