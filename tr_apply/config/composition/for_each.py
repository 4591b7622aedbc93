"""``for_each``: one object for each combination of values, or for each row of a table.

This happens in each file by itself, after variables are replaced and before overlays are laid, which patch the objects.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from math import prod
from typing import Any, Final, NamedTuple

from tr_apply.config.common_rules import UNKNOWN_EACH
from tr_apply.config.composition.each_rows import FILTERS, KEY, Rows
from tr_apply.config.notes import Notes
from tr_apply.config.places import Located, Node, Places, nodes_at, paths_of, place_of, shown
from tr_apply.config.roster import attribute
from tr_apply.config.shape import is_json
from tr_apply.config.source_file import SourceFile
from tr_apply.config.values.marks import EACH, VARIABLE_NAME
from tr_apply.config.values.substitution import Substitution
from tr_apply.findings import KeyPath, Rule, Severity, found_at
from tr_apply.resources import SECTIONS, WORKFLOW, compact_json
from tr_apply.resources.template import Substituted

FOR_EACH: Final = Rule("for-each", Severity.ERROR, "A for_each makes no objects, or too many.")

_MOST_OBJECTS: Final = 10_000  # of one file
_MOST_VALUES: Final = 2_000_000  # in the objects of one file
_MOST_CHARACTERS: Final = 5_000_000  # in the strings of these objects: to check an expression takes µs a character
_SHOWN: Final = 5  # values in a message
_CODE: Final = FOR_EACH


class _MalformedError(Exception):
    """A ``for_each`` makes no objects."""

    def __init__(self, message: str, place: int) -> None:
        super().__init__(message)
        self.place = place


class _Value(NamedTuple):
    """The value of ``${each.NAME}``: inside a text, and alone where any value is allowed."""

    text: str
    value: Any
    is_secret: bool


_Values = Mapping[str, _Value]


def expand(file: SourceFile, made: Substitution, notes: Notes) -> None:
    """Put the objects that each ``for_each`` of *file* makes in the place of its item."""
    expansion = _Expansion(file, made, notes)
    for kind in SECTIONS:
        items, node = file.data.get(kind.section), file.places.child(kind.section)
        if isinstance(items, list) and isinstance(node, Places) and any(map(_makes_objects, items)):
            section = expansion.section(kind.section, Located(items, node))
            file.data[kind.section] = section.value
            file.places.put(kind.section, section.node)


def note_left_over(marks: Mapping[int, tuple[int, str]], notes: Notes) -> None:
    """Note each ``${each.…}`` that no ``for_each`` around it has a value for; *marks* are by place."""
    for place, path in paths_of(notes.root.node, set(marks)):
        value = notes.root.value
        for part in path:
            value = value[part]
        if isinstance(value, str) and (left := next(filter(None, (m[1] for m in EACH.finditer(value))), None)):
            at, first = marks[place]
            message = f"`for_each` of this object has no `{shown(left)}` to put in for `${{each.{shown(left)}}}`"
            notes.at(UNKNOWN_EACH, message, at if left == first else place, path)
            notes.mistaken.add(place)


def _makes_objects(item: Any) -> bool:
    """Whether *item*, or a filter in it, has a ``for_each``."""
    filters = item.get(FILTERS) if isinstance(item, dict) else None
    return isinstance(item, dict) and (KEY in item or (isinstance(filters, list) and any(map(_makes_objects, filters))))


class _Expansion:
    """The objects that one file makes."""

    def __init__(self, file: SourceFile, made: Substitution, notes: Notes) -> None:
        self._file = file
        self._made = made
        self._notes = notes
        self._objects = 0
        self._values = 0
        self._characters = 0

    def section(self, name: str, items: Located) -> Located:
        """The list of a section with all of its objects."""
        found: list[Located] = []
        first: list[int] = []  # where the objects of each item begin
        for index, item in enumerate(items.items()):
            first.append(len(found))
            for each, names in self._of_item(item, (name, index), frozenset()):
                found.append(self._with_filters(each, (name, index), names) if name == WORKFLOW.section else each)
        self._move(name, first)
        return _list_of(found, items.node)

    def _with_filters(self, workflow: Located, path: KeyPath, outer: frozenset[str]) -> Located:
        filters = workflow.value.get(FILTERS) if isinstance(workflow.value, dict) else None
        if not isinstance(filters, list) or not any(map(_makes_objects, filters)):
            return workflow
        written = workflow.at(FILTERS)
        below = [
            each
            for index, item in enumerate(written.items())
            for each, _ in self._of_item(item, (*path, FILTERS, index), outer)
        ]
        node = workflow.places.copy()
        made = _list_of(below, written.node)
        node.put(FILTERS, made.node)
        return Located({**workflow.value, FILTERS: made.value}, node)

    def _of_item(self, item: Located, path: KeyPath, outer: frozenset[str]) -> list[tuple[Located, frozenset[str]]]:
        """The objects that *item* makes, each with the names that its ``for_each`` gives values to."""
        if not isinstance(item.value, dict) or KEY not in item.value:
            return [(item, outer)]
        try:
            rest = _without_key(item)
            return [(self._object(rest, each, path), frozenset(each)) for each in self._combinations(item, rest, outer)]
        except _MalformedError as error:
            self._file.mistakes.append(found_at(_CODE, str(error), error.place, (*path, KEY)))
            self._file.complete = False
            return []

    def _object(self, rest: Located, values: _Values, path: KeyPath) -> Located:
        made = self._replaced(rest, values, path)
        node = made.places.copy()
        node.label = _label(values)
        return Located(made.value, node)

    # The values

    def _combinations(self, item: Located, rest: Located, outer: frozenset[str]) -> Iterator[_Values]:
        """The values of each object that *rest* of *item* is made into, counted before the first is made."""
        lists_of = item.at(KEY)
        written, place = lists_of.value, place_of(lists_of.node)
        if isinstance(written, Rows):
            self._count(len(written), rest.node, place)
            return (self._of_row(row, at) for row, at in zip(written, written.places, strict=True))
        if not isinstance(written, dict) or not written:
            raise _MalformedError("expected lists of values by name, as in {lang: [en, es]}, or {csv: FILE}", place)
        lists = {str(name): self._list(str(name), values, outer) for name, values in lists_of.parts()}
        self._count(prod(map(len, lists.values())), rest.node, place)
        return (dict(zip(lists, each, strict=True)) for each in product(*lists.values()))

    def _count(self, number: int, each: Node, place: int) -> None:
        """Count *number* objects of the size of *each*, before any is made: to refuse too many is then no work."""
        self._objects += number
        if self._objects > _MOST_OBJECTS:
            what = f"makes {number:,} objects" if number > _MOST_OBJECTS else "makes too many objects with those above"
            raise _MalformedError(f"this {what}; a file makes at most {_MOST_OBJECTS:,}", place)
        self._values += number * _size(each)
        if self._values > _MOST_VALUES:
            raise _MalformedError(f"this file makes more than {_MOST_VALUES:,} values", place)

    def _list(self, name: str, written: Located, outer: frozenset[str]) -> list[_Value]:
        place = place_of(written.node)
        if not VARIABLE_NAME.match(name):
            raise _MalformedError(f"`{shown(name)}`: a name is made of letters, digits and _", place)
        if name in outer:
            raise _MalformedError(f"`{name}` has its values from the `for_each` of the workflow already", place)
        if not isinstance(written.value, list):
            raise _MalformedError(f"expected a list of values for `{name}`", place)
        return [self._value(each) for each in written.items()]

    def _value(self, written: Located) -> _Value:
        value, place = written.value, place_of(written.node)
        if place in self._file.phone_numbers:
            text = self._file.phone_numbers[place]
            raise _MalformedError(f'YAML reads {text} as the number {value}; quote it: "{text}"', place)
        if isinstance(value, str):
            return _Value(value, value, place in self._made.secret)
        if not isinstance(value, (bool, int, float)):
            raise _MalformedError("expected a text, a number, true or false", place)
        return _Value(compact_json(value), value, place in self._made.secret)

    def _of_row(self, row: Mapping[str, str], places: Mapping[str, int]) -> _Values:
        return {name: _Value(text, _read(text), places.get(name) in self._made.secret) for name, text in row.items()}

    # Putting them in

    def _replaced(self, written: Located, values: _Values, path: KeyPath) -> Located:
        """*written* with *values* put into its strings; what holds none is shared by all objects."""
        value: Any = written.value
        node = written.node
        if isinstance(value, str):
            made = self._text(value, place_of(node), values, path) if "${each." in value else written
            self._count_characters(made.value, place_of(node))
            return made
        if not isinstance(node, Places):
            return written
        below = {key: self._replaced(Located(value[key], child), values, (*path, key)) for key, child in node.items()}
        copy = node.copy()
        if isinstance(copy.children, dict):
            copy.children = {key: each.node for key, each in below.items()}
            return Located({key: each.value for key, each in below.items()}, copy)
        copy.children = [each.node for each in below.values()]
        return Located([each.value for each in below.values()], copy)

    def _text(self, text: str, place: int, values: _Values, path: KeyPath) -> Located:
        self._notes.expanded.add(place)
        used = [values[match[1]] for match in EACH.finditer(text) if match[1] in values]
        if any(each.is_secret for each in used):
            self._made.secret.add(place)
        if EACH.fullmatch(text) is not None and used:
            [alone] = used
            value = alone.value if is_json(path) else Substituted(alone.text)
            return Located(value, nodes_at(value, place))
        return Located(_put_in(text, values, place), place)

    def _count_characters(self, made: Any, place: int) -> None:
        self._characters += len(made) if isinstance(made, str) else 0
        if self._characters > _MOST_CHARACTERS:
            raise _MalformedError(f"this file makes texts of more than {_MOST_CHARACTERS:,} characters", place)

    def _move(self, section: str, first: Sequence[int]) -> None:
        """Point the findings of this file at the objects instead of their items."""

        def moved(path: KeyPath) -> KeyPath:
            match path:
                case (str() as name, int() as index, *rest) if name == section and index < len(first):
                    return (name, first[index], *rest)
            return path

        self._file.mistakes[:] = [each.under(moved(each.spot.path)) for each in self._file.mistakes]
        self._file.marked_keys[:] = [(place, moved(path)) for place, path in self._file.marked_keys]


def _put_in(text: str, values: _Values, place: int) -> str:
    """*text* with *values* in the place of their marks; no text makes a reference together with its neighbour."""
    made, end = "", 0
    for match in EACH.finditer(text):
        made = _joined(made, text[end : match.start()], place)
        made = _joined(made, values[match[1]].text if match[1] in values else match[0], place)
        end = match.end()
    return _joined(made, text[end:], place)


def _joined(before: str, after: str, place: int) -> str:
    if before.endswith("$") and after.startswith("${") and not after.startswith("$${"):
        raise _MalformedError(f"a `$` is not allowed directly before `{shown(after)}`", place)
    return f"{before}${after}" if before.endswith("$") and after.startswith("{") else before + after


def _read(text: str) -> Any:
    """The value of a cell that is used alone. Text that merely resembles JSON stays text."""
    try:
        return attribute(text) if text else text
    except ValueError:
        return text


def _label(values: _Values) -> str:
    pairs = [f"{name}: {'(sensitive)' if each.is_secret else shown(each.text)}" for name, each in values.items()]
    return ", ".join([*pairs[:_SHOWN], *(["…"] if len(pairs) > _SHOWN else [])])


def _without_key(item: Located) -> Located:
    node = item.places.copy()
    node.without({KEY})
    return Located({key: value for key, value in item.value.items() if key != KEY}, node)


def _size(node: Node) -> int:
    """How many values are at *node* and below it."""
    return 1 + sum(_size(child) for _, child in node.items()) if isinstance(node, Places) else 1


def _list_of(items: Sequence[Located], node: Node) -> Located:
    made = Places(place_of(node), mapping=False)
    made.children = [each.node for each in items]
    return Located([each.value for each in items], made)
