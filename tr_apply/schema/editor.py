"""From pydantic's JSON Schema to one that accepts and rejects what a person writes as the loader does."""

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

Node = dict[str, Any]

_ONE_VARIABLE: Final = r"^\$\{([A-Za-z_][A-Za-z0-9_]*(:-[^}]*)?|each\.[^}]+)\}$"
_SOME_VARIABLE: Final = r"\$\{"
_NULL: Final = {"type": "null"}
_ANY_SCALAR: Final = ["string", "number", "boolean"]
_LIMITS: Final = ("enum", "const", "pattern", "minLength", "maxLength")
_ORDER: Final = ("description", "type", "default", "$ref", "enum", "anyOf", "required", "properties", "$defs")
_KIND_AND_NAME: Final = "expected KIND/NAME, as in task_queue/Everyone"
MESSAGES: Final = {
    _ONE_VARIABLE: "expected a value of this type, or one ${NAME} in its place",
    _SOME_VARIABLE: "neither one of the possible values nor a text with a ${NAME} in it",
    r"\S": "expected a name with at least one visible character",
    r"^[a-z][a-z0-9-]*$": "expected the code of a finding, as in hidden-filter",
    r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$": "expected a day, as in 2027-03-31",
    r"^(?=[0-9])([0-9]{1,9}h)?([0-9]{1,9}m)?([0-9]{1,9}s)?$": "expected a time such as 90s, 2m30s or 2h",
    r"^(100|[0-9]{1,2})%$": "expected a share from 0% to 100%",
    r"^(100|[0-9]{1,2}(\.[0-9]{1,4})?)%$": "expected a share from 0% to 100%, as in 5%",
    r"^([01]?[0-9]|2[0-3]):[0-5][0-9]$|^24:00$": "expected a time of day, as in 09:30",
    r"^[^,\s]([^,]*[^,\s])?$": "expected one event type, as in task.created",
}
"""An editor's messages by the pattern that a text does not match. Longer patterns are found by their beginning."""

_BEGINNINGS: Final = {
    "^WS": "expected WS and 32 hexadecimal digits",
    "^(workspace|": _KIND_AND_NAME,
    "^(?!": "expected the name of an environment variable, as in TWILIO_AUTH_TOKEN",
}
_WORD: Final = re.compile(r"(?<=[a-z])(?=[A-Z])")


def tidied(schema: Node, *, nullable: bool = False) -> Node:
    """*schema* without titles that repeat a key, without the names of classes and, unless *nullable*, without null.

    People leave missing values out; programs print them as null.
    """
    made = _mapped(schema, lambda node: _ordered(_tidy(node, nullable=nullable)))
    names = {name: _WORD.sub("_", name).lower() for name in made["$defs"]}
    made = _mapped(made, lambda node: _renamed(node, names))
    made["$defs"] = {names[name]: made["$defs"][name] for name in sorted(names)}
    return made


def for_editors(schema: Node) -> Node:
    """The same for a file with variables: ``${NAME}`` is allowed wherever it is replaced before the check."""
    made = _mapped(tidied(schema), lambda node: _ordered(_with_variables(node)))
    [name_pattern] = made["properties"]["vars"]["patternProperties"]
    made["properties"]["vars"]["patternProperties"] = {name_pattern: {"type": _ANY_SCALAR}}
    return made


def with_messages(schema: Node) -> Node:
    """*schema* with what an editor says where a text does not match a pattern."""
    return _mapped(schema, _with_message)


def _with_message(node: Node) -> Node:
    pattern = node.get("pattern")
    if not isinstance(pattern, str):
        return node
    by_beginning = (message for start, message in _BEGINNINGS.items() if pattern.startswith(start))
    message = MESSAGES.get(pattern) or next(by_beginning, None)
    return node if message is None else {**node, "patternErrorMessage": message}


def _mapped(node: Node, change: Callable[[Node], Node]) -> Node:
    """*node* with *change* applied to every schema in it, from the inside out."""
    made = dict(node)
    for key in ("items", "additionalProperties", "propertyNames"):
        if isinstance(made.get(key), dict):
            made[key] = _mapped(made[key], change)
    for key in ("properties", "patternProperties", "$defs"):
        if key in made:
            made[key] = {name: _mapped(child, change) for name, child in made[key].items()}
    for key in ("anyOf", "allOf", "oneOf"):
        if key in made:
            made[key] = [_mapped(child, change) for child in made[key]]
    return change(made)


def _tidy(node: Node, *, nullable: bool) -> Node:
    made = {key: value for key, value in node.items() if key != "title"}
    if made.get("default", "") is None or isinstance(made.get("default"), (dict, list)):
        del made["default"]  # an empty one goes without saying
    if "description" in made:
        made["description"] = " ".join(made["description"].replace("``", "`").split())
    if "patternProperties" in made:
        made.setdefault("additionalProperties", False)
    choices = [choice for choice in made.get("anyOf", ()) if nullable or choice != _NULL]
    if len(choices) == 1:
        del made["anyOf"]
        return {**choices[0], **made}
    return {**made, "anyOf": choices} if choices else made


def _renamed(node: Node, names: Mapping[str, str]) -> Node:
    if (reference := node.get("$ref")) is None:
        return node
    return {**node, "$ref": f"#/$defs/{names[reference.rpartition('/')[2]]}"}


def variable() -> Node:
    """The schema of a text that is exactly one ``${NAME}``."""
    return {"type": "string", "pattern": _ONE_VARIABLE}


def _with_variables(node: Node) -> Node:
    match node.get("type"):
        case "array":  # a variable of the type json
            return {**node, "type": ["array", "string"], "pattern": _ONE_VARIABLE}
        case "object" if node.get("additionalProperties") is True:
            return {**node, "type": ["object", "string"], "pattern": _ONE_VARIABLE}
        case "integer" | "boolean" as kind:
            return {**node, "type": [kind, "string"], "pattern": _ONE_VARIABLE}
        case "string" if limits := {key: node[key] for key in _LIMITS if key in node}:
            rest = {key: value for key, value in node.items() if key not in limits}
            return {**rest, "anyOf": [limits, {"pattern": _SOME_VARIABLE}]}
        case _:
            return node


def _ordered(node: Node) -> Node:
    """Put the most important keys first."""
    return {key: node[key] for key in (*_ORDER, *node) if key in node}
