"""The workspaces of a run, one for each PATH."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from tr_apply.config.load import Configuration
from tr_apply.deployment.configured import Configured
from tr_apply.deployment.fleet import Member
from tr_apply.errors import TrApplyError, UsageError
from tr_apply.plan.impact import Extent
from tr_apply.plan.requests.target import EVERYTHING, Selection


def members_of(
    paths: Sequence[Path],
    load: Callable[[Path], Configuration],
    selection: Selection = EVERYTHING,
    extent: Extent = Extent.FULL,
    tasks_file: Path | None = None,
) -> list[Member]:
    """The workspaces of the configurations at *paths*, which know of each other, and of the recorded tasks in a file.

    Raises:
        ConfigError: when the file cannot be read.
    """
    recorded = None
    if tasks_file is not None:
        from tr_apply.corpus.read import given_corpus  # noqa: PLC0415  # most plans need none

        recorded = given_corpus(tasks_file, is_shared=len(paths) > 1)
    members = [member_of(str(path), partial(load, path), selection, extent) for path in paths]
    siblings = frozenset(member.workspace for member in members if member.workspace is not None)
    for member in members:
        if isinstance(member.source, Configured):
            member.source = replace(member.source, siblings=siblings, recorded=recorded)
    return members


def member_of(
    name: str,
    load: Callable[[], Configuration],
    selection: Selection = EVERYTHING,
    extent: Extent = Extent.FULL,
) -> Member:
    """The workspace of the configuration that *load* gives; if that is invalid, it has ended already."""
    member = Member(name)
    try:
        member.source = Configured(load(), selection, extent=extent)
    except UsageError:
        raise
    except TrApplyError as error:
        member.error = error
    return member


def problem_before(member: Member) -> str:
    """Why the configuration that was applied last cannot be used; empty where it can."""
    before = member.source.before if isinstance(member.source, Configured) else None
    return "" if before is None else before.problem
