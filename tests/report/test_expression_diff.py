"""expression_lines(): what changed in an expression, term by term."""

import json
import re
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.seeded import chosen
from tr_apply.report.expression_diff import expression_lines
from tr_apply.report.text_diff import FOLD, text_lines
from tr_apply.routing.format import format_expression
from tr_apply.routing.nodes import flattened
from tr_apply.routing.parser import parse

LONG = " AND ".join(f"skills HAS 'skill{n}'" for n in range(60))


def told(before, after):
    lines = expression_lines(before, after)
    return ["  " * line.depth + f"{line.sign} {line.text}".strip() for line in lines]


CASES = {
    "a term is added": (
        "languages HAS 'es'",
        "languages HAS 'es' AND worker.skills HAS 'x'",
        ["languages HAS 'es'", "+ AND worker.skills HAS 'x'"],
    ),
    "a term goes": (
        "languages HAS 'es' OR vip == true",
        "languages HAS 'es'",
        ["languages HAS 'es'", "- OR vip == true"],
    ),
    "a term is edited": (
        "languages HAS 'es' AND level > 3",
        "languages HAS 'es' AND level > 4",
        ["languages HAS 'es'", "- AND level > 3", "+ AND level > 4"],
    ),
    "the only term is another one": ("1==1", "languages HAS 'es'", ["- 1==1", "+ languages HAS 'es'"]),
    "a branch gets a term": (
        "a == 1 AND (b == 2 OR c == 3)",
        "a == 1 AND (b == 2 OR c == 3 OR d == 4)",
        ["a == 1", "inside (b == 2 OR c == 3):", "  + OR d == 4"],
    ),
    "a term becomes a branch": (
        "a == 1 AND b == 2",
        "a == 1 AND (b == 2 OR c == 3)",
        ["a == 1", "inside (b == 2):", "  + OR c == 3"],
    ),
    "terms are grouped in another way": (
        "a == 1 AND (b == 2 OR c == 3)",
        "(a == 1 AND b == 2) OR c == 3",
        ["grouping changed:", "- a == 1 AND (b == 2 OR c == 3)", "+ (a == 1 AND b == 2) OR c == 3"],
    ),
    "only the order is another one": (
        "a == 1 AND b == 2",
        "b == 2 AND a == 1",
        ["order changed:", "- a == 1 AND b == 2", "+ b == 2 AND a == 1"],
    ),
    "a short list gets a value": (
        "tier IN ['gold']",
        "tier IN ['gold', 'silver']",
        ["- tier IN ['gold']", "+ tier IN ['gold', 'silver']"],
    ),
    "a long list gets a value": (
        f"number IN {[f'+1415555010{n}' for n in range(9)]}",
        f"number IN {[f'+1415555010{n}' for n in range(1, 10)]}",
        [f"number IN [{FOLD}]:", "  - '+14155550100'", "  + '+14155550109'"],
    ),
    "a SID is that of another resource": (
        "worker.sid == '${sid:worker/ben}' OR a == 1",
        "worker.sid == '${sid:worker/ann}' OR a == 1",
        ["a == 1", "- OR worker.sid == '${sid:worker/ben}'", "+ OR worker.sid == '${sid:worker/ann}'"],
    ),
    "many terms stay": (
        LONG,
        f"{LONG} AND level > 3",
        [f"skills HAS 'skill0' AND skills HAS 'skill1' {FOLD} (58 more terms)", "+ AND level > 3"],
    ),
    "nothing can be read": ("x = = 1", "x = = 2", ["- x = = 1", "+ x = = 2"]),
    "nothing can be read, and it is long": (
        f"{LONG} AND",
        f"{LONG} OR",
        [f"- {FOLD} 'skill59' AND", f"+ {FOLD} 'skill59' OR"],
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_changed_terms_are_shown_and_unchanged_ones_folded(case):
    before, after, lines = CASES[case]

    assert told(before, after) == lines


def term(choices):
    name = choices.choice(["a", "b", "worker.level", "task.skills"])
    match choices.choice(["==", "HAS", "IN"]):
        case "==":
            return f"{name} == {choices.below(6)}"
        case "HAS":
            return f"{name} HAS '{choices.choice(['x', 'y z', '${sid:worker/ann}'])}'"
        case "IN":
            return f"{name} IN {choices.pieces('klmnopqrst', 30) or ['k']}"


def expression(choices, depth=2):
    if not depth or not choices.below(4):
        return term(choices)
    word, parts = choices.choice(["AND", "OR"]), choices.several(lambda part: expression(part, depth - 1), 4, least=2)
    return f" {word} ".join(f"({part})" for part in parts)


expressions = chosen(expression, 640)


def words(text):
    return Counter(re.findall(r"\$\{[^}]*\}|[\w.]+|[=<>!]+", text))


def canonical(text):
    return format_expression(flattened(parse(text.replace("${sid:worker/ann}", "MARK")))).replace(
        "MARK", "${sid:worker/ann}"
    )


@given(expressions, expressions)
def test_every_word_that_changes_is_shown(before, after):
    lines = expression_lines(before, after)

    old, new = words(canonical(before)), words(canonical(after))
    gone, added = (words(" ".join(line.text for line in lines if line.sign == sign)) for sign in "-+")
    connectives = {"AND", "OR"}
    assert {word: number for word, number in (old - new - gone).items() if word not in connectives} == {}
    assert {word: number for word, number in (new - old - added).items() if word not in connectives} == {}


@given(st.text(alphabet="ab =()'\n", max_size=80), st.text(alphabet="ab =()'\n", max_size=80))
def test_every_word_of_a_text_that_changes_is_shown(before, after):
    old, new = text_lines(before, after)

    gone = Counter(re.findall(r"\w+", before)) - Counter(re.findall(r"\w+", after))
    added = Counter(re.findall(r"\w+", after)) - Counter(re.findall(r"\w+", before))
    assert not gone - Counter(re.findall(r"\w+", old.text))
    assert not added - Counter(re.findall(r"\w+", new.text))


def test_a_long_text_is_folded_around_what_changes():
    text = " ".join(f"word{n}" for n in range(100))

    old, new = text_lines(text, text.replace("word50 ", "other "))

    assert old.text == f"{FOLD} word47 word48 word49 word50 word51 word52 word53 {FOLD}"
    assert new.text == f"{FOLD} word47 word48 word49 other word51 word52 word53 {FOLD}"


def test_texts_without_end_are_compared_in_no_time():
    before, after = (" ".join(f"{word}{n}" for n in range(20_000)) for word in "ab")

    old, new = text_lines(before, after)

    assert (old.text, new.text) == (before, after)


CORPUS = Path(__file__).parents[2].parent / "shared" / "corpus" / "expressions.json"


@pytest.mark.skipif(not CORPUS.is_file(), reason=f"no real expressions in {CORPUS}")
def test_of_a_real_expression_a_word_that_goes_and_a_term_that_comes_are_shown():
    for text in (each["expr"] for each in json.loads(CORPUS.read_text())):
        added = expression_lines(text, f"({text}) AND worker.skills HAS 'x'")
        assert any(line.sign == "+" and line.text.endswith("worker.skills HAS 'x'") for line in added), text
        for word in re.finditer(r"\w+", text):
            lines = expression_lines(text, f"{text[: word.start()]}other{text[word.end() :]}")
            assert any(line.sign == "+" and "other" in line.text for line in lines), text
            assert any(line.sign == "-" and word[0].lower() in line.text.lower() for line in lines), text
