"""Allowed texts of a form field or a query parameter, and the value that each means.

Every function takes the name of the field, for the message, and its text; all raise InvalidParameterError.
"""

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from tr_apply.local.forms.matching import check_expression
from tr_apply.local.storage.clock import moment_of
from tr_apply.local.storage.documents import compact, parse_object, read_usual
from tr_apply.local.storage.refusals import InvalidParameterError
from tr_apply.routing.names import NAME_LIMIT, is_sid, name_key
from tr_apply.routing.records import Attributes

_URL = re.compile(r"(?:[^\s\x00-\x20\x7f\"<>\\^`{|}%]|%[0-9A-Fa-f]{2})*")
_INTEGER = re.compile(r"[+-]?[0-9]{1,18}")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
_EARLIEST_MS = moment_of("1900-01-01T00:00:00Z")

Parse = Callable[[str, str], Any]

ATTRIBUTES_LIMIT = 4096  # characters, white space included


def verbatim(_name: str, text: str) -> str:
    """Any text, such as a comma list of events, which TaskRouter does not look into."""
    return text


def callback_url(name: str, text: str) -> str:
    """Where a callback goes: a URL that every client can read; empty for nowhere.

    A reference such as ``test`` is taken, as a recorded answer has it, though nobody can be called there.
    """
    if not _URL.fullmatch(text) or (_SCHEME.match(text) and not is_web_url(text)):
        raise InvalidParameterError(f"{name} must be an http or https URL")
    return text


def is_web_url(text: str) -> bool:
    """Whether *text* is an absolute http or https URL, with nothing in it that a URL can only hold as an escape."""
    if not _URL.fullmatch(text):
        return False
    try:
        parts = urlsplit(text)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def visible_name(name: str, text: str) -> str:
    """A name: something that can be seen, and no longer than TaskRouter keeps."""
    if not text.strip():
        raise InvalidParameterError(f"{name} cannot be empty")
    if len(text) > NAME_LIMIT:
        raise InvalidParameterError(f"{name} is longer than {NAME_LIMIT} characters")
    return text


def folded_name(_name: str, text: str) -> str:
    """A name to look for: the same whatever its case."""
    return name_key(text)


def boolean(_name: str, text: str) -> bool:
    """``true``, ``1`` and ``yes`` are true; TaskRouter takes everything else for false, and so never refuses."""
    return text in {"true", "1", "yes"}


def integer(low: int, high: int) -> Parse:
    """A whole number between *low* and *high*, both included."""

    def parse(name: str, text: str) -> int:
        if not _INTEGER.fullmatch(text) or not low <= (number := int(text)) <= high:
            raise InvalidParameterError(f"{name} must be a whole number from {low} to {high}")
        return number

    return parse


def choice(*options: str) -> Parse:
    """One of *options*, exactly as they are written."""

    def parse(name: str, text: str) -> str:
        if text not in options:
            raise InvalidParameterError(f"{name} must be one of {', '.join(options)}")
        return text

    return parse


def status(*options: str) -> Parse:
    """One of *options*, in any case."""
    one_of = choice(*options)
    return lambda name, text: one_of(name, text.lower())


def lower_case(_name: str, text: str) -> str:
    """A word whose case makes no difference."""
    return text.lower()


def sid(prefix: str, *, clearable: bool = False) -> Parse:
    """A SID of that kind; if *clearable*, an empty text clears it."""

    def parse(name: str, text: str) -> str | None:
        if clearable and not text:
            return None
        if not is_sid(text, prefix):
            raise InvalidParameterError(f"{name} {text} must be a SID: {prefix} and 32 hexadecimal digits")
        return text

    return parse


def any_sid(*prefixes: str) -> Parse:
    """A SID of one of those kinds."""

    def parse(name: str, text: str) -> str:
        if not any(is_sid(text, prefix) for prefix in prefixes):
            raise InvalidParameterError(f"{name} {text} must be a SID that begins with {' or '.join(prefixes)}")
        return text

    return parse


def comma_list(*options: str) -> Parse:
    """One or several statuses, separated by commas; the value has a comma before and after each."""

    def parse(name: str, text: str) -> str:
        found = [status(*options)(name, each.strip()) for each in text.split(",")]
        return f",{','.join(found)},"

    return parse


def moment(name: str, text: str) -> int:
    """A date and time since 1900, as milliseconds since 1970."""
    try:
        found = moment_of(text)
    except ValueError:
        raise InvalidParameterError(f"{name} must be a date and time such as 2016-07-13T22:25:56Z") from None
    if found < _EARLIEST_MS:
        raise InvalidParameterError(f"{name} cannot be before 1900")
    return found


def worker_expression(name: str, text: str) -> str:
    """An expression over a worker's attributes, kept character for character; empty for nobody."""
    if text.strip():
        check_expression(name, text)
    return text


def attributes(name: str, text: str) -> str:
    """A JSON object, kept without its white space and otherwise as sent."""
    return read_attributes(name, text).text


def read_attributes(name: str, text: str) -> Attributes:
    """The same, with what it holds."""
    if len(text) > ATTRIBUTES_LIMIT:
        raise InvalidParameterError(f"{name} is longer than {ATTRIBUTES_LIMIT} characters")
    if (usual := read_usual(text)) is not None:
        return Attributes(*usual)
    values = parse_object(name, text, any_integer=True)
    return Attributes(compact(text), values)
