"""The content of a lane: who takes a task, for how long, where it ends, and whether a task gets there at all."""

import json

import pytest

from tests.picture.scenes import lanes_of, scene_of, workflow_of
from tr_apply.picture import picture_of
from tr_apply.routing.workflow import DEFAULT, first_place, next_place
from tr_apply.routing.workflow_document import read_routing

SPANISH = ("Spanish", "language == 'es'", {"queue": "Spanish", "timeout": 60}, {"queue": "Everyone", "priority": 5})


def test_lanes_are_the_filters_in_their_order_and_everything_else():
    lanes = lanes_of(SPANISH, (None, "topic == 'sales'", "Sales"))

    assert [(lane.number, lane.title, lane.condition) for lane in lanes] == [
        (1, "Spanish", "language is es"),
        (2, "topic is sales", "topic is sales"),
        (0, "Everything else", ""),
    ]


def test_steps_have_their_queue_time_and_priority_and_a_task_waits_in_the_last():
    lane = lanes_of(SPANISH)[0]

    assert [(step.queue, step.leaves, [badge.text for badge in step.badges]) for step in lane.steps] == [
        ("Spanish", "after 1m", []),
        ("Everyone", "", ["priority 5"]),
    ]
    assert lane.end == "waits"


def test_a_step_without_a_queue_is_in_the_queue_before_it():
    lane = lanes_of(("A", "a == 1", {"queue": "Sales", "timeout": 10}, {"priority": 3}))[0]

    assert [step.queue for step in lane.steps] == ["Sales", "Sales"]


def test_the_workers_of_a_queue_that_a_step_wants_are_shown_next_to_it():
    target = {
        "queue": "Sales",
        "expression": "task.topic IN worker.skills",
        "known_worker_sid": "task.agent",
        "order_by": "worker.level DESC",
    }
    step = lanes_of(("A", "a == 1", target))[0].steps[0]

    assert [(badge.text, badge.title) for badge in step.badges] == [
        ("the known agent", "only the worker in task.agent"),
        ("only if worker.skills has task.topic", "only if worker.skills has task.topic"),
        ("highest level first", "worker.level DESC"),
    ]


def test_a_long_condition_of_a_step_is_one_word_and_whole_in_its_title():
    text = " OR ".join(f"worker.skill_number_{n} == {n}" for n in range(9))
    badge = lanes_of(("A", "a == 1", {"queue": "Sales", "expression": text}))[0].steps[0].badges[0]

    assert badge.text == "some only"
    assert badge.title.startswith("only if worker.skill_number_0 is 0 or worker.skill_number_1 is 1")


def test_a_condition_that_all_steps_share_is_shown_once():
    target = {"expression": "worker.sid NOT IN task.refused"}
    filters = [(str(n), f"a == {n}", {"queue": "Sales", **target}) for n in range(3)]
    [lanes] = picture_of(scene_of(workflow_of(*filters))).workflows

    assert lanes.shared.title == "only if task.refused does not have worker.sid"
    assert [list(lanes.badges(step)) for lane in lanes.lanes for step in lane.steps] == [[], [], [], []]


@pytest.mark.parametrize(
    ("target", "leaves"),
    [
        ({"timeout": 90}, "after 90s"),
        ({"timeout": 60, "skip_if": "1==1"}, "after 1m, skipped if nobody is free"),
        ({"skip_if": "workers.available == 0"}, "skipped if nobody is at work, else waits"),
        ({"timeout": 60, "skip_if": "1==0"}, "after 1m"),
        ({"skip_if": "1==0"}, ""),
        ({}, ""),
    ],
)
def test_a_task_leaves_a_step_by_time_and_by_skip_if(target, leaves):
    lane = lanes_of(("A", "a == 1", {"queue": "Sales", **target}, "Everyone"))[0]

    assert lane.steps[0].leaves == leaves
    assert lane.steps[1].is_reached is bool(leaves)


TIMED = {"queue": "Q", "timeout": 60}
SKIPPED = {"queue": "Q", "skip_if": "1==1"}


@pytest.mark.parametrize(
    ("filters", "default", "end"),
    [
        ([("A", "a == 1", TIMED)], "Everyone", "canceled"),
        ([("A", "a == 1", SKIPPED)], "Everyone", "everything else"),
        ([("A", "a == 1", SKIPPED)], None, "canceled"),
        ([("A", "a == 1", TIMED), ("B", "a == 2", "Q")], "Everyone", "canceled"),
        ([("A", "a == 1", TIMED), ("B", "b == 2", "Q")], "Everyone", "filter 2 if it fits, else canceled"),
        ([("A", "a == 1", SKIPPED), ("B", "b == 2", "Q")], "Everyone", "filter 2 if it fits, else everything else"),
        ([("A", "a == 1", TIMED), ("B", "b == 2", "Q"), ("C", "1==1", "Q")], None, "filter 2 or 3"),
        ([("A", "a == 1", TIMED), *[(str(n), f"b{n} == 1", "Q") for n in range(4)]], None, "the next filter that fits, else canceled"),
    ],
)  # fmt: skip
def test_after_the_last_step_a_task_goes_where_taskrouter_sends_it(filters, default, end):
    lanes = lanes_of(*filters, default=default)

    assert lanes[0].end == end
    assert goes_on(filters, default, {"a": 1}) == (
        "canceled" if end.endswith("canceled") else "default" if end.endswith("everything else") else 3
    )


def test_of_very_many_filters_below_none_is_named():
    lanes = lanes_of(("A", "a == 1", TIMED), *[(str(n), f"a == {n + 2}", "Q") for n in range(101)])

    assert lanes[0].end == "the next filter that fits, else canceled"


def goes_on(filters, default, task):
    """Where the engine's own rules send *task*, which leaves the first filter."""
    written = [
        {
            "expression": expression,
            "targets": [{"queue": "WQ", **(each if isinstance(each, dict) else {})} for each in targets],
        }
        for _, expression, *targets in filters
    ]
    document = {"filters": written} | ({} if default is None else {"default_filter": {"queue": "WQ"}})
    routing = read_routing(json.dumps({"task_routing": document}))
    by = "skip" if filters[0][2] is SKIPPED else "timeout"
    place = next_place(routing, task, first_place(routing, task, 0), left_by=by, created_ms=0)
    return "canceled" if place is None else "default" if place.filter == DEFAULT else place.filter + 1


def test_a_filter_that_no_task_reaches_names_the_filters_that_take_them_and_a_task():
    lane = lanes_of(("ES", "language == 'es'", "Spanish"), ("Both", "language == 'es' AND topic == 'sales'", "Sales"))[
        1
    ]

    assert lane.blame.text == "filter 1 (ES) takes every such task"
    assert json.loads(lane.blame.task) == {"language": "es", "topic": "sales"}
    assert lane.tags == ("never reached",)


def test_two_filters_can_take_all_tasks_of_a_third_together():
    lane = lanes_of((None, "a == 1", "Q"), ("B", "a == 2", "Q"), ("C", "a IN [1, 2]", "Q"))[2]

    assert lane.blame.text == "filters 1 and 2 (B) take every such task"


def test_a_filter_that_nothing_matches_blames_nobody():
    assert lanes_of(("A", "a == 1 AND a == 2", "Q"))[0].blame.text == "there is no task that fits"


def test_below_a_filter_that_cannot_be_read_nothing_is_certain():
    lanes = lanes_of(("Broken", "a = = 1", "Q"), ("B", "b == 1", "Q"))

    assert [lane.blame for lane in lanes] == [None, None, None]
    assert lanes[0].condition == "a = = 1"


def test_everything_else_is_unreachable_below_a_filter_for_any_task():
    lanes = lanes_of(("All", "1==1", "Q"))

    assert lanes[0].condition == "any task"
    assert lanes[1].blame.text == "filter 1 (All) takes every such task"


def test_without_a_default_filter_everything_else_is_canceled_if_there_is_such_a_task():
    assert lanes_of(SPANISH, default=None)[-1].end == "canceled immediately: there is no default filter"
    assert len(lanes_of(("All", "1==1", "Q"), default=None)) == 1


def test_a_workflow_without_filters_is_one_lane_for_every_task():
    assert [lane.title for lane in lanes_of()] == ["Every task"]


def test_queues_know_their_people_and_what_leads_to_them():
    queues = {"Spanish": "languages HAS 'es'", "Night": "shift == 'night'", "Broken": "a = = 1", "Closed": " "}
    workers = {"ana": {"languages": ["es"]}, "ben": {"languages": ["en"]}}
    picture = picture_of(scene_of(workflow_of(SPANISH, ("N", "n == 1", "Night")), queues=queues, workers=workers))

    assert [(each.name, each.who, each.members, each.fed_by) for each in picture.queues] == [
        ("Spanish", "languages has es", ("ana",), "Voice: 1"),
        ("Night", "shift is night", (), "Voice: 2"),
        ("Broken", "a = = 1", None, ""),
        ("Closed", "nobody", (), ""),
        ("Everyone", "not declared here", None, "Voice: 1, everything else"),
    ]
    assert [step.people for step in picture.workflows[0].lanes[0].steps] == [1, None]


def test_without_workers_no_queue_is_marked_as_empty():
    picture = picture_of(scene_of(workflow_of(SPANISH), queues={"Spanish": "languages HAS 'es'", "Everyone": "1==1"}))

    assert [each.members for each in picture.queues] == [None, None]
