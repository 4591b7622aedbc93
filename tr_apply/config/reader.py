"""One YAML file -> data, and the place of every key and value.

PyYAML serves as a source of events only. Its own loaders know no positions, take ``no`` for false, let the last of two
equal keys win silently, and crash the interpreter on deep nesting. Here every mistake that leaves the rest readable is
noted and reading goes on, so that a run reports all of them.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import yaml

from tr_apply.config.places import KeyPath, Node, Places, dotted, pack, place_of, unpack
from tr_apply.diagnostics import Diagnostic, Severity
from tr_apply.resources.scalar import core_scalar

DEPTH_LIMIT = 100
EXPANSION_LIMIT = 1_000_000  # nodes that aliases may stand for in one file

# A plus sign, or the zeros of a dialling prefix, would be lost if YAML read these as numbers.
_PHONE_NUMBER = re.compile(r"(\+|0)[0-9]{7,15}\Z")

# The C parser where libyaml is there (all wheels); the pure one answers the same, ten times slower.
_Parser: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(slots=True)
class Site:
    """A string that holds ``${``: where to put it back once it is known what it stands for."""

    container: Any
    key: str | int
    place: int


@dataclass(slots=True)
class SourceFile:
    """One file as it was read. ``data`` is always a mapping; empty where nothing could be read."""

    name: str
    number: int
    data: dict[str, Any] = field(default_factory=dict)
    places: Places = field(default_factory=lambda: Places(0, mapping=True))
    sites: list[Site] = field(default_factory=list)
    nulls: list[tuple[KeyPath, int]] = field(default_factory=list)
    phone_numbers: list[tuple[KeyPath, int, str]] = field(default_factory=list)
    diagnostics: list[Diagnostic] = field(default_factory=list)
    complete: bool = True
    """False after a mistake that kept the rest of the file from being read."""


class _UnreadableError(Exception):
    """Nothing after this point of the file can be read."""

    def __init__(self, code: str, message: str, place: int) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.place = place


def read(text: str, *, name: str, number: int, raw_sections: frozenset[str] = frozenset()) -> SourceFile:
    """The data of *text* with its places.

    Args:
        text: The file's text.
        name: How messages call the file.
        number: The file's number in its places.
        raw_sections: Keys of the root below which plain scalars stay text, as ``012`` in a variable must.
    """
    source = SourceFile(name, number, places=Places(pack(number, 0, 0), mapping=True))
    builder = _Builder(source, raw_sections)
    try:
        builder.build(text)
    except _UnreadableError as error:
        source.complete = False
        builder.note(error.code, error.message, error.place)
    except yaml.YAMLError as error:
        source.complete = False
        message, place = _explain(error, text, number)
        builder.note("yaml-syntax", message, place)
    return source


class _Builder:
    def __init__(self, source: SourceFile, raw_sections: frozenset[str]) -> None:
        self._source = source
        self._raw_sections = raw_sections
        self._number = source.number
        self._stack: list[tuple[Any, Places, str | None, str | None, int]] = []
        self._data: Any = None  # the container being filled, None before the root
        self._places: Places = source.places
        self._key: str | None = None  # the key that waits for its value
        self._anchor: str | None = None
        self._begun_at = 0
        self._is_mapping = False
        self._raw = False
        self._anchors: dict[str, tuple[Any, Node, int] | None] = {}
        self._nodes = 0
        self._documents = 0
        self._scalars: dict[str, Any] = {}

    def build(self, text: str) -> None:
        handlers: dict[type, Callable[[Any], None]] = {
            yaml.ScalarEvent: self._scalar,
            yaml.MappingStartEvent: self._start_mapping,
            yaml.SequenceStartEvent: self._start_sequence,
            yaml.MappingEndEvent: self._end,
            yaml.SequenceEndEvent: self._end,
            yaml.AliasEvent: self._alias,
            yaml.DocumentStartEvent: self._start_document,
        }
        parser = _Parser(text)
        try:
            get_event = parser.get_event
            while (event := get_event()) is not None:
                if (handler := handlers.get(type(event))) is not None:
                    handler(event)
        finally:
            parser.dispose()

    def note(self, code: str, message: str, place: int, path: KeyPath | None = None) -> None:
        _, line, column = unpack(place)
        self._source.diagnostics.append(
            Diagnostic(
                Severity.ERROR,
                code,
                message,
                self._source.name,
                line + 1,
                column + 1,
                dotted(self._path() if path is None else path) or None,
            )
        )

    def _place(self, event: Any) -> int:
        mark = event.start_mark
        return pack(self._number, mark.line, mark.column)

    def _path(self) -> KeyPath:
        """Where the value that comes next belongs."""
        path: list[str | int] = []
        frames = [*self._stack[1:], (self._data, self._places, self._key, None, 0)] if self._stack else []
        for data, _, key, _, _ in frames:
            path.append(len(data) if isinstance(data, list) else key if key is not None else "")
        return tuple(part for part in path if part != "")

    def _start_document(self, event: Any) -> None:
        self._documents += 1
        if self._documents > 1:
            raise _UnreadableError(
                "several-documents",
                "a second document begins here; a file holds one workspace, so split the file",
                self._place(event),
            )

    def _scalar(self, event: Any) -> None:
        mark = event.start_mark
        place = pack(self._number, mark.line, mark.column)
        value: Any = event.value
        self._nodes += 1
        if event.tag is not None:
            self._refuse_tag(event.tag, place)
        if self._is_mapping and self._key is None:
            self._begin_key(value, place)
            return
        if not event.style and not self._raw:
            value = self._plain(value, place)
        if event.anchor is not None:
            self._anchors[event.anchor] = (value, place, 1)
        self._add(value, place)

    def _plain(self, text: str, place: int) -> Any:
        try:
            value = self._scalars[text]
        except KeyError:
            try:
                value = core_scalar(text)
            except ValueError as error:
                self.note("invalid-number", str(error), place)
                value = text
            self._scalars[text] = value
        if value is None:
            self._source.nulls.append((self._path(), place))
        elif type(value) is int and len(text) > 7 and _PHONE_NUMBER.match(text):  # noqa: PLR2004
            self._source.phone_numbers.append((self._path(), place, text))
        return value

    def _add(self, value: Any, node: Node) -> None:
        children: Any = self._places.children
        key: Any = self._key
        if self._is_mapping:
            self._data[key] = value
            children[key] = node
            self._key = None
        elif self._data is None:
            self._root(value, node)
            return
        else:
            key = len(self._data)
            self._data.append(value)
            children.append(node)
        if type(value) is str and "${" in value:
            self._source.sites.append(Site(self._data, key, place_of(node)))

    def _root(self, value: Any, node: Node) -> None:
        if value is None:  # an empty file, or one of comments alone
            self._source.nulls.clear()
            return
        kind = "a list" if isinstance(value, list) else "a single value"
        raise _UnreadableError(
            "not-a-mapping",
            f"expected sections such as `workspace:` and `task_queues:`, found {kind}",
            place_of(node),
        )

    def _begin_key(self, key: str, place: int) -> None:
        if key == "<<":
            self.note("merge-key", "`<<` is not supported; write the keys out, or use variables or an overlay", place)
        if key in self._data:
            first = self._places.key_place(key)
            _, line, column = unpack(first if first is not None else 0)
            self._key = key
            self.note("duplicate-key", f"`{key}` is written twice; the first is at {line + 1}:{column + 1}", place)
            return
        key = self._scalars.setdefault(f"\0{key}", key)  # one string object for all equal keys
        self._key = key
        self._places.keys.append(place)

    def _start_mapping(self, event: Any) -> None:
        self._start(event, {}, mapping=True)

    def _start_sequence(self, event: Any) -> None:
        self._start(event, [], mapping=False)

    def _start(self, event: Any, data: Any, *, mapping: bool) -> None:
        place = self._place(event)
        if event.tag is not None:
            self._refuse_tag(event.tag, place)
        if self._is_mapping and self._key is None:
            raise _UnreadableError("complex-key", "a key must be a single value", place)
        if len(self._stack) >= DEPTH_LIMIT:
            raise _UnreadableError("too-deep", f"nested more than {DEPTH_LIMIT} levels deep", place)
        if not self._stack and not mapping:
            self._root(data, place)
        self._nodes += 1
        if len(self._stack) == 1:
            self._raw = self._key in self._raw_sections
        self._stack.append((self._data, self._places, self._key, self._anchor, self._begun_at))
        self._data, self._key, self._is_mapping = data, None, mapping
        self._places = Places(place, mapping=mapping)
        self._anchor, self._begun_at = event.anchor, self._nodes
        if event.anchor is not None:
            self._anchors[event.anchor] = None  # known, but not complete

    def _end(self, _: Any) -> None:
        data, places, size = self._data, self._places, self._nodes - self._begun_at + 1
        if self._anchor is not None:
            self._anchors[self._anchor] = (data, places, size)
        self._data, self._places, self._key, self._anchor, self._begun_at = self._stack.pop()
        self._is_mapping = isinstance(self._data, dict)
        if len(self._stack) == 1:
            self._raw = False
        if self._stack:
            self._add(data, places)
        else:
            self._source.data, self._source.places = data, places

    def _alias(self, event: Any) -> None:
        place = self._place(event)
        if self._is_mapping and self._key is None:
            raise _UnreadableError("complex-key", "a key cannot be an alias", place)
        if event.anchor not in self._anchors:
            self.note("unknown-anchor", f"there is no anchor `&{event.anchor}` above", place)
            self._add("", place)
            return
        anchored = self._anchors[event.anchor]
        if anchored is None:
            raise _UnreadableError("endless-alias", f"`*{event.anchor}` stands for something that holds it", place)
        value, node, size = anchored
        self._nodes += size
        if self._nodes > EXPANSION_LIMIT and size > 1:
            raise _UnreadableError(
                "alias-bomb", f"aliases make this file larger than {EXPANSION_LIMIT:,} values", place
            )
        self._add(value, _moved(node, place))

    def _refuse_tag(self, tag: str, place: int) -> None:
        short = tag.replace("tag:yaml.org,2002:", "!!")
        self.note("tag", f"the tag `{short}` is not supported; leave it out (quote a value to make it text)", place)


def _moved(node: Node, place: int) -> Node:
    """Places of what an alias stands for: its parts where they are written, itself where it is used."""
    if isinstance(node, int):
        return place
    moved = Places(place, mapping=isinstance(node.children, dict))
    moved.keys, moved.children = node.keys, node.children
    return moved


def _explain(error: yaml.YAMLError, text: str, number: int) -> tuple[str, int]:
    """Libyaml's error in the user's words, and its place."""
    if isinstance(error, yaml.reader.ReaderError):
        before = text.encode()[: error.position].decode(errors="ignore")
        line = before.count("\n")
        column = len(before) - (before.rfind("\n") + 1)
        return f"a character that YAML does not allow: {error.reason}", pack(number, line, column)
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    if mark is None:
        return str(error), pack(number, 0, 0)
    place = pack(number, mark.line, mark.column)
    problem = getattr(error, "problem", None) or str(error)
    if text[mark.index - 1 : mark.index + 1] == "${" or text[mark.index : mark.index + 2] == "${":
        return 'inside {} or [] a ${…} must be quoted: write "${NAME}"', place
    if text[mark.index : mark.index + 1] == "\t":
        return "a tab cannot indent; use spaces", place
    context = getattr(error, "context", None)
    return (f"{problem} ({context})" if context else problem), place
