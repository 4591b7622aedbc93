"""Reading answers of a server that may be broken or hostile."""

import asyncio
import gzip
import tracemalloc
import zlib

import pytest

from tr_apply.transport import LostError
from tr_apply.transport.answer import BODY_LIMIT, body_of, content_of

GZIP = {"content-encoding": "gzip"}


def test_json_is_read_plain_and_compressed():
    assert body_of(200, {}, b'{"sid": "WK1"}') == {"sid": "WK1"}
    assert body_of(200, {"content-encoding": "identity"}, b"{}") == {}
    assert body_of(200, GZIP, gzip.compress(b'{"sid": "WK1"}')) == {"sid": "WK1"}
    assert body_of(204, {}, b"whatever") is None


BROKEN = {
    "nothing": ({}, b""),
    "half a document": ({}, b'{"sid": "WK'),
    "a page of HTML": ({}, b"<html>"),
    "a list": ({}, b"[]"),
    "a text": ({}, b'"WK1"'),
    "not a character": ({}, b'{"sid": "\xff"}'),
    "100,000 brackets": ({}, b'{"a":' * 100_000),
    "a number of 10,000 digits": ({}, b'{"a": ' + b"9" * 10_000 + b"}"),
    "no gzip": (GZIP, b'{"sid": "WK1"}'),
    "half of a gzip": (GZIP, gzip.compress(b'{"sid": "WK1"}')[:-9]),
    "gzip of gzip": ({"content-encoding": "gzip, gzip"}, gzip.compress(gzip.compress(b"{}"))),
    "deflate": ({"content-encoding": "deflate"}, zlib.compress(b"{}")),
}


@pytest.mark.parametrize(("headers", "content"), BROKEN.values(), ids=BROKEN)
def test_a_success_that_cannot_be_read_is_a_lost_answer(headers, content):
    with pytest.raises(LostError) as caught:
        body_of(200, headers, content)

    assert caught.value.sent


@pytest.mark.parametrize(("headers", "content"), BROKEN.values(), ids=BROKEN)
def test_a_refusal_that_cannot_be_read_still_is_a_refusal(headers, content):
    assert body_of(400, headers, content) == {}


def test_a_gzip_bomb_is_not_unpacked():
    bomb = gzip.compress(b" " * (BODY_LIMIT + 1024 * 1024))
    assert len(bomb) < 1_000_000

    tracemalloc.start()
    with pytest.raises(LostError, match="more than 64 MB"):
        body_of(200, GZIP, bomb)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert peak < 2.2 * BODY_LIMIT


def test_an_answer_without_end_is_not_read_to_the_end():
    chunk = bytes(1024 * 1024)
    sent = 0

    async def endless():
        nonlocal sent
        while True:
            sent += len(chunk)
            yield chunk

    with pytest.raises(LostError, match="more than 64 MB"):
        asyncio.run(content_of(endless()))

    assert sent <= BODY_LIMIT + len(chunk)
