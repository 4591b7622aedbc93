"""What came of an apply, as a value."""

from dataclasses import dataclass, field

from tr_apply.apply import Result
from tr_apply.plan.change import Plan


@dataclass(slots=True)
class Applied:
    """What came of an apply.

    Attributes:
        results: One for each operation of the plan.
        verified: Whether the workspace, read again, is as declared; None where that was not looked at.
        left: What would still have to be done.
        notes: What a reader should know beside that.
    """

    results: list[Result]
    verified: bool | None = None
    left: Plan | None = None
    notes: list[str] = field(default_factory=list)
