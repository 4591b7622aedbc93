"""One request for statistics, without HTTP: its parameters and its time."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self, TypeAlias

from tr_apply.local.forms import fields
from tr_apply.local.kinds.workspace import WORKSPACE
from tr_apply.local.statistics.past import Past
from tr_apply.local.statistics.present import Present, WorkerFilter
from tr_apply.local.statistics.split import NAME as SPLIT_BY_WAIT_TIME
from tr_apply.local.statistics.split import Thresholds, read_thresholds
from tr_apply.local.statistics.window import Window
from tr_apply.local.storage.refusals import InvalidParameterError, NotFoundError
from tr_apply.local.store.store import Store
from tr_apply.routing.engine.state import State

Sids: TypeAlias = Mapping[str, str]
"""The SIDs in a path by the names that they have there, such as ``task_queue_sid``."""

Query: TypeAlias = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Inquiry:
    """A request.

    Whatever it asks of the present must be taken before the first ``await``, as the engine goes on with the next
    request.

    Attributes:
        last: Position of the last event at that moment.
    """

    store: Store
    sids: Sids
    query: Query
    present: Present
    last: int

    @classmethod
    def of(cls, store: Store, sids: Sids, query: Query) -> Self:
        """The parameters of a request made now.

        Raises:
            NotFoundError: One of the SIDs does not exist.
            InvalidParameterError: The TaskChannel does not exist.
        """
        workspace_sid = sids["workspace_sid"]
        store.fetch(WORKSPACE, (), workspace_sid)
        with store.engines.view(workspace_sid) as (reader, state):
            _require(state, sids)
            channel = _channel(state, query.get("TaskChannel"))
            last = reader.value("SELECT max(position) FROM event") or 0
            return cls(store, sids, query, Present(state, reader.now_ms, channel), last)

    def window(self) -> Window:
        """The time that cumulative figures are about."""
        return Window.of(self.query, self.present.now_ms)

    def past(self, window: Window) -> Past:
        """The events within a window."""
        return Past(self.store.engines, self.sids["workspace_sid"], window, self.last, self.present.channel)

    def thresholds(self) -> Thresholds:
        """Where waits are split."""
        return read_thresholds(self.query.get(SPLIT_BY_WAIT_TIME))

    def worker_filter(self) -> WorkerFilter:
        """Which workers are meant."""
        queue_sid = self.query.get("TaskQueueSid") or ""
        if queue_sid:
            fields.sid("WQ")("TaskQueueSid", queue_sid)
        return WorkerFilter(
            friendly_name=self.query.get("FriendlyName") or "",
            queue_sid=queue_sid,
            queue_name=self.query.get("TaskQueueName") or "",
        )


def _require(state: State, sids: Sids) -> None:
    present: Mapping[str, Mapping[str, object]] = {
        "task_queue_sid": state.queues,
        "workflow_sid": state.workflows,
        "worker_sid": state.workers,
    }
    if not all(sid in present[name] for name, sid in sids.items() if name in present):
        raise NotFoundError


def _channel(state: State, text: str | None) -> str | None:
    """The unique name of the channel that *text* names, or is the SID of; None of none."""
    if not text:
        return None
    for channel in state.channels.values():
        if text in (channel.unique_name, channel.sid):
            return channel.unique_name
    raise InvalidParameterError(f"TaskChannel {text} was not found")
