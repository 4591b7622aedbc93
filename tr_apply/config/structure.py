"""From the data of all files to models; where something is wrong, to those that are right."""

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any, get_args

from pydantic import ValidationError

from tr_apply.config.notes import Notes
from tr_apply.config.shape import shape_of
from tr_apply.resources import SECTIONS, Resource, Workspace
from tr_apply.resources.document import Document, Manage, Safety
from tr_apply.resources.lint import Lint

_ROUNDS = 8  # removing an invalid key may make the mapping around it invalid


def document_of(notes: Notes, *, whole: bool) -> tuple[Document, bool]:
    """The document, or its valid part; and whether it is valid as a whole.

    If a file could not be read to its end (not *whole*), missing parts may be in the unread rest.
    """
    raw = notes.root.value
    try:
        return Document.model_validate(raw), True
    except ValidationError as error:
        from tr_apply.config.problems import note_problems  # noqa: PLC0415  # seldom needed

        note_problems(error.errors(include_url=False), notes, shape_of(Document), whole=whole)
    return _salvaged(raw), False


def _salvaged(raw: Mapping[str, Any]) -> Document:
    """The valid resources of *raw*, with None in place of each invalid one to keep the indices."""
    parts: dict[str, Any] = {"workspace": _valid(Workspace, raw.get("workspace"))}
    parts["workspace"] = parts["workspace"] or Workspace.model_construct(name="")
    parts["manage"] = _valid(Manage, raw.get("manage", {})) or Manage()
    parts["safety"] = _valid(Safety, raw.get("safety", {})) or Safety()
    parts["lint"] = _valid(Lint, raw.get("lint", {})) or Lint()
    for kind in SECTIONS:
        if isinstance(items := raw.get(kind.section), list):
            parts[kind.section] = [_valid(kind.model, item) for item in items]
    return Document.model_construct(_fields_set=set(raw), **parts)


def _valid(model: type[Resource], written: Any) -> Any:
    """The model of *written* without its invalid keys; None if too little is left.

    In an optional list of parts, the valid parts stay and None replaces the others.
    """
    lists = {key: item for key, item in _lists_of(model).items() if _is_list_in(written, key)}
    rest = {key: value for key, value in written.items() if key not in lists} if lists else written
    found = _without_wrong_keys(model, rest)
    if found is None or not lists:
        return found
    return found.model_copy(update={key: [_valid(item, each) for each in written[key]] for key, item in lists.items()})


def _is_list_in(written: Any, key: str) -> bool:
    return isinstance(written, dict) and isinstance(written.get(key), list)


@cache
def _lists_of(model: type[Resource]) -> Mapping[str, type[Resource]]:
    """The keys of *model* that hold a list of parts with keys of their own and that may be left out."""
    found = {key: get_args(field.annotation) for key, field in model.model_fields.items() if not field.is_required()}
    return {key: args[0] for key, args in found.items() if len(args) == 1 and _is_resource(args[0])}


def _is_resource(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, Resource)


def _without_wrong_keys(model: type[Resource], written: Any) -> Any:
    for _ in range(_ROUNDS):
        try:
            return model.model_validate(written)
        except ValidationError as error:
            wrong = error.errors(include_url=False, include_context=False, include_input=False)
        written = _without(written, _tree_of(each["loc"] for each in wrong))
    return None


class _Wrong(dict[str | int, "_Wrong"]):
    """The invalid keys of a value; an empty one means the value itself is invalid."""


def _tree_of(paths: Iterable[Sequence[str | int]]) -> _Wrong:
    tree = _Wrong()
    for path in paths:
        node = tree
        for part in path:
            node = node.setdefault(part, _Wrong())
    return tree


def _without(value: Any, wrong: _Wrong) -> Any:
    """*value* without the last key of each wrong path that it has; None where nothing is left.

    An item of a list goes with the whole list, as the indices of the others must stay.
    """
    if not wrong or not isinstance(value, (dict, list)):
        return None
    if isinstance(value, list):
        items = [_without(each, wrong[index]) if index in wrong else each for index, each in enumerate(value)]
        return None if any(items[index] is None for index in wrong if isinstance(index, int)) else items
    if not wrong.keys() <= value.keys():
        return None
    kept = {key: _without(child, wrong[key]) if key in wrong else child for key, child in value.items()}
    return {key: child for key, child in kept.items() if child is not None or key not in wrong}
