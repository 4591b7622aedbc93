"""A configuration as the routing engine sees it.

Nothing is live here, so that SIDs are made up, and everybody is idle since the beginning. What the configuration refers
to without declaring it exists, but nothing is known of it: nobody is in such a queue, and such an activity is not
available.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final

from tr_apply.config.references import references
from tr_apply.rehearsal.question import Question
from tr_apply.rehearsal.readable import readable
from tr_apply.rehearsal.roster import Places, Roster
from tr_apply.resources import ACTIVITY, TASK_CHANNEL, TASK_QUEUE, WORKER, WORKFLOW, WORKSPACE, Kind
from tr_apply.resources.activity import Activity as DeclaredActivity
from tr_apply.resources.document import Document
from tr_apply.resources.seeds import DEFAULT_ACTIVITY, SEEDED_CHANNELS, seeds
from tr_apply.resources.template import SidOf, made_up_sid
from tr_apply.resources.worker import Worker as DeclaredWorker
from tr_apply.resources.worker import compact_json
from tr_apply.resources.workflow import to_document
from tr_apply.routing.engine.engine import Engine
from tr_apply.routing.engine.log import Snapshot
from tr_apply.routing.engine.setup import Setup
from tr_apply.routing.engine.tasks import NewTask
from tr_apply.routing.names import SID_LENGTH, name_key
from tr_apply.routing.records import Attributes, Worker, WorkerChannel
from tr_apply.routing.trace import Trace, trace
from tr_apply.routing.workspace import Activity, TaskChannel, TaskQueue, Workflow, Workspace
from tr_apply.wire import Json, form_text

_WORKSPACE_SID: Final = "WS".ljust(SID_LENGTH, "0")
_NOBODY: Final = ""  # a target_workers
_AWAY: Final = "(away)"  # an activity


@dataclass(slots=True)
class Sids:
    """Made-up SIDs, in the order in which resources are declared."""

    by_name: dict[tuple[str, str], str] = field(default_factory=dict)
    named: dict[str, SidOf] = field(default_factory=dict)
    """What each stands for."""

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
        """What a ``${sid:…}`` stands for; one that leads nowhere stands for a SID that nothing has."""
        if reference.kind == WORKSPACE.name:
            return _WORKSPACE_SID
        known = self.by_name.get((reference.kind, name_key(reference.name)))
        return known or made_up_sid("XX", reference)


class World:
    """Everything that a configuration declares, ready to be asked about."""

    def __init__(self, document: Document) -> None:
        self.document = document = readable(document)
        self.sids = Sids()
        self.activities = tuple(_activities(document, self.sids))
        self._channels = {name_key(each.unique_name): each for each in _channels(document, self.sids)}
        for kind in (TASK_QUEUE, WORKER, WORKFLOW):  # before the first expression is read: it may name any of them
            for each in getattr(document, kind.section):
                self.sids.add(kind, kind.name_of(each))
        self.queues = tuple(_queues(document, self.sids))
        self.undeclared = frozenset(queue.name for queue in self.queues[len(document.task_queues) :])
        """Names of the queues of which nothing is known."""

        self._staff = {name_key(each.name): each for each in document.workers}
        self._setup = self._make_setup()

    def trace(self, question: Question, *, nearest: int) -> Trace:
        """The way of a task; workflow, channel and workers of *question* are known here.

        *nearest* is how many of those are named who are not eligible in a step.
        """
        new = NewTask(
            sid="WT".ljust(SID_LENGTH, "0"),
            workflow_sid=self.sids.of(WORKFLOW, question.workflow),
            attributes=self._attributes(question.attributes),
            channel=self._channels[name_key(question.channel)].unique_name,
            priority=question.priority,
        )
        return trace(self._engine(question.available).state, new, nearest=nearest)

    @property
    def workflows(self) -> Sequence[Workflow]:
        """All of them, as they are declared."""
        return self._setup.workflows

    @property
    def worker_names(self) -> list[str]:
        """The declared workers, in their order."""
        return [each.name for each in self.document.workers]

    @property
    def channel_names(self) -> list[str]:
        """Unique names of the channels there are."""
        return [each.unique_name for each in self._channels.values()]

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

    def _engine(self, available: tuple[str, ...] | None) -> Engine:
        return self._everybody if available is None else self._roster.called([name_key(each) for each in available])

    @cached_property
    def _everybody(self) -> Engine:
        """Everybody is available, and has been since the beginning, the first declared for the longest time."""
        return self._new_engine({key: each.at_work for key, each in self._places.items()})

    @cached_property
    def _roster(self) -> Roster:
        return Roster(self._new_engine({key: each.away for key, each in self._places.items()}), self._places)

    def _new_engine(self, activities: Mapping[str, str]) -> Engine:
        workers = tuple(
            Worker(
                sid=self._places[key].worker_sid,
                name=each.name,
                activity_sid=activities[key],
                attributes=self._attributes(each.attributes or {}),
                channels=self._worker_channels(each),
                status_changed_ms=turn,
            )
            for turn, (key, each) in enumerate(self._staff.items(), -len(self._staff))
        )
        return Engine(self._setup, lambda prefix: prefix, Snapshot(workers=workers))

    @cached_property
    def _places(self) -> Mapping[str, Places]:
        return {
            key: Places(
                self.sids.of(WORKER, each.name),
                at_work=self._activity_for(each, available=True).sid,
                away=self._activity_for(each, available=False).sid,
            )
            for key, each in self._staff.items()
        }

    def _activity_for(self, worker: DeclaredWorker, *, available: bool) -> Activity:
        """The declared activity if it fits, else the workspace's default, else the first that does."""
        default = self.document.workspace.default_activity or DEFAULT_ACTIVITY
        by_name = {name_key(each.name): each for each in self.activities}
        preferred = [by_name[name_key(name)] for name in (worker.activity, default) if name is not None]
        candidates = (*preferred, *self.activities)
        return next((each for each in candidates if each.available is available), preferred[0])

    def _worker_channels(self, worker: DeclaredWorker) -> Mapping[str, WorkerChannel]:
        written = worker.channels or {}
        return {
            self._channels[name_key(name)].unique_name: WorkerChannel(each.capacity, each.available)
            for name, each in written.items()
        }

    def _attributes(self, written: Mapping[str, Any]) -> Attributes:
        if "${" not in compact_json(written):
            return Attributes.of(written)
        return Attributes.read(form_text(Json(written), self.sids.resolved))


def _activities(document: Document, sids: Sids) -> Iterator[Activity]:
    """Those declared, those that a new workspace has by itself where they stay, and those referred to."""
    workspace = document.workspace
    by_itself = seeds(multi_task_enabled=workspace.multi_task_enabled is not False, template="NONE")
    seeded = {each.name: each.available for each in by_itself[ACTIVITY.name] if isinstance(each, DeclaredActivity)}
    known = {each.name: each.available for each in document.activities}
    if not document.declares(ACTIVITY.section) or document.manage.activities.mode != "exact":
        known = _added(known, seeded)
    kept = (workspace.default_activity or DEFAULT_ACTIVITY, workspace.timeout_activity or DEFAULT_ACTIVITY)
    referred = [each.name for each in references(document) if each.kind == ACTIVITY.name]
    known = _added(known, {name: seeded.get(name, False) for name in (*kept, *referred)})
    if all(known.values()):
        known = {**known, _AWAY: False}  # or nobody could be away
    for name, available in known.items():
        yield Activity(sids.add(ACTIVITY, name), name, available)


def _added(known: Mapping[str, bool], more: Mapping[str, bool]) -> dict[str, bool]:
    keys = set(map(name_key, known))
    return {**known, **{name: available for name, available in more.items() if name_key(name) not in keys}}


def _channels(document: Document, sids: Sids) -> Iterator[TaskChannel]:
    optimized = {each.unique_name: each.channel_optimized_routing for each in document.task_channels}
    referred = [each.name for each in references(document) if each.kind == TASK_CHANNEL.name]
    for name, is_optimized in _added(optimized, dict.fromkeys((*SEEDED_CHANNELS, *referred), False)).items():
        yield TaskChannel(name, sids.add(TASK_CHANNEL, name), name, is_optimized)


def _queues(document: Document, sids: Sids) -> Iterator[TaskQueue]:
    """Those declared, then those referred to."""
    for each in document.task_queues:
        yield TaskQueue(
            sids.of(TASK_QUEUE, each.name),
            each.name,
            form_text(each.target_workers, sids.resolved),
            each.max_reserved_workers,
            each.task_order,
        )
    declared = {name_key(each.name) for each in document.task_queues}
    for reference in references(document):
        if reference.kind == TASK_QUEUE.name and name_key(reference.name) not in declared:
            declared.add(name_key(reference.name))
            yield TaskQueue(sids.add(TASK_QUEUE, reference.name), reference.name, _NOBODY)
