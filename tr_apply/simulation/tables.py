"""Figures from CSV files: intervals of a report, measured times, a roster. Each mistake has its line and column."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Final

from tr_apply.config.common_rules import CSV_SYNTAX, INVALID_VALUE, MISSING_KEY
from tr_apply.config.companion import Companion
from tr_apply.config.files import TOO_LARGE
from tr_apply.config.places import Places, shown
from tr_apply.config.roster import opened_table
from tr_apply.config.suggestions import nearest
from tr_apply.config.table import Cell, TableError, rows
from tr_apply.findings import KeyPath, Rule, found_at
from tr_apply.resources.simulation import Offered, SimulationFile, TimeSpread
from tr_apply.simulation.load import DayHours, RosterEntry

_SIZE_LIMIT: Final = 32 * 1024 * 1024  # characters
_ROWS_LIMIT: Final = 200_000
_TIME: Final = re.compile(
    r"(?:(?P<day>.*?)[T ]+)?(?P<hour>[0-9]{1,2}):(?P<minute>[0-9]{2})(?::[0-9]{2}(?:\.[0-9]+)?)?(?:Z|[+-][0-9:]+)?\Z"
)
_LATEST: Final = 48  # hours: the end of a night shift may be past midnight

Record = Mapping[str, Cell]


class Tables:
    """Reads the tables that a load names; notes their mistakes."""

    def __init__(self, read: Companion[SimulationFile]) -> None:
        self._file = read.file
        self._notes = read.notes
        self._headers: dict[KeyPath, int] = {}

    def offered(self, wanted: Offered, path: KeyPath, hours: DayHours) -> tuple[float, ...]:
        """The number of tasks in each interval, on an average day of the table."""
        needed = {"column": wanted.column}
        if wanted.queue is not None:
            needed["queue_column"] = wanted.queue_column
        if "time_column" in wanted.model_fields_set:
            needed["time_column"] = wanted.time_column
        records = list(self._records(path, needed, optional=[wanted.time_column]))
        if wanted.queue is not None:
            records = [each for each in records if each[wanted.queue_column.casefold()].text == wanted.queue]
            if not records and path in self._headers:
                self._notes.add(INVALID_VALUE, f"no row has the queue '{shown(wanted.queue)}'", (*path, "queue"))
        if records and wanted.time_column.casefold() in records[0]:
            return self._by_time(records, wanted, hours)
        return self._in_order(records, wanted, path, hours)

    def _by_time(self, records: Sequence[Record], wanted: Offered, hours: DayHours) -> tuple[float, ...]:
        sums = [0.0] * hours.intervals
        days: set[str] = set()
        for record in records:
            time = self._moment(record[wanted.time_column.casefold()])
            number = self._number(record[wanted.column.casefold()])
            if time is None or number is None:
                continue
            day, at_ms = time
            days.add(day or record.get("date", Cell("", 0)).text)
            if hours.opens_ms <= at_ms < hours.closes_ms:
                sums[hours.interval_of(at_ms)] += number
        return tuple(each / max(1, len(days)) for each in sums)

    def _in_order(
        self, records: Sequence[Record], wanted: Offered, path: KeyPath, hours: DayHours
    ) -> tuple[float, ...]:
        """Without times, each row is an interval."""
        numbers = [self._number(each[wanted.column.casefold()]) for each in records]
        if path in self._headers and len(numbers) != hours.intervals:
            message = (
                f"{len(numbers)} rows for {hours.intervals} intervals; name the column with the time: `time_column`"
            )
            self._notes.add(INVALID_VALUE, message, (*path, "csv"))
        return tuple(each or 0.0 for each in numbers)

    def sample(self, wanted: TimeSpread, path: KeyPath) -> tuple[float, ...]:
        """The times of a column, in milliseconds, sorted."""
        found = [
            self._number(each[wanted.column.casefold()]) for each in self._records(path, {"column": wanted.column})
        ]
        if path in self._headers and not found:
            self._notes.add(INVALID_VALUE, "the table has no rows", (*path, "csv"))
        return tuple(sorted(1000 * each for each in found if each is not None))

    def roster(self, path: KeyPath, known: Mapping[str, str], activities: Mapping[str, str]) -> tuple[RosterEntry, ...]:
        """Who works when; *known* are the names of workers, *activities* those of activities, by their keys."""
        columns = {"name": "name", "start": "start", "end": "end"}
        return tuple(self._entries(self._records(path, columns, optional=["activity"]), known, activities))

    def _entries(
        self, records: Iterable[Record], known: Mapping[str, str], activities: Mapping[str, str]
    ) -> Iterator[RosterEntry]:
        for record in records:
            begin, end = self._moment(record["start"]), self._moment(record["end"])
            self._require(record["name"], known, "worker")
            activity = record.get("activity", Cell("", 0))
            if activity.text:
                self._require(activity, activities, "activity")
            if begin is None or end is None:
                continue
            ends = end[1] if end[1] > begin[1] else end[1] + 24 * 3600 * 1000
            yield RosterEntry(record["name"].text, begin[1], ends, activity.text or None)

    def _require(self, cell: Cell, known: Mapping[str, str], what: str) -> None:
        if cell.text.casefold() not in known:
            near = nearest(cell.text, list(known.values()))
            hint = f"; did you mean {near!r}?" if near is not None else ""
            self._note(INVALID_VALUE, f"there is no {what} '{shown(cell.text)}'{hint}", cell)

    # Rows and cells

    def _records(self, path: KeyPath, needed: Mapping[str, str], optional: Sequence[str] = ()) -> Iterator[Record]:
        """The rows of the table that is named under ``csv`` at *path*, by the names of its columns without case.

        Of *needed*, the names of columns by the keys that say so, each must be there.
        """
        begin = self._opened(path)
        if begin is None:
            return
        text = self._notes.sources.text_at(begin)[0]
        self._begin = begin
        if len(text) > _SIZE_LIMIT:
            self._notes.add(TOO_LARGE, f"a table of more than {_SIZE_LIMIT // 1024 // 1024} MB", (*path, "csv"))
            return
        try:
            table = rows(text)
            header = [each.text.casefold() for each in next(table, ())]
            for key, name in needed.items():
                if name.casefold() not in header:
                    self._note_missing(name, header, (*path, key if key != name else "csv"))
                    return
            self._headers[path] = begin
            wanted = {each.casefold() for each in (*needed.values(), *optional, "date")}
            for row in islice(table, _ROWS_LIMIT):
                cells = dict(zip(header, [*row, *[Cell("", row[-1].at)] * (len(header) - len(row))], strict=False))
                yield {name: cell for name, cell in cells.items() if name in wanted}
            if next(table, None) is not None:
                self._notes.add(TOO_LARGE, f"more than {_ROWS_LIMIT} rows", (*path, "csv"))
        except TableError as error:
            self._note(CSV_SYNTAX, error.message, Cell("", error.at))

    def _opened(self, path: KeyPath) -> int | None:
        written, node = self._notes.root.value, self._notes.root.node
        for part in path:
            written = written[part]
            node = node.child(part) or node if isinstance(node, Places) else node
        assert isinstance(node, Places)
        before = len(self._file.mistakes)
        begin = opened_table(written["csv"], node, self._file, self._notes.sources, path)
        for mistake in self._file.mistakes[before:]:
            self._notes.mistake(mistake)
        return begin

    def _note_missing(self, name: str, header: Sequence[str], path: KeyPath) -> None:
        near = nearest(name, list(header))
        hint = f"did you mean {near!r}?" if near is not None else f"its columns: {shown(', '.join(header[:20]))}"
        self._notes.add(MISSING_KEY, f"the table has no column '{shown(name)}'; {hint}", path)

    def _number(self, cell: Cell) -> float | None:
        try:
            number = float(cell.text.replace(",", ".") or 0)
        except ValueError:
            number = -1.0
        if 0 <= number <= 1e9:  # noqa: PLR2004  # 30 years of seconds
            return number
        self._note(INVALID_VALUE, f"expected a number, found '{shown(cell.text)}'", cell)
        return None

    def _moment(self, cell: Cell) -> tuple[str, int] | None:
        """The day as it is written, and the time of day in milliseconds."""
        match = _TIME.match(cell.text)
        if match is None or int(match["hour"]) > _LATEST or int(match["minute"]) > 59:  # noqa: PLR2004
            self._note(INVALID_VALUE, f"expected a time such as 09:30, found '{shown(cell.text)}'", cell)
            return None
        return match["day"] or "", (int(match["hour"]) * 60 + int(match["minute"])) * 60_000

    def _note(self, rule: Rule, message: str, cell: Cell) -> None:
        self._notes.place(found_at(rule, message, self._begin + cell.at))
