"""Errors of the YAML parser in the user's words: the mistake, its place, and the correct text."""

import re
from typing import Any, Final

import yaml

# libyaml's messages, and our explanation for the author of a configuration; {line} is the line where the part begins.
_MEANINGS: Final = (
    (
        r"mapping values are not allowed",
        "a `: ` is not allowed here; quote text that contains one, or fix the indentation",
    ),
    (r"did not find expected key", "expected a key; fix the indentation, or the quotes of the value before"),
    (r"did not find expected '-'", "expected `- `, as the items above have it; fix the indentation"),
    (r"did not find expected ',' or '\]'", "expected `,` or `]` in the list that begins on line {line}"),
    (r"did not find expected ',' or '\}'", "expected `,` or `}}` in the mapping that begins on line {line}"),
    (r"did not find expected node content", "expected a value"),
    (r"could not find expected ':'", "expected `: ` after the key that begins on line {line}"),
    (r"did not find expected alphabetic", "`*` and `&` begin an alias or an anchor; quote text that begins with one"),
    (r"unknown escape character", r"no such escape; write `\\` for a backslash, or use single quotes"),
    (r"invalid Unicode character escape", "this escape is not a character"),
)
_NO_BEGINNING: Final = "@`%"


def explained(error: yaml.YAMLError, text: str) -> tuple[str, int]:
    """The message of *error*, and the index in *text* that it is about."""
    if isinstance(error, yaml.reader.ReaderError):
        return 'a control character; YAML takes it only as an escape, as in "\\x07"', _index_of_character(error, text)
    mark: Any = getattr(error, "problem_mark", None)
    begun: Any = getattr(error, "context_mark", None) or mark
    problem = str(getattr(error, "problem", None) or error)
    if mark is None:
        return problem, 0
    index: int = mark.index
    if "${" in (text[index - 1 : index + 1], text[index : index + 2]):
        return 'inside {} or [] a ${…} must be quoted: write "${NAME}"', text.rindex("$", 0, index + 1)
    if index == len(text) and begun.index < index and text[begun.index] in "'\"[{":
        return f"`{text[begun.index]}` is never closed", begun.index
    return _said(problem, text[index : index + 1], begun.line + 1), index


def _said(problem: str, character: str, line: int) -> str:
    if character == "\t":
        return "a tab cannot indent; use spaces"
    if character and character in _NO_BEGINNING and "cannot start any token" in problem:
        return f"`{character}` cannot begin a value; quote it"
    if not character and "node content" in problem:
        return "expected a value, found the end of the file"
    return _meaning(problem, line)


def _meaning(problem: str, line: int) -> str:
    for pattern, meaning in _MEANINGS:
        if re.search(pattern, problem):
            return meaning.format(line=line)
    return problem


def _index_of_character(error: yaml.reader.ReaderError, text: str) -> int:
    """Libyaml counts bytes, the parser in Python characters."""
    if error.encoding == "unicode":
        return int(error.position)
    return len(text.encode()[: error.position].decode(errors="ignore"))
