"""The past, summed: the arithmetic on timelines of a few lines, times in seconds."""

import pytest

from tr_apply.local.statistics.cumulative import COUNTED_TYPES, Tally, nested
from tr_apply.local.statistics.durations import Occurrence

NO_DURATION = {"avg": 0, "min": 0, "max": 0, "total": 0}


def at(_at_s, event_type, waited=0, in_queue=0):
    return Occurrence(event_type, waited_ms=round(1000 * waited), waited_in_queue_ms=round(1000 * in_queue))


def tally(occurrences, thresholds=()):
    found = Tally(thresholds)
    for each in occurrences:
        found.add(each)
    return found


# One task is accepted after 12 s, 5 s of them in this queue; one worker said no before, one was too late.
# Another task is canceled after 40 s with a reservation pending; a third leaves the workflow after 60 s.
TIMELINE = [
    at(0, "task.created"),
    at(0, "workflow.entered"),
    at(0, "task-queue.entered"),
    at(0, "workflow.target-matched"),
    at(0, "task.created"),
    at(0, "workflow.entered"),
    at(0, "task-queue.entered"),
    at(7, "task-queue.timeout", 7, 7),
    at(7, "task-queue.moved", 7, 7),
    at(7, "task-queue.entered", 7),
    at(8, "reservation.created", 8, 1),
    at(9, "reservation.rejected", 9, 2),
    at(9, "reservation.created", 9, 2),
    at(9, "reservation.created", 9, 2),
    at(12, "reservation.accepted", 12, 5),
    at(12, "reservation.rescinded", 12, 5),
    at(20, "reservation.created", 20, 20),
    at(30, "reservation.timeout", 30, 30),
    at(31, "reservation.created", 31, 31),
    at(40, "task.canceled", 40, 40),
    at(40, "reservation.canceled", 40, 40),
    at(50, "task.wrapup", 50, 43),
    at(50, "reservation.wrapup", 50, 43),
    at(55, "task.completed", 55, 48),
    at(55, "reservation.completed", 55, 48),
    at(55, "task.updated", 55, 48),
    at(60, "workflow.timeout", 60, 60),
    at(60, "task.canceled", 60, 60),
    at(70, "workflow.skipped", 0, 0),
    at(80, "task.deleted", 0, 0),
    at(86_400, "task.system-deleted", 86_400, 86_393),
]

RESERVATIONS = {
    "reservations_created": 5,
    "reservations_accepted": 1,
    "reservations_rejected": 1,
    "reservations_timed_out": 1,
    "reservations_canceled": 1,
    "reservations_rescinded": 1,
}
ENDED = {"tasks_canceled": 2, "tasks_completed": 1, "tasks_deleted": 2, "tasks_moved": 1}
WAITS = {
    "avg_task_acceptance_time": 12,
    "wait_duration_until_accepted": {"avg": 12, "min": 12, "max": 12, "total": 12},
    "wait_duration_until_canceled": {"avg": 50, "min": 40, "max": 60, "total": 100},
    "split_by_wait_time": {},
}


def test_a_workspace_counts_created_tasks():
    assert tally(TIMELINE).figures("workspace") == {
        **RESERVATIONS,
        **ENDED,
        **WAITS,
        "tasks_created": 2,
        "tasks_timed_out_in_workflow": 1,
    }


def test_a_workflow_counts_tasks_that_entered_and_that_timed_out():
    assert tally(TIMELINE).figures("workflow") == {
        **RESERVATIONS,
        **ENDED,
        **WAITS,
        "tasks_entered": 2,
        "tasks_timed_out_in_workflow": 1,
    }


def test_a_queue_counts_tasks_that_entered_and_how_long_they_waited_in_it():
    assert tally(TIMELINE).figures("task_queue") == {
        **RESERVATIONS,
        **ENDED,
        **WAITS,
        "tasks_entered": 3,
        "wait_duration_in_queue_until_accepted": {"avg": 5, "min": 5, "max": 5, "total": 5},
    }


def test_workers_have_figures_of_reservations_alone():
    assert tally(TIMELINE).reservations() == RESERVATIONS


def test_waits_are_split_by_acceptance_and_cancellation():
    assert tally(TIMELINE, (12, 40)).figures("workspace")["split_by_wait_time"] == {
        "12": {
            "above": {"tasks_canceled": 2, "reservations_accepted": 0},
            "below": {"tasks_canceled": 0, "reservations_accepted": 1},
        },
        "40": {
            "above": {"tasks_canceled": 1, "reservations_accepted": 0},
            "below": {"tasks_canceled": 1, "reservations_accepted": 1},
        },
    }


@pytest.mark.parametrize("owner", ["workspace", "task_queue", "workflow"])
def test_of_nothing_all_is_zero(owner):
    figures = tally([]).figures(owner)

    assert figures.pop("split_by_wait_time") == {}
    assert all(value in (0, NO_DURATION) for value in figures.values())


def test_seconds_are_rounded_down_and_from_sums_of_milliseconds():
    accepted = [at(each, "reservation.accepted", waited=each) for each in (0.6, 0.6, 1.9)]

    figures = tally(accepted).figures("workspace")

    assert figures["wait_duration_until_accepted"] == {"avg": 1, "min": 0, "max": 1, "total": 3}
    assert figures["avg_task_acceptance_time"] == 1


def test_the_mean_is_the_documented_one_of_8100_seconds_in_eight_parts():
    accepted = [at(0, "reservation.accepted", waited=each) for each in (900, 900, 900, 900, 900, 900, 900, 1800)]

    assert tally(accepted).figures("workspace")["wait_duration_until_accepted"]["avg"] == 1012


def test_next_to_real_time_figures_the_mean_has_a_decimal_point_and_nothing_else_changes():
    figures = tally(TIMELINE).figures("workspace")

    beside = nested(figures)

    assert beside == figures
    assert type(beside["avg_task_acceptance_time"]) is float
    assert type(figures["avg_task_acceptance_time"]) is int


def test_only_the_types_that_count_need_to_be_read():
    counted = [each for each in TIMELINE if each.type in COUNTED_TYPES]

    for owner in ("workspace", "task_queue", "workflow"):
        assert tally(counted, (5,)).figures(owner) == tally(TIMELINE, (5,)).figures(owner)
    assert {"task.updated", "workflow.target-matched", "reservation.wrapup"}.isdisjoint(COUNTED_TYPES)
