"""The result of an apply, as a value."""

from dataclasses import dataclass, field

from tr_apply.apply import Result, Status
from tr_apply.plan.change import Plan


@dataclass(slots=True)
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
