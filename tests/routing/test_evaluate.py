"""evaluate(), compiled() and order_key(): what expressions and orders mean."""

from collections import ChainMap

import pytest

from tr_apply.routing.evaluate import COMPARE, compiled, evaluate, order_key, resolve
from tr_apply.routing.nodes import Comparator, Path
from tr_apply.routing.parser import parse, parse_order_by

NAMES = {
    "text": "en",
    "digits": "6",
    "empty_text": "",
    "number": 6,
    "decimal": 6.0,
    "yes": True,
    "nothing": None,
    "list": ["a", 1, True, None],
    "empty": [],
    "object": {"key": "value", "list": [{"deep": 5}], "0": "zero"},
}


def answer(source, names=NAMES):
    expression = parse(source)
    evaluated = evaluate(expression, names)
    assert compiled(expression)(names) is evaluated
    return evaluated


# The truth table: the kinds of values for which each comparison holds


@pytest.mark.parametrize(
    "source",
    [
        # Equality: one type, by value, exactly
        "text == 'en'",
        "text != 'EN'",
        "number == 6",
        "number == 6.0",
        "decimal = 6",
        "decimal == number",
        "yes == true",
        "yes != false",
        "yes != 1",
        "1 != true",
        "digits != 6",
        "text != 'xen'",
        # Null
        "missing == null",
        "nothing == null",
        "null == missing",
        "missing == nothing",
        "missing == other",
        "missing != 'x'",
        "missing != true",
        "'x' != missing",
        "text != null",
        "list != null",
        "null != list",
        "object != null",
        "empty != null",
        "empty_text != null",
        # Order
        "number > 5",
        "number >= 6.0",
        "number < 6.5",
        "number <= 6",
        "5 < number",
        "number > -1",
        "text > 'a'",
        "text <= 'en'",
        "'Z' < 'a'",
        "digits > 5",
        "5 < digits",
        "digits >= 6",
        "'-1.5' < 0",
        "'10' < '9'",
        # Texts in texts
        "text CONTAINS 'n'",
        "text CONTAINS 'en'",
        "text CONTAINS ''",
        "'english' CONTAINS text",
        # Lists
        "list HAS 'a'",
        "list HAS 1",
        "list HAS 1.0",
        "list HAS true",
        "list HAS null",
        "list HAS missing",
        "list >- 'a'",
        "'a' IN list",
        "'a' <- list",
        "text IN ['en', 'fr']",
        "number IN [5, 6.0]",
        "text IN [object.key, text]",
        "null IN [null]",
        "'b' NOT IN list",
        "text NOT IN empty",
        "text NOT IN []",
        "missing NOT IN ['a']",
        "number NOT IN ['6']",
        # Paths
        "object.key == 'value'",
        "object.list[0].deep == 5",
        "list[1] == 1",
    ],
)
def test_this_is_true(source):
    assert answer(source) is True


@pytest.mark.parametrize(
    "source",
    [
        "text == 'EN'",
        "text != 'en'",
        "number != 6.0",
        "yes == 1",
        "yes == 'true'",
        "digits == 6",
        "text == 0",
        "'true' == true",
        "number == missing",
        "missing != null",
        "missing != nothing",
        "missing == 'x'",
        "list == null",
        # A scalar operator on a list or an object is false, whatever it says
        "list == 'a'",
        "list != 'a'",
        "'a' != list",
        "list == list",
        "list != list",
        "list CONTAINS 'a'",
        "list > 0",
        "0 < list",
        "list == ['a', 1, true, null]",
        "empty == []",
        "object == 'value'",
        "object != 'value'",
        "object == object",
        "'value' != object",
        # Values without an order are not ordered
        "missing > 1",
        "missing < 1",
        "missing <= missing",
        "missing >= null",
        "yes > 0",
        "true >= true",
        "text > 5",
        "5 < text",
        "'5 ' > 4",
        "'1e3' > 4",
        "'' > -1",
        "object > 0",
        "number > 6",
        "number < 6",
        "text CONTAINS 'N'",
        "text CONTAINS missing",
        "number CONTAINS 6",
        "digits CONTAINS 6",
        "missing CONTAINS ''",
        # A list operator without a list is false, NOT IN too
        "text HAS 'en'",
        "text HAS 'e'",
        "missing HAS 'a'",
        "object HAS 'key'",
        "text IN 'english'",
        "text IN missing",
        "text IN object",
        "text NOT IN 'french'",
        "text NOT IN missing",
        "text NOT IN object",
        "missing IN ['a']",
        "missing NOT IN list",
        # A list is never an element
        "list HAS ['a']",
        "list HAS object",
        "list IN [['a', 1, true, null]]",
        "list NOT IN ['x']",
        "object NOT IN ['x']",
        # Elements are whole values of one type
        "list HAS 'A'",
        "list HAS '1'",
        "list HAS false",
        "list HAS 0",
        "text IN ['e', 'n']",
        "number IN ['6']",
        "'a' NOT IN list",
        "text IN []",
        # Paths that lead nowhere are null
        "list[4] != null",
        "object.list[0].deep.er != null",
        "object[0] != null",
        "list.a != null",
        "text[0] != null",
        "text.length != null",
        "TEXT != null",
    ],
)
def test_this_is_false(source):
    assert answer(source) is False


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [([1], True, False), ([True], 1, False), ([0], False, False), ([1, True], True, True), ([[]], "x", False)],
)
def test_a_list_distinguishes_booleans_from_numbers(left, right, expected):
    assert COMPARE[Comparator.HAS](left, right) is expected
    assert COMPARE[Comparator.IN](right, left) is expected
    assert COMPARE[Comparator.NOT_IN](right, left) is not expected


def test_and_needs_all_and_or_needs_one():
    assert answer("text == 'en' AND number == 6 AND yes == true")
    assert not answer("text == 'en' AND number == 6 AND yes == false")
    assert answer("text == 'x' OR number == 7 OR yes == true")
    assert not answer("text == 'x' OR number == 7 OR yes == false")
    assert answer("text == 'en' OR number == 7 AND yes == false")


def test_a_target_sees_a_task_and_a_worker():
    names = {
        "task": {"language": "es", "excluded": []},
        "worker": ChainMap({"sid": "WK1"}, {"languages": ["es"], "sid": "an attribute"}),
    }

    assert answer("task.language IN worker.languages AND worker.sid NOT IN task.excluded", names)
    assert answer("worker.sid == 'WK1'", names)
    assert not answer("task.language.code == 'es'", names)


def test_a_skip_if_sees_counts():
    names = {"workers": {"available": 0, "unavailable": 3}}

    assert answer("workers.available == 0 AND workers.unavailable >= 2", names)


def test_a_path_alone_leads_to_its_value():
    assert resolve(Path(("object", "list", 0)), NAMES) == {"deep": 5}
    assert resolve(Path(("object", "0")), NAMES) == "zero"
    assert resolve(Path(("object", 0)), NAMES) is None


# order_by


def sorted_names(source, attributes):
    order_by = parse_order_by(source)
    return " ".join(sorted(attributes, key=lambda name: order_key(order_by, attributes[name])))


def test_later_clauses_break_ties():
    workers = {"a": {"x": 1, "y": 1}, "b": {"x": 2, "y": 3}, "c": {"x": 2, "y": 2}}

    assert sorted_names("worker.x DESC, worker.y ASC", workers) == "c b a"


def test_equal_workers_keep_their_order():
    workers = {"c": {"x": 1}, "a": {"x": 1}, "b": {"x": 1}}

    assert sorted_names("worker.x ASC", workers) == "c a b"
    assert sorted_names("worker.x DESC", workers) == "c a b"


@pytest.mark.parametrize("direction", ["ASC", "DESC"])
@pytest.mark.parametrize("value", [None, "9", 9.0, True, [9]], ids=repr)
def test_a_worker_without_an_integer_comes_last(direction, value):
    workers = {"odd": {"x": value}, "without": {}, "one": {"x": 1}}

    assert sorted_names(f"worker.x {direction}", workers) == "one odd without"


def test_a_clause_that_nobody_has_an_integer_for_is_skipped():
    workers = {"a": {"name": "z", "level": 1}, "b": {"name": "y", "level": 2}}

    assert sorted_names("worker.name ASC, worker.level DESC", workers) == "b a"


def test_an_order_key_can_be_compared_on_its_own():
    order_by = parse_order_by("worker.a.b DESC")

    assert order_key(order_by, {"a": {"b": 5}}) < order_key(order_by, {"a": {"b": -5}}) < order_key(order_by, {})


@pytest.mark.parametrize(
    ("source", "names", "answer"),
    [
        ("x == 'a', 'b'", {"x": "a"}, True),
        ("x == 'a', 'b'", {"x": "b"}, False),
        ("x == 'a', 'b' AND y == 1", {"x": "a", "y": 2}, False),
        ("y == 1 AND *(x == 'a' OR x == 'b')", {"x": "b", "y": 1}, True),
        ("flag! = true", {"flag": True}, False),
        ("flag! = true", {"flag": False}, False),
        ("flag! = true OR x == 1", {"x": 1}, True),
    ],
)
def test_unexplained_syntax_that_taskrouter_has_accepted_matches_nothing_more(source, names, answer):
    tree = parse(source)

    assert evaluate(tree, names) is answer
    assert compiled(tree)(names) is answer
