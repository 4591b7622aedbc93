"""Answers from a live workspace, for commands that read files alone unless somebody asks for more."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from tr_apply.api.router import Router
from tr_apply.cli.bounded import run
from tr_apply.cli.options import CommonOptions
from tr_apply.cli.targets import Access
from tr_apply.deployment.deadline import Deadline
from tr_apply.deployment.target_options import TargetOptions

T = TypeVar("T")


def answer_of(question: Callable[[Router], Awaitable[T]], target: TargetOptions, common: CommonOptions) -> T:
    """The answer to *question* from the TaskRouter of *target*.

    All questions of a run share one time limit.

    Raises:
        TrApplyError: Raised by *question*, or because the time is up.
    """
    deadline = Deadline(common.timeout, common.began)

    async def asked() -> T:
        async with Access(target, deadline, verbose=common.verbose).router() as router:
            return await question(router)

    return run(asked(), deadline=deadline)
