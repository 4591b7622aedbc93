"""Forms as ``multipart/form-data``, which old helper libraries for Node send in place of the usual encoding."""

import re
from collections.abc import Iterator
from typing import Final

from tr_apply.local.storage.refusals import InvalidParameterError

MULTIPART: Final = "multipart/form-data"

_HEAD_LIMIT: Final = 1_000  # bytes of the headers above a value
_BOUNDARY: Final = re.compile(r';\s*boundary=(?:"([^"]{1,200})"|([^\s;"]{1,200}))', re.IGNORECASE)
_NAME: Final = re.compile(
    rb'content-disposition:\s*form-data\b[^\r\n]*;\s*name=(?:"([^"\r\n]*)"|([^\s;"]+))', re.IGNORECASE
)
_FILE: Final = re.compile(rb";\s*filename\*?=", re.IGNORECASE)


def pairs_of(body: bytes, content_type: str, limit: int) -> list[tuple[str, str]]:
    """The names and values in a body, in order.

    Raises:
        InvalidParameterError: It is not such a form, has more than *limit* fields, or holds a file.
        UnicodeDecodeError: A name or a value is not UTF-8.
    """
    found = _BOUNDARY.search(content_type)
    if not found:
        raise InvalidParameterError("The body has no boundary")
    parts = (b"\r\n" + body).split(b"\r\n--" + (found[1] or found[2]).encode(), limit + 1)
    if len(parts) > limit + 1 and not parts[-1].startswith(b"--"):
        raise InvalidParameterError(f"More than {limit} parameters")
    if not parts[-1].startswith(b"--"):
        raise InvalidParameterError("The body is incomplete")
    return list(_fields(parts[1:-1]))


def _fields(parts: list[bytes]) -> Iterator[tuple[str, str]]:
    for part in parts:
        head, separator, value = part.partition(b"\r\n\r\n")
        name = _NAME.search(head) if len(head) <= _HEAD_LIMIT else None
        if not separator or not name or _FILE.search(head):
            raise InvalidParameterError("A part of the body is not a field of a form")
        yield (name[1] if name[1] is not None else name[2]).decode(), value.decode()
