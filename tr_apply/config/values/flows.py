"""Where the values of secret variables end up: fields that are hidden, and places where a secret cannot stay one."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import reduce
from operator import getitem
from typing import Any, Final, NamedTuple

from tr_apply.config.common_rules import SECRET_MISPLACED, SENSITIVE_OUTPUT
from tr_apply.config.notes import Notes
from tr_apply.config.places import paths_of
from tr_apply.findings import KeyPath
from tr_apply.resources import SECTIONS, WORKSPACE, Kind, Target
from tr_apply.resources.fields import literal_fields
from tr_apply.routing.names import name_key

_BY_SECTION: Final = {kind.section: kind for kind in (WORKSPACE, *SECTIONS)}
_UNSEEN: Final = frozenset({"vars", "variables"})
"""Sections that nothing shows."""

_SETTINGS: Final = frozenset({"sid", "template", "credentials"})
"""Keys of ``workspace`` that TaskRouter does not have; messages name them."""

_MISPLACED = (
    SECRET_MISPLACED,
    "a secret variable cannot be used here, because plans and messages show this value",
)
_IN_OUTPUT = (
    SENSITIVE_OUTPUT,
    "a secret variable cannot be used in an output, which is written where anybody reads it",
)


class Flow(NamedTuple):
    """A field that a secret flows into: as ``manage`` would call it, and the resource that has it."""

    section: str
    name: str
    field: str


def flows_of(paths: Iterable[KeyPath], notes: Notes) -> Iterator[Flow]:
    """The fields at *paths*, into which secrets flow; what must not hold one is noted."""
    for path in paths:
        kind = _BY_SECTION.get(str(path[0])) if path else None
        at, rest = ((), ()) if kind is None else kind.split(path)
        if kind is not None and rest and not _is_shown(kind, rest):
            resource = reduce(getitem, at, notes.root.value)
            name = resource.get(kind.identity) if isinstance(resource, dict) else None
            yield Flow(kind.section, name_key(name) if isinstance(name, str) else "", _field(rest, resource))
        elif path and path[0] not in _UNSEEN:
            notes.add(*(_IN_OUTPUT if path[0] == "outputs" else _MISPLACED), path)


def by_resource(flows: Iterable[Flow]) -> Mapping[str, Mapping[str, Sequence[str]]]:
    """*flows* by section and by the key of the resource's name."""
    found: dict[str, dict[str, list[str]]] = {}
    for each in flows:
        fields = found.setdefault(each.section, {}).setdefault(each.name, [])
        if each.field not in fields:
            fields.append(each.field)
    return found


def secret_paths(notes: Notes, places: set[int]) -> list[KeyPath]:
    """Where in the configuration the strings at *places* are; what an overlay replaced is nowhere."""
    return [path for _, path in paths_of(notes.root.node, places)] if places else []


def _is_shown(kind: Kind, rest: KeyPath) -> bool:
    """Whether plans and messages must show the field: names, and values that identify the workspace."""
    match rest:
        case (str() as field, *_) if field in literal_fields(kind.model):
            return True
        case (str() as field, *_) if kind.parent is None and field in _SETTINGS:
            return True
        case ("filters", _, "targets", _, key) | ("default_filter", key) if kind.document is not None:
            return key in literal_fields(Target)
        case ("filters", _, key) if kind.document is not None:
            return key == "name"
        case _:
            return False


def _field(rest: KeyPath, resource: Mapping[str, Any]) -> str:
    """The path of a field as ``manage`` writes it; a list other than that of the filters is one value."""
    field = str(rest[0])
    for index, part in enumerate(rest[1:], 1):
        if isinstance(part, str):
            field += f".{part}"
        elif rest[:index] == ("filters",):
            field += f"[{_filter_name(resource['filters'][part])}]"
        else:
            break
    return field


def _filter_name(each: Any) -> str:
    name = each.get("name") if isinstance(each, dict) else None
    return name if isinstance(name, str) and name else "*"
