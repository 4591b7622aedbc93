"""The present state at one time: tasks of a few lines, times in seconds."""

import pytest

from tr_apply.local.statistics.real_time import (
    PresentTasks,
    PresentWorkers,
    queue_figures,
    workers_figures,
    workspace_figures,
)
from tr_apply.routing.records import Task
from tr_apply.routing.workspace import Activity

ACTIVITIES = [
    Activity("WA1", "Offline", available=False),
    Activity("WA2", "Available", available=True),
    Activity("WA3", "Chat only", available=True),
]


NOTHING = Task._make([None] * len(Task._fields))


def task(sid, status, created_s=0, *, priority=0, entered_s=None):
    entered_ms = None if entered_s is None else 1000 * entered_s
    return NOTHING._replace(
        sid=sid, status=status, priority=priority, created_ms=1000 * created_s, queue_entered_ms=entered_ms
    )


def tasks(*each):
    found = PresentTasks()
    for one in each:
        found.add(one)
    return found


def test_of_no_tasks_all_is_zero_and_no_task_waits():
    assert tasks().figures(0) == {
        "longest_task_waiting_age": 0,
        "longest_task_waiting_sid": None,
        "tasks_by_priority": {},
        "tasks_by_status": {"pending": 0, "reserved": 0, "assigned": 0, "wrapping": 0},
        "total_tasks": 0,
    }
    assert tasks().relative_figures(0) == {
        "longest_relative_task_age_in_queue": 0,
        "longest_relative_task_sid_in_queue": None,
    }


def test_tasks_are_counted_by_status_and_priority():
    figures = tasks(
        task("WT1", "pending", priority=10),
        task("WT2", "pending", priority=2),
        task("WT3", "reserved", priority=10),
        task("WT4", "assigned", priority=0),
        task("WT5", "wrapping", priority=0),
        task("WT6", "pending", priority=0),
    ).figures(0)

    assert figures["tasks_by_status"] == {"pending": 3, "reserved": 1, "assigned": 1, "wrapping": 1}
    assert figures["tasks_by_priority"] == {"0": 3, "2": 1, "10": 2}
    assert list(figures["tasks_by_priority"]) == ["0", "2", "10"]
    assert figures["total_tasks"] == 6


def test_ended_tasks_are_counted_by_status_alone_while_they_can_be_seen():
    figures = tasks(task("WT1", "completed"), task("WT2", "canceled"), task("WT3", "pending")).figures(0)

    assert figures["tasks_by_status"] == {
        "pending": 1,
        "reserved": 0,
        "assigned": 0,
        "wrapping": 0,
        "completed": 1,
        "canceled": 1,
    }
    assert figures["total_tasks"] == 1
    assert figures["tasks_by_priority"] == {"0": 1}


def test_the_longest_waiting_task_is_the_one_created_first_of_those_nobody_has_accepted():
    figures = tasks(
        task("WT1", "assigned", 0), task("WT2", "completed", 1), task("WT3", "reserved", 3), task("WT4", "pending", 5)
    ).figures(10_999)

    assert (figures["longest_task_waiting_sid"], figures["longest_task_waiting_age"]) == ("WT3", 7)


def test_in_its_queue_another_task_may_have_waited_longest():
    found = tasks(task("WT1", "pending", 0, entered_s=8), task("WT2", "reserved", 5, entered_s=6))

    assert found.figures(10_000)["longest_task_waiting_sid"] == "WT1"
    assert found.relative_figures(10_000) == {
        "longest_relative_task_age_in_queue": 4,
        "longest_relative_task_sid_in_queue": "WT2",
    }


def test_of_tasks_that_wait_equally_long_the_first_is_named():
    figures = tasks(task("WT1", "pending", 1), task("WT2", "pending", 1)).figures(5_000)

    assert figures["longest_task_waiting_sid"] == "WT1"


def test_a_clock_that_was_set_back_makes_no_negative_age():
    assert tasks(task("WT1", "pending", 10)).figures(5_000)["longest_task_waiting_age"] == 0


@pytest.fixture
def workers():
    return PresentWorkers(ACTIVITIES, {"WA1": 3, "WA2": 2, "WA3": 1})


STATISTICS = [
    {"sid": "WA1", "friendly_name": "Offline", "workers": 3},
    {"sid": "WA2", "friendly_name": "Available", "workers": 2},
    {"sid": "WA3", "friendly_name": "Chat only", "workers": 1},
]


def test_workers_are_counted_by_activity(workers):
    assert workers_figures(workers) == {"activity_statistics": STATISTICS, "total_workers": 6}


def test_an_activity_that_nobody_is_in_is_counted_too():
    assert PresentWorkers(ACTIVITIES, {}).activity_statistics()[0]["workers"] == 0


def test_a_workspace_counts_tasks_and_workers(workers):
    present = tasks(task("WT1", "pending"))

    assert workspace_figures(present, workers, 0) == {**present.figures(0), **workers_figures(workers)}


def test_a_queue_counts_its_eligible_and_its_available_workers(workers):
    present = tasks(task("WT1", "pending"))

    assert queue_figures(present, workers, 0) == {
        **present.figures(0),
        "activity_statistics": STATISTICS,
        "total_eligible_workers": 6,
        "total_available_workers": 3,
    }
