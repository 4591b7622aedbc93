"""Workflows: which tasks go to which queues, in which order, and for how long.

The model is what a user writes; ``to_document`` and ``from_document`` translate to and from the JSON document that
TaskRouter keeps as ``Configuration``. Nothing that TaskRouter keeps is dropped: what the model has no key for lives in
``extra`` at the same level.
"""

from collections.abc import Callable, Mapping
from typing import Annotated, Any

from pydantic import Field

from tr_apply.resources.fields import INTEGER, Expression, Flag, JsonObject, Name, Template, Url, seconds_up_to
from tr_apply.resources.kind import DocumentField, FormField, Holds, Kind, Resource
from tr_apply.resources.template import SidOf
from tr_apply.routing.names import FILTER_NAMES, QUEUE_KEYS
from tr_apply.routing.numbers import as_whole_number

DOCUMENT_LIMIT = 1_038_576  # bytes of the JSON document
PRIORITY_LIMIT = 2_147_483_647
RE_EVALUATE = "ReEvaluateTasks"  # the parameter that makes an update route waiting tasks again
TIMEOUT_LIMIT = 9_999_999_999  # seconds; far more than any task lives


class Target(Resource):
    """One step of a filter: a queue, and how long to try it."""

    queue: Name | None = None
    """The task queue, by name; a later target that leaves it out inherits the one before."""

    priority: Annotated[int, Field(ge=0, le=PRIORITY_LIMIT), INTEGER] | None = None
    """Replaces the task's priority from this step on; higher is served first."""

    timeout: Annotated[int, Field(ge=1, le=TIMEOUT_LIMIT), seconds_up_to(TIMEOUT_LIMIT)] | None = None
    """Seconds, or a time such as ``2m``: how long a task waits in this step; without it the task stays here."""

    expression: Expression | None = None
    """Which of the queue's workers may take the task; names are ``task.…`` and ``worker.…``."""

    order_by: Expression | None = None
    """Which worker comes first, as in ``worker.level DESC, worker.cost ASC``."""

    skip_if: Expression | None = None
    """When to go on to the next step immediately, as in ``workers.available == 0``."""

    known_worker_sid: Template | None = None
    """``task.…``: the attribute of the task that holds the SID of the only worker wanted."""

    known_worker_friendly_name: Template | None = None
    """``task.…``: the same, with the worker's name."""

    extra: JsonObject = {}
    """Keys that TaskRouter keeps in the document at this place and tr-apply does not know."""


class Filter(Resource):
    """Which tasks a list of targets is for. Filters are tried from the top; the first that matches wins."""

    name: Template | None = None
    """Name of the filter (filter_friendly_name). Optional, and may repeat."""

    expression: Expression
    """Which tasks match, over their attributes, without a prefix."""

    targets: Annotated[list[Target], Field(min_length=1)]
    """The steps, in order."""

    extra: JsonObject = {}
    """Keys that TaskRouter keeps in the document at this place and tr-apply does not know."""


class Workflow(Resource):
    """A workflow."""

    name: Name
    """Name of the workflow (FriendlyName), and its identity."""

    renamed_from: list[Name] = []
    """Names that this workflow had before, newest first."""

    assignment_callback_url: Url = ""
    """Where TaskRouter asks what to do with a reservation; empty for nowhere."""

    fallback_assignment_callback_url: Url = ""
    """Where it asks when the first URL fails; empty for nowhere."""

    task_reservation_timeout: Annotated[int, Field(ge=1, le=86_400), seconds_up_to(86_400)] = 120
    """Seconds, or a time such as ``2m``, that a worker has to accept."""

    re_evaluate_tasks: Flag = False
    """Whether waiting tasks go through the new configuration when this workflow is updated; never compared."""

    filters: list[Filter] = []
    """Tried from the top; the first that matches wins."""

    default_filter: Target | None = None
    """Where a task goes that no filter matched."""

    extra: JsonObject = {}
    """Keys of ``task_routing`` that TaskRouter keeps and tr-apply does not know."""

    document_extra: JsonObject = {}
    """The same, next to ``task_routing``."""


_NUMBERS = {"priority": range(PRIORITY_LIMIT + 1), "timeout": range(1, TIMEOUT_LIMIT + 1)}
_TEXTS = ("expression", "order_by", "skip_if", "known_worker_sid", "known_worker_friendly_name")


def to_document(workflow: Workflow) -> dict[str, Any]:
    """The document as TaskRouter takes it. Queues are ``SidOf``, and text is still a template."""
    routing: dict[str, Any] = {"filters": [_filter_document(each) for each in workflow.filters]}
    if workflow.default_filter is not None:
        routing["default_filter"] = _target_document(workflow.default_filter)
    return {"task_routing": routing | workflow.extra} | workflow.document_extra


def _filter_document(each: Filter) -> dict[str, Any]:
    name = {} if each.name is None else {FILTER_NAMES[0]: each.name}
    targets = [_target_document(target) for target in each.targets]
    return {**name, "expression": each.expression, "targets": targets, **each.extra}


def _target_document(target: Target) -> dict[str, Any]:
    queue = {} if target.queue is None else {"queue": SidOf("task_queue", target.queue)}
    plain = {key: value for key in (*_NUMBERS, *_TEXTS) if (value := getattr(target, key)) not in (None, "")}
    return {**queue, **plain, **target.extra}


def from_document(
    document: Any, queue_name: Callable[[str], str | None], template: Callable[[str], str]
) -> dict[str, Any]:
    """The keys of a ``Workflow`` from *document*.

    Args:
        document: The parsed ``Configuration`` from TaskRouter; anything unknown goes into ``extra``.
        queue_name: The name of the queue of a SID; None for any other text.
        template: Live text as a template.
    """
    reader = _DocumentReader(queue_name, template)
    document = document if isinstance(document, Mapping) else {}
    routing = document.get("task_routing")
    routing = routing if isinstance(routing, Mapping) else {}
    return reader.routing(routing) | {
        "document_extra": reader.rest(document, known={"task_routing"}),
    }


class _DocumentReader:
    def __init__(self, queue_name: Callable[[str], str | None], template: Callable[[str], str]) -> None:
        self._queue_name = queue_name
        self._template = template

    def routing(self, routing: Mapping[str, Any]) -> dict[str, Any]:
        known = {key for key in ("filters", "default_filter") if routing.get(key) is None}  # null means there is none
        keys: dict[str, Any] = {"filters": [], "default_filter": None}
        if (filters := _objects(routing.get("filters"))) is not None and all(map(_is_filter, filters)):
            known.add("filters")
            keys["filters"] = [self._filter(each) for each in filters]
        if isinstance(default := routing.get("default_filter"), Mapping) and _has_queue(default):
            known.add("default_filter")
            keys["default_filter"] = self._target(default)
        return keys | {"extra": self.rest(routing, known=known)}

    def rest(self, mapping: Mapping[str, Any], *, known: set[str]) -> dict[str, Any]:
        """The parts without a key in the model, as templates."""
        return {key: self._templates(value) for key, value in mapping.items() if key not in known}

    def _templates(self, value: Any) -> Any:
        match value:
            case str():
                return self._template(value)
            case dict():
                return {key: self._templates(child) for key, child in value.items()}
            case list():
                return [self._templates(child) for child in value]
            case _:
                return value

    def _filter(self, written: Mapping[str, Any]) -> Filter:
        written_as = next((k for k in FILTER_NAMES if isinstance(written.get(k), str)), None)
        known = {"expression", "targets"} | {k for k in FILTER_NAMES if k == written_as or written.get(k) is None}
        return Filter.model_construct(
            name=None if written_as is None else self._template(written[written_as]),
            expression=self._template(written["expression"]),
            targets=[self._target(target) for target in written["targets"]],
            extra=self.rest(written, known=known),
        )

    def _target(self, written: Mapping[str, Any]) -> Target:
        keys: dict[str, Any] = {}
        known = {key for key in (*_TEXTS, *_NUMBERS) if written.get(key) in (None, "")}  # the same as left out
        queue_key = next((key for key in QUEUE_KEYS if key in written), QUEUE_KEYS[0])
        if isinstance(sid := written.get(queue_key), str) and (queue := self._queue_name(sid)) is not None:
            keys["queue"] = queue
            known.add(queue_key)
        for key in _TEXTS:
            if isinstance(text := written.get(key), str) and text:
                keys[key] = self._template(text)
                known.add(key)
        for key, allowed in _NUMBERS.items():
            number = as_whole_number(written.get(key))
            if number is not None and number in allowed:
                keys[key] = number
                known.add(key)
        return Target.model_construct(**keys, extra=self.rest(written, known=known))


def _objects(value: Any) -> list[Mapping[str, Any]] | None:
    """*value* if it is a list of JSON objects."""
    if isinstance(value, list) and all(isinstance(item, Mapping) for item in value):
        return value
    return None


def _is_filter(value: Mapping[str, Any]) -> bool:
    """Whether a file may declare *value*: what it may not is kept in ``extra``, as an export must plan."""
    expression, targets = value.get("expression"), _objects(value.get("targets"))
    return (
        isinstance(expression, str) and bool(expression) and targets is not None and any(map(_has_queue, targets[:1]))
    )


def _has_queue(target: Mapping[str, Any]) -> bool:
    return any(key in target for key in QUEUE_KEYS)


WORKFLOW = Kind(
    name="workflow",
    section="workflows",
    model=Workflow,
    collection="Workflows",
    list_key="workflows",
    sid_prefix="WW",
    fields={
        "name": FormField("FriendlyName", "friendly_name", Holds.NAME),
        "assignment_callback_url": FormField("AssignmentCallbackUrl", "assignment_callback_url", Holds.TEXT),
        "fallback_assignment_callback_url": FormField(
            "FallbackAssignmentCallbackUrl", "fallback_assignment_callback_url", Holds.TEXT
        ),
        "task_reservation_timeout": FormField("TaskReservationTimeout", "task_reservation_timeout"),
    },
    document=DocumentField(
        "Configuration",
        "configuration",
        ("filters", "default_filter", "extra", "document_extra"),
        write=to_document,
        read=from_document,
    ),
)
