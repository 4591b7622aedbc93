"""A request and its result, as values, with the limits for retries."""

from collections.abc import Callable, Mapping
from dataclasses import field
from enum import StrEnum
from typing import Any

from tr_apply.frozen import frozen, unfrozen

FIRST_REFUSAL = 300
TOO_MANY_REQUESTS = 429
FIRST_SERVER_ERROR = 500


@frozen
class Connection:
    """The address of TaskRouter, and the credentials. The secret is never shown.

    Attributes:
        base_url: Without a trailing slash.
        username: Account SID or API key.
        password: Auth token or the key's secret.
        account_sid: The account of the workspaces; None if it is known only from the answers.
        variables: Names of the environment variables that hold the username and the password, for messages.
        region: Of Twilio; None for another server.
        host: The server as people call it; None for the embedded TaskRouter.
        database: The file of the embedded TaskRouter; None for any other.
    """

    base_url: str
    username: str
    password: str = field(repr=False)
    account_sid: str | None = None
    variables: tuple[str, ...] = ()
    region: str | None = None
    host: str | None = field(default=None, compare=False)
    database: str | None = field(default=None, compare=False)

    @property
    def is_key(self) -> bool:
        """Whether an API key asks, which may be a restricted one."""
        return self.username != self.account_sid


@frozen
class Patience:
    """Limits for retries.

    Attributes:
        total_s: Seconds after which a failing request is not repeated any more. If every request fails, they count from
            the first failure, so an outage ends the run and not each request in turn.
        first_s: Upper bound of the first pause; each further one doubles.
        longest_s: Upper bound of every pause that TaskRouter does not request itself.
        attempt_s: Seconds that one attempt may take, from the connection to the last byte.
        connect_s: Seconds for a connection, and for all attempts together to get the very first one.
        lookup_s: Seconds of the search for a resource whose creation got no answer.
    """

    total_s: float = 120.0
    first_s: float = 0.5
    longest_s: float = 15.0
    attempt_s: float = 60.0
    connect_s: float = 10.0
    lookup_s: float = 20.0


@frozen
class Purpose:
    """The purpose of a request, in the words of a plan.

    Attributes:
        operation: As in ``op-3``.
        verb: ``create``, ``update`` or ``delete``.
        kind: As in ``Kind.name``.
        name: The name of the resource after the plan.
        sid: Its SID; None if it is not known yet.
        values: The values sent that may be shown, by form parameter.
    """

    operation: str
    verb: str
    kind: str
    name: str
    sid: str | None = None
    values: Mapping[str, str] = field(default_factory=dict)


@frozen
class Call:
    """One attempt of a request as others may see it: no credentials, no values.

    Attributes:
        method: As in ``POST``.
        path: From ``/v1`` on, with its query.
        fields: Names of the form parameters.
        purpose: Of a write that belongs to a plan.
        attempt: 1 for the first one.
    """

    method: str
    path: str
    fields: tuple[str, ...] = ()
    purpose: Purpose | None = None
    attempt: int = 1

    @property
    def place(self) -> str:
        """The path without its query."""
        return self.path.partition("?")[0]

    def __str__(self) -> str:
        """For messages."""
        return f"{self.method} {self.place}"


class Verdict(StrEnum):
    """The conclusion from an attempt about the request."""

    DONE = "done"
    REFUSED = "refused"  # not carried out
    UNSENT = "unsent"  # did not reach TaskRouter
    UNKNOWN = "unknown"  # may have been carried out


@frozen
class Attempt:
    """The outcome of one attempt.

    Attributes:
        status: Of the answer; None if there is no usable answer.
        seconds: From sending to the last byte.
        problem: Why there is no usable answer, or the unusual thing about it.
        request_id: The id that TaskRouter's support needs.
        sid: Of the resource in the answer.
        sent: Whether the request may have reached TaskRouter.
    """

    status: int | None
    seconds: float = 0.0
    problem: str | None = None
    request_id: str | None = None
    sid: str | None = None
    sent: bool = True

    @property
    def verdict(self) -> Verdict:
        """The conclusion about the request."""
        if self.status is None:
            return Verdict.UNKNOWN if self.sent else Verdict.UNSENT
        if self.status < FIRST_REFUSAL:
            return Verdict.DONE
        return Verdict.UNKNOWN if self.status >= FIRST_SERVER_ERROR else Verdict.REFUSED


Observer = Callable[[Call, Attempt | None], None]
"""Called twice for every attempt: with None right before it is sent, then with its outcome."""


class LostError(Exception):
    """No usable answer.

    ``sent`` says whether the request may have been carried out. ``wait_s`` is the pause that TaskRouter requests.
    ``refused`` says whether the reason was too many requests.
    """

    def __init__(self, reason: str, *, sent: bool, wait_s: float | None = None, refused: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.sent = sent
        self.wait_s = wait_s
        self.refused = refused


@unfrozen
class Response:
    """An answer; ``body`` is the JSON object, None where there is nothing to say."""

    status: int
    headers: Mapping[str, str]
    body: Any

    @property
    def request_id(self) -> str | None:
        """The id that TaskRouter's support needs."""
        return self.headers.get("twilio-request-id")

    @property
    def revision(self) -> str | None:
        """The resource's revision, of those kinds that have one."""
        return self.headers.get("etag")

    @property
    def sid(self) -> str | None:
        """The SID of the resource in it."""
        sid = self.body.get("sid") if isinstance(self.body, dict) else None
        return sid if isinstance(sid, str) else None
