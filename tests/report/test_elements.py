"""element_changes(): what happened to a list, by 0-based index."""

import pytest

from tr_apply.report.elements import element_changes

TEAM = [{"name": "ann", "skills": ["a", "b"], "level": 1}, {"name": "ben"}, {"name": "cid", "home": {"city": "Bern"}}]


@pytest.mark.parametrize(
    ("before", "after", "lines"),
    [
        (TEAM, TEAM, []),
        (TEAM, [{"name": "zoe"}, *TEAM], ["+ [0]: {name: zoe}"]),
        (TEAM, TEAM[1:], ["- [0]: {name: ann, skills: [a, b], level: 1}"]),
        (TEAM, [{**TEAM[0], "level": 2}, *TEAM[1:]], ["[0].level: 1 -> 2"]),
        (TEAM, [TEAM[0], {"name": "ben", "skills": ["c"]}, TEAM[2]], ["+ [1].skills: [c]"]),
        (TEAM, [{"name": "ann", "skills": ["a", "b", "c"]}, *TEAM[1:]], ["- [0].level: 1", "+ [0].skills[2]: c"]),
        (TEAM, [*TEAM[:2], {"name": "cid", "home": {"city": "Basel"}}], ["[2].home.city: Bern -> Basel"]),
        (["a", "b", "c"], ["c", "a", "b"], ["+ [0]: c", "- [2]: c"]),
        (["a", "b", "c"], ["a", "x", "c"], ["[1]: b -> x"]),
        (["a", 1, None], ["a", True, ["b"]], ["[1]: 1 -> true", "[2]: (none) -> [b]"]),
        ([{"k\x1b": 1}], [{"k\x1b": 2}], ["[0].k\\x1b: 1 -> 2"]),
        ([[1, 2], [3]], [[2, 1], [3]], ["[0][0]: 1 -> 2", "[0][1]: 2 -> 1"]),
    ],
)
def test_only_what_changed_is_told(before, after, lines):
    assert element_changes(before, after) == lines


def test_an_order_that_changed_beside_something_else_is_not_passed_over():
    before = [{"steps": ["x", "y", "z"], "note": "old"}, 1]
    after = [{"steps": ["z", "y", "x"], "note": "new"}, 1]

    lines = element_changes(before, after)

    assert "[0].note: old -> new" in lines
    assert any(".steps[" in line for line in lines)


@pytest.mark.parametrize("long", [list(range(501)), ["x" * 20_001]])
def test_lists_that_nobody_reads_on_are_not_compared(long):
    assert element_changes(long, []) == []
