"""One write transaction that may route: the rows, and the engines that learn of them."""

from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeAlias

from tr_apply.local.history.event_records import rows_of
from tr_apply.local.history.events import EventRecord, write_events
from tr_apply.local.history.records import save_outcome
from tr_apply.local.storage.database import Row, Writer
from tr_apply.local.storage.sids import new_sid
from tr_apply.routing.engine.engine import Engine
from tr_apply.routing.engine.log import Outcome
from tr_apply.routing.engine.state import State
from tr_apply.routing.events import Event, EventType
from tr_apply.routing.workspace import Resource

FindEngine: TypeAlias = Callable[[Writer, str], Engine]
"""The engine of a workspace, as the file has it now."""


class Happened(NamedTuple):
    """The effect of a transaction on a workspace, for the listeners once it is committed."""

    workspace_sid: str
    state: State
    outcome: Outcome
    rows: Sequence[Row]

    def records(self) -> list[EventRecord]:
        """Its events."""
        return [EventRecord(*row) for row in self.rows]


class Session:
    """A transaction: its ``writer``, its time ``now_ms``, and what has ``happened`` in it."""

    def __init__(self, writer: Writer, find: FindEngine) -> None:
        self.writer = writer
        self.now_ms = writer.now_ms
        self.happened: list[Happened] = []
        self.dropped: set[str] = set()
        self._find = find
        self._engines: dict[str, Engine] = {}

    def engine(self, workspace_sid: str) -> Engine:
        """The engine of a workspace, in which everything that was due has happened."""
        if (engine := self._engines.get(workspace_sid)) is None:
            engine = self._engines[workspace_sid] = self._find(self.writer, workspace_sid)
            engine.advance(self.now_ms)
        return engine

    def new_sid(self, prefix: str) -> str:
        """A fresh SID for a resource of that kind."""
        return new_sid(prefix, self.writer.positions(1))

    def keep(self) -> None:
        """Write down what the engines have done."""
        for workspace_sid, engine in self._engines.items():
            if engine.has_outcome:
                outcome = engine.outcome()
                rows = rows_of(self.writer, workspace_sid, outcome.events, engine.state)
                save_outcome(self.writer, workspace_sid, outcome)
                write_events(self.writer, rows)
                self.happened.append(Happened(workspace_sid, engine.state, outcome, rows))

    def note(self, workspace_sid: str, event_type: EventType, about: Resource) -> None:
        """Record an event that the engine does not produce."""
        self.engine(workspace_sid).state.events.append(Event(event_type, self.now_ms, about=about))

    def drop(self, workspace_sid: str) -> None:
        """Forget everything about a deleted workspace."""
        self._engines.pop(workspace_sid, None)
        self.dropped.add(workspace_sid)
        for table in ("task", "reservation", "transfer", "event"):
            self.writer.run(f"DELETE FROM {table} WHERE workspace_sid = ?", (workspace_sid,))  # noqa: S608  # ours

    def undone(self) -> set[str]:
        """The workspaces whose engines have done something that will not be kept."""
        kept = {each.workspace_sid for each in self.happened}
        return {sid for sid, engine in self._engines.items() if sid in kept or engine.has_outcome}
