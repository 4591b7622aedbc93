"""Which tasks a change of a workflow sends elsewhere."""

import json

from tr_apply.errors import ExpressionSyntaxError
from tr_apply.impact import RouteChanges, route_changes
from tr_apply.plan.impact import FilterRoute, RouteChange
from tr_apply.resources.workflow import Workflow
from tr_apply.routing.parser import parse
from tr_apply.routing.satisfy import Budget
from tr_apply.routing.workflow import DEFAULT, first_place
from tr_apply.routing.workflow_document import read_routing


def read(text):
    try:
        return parse(text)
    except ExpressionSyntaxError:
        return None


def workflow(*filters, default="Everyone"):
    """Out of (name, expression, target, target...), a target being a queue or a mapping."""
    listed = [
        {
            "name": name,
            "expression": expression,
            "targets": [{"queue": each} if isinstance(each, str) else each for each in targets],
        }
        for name, expression, *targets in filters
    ]
    return Workflow(name="Voice", filters=listed, default_filter=None if default is None else {"queue": default})


def changes(before, after):
    result = route_changes(before, after, read)
    for change in result.routes:
        assert routed(before, change.task) == (change.before and change.before.filter)
        assert routed(after, change.task) == (change.after and change.after.filter)
    return result


def routed(version, task):
    """The number of the filter in which TaskRouter's rules have a task begin; 0 for the default filter."""
    filters = [{"expression": each.expression, "targets": [{"queue": "WQ"}]} for each in version.filters]
    default = {} if version.default_filter is None else {"default_filter": {"queue": "WQ"}}
    place = first_place(read_routing(json.dumps({"task_routing": {"filters": filters, **default}})), task, 0)
    return None if place is None else 0 if place.filter == DEFAULT else place.filter + 1


SPANISH = ("Spanish", "language == 'es'", {"queue": "Spanish", "timeout": 60}, "Everyone")
SALES = ("Sales", "topic == 'sales'", "Sales")


def test_a_workflow_that_stays_sends_nothing_elsewhere():
    broken = ("Broken", "topic = = 'x'", "Sales")

    assert changes(workflow(SPANISH, SALES), workflow(SPANISH, SALES)) == RouteChanges(())
    assert route_changes(workflow(broken, SALES), workflow(broken, SALES), read) == RouteChanges(())


def test_a_filter_that_is_moved_takes_tasks_of_the_one_it_passes():
    result = changes(workflow(SPANISH, SALES), workflow(SALES, SPANISH))

    assert result == RouteChanges(
        (
            RouteChange(
                "Voice",
                FilterRoute(1, "Spanish", ("Spanish", "Everyone")),
                FilterRoute(1, "Sales", ("Sales",)),
                {"language": "es", "topic": "sales"},
            ),
        )
    )


def test_a_step_that_can_no_longer_be_left_cuts_off_the_later_ones():
    after = ("Spanish", "language == 'es'", "Spanish", "Everyone")

    [change] = changes(workflow(SPANISH), workflow(after)).routes

    assert change.before == FilterRoute(1, "Spanish", ("Spanish", "Everyone"))
    assert change.after == FilterRoute(1, "Spanish", ("Spanish",))
    assert change.task == {"language": "es"}


def test_a_target_without_a_queue_stays_in_the_one_before():
    before = ("Spanish", "language == 'es'", {"queue": "Spanish", "timeout": 60}, {})
    after = ("Spanish", "language == 'es'", {"queue": "Spanish", "timeout": 60}, "Spanish")

    assert changes(workflow(before), workflow(after)).routes == ()


def test_a_new_time_a_priority_and_a_name_send_nothing_elsewhere():
    after = ("Español", "language == 'es'", {"queue": "Spanish", "timeout": 90, "priority": 5}, "Everyone")

    assert changes(workflow(SPANISH), workflow(after)).routes == ()


def test_other_workers_of_the_same_queue_are_elsewhere():
    some = (
        "Spanish",
        "language == 'es'",
        {"queue": "Spanish", "timeout": 60, "expression": "worker.level > 5"},
        "Everyone",
    )

    assert len(changes(workflow(SPANISH), workflow(some)).routes) == 1


def test_a_target_expression_that_only_looks_different_sends_nothing_elsewhere():
    one = ("Sales", "topic == 'sales'", {"queue": "Sales", "expression": "worker.skills HAS 'x'"})
    other = ("Sales", "topic == 'sales'", {"queue": "Sales", "expression": "'x' IN worker.skills"})

    assert changes(workflow(one), workflow(other)).routes == ()


def test_the_default_filter_has_number_0_and_no_filter_has_none():
    before, after = workflow(SALES), workflow(default=None)

    result = changes(before, after)

    assert [(change.before, change.after, change.task) for change in result.routes] == [
        (FilterRoute(1, "Sales", ("Sales",)), None, {"topic": "sales"}),
        (FilterRoute(0, None, ("Everyone",)), None, {}),
    ]


def test_another_queue_of_the_default_filter_moves_what_nothing_matches():
    [change] = changes(workflow(SALES), workflow(SALES, default="Sales")).routes

    assert (change.before, change.after) == (FilterRoute(0, None, ("Everyone",)), FilterRoute(0, None, ("Sales",)))


def test_a_skip_if_that_is_never_true_lets_nothing_past():
    before = ("Sales", "topic == 'sales'", {"queue": "Sales", "skip_if": "1==1"}, "Everyone")
    after = ("Sales", "topic == 'sales'", {"queue": "Sales", "skip_if": "1==0"}, "Everyone")

    [change] = changes(workflow(before), workflow(after)).routes

    assert change.after == FilterRoute(1, "Sales", ("Sales",))


def test_an_unknown_result_is_reported():
    broken = ("Broken", "topic = = 'x'", "Sales")
    unreadable = route_changes(workflow(broken, SALES), workflow(broken, SPANISH), read)
    short = route_changes(workflow(SPANISH, SALES), workflow(SALES, SPANISH), read, Budget(1))

    assert unreadable.unknown == ("workflow Voice: a filter cannot be read, so tasks that it may take were left out",)
    assert short.unknown == ("workflow Voice: the search for tasks that go elsewhere was cut short; there may be more",)


def test_more_pairs_than_a_reader_wants_are_cut():
    before = workflow(*((f"F{n}", f"queue == 'q{n}'", f"Q{n}") for n in range(60)))
    after = workflow(("All", "1==1", "Everyone"), *((f"F{n}", f"queue == 'q{n}'", f"Q{n}") for n in range(60)))

    result = changes(before, after)

    assert len(result.routes) == 50
    assert result.unknown == ("workflow Voice: only the first 50 pairs of filters are listed",)
