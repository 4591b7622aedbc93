"""SIDs: two letters and 32 hexadecimal digits; the last twelve are the resource's place in creation order.

The position inside lets a page token outlive its resource: a list continues after the SID of a deleted resource, in
any process, without a record of deletions.

The digits before it are random, and the same for all resources of a kind that a process creates. SIDs decide between
workers who are idle equally long, so with a stopped clock tasks go to the workers in creation order.
"""

import random
import sqlite3
from collections.abc import Iterable
from functools import cache
from typing import Final

ACCOUNT_SID = "AC" + 32 * "0"
"""The account of every user name that is not an account SID."""

OPERATING_UNIT_SID = "OU" + 32 * "0"
"""Every account has an operating unit, which nothing but events names."""

_POSITION_BYTES = 6
_POSITION_DIGITS = 2 * _POSITION_BYTES
_RANDOM_DIGITS = 32 - _POSITION_DIGITS

_RESERVED_AHEAD: Final = 1000
"""How many positions a process reserves at a time, beyond those that it has given."""


def new_sid(prefix: str, position: int) -> str:
    """A fresh SID for the resource at *position*, a number that no other resource of the database has."""
    return _beginning(prefix) + position.to_bytes(_POSITION_BYTES).hex()


def new_sids(prefix: str, positions: Iterable[int]) -> list[str]:
    """The SIDs of several resources."""
    beginning = _beginning(prefix)
    return [beginning + position.to_bytes(_POSITION_BYTES).hex() for position in positions]


@cache
def _beginning(prefix: str) -> str:
    """The beginning of all SIDs of a kind."""
    return f"{prefix}{random.getrandbits(4 * _RANDOM_DIGITS):0{_RANDOM_DIGITS}x}"


def begin_anew() -> None:
    """Let no new SID be one that was given before, although positions are given again."""
    _beginning.cache_clear()


def position_of(sid: str) -> int:
    """The place of *sid* in creation order."""
    return int(sid[-_POSITION_DIGITS:], 16)


class Positions:
    """The places in creation order that this process may give to resources, each later than those before.

    The file reserves more of them than were given, so few transactions need to write any down. What is left of them is
    void as soon as another process has written, whose positions come after them.
    """

    def __init__(self) -> None:
        self._last: int | None = None
        self._reserved = 0

    def forget(self) -> None:
        """Ask the file when one is needed next: others have written to it, or our last transaction was taken back."""
        self._last = None

    def given(self, connection: sqlite3.Connection, count: int) -> int:
        """The first of *count* positions that nobody else has."""
        if self._last is None:
            [self._reserved] = connection.execute("SELECT last FROM sequence").fetchone()
            self._last = self._reserved
        first = self._last + 1
        self._last += count
        return first

    def reserve(self, connection: sqlite3.Connection) -> None:
        """Write down which are taken, where the file does not say so yet."""
        if self._last is not None and self._last > self._reserved:
            self._reserved = self._last + _RESERVED_AHEAD
            connection.execute("UPDATE sequence SET last = ?", (self._reserved,))
