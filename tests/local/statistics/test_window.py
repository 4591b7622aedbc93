"""The time that cumulative statistics are about."""

from datetime import UTC, datetime

import pytest

from tr_apply.local.statistics.window import Window
from tr_apply.local.storage.refusals import InvalidParameterError, TooLongAgoError


def ms(text):
    return round(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)


NOW = ms("2026-03-01T12:00:00.250")


def window(**query):
    return Window.of(query, NOW)


@pytest.mark.parametrize(
    ("query", "start", "end"),
    [
        ({}, "2026-03-01T11:45:00.250", "2026-03-01T12:00:00.250"),
        ({"Minutes": ""}, "2026-03-01T11:45:00.250", "2026-03-01T12:00:00.250"),
        ({"Minutes": "240"}, "2026-03-01T08:00:00.250", "2026-03-01T12:00:00.250"),
        ({"Minutes": "43200"}, "2026-01-30T12:00:00.250", "2026-03-01T12:00:00.250"),
        ({"StartDate": "2026-02-28T12:00:00Z"}, "2026-02-28T12:00:00", "2026-03-01T12:00:00.250"),
        ({"StartDate": "2026-01-30T12:00:00Z"}, "2026-01-30T12:00:00", "2026-03-01T12:00:00.250"),
        ({"EndDate": "2026-03-01T09:00:00Z"}, "2026-03-01T08:45:00", "2026-03-01T09:00:00"),
        (
            {"StartDate": "2026-02-28T00:00:00Z", "EndDate": "2026-02-28T23:59:59Z"},
            "2026-02-28T00:00:00",
            "2026-02-28T23:59:59",
        ),
        (
            {"StartDate": "2026-02-28T00:00:00Z", "EndDate": "2026-02-28T00:00:00Z"},
            "2026-02-28T00:00:00",
            "2026-02-28T00:00:00",
        ),
        (
            {"StartDate": "2026-03-01T00:00:00Z", "EndDate": "2027-01-01T00:00:00Z"},
            "2026-03-01T00:00:00",
            "2027-01-01T00:00:00",
        ),
        ({"StartDate": "2026-03-01"}, "2026-03-01T00:00:00", "2026-03-01T12:00:00.250"),
        ({"StartDate": "2026-03-01T02:00:00+02:00"}, "2026-03-01T00:00:00", "2026-03-01T12:00:00.250"),
        ({"StartDate": "2026-03-01T00:00:00.5Z"}, "2026-03-01T00:00:00.500", "2026-03-01T12:00:00.250"),
    ],
)
def test_a_window_is_minutes_or_dates_and_15_minutes_without_either(query, start, end):
    assert Window.of(query, NOW) == Window(ms(start), ms(end))


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ({"Minutes": "0"}, "Minutes"),
        ({"Minutes": "-15"}, "Minutes"),
        ({"Minutes": "a few"}, "Minutes"),
        ({"Minutes": "1.5"}, "Minutes"),
        ({"Minutes": "15", "StartDate": "2026-03-01T00:00:00Z"}, "cannot be combined"),
        ({"Minutes": "15", "EndDate": "2026-03-01T00:00:00Z"}, "cannot be combined"),
        ({"StartDate": "yesterday"}, "StartDate"),
        ({"EndDate": "2026-02-30T00:00:00Z"}, "EndDate"),
        ({"EndDate": "Sat, 28 Feb 2026 00:00:00 +0000"}, "EndDate"),
        ({"EndDate": "9999-12-31T23:59:59-12:00"}, "EndDate"),
        ({"StartDate": "0001-01-01T00:00:00+12:00"}, "StartDate"),
        ({"EndDate": "1899-12-31T23:59:59Z"}, "EndDate"),
        ({"StartDate": "2026-03-01T12:00:01Z"}, "StartDate"),
        ({"StartDate": "2026-03-01T00:00:00Z", "EndDate": "2026-02-28T00:00:00Z"}, "StartDate"),
    ],
)
def test_a_window_that_makes_no_sense_is_refused(query, says):
    with pytest.raises(InvalidParameterError, match=says):
        Window.of(query, NOW)


@pytest.mark.parametrize(
    "query",
    [
        {"StartDate": "2026-01-30T11:59:59Z"},
        {"StartDate": "1900-01-01T00:00:00Z"},
        {"EndDate": "1900-01-01T00:00:00Z"},
        {"Minutes": "43201"},
        {"Minutes": "1000000000"},
    ],
)
def test_a_window_that_begins_more_than_30_days_ago_is_refused_with_a_code_of_its_own(query):
    with pytest.raises(TooLongAgoError, match="30 days") as refusal:
        Window.of(query, NOW)

    assert refusal.value.code == 14241


def test_a_window_is_returned_in_whole_seconds():
    assert window().figures() == {"start_time": "2026-03-01T11:45:00Z", "end_time": "2026-03-01T12:00:00Z"}


def test_the_last_second_counts_whole():
    assert window(EndDate="2026-03-01T09:00:00Z").last_ms == ms("2026-03-01T09:00:00.999")


@pytest.mark.parametrize(
    ("since", "until", "inside"),
    [(1000, 2000, 1000), (0, 2000, 1000), (1000, 9000, 2000), (0, 9000, 2000), (1500, 1500, 0), (0, 1000, 0)],
)
def test_part_of_a_time_is_inside(since, until, inside):
    assert Window(1000, 3000).part_of(since, until) == inside


def test_a_time_before_or_after_has_no_part_inside():
    assert Window(1000, 3000).part_of(0, 500) < 0
    assert Window(1000, 3000).part_of(4000, 5000) < 0
