"""Values that must not be shown: ``manage.….sensitive``, what secret variables flow into, URLs with a password."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from tr_apply.plan.change import FieldChange
from tr_apply.plan.compare.diff import plain_value
from tr_apply.plan.compare.document_diff import split
from tr_apply.plan.compare.paths import covers
from tr_apply.resources import SECTIONS, WORKSPACE, Kind
from tr_apply.resources.document import Document
from tr_apply.resources.url import holds_url_with_password
from tr_apply.wire import form_of


def marked(document: Document, kind: Kind, name: str | None, changes: Sequence[FieldChange]) -> Sequence[FieldChange]:
    """*changes* of the resource *name*, one for one, with those marked that hold something secret.

    Without a name, that is whatever is secret in any resource of *kind*: a live one may be an earlier form of it.
    """
    patterns = document.sensitive(kind.section, name)
    return tuple(_marked(patterns, change) for change in changes)


def masked(document: Document, kind: Kind, name: str | None, changes: Sequence[FieldChange]) -> Sequence[FieldChange]:
    """The same, split where only a part of a change is secret."""
    patterns = document.sensitive(kind.section, name)
    return tuple(part for change in changes for part in _parts(patterns, change))


def _marked(patterns: Sequence[str], change: FieldChange) -> FieldChange:
    values = (change.before, change.after)
    paths = [change.path] if change.former_path is None else [change.path, change.former_path]
    found = change.sensitive or any(_is_secret(patterns, path, values) for path in paths)
    return replace(change, sensitive=found)


def _parts(patterns: Sequence[str], change: FieldChange) -> Iterator[FieldChange]:
    found = _marked(patterns, change)
    is_whole = change.sensitive or not found.sensitive or _is_secret(patterns, change.path, ())
    parts = () if is_whole else split(change)
    if not parts:
        yield found
    for part in parts:
        yield from _parts(patterns, part)


def sensitive_paths(document: Document) -> dict[str, Sequence[str]]:
    """The sensitive paths of resources, by section; sections without any are missing."""
    rules = {kind.section: document.sensitive(kind.section) for kind in (WORKSPACE, *SECTIONS)}
    return {section: [*paths] for section, paths in rules.items() if paths}


def secret_parameters(document: Document, kind: Kind, resource: Any, fields: Iterable[str]) -> frozenset[str]:
    """Form parameters for *fields* of *resource* that carry something secret, changed or not."""
    patterns = document.sensitive(kind.section, kind.name_of(resource))
    found: set[str] = set()
    for key in fields:
        together = kind.document_keys if key in kind.document_keys else (key,)
        if any(_is_secret(patterns, each, (plain_value(getattr(resource, each)),)) for each in together):
            found.update(form_of(kind, resource, [key]))
    return frozenset(found)


def _is_secret(patterns: Sequence[str], path: str, values: Sequence[Any]) -> bool:
    return any(covers(pattern, path, values) for pattern in patterns) or any(
        holds_url_with_password(path, value) for value in values
    )
