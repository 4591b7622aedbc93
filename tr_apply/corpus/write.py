"""Recorded tasks as text: as a table that a spreadsheet opens, or as one JSON object a line."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, Final

from tr_apply.config.roster import attribute, refuse_shortened
from tr_apply.corpus.tasks import RecordedTask, aggregated, as_json

PLAIN: Final = ("time", "workflow", "channel", "priority", "count")
ATTRIBUTES: Final = "attributes"

_COLUMN: Final = re.compile(r"[^\s.\[\]\"=+@-][^.\[\]\"\x00-\x1f]*(?<!\s)")
"""A key that a column can be called by: nothing that a path, a quote or a formula begins with."""

_FORMULA: Final = "=+-@\t\r"
"""First characters of a text that a spreadsheet would compute; a task's content is untrusted."""

_QUOTED: Final = re.compile(r'[",;\t\r\n]|^\s|\s$')
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


def corpus_jsonl(tasks: Iterable[RecordedTask]) -> str:
    """*tasks* as one JSON object a line; the same tasks give the same text."""
    return "".join(f"{_json_line(each)}\n" for each in aggregated(tasks))


def _json_line(task: RecordedTask) -> str:
    written = {name: getattr(task, name) for name in PLAIN if name != "time" or task.time}
    attributes = json.loads(as_json(task.attributes))  # in the order of the keys
    return json.dumps({**written, ATTRIBUTES: attributes}, ensure_ascii=False)


def corpus_csv(tasks: Iterable[RecordedTask]) -> str:
    """*tasks* as a table; the same tasks give the same text."""
    rows = aggregated(tasks)
    cells = [dict(_cells(each.attributes)) for each in rows]
    keys = sorted({key for each in cells for key in each})
    header = [*PLAIN, *(f"{ATTRIBUTES}.{key}" for key in keys), ATTRIBUTES]
    table = (_row(task, keys, of_task) for task, of_task in zip(rows, cells, strict=True))
    return "".join(f"{','.join(map(_cell, row))}\n" for row in (header, *table))


def _row(task: RecordedTask, keys: Sequence[str], cells: Mapping[str, str]) -> list[str]:
    rest = {key: value for key, value in task.attributes.items() if key not in cells}
    plain = (str(getattr(task, name)) for name in PLAIN)
    return [*plain, *(cells.get(key, "") for key in keys), as_json(rest) if rest else ""]


def _cells(attributes: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The texts of cells, by the attributes that columns can be called by; all others are in the last column."""
    for key, value in attributes.items():
        if value is not None and _COLUMN.fullmatch(key):
            text = _text(value) if isinstance(value, list | dict | float) else _scalar_text(value)
            if text is not None:
                yield key, text


def _text(value: Any) -> str | None:
    """The text of a cell that is read as *value*, as it is or as JSON; None where there is none."""
    if isinstance(value, str):
        return value if _is_plain(value) else json.dumps(value, ensure_ascii=False)
    text = as_json(value)
    read = attribute(text)
    return text if type(read) is type(value) and as_json(read) == text else None


_scalar_text = lru_cache(maxsize=10_000, typed=True)(_text)
"""Most tasks have the values of others. Not for floats: 0.0 equals -0.0 and has another text."""


def _is_plain(text: str) -> bool:
    if not text or text[0] in _FORMULA or text != text.strip() or _CONTROL.search(text):
        return False
    try:
        refuse_shortened(text)
        return attribute(text) == text and isinstance(attribute(text), str)
    except ValueError:
        return False


def _cell(text: str) -> str:
    return '"' + text.replace('"', '""') + '"' if _QUOTED.search(text) else text
