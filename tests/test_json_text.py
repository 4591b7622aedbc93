"""JSON of others: every text is read, and refused, as json.loads does it; values are compared as JSON."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.seeded import JSON_SCALARS, chosen, json_value
from tr_apply.json_text import read_json, same_json

SCALARS = (*JSON_SCALARS, lambda choices: choices.any_text(6))
VALUES = chosen(lambda choices: json_value(choices, SCALARS, lambda part: part.any_text(6)), 640)


def outcome(read, text):
    try:
        return repr(read(text))
    except ValueError as error:
        return str(error)


@given(VALUES, st.booleans())
def test_json_is_read_as_by_the_standard_library(value, ascii_only):
    text = json.dumps(value, ensure_ascii=ascii_only)

    assert outcome(read_json, text) == outcome(json.loads, text)


@given(st.text(st.sampled_from('{}[]":,0123456789.eE+-\\ud8dc0 truefalsn\t')))
def test_unusual_json_is_refused_or_read_alike(text):
    assert outcome(read_json, text) == outcome(json.loads, text)


@pytest.mark.parametrize(
    "text", ['"\\ud800"', '{"a": 1, "a": 2}', "1" * 5000, "NaN", "\ufeff1", "", "[1,]", "1e999", "-0.0"]
)
def test_particular_texts_are_read_alike(text):
    assert outcome(read_json, text) == outcome(json.loads, text)


def test_bytes_are_read_alike():
    assert read_json('{"é": [1.5]}'.encode()) == {"é": [1.5]}


def test_extreme_nesting_is_reported_as_such():
    with pytest.raises(RecursionError):
        read_json("[" * 100_000)


# Comparing


SAME_JSON = [
    (1, 1.0),
    ({"a": 1, "b": 2}, {"b": 2, "a": 1}),
    ({"a": [1, {"b": None}]}, {"a": [1.0, {"b": None}]}),
    ("x", "x"),
    (None, None),
    ({}, {}),
]
OTHER_JSON = [
    (True, 1),
    (False, 0),
    ([True], [1]),
    ({"a": {"b": [0]}}, {"a": {"b": [False]}}),
    ([1, 2], [2, 1]),
    ({"a": None}, {}),
    ("1", 1),
    ("", None),
    ([], {}),
]


@pytest.mark.parametrize(("one", "other"), SAME_JSON)
def test_json_values_are_the_same_whatever_the_order_of_keys_and_the_kind_of_number(one, other):
    assert same_json(one, other)
    assert same_json(other, one)


@pytest.mark.parametrize(("one", "other"), OTHER_JSON)
def test_json_values_of_other_types_differ(one, other):
    assert not same_json(one, other)
    assert not same_json(other, one)
