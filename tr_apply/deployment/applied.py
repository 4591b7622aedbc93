"""The result of an apply, as a value."""

from dataclasses import field
from typing import Self

from tr_apply.apply import Result, Status
from tr_apply.frozen import frozen, unfrozen
from tr_apply.plan.change import Plan
from tr_apply.plan.json_values import Count, KindName


@unfrozen
class Applied:
    """The result of an apply.

    Attributes:
        results: One for each operation of the plan.
        verified: Whether the workspace, read again, is as declared; None where that was not checked.
        left: What would still have to be done.
        notes: What a reader should know as well.
        created: SID of the workspace that was created; lists may not show it yet.
    """

    results: list[Result]
    verified: bool | None = None
    left: Plan | None = None
    notes: list[str] = field(default_factory=list)
    created: str | None = None

    @property
    def is_done(self) -> bool:
        """Whether every operation was carried out."""
        return all(result.status is Status.DONE for result in self.results)


@frozen
class ResultDocument:
    """The result of an operation."""

    operation: str
    """The operation's id."""

    kind: KindName
    """The kind of its resource."""

    name: str
    """Its name when the plan is done; of a deleted one, its name before."""

    sid: str | None
    """Its SID: of a new one or one that was replaced, the new SID; null while there is none."""

    status: Status
    """Whether it was carried out."""

    requests: Count
    """Writes that were sent."""

    error: str | None
    """Why it failed or was skipped; null when it is done."""

    @classmethod
    def of(cls, result: Result, status: Status | None = None) -> Self:
        """*result* as JSON has it, perhaps with another *status*."""
        operation = result.operation
        return cls(
            operation.id,
            operation.kind,
            operation.name,
            result.sid,
            status or result.status,
            result.requests,
            result.error or None,
        )
