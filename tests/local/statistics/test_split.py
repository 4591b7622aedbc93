"""SplitByWaitTime: waits on both sides of each threshold."""

import pytest

from tr_apply.local.statistics.split import Split, read_thresholds
from tr_apply.local.storage.refusals import InvalidParameterError


def sides(split):
    """Threshold -> accepted below and above, canceled below and above."""
    return {
        threshold: tuple(
            counts[side][name]
            for name in ("reservations_accepted", "tasks_canceled")
            for side, counts in (("below", each), ("above", each))
        )
        for threshold, each in split.figures().items()
    }


def test_the_form_is_the_documented_one():
    assert Split((5,)).figures() == {
        "5": {
            "above": {"tasks_canceled": 0, "reservations_accepted": 0},
            "below": {"tasks_canceled": 0, "reservations_accepted": 0},
        }
    }


def test_a_wait_as_long_as_the_threshold_is_below_and_a_millisecond_more_is_above():
    split = Split((5,))

    split.accept(5_000)
    split.accept(5_001)
    split.cancel(4_999)

    assert sides(split) == {"5": (1, 1, 1, 0)}


def test_every_threshold_splits_all_waits_and_they_are_returned_in_the_order_of_the_request():
    split = Split((30, 5, 0))

    for waited_s in (0, 3, 5, 20, 30, 31):
        split.accept(1000 * waited_s)
    split.cancel(10_000)

    assert sides(split) == {"30": (5, 1, 1, 0), "5": (3, 3, 0, 1), "0": (1, 5, 0, 1)}
    assert list(split.figures()) == ["30", "5", "0"]


def test_the_first_ten_thousand_tasks_and_reservations_are_split():
    split = Split((5,))

    for _ in range(9_999):
        split.accept(0)
    for _ in range(3):
        split.cancel(60_000)

    assert sides(split) == {"5": (9_999, 0, 0, 1)}


def test_without_thresholds_nothing_is_split():
    split = Split(())

    split.accept(1)

    assert split.figures() == {}


@pytest.mark.parametrize(
    ("text", "thresholds"),
    [
        (None, ()),
        ("", ()),
        ("5", (5,)),
        ("5,30", (5, 30)),
        (" 30 , 5 ", (30, 5)),
        ("5,05,5", (5,)),
        ("0", (0,)),
    ],
)
def test_thresholds_are_whole_seconds_between_commas(text, thresholds):
    assert read_thresholds(text) == thresholds


@pytest.mark.parametrize("text", ["five", "5,", ",", "5.5", "-1", "5;30", "1000000001", "9" * 5000])
def test_anything_else_is_refused(text):
    with pytest.raises(InvalidParameterError, match="SplitByWaitTime"):
        read_thresholds(text)
