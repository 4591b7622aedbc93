"""Which tasks come to a filter of a workflow, and which filters above take them."""

import json

import pytest

from tr_apply.routing.parser import parse
from tr_apply.routing.satisfy import (
    Budget,
    Exit,
    Filters,
    Satisfiable,
    TaskFilter,
    Unknown,
    Unsatisfiable,
    way_out,
)
from tr_apply.routing.workflow import first_place
from tr_apply.routing.workflow_document import read_routing


def listed(*texts, ways_out=()):
    ways = [*ways_out, *["none"] * (len(texts) - len(ways_out))]
    return [
        TaskFilter(number, f"filter {number}", None if text is None else parse(text), way)
        for number, (text, way) in enumerate(zip(texts, ways, strict=True), 1)
    ]


def routed(texts, task):
    """The number of the filter in which TaskRouter's rules have a task begin."""
    filters = [{"expression": text, "targets": [{"queue": "WQ"}]} for text in texts]
    place = first_place(read_routing(json.dumps({"task_routing": {"filters": filters}})), task, 0)
    return None if place is None else place.filter + 1


def takers(reach):
    return {taker.filter.number: taker.task for taker in reach.takers}


def test_the_answer_has_a_task_that_comes_to_the_filter_and_one_for_each_that_takes_others():
    texts = ["language == 'es'", "topic == 'sales'", "topic IN ['sales', 'support'] AND language != 'en'"]

    reach = Filters(listed(*texts)).reach(2)

    assert reach.answer == Satisfiable({"topic": "support"})
    assert takers(reach) == {2: {"topic": "sales"}}
    assert routed(texts, reach.answer.names) == 3
    assert routed(texts, {"topic": "sales"}) == 2


def test_a_filter_below_one_that_takes_all_its_tasks_is_never_reached():
    texts = ["language IN ['es', 'pt']", "topic == 'sales'", "language == 'es' AND topic == 'sales'"]

    reach = Filters(listed(*texts)).reach(2)

    assert reach.answer == Unsatisfiable()
    assert takers(reach) == {1: {"language": "es", "topic": "sales"}}
    assert routed(texts, {"language": "es", "topic": "sales"}) == 1


def test_only_those_filters_are_named_that_together_take_all_tasks():
    eu = "region == 'eu' AND"
    texts = [f"{eu} vip == true", "topic == 'x'", f"{eu} vip NOT IN [true]", f"{eu} vip IN [true, false]"]

    reach = Filters(listed(*texts)).reach(3)

    assert reach.answer == Unsatisfiable()
    assert takers(reach) == {1: {"region": "eu", "vip": True}, 3: {"region": "eu", "vip": False}}
    assert all(routed(texts, task) == number for number, task in takers(reach).items())


def test_two_complementary_filters_leave_nothing_for_a_third():
    texts = ["vip == null", "vip != null", "topic == 'sales'"]

    reach = Filters(listed(*texts)).reach(2)

    assert reach.answer == Unsatisfiable()
    assert takers(reach) == {1: {"topic": "sales"}, 2: {"vip": "other", "topic": "sales"}}


def test_a_filter_that_can_be_left_hides_none_but_comes_first():
    filters = Filters(listed("a == 1", "a == 1", ways_out=["timeout"]))

    assert filters.reach(1).answer == Satisfiable({"a": 1})
    assert filters.reach_first(1).answer == Unsatisfiable()
    assert takers(filters.reach_first(1)) == {1: {"a": 1}}


def test_nothing_but_itself_is_to_blame_for_a_filter_that_is_never_true():
    reach = Filters(listed("1==1", "a == 1 AND a == 2")).reach(1)

    assert (reach.answer, reach.takers) == (Unsatisfiable(), ())


def test_filters_below_an_unreadable_one_are_unknown_unless_others_take_all():
    filters = Filters(listed("a == 1", None, "a == 1 AND b == 2", "a == 2"))

    assert filters.reach(0).answer == Satisfiable({"a": 1})
    assert filters.reach(1).answer == Unknown("unreadable")
    assert filters.reach(2).answer == Unsatisfiable()
    assert filters.reach(3).answer == Unknown("unreadable")
    assert filters.reach_default().answer == Unknown("unreadable")


def test_an_unreadable_filter_that_can_be_left_leaves_those_below_reachable():
    filters = Filters(listed(None, "a == 2", ways_out=["timeout"]))

    assert filters.reach(1).answer == Satisfiable({"a": 2})
    assert filters.reach_first(1).answer == Unknown("unreadable")


def test_an_alternative_can_be_taken_above_although_its_filter_is_reached():
    tree = parse("kind == 'billing' OR kind == 'refund'")
    filters = Filters([*listed("kind IN ['refund', 'return']"), TaskFilter(2, "billing", tree)])

    alternatives = [filters.reach_alternative(1, each) for each in tree.operands]

    assert [each.answer for each in alternatives] == [Satisfiable({"kind": "billing"}), Unsatisfiable()]
    assert takers(alternatives[1]) == {1: {"kind": "refund"}}


@pytest.mark.parametrize(
    ("ways_out", "reached"),
    [(("none", "none"), False), (("timeout", "none"), False), (("skip", "none"), True), (("skip", "skip"), True)],
)
def test_the_default_filter_takes_what_none_matches_and_what_skip_if_alone_lets_go(ways_out, reached):
    """One left by time-out does not count: TaskRouter's default filter takes no task that timed out."""
    filters = Filters(listed("vip != null", "vip == null", ways_out=ways_out))

    assert isinstance(filters.reach_default().answer, Satisfiable) is reached


def test_a_task_for_the_default_filter_matches_none():
    texts = ["channelType == 'voice'", "channelType != null"]

    reach = Filters(listed(*texts)).reach_default()

    assert reach.answer == Satisfiable({})
    assert routed(texts, {}) is None


def test_the_filters_above_cost_nodes_as_well():
    """Or thousands of filters, each of which is easy to understand, would take minutes."""
    budget = Budget(10_000)
    filters = Filters(listed(*(f"a{n} == 1" for n in range(400))), budget)

    answers = [filters.reach(index).answer for index in range(400)]

    assert isinstance(answers[100], Satisfiable)
    assert answers[-1] == Unknown("budget")


def test_all_questions_about_filters_share_one_budget():
    budget = Budget(3)
    filters = Filters(listed("a == 1", "a == 2", "a == 3", "a == 4"), budget)

    answers = [filters.reach(index).answer for index in range(4)]

    assert [isinstance(each, Satisfiable) for each in answers] == [True, True, True, False]
    assert answers[-1] == Unknown("budget")


SKIPS = parse("workers.available == 0")


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        ([Exit(has_timeout=False, skip_if=None)], "none"),
        ([Exit(has_timeout=True, skip_if=None)], "timeout"),
        ([Exit(has_timeout=False, skip_if=SKIPS)], "skip"),
        ([Exit(has_timeout=True, skip_if=SKIPS)], "skip"),
        ([Exit(has_timeout=False, skip_if=SKIPS), Exit(has_timeout=True, skip_if=None)], "timeout"),
        ([Exit(has_timeout=True, skip_if=None), Exit(has_timeout=False, skip_if=None)], "none"),
        ([Exit(has_timeout=False, skip_if=parse("1==0"))], "none"),
        ([Exit(has_timeout=False, skip_if=parse("workers.available < 0"))], "none"),
    ],
)
def test_a_task_gets_past_a_filter_only_through_every_step(steps, expected):
    assert way_out(steps) == expected
