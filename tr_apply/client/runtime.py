"""A workspace at this minute: one task with its reservations and its events, and who is ahead of it.

Reads only, and of any list no more than its first pages.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple, TypeAlias
from urllib.parse import quote, urlencode

from tr_apply.client.paging import PAGE_SIZE, first_pages
from tr_apply.client.paths import WORKSPACES
from tr_apply.errors import ApiError, NetworkError
from tr_apply.transport import Sender

Item: TypeAlias = Mapping[str, Any]
"""One resource, or one event, as the API shows it."""

PAGES: Final = 5
"""Of a list; five thousand events are more than a task can have in a day of being offered around."""

_NOT_FOUND: Final = 404
_KEPT_MINUTES: Final = "43200"


class Listed(NamedTuple):
    """The beginning of a list."""

    items: Sequence[Item] = ()
    more: bool = False
    """Whether there is more than was read."""


class Runtime:
    """The tasks of one workspace."""

    def __init__(self, sender: Sender, workspace_sid: str) -> None:
        self._sender = sender
        self._path = f"{WORKSPACES}/{quote(workspace_sid, safe='')}"

    async def task(self, sid: str) -> Item | None:
        """The task of that SID; None where there is none, as of one that ended more than five minutes ago.

        Raises:
            ApiError, NetworkError: when it cannot be read.
        """
        path = f"{self._path}/Tasks/{quote(sid, safe='')}"
        try:
            body = (await self._sender.get(path)).body
        except ApiError as error:
            if error.status == _NOT_FOUND:
                return None
            raise
        if not isinstance(body, dict) or not isinstance(body.get("assignment_status"), str):
            raise NetworkError(f"GET {path}: the answer shows no task")
        return body

    async def reservations(self, task_sid: str) -> Listed:
        """To whom a task was offered."""
        return await self._list(f"Tasks/{quote(task_sid, safe='')}/Reservations", "reservations", {})

    async def events(self, task_sid: str, since: str | None) -> Listed:
        """The events of a task *since* a moment (ISO 8601) of the last 30 days, or of all 30 days."""
        window = {"Minutes": _KEPT_MINUTES} if since is None else {"StartDate": since}
        return await self._list("Events", "events", {"TaskSid": task_sid, **window})

    async def waiting(self, queue_sid: str) -> Listed:
        """The tasks that wait in a queue; one page of them."""
        query = {"AssignmentStatus": "pending", "TaskQueueSid": queue_sid}
        return await self._list("Tasks", "tasks", query, pages=1)

    async def _list(self, collection: str, key: str, query: Mapping[str, str], *, pages: int = PAGES) -> Listed:
        path = f"{self._path}/{collection}"
        items, more = await first_pages(self._sender, path, urlencode({**query, "PageSize": PAGE_SIZE}), key, pages)
        return Listed([each for each in items if isinstance(each, dict)], more)
