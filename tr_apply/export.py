"""A live workspace as a configuration: planning this configuration finds no changes."""

from collections.abc import Iterable, Iterator, Mapping
from hashlib import sha256
from typing import Any, Final

import yaml

from tr_apply.lint.expressions import is_unreadable, texts_of
from tr_apply.live import Live, Snapshot
from tr_apply.plan.compare.diff import set_fields
from tr_apply.resources import (
    SECTIONS,
    TASK_QUEUE,
    THE_WORKSPACE,
    WORKER,
    WORKER_CHANNEL,
    WORKFLOW,
    WORKSPACE,
    Kind,
    WorkerChannel,
    escaped,
    plain,
)
from tr_apply.resources.seeds import DEFAULT_ACTIVITY
from tr_apply.resources.yaml_text import Sections, yaml_text
from tr_apply.routing.check import EXPRESSION_SYNTAX
from tr_apply.routing.names import name_key
from tr_apply.wire import Labels, live_labels, model_of

_JSON_KEYS: Final = frozenset({"attributes", "extra", "document_extra"})
_WRITTEN_OUT: Final = 1e21  # where JavaScript, too, begins to write whole numbers with an exponent

_AS_IT_IS_LIVE: Final = "TaskRouter holds this text"

_HEAD = "# Exported by tr-apply; sha256 of the rest: "

# TaskRouter's own defaults, which the file leaves out.
_WORKSPACE_DEFAULTS: Mapping[str, Any] = {
    "multi_task_enabled": True,
    "prioritize_queue_order": "FIFO",
    "event_callback_url": "",
    "events_filter": [],
    "default_activity": DEFAULT_ACTIVITY,
    "timeout_activity": DEFAULT_ACTIVITY,
}


def sections_of(snapshot: Snapshot) -> Sections:
    """The configuration of *snapshot*: names instead of SIDs, without defaults, dates and the account.

    A kind without resources is left out, so the file does not manage that kind elsewhere.
    """
    labels = _labels(snapshot, snapshot.workspace)
    sections: dict[str, Any] = {"workspace": _workspace(snapshot.workspace, labels)}
    for kind in SECTIONS:
        if resources := _sorted(snapshot.by_kind[kind.name]):
            sections[kind.section] = [_resource(kind, live, labels, snapshot) for live in resources]
    if WORKER.section in sections:
        sections["manage"] = {WORKER.section: "additive"}  # people are hired and leave outside of the repository
    if accepted := [*_unreadable(snapshot, labels)]:
        sections["lint"] = {"accept": accepted}
    return sections


def _unreadable(snapshot: Snapshot, labels: Labels) -> Iterator[dict[str, str]]:
    """An entry of ``lint.accept`` for each expression that TaskRouter holds and that does not parse here."""
    for kind in (TASK_QUEUE, WORKFLOW):
        for live in _sorted(snapshot.by_kind[kind.name]):
            texts = texts_of(kind, model_of(live, labels))
            within = f"{kind.name}/{escaped(live.name)}".replace("\n", "?")  # a pattern is one line
            for text in dict.fromkeys(each.template for each in texts if is_unreadable(each)):
                yield {"code": EXPRESSION_SYNTAX.code, "in": within, "text": text, "because": _AS_IT_IS_LIVE}


def _sorted(resources: Iterable[Live]) -> list[Live]:
    return sorted(resources, key=lambda live: (name_key(live.name), live.name))


def _labels(snapshot: Snapshot, workspace: Live) -> Labels:
    return Labels({**live_labels(snapshot).by_sid, workspace.sid: THE_WORKSPACE})


def _workspace(live: Live, labels: Labels) -> dict[str, Any]:
    model = model_of(live, labels)
    fields = {key: getattr(model, key) for key in WORKSPACE.fields if key not in {"name", "template"}}
    names = {
        key: escaped(value) if key in WORKSPACE.references else sorted(value) if isinstance(value, list) else value
        for key, value in fields.items()
        if value is not None
    }
    return {"name": escaped(live.name)} | {k: v for k, v in names.items() if v != _WORKSPACE_DEFAULTS[k]}


def _resource(kind: Kind, live: Live, labels: Labels, snapshot: Snapshot) -> dict[str, Any]:
    model = model_of(live, labels)
    values = {key: _canonical(key, value) for key, value in set_fields(kind, model) if key not in kind.runtime}
    for key in (*kind.references, "name"):
        if isinstance(values.get(key), str):
            values[key] = escaped(values[key])
    if kind.has_channels and (channels := dict(_channels(snapshot, live))):
        values["channels"] = channels
    return {kind.identity: escaped(live.name)} | _with_escaped_queues(values)


def _canonical(key: str, value: Any) -> Any:
    """*value* of *key* in one form for all values that are equal to TaskRouter: JSON keys have no order, 1.0 is 1."""
    if key in _JSON_KEYS:
        return _canonical_json(value)
    match value:
        case dict():
            return {inner: _canonical(inner, each) for inner, each in value.items()}
        case list():
            return [_canonical(key, each) for each in value]
        case _:
            return value


def _canonical_json(value: Any) -> Any:
    match value:
        case dict():
            return {key: _canonical_json(value[key]) for key in sorted(value)}
        case list():
            return [_canonical_json(each) for each in value]
        case float() if value.is_integer() and abs(value) < _WRITTEN_OUT:
            return int(value)
        case _:
            return value


def _with_escaped_queues(values: dict[str, Any]) -> dict[str, Any]:
    """A queue's name is literal text in the model, and a template in the file."""
    targets = [target for each in values.get("filters", ()) for target in each["targets"]]
    for target in (*targets, values.get("default_filter", {})):
        if "queue" in target:
            target["queue"] = escaped(target["queue"])
    return values


def _channels(snapshot: Snapshot, worker: Live) -> Iterator[tuple[str, dict[str, Any]]]:
    """Those that differ from what TaskRouter makes by itself."""
    for live in sorted(snapshot.channels.get(worker.sid, ()), key=lambda each: each.name):
        channel: WorkerChannel = model_of(live, Labels({}))
        if values := dict(set_fields(WORKER_CHANNEL, channel)):
            yield live.name, values


def exported_text(sections: Sections) -> str:
    """*sections* as the text of a file. Its first line is a digest, which shows later whether somebody edited the rest.

    Raises:
        TrApplyError: as ``yaml_text``.
    """
    return with_digest(yaml_text(sections))


def with_digest(text: str) -> str:
    """*text* below a line with its digest, which shows later whether somebody edited it."""
    return f"{_HEAD}{_digest(text)}\n{text}"


def is_unchanged_export(text: str) -> bool:
    """Whether *text* is what ``exported_text`` has made, and nothing else."""
    first, _, rest = text.partition("\n")
    return first.startswith(_HEAD) and first.removeprefix(_HEAD) == _digest(rest)


def exported_workspace(text: str) -> str | None:
    """The name of the workspace that the export *text* is of; None if it does not say."""
    try:
        document = yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506  # both are safe
    except yaml.YAMLError:
        return None
    workspace = document.get("workspace") if isinstance(document, dict) else None
    name = workspace.get("name") if isinstance(workspace, dict) else None
    return plain(name) if isinstance(name, str) else None


def _digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()
