"""The keys of a configuration, as their models describe them."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Final, Literal, TypeAlias

from tr_apply.explain.field_examples import example_of
from tr_apply.resources import SECTIONS, WORKER, WORKER_CHANNEL
from tr_apply.schema import schema

_SINGULAR: Final = {
    **{kind.name: (kind.section,) for kind in SECTIONS},
    WORKER_CHANNEL.name: (WORKER.section, "channels"),
}
_SAMPLES: Final = {"channels": "voice", "variables": "team"}
"""Example names for mappings with free names, by the key above."""

_TYPES: Final = {"array": "list", "object": "mapping"}
"""The names of JSON's types in YAML."""

_Holders: TypeAlias = Mapping[int, Literal["list", "mapping"]]
"""Which of the keys on a way hold a list of objects, or objects by any name."""


@dataclass(frozen=True, slots=True)
class ExplainedKey:
    """A key, by the keys that lead to it, and its JSON Schema."""

    keys: tuple[str, ...]
    schema: Mapping[str, Any]
    required: bool
    holders: _Holders

    @property
    def name(self) -> str:
        """``task_queues.target_workers``."""
        return ".".join(self.keys)


def field_named(topic: str) -> ExplainedKey | None:
    """The key called *topic*: by its path, with sections by the name of their kind too, and with or without indices."""
    first, *rest = re.sub(r"\[[^\]]*\]", "", topic).split(".")
    keys = (*_SINGULAR.get(first, (first,)), *rest)
    return next((field for field in _fields() if field.keys == keys), None)


def keys_called(name: str) -> list[ExplainedKey]:
    """The keys whose own name is *name*, wherever they are."""
    return [field for field in _fields() if field.keys[-1] == name]


def field_names() -> list[str]:
    """The name of every key."""
    return [field.name for field in _fields()]


def field_rows() -> Iterator[tuple[str, str, str, str]]:
    """Every key for a table: its name, its type with default and limits, its meaning, and an example."""
    for field in _fields():
        about = str(field.schema.get("description", "")).split("\n\n")[0]
        example = example_of(field.name, field.schema)
        yield field.name, "; ".join([*_types(field.schema), *_facts(field)]), " ".join(about.split()), example


def _types(node: Mapping[str, Any]) -> Iterator[str]:
    found = dict.fromkeys(_TYPES.get(name, name) for each in _choices(node) for name in _own_types(each))
    yield " or ".join(found) or "any value"


def _own_types(node: Mapping[str, Any]) -> list[str]:
    """The JSON types of *node* itself; a text that is only a variable in place of another type is left out."""
    if "$ref" in node:
        return ["object"]
    found = node.get("type", ())
    return [found] if isinstance(found, str) else [name for name in found if name not in {"string", "null"}]


def field_text(field: ExplainedKey) -> str:
    """All that is known of *field*, with an example."""
    facts = "; ".join([*_types(field.schema), *_facts(field)])
    example = (f"    {line}" for line in _nested(field, example_of(field.name, field.schema)))
    about = field.schema.get("description", "")
    return "\n".join([field.name, "", about, facts, "", "Example:", "", *example]) + "\n"


def _facts(field: ExplainedKey) -> Iterator[str]:
    """Whether it must be there, and what it may be."""
    if field.required:
        yield "required"
    if "default" in field.schema:
        yield f"default: {json.dumps(field.schema['default'])}"
    limits = {key: value for each in _choices(field.schema) for key, value in each.items()}
    if "enum" in limits:
        yield f"one of {', '.join(map(str, limits['enum']))}"
    if "minimum" in limits:
        yield f"from {limits['minimum']}" + (f" to {limits['maximum']}" if "maximum" in limits else "")
    if "maxLength" in limits:
        yield f"at most {limits['maxLength']} characters"


def _choices(node: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield node
    for choice in node.get("anyOf", ()):
        yield from _choices(choice)


def _nested(field: ExplainedKey, value: str) -> Iterator[str]:
    """YAML with *value* at the keys of *field*; a list of objects gets one object."""
    indent = ""
    for number, key in enumerate(field.keys[:-1]):
        yield f"{indent}{key}:"
        holder = field.holders.get(number)
        indent = indent.replace("-", " ") + ("  - " if holder == "list" else "  ")
        if holder == "mapping":
            yield f"{indent}{_SAMPLES.get(key, 'name')}:"
            indent += "  "
    yield f"{indent}{field.keys[-1]}: {value}"


@cache
def _fields() -> tuple[ExplainedKey, ...]:
    document = schema("workspace")
    return tuple(_SchemaWalk(document["$defs"]).below((), document, {}))


@dataclass(frozen=True, slots=True)
class _SchemaWalk:
    definitions: Mapping[str, Any]

    def below(self, keys: tuple[str, ...], node: Mapping[str, Any], holders: _Holders) -> Iterator[ExplainedKey]:
        """Every key below *node*."""
        last = len(keys) - 1
        for each in _choices(node):
            if (reference := each.get("$ref")) is not None:
                yield from self.below(keys, self.definitions[reference.rpartition("/")[2]], holders)
            if isinstance(items := each.get("items"), dict):
                yield from self.below(keys, items, {**holders, last: "list"})
            for values in (each.get("additionalProperties"), *each.get("patternProperties", {}).values()):
                if isinstance(values, dict):
                    yield from self.below(keys, values, {**holders, last: "mapping"})
            for key, child in each.get("properties", {}).items():
                yield ExplainedKey((*keys, key), child, key in each.get("required", ()), holders)
                yield from self.below((*keys, key), child, holders)
