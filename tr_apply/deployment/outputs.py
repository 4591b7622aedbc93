"""The values of ``outputs`` once a plan is done: what other systems need to know of the workspace."""

from collections.abc import Mapping

from tr_apply.client import Client
from tr_apply.errors import TrApplyError
from tr_apply.plan.change import Plan
from tr_apply.reader import named_workspace, read_parts
from tr_apply.resources import KIND_BY_NAME, SECTIONS, SID, WORKSPACE, SidOf, filled, sids_in
from tr_apply.routing.names import name_key

_Key = tuple[str, str]


async def output_values(client: Client, plan: Plan, workspace_sid: str | None) -> dict[str, str]:
    """The outputs of *plan* by name, with the SIDs of the workspace as it is now.

    Raises:
        TrApplyError: when it cannot be read, or has no such resource any more.
    """
    if not plan.outputs:
        return {}
    wanted = {sid for template in plan.outputs.values() for sid in sids_in(template)}
    sids = await _sids(client, workspace_sid or plan.target.workspace, wanted) if wanted else {}

    def sid_of(label: SidOf) -> str:
        if SID.match(label.name):
            return label.name
        if (sid := sids.get(_key(label))) is None:
            raise TrApplyError(
                f"the outputs cannot be written: there is no {KIND_BY_NAME[label.kind].title} {label.name!r}"
            )
        return sid

    return {name: filled(template, sid_of) for name, template in plan.outputs.items()}


async def _sids(client: Client, workspace: str, wanted: set[SidOf]) -> Mapping[_Key, str]:
    live = await named_workspace(client, workspace)
    kinds = {label.kind for label in wanted}
    snapshot = await read_parts(client, live, [kind.name for kind in SECTIONS if kind.name in kinds], ())
    found = {(each.kind, name_key(each.name)): each.sid for each in snapshot.each()}
    found[WORKSPACE.name, ""] = live.sid
    return found


def _key(label: SidOf) -> _Key:
    return label.kind, "" if label.kind == WORKSPACE.name else name_key(label.name)
