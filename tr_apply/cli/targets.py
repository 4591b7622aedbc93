"""The options that name a TaskRouter, and clients for a command."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

from tr_apply.cli.output import tell
from tr_apply.client import Client
from tr_apply.config.files import STANDARD_INPUT, SUFFIXES
from tr_apply.deployment.clients import Clients
from tr_apply.deployment.connect import CONCURRENCY, open_clients
from tr_apply.deployment.deadline import Deadline
from tr_apply.deployment.target_options import TargetOptions
from tr_apply.reader import WORKSPACE_SID
from tr_apply.resources.credentials import Credentials
from tr_apply.transport import Attempt, Call, Observer


def is_path(written: str) -> bool:
    """Whether *written* is a file or a folder, and not the name of a live workspace."""
    return not WORKSPACE_SID.match(written) and (looks_like_a_path(written) or exists(written))


def looks_like_a_path(written: str) -> bool:
    """Whether *written* can only be a path, there or not."""
    return "/" in written or written.lower().endswith(SUFFIXES)


def exists(written: str) -> bool:
    """Whether *written* is standard input, or a file or a folder that is there."""
    try:
        return Path(written) == STANDARD_INPUT or Path(written).exists()
    except OSError:  # too long for a file
        return False


def command_clients(
    target: TargetOptions,
    *,
    verbose: bool,
    concurrency: int = CONCURRENCY,
    observers: Sequence[Observer] = (),
    deadline: Deadline,
) -> AbstractAsyncContextManager[Clients]:
    """Clients of the TaskRouter that *target* and the environment name; with *verbose*, every request is logged."""
    shown_to = (*observers, _log) if verbose else tuple(observers)
    return open_clients(target, concurrency=concurrency, observers=shown_to, deadline=deadline)


@asynccontextmanager
async def open_client(
    target: TargetOptions, *, verbose: bool, deadline: Deadline, credentials: Credentials | None = None
) -> AsyncIterator[Client]:
    """The one client of a command that talks to a single workspace."""
    async with command_clients(target, verbose=verbose, deadline=deadline) as clients:
        yield clients.of(credentials)


def _log(call: Call, outcome: Attempt | None) -> None:
    if outcome is not None:
        what = outcome.problem if outcome.status is None else str(outcome.status)
        tell(f"{call.method} {call.path} {what} {outcome.seconds * 1000:.0f} ms")
