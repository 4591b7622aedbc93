"""A record keeps the differences that routing sees, and nothing that identifies people."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.seeded import Choices, chosen
from tr_apply.corpus.reduce import COMMON, Reduction, ValueCounts, expressions_of, hidden_in
from tr_apply.resources.workflow import Workflow, from_document
from tr_apply.routing.evaluate import evaluate
from tr_apply.routing.workflow import first_place, next_place
from tr_apply.routing.workflow_document import read_routing

KEY = b"k" * 32
CANARY = "+15550001111"


def document(*filters, default=True):
    routing = {
        "filters": [
            {"expression": expression, "targets": [{"queue": f"WQ{number}", **target} for target in targets or [{}]]}
            for number, (expression, *targets) in enumerate(filters)
        ]
    }
    return {"task_routing": routing | ({"default_filter": {"queue": "WQ"}} if default else {})}


def workflow(*filters):
    keys = from_document(document(*filters), queue_name=lambda sid: sid, template=str)
    return Workflow.model_construct(name="Voice", **keys)


def reduced(tasks, *filters):
    """The attributes of *tasks* as a record has them."""
    reduction, counts = Reduction([workflow(*filters)], KEY), ValueCounts()
    cells = []
    for attributes in tasks:
        found = reduction.cells(attributes)
        assert found is not None
        counts.add(found, 1, reduction.clear)
        cells.append(found)
    return [counts.resolved(each) for each in cells]


def test_an_attribute_that_no_expression_reads_is_not_kept():
    assert reduced([{"topic": "sales", "name": "Ana", "nested": {"deep": 1}}], ("topic == 'sales'",)) == [
        {"topic": "sales"}
    ]


def test_filters_targets_and_known_workers_read_attributes_and_orders_do_not():
    target = {
        "expression": "task.skill IN worker.skills AND worker.level > 2",
        "order_by": "worker.rank DESC",
        "skip_if": "workers.available == 0",
        "known_worker_sid": "task.agent",
    }

    found = Reduction([workflow(("language == 'es'", target, {"known_worker_friendly_name": "task.last.agent"}))], KEY)

    assert found.attributes == ["agent", "language", "skill", "last.agent"]


def test_an_expression_that_cannot_be_read_is_counted():
    assert Reduction([workflow(("a ==== 1",), ("b == 1",))], KEY).unreadable == ["a ==== 1"]


@pytest.mark.parametrize(
    ("expression", "attributes", "kept"),
    [
        ("language == 'es'", {"language": "es"}, {"language": "es"}),
        ("language == 'es'", {"language": "tlh"}, {"language": "other"}),
        ("language == 'other'", {"language": "tlh"}, {"language": "other other"}),
        ("language != null", {"language": CANARY}, {"language": "other"}),
        ("score > 5", {"score": 4711}, {"score": 6}),
        ("score > 5", {"score": "4711"}, {"score": "6"}),
        ("score > 5", {"score": CANARY}, {"score": "other"}),
        ("id == 1", {"id": 4711}, {"id": 2}),
        ("vip == true", {"vip": False}, {"vip": False}),
        ("phone CONTAINS '+1'", {"phone": CANARY}, {"phone": "+1"}),
        ("phone CONTAINS '+49'", {"phone": CANARY}, {"phone": "other"}),
        ("tags HAS 'vip'", {"tags": ["vip", CANARY, "a", None, {"x": CANARY}]}, {"tags": ["other", "vip"]}),
        ("tags HAS 'vip'", {"tags": {"x": CANARY}}, {"tags": {}}),
        ("customer.tier == 'gold'", {"customer": {"tier": CANARY, "name": "Ana"}}, {"customer": {"tier": "other"}}),
        ("customer.tier == 'gold'", {"customer": CANARY}, {}),
        ("steps[1].id == 'x'", {"steps": [{"id": CANARY}, {"id": "x"}]}, {"steps": [None, {"id": "x"}]}),
        (
            "steps[0].a == 'x' OR steps[0].b == 'y'",
            {"steps": [{"a": "x", "b": "y"}]},
            {"steps": [{"a": "x", "b": "y"}]},
        ),
        ("steps[0][1] == 'x'", {"steps": [[CANARY, "y"]]}, {"steps": [[None, "other"]]}),
        ("a == b", {"a": CANARY, "b": CANARY}, {"a": "other", "b": "other"}),
        ("a == b", {"a": CANARY, "b": "x"}, {"a": "other", "b": "other other"}),
        ("a != null AND a.b == 'x'", {"a": {"b": "x", "c": CANARY}}, {"a": {"b": "x"}}),
    ],
)
def test_a_value_that_no_expression_names_becomes_one_that_is_treated_alike(expression, attributes, kept):
    assert reduced([attributes], (expression,)) == [kept]


def test_a_value_that_many_tasks_have_stays():
    tasks = [{"language": "fr"}] * COMMON + [{"language": "tlh"}] * (COMMON - 1)

    assert reduced(tasks, ("language == 'es'",)) == [{"language": "fr"}] * COMMON + [{"language": "other"}] * 4


def test_how_often_one_task_has_a_value_does_not_count():
    assert reduced([{"tags": [CANARY] * 9}], ("tags HAS 'vip'",)) == [{"tags": ["other"]}]


def test_a_common_value_of_attributes_that_are_compared_with_each_other_stays_hidden():
    assert reduced([{"a": "x", "b": "y"}] * COMMON, ("a == b",))[0] == {"a": "other", "b": "other other"}


def test_a_task_with_an_irreplaceable_value_is_left_out():
    reduction = Reduction([workflow(("a < 'm' AND a CONTAINS 'x'",), ("tags HAS 'a'",))], KEY)

    assert reduction.cells({"a": "ax"}) is None
    assert reduction.cells({"a": "zx", "tags": ["a"]}) is not None
    reduction = Reduction([workflow(("a > 9007199254740994 AND a < 9007199254740995",))], KEY)
    assert reduction.cells({"a": [5]}) is None


def test_a_digest_depends_on_the_key_and_says_nothing():
    [first], [other] = (
        list(hidden_in(Reduction([workflow(("language == 'es'",))], key).cells({"language": CANARY})))
        for key in (KEY, b"j" * 32)
    )

    assert first.digest != other.digest
    assert CANARY not in repr(first)


# The law: raw and reduced tasks go the same way

FILTERS = st.lists(
    st.sampled_from(
        [
            "language == 'es'",
            "language IN ['es', 'other', 'en'] AND topic != 'sales'",
            "topic CONTAINS 'sa' OR phone CONTAINS '+49'",
            "attempts > 3",
            "attempts >= 5 AND attempts != '7'",
            "tags HAS 'vip'",
            "language IN tags",
            "language == topic",
            "customer.tier == 'gold'",
            "customer != null",
            "steps[0] == 'x' OR steps HAS 'y'",
            "phone > 'm'",
            "phone > 1000",
            "1==1",
        ]
    ),
    min_size=1,
    max_size=5,
)
TEXTS = ["es", "en", "fr", "sales", "salsa", "+4915", CANARY, "7", "4", "other", "gold", "x", "y", "zz", ""]
SCALARS = (
    lambda _: None,
    Choices.flag,
    lambda choices: choices.below(10),
    lambda _: 4711,
    lambda choices: 3 + choices.below(3001) / 1000,
    lambda choices: choices.choice(TEXTS),
    lambda choices: choices.choice(TEXTS),
)


def scalar(choices):
    return choices.choice(SCALARS)(choices)


def value(choices):
    return choices.several(scalar, 3, size=4) if choices.flag() else scalar(choices)


def customer(choices):
    return value(choices) if choices.flag() else {"tier": value(choices)} if choices.flag() else {}


MAKERS = {
    **dict.fromkeys(["language", "topic", "phone", "attempts", "tags", "steps"], value),
    "customer": customer,
    "secret": lambda choices: choices.choice(TEXTS),
}


def task(choices):
    parts = choices.several(lambda part: part, len(MAKERS), least=len(MAKERS), size=20)
    return {key: make(part) for (key, make), part in zip(MAKERS.items(), parts, strict=True) if part.flag()}


TASKS = chosen(task, 180)


def way(routing, attributes):
    """Every step that a task may come to, however it leaves the one before."""
    place, steps = first_place(routing, attributes, 0), []
    while place is not None:
        steps.append((place.filter, place.target))
        place = None if place.filter < 0 else next_place(routing, attributes, place, left_by="skip", created_ms=0)
    return steps


@settings(max_examples=100)
@given(FILTERS, st.lists(TASKS, min_size=1, max_size=12))
def test_raw_and_reduced_tasks_go_the_same_way(filters, tasks):
    written = document(*[(each,) for each in filters])
    routing = read_routing(json.dumps(written))
    reduction, counts = Reduction([workflow(*[(each,) for each in filters])], KEY), ValueCounts()
    kept = []
    for attributes in tasks:
        cells = reduction.cells(attributes)
        if cells is not None:  # otherwise no replacement is routed alike, and the task is left out
            counts.add(cells, 1, reduction.clear)
            kept.append((attributes, cells))

    for attributes, cells in kept:
        found = counts.resolved(cells)
        assert way(routing, found) == way(routing, attributes), found
        for tree in expressions_of(workflow(*[(each,) for each in filters]))[0]:
            assert evaluate(tree, {"task": found}) is evaluate(tree, {"task": attributes}), (str(tree), found)


@settings(max_examples=100)
@given(
    FILTERS, st.lists(TASKS, min_size=1, max_size=12), st.sampled_from(["language", "topic", "phone", "tags", "secret"])
)
def test_a_phone_number_that_occurs_once_is_nowhere(filters, tasks, attribute):
    number = "+15559998877"
    tasks[0] = {**tasks[0], attribute: number}
    reduction, counts = Reduction([workflow(*[(each,) for each in filters])], KEY), ValueCounts()

    cells = [found for each in tasks if (found := reduction.cells(each)) is not None]
    for each in cells:
        counts.add(each, 1, lambda _: None)

    assert number not in repr([cells, [counts.resolved(each) for each in cells]])
