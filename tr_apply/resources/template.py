"""Text that may hold ``${sid:KIND/NAME}``: the form of a configuration's strings until SIDs are known.

Strings of a resource stay as written in YAML: ``${sid:task_queue/Gold}`` is a SID, and ``$${`` is ``${`` itself. Live
text is converted to the same form, so the two compare, and an export only has to write the model.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from hashlib import sha256
from typing import Any, Final

from tr_apply.frozen import frozen
from tr_apply.routing.names import SID_IN_TEXT, SID_LENGTH, name_key, sid_pattern

MARK = re.compile(r"\$\$\{|\$\{sid:([^}]*)\}")
_LIVE_MARK = re.compile(r"\$\{|" + SID_IN_TEXT)
SID = re.compile(sid_pattern() + r"\Z")

WORKSPACE = "workspace"


@frozen
class SidOf:
    """A placeholder for the SID of the resource *name* of *kind* until it is known."""

    kind: str
    name: str

    def __str__(self) -> str:
        """``KIND/NAME``, or ``workspace`` for the workspace's own."""
        return self.kind if self.kind == WORKSPACE else f"{self.kind}/{self.name}"


THE_WORKSPACE: Final = SidOf(WORKSPACE, "")
"""The label of the workspace itself, which is the only one in a configuration."""


class Substituted(str):
    """Text that came from a string that was exactly one ``${NAME}``: read again where a number is wanted."""

    __slots__ = ()


def sid_of(reference: str) -> SidOf:
    """The reference inside ``${sid:…}``; the caller checks that the kind exists."""
    kind, _, name = reference.partition("/")
    return SidOf(kind, name)


def parts(template: str) -> Iterator[str | SidOf]:
    """*template* as plain text and SIDs to fill in."""
    end = 0
    for mark in MARK.finditer(template):
        yield template[end : mark.start()]
        yield "${" if mark[1] is None else sid_of(mark[1])
        end = mark.end()
    yield template[end:]


def sids_in(template: str) -> Iterator[SidOf]:
    """The SIDs that *template* asks for."""
    if "${" in template:
        yield from (part for part in parts(template) if isinstance(part, SidOf))


def filled(template: str, sid: Callable[[SidOf], str]) -> str:
    """*template* as TaskRouter gets it: ``sid`` returns the SID of each reference."""
    if "${" not in template:
        return template
    return "".join(part if isinstance(part, str) else sid(part) for part in parts(template))


def plain(template: str) -> str:
    """*template* without its escapes, for text that cannot hold SIDs."""
    return filled(template, lambda reference: f"${{sid:{reference}}}")


def escaped(text: str) -> str:
    """Literal *text* as a template."""
    return text.replace("${", "$${")


def from_live(text: str, references: Mapping[str, SidOf]) -> str:
    """The template of live *text*: its ``${`` escaped, and every SID that is a key of *references* a reference."""
    if not _LIVE_MARK.search(text):
        return text

    def mark(match: re.Match[str]) -> str:
        return "$${" if match[0] == "${" else referring(match, references.get(match[0]))

    return _LIVE_MARK.sub(mark, text)


def referring(sid: re.Match[str], reference: SidOf | None) -> str:
    """The literal *sid* as a reference.

    It stays as it is if there is no reference, or if the text would not parse as one: the name has a brace, or a ``$``
    comes before it.
    """
    is_escape = sid.start() > 0 and sid.string[sid.start() - 1] == "$"
    if reference is None or is_escape or "}" in reference.name or "${" in reference.name:
        return sid[0]
    return f"${{sid:{reference}}}"


def sample(template: str, prefixes: Mapping[str, str]) -> str:
    """*template* with a made-up SID for each reference, to be read as an expression.

    Args:
        template: The text.
        prefixes: SID prefix by kind; an unknown kind gets one that no resource has.
    """
    return filled(template, lambda reference: made_up_sid(prefixes.get(reference.kind, "XX"), reference))


def made_up_sid(prefix: str, reference: SidOf) -> str:
    """An invented SID for *reference*: always the same, and different for different objects."""
    digest = sha256(f"{reference.kind}/{name_key(reference.name)}".encode("utf-8", "surrogatepass")).hexdigest()
    return (prefix + digest)[:SID_LENGTH]


def origin(text: str, pattern: re.Pattern[str], replace: Callable[[str], str], offset: int) -> int:
    """The position in *text* of the character that is at *offset* after *pattern* has been replaced.

    Characters of a replacement come from the beginning of the replaced part.
    """
    written = made = 0
    for match in pattern.finditer(text):
        unchanged = match.start() - written
        if offset < made + unchanged:
            break
        made += unchanged
        length = len(replace(match[0]))
        if offset < made + length:
            return match.start()
        made += length
        written = match.end()
    return min(written + offset - made, len(text))


def each_string(value: Any) -> Iterator[str]:
    """Every string in a JSON value, keys left out."""
    pending = [value]
    while pending:
        match pending.pop():
            case str() as text:
                yield text
            case dict() as mapping:
                pending.extend(mapping.values())
            case list() | tuple() as sequence:
                pending.extend(sequence)
            case _:
                pass


def mapped(value: Any, change: Callable[[Any], Any]) -> Any:
    """A JSON value with *change* applied to every leaf; containers are new, keys are as they were."""
    match value:
        case dict():
            return {key: mapped(child, change) for key, child in value.items()}
        case list() | tuple():
            return [mapped(child, change) for child in value]
        case _:
            return change(value)
