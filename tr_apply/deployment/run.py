"""How a plan is carried out: who is shown its progress, what ends it early, and who writes it down."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import field
from typing import Protocol, TypeVar

from tr_apply.apply import Progress, Result, Stop
from tr_apply.client import Client
from tr_apply.deployment.applied import Applied
from tr_apply.deployment.deadline import Deadline
from tr_apply.frozen import frozen
from tr_apply.plan.change import Plan
from tr_apply.transport import Observer


class Record(Protocol):
    """Writes down what a run does."""

    async def before(self, client: Client, plan: Plan) -> "After":
        """Called right before the first write.

        Raises:
            TrApplyError: when it cannot be written down; then nothing is written to the workspace.
        """


After = Callable[[Applied], Awaitable[None]]
"""Called when the plan was carried out, or as much of it as could be. Raises IncompleteError when that could not be
written down."""


MemberT_contra = TypeVar("MemberT_contra", contravariant=True)


class RunRecords(Protocol[MemberT_contra]):
    """Writes down what a run of several workspaces does."""

    @property
    def observers(self) -> Sequence[Observer]:
        """The observers of every request."""

    def begin(self) -> None:
        """Make sure, before anything is written to a workspace, that it can be written down.

        Raises:
            TrApplyError: when it cannot.
        """

    def unchanged(self, plans: Sequence[Plan]) -> None:
        """Record that *plans* change nothing.

        Raises:
            TrApplyError: The record cannot be written.
        """

    def record_of(self, member: MemberT_contra) -> Record:
        """The record of the operations of one workspace."""


def nobody(_: Result) -> None:
    """Nobody is shown the progress."""


@frozen
class Run:
    """How a plan is carried out.

    Attributes:
        progress: Called whenever a request has ended; first for each operation that was completed before this run.
        stop: When set, no further request is begun.
        deadline: When it must have ended.
        record: Records the operations.
        rechecks: Whether the workspace is read again before the first write. Only the deployment's own plan, which has
            just been made and that nobody has seen in between, does without.
    """

    progress: Progress = nobody
    stop: Stop = field(default_factory=Stop)
    deadline: Deadline = field(default_factory=Deadline)
    record: Record | None = None
    rechecks: bool = True
