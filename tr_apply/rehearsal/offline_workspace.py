"""A configuration in the routing engine, without a TaskRouter.

SIDs are made up, and all workers have been idle since the beginning. What the configuration refers to without declaring
it exists, but nothing is known about it: such a queue has no workers, and such an activity is not available.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final, TypeAlias

from tr_apply.config.references import referred_names
from tr_apply.config.suggestions import nearest
from tr_apply.errors import UsageError
from tr_apply.lint.declarations import Declarations
from tr_apply.lint.expressions import is_unreadable, placed_texts
from tr_apply.printable import printable
from tr_apply.rehearsal.staff import Person, Staff
from tr_apply.resources import (
    ACTIVITY,
    SEEDED_CHANNELS,
    TASK_CHANNEL,
    TASK_QUEUE,
    WORKER,
    WORKFLOW,
    WORKSPACE,
    Kind,
    SidOf,
    compact_json,
    made_up_sid,
    to_document,
)
from tr_apply.resources import Activity as DeclaredActivity
from tr_apply.resources import Worker as DeclaredWorker
from tr_apply.resources.document import Document
from tr_apply.resources.routing_test import OwnWorker
from tr_apply.resources.seeds import DEFAULT_ACTIVITY, seeds
from tr_apply.routing.check import EXPRESSION_SYNTAX
from tr_apply.routing.engine.setup import Setup
from tr_apply.routing.engine.tasks import NewTask
from tr_apply.routing.names import SID_LENGTH, name_key
from tr_apply.routing.place import EXPRESSIONS
from tr_apply.routing.records import Attributes, Worker, WorkerChannel
from tr_apply.routing.trace import Trace, trace
from tr_apply.routing.workspace import Activity, TaskChannel, TaskQueue, Workflow, Workspace
from tr_apply.wire import Json, form_text

_WORKSPACE_SID: Final = "WS".ljust(SID_LENGTH, "0")
_NOBODY: Final = ""  # a target_workers
_NEVER: Final = "1==0"
_AWAY: Final = "(away)"  # an activity

_AnyWorker: TypeAlias = DeclaredWorker | OwnWorker


@dataclass(slots=True)
class MadeUpSids:
    """Made-up SIDs, in the order in which resources are declared."""

    by_name: dict[tuple[str, str], str] = field(default_factory=dict)
    named: dict[str, SidOf] = field(default_factory=dict)
    """The resource of each SID."""

    def add(self, kind: Kind, name: str) -> str:
        """The SID of a resource, which gets one now if it has none."""
        key = (kind.name, name_key(name))
        if (sid := self.by_name.get(key)) is None:
            sid = self.by_name[key] = f"{kind.sid_prefix}{len(self.by_name) + 1:032x}"
            self.named[sid] = SidOf(kind.name, name)
        return sid

    def of(self, kind: Kind, name: str) -> str:
        """The SID of a resource that is known here."""
        return self.by_name[kind.name, name_key(name)]

    def resolved(self, reference: SidOf) -> str:
        """The SID of a ``${sid:…}``; for an unknown resource, a SID that no resource has."""
        if reference.kind == WORKSPACE.name:
            return _WORKSPACE_SID
        known = self.by_name.get((reference.kind, name_key(reference.name)))
        return known or made_up_sid("XX", reference)


@dataclass(frozen=True, slots=True)
class RouteRequest:
    """A task that is created now, and who is there to take it."""

    workflow: str
    """Name of the workflow that gets it."""

    attributes: Mapping[str, Any] = field(default_factory=dict)
    """The task's attributes; a ``${sid:…}`` in them is the SID of a declared resource."""

    channel: str = "default"
    priority: int = 0
    available: tuple[str, ...] | None = None
    """Names of the workers who are available, the one longest idle first; None for every declared one."""


class OfflineWorkspace:
    """Everything that a configuration declares, in a routing engine."""

    def __init__(self, document: Document, own_workers: Sequence[OwnWorker] = ()) -> None:
        """Take up *document* with the people of a file of routing tests, who replace others of the same name."""
        self.document = document = _readable(document)
        self.sids = MadeUpSids()
        self._workers = _by_name((*document.workers, *own_workers))
        self._make_up_sids()
        self.activities = tuple(_activities(document, own_workers, self.sids))
        self.queues = tuple(_queues(document, self.sids))
        self.undeclared = frozenset(queue.name for queue in self.queues[len(document.task_queues) :])
        """Names of the queues that are not declared."""

        self._channels = {name_key(each.unique_name): each for each in _channels(document, own_workers, self.sids)}
        self._setup = self._make_setup()

    def request(
        self,
        *,
        workflow: str,
        attributes: Mapping[str, Any],
        available: Sequence[str] | None = None,
        channel: str = "default",
        priority: int = 0,
    ) -> RouteRequest:
        """A request whose names are spelled as they are declared.

        Raises:
            UsageError: when a name is not known here.
        """
        people = None if available is None else tuple(available)
        return self.known(RouteRequest(workflow, attributes, channel, priority, people))

    def known(self, asked: RouteRequest) -> RouteRequest:
        """*asked* with its names spelled as they are declared.

        Raises:
            UsageError: when a name is not known here.
        """
        people = asked.available
        return RouteRequest(
            workflow=known_name("workflow", asked.workflow, [each.name for each in self.workflows]),
            attributes=asked.attributes,
            channel=known_name("task channel", asked.channel, self.channel_names),
            priority=asked.priority,
            available=None
            if people is None
            else tuple(known_name("worker", each, self.worker_names) for each in people),
        )

    def _make_up_sids(self) -> None:
        """Before the first expression is read: it may name any of these."""
        for kind in (TASK_QUEUE, WORKFLOW):
            for each in getattr(self.document, kind.section):
                self.sids.add(kind, kind.name_of(each))
        for worker in self._workers.values():
            self.sids.add(WORKER, worker.name)

    def trace(self, request: RouteRequest, *, nearest: int) -> Trace:
        """The way of a task; workflow, channel and workers of *request* are known here.

        *nearest* is how many of those are named who are not eligible in a step.
        """
        channel = self._channels[name_key(request.channel)].unique_name
        new = NewTask(
            sid="WT".ljust(SID_LENGTH, "0"),
            workflow_sid=self.sids.of(WORKFLOW, request.workflow),
            attributes=self._attributes(request.attributes),
            channel=channel,
            priority=request.priority,
        )
        return trace(self._staff.engine(request.available, channel).state, new, nearest=nearest)

    @property
    def workflows(self) -> Sequence[Workflow]:
        """All of them, as they are declared."""
        return self._setup.workflows

    @property
    def worker_names(self) -> list[str]:
        """The workers, in their order."""
        return [each.name for each in self._workers.values()]

    @property
    def available_names(self) -> list[str]:
        """The workers who are available unless a request says who is."""
        return self._staff.available

    @property
    def channel_names(self) -> list[str]:
        """Unique names of the channels there are."""
        return [each.unique_name for each in self._channels.values()]

    @property
    def setup(self) -> Setup:
        """The configuration as the engine takes it."""
        return self._setup

    @property
    def people(self) -> Sequence[Person]:
        """The workers, in their order."""
        return self._staff.people

    def queue_name(self, sid: str | None) -> str | None:
        """The name of a queue."""
        return None if sid is None else self.sids.named[sid].name

    def _make_setup(self) -> Setup:
        declared = self.document.workspace
        return Setup(
            workspace=Workspace(
                sid=_WORKSPACE_SID,
                name=declared.name,
                multi_task_enabled=declared.multi_task_enabled is not False,
                prioritize_queue_order=declared.prioritize_queue_order,
                timeout_activity_sid=self.sids.of(ACTIVITY, declared.timeout_activity or DEFAULT_ACTIVITY),
            ),
            activities=self.activities,
            channels=tuple(self._channels.values()),
            queues=self.queues,
            workflows=tuple(
                Workflow(
                    self.sids.of(WORKFLOW, each.name),
                    each.name,
                    form_text(Json(to_document(each)), self.sids.resolved),
                    each.task_reservation_timeout,
                )
                for each in self.document.workflows
            ),
        )

    @cached_property
    def _staff(self) -> Staff:
        """The first declared has been idle longest."""
        people = enumerate(self._workers.items(), -len(self._workers))
        return Staff(self._setup, {key: self._person(each, turn) for turn, (key, each) in people})

    def _person(self, written: _AnyWorker, since_ms: int) -> Person:
        own = written if isinstance(written, OwnWorker) else None
        is_away = own is not None and own.activity is not None and not self._activity(own.activity).available
        return Person(
            Worker(
                sid=self.sids.of(WORKER, written.name),
                name=written.name,
                activity_sid=self._activity_for(written, available=False).sid,
                attributes=self._attributes(written.attributes or {}),
                channels=self._worker_channels(written),
                status_changed_ms=since_ms,
            ),
            at_work=self._activity_for(written, available=True).sid,
            is_available=not is_away,
            tasks=0 if own is None else own.tasks,
        )

    def _activity(self, name: str) -> Activity:
        return self._activities_by_name[name_key(name)]

    @cached_property
    def _activities_by_name(self) -> Mapping[str, Activity]:
        return {name_key(each.name): each for each in self.activities}

    def _activity_for(self, worker: _AnyWorker, *, available: bool) -> Activity:
        """The declared activity if it fits, else the workspace's default, else the first that does."""
        default = self.document.workspace.default_activity or DEFAULT_ACTIVITY
        preferred = [self._activity(name) for name in (worker.activity, default) if name is not None]
        candidates = (*preferred, *self.activities)
        return next((each for each in candidates if each.available is available), preferred[0])

    def _worker_channels(self, worker: _AnyWorker) -> Mapping[str, WorkerChannel]:
        written = worker.channels or {}
        return {
            self._channels[name_key(name)].unique_name: WorkerChannel(each.capacity, each.available)
            for name, each in written.items()
        }

    def _attributes(self, written: Mapping[str, Any]) -> Attributes:
        if "${" not in compact_json(written):
            return Attributes.of(written)
        return Attributes.read(form_text(Json(written), self.sids.resolved))


def _by_name(workers: Iterable[_AnyWorker]) -> Mapping[str, _AnyWorker]:
    return {name_key(each.name): each for each in workers}


def _activities(document: Document, own_workers: Sequence[OwnWorker], sids: MadeUpSids) -> Iterator[Activity]:
    """Those declared, those that a new workspace has by itself where they stay, and those referred to."""
    workspace = document.workspace
    by_itself = seeds(multi_task_enabled=workspace.multi_task_enabled is not False, template="NONE")
    seeded = {each.name: each.available for each in by_itself[ACTIVITY.name] if isinstance(each, DeclaredActivity)}
    known = {each.name: each.available for each in document.activities}
    if not document.declares(ACTIVITY.section) or document.manage.activities.mode != "exact":
        known = _added(known, seeded)
    kept = (workspace.default_activity or DEFAULT_ACTIVITY, workspace.timeout_activity or DEFAULT_ACTIVITY)
    referred = referred_names(document, ACTIVITY)
    referred += [each.activity for each in own_workers if each.activity is not None]
    known = _added(known, {name: seeded.get(name, False) for name in (*kept, *referred)})
    if all(known.values()):
        known = {**known, _AWAY: False}  # or nobody could be away
    for name, available in known.items():
        yield Activity(sids.add(ACTIVITY, name), name, available)


def _added(known: Mapping[str, bool], more: Mapping[str, bool]) -> dict[str, bool]:
    keys = set(map(name_key, known))
    return {**known, **{name: available for name, available in more.items() if name_key(name) not in keys}}


def _channels(document: Document, own_workers: Sequence[OwnWorker], sids: MadeUpSids) -> Iterator[TaskChannel]:
    optimized = {each.unique_name: each.channel_optimized_routing for each in document.task_channels}
    referred = referred_names(document, TASK_CHANNEL)
    referred += [name for each in own_workers for name in each.channels or ()]
    for name, is_optimized in _added(optimized, dict.fromkeys((*SEEDED_CHANNELS, *referred), False)).items():
        yield TaskChannel(name, sids.add(TASK_CHANNEL, name), name, is_optimized)


def _queues(document: Document, sids: MadeUpSids) -> Iterator[TaskQueue]:
    """Those declared, then those referred to."""
    for each in document.task_queues:
        yield TaskQueue(
            sids.of(TASK_QUEUE, each.name),
            each.name,
            form_text(each.target_workers, sids.resolved),
            each.max_reserved_workers,
            each.task_order,
            *(name and sids.add(ACTIVITY, name) for name in (each.reservation_activity, each.assignment_activity)),
        )
    declared = {name_key(each.name) for each in document.task_queues}
    for name in referred_names(document, TASK_QUEUE):
        if name_key(name) not in declared:
            declared.add(name_key(name))
            yield TaskQueue(sids.add(TASK_QUEUE, name), name, _NOBODY)


def _readable(document: Document) -> Document:
    """*document* as the routing engine can read it: what cannot be read matches nothing and gives no order."""
    if not any(each.code == EXPRESSION_SYNTAX.code for each in document.lint.accept):
        return document
    for each in placed_texts(Declarations(document)):
        if is_unreadable(each):
            document = _replaced(document, each.path, _NEVER if each.place in EXPRESSIONS else None)
    return document


def _replaced(value: Any, path: Sequence[str | int], new: Any) -> Any:
    """*value* with *new* at *path*; an existing value is kept."""
    if not path:
        return new
    first, rest = path[0], path[1:]
    if isinstance(first, int):
        return [_replaced(each, rest, new) if index == first else each for index, each in enumerate(value)]
    return value.model_copy(update={first: _replaced(getattr(value, first), rest, new)})


def known_name(what: str, name: str, known: Sequence[str]) -> str:
    """*name* as it is spelled among those that are *known*.

    Raises:
        UsageError: when it is not one of them.
    """
    if (found := {name_key(each): each for each in known}.get(name_key(name))) is not None:
        return found
    near = nearest(name, known)
    hint = f"did you mean {near!r}?" if near is not None else f"known here: {', '.join(known[:10]) or 'none'}"
    raise UsageError(f"there is no {what} {printable(name)!r}; {hint}")
