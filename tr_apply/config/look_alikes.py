"""Names that people cannot distinguish, and names with characters that they cannot see.

Two names look alike when their skeletons are equal: Unicode's compatibility forms (NFKC: full-width letters, ligatures,
mathematical letters, kinds of blanks), and letters of other scripts replaced by the Latin ones that they look like. The
table is the part of Unicode's confusables (UTS #39) that names of people and queues are written with: Cyrillic, Greek,
Armenian, dashes, quotation marks, and the digits and capitals that pass for each other (0 and O; 1, I and l; rn and m).
"""

import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from tr_apply.config.notes import Notes
from tr_apply.config.references import written_names
from tr_apply.findings import KeyPath, Rule, Severity
from tr_apply.printable import hidden_characters, is_plain, printable
from tr_apply.resources import SECTIONS, WORKSPACE, plain
from tr_apply.routing.names import name_key

LOOK_ALIKE: Final = Rule("look-alike", Severity.WARNING, "Two names of a kind look the same and are not.")
INVISIBLE_CHARACTER: Final = Rule(
    "invisible-character",
    Severity.WARNING,
    "A name holds a character that cannot be seen, or that changes how others are shown.",
)

_LATIN: Final = (
    # Cyrillic
    ("\u0430\u0441\u0435\u043e\u0440\u0445\u0443\u0456\u0458\u0455\u04bb\u0501\u051b\u051d\u0475\u04cf\u043a\u0454\u04af\u0433",
     "aceopxyijshdqwvlkeyr"),
    ("\u0410\u0412\u0415\u041a\u041c\u041d\u041e\u0420\u0421\u0422\u0423\u0425\u0406\u0408\u0405\u051a\u051c\u0474\u04c0\u0417\u042c\u04ae",
     "ABEKMHOPCTYXIJSQWVI3bY"),
    # Greek
    ("\u03b1\u03bf\u03bd\u03c1\u03b9\u03ba\u03c5\u03b3\u03c7\u03c9\u03b7\u03c4\u03f2\u03f3\u03b2",
     "aovpikuyxwntcj\u00df"),
    ("\u0391\u0392\u0395\u0396\u0397\u0399\u039a\u039c\u039d\u039f\u03a1\u03a4\u03a5\u03a7\u03f9", "ABEZHIKMNOPTYXC"),
    # Armenian, and Latin letters of phonetics
    ("\u0585\u0578\u057d\u0570\u0581\u0584\u0561\u0131\u0251\u0261\u026a\u0269", "onuhgfwiagiI"),
    # Marks
    ("\u2010\u2011\u2012\u2013\u2014\u2015\u2212\u2043\ufe58", "-" * 9),
    ("\u2018\u2019\u201a\u201b\u02bc\u02bb\u2032\u00b4\u0060\u02b9", "'" * 10),
    ("\u201c\u201d\u201e\u201f\u2033\u00ab\u00bb", '"' * 7),
    ("\u2044\u2215\u29f8", "///"),
    ("\u00b7\u2022\u2219\u22c5\u30fb", "\u00b7" * 5),
    ("\u0589\u05c3\u02d0\ua789\u2236", ":" * 5),
)  # fmt: skip
_SCRIPTS: Final = {ord(other): latin for others, same in _LATIN for other, latin in zip(others, same, strict=True)}
_SHAPES: Final = {ord("0"): "O", ord("1"): "l", ord("I"): "l", ord("|"): "l"}


def skeletons(name: str) -> tuple[str, str]:
    """Two keys that are equal for names that look alike: by letters, ignoring case, and by shapes."""
    seen = name
    if not name.isascii():
        hidden = set(hidden_characters(name))
        seen = "".join(each for index, each in enumerate(name) if index not in hidden)
        apart = unicodedata.normalize("NFKD", seen.translate(_SCRIPTS)).translate(_SCRIPTS)
        seen = unicodedata.normalize("NFKC", apart)
    seen = " ".join(seen.split())
    return seen.casefold(), seen.translate(_SHAPES).replace("rn", "m")


def note_look_alikes(raw: Mapping[str, Any], notes: Notes) -> None:
    """Note names that hide something, or that pass for another one of their kind."""
    workspace = raw.get(WORKSPACE.section)
    if isinstance(workspace, dict) and isinstance(name := workspace.get("name"), str):
        _note_hidden([((WORKSPACE.section, "name"), plain(name))], notes)
    for kind in SECTIONS:
        names = [((kind.section, index, kind.identity), name) for index, name in written_names(raw, kind)]
        _note_hidden(names, notes)
        _note_alike(names, notes)
    _note_hidden(_filter_names(raw), notes)


def _filter_names(raw: Mapping[str, Any]) -> Iterator[tuple[KeyPath, str]]:
    workflows = raw.get("workflows")
    for index, workflow in enumerate(workflows if isinstance(workflows, list) else ()):
        filters = workflow.get("filters") if isinstance(workflow, dict) else None
        for number, each in enumerate(filters if isinstance(filters, list) else ()):
            if isinstance(each, dict) and isinstance(name := each.get("name"), str):
                yield ("workflows", index, "filters", number, "name"), plain(name)


def _note_hidden(names: Iterable[tuple[KeyPath, str]], notes: Notes) -> None:
    for path, name in names:
        if not is_plain(name) and (hidden := sorted({name[index] for index in hidden_characters(name)})):
            what = ", ".join(_called(each) for each in hidden)
            message = f"the name '{printable(name)}' holds what cannot be seen: {what}; is it meant?"
            notes.add(INVISIBLE_CHARACTER, message, path)


def _note_alike(names: Sequence[tuple[KeyPath, str]], notes: Notes) -> None:
    keys = [skeletons(name) for _, name in names]
    if all(len(set(each)) == len(names) for each in zip(*keys, strict=True)):
        return  # as a rule
    known: tuple[dict[str, tuple[KeyPath, str]], ...] = ({}, {})
    for (path, name), own in zip(names, keys, strict=True):
        others = [of.setdefault(each, (path, name)) for of, each in zip(known, own, strict=True)]
        found = next((other for other in others if other[1] != name and name_key(other[1]) != name_key(name)), None)
        if found is not None:
            message = (
                f"the name '{printable(name)}' looks like '{printable(found[1])}' ({notes.where(found[0])}) and is "
                f"another one; they differ in {_difference(name, found[1])}"
            )
            notes.add(LOOK_ALIKE, message, path)


def _difference(name: str, other: str) -> str:
    """The first characters in which two names differ, by the names that Unicode gives them."""
    pair = next(((one, two) for one, two in zip(name, other, strict=False) if one != two), None)
    return "their length" if pair is None else f"{_called(pair[0])} and {_called(pair[1])}"


def _called(character: str) -> str:
    return f"U+{ord(character):04X} {unicodedata.name(character, '')}".rstrip()
