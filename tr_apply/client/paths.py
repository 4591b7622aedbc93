"""Where each kind of resource is."""

from urllib.parse import quote

from tr_apply.resources import WORKER, Kind

WORKSPACES = "/v1/Workspaces"


def collection(kind: Kind, workspace_sid: str | None) -> str:
    """The path of all resources of *kind*."""
    if kind.parent is None or workspace_sid is None:
        return WORKSPACES
    return f"{workspace(workspace_sid)}/{kind.collection}"


def item(kind: Kind, workspace_sid: str, sid: str) -> str:
    """The path of one resource."""
    return f"{collection(kind, workspace_sid)}/{quote(sid, safe='')}"


def workspace(sid: str) -> str:
    """The path of a workspace."""
    return f"{WORKSPACES}/{quote(sid, safe='')}"


def channels(workspace_sid: str, worker_sid: str) -> str:
    """The path of a worker's channels."""
    return f"{item(WORKER, workspace_sid, worker_sid)}/Channels"


def channel(workspace_sid: str, worker_sid: str, name: str) -> str:
    """The path of one of them, by its SID or by the unique name of its task channel."""
    return f"{channels(workspace_sid, worker_sid)}/{quote(name, safe='')}"


def events(workspace_sid: str) -> str:
    """The path of the events of a workspace."""
    return f"{workspace(workspace_sid)}/Events"
