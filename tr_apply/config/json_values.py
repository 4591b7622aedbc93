"""Values that are easily lost in attributes and other JSON documents of the user's own."""

from collections.abc import Iterable, Mapping
from typing import Final

from tr_apply.config.notes import Notes
from tr_apply.config.places import paths_of
from tr_apply.config.shape import Shape, is_json
from tr_apply.findings import KeyPath, Rule, Severity

PHONE_NUMBER: Final = Rule(
    "phone-number", Severity.ERROR, "A number without quotes would lose its plus sign or its leading zeros."
)
LITERAL_KEY: Final = Rule("literal-key", Severity.WARNING, "A key holds ${…}, which is text there.")


def note_phone_numbers(numbers: Mapping[int, str], notes: Notes, root: Shape | None = None) -> None:
    """Note numbers that would arrive without their plus sign or their leading zeros.

    *numbers* are by place. *root* is the shape of the document if it is not a configuration.
    """
    noted: set[int] = set()
    for place, path in paths_of(notes.root.node, set(numbers)) if numbers else ():
        if is_json(path[:-1], root) and place not in noted:
            noted.add(place)
            text = numbers[place]
            lost = "plus sign" if text.startswith("+") else "leading zeros"
            message = f'YAML reads {text} as a number and drops its {lost}; quote it: "{text}"'
            notes.at(PHONE_NUMBER, message, place, path)


def note_literal_keys(keys: Iterable[tuple[int, KeyPath]], notes: Notes, root: Shape | None = None) -> None:
    """A ``${`` in a key is text like any other: a live attribute may have it in its name."""
    for place, path in keys:
        if is_json(path[:-1], root):
            message = "a key is literal text: no variable and no SID is put into it"
            notes.at(LITERAL_KEY, message, place, path)
