"""The workspaces of a run, one for each PATH."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from tr_apply.config.load import Begun, Configuration
from tr_apply.deployment.configured import Configured
from tr_apply.deployment.fleet import Member
from tr_apply.deployment.source import Checks
from tr_apply.errors import TrApplyError, UsageError
from tr_apply.frozen import frozen
from tr_apply.plan.impact import Extent
from tr_apply.plan.requests.target import EVERYTHING, Selection


@frozen(kw_only=True)
class PlanScope:
    """The part of each configuration that is planned, and how much of the effect is worked out.

    Attributes:
        selection: The part of the configuration to apply.
        extent: How much of the impact on people and tasks to compute.
        tasks_file: Recorded tasks; the plans count those that would be routed differently.
    """

    selection: Selection = EVERYTHING
    extent: Extent = Extent.FULL
    tasks_file: Path | None = None


WHOLE: Final = PlanScope()

FEW: Final = 100
"""Fewer resources are checked in milliseconds, so a thread for that would only cost time."""

Loads = Sequence[tuple[str, Callable[[], Configuration | Begun]]]
"""The name of each workspace, and the function that loads its configuration, at least as far as its structure."""


def members_of(loads: Loads, scope: PlanScope = WHOLE) -> list[Member]:
    """The workspaces of several configurations, which know of each other, and of the recorded tasks.

    Raises:
        ConfigError: when the file of tasks cannot be read.
        UsageError: Raised by one of *loads*; any other error of theirs ends only its own workspace.
    """
    members = [_member_of(name, load, scope) for name, load in loads]
    recorded = None
    if scope.tasks_file is not None:
        from tr_apply.corpus.read import given_corpus  # noqa: PLC0415  # most plans need none

        loaded = [member.configuration for member in members if member.configuration is not None]
        roots = [folder for configuration in loaded for folder in configuration.reach.folders]
        recorded = given_corpus(scope.tasks_file, roots, is_shared=len(loads) > 1)
    siblings = frozenset(member.workspace for member in members if member.workspace is not None)
    for member in members:
        if isinstance(member.source, Configured):
            member.source = replace(
                member.source, siblings=siblings, is_one_of_several=len(members) > 1, recorded=recorded
            )
    return members


def _member_of(name: str, load: Callable[[], Configuration | Begun], scope: PlanScope) -> Member:
    """The workspace of the configuration that *load* gives; if that is invalid, it has ended already."""
    member = Member(name)
    try:
        configuration, checks = _settled(load())
        member.source = Configured(configuration, scope.selection, extent=scope.extent, checks=checks)
    except UsageError:
        raise
    except TrApplyError as error:
        member.error = error
    return member


def _settled(found: Configuration | Begun) -> tuple[Configuration, Checks | None]:
    """The configuration, and its checks if its workspace can be read while they are done.

    Raises:
        ConfigError: It has errors.
    """
    if isinstance(found, Configuration):
        return found, None
    checks = Checks(found.finished)
    if not found.is_settled or found.configuration.document.size < FEW:
        checks.finish()
    return found.configuration, checks
