"""SIDs: two letters and 32 hexadecimal digits; the last twelve are the resource's place in creation order.

The position inside lets a page token outlive its resource: a list continues after the SID of a deleted resource, in
any process, without a record of deletions.

The digits before it are random, and the same for all resources of a kind that a process creates. SIDs decide between
workers who are idle equally long, so with a stopped clock tasks go to the workers in creation order.
"""

import random
from collections.abc import Iterable
from functools import cache

ACCOUNT_SID = "AC" + 32 * "0"
"""The account of every user name that is not an account SID."""

OPERATING_UNIT_SID = "OU" + 32 * "0"
"""Every account has an operating unit, which nothing but events names."""

_POSITION_DIGITS = 12
_RANDOM_DIGITS = 32 - _POSITION_DIGITS


def new_sid(prefix: str, position: int) -> str:
    """A fresh SID for the resource at *position*, a number that no other resource of the database has."""
    return _form(prefix) % position


def new_sids(prefix: str, positions: Iterable[int]) -> list[str]:
    """The SIDs of several resources."""
    form = _form(prefix)
    return [form % position for position in positions]


@cache
def _form(prefix: str) -> str:
    """The format of the SIDs of a kind, for a position and ``%``."""
    return f"{prefix}{random.getrandbits(4 * _RANDOM_DIGITS):0{_RANDOM_DIGITS}x}%0{_POSITION_DIGITS}x"


def begin_anew() -> None:
    """Let no new SID be one that was given before, although positions are given again."""
    _form.cache_clear()


def position_of(sid: str) -> int:
    """The place of *sid* in creation order."""
    return int(sid[-_POSITION_DIGITS:], 16)
