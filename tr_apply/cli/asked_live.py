"""Answers from a live workspace, for commands that read files alone unless somebody asks for more."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from tr_apply.cli.bounded import run
from tr_apply.cli.options import CommonOptions
from tr_apply.cli.targets import open_client
from tr_apply.client import Client
from tr_apply.deployment.deadline import Deadline
from tr_apply.deployment.target_options import TargetOptions
from tr_apply.resources.credentials import Credentials

T = TypeVar("T")


def answer_of(
    question: Callable[[Client], Awaitable[T]],
    target: TargetOptions,
    common: CommonOptions,
    credentials: Credentials | None = None,
) -> T:
    """The answer to *question* from the TaskRouter of *target*, with the *credentials* that a configuration names.

    All questions of a run share one time limit.

    Raises:
        TrApplyError: Raised by *question*, or because the time is up.
    """
    deadline = Deadline(common.timeout, common.began)

    async def asked() -> T:
        async with open_client(target, verbose=common.verbose, deadline=deadline, credentials=credentials) as client:
            return await question(client)

    return run(asked(), deadline=deadline)
