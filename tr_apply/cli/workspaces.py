"""The workspaces of a run, one for each PATH."""

from collections.abc import Callable, Sequence

from tr_apply.config.load import Configuration
from tr_apply.deployment.configured import Configured
from tr_apply.deployment.fleet import Member
from tr_apply.errors import TrApplyError, UsageError


def member_of(name: str, load: Callable[[], Configuration], targets: Sequence[str] = ()) -> Member:
    """The workspace of the configuration that *load* gives; if that is invalid, it has ended already."""
    member = Member(name)
    try:
        member.source = Configured(load(), targets)
    except UsageError:
        raise
    except TrApplyError as error:
        member.error = error
    return member
