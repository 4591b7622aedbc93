"""The place of every key and value of a configuration: a tree next to the data, of the same shape.

A place is one integer, because there are hundreds of thousands of them: the offset of a character in the texts of all
files, laid end to end.
"""

import re
from bisect import bisect_right
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import field
from typing import Any, NamedTuple

from tr_apply.findings import KeyPath
from tr_apply.frozen import unfrozen
from tr_apply.printable import printable

_LINE_END = re.compile(r"\r\n|\n|\r")  # the ends of lines for editors; YAML knows three more
_SHOWN = 80  # characters of a key in a message


class Places:
    """The places of a mapping or a sequence: its own, those of its keys in order, and those of its values.

    ``label`` names the object if ``for_each`` made several from one item of a file; it is empty for all others.

    A large file has hundreds of thousands, and a run without mistakes reads none of them. So the reader packs them: as
    distances from ``at``, because Python keeps one object for each small number, and with one tuple of keys for all
    mappings that have the same keys. They are unpacked on first use.
    """

    __slots__ = ("_children", "_distances", "_key_places", "_keys", "_names", "at", "label")

    def __init__(self, at: int, *, mapping: bool) -> None:
        self.at = at
        self.label = ""
        self._names: tuple[str, ...] | None = None
        self._distances: list[Any] | None = None
        self._key_places: dict[str | int, int] | None = None
        self._keys: list[int] = []
        self._children: dict[str | int, Node] | list[Node] = {} if mapping else []

    @classmethod
    def packed(cls, at: int, names: tuple[str, ...] | None, distances: list[Any]) -> "Places":
        """Those of a mapping with the keys *names*, or of a sequence, which has none.

        For a mapping, *distances* hold the place of each key and of its value, in turn. A mapping or a sequence inside
        has its own Places there instead of a distance.
        """
        places = cls.__new__(cls)
        places.at, places.label, places._names, places._distances = at, "", names, distances  # noqa: SLF001  # its own
        return places

    @property
    def keys(self) -> list[int]:
        """Where each key is written."""
        if self._distances is not None:
            self._unpack(self._distances)
        return self._keys

    @keys.setter
    def keys(self, keys: list[int]) -> None:
        self._keys, self._key_places = keys, None

    @property
    def children(self) -> "dict[str | int, Node] | list[Node]":
        """The places of its values, by key or in order."""
        if self._distances is not None:
            self._unpack(self._distances)
        return self._children

    @children.setter
    def children(self, children: "dict[str | int, Node] | list[Node]") -> None:
        self._children = children

    def _unpack(self, distances: list[Any]) -> None:
        nodes = [self.at + each if type(each) is int else each for each in distances]
        if self._names is None:
            self._keys, self._children = [], nodes
        else:
            self._keys, self._children = nodes[::2], dict(zip(self._names, nodes[1::2], strict=True))
        self._distances = self._key_places = None

    def child(self, key: str | int) -> "Node | None":
        """The places of the value at *key*."""
        if isinstance(self.children, dict):
            return self.children.get(key)
        return self.children[key] if isinstance(key, int) and key < len(self.children) else None

    def key_place(self, key: str | int) -> int | None:
        """Where *key* itself is written; None for an item of a sequence."""
        if not isinstance(self.children, dict) or key not in self.children:
            return None
        if self._key_places is None or len(self._key_places) != len(self.keys):  # some were added
            self._key_places = dict(zip(self.children, self.keys, strict=True))
        return self._key_places[key]

    def add_key(self, key: str | int, place: int) -> None:
        """Note that *key*, new in this mapping, is written at *place*; its value follows."""
        self.keys.append(place)
        if self._key_places is not None:
            self._key_places[key] = place

    def put(self, key: str | int, node: "Node") -> None:
        """Set the places of the value at *key*, an existing key or the next new one."""
        children: Any = self.children
        children[key] = node

    def update(self, nodes: "Mapping[str, Node]") -> None:
        """Do the same for every key of *nodes*."""
        for key, node in nodes.items():
            self.put(key, node)

    def extend(self, nodes: "Iterable[Node]") -> None:
        """Add the places of further items of a sequence."""
        children: Any = self.children
        children.extend(nodes)

    def without(self, dropped: Collection[str | int]) -> None:
        """Forget those keys of a mapping, and what they hold."""
        kept = [
            (key, at, child) for (key, child), at in zip(self.items(), self.keys, strict=True) if key not in dropped
        ]
        self.keys = [at for _, at, _ in kept]
        self.children = {key: child for key, _, child in kept}

    def items(self) -> Iterator[tuple[str | int, "Node"]]:
        """Each key or index with its places."""
        if isinstance(self.children, dict):
            yield from self.children.items()
        else:
            yield from enumerate(self.children)

    def copy(self) -> "Places":
        """A copy that can be changed; the Places below are shared."""
        copy = Places(self.at, mapping=isinstance(self.children, dict))
        copy.keys, copy.children, copy.label = list(self.keys), self.children.copy(), self.label
        return copy


Node = int | Places


class Located(NamedTuple):
    """A value and its places."""

    value: Any
    node: Node

    @property
    def places(self) -> Places:
        """The places of a value that is a mapping or a sequence."""
        if isinstance(self.node, int):
            raise TypeError("a scalar has one place")
        return self.node

    def at(self, key: str | int) -> "Located":
        """The value under *key*, which it has."""
        return Located(self.value[key], self.node_of(key))

    def node_of(self, key: str | int) -> Node:
        """The places of the value at *key*; if there is none, its own."""
        return self.node if (child := self.places.child(key)) is None else child

    def parts(self) -> Iterator["tuple[str | int, Located]"]:
        """Each key or index with its value."""
        for key, node in self.places.items():
            yield key, Located(self.value[key], node)

    def items(self) -> Iterator["Located"]:
        """The items of a sequence."""
        return (part for _, part in self.parts())


def place_of(node: Node) -> int:
    """Where a value begins."""
    return node if isinstance(node, int) else node.at


def nodes_at(value: Any, place: int) -> Node:
    """Places of *value* if all of it was written at *place*."""
    if not isinstance(value, (dict, list)):
        return place
    node = Places(place, mapping=isinstance(value, dict))
    if isinstance(value, dict):
        node.keys = [place] * len(value)
        node.children = {key: nodes_at(child, place) for key, child in value.items()}
    else:
        node.children = [nodes_at(child, place) for child in value]
    return node


def find(root: Node, path: Sequence[str | int], *, key: bool = False) -> int:
    """The place at *path*, or of the nearest existing value above it; with *key*, of its last key."""
    node: Node = root
    found = place_of(root)
    for part in path:
        if isinstance(node, int) or (child := node.child(part)) is None:
            return found
        found = place_of(child)
        if key and (at := node.key_place(part)) is not None:
            found = at
        node = child
    return found


def labels_of(root: Node, path: Sequence[str | int]) -> Iterator[str]:
    """The labels of the ``for_each`` objects on the way to *path*."""
    node: Node | None = root
    for part in path:
        node = node.child(part) if isinstance(node, Places) else None
        if isinstance(node, Places) and node.label:
            yield node.label


def paths_of(root: Node, places: set[int]) -> Iterator[tuple[int, KeyPath]]:
    """Where in the data each value at one of *places* is, in order; one inside an alias is in several."""
    pending: list[tuple[Node, KeyPath]] = [(root, ())]
    while pending:
        node, path = pending.pop()
        if isinstance(node, int):
            if node in places:
                yield node, path
        else:
            pending.extend(reversed([(child, (*path, key)) for key, child in node.items()]))


@unfrozen
class Sources:
    """The files that were read; finds the file, line and column of a place."""

    names: list[str] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    tables: set[str] = field(default_factory=set)
    """The names of those that are tables of comma-separated values."""

    _begins: list[int] = field(default_factory=list)
    _line_starts: dict[int, list[int]] = field(default_factory=dict)

    def add(self, name: str, text: str) -> int:
        """The place of the first character of a new file."""
        begin = self._begins[-1] + len(self.texts[-1]) + 1 if self._begins else 0
        self.names.append(name)
        self.texts.append(text)
        self._begins.append(begin)
        return begin

    def text_at(self, place: int) -> tuple[str, int]:
        """Text of the file of *place*, and the index in it."""
        file = self._file(place)
        return self.texts[file], place - self._begins[file]

    def is_table(self, place: int) -> bool:
        """Whether *place* is in a table."""
        return bool(self.tables) and self.names[self._file(place)] in self.tables

    def locate(self, place: int) -> tuple[str, int, int]:
        """Name of the file, 1-based line and 1-based column."""
        file = self._file(place)
        index = place - self._begins[file]
        starts = self._line_starts.get(file)
        if starts is None:
            starts = [0, *(match.end() for match in _LINE_END.finditer(self.texts[file]))]
            self._line_starts[file] = starts
        line = bisect_right(starts, index)
        return self.names[file], line, index - starts[line - 1] + 1

    def line(self, file: str, number: int) -> str | None:
        """Line *number*, from 1, of the file called *file*; None of a table, and where there is no such line."""
        if file in self.tables or file not in self.names:
            return None
        lines = _LINE_END.split(self.texts[self.names.index(file)])
        return lines[number - 1] if number <= len(lines) else None

    def described(self, place: int) -> str:
        """``FILE:LINE:COLUMN``, for use inside a message."""
        return ":".join(map(str, self.locate(place)))

    def _file(self, place: int) -> int:
        return bisect_right(self._begins, place) - 1


def dotted(path: Sequence[str | int]) -> str:
    """A path as people write it: ``task_queues[2].target_workers``."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{shown(part)}" if text else shown(part)
    return text


def shown(text: str) -> str:
    """*text* as a part of a message: short, and on one line."""
    short = text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"
    return printable(short)
