"""Text of others on its way to people: nothing in it steers a terminal, hides, or speaks to a CI runner.

Names, expressions and answers of servers come from anybody. Whatever has no picture of its own is shown as an escape.
"""

import re
import unicodedata
from collections.abc import Iterator
from typing import Final

_STEERS: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})  # Unicode categories
# Letters, marks and symbols that Unicode counts as printable and that show nothing, or nothing by themselves.
_BLANK: Final = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u2800\u3164\uffa0").union(
    map(chr, range(0xFE00, 0xFE10)), map(chr, range(0xE0100, 0xE01F0))
)
_NON_JOINER, _EMOJI_STYLE, _KEYCAP = "\u200c", "\ufe0f", "\u20e3"
_VIRAMA: Final = 9  # the combining class after which scripts of India need joiners

_COMMAND_LINE: Final = re.compile(r"^([^\S\n]*)::", re.MULTILINE)


def printable(text: str) -> str:
    """*text* on one line, with escapes for what steers a terminal, and for what cannot be seen."""
    if is_plain(text):
        return text
    hidden = set(hidden_characters(text))
    return "".join(_escape(each) if index in hidden else each for index, each in enumerate(text))


def printable_lines(text: str) -> str:
    """The same for text of several lines; none of them is a command for a CI runner."""
    return without_commands("\n".join(map(printable, text.split("\n"))))


def hidden_characters(text: str) -> Iterator[int]:
    """The indices of characters in *text* that are invisible, or that change how others are displayed."""
    if is_plain(text):
        return
    for index, character in enumerate(text):
        if _is_hidden(character) and not _belongs(text, index):
            yield index


def printable_json(document: str) -> str:
    """A JSON *document* that reads the same, with such characters as JSON's own escapes."""
    escaped = document
    if not is_plain(document.replace("\n", " ")):
        lines = document.split("\n")
        escaped = "\n".join(line if is_plain(line) else "".join(map(_escape_in_json, line)) for line in lines)
    return escaped.replace("##[", "#\\u0023[")


def without_commands(text: str) -> str:
    """*text* without anything that GitHub's runner reads as a command: ``::name::``, or ``##[name]`` in a line.

    https://github.com/actions/runner/blob/main/src/Runner.Common/ActionCommand.cs
    """
    if "::" not in text and "##[" not in text:
        return text
    return _COMMAND_LINE.sub(r"\1\\x3a:", text).replace("##[", "#\\x23[")


def html_without_commands(html: str) -> str:
    """The same for HTML, in which a character may be a number."""
    return _COMMAND_LINE.sub(r"\1&#58;:", html).replace("##[", "#&#35;[")


def is_plain(text: str) -> bool:
    """Whether *text* is shown as it is, as far as one look at all of it can say."""
    return text.isprintable() and (text.isascii() or _BLANK.isdisjoint(text))


def _is_hidden(character: str) -> bool:
    return unicodedata.category(character) in _STEERS or character in _BLANK


def _escape(character: str) -> str:
    return character.encode("unicode_escape").decode()


def _escape_in_json(character: str) -> str:
    if not _is_hidden(character):
        return character
    units = character.encode("utf-16-be", errors="surrogatepass")
    return "".join(f"\\u{units[at]:02x}{units[at + 1]:02x}" for at in range(0, len(units), 2))


def _belongs(text: str, index: int) -> bool:
    """Whether the character is a part of a visible one: of an emoji, or of a word whose script has joiners.

    https://www.rfc-editor.org/rfc/rfc5892#appendix-A
    """
    before, after = text[index - 1 : index] or " ", text[index + 1 : index + 2] or " "
    character = text[index]
    match character:
        case "\ufe0f":
            return unicodedata.category(before) == "So" or after == _KEYCAP
        case "\u200d" if unicodedata.category(after) == "So":
            has_style = before == _EMOJI_STYLE and _belongs(text, index - 1)
            return has_style or unicodedata.category(before) in {"So", "Sk"}
        case "\u200c" | "\u200d":
            joins = unicodedata.combining(before) == _VIRAMA
            is_arabic = unicodedata.bidirectional(before) == unicodedata.bidirectional(after) == "AL"
            return joins or (character == _NON_JOINER and is_arabic)
        case _:
            return False
