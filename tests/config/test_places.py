"""Places: from offsets to files, lines, columns and paths."""

from hypothesis import given
from hypothesis import strategies as st

from tr_apply.config.places import Places, Sources, dotted, find, paths_of, shown
from tr_apply.config.shape import JSON_KEYS, shape_of
from tr_apply.resources import KINDS
from tr_apply.resources.document import Document


def tree():
    """``a: [x, {b: y}]`` with a made-up place for everything."""
    inner = Places(40, mapping=True)
    inner.keys, inner.children = [41], {"b": 42}
    items = Places(20, mapping=False)
    items.children = [30, inner]
    root = Places(0, mapping=True)
    root.keys, root.children = [10], {"a": items}
    return root


@given(st.lists(st.text(st.sampled_from("a\né\r"), max_size=8), min_size=1, max_size=4), st.data())
def test_a_place_is_a_line_and_a_column_of_its_own_file(texts, data):
    sources = Sources()
    begins = [sources.add(f"{number}", text) for number, text in enumerate(texts)]
    number = data.draw(st.integers(0, len(texts) - 1))
    index = data.draw(st.integers(0, len(texts[number])))

    name, line, column = sources.locate(begins[number] + index)

    before = texts[number][:index]
    if before.endswith("\r") and texts[number][index : index + 1] == "\n":
        return  # between the two halves of the end of a line
    lines = before.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    assert (name, line, column) == (str(number), len(lines), len(lines[-1]) + 1)
    assert sources.text_at(begins[number] + index) == (texts[number], index)


def test_a_path_leads_to_a_value_or_to_its_key():
    root = tree()

    assert find(root, ("a", 1, "b")) == 42
    assert find(root, ("a", 1, "b"), key=True) == 41
    assert find(root, ("a", 1), key=True) == 40
    assert find(root, ()) == 0


def test_a_path_that_ends_early_leads_to_the_nearest_above():
    root = tree()

    assert find(root, ("a", 1, "c", "d")) == 40
    assert find(root, ("a", 0, "x")) == 30
    assert find(root, ("a", 7)) == 20
    assert find(root, ("a", "x")) == 20
    assert find(root, ("z",)) == 0


def test_places_have_paths_in_the_order_of_the_file():
    assert list(paths_of(tree(), {42, 30, 0, 99})) == [(30, ("a", 0)), (42, ("a", 1, "b"))]


def test_a_path_is_written_as_people_write_it():
    assert dotted(("task_queues", 2, "target_workers")) == "task_queues[2].target_workers"
    assert dotted(()) == ""


def test_a_part_of_a_message_is_short_and_on_one_line():
    assert shown("plain é") == "plain é"
    assert shown("a\nb\tc\x1b[0m\u2028\x85") == "a\\nb\\tc\\x1b[0m\\u2028\\x85"
    assert len(shown("x" * 1000)) == 80


def test_the_keys_of_json_are_those_of_the_models():
    def keys(shape, key=None):
        if shape.is_json:
            yield key
        for name, below in shape.keys.items():
            yield from keys(below, name)
        if shape.each is not None:
            yield from keys(shape.each, key)

    resources = [shape for name, shape in shape_of(Document).keys.items() if name in {kind.section for kind in KINDS}]

    assert {key for shape in resources for key in keys(shape)} == JSON_KEYS


def test_packed_places_are_the_same_as_those_that_were_put_together_one_by_one():
    inner = Places.packed(40, None, [2, 9])
    packed = Places.packed(10, ("a", "b", "c"), [0, 3, 20, inner, 1_000, 1_003])

    assert packed.keys == [10, 30, 1_010]
    assert packed.children == {"a": 13, "b": inner, "c": 1_013}
    assert inner.children == [42, 49]
    assert list(packed.copy().items()) == list(packed.items())


def test_a_key_that_is_added_or_dropped_later_has_its_place():
    places = Places.packed(10, ("a", "b"), [0, 3, 20, 23])
    assert places.key_place("b") == 30

    places.children["c"] = 103
    places.keys.append(100)
    places.without({"a"})

    assert [places.key_place(key) for key in "abc"] == [None, 30, 100]
