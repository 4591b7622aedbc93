"""Reads and writes TaskRouter's resources: makes nothing twice, and overwrites nothing that it has not seen."""

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import aclosing, contextmanager
from dataclasses import replace
from types import TracebackType
from typing import Any, Self

from tr_apply.client import paths, work
from tr_apply.client.answers import Seen, event_in, holds, is_whole, live_of, require_unchanged, seen_in
from tr_apply.client.paging import PAGE_SIZE, items, listed
from tr_apply.corpus.events import Hour, WorkspaceEvent, query_of
from tr_apply.errors import AnswerLostError, ApiError, NetworkError, StaleError
from tr_apply.live import Live, Work
from tr_apply.resources import WORKER, WORKER_CHANNEL, WORKSPACE, Kind
from tr_apply.routing.names import name_key
from tr_apply.transport import (
    Attempt,
    Call,
    Connection,
    LostError,
    Observer,
    Patience,
    Purpose,
    Response,
    Sender,
    Transport,
)

Form = Mapping[str, str]
"""Form parameters and their values, as they are sent."""

_CREATED = 201
_NOT_FOUND = 404
_PRECONDITION_FAILED = 412
_NO_SID = "WS" + 32 * "0"
_REVISIONS = 10  # times that a resource may get another revision under our hands

# Of the search for a lost resource: enough where TaskRouter refuses a second one of the same name.
_SHARE_OF_LOOKUP = 0.2

_GONE = Seen({})


class Client:
    """TaskRouter's resources, to be read and written.

    Args:
        connection: Address and credentials.
        concurrency: Maximum number of concurrent requests.
        through: Replaces the network; an ``httpx.ASGITransport`` for the embedded TaskRouter.
        patience: Time limits for retries.
        observer: Called for every attempt.
    """

    def __init__(
        self,
        connection: Connection,
        *,
        concurrency: int = 10,
        through: Any = None,
        patience: Patience | None = None,
        observer: Observer | None = None,
    ) -> None:
        self.connection = connection
        self.account_sid = connection.account_sid
        self.host, self.database = connection.host, connection.database
        self.concurrency = concurrency
        self.patience = patience or Patience()
        self._transport = Transport(
            connection, concurrency=concurrency, through=through, patience=self.patience, observer=observer
        )
        self.sender = self._sender = Sender(self._transport, self.patience)

    async def __aenter__(self) -> Self:
        """Nothing is connected before the first request."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close every connection."""
        await self._transport.close()

    @property
    def room(self) -> int:
        """How many requests it makes sense to have begun: those that wait to be repeated take no place."""
        return min(self._transport.window + self._sender.resting, 4 * self.concurrency)

    def on_room(self, call: Callable[[], None]) -> None:
        """Have *call*, too, called when there is more room although no request has ended."""
        before = self._sender.on_rest

        def tell() -> None:
            before()
            call()

        self._sender.on_rest = tell

    def on_pause(self, call: Callable[[Call, LostError, float], None]) -> None:
        """Have *call* called with each request that failed, why, and after how many seconds it is repeated."""
        self._sender.on_pause = call

    def ends_when(self, is_ending: Callable[[], bool]) -> None:
        """Once *is_ending* answers that it is, writes that were surely not carried out are not sent again."""
        self._sender.is_ending = is_ending

    # Whether it can be worked with

    async def first_page(self) -> Response:
        """The workspaces of the account that fit a page, with the headers of the answer."""
        return await self._sender.get(f"{paths.WORKSPACES}?PageSize={PAGE_SIZE}")

    async def try_to_write(self) -> None:
        """Update a workspace that does not exist, which changes nothing; ``ApiError`` where that is not allowed."""
        call = Call("POST", paths.item(WORKSPACE, _NO_SID, _NO_SID), ("FriendlyName",))
        try:
            await self._sender.send(call, {"FriendlyName": "tr-apply doctor"}, read=lambda response: response)
        except ApiError as error:
            if error.status != _NOT_FOUND:
                raise

    # Reading

    async def workspaces(self) -> list[Live]:
        """Every workspace of the account."""
        return [live async for live in listed(self._sender, WORKSPACE, paths.WORKSPACES)]

    async def workspace(self, sid: str) -> Live:
        """The workspace of that SID."""
        return live_of(WORKSPACE, (await self._sender.get(paths.item(WORKSPACE, sid, sid))).body)

    async def resources(
        self, kind: Kind, workspace_sid: str, *, with_dates: bool = False, each: Callable[[Live], None] | None = None
    ) -> list[Live]:
        """Every resource of *kind* in a workspace; *each* is called with one as soon as its page has arrived."""
        found = []
        async for live in listed(self._sender, kind, paths.collection(kind, workspace_sid), with_dates=with_dates):
            found.append(live)
            if each is not None:
                each(live)
        return found if all(map(is_whole, found)) else await self._with_documents(kind, found, workspace_sid)

    async def workers_matching(self, workspace_sid: str, expression: str) -> list[Live]:
        """The workers that TaskRouter itself finds for *expression*; it answers three such questions a second."""
        path = paths.collection(WORKER, workspace_sid)
        return [live async for live in listed(self._sender, WORKER, path, {"TargetWorkersExpression": expression})]

    async def worker_channels(self, workspace_sid: str, worker_sid: str) -> list[Live]:
        """Every channel of a worker."""
        path = paths.channels(workspace_sid, worker_sid)
        return [live async for live in listed(self._sender, WORKER_CHANNEL, path)]

    async def events(self, workspace_sid: str, hour: Hour, kind: str) -> list[WorkspaceEvent]:
        """The events of that *kind*, such as ``task.created``, that happened in *hour*; the API keeps 30 days."""
        path = paths.events(workspace_sid)
        query = {**query_of(hour), "EventType": kind}
        found = [each async for each in items(self._sender, path, "events", query, event_in)]
        return [each for each in found if hour.has(each)]

    async def unrouted_tasks(self, workspace_sid: str, kind: Kind, sid: str) -> Work:
        """Tasks of a queue or a workflow that are pending or reserved."""
        return await work.tasks(self._sender, workspace_sid, kind, sid)

    async def unfinished_tasks(self, workspace_sid: str) -> Work:
        """Every task of a workspace that has not ended."""
        return await work.unfinished(self._sender, workspace_sid)

    async def is_anybody_busy(self, workspace_sid: str) -> bool:
        """Whether any worker of a workspace has, or is offered, a task."""
        return await work.is_anybody_busy(self._sender, workspace_sid)

    async def reservations(self, workspace_sid: str, worker_sid: str, statuses: Sequence[str]) -> Work:
        """Reservations of a worker that have one of these *statuses*."""
        return await work.reservations(self._sender, workspace_sid, worker_sid, statuses)

    async def waiting_tasks(self, workspace_sid: str, workflow_sid: str) -> int | None:
        """The number of tasks waiting in a workflow; None if TaskRouter does not report it."""
        try:
            return await work.waiting(self._sender, workspace_sid, workflow_sid)
        except ApiError:
            return None

    async def _with_documents(self, kind: Kind, found: Sequence[Live], workspace_sid: str) -> list[Live]:
        """*found*, those read again whose documents the list leaves out."""

        async def whole(live: Live) -> Live:
            if is_whole(live):
                return live
            return live_of(kind, (await self._sender.get(paths.item(kind, workspace_sid, live.sid))).body)

        return list(await asyncio.gather(*map(whole, found)))

    # Creating

    async def create(
        self, kind: Kind, workspace_sid: str | None, form: Form, *, purpose: Purpose | None = None
    ) -> Live:
        """Create a resource, once.

        When no usable answer arrives it is looked for by name, and sent again only if it is not there; a workspace is
        never sent again, because names of workspaces are not unique.

        Raises:
            ApiError: when TaskRouter refuses.
            StaleError: when a workspace of that name has come up.
            AnswerLostError: when it stays unknown whether the resource was created.
            NetworkError: when it surely was not.
        """
        call = Call("POST", paths.collection(kind, workspace_sid), tuple(form), purpose)
        if kind.namesake == "allowed":
            await self._require_no_namesake(kind, call, form)

        async def recover(lost: LostError) -> Live | None:
            found = await self._find(kind, call, form, lost)
            if found is not None:
                self._transport.tell(call, Attempt(_CREATED, problem="found by its name", sid=found.sid))
            elif kind.namesake == "allowed":
                raise AnswerLostError(
                    f"{call}: {lost.reason}, and no {kind.title} of that name has appeared since; "
                    "it may still have been created: run again to find out"
                )
            return found

        return await self._sender.send(call, form, read=lambda answer: live_of(kind, answer.body), recover=recover)

    async def _require_no_namesake(self, kind: Kind, call: Call, form: Form) -> None:
        """Nobody has created that resource since it was missing: TaskRouter would not refuse a second one."""
        if (found := await self._named(kind, call, form)) is not None:
            raise StaleError(f"a {kind.title} {found.name!r} has been created in the meantime ({found.sid}); run again")

    async def _find(self, kind: Kind, call: Call, form: Form, lost: LostError) -> Live | None:
        """The resource that *form* creates, if it appears within a while; lists may lag behind writes."""
        now = asyncio.get_running_loop().time
        deadline = now() + self.patience.lookup_s * (_SHARE_OF_LOOKUP if kind.namesake == "refused" else 1)
        pause = self.patience.first_s
        while True:
            with _still_unknown(call, lost):
                found = await self._named(kind, call, form)
            if found is not None or now() + pause > deadline:
                return found
            await asyncio.sleep(pause)
            pause = min(2 * pause, self.patience.longest_s)

    async def _named(self, kind: Kind, call: Call, form: Form) -> Live | None:
        """The live resource with the name in *form*, in the collection that *call* goes to."""
        name = form[kind.fields[kind.identity].form]
        query = {kind.find_by: name} if kind.find_by is not None else {}
        async with aclosing(listed(self._sender, kind, call.place, query)) as found:
            async for live in found:
                if name_key(live.name) == name_key(name):
                    return live
        return None

    # Changing

    async def update(
        self,
        kind: Kind,
        workspace_sid: str,
        sid: str,
        form: Form,
        *,
        seen: Seen | None = None,
        purpose: Purpose | None = None,
    ) -> Seen:
        """Give the fields of *form* new values; returns the resource after that.

        With *seen*, only if the resource is unchanged since then; for kinds whose resources have revisions.

        Raises:
            ApiError: TaskRouter refuses.
            StaleError: The resource has been changed or deleted in the meantime.
            AnswerLostError: It stays unknown whether the resource was changed.
            NetworkError: It was surely not changed.
        """
        return await self._change(kind, paths.item(kind, workspace_sid, sid), form, seen, purpose)

    async def update_worker_channel(
        self, workspace_sid: str, worker_sid: str, channel: str, form: Form, *, purpose: Purpose | None = None
    ) -> str | None:
        """The same for the *channel* of a worker, by its own SID or by the unique name of its task channel; its SID."""
        path = paths.channel(workspace_sid, worker_sid, channel)
        sid = (await self._change(WORKER_CHANNEL, path, form, None, purpose)).answer.get("sid")
        return sid if isinstance(sid, str) else None

    async def delete(
        self, kind: Kind, workspace_sid: str, sid: str, *, seen: Seen | None = None, purpose: Purpose | None = None
    ) -> None:
        """Delete a resource; with *seen* and errors as in ``update``. One that is gone already is deleted."""
        await self._change(kind, paths.item(kind, workspace_sid, sid), None, seen, purpose)

    async def _change(
        self, kind: Kind, path: str, form: Form | None, seen: Seen | None, purpose: Purpose | None
    ) -> Seen:
        """Update, or delete where there is no *form*."""
        call = Call("DELETE" if form is None else "POST", path, tuple(form or ()), purpose)
        with _expected(kind, call):
            if seen is not None:
                return await _Conditional(self._sender, kind, call, form, seen).carried_out()
            return await self._sender.send(call, form, read=lambda answer: _after(kind, form, answer))
        return _GONE


class _Conditional:
    """A change of a resource that has revisions, which is carried out only if nobody else has changed it."""

    def __init__(self, sender: Sender, kind: Kind, call: Call, form: Form | None, seen: Seen) -> None:
        self._sender = sender
        self._kind = kind
        self._call = call
        self._form = form
        self._seen = seen

    async def carried_out(self) -> Seen:
        """Send it with the revision that it relies on, and look again when that is not the present one.

        Other revisions come from what people do all day: a revision counts only if it is of something relied on.
        """
        revision = self._seen.revision
        for _ in range(_REVISIONS):
            if revision is None:
                now = await self._look()
                if (done := self._done_or_unchanged(now)) is not None:
                    return done
                revision = now.revision
            try:
                return await self._sent(revision)
            except ApiError as error:
                if error.status != _PRECONDITION_FAILED:
                    raise
            self._call, revision = replace(self._call, attempt=self._call.attempt + 1), None
        raise StaleError(f"{self._call}: it gets new revisions faster than it can be written; run again")

    async def _sent(self, revision: str | None) -> Seen:
        return await self._sender.send(
            self._call,
            self._form,
            read=lambda answer: _after(self._kind, self._form, answer),
            recover=self._recovered,
            revision=revision,
        )

    async def _look(self) -> Seen:
        return seen_in(self._kind, await self._sender.get(self._call.place))

    async def _recovered(self, lost: LostError) -> Seen | None:
        """Whether it is our own change that is live now."""
        try:
            with _still_unknown(self._call, lost, but=_NOT_FOUND):
                now = await self._look()
        except ApiError:
            if self._form is None:
                return _GONE
            raise
        return self._done_or_unchanged(now)

    def _done_or_unchanged(self, now: Seen) -> Seen | None:
        """*now* if it is as wanted; None if it is as it was."""
        if self._form is not None and holds(self._kind, now.answer, self._form):
            return now
        require_unchanged(self._kind, self._seen.answer, now.answer, self._form or {})
        return None


def _after(kind: Kind, form: Form | None, response: Response) -> Seen:
    return _GONE if form is None else seen_in(kind, response)


@contextmanager
def _still_unknown(call: Call, lost: LostError, *, but: int | None = None) -> Iterator[None]:
    """Looking for what a lost request has done may fail as well, which leaves it open; unless the status is *but*."""
    try:
        yield
    except (ApiError, NetworkError) as error:
        if isinstance(error, ApiError) and error.status == but:
            raise
        raise AnswerLostError(f"{call}: {lost.reason}; looking for it failed as well: {error}") from error


@contextmanager
def _expected(kind: Kind, call: Call) -> Iterator[None]:
    """Read 404 as a success for a delete, and as stale for a change.

    Raises:
        StaleError: The resource to change does not exist.
    """
    try:
        yield
    except ApiError as error:
        if error.status != _NOT_FOUND:
            raise
        if call.method == "DELETE":
            return
        name = call.purpose.name if call.purpose is not None else call.place
        raise StaleError(f"the {kind.title} {name!r} has been deleted in the meantime; run again ({error})") from error
