"""The routing engines of the workspaces, kept in memory as long as nobody else has written to the file.

The file is the truth; an engine only saves reading it again. The changes of an engine are written in the transaction
that caused them, and an engine whose transaction failed is discarded.

Time needs no background task: the next read or write of a workspace first carries out everything due, each at its own
time. ``tr-apply serve`` also does so when something becomes due, for the callbacks.
"""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from tr_apply.local.history.records import has_tasks, read_snapshot, workspaces_with_tasks
from tr_apply.local.history.session import Happened, Session
from tr_apply.local.kinds.activity import ACTIVITY
from tr_apply.local.kinds.columns import Item
from tr_apply.local.kinds.kind import ServedKind
from tr_apply.local.kinds.setup import activity_of, task_channel_of, task_queue_of, workflow_of, workspace_of
from tr_apply.local.kinds.task_channel import TASK_CHANNEL
from tr_apply.local.kinds.task_queue import TASK_QUEUE
from tr_apply.local.kinds.workflow import WORKFLOW
from tr_apply.local.kinds.workspace import WORKSPACE
from tr_apply.local.storage.database import Batch, Database, Reader
from tr_apply.local.storage.refusals import NotFoundError, RequestError
from tr_apply.local.store.rows import item_of, select
from tr_apply.routing.engine.engine import Engine
from tr_apply.routing.engine.setup import Setup
from tr_apply.routing.engine.state import State
from tr_apply.routing.refusals import RoutingRefusedError

Listener = Callable[[Sequence[Happened]], None]


class Engines:
    """All engines of one database, and its transactions as far as they route."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._engines: dict[str, Engine] = {}
        self._edition = -1
        self._complete_at = -1
        self._session: Session | None = None
        self._batch: Batch | None = None
        self._happened: list[Happened] = []
        self.listeners: list[Listener] = []
        """Called with the changes after each commit. They must return quickly, and not fail."""

    @contextmanager
    def write(self) -> Iterator[Session]:
        """A transaction; an exception undoes all of it.

        All writes in one turn of the event loop are committed together at its end; ``kept`` waits for that.
        """
        session = None
        batch = self._batch = self._batch or self._begin()
        try:
            with batch as writer:
                session = self._session = Session(writer, self._current)
                yield session
                session.keep()
        except (RequestError, RoutingRefusedError):
            # A refusal comes before any change, so most engines it concerns still match the file.
            self._forget(session.undone() if session else set())
            raise
        except BaseException:
            self._forget(set(self._engines))
            raise
        finally:
            self._session = None
            if not batch.parts:
                self.keep()
        self._forget(session.dropped)
        self._happened += session.happened

    async def kept(self) -> None:
        """Wait until the writes are committed.

        Raises:
            UnavailableError: They could not be committed.
        """
        batch = self._batch
        if batch is not None:
            kept = asyncio.get_running_loop().create_future()
            batch.waiting.append(kept)
            await kept
            batch.check()

    def keep(self) -> None:
        """Commit, and notify the listeners."""
        batch, self._batch = self._batch, None
        happened, self._happened = self._happened, []
        if batch is None:
            return
        batch.keep()
        if batch.failure is not None:
            self._forget(set(self._engines))
        elif happened:
            for listener in self.listeners:
                listener(happened)

    def _begin(self) -> Batch:
        loop = asyncio.get_running_loop()
        batch = self._database.begin()
        loop.call_soon(self.keep)
        return batch

    @contextmanager
    def read(self, workspace_sid: str | None = None) -> Iterator[Reader]:
        """A consistent view, in which everything has happened that was due in that workspace."""
        self.keep()
        with self._database.read() as reader:
            if workspace_sid is None or not self._is_due(reader, workspace_sid):
                yield reader
                return
        self.catch_up(workspace_sid)
        self.keep()
        with self._database.read() as reader:
            yield reader

    def catch_up(self, workspace_sid: str) -> None:
        """Carry out everything due in a workspace, if it exists."""
        with self.write() as session:
            if session.writer.row("SELECT 1 FROM workspace WHERE sid = ?", (workspace_sid,)):
                session.engine(workspace_sid)

    @contextmanager
    def view(self, workspace_sid: str) -> Iterator[tuple[Reader, State]]:
        """The same with the engine's own view of a workspace that exists."""
        with self.read(workspace_sid) as reader:
            yield reader, self._current(reader, workspace_sid).state

    def has(self, workspace_sid: str, reader: Reader) -> bool:
        """Whether the engine of a workspace is at hand, which therefore exists."""
        return workspace_sid in self._engines and reader.edition == self._edition

    def let_happen(self) -> int | None:
        """Carry out everything due in any workspace; the time when something is due next, or None for never."""
        self.keep()
        with self._database.read() as reader:
            self._take_up(reader)
            due = [sid for sid, engine in self._engines.items() if _is_due(engine, reader.now_ms)]
        for sid in due:
            self.catch_up(sid)
        moments = (engine.next_timer() for engine in self._engines.values())
        return min((moment for moment in moments if moment is not None), default=None)

    def now_ms(self) -> int:
        """The present."""
        return self._database.now_ms()

    def _forget(self, workspace_sids: set[str]) -> None:
        for sid in workspace_sids:
            self._engines.pop(sid, None)
            self._complete_at = -1

    def _is_due(self, reader: Reader, workspace_sid: str) -> bool:
        if workspace_sid not in self._engines and not has_tasks(reader, workspace_sid):
            return False
        return _is_due(self._current(reader, workspace_sid), reader.now_ms)

    def _take_up(self, reader: Reader) -> None:
        """Have the engines of all workspaces in which time may change something."""
        if self._complete_at != reader.edition:
            for sid in workspaces_with_tasks(reader):
                self._current(reader, sid)
            self._complete_at = reader.edition

    def _current(self, reader: Reader, workspace_sid: str) -> Engine:
        if reader.edition != self._edition:
            self._engines.clear()
            self._edition = reader.edition
        if (engine := self._engines.get(workspace_sid)) is None:
            engine = self._engines[workspace_sid] = self._load(reader, workspace_sid)
        return engine

    def _load(self, reader: Reader, workspace_sid: str) -> Engine:
        try:
            return load_engine(reader, workspace_sid, self._new_sid)
        except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
            raise self._database.damaged() from error  # rows that no request could have led to

    def _new_sid(self, prefix: str) -> str:
        assert self._session is not None, "an engine only routes within a transaction"
        return self._session.new_sid(prefix)


def _is_due(engine: Engine, now_ms: int) -> bool:
    due = engine.next_timer()
    return due is not None and due <= now_ms


def load_engine(reader: Reader, workspace_sid: str, new_sid: Callable[[str], str]) -> Engine:
    """The engine of a workspace, as it was when last written.

    Raises:
        NotFoundError: There is no such workspace: it was deleted since somebody began to do something with it.
    """
    workspace = next((item for item, _ in _items(reader, WORKSPACE, "workspace.sid", workspace_sid)), None)
    if workspace is None:
        raise NotFoundError(f"There is no Workspace {workspace_sid} any more")
    setup = Setup(
        workspace_of(workspace),
        activities=tuple(activity_of(item) for item, _ in _within(reader, ACTIVITY, workspace_sid)),
        channels=tuple(task_channel_of(item) for item, _ in _within(reader, TASK_CHANNEL, workspace_sid)),
        queues=tuple(task_queue_of(item) for item, _ in _within(reader, TASK_QUEUE, workspace_sid)),
        workflows=tuple(
            workflow_of(item, version) for item, version in _within(reader, WORKFLOW, workspace_sid, "workflow.version")
        ),
    )
    return Engine(setup, new_sid, read_snapshot(reader, workspace_sid))


def _within(reader: Reader, kind: ServedKind, workspace_sid: str, last: str = "NULL") -> Iterator[tuple[Item, Any]]:
    return _items(reader, kind, kind.scope[0], workspace_sid, last)


def _items(reader: Reader, kind: ServedKind, column: str, sid: str, last: str = "NULL") -> Iterator[tuple[Item, Any]]:
    """The items with *sid* in *column*, in the order of creation, each with the value of *last*."""
    sql = select(kind, [f"{column} = ?"], last, f"{kind.table}.position")
    return ((item_of(kind, row), row[-1]) for row in reader.rows(sql, (sid,)))
