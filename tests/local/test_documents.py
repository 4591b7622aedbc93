"""JSON in form fields: the quick reader of usual JSON returns the same as the strict one."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tr_apply.local.storage.documents import DEPTH_LIMIT, compact, parse_object, read_usual

SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.sampled_from(["a, b", "c: d", '"', "é", "\n"])
VALUES = st.recursive(
    SCALARS | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["k", "l, m", "n: o"]), inner),
    max_leaves=8,
)
SEPARATORS = st.sampled_from([(",", ":"), (", ", ": "), (",", ": "), (" , ", " :"), (", ", ":")])


@given(VALUES, SEPARATORS, st.booleans())
@settings(max_examples=300, deadline=None)
def test_an_object_is_read_and_stored_the_same_either_way(value, separators, escaped):
    text = json.dumps({"key": value}, separators=separators, ensure_ascii=escaped)

    if (found := read_usual(text)) is not None:
        values = parse_object("Attributes", text, any_integer=True)
        assert (found[0], repr(found[1])) == (compact(text), repr(values))


@pytest.mark.parametrize("separators", [(",", ":"), (", ", ": ")])
def test_json_of_python_and_javascript_is_usual(separators):
    value = {"type": "lead", "skills": ["a b", "c,d"], "score": 1.5, "customer": {"id": 2**70, "vip": True}}
    text = json.dumps(value, separators=separators)

    assert read_usual(text) == (json.dumps(value, separators=(",", ":")), value)


@pytest.mark.parametrize(
    "text",
    [
        '{"a": 1, "a": 1}',
        '{"a": NaN}',
        '{"a": 1e400}',
        '{"a": 1E2}',
        r'{"a": "\u0041"}',
        r'{"a": "\/"}',
        '{"a": "\ud800"}',
        '{"a":  1}',
        '{"a": 1}}',
        "[1]",
        "1",
        '{"a": ' + "[" * DEPTH_LIMIT + "]" * DEPTH_LIMIT + "}",
    ],
)
def test_other_json_needs_the_strict_reader(text):
    assert read_usual(text) is None
