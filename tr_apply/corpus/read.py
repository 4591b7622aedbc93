"""A file of recorded tasks, written by ``record``, by hand or by a spreadsheet: every mistake with its place."""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, NamedTuple, NoReturn

from tr_apply.config.common_rules import CSV_SYNTAX, DUPLICATE_KEY, INVALID_VALUE, MISSING_KEY, UNKNOWN_KEY
from tr_apply.config.files import STANDARD_INPUT, given_text, require_path
from tr_apply.config.filling import DEPTH_LIMIT
from tr_apply.config.places import Sources, shown
from tr_apply.config.roster import attribute, elements, refuse_shortened
from tr_apply.config.suggestions import nearest
from tr_apply.config.table import Cell, TableError, rows
from tr_apply.corpus.tasks import DEFAULT_CHANNEL, Corpus, GivenCorpus, RecordedTask
from tr_apply.corpus.write import ATTRIBUTES, PLAIN
from tr_apply.errors import ConfigError
from tr_apply.findings import Finding, Rule
from tr_apply.resources.workflow import PRIORITY_LIMIT

MOST_ROWS: Final = 500_000
"""Rows of a file; who has more tasks lets ``count`` say so."""

_MOST_TASKS: Final = 10**9
_MOST_FINDINGS: Final = 50
_LINES: Final = frozenset({".jsonl", ".ndjson"})
_KEY_COLUMN: Final = re.compile(r"attributes\.([^.\[\]]+(?:\.[^.\[\]]+)*)(\[\])?")
_WHOLE: Final = re.compile(r"[0-9]{1,10}(?:\.0+)?\Z")  # a spreadsheet may add decimals
_KNOWN: Final = f"{', '.join(PLAIN)}, attributes.KEY, attributes.KEY[], {ATTRIBUTES}"
_LINE_END: Final = re.compile(r"\r\n|\n|\r")


def load_corpus(path: Path, roots: Sequence[Path] = ()) -> Corpus:
    """The recorded tasks in the file at *path*, or on standard input; *roots* are those of the configurations.

    Raises:
        UsageError: when there is no such file.
        ConfigError: when it cannot be read, with every finding.
    """
    require_path(path)
    sources = Sources()
    begin, mistake = given_text(path, sources, roots)
    if mistake is not None:
        raise ConfigError([_placed(sources, mistake, begin if mistake.spot.place is None else mistake.spot.place)])
    return read_corpus(sources, begin, is_lines=path.suffix.lower() in _LINES if path != STANDARD_INPUT else None)


def given_corpus(path: Path, roots: Sequence[Path], *, is_shared: bool) -> GivenCorpus:
    """The same as it is given to a run, which *is_shared* by several workspaces or is for one; errors as above."""
    return GivenCorpus(load_corpus(path, roots), is_shared)


def read_corpus(sources: Sources, begin: int, *, is_lines: bool | None = None) -> Corpus:
    """The recorded tasks in the text of *sources* that begins at *begin*; without *is_lines*, its look decides.

    Raises:
        ConfigError: with every finding.
    """
    text = sources.text_at(begin)[0]
    as_lines = text.lstrip()[:1] == "{" if is_lines is None else is_lines
    reading = _Mistakes(sources, begin)
    try:
        tasks = list(_of_lines(text, reading) if as_lines else _Table(reading).tasks(text))
    except _EnoughError:
        tasks = []
    if reading.findings:
        raise ConfigError(tuple(reading.findings))
    return Corpus(sources.names[-1], tasks)


def _placed(sources: Sources, finding: Finding, place: int) -> Finding:
    file, line, column = sources.locate(place)
    return finding._replace(file=file, line=line, column=column)


class _EnoughError(Exception):
    """Nobody reads more findings than these."""


class _Mistakes:
    """One file, and its mistakes."""

    def __init__(self, sources: Sources, begin: int) -> None:
        self._sources, self._begin = sources, begin
        self.findings: list[Finding] = []

    def note(self, rule: Rule, message: str, at: int) -> None:
        finding = Finding(rule.severity, rule.code, message)
        self.findings.append(_placed(self._sources, finding, self._begin + at))
        if len(self.findings) >= _MOST_FINDINGS:
            raise _EnoughError

    def stop(self, rule: Rule, message: str, at: int) -> NoReturn:
        self.note(rule, message, at)
        raise _EnoughError

    def value(self, read: Callable[[Any], Any], written: Any, at: int) -> Any:
        """The result of *read* for *written*; None, with a finding, if *read* fails."""
        try:
            return read(written)
        except ValueError as error:
            self.note(INVALID_VALUE, str(error), at)
            return None


# Values


def _name(written: Any) -> str:
    if not isinstance(written, str) or not written.strip() or "\0" in written:
        raise ValueError("expected a name")
    return written


def _whole(least: int, most: int) -> Callable[[Any], int]:
    def read(written: Any) -> int:
        text = str(written) if isinstance(written, int | float | str) and not isinstance(written, bool) else ""
        if not _WHOLE.match(text) or not least <= (number := int(float(text))) <= most:
            raise ValueError(f"{shown(str(written))} is not a whole number from {least} to {most}")
        return number

    return read


def _time(written: Any) -> str:
    """A time in UTC, in whole seconds; a time without a zone is read as UTC."""
    try:
        moment = datetime.fromisoformat(written) if isinstance(written, str) else None
        found = moment and (moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC))
    except (ValueError, OverflowError):
        found = None
    if found is None:
        raise ValueError(f"{shown(str(written))} is not a time such as 2026-11-20T09:00:00Z")
    return found.strftime("%Y-%m-%dT%H:%M:%SZ")


_READ: Final[Mapping[str, Callable[[Any], Any]]] = {
    "time": _time,
    "workflow": _name,
    "channel": _name,
    "priority": _whole(0, PRIORITY_LIMIT),
    "count": _whole(1, _MOST_TASKS),
}


def _bounded(value: Any) -> Any:
    """*value*, unless it is nested too deep to work with."""
    level = [value]
    for _ in range(DEPTH_LIMIT):
        level = [part for each in level if isinstance(each, dict | list) for part in _parts(each)]
        if not level:
            return value
    raise ValueError(f"nested more than {DEPTH_LIMIT} levels deep")


def _parts(value: dict[str, Any] | list[Any]) -> Sequence[Any]:
    return list(value.values()) if isinstance(value, dict) else value


def _object(written: Any) -> dict[str, Any]:
    if isinstance(written, dict):
        return written
    raise ValueError("expected a JSON object with the other attributes")


def _task(values: Mapping[str, Any], attributes: Mapping[str, Any]) -> RecordedTask:
    return RecordedTask(
        workflow=values["workflow"],
        attributes=attributes,
        channel=values.get("channel") or DEFAULT_CHANNEL,
        priority=values.get("priority") or 0,
        count=values.get("count") or 1,
        time=values.get("time") or "",
    )


# A table


class _CellsOf(NamedTuple):
    """The content of a column: a plain field, or the attribute at a path; an ignored column has neither."""

    field: str = ""
    path: tuple[str, ...] = ()
    is_list: bool = False


class _Table:
    """A table that is being read."""

    def __init__(self, reading: _Mistakes) -> None:
        self._reading = reading
        self._headings: list[_CellsOf] = []

    def tasks(self, text: str) -> Iterator[RecordedTask]:
        """The tasks of the rows; nothing of a row that has a mistake."""
        try:
            for number, row in enumerate(rows(text)):
                if not number:
                    self._read_header(row)
                elif number > MOST_ROWS:
                    self._reading.stop(INVALID_VALUE, f"more than {MOST_ROWS:,} rows; use `count`", row[0].at)
                elif (task := self._row(row)) is not None:
                    yield task
        except TableError as error:
            self._reading.stop(CSV_SYNTAX, error.message, error.at)
        if not self._headings:
            self._reading.note(MISSING_KEY, f"the table has no header; its columns are {_KNOWN}", 0)

    def _read_header(self, row: Sequence[Cell]) -> None:
        for cell in row:
            found = self._heading(cell)
            clash = next((each for each in self._headings if found != _CellsOf() and _overlap(found, each)), None)
            if clash is not None:
                self._reading.note(DUPLICATE_KEY, f"`{shown(cell.text)}` is in another column already", cell.at)
                found = _CellsOf()
            self._headings.append(found)
        if not any(each.field == "workflow" for each in self._headings):
            self._reading.stop(MISSING_KEY, "the column `workflow` is missing", row[0].at)

    def _heading(self, cell: Cell) -> _CellsOf:
        if cell.text in {*PLAIN, ATTRIBUTES, ""}:
            return _CellsOf(cell.text)
        if (match := _KEY_COLUMN.fullmatch(cell.text)) is not None:
            return _CellsOf("", tuple(match[1].split(".")), match[2] is not None)
        near = nearest(cell.text, [*PLAIN, ATTRIBUTES])
        hint = f"did you mean `{near}`?" if near else f"known here: {_KNOWN}"
        self._reading.note(UNKNOWN_KEY, f"unknown column `{shown(cell.text)}`; {hint}", cell.at)
        return _CellsOf()

    def _row(self, row: Sequence[Cell]) -> RecordedTask | None:
        before = len(self._reading.findings)
        values: dict[str, Any] = {}
        attributes: dict[str, Any] = {}
        pairs = [*zip(self._headings, row, strict=False)]
        pairs.sort(key=lambda each: each[0].field != ATTRIBUTES)  # other columns are put into the attributes
        for heading, cell in pairs:
            if not cell.text:
                continue
            if heading.field == ATTRIBUTES:
                attributes = self._reading.value(_rest_of_cell, cell.text, cell.at) or {}
            elif heading.field:
                values[heading.field] = self._reading.value(_READ[heading.field], cell.text, cell.at)
            elif heading.path:
                self._put(attributes, heading, cell)
        for cell in (cell for cell in row[len(self._headings) :] if cell.text):
            self._reading.note(UNKNOWN_KEY, "the header has no name for this column", cell.at)
        if "workflow" not in values:
            self._reading.note(MISSING_KEY, "the workflow is missing", row[0].at)
        return None if len(self._reading.findings) > before else _task(values, attributes)

    def _put(self, attributes: dict[str, Any], heading: _CellsOf, cell: Cell) -> None:
        *outer, last = heading.path
        holder = attributes
        for key in outer:
            found = holder.setdefault(key, {})
            holder = found if isinstance(found, dict) else {last: None}  # which is refused below
        if last in holder:
            name = ".".join(heading.path)
            self._reading.note(DUPLICATE_KEY, f"the column `{ATTRIBUTES}` has `{shown(name)}` already", cell.at)
            return
        holder[last] = self._reading.value(_list_of_cell if heading.is_list else _value_of_cell, cell.text, cell.at)


def _overlap(one: _CellsOf, other: _CellsOf) -> bool:
    """Whether two columns say the same; of attributes, one may not be within another."""
    if one.field or other.field:
        return one.field == other.field and not one.path and not other.path
    length = min(len(one.path), len(other.path))
    return bool(length) and one.path[:length] == other.path[:length]


def _value_of_cell(text: str) -> Any:
    refuse_shortened(text)
    return _bounded(attribute(text))


def _list_of_cell(text: str) -> Any:
    refuse_shortened(text)
    return _bounded(elements(text))


def _rest_of_cell(text: str) -> dict[str, Any]:
    return _object(_value_of_cell(text))


# One JSON object a line


class _LineError(ValueError):
    """A line is not what it should be, from a column on."""

    def __init__(self, message: str, column: int = 0, rule: Rule = INVALID_VALUE) -> None:
        super().__init__(message)
        self.column, self.rule = column, rule


def _of_lines(text: str, reading: _Mistakes) -> Iterator[RecordedTask]:
    number, at = 0, 0
    while at < len(text):
        end = _LINE_END.search(text, at)
        stop, after = (len(text), len(text)) if end is None else end.span()
        if (line := text[at:stop]).strip():
            number += 1
            if number > MOST_ROWS:
                reading.stop(INVALID_VALUE, f"more than {MOST_ROWS:,} lines; use `count`", at)
            try:
                yield _task_of_line(line)
            except _LineError as error:
                reading.note(error.rule, str(error), at + error.column)
        at = after


def _task_of_line(line: str) -> RecordedTask:
    written = _parsed(line)
    values: dict[str, Any] = {}
    for key, value in written.items():
        column = max(0, line.find(json.dumps(key, ensure_ascii=False)))
        if key not in {*PLAIN, ATTRIBUTES}:
            near = nearest(key, [*PLAIN, ATTRIBUTES])
            hint = f"did you mean `{near}`?" if near else f"known here: {', '.join(PLAIN)}, {ATTRIBUTES}"
            raise _LineError(f"unknown key `{shown(key)}`; {hint}", column, UNKNOWN_KEY)
        if value is None:
            continue
        try:
            values[key] = _object(_bounded(value)) if key == ATTRIBUTES else _READ[key](value)
        except ValueError as error:
            raise _LineError(str(error), column) from error
    if "workflow" not in values:
        raise _LineError("the workflow is missing", 0, MISSING_KEY)
    return _task(values, values.get(ATTRIBUTES, {}))


def _parsed(line: str) -> dict[str, Any]:
    try:
        found = json.loads(line, parse_constant=_refuse, object_pairs_hook=_unique)
    except json.JSONDecodeError as error:
        raise _LineError(f"this line is not valid JSON: {error.msg}", error.pos) from error
    except RecursionError as error:
        raise _LineError(f"nested more than {DEPTH_LIMIT} levels deep") from error
    except ValueError as error:
        raise error if isinstance(error, _LineError) else _LineError(str(error)) from error
    if not isinstance(found, dict):
        raise _LineError("expected a JSON object in each line")
    return found


def _unique(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise _LineError("a key is written twice", 0, DUPLICATE_KEY)
    return found


def _refuse(constant: str) -> NoReturn:
    raise _LineError(f"{constant} is not a number in JSON")
