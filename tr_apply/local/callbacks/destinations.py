"""Which URLs a workspace and its workflows name, looked up once until they may have changed."""

from dataclasses import dataclass
from typing import Any, Final

from tr_apply.local.history.session import Happened
from tr_apply.local.store.engines import Engines
from tr_apply.routing.events import EventType

_MAY_CHANGE: Final[frozenset[EventType]] = frozenset({"workspace.updated", "workflow.created", "workflow.updated"})


@dataclass(frozen=True, slots=True)
class Destinations:
    """The URLs of a workspace.

    Attributes:
        workspace_name: For those who are called.
        event_url: Where events go; empty for nowhere.
        event_types: Which do; empty for all.
        assignment_urls: SID of a workflow -> where its reservations go, first choice first; empty for nowhere.
    """

    workspace_name: str
    event_url: str
    event_types: frozenset[str]
    assignment_urls: dict[str, tuple[str, ...]]

    @property
    def name_anyone(self) -> bool:
        """Whether there is anybody to call."""
        return bool(self.event_url) or any(self.assignment_urls.values())

    def takes(self, event_type: str) -> bool:
        """Whether events of this type are subscribed to."""
        return bool(self.event_url) and (not self.event_types or event_type in self.event_types)


class DestinationBook:
    """The destinations of all workspaces."""

    def __init__(self, engines: Engines) -> None:
        self._engines = engines
        self._known: dict[str, tuple[object, Destinations]] = {}

    def of(self, happened: Happened) -> Destinations | None:
        """The destinations of the workspace in which something happened; those before it was deleted, if it was."""
        sid, events = happened.workspace_sid, happened.outcome.events
        state, known = self._known.get(sid, (None, None))
        # Another state means that the file was read anew, because somebody else had written to it.
        if known is not None and state is happened.state and _MAY_CHANGE.isdisjoint([each.type for each in events]):
            return known
        found = self._read(sid) or known
        if found is not None:
            self._known[sid] = happened.state, found
        if any(each.type == "workspace.deleted" for each in events):
            self._known.pop(sid, None)
        return found

    def _read(self, workspace_sid: str) -> Destinations | None:
        with self._engines.read() as reader:
            row = reader.row(
                "SELECT friendly_name, event_callback_url, events_filter FROM workspace WHERE sid = ?", (workspace_sid,)
            )
            if row is None:
                return None
            urls: dict[str, tuple[str, ...]] = {}
            for sid, *both in reader.rows(
                "SELECT sid, assignment_callback_url, fallback_assignment_callback_url FROM workflow"
                " WHERE workspace_sid = ?",
                (workspace_sid,),
            ):
                urls[sid] = tuple(url for url in both if url)
        return Destinations(row[0], row[1], _types(row[2]), urls)


def _types(events_filter: Any) -> frozenset[str]:
    return frozenset(each.strip() for each in (events_filter or "").split(",") if each.strip())
