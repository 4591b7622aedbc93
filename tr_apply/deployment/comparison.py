"""Two workspaces compared, live or in files."""

from dataclasses import dataclass

from tr_apply.client import Client
from tr_apply.config.load import Configuration
from tr_apply.deployment.configured import Configured
from tr_apply.difference import Difference, contents_of_file, contents_of_live, difference, planned_difference
from tr_apply.live import Live
from tr_apply.reader import named_workspace, read_everything

Side = Configuration | Live


@dataclass(frozen=True, slots=True)
class Compared:
    """Both sides, found, and what they differ in."""

    before: Side
    after: Side
    difference: Difference


def compared_files(before: Configuration, after: Configuration) -> Compared:
    """Two configurations, by the new workspace that each would make."""
    return Compared(before, after, difference(contents_of_file(before.document), contents_of_file(after.document)))


async def compared(client: Client, before: Configuration | str, after: Configuration | str) -> Compared:
    """Two configurations or live workspaces, the latter by name or SID; mixed, they are compared as in a plan.

    Raises:
        ConfigError: when a configuration does not fit the live workspace.
        TrApplyError: when there is no such workspace, or it cannot be read.
    """
    one, other = await _found(client, before), await _found(client, after)
    if isinstance(one, Configuration):
        if isinstance(other, Configuration):
            return compared_files(one, other)
        return Compared(one, other, await _planned(one, other, client, to_live=True))
    if isinstance(other, Configuration):
        return Compared(one, other, await _planned(other, one, client, to_live=False))
    contents = [contents_of_live(await read_everything(client, each)) for each in (one, other)]
    return Compared(one, other, difference(*contents))


async def _found(client: Client, side: Configuration | str) -> Side:
    return side if isinstance(side, Configuration) else await named_workspace(client, side)


async def _planned(configuration: Configuration, live: Live, client: Client, *, to_live: bool) -> Difference:
    plan, snapshot = await Configured(configuration).plan_for(client, live)
    return planned_difference(plan, snapshot, configuration.document, to_live=to_live)
