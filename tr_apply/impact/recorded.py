"""The effect of a change on recorded tasks: how many go elsewhere, and how many a record cannot decide."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final

from tr_apply.corpus.reduce import expressions_of
from tr_apply.corpus.tasks import Corpus, TaskKind
from tr_apply.impact.routes import Read, RouteChanges, lost_routes
from tr_apply.impact.versions import PlannedVersions, WorkflowVersions
from tr_apply.plan.impact import TasksImpact
from tr_apply.routing.evaluate import resolve
from tr_apply.routing.nodes import Path
from tr_apply.routing.satisfy import Regions

_TASK: Final = "task"


@dataclass(slots=True)
class RecordedTasks:
    """The recorded tasks of a workspace, as far as it is worked out where they go."""

    corpus: Corpus
    is_shared: bool
    """Whether it may hold tasks of other workspaces."""

    versions: PlannedVersions
    reads_workflows: bool
    """Whether the workflows of the workspace were read."""

    elsewhere: int = 0
    unclear: int = 0
    _live: Regions | None = field(init=False, default=None)

    def of(self, workflow: WorkflowVersions) -> Sequence[TaskKind]:
        """The tasks of a workflow, by its name before or after the change."""
        return list(self.corpus.of(workflow.former_name, workflow.after.name))

    def note(self, found: RouteChanges, workflow: WorkflowVersions) -> None:
        """Count the tasks that go elsewhere, and those for which that is not clear."""
        self.elsewhere += found.elsewhere
        news = _News(self._regions(), Regions(expressions_of(workflow.after)[0]), self.corpus)
        self.unclear += sum(kind.count for kind in found.stayed if news.concerns(kind))

    def lost(self, read: Read) -> list[RouteChanges]:
        """The tasks of workflows that are deleted."""
        gone = [workflow for workflow, is_deleted in self.versions.live_workflows() if is_deleted]
        found = [lost_routes(each, read, list(self.corpus.of(each.name))) for each in gone]
        self.elsewhere += sum(each.elsewhere for each in found)
        return found

    def strangers(self) -> list[str]:
        """The tasks of workflows that the workspace does not have, in words."""
        if self.is_shared or not self.reads_workflows:
            return []
        others = self.corpus.others(self.versions.workflow_names())
        return [
            f"{number} recorded tasks are of the workflow {name!r}, which the workspace does not have"
            for name, number in sorted(others.items())
        ]

    def impact(self) -> TasksImpact:
        """All of it."""
        others = self.corpus.others(self.versions.workflow_names()) if self.reads_workflows else {}
        total = self.corpus.total - sum(others.values())
        return TasksImpact(self.corpus.file, total, self.elsewhere, self.unclear)

    def _regions(self) -> Regions:
        """The differences that the expressions of all live workflows see; a record was reduced to these."""
        if self._live is None:
            workflows = (workflow for workflow, _ in self.versions.live_workflows())
            self._live = Regions([each for workflow in workflows for each in expressions_of(workflow)[0]])
        return self._live


@dataclass(frozen=True)
class _News:
    """The values that a workflow's expressions read and no live expression does."""

    live: Regions
    after: Regions
    corpus: Corpus

    @cached_property
    def _unrecorded(self) -> bool:
        """Whether the expressions read an attribute that is new to the workspace, and that no recorded task has."""
        known = set(self.live.paths)
        new = [path for path in _of_tasks(self.after.paths) if path not in known]
        tasks = self.corpus.tasks
        return any(all(resolve(path, {_TASK: each.attributes}) is None for each in tasks) for path in new)

    @cached_property
    def _renamed(self) -> list[Path]:
        """The attributes for which the expressions name a new value."""
        known = set(self.live.paths)
        return [
            path
            for path in _of_tasks(self.after.paths)
            if path in known and self.after.constants(path) - self.live.constants(path)
        ]

    def concerns(self, kind: TaskKind) -> bool:
        """Whether the tasks may have, or may have had before they were recorded, what the expressions ask for."""
        if self._unrecorded:
            return True
        names = {_TASK: kind.task.attributes}
        return any(self._may_be_reduced(path, resolve(path, names)) for path in self._renamed)

    def _may_be_reduced(self, path: Path, value: Any) -> bool:
        if isinstance(value, list):
            return any(self._stands_in(path, each, in_list=True) for each in value)
        return self._stands_in(path, value, in_list=False)

    def _stands_in(self, path: Path, value: Any, *, in_list: bool) -> bool:
        if isinstance(value, bool) or not isinstance(value, str | int | float) or self.live.names(path, value):
            return False
        return value in self.live.stand_ins(path, value, in_list=in_list)


def _of_tasks(paths: Iterable[Path]) -> list[Path]:
    return [path for path in paths if path.segments[0] == _TASK and len(path.segments) > 1]
