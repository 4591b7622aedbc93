"""Rules on the URLs that TaskRouter calls."""

import ipaddress
from collections.abc import Iterator
from typing import Final
from urllib.parse import SplitResult, urlsplit

from tr_apply.config.places import KeyPath
from tr_apply.lint.conditions import routing_text
from tr_apply.lint.subject import Remark, Remarks, Subject

_PRIVATE_NAMES: Final = (".localhost", ".local", ".internal", ".test")


def invalid_url(subject: Subject) -> Remarks:
    """TaskRouter keeps any text, and calls only an http or https URL."""
    for path, url in _urls(subject):
        if _parts(url) is None:
            yield Remark(path, "TaskRouter cannot call this: it is no absolute http or https URL")


def unencrypted_url(subject: Subject) -> Remarks:
    """What is posted names people and their phone numbers."""
    for path, url in _urls(subject):
        parts = _parts(url)
        if parts is not None and parts.scheme == "http" and _is_public(parts.hostname or ""):
            yield Remark(path, "TaskRouter posts what it knows of tasks and workers here, unencrypted; use https")


def _urls(subject: Subject) -> Iterator[tuple[KeyPath, str]]:
    for path, template in _templates(subject):
        if template and (url := routing_text(template)):
            yield path, url


def _templates(subject: Subject) -> Iterator[tuple[KeyPath, str | None]]:
    yield ("workspace", "event_callback_url"), subject.document.workspace.event_callback_url
    for path, workflow in subject.workflows:
        yield (*path, "assignment_callback_url"), workflow.assignment_callback_url
        yield (*path, "fallback_assignment_callback_url"), workflow.fallback_assignment_callback_url


def _parts(url: str) -> SplitResult | None:
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
