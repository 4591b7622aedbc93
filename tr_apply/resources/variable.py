"""The declaration of a variable: its type, its allowed values, and whether it is secret."""

from typing import Any, Literal

from tr_apply.resources.kind import Resource

VariableType = Literal["string", "integer", "number", "boolean", "json"]


class Variable(Resource):
    """A variable, as ``variables`` declares it."""

    type: VariableType = "string"
    """The type that its text is parsed as. Inside a longer text it is written as JSON."""

    enum: list[Any] = []
    """The values that it may have; any, if there are none."""

    default: Any = None
    """Its value where nothing else gives it one: a YAML value of its type."""

    description: str = ""
    """Its purpose, for the reader."""

    secret: bool = False
    """Whether every field that its value flows into is hidden, as ``manage`` hides what it calls ``sensitive``."""
