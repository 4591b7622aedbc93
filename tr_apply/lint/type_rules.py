"""A rule on values of another type: a number in an expression, and a text with the same digits in the workers."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import product
from typing import Any, Final, NamedTuple

from tr_apply.findings import Severity, Spot
from tr_apply.lint.declarations import Declarations, Remarks, document_rule, parsed
from tr_apply.lint.expressions import PlacedText, placed_texts
from tr_apply.resources.worker import compact_json
from tr_apply.routing.nodes import Comparator, Constant, ListLiteral, Operand, Path, comparisons
from tr_apply.routing.place import Place, attribute_keys
from tr_apply.routing.value_types import Keys

_OF_VALUES: Final = frozenset({Comparator.EQUAL, Comparator.HAS, Comparator.IN})
_PLACES: Final = frozenset({Place.QUEUE, Place.TARGET})


class _Asked(NamedTuple):
    """A number or a text that an expression asks an attribute for, and where in the expression it is."""

    keys: Keys
    value: str | int | float
    offset: int


class _PresentValues(NamedTuple):
    """The workers' values of an attribute, alone or in lists: texts, and numbers as they are written."""

    texts: frozenset[str]
    numbers: frozenset[str]


@document_rule(
    "value-type", Severity.WARNING, "An expression asks for a text that the workers have as a number only, or reversed."
)
def value_type(declarations: Declarations) -> Remarks:
    """``skills HAS '466'`` where some have 466, others texts, and nobody has '466'.

    Where no worker has any value of the type that the expression asks for, ``attribute-type`` says it already.
    """
    asked = [(site, each) for site in placed_texts(declarations) if site.place in _PLACES for each in _asked(site)]
    present = {keys: _present(declarations.all_attributes, keys) for keys in {each.keys for _, each in asked}}
    for site, each in asked:
        values = present[each.keys]
        is_text = isinstance(each.value, str)
        own, other = (values.texts, values.numbers) if is_text else (values.numbers, values.texts)
        if own and _written(each.value) not in own and _written(each.value) in other:
            kinds = ("text", "number") if is_text else ("number", "text")
            message = f"no worker has the {kinds[0]} {_shown(each.value)} in {Path(each.keys)}, but some have the "
            other_form = _written(each.value) if is_text else f"'{_written(each.value)}'"
            yield Spot(site.path, offset=each.offset), f"{message}{kinds[1]} {other_form}; the two never match"


def _asked(site: PlacedText) -> Iterator[_Asked]:
    tree = parsed(site.text)
    for comparison in () if tree is None else comparisons(tree):
        if comparison.comparator in _OF_VALUES:
            operands = (comparison.left, comparison.right)
            for keys, constant in product(_attributes(operands, site.place), _constants(operands)):
                if isinstance(constant.value, (str, int, float)) and not isinstance(constant.value, bool):
                    yield _Asked(keys, constant.value, constant.offset)


def _attributes(operands: Iterable[Operand], place: Place) -> Iterator[Keys]:
    for operand in operands:
        if isinstance(operand, Path) and (keys := attribute_keys(operand, place)):
            yield keys


def _constants(operands: Iterable[Operand]) -> Iterator[Constant]:
    for operand in operands:
        for item in operand.items if isinstance(operand, ListLiteral) else (operand,):
            if isinstance(item, Constant):
                yield item


def _present(attributes: Iterable[Mapping[str, Any]], keys: Keys) -> _PresentValues:
    texts, numbers = set[str](), set[str]()
    for each in attributes:
        value: Any = each
        for key in keys:
            value = value.get(key) if isinstance(value, dict) else None
        for element in value if isinstance(value, list) else (value,):
            if isinstance(element, str):
                texts.add(element)
            elif isinstance(element, (int, float)) and not isinstance(element, bool):
                numbers.add(_written(element))
    return _PresentValues(frozenset(texts), frozenset(numbers))


def _written(value: str | float) -> str:
    if isinstance(value, str):
        return value
    return compact_json(int(value) if isinstance(value, float) and value.is_integer() else value)


def _shown(value: str | float) -> str:
    return f"'{value}'" if isinstance(value, str) else _written(value)
