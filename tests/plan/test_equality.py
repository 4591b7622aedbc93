"""When two values mean the same to TaskRouter."""

import pytest

from tr_apply.plan.compare.equality import same_expression, same_set

SAME_EXPRESSION = [
    ("level>3", "level > 3"),
    ("a == 'x'", 'a == "x"'),
    ("a == 1 and b == 2", "a == 1 AND b == 2"),
    ("(a == 1) AND (b == 2)", "a == 1 AND b == 2"),
    ("a==1", "a == 1.0"),
    ("", None),
    ("not an expression", "not an expression"),
    ("queue == '${sid:task_queue/A}'", "queue=='${sid:task_queue/A}'"),
]
OTHER_EXPRESSION = [
    ("1==1", None),
    ("1==1", ""),
    ("a == 1", "a == true"),
    ("a IN [1]", "a IN [true]"),
    ("a == 1 OR b == 2 AND c == 3", "(a == 1 OR b == 2) AND c == 3"),
    ("not an expression", "not  an expression"),
    ("a == 1", "not an expression"),
    ("queue == '${sid:task_queue/A}'", "queue == '${sid:task_queue/B}'"),
]


@pytest.mark.parametrize(("one", "other"), SAME_EXPRESSION)
def test_expressions_are_the_same_when_their_trees_are(one, other):
    assert same_expression(one, other)
    assert same_expression(other, one)


@pytest.mark.parametrize(("one", "other"), OTHER_EXPRESSION)
def test_expressions_with_other_trees_differ(one, other):
    assert not same_expression(one, other)
    assert not same_expression(other, one)


def test_an_order_by_is_read_as_one():
    assert same_expression("worker.level DESC", "worker.level  desc", order_by=True)
    assert not same_expression("worker.level DESC", "worker.level ASC", order_by=True)


def test_sets_have_no_order_and_none_is_empty():
    assert same_set(["a", "b"], ["b", "a", "a"])
    assert same_set([], None)
    assert not same_set(["a"], None)
