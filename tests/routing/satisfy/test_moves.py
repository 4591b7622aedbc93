"""Which tasks take another filter after a change than before."""

import json

from tr_apply.routing.format import format_expression
from tr_apply.routing.parser import parse
from tr_apply.routing.satisfy import Budget, TaskFilter, TaskMove, default_filter, moves
from tr_apply.routing.workflow import DEFAULT, first_place
from tr_apply.routing.workflow_document import read_routing


def listed(*named, default="default"):
    """Filters out of (name, expression) or (name, expression, route)."""
    filters = [
        TaskFilter(number, name, None if text is None else parse(text), "none", route[0] if route else name)
        for number, (name, text, *route) in enumerate(named, 1)
    ]
    return filters if default is None else [*filters, default_filter(default)]


def routed(filters, task):
    """The number of the filter in which TaskRouter's rules have a task begin; 0 for the default filter."""
    written = [{"expression": text(each), "targets": [{"queue": "WQ"}]} for each in filters if each.number]
    default = {"default_filter": {"queue": "WQ"}} if any(not each.number for each in filters) else {}
    place = first_place(read_routing(json.dumps({"task_routing": {"filters": written, **default}})), task, 0)
    return None if place is None else 0 if place.filter == DEFAULT else place.filter + 1


def text(each):
    return format_expression(each.expression)


def numbers(result):
    return [(move.before and move.before.number, move.after and move.after.number, move.task) for move in result.found]


def confirmed(before, after, result):
    return all(
        routed(before, move.task) == (move.before and move.before.number)
        and routed(after, move.task) == (move.after and move.after.number)
        for move in result.found
    )


VOICE = ("voice", "channelType == 'voice'")
WEB = ("web", "channelType == 'web'")
SALES = ("sales", "topic == 'sales'")


def test_nothing_moves_between_equal_versions():
    assert moves(listed(VOICE, WEB), listed(VOICE, WEB)).found == ()


def test_nothing_moves_where_an_expression_only_looks_different():
    before, after = listed(("a", "x IN ['p', 'q']"), WEB), listed(("a", "x == 'q' OR x == 'p'"), WEB)

    result = moves(before, after)

    assert (result.found, result.unknown, result.cut) == ((), (), False)


def test_a_filter_that_is_widened_to_everything_takes_the_tasks_of_those_below():
    before = listed(VOICE, WEB, SALES)
    after = listed(("voice", "1==1 OR channelType == 'voice'"), WEB, SALES)

    result = moves(before, after)

    assert numbers(result) == [
        (2, 1, {"channelType": "web"}),
        (3, 1, {"topic": "sales"}),
        (0, 1, {}),
    ]
    assert confirmed(before, after, result)


def test_a_filter_that_is_moved_up_takes_what_the_one_it_passed_took():
    before, after = listed(VOICE, SALES), listed(SALES, VOICE)

    result = moves(before, after)

    assert numbers(result) == [(1, 1, {"channelType": "voice", "topic": "sales"})]
    assert result.found[0].before.name == "voice"
    assert result.found[0].after.name == "sales"
    assert confirmed(before, after, result)


def test_every_pair_is_found_not_only_the_first_of_each_filter():
    before = listed(("all", "1==1"))
    after = listed(VOICE, WEB, SALES)

    result = moves(before, after)

    assert {(b, a) for b, a, _ in numbers(result)} == {(1, 1), (1, 2), (1, 3), (1, 0)}
    assert confirmed(before, after, result)


def test_a_filter_whose_steps_change_moves_its_tasks_although_it_matches_the_same():
    before, after = listed((*VOICE, "to everyone")), listed((*VOICE, "to nobody"))

    assert numbers(moves(before, after)) == [(1, 1, {"channelType": "voice"})]


def test_an_inserted_filter_does_not_move_those_that_it_renumbers():
    before, after = listed(VOICE, WEB), listed(SALES, VOICE, WEB)

    result = moves(before, after)

    assert {(b, a) for b, a, _ in numbers(result)} == {(1, 1), (2, 1), (0, 1)}
    assert confirmed(before, after, result)


def test_without_a_default_filter_tasks_come_from_and_go_to_nowhere():
    before, after = listed(VOICE, default=None), listed(WEB, default=None)

    result = moves(before, after)

    assert numbers(result) == [(1, None, {"channelType": "voice"}), (None, 1, {"channelType": "web"})]
    assert confirmed(before, after, result)


def test_a_new_default_filter_takes_tasks_that_were_canceled_before():
    assert numbers(moves(listed(VOICE, default=None), listed(VOICE))) == [(None, 0, {})]


def test_tasks_that_an_unreadable_filter_may_take_are_unknown():
    before, after = (
        listed(VOICE, ("broken", None), WEB),
        listed(("voice", "channelType == 'sms'"), ("broken", None), WEB),
    )

    result = moves(before, after)

    assert result.unknown == ("unreadable",)
    assert result.found == ()


def test_tasks_above_an_unreadable_filter_are_known():
    before, after = listed(VOICE, WEB), listed(WEB, VOICE, ("broken", None), SALES)
    before[0] = TaskFilter(1, "voice", parse("channelType IN ['voice', 'web']"), "none", "voice")

    result = moves(before, after)

    assert numbers(result) == [(1, 1, {"channelType": "web"})]
    assert result.unknown == ("unreadable",)


def test_more_moves_than_wanted_are_cut():
    before = listed(*((str(n), f"queue == 'q{n}'") for n in range(10)))
    after = listed(("all", "1==1"), *((str(n), f"queue == 'q{n}'") for n in range(10)))

    result = moves(before, after, most=4)

    assert (len(result.found), result.cut) == (4, True)
    assert not moves(before, after).cut


def test_an_exhausted_budget_is_reported():
    result = moves(listed(VOICE, WEB, SALES), listed(SALES, WEB, VOICE), Budget(2))

    assert result.unknown == ("budget",)


def test_the_same_versions_have_the_same_moves_at_the_same_cost():
    before, after = listed(VOICE, WEB, SALES), listed(SALES, WEB, VOICE)
    budgets = [Budget(), Budget()]

    results = [moves(before, after, budget) for budget in budgets]

    assert results[0] == results[1]
    assert budgets[0].left == budgets[1].left < Budget().left
    assert isinstance(results[0].found[0], TaskMove)
