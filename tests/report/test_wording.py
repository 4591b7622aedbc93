"""The names of a plan's fields for people: they count from 1."""

import pytest

from tr_apply.plan.change import FieldChange, FilterPlace
from tr_apply.report.wording import added_at, field_title, moved_to, reference_title, removed_from

GOLD, UNNAMED = FilterPlace(2, 6, "Gold", "VIP"), FilterPlace(1, 1)


@pytest.mark.parametrize(
    ("path", "place", "title"),
    [
        ("target_workers", None, "target_workers"),
        ("filters[Gold]", GOLD, "filter 2 (Gold)"),
        ("filters[Gold].expression", GOLD, "filter 2 (Gold), expression"),
        ("filters[#2].targets[0]", GOLD, "filter 2 (Gold), target 1"),
        ("filters[#1].targets[9].skip_if", UNNAMED, "filter 1, target 10 skip_if"),
        ("filters[a.b].c].extra.targets[1]", FilterPlace(3, 3, "a.b].c"), "filter 3 (a.b].c), extra.targets[1]"),
        ("filters[\x1b].name", FilterPlace(1, 1, "\x1b"), "filter 1 (\\x1b), name"),
        ("default_filter.queue", None, "default_filter.queue"),
    ],
)
def test_a_field_goes_by_the_number_and_the_name_of_its_filter(path, place, title):
    assert field_title(FieldChange(path, 1, 2, filter=place)) == title


@pytest.mark.parametrize(
    ("path", "title"),
    [
        ("workflow/Incoming.filters[#1].targets[0].skip_if", "workflow/Incoming filter 1, target 1 skip_if"),
        ("workflow/Incoming.filters[Gold].expression", "workflow/Incoming filter (Gold), expression"),
        ("filters[Gold]", "filter (Gold)"),
        ("filters[#3].targets", "filter 3, targets"),
        ("task_queue/Everyone.reservation_activity", "task_queue/Everyone.reservation_activity"),
        ("", ""),
    ],
)
def test_a_path_is_written_in_words(path, title):
    assert reference_title(path) == title


def test_a_filter_says_where_it_is():
    assert added_at(GOLD) == "added as 2 of 6, above VIP"
    assert added_at(FilterPlace(6, 6)) == "added as 6 of 6, the last one"
    assert added_at(UNNAMED) == "added as 1 of 1"
    assert removed_from(GOLD) == "removed, was 2 of 6"
    assert moved_to(5, GOLD) == "moved from 5 to 2 of 6, above VIP"
    assert moved_to(2, GOLD) == "still 2 of 6, but now above VIP"
