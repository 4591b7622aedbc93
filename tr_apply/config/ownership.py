"""``ignore`` and ``sensitive``: their paths must exist, and an ignored field cannot be declared."""

from collections.abc import Iterator, Sequence
from typing import Any, Final

from tr_apply.config.notes import Notes
from tr_apply.config.places import shown
from tr_apply.config.references import placed
from tr_apply.config.shape import Shape, shape_at
from tr_apply.config.suggestions import nearest
from tr_apply.findings import KeyPath, Rule, Severity
from tr_apply.resources import SECTIONS, WORKSPACE, Filter, Kind, Resource
from tr_apply.resources.document import Document, Ownership
from tr_apply.resources.field_path import fits, is_field_path, path_parts, root_of
from tr_apply.routing.names import name_key

FIELD_PATH: Final = Rule("field-path", Severity.ERROR, "A path in ignore or sensitive leads nowhere.")
DECLARED_AND_IGNORED: Final = Rule(
    "declared-and-ignored", Severity.ERROR, "A field is declared, and `manage` ignores it."
)

_Located = tuple[KeyPath, Any]


def note_ownership(document: Document, notes: Notes) -> None:
    """Note the paths of ``manage`` that cannot be meant."""
    for kind in (WORKSPACE, *SECTIONS):
        rule: Ownership = getattr(document.manage, kind.section)
        for index, path in enumerate(rule.sensitive):
            if (problem := _problem(kind, path)) is not None:
                notes.add(FIELD_PATH, problem, ("manage", kind.section, "sensitive", index))
        for index, path in enumerate(rule.ignore):
            if (problem := _problem(kind, path) or _not_ignorable(kind, path_parts(path))) is not None:
                notes.add(FIELD_PATH, problem, ("manage", kind.section, "ignore", index))
            else:
                _note_declared(document, kind, path, notes)


def _problem(kind: Kind, path: str) -> str | None:
    if not is_field_path(path):
        return f"'{shown(path)}' is not a path; expected one such as attributes.phone or filters[NAME].targets"
    field, known = root_of(path), kind.model.model_fields
    if field in known:
        return None
    near = nearest(field, known)
    hint = f"did you mean `{near}`?" if near else f"known here: {', '.join(known)}"
    return f"there is no `{shown(field)}` in `{kind.section}`; {hint}"


def _not_ignorable(kind: Kind, parts: Sequence[str]) -> str | None:
    """Why the field cannot be copied from the live resource by itself."""
    field, rest = parts[0], parts[1:]
    shape = shape_at((*kind.place(0), field)) or Shape()
    if field in {kind.identity, "renamed_from"}:
        return f"`{field}` says which {kind.title} is meant, and cannot be ignored"
    if shape.is_json:
        return "what a list holds cannot be ignored one by one" if any(part[0] == "[" for part in rest) else None
    match field, rest:
        case (_, []) | ("channels", [_]):
            return None
        case "filters", [name] if name[0] == "[":
            return None
        case "filters", [name, below] if name[0] == "[" and below in Filter.model_fields:
            return None
        case "channels", _:
            return "a channel can be ignored as a whole only"
        case "filters", _:
            return "expected filters[NAME], or filters[NAME] and one of its keys"
        case _:
            return f"`{field}` can be ignored as a whole only"


def _note_declared(document: Document, kind: Kind, path: str, notes: Notes) -> None:
    for at in _declared(placed(document, kind), path_parts(path)):
        message = f"declared here, but ignored by `{path}` in `manage.{kind.section}.ignore`; remove one"
        notes.add(DECLARED_AND_IGNORED, message, at, key=True)


def _declared(found: Iterator[_Located], parts: Sequence[str]) -> Iterator[KeyPath]:
    """The paths of *parts* below *found* that are written although they need not be."""
    for part in parts:
        found = _below(found, part)
    for path, value in found:
        if value != {}:
            yield path


def _below(found: Iterator[_Located], part: str) -> Iterator[_Located]:
    for path, value in found:
        match value:
            case Resource():
                if part in value.model_fields_set and not type(value).model_fields[part].is_required():
                    yield (*path, part), getattr(value, part)
            case dict():
                same = name_key if path[2:] == ("channels",) else str  # attributes that differ by case are two
                yield from (((*path, key), each) for key, each in value.items() if fits(same(key), same(part)))
            case list() if part[0] == "[":  # of filters; in attributes a list is a value
                pattern = part[1:-1]
                yield from (((*path, i), f) for i, f in enumerate(value) if f and fits(f.name or "", pattern))
            case _:
                pass
