"""Texts at the end of a section: what YAML writes after them must not end the document, or become a part of them."""

import pytest
import yaml

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
