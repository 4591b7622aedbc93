"""The embedded TaskRouter as an ASGI application: who may come in, and what every answer has in common."""

import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Router
from starlette.types import Receive, Scope, Send

from tr_apply.errors import TargetError
from tr_apply.local.bridge.bridge import Bridge, is_of_bridge
from tr_apply.local.callbacks.deliveries import DeliveryPatience
from tr_apply.local.callbacks.dispatcher import Dispatcher
from tr_apply.local.callbacks.hosts import Hosts
from tr_apply.local.callbacks.sending import CallbackSender, Identity, Post, Quiet, Say
from tr_apply.local.http.answers import FOR_PAGES, json_response
from tr_apply.local.http.refused_answers import failed, refused, step_refused
from tr_apply.local.http.requests import ACCOUNT, BASE_URL, HEAD, Addressee, Head, ServedAccount, base_url_by, header
from tr_apply.local.http.routes import all_routes
from tr_apply.local.storage.refusals import LockedNowError, NotFoundError, RequestError, UnavailableError
from tr_apply.local.storage.sids import ACCOUNT_SID
from tr_apply.local.storage.turns import in_turn
from tr_apply.local.store.store import Store
from tr_apply.local.store.timekeeper import Timekeeper
from tr_apply.routing.refusals import RoutingRefusedError

HEALTH: Final = "/healthz"

# Their values are not documented. There is no limit here, so one is named that nobody reaches.
_RATE_LIMIT: Final = (
    (b"x-rate-limit-limit", b"1000000"),
    (b"x-rate-limit-remaining", b"1000000"),
    (b"x-rate-limit-config", b"unlimited"),
)
_EVERY_ANSWER: Final = (*_RATE_LIMIT, *FOR_PAGES)


class LocalTaskRouter:
    """The application, which owns the store.

    Without callbacks it calls nobody, and needs no background timer: every request first carries out whatever was due.
    With callbacks, ``run`` carries it out in time.

    Starlette reads requests, matches paths and makes answers. Its middleware is not used: the few lines of ``__call__``
    do the same, and each layer costs every request.
    """

    def __init__(
        self,
        store: Store,
        credentials: ServedAccount,
        callbacks: "Callbacks | None" = None,
        *,
        in_process: bool = False,
    ) -> None:
        self.store = store
        self._in_process = in_process
        self.credentials = credentials
        self._identity = Identity(credentials.account_sid or ACCOUNT_SID, credentials.auth_token)
        self._routes = all_routes(store)
        self._bridge = Bridge(store, credentials)
        self._unasked = Router()
        self._dispatcher = None
        if callbacks is not None:
            sender = CallbackSender(callbacks.post, callbacks.hosts, self._identity, callbacks.say)
            self._dispatcher = Dispatcher(store.engines, sender, callbacks.say, callbacks.patience, callbacks.quiet)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request; raise what went wrong in here, once it was admitted, for the server to log."""
        if scope["type"] == "websocket" and is_of_bridge(scope["path"]):
            await self._bridge.converse(scope, receive, send)
            return
        if scope["type"] != "http":  # a server that starts or stops, or another websocket
            await self._unasked(scope, receive, send)
            return
        began = time.perf_counter()
        failure: Exception | None = None
        request = Request(scope, receive)
        try:
            try:
                answer = await self._answered(request)
            except LockedNowError:
                answer = await in_turn(lambda: self._answered(request))
        except RequestError as error:
            answer = refused(request, error)
            if self._in_process and isinstance(error, UnavailableError):
                failure = TargetError(str(error))
        except RoutingRefusedError as error:
            answer = step_refused(request, error)
        except TargetError as error:
            answer, failure = failed(str(error)), error
        except Exception as error:  # noqa: BLE001  # raised below
            answer, failure = failed(), error
        answer.raw_headers += (
            *_EVERY_ANSWER,
            (b"twilio-request-id", b"RQ%032x" % random.getrandbits(128)),
            (b"twilio-request-duration", b"%.3f" % (time.perf_counter() - began)),
        )
        await answer(scope, receive, send)
        if failure is not None:
            raise failure

    def _answered(self, request: Request) -> Awaitable[Response]:
        """Anyone may ask for health or for what a browser may do, everyone else comes with credentials."""
        scope = request.scope
        head: Head | None = scope.get(HEAD)
        if head is None or (addressee := head.addressee) is None:
            if scope["path"] == HEALTH:
                return _at_once(json_response({"status": "ok"}))
            if scope["method"] == "OPTIONS":
                return _at_once(Response(status_code=204))
            if is_of_bridge(scope["path"]):
                return self._bridge.answer(request)
            addressee = self._addressee(scope)
            if head is not None:
                head.addressee = addressee
        if addressee.auth_token is not None:
            self._identity.account_sid, self._identity.auth_token = addressee.account_sid, addressee.auth_token
        scope[ACCOUNT], scope[BASE_URL] = addressee.account_sid, addressee.base_url
        scope["path_params"] = addressee.path_params
        return addressee.endpoint(request)

    def _addressee(self, scope: Scope) -> Addressee:
        account_sid, auth_token = self.credentials.account_of(header(scope, b"authorization"))
        for route in self._routes:
            if (found := route.pattern.fullmatch(scope["path"])) is not None:
                return Addressee(account_sid, auth_token, base_url_by(scope), route.endpoint, found.groupdict())
        raise NotFoundError

    async def run(self, rate: float | Callable[[], float] = 1.0) -> None:
        """Let things happen when they are due, until cancelled; then end the callbacks under way.

        *rate* is how fast the clock goes that the application was given, in its seconds per second.
        """
        try:
            await Timekeeper(self.store.engines, rate).run()
        finally:
            if self._dispatcher is not None:
                await self._dispatcher.stop()

    async def settled(self) -> None:
        """Wait for the callbacks under way, and those that follow from them."""
        await self.store.engines.kept()
        while self._dispatcher is not None and self._dispatcher.busy:
            await self._dispatcher.settled()
            await self.store.engines.kept()

    async def quiet(self) -> None:
        """Wait for the callbacks in progress, and those that follow, but not for held back or repeated ones."""
        await self.store.engines.kept()
        while self._dispatcher is not None and not self._dispatcher.quiet.is_now:
            await self._dispatcher.quiet.wait()
            await self.store.engines.kept()

    async def stop_callbacks(self) -> None:
        """End all callbacks, whether they were answered or not."""
        await self.store.engines.kept()
        if self._dispatcher is not None:
            await self._dispatcher.stop()

    def close(self) -> None:
        """Close the database. Requests under way must have ended."""
        self.store.close()


async def _at_once(answer: Response) -> Response:
    return answer


@dataclass(frozen=True, slots=True)
class Callbacks:
    """How to call an application: the sender, the URLs, and the reporter of failures."""

    post: Post
    say: Say
    hosts: Hosts = field(default_factory=Hosts)
    patience: DeliveryPatience = field(default_factory=DeliveryPatience)
    quiet: Quiet = field(default_factory=Quiet)


def create_app(
    store: Store,
    *,
    account_sid: str | None = None,
    auth_token: str | None = None,
    callbacks: Callbacks | None = None,
    in_process: bool = False,
) -> LocalTaskRouter:
    """The application over *store*, for that account with that token; None allows any.

    With *in_process*, a database that cannot be used right now raises TargetError.
    """
    return LocalTaskRouter(store, ServedAccount(account_sid, auth_token), callbacks, in_process=in_process)
