"""character_index(): the place in the file of each character of a scalar's value, in every style."""

import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.seeded import chosen
from tr_apply.config.columns import character_index

LOADERS = [getattr(yaml, "CSafeLoader", yaml.SafeLoader), yaml.SafeLoader]
CHARACTERS = "ab c  \n\t'\"\\é🎧:#,-\r\x85\u2028\u2029{}$|>&*!%"


def body(choices):
    return choices.text(CHARACTERS, choices.choice([8, 25]))


def dumped(choices):
    """Text as PyYAML writes it, in every style and layout."""
    value = body(choices)
    return yaml.dump(
        choices.choice([{"k": value, "z": 1}, [value, {"q": [value]}]]),
        Dumper=choices.choice([yaml.SafeDumper, getattr(yaml, "CSafeDumper", yaml.SafeDumper)]),
        default_style=choices.choice(["'", '"', "|", ">", None]),
        allow_unicode=choices.flag(),
        width=choices.choice([5, 10, 80]),
        indent=choices.choice([2, 4]),
        line_break=choices.choice(["\n", "\r\n", "\r"]),
        default_flow_style=choices.flag(),
    )


def handwritten(choices):
    """Text as a person may lay it out: deeper lines, blank lines, indicators, anchors, comments."""
    text, style = body(choices), choices.choice(["'", '"', "|", "|2", ">", ">-", ">2", ">+", ""])
    before = choices.choice(["", "&a ", "!!str ", "&a !!str ", "&a # why\n "])
    if style in {"'", '"'}:
        return f"k: {before}{style}{text.replace(style, '').replace(chr(10), chr(10) + ' ')}{style}\n"
    if not style:
        return f"k: {before}" + text.replace("\n", "\n  ")
    deeper = choices.choice(["   ", "    ", "  ", "\n   "])
    return (
        f"k: {before}{style} # note\n   " + text.replace("\n", "\n" + deeper) + choices.choice(["", "\n", "\n\nz: 1\n"])
    )


TEXTS = chosen(dumped) | chosen(handwritten)


def scalars(text):
    """Start and value of each scalar; none if the text is not valid YAML."""
    try:
        events = list(yaml.parse(text, Loader=LOADERS[0]))
    except yaml.YAMLError:
        return []
    return [(event.start_mark.index, event.value) for event in events if isinstance(event, yaml.ScalarEvent)]


@settings(max_examples=500)
@given(TEXTS)
@example("k: &a 'x'")
@example("k: &a:b")
@example("k: !!str\n  x y")
@example("k: >2\n     a\n\n\n   b\n")
@example("k: |\n\n  \n   a\n  b")
@example("k: >\n  a\n  b\n\n  c\n")
@example("k: >\n  a\u2028  b\n")
@example('k: "a\\\n   \\  b\\\n\n c"')
def test_the_character_at_the_index_is_that_of_the_value(text):
    for start, value in scalars(text):
        indices = [character_index(text, start, value, offset) for offset in range(len(value) + 1)]

        assert indices == sorted(indices)
        for index, character in zip(indices, value, strict=False):
            assert reads_as(text, index, character)


def reads_as(text, index, character):
    """Whether the text at *index* can be *character*: itself, the end of a line, or an escape."""
    there = text[index]
    return there in (character, "\\") or (there in "\n\r\x85" and character in " \n")


@settings(max_examples=500)
@given(TEXTS)
def test_changing_the_character_at_the_index_changes_that_character_of_the_value(text):
    for number, (start, value) in enumerate(scalars(text)):
        for offset, character in enumerate(value):
            index = character_index(text, start, value, offset)
            if character in "abcé🎧" and text[index] == character:
                changed = scalars(text[:index] + "Z" + text[index + 1 :])

                assert changed[number][1] == value[:offset] + "Z" + value[offset + 1 :]


@given(
    st.sampled_from("abc"),
    st.lists(st.sampled_from(["a", "\\x41", "\\u00e9", "\\U0001F3A7", "\\t", "\\\\", '\\"', "\\\n  "]), max_size=8),
)
def test_every_escape_is_one_character_or_none(last, parts):
    text = 'k: "' + "".join(parts) + last + '"'
    [_, (start, value)] = scalars(text)

    assert text[character_index(text, start, value, len(value) - 1)] == last


def test_the_end_of_the_value_is_after_its_last_character():
    for text, end in [
        ("k: ab", 5),
        ("k: 'ab'", 6),
        ("k: 'it''s'", 9),
        ('k: "a\\x41"', 9),
        ("k: |\n  ab\n", 10),
        ("k: |-\n  ab\n", 10),
    ]:
        [_, (start, value)] = scalars(text)

        assert character_index(text, start, value, len(value)) == end
        assert character_index(text, start, value, len(value) + 5) == end


def test_an_alias_and_an_empty_value_lead_to_themselves():
    assert character_index("k: &a x\nl: *a", 11, "x", 0) == 11
    assert character_index("k: ", 3, "", 4) == 3
    assert character_index("k: ''", 3, "", 0) == 3


def test_a_value_that_is_not_there_leads_to_the_beginning():
    assert character_index("k: |\n  x\n", 3, "something else", 2) == 3
    assert character_index("k: |", 3, "x", 0) == 3
    assert character_index("k: x", 3, "something else", 2) == 3
