"""Findings about what ``manage`` calls sensitive: they say where something is wrong, and not what is written there."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from tr_apply.findings import Finding
from tr_apply.resources import KINDS
from tr_apply.resources.field_path import lies_in

_SAYS = "what is wrong here is not told, because that would quote something sensitive; the code says what sort it is"
_PATH = re.compile(r"(?P<section>\w+)(?:\[(?P<index>\d+)\])?\.(?P<field>.+)\Z", re.DOTALL)
_FILTER = re.compile(r"filters\[(\d+)\]")
_TELLTALE = 4  # characters; what is shorter may be in a message by chance, unless it stands in quotation marks


def withheld(found: Iterable[Finding], raw: Any) -> Sequence[Finding]:
    """*found* without what would tell a sensitive value of *raw*, the configuration as it was read."""
    patterns = _patterns(raw)
    if not patterns:
        return tuple(found)
    secrets = {text for section in patterns for text in _texts(raw, section, patterns[section])}
    return tuple(
        each._replace(message=_SAYS) if _is_about(each, raw, patterns) or _quotes(each.message, secrets) else each
        for each in found
    )


def is_withheld(text: str, about: Finding, raw: Any) -> bool:
    """Whether *text* about the place of *about* would tell a sensitive value, or stands among credentials."""
    if about.spot.path[:2] == ("workspace", "credentials"):
        return True
    [said] = withheld([about._replace(message=text)], raw)
    return said.message != text


def _patterns(raw: Any) -> dict[str, Sequence[str]]:
    """The paths by section. It is what was written, as the configuration may be invalid elsewhere."""
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
    return any((text in message) if len(text) >= _TELLTALE else (f"'{text}'" in message) for text in secrets)


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
