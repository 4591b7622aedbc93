"""The way of a command to the TaskRouter that its options name."""

from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass

from tr_apply.api.router import Router, open_router
from tr_apply.cli.output import tell
from tr_apply.deployment.deadline import Deadline
from tr_apply.deployment.target_options import TargetOptions
from tr_apply.transport import Attempt, Call


@dataclass(frozen=True, slots=True)
class Access:
    """How a command gets to a TaskRouter.

    Attributes:
        target: The TaskRouter, as the options name it; else the environment does.
        deadline: When the command must have ended.
        verbose: Whether every request is logged.
        concurrency: Maximum number of concurrent requests; None for the usual one.
    """

    target: TargetOptions
    deadline: Deadline
    verbose: bool = False
    concurrency: int | None = None

    def router(self) -> AbstractAsyncContextManager[Router]:
        """The TaskRouter, connected.

        Raises:
            TargetError: as ``connect``.
        """
        observers = (_log,) if self.verbose else ()
        return open_router(self.target, concurrency=self.concurrency, observers=observers, deadline=self.deadline)


def _log(call: Call, outcome: Attempt | None) -> None:
    if outcome is not None:
        what = outcome.problem if outcome.status is None else str(outcome.status)
        tell(f"{call.method} {call.path} {what} {outcome.seconds * 1000:.0f} ms")
