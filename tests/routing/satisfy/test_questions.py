"""Whether one expression can be true or false, and what two of them have in common."""

import random

import pytest

from tr_apply.routing.evaluate import evaluate
from tr_apply.routing.format import format_expression
from tr_apply.routing.nodes import And, Comparator, Comparison, Constant, Or, Path
from tr_apply.routing.parser import parse
from tr_apply.routing.place import Place
from tr_apply.routing.satisfy import (
    SEARCH_NODES,
    Budget,
    Satisfiable,
    Unknown,
    Unsatisfiable,
    always_true,
    example,
    idle_parts,
    meanings,
    never_true,
)

NEVER = (
    "1==0",
    "channelType IN []",
    "a == 'x' AND a == 'y'",
    "a == 'x' AND a NOT IN ['x', 'y']",
    "a == 'x' AND a.b == 'y'",
    "a == 5 AND a == '5'",
    "a == true AND a == 1",
    "a > 5 AND a < 5",
    "a > 'b' AND a < 'a'",
    "a > 'a' AND a < 'a\x00'",
    "skills HAS 'x' AND skills == 'x'",
    "skills HAS 'x' AND 'x' NOT IN skills",
    "skills HAS 'x' AND skills CONTAINS 'x'",
    "a CONTAINS 'abc' AND (a == 'ab' OR a == null)",
    "'abc' CONTAINS a AND a CONTAINS 'd'",
    "a == b AND a == 'x' AND b == 'y'",
    "a == b AND b == c AND a != c AND a != null",
    "a IN b AND a == 'x' AND 'x' NOT IN b",
    "a != null AND a IN [b] AND b IN ['x'] AND a != 'x'",
    "a == 'x' AND (b == 1 OR a == 'y') AND (b == 2 OR a == 'z')",
)
ALWAYS = (
    "1==1",
    "1==1 OR channelType == 'web'",
    "a == 'x' OR a != 'x' OR a HAS 'y' OR a != null",
    "a == null OR a != null",
    "a CONTAINS '' OR a == null OR a != null",
)
SOMETIMES = (
    ("a == 'x'", {"a": "x"}),
    ("a != 'x'", {}),
    ("a > 5", {"a": 6}),
    ("a > 5 AND a < 6", {"a": 5.5}),
    ("a > 5 AND a NOT IN [6, 7]", {"a": 8}),
    ("a >= 5 AND a <= 5 AND a != 5", {"a": "5"}),  # a text with a number in it is compared as that number
    ("a >= 5 AND a != 5 AND a < 6 AND a != 5.5", {"a": 5.25}),
    ("a > 'm' AND a < 'mb'", {"a": "ma"}),
    ("skills HAS 'x' AND skills HAS 'y' AND 'z' NOT IN skills", {"skills": ["x", "y"]}),
    ("a CONTAINS 'en' AND a CONTAINS 'CA' AND a != 'en'", {"a": "en CA"}),
    ("'en-CA' CONTAINS a AND a CONTAINS '-'", {"a": "en-"}),
    ("a.b == 'x' AND a.c == 'y'", {"a": {"b": "x", "c": "y"}}),
    ("a != null AND a.b == 1", {"a": {"b": 1}}),
    ("a[1] == 'x' AND a HAS 'y'", {"a": ["y", "x"]}),
    ("a == b AND a != null", {"a": "other", "b": "other"}),
    ("a IN b", {"a": "other", "b": ["other"]}),
    ("a == 5 AND a != b AND b > 4", {"a": 5, "b": 6}),
)


@pytest.mark.parametrize("text", NEVER)
def test_an_unsatisfiable_expression_is_never_true(text):
    assert never_true(parse(text), Place.FILTER) is True
    assert always_true(parse(text), Place.FILTER) is False


@pytest.mark.parametrize("text", ALWAYS)
def test_an_expression_that_everything_satisfies_is_always_true(text):
    assert always_true(parse(text), Place.FILTER) is True
    assert never_true(parse(text), Place.FILTER) is False


@pytest.mark.parametrize(("text", "names"), SOMETIMES)
def test_an_example_is_short_and_satisfies_the_expression(text, names):
    answer = example([(parse(text), True)], Place.FILTER)

    assert isinstance(answer, Satisfiable)
    assert answer.names == names
    assert evaluate(parse(text), names)


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("worker.sid == null", Place.TARGET),
        ("worker.friendly_name IN [1, 2]", Place.TARGET),
        ("worker.channel.voice.assigned_tasks < 0", Place.TARGET),
        ("worker.channel.voice.assigned_tasks > 1 AND worker.channel.voice.assigned_tasks < 2", Place.TARGET),
        ("worker.channel.voice.available_capacity_percentage > 100", Place.TARGET),
        ("task == null", Place.TARGET),
        ("workers.available < 0", Place.SKIP_IF),
        ("sid == null", Place.QUEUE),
    ],
)
def test_the_values_of_taskrouters_own_names_are_of_its_own_types(text, place):
    assert never_true(parse(text), place) is True


LOAD_A, LOAD_B = "worker.channel.a.assigned_tasks", "worker.channel.b.assigned_tasks"


@pytest.mark.parametrize(
    "text",
    [
        "worker.sid != worker.friendly_name",
        f"{LOAD_A} != {LOAD_B} AND {LOAD_A} != null AND {LOAD_B} != null",
        f"{LOAD_A} > 5 AND {LOAD_B} > 5 AND {LOAD_A} != {LOAD_B}",
    ],
)
def test_two_values_of_one_type_can_differ(text):
    assert never_true(parse(text), Place.TARGET) is False


@pytest.mark.parametrize(
    "text",
    [
        f"{LOAD_A} == 5.0",
        f"{LOAD_A} > -3",
        "worker.channel.a.available_capacity_percentage < 150",
        "worker.channel.a.available_capacity_percentage > 99.5",
    ],
)
def test_a_count_is_compared_with_numbers_that_no_count_is(text):
    assert never_true(parse(text), Place.TARGET) is False


def test_the_load_of_a_channel_differs_from_an_attribute_of_that_name():
    """Both can be asked for: ``worker.channel`` may be a text while the load is a number."""
    both = parse("worker.channel == 'x' AND worker.channel.voice.assigned_tasks > 1")

    assert never_true(both, Place.TARGET) is None


def test_the_same_names_of_a_task_may_be_anything():
    assert never_true(parse("sid == null"), Place.FILTER) is False


def test_an_undecided_question_is_unknown():
    circle = parse("a < b AND b < c AND c < a")

    assert example([(circle, True)], Place.FILTER) == Unknown("values")
    assert never_true(circle, Place.FILTER) is None


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("a > 5 AND a < 100 AND a CONTAINS '7'", {"a": "7"}),
        ("a > 'm' AND a CONTAINS 'ab' AND a < 'n'", {"a": "m ab"}),
        ("a > 'b' AND a < 'd' AND 'xyzcd' CONTAINS a AND a != 'c'", {"a": "cd"}),
        ("'0123456789012345678901234567890123456789012345' CONTAINS a AND a CONTAINS '90'", {"a": "90"}),
        ("a CONTAINS b AND a != b AND b CONTAINS 'x'", {"a": "xy", "b": "x"}),
        ("a < b AND b < c", {"a": 1, "b": 2, "c": 3}),
        ("a > 5 AND a < '6' AND a > '50'", {"a": "51"}),
    ],
)
def test_with_too_few_candidates_nothing_is_reported_as_never_true(text, names):
    assert evaluate(parse(text), names)
    assert never_true(parse(text), Place.FILTER) is not True


def test_values_without_a_known_meaning_may_decide():
    """A list may be meant by ``'x', 'y'`` (unsure.py)."""
    assert never_true(parse("a == 'x', 'y' AND a == 'y'"), Place.FILTER) is None


def test_a_search_without_nodes_is_unknown():
    assert example([(parse("a == 1"), True)], Place.FILTER, Budget(0)) == Unknown("budget")


def test_a_search_stops_after_its_own_number_of_nodes():
    """Ten pigeons in nine holes, each a path of its own: nothing but trying all ways shows that it cannot be."""
    holes = range(9)
    paths = [Path((f"p{n}",)) for n in range(10)]
    somewhere = [Or(tuple(Comparison(path, Comparator.EQUAL, Constant(n)) for n in holes)) for path in paths]
    apart = [Comparison(one, Comparator.NOT_EQUAL, other) for index, one in enumerate(paths) for other in paths[:index]]
    budget = Budget()

    answer = example([(And((*somewhere, *apart)), True)], Place.FILTER, budget)

    assert answer == Unknown("budget")
    assert Budget().left - budget.left == SEARCH_NODES


def test_the_same_question_costs_the_same_nodes_and_has_the_same_answer():
    wishes = [(parse("(a == 1 OR b == 2) AND (a == 3 OR c == d) AND b != 2 AND c != null"), True)]
    budgets = [Budget(), Budget()]

    answers = [example(wishes, Place.FILTER, budget) for budget in budgets]

    assert answers[0] == answers[1] == Satisfiable({"a": 1, "c": "other", "d": "other"})
    assert budgets[0].left == budgets[1].left < Budget().left


# Two expressions


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("channelType IN ['web', 'voice']", "channelType =='voice' OR channelType =='web'"),
        ("products HAS 'X'", '"X" in products'),
        ("a == 1 AND (b == 2 OR c == 3)", "(c == 3 AND a == 1) OR (a == 1 AND b == 2)"),
        ("a > 3 AND a > 5", "a > 5"),
        ("a != 'x' AND a == 'y'", "a == 'y'"),
        ("1==1 AND a == 'y'", "a == 'y'"),
        ("a != 'x'", "a NOT IN ['x']"),
    ],
)
def test_expressions_that_are_true_of_the_same_mean_the_same(first, second):
    assert meanings(parse(first), parse(second), Place.FILTER).same is True


@pytest.mark.parametrize(
    ("first", "second", "only_first", "only_second"),
    [
        ("a == 'x'", "a == 'X'", {"a": "x"}, {"a": "X"}),
        ("a IN ['x', 'y']", "a == 'x'", {"a": "y"}, None),
        ("a NOT IN [null]", "a != null", None, {"a": []}),
        ("a == 5", "a == '5'", {"a": 5}, {"a": "5"}),
        ("a HAS 'x'", "a CONTAINS 'x'", {"a": ["x"]}, {"a": "x"}),
        ("a > 5", "a >= 5", None, {"a": 5}),
    ],
)
def test_expressions_that_differ_have_an_example_for_it(first, second, only_first, only_second):
    found = meanings(parse(first), parse(second), Place.FILTER)

    names = [each.names if isinstance(each, Satisfiable) else None for each in (found.only_first, found.only_second)]
    assert (found.same, names) == (False, [only_first, only_second])


def test_the_order_of_operands_does_not_change_the_meaning():
    dice = random.Random(1)
    tree = parse("(a == 1 OR b == 2 OR c == 3) AND (a != 4 OR d HAS 'x') AND (b IN [1, 2] OR c > 5 OR e CONTAINS 'y')")

    for _ in range(200):
        assert meanings(tree, shuffled(tree, dice), Place.FILTER).same is True


def shuffled(tree, dice):
    if isinstance(tree, Comparison):
        return tree
    return type(tree)(tuple(shuffled(each, dice) for each in dice.sample(tree.operands, len(tree.operands))))


def test_meanings_that_cannot_be_compared_are_unknown():
    assert meanings(parse("a < b AND b < c AND c < a"), parse("1==0"), Place.FILTER).same is None


# Parts that say nothing


@pytest.mark.parametrize(
    ("text", "idle"),
    [
        ("a == 'x' AND b == 'y'", []),
        ("a == 'x' AND a != 'y'", ["a != 'y'"]),
        ("a == 'x' OR a IN ['x', 'y']", ["a == 'x'"]),
        ("a == 'x' OR a == 'x'", ["a == 'x'"]),
        ("a == 'x' AND (b == null OR b != null OR c == 2)", ["b == null OR b != null OR c == 2"]),
        ("a == 'x' AND (b == 1 OR b != 1)", []),  # a list is neither
        ("a == 'x' AND (b == 1 OR a == 'y')", ["a == 'y'"]),
        ("a > 3 AND a > 5 AND a > 4", ["a > 4", "a > 3"]),
        ("(a == 'x' AND b == 'y') OR a == 'x'", ["a == 'x' AND b == 'y'"]),
        ("a == 'x' AND a == 'y' AND b == 1", []),
        ("1==1 OR a == 'x'", []),
    ],
)
def test_a_part_without_which_the_expression_means_the_same_is_idle(text, idle):
    tree = parse(text)

    found = idle_parts(tree, Place.FILTER)

    assert [format_expression(each) for each in found] == idle
    assert all(each in list(parts_of(tree)) for each in found)


def parts_of(tree):
    yield tree
    if not isinstance(tree, Comparison):
        for operand in tree.operands:
            yield from parts_of(operand)


def test_an_idle_part_has_its_offset():
    [part] = idle_parts(parse("a == 'x' AND a != 'y'"), Place.FILTER)

    assert part.offset == len("a == 'x' AND ")


def test_one_that_is_twice_in_a_tree_keeps_one_place():
    twice = Comparison(Path(("a",)), Comparator.EQUAL, Constant(1))

    assert idle_parts(Or((twice, twice)), Place.FILTER) == [twice]


def test_an_answer_is_a_value():
    assert Unsatisfiable() == Unsatisfiable()
    assert Satisfiable({"a": 1}) != Satisfiable({"a": 2})
