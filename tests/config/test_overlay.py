"""Overlays: laws that hold whatever is laid over what."""

import json

from hypothesis import given
from hypothesis import strategies as st

from tests.seeded import made
from tr_apply.config.composition.overlay import overlaid
from tr_apply.config.places import Located, Places, Sources, find, place_of
from tr_apply.config.reader import read
from tr_apply.resources.document import allowed_of, share, strictest


def json_value(random, depth=2):
    """A leaf, or a list or a mapping of at most *depth* further levels."""
    match random.choice(["leaf", "list", "mapping"]) if depth else "leaf":
        case "leaf":
            return random.choice([random.randint(0, 9), random.choice(["", "a", "b", "ab", "ba"]), True, False])
        case "list":
            return [json_value(random, depth - 1) for _ in range(random.randint(0, 2))]
    return mapping(random, "xyz", lambda: json_value(random, depth - 1))


def mapping(random, keys, value):
    return {key: value() for key in random.sample(keys, random.randint(0, len(keys)))}


def unique(random, names, item):
    """At most three items, no two with names that differ in case alone."""
    found = {name.casefold(): item(random, name) for name in random.choices(names, k=random.choice([0, 1, 2, 3, 3]))}
    return list(found.values())


def queue(random, name):
    return {"name": name} | mapping(random, ["task_order", "renamed_from"], lambda: json_value(random))


def filter_of(random, name):
    return {"name": name} | mapping(random, ["expression", "extra"], lambda: json_value(random))


def workflow(random, name):
    return {"name": name, "filters": unique(random, "FGH", filter_of)}


def rule(random):
    return random.choice(["exact", "additive", {"mode": "additive"}])


def queues(random):
    return unique(random, NAMES, queue)


def configuration(random):
    return {section: SECTIONS[section](random) for section in SECTIONS if random.random() < 3 / 4}


NAMES = ["Gold", "gold", "Silver", "Ä"]
SECTIONS = {
    "workspace": lambda random: mapping(random, ["name", "sid", "events_filter"], lambda: json_value(random)),
    "task_queues": queues,
    "workflows": lambda random: unique(random, NAMES, workflow),
    "manage": lambda random: mapping(random, ["workers", "task_queues"], lambda: rule(random)),
}
CONFIGURATION = made(configuration)


def located(data, name="c.yaml"):
    sources = Sources()
    source = read(sources, sources.add(name, json.dumps(data, ensure_ascii=False)))
    return Located(source.data, source.places)


def laid(*layers):
    mistakes = []
    base = located(layers[0])
    for layer in layers[1:]:
        base = overlaid(base, located(layer), mistakes)
    return base, mistakes


def spelled_out(data):
    """With each rule of one word as its mode."""
    manage = {key: {"mode": rule} if isinstance(rule, str) else rule for key, rule in data.get("manage", {}).items()}
    return data | ({"manage": manage} if "manage" in data else {})


@given(CONFIGURATION)
def test_an_overlay_of_itself_changes_nothing(data):
    result, mistakes = laid(data, data)

    assert spelled_out(result.value) == spelled_out(data)
    assert mistakes == []


@given(CONFIGURATION)
def test_an_empty_overlay_changes_nothing(data):
    result, mistakes = laid(data, {})

    assert result.value == data
    assert mistakes == []


@given(CONFIGURATION, CONFIGURATION)
def test_an_overlay_laid_twice_is_the_same_as_once(data, patch):
    once, _ = laid(data, patch)
    twice, _ = laid(data, patch, patch)

    assert spelled_out(twice.value) == spelled_out(once.value)


@given(CONFIGURATION, CONFIGURATION)
def test_the_base_is_not_changed(data, patch):
    base, mistakes = located(data), []
    before = json.dumps(base.value)

    overlaid(base, located(patch), mistakes)

    assert json.dumps(base.value) == before


@given(CONFIGURATION, CONFIGURATION)
def test_the_result_has_a_place_for_everything(data, patch):
    result, _ = laid(data, patch)

    assert has_places(result.value, result.node)


def has_places(value, node):
    match value:
        case dict():
            assert isinstance(node, Places)
            assert len(node.keys) == len(node.children)
            assert list(value) == list(node.children)
            return all(has_places(child, node.children[key]) for key, child in value.items())
        case list():
            assert isinstance(node, Places)
            assert len(value) == len(node.children)
            return all(has_places(*pair) for pair in zip(value, node.children, strict=True))
        case _:
            return isinstance(place_of(node), int)


@given(made(queues), made(queues))
def test_existing_items_keep_their_order_and_new_ones_follow(base, patch):
    result, _ = laid({"task_queues": base}, {"task_queues": patch})

    names = [each["name"].casefold() for each in result.value["task_queues"]]
    old = [each["name"].casefold() for each in base]
    new = [each["name"].casefold() for each in patch if each["name"].casefold() not in old]
    assert names == old + new if patch else names == []


def test_a_value_is_where_the_overlay_wrote_it_and_its_key_where_it_stood_before():
    sources, mistakes = Sources(), []
    texts = {"base.yaml": "workspace: {name: W, sid: A}\n", "overlay.yaml": "\n\nworkspace: {sid: B, template: C}\n"}
    base, overlay = (read(sources, sources.add(name, text)) for name, text in texts.items())

    result = overlaid(Located(base.data, base.places), Located(overlay.data, overlay.places), mistakes)

    def where(*path, key=False):
        return sources.locate(find(result.node, path, key=key))

    assert where("workspace", "sid") == ("overlay.yaml", 3, 18)
    assert where("workspace", "sid", key=True) == ("base.yaml", 1, 22)
    assert where("workspace", "template", key=True) == ("overlay.yaml", 3, 21)
    assert where("workspace", "name") == ("base.yaml", 1, 19)


BASE = {
    "workspace": {"name": "W"},
    "workflows": [{"name": "A", "filters": [{"name": name} for name in "FGH"]}],
}


@given(st.sampled_from("FGHN"), st.sampled_from(["before", "after"]), st.sampled_from("FGH"))
def test_a_filter_goes_directly_before_or_after_the_one_that_it_names(name, key, other):
    if name == other:
        return

    result, mistakes = laid(BASE, {"workflows": [{"name": "A", "filters": [{"name": name, key: other}]}]})

    names = [each["name"] for each in result.value["workflows"][0]["filters"]]
    assert mistakes == []
    assert names.index(name) - names.index(other) == (1 if key == "after" else -1)
    assert [each for each in names if each != name] == [each for each in "FGH" if each != name]
    assert has_places(result.value, result.node)


def test_filters_that_go_after_the_same_one_are_in_the_order_in_which_they_are_written():
    placed = [{"name": name, "after": "F"} for name in ("N", "H", "M")]

    result, mistakes = laid(BASE, {"workflows": [{"name": "A", "filters": placed}]})

    assert [each["name"] for each in result.value["workflows"][0]["filters"]] == list("FNHMG")
    assert mistakes == []


def test_a_filter_goes_after_those_that_went_after_one_placed_before_it():
    placed = [{"name": name, "after": other} for name, other in ("NF", "HF", "PN", "RP", "MF", "SN")]

    result, mistakes = laid(BASE, {"workflows": [{"name": "A", "filters": placed}]})

    assert [each["name"] for each in result.value["workflows"][0]["filters"]] == list("FNPRSHMG")
    assert mistakes == []


LIMIT = st.integers(0, 60) | st.integers(0, 100).map("{}%".format)


@given(st.lists(LIMIT, min_size=2, max_size=5), st.integers(0, 200))
def test_the_strictest_limit_of_all_counts_whatever_is_live(limits, live):
    result, _ = laid(*({"safety": {"max_deletes": limit}} for limit in limits))

    made = strictest(share(result.value["safety"]["max_deletes"]), live)
    assert allowed_of(made, live) == min(allowed_of(limit, live) for limit in limits)


@given(st.lists(LIMIT, min_size=2, max_size=2))
def test_a_literal_limit_that_is_higher_in_the_same_unit_is_a_mistake(limits):
    _, mistakes = laid(*({"safety": {"max_deletes": limit}} for limit in limits))

    numbers = [int(str(limit).rstrip("%")) for limit in limits]
    same_unit = type(limits[0]) is type(limits[1])
    assert bool(mistakes) == (same_unit and numbers[1] > numbers[0])


def test_protected_names_are_united():
    result, mistakes = laid(*({"safety": {"protect": names}} for names in (["a/1", "a/2"], ["a/2", "a/3"], ["a/1"])))

    assert result.value == {"safety": {"protect": ["a/1", "a/2", "a/3"]}}
    assert mistakes == []


def test_an_overlay_cannot_undo_that_only_declared_resources_are_deleted():
    result, mistakes = laid({"safety": {"delete": "declared"}}, {"safety": {"delete": "any"}})

    assert result.value == {"safety": {"delete": "declared"}}
    assert [each.code for each in mistakes] == ["weakens-safety"]


def test_an_invalid_limit_is_left_to_the_check_of_the_result():
    result, mistakes = laid({"safety": {"max_deletes": 3}}, {"safety": {"max_deletes": "many"}})

    assert result.value == {"safety": {"max_deletes": "many"}}
    assert mistakes == []


def test_new_and_unset_leave_no_trace_in_the_result():
    base = {"task_queues": [{"name": "Q", "x": 1, "y": 2}], "workspace": {"name": "W", "z": 3}}

    result, mistakes = laid(
        base, {"task_queues": [{"name": "q", "unset": ["x"]}, {"name": "N", "new": True}], "unset": ["workspace"]}
    )

    assert result.value == {"task_queues": [{"name": "q", "y": 2}, {"name": "N"}]}
    assert mistakes == []


@given(CONFIGURATION, CONFIGURATION)
def test_existing_and_new_keys_alone_are_not_a_mistake(data, patch):
    def names(section):
        return {each["name"].casefold() for each in data.get(section, ())}

    unknown = any(each["name"].casefold() not in names(section) for section in ("task_queues", "workflows") for each in patch.get(section, ()))  # fmt: skip
    _, mistakes = laid(data, patch)

    codes = {each.code for each in mistakes if each.spot.path[-1:] != () and "filters" not in each.spot.path}
    assert codes == ({"overlay-unknown"} if unknown else set())
