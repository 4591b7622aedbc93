"""The schema of the JSON that commands print, without room for what it does not describe."""

from functools import cache

from jsonschema import Draft202012Validator

from tr_apply.schema import schema


def _closed(node):
    if isinstance(node, list):
        return [_closed(each) for each in node]
    if not isinstance(node, dict):
        return node
    closed = {key: _closed(value) for key, value in node.items()}
    if node.get("type") == "object" and isinstance(node.get("properties"), dict):
        closed.setdefault("additionalProperties", False)
    return closed


@cache
def _validator():
    return Draft202012Validator(_closed(schema("plan")))


def not_described(document):
    """The parts of *document* that the schema does not allow: keys without a description, values of another form."""
    return [f"{error.json_path}: {error.message}" for error in _validator().iter_errors(document)]
