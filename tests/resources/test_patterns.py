"""Patterns of names, and paths of fields: only `*` and `?` have a meaning, and a name may hold brackets."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tr_apply.resources.field_path import fits, is_field_path, lies_in, path_parts, with_any_item

FITS = [
    ("[EMEA] Sales", "[EMEA] Sales", True),
    ("E Sales", "[EMEA] Sales", False),
    ("[EMEA] Sales", "[EMEA]*", True),
    ("[EMEA] Sales", "*Sales", True),
    ("a*b", "a*b", True),
    ("axxb", "a*b", True),
    ("axb", "a?b", True),
    ("ab", "a?b", False),
    ("[!x]", "[!x]", True),
    ("y", "[!x]", False),
    ("line\nbreak", "line*", True),
    ("", "*", True),
    ("", "?", False),
]


@pytest.mark.parametrize(("name", "pattern", "expected"), FITS)
def test_only_star_and_question_mark_have_a_meaning(name, pattern, expected):
    assert fits(name, pattern) is expected


@given(st.text("ab[]*?!", max_size=12), st.text("ab[]*?!", max_size=8))
def test_a_pattern_means_what_the_same_regular_expression_means(name, pattern):
    signs = {"*": ".*", "?": "."}
    expression = "".join(signs.get(each, re.escape(each)) for each in pattern)

    assert fits(name, pattern) == (name == pattern or re.fullmatch(expression, name, re.DOTALL) is not None)


def test_a_hostile_pattern_is_matched_quickly():
    class Counted(str):
        __slots__ = ()
        steps = 0

        def __getitem__(self, at):
            Counted.steps += 1
            return super().__getitem__(at)

    assert not fits(Counted("a" * 2_000), "*a" * 20 + "b")
    assert Counted.steps < 2_000 * 100


PATHS = [
    ("attributes.phone", ("attributes", "phone")),
    ("filters[Gold].targets", ("filters", "[Gold]", "targets")),
    ("filters[[night] x]", ("filters", "[[night] x]")),
    ("filters[[night]].targets", ("filters", "[[night]]", "targets")),
    ("filters[a.b].name", ("filters", "[a.b]", "name")),
    ("filters[a] b]", ("filters", "[a] b]")),
]


@pytest.mark.parametrize(("path", "parts"), PATHS)
def test_a_name_in_brackets_may_hold_brackets_and_dots(path, parts):
    assert path_parts(path) == parts


@pytest.mark.parametrize("path", ["", ".a", "a.", "a..b", "[a]", "a[]", "a[b", "a]", "a[b]c"])
def test_these_texts_are_not_paths(path):
    assert not is_field_path(path)


def test_a_path_is_inside_itself_and_inside_all_above_it():
    assert lies_in("filters[[night] x].targets", "filters[[night] x]")
    assert lies_in("attributes.a.b", "attributes.a")
    assert not lies_in("attributes.ab", "attributes.a")
    assert with_any_item("filters[[night] x].targets") == "filters[*].targets"


@given(st.text(max_size=20))
def test_any_text_is_a_path_or_is_refused(text):
    assert is_field_path(text) == bool(path_parts(text))
