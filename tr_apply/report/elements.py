"""Changes inside a list, element by element: a list that is printed whole twice makes the reader search."""

import json
from collections.abc import Iterator, Sequence
from typing import Any

from tr_apply.plan.compare.sequences import differences
from tr_apply.printable import printable
from tr_apply.report.text_diff import TextLine
from tr_apply.report.values import shown

_MOST = 500  # elements; beyond that nobody reads on, and matching them takes its time
_LONGEST = 20_000  # characters of JSON, for the same reasons


def element_changes(before: Sequence[Any], after: Sequence[Any]) -> list[TextLine]:
    """Lines for added, removed and changed elements, counted from 1; none if the lists are too long for that.

    The order of a list counts: an element that moved is gone at one place and added at another.
    """
    texts = [json.dumps(each, sort_keys=True) for each in before], [json.dumps(each, sort_keys=True) for each in after]
    if any(len(side) > _MOST or sum(map(len, side)) > _LONGEST for side in texts):
        return []
    lines: list[TextLine] = []
    for i1, i2, j1, j2 in differences(*texts):
        pairs = min(i2 - i1, j2 - j1)
        for offset in range(pairs):
            lines += _changes(_item(j1 + offset), before[i1 + offset], after[j1 + offset])
        lines += [TextLine(f"{_item(index)}: {shown(before[index])}", "-") for index in range(i1 + pairs, i2)]
        lines += [TextLine(f"{_item(index)}: {shown(after[index])}", "+") for index in range(j1 + pairs, j2)]
    return lines


def _item(index: int) -> str:
    return f"item {index + 1}"


def _changes(place: str, before: Any, after: Any) -> list[TextLine]:
    """How one element became another; none when it is the same."""
    if type(before) is not type(after) or not isinstance(before, dict | list):
        same = before == after and type(before) is type(after)
        return [] if same else [TextLine(f"{place}: {shown(before)} -> {shown(after)}")]
    from deepdiff import DeepDiff  # noqa: PLC0415  # costs 150 ms, which only those pay who look at such a list

    found = DeepDiff(before, after, view="tree")
    lines = [line for kind, levels in found.items() for line in _lines(place, kind, levels)]
    return [text for _, text in sorted(lines, key=lambda line: line[0])]


def _lines(place: str, kind: str, levels: Any) -> Iterator[tuple[str, TextLine]]:
    """Each with what it is sorted by."""
    for level in levels:
        parts = level.path(output_format="list")
        path = ", ".join([place, *(_item(part) if isinstance(part, int) else printable(part) for part in parts)])
        order = "".join(f"[{part:06}]" if isinstance(part, int) else f".{part}" for part in parts)
        if kind.endswith("_removed"):
            yield order, TextLine(f"{path}: {shown(level.t1)}", "-")
        elif kind.endswith("_added"):
            yield order, TextLine(f"{path}: {shown(level.t2)}", "+")
        else:
            yield order, TextLine(f"{path}: {shown(level.t1)} -> {shown(level.t2)}")
