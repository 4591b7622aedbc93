"""finding_text(): what a terminal shows of a finding."""

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tr_apply.findings import Finding, Severity
from tr_apply.report.finding_text import finding_text

LONG = "a key cannot contain a hyphen; rename the attribute or, if this is a text, quote it"
FINDING = Finding(Severity.ERROR, "expression-syntax", LONG, "w.yaml", 3, 27, "task_queues[0].target_workers")


def shown(finding, line, width=60):
    return click.unstyle(finding_text(finding, line, width=width)).splitlines()


def test_a_finding_breaks_at_words_and_shows_its_line_with_a_mark_below_the_column():
    assert shown(FINDING, '    - {name: Q, workers: "skill-level > 3"}') == [
        "w.yaml:3:27: error: a key cannot contain a hyphen; rename",
        "    the attribute or, if this is a text, quote it",
        "    [expression-syntax] (task_queues[0].target_workers)",
        '    3 |     - {name: Q, workers: "skill-level > 3"}',
        "      |                           ^",
    ]


def test_without_a_line_there_is_the_message_alone():
    assert len(shown(FINDING, None)) == 3
    assert shown(Finding(Severity.INFO, "kept", "as it is"), "x") == ["info: as it is [kept]"]


@pytest.mark.parametrize(("severity", "color"), [("error", 31), ("warning", 33), ("info", 36)])
def test_a_severity_has_a_colour_and_is_still_a_word(severity, color):
    text = finding_text(FINDING._replace(severity=Severity(severity)), None, width=80)

    assert f"\x1b[{color}m\x1b[1m{severity}\x1b[0m" in text


def test_a_place_is_never_broken_however_narrow_the_terminal():
    file = "a folder/with a long name/" * 4 + "w.yaml"

    assert shown(FINDING._replace(file=file), None, width=20)[0].startswith(f"{file}:3:27: error:")


@pytest.mark.parametrize(
    ("line", "column", "mark"), [("\tkey: x", 2, 1), ("日本: x", 3, 4), ("e\u0301: x", 3, 1), ("ab", 9, 2)]
)
def test_the_mark_is_below_its_place(line, column, mark):
    *_, below = shown(FINDING._replace(column=column), line)

    assert below == "      | " + " " * mark + "^"


@given(st.text(st.characters(codec="ascii", categories=["L", "N", "P", "Zs"]), max_size=300), st.data())
def test_a_long_line_is_cut_and_the_column_stays_visible(line, data):
    column = data.draw(st.integers(1, len(line) + 1))

    *_, text, mark = shown(FINDING._replace(column=column), line)

    at = mark.index("^")
    assert len(text) <= 60
    assert (text[at : at + 1] or " ").strip() in {line[column - 1 : column].strip(), "…"}


def test_text_that_could_steer_a_terminal_does_not_reach_it():
    text = finding_text(FINDING._replace(message="\x1b]0;x\x07"), "a: \x1b[2J", width=80)

    assert "\x1b]" not in text
    assert "\x1b[2J" not in text
