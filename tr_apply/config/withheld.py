"""Findings about values that ``manage`` declares sensitive: they give the place and not the value."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from tr_apply.config.notes import Notes
from tr_apply.config.places import dotted
from tr_apply.findings import Finding, KeyPath
from tr_apply.resources import KINDS
from tr_apply.resources.field_path import lies_in

_SAYS = "details are hidden because they would reveal a sensitive value; the code names the kind of problem"
_PATH = re.compile(r"(?P<section>\w+)(?:\[(?P<index>\d+)\])?\.(?P<field>.+)\Z", re.DOTALL)
_PASSWORD = re.compile(r"://[^/\s@]*:[^/\s]*@")
_FILTER = re.compile(r"filters\[(\d+)\]")
_TELLTALE = 4  # characters; a shorter text may be in a message by chance, unless it is in quotation marks


def withheld(found: Iterable[Finding], notes: Notes) -> Sequence[Finding]:
    """*found* without what would show a sensitive value of the configuration that *notes* are about."""
    raw, flows = notes.root.value, {dotted(path) for path in notes.secret_paths}
    patterns, values = _patterns(raw), {*notes.variables.secret_values()}
    if not patterns and not flows and not values:
        return tuple(found)
    secrets = {text for section in patterns for text in _texts(raw, section, patterns[section])} | values
    secrets |= {str(value) for path in notes.secret_paths if (value := _at(raw, path)) not in (None, "")}

    def shows_one(each: Finding) -> bool:
        return each.path in flows or _is_about(each, raw, patterns) or _quotes(each.message, secrets)

    return tuple(each._replace(message=_SAYS, related=()) if shows_one(each) else each for each in found)


def _at(value: Any, path: KeyPath) -> Any:
    for part in path:
        value = value[part]
    return value


def is_withheld(text: str, about: Finding, notes: Notes) -> bool:
    """Whether *text*, a line of a file at the place of *about*, would show a sensitive value or a secret in a URL."""
    if about.spot.path[:2] == ("workspace", "credentials") or about.code == "secret-in-url" or _PASSWORD.search(text):
        return True
    [said] = withheld([about._replace(message=text)], notes)
    return said.message != text


def _patterns(raw: Any) -> dict[str, Sequence[str]]:
    """The paths by section, as written: the configuration may be invalid elsewhere."""
    manage = raw.get("manage") if isinstance(raw, Mapping) else None
    rules = manage if isinstance(manage, Mapping) else {}
    written = {kind.section: _listed(rules.get(kind.section)) for kind in KINDS}
    return {section: paths for section, paths in written.items() if paths}


def _listed(rule: Any) -> Sequence[str]:
    paths = rule.get("sensitive") if isinstance(rule, Mapping) else None
    return [path for path in paths if isinstance(path, str)] if isinstance(paths, list) else []


def _is_about(each: Finding, raw: Any, patterns: Mapping[str, Sequence[str]]) -> bool:
    match = _PATH.match(each.path or "")
    if match is None or match["section"] not in patterns:
        return False
    resources = _resources(raw, match["section"])
    index = int(match["index"] or 0)
    resource = resources[index] if index < len(resources) else None
    path = _FILTER.sub(lambda found: f"filters[{_called(resource, int(found[1]))}]", match["field"], count=1)
    return any(lies_in(path, pattern) for pattern in patterns[match["section"]])


def _quotes(message: str, secrets: Iterable[str]) -> bool:
    return any(_is_quoted(text, message) for text in secrets)


def _is_quoted(text: str, message: str) -> bool:
    """Whether *text* is in *message*, as it is or as JSON has it."""
    in_json = json.dumps(text, ensure_ascii=False)
    if len(text) >= _TELLTALE:
        return text in message or in_json[1:-1] in message
    return f"'{text}'" in message or in_json in message


def _texts(raw: Any, section: str, patterns: Sequence[str]) -> Iterator[str]:
    """Every text and number of *section* that is sensitive."""
    for resource in _resources(raw, section):
        for path, text in _leaves("", resource, resource):
            if any(lies_in(path, pattern) for pattern in patterns):
                yield text


def _resources(raw: Any, section: str) -> Sequence[Any]:
    found = raw.get(section) if isinstance(raw, Mapping) else None
    return found if isinstance(found, list) else [found]


def _leaves(path: str, value: Any, resource: Any) -> Iterator[tuple[str, str]]:
    match value:
        case Mapping():
            for key, child in value.items():
                yield from _leaves(f"{path}.{key}" if path else str(key), child, resource)
        case list():
            for index, child in enumerate(value):
                name = _called(resource, index) if path == "filters" else index
                yield from _leaves(f"{path}[{name}]", child, resource)
        case str() | int() | float() if not isinstance(value, bool) and value != "":
            yield path, str(value)


def _called(resource: Any, index: int) -> str:
    """How a plan calls the filter at *index*: by its name, or by its number."""
    filters = resource.get("filters") if isinstance(resource, Mapping) else None
    found = filters[index] if isinstance(filters, list) and index < len(filters) else None
    name = found.get("name") if isinstance(found, Mapping) else None
    return str(name) if name else f"#{index + 1}"
