"""element_changes(): what happened to a list, counted from 1."""

import pytest

from tr_apply.report.elements import element_changes

TEAM = [{"name": "ann", "skills": ["a", "b"], "level": 1}, {"name": "ben"}, {"name": "cid", "home": {"city": "Bern"}}]


def told(before, after):
    return [f"{line.sign} {line.text}".strip() for line in element_changes(before, after)]


@pytest.mark.parametrize(
    ("before", "after", "lines"),
    [
        (TEAM, TEAM, []),
        (TEAM, [{"name": "zoe"}, *TEAM], ["+ item 1: {name: zoe}"]),
        (TEAM, TEAM[1:], ["- item 1: {name: ann, skills: [a, b], level: 1}"]),
        (TEAM, [{**TEAM[0], "level": 2}, *TEAM[1:]], ["item 1, level: 1 -> 2"]),
        (TEAM, [TEAM[0], {"name": "ben", "skills": ["c"]}, TEAM[2]], ["+ item 2, skills: [c]"]),
        (
            TEAM,
            [{"name": "ann", "skills": ["a", "b", "c"]}, *TEAM[1:]],
            ["- item 1, level: 1", "+ item 1, skills, item 3: c"],
        ),
        (TEAM, [*TEAM[:2], {"name": "cid", "home": {"city": "Basel"}}], ["item 3, home, city: Bern -> Basel"]),
        (["a", "b", "c"], ["c", "a", "b"], ["+ item 1: c", "- item 3: c"]),
        (["a", "b", "c"], ["a", "x", "c"], ["item 2: b -> x"]),
        (["a", 1, None], ["a", True, ["b"]], ["item 2: 1 -> true", "item 3: (none) -> [b]"]),
        ([{"k\x1b": 1}], [{"k\x1b": 2}], ["item 1, k\\x1b: 1 -> 2"]),
        ([[1, 2], [3]], [[2, 1], [3]], ["item 1, item 1: 1 -> 2", "item 1, item 2: 2 -> 1"]),
    ],
)
def test_only_changed_elements_are_shown(before, after, lines):
    assert told(before, after) == lines


def test_a_changed_order_next_to_another_change_is_shown():
    before = [{"steps": ["x", "y", "z"], "note": "old"}, 1]
    after = [{"steps": ["z", "y", "x"], "note": "new"}, 1]

    lines = told(before, after)

    assert "item 1, note: old -> new" in lines
    assert any("steps, item" in line for line in lines)


@pytest.mark.parametrize("long", [list(range(501)), ["x" * 20_001]])
def test_lists_that_nobody_reads_on_are_not_compared(long):
    assert element_changes(long, []) == []
