"""Models <-> the API's form fields and JSON answers, driven by ``Kind``.

Values of a form may still hold references: a name whose SID is not known before other requests were answered.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, assert_never

from tr_apply.errors import ApiError
from tr_apply.frozen import frozen
from tr_apply.json_text import read_json
from tr_apply.live import Answer, Live, Snapshot, Unreadable
from tr_apply.resources import KIND_BY_NAME, FormField, Holds, Kind, Resource, compact_json
from tr_apply.resources.template import SID, SidOf, escaped, filled, from_live, mapped, sids_in

_DEEPEST = 200  # levels of a JSON document, far beyond what anybody means
_ESCAPED_ASCII = "\\u00"  # how JSON may write a sign of a mark or a SID


@frozen
class Json:
    """A JSON document to be sent as text. Its strings are templates, and a ``SidOf`` may take the place of a string."""

    value: Any


FormValue = str | SidOf | Json
"""The source of a form parameter: a template, a SID, or a document."""

Form = Mapping[str, FormValue]


def form_of(kind: Kind, resource: Resource, fields: Iterable[str]) -> dict[str, FormValue]:
    """The form parameters that give *fields* (YAML keys) the values that *resource* has."""
    form: dict[str, FormValue] = {}
    for key in fields:
        if kind.document is not None and key in kind.document.keys:
            form[kind.document.form] = Json(kind.document.write(resource))
        elif (spec := kind.fields.get(key)) is not None:
            form[spec.form] = _form_value(kind, key, getattr(resource, key))
    return form


def _form_value(kind: Kind, key: str, value: Any) -> FormValue:
    if value is None:
        return ""
    if key in kind.references:
        return SidOf(kind.references[key], value)
    match holds := kind.fields[key].holds:
        case Holds.NAME:
            return escaped(value)
        case Holds.TEXT:
            return str(value)
        case Holds.VALUE:
            return str(value).lower() if isinstance(value, bool) else str(value)
        case Holds.LIST:
            return ",".join(value)
        case Holds.JSON:
            return Json(value)
        case _:
            assert_never(holds)


def form_text(value: FormValue, sid: Callable[[SidOf], str]) -> str:
    """*value* as it is sent; *sid* returns the SID of each reference."""
    match value:
        case SidOf():
            return sid(value)
        case Json(document):
            return compact_json(mapped(document, lambda leaf: _leaf(leaf, sid)))
        case _:
            return filled(value, sid)


def _leaf(leaf: Any, sid: Callable[[SidOf], str]) -> Any:
    match leaf:
        case SidOf():
            return sid(leaf)
        case str():
            return filled(leaf, sid)
        case _:
            return leaf


def references_in(value: FormValue) -> set[SidOf]:
    """The SIDs that must be known before *value* can be sent."""
    found: set[SidOf] = set()
    _collect(value.value if isinstance(value, Json) else value, found)
    return found


def _collect(value: Any, found: set[SidOf]) -> None:
    """Put the references in *value* into *found*: most requests have none, and a plan looks into each several times."""
    if isinstance(value, str):
        if "${" in value:
            found.update(sids_in(value))
    elif isinstance(value, dict):
        for child in value.values():
            _collect(child, found)
    elif isinstance(value, list | tuple):
        for child in value:
            _collect(child, found)
    elif isinstance(value, SidOf):
        found.add(value)


@frozen
class Labels:
    """The name of each SID in models of live resources.

    A resource that is about to be renamed has its new name here already, so live and declared resources compare.
    """

    by_sid: Mapping[str, SidOf]

    def name(self, sid: str) -> str:
        """The name of the resource of *sid*; the SID itself where it is not known."""
        label = self.by_sid.get(sid)
        return sid if label is None else label.name

    def queue_name(self, sid: str) -> str | None:
        """The name of the queue that a workflow names by *sid*; None if *sid* is not a queue's."""
        return self.name(sid) if SID.match(sid) else None

    def template(self, text: str) -> str:
        """Live *text* as a template."""
        return from_live(text, self.by_sid)


def live_labels(snapshot: Snapshot) -> Labels:
    """The current name of each SID."""
    return Labels({live.sid: SidOf(live.kind, live.name) for live in snapshot.each()})


def model_of(live: Live, labels: Labels) -> Any:
    """The resource that *live* would be in a file.

    Raises:
        ApiError: when the answer is not what the API documents.
    """
    kind = KIND_BY_NAME[live.kind]
    values = {key: field_of(kind, key, live, labels) for key in kind.fields}
    if kind.document is not None:
        document = parsed_json(live, kind.document.answer)
        values |= kind.document.read(document, labels.queue_name, labels.template)
    return kind.model.model_construct(**values)


def field_of(kind: Kind, key: str, live: Live, labels: Labels) -> Any:
    """The value of the field *key* of *live*, as a file would write it.

    Raises:
        ApiError: The answer is not as the API documents it.
    """
    spec = kind.fields[key]
    return _referred_name(live.answer, spec.answer, labels) if key in kind.references else _value(live, spec, labels)


def _referred_name(answer: Answer, key: str, labels: Labels) -> str | None:
    """A resource whose kind was not read has at least its name in the answer."""
    sid = answer.get(key)
    if not isinstance(sid, str) or not sid:
        return None
    if (label := labels.by_sid.get(sid)) is not None:
        return label.name
    name = answer.get(key.removesuffix("_sid") + "_name")
    return name if isinstance(name, str) else sid


def _value(live: Live, spec: FormField, labels: Labels) -> Any:
    value = live.answer.get(spec.answer)
    match spec.holds:
        case Holds.TEXT:
            return labels.template(value) if isinstance(value, str) else ""
        case Holds.LIST:
            return [part.strip() for part in str(value or "").split(",") if part.strip()]
        case Holds.JSON:
            return _document(live, spec.answer, labels)
        case _:
            return value


def _document(live: Live, key: str, labels: Labels) -> Any:
    document = parsed_json(live, key)
    if document is None:
        return {}
    text = live.answer.get(key)
    if isinstance(text, str) and _ESCAPED_ASCII not in text and labels.template(text) == text:
        return document  # has no references
    return mapped(document, lambda leaf: labels.template(leaf) if isinstance(leaf, str) else leaf)


def may_hold_mark(text: str) -> bool:
    """Whether a string in the JSON document *text* may hold ``${``; both signs may be escaped."""
    return "${" in text or "\\u0024" in text or "\\u007" in text


def parsed_json(live: Live, key: str) -> Any:
    """The JSON document that *live* holds as text under *key*; None where there is none.

    Raises:
        ApiError: when it cannot be read.
    """
    found = live.documents[key] if key in live.documents else read_document(live.answer.get(key))
    if isinstance(found, Unreadable):
        raise ApiError(f"the {key} of the {live.kind} {live.name!r} ({live.sid}) {found.why}", status=200)
    return found


def readable_json(live: Live, key: str) -> Any:
    """The same; None where it cannot be read as well, as no expression finds anything in it then."""
    found = live.documents[key] if key in live.documents else read_document(live.answer.get(key))
    return None if isinstance(found, Unreadable) else found


def read_document(text: Any) -> Any | Unreadable:
    """The JSON document that an answer holds as *text*; None where there is none."""
    if not isinstance(text, str) or not text:
        return text if isinstance(text, dict) else None
    try:
        document = read_json(text)
    except (ValueError, RecursionError) as error:
        return Unreadable(f"is not valid JSON: {error}")
    return Unreadable(f"is nested deeper than {_DEEPEST} levels") if _is_too_deep(text, document) else document


def _is_too_deep(text: str, document: Any) -> bool:
    """Whether *document* is nested so deeply that walks over it would exhaust Python's stack."""
    if text.count("{") + text.count("[") <= _DEEPEST:
        return False
    level = [document]
    for _ in range(_DEEPEST):
        level = [
            inner
            for each in level
            if isinstance(each, dict | list)
            for inner in (each.values() if isinstance(each, dict) else each)
        ]
    return any(isinstance(each, dict | list) for each in level)
