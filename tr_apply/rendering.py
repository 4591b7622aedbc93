"""A configuration as one value: after variables and overlays, in the keys of the YAML, sensitive values hidden."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from tr_apply.config.load import Configuration
from tr_apply.plan.compare.document_diff import called
from tr_apply.resources import SECTIONS, WORKSPACE
from tr_apply.resources.document import Document
from tr_apply.resources.field_path import lies_in
from tr_apply.resources.url import is_url_with_password
from tr_apply.resources.yaml_text import written

SENSITIVE: Final = "(sensitive)"
_VARIABLES: Final = frozenset({"vars", "variables"})
"""Sections that only say what has been put into the others."""


@dataclass(frozen=True, slots=True)
class RenderedConfiguration:
    """A configuration after variables and overlays."""

    path: str
    """The configuration, as the user called it."""

    configuration: Mapping[str, Any]
    """Its sections; sensitive values are ``(sensitive)``."""


def rendered(configuration: Configuration) -> RenderedConfiguration:
    """*configuration*, which is valid, in the keys that its files write; what they leave out is left out here."""
    document = configuration.document
    sections = {key: value for key, value in written(document).items() if key not in _VARIABLES}
    for kind in (WORKSPACE, *SECTIONS):
        if kind.section in sections:
            sections[kind.section] = _without_secrets(document, kind.section, sections[kind.section])
    return RenderedConfiguration(configuration.path, sections)


def _without_secrets(document: Document, section: str, value: Any) -> Any:
    if not isinstance(value, list):
        return _hidden_fields(value, document.sensitive(section))
    identity = next(kind.identity for kind in SECTIONS if kind.section == section)
    return [_hidden_fields(each, document.sensitive(section, str(each[identity]))) for each in value]


def _hidden_fields(resource: Mapping[str, Any], patterns: Sequence[str]) -> dict[str, Any]:
    return {key: _hidden(key, value, patterns) for key, value in resource.items()}


def _hidden(path: str, value: Any, patterns: Iterable[str]) -> Any:
    """*value* at *path* with every part replaced that one of *patterns* names, or that is a URL with a password."""
    if is_url_with_password(path, value) or any(lies_in(path, pattern) for pattern in patterns):
        return SENSITIVE
    match value:
        case dict():
            return {key: _hidden(f"{path}.{key}", child, patterns) for key, child in value.items()}
        case list():
            return [_hidden(f"{path}[{called(index, child)}]", child, patterns) for index, child in enumerate(value)]
        case _:
            return value
