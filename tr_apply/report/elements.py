"""What changed inside a list, element by element: a list that is told whole twice makes the reader search."""

import json
from collections.abc import Iterator, Sequence
from typing import Any

from tr_apply.report.values import shown

_LONGEST = 20_000  # characters of JSON; beyond that nobody reads on, and comparing takes its time


def element_changes(before: Sequence[Any], after: Sequence[Any]) -> list[str]:
    """Lines for what is added, gone or changed, by 0-based index; none where that does not tell it all."""
    if max(len(json.dumps(before)), len(json.dumps(after))) > _LONGEST:
        return []
    from deepdiff import DeepDiff  # noqa: PLC0415  # costs 150 ms, which only those pay who look at such a list

    found = DeepDiff(
        before, after, ignore_order=True, report_repetition=True, view="tree", cutoff_intersection_for_pairs=1
    )
    if "repetition_change" in found:
        return []
    lines = [line for kind, levels in found.items() for line in _lines(kind, levels)]
    return [text for _, text in sorted(lines)]


def _lines(kind: str, levels: Any) -> Iterator[tuple[str, str]]:
    """Each with what it is sorted by."""
    for level in levels:
        place = "".join(
            f"[{part}]" if isinstance(part, int) else f".{part}" for part in level.path(output_format="list")
        )
        order = "".join(
            f"[{part:06}]" if isinstance(part, int) else f".{part}" for part in level.path(output_format="list")
        )
        if kind.endswith("_removed"):
            yield order, f"- {place}: {shown(level.t1)}"
        elif kind.endswith("_added"):
            yield order, f"+ {place}: {shown(level.t2)}"
        else:
            yield order, f"{place}: {shown(level.t1)} -> {shown(level.t2)}"
