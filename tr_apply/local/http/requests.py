"""The content of a request: who asks, with which parameters, and how the server was addressed."""

import base64
import binascii
import hmac
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple
from urllib.parse import unquote_to_bytes

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Scope

from tr_apply.local.http.multipart import MULTIPART, pairs_of
from tr_apply.local.storage.refusals import BodyTooLargeError, InvalidParameterError, UnauthorizedError
from tr_apply.local.storage.sids import ACCOUNT_SID

BODY_LIMIT = 4 * 1024 * 1024  # bytes: three times the largest Configuration, as percent-encoding can make it
PARAMETER_LIMIT = 1000
BROKEN_LIMIT = 64 * 1024  # bytes of a text whose escapes must be read one by one, as some of them are broken
FORM = "application/x-www-form-urlencoded"
ACCOUNT = "tr_apply.account_sid"
"""Where in the scope of a request the account is that it acts for."""

BASE_URL = "tr_apply.base_url"
"""Where in the scope of a request the beginning of every URL in its answer is."""

BODY = "tr_apply.body"
"""Where in the scope of a request its body is, once all of it was read."""

HEAD = "tr_apply.head"
"""Where in the scope of a request its ``Head`` is, if others may have the same one."""

SMALL_BODY = 64 * 1024
"""Bytes of a body that count for nothing: more than any form but a large Configuration has."""

_MOST_HEADS, _MOST_HEADS_SEEN = 512, 2048
_PERCENT, _EQUALS = b"%="  # numbers, because CPython raises an exception inside when it looks for bytes in bytes
HOST = re.compile(r"[A-Za-z0-9._~-]+(:[0-9]{1,5})?|\[[0-9A-Fa-f:.]+\](:[0-9]{1,5})?")
"""A valid Host header."""


Endpoint = Callable[[Request], Awaitable[Response]]
"""Answers the requests to one path."""


class Addressee(NamedTuple):
    """Where a request leads, who sent it, and by which address of the server."""

    account_sid: str
    auth_token: str | None
    base_url: str
    endpoint: Endpoint
    path_params: Mapping[str, str]


@dataclass(slots=True, eq=False)
class Head:
    """The part of a request before its body, for all requests that have the same one, byte for byte.

    Clients send little else than the same few heads. What follows from one and from the settings of the server, which
    never change, is found out once.

    Attributes:
        scope: What it says to an application.
        length: Bytes of the body.
        goes_on: Whether another request may come on the connection.
        is_admitted: Whether the gate has let such a request in.
        addressee: Where it leads, once a request has gone there.
    """

    scope: Mapping[str, Any]
    length: int
    goes_on: bool
    is_admitted: bool = False
    addressee: Addressee | None = None


class Heads:
    """The heads that have come more than once.

    Some clients put something new into each of theirs, and every task has a path of its own. To keep those would take
    the room in the processor's caches that a request needs.

    Attributes:
        known: By their bytes.
    """

    def __init__(self) -> None:
        self.known: dict[bytes, Head] = {}
        self._seen: set[int] = set()

    def note(self, text: bytes, head: Head) -> None:
        """Know it from now on, if it has come before."""
        if (mark := hash(text)) in self._seen:
            if len(self.known) >= _MOST_HEADS:
                self.known.clear()
            self.known[text] = head
        else:
            if len(self._seen) >= _MOST_HEADS_SEEN:
                self._seen.clear()
            self._seen.add(mark)


@dataclass(frozen=True, slots=True)
class ServedAccount:
    """The account that the server answers, and its token; None allows any."""

    account_sid: str | None = None
    auth_token: str | None = None

    def require(self, authorization: str | None) -> None:
        """Do nothing where anyone is answered, or the right one asks.

        Raises:
            UnauthorizedError: It is somebody else.
        """
        if self.account_sid is not None or self.auth_token is not None:
            self.account_of(authorization)

    def account_of(self, authorization: str | None) -> tuple[str, str | None]:
        """The account of a request, and its token unless it signed in with an API key's secret.

        An API key (``SK…``) cannot be checked, so a server with an account refuses it. Otherwise it uses the made-up
        account, as does any other user name that is not an account SID.

        Raises:
            UnauthorizedError: No credentials, no password, or not the expected ones.
        """
        user, password = _basic(authorization)
        if not user or not password:
            raise UnauthorizedError("Authenticate")
        for given, expected in ((user, self.account_sid), (password, self.auth_token)):
            if expected is not None and not _same(given, expected):
                raise UnauthorizedError("Authenticate")
        account_sid = user if user.startswith("AC") else ACCOUNT_SID
        return account_sid, None if user.startswith("SK") else password


def account_of(request: Request) -> str:
    """The SID of the account that a request acts for, which was let in."""
    account_sid: str = request.scope[ACCOUNT]
    return account_sid


def base_url(request: Request) -> str:
    """The beginning of every URL in an answer: the server as this request addressed it."""
    url: str = request.scope[BASE_URL]
    return url


def base_url_by(scope: Scope) -> str:
    """The same, from the head of the request.

    Raises:
        InvalidParameterError: It names no valid host.
    """
    return _base_url(scope["scheme"], header(scope, b"host") or _server(scope))


def header(scope: Scope, name: bytes) -> str | None:
    """The header of that name, in lower case, or None; without an object around all headers."""
    for each, value in scope["headers"]:
        if each == name:
            text: str = value.decode("latin-1")
            return text
    return None


def read_query(request: Request, repeatable: frozenset[str] = frozenset()) -> dict[str, str]:
    """The query parameters; of one that is repeated the last value, or all as a comma list if it is *repeatable*."""
    query: dict[str, str] = {}
    for name, value in _parameters(request.scope["query_string"]):
        query[name] = f"{query[name]},{value}" if name in repeatable and name in query else value
    return query


async def read_form(request: Request) -> Mapping[str, list[str]]:
    """The fields of the body, each with all its values."""
    body = await read_body(request)
    content_type = header(request.scope, b"content-type") or FORM
    if content_type == FORM or not body or (encoding := content_type.partition(";")[0].strip().lower()) == FORM:
        pairs = _parameters(body)
    elif encoding == MULTIPART:
        pairs = _clean(lambda: pairs_of(body, content_type, PARAMETER_LIMIT))
    else:
        raise InvalidParameterError(f"The body must be sent as {FORM}")
    form: dict[str, list[str]] = {}
    for name, value in pairs:
        form.setdefault(name, []).append(value)
    return form


async def read_body(request: Request) -> bytes:
    """The whole body, however often it is asked for.

    Raises:
        BodyTooLargeError: It is larger than anything TaskRouter takes.
        InvalidParameterError: The client went away before it was complete.
    """
    if (kept := request.scope.get(BODY)) is not None:
        whole: bytes = kept
        return whole
    body, more = bytearray(), True
    while more:
        message = await request.receive()
        if message["type"] == "http.disconnect":
            raise InvalidParameterError("The body is incomplete")
        body += message.get("body", b"")
        if len(body) > BODY_LIMIT:
            raise BodyTooLargeError(f"The body is larger than {BODY_LIMIT} bytes")
        more = message.get("more_body", False)
    whole = request.scope[BODY] = bytes(body)
    return whole


def _parameters(text: bytes) -> list[tuple[str, str]]:
    if text.count(b"&") >= PARAMETER_LIMIT:
        raise InvalidParameterError(f"More than {PARAMETER_LIMIT} parameters")
    return _clean(lambda: _split(text))


def _clean(read: Callable[[], list[tuple[str, str]]]) -> list[tuple[str, str]]:
    """The names and values that *read* finds, which are UTF-8 without NUL characters."""
    try:
        pairs = read()
    except UnicodeDecodeError:
        raise InvalidParameterError("The parameters are not UTF-8") from None
    for _, value in pairs:
        if "\0" in value:
            raise InvalidParameterError("A parameter contains a NUL character")
    return pairs


def _split(text: bytes) -> list[tuple[str, str]]:
    """The names and values. It does the same as ``parse_qsl``, but decodes all escapes of a text together."""
    pairs = []
    for pair in text.replace(b"+", b" ").split(b"&"):
        if pair:
            name, _, value = pair.partition(b"=")
            pairs.append((_unescaped(name).decode(), _unescaped(value).decode()))
    return pairs


def _unescaped(text: bytes) -> bytes:
    """The result of ``unquote_to_bytes``, in a fifth of the time: a JSON document has dozens of escapes.

    Escapes of MIME's quoted-printable text differ only in the first character, and are replaced in C. Each makes the
    text two bytes shorter; one that is broken does not, unless it is at the end of a line.
    """
    if _PERCENT not in text:
        return text
    quoted = text.replace(b"=", b"%3D").replace(b"%", b"=")
    found = binascii.a2b_qp(quoted)
    is_whole = len(quoted) - len(found) == 2 * quoted.count(_EQUALS)
    if is_whole and b"=\n" not in quoted and b"=\r" not in quoted:
        return found
    if len(text) > BROKEN_LIMIT:
        raise InvalidParameterError("A parameter has a % that is not followed by two hexadecimal digits")
    return unquote_to_bytes(text)  # which keeps a % that begins no escape as it is


@lru_cache(maxsize=64)
def _base_url(scheme: str, host: str) -> str:
    if not HOST.fullmatch(host):
        raise InvalidParameterError("The Host header is not valid")
    return f"{scheme}://{host}/v1"


@lru_cache(maxsize=64)
def _basic(authorization: str | None) -> tuple[str, str]:
    scheme, _, encoded = (authorization or "").partition(" ")
    if scheme.lower() != "basic":
        return "", ""
    try:
        user, _, password = base64.b64decode(encoded.strip(), validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        return "", ""
    return user, password


def _same(given: str, expected: str) -> bool:
    return hmac.compare_digest(given.encode(), expected.encode())


def _server(scope: Scope) -> str:
    """Without a Host header, as HTTP/1.0 allows: the address that was connected to."""
    host, port = scope.get("server") or ("localhost", None)
    return host if port is None else f"{host}:{port}"
