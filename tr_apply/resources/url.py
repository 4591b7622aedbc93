"""Passwords in URLs: who reads a plan, a log or a journal must not be able to call them."""

import re
from typing import Any, Final
from urllib.parse import SplitResult, parse_qsl, urlsplit

_SUFFIX: Final = "_url"
_ABSOLUTE: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://\S")
_WORDS: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
_SECRETS: Final = frozenset(
    ("token", "key", "secret", "password", "passwd", "pwd", "passphrase", "signature", "sig", "auth", "authorization",
     "credential", "credentials", "jwt", "bearer", "apikey", "accesskey", "secretkey", "accesstoken", "authtoken")
)  # fmt: skip


def secret_in(url: str) -> str | None:
    """The part of *url* that is a secret, without its value: a password before its host, or a parameter.

    Such a parameter's name ends in a word such as token, key or secret, and its value is not empty.
    """
    try:
        parts = urlsplit(url)
        password = parts.password
    except ValueError:  # no URL that could be called; what may be a password before a host counts
        return "a password" if "@" in url else None
    if password:
        return "a password"
    return next((f"the parameter `{name}`" for name, value in _parameters(parts) if value and _is_secret(name)), None)


def holds_password(url: str) -> bool:
    """Whether *url* contains a secret."""
    return secret_in(url) is not None


def is_url_with_password(path: str, value: Any) -> bool:
    """Whether *value*, at *path*, is a URL that holds a password: that of a field for one, or a whole URL anywhere."""
    if not isinstance(value, str) or not (path.endswith(_SUFFIX) or _ABSOLUTE.match(value)):
        return False
    return holds_password(value)


def may_hold_url(value: Any) -> bool:
    """Whether a URL may be in the JSON *value* at all: most have none, which this says in a tenth of the time."""
    parts = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, child in parts:
        if isinstance(child, str):
            if "://" in child or (isinstance(key, str) and key.endswith(_SUFFIX)):
                return True
        elif may_hold_url(child):
            return True
    return False


def holds_url_with_password(path: str, value: Any) -> bool:
    """Whether *value*, at *path*, is such a URL or has one in it, however deep."""
    if not isinstance(value, dict | list):
        return is_url_with_password(path, value)
    if not may_hold_url(value):
        return False
    parts = value.items() if isinstance(value, dict) else enumerate(value)
    return any(holds_url_with_password(f"{path}.{key}", child) for key, child in parts)


def _parameters(parts: SplitResult) -> list[tuple[str, str]]:
    found = [parse_qsl(text.replace(";", "&"), keep_blank_values=True) for text in (parts.query, parts.fragment)]
    return [pair for pairs in found for pair in pairs]


def _is_secret(name: str) -> bool:
    words = [word.lower() for word in _WORDS.findall(name)]
    return bool(words) and words[-1] in _SECRETS
