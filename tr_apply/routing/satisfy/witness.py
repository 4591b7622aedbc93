"""Builds an example from the remaining values of the variables after a search."""

from collections.abc import Iterator, Mapping
from typing import Any

from tr_apply.routing.nodes import Path
from tr_apply.routing.satisfy.candidates import NULL
from tr_apply.routing.satisfy.formula import Mask
from tr_apply.routing.satisfy.restriction import Detail
from tr_apply.routing.satisfy.space import YES, Space


def witness(space: Space, domains: Mapping[int, Mask]) -> dict[str, Any]:
    """Names with the first value that each path may have, and nothing else; null is left out.

    An element with an index comes before the other elements of its list. A value that cannot be placed, because its
    holder is a text, is left out; the judge of the search then refuses the example.
    """
    details = [each for each, mask in _meanings(space, domains) if isinstance(each, Detail) and mask == YES]
    chosen = {
        path: _value(space, path, mask, [each for each in details if each.path == path])
        for path, mask in _meanings(space, {**_required(space), **domains})
        if isinstance(path, Path)
    }
    names: dict[str, Any] = {}
    for path in sorted(chosen, key=lambda path: (len(path.segments), str(path))):
        if chosen[path] is not None:
            _put(names, path, chosen[path])
    return names


def _meanings(space: Space, domains: Mapping[int, Mask]) -> Iterator[tuple[Path | Detail, Mask]]:
    return ((space.variables[number].meaning, domains[number]) for number in sorted(domains))


def _required(space: Space) -> dict[int, Mask]:
    """The variables that are never null, whether a search has decided on them or not."""
    return {number: each.domain for number, each in enumerate(space.variables) if not each.domain & NULL}


def _value(space: Space, path: Path, mask: Mask, details: list[Detail]) -> Any:
    values = space.groups[path]
    first = mask & -mask
    if first == values.a_list:
        return [each.value for each in details if each.of == "list"]
    if first == values.an_object:
        return {}
    index = first.bit_length() - 1
    if index == values.free_text:
        return values.wording.holding([each.value for each in details if each.of == "text"])
    return values.values[index]


def _put(names: dict[str, Any], path: Path, value: Any) -> None:
    *way, last = path.segments
    holder: Any = names
    for segment, following in zip(way, path.segments[1:], strict=True):
        holder = _within(holder, segment, [] if isinstance(following, int) else {})
    _within(holder, last, value)


def _within(holder: Any, segment: str | int, value: Any) -> Any:
    """The value of *holder* at *segment*; if there was none, sets it to *value*."""
    if isinstance(segment, str):
        return holder.setdefault(segment, value) if isinstance(holder, dict) else None
    if not isinstance(holder, list):
        return None
    if isinstance(value, list | dict) and segment < len(holder) and type(holder[segment]) is type(value):
        return holder[segment]
    holder.extend([None] * (segment - len(holder)))
    holder.insert(segment, value)
    return value
