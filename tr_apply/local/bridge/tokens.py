"""Access tokens: who a worker's page acts for, as an application signed it.

They are JSON Web Tokens (HS256), as every helper library of Twilio makes them: ``AccessToken``, ``TaskRouterGrant``.
"""

import base64
import binascii
import hashlib
import hmac
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from tr_apply.local.storage.refusals import AccessTokenError
from tr_apply.routing.names import is_sid

EXPIRED: Final = 20104

_INVALID: Final = 20101
_LONGEST: Final = 8 * 1024
_ALGORITHM: Final = "HS256"
_ROLES: Final = ("worker", "supervisor", "admin")
_END_OF_TIME_S: Final = 10**11
_CLOCK_SKEW_S: Final = 60
"""How far the clock of the application that made a token may be ahead of ours."""


@dataclass(frozen=True, slots=True)
class Grant:
    """The rights of a token."""

    account_sid: str
    workspace_sid: str
    worker_sid: str | None
    """None for a token that is only for requests."""

    role: str
    lifetime_s: float
    """How long it was still valid when it was read."""

    @property
    def may_see_all(self) -> bool:
        """Whether it is for more than the worker's own affairs."""
        return self.role != "worker"


def read_token(text: Any, account_sid: str | None, secret: str | None, now_s: float) -> Grant:
    """The grant that a token holds.

    Args:
        text: The token, or anything else that was sent in its place.
        account_sid: The only account, or None for any.
        secret: The only secret that tokens are signed with, or None for any.
        now_s: The present in seconds since 1970, on the clock on the wall, which applications go by.

    Raises:
        AccessTokenError: It is not a token, not one for this server, or it is not valid any more.
    """
    if not isinstance(text, str) or not text:
        raise AccessTokenError(_INVALID, "An access token is required")
    header, claims = _parts(text, secret)
    if header.get("alg") != _ALGORITHM:
        raise AccessTokenError(_INVALID, "The access token must be signed with HS256")
    grant = _grant(claims, _lifetime_s(claims, now_s))
    if account_sid is not None and grant.account_sid != account_sid:
        raise AccessTokenError(_INVALID, "The access token is for another account")
    return grant


def _parts(text: str, secret: str | None) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    signed, _, signature = text.rpartition(".")
    header, dot, claims = signed.partition(".")
    if len(text) > _LONGEST or not dot or not text.isascii():
        raise AccessTokenError(_INVALID, "The access token is not a JSON Web Token")
    if secret is not None:
        expected = hmac.new(secret.encode(), signed.encode(), hashlib.sha256).digest()
        if not hmac.compare_digest(_bytes(signature), expected):
            raise AccessTokenError(_INVALID, "The access token must be signed with the auth token of this server")
    return _object(header), _object(claims)


def _object(part: str) -> Mapping[str, Any]:
    try:
        found = json.loads(_bytes(part))
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise AccessTokenError(_INVALID, "The access token is not a JSON Web Token")
    return found


def _bytes(part: str) -> bytes:
    try:
        return base64.b64decode(part + "=" * (-len(part) % 4), altchars=b"-_", validate=True)
    except binascii.Error:
        return b""


def _lifetime_s(claims: Mapping[str, Any], now_s: float) -> float:
    expires_s, not_before_s = _time(claims.get("exp")), _time(claims.get("nbf", 0))
    if expires_s is None or not_before_s is None:
        raise AccessTokenError(_INVALID, "The access token must say when it expires")
    if not_before_s > now_s + _CLOCK_SKEW_S:
        raise AccessTokenError(_INVALID, "The access token is not valid yet")
    if expires_s <= now_s:
        raise AccessTokenError(EXPIRED, "The access token has expired")
    return expires_s - now_s


def _time(value: Any) -> float | None:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if is_number and math.isfinite(value) and abs(value) < _END_OF_TIME_S else None


def _grant(claims: Mapping[str, Any], lifetime_s: float) -> Grant:
    grants = claims.get("grants")
    granted = grants.get("task_router") if isinstance(grants, dict) else None
    if not isinstance(granted, dict):
        raise AccessTokenError(_INVALID, "The access token has no task_router grant")
    account_sid, workspace_sid = claims.get("sub"), granted.get("workspace_sid")
    worker_sid, role = granted.get("worker_sid") or None, granted.get("role") or "worker"
    if not isinstance(account_sid, str) or not account_sid.startswith("AC"):
        raise AccessTokenError(_INVALID, "The access token needs a sub, the SID of an account")
    if not _is_sid(workspace_sid, "WS"):
        raise AccessTokenError(_INVALID, "The access token needs a workspace_sid, the SID of a workspace")
    if worker_sid is not None and not _is_sid(worker_sid, "WK"):
        raise AccessTokenError(_INVALID, "The worker_sid of the access token is not the SID of a worker")
    if role not in _ROLES or (role == "worker" and worker_sid is None):
        raise AccessTokenError(_INVALID, "The access token needs a worker_sid, or the role supervisor or admin")
    return Grant(account_sid, str(workspace_sid), worker_sid, role, lifetime_s)


def _is_sid(value: Any, prefix: str) -> bool:
    return isinstance(value, str) and is_sid(value, prefix)
