"""Keys of no model, as the loader replaces them before it checks the rest: ``for_each``, and those of overlays."""

from collections.abc import Iterator
from typing import Any, Final

from tr_apply.resources import SECTIONS, WORKSPACE
from tr_apply.schema.editor import Node, variable

_FILTER: Final = "filter"
_SCALAR: Final = {"type": ["string", "number", "boolean"]}
_ORIGINAL: Final = {kind.name: kind.identity for kind in SECTIONS}
_NAME: Final = "^[A-Za-z_][A-Za-z0-9_]*$"

_FOR_EACH: Final[Node] = {
    "description": "Makes one object for each combination of values of these lists, or for each row of a table. "
    "`${each.NAME}` is replaced by the value in any string of the object, its name included.",
    "anyOf": [
        {
            "type": "object",
            "required": ["csv"],
            "properties": {
                "csv": {
                    "description": "Path of a CSV file with a header, relative to the file that says so. A column of "
                    "the table is a name, an empty cell an empty text; a cell alone is read as one of `workers`.",
                    "type": "string",
                    "minLength": 1,
                }
            },
            "additionalProperties": False,
        },
        {
            "type": "object",
            "minProperties": 1,
            "patternProperties": {_NAME: {"anyOf": [{"type": "array", "items": _SCALAR}, variable()]}},
            "additionalProperties": False,
        },
    ],
}

_UNSET: Final[Node] = {
    "description": "Keys that are taken away from what the configuration says here.",
    "type": "array",
    "items": {"type": "string"},
}
_CONTROLS: Final[Node] = {
    "new": {"description": "Adds an object that the configuration does not have.", "const": True},
    "delete": {"description": "Takes the object away; nothing but its name may be given.", "const": True},
}
_PLACES: Final[Node] = {
    "before": {"description": "The name of the filter that this one comes directly before.", "type": "string"},
    "after": {"description": "The name of the filter that this one comes directly after.", "type": "string"},
}
_UNTOUCHED: Final = frozenset({"safety", "target", "variable", "credentials", "workers_table"})
"""Parts whose keys an overlay cannot remove."""


def with_for_each(schema: Node) -> Node:
    """*schema*, of a configuration, with ``for_each`` where it makes objects."""
    made = {name: _with(node, {"for_each": _FOR_EACH}) for name, node in _repeatable(schema).items()}
    return {**schema, "$defs": {**schema["$defs"], **made}}


def as_overlay(schema: Node) -> Node:
    """*schema*, of a configuration, as that of an overlay: a part of one, and keys that change the rest."""
    definitions = dict(schema["$defs"])
    for name, node in definitions.items():
        if name not in _UNTOUCHED and "properties" in node:
            definitions[name] = _with(node, {"unset": _UNSET})
    for name, node in _repeatable(schema).items():
        keys = {**_CONTROLS, **(_PLACES if name == _FILTER else {}), "unset": _UNSET}
        definitions[name] = _with({**node, "required": [_ORIGINAL[name]] if name in _ORIGINAL else []}, keys)
    definitions[WORKSPACE.name] = {**definitions[WORKSPACE.name], "required": []}
    definitions["default_filter"] = _with(definitions["target"], {"unset": _UNSET})
    workflow = definitions["workflow"]["properties"]
    workflow["default_filter"] = {**workflow["default_filter"], "$ref": "#/$defs/default_filter"}
    overlay = _with({**schema, "$defs": dict(sorted(definitions.items())), "required": []}, {"unset": _UNSET})
    return {**overlay, "description": "What an overlay changes of a configuration that it is laid over."}


def with_shorthands(schema: Node) -> Node:
    """*schema*, of a simulation as pydantic makes it, in which a mapping may be the value of its one usual key."""
    from tr_apply.resources.load_values import Shorthand  # noqa: PLC0415  # seldom needed

    definitions = dict(schema["$defs"])
    for model in _below(Shorthand):
        whole = definitions[model.__name__]
        short = {
            key: value
            for key, value in whole["properties"][model.SHORT].items()
            if key in ("type", "items", "anyOf", "enum")
        }
        made = {key: value for key, value in whole.items() if key != "description"}
        definitions[model.__name__] = {"description": whole["description"], "anyOf": [short, made]}
    return {**schema, "$defs": definitions}


def _below(base: type[Any]) -> Iterator[type[Any]]:
    for model in base.__subclasses__():
        yield model
        yield from _below(model)


def _repeatable(schema: Node) -> dict[str, Any]:
    """The definitions of objects that a list may hold by name."""
    return {name: schema["$defs"][name] for name in (*_ORIGINAL, _FILTER)}


def _with(node: Node, keys: Node) -> Node:
    return {**node, "properties": {**node["properties"], **keys}}
