"""Facts about a comparison when only the types of its operands are known.

Nothing here knows an operator: `outcomes` tries evaluate.COMPARE on examples of each type.
"""

from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum
from functools import lru_cache
from typing import Any, Final, NamedTuple, TypeAlias

from tr_apply.frozen import frozen
from tr_apply.routing.evaluate import COMPARE
from tr_apply.routing.nodes import Comparator


class JsonType(StrEnum):
    """The types of JSON, as a message names them; integers apart, because order_by needs them."""

    NULL = "no value"
    BOOLEAN = "a boolean"
    INTEGER = "an integer"
    DECIMAL = "a decimal number"
    TEXT = "a text"
    LIST = "a list"
    OBJECT = "an object"


_EVERY_TYPE: Final = frozenset(JsonType)

Keys: TypeAlias = tuple[str | int, ...]
"""The segments of a path within the attributes."""


class ValueTypes(NamedTuple):
    """Which types a value may have, and which its elements may have where it is a list."""

    own: frozenset[JsonType]
    elements: frozenset[JsonType] = _EVERY_TYPE

    def __str__(self) -> str:
        """As a message says it, as in ``an integer or a list of texts``."""
        return " or ".join(sorted(map(self._named, self.own)))

    def _named(self, each: JsonType) -> str:
        if each is not JsonType.LIST or self.elements == _EVERY_TYPE:
            return each.value
        if not self.elements:
            return "an empty list"
        return f"a list of {' and '.join(sorted(map(_plural, self.elements)))}"


def _plural(each: JsonType) -> str:
    return f"{each.value.split(' ', 1)[-1]}s"


ANYTHING: Final = ValueTypes(_EVERY_TYPE)
NULL: Final = ValueTypes(frozenset({JsonType.NULL}))
SOMETHING: Final = ValueTypes(_EVERY_TYPE - {JsonType.NULL})
TEXT: Final = ValueTypes(frozenset({JsonType.TEXT}))
INTEGER: Final = ValueTypes(frozenset({JsonType.INTEGER}))


def json_type(value: Any) -> JsonType:
    """The type of a value that was read from JSON or YAML."""
    return _TYPES.get(type(value), JsonType.OBJECT)


_TYPES: Final = {
    type(None): JsonType.NULL,
    bool: JsonType.BOOLEAN,
    int: JsonType.INTEGER,
    float: JsonType.DECIMAL,
    str: JsonType.TEXT,
    list: JsonType.LIST,
}


@lru_cache(maxsize=1024)
def outcomes(comparator: Comparator, left: ValueTypes, right: ValueTypes) -> frozenset[bool]:
    """Which answers are possible for operands of these types: true, false or both."""
    compare = COMPARE[comparator]
    rights = tuple(_examples(right))
    return frozenset(compare(one, other) for one in _examples(left) for other in rights)


def _examples(types: ValueTypes) -> Iterator[Any]:
    for each in types.own:
        yield from _EXAMPLES[each]
    if JsonType.LIST in types.own:
        yield from ([element] for each in types.elements for element in _EXAMPLES[each])


# Enough of each that every comparator which can hold between two types holds for some pair, and
# fails for some pair if it can fail.
_EXAMPLES: Final[Mapping[JsonType, tuple[Any, ...]]] = {
    JsonType.NULL: (None,),
    JsonType.BOOLEAN: (False, True),
    JsonType.INTEGER: (0, 9),
    JsonType.DECIMAL: (0.0, 9.5),
    JsonType.TEXT: ("5", "a"),
    JsonType.LIST: ([],),
    JsonType.OBJECT: ({},),
}


@frozen
class AttributeTypes:
    """The attributes of a number of workers or tasks, with their types.

    A null attribute does not differ from a missing one, so null is not a type here. The elements of a list are under
    index 0.
    """

    types: Mapping[Keys, frozenset[JsonType]]

    def at(self, keys: Keys) -> ValueTypes | None:
        """The types at this place; None when nothing has the attribute.

        An attribute that is null wherever it is set may become anything.
        """
        keys = _any_element(keys)
        own = self.types.get(keys)
        if own is None:
            return None
        return ValueTypes(own or _EVERY_TYPE, self.types.get((*keys, 0)) or _EVERY_TYPE)

    def names(self) -> Iterator[str]:
        """Every attribute as it is written in an expression, elements of lists left out."""
        return (".".join(map(str, keys)) for keys in self.types if 0 not in keys)


def summarize(samples: Iterable[Mapping[str, Any]]) -> AttributeTypes:
    """The types of all attributes of *samples*, which are attributes of workers or of tasks."""
    found: dict[Keys, set[JsonType]] = {}
    for sample in samples:
        for key, value in sample.items():
            _record((key,), value, found)
    return AttributeTypes({keys: frozenset(types) for keys, types in found.items()})


def _record(keys: Keys, value: Any, found: dict[Keys, set[JsonType]]) -> None:
    types = found.setdefault(keys, set())
    if value is None:
        return
    types.add(json_type(value))
    if isinstance(value, list):
        for element in value:
            _record((*keys, 0), element, found)
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            _record((*keys, key), inner, found)


def _any_element(keys: Keys) -> Keys:
    return tuple(0 if isinstance(key, int) else key for key in keys)
