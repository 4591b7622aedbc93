"""The workspaces of a run, one for each PATH."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from tr_apply.config.load import Configuration
from tr_apply.deployment.configured import Configured
from tr_apply.deployment.fleet import Member
from tr_apply.errors import TrApplyError, UsageError
from tr_apply.plan.impact import Extent
from tr_apply.plan.matching.declared_before import DeclaredBefore
from tr_apply.plan.requests.target import EVERYTHING, Selection


def members_of(
    paths: Sequence[Path],
    load: Callable[[Path], Configuration],
    selection: Selection = EVERYTHING,
    extent: Extent = Extent.FULL,
) -> list[Member]:
    """The workspaces of the configurations at *paths*, which know of each other."""
    members = [member_of(str(path), partial(load, path), selection, extent) for path in paths]
    siblings = frozenset(member.workspace for member in members if member.workspace is not None)
    for member in members:
        if isinstance(member.source, Configured):
            member.source = replace(member.source, siblings=siblings)
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


def declared_before(
    members: Sequence[Member], paths: Sequence[Path], base_ref: str, options: Mapping[str, Any]
) -> Mapping[str, Configuration]:
    """By PATH, the configuration as it was at *base_ref*; the plans of *members* say of each delete what it declared.

    Raises:
        UsageError: when git does not know the revision.
    """
    from tr_apply.cli.revision import revision, usable_then  # noqa: PLC0415  # seldom needed

    found = {}
    with revision(base_ref) as then:
        for member, path in zip(members, paths, strict=True):
            configuration, problem = usable_then(then, path, options)
            if configuration is not None:
                found[member.name] = configuration
            if isinstance(member.source, Configured):
                document = None if configuration is None else configuration.document
                member.source = replace(member.source, before=DeclaredBefore(base_ref, document, problem))
    return found


def problem_before(member: Member) -> str:
    """Why the configuration that was applied last cannot be used; empty where it can."""
    before = member.source.before if isinstance(member.source, Configured) else None
    return "" if before is None else before.problem
