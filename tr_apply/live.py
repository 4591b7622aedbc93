"""A workspace as TaskRouter answered it: raw, with SIDs, before any name is put in their place."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field
from typing import Any

from tr_apply.frozen import frozen
from tr_apply.resources import KIND_BY_NAME, Kind, Resource, Workflow, Workspace, plain, sids_in
from tr_apply.resources.seeds import DEFAULT_ACTIVITY, seeds

Answer = Mapping[str, Any]
"""One resource as the API shows it: snake_case keys."""


@frozen
class Unreadable:
    """A JSON document that cannot be read; ``why`` completes a sentence about it."""

    why: str


@frozen(eq=False)
class Live:
    """One live resource; two are the same only if they are one object.

    Attributes:
        kind: As in ``Kind.name``.
        name: Its live identity.
        sid: Its SID; invented while the resource is only predicted.
        answer: The API's answer.
        documents: The JSON documents of the answer, by key; a text that has not been parsed yet is missing.
    """

    kind: str
    name: str
    sid: str
    answer: Answer
    documents: Mapping[str, "Any | Unreadable"] = field(default_factory=dict, repr=False)


@frozen
class Work:
    """Unfinished work of a resource.

    Attributes:
        counts: The number of tasks, or of a worker's reservations, by the statuses that were requested.
        more: Whether there are more than were counted.
    """

    counts: Mapping[str, int]
    more: bool = False

    @property
    def any(self) -> bool:
        """Whether there is anything under way."""
        return any(self.counts.values())


@frozen
class Snapshot:
    """The content of a workspace as it was read, or as it is predicted for a new one.

    Attributes:
        account_sid: The account of the workspace; None if it is not known yet.
        workspace: The workspace itself.
        by_kind: Resources of each kind that was read.
        channels: Worker channels by SID of the worker, for those workers whose channels were read.
        work: Unfinished work, by SID of the queue, workflow or worker; only those that were requested.
        predicted: Whether all of it is the prediction for a new workspace.
        affected: Resources of further kinds, used only for the impact of the plan.
    """

    account_sid: str | None
    workspace: Live
    by_kind: Mapping[str, Sequence[Live]]
    channels: Mapping[str, Sequence[Live]] = field(default_factory=dict)
    work: Mapping[str, Work] = field(default_factory=dict)
    predicted: bool = False
    affected: Mapping[str, Sequence[Live]] = field(default_factory=dict)

    def each(self) -> Iterator[Live]:
        """Every resource that was read, worker channels left out."""
        for resources in self.by_kind.values():
            yield from resources

    def has(self, kind: str) -> bool:
        """Whether the resources of *kind* were read."""
        return kind in self.by_kind

    def of(self, kind: str) -> Sequence[Live]:
        """The resources of *kind*, whatever they were read for; none where they were not."""
        return self.by_kind.get(kind) or self.affected.get(kind, ())


def predicted(account_sid: str | None, declared: Workspace) -> Snapshot:
    """The predicted content of the workspace *declared* right after its creation; every SID is invented."""
    multi_task_enabled = declared.multi_task_enabled is not False
    held = seeds(multi_task_enabled=multi_task_enabled, template=declared.template or "NONE")
    sids = {
        (kind, KIND_BY_NAME[kind].name_of(resource)): _made_up_sid(kind, index)
        for kind, resources in held.items()
        for index, resource in enumerate(resources)
    }
    by_kind = {
        kind: [_seed(KIND_BY_NAME[kind], resource, sids) for resource in resources] for kind, resources in held.items()
    }
    offline = sids["activity", DEFAULT_ACTIVITY]
    url = declared.event_callback_url or ""
    workspace = {
        "friendly_name": declared.name,
        "multi_task_enabled": multi_task_enabled,
        "prioritize_queue_order": declared.prioritize_queue_order or "FIFO",
        "event_callback_url": "" if any(sids_in(url)) else plain(url),  # no SID is known when it is created
        "events_filter": ",".join(declared.events_filter or ()),
        "default_activity_sid": offline,
        "timeout_activity_sid": offline,
    }
    live = Live("workspace", declared.name, _made_up_sid("workspace", 0), workspace)
    return Snapshot(account_sid, live, by_kind, predicted=True)


def _seed(kind: Kind, resource: Resource, sids: Mapping[tuple[str, str], str]) -> Live:
    name = kind.name_of(resource)
    return Live(kind.name, name, sids[kind.name, name], _seed_answer(kind, resource, sids))


def _made_up_sid(kind: str, index: int) -> str:
    return f"{KIND_BY_NAME[kind].sid_prefix}{index:032x}"


def _seed_answer(kind: Kind, resource: Resource, sids: Mapping[tuple[str, str], str]) -> Answer:
    answer: dict[str, Any] = {}
    for key, spec in kind.fields.items():
        value = getattr(resource, key)
        referred = kind.references.get(key)
        answer[spec.answer] = sids[referred, value] if referred and value is not None else value
    if isinstance(resource, Workflow) and resource.default_filter is not None:
        queue = sids["task_queue", str(resource.default_filter.queue)]
        answer["configuration"] = json.dumps({"task_routing": {"filters": [], "default_filter": {"queue": queue}}})
    return answer
