"""Rules on the URLs that TaskRouter calls."""

import ipaddress
from collections.abc import Iterator
from itertools import chain
from typing import Any, Final
from urllib.parse import SplitResult, urlsplit

from tr_apply.findings import KeyPath, Severity, Spot
from tr_apply.lint.declarations import Declarations, Remarks, document_rule, routing_text
from tr_apply.resources import WORKSPACE, plain
from tr_apply.resources.field_path import lies_in
from tr_apply.resources.url import is_url_with_password, may_hold_url, secret_in

_PRIVATE_NAMES: Final = (".localhost", ".local", ".internal", ".test")


@document_rule("invalid-url", Severity.WARNING, "A callback is not an absolute http or https URL.")
def invalid_url(declarations: Declarations) -> Remarks:
    """TaskRouter keeps any text, and calls only an http or https URL."""
    for path, url in urls(declarations):
        if parts_of(url) is None:
            yield Spot(path), "TaskRouter cannot call this: it is not an absolute http or https URL"


@document_rule("unencrypted-url", Severity.WARNING, "A callback to a public host is not encrypted.")
def unencrypted_url(declarations: Declarations) -> Remarks:
    """The posted data name people and their phone numbers."""
    for path, url in urls(declarations):
        parts = parts_of(url)
        if parts is not None and parts.scheme == "http" and _is_public(parts.hostname or ""):
            yield Spot(path), "TaskRouter posts data of tasks and workers here, unencrypted; use https"


@document_rule("secret-in-url", Severity.WARNING, "A URL holds a password or a token in clear.")
def secret_in_url(declarations: Declarations) -> Remarks:
    """A password before the host, or a parameter that is called as secrets are."""
    for path, url in chain(urls(declarations), _of_people(declarations)):
        if not _is_hidden(declarations, path) and (what := secret_in(url)) is not None:
            hint = "pass it as a variable of the environment, TR_SECRET_NAME, or declare that variable `secret: true`"
            yield Spot(path), f"the URL holds {what}, which everybody who sees this file can read: {hint}"


def urls(declarations: Declarations) -> Iterator[tuple[KeyPath, str]]:
    """Every URL that TaskRouter calls, with its path."""
    for path, template in _templates(declarations):
        if template and (url := routing_text(template)):
            yield path, url


def _of_people(declarations: Declarations) -> Iterator[tuple[KeyPath, str]]:
    """Every URL among the attributes of workers, with its path."""
    for path, worker in declarations.workers:
        for below, value in _values(worker.attributes) if may_hold_url(worker.attributes) else ():
            if is_url_with_password(str(below[-1]), url := plain(value)):
                yield (*path, "attributes", *below), url


def _values(value: Any, *above: str | int) -> Iterator[tuple[KeyPath, str]]:
    """The texts in *value*, each with its path."""
    match value:
        case dict():
            for key, child in value.items():
                yield from _values(child, *above, key)
        case list():
            for index, child in enumerate(value):
                yield from _values(child, *above, index)
        case str():
            yield above, value


def _templates(declarations: Declarations) -> Iterator[tuple[KeyPath, str | None]]:
    yield ("workspace", "event_callback_url"), declarations.document.workspace.event_callback_url
    for path, workflow in declarations.workflows:
        yield (*path, "assignment_callback_url"), workflow.assignment_callback_url
        yield (*path, "fallback_assignment_callback_url"), workflow.fallback_assignment_callback_url


def parts_of(url: str) -> SplitResult | None:
    """The parts of an absolute http or https URL; None of anything else."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    is_whole = parts.scheme in {"http", "https"} and parts.hostname and not any(map(str.isspace, url))
    return parts if is_whole else None


def _is_public(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_global
    except ValueError:
        return "." in host and not host.endswith(_PRIVATE_NAMES)


def _is_hidden(declarations: Declarations, path: KeyPath) -> bool:
    document, section = declarations.document, str(path[0])
    if section == WORKSPACE.section:
        name, field = document.workspace.name, path[1:]
    else:
        name, field = getattr(document, section)[int(path[1])].name, path[2:]
    return any(lies_in(".".join(map(str, field)), pattern) for pattern in document.sensitive(section, name))
