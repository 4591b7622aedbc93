"""How long workers were in each activity, in seconds."""

from tr_apply.local.statistics.activity_stays import ActivityDurations
from tr_apply.local.statistics.durations import Stay
from tr_apply.local.statistics.window import Window
from tr_apply.routing.workspace import Activity

ACTIVITIES = [Activity("WA1", "Offline", available=False), Activity("WA2", "Available", available=True)]


def durations(*stays, start=0, end=900):
    """(avg, min, max, total) of Offline and of Available."""
    found = ActivityDurations(ACTIVITIES, Window(1000 * start, 1000 * end))
    for _worker, activity, since, until in stays:
        found.add(Stay(activity, 1000 * since, 1000 * until))
    return [tuple(each[name] for name in ("avg", "min", "max", "total")) for each in found.figures()]


NOTHING = (0, 0, 0, 0)


def test_every_activity_is_included_even_one_that_nobody_was_in():
    assert ActivityDurations(ACTIVITIES, Window(0, 1)).figures() == [
        {"sid": "WA1", "friendly_name": "Offline", "avg": 0, "min": 0, "max": 0, "total": 0},
        {"sid": "WA2", "friendly_name": "Available", "avg": 0, "min": 0, "max": 0, "total": 0},
    ]


def test_each_stay_of_each_worker_counts():
    assert durations(
        ("alice", "WA1", 0, 100), ("alice", "WA2", 100, 900), ("bob", "WA1", 0, 300), ("bob", "WA2", 300, 900)
    ) == [(200, 100, 300, 400), (700, 600, 800, 1400)]


def test_a_stay_counts_with_its_part_inside_the_window():
    assert durations(("alice", "WA1", 0, 5000), ("bob", "WA1", 1500, 1700), start=1000, end=2000) == [
        (600, 200, 1000, 1200),
        NOTHING,
    ]


def test_a_stay_outside_the_window_or_of_no_length_does_not_count():
    stays = [
        ("alice", "WA1", 0, 1000),
        ("bob", "WA1", 2000, 3000),
        ("carol", "WA1", 1500, 1500),
        ("carol", "WA1", 5000, 9000),
    ]

    assert durations(*stays, start=1000, end=2000) == [NOTHING, NOTHING]


def test_a_stay_in_a_deleted_activity_is_left_out():
    assert durations(("alice", "WA3", 0, 900)) == [NOTHING, NOTHING]


def test_the_stays_of_workers_fill_the_window():
    stays = [("alice", "WA1", -50, 333), ("alice", "WA2", 333, 334), ("alice", "WA1", 334, 2000)]

    assert sum(total for *_, total in durations(*stays)) == 900
