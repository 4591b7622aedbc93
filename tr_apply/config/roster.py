"""``workers: {csv: FILE}``: the workers of a table, as if the YAML file listed them.

Every cell keeps its place, so each finding about a worker names a line and a column of the table.
"""

import json
import re
from collections.abc import Sequence
from typing import Any, Final, NamedTuple, NoReturn

from tr_apply.config.common_rules import (
    CSV_SYNTAX,
    DUPLICATE_KEY,
    INVALID_VALUE,
    MISSING_KEY,
    NOT_UTF_8,
    UNKNOWN_KEY,
    WRONG_TYPE,
)
from tr_apply.config.files import open_table
from tr_apply.config.filling import DEPTH_LIMIT
from tr_apply.config.places import Located, Node, Places, Sources, place_of, shown
from tr_apply.config.source_file import Site, SourceFile
from tr_apply.config.suggestions import nearest
from tr_apply.config.table import Cell, TableError, rows
from tr_apply.findings import KeyPath, Rule, Severity, found_at
from tr_apply.resources import WORKER, WorkerChannel
from tr_apply.resources.scalar import core_scalar

MIXED_COLUMN: Final = Rule("mixed-column", Severity.WARNING, "The cells of a column in a table have several types.")

_SECTION: Final = WORKER.section
_KEY: Final = "csv"
_PLAIN: Final = ("name", "activity")
_NEW: Final = "new"  # of overlays alone
_COLUMN: Final = re.compile(r"(attributes)\.([^.]+?(?:\.[^.]+?)*)(\[\])?|(channels)\.(.+)\.([^.]+)")
_SHORTENED: Final = re.compile(r"-?[0-9](?:[.,][0-9]+)?E\+[0-9]+\Z")  # how a spreadsheet shows a long number
_SEPARATOR: Final = ";"  # of a list in a cell
_ROWS_SHOWN: Final = 5
_TYPES: Final = {bool: "a boolean", int: "a number", float: "a number", str: "text", list: "a list", dict: "an object"}
_NUMBER: Final = re.compile(r"-?(0|[1-9][0-9]{0,5})(\.[0-9]+)?\Z")  # shorter than any phone number
_BOOLEAN: Final = re.compile(r"(true|True|TRUE|false|False|FALSE)\Z")
_KNOWN: Final = (
    "name, activity, attributes.KEY, attributes.KEY[], channels.UNIQUE_NAME.capacity, channels.UNIQUE_NAME.available"
)


def read_roster(file: SourceFile, sources: Sources) -> None:
    """Put the workers of the table that *file* names in its place; notes the table's mistakes."""
    written = Located(file.data, file.places).at(_SECTION)
    named, node = written.value, written.places
    for key in named.keys() - {_KEY}:
        message = f"unknown key `{shown(key)}`; " + (
            f"did you mean `{_KEY}`?" if nearest(key, [_KEY]) else f"known here: {_KEY}"
        )
        file.mistakes.append(found_at(UNKNOWN_KEY, message, node.key_place(key) or node.at, (_SECTION, key)))
    begin = opened_table(named.get(_KEY), node, file, sources, (_SECTION,))
    if begin is None:
        file.complete = False
        roster = _Roster(file, node.at, sources)
    else:
        roster = _Roster(file, begin, sources)
        roster.read(sources.text_at(begin)[0])
    file.data[_SECTION] = roster.workers
    file.places.put(_SECTION, roster.places)


def opened_table(written: Any, node: Places, file: SourceFile, sources: Sources, at_path: KeyPath) -> int | None:
    """The place where the table begins that is *written* under ``csv`` at *at_path*."""
    at = place_of(node.child(_KEY) or node)
    if not isinstance(written, str) or not written:
        message = "expected a list of workers, or `csv:` and the path of a table, relative to this file"
        file.mistakes.append(found_at(WRONG_TYPE, message, at, at_path))
        return None
    path = file.folder / written
    begin, mistake = open_table(path, sources, file.reach)
    if mistake is None:
        sources.tables.add(sources.names[-1])
        return begin
    if mistake.code != NOT_UTF_8.code:  # there is no place in a file that cannot be read
        message, spot = f"{shown(str(path))}: {mistake.message}", mistake.spot._replace(place=at)
        mistake = mistake._replace(message=message, spot=spot)
    file.mistakes.append(mistake.under(at_path))
    return None


class _RosterColumn(NamedTuple):
    """Where the cells of a column belong in a worker: nowhere if the path is empty."""

    path: tuple[str, ...]
    unnamed: bool
    is_list: bool = False


class _Roster:
    """The workers of one table."""

    def __init__(self, file: SourceFile, begin: int, sources: Sources) -> None:
        self._sources = sources
        self.workers: list[Any] = []
        self.places = Places(begin, mapping=False)
        self._file = file
        self._begin = begin
        self._columns: list[_RosterColumn] = []
        self._types: dict[int, dict[str, list[int]]] = {}
        """The places of the cells of each type, by column."""

    def read(self, text: str) -> None:
        """Read all of *text*."""
        try:
            for row in rows(text):
                if self._columns:
                    self._worker(row)
                else:
                    self._header(row)
        except TableError as error:
            self._note(CSV_SYNTAX, error.message, error.at)
            self._file.complete = False
        self._note_mixed_columns()
        if not self._columns:
            self._note(MISSING_KEY, f"the table has no header; its columns are {_KNOWN}", 0)

    def _note(self, rule: Rule, message: str, at: int, path: KeyPath = ()) -> None:
        self._file.mistakes.append(found_at(rule, message, self._begin + at, (_SECTION, *path)))

    # The header

    def _header(self, row: Sequence[Cell]) -> None:
        taken: dict[tuple[str, ...], Cell] = {}
        for cell in row:
            path = self._path(cell)
            around = next(
                (other for other in taken if path and (other[: len(path)] == path or path[: len(other)] == other)), None
            )
            if around is not None:
                self._note(
                    DUPLICATE_KEY, f"`{shown(cell.text)}` is what `{shown(taken[around].text)}` says already", cell.at
                )
                path = ()
            elif path:
                taken[path] = cell
            is_list = path[:1] == ("attributes",) and cell.text.endswith("[]")
            self._columns.append(_RosterColumn(path, unnamed=not cell.text, is_list=is_list))
        if not any(column.path == ("name",) for column in self._columns):
            self._note(MISSING_KEY, "the column `name` is missing", row[0].at)
            self._file.complete = False

    def _path(self, cell: Cell) -> tuple[str, ...]:
        if cell.text in {*_PLAIN, _NEW, ""}:
            return (cell.text,) if cell.text else ()
        match = _COLUMN.fullmatch(cell.text)
        if match is not None and match[1]:
            return (match[1], *match[2].split("."))
        if match is not None and match[6] in WorkerChannel.model_fields:
            return (match[4], match[5], match[6])
        near = nearest(cell.text, _PLAIN)
        hint = f"did you mean `{near}`?" if near else f"known here: {_KNOWN}"
        self._note(UNKNOWN_KEY, f"unknown column `{shown(cell.text)}`; {hint}", cell.at)
        return ()

    # The rows

    def _worker(self, row: Sequence[Cell]) -> None:
        worker = _Branch({}, Places(self._begin + row[0].at, mapping=True))
        if any(column.path[:1] == ("attributes",) for column in self._columns):
            worker.branch("attributes", worker.places.at)
        for index, cell in enumerate(row):
            path = self._columns[index].path if index < len(self._columns) else ()
            if cell.text and path:
                self._put(worker, index, cell)
            elif cell.text and self._is_unnamed(index):
                message = "the header has no name for this column"
                self._note(UNKNOWN_KEY, message, cell.at, (len(self.workers),))
        self.workers.append(worker.data)
        self.places.extend([worker.places])

    def _note_mixed_columns(self) -> None:
        """Warn of columns whose cells have several types, at the first cell of the rarest."""
        for column, types in self._types.items():
            if len(types) > 1:
                by_number = sorted(types.items(), key=lambda each: len(each[1]))
                what = ", ".join(f"{kind} in {self._rows(places)}" for kind, places in by_number)
                message = f"`{'.'.join(self._columns[column].path)}` is {what}; expressions compare them differently"
                place = by_number[0][1][0]
                self._file.mistakes.append(found_at(MIXED_COLUMN, message, place, (_SECTION,)))

    def _rows(self, places: Sequence[int]) -> str:
        lines = [str(self._sources.locate(place)[1]) for place in places[:_ROWS_SHOWN]]
        more = len(places) - len(lines)
        return f"row{'s' if len(places) > 1 else ''} {', '.join(lines)}{f' and {more} more' if more else ''}"

    def _is_unnamed(self, index: int) -> bool:
        return index >= len(self._columns) or self._columns[index].unnamed

    def _put(self, worker: "_Branch", column: int, cell: Cell) -> None:
        path, place = self._columns[column].path, self._begin + cell.at
        branch = worker
        for key in path[:-1]:
            branch = branch.branch(key, place)
        try:
            value, node = self._value(column, cell)
        except ValueError as error:
            self._note(INVALID_VALUE, str(error), cell.at, (len(self.workers), *path))
            value, node = "", place
        branch.put(path[-1], value, node, place)
        if isinstance(value, str) and "${" in value:
            self._file.sites.append(Site(branch.data, path[-1], place))

    def _value(self, column: int, cell: Cell) -> tuple[Any, Node]:
        place = self._begin + cell.at
        refuse_shortened(cell.text)
        match self._columns[column].path[0]:
            case "attributes":
                value = elements(cell.text) if self._columns[column].is_list else attribute(cell.text)
                if "${" not in cell.text and value is not None:
                    self._types.setdefault(column, {}).setdefault(_TYPES[type(value)], []).append(place)
                return value, self._nodes(value, place, DEPTH_LIMIT)
            case "channels" | "new":
                return core_scalar(cell.text), place
            case _:
                return cell.text, place

    def _nodes(self, value: Any, place: int, depth: int) -> Node:
        """Places of a JSON value, all of it in one cell; its strings may hold variables."""
        if not isinstance(value, (dict, list)):
            return place
        if depth == 0:
            raise ValueError(f"nested more than {DEPTH_LIMIT} levels deep")
        node = Places(place, mapping=isinstance(value, dict))
        parts = list(value.items() if isinstance(value, dict) else enumerate(value))
        children = {key: self._nodes(part, place, depth - 1) for key, part in parts}
        node.keys = [place] * len(children) if isinstance(value, dict) else []
        node.children = children if isinstance(value, dict) else list(children.values())
        texts = ((key, part) for key, part in parts if isinstance(part, str) and "${" in part)
        self._file.sites.extend(Site(value, key, place) for key, _ in texts)
        return node


def refuse_shortened(text: str) -> None:
    """Refuse a long number that a spreadsheet has shortened: its digits are lost.

    Raises:
        ValueError: if *text* is one.
    """
    if _SHORTENED.match(text):
        raise ValueError(f"{text} is a long number that the spreadsheet has shortened; format the column as text")


def elements(text: str) -> Any:
    """The list in the text of a cell: elements separated by semicolons, or JSON.

    Raises:
        ValueError: The text begins like JSON but is not valid.
    """
    if text.startswith("["):
        return attribute(text)
    return [attribute(part) for each in text.split(_SEPARATOR) if (part := each.strip())]


class _Branch(NamedTuple):
    """A mapping that is being filled, and its places."""

    data: dict[str, Any]
    places: Places

    def put(self, key: str, value: Any, node: Node, place: int) -> None:
        """Put *value* under *key*, written at *place*."""
        self.data[key] = value
        self.places.put(key, node)
        self.places.add_key(key, place)

    def branch(self, key: str, place: int) -> "_Branch":
        """The mapping under *key*, new if there is none."""
        if key not in self.data:
            self.put(key, {}, Places(place, mapping=True), place)
        below = Located(self.data, self.places).at(key)
        return _Branch(below.value, below.places)


def attribute(text: str) -> Any:
    """The JSON value of a cell's text, as ``WorkersTable`` describes.

    Raises:
        ValueError: The text begins like JSON but is not valid.
    """
    if _BOOLEAN.match(text):
        return text.lower() == "true"
    if _NUMBER.match(text):
        return json.loads(text)
    if text[0] in "[{":
        return _json(text)
    if text[0] == '"' == text[-1]:
        try:
            return _json(text)
        except ValueError:
            return text
    return text


def _json(text: str) -> Any:
    try:
        return json.loads(text, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        reason = "nested too deep" if isinstance(error, RecursionError) else str(error)
        raise ValueError(
            f"this starts like JSON but is not valid: {reason}; put plain text in double quotes"
        ) from error


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not a number in JSON")
