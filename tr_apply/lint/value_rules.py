"""A rule on values: a skill that is spelt in one way by the workers and in another by an expression."""

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from itertools import groupby, product
from typing import Final, TypeAlias

from tr_apply.findings import Severity, Spot
from tr_apply.lint.attributes import texts
from tr_apply.lint.declarations import Declarations, Remarks, document_rule, parsed
from tr_apply.lint.expressions import PlacedText, placed_texts
from tr_apply.routing.nodes import Comparator, Constant, ListLiteral, Operand, Path, comparisons
from tr_apply.routing.place import Place, attribute_keys
from tr_apply.routing.value_types import Keys

_OF_VALUES: Final = frozenset(
    {Comparator.EQUAL, Comparator.NOT_EQUAL, Comparator.HAS, Comparator.IN, Comparator.NOT_IN}
)
"""Comparators that ask for a value as it is spelt."""

_ROUTING: Final = frozenset({Place.FILTER, Place.TARGET})
_PLACES: Final = frozenset({Place.QUEUE, Place.TARGET})
_SEPARATORS: Final = re.compile(r"[\s_-]+")

_Value: TypeAlias = tuple[Keys, str]
"""An attribute and a text that it may have."""


@document_rule(
    "value-spelling", Severity.WARNING, "An expression asks for a text that the workers have in another spelling only."
)
def value_spelling(declarations: Declarations) -> Remarks:
    """``languages HAS 'ES'`` where no worker has ES and some have es.

    Silent about an expression that asks for both, and about a value that nobody has in any spelling.
    """
    asked = [(site, _asked(site)) for site in placed_texts(declarations) if site.place in _PLACES]
    spellings = _spellings(declarations, asked)
    for site, values in asked:
        for (keys, value), offset in values.items():
            other = spellings.get((keys, value))
            if other is not None and (keys, other) not in values:
                message = f"no worker has {value!r} in {Path(keys)}, but some have {other!r}"
                yield Spot(site.path, offset=offset), message


@document_rule("two-spellings", Severity.INFO, "A workflow asks for a value in one spelling here and in another there.")
def two_spellings(declarations: Declarations) -> Remarks:
    """``'very high'`` in one filter and ``'very_high'`` in the next. Silent about an expression that asks for both.

    What the workers have decides for their attributes, where the file shows that.
    """
    workflows = [each for each in placed_texts(declarations) if each.place in _ROUTING]
    for _, sites in groupby(workflows, key=lambda site: site.path[:2]):
        first: dict[_Value, str] = {}
        for site in sites:
            values = _asked_anywhere(site, of_workers=not declarations.all_attributes)
            for (keys, value), offset in values.items():
                other = first.setdefault((keys, _folded(value)), value)
                if other != value and (keys, other) not in values and any(map(str.isalpha, value)):
                    message = f"{value!r} here and {other!r} above are two values of {Path(keys)}; is one misspelt?"
                    yield Spot(site.path, offset=offset), message


def _asked_anywhere(site: PlacedText, *, of_workers: bool) -> dict[_Value, int]:
    """The values that an expression of a workflow asks for, each with an offset; paths as a target has them."""
    found: dict[_Value, int] = {}
    tree = parsed(site.text)
    for comparison in () if tree is None else comparisons(tree):
        if comparison.comparator in _OF_VALUES:
            operands = (comparison.left, comparison.right)
            for path in (each for each in operands if isinstance(each, Path)):
                keys = ("task", *path.segments) if site.place is Place.FILTER else path.segments
                if of_workers or keys[0] == "task":
                    found |= {(keys, text): offset for text, offset in _texts(operands) if (keys, text) not in found}
    return found


def _asked(site: PlacedText) -> dict[_Value, int]:
    """The values that an expression asks for, each with an offset."""
    found: dict[_Value, int] = {}
    tree = parsed(site.text)
    for comparison in () if tree is None else comparisons(tree):
        if comparison.comparator in _OF_VALUES:
            operands = (comparison.left, comparison.right)
            for keys, (text, offset) in product(_attributes(operands, site.place), _texts(operands)):
                found.setdefault((keys, text), offset)
    return found


def _attributes(operands: Iterable[Operand], place: Place) -> Iterator[Keys]:
    for operand in operands:
        if isinstance(operand, Path) and (keys := attribute_keys(operand, place)):
            yield keys


def _texts(operands: Iterable[Operand]) -> Iterator[tuple[str, int]]:
    for operand in operands:
        for item in operand.items if isinstance(operand, ListLiteral) else (operand,):
            if isinstance(item, Constant) and isinstance(item.value, str):
                yield item.value, item.offset


def _spellings(
    declarations: Declarations, asked: Iterable[tuple[PlacedText, Mapping[_Value, int]]]
) -> dict[_Value, str]:
    """For values that no worker has, another spelling that some have."""
    wanted: dict[Keys, set[str]] = defaultdict(set)
    for _, values in asked:
        for keys, value in values:
            wanted[keys].add(value)
    return {
        (keys, value): other
        for keys, values in wanted.items()
        for value, other in _others(values, texts(declarations.all_attributes, keys))
    }


def _others(wanted: Collection[str], present: Iterable[str]) -> Iterator[tuple[str, str]]:
    missing, seen = set(wanted), set()
    for text in present:
        seen.add(text)
        missing.discard(text)
        if not missing:  # as a rule after a few workers
            return
    by_folded = {_folded(text): text for text in sorted(seen)}
    for value in missing:
        if (other := by_folded.get(_folded(value))) is not None:
            yield value, other


def _folded(text: str) -> str:
    return _SEPARATORS.sub("", text).casefold()
