"""Names that look alike, and names that hide something: warnings, which say what the difference is."""

import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tr_apply.config.look_alikes import skeletons
from tr_apply.findings import Severity
from tr_apply.printable import printable

ALIKE = [
    ("Sales", "S\u0430les"),  # Cyrillic a
    ("SALES", "\u0405\u0410LE\u0405"),
    ("Sales", "S\u03b1les"),  # Greek alpha
    ("Kontakt", "\u039aontakt"),
    ("support", "\u0455\u0443\u0440\u0440\u043ert".replace("\u0443", "u")),
    ("VIP", "\uff36\uff29\uff30"),
    ("VIP", "V\u2160P"),
    ("Team 1", "Team l"),
    ("Team 1", "Team I"),
    ("Team O", "Team 0"),
    ("A|B", "AlB"),
    ("Modern", "Modem"),
    ("Night Shift", "Night\u00a0Shift"),
    ("Night Shift", "Night  Shift"),
    ("Night Shift", "Night Shift "),
    ("Night Shift", "Night\u3000Shift"),
    ("Sales-EMEA", "Sales\u2010EMEA"),
    ("Sales - EMEA", "Sales \u2013 EMEA"),
    ("O'Brien", "O\u2019Brien"),
    ("Sales", "Sa\u200bles"),
    ("Sales", "\u202eSales"),
    ("Sales", "Sales\u3164"),
    ("Sales", "S\u034fales"),
    ("Sales", "Sal\u00ades"),
    ("Caf\u00e9", "Cafe\u0301"),
    ("Sales", "\U0001d412ales"),
    ("a/b", "a\u2215b"),
    ("hello", "he\u04cflo"),
    ("SALES", "s\u0430les"),
]
APART = [
    ("Sales", "Sale"),
    ("Team A", "Team B"),
    ("Team L", "Team I"),
    ("Level 1", "Level 2"),
    ("Caf\u00e9", "Cafe"),
    ("M\u00fcller", "Muller"),
    ("\u041f\u0440\u043e\u0434\u0430\u0436\u0438", "\u041f\u0440\u043e\u0434\u0430\u0436\u0430"),
    ("\u65e5\u672c", "\u4e2d\u56fd"),
    ("Tier 10", "Tier 11"),
]


def quoted(text):
    """YAML knows no pairs of surrogates."""
    return json.dumps(text, ensure_ascii=max(text) <= "\uffff")


def queues(*names):
    return f"workspace: {{name: W}}\ntask_queues: [{', '.join(f'{{name: {quoted(name)}}}' for name in names)}]\n"


def warnings(configuration):
    return [each for each in configuration.diagnostics if each.severity is Severity.WARNING]


@pytest.mark.parametrize(("one", "other"), ALIKE)
def test_names_that_look_alike_are_a_warning(loaded, one, other):
    found = [each for each in warnings(loaded(queues("Apart", one, other))) if each.code == "look-alike"]

    [warning] = found
    assert warning.path == "task_queues[2].name"
    assert f"'{printable(one)}' (c.yaml:2:" in warning.message
    assert [each.code for each in loaded(queues(one, other)).diagnostics if each.severity is Severity.ERROR] == []


@pytest.mark.parametrize(("one", "other"), APART)
def test_names_that_people_can_distinguish_are_not_look_alikes(loaded, one, other):
    assert loaded(queues(one, other)).diagnostics == ()


def test_equal_names_are_the_error_that_they_were(loaded):
    assert [each.code for each in loaded(queues("Sales", "SALES")).diagnostics] == ["duplicate-name"]


def test_names_of_two_kinds_may_look_alike(loaded):
    text = queues("Sales") + 'activities: [{name: "S\\u0430les", available: false}]\n'

    assert loaded(text).diagnostics == ()


def test_the_message_names_the_two_characters(loaded):
    [warning] = loaded(queues("Sales", "S\u0430les")).diagnostics

    assert warning.message.endswith("they differ in U+0430 CYRILLIC SMALL LETTER A and U+0061 LATIN SMALL LETTER A")


HIDING = {
    "workspace": "workspace: {{name: {0}}}\n",
    "queue": "workspace: {{name: W}}\ntask_queues: [{{name: {0}}}]\n",
    "worker": "workspace: {{name: W}}\nworkers: [{{name: {0}}}]\n",
    "channel": "workspace: {{name: W}}\ntask_channels: [{{unique_name: {0}, name: C}}]\n",
    "filter": "workspace: {{name: W}}\ntask_queues: [{{name: Q}}]\nworkflows: [{{name: F, filters: [{{name: {0}, "
    "expression: '1==1', targets: [{{queue: Q}}]}}]}}]\n",
}


@pytest.mark.parametrize(
    "hidden", ["\u200b", "\u202e", "\u2066", "\ufeff", "\u3164", "\u00ad", "\x1b", "\U000e0041", "\n"]
)
@pytest.mark.parametrize("where", HIDING)
def test_an_invisible_character_in_a_name_is_a_warning_that_shows_it(loaded, where, hidden):
    configuration = loaded(HIDING[where].format(quoted(f"a{hidden}b")))

    [warning] = [each for each in configuration.diagnostics if each.code == "invisible-character"]
    assert f"'a{printable(hidden)}b'" in warning.message
    assert f"U+{ord(hidden):04X}" in warning.message
    assert hidden not in warning.message


@given(st.text(), st.text())
def test_skeletons_of_the_same_text_in_other_forms_are_equal(text, other):
    assert skeletons(text) == skeletons(text)
    assert skeletons(unicodedata.normalize("NFD", text))[0] == skeletons(unicodedata.normalize("NFC", text))[0]
    assert skeletons(f"{text}  {other}") == skeletons(f" {text} {other} ")
