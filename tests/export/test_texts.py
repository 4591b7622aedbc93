"""Texts at the end of a section: what YAML writes after them must not end the document, or become a part of them."""

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from tr_apply.printable import hidden_characters
from tr_apply.resources.yaml_text import yaml_text

SHAPES = {
    "value": lambda text: text,
    "key": lambda text: {text: []},
    "key in a list": lambda text: [{text: text}, []],
}


@pytest.mark.parametrize(
    "text", ["\n", "\n\n", "a\n", "a\n\n", "a\nb\n\n\n", "a\n\x85", "\u2028\n", "a\nb", "...", "---"], ids=ascii
)
@pytest.mark.parametrize("shape", SHAPES)
def test_a_text_is_read_back_whatever_section_follows(text, shape):
    value = SHAPES[shape](text)
    sections = {"first": {"in": value}, "second": [value], "third": 1}

    assert list(yaml.safe_load_all(yaml_text(sections))) == [sections]


STRANGE = st.text(
    st.sampled_from("a b:\n\t\\\"'#\u202e\u200b\u2066\u200d\ufe0f\ufeff\U000e0001\u2764\u0915\u094d\u0646\x1b\x85"),
    max_size=8,
)


@given(STRANGE, st.sampled_from(sorted(SHAPES)))
@example("\ufe0f\u200d\u2764", "key")
def test_a_character_that_hides_or_steers_text_is_an_escape_that_reads_the_same(text, shape):
    sections = {"first": {"in": SHAPES[shape](text)}, "second": [SHAPES[shape](text)]}

    written = yaml_text(sections)

    assert yaml.safe_load(written) == sections
    assert {written[at] for at in hidden_characters(written)} <= {"\n", "\t"}
