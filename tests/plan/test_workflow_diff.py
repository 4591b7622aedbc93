"""The differences between two workflow documents."""

import copy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tr_apply.plan.change import FilterPlace
from tr_apply.plan.compare.filter_match import matched_filters
from tr_apply.plan.compare.workflow_diff import workflow_changes
from tr_apply.resources.workflow import Workflow, from_document

QUEUE = {"queue": "A"}


def named(name, queue="A", **more):
    return {"name": name, "expression": "x == 1", "targets": [{"queue": queue}], **more}


def unnamed(expression, *queues):
    return {"expression": expression, "targets": [{"queue": queue} for queue in queues or ["A"]]}


def changes(before, after):
    return fields_changed({"filters": before}, {"filters": after})


def fields_changed(before, after):
    old, new = (Workflow.model_validate({"name": "W", **copy.deepcopy(fields)}) for fields in (before, after))
    return [(change.path, change.before, change.after) for change in workflow_changes(old, new)]


A, B, C, D = (named(name, queue) for name, queue in (("a", "A"), ("b", "B"), ("c", "C"), ("d", "D")))

# The change -> filters before, filters after, paths that change.
CASES = {
    "nothing": ([A, B], [A, B], []),
    "one is put in at the top": ([A, B], [C, A, B], ["filters[c]"]),
    "one goes from the middle": ([A, B, C], [A, C], ["filters[b]"]),
    "the last moves to the top": ([A, B, C], [C, A, B], ["filters[c].position"]),
    "the first moves to the end": ([A, B, C], [B, C, A], ["filters[a].position"]),
    "two change places": ([A, B], [B, A], ["filters[b].position"]),
    "the order is turned round": ([A, B, C], [C, B, A], ["filters[b].position", "filters[c].position"]),
    "one is edited": ([A], [A | {"expression": "x == 2"}], ["filters[a].expression"]),
    "one is moved and edited": (
        [A, B, C],
        [C | {"expression": "x == 2"}, A, B],
        ["filters[c].position", "filters[c].expression"],
    ),
    "one is renamed": ([A, B], [A, named("z", "B")], ["filters[z].name"]),
    "one is renamed and moved": ([A, B, C], [named("z", "C"), A, B], ["filters[z].position", "filters[z].name"]),
    "one is named": ([A, unnamed("y == 1")], [A, unnamed("y == 1") | {"name": "y"}], ["filters[y].name"]),
    "one is renamed and leads elsewhere": ([A], [named("z", "B")], ["filters[z].name", "filters[z].targets[0].queue"]),
    "one is renamed and edited": (
        [A | {"expression": "x == 1 AND y == 'p'"}, B],
        [named("z") | {"expression": "x == 1 AND y == 'q'"}, B],
        ["filters[z].name", "filters[z].expression"],
    ),
    "one goes and another comes": (
        [named("es", "Spanish") | {"expression": "language == 'es'"}],
        [named("fr", "French") | {"expression": "country == 'fr'"}],
        ["filters[es]", "filters[fr]"],
    ),
    "an unnamed one is put in on top of others": (
        [unnamed(f"x == {n}") for n in range(9)],
        [unnamed("y == 1"), *(unnamed(f"x == {n}") for n in range(9))],
        ["filters[#1]"],
    ),
    "an unnamed one is put in on top and another edited": (
        [unnamed("x == 1 AND vip == true"), unnamed("z == 3", "B")],
        [unnamed("y == 1", "C"), unnamed("x == 1 AND vip == false"), unnamed("z == 3", "B")],
        ["filters[#1]", "filters[#2].expression"],
    ),
    "unnamed ones go by their order": (
        [unnamed("x == 1"), unnamed("x == 2")],
        [unnamed("x == 1"), unnamed("x == 3")],
        ["filters[#2].expression"],
    ),
    "an unnamed one is added": ([unnamed("x == 1")], [unnamed("x == 1"), unnamed("x == 2")], ["filters[#2]"]),
    "an unnamed one is taken away": ([A, unnamed("x == 1")], [A], ["filters[#2]"]),
    "repeated names go by their order": ([A, A], [A, A | {"expression": "x == 2"}], ["filters[#2].expression"]),
    "a name begins to repeat": ([A], [A, A], ["filters[#2]"]),
    "a named one among unnamed ones is still known": (
        [unnamed("x == 1"), A],
        [A, unnamed("x == 1")],
        ["filters[a].position"],
    ),
    "an empty name is none": ([A | {"name": ""}], [unnamed("x == 1")], []),
    "an expression is written in another way": ([A], [A | {"expression": "x==1"}], []),
    "two that match everything are the same one only if they lead to the same queues": (
        [named("first", "B") | {"expression": "1==1"}],
        [unnamed("1==1", "C"), named("second", "B") | {"expression": "1==1 AND skills HAS 'x'"}],
        ["filters[#1]", "filters[second].name", "filters[second].expression"],
    ),
    "blanks, case and needless parentheses do not count": (
        [A | {"expression": "x HAS 'a' AND (y == 2 AND z == 3)"}],
        [A | {"expression": " (x has 'a') and y = 2 AND (z==3)  "}],
        [],
    ),
    "blanks at an end do not count where nothing can be read": (
        [A | {"expression": "x = = 1"}],
        [A | {"expression": " x = = 1 "}],
        [],
    ),
    "parentheses that matter do": (
        [A | {"expression": "x == 1 AND (y == 2 OR z == 3)"}],
        [A | {"expression": "(x == 1 AND y == 2) OR z == 3"}],
        ["filters[a].expression"],
    ),
    "extra changes": ([A], [A | {"extra": {"note": {"by": "me"}}}], ["filters[a].extra.note"]),
    "extra changes deep inside": (
        [A | {"extra": {"note": {"by": "me", "at": 1}}}],
        [A | {"extra": {"note": {"by": "you", "at": 1}}}],
        ["filters[a].extra.note.by"],
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_filters(case):
    before, after, paths = CASES[case]

    assert sorted(path for path, _, _ in changes(before, after)) == sorted(paths)


def test_positions_count_from_one():
    assert changes([A, B, C], [C, A, B]) == [("filters[c].position", 3, 1)]


def places(before, after):
    old, new = (Workflow.model_validate({"name": "W", "filters": copy.deepcopy(each)}) for each in (before, after))
    return {change.path: change.filter for change in workflow_changes(old, new)}


def test_an_added_filter_shows_its_position_and_the_filter_below():
    everyone = unnamed("1==1")

    assert places([A, B], [everyone, A, B]) == {"filters[#1]": FilterPlace(1, 3, None, "a")}
    assert places([A, B], [A, B, everyone]) == {"filters[#3]": FilterPlace(3, 3, None, None)}
    assert places([A, unnamed("y == 1")], [C, A, unnamed("y == 2")])["filters[c]"] == FilterPlace(1, 3, "c", "a")
    assert places([unnamed("y == 1")], [A, unnamed("y == 1")])["filters[a]"].above == "filter 2"


def test_a_removed_filter_says_where_it_was_and_an_edited_one_where_it_is():
    found = places([A, B, C], [B, C | {"expression": "x == 2"}])

    assert found == {"filters[a]": FilterPlace(1, 3, "a", "b"), "filters[c].expression": FilterPlace(2, 2, "c", None)}


def test_filters_beyond_number_are_matched_by_name_and_expression_alone():
    before = [unnamed(f"x == {n}") for n in range(300)]
    after = [unnamed(f"x == {n} AND y == 1") for n in range(300)]

    assert len(changes(before, after)) == 600


filters = st.lists(
    st.builds(
        lambda name, value, queue: unnamed(f"x == {value}", queue) | ({"name": name} if name else {}),
        st.sampled_from(["", "a", "b", "c"]),
        st.integers(0, 4),
        st.sampled_from("AB"),
    ),
    max_size=6,
)


@given(filters, filters)
def test_each_filter_is_one_of_before_or_an_added_one(before, after):
    old, new = (Workflow.model_validate({"name": "W", "filters": each}).filters for each in (before, after))

    matched = matched_filters(old, new)

    assert len(set(matched.values())) == len(matched)
    assert matched.keys() <= set(range(len(new)))
    assert set(matched.values()) <= set(range(len(old)))
    assert matched_filters(new, new) == {index: index for index in range(len(new))}


def test_the_fewest_filters_move():
    filters = [named(str(number), "A") for number in range(50)]

    moved = changes(filters, [*filters[40:], *filters[:40]])

    assert len(moved) == 10


TARGETS = {
    "a target is put in first": (["A", "B"], ["C", "A", "B"], ["filters[f].targets[0]"]),
    "a target is added at the end": (["A"], ["A", "B"], ["filters[f].targets[1]"]),
    "a target goes": (["A", "B"], ["B"], ["filters[f].targets[0]"]),
    "a target leads elsewhere": (["A", "B"], ["A", "C"], ["filters[f].targets[1].queue"]),
}


@pytest.mark.parametrize("case", TARGETS)
def test_targets(case):
    before, after, paths = TARGETS[case]

    found = changes([unnamed("x == 1", *before) | {"name": "f"}], [unnamed("x == 1", *after) | {"name": "f"}])

    assert [path for path, _, _ in found] == paths


def test_a_target_written_in_another_way_is_known_when_one_is_put_in_before_it():
    step = {"queue": "A", "expression": "task.x == worker.y", "order_by": "worker.level DESC", "skip_if": "1==1"}
    written = step | {"expression": "task.x==worker.y", "order_by": "worker.level  desc", "skip_if": "1 == 1"}
    before = {"name": "f", "expression": "x == 1", "targets": [step]}
    after = {"name": "f", "expression": "x == 1", "targets": [{"queue": "B"}, written]}

    assert [path for path, _, _ in changes([before], [after])] == ["filters[f].targets[0]"]


FIELDS = {
    "queue": ("A", "B"),
    "priority": (1, 2),
    "timeout": (30, 60),
    "expression": ("task.x == 1", "task.x == 2"),
    "order_by": ("worker.a ASC", "worker.a DESC"),
    "skip_if": ("1==1", "workers.available == 0"),
    "known_worker_sid": ("task.a", "task.b"),
    "known_worker_friendly_name": ("task.a", "task.b"),
}


@pytest.mark.parametrize("field", FIELDS)
def test_a_field_of_a_target_is_a_change_of_its_own(field):
    old, new = FIELDS[field]

    found = changes(
        [{"name": "f", "expression": "x == 1", "targets": [QUEUE | {field: old}]}],
        [{"name": "f", "expression": "x == 1", "targets": [QUEUE | {field: new}]}],
    )

    assert found == [(f"filters[f].targets[0].{field}", old, new)]


def test_the_default_filter_is_compared_like_a_target():
    queue, other = {"default_filter": {"queue": "A"}}, {"default_filter": {"queue": "B", "priority": 2}}

    assert fields_changed(queue, queue) == []
    assert fields_changed({}, queue) == [("default_filter", None, {"queue": "A"})]
    assert fields_changed(queue, {}) == [("default_filter", {"queue": "A"}, None)]
    assert fields_changed(queue, other) == [
        ("default_filter.queue", "A", "B"),
        ("default_filter.priority", None, 2),
    ]


def test_unknown_keys_are_compared_as_well():
    extra = {"extra": {"x": 1}, "document_extra": {"y": [1, 2]}}

    assert fields_changed({}, extra) == [("extra.x", None, 1), ("document_extra.y", None, [1, 2])]
    assert fields_changed(extra, extra | {"document_extra": {"y": [2, 1]}}) == [("document_extra.y", [1, 2], [2, 1])]


def routing(**more):
    return {"task_routing": {"filters": [], **more}}


# Documents that TaskRouter may well hold; those of one row are the same.
ALIKE = {
    "the name of a filter in any spelling": [
        {"task_routing": {"filters": [{key: "F", "expression": "x == 1", "targets": [QUEUE]}]}}
        for key in ("filter_friendly_name", "friendly_name", "friendlyName", "filterFriendlyName")
    ],
    "numbers as text": [
        routing(default_filter=QUEUE | {"priority": priority, "timeout": timeout})
        for priority, timeout in ((5, 20), ("5", "20"), (5.0, 20.0))
    ],
    "no filters": [routing(), {"task_routing": {}}, {"task_routing": {"filters": None}}, routing(default_filter=None)],
    "nothing at all": [routing(), {}, None, [], "text", {"task_routing": None}, {"task_routing": []}],
    "keys in another order": [
        routing(default_filter={"queue": "A", "priority": 1}),
        {"task_routing": {"default_filter": {"priority": 1, "queue": "A"}, "filters": []}},
    ],
    "what is empty is left out": [
        routing(default_filter=QUEUE),
        routing(default_filter=QUEUE | {"skip_if": None, "expression": "", "timeout": None, "known_worker_sid": ""}),
    ],
    "the queue's old key": [routing(default_filter=QUEUE), routing(default_filter={"task_queue_sid": "A"})],
}


def read(document):
    keys = from_document(document, str, str)
    return Workflow.model_construct(name="W", **keys)


@pytest.mark.parametrize("case", ALIKE)
def test_documents_that_are_the_same(case):
    first, *others = map(read, ALIKE[case])

    for other in others:
        assert list(workflow_changes(first, other)) == []
        assert list(workflow_changes(other, first)) == []
