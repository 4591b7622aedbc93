"""read(): data and places from YAML, whatever the file holds."""

import sys
import unicodedata

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from tests.seeded import Choices, chosen, json_value
from tr_apply.config import reader
from tr_apply.config.places import Places, Sources, place_of


def text(choices):
    """Any text without control characters but those that begin a line or a cell."""
    return "".join(each for each in choices.any_text(12) if each in "\n\t" or unicodedata.category(each) != "Cc")


def integer(choices):
    return max(-(2**63), min(choices.integer(), 2**63 - 1))


SCALARS = (lambda _: None, Choices.flag, integer, Choices.number, text, text)
DATA = chosen(
    lambda choices: dict(choices.some(lambda part: (text(part), json_value(part, SCALARS, text, 2)), 4)),
    640,
)


class Dumper(yaml.SafeDumper):
    """Quotes what YAML 1.1 and 1.2 read differently."""


Dumper.add_representer(str, lambda dumper, text: dumper.represent_scalar("tag:yaml.org,2002:str", text, style='"'))
Dumper.add_representer(
    float, lambda dumper, number: dumper.represent_scalar("tag:yaml.org,2002:float", with_point(number))
)


def with_point(number):
    """As YAML 1.1 wants it, or PyYAML would add a tag."""
    text = repr(number)
    return text if "." in text else text.replace("e", ".0e")


def read(text, **options):
    sources = Sources()
    return reader.read(sources, sources.add("c.yaml", text), **options), sources


def codes(text):
    return [mistake.code for mistake in read(text)[0].mistakes]


@given(DATA, st.booleans())
def test_dumped_yaml_is_read(data, flow):
    text = yaml.dump(data, Dumper=Dumper, default_flow_style=flow, allow_unicode=True, sort_keys=False)

    source, _ = read(text)

    assert source.mistakes == []
    assert source.data == data


@given(DATA, st.booleans(), st.sampled_from(["\n", "\r\n"]))
def test_every_key_and_value_is_where_pyyaml_says(data, flow, line_break):
    text = yaml.dump(data, Dumper=Dumper, default_flow_style=flow, allow_unicode=True, line_break=line_break)

    source, _ = read(text)

    assert places_of(source.places) == marks_of(yaml.compose(text, yaml.SafeLoader))


def places_of(node):
    if not isinstance(node, Places):
        return node
    if isinstance(node.children, dict):
        return [node.at, *((at, places_of(child)) for at, child in zip(node.keys, node.children.values(), strict=True))]
    return [node.at, *map(places_of, node.children)]


def marks_of(node):
    match node:
        case yaml.MappingNode():
            pairs = ((key.start_mark.index, marks_of(value)) for key, value in node.value)
            return [node.start_mark.index, *pairs]
        case yaml.SequenceNode():
            return [node.start_mark.index, *map(marks_of, node.value)]
        case _:
            return node.start_mark.index


def test_an_alias_has_its_own_place_and_its_parts_have_theirs():
    text = "a: &x {b: 1}\nc: *x\n"

    source, _ = read(text)

    shared = source.places.children["c"]
    assert place_of(shared) == text.index("*x")
    assert place_of(shared.children["b"]) == text.index("1}")


def test_equal_keys_and_scalars_are_one_object():
    source, _ = read("a: [{some key: some text}, {some key: some text}]\n")

    first, second = source.data["a"]
    assert next(iter(first)) is next(iter(second))
    assert first["some key"] is second["some key"]


@pytest.mark.parametrize("opening", ["[", "{a: ", "- ", "? "])
def test_deep_nesting_is_a_mistake_and_no_crash(opening):
    assert codes("a: " * (opening != "- ") + opening * 100_000)[-1] in {
        "too-deep",
        "complex-key",
        "not-a-mapping",
        "yaml-syntax",
    }
    assert sys.getrecursionlimit() <= 10_000


def test_a_hundred_levels_are_read_and_one_more_is_not():
    deep = "a: " + "[" * 99 + "]" * 99
    deeper = "a: " + "[" * 100 + "]" * 100

    assert codes(deep) == []
    assert codes(deeper) == ["too-deep"]


def test_values_before_the_depth_limit_are_kept():
    source, _ = read("x: 1\na: " + "[" * 200)

    assert source.data["x"] == 1
    assert not source.complete


def test_aliases_that_double_without_bound_are_a_mistake():
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]" for i in range(1, 9)]

    source, _ = read("\n".join(lines))

    assert [mistake.code for mistake in source.mistakes] == ["alias-bomb"]


def test_aliases_of_a_long_text_count_as_much_as_it_is_long():
    repeated = "a: &a " + "x" * 100_000 + "\nb: [" + "*a, " * 20_000 + "]\n"
    source, _ = read(repeated)

    assert [mistake.code for mistake in source.mistakes] == ["alias-bomb"]


def test_many_aliases_of_short_values_are_allowed():
    assert codes("a: &a {x: 1}\nb: [" + "*a, " * 20_000 + "]\n") == []


def test_many_values_without_an_alias_are_allowed(monkeypatch):
    monkeypatch.setattr(reader, "EXPANSION_LIMIT", 1000)

    source, _ = read("a: &a [1]\nb: *a\nc: [" + "1, " * 1100 + "]\n")

    assert source.mistakes == []


def test_a_scalar_of_twenty_megabytes_is_one_value():
    text = "a: 'x" + "y" * 20_000_000 + "'\nb: }\n"

    source, sources = read(text)

    assert len(source.data["a"]) == 20_000_001
    [mistake] = source.mistakes
    assert sources.locate(mistake.spot.place) == ("c.yaml", 2, 4)


def test_a_whole_number_may_be_as_long_as_attributes_are():
    large, longest = 2**63, int("9" * 4096)

    source, _ = read(f"a: {large}\nb: -{large}9\nc: {longest}\nd: 0x8000000000000000\n")

    assert source.mistakes == []
    assert source.data == {"a": large, "b": -int(f"{large}9"), "c": longest, "d": large}


def test_a_number_of_more_digits_is_a_mistake():
    source, _ = read(f"f: {'9' * 4097}\ng: 0x{'f' * 4096}\nh: 1{'0' * 400}.0\ni: '{'9' * 5000}'\n")

    assert [mistake.spot.path for mistake in source.mistakes] == [(key,) for key in "fgh"]


def test_raw_sections_keep_their_scalars_as_they_are_written():
    source, _ = read("vars: {a: 012, b: {c: no}}\nx: 012\n", raw=frozenset({"vars"}))

    assert source.data == {"vars": {"a": "012", "b": {"c": "no"}}, "x": 12}


def test_a_raw_file_keeps_all_of_them():
    source, _ = read("a: 012\nb: [1, {c: 2}]\nd: true\n", raw=True)

    assert source.data == {"a": "012", "b": ["1", {"c": "2"}], "d": "true"}


@pytest.mark.parametrize(
    "text",
    [
        "a: [1, 2\n",
        "a: 'x\n",
        "a: {b: ${c}}\n",
        "a:\n\tb: 1\n",
        "a: \x07\n",
        "é: \x00",
        "a: b: c\n",
        "a: @b\n",
        "--- a\n--- b\n",
        "a: [*\n",
        "%YAML 2.0\n---\na: 1\n",
    ],
)
def test_the_parser_in_python_finds_the_same_places(monkeypatch, text):
    here = [(mistake.code, mistake.spot.place) for mistake in read(text)[0].mistakes]
    monkeypatch.setattr(reader, "_Parser", yaml.SafeLoader)

    there = [(mistake.code, mistake.spot.place) for mistake in read(text)[0].mistakes]

    assert here == there


def test_a_parser_error_without_a_place_is_reported_at_the_beginning(monkeypatch):
    class Parser:
        def __init__(self, text):
            pass

        def get_event(self):
            raise yaml.YAMLError("something odd")

        def dispose(self):
            pass

    monkeypatch.setattr(reader, "_Parser", Parser)

    [mistake] = read("\n\n a: 1")[0].mistakes

    assert (mistake.message, mistake.spot.place) == ("something odd", 0)


def test_each_of_many_keys_that_are_written_twice_names_its_first_place():
    number = 20_000
    lines = [f"key{n}: {n}\n" for n in range(number)]

    source, _ = read("".join(lines) + "".join(lines))

    assert len(source.mistakes) == number
    assert source.mistakes[0].message == "`key0` is written twice; the first is at c.yaml:1:1"
    assert source.mistakes[-1].message == f"`key{number - 1}` is written twice; the first is at c.yaml:{number}:1"
    assert source.places.key_place("key7") == sum(map(len, lines[:7]))
    assert source.places.child("key7") == sum(map(len, lines)) + sum(map(len, lines[:7])) + len("key7: ")


def test_many_invalid_keys_are_removed_in_one_step():
    number = 5_000
    anchors = "".join(f"- &a{n} x\n" for n in range(number))
    aliases = "".join(f"  *a{n} : y\n" for n in range(number))

    source, _ = read(f"anchors:\n{anchors}mapping:\n{aliases}  kept: z\n")

    assert [mistake.code for mistake in source.mistakes] == ["complex-key"] * number
    assert source.data["mapping"] == {"kept": "z"}
    assert list(source.places.child("mapping").children) == ["kept"]
    assert len(source.places.child("mapping").keys) == 1


@pytest.mark.parametrize("later", ["", "3", "{a: b}", "[a]", "text", "*other"])
def test_a_variable_that_a_later_value_of_its_key_replaces_is_not_looked_for(later):
    source, _ = read(f"other: &other {{x: y}}\na: ${{one}}\na: {later}\nb: ${{two}}\n")

    assert [mistake.code for mistake in source.mistakes if mistake.code == "duplicate-key"] == ["duplicate-key"]
    assert [each.key for each in source.sites] == ["b"]


def test_of_two_variables_for_one_key_the_later_one_is_looked_for():
    source, _ = read("a: ${one}\na: ${two}\n")

    assert [each.container[each.key] for each in source.sites] == ["${two}"]
