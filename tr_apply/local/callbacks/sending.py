"""Sending a callback: its content, who sends it, and the answer."""

import asyncio
import base64
import hashlib
import hmac
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final, Protocol, TypeAlias

from tr_apply.errors import NetworkError
from tr_apply.local.callbacks.hosts import Hosts, host_of
from tr_apply.local.storage.sids import ACCOUNT_SID

Form: TypeAlias = Mapping[str, str]

CALLBACK_MARK: Final = "X-Tr-Apply-Callback"
"""The header of every callback. A TaskRouter ignores requests with it: a callback to itself would cause another one."""

_SUCCESS: Final = 2  # the first digit of a status

Say: TypeAlias = Callable[[str], None]
"""Prints what TaskRouter's debugger would show, for the person who runs the server."""


class CallbackReply(Protocol):
    """The answer of an application."""

    @property
    def status(self) -> int:
        """The HTTP status."""

    @property
    def content_type(self) -> str:
        """As sent, or empty."""

    @property
    def body(self) -> bytes:
        """No more of it than could matter."""


def is_success(reply: CallbackReply) -> bool:
    """Whether the status says that all went well."""
    return reply.status // 100 == _SUCCESS


class Post(Protocol):
    """Sends a form by HTTP. Redirects are not followed."""

    async def __call__(self, url: str, form: Form, headers: Mapping[str, str], *, timeout_s: float) -> CallbackReply:
        """The answer.

        Raises:
            NetworkError: There is none, not within that time, or the URL cannot be used.
        """


@dataclass(slots=True)
class Identity:
    """The account of the workspaces. Callbacks name the account and are signed with its token.

    A server without an account uses the account and token of the last request. For a single developer these are the
    application's own, which it also checks signatures with. The token is kept only in memory, so after a restart
    callbacks are unsigned until the next request.
    """

    account_sid: str = ACCOUNT_SID
    auth_token: str | None = None


class Quiet:
    """Notices when all activity has ended, except activity that waits to be released."""

    def __init__(self) -> None:
        self._busy = 0
        self._changed = asyncio.Event()
        self._changed.set()

    def begin(self) -> None:
        """Note that something goes on."""
        self._busy += 1
        self._changed.clear()

    def end(self) -> None:
        """Note that it does no more."""
        self._busy -= 1
        if not self._busy:
            self._changed.set()

    @contextmanager
    def resting(self) -> Iterator[None]:
        """Count the activity inside as waiting."""
        self.end()
        try:
            yield
        finally:
            self.begin()

    async def wait(self) -> None:
        """Wait until nothing goes on."""
        await self._changed.wait()

    @property
    def is_now(self) -> bool:
        """Whether nothing goes on."""
        return not self._busy


class HeldBackError(NetworkError):
    """A callback was not sent, because its host is not allowed. This has been reported."""


class CallbackSender:
    """Sends callbacks to where they may go, signed."""

    def __init__(self, post: Post, hosts: Hosts, identity: Identity, say: Say) -> None:
        self.identity = identity
        self._post = post
        self._hosts = hosts
        self._say = say
        self._told: set[tuple[str, str]] = set()

    async def send(self, what: str, url: str, form: Form, *, timeout_s: float) -> CallbackReply:
        """The answer of an application to *what*, a kind of callback.

        Raises:
            HeldBackError: It may not be called.
            NetworkError: There is no answer.
        """
        if not self._hosts.allow(url):
            self._tell_held_back(what, host_of(url))
            raise HeldBackError(url)
        url = url.partition("#")[0]  # the fragment overrides settings of Twilio's own connection
        token = self.identity.auth_token
        signed = {} if token is None else {"X-Twilio-Signature": signature(url, form, token)}
        headers = {CALLBACK_MARK: "1", **signed}
        return await self._post(url, form, headers, timeout_s=timeout_s)

    def _tell_held_back(self, what: str, host: str) -> None:
        """Once for each kind of callback and host: there may be many thousands."""
        if (what, host) not in self._told:
            self._told.add((what, host))
            way_out = f"; --callback-allow {host} lets it through" if host else ", its URL has no host"
            self._say(f"{what} to {host or 'nowhere'} held back{way_out}")


def signature(url: str, form: Mapping[str, str], auth_token: str) -> str:
    """The signature of a POST: HMAC-SHA1 over the URL and the sorted fields, as base64."""
    text = url + "".join(name + form[name] for name in sorted(form))
    return base64.b64encode(hmac.new(auth_token.encode(), text.encode(), hashlib.sha1).digest()).decode()
