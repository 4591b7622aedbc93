"""differences(): where two sequences differ."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tr_apply.plan.compare.sequences import Stretch, differences, longest_rising

values = st.lists(st.sampled_from("abcdefgh"), max_size=40)


@given(values, values)
def test_the_part_between_the_differences_is_the_same(old, new):
    found = list(differences(old, new))

    made, position = [], 0
    for start, end, new_start, new_end in found:
        assert (start, new_start) != (end, new_end)
        made += old[position:start] + new[new_start:new_end]
        position = end
    assert made + old[position:] == new
    assert not found if old == new else found


@pytest.mark.parametrize(
    ("old", "new", "stretches"),
    [
        ("abc", "abc", []),
        ("abc", "xabc", [Stretch(0, 0, 0, 1)]),
        ("abc", "ac", [Stretch(1, 2, 1, 1)]),
        ("abc", "axc", [Stretch(1, 2, 1, 2)]),
        ("aabb", "abab", [Stretch(1, 1, 1, 2), Stretch(2, 3, 3, 3)]),
    ],
)
def test_the_shortest_stretches_are_found(old, new, stretches):
    assert list(differences(old, new)) == stretches


def test_endless_alternation_is_compared_quickly():
    old, new = "ab" * 50_000, "aab" * 30_000

    [*_, last] = differences(old, new)

    assert last.end <= len(old)


def test_the_longest_rising_is_as_long_as_it_can_be():
    assert longest_rising([0, 1, 2, 3], {0: 3, 1: 0, 2: 1, 3: 2}) == [1, 2, 3]
    assert longest_rising([], {}) == []
