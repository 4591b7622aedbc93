"""SIDs: two letters and 32 hexadecimal digits, of which the last twelve are the resource's place in creation order.

Carrying the position inside lets a page token outlive its resource: a list goes on behind a SID that was deleted
meanwhile, in whichever process, without remembering what was deleted.
"""

import random

ACCOUNT_SID = "AC" + 32 * "0"
"""The account of whoever signs in as something that is no account."""

OPERATING_UNIT_SID = "OU" + 32 * "0"
"""Every account has an operating unit, which nothing but events names."""

_POSITION_DIGITS = 12
_POSITION_BITS = 4 * _POSITION_DIGITS
_RANDOM_BITS = 4 * 32 - _POSITION_BITS


def new_sid(prefix: str, position: int) -> str:
    """A fresh SID for the resource at *position*, a number that no other resource of the database has."""
    return f"{prefix}{random.getrandbits(_RANDOM_BITS) << _POSITION_BITS | position:032x}"


def position_of(sid: str) -> int:
    """Where in creation order the resource of *sid* stands or stood."""
    return int(sid[-_POSITION_DIGITS:], 16)
