"""Conditions over variables that have finitely many values, as the search uses them.

A formula has no negation, and neither has an expression. Each comparison is true or false of any values; one that must
be false allows the complement of the values that make it true.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple, TypeAlias

from tr_apply.routing.nodes import Comparison, Path

Mask: TypeAlias = int
"""A set of values of one variable: bit n is the value with index n."""


class In(NamedTuple):
    """A variable has one of some values; none of them for an empty mask."""

    variable: int
    mask: Mask


class Every(NamedTuple):
    """All parts hold."""

    parts: tuple["Formula", ...]


class Some(NamedTuple):
    """At least one part holds."""

    parts: tuple["Formula", ...]


class Related(NamedTuple):
    """A comparison between several paths is true, or is false if not *wanted*."""

    comparison: Comparison
    wanted: bool
    paths: tuple[Path, ...]
    """The different paths, that of a list last."""

    bound: tuple[int, ...] = ()
    """The values of the first of them, by index."""


Formula: TypeAlias = bool | In | Every | Some | Related


def every(parts: Iterable[Formula]) -> Formula:
    """The formula for all of *parts*, as flat as can be."""
    flat: list[Formula] = []
    for part in parts:
        if part is False:
            return False
        if isinstance(part, Every):
            flat.extend(part.parts)
        elif part is not True:
            flat.append(part)
    return _joined(flat, Every, empty=True)


def some(parts: Iterable[Formula]) -> Formula:
    """The formula for any of *parts*; those about one variable alone become one part."""
    masks: dict[int, Mask] = {}
    others: list[Formula] = []
    for part in parts:
        if part is True:
            return True
        for each in part.parts if isinstance(part, Some) else (part,):
            if isinstance(each, In):
                masks[each.variable] = masks.get(each.variable, 0) | each.mask
            elif each is not False:
                others.append(each)
    return _joined([*(In(variable, mask) for variable, mask in masks.items()), *others], Some, empty=False)


def _joined(parts: list[Formula], join: type[Every] | type[Some], *, empty: bool) -> Formula:
    match parts:
        case []:
            return empty
        case [part]:
            return part
        case _:
            return join(tuple(parts))


def leaves(formula: Formula) -> Iterator[In | Related]:
    """Every condition of *formula* that has no parts."""
    if isinstance(formula, Every | Some):
        for part in formula.parts:
            yield from leaves(part)
    elif not isinstance(formula, bool):
        yield formula
