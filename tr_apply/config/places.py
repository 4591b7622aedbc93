"""Where every key and value of a configuration stands, beside the data and in its shape.

A place is one integer (file, line and column), because there are hundreds of thousands of them.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

_COLUMN_BITS = 20
_LINE_BITS = 24
_COLUMN_MASK = (1 << _COLUMN_BITS) - 1
_LINE_MASK = (1 << _LINE_BITS) - 1

KeyPath = tuple[str | int, ...]


class Places:
    """Places of a mapping or a sequence: its own, those of its keys in order, and those of what it holds."""

    __slots__ = ("at", "children", "keys")

    def __init__(self, at: int, *, mapping: bool) -> None:
        self.at = at
        self.keys: list[int] = []
        self.children: dict[str | int, Node] | list[Node] = {} if mapping else []

    def child(self, key: str | int) -> "Node | None":
        """Places of what stands under *key*."""
        if isinstance(self.children, dict):
            return self.children.get(key)
        return self.children[key] if isinstance(key, int) and key < len(self.children) else None

    def key_place(self, key: str | int) -> int | None:
        """Where *key* itself is written; None for an item of a sequence."""
        if isinstance(self.children, dict) and key in self.children and self.keys:
            return self.keys[list(self.children).index(key)]
        return None

    def items(self) -> Iterator[tuple[str | int, "Node"]]:
        """Each key or index with its places."""
        if isinstance(self.children, dict):
            yield from self.children.items()
        else:
            yield from enumerate(self.children)


Node = int | Places


def place_of(node: Node) -> int:
    """Where a value begins."""
    return node if isinstance(node, int) else node.at


def pack(file: int, line: int, column: int) -> int:
    """One integer for a 0-based line and column; absurdly long lines and columns are cut."""
    line, column = min(line, _LINE_MASK), min(column, _COLUMN_MASK)
    return (file << _LINE_BITS | line) << _COLUMN_BITS | column


def unpack(place: int) -> tuple[int, int, int]:
    """File number, 0-based line and 0-based column."""
    return (
        place >> (_LINE_BITS + _COLUMN_BITS),
        place >> _COLUMN_BITS & _LINE_MASK,
        place & _COLUMN_MASK,
    )


def find(root: Node, path: Sequence[str | int], *, key: bool = False) -> int:
    """The place of what *path* leads to, or of the nearest that exists above it; with *key*, of its last key."""
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


def paths_of(root: Node, places: set[int]) -> dict[int, KeyPath]:
    """Where in the data each of *places* is; those that are nowhere are left out."""
    found: dict[int, KeyPath] = {}
    pending: list[tuple[Node, KeyPath]] = [(root, ())]
    while pending:
        node, path = pending.pop()
        if (place := place_of(node)) in places:
            found.setdefault(place, path)
        if isinstance(node, Places):
            pending.extend((child, (*path, key)) for key, child in node.items())
    return found


@dataclass(slots=True)
class Sources:
    """The files that were read: what a place's file number stands for."""

    names: list[str] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    _line_starts: dict[int, list[int]] = field(default_factory=dict)

    def add(self, name: str, text: str) -> int:
        """The number of a new file."""
        self.names.append(name)
        self.texts.append(text)
        return len(self.names) - 1

    def locate(self, place: int) -> tuple[str, int, int]:
        """Name of the file, 1-based line and 1-based column."""
        file, line, column = unpack(place)
        return self.names[file], line + 1, column + 1

    def index(self, place: int) -> int:
        """Where *place* is in the text of its file, as a 0-based offset."""
        file, line, column = unpack(place)
        starts = self._line_starts.get(file)
        if starts is None:
            starts = [0, *(match.end() for match in re.finditer("\n", self.texts[file]))]
            self._line_starts[file] = starts
        return starts[min(line, len(starts) - 1)] + column

    def place(self, file: int, index: int) -> int:
        """The place of the character at *index* of a file's text."""
        text = self.texts[file]
        return pack(file, text.count("\n", 0, index), index - text.rfind("\n", 0, index) - 1)


def dotted(path: Sequence[str | int]) -> str:
    """A path as people write it: ``task_queues[2].target_workers``."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text
