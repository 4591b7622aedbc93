"""The bytes of an answer as JSON, whatever a broken or hostile server sends."""

import zlib
from collections.abc import AsyncIterable, Mapping
from typing import Any

from tr_apply.json_text import read_json
from tr_apply.transport.call import FIRST_REFUSAL, LostError

BODY_LIMIT = 64 * 1024 * 1024  # bytes of one answer, after decompression too
_NO_CONTENT = 204
_GZIP = 16 + zlib.MAX_WBITS


async def content_of(stream: AsyncIterable[bytes]) -> bytes:
    """All of *stream*.

    Raises:
        LostError: when it is too long.
    """
    content = bytearray()
    async for chunk in stream:
        content += chunk
        if len(content) > BODY_LIMIT:
            raise too_long()
    return bytes(content)


def body_of(status: int, headers: Mapping[str, str], content: bytes) -> Any:
    """The JSON object in *content*; for a refusal, as much as can be read; None if there is nothing.

    Raises:
        LostError: when an answer that should hold one does not.
    """
    if status == _NO_CONTENT:
        return None
    try:
        return _json_object(_decoded(content, headers.get("content-encoding", "")))
    except LostError:
        if status >= FIRST_REFUSAL:
            return {}
        raise


def _json_object(content: bytes) -> dict[str, Any]:
    try:
        body = read_json(content)
    except (ValueError, RecursionError) as error:
        raise LostError("an answer that is not JSON", sent=True) from error
    if not isinstance(body, dict):
        raise LostError("an answer that is not a JSON object", sent=True)
    return body


def _decoded(content: bytes, encoding: str) -> bytes:
    """Decode only an encoding that was requested, and never beyond the limit: little gzip can expand to much text."""
    if encoding.lower() in {"", "identity"}:
        return content
    if encoding.lower() != "gzip":
        raise LostError(f"an answer in the encoding {encoding[:40]!r}", sent=True)
    decoder = zlib.decompressobj(_GZIP)
    try:
        decoded = decoder.decompress(content, BODY_LIMIT + 1)
    except zlib.error as error:
        raise LostError("an answer whose compression is broken", sent=True) from error
    if len(decoded) > BODY_LIMIT:
        raise too_long()
    if not decoder.eof:
        raise LostError("an answer that ends too early", sent=True)
    return decoded


def too_long() -> LostError:
    """An answer that is longer than anybody needs."""
    return LostError(f"an answer of more than {BODY_LIMIT // 1024 // 1024} MB", sent=True)
