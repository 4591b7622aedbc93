"""Texts for users and maintainers use the plain words of CONTRIBUTING.md."""

import pytest

from tests.plain_words import (
    ROOT,
    Text,
    begins_with_what,
    find,
    maintainer_texts,
    may_have,
    python_docstrings,
    python_messages,
    user_texts,
    words,
)

HERE = ROOT / "here.py"


@pytest.fixture(scope="module")
def avoided():
    return words()


def found_in(texts, avoided):
    return [(one.line, one.word) for one in find(texts, avoided)]


def test_texts_for_users_are_in_plain_words(avoided):
    found = find(user_texts(avoided), avoided)

    assert not found, "\n".join(map(str, found))


def test_texts_for_maintainers_are_in_plain_words(avoided):
    texts = list(maintainer_texts(avoided))

    found = find(texts, avoided) + begins_with_what(texts)

    assert not found, "\n".join(map(str, found))


@pytest.mark.parametrize(
    ("text", "words_found"),
    [
        ("it is no list", ["is no"]),
        ("It is\nno list", ["is no"]),
        ("there is no list, and there\nis no end", []),
        ("it is no longer there", []),
        ("Whoever reads it, mends it", ["Whoever", "mends"]),
        ("an understanding standard", []),
        ("`is no` is code", []),
    ],
)
def test_a_phrase_is_found_as_whole_words_and_not_where_it_is_fine(avoided, text, words_found):
    assert [word for _, word in found_in([Text(HERE, 1, text)], avoided)] == words_found


def test_messages_are_found_by_the_line_and_docstrings_apart(avoided):
    source = '"""What stands here."""\n\nA = "a short text"\nB = f"{A} stands for {A}"\nC = "stands"\n'

    assert found_in(python_messages(HERE, source), avoided) == [(4, "stands")]
    assert found_in(python_docstrings(HERE, source), avoided) == [(1, "stands")]
    assert [one.line for one in begins_with_what(python_docstrings(HERE, source))] == [1]


@pytest.mark.parametrize(
    ("source", "is_possible"),
    [
        ('"it is no list"', True),
        ("'it IS\\nno list'", True),
        ('A = (\n    "it is "  # why\n    f"no {A}"\n)', True),
        ("'''it\nis no list'''", True),
        ('"""What is it?"""', True),
        ('"""\\\nWhatever it is"""', True),
        ('"there is no list, and is nothing"', False),
        ('is_no = "is" in no # it is no list', False),
        ('"there"', False),
    ],
)
def test_a_source_that_may_have_a_word_is_known_before_it_is_parsed(avoided, source, is_possible):
    assert may_have(source, avoided) is is_possible


def test_a_finding_says_where_and_what_to_write_instead(avoided):
    (one,) = find([Text(HERE, 7, "first\nmend it")], avoided)

    assert str(one) == "here.py:8: 'mend': write fix"


def test_every_row_of_the_table_finds_its_own_words():
    guide = "## Prose\n\n| not | but | except |\n|---|---|---|\n| old, older | new | old gold |\n\n## Next\n"

    rows = words(guide)

    assert [row.instead for row in rows] == ["new", "new"]
    assert found_in([Text(HERE, 1, "old gold, old, older")], rows) == [(1, "old"), (1, "older")]
