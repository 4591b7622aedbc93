"""The parts of a workspace: names, seeds, workflow documents, and the shape of routing tests."""

import re
from bisect import bisect_right

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from tests.seeded import Choices, chosen, json_value
from tr_apply.resources import KINDS, SECTIONS
from tr_apply.resources.fields import seconds
from tr_apply.resources.kind import NAME_LIMIT, temporary_name
from tr_apply.resources.routing_test import RoutingTests
from tr_apply.resources.scalar import whole_number
from tr_apply.resources.seeds import FLEX_WORKSPACE, is_flex, seeds
from tr_apply.resources.template import SidOf, each_string, escaped, filled, from_live, mapped, origin, plain
from tr_apply.resources.url import is_url_with_password, may_hold_url
from tr_apply.resources.worker import ATTRIBUTES_LIMIT, Worker, compact_json
from tr_apply.resources.workflow import Workflow, from_document, to_document
from tr_apply.routing.names import name_key

QUEUE = "WQ" + "a" * 32
SCALARS = (lambda _: None, Choices.integer, lambda choices: choices.any_text(3))
JSON = chosen(lambda choices: json_value(choices, SCALARS, lambda part: part.any_text(3)), 480)


# Names


@given(st.text(min_size=1, max_size=NAME_LIMIT))
def test_a_temporary_name_fits_and_belongs_to_one_name_alone(name):
    made = temporary_name(name)

    assert made.endswith(" (tr-apply)")
    assert len(made) <= NAME_LIMIT
    assert name_key(made) != name_key(name)


def test_long_names_that_differ_at_their_end_have_different_temporary_names():
    assert temporary_name("x" * 63 + "a") != temporary_name("x" * 63 + "b")
    assert temporary_name("Gold") == "Gold (tr-apply)"


def test_a_kind_refers_only_to_kinds_above_it():
    names = [kind.name for kind in KINDS]

    for kind in SECTIONS:
        for referred in kind.references.values():
            assert names.index(referred) < names.index(kind.name)


# Seeds


def test_the_seeds_of_each_way_to_make_a_workspace():
    def names(**way):
        return {kind: [getattr(each, "name", None) for each in found] for kind, found in seeds(**way).items() if found}

    multi = names(multi_task_enabled=True, template="NONE")
    assert multi["activity"] == ["Offline", "Available", "Unavailable"]
    assert multi["task_channel"] == ["Default", "Voice", "Programmable Chat", "SMS", "Video"]
    assert names(multi_task_enabled=False, template="NONE")["activity"] == ["Offline", "Idle", "Busy", "Reserved"]
    fifo = names(multi_task_enabled=True, template="FIFO")
    assert (fifo["task_queue"], fifo["workflow"]) == (["Sample Queue"], ["Default Fifo Workflow"])


def test_flex_has_one_workspace():
    assert is_flex(FLEX_WORKSPACE)
    assert not is_flex("Center")


# Templates


@given(st.text(st.sampled_from("${}a:sid/"), max_size=12))
def test_literal_text_comes_back_from_its_template(text):
    assert plain(escaped(text)) == text
    assert filled(from_live(text, {}), lambda _: "never") == text


def test_a_place_after_a_replacement_is_found_in_the_original():
    pattern = re.compile(r"<[^>]*>")

    found = [origin("a<x>b<yy>c", pattern, lambda _: "...", offset) for offset in range(10)]

    #         a     <x>      b     <yy>     c  end
    assert found == [0, 1, 1, 1, 4, 5, 5, 5, 9, 10]


@given(JSON)
def test_every_string_of_a_value_is_found_and_every_leaf_is_mapped(value):
    strings = sorted(each_string(value))

    marked = mapped(value, lambda leaf: f"{leaf}!" if isinstance(leaf, str) else leaf)

    assert sorted(each_string(marked)) == sorted(f"{text}!" for text in strings)
    assert mapped(value, lambda leaf: leaf) == value


# Workflow documents


def read(document):
    keys = from_document(document, lambda sid: f"<{sid}>" if sid.startswith("WQ") else None, escaped)
    return Workflow.model_construct(name="W", **keys)


@pytest.mark.parametrize("document", [None, [], "text", {}, {"task_routing": None}, {"task_routing": []}])
def test_an_invalid_document_holds_nothing(document):
    made = read(document)

    assert (made.filters, made.default_filter, made.extra) == ([], None, {})


@pytest.mark.parametrize(
    "routing",
    [
        {"filters": [1]},
        {"filters": {}},
        {"filters": [{"expression": ""}]},
        {"filters": [{"expression": "1==1", "targets": []}]},
        {"filters": [{"expression": "1==1", "targets": [1]}]},
        {"filters": [{"expression": "1==1", "targets": [{"timeout": 5}, {"queue": QUEUE}]}]},
        {"default_filter": {"priority": 5}},
        {"default_filter": []},
        {"default_filter": "text", "unknown": {"a": [None, "${x}"]}},
    ],
)
def test_unknown_parts_are_kept_as_they_are(routing):
    made = read({"task_routing": routing})

    assert made.filters == []
    assert made.default_filter is None
    assert mapped(made.extra, lambda leaf: plain(leaf) if isinstance(leaf, str) else leaf) == routing


@pytest.mark.parametrize(
    ("written", "number"),
    [
        (5, 5),
        ("5", 5),
        (5.0, 5),
        ("05", 5),
        (True, None),
        (5.5, None),
        ("x", None),
        ("5.0", None),
        (-1, None),
        (2**40, None),
        ([], None),
    ],
    ids=repr,
)
def test_a_priority_may_be_written_in_several_ways(written, number):
    target = read({"task_routing": {"default_filter": {"queue": QUEUE, "priority": written}}}).default_filter

    assert target.priority == number
    assert target.extra == ({} if number is not None else {"priority": written})


@pytest.mark.parametrize("key", ["filter_friendly_name", "friendly_name", "friendlyName", "filterFriendlyName"])
def test_a_filter_has_its_name_by_any_of_the_keys_in_use(key):
    each = {"expression": "1==1", "targets": [{"queue": QUEUE}]}

    [made] = read({"task_routing": {"filters": [{key: "Gold", **each}]}}).filters

    assert (made.name, made.extra) == ("Gold", {})


@given(JSON, JSON)
def test_a_document_is_written_as_it_was_read(inner, outer):
    routing = {"default_filter": {"queue": QUEUE}, "filters": [], "more": inner}
    document = {"task_routing": routing, "beside": outer}

    made = mapped(to_document(read(document)), lambda leaf: plain(leaf) if isinstance(leaf, str) else leaf)

    assert made["beside"] == outer
    assert made["task_routing"]["more"] == inner
    assert str(made["task_routing"]["default_filter"]["queue"]) == f"task_queue/<{QUEUE}>"


# Routing tests


def expecting(**expect):
    return RoutingTests.model_validate({"tests": [{"name": "t", "workflow": "W", "task": {}, "expect": expect}]})


@pytest.mark.parametrize(
    ("moment", "expected"), [("90s", 90), ("15m", 900), ("2h", 7200), ("0s", 0), ("2m30s", 150), ("1h0m1s", 3601)]
)
def test_a_time_is_read_in_seconds(moment, expected):
    assert seconds(moment) == expected
    assert expecting(at={moment: {"queue": "Q"}}).tests[0].expect.at.keys() == {moment}


@pytest.mark.parametrize(
    "expect",
    [
        {},
        {"filter": "A", "default_filter": True},
        {"unrouted": True, "default_filter": True},
        {"default_filter": False},
        {"at": {"soon": {"queue": "Q"}}},
        {"at": {"5s": {}}},
        {"at": {"5s": {"queue": "Q", "unrouted": True}}},
        {"steps": [{"timeout": 5}]},
        {"steps": [{"queue": "Q", "timeout": 0}]},
    ],
)
def test_an_expectation_that_says_nothing_or_two_things_is_refused(expect):
    with pytest.raises(ValidationError):
        expecting(**expect)


@pytest.mark.parametrize("expect", [{"filter": "A"}, {"default_filter": True}, {"unrouted": True}, {"steps": []}, {"filter": "A", "at": {"5s": {"unrouted": True}}}])  # fmt: skip
def test_an_expectation_that_says_one_thing_is_taken(expect):
    assert expecting(**expect).tests[0].expect.model_dump(exclude_unset=True) == expect


@pytest.mark.parametrize("before", ["", "L", "x", "LW"])
def test_a_sid_in_live_text_is_found_after_any_letter(before):
    sid = "WA" + "0a" * 16

    assert from_live(f"{before}{sid}", {sid: SidOf("activity", "Lunch")}) == f"{before}${{sid:activity/Lunch}}"


@pytest.mark.parametrize(
    ("text", "number"),
    [("0", 0), ("007", 7), ("9" * 15, 10**15 - 1), ("9" * 5_000, None), ("", None), ("-1", None), ("+1", None)],
)
def test_a_count_is_written_in_few_digits(text, number):
    assert whole_number(text) == number


@pytest.mark.parametrize("text", ["²", "٣", "1_000", " 1", "1\n", "1.0", None, 1])
def test_a_count_has_no_other_form_of_a_number(text):
    assert whole_number(text) is None


# Quick answers


@pytest.mark.parametrize(
    "part", ["a", '"', "\\", "'", "\x01", "\x7f", "\n", "é", "\u2028", "${sid:}", "$${", "${sid:worker/a}"]
)
def test_attributes_of_any_characters_are_as_long_as_their_json_with_sids_filled_in(part):
    def length(text):
        return len(filled(compact_json({"a": text}), lambda _: "0" * 34))

    longest = bisect_right(range(ATTRIBUTES_LIMIT), ATTRIBUTES_LIMIT, key=lambda times: length(part * times)) - 1
    quick = range(1, ATTRIBUTES_LIMIT // 5, 7)  # where short ones are answered without writing the JSON
    for times in (*quick, *range(1, ATTRIBUTES_LIMIT, 97), *range(max(longest - 9, 1), longest + 9)):
        text = part * times
        fits = length(text) <= ATTRIBUTES_LIMIT
        try:
            Worker(name="Ana", attributes={"a": text})
        except ValidationError:
            assert not fits
        else:
            assert fits


@given(
    st.recursive(
        st.text("ab:/$@{}?=_url", max_size=12) | st.sampled_from(["https://a:b@c", "ftp://x:y@z", "$${://", "a:b@c"]),
        lambda below: st.lists(below, max_size=3) | st.dictionaries(st.sampled_from(["a", "b_url", "_url"]), below),
        max_leaves=8,
    )
)
def test_a_url_is_in_nothing_that_may_not_hold_one(value):
    def urls(value, key):
        match value:
            case dict():
                return any(urls(child, name) for name, child in value.items())
            case list():
                return any(urls(child, str(index)) for index, child in enumerate(value))
        return is_url_with_password(key, plain(value))

    attributes = {"x": value}

    assert may_hold_url(attributes) or not urls(attributes, "")
