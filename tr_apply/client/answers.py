"""Resources as answers show them, and checks that one still is, or has become, as expected."""

from collections.abc import Mapping
from typing import Any

from tr_apply.corpus.events import WorkspaceEvent, event_of
from tr_apply.errors import NetworkError, StaleError
from tr_apply.frozen import frozen
from tr_apply.json_text import read_json, same_json
from tr_apply.live import Answer, Live
from tr_apply.resources import KINDS, FormField, Holds, Kind
from tr_apply.transport import Response
from tr_apply.wire import read_document

_DOCUMENTS = {kind.name: [spec.answer for spec in kind.fields.values() if spec.holds is Holds.JSON] for kind in KINDS}
"""The keys of an answer that hold a JSON document, by kind."""

_DATES = frozenset({"date_created", "date_updated", "date_status_changed"})
_UNREAD = frozenset({"links", "url", *_DATES})
"""Keys of answers that are hardly ever used. Their values take half of the memory of a list of workers."""


@frozen
class Seen:
    """A resource as it was last read.

    Attributes:
        answer: TaskRouter's answer.
        revision: The value of ``If-Match`` for that state; None if it is not known yet.
    """

    answer: Answer
    revision: str | None = None


def live_of(kind: Kind, answer: Any, *, with_dates: bool = False) -> Live:
    """*answer* as a live resource, without its dates by default.

    Raises:
        NetworkError: *answer* is not such a resource.
    """
    identity = kind.answer_name
    sid = answer.get("sid") if isinstance(answer, dict) else None
    name = answer.get(identity) if isinstance(answer, dict) else None
    if not isinstance(sid, str) or not isinstance(name, str):
        raise NetworkError(f"an answer shows a {kind.title} without a SID or a {identity}")
    kept = answer.copy()
    for key in _UNREAD - _DATES if with_dates else _UNREAD:
        kept.pop(key, None)
    return Live(kind.name, name, sid, kept, {key: read_document(answer.get(key)) for key in _DOCUMENTS[kind.name]})


def is_whole(live: Live) -> bool:
    """Whether *live* has its JSON documents: TaskRouter reserves the right to leave them out of lists."""
    return all(live.answer.get(key) is not None for key in _DOCUMENTS[live.kind])


def event_in(answer: Any) -> WorkspaceEvent:
    """*answer* as an event.

    Raises:
        NetworkError: *answer* is not an event.
    """
    if (found := event_of(answer)) is None:
        raise NetworkError("an answer shows an event without a SID, a type, a date or its data")
    return found


def seen_in(kind: Kind, response: Response) -> Seen:
    """The resource in *response*, with its revision.

    Raises:
        NetworkError: when it shows none.
    """
    return Seen(live_of(kind, response.body).answer, response.revision)


def holds(kind: Kind, answer: Answer, form: Mapping[str, str]) -> bool:
    """Whether *answer* shows every value of *form*."""
    specs = {spec.form: spec for spec in kind.fields.values()}
    return all(
        name in specs and _alike(specs[name], answer.get(specs[name].answer), text) for name, text in form.items()
    )


def require_unchanged(kind: Kind, before: Answer, now: Answer, form: Mapping[str, str]) -> None:
    """Make sure that nobody has changed the fields that a write of *form* relies on: declared and overwritten ones.

    Raises:
        StaleError: Names the changes.
    """
    changed = [
        key
        for key, spec in kind.fields.items()
        if (key not in kind.runtime or spec.form in form)
        and not _alike(spec, before.get(spec.answer), now.get(spec.answer))
    ]
    if changed:
        name = before.get(kind.answer_name)
        raise StaleError(f"the {kind.title} {name!r} has changed since it was read ({', '.join(changed)}); run again")


def _alike(spec: FormField, one: Any, other: Any) -> bool:
    if one == other:
        return True
    return spec.holds is Holds.JSON and same_json(_parsed(one), _parsed(other))


def _parsed(text: Any) -> Any:
    """The document in *text*; *text* itself if it is not valid JSON."""
    try:
        return read_json(text)
    except (TypeError, ValueError, RecursionError):
        return text
