"""The queues and filters that recorded tasks go to in a configuration. These dataclasses are the JSON document.

Each distinct task is routed once, as ``route`` routes it: with all declared workers available.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tr_apply.corpus.reduce import routed_alike
from tr_apply.corpus.tasks import DEFAULT_CHANNEL, Corpus, TaskKind
from tr_apply.rehearsal.find_route import find_route
from tr_apply.rehearsal.offline_workspace import OfflineWorkspace, RouteRequest
from tr_apply.rehearsal.route import Count, Number, Route
from tr_apply.resources.document import Document
from tr_apply.resources.template import escaped, mapped
from tr_apply.routing.names import name_key


@dataclass(frozen=True, slots=True)
class FilterShare:
    """How many recorded tasks a filter takes first."""

    workflow: str
    """Its workflow."""

    filter: Number | None = None
    """Its number; absent of the default filter, and of tasks that nothing takes."""

    filter_name: str | None = None
    """Its name."""

    default_filter: bool = False
    """Whether it is the default filter."""

    count: Count = 0
    """How many tasks."""


@dataclass(frozen=True, slots=True)
class QueueShare:
    """How many recorded tasks come to a task queue."""

    queue: str
    """The task queue."""

    first: Count
    """How many tasks come to it first."""

    reached: Count
    """How many come to it at some time if nobody takes them before."""


@dataclass(frozen=True, slots=True)
class OtherWorkflow:
    """Recorded tasks of a workflow that the configuration does not have."""

    workflow: str
    """As the file names it."""

    count: Count
    """How many tasks."""


@dataclass(frozen=True, slots=True)
class Distribution:
    """The routes of the recorded tasks of a file."""

    path: str
    """The configuration."""

    file: str
    """The file of recorded tasks."""

    total: Count
    """How many tasks are of workflows of the configuration."""

    filters: Sequence[FilterShare]
    """Every filter and default filter, in their order; of a workflow in which nothing takes some tasks, these last."""

    queues: Sequence[QueueShare]
    """Every task queue that some task comes to, the one with most first."""

    others: Sequence[OtherWorkflow] = ()
    """Tasks that are not counted."""


@dataclass(frozen=True, slots=True)
class RoutedTasks:
    """Recorded tasks that are alike, and their common route."""

    kind: TaskKind
    route: Route


def routed(document: Document, corpus: Corpus) -> list[RoutedTasks]:
    """The routes of the tasks of *corpus* whose workflows are in *document*."""
    workspace = OfflineWorkspace(document)
    channels = {name_key(each): each for each in workspace.channel_names}
    return [
        RoutedTasks(kind, find_route(workspace, _request(each.name, kind, channels), nearest=0))
        for each in document.workflows
        for kind in routed_alike(each, corpus.of(each.name))
    ]


def _request(workflow: str, kind: TaskKind, channels: dict[str, str]) -> RouteRequest:
    """The attributes of a task are not templates, so each ``${`` is escaped."""
    task = kind.task
    attributes = mapped(task.attributes, lambda leaf: escaped(leaf) if isinstance(leaf, str) else leaf)
    channel = channels.get(name_key(task.channel), DEFAULT_CHANNEL)
    return RouteRequest(workflow, attributes, channel, task.priority, None)


def distribution(path: str, document: Document, corpus: Corpus, found: Iterable[RoutedTasks]) -> Distribution:
    """How the tasks that *found* says of spread over the filters and queues of *document*, which is at *path*."""
    by_filter: dict[tuple[str, int | None, bool], int] = {}
    first: dict[str, int] = {}
    reached: dict[str, int] = {}
    total = 0
    for each in found:
        count, steps = each.kind.count, each.route.steps
        total += count
        key = (each.route.workflow, steps[0].filter if steps else None, bool(steps) and steps[0].default_filter)
        by_filter[key] = by_filter.get(key, 0) + count
        for queue in dict.fromkeys(step.queue for step in steps):
            reached[queue] = reached.get(queue, 0) + count
        if steps:
            first[steps[0].queue] = first.get(steps[0].queue, 0) + count
    queues = [QueueShare(queue, first.get(queue, 0), count) for queue, count in reached.items()]
    queues.sort(key=lambda share: (-share.first, -share.reached, share.queue))
    others = corpus.others(each.name for each in document.workflows)
    return Distribution(
        path,
        corpus.file,
        total,
        list(_filters(document, by_filter)),
        queues,
        [OtherWorkflow(name, count) for name, count in sorted(others.items())],
    )


def _filters(document: Document, counts: dict[tuple[str, int | None, bool], int]) -> Iterable[FilterShare]:
    for workflow in document.workflows:
        name = workflow.name
        for number, each in enumerate(workflow.filters, 1):
            yield FilterShare(name, number, each.name, count=counts.get((name, number, False), 0))
        if workflow.default_filter is not None:
            yield FilterShare(name, default_filter=True, count=counts.get((name, None, True), 0))
        if nothing := counts.get((name, None, False), 0):
            yield FilterShare(name, count=nothing)
