"""The messages of a connection: a request, and the answer as it came."""

from collections.abc import Iterable, Mapping
from dataclasses import field
from typing import Protocol

from tr_apply.frozen import frozen

Header = tuple[bytes, bytes]


@frozen
class Request:
    """One request.

    Attributes:
        method: As in ``POST``.
        target: Path and query, in printable ASCII.
        headers: All but ``Host`` and ``Content-Length``; they hold the credentials, so they are never shown.
        content: The body; None where the method has none.
    """

    method: str
    target: str
    headers: tuple[Header, ...] = field(default=(), repr=False)
    content: bytes | None = field(default=None, repr=False)


@frozen
class Answer:
    """An HTTP answer; names of headers are in lower case."""

    status: int
    headers: Mapping[str, str]
    content: bytes


class Slot(Protocol):
    """Carries one request at a time."""

    async def exchange(self, request: Request) -> Answer:
        """The answer to *request*.

        Raises:
            LostError: when no usable one arrives.
            NetworkError: when there is no hope of one.
        """

    async def close(self) -> None:
        """Give back whatever it holds."""


def named(headers: Iterable[Header]) -> dict[str, str]:
    """*headers* by name in lower case; several of one name are one list."""
    found: dict[str, str] = {}
    for name, value in headers:
        key, text = name.decode("latin-1").lower(), value.decode("latin-1")
        found[key] = f"{found[key]}, {text}" if key in found else text
    return found
