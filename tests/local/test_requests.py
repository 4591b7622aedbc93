"""A form is read as browsers and libraries write it, and as they should not."""

import asyncio
from urllib.parse import parse_qsl, urlencode

from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import Request

from tr_apply.local.http.requests import read_form
from tr_apply.local.storage.refusals import InvalidParameterError

PIECES = [b"%", b"=", b"&", b"+", b"a", b"3", b"D", b"_", b".", b"\r", b"\n", b" ", b"\t", b"%3D", b"%0a", b"%C3%A9"]


def form_of(body):
    async def receive():
        return {"type": "http.request", "body": body, "more_body": False}

    scope = {"type": "http", "method": "POST", "path": "/", "headers": []}
    return asyncio.run(read_form(Request(scope, receive)))


def as_python_reads_it(body):
    form = {}
    for name, value in parse_qsl(body.decode(), keep_blank_values=True, errors="strict"):
        form.setdefault(name, []).append(value)
    return form


TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))


@given(st.lists(st.tuples(TEXT, TEXT)))
def test_an_encoded_form_is_decoded(fields):
    expected = {}
    for name, value in fields:
        expected.setdefault(name, []).append(value)

    assert form_of(urlencode(fields).encode()) == expected


@given(st.lists(st.sampled_from(PIECES)).map(b"".join))
def test_unusual_encodings_are_read_as_python_reads_them(body):
    try:
        form = form_of(body)
    except InvalidParameterError:
        form = None  # a character that ends halfway
    try:
        expected = as_python_reads_it(body)
    except UnicodeDecodeError:
        expected = None

    assert form == expected
