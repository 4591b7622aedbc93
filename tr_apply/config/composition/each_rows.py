"""``for_each: {csv: FILE}``: replaces the name of a table by its rows."""

from collections.abc import Iterator, Sequence
from typing import Any, Final

from tr_apply.config.common_rules import CSV_SYNTAX, INVALID_VALUE, UNKNOWN_KEY
from tr_apply.config.places import Node, Places, Sources
from tr_apply.config.roster import opened_table, refuse_shortened
from tr_apply.config.source_file import Site, SourceFile
from tr_apply.config.table import Cell, TableError, rows
from tr_apply.findings import KeyPath, found_at
from tr_apply.resources import SECTIONS

KEY: Final = "for_each"
FILTERS: Final = "filters"
_TABLE: Final = "csv"


class Rows(list[dict[str, str]]):
    """The rows of a table, by the names in its header, and where each begins."""

    def __init__(self) -> None:
        super().__init__()
        self.places: list[dict[str, int]] = []


def read_rows(file: SourceFile, sources: Sources) -> None:
    """Put the rows of each table that a ``for_each`` of *file* names in its place; variables are filled in later."""
    for item, node, path in [*_over_tables(file)]:
        written = item[KEY]
        for key in written.keys() - {_TABLE}:
            message = f"`{_TABLE}` is the only key of a `{KEY}` over a table"
            file.mistakes.append(found_at(UNKNOWN_KEY, message, node.key_place(key) or node.at, (*path, key)))
        begin = opened_table(written[_TABLE], node, file, sources, path)
        item[KEY] = Rows() if begin is None else _read(file, sources.text_at(begin)[0], begin, path)
        file.complete = file.complete and begin is not None


def _over_tables(file: SourceFile) -> Iterator[tuple[dict[str, Any], Places, KeyPath]]:
    """Each object whose ``for_each`` names a table, with the places and the path of that."""
    for item, node, path in _objects(file):
        written, below = item.get(KEY), node.child(KEY)
        if isinstance(written, dict) and isinstance(written.get(_TABLE), str) and isinstance(below, Places):
            yield item, below, (*path, KEY)


def _objects(file: SourceFile) -> Iterator[tuple[dict[str, Any], Places, KeyPath]]:
    for kind in SECTIONS:
        section = (file.data.get(kind.section), file.places.child(kind.section), (kind.section,))
        for item, node, path in _mappings(*section):
            yield item, node, path
            if FILTERS in kind.document_keys:
                yield from _mappings(item.get(FILTERS), node.child(FILTERS), (*path, FILTERS))


def _mappings(items: Any, node: Node | None, path: KeyPath) -> Iterator[tuple[dict[str, Any], Places, KeyPath]]:
    for index, item in enumerate(items if isinstance(items, list) else ()):
        below = node.child(index) if isinstance(node, Places) else None
        if isinstance(item, dict) and isinstance(below, Places):
            yield item, below, (*path, index)


def _read(file: SourceFile, text: str, begin: int, path: KeyPath) -> Rows:
    found = Rows()
    header: list[str] = []
    try:
        for row in rows(text):
            if header:
                _add(found, header, row, begin)
                _note_shortened(file, row, begin, path)
                _note_unnamed(file, row[len(header) :], begin, path)
            else:
                header = [cell.text for cell in row]
    except TableError as error:
        file.mistakes.append(found_at(CSV_SYNTAX, error.message, begin + error.at, path))
        file.complete = False
    for values, places in zip(found, found.places, strict=True):
        file.sites.extend(Site(values, name, at) for name, at in places.items() if "${" in values[name])
    return found


def _add(found: Rows, header: Sequence[str], row: Sequence[Cell], begin: int) -> None:
    """A row that is too short leaves its last cells empty."""
    cells = dict(zip(header, row, strict=False))
    found.append({name: cells[name].text if name in cells else "" for name in header if name})
    found.places.append({name: begin + cell.at for name, cell in cells.items() if name})


def _note_shortened(file: SourceFile, row: Sequence[Cell], begin: int, path: KeyPath) -> None:
    for cell in row:
        try:
            refuse_shortened(cell.text)
        except ValueError as error:
            file.mistakes.append(found_at(INVALID_VALUE, str(error), begin + cell.at, path))


def _note_unnamed(file: SourceFile, cells: Sequence[Cell], begin: int, path: KeyPath) -> None:
    message = "the header has no name for this column"
    file.mistakes.extend(found_at(UNKNOWN_KEY, message, begin + cell.at, path) for cell in cells if cell.text)
