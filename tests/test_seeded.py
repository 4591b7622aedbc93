"""Values that are made from bytes: a failure is reported with the simplest value that fails, and any value is possible."""

import math

import pytest
from hypothesis import find, given, settings
from hypothesis import strategies as st

from tests.seeded import INTEGERS, Choices, chosen


def tree(choices, depth=2):
    """A number, or a list of trees."""
    if depth and choices.flag():
        return choices.several(lambda part: tree(part, depth - 1), 2)
    return choices.below(200)


def several(choices):
    return choices.several(lambda part: part.below(200), 4, size=2)


def leaves(value):
    return [leaf for each in value for leaf in leaves(each)] if isinstance(value, list) else [value]


SIMPLEST = {
    "a number": (lambda choices: choices.below(200), lambda number: number > 10, 11),
    "an option": (lambda choices: choices.choice("abc"), lambda letter: letter != "a", "b"),
    "any integer": (Choices.integer, lambda number: number > 10, 11),
    "a negative one": (Choices.integer, lambda number: number < 0, -1),
    "the limit of a type": (Choices.integer, lambda number: number in INTEGERS[-3:], 2**64 - 1),
    "any float": (Choices.number, lambda number: number != round(number), 0.5),
    "a letter in a text": (lambda choices: choices.text("abc", 10), lambda text: "b" in text, "b"),
    "a long text": (lambda choices: choices.text("abc", 10), lambda text: len(text) > 3, "aaaa"),
    "any text": (lambda choices: choices.any_text(8), lambda text: not text.isascii(), "\x80"),
    "one of several": (several, lambda numbers: max(numbers, default=0) > 10, [11]),
    "several": (several, lambda numbers: len(numbers) > 2, [0, 0, 0]),
    "what follows a text": (
        lambda choices: (choices.text("ab", 9), choices.below(9)),
        lambda both: both[1] > 4,
        ("", 5),
    ),
    "a leaf": (tree, lambda value: isinstance(value, list) and max(leaves(value), default=0) > 10, [11]),
    "an empty list": (tree, lambda value: isinstance(value, list) and [] in value, [[]]),
}


@pytest.mark.parametrize("name", SIMPLEST)
def test_a_failure_is_reported_with_the_simplest_value(name):
    make, fails, simplest = SIMPLEST[name]

    reported = find(chosen(make, 24), fails, settings=settings(max_examples=2000, derandomize=True, database=None))

    assert reported == simplest


def test_after_the_last_byte_each_choice_is_the_simplest():
    choices = Choices(b"\x01")

    assert choices.flag()
    assert (choices.flag(), choices.below(9), choices.integer(), choices.number()) == (0, 0, 0, 0)
    assert choices.any_text(5) == choices.text("ab", 5) == ""
    assert choices.several(Choices.flag, 5, least=1) == [False]


def test_each_of_several_has_all_bytes_of_its_size():
    choices = Choices(bytes([2, 1, 1, 7, 8, 9, 10]))

    assert choices.several(lambda part: (part.below(200), part.below(200)), 2, size=2) == [(7, 8), (9, 10)]


@given(st.binary(max_size=200))
def test_numbers_and_texts_are_what_json_and_files_can_hold(content):
    choices = Choices(content)

    assert math.isfinite(choices.number())
    assert abs(choices.integer()) < 2**128
    assert len(choices.any_text(8).encode()) <= 4 * 8
