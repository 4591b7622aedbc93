"""Docstrings of the models' fields, put into the schema that pydantic generates.

pydantic can do this by itself, but only whenever a model is imported: reading the source takes longer than all the rest
of a small ``validate``.
"""

import ast
import inspect
import sys
from collections.abc import Iterator, Mapping
from functools import cache
from itertools import pairwise
from typing import Any

from tr_apply.resources.kind import Resource


def described(schema: dict[str, Any], root: type[Resource]) -> dict[str, Any]:
    """*schema*, made of *root*, with the docstring of each field of every model in it."""
    models = {model.__name__: model for model in _below(Resource)}
    definitions = {
        name: _with_descriptions(definition, models[name]) if name in models else definition
        for name, definition in schema.get("$defs", {}).items()
    }
    return {**_with_descriptions(schema, root), **({"$defs": definitions} if definitions else {})}


def _below(base: type[Resource]) -> Iterator[type[Resource]]:
    for model in base.__subclasses__():
        yield model
        yield from _below(model)


def _with_descriptions(schema: dict[str, Any], model: type[Resource]) -> dict[str, Any]:
    said = dict(
        text for each in reversed(model.__mro__) if issubclass(each, Resource) for text in _field_docstrings(each)
    )
    said |= {field.alias: said[name] for name, field in model.model_fields.items() if field.alias and name in said}
    properties = {
        key: {"description": said[key], **value} if key in said else value
        for key, value in schema.get("properties", {}).items()
    }
    return {**schema, **({"properties": properties} if properties else {})}


def _field_docstrings(model: type[Resource]) -> Iterator[tuple[str, str]]:
    """Each field that *model* itself declares and the string that follows it."""
    declaration = _classes(model.__module__).get(model.__name__)
    for statement, following in pairwise(declaration.body if declaration is not None else ()):
        match statement, following:
            case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(text))):
                yield name, inspect.cleandoc(text)


@cache
def _classes(module: str) -> Mapping[str, ast.ClassDef]:
    """The classes of a module by name."""
    tree = ast.parse(inspect.getsource(sys.modules[module]))
    return {node.name: node for node in tree.body if isinstance(node, ast.ClassDef)}
