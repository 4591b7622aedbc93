"""The keys that each mapping may have, derived from the models: for suggestions, and to resolve paths."""

from collections.abc import Iterator, Mapping
from functools import cache
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from tr_apply.findings import KeyPath
from tr_apply.resources.document import Document
from tr_apply.resources.kind import Resource

JSON_KEYS: Final = frozenset({"attributes", "extra", "document_extra"})
"""The keys of a resource, a filter or a target that hold a JSON document of the user's own."""


class Shape(NamedTuple):
    """The kind of content that a value may have.

    Attributes:
        keys: The shapes by key, for a mapping with fixed keys.
        each: The shape of the items of a list, or of the values of a mapping with any keys.
        is_json: Whether it is a JSON document of the user's own, with any content.
    """

    keys: Mapping[str, "Shape"] = MappingProxyType({})
    each: "Shape | None" = None
    is_json: bool = False

    def below(self, key: str | int) -> "Shape | None":
        """The shape of the value at *key*; None if the key is not allowed."""
        return self.keys.get(key) if isinstance(key, str) and key in self.keys else self.each


@cache
def shape_of(model: type[Resource]) -> Shape:
    """The shape of the data for *model*."""
    schema = model.model_json_schema()
    return _shape(schema, schema.get("$defs", {}))


def _shape(schema: Mapping[str, Any], definitions: Mapping[str, Any]) -> Shape:
    if (reference := schema.get("$ref")) is not None:
        return _shape(definitions[reference.rpartition("/")[2]], definitions)
    if (choices := schema.get("anyOf")) is not None:
        return max((_shape(choice, definitions) for choice in choices), key=_holds_something)
    if (properties := schema.get("properties")) is not None:
        return Shape(keys={key: _shape(value, definitions) for key, value in properties.items()})
    named = next(iter(schema.get("patternProperties", {}).values()), None)
    each = schema.get("items", schema.get("additionalProperties", named))
    if isinstance(each, dict):
        return Shape(each=_shape(each, definitions))
    return Shape(is_json=each is True)


def _holds_something(shape: Shape) -> bool:
    return shape != Shape()


def shape_at(path: KeyPath, root: Shape | None = None) -> Shape | None:
    """The shape of the value at *path* in *root*, by default a configuration; None if the path is not allowed."""
    shape: Shape | None = root or shape_of(Document)
    for part in path:
        if shape is None or shape.is_json:
            return shape
        shape = shape.below(part)
    return shape


def is_json(path: KeyPath, root: Shape | None = None) -> bool:
    """Whether *path* leads into a JSON document of the user's own; *root* is as for ``shape_at``."""
    shape = shape_at(path, root)
    return shape is not None and shape.is_json


def nulls(value: Any, shape: Shape, path: KeyPath = ()) -> Iterator[tuple[KeyPath, Shape]]:
    """The path of each null that is not allowed, with the shape of the expected value. Skips unknown keys."""
    if value is None:
        yield path, shape
    elif shape.is_json:
        return
    elif isinstance(value, dict):
        for key, child in value.items():
            if (below := shape.below(key)) is not None and _may_hold_null(child):
                yield from nulls(child, below, (*path, key))
    elif isinstance(value, list) and shape.each is not None:
        for index, child in enumerate(value):
            if _may_hold_null(child):
                yield from nulls(child, shape.each, (*path, index))


def _may_hold_null(value: Any) -> bool:
    return value is None or isinstance(value, (dict, list))
